//! The file: private, new, whole or not there; and what is no backup is refused without a word of what it holds.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use super::{Key, put, told, tree, unattended};
use crate::support::home::Home;

#[test]
fn a_backup_is_private_and_nothing_is_left_beside_it() {
    let (home, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    fs::create_dir(key.path("d")).expect("a folder");
    let _ = key.create(&home, "d/x.age").ok();
    let mode = fs::metadata(key.path("d/x.age"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(key.path("d")).expect("listed").count(), 1);
    // Relative to where it is run.
    let words = ["backup", "create", "y.age", "--recipient", &key.recipient];
    let _ = home.broker(words).folder(key.path("d")).run().ok();
    assert!(key.path("d/y.age").exists());
}

#[test]
fn what_is_there_already_is_left_alone_whatever_it_is() {
    let (home, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    put(&key.path("file"), b"mine");
    fs::create_dir(key.path("folder")).expect("a folder");
    symlink(key.path("file"), key.path("link")).expect("linked");
    symlink(key.path("nowhere"), key.path("dangling")).expect("linked");
    let made = Command::new("mkfifo").arg(key.path("fifo")).status();
    assert!(made.expect("mkfifo").success());
    let before = fs::read_dir(key.path("")).expect("listed").count();
    for name in ["file", "folder", "link", "dangling", "fifo"] {
        let answer = key.create(&home, name).code(1);
        assert_eq!(answer.error_code(), "file-exists", "{name}");
    }
    assert_eq!(fs::read(key.path("file")).expect("read"), b"mine");
    assert!(!key.path("nowhere").exists());
    assert_eq!(fs::read_dir(key.path("")).expect("listed").count(), before);
    // Refused before the log was told of anything.
    assert!(told(&home).is_empty());
}

#[test]
fn a_place_that_cannot_be_written_is_told_of_and_the_log_says_that_it_failed() {
    let (home, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    put(&key.path("file"), b"mine");
    for place in ["missing/x.age", "file/x.age"] {
        let answer = key.create(&home, place).code(1);
        assert_eq!(answer.error_code(), "file-io", "{place}");
    }
    // A file system that takes no files, whoever asks.
    let words = [
        "--json",
        "backup",
        "create",
        "/proc/broker.age",
        "--recipient",
    ];
    let answer = home.broker(words).arg(&key.recipient).run().code(1);
    assert_eq!(answer.error_code(), "file-io");
    assert!(
        !answer.stderr.contains("/proc"),
        "the path is repeated: {}",
        answer.stderr
    );
    let outcomes: Vec<String> = told(&home)
        .into_iter()
        .map(|(outcome, ..)| outcome)
        .collect();
    assert_eq!(outcomes.last().map(String::as_str), Some("failed"));
    assert!(!outcomes.contains(&"done".to_owned()));
}

#[test]
fn a_file_that_is_no_plain_file_of_our_own_is_not_restored() {
    let (old, home, key) = (
        unattended().secret("a", "canary-a-value"),
        unattended(),
        Key::new(),
    );
    let _ = key.create(&old, "x.age").ok();
    fs::create_dir(key.path("folder")).expect("a folder");
    symlink(key.path("x.age"), key.path("link")).expect("linked");
    let made = Command::new("mkfifo").arg(key.path("fifo")).status();
    assert!(made.expect("mkfifo").success());
    fs::copy(key.path("x.age"), key.path("shared")).expect("copied");
    fs::set_permissions(key.path("shared"), fs::Permissions::from_mode(0o666)).expect("changed");
    // Longer than any backup; takes no room.
    let huge = fs::File::create(key.path("huge")).expect("made");
    huge.set_len(400 << 20).expect("longer");
    let before = tree(&home);
    for (name, code) in [
        ("folder", "file-unsafe"),
        ("link", "file-unsafe"),
        ("fifo", "file-unsafe"),
        ("shared", "file-unsafe"),
        ("huge", "file-too-large"),
        ("missing", "input-failed"),
        ("x.age/y", "file-io"),
    ] {
        let answer = key.restore(&home, name).code(1);
        assert_eq!(answer.error_code(), code, "{name}");
        assert!(tree(&home) == before, "{name}");
        let folder = key.path("").display().to_string();
        assert!(
            !answer.stderr.contains(&folder),
            "{name}: the path is repeated"
        );
    }
    let _ = key.restore(&home, "x.age").ok();
}

#[test]
fn without_a_home_it_says_to_make_one() {
    let (old, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    let _ = key.create(&old, "x.age").ok();
    let home = Home::empty();
    let answer = key.restore(&home, "x.age").code(1);
    assert_eq!(answer.error_code(), "no-home");
    assert!(answer.stderr.contains("broker init"), "{}", answer.stderr);
    assert!(tree(&home).is_empty());
    let answer = key.create(&home, "y.age").code(1);
    assert_eq!(answer.error_code(), "no-home");
}

#[test]
fn a_backup_needs_a_recipient_or_a_passphrase_that_can_be_used() {
    let (home, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    let other = Key::new().recipient;
    let r = key.recipient.as_str();
    let upper = r.to_uppercase();
    for words in [
        &[][..],
        &["--recipient"],
        &["--recipient", "age1xyz"],
        &["--recipient", &upper],
        &["--recipient", "ssh-ed25519 AAAA"],
        &["--recipient", r, "--passphrase"],
        &["--passphrase", "--identity", "key"],
        &["--passphrase", r],
        &["--recipient", r, "canary-stray"],
        &["canary-stray"],
    ] {
        let run = home
            .broker(["--json", "backup", "create"])
            .arg(key.path("x.age"));
        let answer = words
            .iter()
            .fold(run, |run, word| run.arg(word))
            .run()
            .code(2);
        assert_eq!(answer.error_code(), "usage", "{words:?}");
        assert!(!answer.stderr.contains("stray"), "{}", answer.stderr);
    }
    for passphrase in [&b""[..], b"\n", b"\xff\xfe"] {
        let run = home.broker(["--json", "backup", "create", "--passphrase"]);
        let answer = run.arg(key.path("x.age")).stdin(passphrase).run().code(1);
        assert_eq!(answer.error_code(), "passphrase-invalid");
    }
    assert!(!key.path("x.age").exists());
    // Several, in every way they can be written; the same one twice is one.
    for (number, words) in [
        &["--recipient", r, "--recipient", other.as_str()][..],
        &["--recipient", r, other.as_str()],
        &["--recipient", r, r, "--recipient", other.as_str()],
    ]
    .iter()
    .enumerate()
    {
        let name = format!("{number}.age");
        let run = home.broker(["backup", "create"]).arg(key.path(&name));
        let _ = words.iter().fold(run, |run, word| run.arg(word)).run().ok();
        let file = fs::read(key.path(&name)).expect("a backup");
        let stanzas = file.windows(10).filter(|w| *w == b"-> X25519 ").count();
        assert_eq!(stanzas, 2, "{words:?}");
        let _ = key.opened(&name);
    }
}

#[test]
fn an_identity_that_is_named_is_tried_before_the_file_has_its_name() {
    let (home, key, other) = (
        unattended().secret("a", "canary-a-value"),
        Key::new(),
        Key::new(),
    );
    let create = |identity: &Key| {
        let run = home
            .broker(["--json", "backup", "create"])
            .arg(key.path("x.age"));
        let run = run.arg("--recipient").arg(&key.recipient);
        run.arg("--identity").arg(identity.path("key.txt")).run()
    };
    let answer = create(&other).code(1);
    assert_eq!(answer.error_code(), "backup-wrong-key");
    assert!(!key.path("x.age").exists());
    let said = create(&key).ok().stderr;
    assert!(
        said.contains("read back and opened, and every value compared"),
        "{said}"
    );
    let said = key.create(&home, "y.age").ok().stderr;
    assert!(said.contains("but not opened: only the identity"), "{said}");
}

#[test]
fn a_key_that_lies_in_the_home_itself_is_warned_of() {
    let (home, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    let status = home.broker(["--json", "vault", "status"]).run().ok().json();
    let own = status["recipient"]
        .as_str()
        .expect("a recipient")
        .to_owned();
    let warning = "only the key of this home's own vault opens it";
    let run = |name: &str, recipients: &[&str]| {
        let run = home.broker(["backup", "create"]).arg(key.path(name));
        let run = recipients
            .iter()
            .fold(run, |run, r| run.arg("--recipient").arg(r));
        run.run().ok().stderr
    };
    assert!(run("own.age", &[&own]).contains(warning));
    assert!(!run("both.age", &[&own, &key.recipient]).contains(warning));
    assert!(!run("other.age", &[&key.recipient]).contains(warning));
}
