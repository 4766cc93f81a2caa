//! Paths and words as they are kept in files: any bytes, and most of them readable.

use std::ffi::OsStr;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A path, an argument or the text of a variable. What is Unicode stands for itself. Anything else is a
/// NUL, which no such text can hold, and its bytes in hexadecimal; so two texts are equal if their
/// bytes are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Takes a text of the system's.
    #[must_use]
    pub fn of(text: impl AsRef<OsStr>) -> Self {
        let text = text.as_ref();
        Self(match text.to_str().filter(|text| !text.contains('\0')) {
            Some(text) => text.to_owned(),
            None => {
                let hex = text.as_encoded_bytes().iter().map(|b| format!("{b:02x}"));
                format!("\0{}", hex.collect::<String>())
            }
        })
    }

    /// Returns it as it is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.strip_prefix('\0') {
            Some(hex) => write!(f, "(bytes {hex})"),
            None => f.write_str(&self.0),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn texts_are_equal_exactly_if_their_bytes_are() {
        let of = |bytes: &[u8]| Text::of(OsStr::from_bytes(bytes));
        assert_eq!(of(b"a b").as_str(), "a b");
        assert_ne!(of(b"\xff"), of(b"\xfe"));
        assert_ne!(of(b"\xff"), of("\u{fffd}".as_bytes()));
        assert_ne!(
            of(b"\xff"),
            of(b"\0ff"),
            "what cannot be stands for nothing else"
        );
        assert_eq!(of(b"a\xff").to_string(), "(bytes 61ff)");
    }
}
