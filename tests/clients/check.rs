//! `protect --check`: real servers, started as they were and as they will be.

use std::fs;

use serde_json::{Value, json};

use crate::mcp::everything;
use crate::support::home::{Answer, Home};
use crate::support::put;

const VALUE: &str = "canary-h8Kq2ZpX9vLm3Rt7";

fn protect(home: &Home, entry: &Value) -> (String, Answer) {
    let text = json!({ "mcpServers": { "every": entry } }).to_string();
    put(&home.path(".cursor/mcp.json"), &text, 0o600);
    home.input(".cursor/mcp.json");
    let answer = home.broker(["protect", "--yes", "--check"]).run();
    assert!(!answer.stdout.contains("canary"), "{}", answer.stdout);
    assert!(!answer.stderr.contains("canary"), "{}", answer.stderr);
    (text, answer)
}

fn now(home: &Home) -> String {
    fs::read_to_string(home.path(".cursor/mcp.json")).expect("there")
}

/// The words of a shell that becomes the real server.
fn becomes_server() -> String {
    let words = everything();
    let words: Vec<_> = words
        .iter()
        .map(|word| format!("'{}'", word.display()))
        .collect();
    format!("exec {}", words.join(" "))
}

#[test]
fn a_server_with_the_same_tools_is_protected() {
    let home = Home::new();
    let words = everything();
    let entry = json!({
        "command": words[0], "args": [words[1], words[2]], "env": { "EVERY_PASSWORD": VALUE },
    });
    let (_, answer) = protect(&home, &entry);
    let answer = answer.ok();
    assert!(answer.stderr.contains("same tools"), "{}", answer.stderr);
    assert!(now(&home).contains("broker://every-password"));
}

#[test]
fn a_server_that_does_not_work_any_more_leaves_its_file_as_it_is() {
    let home = Home::new();
    // It works once: before.
    let script = format!("mkdir \"$HOME/once\" || exit 7; {}", becomes_server());
    let entry = json!({
        "command": "sh", "args": ["-c", script], "env": { "EVERY_PASSWORD": VALUE },
    });
    let (text, answer) = protect(&home, &entry);
    let answer = answer.code(1);
    assert!(
        answer.stderr.contains("it ended with code 7"),
        "{}",
        answer.stderr
    );
    assert_eq!(now(&home), text);
    // The value is not lost, and without the check the file is protected with it.
    let _ = home.broker(["protect", "--yes"]).run().ok();
    assert!(now(&home).contains("broker://every-password"));
}

#[test]
fn a_server_that_did_not_work_before_is_said_not_to_be_checked() {
    let home = Home::new();
    let entry = json!({
        "command": "sh", "args": ["-c", "exit 3"], "env": { "EVERY_PASSWORD": VALUE },
    });
    let (_, answer) = protect(&home, &entry);
    let answer = answer.ok();
    assert!(
        answer.stderr.contains("was not checked"),
        "{}",
        answer.stderr
    );
}
