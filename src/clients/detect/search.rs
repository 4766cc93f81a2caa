//! The search in one text: takes it apart as far as it has parts, and keeps what it finds.

use std::ops::Range;

use super::judge::judge;
use super::name::Meaning;
use super::piece::Piece;
use super::placeholder::{is_default, is_placeholder};
use super::random::is_random;
use super::reference::{Inner, is_reference, references};
use super::shape::{Shape, shapes};
use super::words::{lists, words};
use super::{Confidence, Kind};

/// How deep texts in texts are followed.
const DEEPEST: usize = 5;

/// What a text stands under.
#[derive(Clone, Copy)]
pub(super) struct Under<'a> {
    /// The variable, flag, header, parameter or key; empty for none.
    pub(super) name: &'a str,
    pub(super) meaning: Meaning,
    /// The variable by which the server could be given it instead.
    pub(super) wanted: Option<&'a str>,
    /// What kind it is if it has no shape of its own.
    pub(super) kind: Option<Kind>,
}

impl<'a> Under<'a> {
    pub(super) const NOTHING: Under<'static> = Under {
        name: "",
        meaning: Meaning::Unknown,
        wanted: None,
        kind: None,
    };

    pub(super) fn of(name: &'a str) -> Self {
        Self {
            name,
            meaning: Meaning::of(name),
            ..Under::NOTHING
        }
    }

    pub(super) fn with_kind(self, kind: Kind) -> Self {
        Self {
            kind: Some(kind),
            ..self
        }
    }

    /// The kind of what has no shape.
    fn kind(&self) -> Kind {
        if let Some(kind) = self.kind {
            return kind;
        }
        let words = words(self.name);
        let mut last = words.iter().rev().map(String::as_str);
        let (last, before) = (
            last.next().unwrap_or_default(),
            last.next().unwrap_or_default(),
        );
        let is_password = last.starts_with("pass")
            || last.ends_with("password")
            || matches!(last, "pwd" | "pin" | "pw");
        match (before, last) {
            ("access", "key") if words.iter().any(|word| word == "secret") => Kind::AWS_SECRET_KEY,
            _ if is_password => Kind::PASSWORD,
            _ => Kind::GENERIC,
        }
    }
}

/// A secret in the text.
pub(super) struct Found {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
    pub(super) confidence: Confidence,
    pub(super) name: Option<String>,
    pub(super) wanted: Option<String>,
}

/// The search in one text.
pub(super) struct Search<'t> {
    text: &'t str,
    references: Vec<Inner>,
    found: Vec<Found>,
    depth: usize,
}

impl<'t> Search<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            text,
            references: references(text),
            found: Vec::new(),
            depth: 0,
        }
    }

    pub(super) fn whole(&self) -> Piece<'t> {
        Piece::whole(self.text)
    }

    /// Searches the text as the value of a variable or a key.
    pub(super) fn named(&mut self, name: &str) {
        self.value(self.whole(), Under::of(name));
    }

    /// Searches the text as one that stands under no name.
    pub(super) fn unnamed(&mut self) {
        self.value(self.whole(), Under::NOTHING);
    }

    /// Searches a text somewhere else in an entry, by the keys that lead to it.
    pub(super) fn elsewhere(&mut self, keys: &[String]) {
        let is_number = |key: &&String| key.bytes().all(|byte| byte.is_ascii_digit());
        let mut named = keys
            .iter()
            .rev()
            .filter(|key| !is_number(key))
            .map(String::as_str);
        let (name, above) = (
            named.next().unwrap_or_default(),
            named.next().unwrap_or_default(),
        );
        let is_list_of_names = |key: &str| lists(NAMES, words(key).concat().as_str());
        if is_list_of_names(name) || is_list_of_names(above) {
            let meaning = Meaning::Else;
            return self.value(
                self.whole(),
                Under {
                    meaning,
                    ..Under::NOTHING
                },
            );
        }
        match words(above).concat().as_str() {
            "headers" | "httpheaders" | "requestheaders" | "defaultheaders" => self.header(name),
            _ => self.named(name),
        }
    }

    /// Searches a part of the text, which stands under a name or none.
    pub(super) fn value(&mut self, piece: Piece<'t>, under: Under<'_>) {
        let piece = piece.trimmed().unquoted().trimmed();
        if piece.is_empty() || self.depth >= DEEPEST {
            return;
        }
        self.depth = self.depth.saturating_add(1);
        if is_reference(piece.text) {
            self.defaults(piece, under);
        } else if !self.structured(piece, under) {
            self.defaults(piece, under);
            if !self.shaped(piece, under) {
                self.by_name(piece, under);
            }
        }
        self.depth = self.depth.saturating_sub(1);
    }

    /// Takes apart what has parts. Tells whether it had.
    fn structured(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        self.json(piece, under)
            || self.address(piece, under)
            || self.connection(piece, under)
            || self.scheme(piece, under)
            || self.headers(piece, under)
            || self.cookies(piece, under)
            || self.list(piece, under)
            || self.pair(piece, under)
            || self.labelled(piece, under)
            || self.options(piece, under)
    }

    /// Searches the texts that are taken where a variable is not set.
    fn defaults(&mut self, piece: Piece<'t>, under: Under<'_>) {
        let inside = self.inside(piece);
        let defaults: Vec<_> = self
            .references
            .get(inside)
            .unwrap_or_default()
            .iter()
            .filter_map(|inner| inner.default.clone())
            .collect();
        for range in defaults {
            let part = self.whole().part(range);
            // Inside, only the references count that are inside.
            let shifted = |inner: Inner| {
                let shift = |range: Range<usize>| {
                    range.start.saturating_add(part.start)..range.end.saturating_add(part.start)
                };
                Inner {
                    range: shift(inner.range),
                    default: inner.default.map(shift),
                }
            };
            let inside = references(part.text).into_iter().map(shifted).collect();
            let outside = std::mem::replace(&mut self.references, inside);
            self.value(part, under);
            self.references = outside;
        }
    }

    /// Which references touch a part.
    fn inside(&self, piece: Piece<'t>) -> Range<usize> {
        let first = self
            .references
            .partition_point(|inner| inner.range.end <= piece.start);
        let end = self
            .references
            .partition_point(|inner| inner.range.start < piece.end());
        first..end.max(first)
    }

    /// Returns where the reference ends that begins at `at`.
    pub(super) fn reference_end(&self, at: usize) -> Option<usize> {
        let found = self
            .references
            .binary_search_by_key(&at, |inner| inner.range.start);
        self.references
            .get(found.ok()?)
            .map(|inner| inner.range.end)
    }

    /// Tells whether a reference touches a part.
    pub(super) fn is_touched(&self, piece: Piece<'t>) -> bool {
        !self.inside(piece).is_empty()
    }

    /// What is left of a part without its references.
    fn literals(&self, piece: Piece<'t>) -> Vec<Piece<'t>> {
        let (mut left, mut start) = (Vec::new(), piece.start);
        let touching = self.references.get(self.inside(piece)).unwrap_or_default();
        for inner in touching {
            if start < inner.range.start {
                left.push(self.whole().part(start..inner.range.start));
            }
            start = start.max(inner.range.end);
        }
        if start < piece.end() {
            left.push(self.whole().part(start..piece.end()));
        }
        left
    }

    /// Keeps the texts of known shape in a part. Tells whether there were any.
    pub(super) fn shaped(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let mut any = false;
        for shape in shapes(piece.text) {
            let part = piece.part(shape.range.clone());
            let covers = part.text.len().saturating_mul(10) >= piece.text.len().saturating_mul(8);
            let is_foreign =
                !covers && under.meaning.is_strong() && shape.confidence < Confidence::High;
            if self.is_touched(part) || is_foreign {
                continue;
            }
            let confidence = sureness(&shape, under.meaning, covers);
            self.keep(part, shape.kind, confidence, under);
            any = true;
        }
        any
    }

    /// Judges a part by its name.
    fn by_name(&mut self, piece: Piece<'t>, under: Under<'_>) {
        if !self.is_touched(piece) {
            if let Some(confidence) = judge(piece.text, under.meaning) {
                self.keep(piece, under.kind(), confidence, under);
            }
            return;
        }
        if !matches!(
            under.meaning,
            Meaning::Chosen | Meaning::Made | Meaning::Key
        ) {
            return;
        }
        for part in self.literals(piece) {
            if is_random(part.text) && !is_placeholder(part.text) {
                self.keep(part, under.kind(), Confidence::Medium, under);
            }
        }
    }

    /// Keeps a part that stands where nothing but a password does.
    pub(super) fn password(&mut self, piece: Piece<'t>, under: Under<'_>) {
        self.defaults(piece, under);
        if self.is_touched(piece) {
            return self.by_name(
                piece,
                Under {
                    meaning: Meaning::Chosen,
                    ..under
                },
            );
        }
        if is_placeholder(piece.text)
            || self.shaped(
                piece,
                Under {
                    meaning: Meaning::Chosen,
                    ..under
                },
            )
        {
            return;
        }
        let confidence = if is_default(piece.text) {
            Confidence::Low
        } else {
            Confidence::High
        };
        self.keep(piece, under.kind(), confidence, under);
    }

    /// Keeps a finding.
    pub(super) fn keep(
        &mut self,
        piece: Piece<'t>,
        kind: Kind,
        confidence: Confidence,
        under: Under<'_>,
    ) {
        self.found.push(Found {
            span: piece.span(),
            kind,
            confidence,
            name: (!under.name.is_empty()).then(|| under.name.to_owned()),
            wanted: under.wanted.map(str::to_owned),
        });
    }

    /// Tells whether the text is the id of a key of AWS (IAM User Guide, "IAM identifiers"), which has a secret beside it.
    pub(super) fn has_aws_id(&self) -> bool {
        let is_id = |text: &str| {
            text.len() == 20
                && (text.starts_with("AKIA") || text.starts_with("ASIA"))
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        };
        self.text.len() < 4096
            && self
                .text
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(is_id)
    }

    /// Returns what was found, in its order, and of what overlaps the surest.
    pub(super) fn finished(mut self, has_aws_id: bool) -> Vec<Found> {
        for found in &mut self.found {
            let is_generic = matches!(found.kind, Kind::GENERIC);
            let text = self.text.get(found.span.clone()).unwrap_or_default();
            let is_of_aws = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
            if has_aws_id && is_generic && text.len() == 40 && text.bytes().all(is_of_aws) {
                found.kind = Kind::AWS_SECRET_KEY;
                found.confidence = Confidence::High;
            }
        }
        // A stable sort: of two that are as sure, the first one stays.
        self.found
            .sort_by_key(|found| std::cmp::Reverse(found.confidence));
        let mut kept: Vec<Found> = Vec::new();
        let mut taken = std::collections::BTreeMap::new();
        for found in self.found {
            let before = taken.range(..found.span.end).next_back();
            let overlaps = before.is_some_and(|(_, end): (_, &usize)| *end > found.span.start);
            if !overlaps && !found.span.is_empty() {
                taken.insert(found.span.start, found.span.end);
                kept.push(found);
            }
        }
        kept.sort_by_key(|found| found.span.start);
        kept
    }
}

/// How sure a shape is under a name.
fn sureness(shape: &Shape, meaning: Meaning, covers: bool) -> Confidence {
    let is_raised = covers
        && !shape.is_capped
        && matches!(meaning, Meaning::Chosen | Meaning::Made | Meaning::Key);
    if is_raised {
        Confidence::High
    } else if meaning == Meaning::Else && shape.confidence < Confidence::High {
        Confidence::Low
    } else {
        shape.confidence
    }
}

/// Keys of lists whose texts are names: of tools, of variables.
const NAMES: &str = "autoapprove alwaysallow disabledtools enabledtools includetools excludetools tools envvars envkeys \
    envhttpheaders allowedtools scopes oauthscopes description title note comment watchpaths toolsets tags";
