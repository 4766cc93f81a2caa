//! YAML into the tree: read only.
//!
//! The parser hands over one event after the other and does not recurse. An alias shares the value it refers to,
//! so that a text of many aliases takes no more memory than it has bytes; how much it stands for is bounded.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::MOST_VALUES;
use super::depth;
use super::tree::{Form, Kind, Node, Pair, Problem, Source};
use crate::clients::entry::Literal;

/// A list or map that is not complete yet.
struct Open {
    start: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Rc<Node>>),
    Map(Vec<Pair>, Option<Rc<Node>>),
}

struct Builder<'a> {
    source: Source<'a>,
    /// Where each character begins; empty where each is one byte.
    characters: Vec<usize>,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    root: Option<Rc<Node>>,
    values: usize,
}

pub(super) fn parse(source: Source<'_>) -> Result<Rc<Node>, Problem> {
    let characters = if source.text.is_ascii() {
        Vec::new()
    } else {
        source.text.char_indices().map(|(at, _)| at).collect()
    };
    let mut builder = Builder {
        source,
        characters,
        open: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        values: 0,
    };
    for event in Parser::new_from_str(source.text) {
        let (event, span) = event.map_err(|e| {
            // The scanner looks ahead, and has a limit of its own.
            let what = if e.info().contains("recursion limit") {
                depth::TOO_DEEP
            } else {
                "it is not written as YAML has it"
            };
            (builder.byte(e.marker().index()), what)
        })?;
        builder.take(event, span)?;
    }
    let empty = || {
        Rc::new(Node::new(
            source.span(0..0),
            Kind::Map(Vec::new(), Form::Lines),
        ))
    };
    Ok(builder.root.unwrap_or_else(empty))
}

impl Builder<'_> {
    /// Returns where the character of that number begins. The parser counts characters.
    fn byte(&self, index: usize) -> usize {
        if self.characters.is_empty() {
            return index.min(self.source.text.len());
        }
        let found = self.characters.get(index).copied();
        found.unwrap_or(self.source.text.len())
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let text = Literal::new(text.into_owned());
                let is_word = style == ScalarStyle::Plain && is_word(text.text());
                let kind = if is_word {
                    Kind::Word(text)
                } else {
                    Kind::Text(text)
                };
                let node = Rc::new(Node::new(self.source.span(start..end), kind));
                self.complete(node, anchor, start)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => self.complete(Rc::clone(node), 0, start),
                None => Err((start, "an alias refers to what it is part of")),
            },
            Event::SequenceStart(anchor, _) => self.begin(start, anchor, Content::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                self.begin(start, anchor, Content::Map(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(end),
            Event::DocumentStart(_) if self.root.is_some() => {
                Err((start, "there is more than one document"))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, start: usize, anchor: usize, content: Content) -> Result<(), Problem> {
        let open = Open {
            start,
            anchor,
            content,
        };
        self.open.push(open);
        depth::check_height(self.open.len(), start)
    }

    fn end(&mut self, end: usize) -> Result<(), Problem> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let is_flow = self
            .source
            .text
            .get(open.start..)
            .is_some_and(|rest| rest.starts_with('{'));
        let kind = match open.content {
            Content::List(all) => Kind::List(all),
            Content::Map(pairs, _) if is_flow => Kind::Map(pairs, Form::Braces),
            Content::Map(pairs, _) => Kind::Map(pairs, Form::Lines),
        };
        let span = self.source.span(open.start..end.max(open.start));
        let node = Rc::new(Node::new(span, kind));
        self.complete(node, open.anchor, open.start)
    }

    /// Puts a value where it belongs.
    fn complete(&mut self, node: Rc<Node>, anchor: usize, at: usize) -> Result<(), Problem> {
        let depth = node.height().saturating_add(self.open.len());
        depth::check_height(depth, at)?;
        self.values = depth::more(self.values, at)?;
        if node.weight() > MOST_VALUES {
            return Err((at, depth::TOO_MUCH));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(all)) => all.push(node),
            Some(Content::Map(pairs, key)) => match key.take() {
                None => *key = Some(node),
                Some(key) => pairs.push(Pair {
                    key: key_text(&key),
                    key_span: key.span.clone(),
                    value: node,
                }),
            },
        }
        Ok(())
    }
}

/// What a key is called; one that is no text is called nothing.
fn key_text(key: &Node) -> String {
    match &key.kind {
        Kind::Text(text) | Kind::Word(text) => text.text().to_owned(),
        Kind::List(_) | Kind::Map(..) => String::new(),
    }
}

/// Tells whether a plain scalar is a truth value, nothing or a number, and no text (YAML 1.2.2, 10.3.2).
fn is_word(text: &str) -> bool {
    matches!(
        text,
        "" | "~"
            | "null"
            | "Null"
            | "NULL"
            | "true"
            | "True"
            | "TRUE"
            | "false"
            | "False"
            | "FALSE"
    ) || text.parse::<f64>().is_ok_and(f64::is_finite)
}
