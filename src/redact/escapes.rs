//! Values as they are, and with any of their bytes written in another way: percent-encoded (RFC 3986, section 2.1), with
//! the escapes of JSON (RFC 8259, section 7) and of programming languages, quoted for a shell, as entities of XML.
//!
//! Each writer escapes other bytes, so every byte may be in any of these ways, whatever the ones beside it are.

use std::collections::BTreeSet;

use super::Match;

/// How much of a needle is written here, and in how many bytes.
type Step = (usize, usize);

/// The longest way to write a character, in bytes: two escapes of UTF-16.
const LONGEST: usize = 12;

/// Compares with the needle. Where a place can be read in two ways, as in `%25` for a value with a percent sign, both are
/// followed.
pub(super) fn matches(rest: &[u8], needle: &[u8]) -> Match {
    // Places that are reached: how much of the needle, how far. Almost always none.
    let mut reached = BTreeSet::new();
    let mut here = Some((0_usize, 0_usize));
    let (mut whole, mut is_begun) = (None, false);
    while let Some((done, at)) = here {
        let (wanted, found) = (needle.get(done..), rest.get(at..));
        let (wanted, found) = (wanted.unwrap_or_default(), found.unwrap_or_default());
        if wanted.is_empty() {
            whole = whole.max(Some(at));
        } else {
            is_begun |= is_unfinished(found);
            for (consumed, length) in steps(found, wanted).into_iter().flatten() {
                reached.insert((done.saturating_add(consumed), at.saturating_add(length)));
            }
        }
        here = reached.pop_first();
    }
    match whole {
        Some(length) => Match::Whole(length),
        None if is_begun => Match::Begun,
        None => Match::No,
    }
}

/// Tells whether more might have stood here, had the text not ended.
fn is_unfinished(found: &[u8]) -> bool {
    match found.first() {
        None => true,
        Some(first) => found.len() < LONGEST && b"%\\&'\"".contains(first),
    }
}

/// Reads the first character or byte in every way in which it is the needle's.
fn steps(found: &[u8], needle: &[u8]) -> [Option<Step>; 3] {
    let (Some(first), Some(wanted)) = (found.first(), needle.first()) else {
        return [None; 3];
    };
    let raw = (first == wanted).then_some((1, 1));
    match *first {
        b'%' => [
            raw,
            hex(found.get(1..3)).filter(|b| b == wanted).map(|_| (1, 3)),
            None,
        ],
        b'+' => [raw, (*wanted == b' ').then_some((1, 1)), None],
        b'\\' => [raw, escape(found, needle), doubled(found)],
        b'&' => [raw, entity(found, needle), None],
        b'\'' if *wanted == b'\'' => [raw, quote(found), twice(found)],
        b'"' if *wanted == b'"' => [raw, twice(found), None],
        _ => [raw, None, None],
    }
}

/// A backslash and what it stands for.
fn escape(found: &[u8], needle: &[u8]) -> Option<Step> {
    let byte = |byte: u8, length| (needle.first() == Some(&byte)).then_some((1, length));
    match *found.get(1)? {
        b'n' => byte(b'\n', 2),
        b'r' => byte(b'\r', 2),
        b't' => byte(b'\t', 2),
        b'b' => byte(8, 2),
        b'f' => byte(12, 2),
        b'v' => byte(11, 2),
        b'a' => byte(7, 2),
        b'e' | b'E' => byte(27, 2),
        b'x' => byte(hex(found.get(2..4))?, 4),
        b'u' if found.get(2) == Some(&b'{') => {
            let digits = found.get(3..)?.split(|b| *b == b'}').next()?;
            let length = digits.len().checked_add(4)?;
            character(number(digits, 16)?, needle, length)
        }
        b'u' => {
            let unit = number(found.get(2..6)?, 16)?;
            let low = || {
                let second = found.get(6..12)?.strip_prefix(b"\\u")?;
                number(second, 16)
            };
            match unit {
                0xd800..=0xdbff => {
                    let low = low().filter(|low| (0xdc00..=0xdfff).contains(low))?;
                    let high = unit.checked_sub(0xd800)?.checked_mul(0x400)?;
                    let code = high.checked_add(low.checked_sub(0xdc00)?)?;
                    character(code.checked_add(0x1_0000)?, needle, 12)
                }
                _ => character(unit, needle, 6),
            }
        }
        b'U' => character(number(found.get(2..10)?, 16)?, needle, 10),
        b'0'..=b'7' => {
            let code = number(found.get(1..4)?, 8)?;
            byte(u8::try_from(code).ok()?, 4)
        }
        other if !other.is_ascii_alphanumeric() => byte(other, 2),
        _ => None,
    }
}

/// A backslash that is written twice, as where a text with escapes was escaped again.
fn doubled(found: &[u8]) -> Option<Step> {
    found.starts_with(b"\\\\").then_some((0, 1))
}

/// A single quote within single quotes of a shell.
fn quote(found: &[u8]) -> Option<Step> {
    let ways: [&[u8]; 2] = [b"'\\''", b"'\"'\"'"];
    let way = ways.into_iter().find(|way| found.starts_with(way))?;
    Some((1, way.len()))
}

/// A quote that is written twice, as in SQL, YAML and CSV.
fn twice(found: &[u8]) -> Option<Step> {
    (found.first() == found.get(1)).then_some((1, 2))
}

/// An entity of XML or HTML.
fn entity(found: &[u8], needle: &[u8]) -> Option<Step> {
    let end = found.iter().take(LONGEST).position(|b| *b == b';')?;
    let length = end.checked_add(1)?;
    let code = match found.get(1..end)? {
        b"amp" => u32::from(b'&'),
        b"lt" => u32::from(b'<'),
        b"gt" => u32::from(b'>'),
        b"quot" => u32::from(b'"'),
        b"apos" => u32::from(b'\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => return None,
    };
    character(code, needle, length)
}

/// A character that is written as its number.
fn character(code: u32, needle: &[u8], length: usize) -> Option<Step> {
    let mut bytes = [0_u8; 4];
    let encoded = char::from_u32(code)?.encode_utf8(&mut bytes).as_bytes();
    let consumed = encoded.len();
    needle.starts_with(encoded).then_some((consumed, length))
}

fn hex(digits: Option<&[u8]>) -> Option<u8> {
    u8::try_from(number(digits?, 16)?).ok()
}

/// Reads a number of digits alone, 8 at most.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    let plain = !text.is_empty() && text.len() <= 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(text, radix).ok())?
}
