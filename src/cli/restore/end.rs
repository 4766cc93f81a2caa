//! What comes after a file was restored: what was allowed for its entries is taken back, and their records end.
//!
//! The file is written by then. What fails here is told, and done by the next `restore`.

use super::super::audited::Event;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::permission::{Permissions, seals};
use super::super::stores::OpenStores;
use super::Meant;
use crate::audit::Action;
use crate::catalog::Home;
use crate::clients::undo_record::{self, EntryName, UndoRecord};
use crate::policy::Grant;

/// Ends what the records of the file held together, as far as they are undone. `others` are the records of other files.
///
/// # Errors
/// A store's error; `file-io`; `audit-unwritable`.
pub(super) fn end(
    meant: &[Meant],
    others: &[UndoRecord],
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<(), Failure> {
    let ended = revoke(meant, others, home, stores, context).map_err(after)?;
    let _lock = home.lock()?;
    for one in meant {
        end_record(&one.record, &ended, home).map_err(after)?;
    }
    Ok(())
}

/// Takes back what was allowed for entries of which none is left, and returns the ids.
fn revoke(
    meant: &[Meant],
    others: &[UndoRecord],
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<Vec<String>, Failure> {
    let own = || meant.iter().map(|one| &one.record);
    let names = |record: &UndoRecord, grant: &Grant| record.grants().contains(&grant.id);
    let is_over = |grant: &&Grant| {
        let is_left = own().any(|record| names(record, grant) && needs(record, grant));
        let is_shared = others.iter().any(|record| names(record, grant));
        own().any(|record| names(record, grant)) && !is_left && !is_shared
    };
    let permissions = Permissions::load_to_change(home, &context.output)?;
    let grants: Vec<&Grant> = permissions.all().into_iter().filter(is_over).collect();
    let ids: Vec<String> = grants.iter().map(|grant| grant.id.clone()).collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    let secrets = grants.iter().flat_map(|grant| grant.command.secrets());
    let event = Event::new(Action::Revoke)
        .secrets(secrets.map(|secret| &secret.name))
        .detail(ids.join(" "));
    event.around(home, context, || {
        seals::change(home, stores, &context.output, |grants, _| {
            grants.retain(|grant| !ids.contains(&grant.id));
        })
    })?;
    for grant in grants {
        let server = grant.command.server.as_deref().unwrap_or("a command");
        let message = format!("revoked {server} ({}), which protect allowed", grant.id);
        context.output.notice(&message);
    }
    Ok(ids)
}

/// Tells whether an entry that a record still holds may be started by a grant.
fn needs(record: &UndoRecord, grant: &Grant) -> bool {
    let label = |entry: &EntryName| {
        let words = record.words(entry)?;
        let mut behind = words.iter().skip_while(|word| *word != "exec");
        behind.nth(1).cloned()
    };
    let server = grant.command.server.as_ref();
    let entries = record.entries();
    let is_of = |entry: &EntryName| match (label(entry), server) {
        (Some(label), Some(server)) => label == *server,
        _ => true,
    };
    entries.iter().any(is_of)
}

/// Removes a record of which nothing is left, or writes what is. The caller holds the lock of the home.
fn end_record(record: &UndoRecord, ended: &[String], home: &Home) -> Result<(), Failure> {
    let mut record = record.clone();
    record.forget_grants(ended);
    // A secret that was removed meanwhile took its entries along.
    let kept = undo_record::load(&home.paths, record.id())?;
    let kept = kept.map(|kept| kept.entries()).unwrap_or_default();
    let gone = record.entries().into_iter();
    let gone: Vec<EntryName> = gone.filter(|entry| !kept.contains(entry)).collect();
    record.leave_out(&gone);
    if record.is_empty() {
        undo_record::remove(&home.paths, record.id())?;
    } else {
        undo_record::save(&home.paths, &record)?;
    }
    Ok(())
}

/// Says that the file was written.
fn after(failure: Failure) -> Failure {
    let message = format!("the file was written, but {}", failure.message);
    let failure = Failure { message, ..failure };
    match failure.hint {
        Some(_) => failure,
        None => failure.hint("run it again to finish"),
    }
}
