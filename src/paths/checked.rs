//! A new file that has its name only once what was written was read back and found right.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::files::{FileError, sync_folder, written_aside};

/// Makes `path` with `bytes` as [`super::write_new_file`] does, if `check` agrees with what is read back before the file
/// has its name. Where it fails, nothing stays.
///
/// # Errors
/// What `check` gives; [`FileError::Io`].
pub fn write_new_file_checked<E: From<FileError>>(
    path: &Path,
    bytes: &[u8],
    check: impl FnOnce(&[u8]) -> Result<(), E>,
) -> Result<bool, E> {
    let (mut aside, folder) = written_aside(path, bytes)?;
    let mut read = Vec::with_capacity(bytes.len());
    aside
        .as_file_mut()
        .seek(SeekFrom::Start(0))
        .and_then(|_| aside.as_file_mut().read_to_end(&mut read))
        .map_err(FileError::io("read back", path))?;
    check(&read)?;
    match aside.persist_noclobber(path) {
        Ok(_) => {}
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(e) => return Err(FileError::io("create", path)(e.error).into()),
    }
    sync_folder(folder).inspect_err(|_| {
        // What may not outlast a loss of power is not to look as if it did.
        let _ = fs::remove_file(path);
    })?;
    Ok(true)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_found_wrong_leaves_nothing_and_one_that_is_there_stays() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("a");
        let count = || fs::read_dir(top.path()).expect("listed").count();
        let wrong = |_: &[u8]| Err(FileError::Busy);
        assert!(write_new_file_checked(&path, b"bytes", wrong).is_err());
        assert_eq!(count(), 0);
        let right = |read: &[u8]| {
            assert_eq!(read, b"bytes");
            Ok::<(), FileError>(())
        };
        assert!(write_new_file_checked(&path, b"bytes", right).expect("made"));
        let other = |_: &[u8]| Ok::<(), FileError>(());
        assert!(!write_new_file_checked(&path, b"others", other).expect("no error"));
        assert_eq!(fs::read(&path).expect("there"), b"bytes");
        assert_eq!(count(), 1);
    }
}
