//! Files of ours that are newer, not ours, or no plain files: refused, and left as they are.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::home::Home;

const STATE: &str = ".local/state/broker";

const EXEC: [&str; 5] = ["exec", "--env", "A=broker://a", "--", "/bin/true"];

/// A home in which [`EXEC`] is allowed.
fn home() -> Home {
    let home = Home::new().secret("a", "canary-a-value");
    let _ = home.broker(EXEC).granting().run().ok();
    home
}

/// Every command that reads the catalog, and what it is given to read.
const COMMANDS: [&[&str]; 9] = [
    &["list"],
    &["show", "a"],
    &["edit", "a", "--note", "x"],
    &["rename", "a", "b"],
    &["remove", "a", "--yes"],
    &["migrate", "--to", "keychain"],
    &["set", "b"],
    &["reveal", "a"],
    &EXEC,
];

/// Runs every command, and demands that each is refused with `code` and changes nothing.
fn all_refuse(home: &Home, file: &PathBuf, code: &str) {
    let before = fs::read(file).expect("a file");
    for words in COMMANDS {
        let run = home
            .broker(["--json"].iter().chain(words))
            .stdin("canary-b-value");
        let answer = run.run();
        let exit = if words[0] == "exec" { 125 } else { 1 };
        assert_eq!(answer.code, exit, "{words:?}: {}", answer.stderr);
        assert_eq!(answer.error_code(), code, "{words:?}");
        assert_eq!(answer.stdout, "");
    }
    let doctor = home
        .broker(["--json", "doctor", "--fix"])
        .run()
        .code(3)
        .json();
    let found = doctor.as_array().expect("findings").iter();
    assert!(
        found
            .clone()
            .any(|f| f["code"] == code && f["state"] == "failed"),
        "{doctor}"
    );
    assert_eq!(
        fs::read(file).expect("a file"),
        before,
        "{} was changed",
        file.display()
    );
}

fn replace(file: &PathBuf, old: &str, new: &str) {
    let text = fs::read_to_string(file).expect("a file");
    assert!(text.contains(old), "{text}");
    fs::write(file, text.replacen(old, new, 1)).expect("written");
}

#[test]
fn a_newer_home_or_catalog_is_refused_untouched() {
    for name in ["home.json", "catalog.json"] {
        for newer in [
            "\"format\": 2",
            "\"format\": 4000000000",
            "\"unheard-of\": [{}], \"format\": 2",
        ] {
            let home = home();
            let file = home.path(STATE).join(name);
            replace(&file, "\"format\": 1", newer);
            all_refuse(&home, &file, "format-newer");
        }
        let home = home();
        let file = home.path(STATE).join(name);
        replace(&file, "\"format\": 1", "\"format\": 0");
        all_refuse(&home, &file, "file-damaged");
    }
}

#[test]
fn a_newer_vault_is_refused_untouched() {
    let home = home();
    let file = home.path(".local/share/broker/vault/vault.json");
    replace(&file, "\"format\":1", "\"unheard-of\":1,\"format\":2");
    let before = fs::read(&file).expect("a file");
    for words in [
        &EXEC[..],
        &["set", "b"],
        &["vault", "status"],
        &["vault", "rekey", "--key-file"],
        &["rename", "a", "b"],
    ] {
        let answer = home
            .broker(["--json"].iter().chain(words))
            .stdin("canary-b-value")
            .run();
        assert_eq!(
            answer.code,
            if words[0] == "exec" { 125 } else { 1 },
            "{words:?}"
        );
        assert_eq!(answer.error_code(), "store-too-new", "{words:?}");
    }
    let _ = home.broker(["doctor", "--fix"]).run().code(3);
    assert_eq!(fs::read(&file).expect("a file"), before);
    assert_eq!(super::names(&home), ["a"]);
}

#[test]
fn files_that_others_can_write_are_refused() {
    for name in ["home.json", "catalog.json", "lock"] {
        for mode in [0o666, 0o602, 0o620] {
            let home = home();
            let file = home.path(STATE).join(name);
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("changed");
            let answer = home
                .broker(["--json", "edit", "a", "--note", "x"])
                .run()
                .code(1);
            assert_eq!(answer.error_code(), "file-unsafe", "{name} {mode:o}");
            // Reading takes no lock.
            let code = if name == "lock" { 0 } else { 1 };
            let _ = home.broker(["list"]).run().code(code);
        }
    }
}

#[test]
fn links_fifos_and_folders_in_place_of_files_are_refused() {
    for name in ["home.json", "catalog.json", "lock"] {
        for kind in ["link", "fifo", "folder", "dangling"] {
            let home = home();
            let file = home.path(STATE).join(name);
            let aside = home.path("aside");
            fs::rename(&file, &aside).expect("moved");
            match kind {
                "link" => symlink(&aside, &file).expect("a link"),
                "dangling" => symlink(home.path("nowhere"), &file).expect("a link"),
                "folder" => fs::create_dir(&file).expect("a folder"),
                _ => mknodat(CWD, &file, FileType::Fifo, Mode::from_raw_mode(0o600), 0)
                    .expect("a FIFO"),
            }
            let answer = home
                .broker(["--json", "edit", "a", "--note", "x"])
                .run()
                .code(1);
            let codes = ["file-unsafe", "file-io"];
            let code = answer.error_code();
            assert!(codes.contains(&code.as_str()), "{name} {kind}: {code}");
            assert!(
                !home.path("nowhere").exists(),
                "{name}: a file was made through a link"
            );
            let exec = home.broker(EXEC).run();
            assert_eq!(
                exec.code,
                if name == "lock" { 0 } else { 125 },
                "{name} {kind}"
            );
        }
    }
}

#[test]
fn doctor_takes_rights_away_from_others_and_removes_what_crashes_left() {
    let home = home();
    let open = home.path(STATE).join("catalog.json");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).expect("changed");
    let left = home.path(STATE).join(".broker-x.tmp");
    fs::write(&left, "x").expect("written");
    fs::set_permissions(&left, fs::Permissions::from_mode(0o600)).expect("changed");
    let states = |words: &[&str], exit: i32| {
        let found = home
            .broker(["--json"].iter().chain(words))
            .run()
            .code(exit)
            .json();
        let found = found.as_array().expect("findings").clone();
        let of = |code: &str| {
            found
                .iter()
                .find(|f| f["code"] == code)
                .map(|f| f["state"].as_str().expect("a word").to_owned())
        };
        (of("file-open"), of("leftover"))
    };
    let word = |text: &str| Some(text.to_owned());
    assert_eq!(states(&["doctor"], 3), (word("warning"), word("warning")));
    assert_eq!(states(&["doctor", "--fix"], 0), (word("ok"), word("ok")));
    assert_eq!(states(&["doctor"], 0), (None, None));
    assert!(!left.exists());
    assert_eq!(
        fs::metadata(open).expect("there").permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_lost_catalog_is_rebuilt_and_only_when_asked() {
    let home = home();
    fs::remove_file(home.path(STATE).join("catalog.json")).expect("removed");
    let answer = home.broker(["--json", "list"]).run().code(1);
    assert_eq!(answer.error_code(), "catalog-missing");
    let _ = home.broker(["doctor"]).run().code(3);
    assert!(!home.path(STATE).join("catalog.json").exists());
    // A keychain that cannot be asked may hold more, and that is told once.
    let _ = home.broker(["doctor", "--fix"]).run().code(3);
    let _ = home.broker(["doctor"]).run().ok();
    assert_eq!(super::names(&home), ["a"]);
    assert_eq!(super::value(&home, "a"), b"canary-a-value");
}
