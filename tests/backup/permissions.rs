//! What was allowed comes back as requests, and `broker.toml` where there is none.

use std::fs;

use serde_json::{Value, json};

use super::{Key, tree, unattended};
use crate::support::home::Home;

fn allow(home: &Home, label: &str, secret: &str) {
    let env = format!("A=broker://{secret}");
    let words = [
        "allow",
        label,
        "--env",
        &env,
        "--",
        "/usr/bin/printenv",
        "A",
    ];
    let _ = home.broker(words).run().ok();
}

fn exec<'a>(home: &'a Home, label: &str) -> crate::support::home::Run<'a> {
    home.broker([
        "exec",
        label,
        "--env",
        "A=broker://a",
        "--",
        "/usr/bin/printenv",
        "A",
    ])
}

fn requests(home: &Home) -> Vec<Value> {
    let listed = home.broker(["--json", "requests"]).run().ok().json();
    listed.as_array().expect("a list").clone()
}

fn grants(home: &Home) -> usize {
    let listed = home.broker(["--json", "grants"]).run().ok().json();
    listed.as_array().expect("a list").len()
}

/// A home with a grant, and its key and backup.
fn allowed() -> (Home, Key) {
    let (home, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    allow(&home, "one", "a");
    let _ = exec(&home, "one").run().ok();
    let _ = key.create(&home, "x.age").ok();
    (home, key)
}

#[test]
fn what_was_allowed_is_asked_for_again_and_allowed_only_by_a_person() {
    let (old, key) = allowed();
    // A grant binds HOME, which is the same here as on a machine that was set up again.
    let folder = old.path("b").parent().expect("above").to_owned();
    let home = unattended().with("HOME", folder);
    let answer = key.restore(&home, "x.age").ok();
    assert!(
        answer
            .stderr
            .contains("1 command(s) that were allowed are asked for again"),
        "{}",
        answer.stderr
    );
    assert_eq!(grants(&home), 0);
    let pending = requests(&home);
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0]["server"], "one");
    assert_eq!(pending[0]["secrets"], json!(["a"]));
    assert_eq!(pending[0]["by"], "broker backup restore");
    // Nothing is started yet, and the request is looked at as any other.
    let _ = exec(&home, "one").run().code(125);
    let id = pending[0]["id"].as_str().expect("an id");
    let _ = home.broker(["allow", id]).run().ok();
    assert_eq!(exec(&home, "one").run().ok().stdout, "canary-a-value\n");
    // What is allowed is not asked for again.
    let again = key.restore(&home, "x.age").ok();
    assert_eq!(again.stderr, "broker: there is nothing to restore\n");
    assert!(requests(&home).is_empty());
}

#[test]
fn a_secret_that_moved_is_asked_for_where_it_is_now() {
    let (old, key) = allowed();
    let _ = old.broker(["rename", "a", "b"]).run().ok();
    let _ = old.broker(["revoke", "--all"]).run().ok();
    let _ = key.restore(&old, "x.age").ok();
    let pending = requests(&old);
    assert_eq!(pending[0]["secrets"], json!(["b"]));
    let id = pending[0]["id"].as_str().expect("an id");
    let _ = old.broker(["allow", id]).run().ok();
    let words = [
        "exec",
        "one",
        "--env",
        "A=broker://b",
        "--",
        "/usr/bin/printenv",
        "A",
    ];
    assert_eq!(old.broker(words).run().ok().stdout, "canary-a-value\n");
}

#[test]
fn what_has_no_room_or_no_secret_is_told_and_never_dropped() {
    let (_old, key) = allowed();
    let mut document = key.opened("x.age");
    let one = document["grants"]["grants"][0].clone();
    let many = (0..105).map(|number| {
        let mut grant = one.clone();
        grant["command"]["server"] = format!("server-{number:03}").into();
        grant
    });
    let mut many: Vec<Value> = many.collect();
    let mut of_none = one.clone();
    of_none["command"]["server"] = "of-no-secret".into();
    of_none["command"]["variables"]["A"]["id"] = "f".repeat(32).into();
    let mut unknown = one.clone();
    unknown["command"]["sandbox"] = "of a later time".into();
    many.extend([of_none, unknown]);
    document["grants"]["grants"] = many.into();
    let mut rotation = one;
    rotation["command"]["arguments"] = json!([{"text": "canary-argument"}]);
    document["grants"]["rotations"] = json!([rotation]);
    key.seal(&document, "many.age");
    fs::set_permissions(
        key.path("many.age"),
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .expect("changed");
    let home = unattended();
    // Somebody asked already, and is not pushed out.
    home.set("other", b"canary-other");
    let words = [
        "exec",
        "mine",
        "--env",
        "A=broker://other",
        "--",
        "/usr/bin/printenv",
    ];
    let _ = home.broker(words).run().code(125);
    let said = key.restore(&home, "many.age").ok().stderr;
    assert!(
        said.contains("99 command(s) that were allowed are asked for again"),
        "{said}"
    );
    let no_room = said
        .lines()
        .find(|line| line.contains("too many requests"))
        .expect("told");
    for left in ["server-099", "server-100", "server-104"] {
        assert!(no_room.contains(left), "{no_room}");
    }
    assert!(
        said.contains("because a secret of theirs is not here: of-no-secret"),
        "{said}"
    );
    assert!(
        said.contains("1 command(s) that were allowed are not understood"),
        "{said}"
    );
    assert!(
        said.contains("rotation commands are not restored") && said.contains("--rotate-command: a"),
        "{said}"
    );
    assert!(!said.contains("canary"), "{said}");
    let pending = requests(&home);
    assert_eq!(pending.len(), 100);
    assert!(pending.iter().any(|request| request["server"] == "mine"));
}

#[test]
fn grants_that_the_seal_does_not_know_are_not_backed_up() {
    let (home, key) = allowed();
    let file = home.path("b/state/grants.json");
    let mut forged: Value = serde_json::from_slice(&fs::read(&file).expect("read")).expect("JSON");
    forged["grants"][0]["command"]["server"] = "forged".into();
    fs::write(&file, forged.to_string()).expect("written");
    let answer = key.create(&home, "y.age").ok();
    assert!(
        answer.stderr.contains("nothing in it counts"),
        "{}",
        answer.stderr
    );
    assert_eq!(key.opened("y.age")["grants"], Value::Null);
    // What is backed up has no marks: they prove nothing elsewhere.
    let document = key.opened("x.age");
    assert!(document["grants"]["grants"][0]["command"].is_object());
    assert!(document["grants"]["seals"].is_null());
}

#[test]
fn broker_toml_comes_back_to_where_there_is_none() {
    let text =
        "# mine\n[servers.one]\ncommand = [\"/usr/bin/printenv\"]\nenv = { A = \"broker://a\" }\n";
    let (old, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    fs::write(old.path("b/broker.toml"), text).expect("written");
    let said = key.create(&old, "x.age").ok().stderr;
    assert!(said.contains("and broker.toml"), "{said}");
    let home = unattended();
    let said = key.restore(&home, "x.age").ok().stderr;
    assert!(said.contains("broker.toml was restored"), "{said}");
    assert_eq!(
        fs::read_to_string(home.path("b/broker.toml")).expect("there"),
        text
    );
    let _ = home.broker(["list"]).run().ok();
    let other = unattended();
    fs::write(other.path("b/broker.toml"), "# other\n").expect("written");
    let _ = key.restore(&other, "x.age").ok();
    assert_eq!(
        fs::read_to_string(other.path("b/broker.toml")).expect("there"),
        "# other\n"
    );
    let again = key.restore(&other, "x.age").ok();
    assert_eq!(again.stderr, "broker: there is nothing to restore\n");
}

#[test]
fn a_broker_toml_that_is_not_understood_is_backed_up_and_not_put_in_place() {
    let (old, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    fs::write(old.path("b/broker.toml"), b"of = \"another time\"\n").expect("written");
    let _ = key.create(&old, "x.age").ok();
    let home = unattended();
    let said = key.restore(&home, "x.age").ok().stderr;
    assert!(said.contains("is not understood by this broker"), "{said}");
    assert!(!home.path("b/broker.toml").exists());
    // It is in the file for whoever wants it.
    assert_eq!(
        key.opened("x.age")["config"],
        "b2YgPSAiYW5vdGhlciB0aW1lIgo="
    );
    let before = tree(&home);
    let _ = key.restore(&home, "x.age").ok();
    assert!(tree(&home) == before);
}

#[test]
fn rotation_commands_are_told_of_and_not_restored() {
    let (old, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    let words = ["edit", "a", "--rotate-command", "[\"/usr/bin/printenv\"]"];
    let _ = old.broker(words).run().ok();
    let _ = key.create(&old, "x.age").ok();
    let home = unattended();
    let said = key.restore(&home, "x.age").ok().stderr;
    let told = "rotation commands are not restored; record them again with broker edit --rotate-command: a";
    assert!(said.contains(told), "{said}");
    let run = home.broker(["rotate", "a", "--run"]).run();
    assert_ne!(run.code, 0, "a command was run that nobody allowed here");
    // Where there is one there is nothing to tell.
    let said = key.restore(&old, "x.age").ok().stderr;
    assert_eq!(said, "broker: there is nothing to restore\n");
}
