//! The vault, from outside.

mod interop;
#[cfg(target_os = "linux")]
mod keeping;
mod opening;
mod tampering;
mod vectors;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use broker::clock::Clock;
use broker::paths::HomePaths;
use broker::secret::SecretValue;
use broker::store::vault::{Access, Protection, Unlocker};
use broker::store::{HomeId, ItemId, Removal, Store, StoreError, StoreKind, Vault};

pub(crate) use crate::contract::{item, value};

/// A keychain in memory, shared by its copies.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    items: Rc<RefCell<BTreeMap<ItemId, SecretValue>>>,
    locked: Rc<Cell<bool>>,
}

impl Memory {
    fn reach(&self) -> Result<(), StoreError> {
        if self.locked.get() {
            return Err(StoreError::Locked(StoreKind::Keychain));
        }
        Ok(())
    }
}

impl Store for Memory {
    fn kind(&self) -> StoreKind {
        StoreKind::Keychain
    }

    fn read(&mut self, items: &[ItemId]) -> Result<Vec<SecretValue>, StoreError> {
        self.reach()?;
        let all = self.items.borrow();
        items
            .iter()
            .map(|item| {
                all.get(item)
                    .map(SecretValue::duplicate)
                    .ok_or_else(|| StoreError::NotFound {
                        kind: StoreKind::Keychain,
                        item: item.clone(),
                    })
            })
            .collect()
    }

    fn write(&mut self, item: &ItemId, value: &SecretValue) -> Result<(), StoreError> {
        self.reach()?;
        self.items
            .borrow_mut()
            .insert(item.clone(), value.duplicate());
        Ok(())
    }

    fn remove(&mut self, item: &ItemId) -> Result<Removal, StoreError> {
        self.reach()?;
        Ok(match self.items.borrow_mut().remove(item) {
            Some(_) => Removal::Removed,
            None => Removal::Absent,
        })
    }

    fn items(&mut self, home: &HomeId) -> Result<Vec<ItemId>, StoreError> {
        self.reach()?;
        let all = self.items.borrow();
        Ok(all.keys().filter(|i| i.home() == home).cloned().collect())
    }

    fn check(&mut self) -> Result<(), StoreError> {
        self.reach()
    }
}

/// A person who may know a passphrase, and counts how often they are asked.
#[derive(Clone, Default)]
pub(crate) struct Person {
    pub(crate) knows: Rc<RefCell<Option<Vec<u8>>>>,
    pub(crate) asked: Rc<Cell<u32>>,
    pub(crate) keychain: Memory,
}

impl Unlocker for Person {
    fn passphrase(&self) -> Result<SecretValue, StoreError> {
        self.asked.set(self.asked.get() + 1);
        match self.knows.borrow().as_ref() {
            Some(bytes) => Ok(value(bytes)),
            None => Err(StoreError::Locked(StoreKind::Vault)),
        }
    }

    fn keychain(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(self.keychain.clone()))
    }
}

/// A home in a folder of its own, with an id no other test has.
pub(crate) struct Place {
    pub(crate) top: tempfile::TempDir,
    pub(crate) paths: HomePaths,
    pub(crate) home: HomeId,
    pub(crate) person: Person,
}

impl Place {
    pub(crate) fn new() -> Self {
        let top = tempfile::tempdir().unwrap();
        let mut id = [0; 16];
        getrandom::fill(&mut id).unwrap();
        Self {
            paths: HomePaths::under(&top.path().join("home")),
            top,
            home: HomeId::from_random(id),
            person: Person::default(),
        }
    }

    pub(crate) fn access(&self) -> Access {
        Access {
            key_file: None,
            unlocker: Box::new(self.person.clone()),
            clock: Clock::System,
        }
    }

    pub(crate) fn create(&self, protection: &Protection) -> Vault {
        Vault::create(&self.paths, &self.home, protection, self.access()).unwrap()
    }

    /// A vault opened by its own key file, with one secret `a` that is `value of a`.
    pub(crate) fn with_one_secret() -> (Self, Vault) {
        let place = Self::new();
        let mut vault = place.create(&Protection::KeyFile(None));
        vault
            .write(&place.item("a"), &value(b"value of a"))
            .unwrap();
        (place, vault)
    }

    pub(crate) fn open(&self) -> Result<Vault, StoreError> {
        Vault::open(&self.paths, &self.home, self.access())
    }

    pub(crate) fn read(&self, name: &str) -> Result<SecretValue, StoreError> {
        let mut vault = self.open()?;
        Ok(vault.read(&[self.item(name)])?.remove(0))
    }

    pub(crate) fn item(&self, name: &str) -> ItemId {
        item(&self.home, name, 1)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.paths.vault_folder().join(name)
    }
}

/// Replaces a file the way a person would, without broker's checks, keeping it private.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, bytes).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_vault_keeps_the_contract_however_it_is_opened() {
    for protection in [
        Protection::KeyFile(None),
        Protection::Keychain,
        Protection::Passphrase(value(b"pass")),
    ] {
        let place = Place::new();
        let mut vault = place.create(&protection);
        crate::contract::holds(&mut vault, &place.home);
    }
}
