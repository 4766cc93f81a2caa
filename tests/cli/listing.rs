//! `list`: reads the catalog and never a store.

use std::os::unix::net::UnixListener;

use serde_json::{Value, json};

use super::edit_catalog;
use crate::support::home::Home;

/// Puts `count` secrets into the catalog alone, every second one in the keychain.
fn fill(home: &Home, count: usize) {
    edit_catalog(home, |catalog| {
        let time = "2026-01-01T00:00:00Z";
        let record = |n: usize| {
            json!({
                "id": format!("{n:032x}"), "name": format!("secret-{n:05}"),
                "store": if n.is_multiple_of(2) { "vault" } else { "keychain" },
                "current": 1, "versions": [{ "version": 1, "created": time }],
                "created": time, "rotated": time,
            })
        };
        catalog["secrets"] = (0..count).map(record).collect::<Vec<Value>>().into();
    });
}

#[test]
fn ten_thousand_secrets_are_listed_and_no_store_is_asked() {
    let home = Home::new();
    fill(&home, 10_000);
    std::fs::remove_dir_all(home.path(".local/share/broker/vault")).expect("removed");
    let socket = home.path("bus");
    let bus = UnixListener::bind(&socket).expect("a socket");
    bus.set_nonblocking(true).expect("nonblocking");
    let address = format!("unix:path={}", socket.display());
    for (words, count) in [
        (&["--json", "list"][..], 10_000),
        (&["--json", "ls", "--store", "vault"], 5_000),
        (&["--json", "list", "--store", "keychain"], 5_000),
        (&["--json", "list", "--server", "none"], 0),
    ] {
        let answer = home
            .broker(words)
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .run()
            .ok();
        assert_eq!(
            answer.json().as_array().map(Vec::len),
            Some(count),
            "{words:?}"
        );
        assert_eq!(answer.stderr, "");
    }
    let table = home
        .broker(["list"])
        .env("DBUS_SESSION_BUS_ADDRESS", &address)
        .run()
        .ok();
    assert_eq!(table.stdout.lines().count(), 10_001);
    let shown = home
        .broker(["show", "secret-00001"])
        .env("DBUS_SESSION_BUS_ADDRESS", &address);
    let _ = shown.run().ok();
    let nobody = bus.accept().expect_err("somebody asked the keychain");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn the_table_is_one_line_for_each_secret_sorted_by_name() {
    let home = Home::new()
        .secret("b", "canary-b-value")
        .secret("A", "canary-a-value")
        .config("[servers.s]\ncommand = [\"x\"]\nenv = { A = \"broker://A\" }\n");
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let answer = home.broker(["list"]).env("TZ", "UTC").run().ok();
    let words: Vec<Vec<&str>> = answer
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let today = today.to_string();
    assert_eq!(
        words[0],
        [
            "NAME", "STORE", "VERSION", "ROTATED", "DUE", "STATE", "SERVERS"
        ]
    );
    assert_eq!(words[1], ["A", "vault", "1", &today, "-", "none", "s"]);
    assert_eq!(words[2], ["b", "vault", "1", &today, "-", "none", "-"]);
    assert_eq!(words.len(), 3);
    let of_server = home
        .broker(["--json", "list", "--server", "s"])
        .run()
        .ok()
        .json();
    assert_eq!(of_server.as_array().map(Vec::len), Some(1));
}
