//! The tree that every format is read into.

use std::ops::Range;
use std::rc::Rc;

use crate::clients::entry::Literal;

/// Where in a text a problem is, and what it is.
pub(super) type Problem = (usize, &'static str);

/// A text behind what is not part of it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// The text that is parsed.
    pub(super) text: &'a str,
    /// How many bytes of the file stand before it.
    pub(super) before: usize,
}

impl Source<'_> {
    /// Returns where in the file a range of the text is.
    pub(super) fn span(&self, range: Range<usize>) -> Range<usize> {
        range.start.saturating_add(self.before)..range.end.saturating_add(self.before)
    }
}

/// A value, and the bytes of the file it stands at. Where a file refers to a value that stands elsewhere in it (an
/// alias in YAML), that value is shared.
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
    /// How deep it goes.
    height: usize,
    /// How many values there are in it, shared ones as often as they are referred to.
    weight: usize,
}

/// What a value is.
pub(crate) enum Kind {
    /// A text.
    Text(Literal),
    /// A number, a truth value, a date, nothing: as it is written.
    Word(Literal),
    /// A list.
    List(Vec<Rc<Node>>),
    /// Keys and values, in the order of the file; a key may stand there twice.
    Map(Vec<Pair>, Form),
}

/// How a map is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Between braces, with commas.
    Braces,
    /// One pair a line: TOML behind a header, or YAML without braces.
    Lines,
}

/// A key and its value.
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Rc<Node>,
}

impl Node {
    /// Makes one.
    pub(super) fn new(span: Range<usize>, kind: Kind) -> Self {
        let (height, weight) = match &kind {
            Kind::Text(_) | Kind::Word(_) => (0, 0),
            Kind::List(all) => measured(all.iter()),
            Kind::Map(all, _) => measured(all.iter().map(|pair| &pair.value)),
        };
        Self {
            span,
            kind,
            height: height.saturating_add(1),
            weight: weight.saturating_add(1),
        }
    }

    /// How deep it goes.
    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// How many values there are in it.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Returns its text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text.text()),
            Kind::Word(_) | Kind::List(_) | Kind::Map(..) => None,
        }
    }

    /// Returns the pairs of a map, none of anything else.
    pub(crate) fn pairs(&self) -> &[Pair] {
        match &self.kind {
            Kind::Map(pairs, _) => pairs,
            Kind::Text(_) | Kind::Word(_) | Kind::List(_) => &[],
        }
    }

    /// Returns the value of a key: the last one, as parsers take it.
    pub(crate) fn get(&self, key: &str) -> Option<&Rc<Self>> {
        let mut found = self.pairs().iter().rev().filter(|pair| pair.key == key);
        found.next().map(|pair| &pair.value)
    }
}

fn measured<'a>(nodes: impl Iterator<Item = &'a Rc<Node>>) -> (usize, usize) {
    nodes.fold((0, 0), |(height, weight), node| {
        (height.max(node.height), weight.saturating_add(node.weight))
    })
}
