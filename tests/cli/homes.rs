//! Where broker's files are, and whose.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use super::names;
use crate::support::home::Home;

/// Demands that everything below `folder` is the user's alone.
fn is_private(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let found = entry.metadata().expect("there");
        let wanted = if found.is_dir() { 0o700 } else { 0o600 };
        let path = entry.path();
        assert_eq!(
            found.permissions().mode() & 0o777,
            wanted,
            "{}",
            path.display()
        );
        count += 1;
        if found.is_dir() {
            count += is_private(&path);
        }
    }
    count
}

#[test]
fn everything_broker_makes_is_the_users_alone() {
    let home = Home::new().secret("work/a", "canary-a-value");
    let _ = home.broker(["edit", "work/a", "--note", "x"]).run().ok();
    assert!(is_private(&home.path("")) > 10);
}

#[test]
fn home_and_its_variable_keep_all_files_under_one_folder() {
    let home = Home::empty();
    let (flag, variable) = (home.path("flag"), home.path("variable"));
    let init = ["init", "--store", "vault", "--key-file"];
    let _ = home
        .broker(["--home"])
        .arg(&flag)
        .arg(init[0])
        .arg(init[1])
        .arg(init[2])
        .arg(init[3])
        .run()
        .ok();
    let _ = home.broker(init).env("BROKER_HOME", &variable).run().ok();
    for folder in [&flag, &variable] {
        let mut there: Vec<_> = fs::read_dir(folder)
            .expect("a folder")
            .flatten()
            .map(|e| e.file_name())
            .collect();
        there.sort();
        assert_eq!(there, ["state", "vault"]);
        is_private(folder);
    }
    assert!(!home.path(".local").exists() && !home.path(".config").exists());

    // The flag wins over the variable, and may be relative to where the person stands.
    let set = |words: &[&str], name: &str| {
        let run = home
            .broker(words)
            .arg("set")
            .arg(name)
            .env("BROKER_HOME", &variable);
        let _ = run.stdin("canary-in-a-home").run().ok();
    };
    set(&["--home", "flag"], "by-flag");
    set(&[], "by-variable");
    let listed = |folder: &Path| {
        let rows = home
            .broker(["--json", "list", "--home"])
            .arg(folder)
            .run()
            .ok()
            .json();
        rows[0]["name"].as_str().map(str::to_owned)
    };
    assert_eq!(listed(&flag).as_deref(), Some("by-flag"));
    assert_eq!(listed(&variable).as_deref(), Some("by-variable"));

    let elsewhere = home.broker(["--json", "list", "--home", "../flag"]);
    let elsewhere = elsewhere.folder(&variable).run().ok().json();
    assert_eq!(elsewhere[0]["name"], "by-flag");

    fs::write(
        flag.join("broker.toml"),
        "[servers.s]\ncommand = [\"/bin/true\"]\n",
    )
    .expect("written");
    let _ = home.broker(["--home", "flag", "exec", "s"]).run().ok();
}

#[test]
fn a_relative_home_in_a_variable_is_refused_because_it_means_another_in_each_folder() {
    let home = Home::empty();
    let init = ["--json", "init", "--store", "vault", "--key-file"];
    for (name, value) in [
        ("BROKER_HOME", "here"),
        ("BROKER_HOME", "./x"),
        ("HOME", "here"),
    ] {
        let answer = home.broker(init).env(name, value).run().code(1);
        assert_eq!(answer.error_code(), "home-not-found", "{name}={value}");
        let answer = home
            .broker(["--json", "exec", "--", "/bin/true"])
            .env(name, value)
            .run();
        assert_eq!(answer.code(125).error_code(), "home-not-found");
    }
    assert_eq!(fs::read_dir(home.path("")).expect("a folder").count(), 0);
}

#[test]
fn without_home_the_password_database_is_asked() {
    let home = Home::empty();
    let id = rustix::process::getuid().as_raw().to_string();
    let entry = Command::new("/usr/bin/getent")
        .args(["passwd", &id])
        .output()
        .expect("asked");
    let entry = String::from_utf8(entry.stdout).expect("text");
    let folder = entry.split(':').nth(5).expect("a folder");
    let mut without = home.broker(["exec", "--", "/usr/bin/env"]).command();
    let seen = without.env_remove("HOME").output().expect("started");
    let seen = String::from_utf8(seen.stdout).expect("text");
    assert!(
        seen.lines().any(|line| line == format!("HOME={folder}")),
        "{seen}"
    );
    // An empty one counts as none: broker finds the same files.
    let listed = |value: &str| {
        let answer = home.broker(["--json", "list"]).env("HOME", value).run();
        (answer.code, answer.stdout, answer.stderr)
    };
    assert_eq!(listed(""), listed(folder));
}

#[test]
fn a_home_of_somebody_else_is_refused() {
    let home = Home::empty();
    // An ordinary user is nobody's owner but their own; root gives a folder away.
    let foreign = if rustix::process::geteuid().is_root() {
        let folder = home.path("theirs");
        fs::create_dir(&folder).expect("a folder");
        chown(&folder, Some(65_534), Some(65_534)).expect("given away");
        folder
    } else {
        "/usr".into()
    };
    for variable in ["HOME", "BROKER_HOME"] {
        let run = |words: &[&str]| {
            home.broker(words)
                .env(variable, &foreign)
                .stdin("canary-foreign")
                .run()
        };
        for words in [
            &["list"][..],
            &["set", "a"],
            &["init", "--store", "vault", "--key-file"],
            &["doctor"],
        ] {
            let answer = run(&[&["--json"], words].concat());
            if words == ["doctor"] {
                let found = answer.code(3).json();
                assert!(
                    found
                        .as_array()
                        .expect("findings")
                        .iter()
                        .any(|f| f["code"] == "home-not-found")
                );
            } else {
                assert_eq!(
                    answer.code(1).error_code(),
                    "home-not-found",
                    "{variable} {words:?}"
                );
            }
        }
        let exec = run(&["--json", "exec", "--", "/bin/true"]).code(125);
        assert_eq!(exec.error_code(), "home-not-found");
    }
    let flag = home
        .broker(["--json", "list", "--home"])
        .arg(&foreign)
        .run()
        .code(1);
    assert_eq!(flag.error_code(), "home-not-found");
    if foreign.starts_with(home.path("")) {
        assert_eq!(fs::read_dir(&foreign).expect("a folder").count(), 0);
    }
}

#[test]
fn xdg_variables_do_not_move_the_home() {
    let mut home = Home::new().secret("a", "canary-a-value");
    let elsewhere = home.path("elsewhere");
    for name in [
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "XDG_CACHE_HOME",
    ] {
        home = home.with(name, &elsewhere);
    }
    home.set("b", b"canary-b-value");
    assert_eq!(names(&home), ["a", "b"]);
    assert!(!elsewhere.exists());
}

#[test]
fn without_a_home_every_command_says_how_to_make_one() {
    let home = Home::empty();
    for words in [
        &["list"][..],
        &["show", "a"],
        &["edit", "a", "--note", "x"],
        &["reveal", "a"],
        &["rename", "a", "b"],
        &["remove", "a", "--yes"],
        &["migrate", "--to", "vault"],
        &["vault", "status"],
        &["set", "a", "--generate"],
    ] {
        let answer = home.broker(["--json"].iter().chain(words)).run().code(1);
        assert_eq!(answer.error_code(), "no-home", "{words:?}");
        assert!(
            answer.stderr.contains("broker init"),
            "{words:?}: {}",
            answer.stderr
        );
    }
    let doctor = home.broker(["--json", "doctor"]).run().code(3).json();
    assert!(
        doctor
            .as_array()
            .expect("findings")
            .iter()
            .any(|f| f["code"] == "no-home")
    );
    for finding in doctor.as_array().expect("findings") {
        assert_eq!(
            super::fields(finding),
            super::sorted(["code", "state", "message", "hint"])
        );
    }
    assert_eq!(
        fs::read_dir(home.path(".local/state/broker"))
            .into_iter()
            .flatten()
            .flatten()
            .filter(|e| e.file_name() != "lock")
            .count(),
        0
    );
}

#[test]
fn init_needs_to_know_the_store_and_does_not_make_a_home_twice() {
    let home = Home::empty();
    let init = |words: &[&str]| home.broker(["--json", "init"].iter().chain(words)).run();
    assert_eq!(init(&[]).code(1).error_code(), "no-terminal");
    for words in [
        &["--store", "vault"][..],
        &["--key-file"],
        &["--store", "keychain", "--passphrase"],
    ] {
        assert_eq!(init(words).code(2).error_code(), "usage", "{words:?}");
    }
    assert!(!home.path(".local/state/broker/home.json").exists());
    let _ = init(&["--store", "vault", "--key-file"]).ok();
    let before = fs::read(home.path(".local/state/broker/home.json")).expect("a home");
    assert_eq!(
        init(&["--store", "vault", "--key-file"])
            .code(1)
            .error_code(),
        "home-exists"
    );
    assert_eq!(
        fs::read(home.path(".local/state/broker/home.json")).expect("a home"),
        before
    );
    assert!(names(&home).is_empty());
    let status = home.broker(["--json", "vault", "status"]).run().ok().json();
    let fields = super::fields(&status);
    assert_eq!(
        fields,
        [
            "key_file",
            "opens_with",
            "problem",
            "recipient",
            "state",
            "until"
        ]
    );
    assert_eq!(
        (&status["opens_with"], &status["state"]),
        (&"key-file".into(), &"open".into())
    );
}
