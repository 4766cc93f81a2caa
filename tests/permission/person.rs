//! What needs a person: refused where nobody is, whatever is piped in and whatever a file says.

use std::fs;

use serde_json::json;

use super::{
    CANARY, Start, answered, attended, attended_on, edit, grants, made, mark, put, reaching,
    refused, requests, server, started, state, told, unattended, unattended_on, withheld,
};
use crate::support::bus::Bus;
use crate::support::home::Home;

fn filled(home: Home) -> (Home, Start) {
    server(&home, "bin/server");
    let home = home.secret("a", "canary-a-value");
    let start = Start::of([home.path("bin/server")])
        .label("s")
        .flags(&["--env", "A=broker://a"]);
    (home, start)
}

/// What needs a person in every home with the start of [`filled`], whose program has changed since it was allowed.
fn needs_a_person(other_store: &str) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    vec![
        words(&["allow"]),
        words(&["allow", "s"]),
        words(&["allow", "t", "--env", "A=broker://a", "--", "/bin/true"]),
        words(&["allow", "--program", "bin/server"]),
        words(&["reveal", "a"]),
        words(&["get", "a"]),
        words(&["migrate", "--to", other_store, "a"]),
        words(&["backup", "create", "nobody.age", "--passphrase"]),
        words(&["thaw"]),
        words(&["remove", "a"]),
    ]
}

#[track_caller]
fn nobody_is_nobody(home: &Home, other_store: &str) {
    let run = |words: &[String]| {
        let run = home.broker(["--json".to_owned()].iter().chain(words));
        run.stdin("y\nyes\na\n")
    };
    let mut all = needs_a_person(other_store);
    all.push(vec![
        "allow".to_owned(),
        requests(home).pop().expect("a request"),
    ]);
    for words in all {
        let answer = run(&words).run();
        assert_eq!(answer.code, 1, "{words:?}: {}", answer.stderr);
        assert_eq!(answer.error_code(), "no-terminal", "{words:?}");
        assert_eq!(answer.stdout, "", "{words:?}");
        assert!(!answer.stderr.contains(CANARY), "{words:?}");
    }
    assert!(!home.path("nobody.age").exists(), "a backup was made");
}

/// A home in which a start is allowed, and asked for again since its program has changed.
fn changed(home: Home) -> (Home, Start) {
    let (home, start) = filled(home);
    let _ = answered(start.run(&home, "allow"), "allow it? [y/N]", "y\n").code(0);
    started(&home, &start);
    let text = format!(
        "#!/bin/sh\n: > '{}'\n/usr/bin/env # changed\n",
        mark(&home).display()
    );
    put(&home.path("bin/server"), text, 0o700);
    refused(&home, &start, "grant-changed", "bin/server has changed");
    (home, start)
}

#[test]
fn without_a_terminal_nothing_is_allowed_revealed_moved_or_thawed_in_a_home_with_a_vault() {
    let (home, start) = changed(attended());
    nobody_is_nobody(&home, "keychain");
    for words in [
        &["--json", "vault", "rekey", "--keychain"][..],
        &["--json", "init", "--store", "keychain"],
    ] {
        let answer = home.broker(words).stdin("y\n").run().code(1);
        assert_eq!(answer.error_code(), "no-terminal", "{words:?}");
    }
    refused(&home, &start, "grant-changed", "bin/server has changed");
    assert_eq!(grants(&home).len(), 1);
    for action in ["allow", "reveal", "migrate", "backup", "thaw", "vault"] {
        let entry = told(&home, action, "refused").pop();
        let entry = entry.unwrap_or_else(|| panic!("nothing is told of {action}"));
        assert_eq!(entry["detail"], "no-terminal", "{action}");
    }
}

#[test]
fn without_a_terminal_nothing_is_allowed_revealed_moved_or_thawed_in_a_home_with_a_keychain() {
    let bus = Bus::start();
    let (home, start) = changed(attended_on(&bus));
    nobody_is_nobody(&home, "vault");
    refused(&home, &start, "grant-changed", "bin/server has changed");
}

#[test]
fn a_record_that_says_nobody_is_asked_is_not_believed() {
    let bus = Bus::start();
    for (home, other) in [(attended(), "keychain"), (attended_on(&bus), "vault")] {
        let (home, start) = changed(home);
        edit(&state(&home, "home.json"), |home| {
            home["unattended"] = json!(true)
        });
        nobody_is_nobody(&home, other);
        refused(&home, &start, "grant-changed", "bin/server has changed");
        // Nor by the command that makes such homes.
        let again = home
            .broker(["--json", "init", "--unattended"])
            .run()
            .code(1);
        assert_eq!(again.error_code(), "home-has-secrets");
    }
}

#[test]
fn a_record_that_says_a_person_is_asked_is_believed() {
    let (home, _) = filled(unattended());
    edit(&state(&home, "home.json"), |home| {
        home.as_object_mut()
            .expect("an object")
            .remove("unattended");
    });
    let answer = home.broker(["--json", "reveal", "a"]).run().code(1);
    assert_eq!(answer.error_code(), "no-terminal");
}

#[test]
fn a_controlling_terminal_is_enough_whatever_is_redirected() {
    let (home, start) = changed(attended());
    let ended = answered(start.run(&home, "allow"), "allow it? [y/N]", "y\n").code(0);
    assert_eq!(ended.stdout, "");
    started(&home, &start);
    let ended = answered(home.broker(["reveal", "a"]), "[y/N]", "y\n").code(0);
    assert!(ended.screen.contains("canary-a-value"));
    assert!(!ended.stdout.contains(CANARY) && !ended.stderr.contains(CANARY));
}

fn unattended_everything_works(home: Home, other_store: &str, bus: Option<&Bus>) {
    let (home, start) = filled(home);
    refused(&home, &start, "not-granted", "nobody allowed it yet");
    let id = requests(&home).pop().expect("a request");
    let run = |words: &[&str]| home.broker(words).run().ok();
    run(&["allow", &id]);
    started(&home, &start);
    let text = format!(
        "#!/bin/sh\n: > '{}'\n/usr/bin/env # changed\n",
        mark(&home).display()
    );
    put(&home.path("bin/server"), text, 0o700);
    // A command that nobody allowed is refused here too.
    refused(&home, &start, "grant-changed", "bin/server has changed");
    run(&["allow", "--program", "bin/server"]);
    started(&home, &start);
    run(&["revoke", "--all"]);
    let _ = start.allow(&home);
    started(&home, &start);
    assert_eq!(run(&["reveal", "a"]).stdout, "canary-a-value");
    run(&["freeze", "--reason", "x"]);
    run(&["thaw"]);
    let allowed = told(&home, "allow", "done");
    assert_eq!(allowed.len(), 3);
    let mut done = allowed;
    done.extend(told(&home, "reveal", "done"));
    done.extend(told(&home, "thaw", "done"));
    if bus.is_some() {
        run(&["init", "--store", other_store]);
        run(&["migrate", "--to", other_store, "a"]);
        done.extend(told(&home, "migrate", "done"));
        started(&home, &start);
    }
    assert!(done.len() >= 5);
    for entry in done {
        assert_eq!(entry["unattended"], json!(true), "{entry}");
    }
    // What needs nobody anywhere is not told so.
    for entry in told(&home, "revoke", "done")
        .iter()
        .chain(&told(&home, "exec", "intent"))
    {
        assert_eq!(entry.get("unattended"), None, "{entry}");
    }
}

#[test]
fn in_an_unattended_home_with_a_vault_it_works_without_and_the_log_says_so() {
    unattended_everything_works(unattended(), "keychain", None);
    let (home, _) = filled(unattended());
    let _ = home
        .broker(["vault", "rekey", "--passphrase"])
        .stdin("canary pass phrase")
        .run()
        .ok();
    assert_eq!(told(&home, "vault", "done")[0]["unattended"], json!(true));
}

#[test]
fn in_an_unattended_home_with_both_stores_it_works_without_and_the_log_says_so() {
    let bus = Bus::start();
    let home = made(
        reaching(&bus),
        &["--store", "vault", "--key-file", "--unattended"],
    );
    unattended_everything_works(home, "keychain", Some(&bus));
    let _ = unattended_on(&bus);
}

#[test]
fn a_home_stays_attended_when_its_seal_is_lost() {
    let (home, start) = filled(attended());
    fs::remove_file(home.path("b/vault/secrets/.seal@v1.age")).expect("removed");
    edit(&state(&home, "home.json"), |home| {
        home["unattended"] = json!(true)
    });
    let answer = start.run(&home, "allow").run().code(1);
    assert_eq!(answer.error_code(), "no-terminal");
    // Nor does mending make it another.
    let _ = home.broker(["doctor", "--fix"]).run();
    let answer = start.run(&home, "allow").run().code(1);
    assert_eq!(answer.error_code(), "no-terminal");
    withheld(
        &home,
        start.exec(&home).run(),
        "not-granted",
        "nobody allowed it yet",
    );
}
