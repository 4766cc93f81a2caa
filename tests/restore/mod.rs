//! Putting a client's file back: byte for byte where nothing else changed, entry by entry where something did, and never
//! without a person.

mod ends;
mod refuses;
mod works;

use std::fs;
use std::path::{Path, PathBuf};

use broker::paths::HomePaths;
use serde_json::Value;

use crate::permission::{attended, unattended};
use crate::support::home::{Answer, Home};
use crate::support::protected::Protected;
use crate::support::pty::{Ended, On, Session};

/// The values that stand in [`FILE`].
const ONE: &str = "canary-one-5b0a";
const TWO: &str = "canary-two-77c1";
const SECRETS: &[(&str, &str)] = &[(ONE, "one"), (TWO, "two")];

const FILE: &str = r#"{
  // mine
  "theme": "dark",
  "mcpServers": {
    "a": {
      "command": "npx",
      "args": ["-y", "server-a@1.0.0"],
      "env": { "TOKEN": "canary-one-5b0a", "MODE": "fast" }
    },
    "b": { "command": "/bin/true", "args": [], "env": {"KEY": "canary-two-77c1"} },
    "c": {"url": "https://c.example/mcp"},
  },
}
"#;

fn paths(home: &Home) -> HomePaths {
    HomePaths::under(&home.path("b"))
}

/// Writes a file of a client in the home folder.
fn file(home: &Home, name: &str, text: &str) -> PathBuf {
    let path = home.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    home.input(name);
    path.canonicalize().unwrap()
}

/// A home with the secrets of [`FILE`], and that file after it was protected.
fn protected(home: Home) -> (Home, PathBuf) {
    let home = home.secret("one", ONE).secret("two", TWO);
    let path = file(&home, ".cursor/mcp.json", FILE);
    let _ = Protected::new(("cursor", 0), &path, SECRETS).make(&paths(&home));
    let text = text(&path);
    assert!(!text.contains("canary") && text.contains("broker://one"));
    (home, path)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Changes a file as its client or a person would.
fn replace(path: &Path, from: &str, to: &str) {
    let before = text(path);
    assert!(before.contains(from), "{before}");
    fs::write(path, before.replace(from, to)).unwrap();
}

/// Restores where nobody is asked.
fn restore(home: &Home, words: &[&str], path: &Path) -> Answer {
    home.broker(["restore"].iter().chain(words)).arg(path).run()
}

/// Restores where a person answers.
fn answered(home: &Home, path: &Path, answer: &str) -> Ended {
    let run = home.broker(["restore"]).arg(path);
    let mut session = Session::start(run.command(), On::default());
    session.wait_for("restore it? [y/N]").types(answer);
    session.end()
}

/// Returns the entries of the log of that action, as outcome and secrets.
fn told(home: &Home, action: &str) -> Vec<(String, Vec<Value>)> {
    let log = home
        .broker(["--json", "log", "--action", action])
        .run()
        .ok();
    let all = log.json();
    let all = all.as_array().unwrap().iter();
    all.map(|entry| {
        let outcome = entry["outcome"].as_str().unwrap().to_owned();
        (outcome, entry["secrets"].as_array().unwrap().clone())
    })
    .collect()
}
