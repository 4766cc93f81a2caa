//! Undoing what records tell of, in memory: the newest first, and each entry whole or not at all.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::values::Values;
use crate::clients::edit::{EditError, Undo, is_undone, undo};
use crate::clients::table::ClientFile;
use crate::clients::undo_record::{EntryName, UndoRecord};
use crate::clients::{Document, SyntaxError};

/// What becomes of an entry; the worst last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was as before already.
    Already,
    /// It is as before.
    Restored,
    /// It stays as it is, and why.
    Left(String),
}

/// A file that is being undone.
pub(super) struct Unwound {
    pub(super) text: Zeroizing<String>,
    /// Whether nothing else in it had changed.
    pub(super) is_exact: bool,
    /// Every entry that was asked for.
    pub(super) fates: BTreeMap<EntryName, Fate>,
}

/// Which entries are asked for.
pub(super) type Wanted<'a> = &'a dyn Fn(&EntryName) -> bool;

impl Unwound {
    pub(super) fn of(text: &str) -> Self {
        Self {
            text: Zeroizing::new(text.to_owned()),
            is_exact: true,
            fates: BTreeMap::new(),
        }
    }

    fn note(&mut self, entry: &EntryName, fate: Fate) {
        let known = self.fates.entry(entry.clone()).or_insert(Fate::Already);
        match (&known, &fate) {
            (Fate::Left(_), _) | (Fate::Restored, Fate::Already) => {}
            _ => *known = fate,
        }
    }

    /// Undoes one record, and takes out of it what is undone then.
    ///
    /// # Errors
    /// When the text cannot be read any more.
    pub(super) fn undo(
        &mut self,
        record: &mut UndoRecord,
        file: &ClientFile,
        wanted: Wanted<'_>,
        values: &Values,
    ) -> Result<(), SyntaxError> {
        let value = |secret: &_| values.get(secret);
        let document = Document::parse(file.format, &self.text)?;
        let mut todo = Vec::new();
        for entry in record.entries().into_iter().filter(|entry| wanted(entry)) {
            let changes = record.undo(&|one| *one == entry, &value);
            if let Some(Fate::Left(_)) = self.fates.get(&entry) {
                // What was done to it later stays, so this does, too.
            } else if changes.is_empty() {
                let why = "the value of a secret that stood in it is gone".to_owned();
                self.note(&entry, Fate::Left(why));
            } else if is_undone(&document, file, &changes) {
                self.note(&entry, Fate::Already);
                record.was_undone(&[entry], &changes);
            } else {
                todo.push(entry);
            }
        }
        while !todo.is_empty() {
            let changes = record.undo(&|one| todo.contains(one), &value);
            match undo(&document, file, &changes) {
                Ok(undone) if undone.left.is_empty() => {
                    self.text = undone.text;
                    self.is_exact &= undone.is_exact;
                    for entry in &todo {
                        self.note(entry, Fate::Restored);
                    }
                    if undone.is_exact {
                        record.was_undone(&todo, &changes);
                    } else {
                        record.leave_out(&todo);
                    }
                    return Ok(());
                }
                // An entry is restored whole or not at all.
                Ok(undone) => {
                    for (number, why) in undone.left {
                        if let Some(change) = changes.get(number) {
                            let entry = name(change);
                            todo.retain(|one| *one != entry);
                            self.note(&entry, Fate::Left(worded(&why)));
                        }
                    }
                }
                Err(why) => {
                    let Some(entry) = todo.pop() else {
                        break;
                    };
                    if !todo.is_empty() {
                        return self.one_by_one(record, file, [todo, vec![entry]].concat(), values);
                    }
                    self.note(&entry, Fate::Left(worded(&why)));
                }
            }
        }
        Ok(())
    }

    /// Undoes entries on their own, where they cannot be undone together.
    fn one_by_one(
        &mut self,
        record: &mut UndoRecord,
        file: &ClientFile,
        entries: Vec<EntryName>,
        values: &Values,
    ) -> Result<(), SyntaxError> {
        entries
            .into_iter()
            .try_for_each(|entry| self.undo(record, file, &|one| *one == entry, values))
    }
}

fn name(change: &Undo) -> EntryName {
    EntryName {
        under: change.under.clone(),
        server: change.server.clone(),
    }
}

fn worded(why: &EditError) -> String {
    match why {
        EditError::Absent => "it is not there any more, or not what it was changed to".to_owned(),
        EditError::Format
        | EditError::Present
        | EditError::Repeated
        | EditError::Command(_)
        | EditError::Spelling(_)
        | EditError::Overlap
        | EditError::Unfaithful
        | EditError::Syntax(_) => why.to_string(),
    }
}
