//! The records by which files of clients are put back.

use jiff::Timestamp;

use super::super::failure::Failure;
use super::findings::Findings;
use crate::catalog::{Catalog, Home};
use crate::clients::undo_record::{UndoRecord, load_all, remove};

/// Counts the records, and ends those that are over. The caller holds the lock of the home.
pub(super) fn records(home: &Home, fix: bool, now: Timestamp, findings: &mut Findings) {
    let Some(loaded) = findings.take(load_all(&home.paths).map_err(Failure::from)) else {
        return;
    };
    for (_, error) in &loaded.damaged {
        findings.warning(
            "undo-damaged",
            format!("what is kept to restore a client's file cannot be used: {error}"),
            "nothing else needs it; remove it if no newer broker wrote it",
        );
    }
    let (over, kept): (Vec<_>, Vec<_>) = loaded.records.iter().partition(|one| one.is_over(now));
    if !kept.is_empty() {
        findings.ok(
            "undo-records",
            format!("files of clients that can be restored: {}", kept.len()),
        );
    }
    if let Ok(catalog) = home.catalog() {
        of_secrets(home, &catalog, &kept, fix, findings);
    }
    if over.is_empty() {
        return;
    }
    if !fix {
        findings.warning(
            "undo-ended",
            format!("undo records whose 30 days are over: {}", over.len()),
            "remove them with: broker doctor --fix",
        );
        return;
    }
    let end = |record: &&UndoRecord| remove(&home.paths, record.id()).map(|_| ());
    if findings
        .take(over.iter().try_for_each(end).map_err(Failure::from))
        .is_some()
    {
        let message = format!(
            "undo records whose 30 days were over, now removed: {}",
            over.len()
        );
        findings.ok("undo-ended", message);
    }
}

/// Ends what was kept for secrets that were removed by a command that did not come to its end.
fn of_secrets(
    home: &Home,
    catalog: &Catalog,
    kept: &[&UndoRecord],
    fix: bool,
    findings: &mut Findings,
) {
    let is_gone = |id: &str| !catalog.secrets().iter().any(|record| record.id == id);
    let has_gone = |record: &&&UndoRecord| {
        let mut secrets = record.secrets().into_iter();
        secrets.any(|kept| is_gone(&kept.secret.id))
    };
    let count = kept.iter().filter(has_gone).count();
    if count == 0 {
        return;
    }
    if !fix {
        findings.warning(
            "undo-ended",
            format!("undo records with secrets that were removed: {count}"),
            "end them with: broker doctor --fix",
        );
    } else if findings
        .take(super::super::undo::forget_if(home, is_gone))
        .is_some()
    {
        let message = format!("undo records with secrets that were removed, now ended: {count}");
        findings.ok("undo-ended", message);
    }
}
