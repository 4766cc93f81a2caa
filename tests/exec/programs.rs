//! Which program is started, and what it ends with where none can be.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::home::{BROKER, Home};

fn program(path: PathBuf, text: &str, mode: u32) -> PathBuf {
    crate::support::put(&path, text, mode);
    path
}

#[track_caller]
fn ends(home: &Home, search: &str, word: &Path, code: i32, error: &str) {
    let answer = home
        .broker(["--json", "exec", "--"])
        .arg(word)
        .env("PATH", search)
        .run()
        .code(code);
    assert_eq!(answer.error_code(), error, "{}", word.display());
}

#[test]
fn a_program_that_is_not_there_is_127() {
    let home = Home::empty();
    let usual = "/usr/bin:/bin";
    for word in ["broker-no-such-program", "/nowhere/x", "./x", ""] {
        ends(&home, usual, Path::new(word), 127, "program-not-found");
    }
    let script = program(home.path("script"), "#!/nowhere/interpreter\n", 0o700);
    ends(&home, usual, &script, 127, "program-not-found");
}

#[test]
fn a_program_that_cannot_be_executed_is_126() {
    let home = Home::empty();
    let usual = "/usr/bin:/bin";
    let plain = program(home.path("plain"), "#!/bin/sh\n", 0o600);
    ends(&home, usual, &plain, 126, "program-not-executable");
    let folder = home.path("folder");
    fs::create_dir(&folder).expect("a folder");
    ends(&home, usual, &folder, 126, "program-not-executable");
    // execvp(3) would hand it to a shell; execve(2) says ENOEXEC.
    let no_format = program(home.path("no-format"), "echo canary\n", 0o700);
    ends(&home, usual, &no_format, 126, "program-not-executable");
    let here = home.path("").display().to_string();
    ends(
        &home,
        &here,
        Path::new("plain"),
        126,
        "program-not-executable",
    );
}

#[test]
fn relative_entries_of_the_path_find_nothing() {
    let home = Home::empty();
    program(home.path("tool"), "#!/bin/sh\nexit 7\n", 0o700);
    for search in [".", "", ":", "./", ".:/bin", "../x"] {
        ends(&home, search, Path::new("tool"), 127, "program-not-found");
    }
    let answer = home.broker(["exec", "--", "./tool"]).run();
    assert_eq!(answer.code, 7);
    let absolute = home.path("").display().to_string();
    let answer = home
        .broker(["exec", "--", "tool"])
        .env("PATH", absolute)
        .run();
    assert_eq!(answer.code, 7);
}

#[test]
fn a_relative_program_is_looked_for_from_the_folder_it_starts_in() {
    let home = Home::empty();
    program(home.path("sub/tool"), "#!/bin/sh\nexit 9\n", 0o700);
    let answer = home.broker(["exec", "--cwd", "sub", "--", "./tool"]).run();
    assert_eq!(answer.code, 9);
    let elsewhere = home.broker(["exec", "--", "./tool"]).run();
    assert_eq!(elsewhere.code, 127);
}

/// Runs broker as somebody who may not read everything: root may, and proves nothing here.
fn unprivileged(home: &Home, search: &str, word: &str) -> i32 {
    // The build folder may be closed to others.
    let copy = home.path("broker");
    if !copy.exists() {
        crate::support::copy(BROKER, &copy, 0o755);
    }
    let top = home.path("");
    let nobody = 65_534;
    let mut command = if rustix::process::geteuid().is_root() {
        chown(&top, Some(nobody), Some(nobody)).expect("given away");
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        command.arg(&copy);
        command
    } else {
        Command::new(&copy)
    };
    let output = command
        .args(["exec", "--", word])
        .env_clear()
        .envs(home.environment().iter().map(|(name, value)| (name, value)))
        .env("PATH", search)
        .current_dir("/")
        .output()
        .expect("started");
    output.status.code().expect("a code")
}

#[test]
fn a_folder_of_the_path_that_cannot_be_read_is_passed_over() {
    let home = Home::empty();
    let closed = home.path("closed");
    program(closed.join("tool"), "#!/bin/sh\nexit 3\n", 0o755);
    let open = program(home.path("open/tool"), "#!/bin/sh\nexit 5\n", 0o755);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).expect("closed");
    let search = format!("{}:/bin", closed.display());
    assert_eq!(unprivileged(&home, &search, "tool"), 127);
    assert_eq!(unprivileged(&home, &search, "true"), 0);
    let both = format!("{search}:{}", open.parent().expect("a folder").display());
    assert_eq!(unprivileged(&home, &both, "tool"), 5);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).expect("opened");
}
