//! How a client's file that was rewritten is put back: which bytes took the place of which, without the values (design D15).
//!
//! A text that is a secret, or has one in it, is kept as the way it was written and the number of the secret's version;
//! the value comes from its store when the file is put back. What could not be put together again byte for byte is refused
//! when the record is made. A record ends after thirty days, or with its secrets.
//!
//! The file is broker's own, but it may have been written by others: nothing in it is believed. What it says is only done
//! where [`super::edit::undo`] finds that it is what was done.

mod files;
mod kept;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use files::{Loaded, file_of, load, load_all, remove, save};
pub use kept::{Part, SecretRef};

use super::document::Format;
use super::edit::{self, Undo};
use super::entry::{Literal, Place};
use super::read::fingerprint;
use super::table::{self, Client, ClientFile, OTHER};
use crate::policy::Text;
use crate::sys;
use kept::KeptChange;

const FORMAT: u32 = 1;

/// The most changes of one file that are kept.
const MOST_CHANGES: usize = 10_000;

/// How long a record is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Why no record was made. Says where, never what stands there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndoRecordError {
    /// A text is written in a way that could not be put together again.
    #[error("a text of the server {server:?} is written in a way that could not be restored")]
    Spelling {
        /// The server.
        server: String,
        /// Where the text stands.
        place: Place,
    },
    /// There are more changes than are kept.
    #[error("more is changed in the file than could be restored")]
    TooMany,
    /// The client does not have that file.
    #[error("the file is not one of its client's")]
    File,
    /// The system gave no random numbers.
    #[error("the system gave no random numbers: {0}")]
    Random(#[from] std::io::Error),
}

/// How one rewriting of one file is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndoRecord {
    format: u32,
    id: String,
    made: Timestamp,
    client: String,
    /// Which of the client's files, and how that is written.
    file: usize,
    syntax: Format,
    given: Text,
    real: Text,
    /// The SHA-256 of the rewritten text.
    after: String,
    /// The grants that were made for it.
    grants: Vec<String>,
    changes: Vec<KeptChange>,
}

/// An entry that a record is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryName {
    /// The keys under which the servers stand.
    pub under: Vec<String>,
    /// The server.
    pub server: String,
}

/// A secret that stands in an entry again once that is undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept<'a> {
    /// In which entry.
    pub server: &'a str,
    /// Where in it.
    pub place: Place,
    /// Which secret.
    pub secret: &'a SecretRef,
}

impl UndoRecord {
    /// Makes the record of a file that is about to be rewritten: `given` is the path it was asked for by, `real` where it is,
    /// `after` the new text and `undo` how that is undone. `grants` are the ids of those that are made for it. `parts`
    /// says what of a text, as it is decoded, is a secret; the parts follow each other and make up the whole.
    ///
    /// # Errors
    /// See [`UndoRecordError`].
    #[expect(clippy::too_many_arguments, reason = "one for each of its fields")]
    pub fn new(
        made: Timestamp,
        client: &'static Client,
        file: &'static ClientFile,
        given: &Path,
        real: &Path,
        after: &str,
        undo: &[Undo],
        grants: Vec<String>,
        parts: &dyn Fn(&Undo, &Place, &str) -> Vec<Part>,
    ) -> Result<Self, UndoRecordError> {
        if undo.len() > MOST_CHANGES {
            return Err(UndoRecordError::TooMany);
        }
        let mut files = client.files.iter();
        let at = files.position(|one| std::ptr::eq(one, file));
        let changes = undo
            .iter()
            .map(|one| KeptChange::new(file.format, one, parts))
            .collect::<Result<_, _>>()?;
        let mut id = [0_u8; 8];
        sys::random(&mut id)?;
        Ok(Self {
            format: FORMAT,
            id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            made,
            client: client.id.to_owned(),
            file: at.ok_or(UndoRecordError::File)?,
            syntax: file.format,
            given: Text::of(given),
            real: Text::of(real),
            after: fingerprint(after),
            grants,
            changes,
        })
    }

    /// Returns its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns when the file was rewritten.
    #[must_use]
    pub fn made(&self) -> Timestamp {
        self.made
    }

    /// Tells whether it is too old to be kept.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.made) >= KEPT
    }

    /// Returns whose file it is about, and how that is read. A client that is not known any more is another one.
    #[must_use]
    pub fn client(&self) -> Option<(&'static Client, &'static ClientFile)> {
        let client = table::client(&self.client).unwrap_or(&OTHER);
        let fits = |file: &&ClientFile| file.format == self.syntax;
        let file = client.files.get(self.file).filter(fits);
        let file = file.or_else(|| client.files.iter().find(fits))?;
        Some((client, file))
    }

    /// Returns the path that the file was asked for by.
    #[must_use]
    pub fn given(&self) -> &Text {
        &self.given
    }

    /// Returns where the file is.
    #[must_use]
    pub fn real(&self) -> &Text {
        &self.real
    }

    /// Tells whether a text is what the file was rewritten to.
    #[must_use]
    pub fn is_after(&self, text: &str) -> bool {
        self.after == fingerprint(text)
    }

    /// Returns the ids of the grants that were made for it.
    #[must_use]
    pub fn grants(&self) -> &[String] {
        &self.grants
    }

    /// Returns the entries that it puts back, in the order of the changes.
    #[must_use]
    pub fn entries(&self) -> Vec<EntryName> {
        let mut entries: Vec<EntryName> = Vec::new();
        for change in &self.changes {
            let entry = change.entry();
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        entries
    }

    /// Returns every text with a secret in it that it puts back.
    #[must_use]
    pub fn secrets(&self) -> Vec<Kept<'_>> {
        self.changes.iter().flat_map(KeptChange::secrets).collect()
    }

    /// Returns every text with a secret in it that it puts back in an entry.
    #[must_use]
    pub fn secrets_of(&self, entry: &EntryName) -> Vec<Kept<'_>> {
        let own = self.changes.iter().filter(|one| one.is_of(entry));
        own.flat_map(KeptChange::secrets).collect()
    }

    /// Returns how the entries that `wanted` picks are undone, with the texts put together again. `value` gives the text of a
    /// secret; an entry of which one is missing is left out.
    #[must_use]
    pub fn undo(
        &self,
        wanted: &dyn Fn(&EntryName) -> bool,
        value: &dyn Fn(&SecretRef) -> Option<Literal>,
    ) -> Vec<Undo> {
        let entries = self.entries().into_iter().filter(wanted);
        let whole = |entry: EntryName| {
            let mut own = self.changes.iter().filter(|one| one.is_of(&entry));
            own.all(|one| one.together(value).is_some())
                .then_some(entry)
        };
        let entries: Vec<EntryName> = entries.filter_map(whole).collect();
        let wanted = |one: &&KeptChange| entries.contains(&one.entry());
        let changes = self.changes.iter().filter(wanted);
        changes.filter_map(|one| one.together(value)).collect()
    }

    /// Takes out what was undone to the byte, after which the rest stands elsewhere in the file.
    pub fn was_undone(&mut self, done: &[EntryName], undone: &[Undo]) {
        self.leave_out(done);
        let rest: Vec<Undo> = self.changes.iter().map(KeptChange::bare).collect();
        for (kept, moved) in self.changes.iter_mut().zip(edit::remaining(&rest, undone)) {
            kept.place_at(&moved);
        }
    }

    /// Takes entries out: they are not restored any more.
    pub fn leave_out(&mut self, entries: &[EntryName]) {
        self.changes.retain(|one| !entries.contains(&one.entry()));
    }

    /// Takes out every entry with the secret of that id, which is gone. Tells whether there was one.
    pub fn forget_secret(&mut self, id: &str) -> bool {
        let with = self.changes.iter().filter(|one| one.has_secret(id));
        let entries: Vec<EntryName> = with.map(KeptChange::entry).collect();
        self.leave_out(&entries);
        !entries.is_empty()
    }

    /// Takes out grants that are none any more.
    pub fn forget_grants(&mut self, ids: &[String]) {
        self.grants.retain(|id| !ids.contains(id));
    }

    /// Tells whether nothing is left of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Returns the words in front of the programs of an entry, if it was wrapped.
    #[must_use]
    pub fn words(&self, entry: &EntryName) -> Option<&[String]> {
        let mut own = self.changes.iter().filter(|one| one.is_of(entry));
        own.find_map(KeptChange::words)
    }
}

/// Tells whether every text that changes of such a file took away could be put together again if it were a secret. To be
/// asked before anything is stored.
///
/// # Errors
/// [`UndoRecordError::Spelling`], [`UndoRecordError::TooMany`].
pub fn is_keepable(file: &ClientFile, undo: &[Undo]) -> Result<(), UndoRecordError> {
    if undo.len() > MOST_CHANGES {
        return Err(UndoRecordError::TooMany);
    }
    undo.iter()
        .try_for_each(|one| kept::check(file.format, one))
}

/// A text that may hold a secret, while it is put together.
type Wiped = Zeroizing<String>;

#[cfg(test)]
mod tests;
