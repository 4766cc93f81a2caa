//! An end that a crash left torn is mended, by the next entry and by verification, and that is said.

use std::fs;

use broker::audit::Verified;

use super::{Logged, at, entry, put};

/// The text of a log, and the length of its last line.
fn parts(logged: &Logged) -> (Vec<u8>, usize) {
    let text = fs::read(logged.file(1)).expect("read");
    let last = logged.lines().pop().expect("a line").2.len();
    (text, last)
}

#[test]
fn the_next_entry_mends_an_end_torn_at_any_length() {
    let logged = Logged::new(4, 1 << 20);
    let (text, last) = parts(&logged);
    for left in 1..last {
        put(&logged.file(1), &text[..text.len() - last + left]);
        let position = logged.log.append(&entry(9), at(9)).expect("added");
        let entries = logged.entries();
        if left == last - 1 {
            // Only the newline was missing.
            assert_eq!((entries.len(), position.seq), (5, 5));
            assert_eq!(logged.intact(), 5);
            continue;
        }
        assert_eq!((entries.len(), position.seq), (5, 5), "{left}");
        let repaired = &entries[3];
        assert_eq!(
            (repaired.action.as_str(), repaired.outcome.as_str()),
            ("log", "repaired")
        );
        let detail = repaired.detail.as_deref().expect("a detail");
        assert!(detail.starts_with(&format!("{left} bytes ")), "{detail}");
        assert_eq!(entries[4].position(), position);
        assert_eq!(logged.intact(), 5);
    }
}

#[test]
fn verification_mends_an_end_torn_at_any_length_and_says_so() {
    let logged = Logged::new(4, 1 << 20);
    let (text, last) = parts(&logged);
    for left in 1..last {
        put(&logged.file(1), &text[..text.len() - last + left]);
        let Verified::Intact {
            entries,
            first,
            last: position,
            torn,
        } = logged.verify(&[])
        else {
            panic!("{left}: tampered");
        };
        let bytes = if left == last - 1 { 0 } else { left as u64 };
        assert_eq!((entries, first, torn), (4, 1, Some(bytes)), "{left}");
        let all = logged.entries();
        assert_eq!(all[3].position(), position);
        assert_eq!(all[3].outcome == "repaired", bytes > 0);
        assert_eq!(logged.intact(), 4);
    }
}

#[test]
fn a_newline_replaced_by_another_byte_is_tampering_and_stops_the_log() {
    let logged = Logged::new(4, 1 << 20);
    let (text, _) = parts(&logged);
    for other in [b' ', 0, b'x', b'}', b'\r', b'\t'] {
        let changed = [&text[..text.len() - 1], &[other]].concat();
        put(&logged.file(1), &changed);
        let found = logged.verify(&[]);
        assert!(
            matches!(found, Verified::Tampered { line: 4, .. }),
            "{other:#x}: {found:?}"
        );
        let error = logged
            .log
            .append(&entry(5), at(5))
            .expect_err("added behind it");
        assert_eq!(error.code(), "audit-unwritable");
        assert_eq!(fs::read(logged.file(1)).expect("read"), changed);
    }
}

#[test]
fn an_end_of_nul_bytes_that_a_file_system_left_is_mended() {
    let logged = Logged::new(4, 1 << 20);
    let (text, _) = parts(&logged);
    put(
        &logged.file(1),
        &[&text[..], b"{\"seq\":5,\"ti\0\0\0\0\0"].concat(),
    );
    assert_eq!(logged.log.append(&entry(5), at(5)).expect("added").seq, 6);
    put(&logged.file(1), &[&text[..], &[0; 300]].concat());
    assert_eq!(logged.log.append(&entry(5), at(5)).expect("added").seq, 6);
    assert_eq!(logged.intact(), 6);
}

#[test]
fn what_is_no_beginning_of_an_entry_is_not_taken_away() {
    let logged = Logged::new(4, 1 << 20);
    let (text, _) = parts(&logged);
    for end in ["x", "{}", "{\"seq\":4,\"time\":\"", "\u{1}", "{\"seq\":5}"] {
        let changed = [&text[..], end.as_bytes()].concat();
        put(&logged.file(1), &changed);
        assert!(logged.log.append(&entry(5), at(5)).is_err(), "{end:?}");
        assert!(
            matches!(logged.verify(&[]), Verified::Tampered { line: 5, .. }),
            "{end:?}"
        );
        assert_eq!(fs::read(logged.file(1)).expect("read"), changed);
    }
}

#[test]
fn a_file_that_only_a_torn_end_makes_long_is_not_followed_by_the_next() {
    let logged = Logged::new(9, 1_500);
    let files = logged.files();
    let newest = files.last().expect("a file");
    let text = fs::read(newest).expect("read");
    let lines = text.iter().filter(|b| **b == b'\n').count();
    assert!(lines > 1 && text.len() < 1_500);
    let torn = format!("{{\"seq\":10,\"time\":\"{}", "x".repeat(1_500));
    put(newest, &[&text[..], torn.as_bytes()].concat());
    let position = logged.log.append(&entry(10), at(10)).expect("added");
    assert_eq!(position.seq, 11);
    assert_eq!(logged.files().len(), files.len());
    assert_eq!(logged.intact(), 11);
}
