//! The words of a name, however they are joined: `API_KEY`, `api-key`, `apiKey`, `X-API-Key`, `api.key`.

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

/// Tells whether a list, whose words stand between spaces, has a word.
pub(super) fn lists(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
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
