//! What somebody wrote where a secret would go: `<YOUR_TOKEN>`, `changeme`, `ghp_xxxx`, `1234567890abcdef`.
//!
//! Judges the text alone. What passes for a placeholder is not found, so nothing random may pass: every rule here asks for
//! more than chance gives in a text that a machine has made.

use super::words::{lists, words};

/// The longest text that may be one. What is longer was not typed by hand.
const LONGEST: usize = 256;

/// Tells whether a text stands in the place of a secret without being one.
pub(super) fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() {
        return true;
    }
    if text.len() > LONGEST {
        return false;
    }
    let lower = text.to_lowercase();
    is_nothing(&lower)
        || is_bracketed(text)
        || says_so(&lower)
        || is_of_few_letters(text)
        || is_counted_up(text)
        || is_of_empty_words(text, &lower)
}

/// What people write for no secret at all.
const NOTHING: &str = "none null nil undefined n/a na no yes true false on off empty unset default disabled enabled todo tbd \
    fixme unused anything whatever ollama lm-studio lmstudio local localhost test testing demo foo bar baz \
    foobar dev debug optional required unknown";

fn is_nothing(lower: &str) -> bool {
    lists(NOTHING, lower)
}

/// `<token>`, `[REDACTED]`, `{token}`, `(your key)`, `"..."`.
fn is_bracketed(text: &str) -> bool {
    [('<', '>'), ('[', ']'), ('{', '}'), ('(', ')')]
        .iter()
        .any(|(open, close)| {
            let inner = text
                .strip_prefix(*open)
                .and_then(|text| text.strip_suffix(*close));
            inner.is_some_and(|inner| !inner.contains([*open, *close]))
        })
}

/// Marks that no secret has by chance.
fn says_so(lower: &str) -> bool {
    const ANYWHERE: [&str; 34] = [
        "...",
        "\u{2026}",
        "***",
        "\u{2022}\u{2022}",
        "<your",
        "example",
        "changeme",
        "change-me",
        "change_me",
        "change this",
        "replaceme",
        "replace-me",
        "replace_me",
        "replace-with",
        "replace_with",
        "replace with",
        "placeholder",
        "redacted",
        "your_",
        "your-",
        "your ",
        "your.",
        "_here",
        "-here",
        " here",
        "not-needed",
        "not_needed",
        "notneeded",
        "no-key",
        "not-required",
        "not_required",
        "dummy",
        "censored",
        "insert-your",
    ];
    ANYWHERE.iter().any(|mark| lower.contains(mark))
        || ["insert-", "insert_", "fake-", "fake_", "sample-", "sample_"]
            .iter()
            .any(|begin| lower.starts_with(begin))
        || lower
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word.len() >= 3 && word.bytes().all(|byte| byte == b'x'))
        || lower.contains("xxxx")
}

/// `00000000`, `aaaaaaaa`, `--------`: hardly any character is different, whatever stands before it.
fn is_of_few_letters(text: &str) -> bool {
    let body = behind_prefix(text);
    let mut kinds: Vec<char> = body.chars().filter(|c| c.is_alphanumeric()).collect();
    let length = kinds.len();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.is_empty() || (length >= 3 && kinds.len() == 1) || (length >= 8 && kinds.len() <= 2)
}

/// `1234567890`, `abcdef123456`, `sk-abcdefghijklmnop`, `qwertyuiop`: one character leads to the next.
fn is_counted_up(text: &str) -> bool {
    const ROWS: [&str; 4] = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890"];
    let body: Vec<u8> = behind_prefix(text)
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| byte.to_ascii_lowercase())
        .collect();
    if body.len() < 6 {
        return false;
    }
    let leads = |pair: &&[u8]| match pair {
        [a, b] => {
            let is_next = a.checked_add(1) == Some(*b) || (*a == b'9' && *b == b'a');
            let both = [*a, *b];
            let is_beside = ROWS
                .iter()
                .any(|row| row.as_bytes().windows(2).any(|keys| keys == both));
            is_next || is_beside
        }
        _ => false,
    };
    let steps = body.windows(2).filter(leads).count();
    let pairs = body.len().saturating_sub(1);
    steps.saturating_mul(10) >= pairs.saturating_mul(7)
}

/// Takes a short lead such as `ghp_`, `sk-` or `xoxb-` away.
fn behind_prefix(text: &str) -> &str {
    let mut body = text;
    for _ in 0..2 {
        let Some((lead, rest)) = body.split_once(['_', '-']) else {
            break;
        };
        let is_lead = lead.len() <= 6 && lead.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_lead || rest.len() < 6 {
            break;
        }
        body = rest;
    }
    body
}

/// Words that say what would stand here, and nothing of it.
const EMPTY: &str = "my your the a an some this is it api app application access auth authorization bearer basic client \
    secret secrets token tokens key keys apikey password passwd pass pwd passphrase user username name here \
    value string goes enter put paste add set insert test new real actual valid personal pat db database bot \
    id credential credentials private public account service base64 hex long random strong super very \
    generated generate from in with for no and or webhook admin";

/// Of those words, the ones that mean a secret or its owner.
const OF_SECRETS: &str = "my your secret secrets token key apikey password passwd pass pwd passphrase credential credentials test \
    here pat";

/// `YOUR_ACCESS_TOKEN`, `my-api-key`, `yourclientsecret`, `token`, `my-n8n-key`.
fn is_of_empty_words(text: &str, lower: &str) -> bool {
    if text.len() > 64 {
        return false;
    }
    let parts = words(text);
    let is_empty = |word: &String| lists(EMPTY, word.as_str());
    let means = |word: &String| lists(OF_SECRETS, word.as_str());
    let has_only = parts.iter().all(is_empty) && parts.iter().any(means);
    let first = parts.first().map(String::as_str);
    let last = parts.last();
    let is_owned = matches!(first, Some("my" | "your"))
        && last.is_some_and(means)
        && parts.len() <= 5
        && !lower.bytes().any(|byte| byte == b'!' || byte == b'$');
    has_only || is_owned || is_glued(lower)
}

/// The same words without anything between them.
fn is_glued(lower: &str) -> bool {
    let mut rest = lower;
    let mut means = false;
    while !rest.is_empty() {
        let longest = EMPTY
            .split_whitespace()
            .filter(|word| word.len() > 1 && rest.starts_with(*word))
            .max_by_key(|word| word.len());
        let Some(word) = longest else { return false };
        means |= lists(OF_SECRETS, word);
        rest = rest.get(word.len()..).unwrap_or_default();
    }
    means
}

/// Passwords that servers and images come with. Known to everybody, so hardly worth to be kept.
const DEFAULTS: &str = "postgres postgresql mysql mariadb mongo mongodb redis neo4j elastic admin admin123 administrator root \
    toor guest minioadmin rabbitmq sa letmein password1 password123 passw0rd p@ssw0rd welcome1";

/// Tells whether a text is a password that everybody knows.
pub(super) fn is_default(text: &str) -> bool {
    lists(DEFAULTS, text.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_in_the_place_of_a_secret_is_known() {
        for text in [
            "",
            " ",
            "none",
            "NULL",
            "<YOUR_TOKEN>",
            "<token>",
            "[REDACTED]",
            "your-api-key-here",
            "YOUR_ACCESS_TOKEN",
            "yourclientsecret",
            "my-api-key",
            "my-n8n-key",
            "token",
            "password",
            "changeme",
            "CHANGE_ME",
            "sk-...",
            "********",
            "xxx",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "ghp_xxxxxxxxxxxxxxxxxxxx",
            "sk_test_xxx",
            "0000000000",
            "aaaaaa",
            "1234567890",
            "1234567890abcdef",
            "abc123",
            "abcdef123456",
            "sk-1234567890abcdef",
            "qwertyuiop",
            "TODO",
            "AKIAIOSFODNN7EXAMPLE",
            "not-needed",
            "sk-no-key-required",
            "xoxb-your-bot-token",
            "mysecretpassword",
            "API_KEY_HERE",
            "insert-secret-here",
            "your.token.here",
            "\u{2022}\u{2022}\u{2022}\u{2022}",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn what_might_be_a_secret_is_no_placeholder() {
        for text in [
            "hunter2",
            "s3cr3t!",
            "Tr0ub4dor&3",
            "correct-horse-battery-staple",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "AAAAAAAAAAAAAAAAAAAAAbTqz81",
            "MyCat4everHome",
            "keystone-harbour-99",
            "sunshine",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn the_passwords_that_everybody_knows_are_told_apart() {
        assert!(is_default("postgres") && is_default("Admin"));
        assert!(!is_default("postgres-7f"));
    }
}
