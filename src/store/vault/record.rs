//! `vault.json`: which vault this is and how it is opened. Holds nothing secret.
//!
//! ```json
//! {"format":1,"recipient":"age1...","unlock":"key-file","generation":1}
//! ```
//!
//! `key_file` stands beside it where the key is at a place of its own. The generation names the folder of
//! the secrets and the files of the key (see [`super::layout`]), so that replacing this one file, in one
//! atomic step, switches from one key to the next.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::age_file;
use crate::paths;
use crate::store::{StoreError, StoreKind};

/// The file's name, in the folder of the vault.
pub(super) const NAME: &str = "vault.json";

const FORMAT: u64 = 1;
const MAX_BYTES: u64 = 64 << 10;

/// Where the identity of a vault is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unlock {
    /// In a file that only the user can read.
    KeyFile,
    /// In a file that is encrypted with a passphrase.
    Passphrase,
    /// In an item of the keychain.
    Keychain,
}

impl Unlock {
    /// Returns the word used for it in files and answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::KeyFile => "key-file",
            Self::Passphrase => "passphrase",
            Self::Keychain => "keychain",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    format: u64,
    pub(super) recipient: String,
    pub(super) unlock: Unlock,
    /// Absolute; `None` for the generation's own file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key_file: Option<PathBuf>,
    pub(super) generation: u32,
}

/// The number alone: a newer format may have any other fields.
#[derive(Deserialize)]
struct Head {
    format: u64,
}

impl Record {
    pub(super) const fn new(
        recipient: String,
        unlock: Unlock,
        key_file: Option<PathBuf>,
        generation: u32,
    ) -> Self {
        Self {
            format: FORMAT,
            recipient,
            unlock,
            key_file,
            generation,
        }
    }

    /// Reads the record of the vault in `folder`, `None` if there is no vault.
    pub(super) fn load(folder: &Path) -> Result<Option<Self>, StoreError> {
        paths::read_file(&folder.join(NAME), MAX_BYTES)?
            .map(|bytes| Self::parse(&bytes))
            .transpose()
    }

    /// Replaces the record in `folder`.
    pub(super) fn store(&self, folder: &Path) -> Result<(), StoreError> {
        // Only a path that is not UTF-8 has no JSON.
        let mut bytes = serde_json::to_vec(self).map_err(|_| StoreError::Failed {
            kind: StoreKind::Vault,
            name: "path-not-utf8".to_owned(),
        })?;
        bytes.push(b'\n');
        Ok(paths::write_file(&folder.join(NAME), &bytes)?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, StoreError> {
        let head: Head = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        if head.format > FORMAT {
            return Err(StoreError::TooNew {
                kind: StoreKind::Vault,
                what: NAME.to_owned(),
            });
        }
        let record: Self = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        let key_file_fits = match &record.key_file {
            Some(path) => record.unlock == Unlock::KeyFile && path.is_absolute(),
            None => true,
        };
        let sound = record.format == FORMAT
            && record.generation > 0
            && key_file_fits
            && age_file::is_recipient(&record.recipient);
        sound.then_some(record).ok_or_else(damaged)
    }
}

pub(super) fn damaged() -> StoreError {
    StoreError::Damaged {
        kind: StoreKind::Vault,
        what: NAME.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"format":1,"recipient":"age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa","unlock":"passphrase","generation":1}"#;

    #[test]
    fn a_record_reads_back_and_anything_else_is_damaged() {
        let record = Record::parse(GOOD.as_bytes()).expect("sound");
        assert_eq!(serde_json::to_string(&record).expect("JSON"), GOOD);
        let wrong = [
            ("passphrase", "trust"),
            ("\"generation\":1", "\"generation\":0"),
            ("\"format\":1", "\"format\":0"),
            ("\"format\":1,", ""),
            ("age1t", "age1q"),
            ("age1t7rxyev", "AGE1T7RXYEV"),
            ("}", ",\"extra\":1}"),
            ("}", ",\"generation\":1}"),
            ("}", ",\"key_file\":\"/k\"}"),
            ("}", ""),
        ];
        for (from, to) in wrong {
            let text = GOOD.replacen(from, to, 1);
            let read = Record::parse(text.as_bytes());
            assert!(matches!(read, Err(StoreError::Damaged { .. })), "{text}");
        }
        let relative = GOOD
            .replace("passphrase", "key-file")
            .replace('}', ",\"key_file\":\"k\"}");
        assert!(Record::parse(relative.as_bytes()).is_err());
        let absolute = relative.replace("\"k\"", "\"/k\"");
        assert!(Record::parse(absolute.as_bytes()).is_ok());
    }

    #[test]
    fn a_newer_format_is_told_apart_from_damage() {
        let newer = br#"{"format":2,"keys":[]}"#;
        assert!(matches!(
            Record::parse(newer),
            Err(StoreError::TooNew { .. })
        ));
    }
}
