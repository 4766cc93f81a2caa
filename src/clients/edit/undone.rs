//! Whether changes are undone already, by whoever did it.

use super::undo::{find, tokens};
use super::{Change, Undo, Wrap, decoded};
use crate::clients::document::{Document, Found};
use crate::clients::entry::Place;
use crate::clients::table::ClientFile;

/// Tells whether every text that the changes of an entry replaced stands there again, and its program without the words that
/// were put in front of it. The old tokens must be in them again.
#[must_use]
pub fn is_undone(document: &Document, file: &ClientFile, changes: &[Undo]) -> bool {
    let entries = document.entries(file);
    changes.iter().all(|change| {
        find(&entries, change).is_ok_and(|found| is_as_it_was(document, found, change))
    })
}

fn is_as_it_was(document: &Document, found: &Found, change: &Undo) -> bool {
    let stands = |place: &Place| {
        let old = tokens(change, place).ok()?.0;
        let old = decoded(document.format(), old).ok()?;
        Some(found.entry.get(place) == Some(old.text()))
    };
    match &change.change {
        Change::Set(place) | Change::Removed(place) => stands(place) == Some(true),
        Change::Put { name, .. } => found.entry.get(&Place::Variable(name.clone())).is_none(),
        Change::Wrapped(Wrap { words, .. }) => {
            let Some((program, arguments)) = found.entry.command() else {
                return false;
            };
            let now = std::iter::once(program).chain(arguments);
            let is_wrapped = words.iter().map(String::as_str).eq(now.take(words.len()));
            // Where the program stands in a list with its arguments, no text was taken away.
            !is_wrapped && stands(&Place::Command) != Some(false)
        }
    }
}
