//! From a keychain to a vault and back, and to another keychain.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use broker::catalog::Home as Opened;
use broker::paths::{FileError, HomePaths, Lock};
use broker::store::Asking;
use broker::store::keychain::Keychain;

use super::{Key, Whole, all_of, folder, made, rotate, tree, unattended, whole};
use crate::support::bus::Bus;
use crate::support::home::Home;
use crate::support::pty::{On, Session};

fn on(bus: &Bus) -> Home {
    let home = folder().with("DBUS_SESSION_BUS_ADDRESS", bus.address());
    made(home, &["--store", "keychain", "--unattended"])
}

fn fill(home: &Home) {
    for number in 0..12_u8 {
        let mut value = format!("canary-value-{number}").into_bytes();
        value.extend([0, 0xff, number]);
        home.set(&format!("work/s{number:02}"), &value);
    }
    rotate(home, "work/s03", "canary-second-value");
}

/// Reads all of a home with the keychain.
fn kept(home: &Home, bus: &Bus) -> Whole {
    let opened = Opened::open(HomePaths::under(&home.path("b")))
        .expect("sound")
        .expect("a home");
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    all_of(&opened.catalog().expect("a catalog"), &mut keychain)
}

/// The same, whatever the store is called.
fn but_for_the_store(mut whole: Whole) -> Whole {
    for (record, _) in whole.values_mut() {
        record["store"] = "any".into();
    }
    whole
}

#[test]
fn a_keychain_comes_back_into_another_home_of_it_and_into_a_vault() {
    let (bus, key) = (Bus::start(), Key::new());
    let old = on(&bus);
    fill(&old);
    let _ = key.create(&old, "x.age").ok();
    let was = kept(&old, &bus);
    assert_eq!(was.len(), 12);
    assert_eq!(was["work/s03"].1.len(), 2);
    let new = on(&bus);
    let _ = key.restore(&new, "x.age").ok();
    assert!(kept(&new, &bus) == was);
    let _ = new.broker(["doctor"]).run().ok();
    // Without a keychain in reach they go to the home's own store.
    let vault = unattended();
    let _ = key.restore(&vault, "x.age").ok();
    assert!(but_for_the_store(whole(&vault)) == but_for_the_store(was.clone()));
    assert!(
        whole(&vault)
            .values()
            .all(|(record, _)| record["store"] == "vault")
    );
    // And from there into a keychain, because nothing else is here or because that was asked for.
    let _ = key.create(&vault, "y.age").ok();
    let back = on(&bus);
    let _ = key.restore(&back, "y.age").ok();
    assert!(kept(&back, &bus) == was);
    let asked = on(&bus);
    let _ = asked
        .broker(["init", "--store", "vault", "--key-file"])
        .run()
        .ok();
    let _ = key
        .restoring(&asked, "y.age")
        .arg("--store")
        .arg("keychain")
        .run()
        .ok();
    assert!(kept(&asked, &bus) == was);
}

#[test]
fn each_secret_goes_back_to_the_store_it_was_in() {
    let (bus, key) = (Bus::start(), Key::new());
    let both = |home: Home| {
        let _ = home
            .broker(["init", "--store", "vault", "--key-file"])
            .run()
            .ok();
        home
    };
    let old = both(on(&bus));
    old.set("in-the-vault", b"canary-of-the-vault");
    let words = ["set", "in-the-keychain", "--store", "keychain"];
    let _ = old.broker(words).stdin("canary-of-the-keychain").run().ok();
    let _ = key.create(&old, "x.age").ok();
    let new = both(on(&bus));
    let _ = key.restore(&new, "x.age").ok();
    let listed = new.broker(["--json", "list"]).run().ok().json();
    let stores: BTreeMap<&str, &str> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            (
                row["name"].as_str().expect("a name"),
                row["store"].as_str().expect("a store"),
            )
        })
        .collect();
    assert_eq!(
        stores,
        BTreeMap::from([("in-the-keychain", "keychain"), ("in-the-vault", "vault")])
    );
    for (name, value) in [
        ("in-the-vault", "canary-of-the-vault"),
        ("in-the-keychain", "canary-of-the-keychain"),
    ] {
        assert_eq!(new.broker(["reveal", name]).run().ok().stdout, value);
    }
}

#[test]
fn a_store_that_was_asked_for_and_cannot_be_used_restores_nothing() {
    let (old, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    let _ = key.create(&old, "x.age").ok();
    let home = unattended();
    let before = tree(&home);
    let answer = key
        .restoring(&home, "x.age")
        .arg("--store")
        .arg("keychain")
        .run()
        .code(1);
    assert_eq!(answer.error_code(), "store-unavailable");
    assert!(tree(&home) == before);
    let bus = Bus::start();
    let home = on(&bus);
    let before = tree(&home);
    let answer = key
        .restoring(&home, "x.age")
        .arg("--store")
        .arg("vault")
        .run()
        .code(1);
    assert_eq!(answer.error_code(), "store-not-set-up");
    assert!(tree(&home) == before);
    // Locked, with nobody to unlock it: the same.
    bus.lock();
    let answer = key.restore(&home, "x.age").code(1);
    assert_eq!(answer.error_code(), "store-locked");
    // But for the log, which tells that nobody could be asked.
    let log = home.path("b/state/log");
    let after = tree(&home);
    let others = |(path, _): &(&PathBuf, &(u32, Vec<u8>))| !path.starts_with(&log);
    assert!(after.iter().filter(others).eq(before.iter().filter(others)));
}

#[test]
fn a_store_that_this_home_has_not_used_yet_gets_its_seal_with_the_secrets() {
    let (bus, key) = (Bus::start(), Key::new());
    let old = on(&bus);
    fill(&old);
    let _ = key.create(&old, "x.age").ok();
    let home = unattended().with("DBUS_SESSION_BUS_ADDRESS", bus.address());
    let _ = key.restore(&home, "x.age").ok();
    assert!(kept(&home, &bus) == kept(&old, &bus));
    // Only what a seal confirms is given out.
    let exec = |action: &str| {
        let words = [
            action,
            "--env",
            "V=broker://work/s03",
            "--",
            "/usr/bin/printenv",
            "V",
        ];
        home.broker(words).run().ok().stdout
    };
    let _ = exec("allow");
    assert_eq!(exec("exec"), "canary-second-value\n");
    let _ = home.broker(["doctor"]).run().ok();
}

#[test]
fn nobody_changes_the_home_while_a_backup_is_being_read() {
    let (bus, key) = (Bus::start(), Key::new());
    let home = folder().with("DBUS_SESSION_BUS_ADDRESS", bus.address());
    let home = made(home, &["--store", "keychain"]);
    home.set("a", b"canary-a-value");
    let words = ["backup", "create", "--recipient", &key.recipient];
    let run = home.broker(words).arg(key.path("x.age"));
    let mut session = Session::start(run.command(), On::default());
    session.wait_for("[y/N]");
    // The keychain does not answer, and the backup waits for it with all that it holds.
    bus.stop();
    session.types("y\n");
    let log = home.path("b/state/log/000001.jsonl");
    let has_begun = || {
        std::fs::read_to_string(&log)
            .expect("a log")
            .contains("\"backup\"")
    };
    let until = Instant::now() + Duration::from_secs(60);
    while !has_begun() {
        assert!(Instant::now() < until, "the backup does not begin");
        std::thread::yield_now();
    }
    let lock = Lock::take(&home.path("b/state/lock"), Duration::ZERO);
    bus.cont();
    assert!(matches!(lock, Err(FileError::Busy)), "{lock:?}");
    let _ = session.end().code(0);
    assert!(key.path("x.age").exists());
}
