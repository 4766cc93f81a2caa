//! Into a home that has secrets: what is added, replaced, kept, put back and left out.

use std::fs;

use serde_json::Value;

use super::{Key, attended, current, folder, made, rotate, told, tree, unattended, whole};
use crate::support::home::Home;
use crate::support::pty::{Ended, On, Session};

/// Another home with the same secrets, ids and dates: the first one's folder, copied.
fn copy(home: &Home) -> Home {
    let other = folder();
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([home.path("b"), other.path("b")])
        .status();
    assert!(copied.expect("cp").success());
    other
}

/// Restores at a terminal, answering each question.
fn answering(home: &Home, key: &Key, answers: &[(&str, &str)]) -> Ended {
    let mut session = Session::start(key.restoring(home, "x.age").command(), On::default());
    for (question, answer) in answers {
        session.wait_for(question).types(answer);
    }
    session.end()
}

const SO: &str = "restore it so? [y/N]";
const NEWER: &str = "by those of the backup, too? [y/N]";

fn versions(home: &Home, name: &str) -> Vec<(u64, String)> {
    let shown = home.broker(["--json", "show", name]).run().ok().json();
    let versions = shown["versions"].as_array().expect("a list").iter();
    let one = |v: &Value| {
        (
            v["version"].as_u64().expect("a number"),
            v["state"].as_str().expect("a word").to_owned(),
        )
    };
    versions.map(one).collect()
}

fn state(word: &str, number: u64) -> (u64, String) {
    (number, word.to_owned())
}

#[test]
fn every_secret_is_shown_and_becomes_what_was_said() {
    let key = Key::new();
    let home = attended()
        .secret("same", "canary-same-value")
        .secret("older", "canary-older-first")
        .secret("newer", "canary-newer-first")
        .secret("lost", "canary-lost-value");
    let before = copy(&home);
    before.set("taken", b"canary-taken-there");
    before.set("added", b"canary-added-value");
    rotate(&before, "older", "canary-older-second");
    let mut session = Session::start(
        before
            .broker(["backup", "create", "--recipient", &key.recipient])
            .arg(key.path("x.age"))
            .command(),
        On::default(),
    );
    session.wait_for(
        "write all 6 secret(s) of this home to a backup that opens with the identity of age1",
    );
    session.wait_for("[y/N]").types("y\n");
    let _ = session.end().code(0);
    home.set("Taken", b"canary-taken-here");
    rotate(&home, "newer", "canary-newer-second");
    fs::remove_file(home.path("b/vault/secrets/lost@v1.age")).expect("removed");

    // No is no: nothing changes but the log.
    let unchanged = |home: &Home| {
        tree(home)
            .into_iter()
            .filter(|(path, _)| !path.starts_with(home.path("b/state/log")))
            .collect::<Vec<_>>()
    };
    let was = unchanged(&home);
    let ended = answering(&home, &key, &[(SO, "n\n")]).code(1);
    assert!(ended.stderr.contains("\"declined\""), "{}", ended.stderr);
    assert!(unchanged(&home) == was);
    for line in [
        "  add       added, version 1, to the vault",
        "  put back  lost: the vault has lost its value",
        "  replace   older: version 1 of 2",
        "  keep      newer: version 2 of 2",
        "  leave out taken: another secret is called Taken here",
        "  1 secret(s) have the same value here already",
    ] {
        assert!(ended.screen.contains(line), "{line}: {}", ended.screen);
    }

    let ended = answering(&home, &key, &[(SO, "y\n"), (NEWER, "\n")]).code(0);
    for said in [
        "restored 3 secret(s)",
        "\"older\" has version 2 now; version 1 is kept until",
        "\"newer\" has another value here, which may be newer, and was kept",
        "\"taken\" was not restored: another secret is called \"Taken\" here",
    ] {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    assert_eq!(current(&home, "added"), "canary-added-value");
    assert_eq!(current(&home, "lost"), "canary-lost-value");
    assert_eq!(current(&home, "older"), "canary-older-second");
    assert_eq!(current(&home, "newer"), "canary-newer-second");
    assert_eq!(current(&home, "Taken"), "canary-taken-here");
    assert_eq!(current(&home, "same"), "canary-same-value");
    assert_eq!(
        versions(&home, "older"),
        [state("kept", 1), state("current", 2)]
    );
    let log = told(&home);
    let (outcome, detail, names) = log.last().expect("an entry");
    assert_eq!((outcome.as_str(), detail.as_str()), ("done", "restored"));
    let mut names = names.clone();
    names.sort();
    assert_eq!(names, ["added", "lost", "older"]);

    // Said expressly, the newer one is replaced, too; nothing of it is lost.
    let ended = answering(&home, &key, &[(NEWER, "y\n")]).code(0);
    assert!(!ended.screen.contains(SO), "{}", ended.screen);
    assert!(
        ended.stderr.contains("restored 1 secret(s)"),
        "{}",
        ended.stderr
    );
    assert_eq!(current(&home, "newer"), "canary-newer-first");
    assert_eq!(
        versions(&home, "newer"),
        [state("removed", 1), state("kept", 2), state("current", 3)]
    );
    let _ = home.broker(["rollback", "newer"]).run().ok();
    assert_eq!(current(&home, "newer"), "canary-newer-second");
    let _ = home.broker(["rollback", "older"]).run().ok();
    assert_eq!(current(&home, "older"), "canary-older-first");
    let _ = home.broker(["doctor"]).run().ok();
    let _ = home.broker(["log", "verify"]).run().ok();
}

#[test]
fn where_nobody_is_asked_a_value_that_may_be_newer_is_kept() {
    let key = Key::new();
    let home = unattended()
        .secret("a", "canary-a-first")
        .secret("b", "canary-b-first");
    let _ = key.create(&home, "x.age").ok();
    rotate(&home, "a", "canary-a-second");
    let _ = home.broker(["remove", "b", "--yes"]).run().ok();
    let answer = key.restore(&home, "x.age").ok();
    assert!(
        answer.stderr.contains("\"a\" has another value here"),
        "{}",
        answer.stderr
    );
    assert_eq!(current(&home, "a"), "canary-a-second");
    // One that was removed comes back.
    assert_eq!(current(&home, "b"), "canary-b-first");
}

#[test]
fn a_secret_that_was_renamed_here_keeps_its_name() {
    let key = Key::new();
    let home = unattended().secret("a", "canary-a-first");
    let ahead = copy(&home);
    rotate(&ahead, "a", "canary-a-second");
    let _ = key.create(&ahead, "x.age").ok();
    let _ = home.broker(["rename", "a", "work/b"]).run().ok();
    let _ = key.restore(&home, "x.age").ok();
    let names: Vec<String> = whole(&home).into_keys().collect();
    assert_eq!(names, ["work/b"]);
    assert_eq!(current(&home, "work/b"), "canary-a-second");
    // By the case alone, where the items stay where they were.
    let home = unattended().secret("a", "canary-a-first");
    let ahead = copy(&home);
    rotate(&ahead, "a", "canary-a-second");
    let _ = key.create(&ahead, "y.age").ok();
    let _ = home.broker(["rename", "a", "A"]).run().ok();
    let _ = key.restore(&home, "y.age").ok();
    assert_eq!(current(&home, "A"), "canary-a-second");
    let _ = home.broker(["doctor"]).run().ok();
}

#[test]
fn a_secret_of_another_id_under_its_name_in_any_case_is_left_alone() {
    let key = Key::new();
    let old = unattended()
        .secret("token", "canary-there")
        .secret("equal", "canary-equal-value");
    let _ = key.create(&old, "x.age").ok();
    for name in ["token", "TOKEN"] {
        let home = unattended()
            .secret(name, "canary-here")
            .secret("equal", "canary-equal-value");
        let before = tree(&home);
        let answer = key.restore(&home, "x.age").ok();
        let said = format!("\"token\" was not restored: another secret is called \"{name}\" here");
        assert!(answer.stderr.contains(&said), "{}", answer.stderr);
        assert!(
            answer.stderr.contains("there is nothing to restore"),
            "{}",
            answer.stderr
        );
        assert!(tree(&home) == before);
        // Out of its way, as was said.
        let _ = home.broker(["rename", name, "mine"]).run().ok();
        let _ = key.restore(&home, "x.age").ok();
        assert_eq!(current(&home, "token"), "canary-there");
        assert_eq!(current(&home, "mine"), "canary-here");
    }
}

#[test]
fn what_changes_while_the_person_thinks_is_not_written_over() {
    let key = Key::new();
    let home = attended().secret("a", "canary-a-first");
    let ahead = copy(&home);
    rotate(&ahead, "a", "canary-a-second");
    let mut session = Session::start(
        ahead
            .broker(["backup", "create", "--recipient", &key.recipient])
            .arg(key.path("x.age"))
            .command(),
        On::default(),
    );
    session.wait_for("[y/N]").types("y\n");
    let _ = session.end().code(0);
    let mut session = Session::start(key.restoring(&home, "x.age").command(), On::default());
    session.wait_for(SO);
    rotate(&home, "a", "canary-a-meanwhile");
    session.types("y\n");
    let ended = session.end().code(1);
    assert!(
        ended.stderr.contains("\"home-changed\""),
        "{}",
        ended.stderr
    );
    assert_eq!(current(&home, "a"), "canary-a-meanwhile");
}

#[test]
fn a_damaged_value_counts_as_lost_and_one_the_backup_does_not_have_is_kept_for_the_person() {
    let key = Key::new();
    let home = made(folder(), &["--store", "vault", "--key-file"])
        .secret("a", "canary-a-value")
        .secret("b", "canary-b-first");
    let mut session = Session::start(
        home.broker(["backup", "create", "--recipient", &key.recipient])
            .arg(key.path("x.age"))
            .command(),
        On::default(),
    );
    session.wait_for("[y/N]").types("y\n");
    let _ = session.end().code(0);
    rotate(&home, "b", "canary-b-second");
    let secrets = home.path("b/vault/secrets");
    fs::write(secrets.join("a@v1.age"), b"damaged").expect("written");
    fs::remove_file(secrets.join("b@v2.age")).expect("removed");
    let ended = answering(&home, &key, &[(SO, "y\n"), (NEWER, "y\n")]).code(0);
    assert!(
        ended.screen.contains("keep      b: version 2 is lost here"),
        "{}",
        ended.screen
    );
    assert_eq!(current(&home, "a"), "canary-a-value");
    assert_eq!(current(&home, "b"), "canary-b-first");
    assert!(
        ended
            .stderr
            .contains("\"b\" has version 3 now; version 2 was lost"),
        "{}",
        ended.stderr
    );
    let _ = home.broker(["doctor"]).run().ok();
}

#[test]
fn backups_that_are_made_while_a_secret_is_rotated_are_each_whole() {
    let home = unattended()
        .secret("a", "canary-value-1")
        .secret("b", "canary-b-value");
    let key = Key::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 2..=16 {
                let value = format!("canary-value-{number}");
                let run = home.broker(["rotate", "a", "--raw", "--keep", "0"]);
                let _ = run.stdin(value).run().ok();
            }
        });
        for number in 0..8 {
            let _ = key.create(&home, &format!("{number}.age")).ok();
        }
    });
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..8 {
        let to = unattended();
        let _ = key.restore(&to, &format!("{number}.age")).ok();
        let all = whole(&to);
        let version = &all["a"].0["current"];
        assert_eq!(current(&to, "a"), format!("canary-value-{version}"));
        assert_eq!(all["a"].1.len(), 1);
        seen.insert(version.to_string());
    }
    assert!(seen.len() > 1, "nothing was rotated in between: {seen:?}");
}
