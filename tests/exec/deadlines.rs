//! A keychain that does not answer, is locked or is not there: told apart, each within its time.
//!
//! The times are promises of the manual, not measurements: a client waits for its servers.

use std::time::{Duration, Instant};

use crate::support::bus::Bus;
use crate::support::home::{Answer, Home};

/// An `exec` that needs the keychain; its server would leave a file behind.
const EXEC: [&str; 7] = [
    "--json",
    "exec",
    "--env",
    "A=broker://a",
    "--",
    "/usr/bin/touch",
    "started",
];

fn exec(home: &Home) -> (Answer, Duration) {
    let started = Instant::now();
    let answer = home.broker(EXEC).run();
    (answer, started.elapsed())
}

fn refused(home: &Home, code: &str, within: Duration) {
    let (answer, took) = exec(home);
    let answer = answer.code(125);
    assert_eq!(answer.error_code(), code);
    assert!(took < within, "{code} after {took:?}");
    assert!(!home.path("started").exists(), "the server was started");
}

fn home_with_secret(bus: &Bus) -> Home {
    let home = Home::on(bus).secret("a", "canary-deadline-11");
    // The store is asked only for what was allowed, which needs the store.
    let _ = home.broker(EXEC).granting().run().ok();
    std::fs::remove_file(home.path("started")).expect("the server was started");
    home
}

#[test]
fn a_stopped_keyring_is_a_timeout_within_11_seconds() {
    let bus = Bus::start();
    let home = home_with_secret(&bus);
    bus.stop();
    refused(&home, "store-timeout", Duration::from_secs(11));
    bus.cont();
    let _ = exec(&home).0.ok();
}

#[test]
fn a_locked_keyring_is_told_within_2_seconds_and_never_as_a_missing_secret() {
    let bus = Bus::start();
    let home = home_with_secret(&bus);
    bus.lock();
    refused(&home, "store-locked", Duration::from_secs(2));
}

#[test]
fn a_missing_bus_is_told_within_1_second() {
    let bus = Bus::start();
    let home = home_with_secret(&bus);
    let nowhere = format!("unix:path={}", home.path("no-bus").display());
    let home = home.with("DBUS_SESSION_BUS_ADDRESS", nowhere);
    refused(&home, "store-unavailable", Duration::from_secs(1));
}

#[test]
fn a_bus_without_a_keyring_is_told_as_such() {
    let bus = Bus::start();
    let home = home_with_secret(&bus);
    let other = Bus::without_provider();
    let home = home.with("DBUS_SESSION_BUS_ADDRESS", other.address());
    refused(&home, "store-no-provider", Duration::from_secs(2));
}

#[test]
fn a_value_that_the_keyring_lost_is_told_as_such() {
    let bus = Bus::start();
    let home = home_with_secret(&bus);
    let cleared = |account: &str| {
        let clear = ["clear", "service", "broker", "username", account];
        let status = bus.command("secret-tool").args(clear).status();
        assert!(status.expect("secret-tool").success());
    };
    let file = std::fs::read(home.path(".local/state/broker/home.json")).expect("a home");
    let record: serde_json::Value = serde_json::from_slice(&file).expect("JSON");
    let id = record["id"].as_str().expect("an id");
    cleared(&format!("{id}/a@v1"));
    refused(&home, "value-not-found", Duration::from_secs(5));
    cleared(&format!("{id}/.seal@v1"));
    refused(&home, "seal-missing", Duration::from_secs(5));
}

#[test]
fn a_keyring_that_is_another_has_no_seal() {
    let bus = Bus::start();
    let home = home_with_secret(&bus);
    let other = Bus::start();
    let home = home.with("DBUS_SESSION_BUS_ADDRESS", other.address());
    refused(&home, "seal-missing", Duration::from_secs(5));
}

#[test]
fn a_missing_secret_is_found_out_without_any_store() {
    let bus = Bus::start();
    let home = home_with_secret(&bus);
    bus.stop();
    let answer = home
        .broker([
            "--json",
            "exec",
            "--env",
            "A=broker://absent",
            "--env",
            "B=broker://a",
            "--",
            "true",
        ])
        .run()
        .code(125);
    assert_eq!(answer.error_code(), "secret-not-found");
}
