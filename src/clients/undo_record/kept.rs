//! Changes as they are kept: as [`Undo`] has them, but for the secrets.

use serde::{Deserialize, Serialize};

use super::super::document::Format;
use super::super::edit::{Change, Piece, Splice, Style, Undo, Wrap, decoded};
use super::super::entry::{Literal, Place};
use super::{EntryName, Kept, UndoRecordError, Wiped};
use crate::secret::SecretName;
use crate::store::Version;

/// A version of a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRef {
    /// The id of the secret, which it keeps under any name.
    pub id: String,
    /// What it was called.
    pub name: SecretName,
    /// Which of its versions stood there.
    pub version: Version,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What is no secret, decoded.
    Text(String),
    /// A secret.
    Secret(SecretRef),
}

/// A change of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptChange {
    under: Vec<String>,
    server: String,
    change: What,
    splices: Vec<KeptSplice>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Set(KeptPlace),
    Wrapped {
        words: Vec<String>,
        program: Option<String>,
    },
    Put {
        name: String,
        text: String,
        is_block_new: bool,
    },
    Removed(KeptPlace),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptPlace {
    Command,
    Argument(usize),
    Variable(String),
    Header(String),
    Url,
    EnvFile,
    Other(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptSplice {
    start: usize,
    order: usize,
    new: String,
    old: Vec<KeptPiece>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptPiece {
    /// Keys, commas, space.
    Text(String),
    /// A text of the entry without a secret in it, as it was written.
    Written(KeptPlace, String),
    /// One with a secret in it.
    Secret {
        place: KeptPlace,
        spelling: Spelling,
        parts: Vec<Part>,
    },
}

/// How a text was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Spelling {
    Json {
        ascii: bool,
        slashes: bool,
    },
    TomlBasic,
    TomlLiteral,
    Bare,
    /// As it is, between these quotes (TOML over several lines).
    Between(String, String),
}

impl Spelling {
    /// Returns how `token` writes `text`, if [`Spelling::write`] gives exactly that back.
    fn of(format: Format, token: &str, text: &str) -> Option<Self> {
        if let Some(style) = Style::of(format, token, text) {
            return Some(match style {
                Style::Json { ascii, slashes } => Self::Json { ascii, slashes },
                Style::TomlBasic => Self::TomlBasic,
                Style::TomlLiteral => Self::TomlLiteral,
                Style::Bare => Self::Bare,
            });
        }
        const OPEN: [&str; 6] = [
            "\"\"\"",
            "\"\"\"\n",
            "\"\"\"\r\n",
            "'''",
            "'''\n",
            "'''\r\n",
        ];
        if format != Format::Toml {
            return None;
        }
        OPEN.iter().find_map(|open| {
            let close = open.get(..3)?;
            let inner = token.strip_prefix(open)?.strip_suffix(close)?;
            (inner == text).then(|| Self::Between((*open).to_owned(), close.to_owned()))
        })
    }

    fn write(&self, text: &str) -> Option<Wiped> {
        let style = match self {
            Self::Json { ascii, slashes } => Style::Json {
                ascii: *ascii,
                slashes: *slashes,
            },
            Self::TomlBasic => Style::TomlBasic,
            Self::TomlLiteral => Style::TomlLiteral,
            Self::Bare => Style::Bare,
            Self::Between(open, close) => {
                let length = open.len().saturating_add(close.len());
                let mut token =
                    Wiped::new(String::with_capacity(length.saturating_add(text.len())));
                token.push_str(open);
                token.push_str(text);
                token.push_str(close);
                return Some(token);
            }
        };
        style.write(text).map(Wiped::new)
    }
}

impl KeptChange {
    pub(super) fn new(
        format: Format,
        undo: &Undo,
        parts: &dyn Fn(&Undo, &Place, &str) -> Vec<Part>,
    ) -> Result<Self, UndoRecordError> {
        let splice = |splice: &Splice| {
            let old = splice.old.iter();
            let old = old.map(|piece| match piece {
                Piece::Text(text) => Ok(KeptPiece::Text(text.clone())),
                Piece::Token(place, token) => keep(format, undo, place, token, parts),
            });
            Ok::<_, UndoRecordError>(KeptSplice {
                start: splice.span.start,
                order: splice.order,
                new: splice.new.clone(),
                old: old.collect::<Result<_, _>>()?,
            })
        };
        Ok(Self {
            under: undo.under.clone(),
            server: undo.server.clone(),
            change: match &undo.change {
                Change::Set(place) => What::Set(place.into()),
                Change::Wrapped(wrap) => What::Wrapped {
                    words: wrap.words.clone(),
                    program: wrap.program.clone(),
                },
                // A reference, and no value.
                Change::Put {
                    name,
                    text,
                    is_block_new,
                } => What::Put {
                    name: name.clone(),
                    text: text.text().to_owned(),
                    is_block_new: *is_block_new,
                },
                Change::Removed(place) => What::Removed(place.into()),
            },
            splices: undo.splices.iter().map(splice).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn entry(&self) -> EntryName {
        EntryName {
            under: self.under.clone(),
            server: self.server.clone(),
        }
    }

    pub(super) fn is_of(&self, entry: &EntryName) -> bool {
        self.under == entry.under && self.server == entry.server
    }

    pub(super) fn words(&self) -> Option<&[String]> {
        match &self.change {
            What::Wrapped { words, .. } => Some(words),
            What::Set(_) | What::Removed(_) | What::Put { .. } => None,
        }
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = Kept<'_>> {
        let pieces = self.splices.iter().flat_map(|splice| &splice.old);
        pieces.flat_map(move |piece| {
            let (place, parts) = match piece {
                KeptPiece::Secret { place, parts, .. } => (Some(place), parts.as_slice()),
                KeptPiece::Text(_) | KeptPiece::Written(..) => (None, &[][..]),
            };
            parts.iter().filter_map(move |part| match part {
                Part::Text(_) => None,
                Part::Secret(secret) => Some(Kept {
                    server: &self.server,
                    place: place?.into(),
                    secret,
                }),
            })
        })
    }

    pub(super) fn has_secret(&self, id: &str) -> bool {
        self.secrets().any(|kept| kept.secret.id == id)
    }

    /// Puts the texts together; `None` where a value is missing.
    pub(super) fn together(&self, value: &dyn Fn(&SecretRef) -> Option<Literal>) -> Option<Undo> {
        let splice = |splice: &KeptSplice| {
            let old = splice.old.iter().map(|piece| piece.together(value));
            Some(Splice {
                old: old.collect::<Option<_>>()?,
                ..splice.bare()
            })
        };
        Some(Undo {
            splices: self.splices.iter().map(splice).collect::<Option<_>>()?,
            ..self.bare()
        })
    }

    /// Returns it without what stood there before.
    pub(super) fn bare(&self) -> Undo {
        Undo {
            under: self.under.clone(),
            server: self.server.clone(),
            change: match &self.change {
                What::Set(place) => Change::Set(place.into()),
                What::Wrapped { words, program } => Change::Wrapped(Wrap {
                    words: words.clone(),
                    program: program.clone(),
                }),
                What::Put {
                    name,
                    text,
                    is_block_new,
                } => Change::Put {
                    name: name.clone(),
                    text: Literal::new(text.clone()),
                    is_block_new: *is_block_new,
                },
                What::Removed(place) => Change::Removed(place.into()),
            },
            splices: self.splices.iter().map(KeptSplice::bare).collect(),
        }
    }

    /// Takes over where the new bytes stand.
    pub(super) fn place_at(&mut self, moved: &Undo) {
        for (kept, moved) in self.splices.iter_mut().zip(&moved.splices) {
            kept.start = moved.span.start;
        }
    }
}

impl KeptSplice {
    fn bare(&self) -> Splice {
        Splice {
            span: self.start..self.start.saturating_add(self.new.len()),
            order: self.order,
            new: self.new.clone(),
            old: Vec::new(),
        }
    }
}

impl KeptPiece {
    fn together(&self, value: &dyn Fn(&SecretRef) -> Option<Literal>) -> Option<Piece> {
        match self {
            Self::Text(text) => Some(Piece::Text(text.clone())),
            Self::Written(place, token) => {
                Some(Piece::Token(place.into(), Literal::new(token.clone())))
            }
            Self::Secret {
                place,
                spelling,
                parts,
            } => {
                let texts = parts.iter().map(|part| match part {
                    Part::Text(text) => Some(Literal::new(text.clone())),
                    Part::Secret(secret) => value(secret),
                });
                let texts = texts.collect::<Option<Vec<_>>>()?;
                let length = texts.iter().map(|text| text.text().len()).sum();
                let mut whole = Wiped::new(String::with_capacity(length));
                for text in &texts {
                    whole.push_str(text.text());
                }
                let mut token = spelling.write(&whole)?;
                let token = Literal::new(std::mem::take(&mut *token));
                Some(Piece::Token(place.into(), token))
            }
        }
    }
}

fn keep(
    format: Format,
    undo: &Undo,
    place: &Place,
    token: &Literal,
    parts: &dyn Fn(&Undo, &Place, &str) -> Vec<Part>,
) -> Result<KeptPiece, UndoRecordError> {
    let refused = || spelling(undo, place);
    let text = decoded(format, token.text()).map_err(|_| refused())?;
    let parts = parts(undo, place, text.text());
    if !parts.iter().any(|part| matches!(part, Part::Secret(_))) {
        return Ok(KeptPiece::Written(place.into(), token.text().to_owned()));
    }
    if !are_parts_of(&parts, text.text()) {
        return Err(refused());
    }
    let spelling = Spelling::of(format, token.text(), text.text()).ok_or_else(refused)?;
    Ok(KeptPiece::Secret {
        place: place.into(),
        spelling,
        parts,
    })
}

/// Tells whether parts make up a text, as far as that is seen without the values: what is no secret stands in it, in that
/// order, and from its begin to its end.
fn are_parts_of(parts: &[Part], text: &str) -> bool {
    let Some((last, before)) = parts.split_last() else {
        return text.is_empty();
    };
    let (mut rest, mut is_behind_secret) = (text, false);
    for part in before {
        let behind = match part {
            Part::Text(part) if is_behind_secret => {
                rest.split_once(part.as_str()).map(|(_, behind)| behind)
            }
            Part::Text(part) => rest.strip_prefix(part.as_str()),
            Part::Secret(_) => Some(rest),
        };
        let Some(behind) = behind else {
            return false;
        };
        rest = behind;
        is_behind_secret = matches!(part, Part::Secret(_));
    }
    match last {
        Part::Text(last) if is_behind_secret => rest.ends_with(last.as_str()),
        Part::Text(last) => rest == last,
        Part::Secret(_) => true,
    }
}

/// Refuses a change of which a text could not be kept if it were a secret. What a program was wrapped in stays as it is
/// written.
pub(super) fn check(format: Format, undo: &Undo) -> Result<(), UndoRecordError> {
    if matches!(undo.change, Change::Wrapped(_)) {
        return Ok(());
    }
    for piece in undo.splices.iter().flat_map(|splice| &splice.old) {
        let Piece::Token(place, token) = piece else {
            continue;
        };
        let text = decoded(format, token.text()).ok();
        let is_kept = |text: Literal| Spelling::of(format, token.text(), text.text()).is_some();
        if !text.is_some_and(is_kept) {
            return Err(spelling(undo, place));
        }
    }
    Ok(())
}

fn spelling(undo: &Undo, place: &Place) -> UndoRecordError {
    UndoRecordError::Spelling {
        server: undo.server.clone(),
        place: place.clone(),
    }
}

impl From<&Place> for KeptPlace {
    fn from(place: &Place) -> Self {
        match place {
            Place::Command => Self::Command,
            Place::Argument(number) => Self::Argument(*number),
            Place::Variable(name) => Self::Variable(name.clone()),
            Place::Header(name) => Self::Header(name.clone()),
            Place::Url => Self::Url,
            Place::EnvFile => Self::EnvFile,
            Place::Other(keys) => Self::Other(keys.clone()),
        }
    }
}

impl From<&KeptPlace> for Place {
    fn from(place: &KeptPlace) -> Self {
        match place {
            KeptPlace::Command => Self::Command,
            KeptPlace::Argument(number) => Self::Argument(*number),
            KeptPlace::Variable(name) => Self::Variable(name.clone()),
            KeptPlace::Header(name) => Self::Header(name.clone()),
            KeptPlace::Url => Self::Url,
            KeptPlace::EnvFile => Self::EnvFile,
            KeptPlace::Other(keys) => Self::Other(keys.clone()),
        }
    }
}
