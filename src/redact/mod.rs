//! Masks values in bytes that are about to be shown, in every encoding that is promised.
//!
//! Best effort by nature: a value that was encrypted, compressed, reversed or spelled out is not found. What is found is
//! in `broker-security(7)`. Works on whole buffers, and does not judge whether one should be shown at all.
#![forbid(unsafe_code)]

mod base64;
mod escapes;

use std::ops::Range;

use zeroize::Zeroizing;

use crate::secret::SecretValue;

/// The fewest bytes that can be found in a text without finding everything else.
pub const MASKABLE_BYTES: usize = 8;

/// What stands in the place of a value.
const MASK: &[u8] = b"[masked]";

/// The most parts that are looked for at once: each is looked for at every byte.
const MOST: usize = 256;

/// Why values cannot be masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmaskable {
    /// A value is so short that it would be found where it is not meant.
    #[error("a value has fewer than {MASKABLE_BYTES} bytes")]
    TooShort,
    /// A value has so many lines that looking for each would take too long.
    #[error("a value has too many lines")]
    TooMany,
}

/// The values that are looked for.
pub struct Needles(Vec<Needle>);

impl std::fmt::Debug for Needles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Needles(hidden)")
    }
}

/// Bytes that are looked for, in each encoding.
struct Needle {
    plain: Zeroizing<Vec<u8>>,
    base64: [Zeroizing<Vec<u8>>; 3],
}

impl Needles {
    /// Takes values to be looked for, without the white space around them; of one with several lines each line besides,
    /// unless it is too short. An empty value is nowhere.
    ///
    /// # Errors
    /// See [`Unmaskable`].
    pub fn of<'a>(values: impl IntoIterator<Item = &'a SecretValue>) -> Result<Self, Unmaskable> {
        let mut needles = Self(Vec::new());
        for value in values {
            #[expect(
                clippy::disallowed_methods,
                reason = "needles are what a value is looked for with, and are wiped as it is"
            )]
            let whole = value.expose().trim_ascii();
            if whole.is_empty() {
                continue;
            }
            if whole.len() < MASKABLE_BYTES {
                return Err(Unmaskable::TooShort);
            }
            needles.add(whole)?;
            for line in whole.split(|byte| *byte == b'\n') {
                let line = line.trim_ascii();
                if line.len() >= MASKABLE_BYTES && line.len() < whole.len() {
                    needles.add(line)?;
                }
            }
        }
        Ok(needles)
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), Unmaskable> {
        if self.0.iter().any(|needle| needle.plain.as_slice() == bytes) {
            return Ok(());
        }
        if self.0.len() >= MOST {
            return Err(Unmaskable::TooMany);
        }
        self.0.push(Needle {
            plain: Zeroizing::new(bytes.to_vec()),
            base64: [0, 1, 2].map(|before| base64::core(bytes, before)),
        });
        Ok(())
    }

    /// Returns `bytes` with each occurrence of a value masked: as it is, in base64 and base64url at any place in what was
    /// encoded, in hexadecimal, percent-encoded, and with the escapes of JSON, of shells and of their like. Where
    /// `is_cut`, more came behind, and what may be the beginning of a value there is masked too.
    #[must_use]
    pub fn mask(&self, bytes: &[u8], is_cut: bool) -> Vec<u8> {
        let mut masked = Vec::with_capacity(bytes.len());
        let mut shown = 0_usize;
        for found in self.occurrences(bytes, is_cut) {
            masked.extend_from_slice(bytes.get(shown..found.start).unwrap_or_default());
            masked.extend_from_slice(MASK);
            shown = found.end;
        }
        masked.extend_from_slice(bytes.get(shown..).unwrap_or_default());
        masked
    }

    /// Finds every place to be masked, in order; those that overlap or touch are one.
    fn occurrences(&self, bytes: &[u8], is_cut: bool) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for at in 0..bytes.len() {
            let here = self
                .0
                .iter()
                .flat_map(|needle| needle.find(bytes, at, is_cut));
            let Some(widest) = here.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)) else {
                continue;
            };
            match found.last_mut() {
                Some(last) if widest.start <= last.end => last.end = last.end.max(widest.end),
                _ => found.push(widest),
            }
        }
        found
    }
}

impl Needle {
    /// Finds what begins at `at`, in any encoding.
    fn find(&self, bytes: &[u8], at: usize, is_cut: bool) -> impl Iterator<Item = Range<usize>> {
        let rest = bytes.get(at..).unwrap_or_default();
        let matched = move |seen: Match| match seen {
            Match::Whole(length) => Some(at..at.saturating_add(length)),
            Match::Begun if is_cut => Some(at..bytes.len()),
            Match::Begun | Match::No => None,
        };
        let plain = matched(escapes::matches(rest, &self.plain));
        let hex = matched(hexadecimal(rest, &self.plain));
        let encoded = self
            .base64
            .iter()
            .enumerate()
            .filter_map(move |(before, core)| {
                let found = matched(base64::matches(rest, core))?;
                Some(base64::widened(bytes, found, &self.plain, before))
            });
        plain.into_iter().chain(hex).chain(encoded)
    }
}

/// How a needle compares with what stands at a place.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    /// It is there, and is so long.
    Whole(usize),
    /// The end came while all was the same.
    Begun,
    /// Something else is there.
    No,
}

/// Compares with the needle in hexadecimal, in either case of letters.
fn hexadecimal(rest: &[u8], needle: &[u8]) -> Match {
    let digit = |digit: Option<&u8>| digit.map(|d| char::from(*d).to_digit(16));
    for (index, byte) in needle.iter().enumerate() {
        let at = index.saturating_mul(2);
        let (high, low) = (byte >> 4, byte & 0xf);
        for (at, wanted) in [(at, high), (at.saturating_add(1), low)] {
            match digit(rest.get(at)) {
                None => return Match::Begun,
                Some(found) if found == Some(u32::from(wanted)) => {}
                Some(_) => return Match::No,
            }
        }
    }
    Match::Whole(needle.len().saturating_mul(2))
}

#[cfg(test)]
mod tests;
