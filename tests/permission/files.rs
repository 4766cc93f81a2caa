//! Programs: another content under the same name, another place under the same content, another name that looks the
//! same; and an upgrade by the administrator, which is none of these.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::{
    CANARY, Start, answer, first_in_path, mark, put, refused, server, started, told, unattended,
};
use crate::support::home::{Answer, BROKER, Home, PATH};

fn home() -> Home {
    unattended()
        .secret("a", "canary-a-value")
        .secret("b", "canary-b-value")
}

fn of<S: AsRef<OsStr>>(command: impl IntoIterator<Item = S>) -> Start {
    Start::of(command)
        .label("s")
        .flags(&["--env", "A=broker://a"])
}

#[test]
fn another_binary_under_the_same_name_is_refused() {
    let home = home();
    let program = home.path("bin/tool");
    let copy = |of: &str| put(&program, fs::read(of).expect("a binary"), 0o700);
    copy("/usr/bin/touch");
    let start = of([program.as_path(), &mark(&home)]);
    let _ = start.allow(&home);
    started(&home, &start);
    copy("/usr/bin/mkdir");
    refused(&home, &start, "grant-changed", "bin/tool has changed");
    copy("/usr/bin/touch");
    started(&home, &start);
}

/// Writes into the very file, as long as it was and with the time it had.
fn changed_in_place(file: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let modified = file.metadata().expect("there").modified().expect("a time");
    let text = fs::read_to_string(file).expect("read");
    assert!(text.contains(from));
    fs::write(file, text.replace(from, to)).expect("written");
    let opened = fs::File::options().append(true).open(file).expect("opened");
    opened.set_modified(modified).expect("set back");
}

#[test]
fn a_change_that_leaves_size_time_and_inode_is_found() {
    let home = home();
    let program = server(&home, "bin/server");
    let start = of([&program]);
    // Old enough for its stamp to stand for its content.
    std::thread::sleep(Duration::from_secs(4));
    let _ = start.allow(&home);
    started(&home, &start);
    changed_in_place(&program, "/usr/bin/env", "/usr/bin/who");
    refused(&home, &start, "grant-changed", "bin/server has changed");
}

#[test]
fn a_change_right_after_it_was_allowed_is_found() {
    let home = home();
    let program = server(&home, "bin/server");
    let start = of([&program]);
    let _ = start.allow(&home);
    changed_in_place(&program, "/usr/bin/env", "/usr/bin/who");
    refused(&home, &start, "grant-changed", "bin/server has changed");
}

#[test]
fn a_time_of_long_ago_does_not_make_a_file_the_old_one() {
    let home = home();
    let program = server(&home, "bin/server");
    let start = of([&program]);
    let _ = start.allow(&home);
    put(&program, "#!/bin/sh\n: > ../started\n", 0o700);
    let opened = fs::File::options()
        .append(true)
        .open(&program)
        .expect("opened");
    opened.set_modified(SystemTime::UNIX_EPOCH).expect("set");
    drop(opened);
    refused(&home, &start, "grant-changed", "bin/server has changed");
}

#[test]
fn a_link_that_leads_elsewhere_is_refused_whatever_is_there() {
    let home = home();
    for version in ["v1/server", "v2/server"] {
        server(&home, version);
    }
    let lead = |link: &str, to: &str| {
        let link = home.path(link);
        let _ = fs::remove_file(&link);
        symlink(to, link).expect("linked");
    };
    // The program itself a link, and a folder on the way to it.
    lead("tool", "v1/server");
    lead("current", "v1");
    for program in ["tool", "current/server"] {
        let start = of([home.path(program)]);
        let _ = start.allow(&home);
        started(&home, &start);
    }
    lead("tool", "v2/server");
    lead("current", "v2");
    for program in ["tool", "current/server"] {
        let start = of([home.path(program)]);
        refused(
            &home,
            &start,
            "grant-changed",
            "the program is a link, which led to",
        );
    }
    put(
        &home.path("v2/server"),
        "#!/bin/sh\n: > ../started\n",
        0o700,
    );
    let says = "tool has changed";
    refused(&home, &of([home.path("tool")]), "grant-changed", says);
    lead("tool", "v1/server");
    lead("current", "v1");
    for program in ["tool", "current/server"] {
        started(&home, &of([home.path(program)]));
    }
}

#[test]
fn a_planted_node_is_refused_where_the_path_finds_it_and_passed_over_in_a_project() {
    let home = home();
    let script = home.path("server.js");
    let text = format!(
        "require('fs').writeFileSync('{}', ''); console.log('node', process.env.A);\n",
        mark(&home).display()
    );
    put(&script, text, 0o600);
    let start = of([OsStr::new("node"), script.as_os_str()]).caller("PATH", PATH);
    let _ = start.allow(&home);
    assert_eq!(started(&home, &start), "node canary-a-value\n");
    // Says what it was given, and leaves no mark of a server.
    put(
        &home.path("planted/node"),
        "#!/bin/sh\necho planted $A\n",
        0o700,
    );
    let planted = start
        .clone()
        .caller("PATH", first_in_path(&home, "planted"));
    refused(
        &home,
        &planted,
        "grant-changed",
        "the program was allowed as",
    );

    let project = home.path("project");
    put(
        &project.join("bin/node"),
        "#!/bin/sh\necho planted $A\n",
        0o700,
    );
    fs::create_dir(project.join(".git")).expect("created");
    for path in [
        first_in_path(&home, "project/bin"),
        format!("bin:./bin::{PATH}"),
    ] {
        let inside = start.clone().within(&project).caller("PATH", path);
        assert_eq!(started(&home, &inside), "node canary-a-value\n");
    }
}

#[test]
fn another_home_folder_with_settings_of_its_own_is_refused() {
    let home = home();
    let start = of([server(&home, "bin/server")]);
    let _ = start.allow(&home);
    put(
        &home.path("planted/.npmrc"),
        "registry=http://127.0.0.1:1/\n",
        0o600,
    );
    let planted = start.caller("HOME", home.path("planted"));
    refused(&home, &planted, "grant-changed", "HOME was");
}

#[test]
fn words_that_look_the_same_are_not() {
    let home = home();
    let program = server(&home, "bin/github");
    let start = of(["github", "admin"])
        .label("github")
        .caller("PATH", first_in_path(&home, "bin"));
    let _ = start.allow(&home);
    started(&home, &start);
    // Cyrillic letters that look like Latin ones.
    let label = start.clone().label("g\u{456}thub");
    refused(&home, &label, "name-invalid", "label");
    let argument = start.clone().words(["github", "\u{430}dmin"]);
    refused(&home, &argument, "grant-changed", "argument 1 was admin");
    crate::support::copy(&program, &home.path("bin/g\u{456}thub"), 0o700);
    let word = start.clone().words(["g\u{456}thub", "admin"]);
    refused(&home, &word, "grant-changed", "allowed by the name github");
    let secret = start.with("A=broker://a", "A=broker://\u{430}");
    refused(&home, &secret, "reference-invalid", "reference");
}

#[test]
fn a_secret_that_takes_the_name_of_the_allowed_one_is_not_given() {
    let home = home();
    let start = of([server(&home, "bin/server")]);
    let _ = start.allow(&home);
    let _ = home.broker(["rename", "a", "old"]).run().ok();
    let _ = home.broker(["rename", "b", "a"]).run().ok();
    refused(&home, &start, "grant-changed", "A holds another secret now");
    let renamed = start.clone().with("A=broker://a", "A=broker://old");
    let printed = started(&home, &renamed);
    assert!(printed.contains("A=canary-a-value\n"), "{printed}");
    // Nor one that is stored anew after the allowed one was removed.
    let _ = home.broker(["remove", "old", "a", "--yes"]).run().ok();
    let home = home.secret("a", "canary-a-again");
    refused(&home, &start, "grant-changed", "A holds another secret now");
}

/// A home of somebody who is not the system's administrator, and programs that only the administrator can change.
pub(super) struct Ordinary {
    pub(super) home: Home,
    programs: tempfile::TempDir,
}

const NOBODY: u32 = 65_534;

impl Ordinary {
    pub(super) fn new() -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "only root can upgrade what is root's: run this as root, as tests/run is in a container"
        );
        let home = Home::empty();
        let programs = tempfile::Builder::new()
            .prefix("broker-test-")
            .tempdir_in("/opt");
        let programs = programs.expect("a folder of root's");
        fs::set_permissions(programs.path(), fs::Permissions::from_mode(0o755)).expect("opened");
        // The build folder may be closed to others.
        crate::support::copy(BROKER, &programs.path().join("broker"), 0o755);
        chown(home.path(""), Some(NOBODY), Some(NOBODY)).expect("given away");
        let ordinary = Self { home, programs };
        let init = ["init", "--store", "vault", "--key-file", "--unattended"];
        assert_eq!(ordinary.broker(&init, b"").code, 0);
        assert_eq!(
            ordinary
                .broker(&["set", "a", "--raw"], b"canary-a-value")
                .code,
            0
        );
        ordinary
    }

    fn broker(&self, words: &[&str], stdin: &[u8]) -> Answer {
        use std::io::Write;
        let mut command = Command::new("/usr/bin/setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
            .arg(self.programs.path().join("broker"))
            .args(words)
            .env_clear()
            .envs(self.home.environment().iter().map(|(n, v)| (n, v)))
            .current_dir("/")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        crate::support::without_terminal(&mut command);
        let mut child = command.spawn().expect("setpriv is installed");
        let mut input = child.stdin.take().expect("its stdin");
        let _ = input.write_all(stdin);
        drop(input);
        answer(&child.wait_with_output().expect("it ends"))
    }

    /// Starts `program` with the secret, to run `script`.
    pub(super) fn start(&self, word: &str, program: &Path, script: &Path) -> Answer {
        let (program, script) = (program.display().to_string(), script.display().to_string());
        let words = [
            "--json",
            word,
            "s",
            "--env",
            "A=broker://a",
            "--",
            &program,
            &script,
        ];
        self.broker(&words, b"")
    }

    /// Puts a program of root's in its place, as a package manager does: another file by the same name.
    fn install(&self, below: &str, of: &str) -> PathBuf {
        let path = self.programs.path().join(below);
        put(&path, fs::read(of).expect("a program"), 0o755);
        path
    }

    /// The details of the entries that announce a start.
    fn details(&self) -> Vec<Option<String>> {
        let text = fs::read_to_string(self.home.path(".local/state/broker/log/000001.jsonl"));
        let text = text.expect("a log");
        let entries = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an entry"));
        entries
            .filter(|entry| entry["action"] == "exec" && entry["outcome"] == "intent")
            .map(|entry| entry["detail"].as_str().map(str::to_owned))
            .collect()
    }
}

#[test]
fn an_interpreter_that_the_administrator_upgrades_goes_on_and_the_log_says_so() {
    let ordinary = Ordinary::new();
    let interpreter = ordinary.install("bin/sh", "/bin/dash");
    let script = ordinary.programs.path().join("script");
    put(&script, "echo given $A\n", 0o644);
    assert_eq!(ordinary.start("allow", &interpreter, &script).code, 0);
    let run = || ordinary.start("exec", &interpreter, &script).ok().stdout;
    assert_eq!(run(), "given canary-a-value\n");
    assert_eq!(ordinary.details(), [None]);

    ordinary.install("bin/sh", "/bin/bash");
    for _ in 0..2 {
        assert_eq!(run(), "given canary-a-value\n");
    }
    let details = ordinary.details();
    let sum = Command::new("sha256sum")
        .arg("/bin/bash")
        .output()
        .expect("sha256sum");
    let sum = String::from_utf8_lossy(&sum.stdout);
    let sum = sum.split(' ').next().expect("a digest");
    for detail in &details[1..] {
        let detail = detail.as_ref().expect("a note of the upgrade");
        assert!(
            detail.contains("another than when it was allowed"),
            "{detail}"
        );
        assert!(detail.contains(sum), "{detail}");
    }
    assert_eq!(details.len(), 3);
}

#[test]
fn a_program_of_the_administrators_that_others_can_write_by_now_is_refused() {
    let ordinary = Ordinary::new();
    let program = ordinary.install("bin/tool", "/bin/dash");
    let script = ordinary.programs.path().join("script");
    put(&script, "echo given $A\n", 0o644);
    assert_eq!(ordinary.start("allow", &program, &script).code, 0);
    let bin = ordinary.programs.path().join("bin");
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
    };
    let check = |what: &str| {
        let answer = ordinary.start("exec", &program, &script);
        assert_eq!(
            answer.code, 125,
            "{what}: {}{}",
            answer.stdout, answer.stderr
        );
        assert_eq!(answer.error_code(), "grant-changed", "{what}");
        assert!(
            answer.stderr.contains("can be written by more than could"),
            "{what}"
        );
        assert!(!answer.stdout.contains(CANARY), "{what}");
    };
    mode(&program, 0o757);
    check("the program");
    mode(&program, 0o755);
    mode(&bin, 0o757);
    check("its folder");
    mode(&bin, 0o755);
    chown(&program, Some(NOBODY), None).expect("given away");
    check("given to the user");
    chown(&program, Some(0), None).expect("taken back");
    assert_eq!(ordinary.start("exec", &program, &script).code, 0);
}

#[test]
fn a_program_that_was_upgraded_is_allowed_again_with_all_its_grants_at_once() {
    let home = home();
    let program = server(&home, "bin/server");
    let other = server(&home, "bin/other");
    let starts = [
        of([&program]),
        of([program.as_os_str(), "x".as_ref()]).label("t"),
        Start::of([&program]).flags(&["--env", "B=broker://b"]),
    ];
    let before: Vec<String> = starts.iter().map(|start| start.allow(&home)).collect();
    let apart = of([&other]);
    let apart_id = apart.allow(&home);
    let text = fs::read_to_string(&program).expect("read");
    put(
        &program,
        text.replace("\n", " # upgraded\n")
            .replace("sh # upgraded", "sh"),
        0o700,
    );
    for start in &starts {
        refused(&home, start, "grant-changed", "bin/server has changed");
    }
    let allowed = home.broker(["allow", "--program"]).arg(&program).run().ok();
    assert!(
        allowed.stderr.contains("3 command(s)"),
        "{}",
        allowed.stderr
    );
    for start in starts.iter().chain([&apart]) {
        started(&home, start);
    }
    let after = super::grants(&home);
    assert_eq!(after.len(), 4);
    assert!(after.contains(&apart_id) && before.iter().all(|id| !after.contains(id)));
    let entry = told(&home, "allow", "done").pop().expect("an entry");
    assert_eq!(entry["secrets"], serde_json::json!(["a", "b"]));
    assert!(
        entry["detail"]
            .as_str()
            .expect("text")
            .starts_with("upgraded: ")
    );
    let again = home.broker(["allow", "--program"]).arg(&program).run().ok();
    assert!(
        again
            .stderr
            .contains("nothing about that program has changed")
    );
    let none = home
        .broker(["--json", "allow", "--program", "/bin/ls"])
        .run();
    assert_eq!(none.code(1).error_code(), "grant-not-found");
}

#[test]
fn a_program_that_cannot_be_read_is_not_allowed() {
    // Root reads what it likes, so this is somebody else's.
    let ordinary = Ordinary::new();
    let program = ordinary.install("bin/tool", "/bin/true");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o711)).expect("changed");
    for word in ["exec", "allow"] {
        let answer = ordinary.start(word, &program, &program);
        assert_eq!(answer.error_code(), "program-unreadable", "{word}");
    }
}
