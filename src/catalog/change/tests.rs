//! Tests of the order of steps, on a store that fails when it is told to.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "helpers of tests may abort and look at values"
)]

pub(in crate::catalog) mod faults;
mod model;
mod rotation;
mod sequences;
mod table;

use std::collections::BTreeMap;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::*;
use crate::catalog::create_home;
use crate::paths::HomePaths;
use crate::store::{HomeId, ItemId, Removal, Version};
use faults::Step;

/// What a store is told to do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Write,
    /// It takes the value and says that it did not.
    WriteAfter,
    Read,
    Remove,
    /// It gives back something else than it was given.
    Alters,
}

struct Flaky {
    kind: StoreKind,
    held: BTreeMap<String, Vec<u8>>,
    fault: Fault,
    /// It does not tell the case of names, as some keychains do not, and keeps the first.
    folds: bool,
}

impl Flaky {
    fn refused(&self, fault: Fault) -> Result<(), StoreError> {
        if self.fault == fault {
            Err(StoreError::Denied(self.kind))
        } else {
            Ok(())
        }
    }

    /// Returns what an item is held under.
    fn key(&self, item: &ItemId) -> String {
        let local = item.local();
        let alike = |key: &&String| self.folds && key.eq_ignore_ascii_case(&local);
        self.held.keys().find(alike).cloned().unwrap_or(local)
    }
}

impl Store for Flaky {
    fn kind(&self) -> StoreKind {
        self.kind
    }

    fn read(&mut self, items: &[ItemId]) -> Result<Vec<SecretValue>, StoreError> {
        faults::calling(Step::Read, self.kind, || {
            self.refused(Fault::Read)?;
            let one = |item: &ItemId| {
                let bytes = self.held.get(&self.key(item)).cloned();
                let absent = || StoreError::NotFound {
                    kind: self.kind,
                    item: item.clone(),
                };
                bytes
                    .map(|bytes| SecretValue::new(Zeroizing::new(bytes)))
                    .ok_or_else(absent)
            };
            items.iter().map(one).collect()
        })
    }

    fn write(&mut self, item: &ItemId, value: &SecretValue) -> Result<(), StoreError> {
        faults::calling(Step::Write, self.kind, || {
            self.refused(Fault::Write)?;
            let mut bytes = value.expose().to_vec();
            if self.fault == Fault::Alters {
                bytes.push(b'!');
            }
            self.held.insert(self.key(item), bytes);
            self.refused(Fault::WriteAfter)
        })
    }

    fn remove(&mut self, item: &ItemId) -> Result<Removal, StoreError> {
        faults::calling(Step::Remove, self.kind, || {
            self.refused(Fault::Remove)?;
            Ok(match self.held.remove(&self.key(item)) {
                Some(_) => Removal::Removed,
                None => Removal::Absent,
            })
        })
    }

    fn items(&mut self, home: &HomeId) -> Result<Vec<ItemId>, StoreError> {
        faults::calling(Step::List, self.kind, || {
            let held = self.held.keys();
            let items = held.filter_map(|local| ItemId::from_local(home, local));
            Ok(items.collect())
        })
    }

    fn check(&mut self) -> Result<(), StoreError> {
        faults::calling(Step::Check, self.kind, || Ok(()))
    }
}

struct Both {
    keychain: Flaky,
    vault: Flaky,
}

impl Stores for Both {
    fn store(&mut self, kind: StoreKind) -> Result<&mut dyn Store, StoreError> {
        Ok(match kind {
            StoreKind::Keychain => &mut self.keychain,
            StoreKind::Vault => &mut self.vault,
        })
    }
}

struct World {
    home: Home,
    stores: Both,
    _folder: tempfile::TempDir,
}

impl World {
    fn with(names: &[&str]) -> Self {
        let folder = folder();
        let paths = HomePaths::under(folder.path());
        let id = HomeId::from_random([7; 16]);
        let home = create_home(
            paths,
            StoreKind::Keychain,
            false,
            id,
            Timestamp::UNIX_EPOCH,
            |_| Ok::<(), CatalogError>(()),
        )
        .expect("a home");
        let flaky = |kind| Flaky {
            kind,
            held: BTreeMap::new(),
            fault: Fault::None,
            folds: false,
        };
        let stores = Both {
            keychain: flaky(StoreKind::Keychain),
            vault: flaky(StoreKind::Vault),
        };
        let mut world = Self {
            home,
            stores,
            _folder: folder,
        };
        for name in names {
            world.add(name).expect("added");
        }
        world
    }

    fn add(&mut self, text: &str) -> Result<(), CatalogError> {
        let now = Timestamp::UNIX_EPOCH;
        let record = Record::first(format!("id-{text}"), name(text), StoreKind::Keychain, now);
        Change::begin(&self.home)?.add(&mut self.stores, record, &value(text))
    }

    fn names(&self) -> Vec<String> {
        let catalog = self.home.catalog().expect("a catalog");
        catalog
            .secrets()
            .iter()
            .map(|record| record.name.to_string())
            .collect()
    }

    fn pending(&self) -> usize {
        self.home.catalog().expect("a catalog").pending().len()
    }

    fn held(&self) -> Vec<&str> {
        self.stores
            .keychain
            .held
            .keys()
            .map(String::as_str)
            .collect()
    }
}

/// Makes a folder, in memory where the system has a place for that: tests of faults make many, and change much in them.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a folder")
}

fn name(text: &str) -> SecretName {
    text.parse().expect("a name")
}

fn value(text: &str) -> SecretValue {
    SecretValue::new(Zeroizing::new(text.as_bytes().to_vec()))
}

#[test]
fn a_store_that_fails_while_adding_leaves_no_secret_and_no_copy() {
    for fault in [Fault::Write, Fault::WriteAfter, Fault::Read, Fault::Alters] {
        let mut world = World::with(&["other"]);
        world.stores.keychain.fault = fault;
        assert!(world.add("new").is_err(), "{fault:?}");
        assert_eq!(world.names(), ["other"], "{fault:?}");
        assert_eq!(world.held(), ["other@v1"], "{fault:?}");
        assert_eq!(world.pending(), 0, "{fault:?}");
    }
}

#[test]
fn a_copy_that_cannot_be_taken_back_is_remembered_and_removed_later() {
    let mut world = World::with(&[]);
    world
        .stores
        .keychain
        .held
        .insert("new@v1".to_owned(), b"left".to_vec());
    world.stores.keychain.fault = Fault::Remove;
    // The write goes through; the catalog's own check finds the name taken by nobody.
    let mut change = Change::begin(&world.home).expect("begun");
    let item = Pending {
        store: StoreKind::Keychain,
        name: name("new"),
        version: Version::FIRST,
    };
    change
        .announce(std::slice::from_ref(&item))
        .expect("announced");
    let error = change.take_back(&mut world.stores, vec![item], CatalogError::NoHome);
    assert!(
        matches!(error, CatalogError::NoHome),
        "the first error is the one that is told"
    );
    drop(change);
    assert_eq!(world.pending(), 1);
    world.stores.keychain.fault = Fault::None;
    let swept = Change::begin(&world.home)
        .expect("begun")
        .sweep(&mut world.stores);
    assert!(swept.errors.is_empty());
    assert_eq!(world.pending(), 0);
    assert!(world.held().is_empty());
}

#[test]
fn a_store_that_fails_while_renaming_leaves_the_old_name() {
    for fault in [Fault::Write, Fault::WriteAfter, Fault::Read, Fault::Alters] {
        let mut world = World::with(&["old"]);
        world.stores.keychain.fault = fault;
        let mut change = Change::begin(&world.home).expect("begun");
        let renamed = change.rename(&mut world.stores, &name("old"), &name("new"));
        assert!(renamed.is_err(), "{fault:?}");
        drop(change);
        assert_eq!(world.names(), ["old"], "{fault:?}");
        assert_eq!(world.held(), ["old@v1"], "{fault:?}");
        assert_eq!(world.pending(), 0, "{fault:?}");
    }
}

#[test]
fn a_removal_that_a_store_refuses_is_told_and_tried_again() {
    let mut world = World::with(&["old", "other"]);
    world.stores.keychain.fault = Fault::Remove;
    let mut change = Change::begin(&world.home).expect("begun");
    let leftover = change
        .remove(&mut world.stores, &[name("old")])
        .expect("removed");
    assert_eq!(leftover.errors.len(), 1);
    drop(change);
    assert_eq!(world.names(), ["other"]);
    assert_eq!(world.pending(), 1);
    world.stores.keychain.fault = Fault::None;
    world.add("third").expect("added");
    let swept = Change::begin(&world.home)
        .expect("begun")
        .sweep(&mut world.stores);
    assert!(swept.errors.is_empty());
    assert_eq!(world.held(), ["other@v1", "third@v1"]);
}

#[test]
fn a_name_that_is_taken_again_keeps_its_new_value_when_the_old_is_cleaned_up() {
    let mut world = World::with(&["a"]);
    world.stores.keychain.fault = Fault::Remove;
    let mut change = Change::begin(&world.home).expect("begun");
    let _ = change
        .remove(&mut world.stores, &[name("a")])
        .expect("removed");
    drop(change);
    world.stores.keychain.fault = Fault::None;
    world.add("a").expect("added again");
    let _ = Change::begin(&world.home)
        .expect("begun")
        .sweep(&mut world.stores);
    assert_eq!(world.held(), ["a@v1"]);
    assert_eq!(world.pending(), 0);
}

#[test]
fn names_are_unique_without_regard_to_case() {
    let mut world = World::with(&["Token"]);
    assert!(matches!(world.add("tOKEN"), Err(CatalogError::Exists(_))));
    let mut change = Change::begin(&world.home).expect("begun");
    let _ = change
        .rename(&mut world.stores, &name("Token"), &name("token"))
        .expect("renamed");
    drop(change);
    assert_eq!(world.names(), ["token"]);
    assert_eq!(
        world.held(),
        ["Token@v1"],
        "a store may not tell the two apart"
    );
    let catalog = world.home.catalog().expect("a catalog");
    let record = catalog.get(&name("token")).expect("there");
    assert_eq!(catalog.item(record, record.current).local(), "Token@v1");
    let mut change = Change::begin(&world.home).expect("begun");
    let _ = change
        .rename(&mut world.stores, &name("token"), &name("other"))
        .expect("renamed");
    drop(change);
    assert_eq!(world.held(), ["other@v1"]);
}

#[test]
fn a_secret_moves_to_the_other_store_whole() {
    let mut world = World::with(&["a"]);
    let mut change = Change::begin(&world.home).expect("begun");
    let _ = change
        .migrate(&mut world.stores, &name("a"), StoreKind::Vault)
        .expect("moved");
    assert!(matches!(
        change.migrate(&mut world.stores, &name("a"), StoreKind::Vault),
        Err(CatalogError::SameStore(..))
    ));
    drop(change);
    assert!(world.held().is_empty());
    assert_eq!(world.stores.vault.held["a@v1"], b"a");
    world.stores.keychain.fault = Fault::Alters;
    let mut change = Change::begin(&world.home).expect("begun");
    let moved = change.migrate(&mut world.stores, &name("a"), StoreKind::Keychain);
    assert!(matches!(
        moved,
        Err(CatalogError::NotKept(StoreKind::Keychain))
    ));
    drop(change);
    assert_eq!(world.stores.vault.held["a@v1"], b"a", "the old copy stays");
    assert!(world.held().is_empty());
}

#[test]
fn a_removal_names_all_or_removes_none() {
    let mut world = World::with(&["a", "b"]);
    let mut change = Change::begin(&world.home).expect("begun");
    let removed = change.remove(&mut world.stores, &[name("a"), name("absent")]);
    assert!(matches!(removed, Err(CatalogError::NotFound(_))));
    drop(change);
    assert_eq!(world.names(), ["a", "b"]);
    assert_eq!(world.held(), ["a@v1", "b@v1"]);
}
