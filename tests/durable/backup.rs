//! `backup create` and `backup restore` under every fault: a backup is whole or not there, and a restore leaves the old
//! state or the new one, with every value that the catalog names readable and exact.

use broker::audit::Action;
use broker::catalog::backup::Backup;
use broker::catalog::change::{Change, Keep};
use broker::catalog::{Home, Record, create_home};
use broker::paths::HomePaths;
use broker::store::vault::age_file::{Identity, Keys};
use broker::store::{HomeId, ItemId, StoreKind};
use jiff::Timestamp;

use super::sealed::{self, Sealed};
use super::vault::{ERRORS, KILLS, create, open, root};
use super::{NEW, OLD, name, value};
use crate::faults::{Fault, Outcome, Subject, Sweep, World};
use crate::support::home::BROKER;

/// A home with the secret `same`, and with `changed` and `added` as they are in `later` or as they were before.
fn home(world: &World, folder: &str, is_later: bool) -> Home {
    let (paths, now) = (HomePaths::under(&world.path(folder)), Timestamp::UNIX_EPOCH);
    let mut stores = None;
    let id = HomeId::from_random([u8::from(is_later); 16]);
    let made = create_home(paths.clone(), StoreKind::Vault, true, id, now, |id| {
        let mut opened = create(&paths, id);
        sealed::make(&paths, id, &mut opened, now);
        stores = Some(opened);
        Ok::<(), broker::catalog::CatalogError>(())
    });
    let (home, mut stores) = (made.unwrap(), stores.unwrap());
    let mut change = Change::begin(&home).unwrap();
    let mut add = |change: &mut Change<'_>, id: &str| {
        let record = Record::first(id.to_owned(), name(id), StoreKind::Vault, now);
        change.add(&mut stores, record, &value(OLD)).unwrap();
    };
    add(&mut change, "same");
    add(&mut change, "changed");
    if is_later {
        add(&mut change, "added");
        let keep = Keep::Until(Timestamp::MAX);
        let (changed, new) = (name("changed"), value(NEW));
        let prove = |_: &mut dyn broker::catalog::change::Stores, _| {
            Ok::<(), broker::catalog::CatalogError>(())
        };
        let rotated = change.rotate(&mut stores, &changed, &new, keep, now, prove);
        assert!(rotated.unwrap().leftover.errors.is_empty());
    }
    drop(change);
    home
}

fn subject(world: &World, words: &[&str]) -> Subject {
    let subject = Subject::new(BROKER).arg("--home").arg(root(world)).cwd("/");
    let subject = words.iter().fold(subject, |all, word| all.arg(*word));
    let path = |name: &str| world.path(name);
    subject
        .arg("--identity")
        .arg(path("key.txt"))
        .arg(path("backup.age"))
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/")
}

/// Writes a key file and returns its recipient.
fn key(world: &World) -> (Identity, String) {
    let identity = Identity::generate();
    let text = identity.to_file("-");
    broker::paths::write_file(&world.path("key.txt"), text.expose()).unwrap();
    let recipient = identity.recipient();
    (identity, recipient)
}

fn sweep(
    label: &str,
    words: &[&str],
    faults: &[Fault],
    template: &World,
    mut check: impl FnMut(&World, &Outcome) -> Result<(), String>,
) {
    let report = Sweep::new(label).only(faults).run(
        || {
            let world = World::copy_of(template);
            (subject(&world, words), world)
        },
        |world, outcome| {
            let said = [outcome.stdout.as_slice(), &outcome.stderr].concat();
            if [OLD, NEW]
                .iter()
                .any(|value| String::from_utf8_lossy(&said).contains(value))
            {
                return Err("it said a value".to_owned());
            }
            check(world, outcome)
                .map_err(|what| format!("{what}; it said: {}", String::from_utf8_lossy(&said)))
        },
    );
    report.assert_clean();
    for fault in faults {
        assert!(report.points_of(*fault) > 0, "{fault:?} was never tried");
    }
}

/// What a home holds, as one text to compare: names, versions and values.
fn state(world: &World) -> Result<String, String> {
    let (home, mut stores) = open(world)?;
    let catalog = home.catalog().map_err(|e| format!("the catalog: {e}"))?;
    let mut text = String::new();
    for record in catalog.secrets() {
        for version in record.live() {
            let items = [catalog.item(record, version)];
            let read = stores.0.read(&items).map_err(|e| format!("reading: {e}"))?;
            let is = |wanted: &str| read.iter().all(|value| value.same_as(&self::value(wanted)));
            let word = match (is(OLD), is(NEW)) {
                (true, _) => "old",
                (_, true) => "new",
                _ => return Err(format!("\"{}\" has another value", record.name)),
            };
            let mark = if version == record.current { "*" } else { "" };
            text.push_str(&format!("{}@{version}={word}{mark} ", record.name));
        }
    }
    Ok(text)
}

const BEFORE: &str = "changed@1=old* same@1=old* ";
const AFTER: &str = "added@1=old* changed@1=old changed@2=new* same@1=old* ";

fn restores(faults: &[Fault]) {
    let template = World::empty();
    let (_, recipient) = key(&template);
    let later = World::empty();
    home(&later, "home", true);
    // Made by the command itself, of a later state of the same secrets.
    let made = std::process::Command::new(BROKER)
        .arg("--home")
        .arg(root(&later))
        .args(["backup", "create", "--recipient", &recipient])
        .arg(template.path("backup.age"))
        .env_clear()
        .env("HOME", "/")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    home(&template, "home", false);
    assert_eq!(state(&template).unwrap(), BEFORE);
    sweep(
        "restore",
        &["backup", "restore"],
        faults,
        &template,
        |world, outcome| {
            let found = state(world)?;
            let is_new = found == AFTER;
            if !is_new && found != BEFORE {
                return Err(format!("neither the old nor the new state: {found}"));
            }
            if outcome.succeeded() && !is_new {
                return Err("it said that it succeeded, but the state is the old one".to_owned());
            }
            if outcome.injected.is_none() && !outcome.succeeded() {
                return Err("undisturbed, it failed".to_owned());
            }
            let (home, mut stores) = open(world)?;
            Sealed::of(&home, &mut stores, outcome)?.tells(Action::Backup, is_new, outcome)?;
            // The next command finishes what was begun.
            let mut change = Change::begin(&home).map_err(|e| format!("the lock: {e}"))?;
            let leftover = change.sweep(&mut stores);
            if !leftover.errors.is_empty() || leftover.unrecorded.is_some() {
                return Err(format!("cleaning up: {leftover:?}"));
            }
            drop(change);
            let catalog = home.catalog().map_err(|e| format!("the catalog: {e}"))?;
            let items = catalog
                .secrets()
                .iter()
                .flat_map(|r| r.live().map(|v| catalog.item(r, v)));
            let mut wanted: Vec<ItemId> = items.chain([ItemId::seal(&home.record.id)]).collect();
            let there = stores.0.items(&home.record.id);
            let mut there = there.map_err(|e| format!("listing: {e}"))?;
            wanted.sort();
            there.sort();
            if wanted != there {
                return Err(format!(
                    "the catalog names {wanted:?}, the store holds {there:?}"
                ));
            }
            if state(world)? == found {
                Ok(())
            } else {
                Err("cleaning up changed a secret".to_owned())
            }
        },
    );
}

fn creates(faults: &[Fault]) {
    let template = World::empty();
    let (identity, recipient) = key(&template);
    home(&template, "home", true);
    let words = ["backup", "create", "--recipient", &recipient];
    sweep("create", &words, faults, &template, |world, outcome| {
        if state(world)? != AFTER {
            return Err("the home changed".to_owned());
        }
        let (home, mut stores) = open(world)?;
        let sealed = Sealed::of(&home, &mut stores, outcome)?;
        let Ok(file) = std::fs::read(world.path("backup.age")) else {
            if outcome.succeeded() || outcome.injected.is_none() {
                return Err("there is no backup".to_owned());
            }
            return sealed.tells(Action::Backup, false, outcome);
        };
        let keys = Keys::Identities(std::slice::from_ref(&identity));
        let backup = Backup::open(&file, keys).map_err(|e| format!("the backup: {e}"))?;
        let values: Vec<usize> = backup
            .secrets
            .iter()
            .map(|held| held.values.len())
            .collect();
        if values != [1, 2, 1] {
            return Err(format!("the backup holds {values:?} values"));
        }
        sealed.tells(Action::Backup, true, outcome)
    });
}

#[test]
fn a_killed_restore_restores_all_of_a_batch_or_nothing() {
    restores(KILLS);
}

#[test]
fn a_restore_with_failing_calls_restores_all_of_a_batch_or_nothing() {
    restores(ERRORS);
}

#[test]
fn a_killed_backup_is_whole_or_not_there() {
    creates(KILLS);
}

#[test]
fn a_backup_with_failing_calls_is_whole_or_not_there() {
    creates(ERRORS);
}
