//! Whether broker's folders and files are the user's alone, and making them so.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files::{FileError, is_ours};

/// Returns what lies in `folder`, and the folder itself, that others can read or write. Looks one level
/// below it too. Nothing where there is no such folder, or on systems without modes.
///
/// # Errors
/// [`FileError`] when the folder cannot be looked at.
pub fn open_to_others(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    look(folder, 2, &mut found)?;
    Ok(found)
}

fn look(path: &Path, depth: u8, found: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(FileError::io("look at", path)(e)),
    };
    if metadata.is_symlink() || !is_ours(&metadata) {
        return Ok(());
    }
    if mode(&metadata) & 0o077 != 0 {
        found.push(path.to_path_buf());
    }
    if metadata.is_dir() && depth > 0 {
        for entry in fs::read_dir(path).map_err(FileError::io("list", path))? {
            let entry = entry.map_err(FileError::io("list", path))?;
            look(&entry.path(), depth.saturating_sub(1), found)?;
        }
    }
    Ok(())
}

/// Tells whether users other than its owner can read a file, as far as its mode says; false where it cannot be looked at.
#[must_use]
pub fn is_readable_by_others(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| mode(&metadata) & 0o044 != 0)
}

/// Takes away every right of others on `path`.
///
/// # Errors
/// [`FileError::Io`].
#[cfg(unix)]
pub fn close_to_others(path: &Path) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = path
        .symlink_metadata()
        .map_err(FileError::io("look at", path))?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let private = fs::Permissions::from_mode(mode(&metadata) & 0o700);
    fs::set_permissions(path, private).map_err(FileError::io("change the mode of", path))
}

/// Does nothing: access goes by lists there, not by modes.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn close_to_others(_path: &Path) -> Result<(), FileError> {
    Ok(())
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata)
}

#[cfg(not(unix))]
fn mode(_metadata: &fs::Metadata) -> u32 {
    0
}
