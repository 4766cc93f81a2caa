//! The person at the terminal: typing without echo, answering, looking. And nobody at one.

use std::fs;

use super::{names, value};
use crate::support::home::Home;
use crate::support::pty::{On, Session};

const TYPED: On = On {
    stdin: true,
    stderr: false,
};
const ASIDE: On = On {
    stdin: false,
    stderr: false,
};

fn at(home: &Home, words: &[&str], on: On) -> Session {
    Session::start(home.broker(words).command(), on)
}

#[test]
fn a_typed_value_is_stored_and_never_shown() {
    let home = Home::attended();
    let mut session = at(&home, &["set", "a"], TYPED);
    session
        .wait_for("value of a:")
        .wait_hidden()
        .types("canary-typed $(x) 'y\n");
    let ended = session.end().code(0);
    assert!(!ended.screen.contains("canary"), "{}", ended.screen);
    assert_eq!(ended.stdout, "");
    assert_eq!(
        ended.stderr,
        "broker: stored \"a\" (version 1) in the vault\n"
    );
    assert!(ended.echoes, "the terminal was left without echo");
    assert_eq!(value(&home, "a"), b"canary-typed $(x) 'y");
}

#[test]
fn an_interrupted_prompt_stores_nothing() {
    let home = Home::attended();
    let mut session = at(&home, &["set", "a"], TYPED);
    session
        .wait_for("value of a:")
        .wait_hidden()
        .types("canary-half\x03");
    let ended = session.end();
    assert_ne!(ended.code, 0);
    assert!(!ended.screen.contains("canary"));
    assert!(names(&home).is_empty());
}

#[test]
fn nothing_typed_is_an_empty_value() {
    let home = Home::attended();
    let mut session = at(&home, &["--json", "set", "a"], TYPED);
    session.wait_for("value of a:").wait_hidden().types("\n");
    let ended = session.end().code(1);
    assert!(ended.stderr.contains("value-empty"), "{}", ended.stderr);
    assert!(names(&home).is_empty());
}

#[test]
fn a_name_that_is_taken_is_told_before_anything_is_typed() {
    let home = Home::attended().secret("a", "canary-a-value");
    let ended = at(&home, &["--json", "set", "a"], TYPED).end().code(1);
    assert!(ended.stderr.contains("secret-exists"), "{}", ended.stderr);
    assert_eq!(ended.screen, "");
}

#[test]
fn reveal_shows_on_the_terminal_and_nothing_anywhere_else() {
    let home = Home::attended().secret("a", "canary-shown\nsecond\x1b[2Jline");
    for on in [ASIDE, TYPED] {
        let mut session = at(&home, &["reveal", "a"], on);
        session
            .wait_for("show the value of \"a\" here? [y/N]")
            .types("y\n");
        session
            .wait_for("canary-shown")
            .wait_for("second\\u{1b}[2Jline");
        let ended = session.end().code(0);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    }
    for no in ["n\n", "\n", "nope\n", "yeah\n", "\x04"] {
        let mut session = at(&home, &["--json", "get", "a"], ASIDE);
        session.wait_for("[y/N]").types(no);
        let ended = session.end().code(1);
        assert!(!ended.screen.contains("canary"), "{no:?}");
        assert!(
            ended.stderr.contains("\"declined\""),
            "{no:?}: {}",
            ended.stderr
        );
    }
}

#[test]
fn remove_asks_and_only_yes_removes() {
    let home = Home::attended()
        .secret("a", "canary-a-value")
        .secret("b", "canary-b-value")
        .config("[servers.s]\ncommand = [\"x\"]\nenv = { A = \"broker://a\" }\n");
    for no in ["\n", "n\n", "N\n", "x\n"] {
        let mut session = at(&home, &["remove", "a", "b"], ASIDE);
        session.wait_for("remove a, b for good? [y/N]").types(no);
        let ended = session.end().code(1);
        assert!(
            ended.stderr.contains("\"a\" is used by: s"),
            "{}",
            ended.stderr
        );
        assert_eq!(names(&home), ["a", "b"]);
    }
    for (name, yes) in [("a", "y\n"), ("b", "YES\n")] {
        let mut session = at(&home, &["rm", name], ASIDE);
        session.wait_for("[y/N]").types(yes);
        let _ = session.end().code(0);
    }
    assert!(names(&home).is_empty());
}

#[test]
fn init_explains_the_choices_and_asks() {
    let home = Home::empty();
    let mut session = at(&home, &["init"], TYPED);
    session.wait_for("Where are secrets to be kept?");
    for choice in ["  1  ", "  2  ", "  3  ", "  4  "] {
        session.wait_for(choice);
    }
    // No keychain answers here, so it is not what Enter takes.
    session.wait_for("1 to 4:").types("4\n");
    let ended = session.end().code(0);
    assert!(!ended.screen.contains("Enter for 1"), "{}", ended.screen);
    assert!(
        ended.stderr.contains("can read every secret of this vault"),
        "{}",
        ended.stderr
    );
    home.set("a", b"canary-a-value");
    assert_eq!(value(&home, "a"), b"canary-a-value");

    let home = Home::empty();
    for answer in ["\n", "5\n", "vault\n"] {
        let mut session = at(&home, &["--json", "init"], TYPED);
        session.wait_for("1 to 4:").types(answer);
        assert!(session.end().code(1).stderr.contains("\"declined\""));
        assert!(!home.path(".local/state/broker/home.json").exists());
    }
}

#[test]
fn a_new_passphrase_is_typed_twice_without_echo() {
    let home = Home::empty();
    let init = ["--json", "init", "--store", "vault", "--passphrase"];
    let type_two = |first: &str, second: &str| {
        let mut session = at(&home, &init, TYPED);
        session
            .wait_for("new passphrase of the vault:")
            .wait_hidden()
            .types(first);
        session.wait_for("again:").wait_hidden().types(second);
        session.end()
    };
    let ended = type_two("canary-correct horse\n", "canary-correct house\n").code(1);
    assert!(
        ended.stderr.contains("passphrase-invalid"),
        "{}",
        ended.stderr
    );
    assert!(!home.path(".local/state/broker/home.json").exists());
    let ended = type_two("canary-correct horse\n", "canary-correct horse\n").code(0);
    assert!(!ended.screen.contains("canary") && ended.echoes);
    let status = home.broker(["--json", "vault", "status"]).run().ok().json();
    assert_eq!(
        (&status["opens_with"], &status["state"]),
        (&"passphrase".into(), &"locked".into())
    );
}

#[test]
fn migrate_asks_and_tells_a_store_that_cannot_be_used_before_anything_moves() {
    let home = Home::attended().secret("a", "canary-a-value");
    let mut session = at(&home, &["--json", "migrate", "--to", "keychain"], ASIDE);
    session
        .wait_for("move a to the keychain? [y/N]")
        .types("n\n");
    assert!(session.end().code(1).stderr.contains("\"declined\""));
    let mut session = at(
        &home,
        &["--json", "migrate", "--to", "keychain", "a"],
        ASIDE,
    );
    session.wait_for("[y/N]").types("y\n");
    let ended = session.end().code(1);
    assert!(ended.stderr.contains("\"store-"), "{}", ended.stderr);
    assert_eq!(value(&home, "a"), b"canary-a-value");
    let nothing = at(&home, &["migrate", "--to", "vault"], ASIDE)
        .end()
        .code(0);
    assert_eq!(nothing.screen, "");
}

#[test]
fn a_keychain_can_be_migrated_to_a_vault_and_back() {
    let bus = crate::support::bus::Bus::start();
    let home = Home::on(&bus)
        .secret("a", "canary-a-value")
        .secret("b", "canary-b-value");
    let confirm = |words: &[&str]| {
        let mut session = at(&home, words, ASIDE);
        session.wait_for("[y/N]").types("y\n");
        session.end().code(0)
    };
    let _ = confirm(&["init", "--store", "vault", "--key-file"]);
    let stores = || -> Vec<String> {
        let rows = home.broker(["--json", "list"]).run().ok().json();
        let rows = rows.as_array().expect("rows");
        rows.iter()
            .map(|r| r["store"].as_str().expect("a word").to_owned())
            .collect()
    };
    assert_eq!(stores(), ["keychain", "keychain"]);
    let _ = confirm(&["migrate", "--to", "vault"]);
    assert_eq!(stores(), ["vault", "vault"]);
    assert_eq!(value(&home, "b"), b"canary-b-value");
    let _ = confirm(&["migrate", "--to", "keychain", "b"]);
    assert_eq!(stores(), ["vault", "keychain"]);
    let both = [
        "exec",
        "--env",
        "A=broker://a",
        "--env",
        "B=broker://b",
        "--",
        "/usr/bin/env",
    ];
    let seen = home.broker(both).granting().run().ok().stdout;
    assert!(seen.contains("A=canary-a-value\n") && seen.contains("B=canary-b-value\n"));
    let _ = home.broker(["doctor"]).run().ok();
}

#[test]
fn what_needs_a_person_refuses_without_one() {
    let home = Home::attended().secret("a", "canary-a-value");
    for words in [
        &["reveal", "a"][..],
        &["get", "a"],
        &["migrate", "--to", "keychain"],
        &["migrate", "--to", "keychain", "a"],
        &["remove", "a"],
        &["init", "--store", "keychain"],
        &["vault", "rekey", "--passphrase"],
        &["allow", "--env", "A=broker://a", "--", "/bin/true"],
    ] {
        // Yes on stdin is no person.
        let run = home
            .broker(["--json"].iter().chain(words))
            .stdin("canary-pass phrase\n");
        let answer = run.run().code(1);
        assert_eq!(answer.error_code(), "no-terminal", "{words:?}");
        assert_eq!(answer.stdout, "");
    }
    assert_eq!(value(&home, "a"), b"canary-a-value");
    assert!(fs::read_dir(home.path(".local/share/broker/vault")).is_ok());
}

#[test]
fn a_new_key_is_not_put_beside_the_files_of_a_vault_whose_key_is_kept_elsewhere() {
    let home = Home::empty();
    let key = home.path("usb.txt");
    let init = ["init", "--store", "vault", "--key-file"];
    let _ = home.broker(init).arg(&key).run().ok();
    home.set("a", b"canary-a-value");
    let refused = home.broker(["--json", "vault", "rekey"]).run().code(2);
    assert_eq!(refused.error_code(), "usage");
    // Beside the files only if a person says so.
    let asked = home
        .broker(["--json", "vault", "rekey", "--key-file"])
        .run()
        .code(1);
    assert_eq!(asked.error_code(), "no-terminal");
    let folder = home.path(".local/share/broker/vault");
    let names = || {
        let entries = fs::read_dir(&folder).expect("listed");
        let mut names: Vec<_> = entries
            .map(|e| {
                e.expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("text")
            })
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["secrets", "vault.json"]);
    let new = home.path("usb-2.txt");
    let rekeyed = home
        .broker(["vault", "rekey", "--key-file"])
        .arg(&new)
        .run()
        .ok();
    assert!(rekeyed.stderr.contains("usb-2.txt"), "{}", rekeyed.stderr);
    assert_eq!(names(), ["secrets-2", "vault.json"]);
    fs::remove_file(&key).expect("the old key");
    assert_eq!(value(&home, "a"), b"canary-a-value");
}
