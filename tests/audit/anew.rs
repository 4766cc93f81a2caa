//! A lost log is begun anew behind what is known of it, and nothing that is left is thrown away.

use std::fs;

use broker::audit::{Action, Entry, Outcome, Verified};

use super::{Logged, anchor, at, entry, put};

fn asked() -> Entry {
    Entry::new(Action::Log, Outcome::Repaired).detail("asked on the terminal")
}

#[test]
fn a_log_begun_anew_follows_the_anchor() {
    let logged = Logged::new(9, 1 << 20);
    let known = logged.entries()[6].position();
    fs::remove_dir_all(logged.log.folder()).expect("removed");
    let position = logged
        .log
        .restart(&asked(), at(50), Some(&known))
        .expect("begun");
    assert_eq!(position.seq, 8);
    let added = logged.log.append(&entry(9), at(51)).expect("added");
    let entries = logged.entries();
    assert_eq!(entries[0].action, "log");
    let detail = entries[0].detail.as_deref().expect("a detail");
    assert!(
        detail.contains("behind entry 7") && detail.ends_with("asked on the terminal"),
        "{detail}"
    );
    for known in [position, added] {
        let found = logged.verify(&anchor(known));
        let Verified::Intact {
            entries,
            first,
            last,
            torn,
        } = found
        else {
            panic!("{found:?}");
        };
        assert_eq!((entries, first, last, torn), (2, 8, added, None));
    }
}

#[test]
fn a_log_that_somebody_else_began_anew_is_found() {
    let logged = Logged::new(9, 1 << 20);
    let last = logged.entries()[8].position();
    fs::remove_dir_all(logged.log.folder()).expect("removed");
    // Whoever read the last line can write a first one behind it, and more.
    logged
        .log
        .restart(&asked(), at(50), Some(&last))
        .expect("begun");
    logged.log.append(&entry(9), at(51)).expect("added");
    for anchors in [anchor(last), Vec::new()] {
        let found = logged.verify(&anchors);
        let tampered = matches!(found, Verified::Tampered { line: 1, .. });
        assert!(tampered, "{found:?}");
    }
}

#[test]
fn a_beginning_that_no_anchor_vouches_for_is_found() {
    let logged = Logged::new(9, 1 << 20);
    let entries = logged.entries();
    let (third, seventh, eighth) = (
        entries[2].position(),
        entries[6].position(),
        entries[7].position(),
    );
    fs::remove_dir_all(logged.log.folder()).expect("removed");
    let begun = logged
        .log
        .restart(&asked(), at(50), Some(&seventh))
        .expect("begun");
    let place = |name: &str, position| (name.to_owned(), position);
    // Behind another entry than the anchor's, of the same number or of an earlier one.
    for anchors in [vec![place("a", third)], vec![place("a", eighth)]] {
        let found = logged.verify(&anchors);
        assert!(
            matches!(found, Verified::Tampered { line: 1, .. }),
            "{found:?}"
        );
    }
    let mut other = seventh;
    other.hash = third.hash;
    assert!(matches!(
        logged.verify(&anchor(other)),
        Verified::Tampered { line: 1, .. }
    ));
    // An older anchor in another place is vouched for by a newer one.
    let found = logged.verify(&[place("a", third), place("b", begun)]);
    assert!(matches!(found, Verified::Intact { .. }), "{found:?}");
}

#[test]
fn without_an_anchor_the_numbers_begin_again() {
    let logged = Logged::none();
    let position = logged.log.restart(&asked(), at(50), None).expect("begun");
    assert_eq!(position.seq, 1);
    assert_eq!(logged.intact(), 1);
}

#[test]
fn what_is_left_of_a_damaged_log_is_set_aside_and_kept() {
    let logged = Logged::new(20, 1_500);
    let files = logged.files();
    put(files.last().expect("a file"), b"nonsense\n");
    let texts: Vec<_> = files
        .iter()
        .map(|file| fs::read(file).expect("read"))
        .collect();
    assert!(logged.log.append(&entry(21), at(21)).is_err());
    logged.log.restart(&asked(), at(50), None).expect("begun");
    assert_eq!(logged.intact(), 1);
    let kept = |lost: &str| -> Vec<Vec<u8>> {
        let name = |file: &std::path::PathBuf| file.file_name().expect("a name").to_owned();
        let folder = logged.log.folder().join(lost);
        files
            .iter()
            .map(|file| fs::read(folder.join(name(file))).unwrap_or_default())
            .collect()
    };
    assert_eq!(kept("lost-1"), texts);
    logged
        .log
        .restart(&asked(), at(60), None)
        .expect("begun again");
    assert_eq!(kept("lost-1"), texts);
    assert!(!kept("lost-2")[0].is_empty());
}

#[test]
fn what_an_unfinished_home_left_is_cleared_and_another_log_is_set_aside() {
    let logged = Logged::none();
    logged.log.clear().expect("nothing to clear");
    assert!(!logged.log.folder().exists());
    // As a crash right behind the first entry leaves it.
    let logged = Logged::new(1, 1 << 20);
    put(&logged.log.folder().join(".broker-abc.tmp"), b"half");
    logged.log.clear().expect("cleared");
    assert_eq!(
        fs::read_dir(logged.log.folder()).expect("listed").count(),
        1,
        "the lock alone"
    );
    let create = |logged: &Logged| {
        logged
            .log
            .create(&Entry::new(Action::Init, Outcome::Done), at(0))
    };
    create(&logged).expect("made");
    // Some home's whole log is evidence.
    let logged = Logged::new(5, 1 << 20);
    logged.log.clear().expect("cleared");
    assert!(logged.log.folder().join("lost-1/000001.jsonl").exists());
    create(&logged).expect("made");
    // Nothing that broker did not put there is touched.
    let logged = Logged::new(1, 1 << 20);
    put(&logged.log.folder().join("notes.txt"), b"mine");
    assert_eq!(
        logged.log.clear().expect_err("foreign").code(),
        "audit-unwritable"
    );
    assert!(logged.file(1).exists());
}
