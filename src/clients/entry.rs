//! What a client's file says about one server, whatever the format and the spelling.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A text from a client's file. It may be a secret, so it is wiped, and nothing prints it by mistake.
#[derive(Clone, PartialEq, Eq)]
pub struct Literal(Zeroizing<String>);

impl Literal {
    /// Takes a text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Returns the text. It must reach no message and no log.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Literal")
    }
}

/// Where in an entry a text stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The program.
    Command,
    /// An argument behind the program, counted from 0, however the client spells it (opencode has the program in the
    /// same list).
    Argument(usize),
    /// A variable that the server is given.
    Variable(String),
    /// A header of requests to a remote server.
    Header(String),
    /// The address of a remote server.
    Url,
    /// The file that variables are read from.
    EnvFile,
    /// Something else, by its keys below the entry.
    Other(Vec<String>),
}

/// A text in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it stands.
    pub place: Place,
    /// What stands there.
    pub text: Literal,
}

/// What a client's file says about one server: every text of its entry, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the file calls it.
    pub server: String,
    /// Whether the client is told to leave it alone.
    pub is_disabled: bool,
    /// Every text.
    pub items: Vec<Item>,
}

impl Entry {
    /// Returns an entry of one text, for who wants to know what it is by itself.
    #[must_use]
    pub fn of_one(server: &str, place: Place, text: Literal) -> Self {
        Self {
            server: server.to_owned(),
            is_disabled: false,
            items: vec![Item { place, text }],
        }
    }

    /// Returns the text at a place, the last one where a key stands there twice, as parsers of JSON take it.
    #[must_use]
    pub fn get(&self, place: &Place) -> Option<&str> {
        let mut found = self.items.iter().rev().filter(|item| item.place == *place);
        found.next().map(|item| item.text.text())
    }

    /// Returns the program and its arguments; `None` for a remote server.
    #[must_use]
    pub fn command(&self) -> Option<(&str, Vec<&str>)> {
        let program = self.get(&Place::Command)?;
        // Looked up once each: a file may have as many as fit into it.
        let mut texts: BTreeMap<usize, &str> = BTreeMap::new();
        for item in &self.items {
            if let Place::Argument(at) = item.place {
                texts.insert(at, item.text.text());
            }
        }
        let arguments = (0..).map_while(|at| texts.get(&at).copied());
        Some((program, arguments.collect()))
    }
}
