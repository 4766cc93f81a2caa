//! Real MCP servers, in files of three formats: protected, started as their client starts them, and spoken to.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::protected::way;
use super::reading::Entry;
use super::stage::Stage;
use super::starting::command;
use super::vectors::{Fate, Made};
use crate::mcp::client::Client;
use crate::mcp::{installed, node};
use crate::support::home::Home;

const SECRET: &str = "canary-of-real-servers-7Qk2Vx93MdTtGs5hR";
const GITHUB: &str = "ghp_canaryK3m9Qz71vUe93MdTtGs5hR4WJ6mE";

/// The words that start each server, and a tool that it has.
fn servers() -> [(&'static str, Vec<String>, &'static str); 4] {
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    let script = |name: &str| {
        let file = format!("node_modules/@modelcontextprotocol/server-{name}/dist/index.js");
        vec![text(&node()), text(&installed(&file))]
    };
    let everything = [script("everything"), vec!["stdio".to_owned()]].concat();
    let time = vec![text(&installed("venv/bin/mcp-server-time"))];
    [
        ("everything", everything, "get-env"),
        ("time", time, "convert_time"),
        ("memory", script("memory"), "read_graph"),
        ("github", script("github"), "create_issue"),
    ]
}

/// The variables of each; the last is a plain one.
fn variables(server: &str, home: &Path) -> [(&'static str, String); 2] {
    let file = home.join("memory.jsonl").display().to_string();
    match server {
        "github" => [
            ("GITHUB_PERSONAL_ACCESS_TOKEN", GITHUB.to_owned()),
            ("GITHUB_API_URL", "http://127.0.0.1:9".to_owned()),
        ],
        "memory" => [
            ("MEMORY_API_KEY", SECRET.to_owned()),
            ("MEMORY_FILE_PATH", file),
        ],
        _ => [
            ("SERVER_API_KEY", SECRET.to_owned()),
            ("MODE", "a \"quiet\" one".to_owned()),
        ],
    }
}

/// The file of a client with all of them.
fn file_of(vector: &str, home: &Path) -> String {
    let quoted = |text: &String| json!(text).to_string();
    let mut out = String::new();
    let mut maps = serde_json::Map::new();
    for (name, line, _) in servers() {
        let pairs = variables(name, home);
        if vector.ends_with("toml") {
            let list: Vec<String> = line[1..].iter().map(quoted).collect();
            out += &format!(
                "# {name}\n[mcp_servers.{name}]\ncommand = {}\nargs = [{}]\n",
                quoted(&line[0]),
                list.join(", ")
            );
            out += &format!("[mcp_servers.{name}.env]\n");
            out.extend(
                pairs
                    .iter()
                    .map(|(name, value)| format!("{name} = {} # set\n", quoted(value))),
            );
            continue;
        }
        let pairs: BTreeMap<_, _> = pairs.into();
        maps.insert(name.to_owned(), match vector.starts_with("opencode") {
            true => json!({ "type": "local", "command": line, "environment": pairs }),
            false => json!({ "command": line[0], "args": line[1..], "env": pairs, "disabled": false }),
        });
    }
    match vector {
        _ if vector.ends_with("toml") => out,
        _ if vector.starts_with("opencode") => {
            let text = serde_json::to_string_pretty(&json!({ "mcp": maps })).expect("JSON");
            text.replacen('{', "{ // a comment\n", 1) + "\n"
        }
        _ => serde_json::to_string_pretty(&json!({ "mcpServers": maps })).expect("JSON"),
    }
}

/// Starts a server as its client does, asks it for its tools, and returns them with its environment.
fn spoken(stage: &Stage, entry: &Entry) -> (Vec<String>, BTreeMap<String, String>) {
    let command = command(stage.way, entry, &stage.own(), &stage.home.path(""));
    let mut client = Client::start(command);
    let tools = client.tools();
    // The kernel's own record of what it was started with.
    let environment = std::fs::read(format!("/proc/{}/environ", client.pid())).expect("readable");
    let environment = String::from_utf8(environment).expect("text");
    let pair = |entry: &str| {
        let (name, value) = entry.split_once('=').expect("a variable");
        (name.to_owned(), value.to_owned())
    };
    let mut seen: BTreeMap<_, _> = environment.split_terminator('\0').map(pair).collect();
    if tools.contains(&"get-env".to_owned()) {
        let own: BTreeMap<String, String> =
            serde_json::from_str(&client.call("get-env", &json!({}))).expect("a map");
        assert_eq!(own, seen, "what the server says itself");
        seen = own;
    }
    let (_, stderr) = client.end();
    assert!(!stderr.contains("broker: error"), "{stderr}");
    (tools, seen)
}

fn real_servers(vector: &str) {
    let mut stage = Stage::new(Home::new(), way(vector));
    let home = stage.home.path("");
    stage.before = file_of(vector, &home);
    std::fs::write(stage.file(), &stage.before).expect("written");
    let values = [SECRET, GITHUB].map(|value| Made {
        value: value.to_owned(),
        fate: Fate::Moves,
    });
    stage.made = values.into();
    let before: Vec<_> = stage
        .servers()
        .iter()
        .map(|entry| spoken(&stage, entry))
        .collect();
    stage.protect();
    stage.is_clean();
    let entries = stage.servers();
    assert_eq!(entries.len(), servers().len());
    for (entry, (tools, seen)) in entries.iter().zip(before) {
        assert!(
            entry.line.contains(&"exec".to_owned()),
            "{}: not protected",
            entry.name
        );
        let name = entry.name.rsplit('.').next().expect("a name");
        let (_, _, tool) = servers()
            .into_iter()
            .find(|(known, _, _)| *known == name)
            .expect("known");
        let (after, now) = spoken(&stage, entry);
        assert!(after.contains(&tool.to_owned()), "{name}: {after:?}");
        assert_eq!(after, tools, "{name}: its tools");
        for (variable, value) in variables(name, &home) {
            assert_eq!(seen.get(variable), Some(&value), "{name}: before");
            assert_eq!(now.get(variable), Some(&value), "{name}: {variable}");
        }
        assert!(!now.contains_key("UNRELATED_TOKEN"), "{name}: {now:?}");
    }
    stage.is_clean();
}

#[test]
fn real_servers_of_a_json_file_answer_and_have_their_secrets() {
    real_servers("kiro-many.json");
}

#[test]
fn real_servers_of_a_toml_file_answer_and_have_their_secrets() {
    real_servers("codex-many.toml");
}

#[test]
fn real_servers_of_a_file_with_comments_answer_and_have_their_secrets() {
    real_servers("opencode-many.jsonc");
}
