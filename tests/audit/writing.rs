//! Entries are written whole, in order and by one at a time, or not at all.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use broker::audit::{Action, Entry, Log, Outcome, Verified};
use broker::paths::{HomePaths, Lock};
use std::time::Duration;

use super::{Logged, anchor, at, entry, home, put};

#[test]
fn a_hundred_writers_at_once_leave_no_gap_and_no_mixed_lines() {
    let logged = Logged::new(1, 6_000);
    let start = std::sync::Barrier::new(100);
    std::thread::scope(|scope| {
        for writer in 1..=100 {
            let (start, folder) = (&start, logged.home());
            scope.spawn(move || {
                let log = Log::of(&HomePaths::under(folder), &home()).with_files_of(6_000);
                start.wait();
                for _ in 0..2 {
                    let long = "x".repeat(usize::try_from(writer).expect("small"));
                    log.append(&entry(writer).detail(long), at(writer))
                        .expect("added");
                }
            });
        }
    });
    assert_eq!(logged.intact(), 201);
    assert!(logged.files().len() > 5);
    let entries = logged.entries();
    for (number, read) in (1..).zip(&entries) {
        assert_eq!(read.seq, number);
    }
    for writer in 1..=100 {
        let of = entries
            .iter()
            .filter(|read| read.versions == [Some(writer)]);
        let lengths = of.map(|read| read.detail.as_ref().map_or(0, String::len));
        assert_eq!(lengths.collect::<Vec<_>>(), [writer as usize; 2]);
    }
}

#[test]
fn the_log_is_private_from_its_first_byte_and_no_file_is_ever_empty() {
    let logged = Logged::new(30, 1_000);
    let mode =
        |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(logged.log.folder()), 0o700);
    for file in logged.files() {
        assert_eq!(mode(&file), 0o600);
        assert!(fs::metadata(&file).expect("there").len() > 100);
    }
    let others = fs::read_dir(logged.log.folder()).expect("listed").flatten();
    let others = others.filter(|e| !e.file_name().to_string_lossy().ends_with(".jsonl"));
    assert_eq!(others.map(|e| e.file_name()).collect::<Vec<_>>(), ["lock"]);
}

#[test]
fn a_log_is_made_once() {
    let logged = Logged::new(1, 1 << 20);
    let before = fs::read(logged.file(1)).expect("read");
    let again = logged
        .log
        .create(&Entry::new(Action::Init, Outcome::Done), at(1));
    assert_eq!(again.expect_err("made twice").code(), "audit-unwritable");
    assert_eq!(fs::read(logged.file(1)).expect("read"), before);
}

type Damage = (&'static str, fn(&Logged));

/// What can be wrong with a log, and how to bring it about in one of three entries.
const DAMAGES: [Damage; 13] = [
    ("no folder", |l| {
        fs::remove_dir_all(l.log.folder()).expect("removed")
    }),
    ("the folder a link", |l| {
        let moved = l.home().join("moved");
        fs::rename(l.log.folder(), &moved).expect("moved");
        symlink(&moved, l.log.folder()).expect("linked");
    }),
    ("the folder others can write", |l| {
        chmod(l.log.folder(), 0o770)
    }),
    ("no file", |l| fs::remove_file(l.file(1)).expect("removed")),
    ("an empty file", |l| put(&l.file(1), b"")),
    ("a link", |l| {
        let moved = l.home().join("moved");
        fs::rename(l.file(1), &moved).expect("moved");
        symlink(&moved, l.file(1)).expect("linked");
    }),
    ("a fifo", |l| {
        fs::remove_file(l.file(1)).expect("removed");
        let made = Command::new("mkfifo")
            .arg(l.file(1))
            .status()
            .expect("mkfifo");
        assert!(made.success());
    }),
    ("a folder", |l| {
        fs::remove_file(l.file(1)).expect("removed");
        fs::create_dir(l.file(1)).expect("made");
    }),
    ("others can write", |l| chmod(&l.file(1), 0o602)),
    ("a last line that is none", |l| {
        edit(l, |text| text.push_str("nonsense\n"))
    }),
    ("a last line that was changed", |l| {
        edit(l, |text| {
            let at = text.rfind("github-token").expect("a name");
            text.replace_range(at..at + 1, "G");
        });
    }),
    ("a last line of another place", |l| {
        edit(l, |text| {
            let first = text
                .split_inclusive('\n')
                .next()
                .expect("a line")
                .to_owned();
            text.push_str(&first);
        });
    }),
    ("a later file that is empty", |l| put(&l.file(2), b"")),
];

fn chmod(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
}

fn edit(logged: &Logged, change: fn(&mut String)) {
    let mut text = fs::read_to_string(logged.file(1)).expect("read");
    change(&mut text);
    put(&logged.file(1), text.as_bytes());
}

/// What there is below a folder: names, kinds and contents.
fn picture(folder: &std::path::Path) -> Vec<String> {
    let mut all = Vec::new();
    for found in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (found.path(), found.file_type().expect("a kind"));
        if kind.is_dir() {
            all.extend(picture(&path));
        }
        let text = if kind.is_file() {
            fs::read(&path).expect("read")
        } else {
            Vec::new()
        };
        all.push(format!("{} {kind:?} {text:?}", path.display()));
    }
    all.sort();
    all
}

#[test]
fn nothing_is_added_to_a_log_that_is_not_as_broker_left_it_nor_is_one_made_again() {
    for (what, damage) in DAMAGES {
        let logged = Logged::new(3, 1 << 20);
        damage(&logged);
        let before = picture(logged.home());
        let error = logged.log.append(&entry(4), at(4)).expect_err(what);
        assert_eq!(error.code(), "audit-unwritable", "{what}");
        assert!(error.to_string().contains("log"), "{what}: {error}");
        assert_eq!(
            logged.log.check().expect_err(what).code(),
            "audit-unwritable"
        );
        let without_lock = |all: Vec<String>| -> Vec<String> {
            all.into_iter()
                .filter(|line| !line.contains("/lock "))
                .collect()
        };
        assert_eq!(
            without_lock(picture(logged.home())),
            without_lock(before),
            "{what}"
        );
    }
}

#[test]
fn a_log_that_is_well_is_added_to_and_checked() {
    let logged = Logged::new(3, 1 << 20);
    let last = logged.entries()[2].position();
    assert_eq!(logged.log.check().expect("well"), last);
    assert_eq!(logged.intact(), 3);
    let position = logged.log.append(&entry(4), at(4)).expect("added");
    assert_eq!(logged.entries()[3].position(), position);
    assert!(matches!(
        logged.verify(&anchor(position)),
        Verified::Intact { entries: 4, .. }
    ));
}

#[test]
fn a_long_entry_is_found_at_the_end_of_the_log() {
    let logged = Logged::new(2, 64 << 20);
    for length in [3_000, 4_096, 40_000, 900_000, 10] {
        let long = entry(3).detail("x".repeat(length));
        logged.log.append(&long, at(3)).expect("added");
    }
    assert_eq!(logged.intact(), 7);
    let too_long = entry(3).detail("x".repeat(2 << 20));
    assert!(logged.log.append(&too_long, at(3)).is_err());
    assert_eq!(logged.intact(), 7);
}

#[test]
fn the_chain_runs_across_the_files() {
    let logged = Logged::new(40, 1);
    assert_eq!(logged.files().len(), 40);
    assert_eq!(logged.intact(), 40);
    fs::remove_file(logged.file(39)).expect("removed");
    let error = logged
        .log
        .append(&entry(41), at(41))
        .expect_err("added behind a gap");
    assert!(error.to_string().contains("000039.jsonl"), "{error}");
}

#[test]
fn entries_are_read_in_both_directions_and_what_is_added_is_read_on() {
    let logged = Logged::new(25, 1_500);
    let mut oldest = logged.log.oldest().expect("a log");
    let seqs: Vec<u64> = oldest.by_ref().map(|e| e.expect("an entry").seq).collect();
    assert_eq!(seqs, (1..=25).collect::<Vec<_>>());
    let newest = logged.log.newest().expect("a log");
    let seqs: Vec<u64> = newest.map(|e| e.expect("an entry").seq).collect();
    assert_eq!(seqs, (1..=25).rev().collect::<Vec<_>>());
    assert!(oldest.next().is_none());
    for number in 26..=40 {
        logged
            .log
            .append(&entry(number), at(number))
            .expect("added");
        let read = oldest.next().expect("it").expect("an entry");
        assert_eq!(read.seq, u64::from(number));
        assert!(oldest.next().is_none());
    }
}

#[test]
fn an_entry_that_is_being_written_is_not_read_and_a_damaged_one_is_named() {
    let logged = Logged::new(3, 1 << 20);
    edit(&logged, |text| text.truncate(text.len() - 5));
    assert_eq!(logged.entries().len(), 2);
    edit(&logged, |text| {
        let second = text.find('\n').expect("a line") + 1;
        text.replace_range(second..second + 1, "x");
    });
    let read: Vec<_> = logged.log.oldest().expect("a log").collect();
    assert_eq!(read.len(), 2);
    let error = read[1].as_ref().expect_err("damaged");
    assert_eq!(error.code(), "audit-unreadable");
    assert!(
        error.to_string().contains("000001.jsonl\", line 2"),
        "{error}"
    );
    let empty = Logged::none();
    assert_eq!(
        empty.log.oldest().expect_err("none").code(),
        "audit-unreadable"
    );
}

#[test]
fn a_log_that_another_holds_is_waited_for() {
    let logged = Logged::new(1, 1 << 20);
    let held = Lock::take(&logged.log.folder().join("lock"), Duration::ZERO).expect("free");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| logged.log.append(&entry(2), at(2)));
        std::thread::sleep(Duration::from_millis(100));
        assert!(!writer.is_finished());
        assert_eq!(logged.entries().len(), 1);
        drop(held);
        assert_eq!(writer.join().expect("ends").expect("added").seq, 2);
    });
}
