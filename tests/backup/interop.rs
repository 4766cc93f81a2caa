//! A backup is an age file that other programs open, and what they make is opened here.

use std::process::Command;

use super::{Key, current, put, unattended, whole};
use crate::support::home::Home;

/// Returns the command that the help gives for getting a value out without broker.
fn documented(home: &Home) -> String {
    let help = home
        .broker(["backup", "create", "--help"])
        .run()
        .ok()
        .stdout;
    let lines = help
        .lines()
        .skip_while(|line| !line.contains("age -d FILE"));
    lines
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_documented_command_gets_every_value_out_without_broker() {
    let home = unattended();
    let values: [(&str, &[u8]); 4] = [
        ("a", b"canary-a-value"),
        ("work/bytes", b"canary\0\xff\xfe\r\n"),
        ("lines", b"canary\nof\nlines\n"),
        ("long", &[b'c'; 100_000]),
    ];
    for (name, value) in values {
        home.set(name, value);
    }
    super::rotate(&home, "a", "canary-a-second");
    let key = Key::new();
    let _ = key.create(&home, "x.age").ok();
    let command = documented(&home);
    assert!(
        command.contains("| jq ") && command.contains("base64 -d"),
        "{command}"
    );
    for (name, value) in values {
        let command = command
            .replace("age -d FILE", "age -d -i key.txt x.age")
            .replace("NAME", name);
        let output = Command::new("bash")
            .args(["-o", "pipefail", "-c", &command])
            .current_dir(key.path(""))
            .output()
            .expect("bash");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.is_empty(),
            "{command}: {said}"
        );
        let wanted = if name == "a" {
            b"canary-a-second"
        } else {
            value
        };
        assert!(output.stdout == wanted, "{name}");
    }
}

#[test]
fn the_age_program_opens_a_backup_with_a_passphrase() {
    let (home, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    let run = home.broker(["backup", "create", "--passphrase"]);
    let _ = run.arg(key.path("p.age")).stdin("correct horse").run().ok();
    let script = "log_user 0; set timeout 60; spawn -noecho age -d -o out.json p.age; \
                  expect assphrase; send -- \"correct horse\\r\"; expect eof; exit [lindex [wait] 3]";
    let status = Command::new("expect")
        .args(["-c", script])
        .current_dir(key.path(""))
        .status();
    assert!(status.expect("expect").success());
    let text = std::fs::read(key.path("out.json")).expect("opened");
    let document: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(
        document["secrets"][0]["values"]["1"],
        "Y2FuYXJ5LWEtdmFsdWU="
    );
}

#[test]
fn a_backup_that_was_sealed_again_by_the_age_program_is_restored() {
    let (old, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    let _ = key.create(&old, "x.age").ok();
    key.seal(&key.opened("x.age"), "again.age");
    let home = unattended();
    let _ = key.restore(&home, "again.age").ok();
    assert_eq!(current(&home, "a"), "canary-a-value");
    // In armor, too, as mail has it.
    let armor = Command::new("sh")
        .args(["-c", "age -d -i key.txt x.age | age -a -r \"$R\""])
        .env("R", &key.recipient)
        .current_dir(key.path(""))
        .output()
        .expect("age");
    put(&key.path("armor.age"), &armor.stdout);
    assert!(armor.stdout.starts_with(b"-----BEGIN AGE"));
    let home = unattended();
    let _ = key.restore(&home, "armor.age").ok();
    assert!(whole(&home) == whole(&old));
}

#[test]
fn a_backup_to_several_opens_with_the_key_of_each() {
    let (old, one, two) = (
        unattended().secret("a", "canary-a-value"),
        Key::new(),
        Key::new(),
    );
    let words = [
        "backup",
        "create",
        "--recipient",
        &one.recipient,
        "--recipient",
        &two.recipient,
    ];
    let _ = old.broker(words).arg(one.path("x.age")).run().ok();
    put(
        &two.path("x.age"),
        &std::fs::read(one.path("x.age")).expect("read"),
    );
    for key in [one, two] {
        let home = unattended();
        let _ = key.restore(&home, "x.age").ok();
        assert_eq!(current(&home, "a"), "canary-a-value");
    }
}

#[test]
fn nothing_of_a_backup_is_readable_in_it() {
    let home = unattended()
        .secret("name-of-a-secret", "canary-a-value")
        .secret("b", "canary-b-value");
    let _ = home
        .broker(["edit", "b", "--note", "a-note-about-it"])
        .run()
        .ok();
    let key = Key::new();
    let _ = key.create(&home, "x.age").ok();
    let file = std::fs::read(key.path("x.age")).expect("read");
    let text = String::from_utf8_lossy(&file);
    for part in [
        "canary",
        "Y2FuYXJ5",
        "name-of-a-secret",
        "a-note",
        "secrets",
        "vault",
    ] {
        assert!(!text.contains(part), "{part}");
    }
}
