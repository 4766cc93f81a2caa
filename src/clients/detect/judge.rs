//! Judges a text by the name above it: the rules for everything that has no shape of its own.

use super::Confidence;
use super::name::Meaning;
use super::placeholder::{is_default, is_placeholder};
use super::plain::{Looks, is_hex, is_path};
use super::random::is_random;
use super::words::{lists, words};

/// Tells how sure it is that `text` is a secret; `None` where it is none.
pub(super) fn judge(text: &str, meaning: Meaning) -> Option<Confidence> {
    if is_placeholder(text) || is_spelled_out(text) {
        return None;
    }
    let looks = Looks::of(text);
    match meaning {
        Meaning::Chosen => chosen(text, looks),
        Meaning::Made => made(text, looks),
        Meaning::Key => key(text, looks),
        Meaning::Near => near(text, looks),
        Meaning::Unknown => unknown(text, looks),
        Meaning::Else => None,
    }
}

/// What a person may have chosen: nearly everything.
fn chosen(text: &str, looks: Looks) -> Option<Confidence> {
    if is_default(text) {
        return Some(Confidence::Low);
    }
    let length = text.chars().count();
    match looks {
        Looks::Plain if is_path(text) => None,
        // It might be a password for all that.
        Looks::Plain => Some(Confidence::Low),
        Looks::Number => (length >= 4).then_some(Confidence::High),
        Looks::Uuid => Some(Confidence::High),
        Looks::Words | Looks::Opaque if text.contains(' ') => phrase(text),
        // What a secret is called in a store.
        Looks::Words if text.contains('/') => Some(Confidence::Low),
        Looks::Words | Looks::Opaque if length >= 4 => Some(Confidence::High),
        Looks::Words | Looks::Opaque => Some(Confidence::Medium),
    }
}

/// Words that sentences have and passphrases of random words seldom.
const OF_SENTENCES: &str = "the see get ask from stored your in with for of is are not use kept vault please this at read show run \
    on";

/// A passphrase, if it is no sentence.
fn phrase(text: &str) -> Option<Confidence> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let of_sentence = words
        .iter()
        .filter(|word| lists(OF_SENTENCES, word.as_str()));
    let is_long = words.len() >= 12;
    if of_sentence.count() > usize::from(is_long) || text.contains([',', '/']) {
        return None;
    }
    let is_one = words.len() >= 3 || is_random(text);
    Some(if is_one {
        Confidence::High
    } else {
        Confidence::Medium
    })
}

/// What a machine has made: no words, no small numbers.
fn made(text: &str, looks: Looks) -> Option<Confidence> {
    let length = text.len();
    match looks {
        Looks::Plain => None,
        Looks::Number => (length >= 8 && !text.starts_with('+')).then_some(Confidence::Medium),
        Looks::Uuid => Some(Confidence::High),
        Looks::Words if is_random(text) && !text.contains(' ') => Some(Confidence::High),
        // No machine makes such letters.
        Looks::Words | Looks::Opaque if !text.is_ascii() => None,
        Looks::Words if text.contains([' ', '/', ',']) => None,
        // It says itself what should be here: `credential-held-by-gateway`.
        Looks::Words if names_itself(text) => Some(Confidence::Low),
        // One word says what kind there is; several may be somebody's own.
        Looks::Words if text.contains(['-', '_', '.', ':']) => Some(Confidence::Medium),
        Looks::Words => Some(Confidence::Low),
        Looks::Opaque if text.contains(' ') => is_random(text).then_some(Confidence::Medium),
        Looks::Opaque if length >= 8 => Some(Confidence::High),
        Looks::Opaque if length >= 4 => Some(Confidence::Medium),
        Looks::Opaque => Some(Confidence::Low),
    }
}

fn names_itself(text: &str) -> bool {
    words(text).iter().any(|word| {
        lists(
            "token secret key password credential credentials apikey",
            word,
        )
    })
}

/// A key of some kind: a secret's only if it looks so.
fn key(text: &str, looks: Looks) -> Option<Confidence> {
    match looks {
        Looks::Uuid => Some(Confidence::Medium),
        Looks::Words | Looks::Opaque if text.contains(' ') => None,
        Looks::Words | Looks::Opaque if is_random(text) || is_long_hex(text) => {
            let is_long = text.len() >= 16;
            Some(if is_long {
                Confidence::High
            } else {
                Confidence::Medium
            })
        }
        Looks::Words | Looks::Opaque | Looks::Plain | Looks::Number => None,
    }
}

/// Something near a secret.
fn near(text: &str, looks: Looks) -> Option<Confidence> {
    match looks {
        Looks::Words | Looks::Opaque if text.contains(' ') => None,
        Looks::Words | Looks::Opaque if is_random(text) || is_long_hex(text) => {
            let is_long = text.len() >= 16;
            Some(if is_long {
                Confidence::Medium
            } else {
                Confidence::Low
            })
        }
        Looks::Words | Looks::Opaque | Looks::Plain | Looks::Number | Looks::Uuid => None,
    }
}

/// Nothing but that it looks random: a hint.
fn unknown(text: &str, looks: Looks) -> Option<Confidence> {
    let is_hash = is_hex(text) && matches!(text.len(), 40 | 64);
    let is_one = looks == Looks::Opaque
        && text.len() >= 20
        && !is_hash
        && !text.contains(' ')
        && is_random(text);
    is_one.then_some(Confidence::Low)
}

fn is_long_hex(text: &str) -> bool {
    text.len() >= 32 && is_hex(text)
}

/// Names of variables and of headers, where a value should be: `DB_PASSWORD`, `X-API-Key`.
fn is_spelled_out(text: &str) -> bool {
    if text.len() > 64 || text.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let is_variable = text.contains('_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_header = text.contains('-')
        && text.split('-').all(|word| {
            let mut letters = word.chars();
            letters.next().is_some_and(|c| c.is_ascii_uppercase())
                && letters.all(|c| c.is_ascii_alphabetic())
        });
    (is_variable || is_header) && !is_random(text) && Meaning::of(text) != Meaning::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;
    use Confidence::{High, Low, Medium};

    #[test]
    fn a_text_is_judged_by_the_name_above_it() {
        let random = "k8Js2PqLxV9mTz4RbN7c";
        let uuid = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
        for (text, chosen, made, key, near, unknown) in [
            (
                random,
                Some(High),
                Some(High),
                Some(High),
                Some(Medium),
                Some(Low),
            ),
            (uuid, Some(High), Some(High), Some(Medium), None, None),
            ("hunter2", Some(High), Some(Medium), None, None, None),
            ("sunshine", Some(High), Some(Low), None, None, None),
            (
                "brave-otter-lamp",
                Some(High),
                Some(Medium),
                None,
                None,
                None,
            ),
            ("copper lamp engine", Some(High), None, None, None, None),
            ("get it from the vault", None, None, None, None, None),
            ("84619357", Some(High), Some(Medium), None, None, None),
            ("17", None, None, None, None, None),
            ("postgres", Some(Low), Some(Low), None, None, None),
            ("/run/secrets/x", None, None, None, None, None),
            ("kim@example.org", None, None, None, None, None),
            ("DB_PASSWORD", None, None, None, None, None),
            ("X-Api-Key", None, None, None, None, None),
            ("true", None, None, None, None, None),
            ("prod/mcp/github", Some(Low), None, None, None, None),
        ] {
            assert_eq!(judge(text, Meaning::Chosen), chosen, "{text}");
            assert_eq!(judge(text, Meaning::Made), made, "{text}");
            assert_eq!(judge(text, Meaning::Key), key, "{text}");
            assert_eq!(judge(text, Meaning::Near), near, "{text}");
            assert_eq!(judge(text, Meaning::Unknown), unknown, "{text}");
            assert_eq!(judge(text, Meaning::Else), None, "{text}");
        }
    }
}
