//! Private keys in text form (RFC 7468, and those of OpenSSH and OpenPGP), with real newlines or escaped ones.

use std::ops::Range;

const BEGIN: &str = "-----BEGIN ";

/// The longest key that is looked for.
const LONGEST: usize = 64 * 1024;

/// The fewest letters and digits of one: the key of Ed25519 has more.
const LEAST: usize = 40;

/// Returns where the private key that begins at `at` is. One that is cut short ends with the text.
pub(super) fn at(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let label = rest.strip_prefix(BEGIN)?;
    let label = head(label, 64);
    let (label, _) = label.split_once("-----")?;
    if !label.contains("PRIVATE KEY") {
        return None;
    }
    let inside = BEGIN.len().saturating_add(label.len()).saturating_add(5);
    let body = head(rest.get(inside..)?, LONGEST);
    let end = "-----END ";
    let found = body.find(end);
    let inner = found.map_or(Some(body), |found| body.get(..found))?;
    if inner.bytes().filter(u8::is_ascii_alphanumeric).count() < LEAST {
        return None;
    }
    let length = match found {
        Some(found) => {
            let behind = found.saturating_add(end.len());
            let last = body
                .get(behind..)?
                .find("-----")
                .map_or(0, |more| more.saturating_add(5));
            inside.saturating_add(behind).saturating_add(last)
        }
        None => inside.saturating_add(body.len()),
    };
    Some(at..at.saturating_add(length))
}

/// Returns the first characters, at most `most` bytes.
fn head(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}
