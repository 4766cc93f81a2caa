//! References: `broker://NAME`, what configurations hold instead of values.
//!
//! A reference is the whole text or it is nothing: broker expands no `$VAR`, no shell syntax and no
//! reference inside a longer text (design D2, D3).

use std::fmt;

use super::{NameError, SecretName};

/// What every reference begins with.
pub const SCHEME: &str = "broker://";

/// A reference to a secret by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The secret that is meant.
    pub name: SecretName,
}

/// Why a text that has to do with references cannot be used. It never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The text begins with the scheme, but what follows is no name.
    #[error("a reference is {SCHEME}NAME, and {0}")]
    Name(#[from] NameError),
    /// The text holds the scheme somewhere inside.
    #[error("a reference must be the whole text, nothing is expanded inside a longer one")]
    Embedded,
}

impl Reference {
    /// Reads `text`: `Some` reference, `None` for a text that has nothing to do with references.
    ///
    /// # Errors
    /// A malformed name after the scheme, or the scheme inside a longer text.
    pub fn find(text: &str) -> Result<Option<Self>, ReferenceError> {
        if let Some(rest) = text.strip_prefix(SCHEME) {
            if rest.contains(SCHEME) {
                return Err(ReferenceError::Embedded);
            }
            return Ok(Some(Self {
                name: rest.parse()?,
            }));
        }
        if text.to_ascii_lowercase().contains(SCHEME) {
            return Err(ReferenceError::Embedded);
        }
        Ok(None)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_reference_names_its_secret() {
        let found = Reference::find("broker://work/github-token")
            .expect("valid")
            .expect("found");
        assert_eq!(found.name.as_str(), "work/github-token");
        assert_eq!(found.to_string(), "broker://work/github-token");
    }

    #[test]
    fn plain_texts_are_left_alone() {
        for text in ["", "x", "broker:", "broker:/x", "http://a", "${TOKEN}"] {
            assert_eq!(Reference::find(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn references_inside_longer_texts_and_bad_names_are_refused() {
        for text in [
            "Bearer broker://a",
            " broker://a",
            "${broker://a}",
            "broker://abroker://b",
        ] {
            assert_eq!(
                Reference::find(text),
                Err(ReferenceError::Embedded),
                "{text}"
            );
        }
        assert_eq!(Reference::find("BROKER://a"), Err(ReferenceError::Embedded));
        for text in [
            "broker://",
            "broker://a b",
            "broker://a\n",
            "broker:///a",
            "broker://a/",
        ] {
            assert!(
                matches!(Reference::find(text), Err(ReferenceError::Name(_))),
                "{text:?}"
            );
        }
    }
}
