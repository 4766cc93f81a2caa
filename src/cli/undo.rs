//! The records by which files of clients are put back: the end of them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::failure::Failure;
use super::output::Output;
use crate::catalog::Home;
use crate::clients::undo_record::{Loaded, load_all, remove, save};

/// Reads the records of a home. Those whose time is over are removed; those that cannot be read are told of.
///
/// # Errors
/// `file-io`, `file-unsafe`.
pub(super) fn load(home: &Home, now: Timestamp, output: &Output) -> Result<Loaded, Failure> {
    let mut loaded = load_all(&home.paths)?;
    for (_, error) in &loaded.damaged {
        output.warning(&format!("an undo record is ignored: {error}"));
    }
    for record in loaded.records.iter().filter(|record| record.is_over(now)) {
        remove(&home.paths, record.id())?;
    }
    loaded.records.retain(|record| !record.is_over(now));
    Ok(loaded)
}

/// Ends the records of secrets that are gone, by their ids: what had one of them in it is not restored any more.
///
/// # Errors
/// `file-io`, `file-unsafe`, `home-busy`.
pub(super) fn forget(ids: &[&String], home: &Home) -> Result<(), Failure> {
    let _lock = home.lock()?;
    forget_if(home, |id| ids.iter().any(|gone| *gone == id))
}

/// Ends the records of secrets that `is_gone` says are gone. The caller holds the lock of the home.
///
/// # Errors
/// `file-io`, `file-unsafe`.
pub(super) fn forget_if(home: &Home, is_gone: impl Fn(&str) -> bool) -> Result<(), Failure> {
    for mut record in load_all(&home.paths)?.records {
        let ids = record.secrets();
        let gone = ids.iter().map(|kept| kept.secret.id.as_str());
        let gone: BTreeSet<String> = gone.filter(|id| is_gone(id)).map(str::to_owned).collect();
        if gone.is_empty() {
            continue;
        }
        for id in &gone {
            record.forget_secret(id);
        }
        if record.is_empty() {
            remove(&home.paths, record.id())?;
        } else {
            save(&home.paths, &record)?;
        }
    }
    Ok(())
}
