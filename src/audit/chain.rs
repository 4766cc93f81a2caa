//! The chain: what the hash of an entry is taken over. Pure.
//!
//! `hash = SHA-256(hash of the entry before || the line up to its own hash)`. The hash stands last in its line,
//! so that every byte of the line is either hashed or fixed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::torn::{self, Tail};
use crate::store::HomeId;

/// What the first entry follows, before the home's id.
const DOMAIN: &[u8] = b"broker log 1\0";

/// How a line ends: this, the hash, [`CLOSE`].
const SEAL: &str = ",\"hash\":\"";
const CLOSE: &str = "\"}";

/// The digits of a hash.
const DIGITS: usize = 64;

/// How many bytes the end of a line has, from which its hash is read.
pub(super) const SEAL_BYTES: usize = SEAL.len() + DIGITS + CLOSE.len();

/// The hash of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

/// A text was no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 lower-case hexadecimal digits")]
pub struct HashError;

/// A place in the log: which entry, and its hash, which stands for everything up to it. Kept elsewhere, it is an
/// anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The number of the entry, counted from 1.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

/// A line, taken apart.
#[derive(Debug)]
pub(super) struct Sealed<'a> {
    pub(super) position: Position,
    body: &'a [u8],
}

/// A walk along the chain: the entry that was last seen, or what the first one follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    pub(super) last: Position,
}

/// The first line that is wrong, counted from 1, and what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: u64,
    pub(super) what: String,
}

pub(super) const NO_ENTRY: &str = "it is no entry of the log";
pub(super) const NOT_NEXT: &str = "it is not the entry that follows here";
pub(super) const CHANGED: &str = "it was changed, or the one before it was";

impl Position {
    /// Returns what the first entry of the home follows.
    pub(super) fn genesis(home: &HomeId) -> Self {
        let hash = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(home.as_str());
        Self {
            seq: 0,
            hash: Hash(hash.finalize().into()),
        }
    }
}

/// Ends `body`, a JSON object without its last brace, with its hash and a newline.
pub(super) fn seal(before: &Hash, mut body: String) -> (String, Hash) {
    let hash = before.followed_by(body.as_bytes());
    body.push_str(&format!("{SEAL}{hash}{CLOSE}\n"));
    (body, hash)
}

/// Reads the hash at the end of a line, of which the front may be missing.
pub(super) fn hash_at_end(line: &[u8]) -> Option<(&[u8], Hash)> {
    let rest = line.strip_suffix(CLOSE.as_bytes())?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    let hash = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((rest.strip_suffix(SEAL.as_bytes())?, hash))
}

impl<'a> Sealed<'a> {
    /// Takes a line apart, without its newline; `None` if it has not the form of an entry.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let (body, hash) = hash_at_end(line)?;
        let number = body.strip_prefix(b"{\"seq\":")?;
        let end = number.iter().position(|b| *b == b',')?;
        let seq = std::str::from_utf8(number.get(..end)?).ok()?.parse().ok()?;
        Some(Self {
            position: Position { seq, hash },
            body,
        })
    }
}

impl Walk {
    /// Starts behind `last`.
    pub(super) const fn behind(last: Position) -> Self {
        Self { last }
    }

    /// Goes on to `line`.
    fn step(&mut self, line: &[u8]) -> Result<Position, &'static str> {
        let sealed = Sealed::parse(line).ok_or(NO_ENTRY)?;
        if self.last.seq.checked_add(1) != Some(sealed.position.seq) {
            return Err(NOT_NEXT);
        }
        if self.last.hash.followed_by(sealed.body) != sealed.position.hash {
            return Err(CHANGED);
        }
        self.last = sealed.position;
        Ok(sealed.position)
    }

    /// Goes along the lines of a file and shows each entry to `see`. Says how the file ends, which in all but the
    /// newest file must be [`Tail::Whole`].
    pub(super) fn lines(
        &mut self,
        bytes: &[u8],
        is_newest: bool,
        mut see: impl FnMut(&Position) -> Result<(), String>,
    ) -> Result<Tail, Wrong> {
        let wrong = |line, what: &str| Wrong {
            line,
            what: what.to_owned(),
        };
        if bytes.is_empty() {
            return Err(wrong(1, "the file is empty"));
        }
        let mut number = 0_u64;
        for part in split(bytes) {
            number = number.saturating_add(1);
            let (line, tail) = match part.strip_suffix(b"\n") {
                Some(line) => (line, Tail::Whole),
                None => match torn::judge(part, self.last.seq.saturating_add(1)) {
                    _ if !is_newest => return Err(wrong(number, NO_ENTRY)),
                    None => return Err(wrong(number, NO_ENTRY)),
                    // A file is made with its first line in it.
                    Some(Tail::Cut(_)) if number == 1 => {
                        return Err(wrong(number, "the first line of the file is cut off"));
                    }
                    Some(Tail::Cut(bytes)) => return Ok(Tail::Cut(bytes)),
                    Some(Tail::Whole | Tail::NoNewline) => (part, Tail::NoNewline),
                },
            };
            let position = self.step(line).map_err(|what| wrong(number, what))?;
            see(&position).map_err(|what| Wrong { line: number, what })?;
            if tail == Tail::NoNewline {
                return Ok(tail);
            }
        }
        Ok(Tail::Whole)
    }
}

/// Splits `bytes` behind each newline.
pub(super) fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let mut search = rest;
        // The standard library's own search is fast in every build.
        let length = std::io::BufRead::skip_until(&mut search, b'\n').unwrap_or(0);
        let (part, after) = rest.split_at_checked(length)?;
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

impl Hash {
    /// Returns the hash of the entry `body` behind the one of this hash.
    fn followed_by(&self, body: &[u8]) -> Self {
        let hash = Sha256::new().chain_update(self.0).chain_update(body);
        Self(hash.finalize().into())
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let digit = |b: u8| match b {
            b'0'..=b'9' => b.checked_sub(b'0'),
            b'a'..=b'f' => b.checked_sub(b'a').and_then(|d| d.checked_add(10)),
            _ => None,
        };
        let digits = text.as_bytes();
        let mut bytes = [0_u8; 32];
        if digits.len() != DIGITS {
            return Err(HashError);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else {
                return Err(HashError);
            };
            let (high, low) = (
                digit(*high).ok_or(HashError)?,
                digit(*low).ok_or(HashError)?,
            );
            *byte = (high << 4) | low;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Hash {
    type Error = HashError;

    fn try_from(text: String) -> Result<Self, HashError> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
