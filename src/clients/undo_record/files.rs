//! Where the records are: one file each, in a folder of their own.

use std::path::PathBuf;

use super::{FORMAT, MOST_CHANGES, UndoRecord};
use crate::catalog::CatalogError;
use crate::catalog::document::{parse, to_json};
use crate::paths::{self, HomePaths};

/// The longest record that is read, in bytes: a rewritten file of the longest kind, and then some.
const MOST_BYTES: u64 = 32 << 20;

/// The records of a home.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Those that could be read, the oldest first.
    pub records: Vec<UndoRecord>,
    /// Those that could not, and why.
    pub damaged: Vec<(PathBuf, CatalogError)>,
}

/// Returns where a record is.
#[must_use]
pub fn file_of(paths: &HomePaths, id: &str) -> PathBuf {
    paths.undo_folder().join(format!("{id}.json"))
}

/// Writes a record, durably.
///
/// # Errors
/// [`CatalogError::File`].
pub fn save(paths: &HomePaths, record: &UndoRecord) -> Result<(), CatalogError> {
    paths::create_folder(&paths.undo_folder())?;
    let file = file_of(paths, record.id());
    Ok(paths::write_file(&file, &to_json(record))?)
}

/// Reads all records of a home; what cannot be read is told apart.
///
/// # Errors
/// [`CatalogError::File`] where the folder cannot be read.
pub fn load_all(paths: &HomePaths) -> Result<Loaded, CatalogError> {
    let mut loaded = Loaded::default();
    let names = paths::list_folder(&paths.undo_folder())?;
    for name in names.unwrap_or_default() {
        let file = paths.undo_folder().join(&name);
        let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
        match read(&file, id.unwrap_or_default()) {
            Ok(Some(record)) => loaded.records.push(record),
            Ok(None) => {}
            Err(error) => loaded.damaged.push((file, error)),
        }
    }
    let order = |one: &UndoRecord| (one.made, one.id.clone());
    loaded.records.sort_by_key(order);
    loaded.damaged.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(loaded)
}

/// Reads one record; `None` where there is none.
///
/// # Errors
/// See [`parse`]; [`CatalogError::File`].
pub fn load(paths: &HomePaths, id: &str) -> Result<Option<UndoRecord>, CatalogError> {
    read(&file_of(paths, id), id)
}

fn read(file: &std::path::Path, id: &str) -> Result<Option<UndoRecord>, CatalogError> {
    let Some(bytes) = paths::read_file(file, MOST_BYTES)? else {
        return Ok(None);
    };
    let called = file.display().to_string();
    let record: UndoRecord = parse(&called, &bytes, FORMAT)?;
    let problem = if record.id != id {
        "it is the record of something else"
    } else if record.changes.len() > MOST_CHANGES {
        "it tells of more changes than are kept"
    } else {
        return Ok(Some(record));
    };
    Err(CatalogError::Inconsistent {
        file: called,
        problem,
    })
}

/// Removes a record, durably; `false` if there was none.
///
/// # Errors
/// [`CatalogError::File`].
pub fn remove(paths: &HomePaths, id: &str) -> Result<bool, CatalogError> {
    Ok(paths::remove_file(&file_of(paths, id))?)
}
