//! `rotate --probe`: a server is tried out with the new value before anything points to it.
//!
//! The servers are one small script that does well or badly as it is told, and real ones.

mod faults;
mod interrupted;
mod meant;
mod works;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{given, server};
use crate::support::home::{Answer, Home, Run};

const FIRST: &str = "canary-probe-first";
const SECOND: &str = "canary-probe-second";
/// What the small server says no to.
const REFUSED: &str = "canary-probe-refused";

/// How long something may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home with the secret `a`, which a server that prints it is allowed, and the script.
fn home() -> Home {
    with_script(Home::new().secret("a", FIRST))
}

fn with_script(home: Home) -> Home {
    let _ = server(&home).granting().run().ok();
    fs::write(home.path("server.py"), include_str!("server.py")).expect("written");
    home
}

/// The small server, as a client would start it under the label `srv`.
fn small<'a>(home: &'a Home, mode: &str) -> Run<'a> {
    labelled(home, "srv", mode, &["--env", "TOKEN=broker://a"])
}

fn labelled<'a>(home: &'a Home, label: &str, mode: &str, flags: &[&str]) -> Run<'a> {
    let run = home.broker(["exec", label].iter().chain(flags)).arg("--");
    run.arg("python3")
        .arg(home.path("server.py"))
        .arg(mode)
        .arg(home.path(""))
}

/// A home in which the small server is allowed to do what `mode` says.
fn allowing(mode: &str) -> Home {
    let home = home();
    let _ = small(&home, mode).granting();
    home
}

fn probing<'a>(home: &'a Home, word: &str, value: &str) -> Run<'a> {
    home.broker(["rotate", "a", "--raw", "--probe", word])
        .stdin(value)
}

/// Demands that it was refused with this code before a value was asked for: there is none to be had.
#[track_caller]
fn refused_at_once(home: &Home, word: &str, code: &str) -> Answer {
    let absent = [
        "--json",
        "rotate",
        "a",
        "--from-file",
        "absent",
        "--probe",
        word,
    ];
    let answer = home.broker(absent).run().code(1);
    assert_eq!(answer.error_code(), code, "{}", answer.stderr);
    assert_eq!(given(home), FIRST);
    answer
}

/// Demands that nothing has changed: servers get the old value, there is no other version, no process of the server is
/// left, and nothing was said of either value.
#[track_caller]
fn unchanged(home: &Home, answer: &Answer) {
    assert_eq!(given(home), FIRST);
    assert_eq!(versions(home), ["current"]);
    assert_eq!(files(home), ["a@v1.age"]);
    assert_eq!(pending(home), 0);
    quiet(answer);
    gone(home);
}

/// Demands that a value is nowhere in what was said.
#[track_caller]
fn quiet(answer: &Answer) {
    for said in [&answer.stdout, &answer.stderr] {
        assert!(!said.contains("canary"), "{said}");
    }
}

/// Demands that no process of the server is left.
#[track_caller]
fn gone(home: &Home) {
    let noted = fs::read_to_string(home.path("pids")).unwrap_or_default();
    for pid in noted.lines() {
        assert!(!is_running(pid), "process {pid} is left");
    }
}

/// Waits until no process of the server is left.
#[track_caller]
fn wait_gone(home: &Home) {
    let noted = fs::read_to_string(home.path("pids")).expect("its number");
    wait_until(|| !noted.lines().any(is_running));
}

fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[track_caller]
fn wait_until(done: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < until, "it did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns how each version of the secret stands.
fn versions(home: &Home) -> Vec<String> {
    let shown = home.broker(["--json", "show", "a"]).run().ok().json();
    let versions = shown["versions"].as_array().expect("versions").iter();
    versions
        .map(|version| version["state"].as_str().expect("a state").to_owned())
        .collect()
}

/// Returns the files of the secret in the vault.
fn files(home: &Home) -> Vec<String> {
    let files = fs::read_dir(home.path(".local/share/broker/vault/secrets")).expect("listed");
    let names = files
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("a@")).collect();
    names.sort();
    names
}

/// Returns how many items are to be removed still.
fn pending(home: &Home) -> usize {
    let catalog = json(&home.path(".local/state/broker/catalog.json"));
    catalog["pending"].as_array().map_or(0, Vec::len)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("there")).expect("JSON")
}

/// Returns what the server had in its variables when its tool was called last.
fn seen(home: &Home) -> Value {
    let noted = fs::read_to_string(home.path("seen")).expect("a call");
    serde_json::from_str(noted.lines().last().expect("a line")).expect("JSON")
}

/// Returns what the log tells of an action: how it came out, with which versions, and what else.
fn told(home: &Home) -> Vec<(String, String, Value, Value)> {
    let entries = home.broker(["--json", "log"]).run().ok().json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let entries = entries.as_array().expect("entries").iter();
    entries
        .filter(|entry| entry["action"] == "rotate" || entry["action"] == "probe")
        .map(|entry| {
            let (action, outcome) = (text(&entry["action"]), text(&entry["outcome"]));
            (
                action,
                outcome,
                entry["versions"].clone(),
                entry["detail"].clone(),
            )
        })
        .collect()
}
