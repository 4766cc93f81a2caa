//! A person at the terminal is shown what would be done and asked; nothing is done before, and nothing of a file that
//! changed meanwhile.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::protected::{compare, way};
use super::stage::{Stage, files};
use super::ways::WAYS;
use crate::support::home::Home;
use crate::support::pty::{On, Session};

const QUESTION: &str = "and allow these commands? [y/N]";

fn stage(vector: &str) -> Stage {
    Stage::new(Home::attended(), way(vector))
}

fn asked(stage: &Stage, words: &[&str]) -> Session {
    let file = stage.file();
    let words = [words, &[file.to_str().expect("text")]].concat();
    let mut session = Session::start(stage.broker(&words).command(), On::default());
    if words[0] == "protect" && stage.way.vector == "kiro-many.json" {
        session
            .wait_for("STATION_KEY")
            .wait_for("move these, too? [y/N]")
            .types("n\n");
    }
    session
}

/// Every file of the home, with its bytes and the time it was written.
fn all(stage: &Stage) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let of = |path: PathBuf| {
        let time = std::fs::metadata(&path)
            .and_then(|it| it.modified())
            .expect("a time");
        (path.clone(), (std::fs::read(path).expect("read"), time))
    };
    // How programs were seen is noted wherever they are looked at, and says nothing about a file of a client.
    let is_note = |path: &PathBuf| path.ends_with("state/broker/seen.json");
    let files = files(&stage.home.path("")).into_iter();
    files.filter(|path| !is_note(path)).map(of).collect()
}

#[test]
fn a_person_who_agrees_has_the_file_protected() {
    for vector in [
        "kiro-many.json",
        "lm-studio-many.json",
        "opencode-many.jsonc",
    ] {
        let stage = stage(vector);
        let before = stage.start_all();
        let mut session = asked(&stage, &["protect"]);
        session.wait_for(QUESTION);
        assert_eq!(stage.now(), stage.before, "changed before it was agreed to");
        let ended = session.types_then_ends("y\n").code(0);
        stage.says_nothing(&(ended.screen + &ended.stdout + &ended.stderr));
        stage.is_clean();
        for ((entry, old), (now, new)) in before.iter().zip(&stage.start_all()) {
            compare(&stage, entry, now, old, new);
        }
        let mut session = asked(&stage, &["restore"]);
        session.wait_for("[y/N]");
        let ended = session.types_then_ends("y\n").code(0);
        stage.says_nothing(&(ended.screen + &ended.stdout + &ended.stderr));
        assert_eq!(stage.now(), stage.before, "restored");
    }
}

#[test]
fn a_person_who_does_not_agree_has_nothing_changed() {
    let stage = stage("kiro-many.json");
    let before = all(&stage);
    let mut session = asked(&stage, &["protect"]);
    session.wait_for(QUESTION);
    let ended = session.types_then_ends("\n").code(1);
    stage.says_nothing(&(ended.screen + &ended.stdout + &ended.stderr));
    stage.is_clean_but_for_its_file();
    let after = all(&stage);
    for (path, was) in &before {
        let is_log = path.to_string_lossy().contains("/broker/log/");
        assert!(
            is_log || after.get(path) == Some(was),
            "{} was changed",
            path.display()
        );
    }
    assert_eq!(
        stage.broker(&["--json", "list"]).run().ok().json(),
        serde_json::json!([])
    );
}

#[test]
fn a_file_that_is_written_while_a_person_thinks_is_left_alone() {
    for vector in ["kiro-many.json", "zed-many.jsonc", "opencode-many.jsonc"] {
        let stage = stage(vector);
        let mut session = asked(&stage, &["protect"]);
        session.wait_for(QUESTION);
        // Its client writes the same again with something more.
        let meanwhile = stage.before.clone() + "\n\n";
        std::fs::write(stage.file(), &meanwhile).expect("written");
        let ended = session.types_then_ends("y\n").code(1);
        let said = ended.screen + &ended.stdout + &ended.stderr;
        stage.says_nothing(&said);
        assert!(said.contains("changed while it was worked on"), "{said}");
        assert_eq!(stage.now(), meanwhile, "{vector}: overwritten");
        // Nothing says that there is something to be undone, and saying it again does it.
        let answer = stage
            .broker(&["--json", "restore", stage.file().to_str().unwrap(), "--yes"])
            .run();
        assert_ne!(answer.code, 0);
        let mut session = asked(&stage, &["protect"]);
        session.wait_for(QUESTION);
        session.types_then_ends("y\n").code(0);
        stage.is_clean();
        for (entry, seen) in stage.start_all() {
            assert!(!seen.program.ends_with("broker"), "{}", entry.name);
        }
    }
}

#[test]
fn a_home_that_is_frozen_while_a_person_thinks_has_nothing_changed() {
    let stage = stage("lm-studio-many.json");
    let mut session = asked(&stage, &["protect"]);
    session.wait_for(QUESTION);
    let _ = stage.broker(&["freeze", "--reason", "x"]).run().ok();
    let ended = session.types_then_ends("y\n").code(1);
    let said = ended.screen + &ended.stdout + &ended.stderr;
    assert!(said.contains("it is frozen since"), "{said}");
    assert_eq!(stage.now(), stage.before);
    let json = |words: &[&str]| stage.broker(words).run().ok().json();
    assert_eq!(json(&["--json", "list"]), serde_json::json!([]));
    assert_eq!(json(&["--json", "grants"]), serde_json::json!([]));
}

#[test]
fn secrets_that_are_removed_while_a_person_thinks_keep_their_values_in_the_file() {
    let stage = stage("lm-studio-many.json");
    let mut session = asked(&stage, &["protect"]);
    session.wait_for(QUESTION);
    session.types_then_ends("y\n").code(0);
    let mut session = asked(&stage, &["restore"]);
    session.wait_for("[y/N]");
    session.types_then_ends("y\n").code(0);
    let mut session = asked(&stage, &["protect"]);
    session
        .wait_for("(a secret that is there already, with this value)")
        .wait_for(QUESTION);
    let all = stage.broker(&["--json", "list"]).run().ok().json();
    let all = all.as_array().expect("a list");
    let name = all[0]["name"].as_str().expect("a name");
    let _ = stage.broker(&["remove", name, "--yes"]).run().ok();
    let ended = session.types_then_ends("y\n").code(1);
    let said = ended.screen + &ended.stdout + &ended.stderr;
    assert!(said.contains("was changed or removed"), "{said}");
    assert_eq!(stage.now(), stage.before, "its value is lost");
}

#[test]
fn who_is_not_asked_is_shown_what_is_allowed_all_the_same() {
    let stage = stage("lm-studio-many.json");
    let ended = asked(&stage, &["protect", "--yes"]).end().code(0);
    let screen = &ended.screen;
    assert!(screen.contains("this would be allowed:"), "{screen}");
    stage.says_nothing(screen);
}

#[test]
fn without_a_person_nothing_is_changed() {
    let stage = stage("kiro-many.json");
    let file = stage.file();
    for more in [&[][..], &["--yes"]] {
        let words = [&["--json", "protect", file.to_str().unwrap()], more].concat();
        let answer = stage.broker(&words).run().code(1);
        assert_eq!(answer.error_code(), "no-terminal");
        assert_eq!(stage.now(), stage.before);
    }
}

#[test]
fn a_dry_run_changes_nothing_and_shows_no_value() {
    for way in &WAYS {
        let stage = Stage::new(Home::new(), way);
        let file = stage.file();
        let before = all(&stage);
        for more in [&[][..], &["--yes"], &["--allow-argv-secret"]] {
            for json in [&[][..], &["--json"]] {
                let words = [
                    json,
                    &["protect", "--dry-run", file.to_str().unwrap()],
                    more,
                ]
                .concat();
                let answer = stage.broker(&words).run().ok();
                stage.says_nothing(&(answer.stdout.clone() + &answer.stderr));
                assert!(!answer.stdout.is_empty(), "{}", way.vector);
            }
        }
        let after = all(&stage);
        let changed: Vec<_> = after
            .iter()
            .filter(|(path, now)| before.get(*path) != Some(now))
            .collect();
        let names: Vec<_> = changed.iter().map(|(path, _)| path).collect();
        assert!(
            names.is_empty() && after.len() == before.len(),
            "{}: {names:?}",
            way.vector
        );
    }
}

impl Session {
    /// Types the last that is typed.
    fn types_then_ends(mut self, text: &str) -> crate::support::pty::Ended {
        self.types(text);
        self.end()
    }
}
