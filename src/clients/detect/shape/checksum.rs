//! The checksum at the end of tokens of GitHub and npm.
//!
//! Six characters of base62 (digits, capitals, small letters, in that order, filled up with zeros): the CRC-32 of the thirty characters
//! before them, without the lead. GitHub Blog, "Behind GitHub's new authentication token formats", 2021; npm: GitHub Blog,
//! "Announcing npm's new access token format", 2021, which says that it is the same.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Tells whether the last six characters of a token are the checksum of those behind its lead.
pub(super) fn is_right(token: &str) -> bool {
    let body = token.split_once('_').map_or(token, |(_, body)| body);
    let cut = body.len().saturating_sub(6);
    let (Some(random), Some(given)) = (body.get(..cut), body.get(cut..)) else {
        return false;
    };
    base62(crc32(random.as_bytes())) == given.as_bytes()
}

fn base62(number: u32) -> [u8; 6] {
    let (mut rest, mut text) = (number, [b'0'; 6]);
    for digit in text.iter_mut().rev() {
        let index = usize::try_from(rest % 62).unwrap_or_default();
        *digit = DIGITS.get(index).copied().unwrap_or_default();
        rest /= 62;
    }
    text
}

/// The CRC-32 of zip and Ethernet (ISO/IEC 8802-3).
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let lowest = crc & 1;
            crc >>= 1;
            if lowest == 1 {
                crc ^= 0xedb8_8320;
            }
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_known_example() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        // A token that was made for explaining the format and ended before it was shown, in two parts.
        let shown = ["zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"];
        assert!(is_right(&format!("ghp_{}{}", shown[0], shown[1])));
        assert!(!is_right(&format!("ghp_{}{}", shown[0], "0mLq18")));
        assert!(!is_right("ghp_"));
    }
}
