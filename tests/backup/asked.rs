//! A backup needs a person, and none is made while the home is frozen.

use std::fs;

use super::{Key, attended, current, folder, made, told, tree, unattended, whole};
use crate::support::home::Home;
use crate::support::pty::{On, Session};

const STDIN: On = On {
    stdin: true,
    stderr: false,
};

#[test]
fn without_a_person_nothing_is_backed_up_or_restored() {
    let (home, key) = (attended().secret("a", "canary-a-value"), Key::new());
    let answer = key.create(&home, "x.age").code(1);
    assert_eq!(answer.error_code(), "no-terminal");
    assert!(!key.path("x.age").exists());
    let other = unattended().secret("b", "canary-b-value");
    let _ = key.create(&other, "y.age").ok();
    let answer = key.restore(&home, "y.age").code(1);
    assert_eq!(answer.error_code(), "no-terminal");
    assert_eq!(whole(&home).len(), 1);
    let log = told(&home);
    let refused: Vec<_> = log
        .iter()
        .map(|(outcome, detail, _)| (outcome.as_str(), detail.as_str()))
        .collect();
    assert_eq!(refused, [("refused", "no-terminal"); 2]);
}

#[test]
fn no_is_no() {
    let (home, key) = (attended().secret("a", "canary-a-value"), Key::new());
    let words = ["--json", "backup", "create", "--recipient", &key.recipient];
    let run = home.broker(words).arg(key.path("x.age"));
    let mut session = Session::start(run.command(), On::default());
    session
        .wait_for(&key.recipient)
        .wait_for("[y/N]")
        .types("\n");
    let ended = session.end().code(1);
    assert!(ended.stderr.contains("\"declined\""), "{}", ended.stderr);
    assert!(!key.path("x.age").exists());
    assert_eq!(told(&home).last().expect("an entry").0, "refused");
}

#[test]
fn a_passphrase_is_typed_twice_and_then_once() {
    let (home, key) = (attended().secret("a", "canary-a-value"), Key::new());
    let create = |second: &str| {
        let run = home
            .broker(["--json", "backup", "create", "--passphrase"])
            .arg(key.path("x.age"));
        let mut session = Session::start(run.command(), STDIN);
        session
            .wait_for("opens with a passphrase? [y/N]")
            .types("y\n");
        session
            .wait_for("new passphrase of the backup:")
            .wait_hidden();
        session.types("sesame-passphrase\n");
        session.wait_for("again:").wait_hidden().types(second);
        let ended = session.end();
        assert!(!ended.screen.contains("sesame"), "{}", ended.screen);
        ended
    };
    let ended = create("sesame-other\n").code(1);
    assert!(
        ended.stderr.contains("passphrase-invalid"),
        "{}",
        ended.stderr
    );
    assert!(!key.path("x.age").exists());
    let _ = create("sesame-passphrase\n").code(0);
    // Asked on the terminal, whatever stdin is.
    let to = attended();
    let run = to.broker(["backup", "restore"]).arg(key.path("x.age"));
    let mut session = Session::start(run.command(), On::default());
    session.wait_for("passphrase of the backup:").wait_hidden();
    session.types("sesame-passphrase\n");
    session.wait_for("restore it so? [y/N]").types("y\n");
    let ended = session.end().code(0);
    assert!(!ended.screen.contains("sesame"), "{}", ended.screen);
    assert_eq!(current(&to, "a"), "canary-a-value");
}

fn frozen(home: Home) -> Home {
    let _ = home
        .broker(["freeze", "--reason", "a laptop was stolen"])
        .run()
        .ok();
    home
}

#[test]
fn a_frozen_home_is_not_backed_up_whatever_becomes_of_the_mark() {
    let key = Key::new();
    for gone in [false, true] {
        let home = frozen(unattended().secret("a", "canary-a-value"));
        if gone {
            fs::remove_file(home.path("b/state/frozen.json")).expect("removed");
        }
        let answer = key.create(&home, "x.age").code(1);
        assert_eq!(answer.error_code(), "frozen", "mark gone: {gone}");
        assert!(!key.path("x.age").exists());
        assert_eq!(told(&home).last().expect("an entry").0, "refused");
    }
}

#[test]
fn a_home_that_is_frozen_while_the_person_thinks_is_not_backed_up() {
    let (home, key) = (attended().secret("a", "canary-a-value"), Key::new());
    let words = ["--json", "backup", "create", "--recipient", &key.recipient];
    let run = home.broker(words).arg(key.path("x.age"));
    let mut session = Session::start(run.command(), On::default());
    session.wait_for("[y/N]");
    let home = frozen(home);
    session.types("y\n");
    let ended = session.end().code(1);
    assert!(ended.stderr.contains("\"frozen\""), "{}", ended.stderr);
    assert!(!key.path("x.age").exists());
    drop(home);
}

#[test]
fn what_a_backup_brings_in_does_not_thaw_a_frozen_home() {
    let (old, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    let _ = key.create(&old, "x.age").ok();
    let home = frozen(unattended());
    let _ = key.restore(&home, "x.age").ok();
    assert_eq!(current(&home, "a"), "canary-a-value");
    let answer = home.broker(["--json", "reveal", "a"]).run().code(1);
    assert_eq!(answer.error_code(), "frozen");
}

#[test]
fn a_store_without_its_seal_is_not_backed_up() {
    let (home, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    // As long as there is a seal, the home is unattended; without one a person is needed first of all.
    let seal = fs::read_dir(home.path("b/vault/secrets"))
        .expect("listed")
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with(".seal"))
        .expect("the seal");
    fs::remove_file(seal.path()).expect("removed");
    let words = ["--json", "backup", "create", "--recipient", &key.recipient];
    let run = home.broker(words).arg(key.path("x.age"));
    let mut session = Session::start(run.command(), On::default());
    session.wait_for("[y/N]").types("y\n");
    let ended = session.end().code(1);
    assert!(
        ended.stderr.contains("\"seal-missing\""),
        "{}",
        ended.stderr
    );
    assert!(!key.path("x.age").exists());
}

#[test]
fn a_value_that_cannot_be_read_stops_the_backup_and_is_named() {
    let (home, key) = (
        unattended()
            .secret("a", "canary-a-value")
            .secret("b", "canary-b-value"),
        Key::new(),
    );
    let file = home.path("b/vault/secrets/b@v1.age");
    let whole = fs::read(&file).expect("read");
    fs::remove_file(&file).expect("removed");
    let answer = key.create(&home, "x.age").code(1);
    assert_eq!(answer.error_code(), "value-not-found");
    assert!(answer.stderr.contains("b@v1"), "{}", answer.stderr);
    fs::write(&file, &whole[..whole.len() - 1]).expect("written");
    let answer = key.create(&home, "x.age").code(1);
    assert_eq!(answer.error_code(), "store-damaged");
    assert!(!key.path("x.age").exists());
}

#[test]
fn a_home_without_secrets_has_a_backup_too() {
    let key = Key::new();
    let home = made(
        folder(),
        &["--store", "vault", "--key-file", "--unattended"],
    );
    let _ = key.create(&home, "x.age").ok();
    let to = unattended();
    let before = tree(&to);
    let answer = key.restore(&to, "x.age").ok();
    assert_eq!(answer.stderr, "broker: there is nothing to restore\n");
    assert!(tree(&to) == before);
}
