//! A backup: everything of a home that cannot be got again, as one document in one age file.
//!
//! The document is JSON, so that values can be got out with the `age` program and `jq` where there is no broker. Every
//! value stands there in base64 (RFC 4648, section 4), whatever its bytes, and so does `broker.toml`:
//!
//! ```json
//! {"format":1,"made":"...","home":"...",
//!  "secrets":[{"record":{"name":"a","current":2,...},"values":{"1":"b2xk","2":"bmV3"}}],
//!  "config":"...","grants":{...}}
//! ```
//!
//! A record is that of the catalog; its living versions are exactly those with a value. What was allowed is kept as
//! its owner wrote it and is not looked at here. The plaintext lives in wiped memory only. Sealing proves nothing about
//! who wrote a file: whoever knows a recipient can make one, so what is restored is shown first.

mod document;
mod plan;

pub use plan::{Fate, Here, Known, Restored, Step};

use jiff::Timestamp;

use super::Record;
use crate::secret::SecretValue;
use crate::store::vault::age_file::{self, Keys, Lid, OpenError, Opening, UnusableLid};
use crate::store::{HomeId, Version};

/// The longest document, in bytes (256 MiB).
pub const MAX_DOCUMENT_BYTES: usize = 256 << 20;

/// The longest file: the longest document in armor.
pub const MAX_FILE_BYTES: u64 = 384 << 20;

/// What a backup holds.
#[derive(Debug)]
pub struct Backup {
    /// When it was made.
    pub made: Timestamp,
    /// Of which home.
    pub home: HomeId,
    /// The secrets, sorted by name without regard to case.
    pub secrets: Vec<Held>,
    /// The bytes of `broker.toml`, if there was one.
    pub config: Option<Vec<u8>>,
    /// What was allowed.
    pub grants: Option<serde_json::Value>,
}

/// One secret of a backup.
#[derive(Debug)]
pub struct Held {
    /// What the catalog said of it.
    pub record: Record,
    /// The values of its living versions, in their order.
    pub values: Vec<(Version, SecretValue)>,
}

/// Why a backup was not made or not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file is no age file, or was cut or altered, or does not hold what a backup does.
    #[error("the backup is damaged: {0}")]
    Damaged(&'static str),
    /// A newer broker made it.
    #[error("the backup was made by a newer broker (format {0})")]
    Newer(u32),
    /// It holds more than any can.
    #[error("the backup would hold, or holds, more than 256 MiB")]
    TooLarge,
    /// It is for another identity.
    #[error("this identity does not open the backup")]
    WrongKey,
    /// It is for another passphrase.
    #[error("the passphrase of the backup is wrong")]
    WrongPassphrase,
    /// A recipient or a passphrase cannot be used.
    #[error("the recipient or the passphrase cannot be used")]
    UnusableLid,
    /// What was read back is not what was written.
    #[error("what was read back is not what was written")]
    NotKept,
}

impl BackupError {
    /// Returns the stable code of this case, as documented in `broker(1)`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "backup-damaged",
            Self::Newer(_) => "format-newer",
            Self::TooLarge => "backup-too-large",
            Self::WrongKey => "backup-wrong-key",
            Self::WrongPassphrase => "backup-wrong-passphrase",
            Self::UnusableLid => "passphrase-invalid",
            Self::NotKept => "backup-not-kept",
        }
    }
}

impl Backup {
    /// Seals the backup into an age file. Its document is read back and compared before.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub fn seal(&self, lid: Lid<'_>) -> Result<Vec<u8>, BackupError> {
        let document = document::write(self)?;
        if !document::read(&document)?.same_as(self) {
            return Err(BackupError::NotKept);
        }
        age_file::seal(&document, lid).map_err(|UnusableLid| BackupError::UnusableLid)
    }

    /// Opens a file: everything or nothing.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub fn open(file: &[u8], keys: Keys<'_>) -> Result<Self, BackupError> {
        document::read(&open(file, keys)?)
    }

    /// Demands that `file` opens, and holds this backup with every value as it is here.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub fn proves(&self, file: &[u8], keys: Keys<'_>) -> Result<(), BackupError> {
        if Self::open(file, keys)?.same_as(self) {
            Ok(())
        } else {
            Err(BackupError::NotKept)
        }
    }

    /// Counts the values.
    #[must_use]
    pub fn values(&self) -> usize {
        self.secrets.iter().map(|held| held.values.len()).sum()
    }

    /// Tells whether both hold the same. Values are compared in constant time.
    fn same_as(&self, other: &Self) -> bool {
        let head = |backup: &Self| (backup.made, backup.home.clone(), backup.secrets.len());
        let same = |(a, b): (&Held, &Held)| {
            let values = a.values.iter().zip(&b.values);
            let same = |((v, a), (w, b)): (&(Version, SecretValue), &(Version, SecretValue))| {
                v == w && a.same_as(b)
            };
            a.record == b.record && a.values.len() == b.values.len() && values.into_iter().all(same)
        };
        head(self) == head(other)
            && self.config == other.config
            && self.grants == other.grants
            && self.secrets.iter().zip(&other.secrets).all(same)
    }
}

/// Finds out what a file is opened with.
///
/// # Errors
/// [`BackupError::Damaged`].
pub fn opening(file: &[u8]) -> Result<Opening, BackupError> {
    age_file::opening(file).map_err(|_| BackupError::Damaged(NO_AGE_FILE))
}

const NO_AGE_FILE: &str = "it does not begin as an age file does";

fn open(file: &[u8], keys: Keys<'_>) -> Result<SecretValue, BackupError> {
    age_file::open(file, keys, MAX_DOCUMENT_BYTES).map_err(|error| match (error, keys) {
        (OpenError::NoMatch, Keys::Identities(_)) => BackupError::WrongKey,
        (OpenError::NoMatch, Keys::Passphrase(_)) => BackupError::WrongPassphrase,
        (OpenError::TooLarge, _) => BackupError::TooLarge,
        (OpenError::Armor | OpenError::Header, _) => BackupError::Damaged(NO_AGE_FILE),
        (OpenError::Mac | OpenError::Payload, _) => {
            BackupError::Damaged("it was cut or altered, so nothing of it counts")
        }
    })
}
