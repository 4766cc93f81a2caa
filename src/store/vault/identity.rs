//! Where the identity of a vault comes from.
//!
//! In this order: the key file the caller names; else what `vault.json` says: a key file, an item of the keychain,
//! or `identity.age`, whose passphrase is asked for unless the kernel still keeps the identity. Nothing else is
//! tried when one of them fails.

use std::io;
use std::path::{Path, PathBuf};

use super::age_file::{self, Identity, Keys, OpenError};
use super::record::{Record, Unlock};
use super::{Vault, file_name};
use crate::paths::{self, FileError};
use crate::secret::SecretValue;
use crate::store::{Asking, HomeId, ItemId, Store, StoreError, StoreKind};
use crate::sys;

/// The largest key file or encrypted identity that is read.
const MAX_KEY_BYTES: usize = 16 << 10;
/// The largest payload in the kernel's keyring.
pub(super) const MAX_KEPT_BYTES: usize = 512;

impl Vault {
    /// Returns the identity, fetching it the first time.
    pub(super) fn identity(&mut self) -> Result<&Identity, StoreError> {
        let found = match self.identity.take() {
            Some(found) => found,
            None => self.fetch(Asking::Allowed)?,
        };
        Ok(self.identity.insert(found))
    }

    /// Finds out whether the identity could be fetched without asking anybody, by this process or another.
    pub(super) fn probe_key(&self) -> Result<(), StoreError> {
        if self.access.key_file.is_none() && self.record.unlock == Unlock::Keychain {
            return self.access.unlocker.keychain()?.check();
        }
        self.fetch(Asking::Never).map(drop)
    }

    fn fetch(&self, asking: Asking) -> Result<Identity, StoreError> {
        let known = if let Some(path) = &self.access.key_file {
            in_key_file(path)?
        } else {
            match self.record.unlock {
                Unlock::KeyFile => in_key_file(&self.key_file())?,
                Unlock::Keychain => {
                    in_keychain(self.access.unlocker.keychain()?.as_mut(), &self.home)?
                }
                Unlock::Passphrase => match (self.kept(), asking) {
                    (Some(kept), _) => return Ok(kept.0),
                    (None, Asking::Never) => return Err(StoreError::Locked(StoreKind::Vault)),
                    (None, Asking::Allowed) => return self.ask(),
                },
            }
        };
        choose(known, &self.record)
    }

    /// Asks for the passphrase and opens `identity.age` with it.
    pub(super) fn ask(&self) -> Result<Identity, StoreError> {
        let path = self.generation().identity_file();
        // Before the person is bothered.
        let file = read_identity_file(&path)?;
        let passphrase = self.access.unlocker.passphrase()?;
        choose(in_identity_file(&path, &file, &passphrase)?, &self.record)
    }

    /// Returns what the kernel keeps and until when, in seconds since 1970; `None` if it keeps nothing that opens this vault.
    pub(super) fn kept(&self) -> Option<(Identity, i64)> {
        let payload = sys::find_key(&kept_under(&self.home), MAX_KEPT_BYTES).ok()??;
        let end = payload.iter().position(|b| *b == b'\n')?;
        let (until, key) = payload.split_at_checked(end)?;
        let until = std::str::from_utf8(until).ok()?.parse().ok()?;
        let known = Identity::read_all(key).ok()?;
        Some((choose(known, &self.record).ok()?, until))
    }

    /// The key file of a vault that is opened by one.
    pub(super) fn key_file(&self) -> PathBuf {
        match &self.record.key_file {
            Some(path) => path.clone(),
            None => self.generation().key_file(),
        }
    }
}

/// The description of the kernel's key for the vault of `home`.
pub(super) fn kept_under(home: &HomeId) -> String {
    format!("broker:vault:{}", home.as_str())
}

/// Picks the identity that belongs to the vault. There can be others beside it, while a key is being replaced.
fn choose(known: Vec<Identity>, record: &Record) -> Result<Identity, StoreError> {
    known
        .into_iter()
        .find(|identity| identity.recipient() == record.recipient)
        .ok_or(StoreError::WrongKey)
}

/// Reads the identities of a key file, which nobody else may be able to read.
pub(super) fn in_key_file(path: &Path) -> Result<Vec<Identity>, StoreError> {
    let text = paths::read_private_file(path, MAX_KEY_BYTES)?.ok_or_else(|| missing(path))?;
    Identity::read_all(&text).map_err(|_| damaged(path))
}

/// Reads a file that holds encrypted identities. Others may read it, as any file of the vault.
pub(super) fn read_identity_file(path: &Path) -> Result<Vec<u8>, StoreError> {
    let limit = u64::try_from(MAX_KEY_BYTES).unwrap_or(u64::MAX);
    paths::read_file(path, limit)?.ok_or_else(|| missing(path))
}

/// Opens `file`, the content of `path`, with the passphrase.
#[expect(clippy::disallowed_methods, reason = "parsed into wiped identities")]
pub(super) fn in_identity_file(
    path: &Path,
    file: &[u8],
    passphrase: &SecretValue,
) -> Result<Vec<Identity>, StoreError> {
    let text =
        age_file::open(file, Keys::Passphrase(passphrase), MAX_KEY_BYTES).map_err(|error| {
            match error {
                OpenError::NoMatch => StoreError::WrongPassphrase,
                OpenError::Armor
                | OpenError::Header
                | OpenError::Mac
                | OpenError::Payload
                | OpenError::TooLarge => damaged(path),
            }
        })?;
    Identity::read_all(text.expose()).map_err(|_| damaged(path))
}

/// Reads the identities in the vault's item of a keychain.
#[expect(clippy::disallowed_methods, reason = "parsed into wiped identities")]
pub(super) fn in_keychain(
    keychain: &mut dyn Store,
    home: &HomeId,
) -> Result<Vec<Identity>, StoreError> {
    let item = ItemId::vault_identity(home);
    let mut values = match keychain.read(std::slice::from_ref(&item)) {
        // Not to be taken for an absent item of the vault.
        Err(StoreError::NotFound { .. }) => return Err(StoreError::NoKey),
        result => result?,
    };
    let text = values.pop().ok_or(StoreError::NoKey)?;
    Identity::read_all(text.expose()).map_err(|_| StoreError::Damaged {
        kind: keychain.kind(),
        what: item.to_string(),
    })
}

fn missing(path: &Path) -> StoreError {
    StoreError::File(FileError::Io {
        action: "open",
        path: path.to_path_buf(),
        source: io::ErrorKind::NotFound.into(),
    })
}

fn damaged(path: &Path) -> StoreError {
    StoreError::Damaged {
        kind: StoreKind::Vault,
        what: file_name(path),
    }
}
