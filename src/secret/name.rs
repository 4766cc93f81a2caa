//! Names of secrets: the grammar of design D2.
//!
//! One or more segments joined by `/`, each `[A-Za-z0-9][A-Za-z0-9._-]*`, 128 bytes in all, no
//! segment ending in a dot or named like a Windows device. The grammar leaves out everything a
//! shell, a URL, a file name or a keychain attribute would need to escape.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 128;

/// The name of a secret, known to follow the grammar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

/// Why a text is not a name. It never holds the text: what was typed may be a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No characters at all.
    #[error("a name must not be empty")]
    Empty,
    /// More than [`MAX_NAME_BYTES`].
    #[error("a name has at most {MAX_NAME_BYTES} bytes")]
    TooLong,
    /// A segment is empty, or begins with something other than a letter or digit.
    #[error("each part of a name begins with a letter or a digit")]
    Start,
    /// A character outside the grammar.
    #[error("a name has only letters, digits, '.', '_', '-' and '/' between its parts")]
    Character,
    /// A segment ends in a dot.
    #[error("no part of a name ends in a dot")]
    Dot,
    /// A segment is a device name on Windows, such as `con` or `com1.txt`.
    #[error("no part of a name is a Windows device name, such as con, nul or com1")]
    Device,
}

impl SecretName {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the form under which names are unique: ASCII letters in lower case.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for SecretName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for SecretName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        check(&text)?;
        Ok(Self(text))
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for SecretName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong);
    }
    text.split('/').try_for_each(check_segment)
}

fn check_segment(segment: &str) -> Result<(), NameError> {
    if !segment.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        let wrong_character = segment.starts_with(|c: char| !matches!(c, '.' | '_' | '-'));
        return Err(if wrong_character {
            NameError::Character
        } else {
            NameError::Start
        });
    }
    if !segment
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    {
        return Err(NameError::Character);
    }
    if segment.ends_with('.') {
        return Err(NameError::Dot);
    }
    if is_device(segment) {
        return Err(NameError::Device);
    }
    Ok(())
}

/// Tells whether Windows would take a file of this name for a device, extension or not
/// (Microsoft, "Naming Files, Paths, and Namespaces").
fn is_device(segment: &str) -> bool {
    let stem = segment
        .split('.')
        .next()
        .unwrap_or(segment)
        .to_ascii_lowercase();
    match stem.as_str() {
        "con" | "prn" | "aux" | "nul" | "conin$" | "conout$" => true,
        other => matches!(
            other
                .strip_prefix("com")
                .or_else(|| other.strip_prefix("lpt")),
            Some("0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> NameError {
        text.parse::<SecretName>().expect_err(text)
    }

    #[test]
    fn names_of_the_grammar_are_taken_as_they_are() {
        for text in [
            "a",
            "github-token",
            "work/github-token",
            "A_b.c-d",
            "0",
            "console",
            "com10",
        ] {
            assert_eq!(text.parse::<SecretName>().expect(text).as_str(), text);
        }
        assert!("n".repeat(MAX_NAME_BYTES).parse::<SecretName>().is_ok());
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        assert_eq!(refused(""), NameError::Empty);
        assert_eq!(refused(&"n".repeat(MAX_NAME_BYTES + 1)), NameError::TooLong);
        for text in ["-a", ".a", "_a", "a/.b", "a/-b"] {
            assert_eq!(refused(text), NameError::Start, "{text}");
        }
        for text in ["/a", "a/", "a//b"] {
            assert_eq!(refused(text), NameError::Start, "{text}");
        }
        for text in [
            "a b", "a@v1", "a\n", "a\0", "é", "a:b", "a\\b", "$a", "a%2Fb", "ａ",
        ] {
            assert_eq!(refused(text), NameError::Character, "{text:?}");
        }
        for text in ["a.", "a./b"] {
            assert_eq!(refused(text), NameError::Dot, "{text}");
        }
        for text in ["con", "NUL.txt", "a/com1", "Lpt9.x"] {
            assert_eq!(refused(text), NameError::Device, "{text}");
        }
    }
}
