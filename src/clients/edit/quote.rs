//! How a text is written in each format, in the way of the one it takes the place of.

use std::fmt::Write as _;

use super::super::document::Format;

/// A way to write a text, of which there are several in each format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// JSON.
    Json {
        /// Other letters than those of ASCII are escaped.
        ascii: bool,
        /// Slashes are escaped.
        slashes: bool,
    },
    /// TOML in double quotes.
    TomlBasic,
    /// TOML in single quotes, in which nothing is escaped.
    TomlLiteral,
    /// Without quotes: a number or a truth value.
    Bare,
}

const JSON: [Style; 4] = [
    json(false, false),
    json(true, false),
    json(false, true),
    json(true, true),
];

const fn json(ascii: bool, slashes: bool) -> Style {
    Style::Json { ascii, slashes }
}

impl Style {
    /// Returns the way in which `token` writes `text`, if [`Style::write`] gives exactly that back. A token that is
    /// written in a way of its own (a text over several lines, mixed escapes) has none.
    #[must_use]
    pub fn of(format: Format, token: &str, text: &str) -> Option<Self> {
        let all: &[Self] = match format {
            Format::Json | Format::Jsonc => &JSON,
            Format::Toml => &[Self::TomlBasic, Self::TomlLiteral],
            Format::Yaml => &[],
        };
        let mut all = all.iter().copied().chain([Self::Bare]);
        all.find(|style| style.write(text).is_some_and(|written| written == token))
    }

    /// Returns the way in which something is best written in the place of `token`: as that is, where the text can be.
    pub(super) fn like(format: Format, token: &str) -> Self {
        match format {
            Format::Json | Format::Jsonc | Format::Yaml => Self::Json {
                ascii: token.is_ascii() && token.contains("\\u"),
                slashes: token.contains("\\/"),
            },
            Format::Toml if token.starts_with('\'') => Self::TomlLiteral,
            Format::Toml => Self::TomlBasic,
        }
    }

    /// Writes a text in that way, `None` where it cannot be.
    #[must_use]
    pub fn write(self, text: &str) -> Option<String> {
        match self {
            Self::Json { ascii, slashes } => Some(written_json(text, ascii, slashes)),
            Self::TomlBasic => Some(written_toml(text)),
            Self::TomlLiteral => {
                let fits = |c: char| c != '\'' && (!c.is_control() || c == '\t');
                text.chars().all(fits).then(|| format!("'{text}'"))
            }
            Self::Bare => {
                let fits =
                    |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | ':');
                text.chars().all(fits).then(|| text.to_owned())
            }
        }
    }

    /// Writes a text in that way, or the nearest in which it can be.
    pub(super) fn write_or_near(self, text: &str) -> String {
        self.write(text).unwrap_or_else(|| written_toml(text))
    }
}

/// RFC 8259, section 7.
fn written_json(text: &str, ascii: bool, slashes: bool) -> String {
    let mut token = String::with_capacity(text.len().saturating_add(2));
    let mut units = [0_u16; 2];
    token.push('"');
    for c in text.chars() {
        match c {
            '"' => token.push_str("\\\""),
            '\\' => token.push_str("\\\\"),
            '/' if slashes => token.push_str("\\/"),
            '\n' => token.push_str("\\n"),
            '\r' => token.push_str("\\r"),
            '\t' => token.push_str("\\t"),
            '\u{8}' => token.push_str("\\b"),
            '\u{c}' => token.push_str("\\f"),
            c if c < ' ' || (ascii && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut units) {
                    // Writing into a string does not fail.
                    let _ = write!(token, "\\u{unit:04x}");
                }
            }
            c => token.push(c),
        }
    }
    token.push('"');
    token
}

/// TOML 1.0, "String".
fn written_toml(text: &str) -> String {
    let mut token = String::with_capacity(text.len().saturating_add(2));
    token.push('"');
    for c in text.chars() {
        match c {
            '"' => token.push_str("\\\""),
            '\\' => token.push_str("\\\\"),
            '\n' => token.push_str("\\n"),
            '\r' => token.push_str("\\r"),
            '\t' => token.push_str("\\t"),
            '\u{8}' => token.push_str("\\b"),
            '\u{c}' => token.push_str("\\f"),
            c if c < ' ' || c == '\u{7f}' => {
                // Writing into a string does not fail.
                let _ = write!(token, "\\u{:04X}", u32::from(c));
            }
            c => token.push(c),
        }
    }
    token.push('"');
    token
}
