//! What a shell is given as one text: split into commands and words, without expanding anything.

use super::arguments::{Word, walk};
use super::name::Meaning;
use super::piece::Piece;
use super::search::{Search, Under};
use super::words::words;

impl<'t> Search<'t> {
    /// Splits a text as a shell does: commands, and their words with quotes and all. What is a reference stays whole.
    pub(super) fn commands(&self, piece: Piece<'t>) -> Vec<Vec<Piece<'t>>> {
        let mut split = Split {
            piece,
            commands: vec![Vec::new()],
            start: None,
        };
        let mut quote: Option<char> = None;
        let mut behind = 0;
        for (at, c) in piece.text.char_indices() {
            if at < behind {
                continue;
            }
            if quote != Some('\'')
                && let Some(end) = self.reference_end(piece.start.saturating_add(at))
            {
                split.start.get_or_insert(at);
                behind = end.saturating_sub(piece.start);
                continue;
            }
            match (quote, c) {
                (Some(end), c) if c == end => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => {
                    quote = Some(c);
                    split.start.get_or_insert(at);
                }
                (None, ';' | '&' | '|' | '\n' | '(' | ')') => split.end_command(at),
                (None, c) if c.is_whitespace() => split.end_word(at),
                (None, _) => {
                    split.start.get_or_insert(at);
                }
            }
        }
        split.end_command(piece.text.len());
        split.commands.retain(|words| !words.is_empty());
        split.commands
    }

    /// Searches options in the value of a variable: `JAVA_OPTS=-Dtoken=x`. Tells whether there are some.
    pub(super) fn options(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let may_be = matches!(under.meaning, Meaning::Unknown | Meaning::Else);
        let has_options = piece.text.starts_with('-')
            || piece.text.contains(" -")
            || piece.text.contains(" http")
            || is_command(under.name);
        if !may_be || !has_options || under.name.is_empty() {
            return false;
        }
        for words in self.commands(piece) {
            let words: Vec<Word<'t>> = words
                .into_iter()
                .map(|piece| Word { at: 0, piece })
                .collect();
            walk(std::slice::from_mut(self), &words);
        }
        true
    }
}

/// Names under which a command stands.
fn is_command(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map(String::as_str);
    matches!(last, Some("helper" | "command" | "cmd" | "script"))
}

struct Split<'t> {
    piece: Piece<'t>,
    commands: Vec<Vec<Piece<'t>>>,
    /// Where the word begins that is being read.
    start: Option<usize>,
}

impl Split<'_> {
    fn end_word(&mut self, at: usize) {
        if let Some(start) = self.start.take()
            && let Some(words) = self.commands.last_mut()
        {
            words.push(self.piece.part(start..at));
        }
    }

    fn end_command(&mut self, at: usize) {
        self.end_word(at);
        self.commands.push(Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_split_into_commands_and_words() {
        let text = "cd /x && A=\"b c\" B=$(pass show 'a b') npx -y 'd e'; export C=${D:-x y} | jq";
        let search = Search::of(text);
        let commands = search.commands(search.whole());
        let shown: Vec<Vec<&str>> = commands
            .iter()
            .map(|words| words.iter().map(|word| word.text).collect())
            .collect();
        assert_eq!(
            shown,
            [
                vec!["cd", "/x"],
                vec!["A=\"b c\"", "B=$(pass show 'a b')", "npx", "-y", "'d e'"],
                vec!["export", "C=${D:-x y}"],
                vec!["jq"],
            ]
        );
    }
}
