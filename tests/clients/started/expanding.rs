//! What a client puts in the place of references.

use std::collections::BTreeMap;

use super::reading::Entry;
use super::ways::{Expands, Way};

/// The variables a client itself was started with.
pub type Variables = BTreeMap<String, String>;

/// The names that Kiro's user approved.
const APPROVED: [&str; 1] = ["TEAM_NAME"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Command,
    Argument,
    Variable,
}

/// Puts in what the client does.
pub fn expanded(way: &Way, entry: &Entry, own: &Variables) -> Entry {
    let text = |part, text: &String| one(way.expands, part, text, own);
    let mut entry = entry.clone();
    for (number, word) in entry.line.iter_mut().enumerate() {
        let part = if number == 0 {
            Part::Command
        } else {
            Part::Argument
        };
        *word = text(part, word);
    }
    for value in entry.variables.values_mut() {
        *value = text(Part::Variable, value);
    }
    entry
}

fn one(expands: Expands, part: Part, text: &str, own: &Variables) -> String {
    let get = |name: &str| own.get(name).cloned();
    let literal = |name: &str| format!("${{{name}}}");
    match (expands, part) {
        (Expands::Kiro, Part::Variable) => between(text, "${", "}", |inner| {
            let name = inner.strip_prefix("env:").unwrap_or(inner);
            get(name).filter(|_| APPROVED.contains(&name))
        }),
        (Expands::Claude, _) => between(text, "${", "}", |inner| match inner.split_once(":-") {
            Some((name, otherwise)) => get(name).or(Some(otherwise.to_owned())),
            None => get(inner),
        }),
        (Expands::Editor, _) => between(text, "${", "}", |inner| match inner.split_once(':') {
            Some(("env", name)) => Some(get(name).unwrap_or_default()),
            Some(("input", id)) => Some(format!("answer-for-{id}")),
            _ if inner == "userHome" => get("HOME"),
            _ if inner == "workspaceFolder" => get("WORK_ROOT"),
            _ => None,
        }),
        (Expands::Env, _) => between(text, "${env:", "}", get),
        (Expands::OpenCode, _) => between(text, "{env:", "}", |name| {
            Some(get(name).unwrap_or_default())
        }),
        (Expands::Gemini, Part::Variable) => {
            let text = between(text, "${", "}", |name| Some(get(name).unwrap_or_default()));
            dollars(&text, own)
        }
        (Expands::AmazonQ, Part::Variable) => between(text, "${env:", "}", |name| {
            get(name).or(Some(literal(name)))
        }),
        (Expands::AmazonQ, Part::Command) => match text.strip_prefix("~/") {
            Some(rest) => format!("{}/{rest}", own["HOME"]),
            None => dollars(text, own),
        },
        (Expands::Nothing | Expands::Kiro | Expands::Gemini | Expands::AmazonQ, _) => {
            text.to_owned()
        }
    }
}

/// Puts something in the place of each `open` inner `close`, or leaves it.
fn between(text: &str, open: &str, close: &str, put: impl Fn(&str) -> Option<String>) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once(open) {
        out.push_str(before);
        let whole = behind.split_once(close);
        match whole.and_then(|(inner, after)| Some((put(inner)?, after))) {
            Some((value, after)) => {
                out.push_str(&value);
                rest = after;
            }
            None => {
                out.push_str(open);
                rest = behind;
            }
        }
    }
    out + rest
}

/// `$X`; what is not set is empty.
fn dollars(text: &str, own: &Variables) -> String {
    let mut parts = text.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_other = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        let (name, rest) = part.split_at(part.find(is_other).unwrap_or(part.len()));
        if name.is_empty() {
            out.push('$');
        }
        out.push_str(own.get(name).map_or("", String::as_str));
        out.push_str(rest);
    }
    out
}
