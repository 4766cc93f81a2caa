//! A file that was cut or altered restores nothing: the home stays as it was to the last byte.

use std::path::Path;

use super::thousand::MADE;
use super::{Key, put, tree, unattended};
use crate::support::home::Home;

/// The plaintext of a piece of age's payload, and what it has on the disk.
const PIECE: usize = (64 << 10) + 16;

/// How many places are tried.
const PLACES: usize = 200;

/// Where the payload begins: behind the line of the header's mark.
fn payload(file: &[u8]) -> usize {
    let mark = file
        .windows(5)
        .position(|w| w == b"\n--- ")
        .expect("a header");
    mark + 2
        + file[mark + 1..]
            .iter()
            .position(|b| *b == b'\n')
            .expect("its end")
}

/// Places all over the file: every byte where something begins or ends, the rest spread.
fn places(file: &[u8]) -> Vec<usize> {
    let start = payload(file);
    let mut places: Vec<usize> = (0..start).step_by(4).collect();
    places.extend([
        1,
        2,
        21,
        22,
        23,
        start - 1,
        start,
        start + 1,
        start + 15,
        start + 16,
    ]);
    let first = start + 16;
    let borders = (1..)
        .map(|n| first + n * PIECE)
        .take_while(|at| *at < file.len());
    for border in borders {
        places.extend([border - 17, border - 16, border - 1, border, border + 1]);
    }
    places.extend([
        file.len() - 17,
        file.len() - 16,
        file.len() - 2,
        file.len() - 1,
    ]);
    places.sort_unstable();
    places.dedup();
    let missing = PLACES.saturating_sub(places.len());
    places.extend((0..missing).map(|n| start + 40 + n * (file.len() - start - 80) / missing));
    places.sort_unstable();
    places.dedup();
    assert!(places.len() >= PLACES - 10, "only {} places", places.len());
    places
}

/// Demands that restoring this changes nothing, and returns the code of the error.
fn restores_nothing(home: &Home, key: &Key, name: &str, what: &str) -> String {
    let before = tree(home);
    let answer = key.restore(home, name);
    assert_eq!(answer.code, 1, "{what}: {}", answer.stderr);
    assert!(tree(home) == before, "{what}: the home changed");
    assert_eq!(answer.stdout, "");
    answer.error_code()
}

#[test]
fn a_backup_that_was_cut_anywhere_restores_nothing() {
    let (home, made) = (unattended(), &*MADE);
    for place in places(&made.file) {
        put(&made.key.path("cut.age"), &made.file[..place]);
        let code = restores_nothing(&home, &made.key, "cut.age", &format!("cut at {place}"));
        assert_eq!(code, "backup-damaged", "cut at {place}");
    }
}

#[test]
fn a_backup_that_was_altered_anywhere_restores_nothing() {
    let (home, made) = (unattended(), &*MADE);
    for (number, place) in places(&made.file).into_iter().enumerate() {
        let mut file = made.file.clone();
        file[place] ^= 1 << (number % 8);
        put(&made.key.path("altered.age"), &file);
        let what = format!("altered at {place}");
        let code = restores_nothing(&home, &made.key, "altered.age", &what);
        let known = ["backup-damaged", "backup-wrong-key"].contains(&code.as_str());
        assert!(known, "{what}: {code}");
    }
}

#[test]
fn a_backup_with_more_behind_it_or_a_part_taken_out_restores_nothing() {
    let (home, made) = (unattended(), &*MADE);
    let file = &made.file;
    let first = payload(file) + 16;
    let swapped = {
        let mut swapped = file.clone();
        let (one, two) = (
            file[first..first + PIECE].to_vec(),
            file[first + PIECE..first + 2 * PIECE].to_vec(),
        );
        swapped[first..first + 2 * PIECE].copy_from_slice(&[two, one].concat());
        swapped
    };
    for (what, bytes) in [
        ("a byte more", [&file[..], b"x"].concat()),
        ("twice", [&file[..], &file[..]].concat()),
        (
            "a piece taken out",
            [&file[..first], &file[first + PIECE..]].concat(),
        ),
        ("two pieces in another order", swapped),
        ("the last piece twice", {
            let last = first + (file.len() - first) / PIECE * PIECE;
            [&file[..], &file[last..]].concat()
        }),
        ("nothing", Vec::new()),
        ("no age file", b"hello\n".to_vec()),
    ] {
        put(&made.key.path("other.age"), &bytes);
        let code = restores_nothing(&home, &made.key, "other.age", what);
        assert_eq!(code, "backup-damaged", "{what}");
    }
}

fn with_passphrase(home: &Home, file: &Path, passphrase: &str) -> crate::support::home::Answer {
    let words = ["--json", "backup", "restore"];
    home.broker(words).arg(file).stdin(passphrase).run()
}

#[test]
fn with_a_passphrase_only_the_right_one_and_the_whole_file_restore() {
    let (old, new, key) = (
        unattended().secret("a", "canary-a-value"),
        unattended(),
        Key::new(),
    );
    let file = key.path("p.age");
    let words = ["backup", "create", "--passphrase"];
    let run = old.broker(words).arg(&file).stdin("correct horse\n");
    let said = run.run().ok().stderr;
    assert!(
        said.contains("read back and opened, and every value compared"),
        "{said}"
    );
    let before = tree(&new);
    for wrong in ["", "correct", "correct horse ", "Correct horse\n"] {
        let answer = with_passphrase(&new, &file, wrong).code(1);
        assert_eq!(answer.error_code(), "backup-wrong-passphrase", "{wrong:?}");
        assert!(tree(&new) == before, "{wrong:?}");
    }
    let bytes = std::fs::read(&file).expect("a backup");
    let start = payload(&bytes);
    let other = key.path("q.age");
    // Each costs the time of a passphrase.
    for place in [
        21,
        40,
        start - 20,
        start,
        start + 16,
        start + 17,
        bytes.len() - 17,
        bytes.len() - 1,
    ] {
        put(&other, &bytes[..place]);
        let answer = with_passphrase(&new, &other, "correct horse").code(1);
        assert_eq!(answer.error_code(), "backup-damaged", "cut at {place}");
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        put(&other, &altered);
        let _ = with_passphrase(&new, &other, "correct horse").code(1);
        assert!(tree(&new) == before, "{place}");
    }
    // A header that asks for more work than any of ours does is not worked at.
    let greedy = String::from_utf8_lossy(&bytes[..start]).replacen(" 18\n", " 29\n", 1);
    put(&other, &[greedy.as_bytes(), &bytes[start..]].concat());
    let answer = with_passphrase(&new, &other, "correct horse").code(1);
    assert_eq!(answer.error_code(), "backup-damaged");
    assert!(tree(&new) == before);
    let _ = with_passphrase(&new, &file, "correct horse").ok();
    assert_eq!(super::current(&new, "a"), "canary-a-value");
}

#[test]
fn the_key_has_to_be_the_right_one_and_of_the_right_kind() {
    let (old, new) = (unattended().secret("a", "canary-a-value"), unattended());
    let (key, other) = (Key::new(), Key::new());
    let _ = key.create(&old, "x.age").ok();
    put(
        &other.path("x.age"),
        &std::fs::read(key.path("x.age")).expect("read"),
    );
    assert_eq!(
        restores_nothing(&new, &other, "x.age", "another key"),
        "backup-wrong-key"
    );
    let before = tree(&new);
    let run = |words: &[&str]| {
        let run = new
            .broker(["--json", "backup", "restore"])
            .arg(key.path("x.age"));
        let answer = words
            .iter()
            .fold(run, |run, word| run.arg(word))
            .run()
            .code(1);
        assert!(tree(&new) == before, "{words:?}");
        answer.error_code()
    };
    let path = |name: &str| key.path(name).display().to_string();
    assert_eq!(run(&[]), "backup-wrong-key");
    put(&key.path("none.txt"), b"# nothing\n");
    put(&key.path("no.txt"), b"canary-no-identity\n");
    let shared = key.path("shared.txt");
    put(&shared, &std::fs::read(key.path("key.txt")).expect("read"));
    let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
    std::fs::set_permissions(&shared, mode).expect("changed");
    for (name, code) in [
        ("none.txt", "backup-wrong-key"),
        ("no.txt", "backup-wrong-key"),
        ("shared.txt", "file-unsafe"),
        ("", "file-unsafe"),
        ("missing.txt", "input-failed"),
    ] {
        assert_eq!(run(&["--identity", &path(name)]), code, "{name}");
    }
    let words = ["backup", "create", "--passphrase"];
    let _ = old
        .broker(words)
        .arg(key.path("p.age"))
        .stdin("pass")
        .run()
        .ok();
    assert_eq!(
        restores_nothing(&new, &key, "p.age", "an identity for a passphrase"),
        "backup-wrong-key"
    );
}
