//! The vault: values in age files that any age tool can read.
//!
//! Below the vault's folder, each file is a standard age file or a standard age identity file:
//!
//! | file | what it is |
//! |---|---|
//! | `vault.json` | the recipient, how the vault is opened, the generation |
//! | `secrets/NAME@vN.age` | one version of one secret; the plaintext is the value and nothing else |
//! | `key.txt` | the identity, where the vault is opened by a key file |
//! | `identity.age` | the same file encrypted with a passphrase, where it is opened by one |
//!
//! Everything is encrypted to one X25519 recipient, so writing and listing need no key. The identity is
//! fetched at the first read, and compared with `vault.json` before anything is decrypted with it.
//!
//! # Limits
//!
//! * Since the plaintext is the value alone and age has no associated data, a file does not know its own name: who can
//!   *write* the folder can put one secret's file, or an older one, in the place of another's, or a new one sealed to the
//!   recipient, which is public. The folder is therefore refused when others can write it; against the user's own processes it does not help.
//! * `NAME` is as in the catalog, which keeps names apart that differ in case only; the folder of a
//!   file system without case does not.
//! * Whoever changes a vault (`create`, `rekey`, `clean`) holds the lock of the home.
#![forbid(unsafe_code)]

pub mod age_file;
mod identity;
mod layout;
mod make;
mod open;
mod record;
mod rekey;

pub use make::{Protection, check_passphrase};
pub use open::{State, Status};
pub use record::Unlock;

use std::fmt;
use std::path::{Path, PathBuf};

use super::{HomeId, ItemId, Removal, Store, StoreError, StoreKind};
use crate::clock::Clock;
use crate::paths::{self, HomePaths};
use crate::secret::{MAX_VALUE_BYTES, SecretValue};

use age_file::{Identity, Keys, Lid, OpenError};
use layout::Generation;
use record::Record;

/// The largest file that is read: the largest value in armor (4/3), and room for a header with more
/// recipients than ours.
const MAX_FILE_BYTES: u64 = 2 << 20;

/// What a vault asks its caller for, when it needs it and no sooner.
pub trait Unlocker {
    /// Asks the person for the passphrase of the vault.
    ///
    /// # Errors
    /// [`StoreError::Locked`] of the vault when nobody is there to ask, [`StoreError::Dismissed`] when
    /// they do not answer.
    fn passphrase(&self) -> Result<SecretValue, StoreError>;

    /// Returns the store that keeps the identity ([`ItemId::vault_identity`]) of a vault that is opened by the
    /// keychain.
    ///
    /// # Errors
    /// Those of reaching that store.
    fn keychain(&self) -> Result<Box<dyn Store>, StoreError>;
}

/// How the caller reaches a vault.
pub struct Access {
    /// The key file to use whatever `vault.json` says (`BROKER_KEY_FILE`).
    pub key_file: Option<PathBuf>,
    /// Who is asked.
    pub unlocker: Box<dyn Unlocker>,
    /// The time.
    pub clock: Clock,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("key_file", &self.key_file)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// A store of age files.
#[derive(Debug)]
pub struct Vault {
    folder: PathBuf,
    home: HomeId,
    access: Access,
    record: Record,
    /// Fetched at the first read; always the one of `record`.
    identity: Option<Identity>,
}

impl Vault {
    /// Opens the vault of a home. Needs no key yet and asks nobody.
    ///
    /// # Errors
    /// [`StoreError::NotSetUp`] when there is none; [`StoreError::Damaged`], [`StoreError::TooNew`],
    /// [`StoreError::File`].
    pub fn open(paths: &HomePaths, home: &HomeId, access: Access) -> Result<Self, StoreError> {
        let folder = paths.vault_folder().to_path_buf();
        let record = load(&folder)?;
        Ok(Self {
            folder,
            home: home.clone(),
            access,
            record,
            identity: None,
        })
    }

    /// Tells whether the home has a vault, sound or not.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn is_there(paths: &HomePaths) -> Result<bool, StoreError> {
        is_there(paths.vault_folder())
    }

    /// Reads `vault.json` again; `true` if another command has changed it since.
    fn refresh(&mut self) -> Result<bool, StoreError> {
        let record = load(&self.folder)?;
        let changed = record != self.record;
        if changed {
            self.record = record;
            self.identity = None;
        }
        Ok(changed)
    }

    fn generation(&self) -> Generation {
        Generation::new(&self.folder, self.record.generation)
    }

    /// Returns the current generation, or the error if its folder is gone: its items must not look
    /// like absent ones.
    fn sound_generation(&self) -> Result<Generation, StoreError> {
        let generation = self.generation();
        let secrets = generation.secrets();
        if paths::folder_is_there(&secrets)? {
            return Ok(generation);
        }
        Err(StoreError::Damaged {
            kind: StoreKind::Vault,
            what: file_name(&secrets),
        })
    }

    fn read_file(&self, generation: &Generation, item: &ItemId) -> Result<Vec<u8>, StoreError> {
        let absent = || StoreError::NotFound {
            kind: StoreKind::Vault,
            item: item.clone(),
        };
        let path = (item.home() == &self.home)
            .then(|| generation.item_file(item))
            .ok_or_else(absent)?;
        match paths::read_file(&path, MAX_FILE_BYTES) {
            Ok(found) => found.ok_or_else(absent),
            Err(paths::FileError::TooLarge { .. }) => Err(StoreError::TooLarge(StoreKind::Vault)),
            Err(error) => Err(error.into()),
        }
    }

    fn read_once(&mut self, items: &[ItemId]) -> Result<Vec<SecretValue>, StoreError> {
        let generation = self.sound_generation()?;
        // The files first: what is absent is told without asking anybody.
        let files = items
            .iter()
            .map(|item| self.read_file(&generation, item))
            .collect::<Result<Vec<_>, _>>()?;
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let identity = std::slice::from_ref(self.identity()?);
        items
            .iter()
            .zip(&files)
            .map(|(item, file)| open_item(item, file, identity))
            .collect()
    }

    fn write_file(
        &self,
        generation: &Generation,
        recipient: &str,
        item: &ItemId,
        value: &SecretValue,
    ) -> Result<(), StoreError> {
        if item.home() != &self.home {
            return Err(StoreError::NotSetUp(StoreKind::Vault));
        }
        if value.len() > MAX_VALUE_BYTES {
            return Err(StoreError::TooLarge(StoreKind::Vault));
        }
        let path = generation.item_file(item);
        let file =
            age_file::seal(value, Lid::Recipient(recipient)).map_err(|_| record::damaged())?;
        Ok(paths::write_file(&path, &file)?)
    }
}

impl Store for Vault {
    fn kind(&self) -> StoreKind {
        StoreKind::Vault
    }

    fn read(&mut self, items: &[ItemId]) -> Result<Vec<SecretValue>, StoreError> {
        match self.read_once(items) {
            // A reader holds no lock: the key may have been replaced under it, once.
            Err(_) if self.refresh()? => self.read_once(items),
            result => result,
        }
    }

    fn write(&mut self, item: &ItemId, value: &SecretValue) -> Result<(), StoreError> {
        self.refresh()?;
        let generation = self.sound_generation()?;
        self.write_file(&generation, &self.record.recipient, item, value)
    }

    fn remove(&mut self, item: &ItemId) -> Result<Removal, StoreError> {
        self.refresh()?;
        let generation = self.sound_generation()?;
        let path = (item.home() == &self.home).then(|| generation.item_file(item));
        match path {
            Some(path) if paths::remove_file(&path)? => Ok(Removal::Removed),
            _ => Ok(Removal::Absent),
        }
    }

    fn items(&mut self, home: &HomeId) -> Result<Vec<ItemId>, StoreError> {
        self.refresh()?;
        let generation = self.sound_generation()?;
        if home != &self.home {
            return Ok(Vec::new());
        }
        Ok(generation.items(home)?.unwrap_or_default())
    }

    fn check(&mut self) -> Result<(), StoreError> {
        self.refresh()?;
        self.sound_generation()?;
        match self.identity {
            Some(_) => Ok(()),
            None => self.probe_key(),
        }
    }
}

/// Opens the file of `item`, with the error that fits a secret of the vault.
fn open_item(item: &ItemId, file: &[u8], keys: &[Identity]) -> Result<SecretValue, StoreError> {
    age_file::open(file, Keys::Identities(keys), MAX_VALUE_BYTES).map_err(|error| match error {
        OpenError::NoMatch => StoreError::WrongKey,
        OpenError::TooLarge => StoreError::TooLarge(StoreKind::Vault),
        OpenError::Armor | OpenError::Header | OpenError::Mac | OpenError::Payload => {
            StoreError::Damaged {
                kind: StoreKind::Vault,
                what: item.to_string(),
            }
        }
    })
}

fn load(folder: &Path) -> Result<Record, StoreError> {
    let record = if paths::folder_is_there(folder)? {
        Record::load(folder)?
    } else {
        None
    };
    record.ok_or(StoreError::NotSetUp(StoreKind::Vault))
}

fn is_there(folder: &Path) -> Result<bool, StoreError> {
    let names = paths::list_folder(folder)?.unwrap_or_default();
    Ok(names.iter().any(|name| name == record::NAME))
}

/// Returns the last part of `path`, for messages.
fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
