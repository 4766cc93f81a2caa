//! `rotate --run`: what a rotation command prints is the new value, and nothing that one does wrong loses the old.

mod fails;
mod meanwhile;
mod said;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{given, server};
use crate::support::bus::Bus;
use crate::support::home::{Answer, Home, Run};
use crate::support::put;

const FIRST: &str = "canary-hook-first of it's \"kind\" 100% \\o/";
const SECOND: &str = "canary-hook-second";

/// How long something that is bound to happen is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

fn home() -> Home {
    filled(Home::new())
}

fn filled(home: Home) -> Home {
    let home = home.secret("a", FIRST);
    let _ = server(&home).granting().run().ok();
    home
}

/// Writes a rotation command of `a`, and records it. It finds the folder of the home in `$HOME`.
fn record(home: &Home, script: &str) {
    write(home, script);
    record_words(home, &[home.path("hook").display().to_string()]);
}

fn write(home: &Home, script: &str) {
    put(&home.path("hook"), script, 0o700);
    home.input("hook");
}

fn record_words<S: AsRef<str>>(home: &Home, words: &[S]) {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let words = json!(words).to_string();
    let _ = home
        .broker(["edit", "a", "--rotate-command", &words])
        .run()
        .ok();
}

fn run(home: &Home) -> Run<'_> {
    home.broker(["--json", "rotate", "a", "--run"])
}

fn error(answer: &Answer) -> Value {
    let line = answer.stderr.lines().find(|line| line.starts_with('{'));
    let error: Value = serde_json::from_str(line.expect("an error")).expect("JSON");
    error["error"].clone()
}

/// Returns the entries that the log has of rotations: how each came out, and what else is told.
fn told(home: &Home) -> Vec<(String, Value)> {
    let entries = home
        .broker(["--json", "log", "--action", "rotate"])
        .run()
        .ok()
        .json();
    let entries = entries.as_array().expect("entries").iter();
    entries
        .map(|e| {
            (
                e["outcome"].as_str().expect("a word").to_owned(),
                e["detail"].clone(),
            )
        })
        .collect()
}

/// Returns the files of `a` in the vault.
fn files(home: &Home) -> Vec<String> {
    let files = fs::read_dir(home.path(".local/share/broker/vault/secrets")).expect("listed");
    let names = files
        .flatten()
        .map(|f| f.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("a@")).collect();
    names.sort();
    names
}

/// Waits until the command has written a file.
#[track_caller]
fn wait_for(file: &Path) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        match fs::read_to_string(file) {
            Ok(text) if text.ends_with('\n') => return text,
            _ => assert!(Instant::now() < until, "{} was not written", file.display()),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Demands that nothing of the processes is left that the command wrote down.
#[track_caller]
fn all_ended(home: &Home, count: usize) {
    let text = fs::read_to_string(home.path("pids")).expect("written");
    let pids: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(pids.len(), count, "{text}");
    for pid in pids {
        assert!(!is_running(pid), "{pid} is running still");
    }
}

#[test]
fn what_the_command_prints_is_given_to_servers_from_then_on() {
    let home = home();
    record(
        &home,
        "#!/bin/sh\nprintf '%s\\n' \"$BROKER_CURRENT, $BROKER_SECRET_NAME, again\"\n",
    );
    let said = home.broker(["rotate", "a", "--run"]).run().ok();
    assert_eq!(said.stdout, "");
    let lines: Vec<&str> = said.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", said.stderr);
    assert!(lines[0].starts_with("broker: rotated \"a\" to version 2; version 1 is kept until"));
    assert_eq!(
        lines[1],
        "broker: start these again, so that they get it: printer"
    );
    assert_eq!(given(&home), format!("{FIRST}, a, again"));
    let _ = home.broker(["rollback", "a"]).run().ok();
    assert_eq!(given(&home), FIRST);
    let detail = json!("by its command");
    let expected = ["intent", "done"].map(|outcome| (outcome.to_owned(), detail.clone()));
    assert_eq!(told(&home), expected);
    let entries = home
        .broker(["--json", "log", "--action", "rotate"])
        .run()
        .ok()
        .json();
    assert_eq!(entries[0]["program"], json!(home.path("hook")));
    assert_eq!(
        (&entries[0]["secrets"], &entries[0]["versions"]),
        (&json!(["a"]), &json!([1]))
    );
    let _ = home.broker(["log", "verify"]).run().ok();
}

#[test]
fn a_python_program_and_a_value_of_any_bytes_but_nul() {
    let home = home();
    write(
        &home,
        "import os, sys\nsys.stdout.buffer.write(bytes(range(1, 256)) + os.environb[b'BROKER_CURRENT'] + b'\\n\\n')\n",
    );
    record_words(
        &home,
        &[
            "python3".to_owned(),
            home.path("hook").display().to_string(),
        ],
    );
    let _ = home.broker(["rotate", "a", "--run"]).run().ok();
    let mut expected: Vec<u8> = (1..=255).collect();
    expected.extend(FIRST.as_bytes());
    expected.push(b'\n');
    assert_eq!(home.broker(["reveal", "a"]).run().ok().bytes, expected);
}

#[test]
fn one_newline_is_stripped_unless_it_is_to_be_kept() {
    for (flags, expected) in [(&[][..], "canary-x\n"), (&["--raw"][..], "canary-x\n\r\n")] {
        let home = home();
        record(&home, "#!/bin/sh\nprintf 'canary-x\\n\\r\\n'\n");
        let words = ["rotate", "a", "--run"].iter().chain(flags);
        let _ = home.broker(words).run().ok();
        assert_eq!(home.broker(["reveal", "a"]).run().ok().stdout, expected);
    }
}

#[test]
fn the_old_value_can_be_removed_at_once_and_the_log_says_why() {
    let home = home();
    record(&home, &format!("#!/bin/sh\necho {SECOND}\n"));
    let said = home.broker(["rotate", "a", "--run", "--leaked"]).run().ok();
    assert!(
        said.stderr.contains("version 1 is removed"),
        "{}",
        said.stderr
    );
    assert_eq!(files(&home), ["a@v2.age"]);
    let leaked = json!("by its command; the old value has leaked");
    assert_eq!(told(&home)[0], ("intent".to_owned(), leaked));
}

#[test]
fn the_command_has_no_variable_no_descriptor_no_input_and_no_terminal_but_what_is_promised() {
    let home = home().config("[defaults]\npass = [\"NO_COLOR\", \"BROKER_SECRET_NAME\"]\n");
    let script = "#!/bin/sh\nenv -0 | cut -z -d= -f1 | sort -z | tr '\\0' ' ' > \"$HOME/variables\"\n\
        printf '%s|' \"$PATH\" \"$HOME\" \"$NO_COLOR\" > \"$HOME/values\"\n\
        pwd > \"$HOME/folder\"\ncat > \"$HOME/input\"\nls /proc/self/fd > \"$HOME/descriptors\"\n\
        (: < /dev/tty) 2> /dev/null && : > \"$HOME/terminal\"\n\
        tr '\\0' ' ' < /proc/$$/cmdline > \"$HOME/arguments\"\necho canary-next-value\n";
    write(&home, script);
    let words = json!([home.path("hook"), "one", "$HOME; two"]).to_string();
    fn as_caller(run: Run<'_>) -> Run<'_> {
        run.env("NO_COLOR", "1")
            .env("OTHER", "x")
            .env("TERM", "dumb")
            .env("TOKEN", "broker://a")
    }
    let edit = home.broker(["edit", "a", "--rotate-command", &words]);
    let _ = as_caller(edit).run().ok();
    let _ = as_caller(home.broker(["rotate", "a", "--run"]))
        .folder("/")
        .stdin("typed")
        .run()
        .ok();
    let seen = |name: &str| fs::read_to_string(home.path(name)).expect("written");
    let expected = "BROKER_CURRENT BROKER_SECRET_NAME HOME NO_COLOR PATH PWD TERM ";
    assert_eq!(seen("variables"), expected, "PWD is the shell's own");
    let path = crate::support::home::PATH;
    assert_eq!(
        seen("values"),
        format!(
            "{path}|{}|1|",
            home.path("").display().to_string().trim_end_matches('/')
        )
    );
    assert_eq!(
        Path::new(seen("folder").trim_end()),
        home.path("").components().collect::<PathBuf>()
    );
    assert_eq!(seen("input"), "");
    assert_eq!(
        seen("descriptors"),
        "0\n1\n2\n3\n",
        "the last is the folder that ls lists"
    );
    assert!(!home.path("terminal").exists());
    let hook = home.path("hook");
    assert_eq!(
        seen("arguments"),
        format!("/bin/sh {} one $HOME; two ", hook.display())
    );
}

/// Starts a run whose command says where it is, and returns it once it does.
fn started(home: &Home) -> std::process::Child {
    let script = "#!/bin/sh\ntrap '' TERM INT HUP\necho canary-not-taken\nsetsid sleep 1000 &\n\
        echo $$ $! > \"$HOME/new\"\nmv \"$HOME/new\" \"$HOME/pids\"\nwait\nsleep 1000\n";
    record(home, script);
    let mut command = home.broker(["rotate", "a", "--run"]).command();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("broker starts");
    let _ = wait_for(&home.path("pids"));
    child
}

fn send(signal: &str, child: &std::process::Child) {
    let sent = Command::new("/bin/kill")
        .args(["-s", signal, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
}

#[test]
fn the_value_comes_from_one_place_only() {
    let home = home();
    record(&home, "#!/bin/sh\necho canary-x\n");
    for words in [
        &["--generate"][..],
        &["--from-file", "f"],
        &["--allow-empty"],
    ] {
        let words = ["--json", "rotate", "a", "--run"].iter().chain(words);
        assert_eq!(home.broker(words).run().code(2).error_code(), "usage");
    }
    assert_eq!(given(&home), FIRST);
}

#[test]
fn a_rotation_command_in_a_home_with_a_keychain() {
    let bus = Bus::start();
    let home = filled(Home::on(&bus));
    record(&home, "#!/bin/sh\nprintf '%s\\n' \"$BROKER_CURRENT+\"\n");
    let _ = home.broker(["rotate", "a", "--run"]).run().ok();
    assert_eq!(given(&home), format!("{FIRST}+"));
    bus.lock();
    assert_eq!(run(&home).run().code(1).error_code(), "store-locked");
}
