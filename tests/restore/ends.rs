//! The end of records: with their secrets, after thirty days, and what `doctor` says of them.

use std::fs;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{FILE, ONE, SECRETS, TWO, attended, file, paths, protected, restore, text, unattended};
use crate::support::home::Home;
use crate::support::protected::{Protected, records};

const NONE: [PathBuf; 0] = [];

/// Returns what `doctor` says under a code, as state and message.
fn found(home: &Home, words: &[&str], code: &str) -> Vec<(String, String)> {
    let answer = home.broker(["--json", "doctor"].iter().chain(words)).run();
    let all = answer.json();
    let all = all
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["code"] == code);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.map(|one| (text(&one["state"]), text(&one["message"])))
        .collect()
}

fn old(home: &Home) -> PathBuf {
    let path = file(home, "old.json", FILE);
    let mut old = Protected::new(("cursor", 0), &path, SECRETS);
    old.made = Timestamp::now() - SignedDuration::from_mins(30 * 24 * 60 + 1);
    let _ = old.make(&paths(home));
    path
}

#[test]
fn a_record_loses_the_entries_of_a_secret_that_is_removed() {
    let (home, path) = protected(unattended());
    let _ = home.broker(["remove", "one", "--yes"]).run().ok();
    let kept = fs::read_to_string(&records(&paths(&home))[0]).unwrap();
    assert!(!kept.contains("TOKEN") && kept.contains("KEY"), "{kept}");
    let _ = restore(&home, &[], &path).ok();
    let after = text(&path);
    assert!(
        after.contains(TWO) && after.contains("broker://one"),
        "{after}"
    );
    assert_eq!(records(&paths(&home)), NONE);
}

#[test]
fn a_record_ends_with_the_last_of_its_secrets() {
    let (home, path) = protected(unattended());
    let _ = home.broker(["rename", "one", "three"]).run().ok();
    assert_eq!(records(&paths(&home)).len(), 1);
    let _ = home.broker(["remove", "three", "two", "--yes"]).run().ok();
    assert_eq!(records(&paths(&home)), NONE);
    let answer = restore(&home, &[], &path).code(1);
    assert!(
        answer.stderr.contains("nothing is kept"),
        "{}",
        answer.stderr
    );
}

#[test]
fn an_entry_whose_value_is_lost_stays_and_the_others_are_restored() {
    let (home, path) = protected(attended());
    // As after a `remove` that was killed before it came to the records.
    let record = records(&paths(&home)).remove(0);
    let good = fs::read(&record).unwrap();
    let _ = home.broker(["remove", "one", "--yes"]).run().ok();
    fs::write(&record, good).unwrap();
    let ended = super::answered(&home, &path, "y\n").code(1);
    let said = "a, variable TOKEN: stays, since the secret \"one\" was removed";
    assert!(ended.screen.contains(said), "{}", ended.screen);
    let after = text(&path);
    assert!(
        after.contains(TWO) && after.contains("broker://one"),
        "{after}"
    );
    assert!(!after.contains(ONE));
}

#[test]
fn after_thirty_days_nothing_is_restored_and_the_record_is_removed() {
    let home = unattended().secret("one", ONE).secret("two", TWO);
    let path = old(&home);
    let after = text(&path);
    let answer = restore(&home, &[], &path).code(1);
    assert!(
        answer.stderr.contains("nothing is kept"),
        "{}",
        answer.stderr
    );
    assert_eq!(text(&path), after);
    assert_eq!(records(&paths(&home)), NONE);
}

#[test]
fn doctor_counts_what_is_kept_and_ends_what_is_over() {
    let (home, _) = protected(unattended());
    let is = |state: &str, message: &str| vec![(state.to_owned(), message.to_owned())];
    let kept = "files of clients that can be restored: 1";
    assert_eq!(found(&home, &[], "undo-records"), is("ok", kept));
    let _ = old(&home);
    let over = "undo records whose 30 days are over: 1";
    assert_eq!(found(&home, &[], "undo-ended"), is("warning", over));
    assert_eq!(records(&paths(&home)).len(), 2);
    let removed = "undo records whose 30 days were over, now removed: 1";
    assert_eq!(found(&home, &["--fix"], "undo-ended"), is("ok", removed));
    assert_eq!(records(&paths(&home)).len(), 1);
    assert_eq!(found(&home, &[], "undo-ended"), []);
    assert_eq!(found(&home, &[], "undo-records"), is("ok", kept));
    let record = records(&paths(&home)).remove(0);
    fs::write(&record, "{").unwrap();
    let damaged = found(&home, &["--fix"], "undo-damaged");
    assert_eq!(damaged.len(), 1);
    assert!(damaged[0].0 == "warning" && damaged[0].1.contains("is damaged"));
    assert!(record.exists());
}

#[test]
fn doctor_ends_what_was_kept_for_a_secret_that_is_gone() {
    let (home, _) = protected(unattended());
    let record = records(&paths(&home)).remove(0);
    let good = fs::read(&record).unwrap();
    let _ = home.broker(["remove", "one", "--yes"]).run().ok();
    fs::write(&record, good).unwrap();
    let message = "undo records with secrets that were removed: 1";
    let warned = [("warning".to_owned(), message.to_owned())];
    assert_eq!(found(&home, &[], "undo-ended"), warned);
    let message = "undo records with secrets that were removed, now ended: 1";
    let ended = [("ok".to_owned(), message.to_owned())];
    assert_eq!(found(&home, &["--fix"], "undo-ended"), ended);
    assert_eq!(found(&home, &[], "undo-ended"), []);
    let kept = fs::read_to_string(&record).unwrap();
    assert!(!kept.contains("TOKEN") && kept.contains("KEY"), "{kept}");
}

#[test]
fn a_record_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (home, _) = protected(unattended());
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(paths(&home).undo_folder()), 0o700);
    assert_eq!(mode(records(&paths(&home)).remove(0)), 0o600);
}
