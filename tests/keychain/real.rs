//! Against a real `gnome-keyring-daemon` on a private bus.

use std::fs::{self, File};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use broker::store::keychain::{BusSource, Keychain};
use broker::store::{Asking, Removal, Store};

use super::{code, home, seconds, within};
use crate::contract::{self, item, value};
use crate::support::bus::Bus;

#[test]
fn the_keychain_keeps_the_contract() {
    let bus = Bus::start();
    contract::holds(&mut Keychain::at(bus.address(), Asking::Never), &home());
}

#[test]
fn what_was_written_is_there_for_another_connection() {
    let mut bus = Bus::start();
    let item = item(&home(), "kept", 1);
    Keychain::at(bus.address(), Asking::Never)
        .write(&item, &value(b"x"))
        .expect("written");
    bus.kill_keyring();
    bus.start_keyring("pw");
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    let read = keychain.read(&[item]).expect("read");
    assert!(read[0].same_as(&value(b"x")));
}

#[test]
fn one_keychain_goes_on_with_a_keyring_that_was_started_again() {
    let mut bus = Bus::start();
    let item = item(&home(), "kept", 1);
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    keychain.write(&item, &value(b"x")).expect("written");
    bus.kill_keyring();
    bus.start_keyring("pw");
    assert!(keychain.read(&[item]).expect("read")[0].same_as(&value(b"x")));
}

#[test]
fn an_item_is_found_by_the_attributes_keyring_uses() {
    let bus = Bus::start();
    let item = item(&home(), "work/token", 2);
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    keychain.write(&item, &value(b"a value")).expect("written");
    let found = bus
        .command("secret-tool")
        .args(["lookup", "service", "broker", "username", &item.account()])
        .output()
        .expect("secret-tool");
    assert_eq!(found.stdout, b"a value");
    let found = bus
        .command("secret-tool")
        .args(["search", "service", "broker"])
        .output()
        .expect("secret-tool");
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(found.contains("label = broker: work/token@v2"), "{found}");
}

#[test]
fn an_item_another_program_filed_is_read_and_replaced() {
    let bus = Bus::start();
    let item = item(&home(), "theirs", 1);
    let account = item.account();
    let mut store = bus
        .command("secret-tool")
        .args(["store", "--label=theirs", "service", "broker"])
        .args(["username", &account, "target", "default"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("secret-tool");
    std::io::Write::write_all(&mut store.stdin.take().expect("input"), b"old").expect("written");
    assert!(store.wait().expect("ended").success());

    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    let read = keychain.read(std::slice::from_ref(&item)).expect("read");
    assert!(read[0].same_as(&value(b"old")));
    keychain.write(&item, &value(b"new")).expect("replaced");
    let read = keychain.read(std::slice::from_ref(&item)).expect("read");
    assert!(read[0].same_as(&value(b"new")));
    assert_eq!(keychain.remove(&item).expect("removed"), Removal::Removed);
    assert_eq!(keychain.items(&home()).expect("a list"), []);
}

#[test]
fn a_locked_keychain_is_locked_for_every_call_and_never_empty() {
    let bus = Bus::start();
    let (there, absent) = (item(&home(), "there", 1), item(&home(), "absent", 1));
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    keychain.write(&there, &value(b"x")).expect("written");
    bus.lock();
    within(seconds(2), || {
        assert_eq!(code(keychain.check()), "store-locked");
        assert_eq!(
            code(keychain.read(std::slice::from_ref(&there))),
            "store-locked"
        );
        assert_eq!(
            code(keychain.read(std::slice::from_ref(&absent))),
            "store-locked"
        );
        assert_eq!(code(keychain.write(&there, &value(b"y"))), "store-locked");
        assert_eq!(code(keychain.write(&absent, &value(b"y"))), "store-locked");
        assert_eq!(code(keychain.remove(&there)), "store-locked");
        assert_eq!(code(keychain.remove(&absent)), "store-locked");
        assert_eq!(code(keychain.items(&home())), "store-locked");
        assert_eq!(code(keychain.unlock()), "store-locked");
    });
}

#[test]
fn a_keychain_that_was_never_opened_is_locked_and_not_empty() {
    let mut bus = Bus::start();
    let there = item(&home(), "there", 1);
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    keychain.write(&there, &value(b"x")).expect("written");
    bus.kill_keyring();
    bus.start_keyring("wrong");
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    within(seconds(2), || {
        assert_eq!(
            code(keychain.read(std::slice::from_ref(&there))),
            "store-locked"
        );
        assert_eq!(code(keychain.check()), "store-locked");
    });
}

#[test]
fn a_prompter_that_cannot_start_leaves_the_keychain_locked_not_dismissed() {
    let mut bus = Bus::with_activation();
    bus.start_keyring("pw");
    let there = item(&home(), "there", 1);
    let mut keychain = Keychain::at(bus.address(), Asking::Allowed);
    keychain.write(&there, &value(b"x")).expect("written");
    bus.lock();
    within(seconds(5), || {
        assert_eq!(
            code(keychain.read(std::slice::from_ref(&there))),
            "store-locked"
        );
        assert_eq!(code(keychain.unlock()), "store-locked");
    });
}

#[test]
fn a_keyring_without_a_default_collection_says_so() {
    let bus = Bus::with_activation();
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    let item = item(&home(), "a", 1);
    assert_eq!(code(keychain.check()), "store-no-collection");
    assert_eq!(
        code(keychain.write(&item, &value(b"x"))),
        "store-no-collection"
    );
    assert_eq!(code(keychain.read(&[item])), "store-no-collection");
}

#[test]
fn a_stopped_keyring_is_a_timeout_and_recovers() {
    let bus = Bus::start();
    let item = item(&home(), "a", 1);
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    keychain.write(&item, &value(b"x")).expect("written");
    bus.stop();
    within(seconds(11), || {
        let mut fresh = Keychain::at(bus.address(), Asking::Never);
        assert_eq!(
            code(fresh.read(std::slice::from_ref(&item))),
            "store-timeout"
        );
        assert_eq!(
            code(keychain.read(std::slice::from_ref(&item))),
            "store-timeout"
        );
    });
    bus.cont();
    let read = keychain.read(&[item]).expect("read");
    assert!(read[0].same_as(&value(b"x")));
}

#[test]
fn a_stopped_bus_is_a_timeout() {
    let bus = Bus::start();
    bus.stop_bus();
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    within(seconds(5), || {
        assert_eq!(code(keychain.check()), "store-timeout")
    });
}

#[test]
fn no_bus_and_no_provider_are_told_apart_at_once() {
    let bus = Bus::without_provider();
    let item = item(&home(), "a", 1);
    let mut keychain = Keychain::at(bus.address(), Asking::Allowed);
    assert_eq!(keychain.bus_source(), Some(BusSource::Given));
    within(seconds(1), || {
        assert_eq!(code(keychain.check()), "store-no-provider");
        assert_eq!(
            code(keychain.read(std::slice::from_ref(&item))),
            "store-no-provider"
        );
    });
    let address = bus.address().to_owned();
    drop(bus);
    for address in [
        address.as_str(),
        "unix:path=/nowhere/bus",
        "tcp:host=localhost,port=9",
        "",
    ] {
        let mut keychain = Keychain::at(address, Asking::Allowed);
        within(seconds(1), || {
            assert_eq!(code(keychain.check()), "store-unavailable", "{address}");
            assert_eq!(
                code(keychain.read(std::slice::from_ref(&item))),
                "store-unavailable"
            );
        });
    }
}

#[test]
fn a_value_is_not_visible_in_the_traffic_of_the_bus() {
    const CANARY: &[u8] = b"canary-5f1e2d-canary";
    let bus = Bus::start();
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let mut monitor = bus
        .command("dbus-monitor")
        .args(["--address", bus.address(), "--binary"])
        .stdout(File::create(trace.path()).expect("the trace"))
        .spawn()
        .expect("dbus-monitor");
    let seen = |text: &[u8]| {
        let trace = fs::read(trace.path()).expect("the trace");
        trace.windows(text.len()).any(|window| window == text)
    };
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    let item = item(&home(), "traced", 1);
    // The monitor is heard of only by what it writes: work until it has seen both directions.
    let seen_both = (0..200).any(|_| {
        keychain.write(&item, &value(CANARY)).expect("written");
        let read = keychain.read(std::slice::from_ref(&item)).expect("read");
        assert!(read[0].same_as(&value(CANARY)));
        thread::sleep(Duration::from_millis(20));
        seen(b"CreateItem") && seen(b"GetSecrets") && seen(item.account().as_bytes())
    });
    keychain.write(&item, &value(CANARY)).expect("written");
    drop(keychain.read(std::slice::from_ref(&item)).expect("read"));
    thread::sleep(Duration::from_millis(200));
    monitor.kill().expect("ended");
    monitor.wait().expect("ended");
    assert!(seen_both, "the monitor saw nothing");
    assert!(!seen(CANARY), "the value is in the traffic");
}
