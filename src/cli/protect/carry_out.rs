//! Doing what was shown, one file at a time: values stored, commands allowed, the record of how to undo it written, and then
//! the file. Whenever the file has references, all that they need is there.

use std::rc::Rc;

use super::super::allow;
use super::super::audited::Event;
use super::super::clients;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::kept;
use super::super::permission::{ensure_thawed, seals};
use super::super::stores::OpenStores;
use super::rewrite::{Changed, Rewrite};
use super::row::{Outcome, Row};
use crate::audit::Action;
use crate::catalog::change::Change;
use crate::catalog::{Home, Record};
use crate::clients::Place;
use crate::clients::edit::Undo;
use crate::clients::undo_record::{self, EntryName, Part, SecretRef, UndoRecord};
use crate::clients::write::{EditLock, write};

/// Does a file, and says what became of it.
pub(super) fn carry_out(
    rewrite: Rewrite,
    home: &Home,
    stores: &mut OpenStores,
    is_unattended: bool,
    context: &Context,
) -> Vec<Row> {
    if rewrite.changed.is_empty() {
        return Vec::new();
    }
    let names = rewrite.secrets();
    let names = names.iter().map(|chosen| &chosen.record.name);
    let event = Event::new(Action::Protect)
        .secrets(names)
        .detail(format!("file {}", rewrite.target.wanted.path.display()))
        .unattended(is_unattended);
    let done = event.around(home, context, || {
        one(&rewrite, home, stores, is_unattended, context)
    });
    match done {
        Ok(()) => {
            let client = rewrite.target.client;
            let entries = rewrite.changed.iter().map(|one| EntryName {
                under: one.under.clone(),
                server: one.server.clone(),
            });
            let (path, entries) = (rewrite.target.text.identity.given(), entries.collect());
            clients::accept_written(path, entries, home, stores, context);
            let path = rewrite.target.wanted.path.display();
            let reload = client.reload;
            let message = format!("\"{path}\": so that {} takes it up, {reload}", client.name);
            context.output.notice(&message);
            rewrite.rows(Outcome::Moved, None)
        }
        Err(failure) => vec![*Row::failed(&rewrite.target.wanted, &failure)],
    }
}

fn one(
    rewrite: &Rewrite,
    home: &Home,
    stores: &mut OpenStores,
    is_unattended: bool,
    context: &Context,
) -> Result<(), Failure> {
    let target = &rewrite.target;
    let lock = target.lock.as_ref().ok_or_else(|| {
        Failure::new(
            "client-file-unreadable",
            "the file was not read to be changed",
        )
    })?;
    ensure_as_shown(rewrite, home, false)?;
    store(rewrite, home, stores, context)?;
    let mut grants = Vec::new();
    for changed in &rewrite.changed {
        if let Ok(grant) = &changed.grant {
            allow::grant(&grant.command, None, home, stores, is_unattended, context)?;
            grants.push(grant.command.id());
        }
    }
    let identity = &target.text.identity;
    let parts = |undo: &Undo, place: &Place, text: &str| parts(&rewrite.changed, undo, place, text);
    let record = UndoRecord::new(
        context.now(),
        target.client,
        target.file,
        identity.given(),
        identity.real(),
        &rewrite.text,
        &rewrite.undo,
        grants,
        &parts,
    )
    .map_err(|error| Failure::new("client-file-not-edited", error.to_string()))?;
    undo_record::save(&home.paths, &record)?;
    written(rewrite, lock, &record, home, context)
}

/// Writes the file. Where it was not written, there is nothing to be undone.
fn written(
    rewrite: &Rewrite,
    lock: &EditLock,
    record: &UndoRecord,
    home: &Home,
    context: &Context,
) -> Result<(), Failure> {
    let identity = &rewrite.target.text.identity;
    // As late as can be: from here on the file has the values no more.
    let done = match ensure_as_shown(rewrite, home, true) {
        Ok(()) => write(lock, identity, &rewrite.text).map_err(|error| {
            Failure::from(error).hint(
                "what was moved is in the store by now, too; say this again when the file can be written",
            )
        }),
        Err(failure) => Err(failure),
    };
    let Err(failure) = done else {
        return Ok(());
    };
    let is_old = scan_again(rewrite);
    if is_old && let Err(left) = undo_record::remove(&home.paths, record.id()) {
        context.output.warning(&Failure::from(left).message);
    }
    Err(failure)
}

/// Demands that the home is what it was when the person was asked: not frozen, and with the secrets that the references
/// lead to, in the version whose value stands in the file. `are_new` says that the new ones are stored by now, too.
fn ensure_as_shown(rewrite: &Rewrite, home: &Home, are_new: bool) -> Result<(), Failure> {
    ensure_thawed(home)?;
    let catalog = home.catalog()?;
    for chosen in rewrite.secrets() {
        let shown = &chosen.record;
        let is_it = |record: &Record| {
            record.id == shown.id && record.name == shown.name && record.current == shown.current
        };
        if (are_new || !chosen.is_new) && !catalog.secrets().iter().any(is_it) {
            let message = format!(
                "the secret \"{}\" was changed or removed while this was asked",
                shown.name
            );
            return Err(Failure::new("secret-changed", message)
                .hint("the file was left alone; say this again"));
        }
    }
    Ok(())
}

/// Tells whether the file is what it was, for sure.
fn scan_again(rewrite: &Rewrite) -> bool {
    let identity = &rewrite.target.text.identity;
    let read = crate::clients::read::read_text(identity.given());
    read.is_ok_and(|(_, now)| now.is_same(identity))
}

/// Stores what is not stored yet.
fn store(
    rewrite: &Rewrite,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<(), Failure> {
    let new: Vec<_> = rewrite
        .secrets()
        .into_iter()
        .filter(|one| one.is_new)
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let kind = home.record.store;
    seals::ensure(home, stores, kind, &context.output)?;
    let mut change = Change::begin(home)?;
    kept::end(&mut change, stores, kind, context)?;
    for chosen in new {
        let is_it = |record: &Record| record.id == chosen.record.id;
        // Another file of this run had it too.
        if change.catalog().secrets().iter().any(is_it) {
            continue;
        }
        change.add(stores, chosen.record.clone(), &chosen.value)?;
    }
    Ok(())
}

/// Which parts of a text that was replaced are secrets.
fn parts(changed: &[Changed], undo: &Undo, place: &Place, text: &str) -> Vec<Part> {
    let whole = || vec![Part::Text(text.to_owned())];
    let is_it = |one: &&Changed| one.server == undo.server && one.under == undo.under;
    let Some(entry) = changed.iter().find(is_it) else {
        return whole();
    };
    let Some(moved) = entry.moved.iter().find(|one| one.what.place == *place) else {
        return whole();
    };
    let span = &moved.what.span;
    let (Some(before), Some(behind)) = (text.get(..span.start), text.get(span.end..)) else {
        return whole();
    };
    let record = &Rc::clone(&moved.chosen).record;
    let secret = SecretRef {
        id: record.id.clone(),
        name: record.name.clone(),
        version: record.current,
    };
    let text = |part: &str| (!part.is_empty()).then(|| Part::Text(part.to_owned()));
    text(before)
        .into_iter()
        .chain([Part::Secret(secret)])
        .chain(text(behind))
        .collect()
}
