//! Words in front of a program, in each of the ways that clients write commands.

use super::quote::Style;
use super::verify::{Action, BEHIND, Expected};
use super::work::Work;
use super::{EditError, Piece, Wrap};
use crate::clients::document::{Form, Format, Found, Kind, Node, Pair};
use crate::clients::entry::{Literal, Place};
use crate::clients::table::Shape;

impl Work<'_> {
    /// Puts `words` in front of the program of an entry.
    pub(super) fn wrap(
        &mut self,
        found: &Found,
        shape: &Shape,
        wrap: &Wrap,
    ) -> Result<(), EditError> {
        let words = wrap.words.as_slice();
        let (path, program) = self.item(found, &Place::Command)?;
        let Some((first, others)) = words.split_first() else {
            return Err(EditError::Command("there are no words to put in front"));
        };
        if program.text().is_none() {
            return Err(EditError::Command("the program is no text"));
        }
        let (number, holder) = path.split_last().ok_or(EditError::Absent)?;
        let style = self.style(program);
        match &self.node(holder)?.kind {
            // One list of program and arguments.
            Kind::List(all) => {
                let tokens = words.iter().map(|word| style.write_or_near(word)).collect();
                self.prepend(holder, self.node(holder)?, all, tokens);
                if let Some(other) = &wrap.program {
                    let text = Literal::new(other.clone());
                    let token = style.write_or_near(other);
                    self.put(path.clone(), program, token, &Place::Command, &text)?;
                }
                self.act(holder.to_vec(), Action::Prepend(literals(words)))
            }
            Kind::Map(pairs, form) => {
                let old = self.token(program, &Place::Command);
                let Piece::Token(_, token) = &old else {
                    return Err(EditError::Absent);
                };
                let moved = match &wrap.program {
                    Some(other) => style.write_or_near(other),
                    None => token.text().to_owned(),
                };
                let mut tokens: Vec<String> = others
                    .iter()
                    .map(|word| style.write_or_near(word))
                    .collect();
                tokens.push(moved);
                self.cut(program.span.clone(), style.write_or_near(first), vec![old]);
                self.act(path.clone(), Action::Text(Literal::new(first.clone())))?;
                let mut texts = literals(others);
                let behind = wrap.program.as_deref().or(program.text());
                texts.extend(behind.map(|text| Literal::new(text.to_owned())));
                let keys = self.keys(&path, found.path.len())?;
                let key = arguments_key(shape, &keys)?;
                let mut there = pairs.iter().enumerate().filter(|(_, pair)| pair.key == key);
                match (there.next(), there.next()) {
                    (None, _) => {
                        let pair = pairs.get(*number).ok_or(EditError::Absent)?;
                        let list = format!("[{}]", tokens.join(self.comma_like(pair)));
                        let key_token = self.key_token(pair, key);
                        let behind = self.node(holder)?;
                        self.insert_behind(behind, *form, *number, &key_token, &list)?;
                        let mut beside = path.clone();
                        beside.push(BEHIND[0]);
                        self.act(
                            beside,
                            Action::Follow(key.to_owned(), Expected::List(texts)),
                        )
                    }
                    (Some((at, pair)), None) => {
                        let Kind::List(all) = &pair.value.kind else {
                            return Err(EditError::Command("its arguments are no list"));
                        };
                        let mut list = holder.to_vec();
                        list.push(at);
                        self.prepend(&list, &pair.value, all, tokens);
                        self.act(list, Action::Prepend(texts))
                    }
                    (Some(_), Some(_)) => Err(EditError::Repeated),
                }
            }
            Kind::Text(_) | Kind::Word(_) => Err(EditError::Absent),
        }
    }

    /// How words are written beside a program that is written like this.
    pub(super) fn style(&self, program: &Node) -> Style {
        let token = self.gaps.slice(program.span.clone());
        Style::like(self.document.format(), token)
    }

    /// Writes a key as another of the same map is written.
    fn key_token(&self, beside: &Pair, key: &str) -> String {
        match self.gaps.slice(beside.key_span.clone()).bytes().next() {
            Some(quote @ (b'"' | b'\'')) => {
                let quote = char::from(quote);
                format!("{quote}{key}{quote}")
            }
            _ => key.to_owned(),
        }
    }

    /// Puts `tokens` in front of a list, spaced as what is there.
    pub(super) fn prepend(
        &mut self,
        path: &[usize],
        list: &Node,
        all: &[std::rc::Rc<Node>],
        tokens: Vec<String>,
    ) {
        let open = list.span.start.saturating_add(1);
        let Some(first) = all.first() else {
            self.cut(open..open, tokens.join(", "), Vec::new());
            return;
        };
        let begin = open..first.span.start;
        let before = self.gaps.slice(begin.clone());
        let between = all
            .get(1)
            .map(|second| self.gaps.slice(first.span.end..second.span.start));
        let gap = if self.gaps.is_space(begin) && before.contains('\n') {
            format!(",{before}")
        } else if between == Some(",") {
            ",".to_owned()
        } else {
            ", ".to_owned()
        };
        let is_alone = (0..all.len()).all(|at| self.is_taken_out(&[path, &[at]].concat()));
        let new: String = match is_alone {
            true => tokens.join(&gap),
            false => tokens.into_iter().map(|token| token + &gap).collect(),
        };
        self.cut(first.span.start..first.span.start, new, Vec::new());
    }

    /// Puts a pair behind that of the given number, spaced as that is.
    pub(super) fn insert_behind(
        &mut self,
        map: &Node,
        form: Form,
        number: usize,
        key: &str,
        value: &str,
    ) -> Result<(), EditError> {
        let pair = map.pairs().get(number).ok_or(EditError::Absent)?;
        let colon = pair.key_span.end..pair.value.span.start;
        let is_plain = |text: &str, sign: &str| text.trim_matches([' ', '\t']) == sign;
        let is_json = self.document.format() != Format::Toml;
        let (sign, usual) = if is_json { (":", ": ") } else { ("=", " = ") };
        let colon = self.gaps.slice(colon);
        let colon = if is_plain(colon, sign) { colon } else { usual };
        let end = pair.value.span.end;
        match form {
            Form::Braces => {
                let before = self.before(map, number);
                let gap = if self.gaps.is_space(before.clone()) {
                    self.gaps.slice(before)
                } else {
                    " "
                };
                // The first of several on a line stands directly behind the brace.
                let gap = if gap.is_empty() && colon != sign {
                    " "
                } else {
                    gap
                };
                self.cut(end..end, format!(",{gap}{key}{colon}{value}"), Vec::new());
            }
            Form::Lines => {
                let prefix = self.line_prefix(pair)?;
                let at = self.gaps.line_end(end);
                let new_line = self.gaps.new_line(end);
                let line = format!("{new_line}{prefix}{key}{colon}{value}");
                self.cut(at..at, line, Vec::new());
            }
        }
        Ok(())
    }

    /// Returns how values are set apart where nothing says it: as narrowly as a pair's key and value are.
    fn comma_like(&self, pair: &Pair) -> &'static str {
        let colon = self.gaps.slice(pair.key_span.end..pair.value.span.start);
        if matches!(colon, ":" | "=") {
            ","
        } else {
            ", "
        }
    }

    /// Returns what stands between a pair and what is before it in braces.
    pub(super) fn before(&self, map: &Node, number: usize) -> std::ops::Range<usize> {
        let pairs = map.pairs();
        let start = match number.checked_sub(1).and_then(|before| pairs.get(before)) {
            Some(before) => {
                let end = before.value.span.end;
                self.gaps.comma(end).unwrap_or(end).saturating_add(1)
            }
            None => map.span.start.saturating_add(1),
        };
        let end = pairs.get(number).map_or(start, |pair| pair.key_span.start);
        start..end
    }

    /// Returns what stands on the line of a pair before its last key: space, and the first parts of a key with dots.
    pub(super) fn line_prefix(&self, pair: &Pair) -> Result<&str, EditError> {
        let begin = self.gaps.line_begin(pair.key_span.start);
        let prefix = self.gaps.slice(begin..pair.key_span.start);
        if is_keys(prefix.trim_start_matches([' ', '\t'])) {
            Ok(prefix)
        } else {
            Err(EditError::Spelling(
                "a key is not at the beginning of its line",
            ))
        }
    }
}

/// Tells whether a text is the first parts of a key with dots, or nothing.
fn is_keys(text: &str) -> bool {
    let (mut quote, mut escaped, mut last) = (None, false, None);
    for c in text.chars() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '\t') => {}
            None => return false,
        }
        if !matches!(c, ' ' | '\t') {
            last = Some(c);
        }
    }
    quote.is_none() && last.is_none_or(|c| c == '.')
}

/// Returns the key under which the arguments stand beside a program that stands under `keys`.
pub(super) fn arguments_key(shape: &Shape, keys: &[&str]) -> Result<&'static str, EditError> {
    let holder = keys.split_last().map(|(_, holder)| holder);
    let beside = |path: &&crate::clients::table::Keys| {
        path.split_last()
            .is_some_and(|(_, before)| Some(before) == holder)
    };
    let found = shape
        .arguments
        .iter()
        .find(beside)
        .and_then(|path| path.last());
    let found = found.filter(|_| shape.command.contains(&keys));
    found
        .copied()
        .ok_or(EditError::Command("the client has no list of arguments"))
}

fn literals(words: &[String]) -> Vec<Literal> {
    words.iter().cloned().map(Literal::new).collect()
}
