//! Puts back what was there before changes.
//!
//! Where nothing else changed, byte by byte: every replaced span still holds what was put there, and the text that comes
//! out, changed again, is the one at hand. Where something did, entry by entry, by the places of texts. What cannot be
//! found again is left as it is, and said.

use std::collections::BTreeMap;
use std::ops::Range;

use zeroize::Zeroizing;

use super::put::Put;
use super::verify::{Action, Expected, is_meant};
use super::work::{Work, path_of};
use super::wrap::arguments_key;
use super::{Change, EditError, Piece, Splice, Undo, Wrap};
use crate::clients::document::{Document, Found, Kind};
use crate::clients::entry::Place;
use crate::clients::table::ClientFile;

/// What became of changes that were to be undone.
#[derive(Debug)]
pub struct Undone {
    /// The text.
    pub text: Zeroizing<String>,
    /// Whether every byte that was replaced is as it was.
    pub is_exact: bool,
    /// Which of the changes could not be undone, by their number, and why.
    pub left: Vec<(usize, EditError)>,
}

/// Undoes changes that [`super::edit`] made to a file, in one go: all of one call, or those of some of its entries. The old
/// tokens must be in them again.
///
/// # Errors
/// [`EditError`] where nothing could be undone safely.
pub fn undo(document: &Document, file: &ClientFile, changes: &[Undo]) -> Result<Undone, EditError> {
    if let Some(text) = exactly(document, file, changes) {
        return Ok(Undone {
            text,
            is_exact: true,
            left: Vec::new(),
        });
    }
    by_place(document, file, changes)
}

fn exactly(document: &Document, file: &ClientFile, changes: &[Undo]) -> Option<Zeroizing<String>> {
    let mut splices: Vec<&Splice> = changes.iter().flat_map(|one| &one.splices).collect();
    splices.sort_by_key(|splice| (splice.span.start, splice.order));
    let now = document.text();
    let added: usize = splices.iter().flat_map(|one| &one.old).map(length).sum();
    let mut text = Zeroizing::new(String::with_capacity(now.len().saturating_add(added)));
    let mut done = 0_usize;
    for splice in splices {
        if now.get(splice.span.clone())? != splice.new {
            return None;
        }
        text.push_str(now.get(done..splice.span.start)?);
        for piece in &splice.old {
            match piece {
                Piece::Text(old) => text.push_str(old),
                Piece::Token(_, token) => text.push_str(token.text()),
            }
        }
        done = splice.span.end;
    }
    text.push_str(now.get(done..)?);
    is_same_again(document, file, changes, &text).then_some(text)
}

/// Tells whether `text` with the changes is the document at hand: nothing was put in a wrong place.
fn is_same_again(document: &Document, file: &ClientFile, changes: &[Undo], text: &str) -> bool {
    let Ok(old) = Document::parse(document.format(), text) else {
        return false;
    };
    let (before, after) = (old.entries(file), document.entries(file));
    let mut work = Work::new(&old);
    let mut puts: BTreeMap<&[usize], (&Found, Vec<Put<'_>>)> = BTreeMap::new();
    for change in changes {
        // The entry is in both: its keys are what they were.
        let (Ok(then), Ok(_)) = (find(&before, change), find(&after, change)) else {
            return false;
        };
        let noted = match &change.change {
            Change::Set(place) => tokens(change, place).and_then(|(_, new)| {
                let (path, _) = work.item(then, place)?;
                let text = work.text_of(new)?;
                work.act(path, Action::Text(text))
            }),
            Change::Removed(place) => work
                .item(then, place)
                .and_then(|(path, _)| work.act(path, Action::Remove)),
            Change::Wrapped(wrap) => work.wrap(then, file.shape, wrap),
            Change::Put { name, text, .. } => {
                let of = puts.entry(&then.path).or_insert_with(|| (then, Vec::new()));
                of.1.push((0, name, text));
                Ok(())
            }
        };
        if noted.is_err() {
            return false;
        }
    }
    for (then, variables) in puts.into_values() {
        if work.put_variables(then, file.shape, &variables).is_err() {
            return false;
        }
    }
    is_meant(old.root(), document.root(), work.actions())
}

/// Finds the one entry that a change was made to.
pub(super) fn find<'f>(all: &'f [Found], change: &Undo) -> Result<&'f Found, EditError> {
    let is = |one: &&Found| one.entry.server == change.server && one.under == change.under;
    let mut found = all.iter().filter(is);
    match (found.next(), found.next()) {
        (None, _) => Err(EditError::Absent),
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(EditError::Repeated),
    }
}

fn by_place(document: &Document, file: &ClientFile, changes: &[Undo]) -> Result<Undone, EditError> {
    let entries = document.entries(file);
    let mut left = Vec::new();
    let mut work = Work::new(document);
    for (number, change) in changes.iter().enumerate() {
        work.begin(number);
        let mark = work.mark();
        let moved = moved_by(changes, change);
        if let Change::Put { .. } = change.change {
            // All of an entry at once, with the first of them.
            let puts = puts_of(changes, change);
            if puts.first().is_some_and(|(first, _)| *first == number) {
                match find(&entries, change) {
                    Ok(found) => left.extend(work.take_variables(found, &puts)),
                    Err(why) => left.extend(puts.iter().map(|(put, _)| (*put, why.clone()))),
                }
            }
            continue;
        }
        let taken = taken_of(changes, change);
        if let (Change::Removed(Place::Argument(_)), Some((first, _))) =
            (&change.change, taken.first())
        {
            // All of an entry at once, too.
            if *first == number {
                let done = find(&entries, change)
                    .and_then(|found| work.put_arguments(found, moved, &taken));
                if let Err(why) = done {
                    work.reset(mark);
                    left.extend(taken.iter().map(|(one, _)| (*one, why.clone())));
                }
            }
            continue;
        }
        let done = find(&entries, change)
            .and_then(|found| put_back(&mut work, file, found, change, moved));
        if let Err(why) = done {
            work.reset(mark);
            left.push((number, why));
        }
    }
    left.sort_by_key(|(number, _)| *number);
    let (text, _) = work.finish()?;
    Ok(Undone {
        text,
        is_exact: false,
        left,
    })
}

/// The tokens that stood at a place, and the texts that stand there now instead.
pub(super) fn tokens<'c>(change: &'c Undo, place: &Place) -> Result<(&'c str, &'c str), EditError> {
    let of = |splice: &'c Splice| {
        splice.old.iter().find_map(|piece| match piece {
            Piece::Token(at, token) if at == place => Some((token.text(), splice.new.as_str())),
            Piece::Token(..) | Piece::Text(_) => None,
        })
    };
    change.splices.iter().find_map(of).ok_or(EditError::Absent)
}

/// Returns by how many places the arguments of an entry moved, if its program was wrapped.
fn moved_by(changes: &[Undo], change: &Undo) -> usize {
    let same = |one: &&Undo| one.server == change.server && one.under == change.under;
    let mut wrapped = changes
        .iter()
        .filter(same)
        .filter_map(|one| match &one.change {
            Change::Wrapped(wrap) => Some(wrap.words.len()),
            Change::Set(_) | Change::Removed(_) | Change::Put { .. } => None,
        });
    wrapped.next().unwrap_or(0)
}

/// Returns the variables that the entry of a change got, with the numbers of the changes.
fn puts_of<'c>(changes: &'c [Undo], change: &Undo) -> Vec<(usize, &'c Undo)> {
    let is = |(_, one): &(usize, &Undo)| {
        let is_put = matches!(one.change, Change::Put { .. });
        is_put && one.server == change.server && one.under == change.under
    };
    changes.iter().enumerate().filter(is).collect()
}

/// Returns the arguments that were taken out of the entry of a change, with the numbers of the changes.
fn taken_of<'c>(changes: &'c [Undo], change: &Undo) -> Vec<(usize, &'c Undo)> {
    let is = |(_, one): &(usize, &Undo)| {
        let is_taken = matches!(one.change, Change::Removed(Place::Argument(_)));
        is_taken && one.server == change.server && one.under == change.under
    };
    changes.iter().enumerate().filter(is).collect()
}

fn put_back(
    work: &mut Work<'_>,
    file: &ClientFile,
    found: &Found,
    change: &Undo,
    moved: usize,
) -> Result<(), EditError> {
    match &change.change {
        Change::Set(place) => {
            let (old, new) = tokens(change, place)?;
            let later = if let Place::Argument(number) = place {
                Place::Argument(number.saturating_add(moved))
            } else {
                place.clone()
            };
            let holds = |at: &&Place| {
                let item = work.item(found, at);
                item.is_ok_and(|(_, node)| work.gaps.slice(node.span.clone()) == new)
            };
            let at = [&later, place].into_iter().find(holds);
            let (path, node) = work.item(found, at.ok_or(EditError::Absent)?)?;
            let text = work.text_of(old)?;
            work.put(path, node, old.to_owned(), place, &text)
        }
        Change::Wrapped(wrap) => unwrap(work, file, found, change, wrap),
        Change::Removed(place) => put_in(work, file, found, change, place),
        Change::Put { .. } => Err(EditError::Absent),
    }
}

/// Why words are left where they are.
const ANOTHER: &str = "another program stands behind the words";

/// Takes the words away from in front of a program.
fn unwrap(
    work: &mut Work<'_>,
    file: &ClientFile,
    found: &Found,
    change: &Undo,
    wrap: &Wrap,
) -> Result<(), EditError> {
    let words = wrap.words.as_slice();
    let (path, program) = work.item(found, &Place::Command)?;
    let (_, holder) = path.split_last().ok_or(EditError::Absent)?;
    let (command, arguments) = found.entry.command().ok_or(EditError::Absent)?;
    let now = std::iter::once(command).chain(arguments);
    if !words.iter().map(String::as_str).eq(now.take(words.len())) {
        return Err(EditError::Command(
            "other words stand in front of the program",
        ));
    }
    let in_list = |work: &mut Work<'_>, list: &[usize], count: usize| {
        let node = work.node(list)?;
        let Kind::List(all) = &node.kind else {
            return Err(EditError::Command("its arguments are no list"));
        };
        let begin = all.first().ok_or(EditError::Absent)?.span.start;
        let last = count.checked_sub(1).and_then(|last| all.get(last));
        let last = last.ok_or(EditError::Absent)?;
        let end = all.get(count).map_or(last.span.end, |next| next.span.start);
        let span = as_put(work, change, begin).unwrap_or(begin..end);
        work.cut(span, String::new(), Vec::new());
        work.act(list.to_vec(), Action::Shorten(count))
    };
    if matches!(work.node(holder)?.kind, Kind::List(_)) {
        if let Some(other) = &wrap.program {
            let (old, _) = tokens(change, &Place::Command)?;
            let text = work.text_of(old)?;
            let at = [holder, &[words.len()]].concat();
            let moved = work.node(&at)?;
            if moved.text() != Some(other.as_str()) {
                return Err(EditError::Command(ANOTHER));
            }
            work.put(at, moved, old.to_owned(), &Place::Command, &text)?;
        }
        return in_list(work, holder, words.len());
    }
    let (old, _) = tokens(change, &Place::Command)?;
    let text = work.text_of(old)?;
    let keys = work.keys(&path, found.path.len())?;
    let key = arguments_key(file.shape, &keys)?;
    // The words but the first, and the program behind them.
    let moved = found
        .entry
        .get(&Place::Argument(words.len().saturating_sub(1)));
    if moved != wrap.program.as_deref().or(Some(text.text())) {
        return Err(EditError::Command(ANOTHER));
    }
    let pairs = work.node(holder)?.pairs();
    let at = pairs.iter().position(|pair| pair.key == key);
    let at = at.ok_or(EditError::Absent)?;
    let list = [holder, &[at]].concat();
    let arguments = work.node(&list)?;
    let all = match &arguments.kind {
        Kind::List(all) => all.len(),
        Kind::Text(_) | Kind::Word(_) | Kind::Map(..) => 0,
    };
    let is_ours = change.splices.iter().any(|splice| splice.new.contains(key));
    if is_ours && all == words.len() {
        let end = program.span.end;
        let there = [end, work.gaps.line_end(end)];
        let there = there.into_iter().find_map(|at| as_put(work, change, at));
        if let Some(span) = there {
            work.cut(span, String::new(), Vec::new());
            work.act(list, Action::Remove)?;
        } else {
            work.take_out(list, arguments, &Place::Other(vec![key.to_owned()]))?;
        }
    } else {
        in_list(work, &list, words.len())?;
    }
    work.put(path, program, old.to_owned(), &Place::Command, &text)
}

/// Returns the bytes at `at` if they are those that were put between two others.
fn as_put(work: &Work<'_>, change: &Undo, at: usize) -> Option<Range<usize>> {
    let mut put = change.splices.iter().filter(|splice| splice.old.is_empty());
    put.find_map(|splice| {
        let span = at..at.saturating_add(splice.new.len());
        (work.gaps.slice(span.clone()) == splice.new).then_some(span)
    })
}

/// Returns how to undo the `rest` of the changes of one call once the `undone` are undone to the byte: their spans are where
/// they are then.
#[must_use]
pub fn remaining(rest: &[Undo], undone: &[Undo]) -> Vec<Undo> {
    let gone: Vec<&Splice> = undone.iter().flat_map(|one| &one.splices).collect();
    let moved = |at: usize| {
        let before = gone.iter().filter(|splice| splice.span.end <= at);
        before.fold(at, |at, splice| {
            let old: usize = splice.old.iter().map(length).sum();
            at.saturating_sub(splice.new.len()).saturating_add(old)
        })
    };
    let mut rest = rest.to_vec();
    for splice in rest.iter_mut().flat_map(|one| &mut one.splices) {
        let start = moved(splice.span.start);
        splice.span = start..start.saturating_add(splice.new.len());
    }
    rest
}

fn length(piece: &Piece) -> usize {
    match piece {
        Piece::Text(text) => text.len(),
        Piece::Token(_, token) => token.text().len(),
    }
}

/// Puts a variable or header back, behind the others that are there.
fn put_in(
    work: &mut Work<'_>,
    file: &ClientFile,
    found: &Found,
    change: &Undo,
    place: &Place,
) -> Result<(), EditError> {
    let (key, holders) = match place {
        Place::Variable(name) => (name, file.shape.variables),
        Place::Header(name) => (name, file.shape.headers),
        Place::Command | Place::Argument(_) | Place::Url | Place::EnvFile | Place::Other(_) => {
            return Err(EditError::Spelling("it is not known where it stood"));
        }
    };
    if found.entry.get(place).is_some() {
        return Err(EditError::Overlap);
    }
    let (old, _) = tokens(change, place)?;
    let text = work.text_of(old)?;
    let holder = holders
        .iter()
        .find_map(|keys| path_of(work.document, &found.path, keys));
    let holder = holder.ok_or(EditError::Absent)?;
    let map = work.node(&holder)?;
    let last = map
        .pairs()
        .len()
        .checked_sub(1)
        .ok_or(EditError::Spelling("nothing stands beside it any more"))?;
    let Kind::Map(_, form) = map.kind else {
        return Err(EditError::Absent);
    };
    let written = change.splices.iter().flat_map(|splice| &splice.old);
    let mut written = written.filter_map(|piece| match piece {
        Piece::Text(text) => Some(text.trim_matches([' ', '\t', '\r', '\n', ',', ':', '='])),
        Piece::Token(..) => None,
    });
    let key_token = written.rfind(|text| !text.is_empty());
    let key_token = key_token.ok_or(EditError::Absent)?.to_owned();
    work.insert_behind(map, form, last, &key_token, old)?;
    work.append(holder, key.clone(), Expected::Text(text))
}
