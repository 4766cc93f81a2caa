//! `rotate` and `rollback`, held to the command contract.

use serde_json::json;

use super::{given, rotate, server};
use crate::support::bus::Bus;
use crate::support::home::Home;

const FIRST: &str = "canary-rotation-first";
const SECOND: &str = "canary-rotation-second";
const THIRD: &str = "canary-rotation-third";

fn home() -> Home {
    let home = Home::new().secret("a", FIRST);
    let _ = server(&home).granting().run().ok();
    home
}

#[test]
fn a_server_gets_the_new_value_and_no_new_permission_is_needed() {
    let home = home();
    assert_eq!(given(&home), FIRST);
    let said = rotate(&home, &[], SECOND).ok();
    assert_eq!(said.stdout, "");
    assert!(
        said.stderr
            .contains("rotated \"a\" to version 2; version 1 is kept until")
    );
    assert!(
        said.stderr
            .contains("start these again, so that they get it: printer")
    );
    assert_eq!(given(&home), SECOND);
}

#[test]
fn the_history_says_what_is_current_kept_and_removed() {
    let home = home();
    let _ = rotate(&home, &[], SECOND).ok();
    let said = rotate(&home, &[], THIRD).ok();
    assert!(
        said.stderr
            .contains("version 1, which was kept from before, is removed")
    );
    let shown = home.broker(["--json", "show", "a"]).run().ok().json();
    let states = shown["versions"].as_array().expect("versions").iter();
    let states: Vec<_> = states
        .map(|v| (v["version"].clone(), v["state"].clone()))
        .collect();
    let expected = [(1, "removed"), (2, "kept"), (3, "current")];
    assert_eq!(states, expected.map(|(v, s)| (json!(v), json!(s))));
    assert_eq!(shown["previous"]["version"], 2);
    assert_eq!(shown["version"], 3);
}

#[test]
fn a_rollback_gives_the_old_value_again_and_a_second_one_the_new() {
    let home = home();
    let refused = home.broker(["--json", "rollback", "a"]).run().code(1);
    assert_eq!(refused.error_code(), "version-not-kept");
    let _ = rotate(&home, &[], SECOND).ok();
    let said = home.broker(["rollback", "a"]).run().ok();
    assert!(
        said.stderr
            .contains("\"a\" has version 1 again; version 2 is kept in its place")
    );
    assert_eq!(given(&home), FIRST);
    let _ = home.broker(["rollback", "a"]).run().ok();
    assert_eq!(given(&home), SECOND);
}

#[test]
fn what_is_not_kept_is_gone_from_the_store() {
    for flags in [&["--keep", "0"][..], &["--leaked"]] {
        let home = home();
        let said = rotate(&home, flags, SECOND).ok();
        assert!(said.stderr.contains("version 1 is removed"), "{flags:?}");
        let files = std::fs::read_dir(home.path(".local/share/broker/vault/secrets"));
        let names: Vec<_> = files
            .expect("listed")
            .flatten()
            .map(|f| f.file_name())
            .collect();
        assert!(!names.iter().any(|name| name == "a@v1.age"), "{names:?}");
        let refused = home.broker(["--json", "rollback", "a"]).run().code(1);
        assert_eq!(refused.error_code(), "version-not-kept");
    }
}

#[test]
fn what_is_no_rotation_is_refused_and_changes_nothing() {
    let home = home();
    let json = |words: &[&str], value: &str, code: i32| {
        let words = ["--json", "rotate"].iter().chain(words);
        home.broker(words)
            .stdin(value)
            .run()
            .code(code)
            .error_code()
    };
    assert_eq!(json(&["a", "--raw"], FIRST, 1), "value-unchanged");
    assert_eq!(json(&["a"], "", 1), "value-empty");
    assert_eq!(json(&["absent"], SECOND, 1), "secret-not-found");
    assert_eq!(json(&["a", "--keep", "0", "--leaked"], SECOND, 2), "usage");
    assert_eq!(json(&["a", "--keep", "soon"], SECOND, 2), "usage");
    assert_eq!(json(&["a", SECOND], SECOND, 2), "usage");
    assert_eq!(json(&["a", "--run"], SECOND, 1), "rotation-command-missing");
    assert_eq!(given(&home), FIRST);
}

#[test]
fn a_value_can_be_made_up_or_come_from_a_file() {
    let home = home();
    let _ = home
        .broker(["rotate", "a", "--generate", "hex:16"])
        .run()
        .ok();
    let made = given(&home);
    assert!(
        made.len() == 32 && made.bytes().all(|b| b.is_ascii_hexdigit()),
        "{made}"
    );
    std::fs::write(home.path("token.txt"), format!("{SECOND}\n")).expect("written");
    home.input("token.txt");
    let _ = home
        .broker(["rotate", "a", "--from-file", "token.txt"])
        .run()
        .ok();
    assert_eq!(given(&home), SECOND);
}

#[test]
fn the_log_tells_each_rotation_and_that_a_value_leaked() {
    let home = home();
    let _ = rotate(&home, &["--leaked"], SECOND).ok();
    let _ = rotate(&home, &[], SECOND).code(1);
    let told = home
        .broker(["--json", "log", "--action", "rotate"])
        .run()
        .ok()
        .json();
    let told = told.as_array().expect("entries").iter();
    let told: Vec<_> = told
        .map(|e| (e["outcome"].clone(), e["detail"].clone()))
        .collect();
    let leaked = json!("the old value has leaked");
    let expected = [
        (json!("intent"), leaked.clone()),
        (json!("done"), leaked),
        (json!("intent"), json!(null)),
        (json!("failed"), json!("value-unchanged")),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_secret_in_the_keychain_is_rotated_and_rolled_back() {
    let bus = Bus::start();
    let home = Home::on(&bus).secret("a", FIRST);
    let _ = server(&home).granting().run().ok();
    let _ = rotate(&home, &[], SECOND).ok();
    assert_eq!(given(&home), SECOND);
    let _ = home.broker(["rollback", "a"]).run().ok();
    assert_eq!(given(&home), FIRST);
    bus.lock();
    let refused = home
        .broker(["--json", "rotate", "a"])
        .stdin(THIRD)
        .run()
        .code(1);
    assert_eq!(refused.error_code(), "store-locked");
}

#[test]
fn a_rotation_survives_a_rename_and_a_move_to_another_store() {
    let bus = Bus::start();
    let home = Home::on(&bus).secret("a", FIRST);
    let _ = rotate(&home, &[], SECOND).ok();
    let _ = home
        .broker(["init", "--store", "vault", "--key-file"])
        .run()
        .ok();
    let _ = home.broker(["migrate", "--to", "vault"]).run().ok();
    let _ = home.broker(["rename", "a", "b"]).run().ok();
    let _ = home.broker(["rollback", "b"]).run().ok();
    let _ = home.broker(["rename", "b", "a"]).run().ok();
    let _ = server(&home).granting().run().ok();
    assert_eq!(given(&home), FIRST);
}

#[test]
fn what_is_kept_is_removed_when_its_time_is_over() {
    let home = home();
    let _ = rotate(&home, &[], SECOND).ok();
    let copies = |home: &Home| {
        let files = std::fs::read_dir(home.path(".local/share/broker/vault/secrets"));
        let names = files.expect("listed").flatten().map(|f| f.file_name());
        let mut names: Vec<_> = names.map(|n| n.to_string_lossy().into_owned()).collect();
        names.retain(|name| name.starts_with("a@"));
        names.sort();
        names
    };
    assert_eq!(copies(&home), ["a@v1.age", "a@v2.age"]);
    let _ = home.broker(["doctor", "--fix"]).run();
    assert_eq!(copies(&home).len(), 2, "its time is not over");
    let file = home.path(".local/state/broker/catalog.json");
    let text = std::fs::read_to_string(&file).expect("a catalog");
    let mut catalog: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    catalog["secrets"][0]["versions"][0]["kept_until"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&file, catalog.to_string()).expect("written");
    let told = home.broker(["--json", "doctor"]).run().code(3).json();
    let found = |f: &serde_json::Value| f["code"] == "pending" && f["state"] == "warning";
    assert!(
        told.as_array().expect("findings").iter().any(found),
        "{told}"
    );
    let _ = home.broker(["doctor", "--fix"]).run();
    assert_eq!(copies(&home), ["a@v2.age"]);
    let refused = home.broker(["--json", "rollback", "a"]).run().code(1);
    assert_eq!(refused.error_code(), "version-not-kept");
    assert_eq!(given(&home), SECOND);
}
