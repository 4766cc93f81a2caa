//! JSON Web Tokens (RFC 7519): three parts of base64url, of which the first is a JSON document that names an algorithm.

use std::ops::Range;

/// The longest part that is read.
const LONGEST: usize = 16 * 1024;

/// Returns where the token that begins at `at` is, and whether it is one that is made to be public: the `anon` key of Supabase
/// (Supabase documentation, "Understanding API keys").
pub(super) fn at(text: &str, at: usize) -> Option<(Range<usize>, bool)> {
    let rest = text.get(at..)?;
    if !rest.starts_with("eyJ") {
        return None;
    }
    let header = part(rest)?;
    let payload = part(rest.get(header.len()..)?.strip_prefix('.')?)?;
    let behind = header.len().saturating_add(payload.len()).saturating_add(1);
    let signature = rest.get(behind..)?.strip_prefix('.')?;
    let signature = part(signature)?;
    let names_algorithm = contains(&decode(header)?, b"\"alg\"");
    if !names_algorithm || signature.len() < 16 {
        return None;
    }
    let payload = decode(payload).unwrap_or_default();
    let is_public = contains(&payload, b"\"role\":\"anon\"");
    let length = behind.saturating_add(1).saturating_add(signature.len());
    Some((at..at.saturating_add(length), is_public))
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

/// Takes a part of base64url from the front.
fn part(text: &str) -> Option<&str> {
    let is_of = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let length = text.bytes().take(LONGEST).take_while(is_of).count();
    text.get(..length).filter(|part| !part.is_empty())
}

/// Decodes base64 or base64url, with padding or without (RFC 4648).
pub(in crate::clients::detect) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count = count.saturating_add(6);
        if count >= 8 {
            count = count.saturating_sub(8);
            let [.., byte] = bits.wrapping_shr(count).to_be_bytes();
            bytes.push(byte);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded() {
        assert_eq!(decode("a2ltOnBX").as_deref(), Some(&b"kim:pW"[..]));
        assert_eq!(decode("a2ltOnA=").as_deref(), Some(&b"kim:p"[..]));
        assert_eq!(decode("_-8").as_deref(), Some(&[0xff, 0xef][..]));
        assert_eq!(decode("a b"), None);
    }
}
