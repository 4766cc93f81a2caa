//! Folders of ours: what is in them, and the end of them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;

use super::files::{
    FileError, TEMPORARY_PREFIX, TEMPORARY_SUFFIX, check_folder, sync_folder, unsafe_file,
};

/// Lists the names in `folder`, temporary files of ours left out; `None` if there is no such folder.
///
/// # Errors
/// [`FileError::Unsafe`] for something that is no folder, is somebody else's, or can be written by
/// others; [`FileError::Io`].
pub fn list_folder(folder: &Path) -> Result<Option<Vec<OsString>>, FileError> {
    Ok(list_all(folder)?.map(|names| {
        names
            .into_iter()
            .filter(|name| !is_temporary(name))
            .collect()
    }))
}

/// Lists the names in `folder`, temporary files of ours among them; `None` if there is no such folder.
///
/// # Errors
/// As [`list_folder`].
pub fn list_all(folder: &Path) -> Result<Option<Vec<OsString>>, FileError> {
    if !folder_is_there(folder)? {
        return Ok(None);
    }
    fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|e| e.file_name()))
                .collect::<io::Result<Vec<_>>>()
        })
        .map(Some)
        .map_err(FileError::io("list", folder))
}

/// Tells whether `folder` is there, and refuses it if it cannot be trusted.
///
/// # Errors
/// As [`list_folder`].
pub fn folder_is_there(folder: &Path) -> Result<bool, FileError> {
    match folder.metadata() {
        Ok(found) => check_folder(folder, &found).map(|()| true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(FileError::io("look at", folder)(e)),
    }
}

/// Refuses `path` if it is a link. What is not there is none.
///
/// # Errors
/// [`FileError::Unsafe`], [`FileError::Io`].
pub fn refuse_link(path: &Path) -> Result<(), FileError> {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => Err(unsafe_file(path, "is a link")),
        Ok(_) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(FileError::io("look at", path)(e)),
    }
}

/// Removes `folder`, which must be empty, durably; `false` if it was not there.
///
/// # Errors
/// [`FileError::Io`].
pub fn remove_folder(folder: &Path) -> Result<bool, FileError> {
    match fs::remove_dir(folder) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(FileError::io("remove", folder)(e)),
    }
    sync_folder(folder.parent().unwrap_or_else(|| Path::new(".")))?;
    Ok(true)
}

/// Tells whether `name` is that of a temporary file of ours, left behind by a crash.
#[must_use]
pub fn is_temporary(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        name.strip_prefix(TEMPORARY_PREFIX)
            .is_some_and(|rest| rest.ends_with(TEMPORARY_SUFFIX))
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::paths::{create_folder, write_file};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_is_listed_without_what_a_crash_left() {
        let top = tempfile::tempdir().expect("a folder");
        let folder = top.path().join("a");
        assert_eq!(list_folder(&folder).expect("absent"), None);
        create_folder(&folder).expect("created");
        write_file(&folder.join("one"), b"1").expect("written");
        write_file(&folder.join(".broker-x.tmp"), b"1").expect("written");
        assert_eq!(
            list_folder(&folder).expect("listed"),
            Some(vec!["one".into()])
        );
        assert_eq!(
            list_all(&folder).expect("listed").map(|all| all.len()),
            Some(2)
        );
    }

    #[test]
    fn a_folder_others_can_write_is_not_listed_and_a_full_one_not_removed() {
        let top = tempfile::tempdir().expect("a folder");
        let folder = top.path().join("a");
        create_folder(&folder).expect("created");
        write_file(&folder.join("one"), b"1").expect("written");
        assert!(matches!(remove_folder(&folder), Err(FileError::Io { .. })));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("changed");
        assert!(matches!(
            list_folder(&folder),
            Err(FileError::Unsafe { .. })
        ));
        fs::remove_file(folder.join("one")).expect("removed");
        assert!(remove_folder(&folder).expect("removed"));
        assert!(!remove_folder(&folder).expect("absent"));
    }
}
