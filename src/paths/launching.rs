//! What broker keeps for the launchers it starts: a program of its own, and a folder that stays empty.

use std::fs::{self, Metadata, Permissions};
use std::io::Write;
use std::path::Path;

use tempfile::Builder;

use super::files::{
    FileError, TEMPORARY_PREFIX, TEMPORARY_SUFFIX, create_folder, read_file, sync_folder,
    unsafe_file,
};
use super::folders::list_all;

/// The mode of a program that its owner alone may read, change and run.
const PROGRAM: u32 = 0o700;

/// The mode of a folder in which nobody makes anything by accident.
const CLOSED: u32 = 0o500;

/// Sees to it that the program at `path` has exactly this text and is the user's alone. One that is there already is not
/// written again.
///
/// # Errors
/// [`FileError::Unsafe`] for a link, something that is no plain file, a file of somebody else or one that others can
/// write; [`FileError::Io`].
pub fn ensure_program(path: &Path, text: &str) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    create_folder(folder)?;
    let limit = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let is_it = match read_file(path, limit) {
        Ok(there) => there.as_deref() == Some(text.as_bytes()),
        Err(FileError::TooLarge { .. }) => false,
        Err(error) => return Err(error),
    };
    if is_it && has_mode(path, PROGRAM)? {
        return Ok(());
    }
    let mut aside = Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .suffix(TEMPORARY_SUFFIX)
        .tempfile_in(folder)
        .map_err(FileError::io("create a file in", folder))?;
    aside
        .write_all(text.as_bytes())
        .map_err(FileError::io("write", path))?;
    set_mode(aside.path(), PROGRAM)?;
    aside
        .as_file()
        .sync_all()
        .map_err(FileError::io("sync", path))?;
    // Closed before it can be found: what is open for writing cannot be executed (ETXTBSY).
    aside
        .into_temp_path()
        .persist(path)
        .map_err(|e| FileError::io("replace", path)(e.error))?;
    sync_folder(folder)
}

/// Sees to it that there is an empty folder at `path`, in which its owner too makes nothing by accident.
///
/// # Errors
/// [`FileError::Unsafe`] for a folder that has something in it, or cannot be trusted; [`FileError::Io`].
pub fn ensure_empty_folder(path: &Path) -> Result<(), FileError> {
    create_folder(path)?;
    if !has_mode(path, CLOSED)? {
        set_mode(path, CLOSED)?;
    }
    match list_all(path)? {
        Some(names) if !names.is_empty() => Err(unsafe_file(path, "is to be empty and is not")),
        Some(_) | None => Ok(()),
    }
}

/// Tells whether `path` has this mode, and refuses a link.
fn has_mode(path: &Path, wanted: u32) -> Result<bool, FileError> {
    let found = path
        .symlink_metadata()
        .map_err(FileError::io("look at", path))?;
    if found.is_symlink() {
        return Err(unsafe_file(path, "is a link"));
    }
    Ok(is_mode(&found, wanted))
}

fn set_mode(path: &Path, wanted: u32) -> Result<(), FileError> {
    let Some(permissions) = permissions(wanted) else {
        return Ok(());
    };
    fs::set_permissions(path, permissions).map_err(FileError::io("change the mode of", path))
}

#[cfg(unix)]
fn is_mode(found: &Metadata, wanted: u32) -> bool {
    std::os::unix::fs::MetadataExt::mode(found) & 0o7777 == wanted
}

#[cfg(unix)]
fn permissions(mode: u32) -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn is_mode(_found: &Metadata, _wanted: u32) -> bool {
    true
}

#[cfg(not(unix))]
fn permissions(_mode: u32) -> Option<Permissions> {
    None
}

#[cfg(all(test, unix))]
#[expect(clippy::expect_used, reason = "helpers of tests may abort")]
mod tests {
    use super::*;
    use crate::paths::write_file;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("there").permissions().mode() & 0o7777
    }

    #[test]
    fn a_program_has_exactly_its_text_and_its_mode() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("below/program");
        let text = "#!/bin/sh\nexit 0\n";
        let check = || {
            ensure_program(&path, text).expect("made");
            assert_eq!(fs::read_to_string(&path).expect("text"), text);
            assert_eq!(mode(&path), 0o700);
            let names = fs::read_dir(top.path().join("below")).expect("listed");
            assert_eq!(names.count(), 1, "nothing left aside");
        };
        check();
        let first = path.metadata().expect("there").modified().expect("a time");
        check();
        let second = path.metadata().expect("there").modified().expect("a time");
        assert_eq!(first, second, "what is right is left alone");
        for other in ["", "#!/bin/sh\nexit 1\n", "#!/bin/sh\nexit 0\n# longer\n"] {
            write_file(&path, other.as_bytes()).expect("written");
            check();
        }
        for mode in [0o600, 0o755, 0o4700] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("changed");
            check();
        }
    }

    #[test]
    fn a_program_is_not_put_in_the_place_of_what_is_not_ours() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("program");
        let refused = || matches!(ensure_program(&path, "x"), Err(FileError::Unsafe { .. }));
        symlink("/bin/sh", &path).expect("linked");
        assert!(refused(), "a link");
        fs::remove_file(&path).expect("removed");
        fs::create_dir(&path).expect("made");
        assert!(refused(), "a folder");
        fs::remove_dir(&path).expect("removed");
        write_file(&path, b"x").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o722)).expect("changed");
        assert!(refused(), "what others can write");
        fs::remove_file(&path).expect("removed");
        fs::set_permissions(top.path(), Permissions::from_mode(0o777)).expect("changed");
        assert!(refused(), "in a folder that others can write");
    }

    #[test]
    fn an_empty_folder_is_empty_or_refused() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("a/empty");
        let refused = || matches!(ensure_empty_folder(&path), Err(FileError::Unsafe { .. }));
        ensure_empty_folder(&path).expect("made");
        ensure_empty_folder(&path).expect("there already");
        assert_eq!(mode(&path), 0o500);
        fs::set_permissions(&path, Permissions::from_mode(0o700)).expect("changed");
        ensure_empty_folder(&path).expect("closed again");
        assert_eq!(mode(&path), 0o500);
        fs::set_permissions(&path, Permissions::from_mode(0o700)).expect("changed");
        write_file(&path.join(".npmrc"), b"").expect("written");
        assert!(refused(), "something is in it");
        fs::remove_file(path.join(".npmrc")).expect("removed");
        fs::remove_dir(&path).expect("removed");
        let elsewhere = top.path().join("elsewhere");
        fs::create_dir(&elsewhere).expect("made");
        fs::set_permissions(&elsewhere, Permissions::from_mode(0o700)).expect("changed");
        symlink(&elsewhere, &path).expect("linked");
        assert!(refused(), "a link");
        assert_eq!(mode(&elsewhere), 0o700, "where it leads is left alone");
    }
}
