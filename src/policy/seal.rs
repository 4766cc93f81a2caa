//! The seal of a home's permissions: what each store keeps of them (design D8).
//!
//! It is one item beside the secrets, so nobody who cannot read those can make it. A file of grants counts
//! only if it carries a mark of the seal's key and the seal's generation. The seal also says whether the home
//! is frozen and whether it is unattended, so neither can be undone with the files, and keeps the last
//! known place in the log.

use std::fmt;

use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::hex;
use crate::secret::SecretValue;

const FORMAT: u32 = 1;
/// As long as a block of SHA-256, which HMAC uses as it is (RFC 2104, section 2).
const KEY_BYTES: usize = 64;

/// The longest reason for freezing, in characters, so that the seal fits every store.
const MAX_REASON: usize = 200;

/// What a store keeps of a home's permissions.
pub struct Seal {
    key: Zeroizing<[u8; KEY_BYTES]>,
    state: State,
}

/// Everything but the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    generation: u64,
    unattended: bool,
    frozen: Option<Frozen>,
    anchor: Option<Anchor>,
    /// The number of the baseline of clients' files that counts. A home from before there was one has none.
    #[serde(default, skip_serializing_if = "is_zero")]
    baseline: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Since when, and why, no value may leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// Since when.
    pub since: Timestamp,
    /// Why, in the words of who froze it.
    pub reason: String,
}

/// A place in the log that must be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The number of the entry.
    pub seq: u64,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

/// Why a seal or what it is to confirm does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The store's item is not a seal.
    #[error("the seal in the store is damaged")]
    Damaged,
    /// A newer broker wrote it.
    #[error("the seal in the store was written by a newer broker")]
    Newer,
    /// The file of grants does not carry the mark of this seal.
    #[error("the file of grants was not written by broker, or was changed")]
    Forged,
    /// The file of grants is not the last one.
    #[error("the file of grants is not the last one that broker wrote")]
    Replayed,
}

impl Frozen {
    /// Notes since when and why; a reason that is too long is cut.
    #[must_use]
    pub fn new(since: Timestamp, reason: &str) -> Self {
        Self {
            since,
            reason: reason.chars().take(MAX_REASON).collect(),
        }
    }
}

impl Seal {
    /// Makes the seal of a home from a random key.
    #[must_use]
    pub fn new(key: Zeroizing<[u8; KEY_BYTES]>, generation: u64, unattended: bool) -> Self {
        Self {
            key,
            state: State {
                generation,
                unattended,
                frozen: None,
                anchor: None,
                baseline: 0,
            },
        }
    }

    /// Reads what a store holds.
    ///
    /// # Errors
    /// [`SealError::Damaged`], [`SealError::Newer`].
    #[expect(
        clippy::disallowed_methods,
        reason = "broker's own item, which leaves broker nowhere but to its store"
    )]
    pub fn read(value: &SecretValue) -> Result<Self, SealError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let bytes = value.expose();
        let head: Head = serde_json::from_slice(bytes).map_err(|_| SealError::Damaged)?;
        if head.format > FORMAT {
            return Err(SealError::Newer);
        }
        let whole: Whole = serde_json::from_slice(bytes).map_err(|_| SealError::Damaged)?;
        let key = whole.key()?;
        Ok(Self {
            key,
            state: whole.state.clone(),
        })
    }

    /// Returns what a store is to hold.
    #[must_use]
    pub fn write(&self) -> SecretValue {
        let whole = Whole {
            format: FORMAT,
            key: hex::encode(self.key.as_slice()),
            state: self.state.clone(),
        };
        // Room for everything, so that no part of the key is left in a buffer that was too small.
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        let _ = serde_json::to_writer(&mut *bytes, &whole);
        SecretValue::new(bytes)
    }

    /// Returns the generation of the grants that count.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.state.generation
    }

    /// Moves on to other grants.
    pub fn set_generation(&mut self, generation: u64) {
        self.state.generation = generation;
    }

    /// Tells whether the home is one where nobody is asked.
    #[must_use]
    pub fn is_unattended(&self) -> bool {
        self.state.unattended
    }

    /// Makes the home one where nobody is asked.
    pub fn set_unattended(&mut self) {
        self.state.unattended = true;
    }

    /// Returns since when and why no value may leave, if so.
    #[must_use]
    pub fn frozen(&self) -> Option<&Frozen> {
        self.state.frozen.as_ref()
    }

    /// Freezes or thaws.
    pub fn set_frozen(&mut self, frozen: Option<Frozen>) {
        self.state.frozen = frozen;
    }

    /// Returns the last place in the log that was written down.
    #[must_use]
    pub fn anchor(&self) -> Option<&Anchor> {
        self.state.anchor.as_ref()
    }

    /// Writes a place in the log down.
    pub fn set_anchor(&mut self, anchor: Anchor) {
        self.state.anchor = Some(anchor);
    }

    /// Returns the number of the baseline of clients' files that counts; 0 where there never was one.
    #[must_use]
    pub fn baseline(&self) -> u64 {
        self.state.baseline
    }

    /// Moves on to another baseline.
    pub fn set_baseline(&mut self, number: u64) {
        self.state.baseline = number;
    }

    /// Marks `bytes` under the key for one purpose, in hexadecimal (HMAC-SHA-256, RFC 2104): without the key nobody can
    /// tell what was marked, not even by trying. `purpose` is a line of its own, and no other mark of this key begins
    /// with it.
    #[must_use]
    pub fn mark(&self, purpose: &str, bytes: &[u8]) -> String {
        hex::encode(&self.marking(purpose, bytes).finalize().into_bytes())
    }

    /// Tells whether `mark` is that of `bytes` for this purpose.
    #[must_use]
    pub fn knows(&self, purpose: &str, bytes: &[u8], mark: &str) -> bool {
        let mut given = [0_u8; 32];
        hex::decode(mark, &mut given).is_some()
            && self.marking(purpose, bytes).verify_slice(&given).is_ok()
    }

    fn marking(&self, purpose: &str, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac();
        mac.update(purpose.as_bytes());
        mac.update(b"\n");
        mac.update(bytes);
        mac
    }

    /// Begins a mark under the key.
    pub(super) fn mac(&self) -> Hmac<Sha256> {
        let key: &[u8; KEY_BYTES] = &self.key;
        Hmac::new(key.into())
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    format: u32,
    key: String,
    state: State,
}

impl Whole {
    fn key(&self) -> Result<Zeroizing<[u8; KEY_BYTES]>, SealError> {
        let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
        hex::decode(&self.key, key.as_mut_slice()).ok_or(SealError::Damaged)?;
        Ok(key)
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_reads_back_as_it_was_written() {
        let mut seal = Seal::new(Zeroizing::new([0xa7; KEY_BYTES]), 12, true);
        seal.set_frozen(Some(Frozen::new(Timestamp::UNIX_EPOCH, "leak\n\u{202e}")));
        seal.set_anchor(Anchor {
            seq: 3,
            hash: "ab".to_owned(),
        });
        seal.set_baseline(u64::MAX);
        let read = Seal::read(&seal.write()).expect("a seal");
        assert_eq!(read.state, seal.state);
        assert_eq!(*read.key, [0xa7; KEY_BYTES]);
    }

    #[test]
    fn a_mark_is_known_by_its_key_purpose_and_bytes_alone() {
        let seal = |byte| Seal::new(Zeroizing::new([byte; KEY_BYTES]), 1, false);
        let mark = seal(1).mark("a", b"text");
        assert!(seal(1).knows("a", b"text", &mark));
        assert!(!seal(2).knows("a", b"text", &mark), "another key");
        assert!(!seal(1).knows("b", b"text", &mark), "another purpose");
        assert!(!seal(1).knows("a", b"texts", &mark), "other bytes");
        assert!(!seal(1).knows("a", b"text", ""), "no mark");
    }

    #[test]
    fn a_seal_from_before_there_were_baselines_still_counts() {
        let text = Seal::new(Zeroizing::new([1; KEY_BYTES]), 1, false).write();
        assert_eq!(Seal::read(&text).expect("a seal").baseline(), 0);
        let key = "01".repeat(KEY_BYTES);
        let old = format!(
            "{{\"format\":1,\"key\":\"{key}\",\"state\":{{\"generation\":1,\"unattended\":false,\"frozen\":null,\"anchor\":null}}}}"
        );
        let bytes = Zeroizing::new(old.into_bytes());
        let read = Seal::read(&SecretValue::new(bytes)).expect("a seal");
        assert_eq!(read.baseline(), 0);
    }

    #[test]
    fn debug_says_nothing_of_the_key() {
        let seal = Seal::new(Zeroizing::new([0xa7; KEY_BYTES]), 1, false);
        let text = format!("{seal:?}");
        assert!(!text.contains("167") && !text.contains("a7"), "{text}");
    }

    #[test]
    fn what_is_no_seal_is_damaged_and_what_is_newer_is_said_to_be() {
        let read = |text: &str| {
            let bytes = Zeroizing::new(text.as_bytes().to_vec());
            Seal::read(&SecretValue::new(bytes)).expect_err("refused")
        };
        assert_eq!(read(""), SealError::Damaged);
        assert_eq!(read("{\"format\":1}"), SealError::Damaged);
        assert_eq!(read("{\"format\":2,\"more\":1}"), SealError::Newer);
        let short = "{\"format\":1,\"key\":\"ab\",\"state\":{\"generation\":1,\"unattended\":false,\"frozen\":null,\"anchor\":null}}";
        assert_eq!(read(short), SealError::Damaged);
    }
}
