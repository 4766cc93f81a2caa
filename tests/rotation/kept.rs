//! What is kept, what is removed, and that nothing is said of it that is not so.

use serde_json::{Value, json};

use super::{given, rotate, server};
use crate::support::bus::Bus;
use crate::support::home::Home;
use crate::support::provider::{Manner, Provider};

const FIRST: &str = "canary-kept-first";
const SECOND: &str = "canary-kept-second";
const THIRD: &str = "canary-kept-third";

/// A keychain that removes nothing.
fn keeps_everything(bus: &Bus) -> Provider {
    let manner = Manner {
        refuses: Some(("Delete", "org.freedesktop.Secret.Error.IsLocked")),
        ..Manner::default()
    };
    Provider::start(bus.address(), manner, &[])
}

/// Changes the catalog as time would.
fn edited(home: &Home, edit: impl FnOnce(&mut Value)) {
    let file = home.path(".local/state/broker/catalog.json");
    let bytes = std::fs::read(&file).expect("a catalog");
    let mut catalog = serde_json::from_slice(&bytes).expect("JSON");
    edit(&mut catalog);
    std::fs::write(file, catalog.to_string()).expect("written");
}

/// Lets the time be over for which version 1 of the first secret is kept.
fn over(home: &Home) {
    edited(home, |catalog| {
        catalog["secrets"][0]["versions"][0]["kept_until"] = json!("2020-01-01T00:00:00Z");
    });
}

fn state(home: &Home, version: usize) -> Value {
    let shown = home.broker(["--json", "show", "a"]).run().ok().json();
    shown["versions"][version - 1]["state"].clone()
}

#[test]
fn a_value_that_leaked_and_is_in_its_store_still_is_not_called_removed() {
    let bus = Bus::without_provider();
    let _provider = keeps_everything(&bus);
    for flags in [&["--leaked"][..], &["--keep", "0"]] {
        let home = Home::on(&bus).secret("a", FIRST);
        let said = rotate(&home, flags, SECOND).code(1);
        let told = said.stderr;
        assert!(told.contains("rotated \"a\" to version 2"), "{told}");
        assert!(!told.contains("is removed"), "{told}");
        let error = "error: \"a\" was rotated, but the store still holds version 1";
        assert!(told.contains(error), "{told}");
        assert!(told.contains("broker doctor --fix"), "{told}");
        let _ = server(&home).granting().run().ok();
        assert_eq!(given(&home), SECOND);
        let found = home.broker(["--json", "doctor"]).run().code(3).json();
        let pending = |f: &Value| f["code"] == "pending" && f["state"] == "warning";
        assert!(
            found.as_array().expect("findings").iter().any(pending),
            "{found}"
        );
    }
}

#[test]
fn a_version_that_was_to_make_room_and_does_not_is_not_called_removed() {
    let bus = Bus::without_provider();
    let _provider = keeps_everything(&bus);
    let home = Home::on(&bus).secret("a", FIRST);
    let _ = rotate(&home, &[], SECOND).ok();
    // The new value is the current one and the old one is kept, which is what was asked for.
    let told = rotate(&home, &[], THIRD).ok().stderr;
    let dropped = "version 1, which was kept from before, could not be removed yet";
    assert!(told.contains(dropped), "{told}");
    assert!(told.contains("version 2 is kept until"), "{told}");
}

#[test]
fn a_broken_configuration_does_not_make_a_rotation_look_undone() {
    let home = Home::new().secret("a", FIRST).config("servers = 1\n");
    for (words, done) in [
        (["rotate", "a"], "rotated \"a\""),
        (["rollback", "a"], "\"a\" has version 1 again"),
    ] {
        let told = home.broker(words).stdin(SECOND).run().ok().stderr;
        assert!(told.contains(done), "{told}");
        let warning = "warning: which servers are to be started again is not known";
        assert!(told.contains(warning), "{told}");
    }
}

#[test]
fn what_ends_while_something_else_is_done_is_told() {
    let ended = "version 1 of \"a\" was kept until 2020-01-01, and is no longer";
    let home = Home::new().with("TZ", "UTC").secret("a", FIRST);
    let _ = rotate(&home, &[], SECOND).ok();
    over(&home);
    let told = home.broker(["set", "b"]).stdin(THIRD).run().ok().stderr;
    assert!(told.contains(ended), "{told}");
    assert_eq!(state(&home, 1), "removed");
    let told = home.broker(["set", "c"]).stdin(THIRD).run().ok().stderr;
    assert!(!told.contains("is no longer"), "{told}");
    let home = Home::new().with("TZ", "UTC").secret("a", FIRST);
    let _ = rotate(&home, &[], SECOND).ok();
    over(&home);
    let told = rotate(&home, &[], THIRD).ok().stderr;
    assert!(told.contains(ended), "{told}");
}

#[test]
fn what_is_gone_back_to_after_its_time_does_not_cost_the_other_value() {
    let home = Home::new().secret("a", FIRST);
    let _ = server(&home).granting().run().ok();
    let _ = rotate(&home, &[], SECOND).ok();
    over(&home);
    let told = home.broker(["rollback", "a"]).run().ok().stderr;
    assert!(
        told.contains("version 2 is kept in its place until "),
        "{told}"
    );
    let _ = home.broker(["set", "b"]).stdin(THIRD).run().ok();
    assert_eq!(
        (state(&home, 1), state(&home, 2)),
        (json!("current"), json!("kept"))
    );
    assert_eq!(given(&home), FIRST);
    let _ = home.broker(["rollback", "a"]).run().ok();
    assert_eq!(given(&home), SECOND);
}

#[test]
fn a_rollback_cleans_up_what_was_left_over() {
    let bus = Bus::without_provider();
    let home = {
        let provider = keeps_everything(&bus);
        let home = Home::on(&bus).secret("a", FIRST);
        let _ = rotate(&home, &[], SECOND).ok();
        let _ = rotate(&home, &[], THIRD).ok();
        provider.behave(Manner::default());
        let _ = home.broker(["rollback", "a"]).run().ok();
        assert!(provider.calls().iter().any(|call| call == "Delete"));
        home
    };
    let file = home.path(".local/state/broker/catalog.json");
    let catalog = std::fs::read_to_string(file).expect("a catalog");
    assert!(!catalog.contains("pending"), "{catalog}");
}
