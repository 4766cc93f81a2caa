//! A file of ours that only grows: adding to its end, durably or not at all.
//!
//! Makes no file. What could not be written whole and synced is cut off again, and never reported as done.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::files::{FileError, check_file, is_link_error, no_follow, unsafe_file};

/// A file that is open for adding to its end. The caller holds the lock under which that is done.
#[derive(Debug)]
pub struct AppendFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl AppendFile {
    /// Opens `path`, `None` if there is no such file.
    ///
    /// # Errors
    /// [`FileError::Unsafe`] for a link, something that is no plain file, a file of somebody else or one that
    /// others can write; [`FileError::Io`].
    pub fn open(path: &Path) -> Result<Option<Self>, FileError> {
        let mut options = OpenOptions::new();
        options.read(true);
        to_append(&mut options);
        no_follow(&mut options);
        let file = match options.open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) if is_link_error(&e) => return Err(unsafe_file(path, "is a link")),
            Err(e) => return Err(FileError::io("open", path)(e)),
        };
        let found = file.metadata().map_err(FileError::io("look at", path))?;
        check_file(path, &found)?;
        Ok(Some(Self {
            path: path.to_path_buf(),
            file,
            length: found.len(),
        }))
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads its last `count` bytes, or all of it where it has fewer.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn last(&mut self, count: u64) -> Result<Vec<u8>, FileError> {
        let begin = self.length.saturating_sub(count);
        let wanted = self.length.saturating_sub(begin);
        let mut bytes = vec![0_u8; usize::try_from(wanted).unwrap_or(usize::MAX)];
        self.file
            .seek(SeekFrom::Start(begin))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(FileError::io("read", &self.path))?;
        Ok(bytes)
    }

    /// Adds `bytes` to its end, in one write, and syncs. On an error nothing of them is left, as far as the
    /// system lets that be done.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let done = self
            .file
            .seek(SeekFrom::End(0))
            .and_then(|_| write_once(&mut self.file, bytes))
            .map_err(FileError::io("write to the end of", &self.path))
            .and_then(|()| {
                self.file
                    .sync_data()
                    .map_err(FileError::io("sync", &self.path))
            });
        if done.is_ok() {
            let added = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.length = self.length.saturating_add(added);
        } else {
            // What fails here too is a torn end, which is found when the file is next added to.
            let _ = self.cut(self.length);
        }
        done
    }

    /// Cuts it to `length` bytes, and syncs.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn cut(&mut self, length: u64) -> Result<(), FileError> {
        self.file
            .set_len(length)
            .and_then(|()| self.file.sync_data())
            .map_err(FileError::io("shorten", &self.path))?;
        self.length = length;
        Ok(())
    }
}

fn write_once(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    loop {
        return match file.write(bytes) {
            Ok(count) if count == bytes.len() => Ok(()),
            Ok(_) => Err(io::Error::new(
                io::ErrorKind::WriteZero,
                "only a part was written",
            )),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => Err(e),
        };
    }
}

#[cfg(unix)]
fn to_append(options: &mut OpenOptions) {
    options.append(true);
}

/// A file that is open for appending alone cannot be shortened there.
#[cfg(not(unix))]
fn to_append(options: &mut OpenOptions) {
    options.write(true);
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::paths::write_file;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_file_grows_and_shrinks_at_its_end() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("a");
        assert!(AppendFile::open(&path).expect("no error").is_none());
        write_file(&path, b"one\n").expect("written");
        let mut file = AppendFile::open(&path).expect("opened").expect("there");
        file.add(b"two\n").expect("added");
        assert_eq!(file.length(), 8);
        assert_eq!(file.last(5).expect("read"), b"\ntwo\n");
        assert_eq!(file.last(99).expect("read"), b"one\ntwo\n");
        file.cut(6).expect("cut");
        file.add(b"!").expect("added");
        assert_eq!(std::fs::read(&path).expect("read"), b"one\ntw!");
    }

    #[test]
    fn only_a_plain_file_of_ours_is_added_to() {
        let top = tempfile::tempdir().expect("a folder");
        let real = top.path().join("real");
        write_file(&real, b"x").expect("written");
        let link = top.path().join("link");
        symlink(&real, &link).expect("linked");
        let problem = |path: &Path| match AppendFile::open(path) {
            Err(FileError::Unsafe { problem, .. }) => problem,
            other => panic!("{other:?}"),
        };
        assert_eq!(problem(&link), "is a link");
        assert!(AppendFile::open(top.path()).is_err());
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o620)).expect("changed");
        assert_eq!(problem(&real), "can be written by other users");
    }
}
