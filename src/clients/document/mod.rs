//! A client's file as a tree of texts, each with the bytes it stands at, whatever the format.
//!
//! Reads and never writes. What is wrong with a file is said by line and column; nothing of its text is repeated.

mod depth;
mod entries;
mod json;
mod toml;
mod tree;
mod yaml;

use std::path::Path;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use entries::Found;
pub(crate) use tree::{Form, Kind, Node, Pair};

/// The deepest nesting that is read.
pub const MOST_DEPTH: usize = 128;

/// The most values that are read, those that aliases stand for counted as often as they are referred to. The largest
/// files of clients, with the histories of all projects in them, have a tenth of that.
pub const MOST_VALUES: usize = 1_000_000;

/// The mark that some editors put in front of a text (U+FEFF in UTF-8).
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JSON (RFC 8259). Comments and commas at the end, which its clients may or may not refuse, are read all the same:
    /// a secret stands there either way.
    Json,
    /// JSON with comments and commas at the end.
    Jsonc,
    /// TOML
    Toml,
    /// YAML; read, and never changed.
    Yaml,
}

impl Format {
    /// Returns the format that the name of a file stands for.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let end = path.extension()?.to_str()?.to_ascii_lowercase();
        match end.as_str() {
            "json" => Some(Self::Json),
            "jsonc" | "code-workspace" => Some(Self::Jsonc),
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// Tells whether files of that format are changed; the user is told how to change the others.
    #[must_use]
    pub const fn is_edited(self) -> bool {
        match self {
            Self::Json | Self::Jsonc | Self::Toml => true,
            Self::Yaml => false,
        }
    }
}

/// Why a text could not be read. Says where and what, and repeats nothing of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (line {line}, column {column})")]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub what: &'static str,
}

impl SyntaxError {
    /// Says `what` of the byte `at`.
    fn at(text: &str, at: usize, what: &'static str) -> Self {
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at = at.saturating_sub(1);
        }
        let before = text.get(..at).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count();
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line: line.saturating_add(1),
            column: last
                .trim_start_matches(BYTE_ORDER_MARK)
                .chars()
                .count()
                .saturating_add(1),
            what,
        }
    }
}

/// A text that was read. Its memory is wiped.
pub struct Document {
    format: Format,
    text: Zeroizing<String>,
    root: Rc<Node>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({:?})", self.format)
    }
}

impl Document {
    /// Reads `text`, which may begin with the byte order mark. A text without anything in it is a document without
    /// servers.
    ///
    /// # Errors
    /// [`SyntaxError`], for nesting deeper than [`MOST_DEPTH`] too.
    pub fn parse(format: Format, text: &str) -> Result<Self, SyntaxError> {
        let behind = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let source = tree::Source {
            text: behind,
            before: text.len().saturating_sub(behind.len()),
        };
        let root = match format {
            Format::Json | Format::Jsonc => json::parse(source),
            Format::Toml => toml::parse(source),
            Format::Yaml => yaml::parse(source),
        };
        Ok(Self {
            format,
            root: root.map_err(|(at, what)| SyntaxError::at(behind, at, what))?,
            text: Zeroizing::new(text.to_owned()),
        })
    }

    /// Returns how it is written.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Returns the whole text. It must reach no message and no log.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the line of a byte, from 1.
    #[must_use]
    pub fn line(&self, at: usize) -> usize {
        SyntaxError::at(&self.text, at, "").line
    }

    /// The outermost value.
    pub(crate) fn root(&self) -> &Rc<Node> {
        &self.root
    }
}

#[cfg(test)]
mod tests;
