//! One command changes a home at a time, and readers can tell that one did.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::files::{FileError, check_file, is_link_error, no_follow, unsafe_file};

/// Between two tries for a lock.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// What tells one state of a file from another: which file it is, when it was written, how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    file: u64,
    written: Option<std::time::SystemTime>,
    length: u64,
}

/// Returns the stamp of a file, `None` if it cannot be looked at.
#[must_use]
pub fn stamp(path: &Path) -> Option<Stamp> {
    let found = path.symlink_metadata().ok()?;
    Some(Stamp {
        file: file_number(&found),
        written: found.modified().ok(),
        length: found.len(),
    })
}

/// The exclusive right to change a home. Ends when dropped, and with the process.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

impl Lock {
    /// Takes the lock on `path`, waiting up to `patience`. The file stays: removing it would let two
    /// commands hold two locks.
    ///
    /// # Errors
    /// [`FileError::Busy`] when the time is over; [`FileError::Unsafe`], [`FileError::Io`].
    pub fn take(path: &Path, patience: Duration) -> Result<Self, FileError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        no_follow(&mut options);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = match options.open(path) {
            Ok(file) => file,
            Err(e) if is_link_error(&e) => return Err(unsafe_file(path, "is a link")),
            Err(e) => return Err(FileError::io("open", path)(e)),
        };
        let found = file.metadata().map_err(FileError::io("look at", path))?;
        check_file(path, &found)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                    thread::sleep(LOCK_PAUSE);
                }
                Err(TryLockError::WouldBlock) => return Err(FileError::Busy),
                Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(e)) => return Err(FileError::io("lock", path)(e)),
            }
        }
    }
}

#[cfg(unix)]
fn file_number(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn file_number(_found: &Metadata) -> u64 {
    0
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn one_lock_at_a_time() {
        let top = tempfile::tempdir().expect("a folder");
        let path = top.path().join("lock");
        let held = Lock::take(&path, Duration::ZERO).expect("free");
        assert!(matches!(
            Lock::take(&path, Duration::ZERO),
            Err(FileError::Busy)
        ));
        drop(held);
        assert!(Lock::take(&path, Duration::ZERO).is_ok());
    }
}
