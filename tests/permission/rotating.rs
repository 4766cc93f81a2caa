//! Rotation commands: recorded by a person, bound by content, sealed, and refused before any store is asked.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{
    ASIDE, Session, Start, Traced, answered, attended, edit, error, first_in_path, folder, grants,
    made, mark, put, state, told, traced, unattended,
};
use crate::support::bus::Bus;
use crate::support::home::{Answer, Home, PATH, Run};

/// What the command prints is this, and the value it was given.
const NEXT: &str = "canary-next-of-";

/// Writes a rotation command that leaves its mark.
fn hook(home: &Home, below: &str) -> PathBuf {
    let path = home.path(below);
    let text = format!(
        "#!/bin/sh\n: > '{}'\nprintf '%s\\n' \"{NEXT}$BROKER_CURRENT\"\n",
        mark(home).display()
    );
    put(&path, text, 0o700);
    home.input(below);
    path
}

fn recording<'a>(home: &'a Home, name: &str, words: &Value) -> Run<'a> {
    home.broker([
        "--json",
        "edit",
        name,
        "--rotate-command",
        &words.to_string(),
    ])
}

/// A home with two secrets, of which the first has a rotation command.
fn filled(home: Home) -> Home {
    let home = home
        .secret("a", "canary-a-value")
        .secret("b", "canary-b-value");
    let hook = hook(&home, "bin/hook");
    let _ = recording(&home, "a", &json!([hook, "one"])).run().ok();
    home
}

fn home() -> Home {
    filled(unattended())
}

fn rotate(home: &Home) -> Run<'_> {
    home.broker(["--json", "rotate", "a", "--run"])
}

/// Returns the rotation commands that the file of grants has.
fn recorded(home: &Home) -> Vec<Value> {
    let bytes = fs::read(state(home, "grants.json")).expect("grants");
    let document: Value = serde_json::from_slice(&bytes).expect("JSON");
    document["rotations"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

/// Demands that the command was run, and that its value counts.
#[track_caller]
fn rotates(home: &Home, name: &str) {
    let before = home.broker(["reveal", name]).run().ok().stdout;
    let traced = traced(&home.broker(["--json", "rotate", name, "--run"]));
    assert_eq!(traced.answer.code, 0, "{}", traced.answer.stderr);
    assert!(
        !traced.calls_to_a_store(home).is_empty(),
        "no store was asked"
    );
    fs::remove_file(mark(home)).expect("it was run");
    let after = home.broker(["reveal", name]).run().ok().stdout;
    assert_eq!(after, format!("{NEXT}{before}"));
}

/// Demands that the command is not run, and that the message says why.
#[track_caller]
fn withheld(home: &Home, answer: &Answer, code: &str, says: &str) {
    assert_eq!(answer.code, 1, "{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.error_code(), code, "{}", answer.stderr);
    let message = error(answer)["message"].as_str().expect("text").to_owned();
    assert!(message.contains(says), "{says:?} is not in: {message}");
    assert!(!mark(home).exists(), "it was run");
    assert!(!answer.stderr.contains("canary-"), "{}", answer.stderr);
    assert_eq!(answer.stdout, "");
    let last = told(home, "rotate", "refused").pop().expect("an entry");
    assert_eq!(last["detail"], code);
}

/// Demands that, and that no store was asked.
#[track_caller]
fn refused(home: &Home, run: &Run<'_>, code: &str, says: &str) {
    let traced: Traced = traced(run);
    let calls = traced.calls_to_a_store(home);
    assert!(calls.is_empty(), "a store was asked: {calls:#?}");
    withheld(home, &traced.answer, code, says);
}

#[test]
fn a_person_sees_the_command_and_what_is_dangerous_about_it_and_is_asked() {
    let home = attended().secret("a", "canary-a-value");
    let hook = hook(&home, "bin/hook");
    let words = json!([hook, "one two"]);
    let mut session = Session::start(recording(&home, "a", &words).command(), ASIDE);
    session.wait_for("this would be run by broker rotate a --run, in exactly these words:");
    session.wait_for(&format!("program    {} (as it is now)", hook.display()));
    session.wait_for("arguments  'one two'");
    session.wait_for("secret     BROKER_CURRENT = a");
    session.wait_for(&format!("PATH       {PATH}"));
    session.wait_for("runs in    ");
    session
        .wait_for("let it have the value, and make the new one? [y/N]")
        .types("n\n");
    let declined = session.end().code(1);
    assert!(
        declined.stderr.contains("\"declined\""),
        "{}",
        declined.stderr
    );
    assert!(recorded(&home).is_empty());
    assert_eq!(
        told(&home, "edit", "refused").pop().expect("an entry")["detail"],
        "declined"
    );
    let question = "let it have the value, and make the new one? [y/N]";
    let seen = answered(recording(&home, "a", &words), question, "y\n").code(0);
    assert!(!seen.screen.contains("can inject code"), "{}", seen.screen);
    let done = told(&home, "edit", "done").pop().expect("an entry");
    assert_eq!(
        (&done["detail"], &done["program"]),
        (&json!("rotation command"), &json!(hook))
    );
    // Nobody need be there when it is run.
    let _ = rotate(&home).run().ok();
    fs::remove_file(mark(&home)).expect("it was run");
    // What a shell is given, and a script that others can change, are told of first.
    let open = home.path("open/hook");
    put(&open, "#!/bin/sh\n", 0o777);
    for (words, danger) in [
        (
            json!(["sh", "-c", "echo x"]),
            "! sh is a shell: it runs whatever its arguments say",
        ),
        (json!([open]), "! other users can change"),
    ] {
        let seen = answered(recording(&home, "a", &words), question, "n\n").code(1);
        assert!(seen.screen.contains(danger), "{}", seen.screen);
    }
    rotates_still(&home);
}

/// What was declined took nothing away.
#[track_caller]
fn rotates_still(home: &Home) {
    let _ = rotate(home).run().ok();
    fs::remove_file(mark(home)).expect("it was run");
}

#[test]
fn without_a_terminal_none_is_recorded_and_one_can_be_taken_away() {
    let home = attended().secret("a", "canary-a-value");
    let words = json!([hook(&home, "bin/hook")]);
    let answer = recording(&home, "a", &words).stdin("y\n").run().code(1);
    assert_eq!(answer.error_code(), "no-terminal");
    assert!(recorded(&home).is_empty());
    assert_eq!(
        told(&home, "edit", "refused").pop().expect("an entry")["detail"],
        "no-terminal"
    );
    let note = [
        "--json",
        "edit",
        "a",
        "--note",
        "n",
        "--rotate-command",
        &words.to_string(),
    ];
    assert_eq!(home.broker(note).run().code(1).error_code(), "no-terminal");
    let shown = home.broker(["--json", "show", "a"]).run().ok().json();
    assert_eq!(
        (&shown["note"], &shown["rotate_command"]),
        (&Value::Null, &Value::Null)
    );
    let question = "make the new one? [y/N]";
    let _ = answered(recording(&home, "a", &words), question, "y\n").code(0);
    assert_eq!(recorded(&home).len(), 1);
    let none = ["edit", "a", "--rotate-command", "none"];
    let _ = home.broker(none).run().ok();
    assert!(recorded(&home).is_empty());
    let done = told(&home, "edit", "done").pop().expect("an entry");
    assert_eq!(done["detail"], "no rotation command");
    refused(
        &home,
        &rotate(&home),
        "rotation-command-missing",
        "no rotation command is recorded",
    );
    let said = home.broker(none).run().ok().stderr;
    assert_eq!(said, "broker: no rotation command was recorded for \"a\"\n");
}

#[test]
fn a_script_that_was_changed_is_refused_with_what_differs_and_no_store_is_asked() {
    let home = home();
    rotates(&home, "a");
    let path = home.path("bin/hook");
    let text = fs::read_to_string(&path).expect("text");
    put(&path, format!("{text}# changed\n"), 0o700);
    let says = format!("the content of {} has changed", path.display());
    refused(&home, &rotate(&home), "grant-changed", &says);
    let answer = rotate(&home).run();
    let hint = error(&answer)["hint"].as_str().expect("a hint").to_owned();
    assert!(hint.contains("broker edit a --rotate-command"), "{hint}");
    let _ = recording(&home, "a", &json!([path, "one"])).run().ok();
    rotates(&home, "a");
    // A script given to an interpreter counts by its content, too.
    put(&home.path("hook.sh"), &text, 0o600);
    home.input("hook.sh");
    let _ = recording(&home, "a", &json!(["sh", home.path("hook.sh")]))
        .run()
        .ok();
    rotates(&home, "a");
    put(&home.path("hook.sh"), format!("{text}# changed\n"), 0o600);
    refused(
        &home,
        &rotate(&home),
        "grant-changed",
        "hook.sh has changed",
    );
}

#[test]
fn a_program_that_is_found_elsewhere_by_now_is_refused() {
    let home = home();
    let hook = hook(&home, "two/hook");
    fs::create_dir(home.path("one")).expect("a folder");
    let path = format!(
        "{}:{}",
        home.path("one").display(),
        first_in_path(&home, "two")
    );
    let _ = recording(&home, "a", &json!(["hook"]))
        .env("PATH", &path)
        .run()
        .ok();
    rotates(&home, "a");
    put(
        &home.path("one/hook"),
        fs::read(&hook).expect("text"),
        0o700,
    );
    home.input("one/hook");
    let says = format!("the program was allowed as {}", hook.display());
    refused(&home, &rotate(&home), "grant-changed", &says);
}

#[test]
fn the_callers_path_home_and_folder_make_no_difference() {
    let home = home();
    let text = format!(
        "#!/bin/sh\n: > '{}'\necho \"canary-$PATH-$HOME-$(pwd)-$1\"\n",
        mark(&home).display()
    );
    put(&home.path("bin/tool"), text, 0o700);
    home.input("bin/tool");
    let path = first_in_path(&home, "bin");
    let words = json!(["tool", "$HOME"]);
    let _ = recording(&home, "a", &words)
        .env("PATH", &path)
        .folder("/")
        .run()
        .ok();
    let planted = home.path("planted/tool");
    put(&planted, "#!/bin/sh\necho canary-planted\n", 0o700);
    fs::create_dir(home.path("other")).expect("a folder");
    let run = rotate(&home)
        .env("PATH", first_in_path(&home, "planted"))
        .env("HOME", home.path("other"))
        .folder("/usr");
    let _ = run.run().ok();
    let user = home.path("").display().to_string();
    let user = user.trim_end_matches('/');
    let seen = home.broker(["reveal", "a"]).run().ok().stdout;
    assert_eq!(seen, format!("canary-{path}-{user}-{user}-$HOME"));
}

#[test]
fn a_command_that_means_something_in_its_folder_runs_there() {
    let home = home();
    let _ = hook(&home, "project/hook");
    let there = |run: Run<'_>| run.folder(home.path("project")).run();
    let _ = there(recording(&home, "a", &json!(["./hook"]))).ok();
    let folder = home.path("project").canonicalize().expect("there");
    assert_eq!(recorded(&home)[0]["command"]["folder"], json!(folder));
    rotates(&home, "a");
}

#[test]
fn what_is_passed_to_the_command_is_what_was_passed_when_it_was_recorded() {
    let home = unattended();
    let config = home.path("b/broker.toml");
    put(&config, "[defaults]\npass = [\"NO_COLOR\"]\n", 0o600);
    let home = filled(home);
    refused(
        &home,
        &rotate(&home).env("NO_COLOR", "1"),
        "grant-changed",
        "NO_COLOR was not passed on",
    );
    rotates(&home, "a");
    let answer = rotate(&home).env("NO_COLOR", "broker://b").run().code(1);
    assert_eq!(answer.error_code(), "reference-invalid");
    assert!(!mark(&home).exists());
}

/// One thing that somebody does to the file of grants.
type Edit = fn(&mut Value, &Value);

#[test]
fn a_file_of_grants_that_somebody_else_wrote_runs_nothing() {
    let home = home();
    let evil = hook(&home, "bin/evil");
    // What the forger is to find out about its own command.
    let other = filled(made(
        folder(),
        &["--store", "vault", "--key-file", "--unattended"],
    ));
    let _ = recording(&other, "a", &json!([evil, "one"])).run().ok();
    let wanted = recorded(&other)[0].clone();
    let file = state(&home, "grants.json");
    let genuine = fs::read(&file).expect("grants");
    let edits: [(&str, Edit); 5] = [
        ("another program", |d, wanted| {
            for part in ["program", "path", "home"] {
                d["rotations"][0]["command"][part] = wanted["command"][part].clone();
            }
        }),
        ("another argument", |d, _| {
            d["rotations"][0]["command"]["arguments"][0]["text"] = json!("two");
        }),
        ("the time", |d, _| {
            d["rotations"][0]["granted"] = json!("2020-01-01T00:00:00Z")
        }),
        ("a second one before it", |d, _| {
            let mut second = d["rotations"][0].clone();
            second["command"]["arguments"][0]["text"] = json!("two");
            d["rotations"]
                .as_array_mut()
                .expect("rotations")
                .insert(0, second);
        }),
        ("no marks", |d, _| d["seals"] = json!({})),
    ];
    for (what, change) in edits {
        edit(&file, |document| change(document, &wanted));
        println!("{what}");
        // `HOME` and `PATH` of the forger's command are its own.
        let answer = rotate(&home).run();
        withheld(&home, &answer, "grants-invalid", "the file of grants");
        fs::write(&file, &genuine).expect("put back");
    }
    // One for a secret that has none.
    let id = {
        let catalog: Value =
            serde_json::from_slice(&fs::read(state(&home, "catalog.json")).expect("there"))
                .expect("JSON");
        catalog["secrets"][1]["id"].clone()
    };
    edit(&file, |d| {
        d["rotations"][0]["command"]["variables"]["BROKER_CURRENT"] =
            json!({ "id": id, "name": "b", "item": "vault/b" });
    });
    let answer = home.broker(["--json", "rotate", "b", "--run"]).run();
    withheld(&home, &answer, "grants-invalid", "the file of grants");
    fs::write(&file, &genuine).expect("put back");
    rotates(&home, "a");
}

#[test]
fn a_rotation_command_that_was_taken_away_does_not_come_back_with_its_file() {
    let home = home();
    let file = state(&home, "grants.json");
    let before = fs::read(&file).expect("grants");
    let _ = home
        .broker(["edit", "a", "--rotate-command", "none"])
        .run()
        .ok();
    put(&file, &before, 0o600);
    withheld(
        &home,
        &rotate(&home).run(),
        "grants-invalid",
        "not the last one",
    );
    // Nor beside the one that counts.
    let _ = home
        .broker(["edit", "a", "--rotate-command", "none"])
        .run()
        .ok();
    let _ = Start::of(["/usr/bin/env"])
        .flags(&["--env", "A=broker://a"])
        .allow(&home);
    put(&state(&home, "grants.next.json"), &before, 0o600);
    let answer = rotate(&home).run();
    withheld(
        &home,
        &answer,
        "rotation-command-missing",
        "no rotation command is recorded",
    );
    assert!(
        answer.stderr.contains("is ignored, nothing in it counts"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_catalog_that_says_otherwise_does_not_hand_a_command_another_value() {
    let home = home();
    let catalog = state(&home, "catalog.json");
    let genuine = fs::read(&catalog).expect("a catalog");
    // The name of the other secret, under the id that has the command.
    edit(&catalog, |document| {
        let first = document["secrets"][0]["id"].clone();
        document["secrets"][0]["id"] = document["secrets"][1]["id"].clone();
        document["secrets"][1]["id"] = first;
    });
    refused(
        &home,
        &rotate(&home),
        "rotation-command-missing",
        "no rotation command is recorded",
    );
    let other = home.broker(["--json", "rotate", "b", "--run"]);
    refused(
        &home,
        &other,
        "grant-changed",
        "BROKER_CURRENT holds another secret now",
    );
    fs::write(&catalog, genuine).expect("put back");
    rotates(&home, "a");
}

#[test]
fn a_frozen_home_hands_no_value_to_a_command() {
    let home = home();
    let _ = home
        .broker(["freeze", "--reason", "a laptop was stolen"])
        .run()
        .ok();
    refused(&home, &rotate(&home), "frozen", "a laptop was stolen");
    // Where the mark in the files is gone, the seal says it.
    fs::remove_file(state(&home, "frozen.json")).expect("deleted");
    withheld(&home, &rotate(&home).run(), "frozen", "a laptop was stolen");
    let _ = home.broker(["thaw"]).run().ok();
    rotates(&home, "a");
}

#[test]
fn a_rotation_command_is_no_permission_to_start_it() {
    let home = home();
    let hook = home.path("bin/hook");
    assert_eq!(grants(&home), [""; 0]);
    let start = Start::of([hook.as_os_str(), "one".as_ref()]).flags(&[
        "--env",
        "BROKER_CURRENT=broker://a",
        "--allow-dangerous-env",
        "BROKER_CURRENT",
    ]);
    super::refused(&home, &start, "not-granted", "nobody allowed it yet");
}

#[test]
fn a_rotation_command_follows_its_secret_to_another_name_and_another_store() {
    let bus = Bus::start();
    let home = filled(super::unattended_on(&bus));
    let _ = home.broker(["rename", "a", "work/c"]).run().ok();
    rotates_named(&home, "work/c");
    let _ = home
        .broker(["init", "--store", "vault", "--key-file"])
        .run()
        .ok();
    let _ = home.broker(["migrate", "--to", "vault"]).run().ok();
    rotates_named(&home, "work/c");
    let shown = home.broker(["--json", "show", "work/c"]).run().ok().json();
    assert_eq!(
        shown["rotate_command"],
        json!([home.path("bin/hook"), "one"])
    );
    let text = home.broker(["show", "work/c"]).run().ok().stdout;
    let line = format!(
        "rotate with   {} one (broker rotate work/c --run)\n",
        home.path("bin/hook").display()
    );
    assert!(text.contains(&line), "{text}");
    // The name is free, and no other secret gets the command with it.
    home.set("a", b"canary-another");
    withheld(
        &home,
        &rotate(&home).run(),
        "rotation-command-missing",
        "no rotation command",
    );
}

#[track_caller]
fn rotates_named(home: &Home, name: &str) {
    let _ = home.broker(["rotate", name, "--run"]).run().ok();
    fs::remove_file(mark(home)).expect("it was run");
}

#[test]
fn revoking_and_removing_take_the_command_away_and_nothing_else() {
    for words in [
        &["revoke", "--secret", "a"][..],
        &["revoke", "--all"],
        &["remove", "a", "--yes"],
    ] {
        let home = home();
        let hook = home.path("bin/hook");
        let _ = recording(&home, "b", &json!([hook])).run().ok();
        let said = home.broker(words).run().ok().stderr;
        let left = recorded(&home);
        if words.contains(&"--all") {
            assert!(left.is_empty());
            assert!(
                said.contains("revoked the rotation command of \"b\""),
                "{said}"
            );
        } else {
            assert_eq!(left.len(), 1, "{words:?}");
            assert_eq!(
                left[0]["command"]["variables"]["BROKER_CURRENT"]["name"],
                "b"
            );
            rotates(&home, "b");
        }
        if words.contains(&"revoke") {
            assert!(
                said.contains("revoked the rotation command of \"a\""),
                "{said}"
            );
            let entry = told(&home, "revoke", "done").pop().expect("an entry");
            assert_eq!(entry["detail"], "rotation command");
            assert_eq!(entry["secrets"][0], "a");
            refused(
                &home,
                &rotate(&home),
                "rotation-command-missing",
                "no rotation command",
            );
        }
    }
    // Nothing is asked to be taken away where nothing was allowed.
    let home = unattended().secret("a", "canary-a-value");
    let answer = home
        .broker(["--json", "revoke", "--secret", "a"])
        .run()
        .code(1);
    assert_eq!(answer.error_code(), "grant-not-found");
}

#[test]
fn one_command_for_a_secret_and_the_last_one_counts() {
    let home = home();
    let second = hook(&home, "bin/second");
    let _ = recording(&home, "b", &json!([second])).run().ok();
    let _ = recording(&home, "a", &json!([second, "two"])).run().ok();
    assert_eq!(recorded(&home).len(), 2);
    let shown = |name: &str| {
        home.broker(["--json", "show", name]).run().ok().json()["rotate_command"].clone()
    };
    assert_eq!(shown("a"), json!([second, "two"]));
    assert_eq!(shown("b"), json!([second]));
    fs::remove_file(home.path("bin/hook")).expect("removed");
    rotates(&home, "a");
}

#[test]
fn what_is_no_command_is_refused_and_not_repeated() {
    let home = unattended().secret("a", "canary-a-value");
    for text in [
        "",
        "sesame",
        "[]",
        "{}",
        "\"sesame\"",
        "[1]",
        "[\"sesame\", null]",
        "[[\"sesame\"]]",
        "[\"\"]",
        "[\"sesame\\u0000\"]",
        "[\"sesame\"] x",
        "None",
    ] {
        let answer = home
            .broker(["--json", "edit", "a", "--rotate-command", text])
            .run()
            .code(2);
        assert_eq!(answer.error_code(), "usage", "{text}");
        assert!(
            !answer.stderr.contains("sesame"),
            "{text}: {}",
            answer.stderr
        );
    }
    for (words, code) in [
        (json!(["/bin/echo", "broker://a"]), "reference-in-argument"),
        (
            json!(["/bin/echo", "--token=broker://a"]),
            "reference-in-argument",
        ),
        (json!(["no-such-program"]), "program-not-found"),
        (json!(["/etc/passwd"]), "program-not-executable"),
    ] {
        let answer = recording(&home, "a", &words).run().code(1);
        assert_eq!(answer.error_code(), code, "{words}");
        assert!(
            !answer.stderr.contains("allow-argv-secret"),
            "{}",
            answer.stderr
        );
    }
    assert!(recorded(&home).is_empty());
}

#[test]
fn what_is_due_says_how_to_rotate_it() {
    let home = home();
    let _ = home
        .broker(["edit", "a", "--expires", "2020-01-31"])
        .run()
        .ok();
    let _ = home
        .broker(["edit", "b", "--expires", "2020-01-31"])
        .run()
        .ok();
    let text = home.broker(["due"]).run().code(3).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("  broker rotate a --run"), "{text}");
    assert!(lines.len() == 2 && !lines[1].contains("--run"), "{text}");
}
