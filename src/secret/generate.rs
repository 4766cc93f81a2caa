//! Making a new value: `hex:32`, `base64:32`, `alnum:40`.
//!
//! The number counts random bytes for `hex` and `base64`, characters for `alnum`. The randomness is
//! the caller's, so that this stays without I/O.

use std::str::FromStr;

use zeroize::Zeroizing;

use super::SecretValue;

/// The most random bytes or characters of one value.
const MOST: usize = 4096;
/// The fewest that are not guessed: 16 bytes are 128 bits, 16 characters 95.
const FEWEST: usize = 16;
const ALNUM: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// How to make a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    alphabet: Alphabet,
    count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alphabet {
    Hex,
    Base64,
    Alnum,
}

/// A text was no recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a recipe is hex:N or base64:N (N random bytes) or alnum:N (N characters), N from {FEWEST} to {MOST}"
)]
pub struct GenerateError;

impl FromStr for Recipe {
    type Err = GenerateError;

    fn from_str(text: &str) -> Result<Self, GenerateError> {
        let (word, count) = text.split_once(':').ok_or(GenerateError)?;
        let alphabet = match word {
            "hex" => Alphabet::Hex,
            "base64" => Alphabet::Base64,
            "alnum" => Alphabet::Alnum,
            _ => return Err(GenerateError),
        };
        if !count.bytes().all(|b| b.is_ascii_digit()) {
            return Err(GenerateError);
        }
        let count = count.parse().map_err(|_| GenerateError)?;
        if !(FEWEST..=MOST).contains(&count) {
            return Err(GenerateError);
        }
        Ok(Self { alphabet, count })
    }
}

impl Recipe {
    /// Makes a value out of what `fill` writes into the buffers it is given.
    ///
    /// # Errors
    /// Whatever `fill` gives.
    pub fn make<E>(
        self,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<SecretValue, E> {
        let mut random = Zeroizing::new(vec![0_u8; self.count]);
        let mut text = Zeroizing::new(Vec::with_capacity(self.count.saturating_mul(2).max(8)));
        match self.alphabet {
            Alphabet::Hex => {
                fill(&mut random)?;
                for byte in random.iter() {
                    text.push(pick(HEX, byte >> 4));
                    text.push(pick(HEX, byte & 15));
                }
            }
            Alphabet::Base64 => {
                fill(&mut random)?;
                base64(&random, &mut text);
            }
            Alphabet::Alnum => {
                while text.len() < self.count {
                    fill(&mut random)?;
                    // 248 is the largest multiple of 62 in a byte: what lies above would favour some.
                    let fair = random.iter().filter(|byte| **byte < 248);
                    for byte in fair.take(self.count.saturating_sub(text.len())) {
                        text.push(pick(ALNUM, byte % 62));
                    }
                }
            }
        }
        Ok(SecretValue::new(text))
    }
}

/// Writes `bytes` as base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8], text: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for place in 0..4_usize {
            if place > chunk.len() {
                text.push(b'=');
            } else {
                let shift = 18_usize.saturating_sub(place.saturating_mul(6));
                let six = u8::try_from((bits >> shift) & 63).unwrap_or(0);
                text.push(pick(BASE64, six));
            }
        }
    }
}

fn pick(alphabet: &[u8], index: u8) -> u8 {
    alphabet.get(usize::from(index)).copied().unwrap_or(b'0')
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at what was made")]
mod tests {
    use super::*;

    fn made(recipe: &str, mut next: impl FnMut() -> u8) -> String {
        let fill = |buffer: &mut [u8]| {
            buffer.iter_mut().for_each(|b| *b = next());
            Ok::<(), ()>(())
        };
        let recipe = recipe.parse::<Recipe>().expect("a recipe");
        let value = recipe.make(fill).expect("made");
        String::from_utf8(value.expose().to_vec()).expect("text")
    }

    fn counting() -> impl FnMut() -> u8 {
        let mut byte = 255_u8;
        move || {
            byte = byte.wrapping_add(1);
            byte
        }
    }

    #[test]
    fn each_recipe_has_its_form() {
        assert_eq!(
            made("hex:16", counting()),
            "000102030405060708090a0b0c0d0e0f"
        );
        assert_eq!(made("base64:16", counting()), "AAECAwQFBgcICQoLDA0ODw==");
        assert_eq!(made("base64:17", counting()), "AAECAwQFBgcICQoLDA0ODxA=");
        assert_eq!(made("base64:18", counting()), "AAECAwQFBgcICQoLDA0ODxAR");
        assert_eq!(made("alnum:62", counting()).as_bytes(), ALNUM);
    }

    #[test]
    fn bytes_that_would_favour_some_characters_are_not_used() {
        let mut bytes = [255, 248, 247].into_iter().cycle();
        let text = made("alnum:16", move || bytes.next().unwrap_or(0));
        assert_eq!(
            text,
            "9".repeat(16),
            "only 247, the last fair byte, was used"
        );
    }

    #[test]
    fn what_is_no_recipe_is_refused() {
        for text in [
            "", "hex", "hex:", "hex:15", "hex:+32", "hex:4097", "words:40", "hex:32 ",
        ] {
            assert_eq!(text.parse::<Recipe>(), Err(GenerateError), "{text}");
        }
    }
}
