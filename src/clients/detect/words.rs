//! The words of a name, however they are joined: `API_KEY`, `api-key`, `apiKey`, `X-API-Key`, `api.key`.

use std::collections::HashSet;
use std::sync::OnceLock;

/// Splits a name into words in lower case, at everything that is no letter or digit and where the case of letters begins a
/// new word. Digits belong to the word before them.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let is_new = c.is_uppercase()
            && (before.is_lowercase()
                || before.is_ascii_digit()
                || (before.is_uppercase() && rest.peek().is_some_and(|next| next.is_lowercase())));
        if (is_new || !c.is_alphanumeric()) && !word.is_empty() {
            found.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        found.push(word);
    }
    found
}

/// A list of words, which stand between spaces.
pub(super) struct List {
    text: &'static str,
    words: OnceLock<HashSet<&'static str>>,
}

impl List {
    pub(super) const fn new(text: &'static str) -> Self {
        let words = OnceLock::new();
        Self { text, words }
    }

    pub(super) fn has(&self, word: &str) -> bool {
        let all = || self.text.split_whitespace().collect();
        self.words.get_or_init(all).contains(word)
    }

    /// Tells whether a word of the list fits.
    pub(super) fn any(&self, fits: impl Fn(&'static str) -> bool) -> bool {
        self.text.split_whitespace().any(fits)
    }

    /// Returns the longest word that fits.
    pub(super) fn longest(&self, fits: impl Fn(&str) -> bool) -> Option<&'static str> {
        let words = self.text.split_whitespace();
        words
            .filter(|word| fits(word))
            .max_by_key(|word| word.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_spelling_have_the_same_words() {
        for name in [
            "API_KEY",
            "api-key",
            "apiKey",
            "ApiKey",
            "APIKey",
            "api.key",
            "api key",
            "--api-key",
            "API__KEY",
        ] {
            assert_eq!(words(name), ["api", "key"], "{name}");
        }
        assert_eq!(words("X-API-Key"), ["x", "api", "key"]);
        assert_eq!(words("oauth2Bearer"), ["oauth2", "bearer"]);
        assert_eq!(words("MAX_TOKENS"), ["max", "tokens"]);
        assert_eq!(words("PGPASSWORD"), ["pgpassword"]);
        assert_eq!(words("S3_SECRET2"), ["s3", "secret2"]);
        assert!(words("-_").is_empty());
    }
}
