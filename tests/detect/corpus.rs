//! The labelled entries: `tests/vectors/detect/*.json`.
//!
//! Each file is a list of entries with `server`, `command`, `args`, `env`, `headers`, `url`, `envFile` and `other` (by the keys of a
//! client's file, joined with dots). In a text, `⟦...⟧` stands around a secret, `⟦kind|...⟧` around one whose kind is tested too, and
//! `⟨...⟩` around what may be found or not: passwords that everybody knows, keys that are made to be public. `{{...}}` is filled
//! with a made-up value (`made_up.rs`). What is not marked is no secret.

use std::fs;
use std::ops::Range;
use std::path::Path;

use broker::clients::{Entry, Item, Literal, Place};
use serde_json::Value;

use super::made_up::{Numbers, filled};

/// Where a secret is.
#[derive(Clone, Debug)]
pub struct Label {
    pub place: Place,
    pub span: Range<usize>,
    pub kind: Option<String>,
}

/// An entry with what is to be found in it.
#[derive(Clone, Debug)]
pub struct Labelled {
    pub file: String,
    pub entry: Entry,
    pub secrets: Vec<Label>,
    /// What may be found or not.
    pub either: Vec<Label>,
}

/// Reads the files whose names begin with `held-out`, or all others, and fills them from a seed.
pub fn read(is_held_out: bool, seed: u64) -> Vec<Labelled> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/detect");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name.starts_with("held-out") != is_held_out {
            continue;
        }
        let text = fs::read_to_string(&path).expect("text");
        let list: Vec<Value> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (number, value) in list.iter().enumerate() {
            let number = u64::try_from(number).expect("small");
            let place = name.bytes().fold(seed, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(u64::from(byte))
            });
            let numbers = Numbers::new(place.wrapping_mul(1_000_003).wrapping_add(number));
            all.push(labelled(&name, value, numbers));
        }
    }
    all
}

fn labelled(file: &str, value: &Value, mut numbers: Numbers) -> Labelled {
    let server = value["server"].as_str().expect("a server").to_owned();
    let mut read = Labelled {
        file: file.to_owned(),
        entry: Entry {
            server,
            is_disabled: false,
            items: Vec::new(),
        },
        secrets: Vec::new(),
        either: Vec::new(),
    };
    for (key, value) in value.as_object().expect("an object") {
        let mut put = |place: Place, value: &Value| read.put(place, text(value), &mut numbers);
        match key.as_str() {
            "server" => {}
            "command" => put(Place::Command, value),
            "url" => put(Place::Url, value),
            "envFile" => put(Place::EnvFile, value),
            "args" => {
                for (at, value) in value.as_array().expect("a list").iter().enumerate() {
                    put(Place::Argument(at), value);
                }
            }
            "env" | "headers" | "other" => {
                for (name, value) in value.as_object().expect("an object") {
                    let place = match key.as_str() {
                        "env" => Place::Variable(name.clone()),
                        "headers" => Place::Header(name.clone()),
                        _ => Place::Other(name.split('.').map(str::to_owned).collect()),
                    };
                    put(place, value);
                }
            }
            other => panic!("{file}: {other} is not known"),
        }
    }
    read
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

impl Labelled {
    /// Takes a text in, without its marks.
    fn put(&mut self, place: Place, marked: &str, numbers: &mut Numbers) {
        let mut text = String::new();
        let mut rest = marked;
        while let Some(at) = rest.find(['⟦', '⟨']) {
            let (before, behind) = rest.split_at(at);
            let (open, close) = if behind.starts_with('⟦') {
                ('⟦', '⟧')
            } else {
                ('⟨', '⟩')
            };
            let behind = behind.strip_prefix(open).expect("a mark");
            let (inner, after) = behind.split_once(close).expect("a closing mark");
            let is_kind = |kind: &&str| {
                !kind.is_empty()
                    && kind
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            };
            let (kind, inner) = match inner.split_once('|').filter(|(kind, _)| is_kind(kind)) {
                Some((kind, inner)) => (Some(kind.to_owned()), inner),
                None => (None, inner),
            };
            text.push_str(&filled(before, numbers));
            let start = text.len();
            text.push_str(&filled(inner, numbers));
            let label = Label {
                place: place.clone(),
                span: start..text.len(),
                kind,
            };
            if open == '⟦' {
                self.secrets.push(label)
            } else {
                self.either.push(label)
            }
            rest = after;
        }
        text.push_str(&filled(rest, numbers));
        self.entry.items.push(Item {
            place,
            text: Literal::new(text),
        });
    }
}

#[test]
fn a_labelled_text_is_read_without_its_marks() {
    let value = serde_json::json!({"server": "x", "env": {"A": "b=⟦some-kind|c|d⟧ ⟨e⟩"}});
    let read = labelled("f", &value, Numbers::new(1));
    assert_eq!(read.entry.items[0].text.text(), "b=c|d e");
    assert_eq!(read.secrets[0].span, 2..5);
    assert_eq!(read.secrets[0].kind.as_deref(), Some("some-kind"));
    assert_eq!(read.either[0].span, 6..7);
}
