//! A text while it is being changed: which bytes are to be replaced, and what the tree is to be afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use zeroize::Zeroizing;

use super::gaps::Gaps;
use super::quote::Style;
use super::verify::{Action, Expected, is_meant};
use super::{EditError, Piece, Splice};
use crate::clients::document::{Document, Format, Found, Kind, Node};
use crate::clients::entry::{Literal, Place};
use crate::clients::table::Keys;

/// Bytes of the old text, and what is to stand there.
struct Cut {
    span: Range<usize>,
    new: String,
    old: Vec<Piece>,
    /// For which of the changes.
    change: usize,
}

pub(super) struct Work<'a> {
    pub(super) document: &'a Document,
    pub(super) gaps: Gaps<'a>,
    cuts: Vec<Cut>,
    actions: BTreeMap<Vec<usize>, Action>,
    change: usize,
}

impl<'a> Work<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        Self {
            document,
            gaps: Gaps {
                text: document.text(),
                format: document.format(),
            },
            cuts: Vec::new(),
            actions: BTreeMap::new(),
            change: 0,
        }
    }

    /// What is asked for next belongs to the change of that number.
    pub(super) fn begin(&mut self, change: usize) {
        self.change = change;
    }

    /// Puts `text` in the place of another.
    pub(super) fn set(
        &mut self,
        found: &Found,
        place: &Place,
        text: &Literal,
    ) -> Result<(), EditError> {
        let (path, node) = self.item(found, place)?;
        let token = self.gaps.slice(node.span.clone());
        let style = Style::like(self.document.format(), token);
        self.put(path, node, style.write_or_near(text.text()), place, text)
    }

    /// Puts `token`, which is written as `text` is, in the place of the value at `path`.
    pub(super) fn put(
        &mut self,
        path: Vec<usize>,
        node: &Node,
        token: String,
        place: &Place,
        text: &Literal,
    ) -> Result<(), EditError> {
        let old = self.token(node, place);
        self.cut(node.span.clone(), token, vec![old]);
        self.act(path, Action::Text(text.clone()))
    }

    /// Returns what a token says.
    pub(super) fn text_of(&self, token: &str) -> Result<Literal, EditError> {
        decoded(self.document.format(), token)
    }

    /// What the tree is to be.
    pub(super) fn actions(&self) -> &BTreeMap<Vec<usize>, Action> {
        &self.actions
    }

    /// Returns how much was asked for until now.
    pub(super) fn mark(&self) -> (usize, BTreeSet<Vec<usize>>) {
        (self.cuts.len(), self.actions.keys().cloned().collect())
    }

    /// Takes back what was asked for since.
    pub(super) fn reset(&mut self, (cuts, actions): (usize, BTreeSet<Vec<usize>>)) {
        self.cuts.truncate(cuts);
        self.actions.retain(|path, _| actions.contains(path));
    }

    /// Returns what stands there as a piece.
    pub(super) fn token(&self, node: &Node, place: &Place) -> Piece {
        let token = self.gaps.slice(node.span.clone()).to_owned();
        Piece::Token(place.clone(), Literal::new(token))
    }

    /// Notes bytes to replace.
    pub(super) fn cut(&mut self, span: Range<usize>, new: String, old: Vec<Piece>) {
        self.cuts.push(Cut {
            span,
            new,
            old,
            change: self.change,
        });
    }

    /// Notes what the value at `path` is to be.
    pub(super) fn act(&mut self, path: Vec<usize>, action: Action) -> Result<(), EditError> {
        match self.actions.insert(path, action) {
            None => Ok(()),
            Some(_) => Err(EditError::Overlap),
        }
    }

    /// Tells whether the value at `path` is taken out.
    pub(super) fn is_taken_out(&self, path: &[usize]) -> bool {
        matches!(self.actions.get(path), Some(Action::Remove))
    }

    /// Notes that the map at `path` gets one more pair behind all others.
    pub(super) fn append(
        &mut self,
        path: Vec<usize>,
        key: String,
        value: Expected,
    ) -> Result<(), EditError> {
        let action = self.actions.entry(path);
        if let Action::Append(pairs) = action.or_insert_with(|| Action::Append(Vec::new()))
            && pairs.iter().all(|(other, _)| *other != key)
        {
            pairs.push((key, value));
            return Ok(());
        }
        Err(EditError::Overlap)
    }

    /// Returns the value of an entry's text, and the way to it.
    pub(super) fn item(
        &self,
        found: &Found,
        place: &Place,
    ) -> Result<(Vec<usize>, &'a Rc<Node>), EditError> {
        let items = found.entry.items.iter().zip(&found.paths);
        let mut paths = items.filter(|(item, _)| item.place == *place);
        let (_, below) = paths.next().ok_or(EditError::Absent)?;
        if paths.next().is_some() {
            return Err(EditError::Repeated);
        }
        let path = [found.path.as_slice(), below.as_slice()].concat();
        let node = self.node(&path)?;
        match node.kind {
            Kind::Text(_) | Kind::Word(_) => Ok((path, node)),
            Kind::List(_) | Kind::Map(..) => Err(EditError::Absent),
        }
    }

    /// Returns the value at the end of a way on which every key stands once.
    pub(super) fn node(&self, path: &[usize]) -> Result<&'a Rc<Node>, EditError> {
        let mut node = self.document.root();
        for number in path {
            node = match &node.kind {
                Kind::List(all) => all.get(*number).ok_or(EditError::Absent)?,
                Kind::Map(pairs, _) => {
                    let pair = pairs.get(*number).ok_or(EditError::Absent)?;
                    if pairs.iter().filter(|other| other.key == pair.key).count() > 1 {
                        return Err(EditError::Repeated);
                    }
                    &pair.value
                }
                Kind::Text(_) | Kind::Word(_) => return Err(EditError::Absent),
            };
        }
        Ok(node)
    }

    /// Returns the keys on the way to a value, behind its first `from` steps.
    pub(super) fn keys(&self, path: &[usize], from: usize) -> Result<Vec<&'a str>, EditError> {
        let mut keys = Vec::new();
        let mut node = self.document.root();
        for (step, number) in path.iter().enumerate() {
            node = match &node.kind {
                Kind::List(all) => all.get(*number).ok_or(EditError::Absent)?,
                Kind::Map(pairs, _) => {
                    let pair = pairs.get(*number).ok_or(EditError::Absent)?;
                    if step >= from {
                        keys.push(pair.key.as_str());
                    }
                    &pair.value
                }
                Kind::Text(_) | Kind::Word(_) => return Err(EditError::Absent),
            };
        }
        Ok(keys)
    }

    /// Makes the new text, and makes sure that it says what was meant. Returns which bytes were replaced for each
    /// change.
    #[expect(clippy::type_complexity, reason = "a text and its splices")]
    pub(super) fn finish(
        mut self,
    ) -> Result<(Zeroizing<String>, BTreeMap<usize, Vec<Splice>>), EditError> {
        // What is put between two bytes comes before what takes the place of the second.
        self.cuts.sort_by_key(|cut| (cut.span.start, cut.span.end));
        let old = self.document.text();
        let added: usize = self.cuts.iter().map(|cut| cut.new.len()).sum();
        // Never moved while it grows, so that no part of it is left behind.
        let mut text = Zeroizing::new(String::with_capacity(old.len().saturating_add(added)));
        let mut splices: BTreeMap<usize, Vec<Splice>> = BTreeMap::new();
        let mut done = 0_usize;
        for (order, cut) in self.cuts.into_iter().enumerate() {
            if cut.span.start < done {
                return Err(EditError::Overlap);
            }
            text.push_str(old.get(done..cut.span.start).ok_or(EditError::Overlap)?);
            let start = text.len();
            text.push_str(&cut.new);
            splices.entry(cut.change).or_default().push(Splice {
                span: start..text.len(),
                order,
                new: cut.new,
                old: cut.old,
            });
            done = cut.span.end;
        }
        text.push_str(old.get(done..).ok_or(EditError::Overlap)?);
        let read = Document::parse(self.document.format(), &text)?;
        if is_meant(self.document.root(), read.root(), &self.actions) {
            Ok((text, splices))
        } else {
            Err(EditError::Unfaithful)
        }
    }
}

/// Returns the way to what stands under `keys` below the value at `path`.
pub(super) fn path_of(document: &Document, path: &[usize], keys: Keys) -> Option<Vec<usize>> {
    let mut node = document.root();
    for number in path {
        node = match &node.kind {
            Kind::List(all) => all.get(*number)?,
            Kind::Map(pairs, _) => &pairs.get(*number)?.value,
            Kind::Text(_) | Kind::Word(_) => return None,
        };
    }
    let mut path = path.to_vec();
    for key in keys {
        let number = node.pairs().iter().position(|pair| pair.key == *key)?;
        node = &node.pairs().get(number)?.value;
        path.push(number);
    }
    Some(path)
}

/// Returns what a token says.
pub(in crate::clients) fn decoded(format: Format, token: &str) -> Result<Literal, EditError> {
    let text = match format {
        Format::Toml => format!("x = {token}"),
        Format::Json | Format::Jsonc | Format::Yaml => format!("[{token}]"),
    };
    let text = Zeroizing::new(text);
    let read = Document::parse(format, &text)?;
    let node = match &read.root().kind {
        Kind::List(all) => all.first(),
        Kind::Map(pairs, _) => pairs.first().map(|pair| &pair.value),
        Kind::Text(_) | Kind::Word(_) => None,
    };
    match node.map(|node| &node.kind) {
        Some(Kind::Text(text) | Kind::Word(text)) => Ok(text.clone()),
        _ => Err(EditError::Absent),
    }
}
