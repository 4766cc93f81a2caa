//! Reads a client's file as that client does, by other means than broker's: what counts is what a client would start.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

use super::ways::{Format, Style, Way};

/// What a file says about a server, before anything is put in for references.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The keys above it and its name, for messages.
    pub name: String,
    /// Program and arguments; none for a server that is not started.
    pub line: Vec<String>,
    pub variables: BTreeMap<String, String>,
    /// Variables that are handed on by name.
    pub by_name: Vec<String>,
    pub env_file: Option<String>,
    pub folder: Option<String>,
    /// All of it.
    pub whole: Value,
}

/// Reads a file.
pub fn entries(way: &Way, text: &str) -> Vec<Entry> {
    // A mark at the beginning is no part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole = match way.format {
        Format::Json => serde_json::from_str(text).expect("JSON"),
        Format::Jsonc => serde_json::from_str(&bare(text)).expect("JSON once comments are gone"),
        Format::Toml => toml(text),
        Format::Yaml => yaml(text),
    };
    let mut found = Vec::new();
    for keys in way.servers {
        below(&whole, keys, String::new(), way, &mut found);
    }
    found
}

fn below(value: &Value, keys: &[&str], at: String, way: &Way, found: &mut Vec<Entry>) {
    match (keys.split_first(), value) {
        (Some((&"*", rest)), Value::Object(map)) => {
            for (key, value) in map {
                below(value, rest, format!("{at}{key}."), way, found);
            }
        }
        (Some((key, rest)), value) => {
            if let Some(value) = value.get(key) {
                below(value, rest, format!("{at}{key}."), way, found);
            }
        }
        (None, Value::Object(map)) => {
            found.extend(
                map.iter()
                    .map(|(name, value)| entry(format!("{at}{name}"), value, way)),
            );
        }
        (None, Value::Array(list)) => {
            let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
            found.extend(
                list.iter()
                    .map(|value| entry(format!("{at}{}", name(value)), value, way)),
            );
        }
        (None, _) => panic!("{at} holds no servers"),
    }
}

fn entry(name: String, whole: &Value, way: &Way) -> Entry {
    let inner = match (way.style, &whole["command"], &whole["transport"]) {
        (Style::Zed, Value::Object(_), _) => &whole["command"],
        (Style::Common, _, Value::Object(_)) => &whole["transport"],
        _ => whole,
    };
    let (command, arguments, variables) = match way.style {
        Style::OpenCode => ("command", "", "environment"),
        Style::Goose => ("cmd", "args", "envs"),
        Style::Zed if whole["command"].is_object() => ("path", "args", "env"),
        Style::Zed | Style::Common => ("command", "args", "env"),
    };
    let mut line = Vec::new();
    match &inner[command] {
        Value::String(program) => line.push(program.clone()),
        list => line.extend(texts(list)),
    }
    if !line.is_empty() {
        line.extend(texts(&inner[arguments]));
    }
    let pairs = inner[variables].as_object().into_iter().flatten();
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let own = |key: &str| whole[key].as_str().map(str::to_owned);
    Entry {
        name,
        line,
        variables: pairs
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
        by_name: texts(&whole["env_vars"]),
        env_file: own("envFile"),
        folder: own("cwd"),
        whole: whole.clone(),
    }
}

fn texts(list: &Value) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    all.map(|text| text.as_str().expect("a text").to_owned())
        .collect()
}

/// Takes comments and trailing commas out.
pub fn bare(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '"' => {
                let mut end = 1;
                while rest.as_bytes()[end] != b'"' {
                    end += if rest.as_bytes()[end] == b'\\' { 2 } else { 1 };
                }
                out.push_str(&rest[..=end]);
                end + 1
            }
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' => rest.find("*/").expect("the end of a comment") + 2,
            '}' | ']' => {
                out.truncate(out.trim_end().trim_end_matches(',').len());
                out.push(first);
                1
            }
            _ => {
                out.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out
}

fn toml(text: &str) -> Value {
    use std::io::Write;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/started/toml.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    let mut input = python.stdin.take().expect("its input");
    input.write_all(text.as_bytes()).expect("read");
    drop(input);
    let output = python.wait_with_output().expect("it ends");
    assert!(output.status.success(), "python3 reads no TOML in: {text}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// As much of YAML as such files have: every scalar is a text.
fn yaml(text: &str) -> Value {
    let mut anchors = BTreeMap::new();
    let events = Parser::new_from_str(text).map(|event| event.expect("YAML").0);
    let mut events =
        events.skip_while(|event| matches!(event, Event::StreamStart | Event::DocumentStart(_)));
    let first = events.next().expect("a document");
    node(first, &mut events, &mut anchors)
}

fn node<'a>(
    event: Event<'a>,
    events: &mut impl Iterator<Item = Event<'a>>,
    anchors: &mut BTreeMap<usize, Value>,
) -> Value {
    let (anchor, value) = match event {
        Event::Alias(anchor) => return anchors[&anchor].clone(),
        Event::Scalar(text, _, anchor, _) => (anchor, Value::String(text.into_owned())),
        Event::SequenceStart(anchor, _) => {
            let mut list = Vec::new();
            loop {
                match events.next().expect("an end") {
                    Event::SequenceEnd => break,
                    event => list.push(node(event, events, anchors)),
                }
            }
            (anchor, Value::Array(list))
        }
        Event::MappingStart(anchor, _) => {
            let mut map = Map::new();
            loop {
                let key = match events.next().expect("an end") {
                    Event::MappingEnd => break,
                    event => node(event, events, anchors),
                };
                let event = events.next().expect("a value");
                let value = node(event, events, anchors);
                map.insert(key.as_str().expect("a text").to_owned(), value);
            }
            (anchor, Value::Object(map))
        }
        other => panic!("not expected in such a file: {other:?}"),
    };
    anchors.insert(anchor, value.clone());
    value
}
