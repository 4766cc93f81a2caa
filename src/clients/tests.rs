//! What the tests of clients share: files of every client as a person would have them, with values that are made up
//! when they are read, so that none stands in the repository.

use std::path::Path;

use super::document::Document;
use super::table::{self, Client, ClientFile};
use super::{Found, Place};

/// The files under `tests/vectors/clients`: name, client, and which of the client's files it stands for.
pub(crate) const VECTORS: [(&str, &str, usize); 22] = [
    ("kiro.json", "kiro", 0),
    ("kiro-agent.json", "kiro", 2),
    ("claude-desktop.json", "claude-desktop", 0),
    ("claude-code.json", "claude-code", 0),
    ("claude-project.json", "claude-code", 1),
    ("cursor.json", "cursor", 0),
    ("vscode.jsonc", "vscode", 0),
    ("vscode-settings.jsonc", "vscode", 1),
    ("windsurf.json", "windsurf", 0),
    ("zed.jsonc", "zed", 0),
    ("codex.toml", "codex", 0),
    ("codex-dotted.toml", "codex", 0),
    ("gemini.jsonc", "gemini", 0),
    ("opencode.jsonc", "opencode", 0),
    ("goose.yaml", "goose", 0),
    ("continue.yaml", "continue", 0),
    ("cline.json", "cline", 0),
    ("roo.json", "roo", 0),
    ("kilo.json", "kilo", 0),
    ("junie.json", "junie", 0),
    ("amazon-q.json", "amazon-q", 0),
    ("lm-studio.json", "lm-studio", 0),
];

/// The value that stands for the placeholder of that number in that file.
pub(crate) fn canary(name: &str, number: usize) -> String {
    format!("canary{number}-{}-q7Rk2Xv9", name.replace('.', "-"))
}

/// Reads a vector with its values filled in.
pub(crate) fn vector(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/clients");
    let mut text = std::fs::read_to_string(folder.join(name)).expect("a vector");
    for number in 1..10 {
        let placeholder = format!("{{{{canary-{number}}}}}");
        text = text.replace(&placeholder, &canary(name, number));
    }
    assert!(!text.contains("{{canary"), "{name}");
    text
}

/// The client and file that a vector stands for.
pub(crate) fn file_of(client: &str, number: usize) -> (&'static Client, &'static ClientFile) {
    let client = table::client(client).expect("a client");
    (client, client.files.get(number).expect("a file"))
}

/// Parses a text as a client's file.
pub(crate) fn parsed(text: &str, file: &ClientFile) -> Document {
    Document::parse(file.format, text).unwrap_or_else(|e| panic!("{e}"))
}

/// Where each text that holds `needle` stands: the server, and the place as a word.
pub(crate) fn places(found: &[Found], needle: &str) -> Vec<(String, String)> {
    let holds = |found: &Found| {
        let server = found.entry.server.clone();
        let items = found.entry.items.clone().into_iter();
        let items = items.filter(|item| item.text.text().contains(needle));
        items
            .map(|item| (server.clone(), word(&item.place)))
            .collect::<Vec<_>>()
    };
    found.iter().flat_map(holds).collect()
}

/// A place as a word.
pub(crate) fn word(place: &Place) -> String {
    match place {
        Place::Command => "command".to_owned(),
        Place::Argument(number) => format!("argument {number}"),
        Place::Variable(name) => format!("variable {name}"),
        Place::Header(name) => format!("header {name}"),
        Place::Url => "url".to_owned(),
        Place::EnvFile => "env file".to_owned(),
        Place::Other(keys) => keys.join("."),
    }
}
