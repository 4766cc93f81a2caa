//! Texts that hold names and values: JSON, also with its quotes escaped, and lists.

use super::Confidence;
use super::judge::judge;
use super::name::Meaning;
use super::piece::Piece;
use super::random::is_random;
use super::search::{Search, Under};

/// A part of a JSON text.
enum Token<'t> {
    Text(Piece<'t>),
    Mark(char),
}

impl<'t> Search<'t> {
    /// Searches a JSON text, whole or cut, strict or nearly so. Tells whether it is one.
    pub(super) fn json(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let is_open = |c: char| matches!(c, '{' | '[');
        let Some(first) = piece.text.chars().next().filter(|c| is_open(*c)) else {
            return false;
        };
        if !piece
            .text
            .trim_end()
            .ends_with(if first == '{' { '}' } else { ']' })
        {
            return false;
        }
        let tokens = tokens(piece);
        if !tokens.iter().any(|token| matches!(token, Token::Text(_))) {
            return false;
        }
        let mut before: Option<Piece<'t>> = None;
        // Of arrays: the key in front of them.
        let mut key: Option<Piece<'t>> = None;
        // Of `{"name": "API_KEY", "value": "..."}`.
        let mut named: Option<Piece<'t>> = None;
        let mut is_value = false;
        let mut rest = tokens.into_iter().peekable();
        while let Some(token) = rest.next() {
            match token {
                Token::Mark(':') => {
                    key = before.take();
                    is_value = true;
                }
                Token::Mark('{') => (named, is_value) = (None, false),
                Token::Mark(',') => is_value = false,
                Token::Mark(_) => {}
                Token::Text(text) => {
                    let is_key = !is_value && matches!(rest.peek(), Some(Token::Mark(':')));
                    if is_key {
                        before = Some(text);
                        continue;
                    }
                    let key_text = key.map_or("", |key| key.text);
                    if matches!(key_text, "name" | "key" | "header") {
                        named = Some(text);
                    }
                    let name = match named {
                        Some(name) if key_text == "value" => name.text,
                        _ => key_text,
                    };
                    let meaning_of_outer = if name.is_empty() {
                        under.meaning
                    } else {
                        Meaning::of(name)
                    };
                    let name = if name.is_empty() { under.name } else { name };
                    let is_name_itself =
                        matches!(key_text, "name" | "key" | "header") && !is_random(text.text);
                    if !is_name_itself {
                        self.value(
                            text,
                            Under {
                                name,
                                meaning: meaning_of_outer,
                                ..under
                            },
                        );
                    }
                }
            }
        }
        true
    }

    /// Several values under one name: `API_KEYS=a,b`. Tells whether they are.
    pub(super) fn list(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let may_be = under.meaning.is_strong() || under.meaning == Meaning::Key;
        if !may_be || !piece.text.contains([',', ';']) || self.is_touched(piece) {
            return false;
        }
        let parts = piece.split(|c| matches!(c, ',' | ';'));
        let is_one = |part: &Piece<'_>| {
            let text = part.trimmed().text;
            is_random(text)
                && judge(text, Meaning::Made) == Some(Confidence::High)
                && !text.contains(' ')
        };
        if !parts.iter().all(is_one) {
            return false;
        }
        for part in parts {
            self.value(part, under);
        }
        true
    }
}

/// Splits a JSON text. What stands between quotes is a text, as is a bare word; the quotes may be escaped, all of them as
/// often as the first one.
fn tokens(piece: Piece<'_>) -> Vec<Token<'_>> {
    let bytes = piece.text.as_bytes();
    let slashes = |at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        before
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count()
    };
    let Some(first) = bytes.iter().position(|byte| matches!(byte, b'"' | b'\'')) else {
        return Vec::new();
    };
    let (quote, escapes) = (
        bytes.get(first).copied().unwrap_or_default(),
        slashes(first),
    );
    let (mut found, mut at) = (Vec::new(), 0);
    // The backslashes that stand right before `at`.
    let mut escaped = 0_usize;
    let mut opened: Option<usize> = None;
    let mut bare: Option<usize> = None;
    while let Some(byte) = bytes.get(at).copied() {
        let next = at.saturating_add(1);
        if byte == quote && escaped == escapes {
            match opened.take() {
                Some(start) => {
                    found.push(Token::Text(piece.part(start..at.saturating_sub(escapes))))
                }
                None => opened = Some(next),
            }
            bare = None;
        } else if opened.is_none() {
            let is_word = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$' | b'.');
            match (is_word, bare) {
                (true, None) => bare = Some(at),
                (false, Some(start)) => {
                    found.push(Token::Text(piece.part(start..at)));
                    bare = None;
                }
                _ => {}
            }
            if matches!(byte, b'{' | b'}' | b'[' | b']' | b':' | b',') {
                found.push(Token::Mark(char::from(byte)));
            }
        }
        escaped = if byte == b'\\' {
            escaped.saturating_add(1)
        } else {
            0
        };
        at = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let show = |token: Token<'_>| match token {
            Token::Text(piece) => format!("<{}>", piece.text),
            Token::Mark(c) => c.to_string(),
        };
        tokens(Piece::whole(text)).into_iter().map(show).collect()
    }

    #[test]
    fn json_is_split_with_plain_and_with_escaped_quotes() {
        let expected = "{<a>:<b c>,<d>:[<e>,<1>]}";
        assert_eq!(read(r#"{"a": "b c", "d": ["e", 1]}"#), expected);
        assert_eq!(read(r#"{\"a\": \"b c\", \"d\": [\"e\", 1]}"#), expected);
        assert_eq!(read(r"{'a': 'b c', d: ['e', 1]}"), expected);
        assert_eq!(read(r#"{"a":"say \"x\""}"#), r#"{<a>:<say \"x\">}"#);
        assert_eq!(read("{a:b}"), "");
    }
}
