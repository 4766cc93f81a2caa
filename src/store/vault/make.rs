//! Making a vault, and putting a key where it is kept.
//!
//! `vault.json` is written last: a crash before it leaves no vault, and a key that protects nothing yet.
//! Such a key is taken up by the next attempt, never written over, because a key file or an item may
//! be in use elsewhere; an encrypted identity is passed by.

use std::path::{Path, PathBuf};

use super::age_file::{self, Identity, Lid};
use super::layout::{Entry, Generation};
use super::record::{self, Record, Unlock};
use super::{Access, Unlocker, Vault, identity, is_there};
use crate::clock::Clock;
use crate::paths::{self, FileError, HomePaths};
use crate::secret::SecretValue;
use crate::store::{HomeId, ItemId, Store, StoreError, StoreKind};

/// How a vault is to be opened, with what that needs.
#[derive(Debug)]
pub enum Protection {
    /// By a key file: this one, made if it is not there, or the vault's own.
    KeyFile(Option<PathBuf>),
    /// By a passphrase.
    Passphrase(SecretValue),
    /// By an item of the keychain.
    Keychain,
}

impl Protection {
    /// Says how a vault of this protection opens.
    #[must_use]
    pub const fn unlock(&self) -> Unlock {
        match self {
            Self::KeyFile(_) => Unlock::KeyFile,
            Self::Passphrase(_) => Unlock::Passphrase,
            Self::Keychain => Unlock::Keychain,
        }
    }

    /// Checks what can be checked before anything is written.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Passphrase(passphrase) => check_passphrase(passphrase),
            Self::KeyFile(_) | Self::Keychain => Ok(()),
        }
    }
}

/// Refuses a passphrase with which no age file can be sealed.
///
/// # Errors
/// [`StoreError::BadPassphrase`].
#[expect(clippy::disallowed_methods, reason = "looks whether it is text")]
pub fn check_passphrase(passphrase: &SecretValue) -> Result<(), StoreError> {
    if passphrase.is_empty() {
        return Err(StoreError::BadPassphrase("is empty"));
    }
    if std::str::from_utf8(passphrase.expose()).is_err() {
        return Err(StoreError::BadPassphrase("is not UTF-8 text"));
    }
    Ok(())
}

impl Vault {
    /// Makes the vault of a home and opens it. The key is read back from where it is kept.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one, or something that was one; [`StoreError::BadPassphrase`];
    /// [`StoreError::Damaged`] when the key file or item that is there holds no identity, or when there are
    /// secrets without their `vault.json`; [`StoreError::File`]; the errors of the keychain.
    pub fn create(
        paths: &HomePaths,
        home: &HomeId,
        protection: &Protection,
        access: Access,
    ) -> Result<Self, StoreError> {
        protection.check()?;
        let folder = paths.vault_folder().to_path_buf();
        paths::create_folder(&folder)?;
        if is_there(&folder)? {
            return Err(StoreError::Exists(StoreKind::Vault));
        }
        let generation = Generation::new(&folder, first_generation(&folder, home)?);
        let place = Place {
            generation: &generation,
            home,
            unlocker: access.unlocker.as_ref(),
            clock: access.clock,
        };
        let (identity, key_file) = place.key_for_new_vault(protection)?;
        paths::create_folder(&generation.secrets())?;
        let record = Record::new(
            identity.recipient(),
            protection.unlock(),
            key_file,
            generation.number,
        );
        record.store(&folder)?;
        Ok(Self {
            folder,
            home: home.clone(),
            access,
            record,
            identity: Some(identity),
        })
    }
}

impl Vault {
    /// Tells whether there is a vault, or something of one that may hold secrets.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn may_hold(paths: &HomePaths, home: &HomeId) -> Result<bool, StoreError> {
        let folder = paths.vault_folder();
        Ok(is_there(folder)? || first_generation(folder, home).is_err())
    }

    /// Takes away the record of a vault that holds nothing, so that one can be made in its place: what is left of
    /// an `init` that did not end. Its keys stay. The caller has seen that no home owns it.
    ///
    /// # Errors
    /// [`StoreError::Exists`] for a vault with secrets; [`StoreError::File`].
    pub fn discard_empty(paths: &HomePaths, home: &HomeId) -> Result<(), StoreError> {
        let folder = paths.vault_folder();
        let Some(record) = Record::load(folder)? else {
            return Ok(());
        };
        // Every generation counts: the record may be an old copy.
        if first_generation(folder, home).is_err() {
            return Err(StoreError::Exists(StoreKind::Vault));
        }
        drop(record);
        remove_own_items(folder, home)?;
        paths::remove_file(&folder.join(record::NAME))?;
        Ok(())
    }
}

/// Removes broker's own items of every generation.
fn remove_own_items(folder: &Path, home: &HomeId) -> Result<(), StoreError> {
    for name in paths::list_folder(folder)?.unwrap_or_default() {
        let Entry::Secrets(number) = Entry::of(&name) else {
            continue;
        };
        let generation = Generation::new(folder, number);
        for item in generation.items(home)?.unwrap_or_default() {
            if item.secret_name().is_none() {
                paths::remove_file(&generation.item_file(&item))?;
            }
        }
    }
    Ok(())
}

/// Returns 1, or the first number without an encrypted identity left by a crash. Refuses to go on where there are
/// secrets: a vault lost its record there.
fn first_generation(folder: &Path, home: &HomeId) -> Result<u32, StoreError> {
    let names = paths::list_folder(folder)?.unwrap_or_default();
    let mut taken = Vec::new();
    for entry in names.iter().map(|name| Entry::of(name)) {
        match entry {
            Entry::Secrets(number) => {
                let items = Generation::new(folder, number).items(home)?;
                let is_secret = |item: &ItemId| item.secret_name().is_some();
                if items.is_some_and(|items| items.iter().any(is_secret)) {
                    return Err(record::damaged());
                }
            }
            Entry::IdentityFile(number) => taken.push(number),
            Entry::KeyFile(_) | Entry::Temporary | Entry::Other => {}
        }
    }
    Ok((1..).find(|n| !taken.contains(n)).unwrap_or(1))
}

/// Where the key of a generation goes.
pub(super) struct Place<'a> {
    pub(super) generation: &'a Generation,
    pub(super) home: &'a HomeId,
    pub(super) unlocker: &'a dyn Unlocker,
    pub(super) clock: Clock,
}

impl Place<'_> {
    /// Puts a key in place, or takes up the one that is there. Returns it as read back, and the
    /// path of the key file if that is not the vault's own.
    fn key_for_new_vault(
        &self,
        protection: &Protection,
    ) -> Result<(Identity, Option<PathBuf>), StoreError> {
        match protection {
            Protection::KeyFile(path) => self.key_file(path.as_deref()),
            Protection::Passphrase(passphrase) => Ok((self.identity_file(passphrase)?, None)),
            Protection::Keychain => {
                let mut keychain = self.unlocker.keychain()?;
                let known = match identity::in_keychain(keychain.as_mut(), self.home) {
                    Err(StoreError::NoKey) => {
                        let made = [Identity::generate()];
                        self.write_item(keychain.as_mut(), &made)?
                    }
                    found => found?,
                };
                Ok((first(known)?, None))
            }
        }
    }

    /// Makes the key file, or takes up the one that is there.
    pub(super) fn key_file(
        &self,
        chosen: Option<&Path>,
    ) -> Result<(Identity, Option<PathBuf>), StoreError> {
        let own = self.generation.key_file();
        let path = match chosen {
            Some(path) => std::path::absolute(path).map_err(|source| FileError::Io {
                action: "find",
                path: path.to_path_buf(),
                source,
            })?,
            None => own.clone(),
        };
        let known = match identity::in_key_file(&path) {
            Err(StoreError::File(FileError::Io { source, .. }))
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                let text = self.text(&Identity::generate());
                // Somebody may have made one meanwhile, with which a vault opens: that one is taken up.
                write_new(&path, &text)?;
                identity::in_key_file(&path)?
            }
            found => found?,
        };
        Ok((first(known)?, (path != own).then_some(path)))
    }

    /// Makes an encrypted identity and reads it back, which takes the passphrase's time twice.
    pub(super) fn identity_file(&self, passphrase: &SecretValue) -> Result<Identity, StoreError> {
        let path = self.generation.identity_file();
        let text = self.text(&Identity::generate());
        let file = age_file::seal(&text, Lid::Passphrase(passphrase))
            .map_err(|_| StoreError::BadPassphrase("is not UTF-8 text"))?;
        paths::write_file(&path, &file)?;
        let file = identity::read_identity_file(&path)?;
        first(identity::in_identity_file(&path, &file, passphrase)?)
    }

    /// Files `identities`, one after the other, as the vault's item and returns them as read back.
    pub(super) fn write_item(
        &self,
        keychain: &mut dyn Store,
        identities: &[Identity],
    ) -> Result<Vec<Identity>, StoreError> {
        let text = joined(identities.iter().map(|identity| self.text(identity)));
        keychain.write(&ItemId::vault_identity(self.home), &text)?;
        let known = identity::in_keychain(keychain, self.home)?;
        let same = known
            .iter()
            .map(Identity::recipient)
            .eq(identities.iter().map(Identity::recipient));
        same.then_some(known).ok_or_else(|| StoreError::Damaged {
            kind: keychain.kind(),
            what: ItemId::vault_identity(self.home).to_string(),
        })
    }

    fn text(&self, identity: &Identity) -> SecretValue {
        identity.to_file(&self.clock.now().to_string())
    }
}

#[expect(clippy::disallowed_methods, reason = "a key file is what it is for")]
fn write_new(path: &Path, text: &SecretValue) -> Result<(), StoreError> {
    paths::write_new_file(path, text.expose())?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the copy is wrapped at once")]
fn joined(texts: impl Iterator<Item = SecretValue>) -> SecretValue {
    let texts: Vec<SecretValue> = texts.collect();
    let size = texts.iter().map(SecretValue::len).sum();
    let mut all = zeroize::Zeroizing::new(Vec::with_capacity(size));
    for text in &texts {
        all.extend_from_slice(text.expose());
    }
    SecretValue::new(all)
}

fn first(known: Vec<Identity>) -> Result<Identity, StoreError> {
    known.into_iter().next().ok_or(StoreError::NoKey)
}
