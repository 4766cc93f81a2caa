//! Bytes as hexadecimal digits, in lower case.

/// Writes bytes as digits.
pub(super) fn encode(bytes: &[u8]) -> String {
    // Of the final size at once: what is written may be a key.
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

/// Reads digits into `bytes`, which they must fill; `None` for anything else.
pub(super) fn decode(text: &str, bytes: &mut [u8]) -> Option<()> {
    if text.len() != bytes.len().checked_mul(2)? {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        for digit in pair {
            if digit.is_ascii_uppercase() {
                return None;
            }
            let digit = char::from(*digit).to_digit(16)?;
            *byte = byte.wrapping_shl(4) | u8::try_from(digit).ok()?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_read_back_as_the_bytes_and_nothing_else_does() {
        let mut bytes = [0; 3];
        assert_eq!(encode(&[0, 0xa7, 0xff]), "00a7ff");
        assert_eq!(decode("00a7ff", &mut bytes), Some(()));
        assert_eq!(bytes, [0, 0xa7, 0xff]);
        for text in ["", "00a7f", "00a7ff0", "00A7ff", "00a7fg", "00a7 f"] {
            assert_eq!(decode(text, &mut [0; 3]), None, "{text}");
        }
    }
}
