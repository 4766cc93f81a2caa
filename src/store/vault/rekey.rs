//! Changing the key of a vault, and clearing away what a crash left.
//!
//! Everything of the new key goes beside the old, as a generation of its own, and is read back. Then one
//! replacement of `vault.json` switches over; then the old is removed. A crash leaves the old vault or the new one
//! whole, and some files of the other. In the keychain, which has one item, the new identity is put beside
//! the old one until the switch.
//!
//! The old key still opens copies of the old files: who may have both should rotate the secrets too.

use std::path::{Path, PathBuf};

use super::layout::{Entry, Generation};
use super::make::{Place, Protection};
use super::record::{Record, Unlock};
use super::{Identity, Vault, file_name, identity, load, open_item};
use crate::paths::{self, FileError};
use crate::store::{ItemId, StoreError, StoreKind};

/// Asked before each step that changes something; an error stops there, as a crash would.
type Step<'a> = &'a mut dyn FnMut(&'static str) -> Result<(), StoreError>;

impl Vault {
    /// Gives the vault a new key, kept as `protection` says, and encrypts every item to it. Returns what of
    /// the old one could not be removed.
    ///
    /// # Errors
    /// Any error of reading with the old key or writing with the new; the vault then is as it was, or, where
    /// only the last sync failed, has the new key with everything of the old one still there.
    /// [`StoreError::SameKey`] when the chosen key file holds the key in use.
    pub fn rekey(&mut self, protection: &Protection) -> Result<Vec<PathBuf>, StoreError> {
        self.refresh()?;
        let before = self.record.generation;
        let result = self.rekey_in_steps(protection, &mut |_| Ok(()));
        // What the attempt left is removed. Where the record says that the switch was made although it was told
        // to have failed, nothing is: it may not outlast a loss of power, and then the old files are needed.
        if result.is_err() && self.refresh().is_ok() && self.record.generation == before {
            let _ = self.clean();
        }
        result
    }

    fn rekey_in_steps(
        &mut self,
        protection: &Protection,
        step: Step<'_>,
    ) -> Result<Vec<PathBuf>, StoreError> {
        protection.check()?;
        self.refresh()?;
        let old = self.sound_generation()?;
        let old_record = self.record.clone();
        let old_identity = self.identity()?.clone();
        let new = Generation::new(&self.folder, unused_generation(&self.folder, old.number)?);

        step("key")?;
        let (identity, key_file) = self.put_new_key(&new, protection, &old_identity)?;
        if identity.recipient() == old_record.recipient {
            return Err(StoreError::SameKey);
        }
        step("folder")?;
        paths::create_folder(&new.secrets())?;
        for item in old.items(&self.home)?.unwrap_or_default() {
            step("item")?;
            self.carry_over(&item, (&old, &old_identity), (&new, &identity))?;
        }
        let record = Record::new(
            identity.recipient(),
            protection.unlock(),
            key_file,
            new.number,
        );
        step("switch")?;
        record.store(&self.folder)?;
        self.record = record;
        self.identity = Some(identity);

        step("old")?;
        // From here on the vault is the new one: what fails is told as left behind.
        let _ = self.forget(&old_record);
        let _ = self.clean();
        self.leftovers()
    }

    /// Reads `item` with the old key, writes it with the new, and reads that back.
    fn carry_over(
        &self,
        item: &ItemId,
        old: (&Generation, &Identity),
        new: (&Generation, &Identity),
    ) -> Result<(), StoreError> {
        let open = |(generation, identity): (&Generation, &Identity)| {
            let file = self.read_file(generation, item)?;
            open_item(item, &file, std::slice::from_ref(identity))
        };
        let value = open(old)?;
        self.write_file(new.0, &new.1.recipient(), item, &value)?;
        if open(new)?.same_as(&value) {
            return Ok(());
        }
        Err(StoreError::Damaged {
            kind: StoreKind::Vault,
            what: item.to_string(),
        })
    }

    fn put_new_key(
        &self,
        generation: &Generation,
        protection: &Protection,
        old: &Identity,
    ) -> Result<(Identity, Option<PathBuf>), StoreError> {
        let place = self.place(generation);
        match protection {
            Protection::KeyFile(path) => place.key_file(path.as_deref()),
            Protection::Passphrase(passphrase) => Ok((place.identity_file(passphrase)?, None)),
            Protection::Keychain => {
                let mut keychain = self.access.unlocker.keychain()?;
                let made = Identity::generate();
                let mut both = vec![made.clone()];
                // Only where the old one is there: it needs no copy it did not have.
                if self.record.unlock == Unlock::Keychain {
                    both.push(old.clone());
                }
                place.write_item(keychain.as_mut(), &both)?;
                Ok((made, None))
            }
        }
    }

    fn place<'a>(&'a self, generation: &'a Generation) -> Place<'a> {
        Place {
            generation,
            home: &self.home,
            unlocker: self.access.unlocker.as_ref(),
            clock: self.access.clock,
        }
    }

    /// Takes the old identity out of the kernel's keyring and the keychain.
    fn forget(&mut self, old: &Record) -> Result<(), StoreError> {
        let identity = self.identity.clone();
        self.lock()?;
        self.identity = identity;
        if old.unlock == Unlock::Keychain && self.record.unlock != Unlock::Keychain {
            let item = ItemId::vault_identity(&self.home);
            let _ = self.access.unlocker.keychain()?.remove(&item)?;
        }
        Ok(())
    }

    /// Lists the files and folders that belong to no vault any more: temporary files, and what an interrupted
    /// `create` or `rekey` left.
    ///
    /// Leaves out a *newer* generation that holds an item this one lacks: that is no leftover but a vault whose
    /// `vault.json` was put back from a copy.
    ///
    /// # Errors
    /// [`StoreError::File`], [`StoreError::NotSetUp`], [`StoreError::Damaged`].
    pub fn leftovers(&self) -> Result<Vec<PathBuf>, StoreError> {
        let record = load(&self.folder)?;
        let current = Generation::new(&self.folder, record.generation);
        let mut found = Vec::new();
        for name in paths::list_all(&self.folder)?.unwrap_or_default() {
            let left = match Entry::of(&name) {
                Entry::Temporary => true,
                Entry::Other => false,
                Entry::KeyFile(n) if n == current.number => {
                    record.unlock != Unlock::KeyFile || record.key_file.is_some()
                }
                Entry::IdentityFile(n) if n == current.number => {
                    record.unlock != Unlock::Passphrase
                }
                Entry::Secrets(n) | Entry::KeyFile(n) | Entry::IdentityFile(n) => {
                    n != current.number && !self.holds_more(n, &current)?
                }
            };
            let path = self.folder.join(name);
            // A key file may have been chosen among the older ones.
            if left && record.key_file.as_ref() != Some(&path) {
                found.push(path);
            }
        }
        for name in paths::list_all(&current.secrets())?.unwrap_or_default() {
            if paths::is_temporary(&name) {
                found.push(current.secrets().join(name));
            }
        }
        Ok(found)
    }

    /// Removes the leftovers and, in the keychain, identities of other keys than the vault's. Returns what is gone.
    ///
    /// The keychain is looked at only if the vault is opened by it: an identity that stayed there because a change
    /// to another way of opening was interrupted right at its end is not found.
    ///
    /// # Errors
    /// As [`Vault::leftovers`], and those of the keychain.
    pub fn clean(&mut self) -> Result<Vec<PathBuf>, StoreError> {
        // What is left over is judged by the record as it is, never by one that was read before the lock.
        self.refresh()?;
        let leftovers = self.leftovers()?;
        let mut gone = Vec::new();
        for path in leftovers {
            let entry = path.file_name().map(Entry::of);
            let removed = match entry {
                Some(Entry::Secrets(n)) => self.remove_secrets(n)?,
                _ => paths::remove_file(&path)?,
            };
            if removed {
                gone.push(path);
            }
        }
        self.clean_item()?;
        Ok(gone)
    }

    /// Removes the folder of generation `number`, unless there is something in it that is not ours.
    fn remove_secrets(&self, number: u32) -> Result<bool, StoreError> {
        let generation = Generation::new(&self.folder, number);
        let folder = generation.secrets();
        for item in generation.items(&self.home)?.unwrap_or_default() {
            paths::remove_file(&generation.item_file(&item))?;
        }
        for name in paths::list_all(&folder)?.unwrap_or_default() {
            if paths::is_temporary(&name) {
                paths::remove_file(&folder.join(name))?;
            }
        }
        match paths::remove_folder(&folder) {
            Err(FileError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::DirectoryNotEmpty =>
            {
                Ok(false)
            }
            removed => Ok(removed?),
        }
    }

    /// Leaves one identity in the vault's item of the keychain, if the vault is opened by it.
    fn clean_item(&mut self) -> Result<(), StoreError> {
        if self.record.unlock != Unlock::Keychain {
            return Ok(());
        }
        let mut keychain = self.access.unlocker.keychain()?;
        let known = identity::in_keychain(keychain.as_mut(), &self.home)?;
        let own: Vec<_> = known
            .iter()
            .filter(|identity| identity.recipient() == self.record.recipient)
            .take(1)
            .cloned()
            .collect();
        if !own.is_empty() && known.len() > 1 {
            let generation = self.generation();
            self.place(&generation)
                .write_item(keychain.as_mut(), &own)?;
        }
        Ok(())
    }

    /// Tells whether generation `number` comes after `current` and has items that `current` lacks.
    fn holds_more(&self, number: u32, current: &Generation) -> Result<bool, StoreError> {
        // An older one was carried over whole before it was left; what it has more has been removed since.
        if number < current.number {
            return Ok(false);
        }
        let here = current.items(&self.home)?.unwrap_or_default();
        let there = Generation::new(&self.folder, number).items(&self.home)?;
        Ok(there
            .unwrap_or_default()
            .iter()
            .any(|item| !here.contains(item)))
    }
}

/// Returns a number after all that were ever used.
fn unused_generation(folder: &Path, current: u32) -> Result<u32, StoreError> {
    let names = paths::list_folder(folder)?.unwrap_or_default();
    let highest = names
        .iter()
        .filter_map(|name| Entry::of(name).generation())
        .fold(current, u32::max);
    highest.checked_add(1).ok_or_else(|| StoreError::Damaged {
        kind: StoreKind::Vault,
        what: file_name(folder),
    })
}

#[cfg(test)]
#[path = "rekey_tests.rs"]
mod tests;
