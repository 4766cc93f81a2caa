//! Permission: a secret goes only to what a person allowed, and every release is told before it is made.
//!
//! The real binary is run, and what it asks the system for is looked at under `strace`: a refusal that has read
//! the store first is none.

mod asking;
mod catalog;
#[cfg(target_arch = "x86_64")]
mod crashes;
mod fields;
mod files;
mod forged;
mod frozen;
mod logged;
mod pending;
mod person;
mod planted;
mod rotating;
mod same;
mod scripts;
mod shown;
mod storms;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::artifacts;
use crate::support::bus::Bus;
use crate::support::home::{Answer, Home, PATH, Run};
use crate::support::pty::{Ended, On, Session};
use crate::support::put;

/// Nothing of the run is the terminal, which it has all the same.
pub(crate) const ASIDE: On = On {
    stdin: false,
    stderr: false,
};

/// A home below its own folder, so that a run can have another `HOME` and the same home.
fn folder() -> Home {
    let home = Home::empty();
    let root = home.path("b");
    home.with("BROKER_HOME", root)
}

fn made(home: Home, words: &[&str]) -> Home {
    let _ = home.broker(["init"].iter().chain(words)).run().ok();
    home
}

/// A home with a vault in which a person is asked.
fn attended() -> Home {
    made(folder(), &["--store", "vault", "--key-file"])
}

/// A home with a vault in which nobody is asked.
fn unattended() -> Home {
    made(
        folder(),
        &["--store", "vault", "--key-file", "--unattended"],
    )
}

/// A home with the keychain of a private bus in which a person is asked.
fn attended_on(bus: &Bus) -> Home {
    made(reaching(bus), &["--store", "keychain"])
}

/// A home with the keychain of a private bus in which nobody is asked.
fn unattended_on(bus: &Bus) -> Home {
    made(reaching(bus), &["--store", "keychain", "--unattended"])
}

/// No home yet, and the private bus within reach.
fn reaching(bus: &Bus) -> Home {
    folder().with("DBUS_SESSION_BUS_ADDRESS", bus.address())
}

/// Returns a file in the state folder.
fn state(home: &Home, name: &str) -> PathBuf {
    home.path("b/state").join(name)
}

/// Changes a JSON file on the disk.
fn edit(path: &Path, edit: impl FnOnce(&mut Value)) {
    let bytes = fs::read(path).expect("there");
    let mut document = serde_json::from_slice(&bytes).expect("JSON");
    edit(&mut document);
    fs::write(path, serde_json::to_vec(&document).expect("JSON")).expect("written");
}

/// Returns the entries of the log, the oldest first.
fn log(home: &Home) -> Vec<Value> {
    let text = fs::read_to_string(state(home, "log/000001.jsonl")).expect("a log");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("an entry"))
        .collect()
}

/// Returns the entries that say so of that action.
fn told(home: &Home, action: &str, outcome: &str) -> Vec<Value> {
    let is = |entry: &Value| entry["action"] == action && entry["outcome"] == outcome;
    log(home).into_iter().filter(is).collect()
}

/// Returns the ids of what is allowed.
fn grants(home: &Home) -> Vec<String> {
    ids(home, "grants")
}

/// Returns the ids of what was asked for.
fn requests(home: &Home) -> Vec<String> {
    ids(home, "requests")
}

fn ids(home: &Home, word: &str) -> Vec<String> {
    let rows = home.broker(["--json", word]).run().ok().json();
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Types an answer at a terminal that none of the run's descriptors is.
fn answered(run: Run<'_>, question: &str, answer: &str) -> Ended {
    let mut session = Session::start(run.command(), ASIDE);
    session.wait_for(question).types(answer);
    session.end()
}

/// A start as a client would make it.
#[derive(Clone)]
struct Start {
    label: Option<String>,
    flags: Vec<String>,
    command: Vec<OsString>,
    caller: Vec<(String, OsString)>,
    folder: Option<PathBuf>,
}

impl Start {
    fn of<S: AsRef<OsStr>>(command: impl IntoIterator<Item = S>) -> Self {
        let command = command.into_iter();
        Self {
            label: None,
            flags: Vec::new(),
            command: command.map(|word| word.as_ref().to_owned()).collect(),
            caller: Vec::new(),
            folder: None,
        }
    }

    fn label(mut self, label: &str) -> Self {
        self.label = Some(label.to_owned());
        self
    }

    fn flags(mut self, flags: &[&str]) -> Self {
        self.flags
            .extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// Takes the first of these flags away, with its value.
    fn without(mut self, flags: &[&str]) -> Self {
        let at = self.flags.windows(flags.len()).position(|w| w == flags);
        let at = at.expect("such flags");
        self.flags.drain(at..at + flags.len());
        self
    }

    /// Gives one flag in another's place.
    fn with(mut self, old: &str, new: &str) -> Self {
        let found = self.flags.iter_mut().find(|flag| *flag == old);
        *found.expect("such a flag") = new.to_owned();
        self
    }

    fn words<S: AsRef<OsStr>>(mut self, command: impl IntoIterator<Item = S>) -> Self {
        let command = command.into_iter();
        self.command = command.map(|word| word.as_ref().to_owned()).collect();
        self
    }

    /// Sets a variable of the caller.
    fn caller(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.caller.retain(|(n, _)| n != name);
        self.caller.push((name.to_owned(), value.into()));
        self
    }

    fn within(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    fn run<'a>(&self, home: &'a Home, word: &str) -> Run<'a> {
        let mut run = home.broker(["--json", word]);
        for word in self.label.iter().chain(&self.flags) {
            run = run.arg(word);
        }
        if !self.command.is_empty() {
            run = run.arg("--");
        }
        for word in &self.command {
            run = run.arg(word);
        }
        for (name, value) in &self.caller {
            run = run.env(name, value);
        }
        match &self.folder {
            Some(folder) => run.folder(folder),
            None => run,
        }
    }

    fn exec<'a>(&self, home: &'a Home) -> Run<'a> {
        self.run(home, "exec")
    }

    /// Allows it, in a home where nobody is asked. Returns the id of the grant.
    fn allow(&self, home: &Home) -> String {
        let said = self.run(home, "allow").run().ok().stderr;
        let id = said
            .rsplit_once('(')
            .and_then(|(_, id)| id.split(')').next());
        id.expect("an id").to_owned()
    }
}

/// A run under `strace`: how it ended, and the calls that name files or connect, one a line.
struct Traced {
    answer: Answer,
    calls: Vec<String>,
}

/// Runs broker under `strace`.
fn traced(run: &Run<'_>) -> Traced {
    traced_with(run, &[])
}

/// Runs broker under `strace`, which is given more to do.
fn traced_with(run: &Run<'_>, more: &[&str]) -> Traced {
    traced_behind(run, &[], more)
}

/// Runs broker under `strace`, and that by another program with its arguments.
fn traced_behind(run: &Run<'_>, before: &[&str], more: &[&str]) -> Traced {
    let calls = tempfile::NamedTempFile::new().expect("a file");
    let inner = run.command();
    let mut words: Vec<OsString> = before.iter().map(OsString::from).collect();
    let strace = ["/usr/bin/strace", "-f", "-qq", "-s", "4096"];
    words.extend(strace.map(OsString::from));
    words.extend(["-e", "trace=%file,connect,fsync,fdatasync"].map(OsString::from));
    words.extend(more.iter().map(OsString::from));
    words.extend(["-o".into(), calls.path().into(), "--".into()]);
    words.push(inner.get_program().to_owned());
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .args(inner.get_args())
        .env_clear()
        .envs(inner.get_envs().filter_map(|(n, v)| Some((n, v?))))
        .current_dir(inner.get_current_dir().expect("a folder"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    crate::support::without_terminal(&mut command);
    let output = command.output().expect("strace is installed");
    let arguments: Vec<OsString> = inner.get_args().map(OsStr::to_owned).collect();
    artifacts::keep_run(&arguments, &output);
    let text = fs::read(calls.path()).expect("a log");
    Traced {
        answer: answer(&output),
        calls: String::from_utf8_lossy(&text)
            .lines()
            .map(str::to_owned)
            .collect(),
    }
}

fn answer(output: &Output) -> Answer {
    let code = output.status.code();
    Answer {
        code: code.unwrap_or_else(|| 128 + output.status.signal().expect("a signal")),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        bytes: output.stdout.clone(),
    }
}

impl Traced {
    /// Returns the calls to a store: those that name the vault's folder or something below it, and those that
    /// connect to a bus.
    fn calls_to_a_store(&self, home: &Home) -> Vec<&str> {
        let vault = home.path("b/vault").display().to_string();
        let is = |line: &&str| line.contains(&vault) || line.contains("connect(");
        self.calls.iter().map(String::as_str).filter(is).collect()
    }
}

/// What a value of the tests begins with.
const CANARY: &str = "canary-";

/// Where servers of the tests say that they were started.
fn mark(home: &Home) -> PathBuf {
    home.path("started")
}

/// Demands that a start is refused: with this code, and a message that says `says`; that the server is not started; and
/// that no store was asked, not even where it is.
#[track_caller]
fn refused(home: &Home, start: &Start, code: &str, says: &str) -> Answer {
    let traced = traced(&start.exec(home));
    let calls = traced.calls_to_a_store(home);
    assert!(calls.is_empty(), "a store was asked: {calls:#?}");
    withheld(home, traced.answer, code, says)
}

/// Demands that a start was refused, whether or not a store was asked.
#[track_caller]
fn withheld(home: &Home, answer: Answer, code: &str, says: &str) -> Answer {
    assert_eq!(answer.code, 125, "{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.error_code(), code, "{}", answer.stderr);
    let message = error(&answer)["message"].as_str().expect("text").to_owned();
    assert!(message.contains(says), "{says:?} is not in: {message}");
    assert!(!mark(home).exists(), "the server was started");
    assert_eq!(answer.stdout, "");
    assert!(!answer.stderr.contains(CANARY), "{}", answer.stderr);
    answer
}

/// Returns the error that `--json` put on stderr.
fn error(answer: &Answer) -> Value {
    let line = answer.stderr.lines().find(|line| line.starts_with('{'));
    let error: Value = serde_json::from_str(line.expect("an error")).expect("JSON");
    error["error"].clone()
}

/// Demands that a start is made, and that the tracer sees its call to the store: without that, seeing none in a refusal
/// would mean nothing.
#[track_caller]
fn started(home: &Home, start: &Start) -> String {
    let traced = traced(&start.exec(home));
    let answer = &traced.answer;
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(
        !traced.calls_to_a_store(home).is_empty(),
        "no store was asked"
    );
    fs::remove_file(mark(home)).expect("the server was started");
    traced.answer.stdout
}

/// Writes a server that leaves its mark and prints its variables.
fn server(home: &Home, below: &str) -> PathBuf {
    let path = home.path(below);
    let text = format!("#!/bin/sh\n: > '{}'\n/usr/bin/env\n", mark(home).display());
    put(&path, text, 0o700);
    path
}

/// `PATH` with a folder of the home's first.
fn first_in_path(home: &Home, below: &str) -> String {
    format!("{}:{PATH}", home.path(below).display())
}
