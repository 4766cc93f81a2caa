//! Paths and words as they are kept in files: any bytes, and most of them readable.

use std::ffi::OsStr;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::hex;

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

    /// Returns its bytes: of Unicode those of UTF-8, of anything else those that it was taken from. `None` where a
    /// file holds what no text is kept as.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let Some(hex) = self.0.strip_prefix('\0') else {
            return Some(self.0.clone().into_bytes());
        };
        let mut bytes = vec![0_u8; hex.len() / 2];
        hex::decode(hex, &mut bytes).map(|()| bytes)
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

    #[test]
    fn a_text_gives_the_bytes_back_that_it_was_taken_from() {
        for bytes in [
            &b""[..],
            b"a b",
            b"a\xff",
            b"\xff\xfe",
            "\u{fffd}".as_bytes(),
        ] {
            let text = Text::of(OsStr::from_bytes(bytes));
            assert_eq!(text.bytes().as_deref(), Some(bytes), "{text}");
        }
        for kept in ["\0f", "\0xx"] {
            assert_eq!(Text(kept.to_owned()).bytes(), None, "{kept:?}");
        }
    }
}
