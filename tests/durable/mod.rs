//! No crash, full disk or broken disk loses a secret or a permission: `set`, `remove`, `rename`, `rotate`, `rollback`, `allow`,
//! `revoke` and `exec` under every fault at every system call they make.
//!
//! After each run the state has to be the old one or the new one, with every value that the catalog
//! names readable and exact; what said that it succeeded did; and the next command cleans up, after
//! which the store holds what the catalog names, the seal, and nothing else. The log is whole up to its
//! anchor, tells of every change that was made, and that it was done where that was said.

mod backup;
mod daemon;
mod keychain;
mod permission;
mod protect;
mod restore;
mod rotation;
mod sealed;
mod vault;

use broker::audit::Action;
use broker::catalog::change::{Change, Stores};
use broker::catalog::{Catalog, Home, Record, create_home};
use broker::paths::HomePaths;
use broker::secret::{SecretName, SecretValue};
use broker::store::{HomeId, ItemId, Store, StoreError, StoreKind};
use jiff::Timestamp;
use zeroize::Zeroizing;

use sealed::Sealed;

use crate::faults::{Outcome, Subject};
use crate::support::home::BROKER;

/// The value the commands store.
const NEW: &str = "canary-new-51c0e7f2";
/// The value that is there before.
const OLD: &str = "canary-old-9d3b6a10";

/// One store, opened by the test.
pub(crate) struct One(pub(crate) Box<dyn Store>);

impl Stores for One {
    fn store(&mut self, kind: StoreKind) -> Result<&mut dyn Store, StoreError> {
        assert_eq!(kind, self.0.kind(), "the other store was asked for");
        Ok(self.0.as_mut())
    }
}

/// A command that changes secrets, and what it does to the names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) words: &'static [&'static str],
    action: Action,
    before: &'static [&'static str],
    after: &'static [&'static str],
}

pub(crate) const SET: Case = Case {
    words: &["set", "new"],
    action: Action::Set,
    before: &["other"],
    after: &["new", "other"],
};
pub(crate) const REMOVE: Case = Case {
    words: &["remove", "old", "--yes"],
    action: Action::Remove,
    before: &["old", "other"],
    after: &["other"],
};
pub(crate) const RENAME: Case = Case {
    words: &["rename", "old", "work/name"],
    action: Action::Rename,
    before: &["old", "other"],
    after: &["other", "work/name"],
};

/// Makes the home a case starts from. `open` sets the store up for the new home.
pub(crate) fn home(
    case: Case,
    paths: HomePaths,
    kind: StoreKind,
    open: impl FnOnce(&HomePaths, &HomeId) -> One,
) -> Home {
    let mut random = [0_u8; 16];
    broker::sys::random(&mut random).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let mut stores = None;
    let home = create_home(
        paths.clone(),
        kind,
        true,
        HomeId::from_random(random),
        now,
        |id| {
            let mut opened = open(&paths, id);
            sealed::make(&paths, id, &mut opened, now);
            stores = Some(opened);
            Ok::<(), broker::catalog::CatalogError>(())
        },
    )
    .unwrap();
    let mut stores = stores.unwrap();
    for before in case.before {
        let record = Record::first((*before).to_owned(), name(before), kind, now);
        Change::begin(&home)
            .unwrap()
            .add(&mut stores, record, &value(OLD))
            .unwrap();
    }
    home
}

/// The command of a case, to be run in `paths`' home.
pub(crate) fn subject(case: Case, root: std::path::PathBuf) -> Subject {
    let mut subject = Subject::new(BROKER).arg("--home").arg(root);
    for word in case.words {
        subject = subject.arg(*word);
    }
    subject
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/")
        .stdin(NEW)
}

/// Judges the state a run left.
pub(crate) fn judge(
    case: Case,
    home: &Home,
    stores: &mut One,
    outcome: &Outcome,
) -> Result<(), String> {
    let catalog = home.catalog().map_err(|e| format!("the catalog: {e}"))?;
    let names: Vec<_> = catalog
        .secrets()
        .iter()
        .map(|r| r.name.as_str().to_owned())
        .collect();
    let is_new = names == case.after;
    if !is_new && names != case.before {
        return Err(format!("neither the old nor the new state: {names:?}"));
    }
    if outcome.succeeded() && !is_new {
        return Err("it said that it succeeded, but the state is the old one".to_owned());
    }
    if outcome.injected.is_none() && !outcome.succeeded() {
        let said = String::from_utf8_lossy(&outcome.stderr);
        return Err(format!("undisturbed, it failed: {said}"));
    }
    every_value_is_right(&catalog, stores)?;
    Sealed::of(home, stores, outcome)?.tells(case.action, is_new, outcome)?;
    // The next command finishes what was begun.
    let mut change = Change::begin(home).map_err(|e| format!("the lock: {e}"))?;
    let leftover = change.sweep(stores);
    if !leftover.errors.is_empty() || leftover.unrecorded.is_some() {
        return Err(format!("cleaning up: {leftover:?}"));
    }
    drop(change);
    let catalog = home
        .catalog()
        .map_err(|e| format!("the catalog after cleaning up: {e}"))?;
    let mut wanted: Vec<_> = catalog
        .secrets()
        .iter()
        .map(|r| catalog.item(r, r.current))
        .chain([ItemId::seal(&home.record.id)])
        .collect();
    let mut there = stores
        .0
        .items(&home.record.id)
        .map_err(|e| format!("listing: {e}"))?;
    wanted.sort();
    there.sort();
    if wanted != there {
        return Err(format!(
            "the catalog names {wanted:?}, the store holds {there:?}"
        ));
    }
    every_value_is_right(&catalog, stores)
}

fn every_value_is_right(catalog: &Catalog, stores: &mut One) -> Result<(), String> {
    let items: Vec<_> = catalog
        .secrets()
        .iter()
        .map(|r| catalog.item(r, r.current))
        .collect();
    let values = stores.0.read(&items).map_err(|e| format!("reading: {e}"))?;
    for (record, read) in catalog.secrets().iter().zip(&values) {
        let right = if record.name.as_str() == "new" {
            NEW
        } else {
            OLD
        };
        if !read.same_as(&value(right)) {
            return Err(format!("\"{}\" has another value", record.name));
        }
    }
    Ok(())
}

pub(crate) fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

pub(crate) fn value(text: &str) -> SecretValue {
    SecretValue::new(Zeroizing::new(text.as_bytes().to_vec()))
}
