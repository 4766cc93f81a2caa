//! A change of key that stops anywhere leaves a whole vault.
#![expect(clippy::disallowed_methods, reason = "looks at what is kept")]

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::clock::Clock;
use crate::paths::HomePaths;
use crate::secret::SecretValue;
use crate::store::vault::{Access, Unlocker};
use crate::store::{HomeId, Removal, Store, Version};

/// A keychain with room for the one item a vault keeps there.
#[derive(Clone, Default)]
struct OneItem(Rc<RefCell<Option<SecretValue>>>);

impl Store for OneItem {
    fn kind(&self) -> StoreKind {
        StoreKind::Keychain
    }

    fn read(&mut self, items: &[ItemId]) -> Result<Vec<SecretValue>, StoreError> {
        match self.0.borrow().as_ref() {
            Some(value) => Ok(vec![value.duplicate()]),
            None => Err(StoreError::NotFound {
                kind: StoreKind::Keychain,
                item: items[0].clone(),
            }),
        }
    }

    fn write(&mut self, _: &ItemId, value: &SecretValue) -> Result<(), StoreError> {
        self.0.replace(Some(value.duplicate()));
        Ok(())
    }

    fn remove(&mut self, _: &ItemId) -> Result<Removal, StoreError> {
        Ok(match self.0.take() {
            Some(_) => Removal::Removed,
            None => Removal::Absent,
        })
    }

    fn items(&mut self, _: &HomeId) -> Result<Vec<ItemId>, StoreError> {
        Ok(Vec::new())
    }

    fn check(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

struct Nobody(OneItem);

impl Unlocker for Nobody {
    fn passphrase(&self) -> Result<SecretValue, StoreError> {
        Err(StoreError::Locked(StoreKind::Vault))
    }

    fn keychain(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(self.0.clone()))
    }
}

struct Place {
    top: tempfile::TempDir,
    home: HomeId,
    keychain: OneItem,
}

impl Place {
    fn new(protection: &Protection) -> Self {
        let place = Self {
            top: tempfile::tempdir().unwrap(),
            home: HomeId::from_random([9; 16]),
            keychain: OneItem::default(),
        };
        let mut vault =
            Vault::create(&place.paths(), &place.home, protection, place.access()).unwrap();
        for name in ["a", "b/c", "d"] {
            vault.write(&place.item(name), &text(name)).unwrap();
        }
        place
    }

    fn paths(&self) -> HomePaths {
        HomePaths::under(self.top.path())
    }

    fn access(&self) -> Access {
        Access {
            key_file: None,
            unlocker: Box::new(Nobody(self.keychain.clone())),
            clock: Clock::System,
        }
    }

    fn item(&self, name: &str) -> ItemId {
        ItemId::secret(&self.home, &name.parse().unwrap(), Version(1))
    }

    fn open(&self) -> Vault {
        Vault::open(&self.paths(), &self.home, self.access()).unwrap()
    }

    /// Everything there was can be read, by one who comes afterwards.
    fn is_whole(&self) {
        let mut vault = self.open();
        for name in ["a", "b/c", "d"] {
            let read = vault.read(&[self.item(name)]).unwrap();
            assert!(read[0].same_as(&text(name)), "{name}");
        }
        assert_eq!(vault.items(&self.home).unwrap().len(), 3);
    }

    /// The names in the vault's folder.
    fn files(&self) -> Vec<String> {
        let names = paths::list_all(self.paths().vault_folder())
            .unwrap()
            .unwrap();
        let mut names: Vec<_> = names
            .iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

fn text(text: &str) -> SecretValue {
    SecretValue::new(text.as_bytes().to_vec().into())
}

/// Stops before step `stop`, as a crash would; `true` if it got through.
fn rekey_until(vault: &mut Vault, to: &Protection, stop: usize) -> bool {
    let mut count = 0_usize;
    let result = vault.rekey_in_steps(to, &mut |_| {
        count = count.saturating_add(1);
        if count > stop {
            return Err(StoreError::Unsupported(StoreKind::Vault));
        }
        Ok(())
    });
    match result {
        Ok(_) => true,
        Err(StoreError::Unsupported(_)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

fn stops_anywhere(from: &Protection, to: &Protection) {
    let mut done = false;
    for stop in 0..20 {
        let place = Place::new(from);
        let before = place.open().status().recipient;
        done = rekey_until(&mut place.open(), to, stop);
        place.is_whole();
        let after = place.open().status().recipient;
        // key, folder, three items, switch, old: from there on it is the new one.
        assert_eq!(after != before, stop >= 6, "stopped before step {stop}");
        place.open().clean().unwrap();
        place.is_whole();
        assert!(place.open().leftovers().unwrap().is_empty());
        // vault.json, the secrets, and the key if that is a file.
        let files = place.files();
        let expected = match place.open().record.unlock {
            Unlock::Keychain => 2,
            Unlock::KeyFile | Unlock::Passphrase => 3,
        };
        assert_eq!(files.len(), expected, "{files:?}");
        if let Some(kept) = place.keychain.0.borrow().as_ref() {
            let kept = Identity::read_all(kept.expose()).unwrap();
            assert_eq!(kept.len(), 1, "one identity is left in the keychain");
        }
        // And it can be done again.
        place.open().rekey(&Protection::KeyFile(None)).unwrap();
        place.is_whole();
        if done {
            break;
        }
    }
    assert!(done, "more steps than expected");
}

#[test]
fn a_rekey_from_file_to_file_can_stop_anywhere() {
    stops_anywhere(&Protection::KeyFile(None), &Protection::KeyFile(None));
}

#[test]
fn a_rekey_from_keychain_to_keychain_can_stop_anywhere() {
    stops_anywhere(&Protection::Keychain, &Protection::Keychain);
}

#[test]
fn a_rekey_from_file_to_keychain_can_stop_anywhere() {
    stops_anywhere(&Protection::KeyFile(None), &Protection::Keychain);
}

#[test]
fn the_old_key_opens_nothing_after_a_rekey() {
    let place = Place::new(&Protection::KeyFile(None));
    let key = place.paths().vault_folder().join("key.txt");
    let old = paths::read_file(&key, 1000).unwrap().unwrap();
    assert!(
        place
            .open()
            .rekey(&Protection::Keychain)
            .unwrap()
            .is_empty()
    );
    assert_eq!(place.files(), ["secrets-2", "vault.json"]);
    let aside = place.top.path().join("old.key");
    paths::write_file(&aside, &old).unwrap();
    let access = Access {
        key_file: Some(aside.clone()),
        ..place.access()
    };
    let mut vault = Vault::open(&place.paths(), &place.home, access).unwrap();
    assert!(matches!(
        vault.read(&[place.item("a")]),
        Err(StoreError::WrongKey)
    ));
}

#[test]
fn the_keychain_forgets_the_key_of_a_vault_that_is_no_longer_opened_by_it() {
    let place = Place::new(&Protection::Keychain);
    assert!(place.keychain.0.borrow().is_some());
    place.open().rekey(&Protection::KeyFile(None)).unwrap();
    assert!(place.keychain.0.borrow().is_none());
    place.is_whole();
}

#[test]
fn a_reader_from_before_a_rekey_reads_after_it() {
    let place = Place::new(&Protection::KeyFile(None));
    let mut early = place.open();
    let mut earlier = place.open();
    earlier.read(&[place.item("a")]).unwrap();
    place.open().rekey(&Protection::KeyFile(None)).unwrap();
    for vault in [&mut early, &mut earlier] {
        let read = vault.read(&[place.item("d")]).unwrap();
        assert!(read[0].same_as(&text("d")));
    }
    earlier.write(&place.item("d"), &text("d")).unwrap();
    place.is_whole();
}

#[test]
fn a_damaged_item_stops_a_rekey_and_nothing_changes() {
    let place = Place::new(&Protection::KeyFile(None));
    let before = place.files();
    let file = place.paths().vault_folder().join("secrets/d@v1.age");
    let sound = paths::read_file(&file, 1000).unwrap().unwrap();
    paths::write_file(&file, &sound[..sound.len() - 1]).unwrap();
    let result = place.open().rekey(&Protection::KeyFile(None));
    assert!(matches!(result, Err(StoreError::Damaged { what, .. }) if what == "d@v1"));
    assert_eq!(place.files(), before);
    paths::write_file(&file, &sound).unwrap();
    place.is_whole();
}

#[test]
fn the_key_in_use_is_no_new_key_and_stays() {
    let top = tempfile::tempdir().unwrap();
    let chosen = Protection::KeyFile(Some(top.path().join("my.key")));
    let place = Place::new(&chosen);
    let result = place.open().rekey(&chosen);
    assert!(matches!(result, Err(StoreError::SameKey)));
    place.is_whole();
    place.open().rekey(&Protection::KeyFile(None)).unwrap();
    place.is_whole();
    assert!(top.path().join("my.key").exists(), "not ours to remove");
    // An older file of the vault's own, chosen by name, is in use and no leftover.
    let own = place.paths().vault_folder().join("key.txt");
    let by_name = Protection::KeyFile(Some(own.clone()));
    place.open().rekey(&by_name).unwrap();
    place.open().clean().unwrap();
    assert!(own.exists());
    place.is_whole();
}

#[test]
fn a_newer_generation_that_holds_more_is_not_cleared_away() {
    let place = Place::new(&Protection::KeyFile(None));
    let record = place.paths().vault_folder().join("vault.json");
    let old = paths::read_file(&record, 1000).unwrap().unwrap();
    let mut vault = place.open();
    // Stops right before the old generation goes.
    assert!(!rekey_until(&mut vault, &Protection::KeyFile(None), 6));
    let mut vault = place.open();
    vault.write(&place.item("new"), &text("new")).unwrap();
    // Somebody puts the old record back from a copy.
    paths::write_file(&record, &old).unwrap();
    assert!(place.open().clean().unwrap().is_empty());
    let files = place.files();
    assert!(files.contains(&"secrets-2".to_owned()), "{files:?}");
    assert!(files.contains(&"key-2.txt".to_owned()), "{files:?}");
}
