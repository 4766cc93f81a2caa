//! Whatever is changed, taken away, moved or put in is found, and the first wrong line is named.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use broker::audit::Verified;

use super::{Logged, anchor, at, entry, put};

/// So short that a log of 200 entries has a good number of files.
const FILE_BYTES: u64 = 5_000;

type Line = (PathBuf, u64, Vec<u8>);

/// Writes lines back to the files they are said to be in, which there must be no other of.
fn write(logged: &Logged, lines: &[(PathBuf, Vec<u8>)]) {
    for file in logged.files() {
        let texts = lines
            .iter()
            .filter(|(of, _)| *of == file)
            .map(|(_, text)| text.as_slice());
        put(&file, &texts.collect::<Vec<_>>().concat());
    }
}

/// Demands that the first line of `lines` that is not the one of `original` is found.
#[track_caller]
fn found(logged: &Logged, original: &[Line], lines: &[(PathBuf, Vec<u8>)], what: &str) {
    write(logged, lines);
    let same = |(a, b): &(&Line, &(PathBuf, Vec<u8>))| a.2 == b.1;
    let at = original.iter().zip(lines).take_while(same).count();
    let last = original.last().expect("a line");
    let (file, before) = match lines.get(at) {
        Some((file, _)) => (file.clone(), at),
        // The end is missing: what is wrong is the line that would follow.
        None => (last.0.clone(), lines.len()),
    };
    let line = 1 + lines[..before].iter().filter(|(of, _)| *of == file).count() as u64;
    let position = logged_anchor(original);
    match logged.verify(&position) {
        Verified::Tampered {
            file: named,
            line: number,
            ..
        } => {
            assert_eq!((named, number), (file, line), "{what}");
        }
        other => panic!("{what}: {other:?}"),
    }
}

fn logged_anchor(original: &[Line]) -> Vec<(String, broker::audit::Position)> {
    let (_, _, text) = original.last().expect("a line");
    anchor(serde_json::from_slice(text).expect("an entry"))
}

#[test]
fn a_line_deleted_swapped_doubled_or_put_elsewhere_is_found() {
    let logged = Logged::new(200, FILE_BYTES);
    let original = logged.lines();
    assert_eq!(original.len(), 200);
    assert!(
        logged.files().len() > 5,
        "only {} files",
        logged.files().len()
    );
    let plain: Vec<_> = original
        .iter()
        .map(|(file, _, text)| (file.clone(), text.clone()))
        .collect();
    for at in 0..plain.len() {
        let mut lines = plain.clone();
        lines.remove(at);
        found(&logged, &original, &lines, &format!("{at} deleted"));
        if at + 1 < plain.len() {
            let mut lines = plain.clone();
            (lines[at].1, lines[at + 1].1) = (plain[at + 1].1.clone(), plain[at].1.clone());
            found(&logged, &original, &lines, &format!("{at} swapped"));
        }
        let mut lines = plain.clone();
        lines.insert(at + 1, plain[at].clone());
        found(&logged, &original, &lines, &format!("{at} doubled"));
        let mut lines = plain.clone();
        let to = (at * 7 + 3) % plain.len();
        lines.insert(to, (plain[to].0.clone(), plain[at].1.clone()));
        found(&logged, &original, &lines, &format!("{at} copied to {to}"));
    }
    write(&logged, &plain);
    assert_eq!(logged.intact(), 200);
}

#[test]
fn a_changed_byte_is_found_in_its_file_and_line() {
    let logged = Logged::new(200, FILE_BYTES);
    let lines = logged.lines();
    let (mut checked, mut step) = (0, 0_usize);
    for (at, (file, number, text)) in lines.iter().enumerate() {
        let start: usize = lines[..at]
            .iter()
            .filter(|l| l.0 == *file)
            .map(|l| l.2.len())
            .sum();
        let open = OpenOptions::new().write(true).open(file).expect("opened");
        for (place, byte) in text.iter().enumerate() {
            // Every byte of a few lines, and everywhere the newline and one byte in seventeen. The unit
            // tests of the chain change every byte of all.
            let all = [0, 77, 199].contains(&at) || *byte == b'\n';
            step += 1;
            if !all && !step.is_multiple_of(17) {
                continue;
            }
            for other in [byte ^ 1, byte ^ 0x20, b'\n', b' ', 0] {
                if other == *byte {
                    continue;
                }
                let offset = (start + place) as u64;
                open.write_all_at(&[other], offset).expect("changed");
                match logged.verify(&[]) {
                    Verified::Tampered {
                        file: named, line, ..
                    } => {
                        assert_eq!((&named, line), (file, *number), "byte {place}: {other:#x}");
                    }
                    other => panic!("{at}, byte {place}: {other:?}"),
                }
                open.write_all_at(&[*byte], offset).expect("put back");
                checked += 1;
            }
        }
    }
    assert!(checked > 10_000, "only {checked} changes");
    assert_eq!(logged.intact(), 200);
}

#[test]
fn an_end_cut_off_at_or_before_an_anchor_is_found_and_one_behind_it_cannot_be() {
    let logged = Logged::new(30, 2_000);
    let original = logged.lines();
    let entries = logged.entries();
    for keep in 1..30_usize {
        let kept = &original[..keep];
        for file in logged.files() {
            let texts = kept.iter().filter(|l| l.0 == file).map(|l| l.2.as_slice());
            let text = texts.collect::<Vec<_>>().concat();
            if text.is_empty() {
                fs::remove_file(&file).expect("removed");
            } else {
                put(&file, &text);
            }
        }
        let last = &kept[keep - 1];
        for of in [keep, 30] {
            match logged.verify(&anchor(entries[of - 1].position())) {
                Verified::Intact { entries, .. } => assert_eq!((entries, of), (keep as u64, keep)),
                Verified::Tampered { file, line, what } => {
                    assert_eq!((of, &file, line), (30, &last.0, last.1 + 1));
                    assert!(
                        what.contains("entry 30") && what.contains("the keychain"),
                        "{what}"
                    );
                }
            }
        }
        for (file, _, text) in &original {
            let mut whole = fs::read(file).unwrap_or_default();
            if !whole.windows(text.len()).any(|part| part == text) {
                whole.extend_from_slice(text);
                put(file, &whole);
            }
        }
    }
    assert_eq!(logged.intact(), 30);
}

#[test]
fn a_torn_end_at_an_anchor_is_a_cut_one() {
    let logged = Logged::new(5, 1 << 20);
    let last = logged.entries()[4].position();
    let text = fs::read(logged.file(1)).expect("read");
    put(&logged.file(1), &text[..text.len() - 20]);
    let Verified::Tampered { line, .. } = logged.verify(&anchor(last)) else {
        panic!("not seen");
    };
    assert_eq!(line, 5);
    // It was left as it is: what is tampered with is not mended.
    assert_eq!(
        fs::read(logged.file(1)).expect("read").len(),
        text.len() - 20
    );
}

#[test]
fn another_history_of_the_same_length_does_not_meet_the_anchor() {
    let logged = Logged::new(10, 1 << 20);
    let real = logged.entries()[6].position();
    let forged = Logged::new(5, 1 << 20);
    for number in 6..=10 {
        let other = entry(number).detail("forged");
        forged.log.append(&other, at(number)).expect("added");
    }
    assert_eq!(forged.intact(), 10);
    let Verified::Tampered { line, what, .. } = forged.verify(&anchor(real)) else {
        panic!("not seen");
    };
    assert_eq!(line, 7);
    assert!(what.contains("the keychain"), "{what}");
}

#[test]
fn a_file_that_is_missing_empty_or_another_is_found() {
    let build = || Logged::new(40, 2_000);
    let count = u32::try_from(build().files().len()).expect("few");
    assert!(count > 3);
    for number in 1..=count {
        let logged = build();
        let last = logged.entries()[39].position();
        fs::remove_file(logged.file(number)).expect("removed");
        let Verified::Tampered { file, what, .. } = logged.verify(&anchor(last)) else {
            panic!("{number} was not missed");
        };
        let named = if number == count { number - 1 } else { number };
        assert_eq!(file, logged.file(named), "{what}");

        let logged = build();
        put(&logged.file(number), b"");
        let Verified::Tampered { file, line, .. } = logged.verify(&[]) else {
            panic!("{number} was not seen to be empty");
        };
        assert_eq!((file, line), (logged.file(number), 1));

        let logged = build();
        fs::copy(logged.file(number), logged.file(count + 1)).expect("copied");
        let Verified::Tampered { file, line, .. } = logged.verify(&[]) else {
            panic!("a copy of {number} was not seen");
        };
        assert_eq!((file, line), (logged.file(count + 1), 1));
    }
    let logged = build();
    fs::remove_dir_all(logged.log.folder()).expect("removed");
    let Verified::Tampered { file, line, .. } = logged.verify(&[]) else {
        panic!("not seen");
    };
    assert_eq!((file, line), (logged.file(1), 1));
}

#[test]
fn the_log_of_another_home_is_none_of_this_one() {
    let logged = Logged::new(3, 1 << 20);
    let paths = broker::paths::HomePaths::under(logged.home());
    let other = broker::audit::Log::of(&paths, &broker::store::HomeId::from_random([2; 16]));
    let found = other.verify(&[], at(0)).expect("readable");
    assert!(
        matches!(found, Verified::Tampered { line: 1, .. }),
        "{found:?}"
    );
}
