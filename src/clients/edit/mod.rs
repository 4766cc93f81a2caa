//! Changes of a client's file in place: a few bytes are replaced, computed on the syntax tree, and nothing else is.
//!
//! Writes no file. What comes out was read again and compared with what was meant before it is handed out; what cannot
//! be done safely is refused whole. How to undo it comes along, with every old text apart, so that the caller can
//! keep those that are secrets where secrets are kept.

mod arguments;
mod gaps;
mod insert;
mod layout;
mod put;
mod quote;
mod remove;
mod undo;
mod undone;
mod verify;
mod work;
mod wrap;

use std::collections::BTreeMap;
use std::ops::Range;

use zeroize::Zeroizing;

pub use insert::{NewEntry, insert_entry};
pub use quote::Style;
pub use undo::{Undone, remaining, undo};
pub use undone::is_undone;

use super::document::{Document, Found, SyntaxError};
use super::entry::{Literal, Place};
use super::table::Shape;
use work::Work;
pub(super) use work::decoded;

/// A change of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Puts a text in the place of another.
    SetText(Place, Literal),
    /// Puts words in front of the program, which becomes an argument of the first of them.
    WrapCommand(Wrap),
    /// Takes a text out, with its key if it has one.
    Remove(Place),
    /// Gives the server a variable that it does not have yet, behind the others.
    PutVariable(String, Literal),
}

/// What stands in front of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrap {
    /// The words.
    pub words: Vec<String>,
    /// What stands in the place of the program then; `None` if that stays as it is.
    pub program: Option<String>,
}

/// Why a file was not changed. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// Files of that format are only read.
    #[error("files of this format are not changed")]
    Format,
    /// There is no such text in the entry.
    #[error("there is no such text in the entry")]
    Absent,
    /// Something of that name is there already.
    #[error("something of that name is there already")]
    Present,
    /// A key on the way stands there twice, and clients take different ones.
    #[error("a key stands there twice, so that it is not known which one counts")]
    Repeated,
    /// The program and its arguments are not written as the client has it.
    #[error("the command cannot be changed: {0}")]
    Command(&'static str),
    /// It is written in a way that cannot be changed without touching something else.
    #[error("it is written in a way that is not changed: {0}")]
    Spelling(&'static str),
    /// Two changes are to the same text.
    #[error("two changes touch the same text")]
    Overlap,
    /// The result would not be read as it was meant.
    #[error("the result would not say what was meant")]
    Unfaithful,
    /// The result could not be read at all.
    #[error("the result could not be read: {0}")]
    Syntax(#[from] SyntaxError),
}

/// A piece of what stood somewhere before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Keys, commas, space: nothing that could be a secret.
    Text(String),
    /// A text of the entry as it was written, quotes included. It may be a secret.
    Token(Place, Literal),
}

/// Bytes that were replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Where in the new text the new bytes stand.
    pub span: Range<usize>,
    /// Which of all that were replaced it is, in the order of the file: several may have become nothing at one place.
    pub order: usize,
    /// The new bytes.
    pub new: String,
    /// What stood there.
    pub old: Vec<Piece>,
}

/// What was done to an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another text stands there.
    Set(Place),
    /// These words stand before the program.
    Wrapped(Wrap),
    /// The text is gone.
    Removed(Place),
    /// The server has a variable that it did not have.
    Put {
        /// Its name.
        name: String,
        /// Its value.
        text: Literal,
        /// Whether the block of variables was not there before either.
        is_block_new: bool,
    },
}

/// How to undo one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The keys under which the servers stand.
    pub under: Vec<String>,
    /// The server.
    pub server: String,
    /// What was done.
    pub change: Change,
    /// Which bytes were replaced for it.
    pub splices: Vec<Splice>,
}

/// A changed text.
#[derive(Debug)]
pub struct Edited {
    /// The new text. It may still hold secrets that were not touched.
    pub text: Zeroizing<String>,
    /// How to undo each change, in the order in which they were asked for.
    pub undo: Vec<Undo>,
}

/// Changes entries of a document. They must be among those that [`Document::entries`] gave for a file of that shape.
///
/// # Errors
/// See [`EditError`].
pub fn edit(
    document: &Document,
    shape: &Shape,
    edits: &[(&Found, Edit)],
) -> Result<Edited, EditError> {
    if !document.format().is_edited() {
        return Err(EditError::Format);
    }
    let mut work = Work::new(document);
    let mut puts: BTreeMap<&[usize], (&Found, Vec<put::Put<'_>>)> = BTreeMap::new();
    // First, so that it is known of a list whether anything of it stays.
    for (number, (found, edit)) in edits.iter().enumerate() {
        if let Edit::Remove(place) = edit {
            work.begin(number);
            work.remove(found, place)?;
        }
    }
    for (number, (found, edit)) in edits.iter().enumerate() {
        work.begin(number);
        match edit {
            Edit::SetText(place, text) => work.set(found, place, text)?,
            Edit::WrapCommand(wrap) => work.wrap(found, shape, wrap)?,
            Edit::Remove(_) => {}
            Edit::PutVariable(name, text) => {
                let of = puts
                    .entry(&found.path)
                    .or_insert_with(|| (*found, Vec::new()));
                of.1.push((number, name, text));
            }
        }
    }
    // Last, so that they stand behind arguments that a wrapped program got.
    let mut in_new_blocks = Vec::new();
    for (found, variables) in puts.into_values() {
        if work.put_variables(found, shape, &variables)? {
            in_new_blocks.extend(variables.iter().map(|(number, ..)| *number));
        }
    }
    let (text, mut splices) = work.finish()?;
    let undo = edits
        .iter()
        .enumerate()
        .map(|(number, (found, edit))| Undo {
            under: found.under.clone(),
            server: found.entry.server.clone(),
            change: match edit {
                Edit::SetText(place, _) => Change::Set(place.clone()),
                Edit::WrapCommand(wrap) => Change::Wrapped(wrap.clone()),
                Edit::Remove(place) => Change::Removed(place.clone()),
                Edit::PutVariable(name, text) => Change::Put {
                    name: name.clone(),
                    text: text.clone(),
                    is_block_new: in_new_blocks.contains(&number),
                },
            },
            splices: splices.remove(&number).unwrap_or_default(),
        });
    let undo = undo.collect();
    Ok(Edited { text, undo })
}

#[cfg(test)]
mod arguments_tests;
#[cfg(test)]
mod insert_tests;
#[cfg(test)]
pub(super) mod made_tests;
#[cfg(test)]
mod properties_tests;
#[cfg(test)]
mod put_tests;
#[cfg(test)]
pub(super) mod tests;
#[cfg(test)]
mod undo_tests;
#[cfg(test)]
mod verify_tests;
