//! The records by which files of clients are put back.

use jiff::Timestamp;

use super::super::failure::Failure;
use super::findings::Findings;
use crate::catalog::Home;
use crate::clients::undo_record::{UndoRecord, load_all, remove};

/// Counts the records, and ends those that are over.
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
