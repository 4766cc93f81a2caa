//! What is not restored, with the file and the record untouched.

use std::fs;
use std::process::{Child, Command, Stdio};

use super::{FILE, attended, file, paths, protected, restore, text, told, unattended};
use crate::support::home::{Answer, Home};
use crate::support::protected::{Protected, records};

/// Demands a refusal after which file and records are what they were.
#[track_caller]
fn refused(home: &Home, path: &std::path::Path, words: &[&str], code: &str) -> Answer {
    let before = (fs::read(path).ok(), records(&paths(home)));
    let run = home
        .broker(["--json", "restore"].iter().chain(words))
        .arg(path);
    let answer = run.run().code(1);
    assert_eq!(answer.error_code(), code, "{}", answer.stderr);
    assert_eq!(answer.stdout, "");
    assert!(!answer.stderr.contains("canary"), "{}", answer.stderr);
    assert!((fs::read(path).ok(), records(&paths(home))) == before);
    answer
}

/// A process that ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn without_a_person_nothing_is_restored_and_the_log_says_so() {
    let (home, path) = protected(attended());
    let _ = refused(&home, &path, &[], "no-terminal");
    let _ = refused(&home, &path, &["--yes"], "no-terminal");
    let outcomes: Vec<String> = told(&home, "restore").into_iter().map(|(o, _)| o).collect();
    assert_eq!(outcomes, ["refused", "refused"]);
}

#[test]
fn while_frozen_nothing_is_restored() {
    let (home, path) = protected(unattended());
    let _ = home.broker(["freeze", "--reason", "theft"]).run().ok();
    let _ = refused(&home, &path, &[], "frozen");
    // The mark in the files alone is taken away; the seal knows.
    fs::remove_file(paths(&home).frozen_file()).unwrap();
    let _ = refused(&home, &path, &[], "frozen");
    let _ = home.broker(["thaw"]).run().ok();
    let (asked, asked_path) = protected(attended());
    let _ = asked.broker(["freeze", "--reason", "theft"]).run().ok();
    // Before anybody is looked for.
    let _ = refused(&asked, &asked_path, &[], "frozen");
    let _ = restore(&home, &[], &path).ok();
    assert_eq!(text(&path), FILE);
}

#[test]
fn a_file_of_which_nothing_is_kept_is_left_alone() {
    let (home, path) = protected(unattended());
    let other = file(&home, "other.json", FILE);
    let _ = refused(&home, &other, &[], "undo-not-found");
    let _ = refused(&home, &home.path("nothing.json"), &[], "file-io");
    let answer = refused(&home, &path, &["--server", "aa"], "undo-not-found");
    assert!(!answer.stderr.contains("aa"), "{}", answer.stderr);
}

#[test]
fn a_file_that_is_something_else_by_now_is_refused() {
    let (home, path) = protected(unattended());
    let after = text(&path);
    for (damage, code) in [
        ("{\"mcpServers\": ", "client-file-unreadable"),
        ("\u{1}", "client-file-unreadable"),
    ] {
        fs::write(&path, damage).unwrap();
        let _ = refused(&home, &path, &[], code);
    }
    fs::remove_file(&path).unwrap();
    let made = Command::new("/usr/bin/mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let fifo = restore(&home, &[], &path).code(1);
    assert!(
        fifo.stderr.contains("is not a plain file"),
        "{}",
        fifo.stderr
    );
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let _ = restore(&home, &[], &path).code(1);
    fs::remove_dir(&path).unwrap();
    fs::write(&path, after).unwrap();
    let _ = restore(&home, &[], &path).ok();
    assert_eq!(text(&path), FILE);
}

#[test]
fn a_client_that_runs_and_writes_the_file_itself_is_told() {
    let home = unattended()
        .secret("one", super::ONE)
        .secret("two", super::TWO);
    let path = file(&home, "claude_desktop_config.json", FILE);
    let _ = Protected::new(("claude-desktop", 0), &path, super::SECRETS).make(&paths(&home));
    let client = home.path("claude-desktop");
    crate::support::copy("/bin/sleep", &client, 0o755);
    let mut sleep = Command::new(&client);
    let running = Ending(
        sleep
            .arg("600")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let answer = refused(&home, &path, &[], "client-running");
    drop(running);
    assert!(
        answer.stderr.contains("Claude Desktop is running"),
        "{}",
        answer.stderr
    );
    let _ = restore(&home, &[], &path).ok();
    assert_eq!(text(&path), FILE);
}

#[test]
fn a_record_that_is_damaged_or_of_a_newer_broker_is_told_and_left() {
    let (home, path) = protected(unattended());
    let record = records(&paths(&home)).remove(0);
    let good = fs::read_to_string(&record).unwrap();
    assert!(!good.contains("canary"));
    for bad in [
        "{",
        "",
        "[]",
        &"[".repeat(100_000),
        &good.replacen("\"format\": 1", "\"format\": 2", 1),
    ] {
        fs::write(&record, bad).unwrap();
        let answer = restore(&home, &[], &path).code(1);
        assert!(
            answer.stderr.contains("an undo record is ignored"),
            "{}",
            answer.stderr
        );
        assert!(
            answer.stderr.contains("nothing is kept"),
            "{}",
            answer.stderr
        );
        assert_eq!(fs::read_to_string(&record).unwrap(), bad);
    }
    fs::remove_file(&record).unwrap();
    let elsewhere = record.with_file_name("0000000000000000.json");
    fs::write(&elsewhere, &good).unwrap();
    let answer = restore(&home, &[], &path).code(1);
    let said = "it is the record of something else";
    assert!(answer.stderr.contains(said), "{}", answer.stderr);
    fs::rename(&elsewhere, &record).unwrap();
    let _ = restore(&home, &[], &path).ok();
}

#[test]
fn a_record_with_other_places_in_it_restores_nothing_in_them() {
    let (home, path) = protected(unattended());
    let record = records(&paths(&home)).remove(0);
    let good = fs::read_to_string(&record).unwrap();
    let after = text(&path);
    for (from, to) in [
        ("\"TOKEN\"", "\"MODE\""),
        ("\"server\": \"a\"", "\"server\": \"c\""),
        ("\"start\": ", "\"start\": 9"),
        ("\"broker://one\\\"", "\"broker://tw\\\""),
        ("\"new\": \"", "\"new\": \"x"),
    ] {
        let bad = good.replace(from, to);
        fs::write(&record, &bad).unwrap();
        fs::write(&path, &after).unwrap();
        let _ = restore(&home, &[], &path);
        let now = text(&path);
        let is_one = |text: &str| {
            !now.contains(text)
                || FILE
                    .lines()
                    .any(|line| line.contains(text) && now.contains(line))
        };
        assert!(is_one(super::ONE) && is_one(super::TWO), "{from}: {now}");
    }
}
