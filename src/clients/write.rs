//! Writes a client's file back: one broker at a time, whole, and only over what was read.
//!
//! Between reading and writing nothing of the file is held open or locked: its client may write it at any time, and
//! knows nothing of broker. So it is read again right before it is replaced, and left alone when anything about it is
//! not what it was.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::read::{Identity, ReadError, read_text};
use crate::paths::{
    FileError, Lock, Replaced, Replacement, create_folder, ensure_folder, remove_leftovers,
    write_new_file,
};

/// Why a client's file was not written. It is what it was, but for [`WriteError::Overwritten`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The file is not what was read any more.
    #[error("\"{}\" changed while it was worked on, and was left alone", .0.display())]
    Changed(PathBuf),
    /// It was written, and then somebody else wrote it.
    #[error("\"{}\" was written, and something else has written it since", .0.display())]
    Overwritten(PathBuf),
    /// Another broker is changing it.
    #[error("another broker command is changing \"{}\"", .0.display())]
    Busy(PathBuf),
    /// It could not be read again.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It has several names, something about it cannot be kept, or the system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The right to change one client's file, among all brokers of a home. Ends when dropped, and with the process.
#[derive(Debug)]
pub struct EditLock {
    #[expect(dead_code, reason = "held for its end")]
    lock: Lock,
    real: PathBuf,
}

impl EditLock {
    /// Takes it for the file that `path` leads to, waiting up to `patience`; taken before the file is read and held until
    /// it is written. `folder` is broker's own folder for such locks, which is made if it is not there; the lock is named
    /// for the place of the real file, so that all links to it lead to the same. What a broker that was killed left beside the file is removed.
    ///
    /// # Errors
    /// [`WriteError::Busy`] when the time is over; [`WriteError::File`].
    pub fn take(folder: &Path, path: &Path, patience: Duration) -> Result<Self, WriteError> {
        let real = path.canonicalize().map_err(|source| FileError::Io {
            action: "look at",
            path: path.to_path_buf(),
            source,
        })?;
        Self::of_real(folder, path, real, patience)
    }

    /// As [`EditLock::take`], for a file that may not be there yet. Nothing is made for it.
    ///
    /// # Errors
    /// As [`EditLock::take`].
    pub fn take_for_new(
        folder: &Path,
        path: &Path,
        patience: Duration,
    ) -> Result<Self, WriteError> {
        if path.symlink_metadata().is_ok() {
            return Self::take(folder, path, patience);
        }
        // As far as there are folders, without links; the rest will be made.
        let mut there = path.ancestors().skip(1);
        let real = there.find_map(|above| {
            let below = path.strip_prefix(above).ok()?;
            Some(above.canonicalize().ok()?.join(below))
        });
        let real = real.unwrap_or_else(|| path.to_path_buf());
        Self::of_real(folder, path, real, patience)
    }

    fn of_real(
        folder: &Path,
        path: &Path,
        real: PathBuf,
        patience: Duration,
    ) -> Result<Self, WriteError> {
        create_folder(folder)?;
        let place = Sha256::digest(real.as_os_str().as_encoded_bytes());
        let name: String = place
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        match Lock::take(&folder.join(format!("{name}.lock")), patience) {
            Ok(lock) => {
                remove_leftovers(&real);
                Ok(Self { lock, real })
            }
            Err(FileError::Busy) => Err(WriteError::Busy(path.to_path_buf())),
            Err(other) => Err(other.into()),
        }
    }
}

/// Replaces the file that was read as `identity` with `text`, durably, and returns what it is now. Links to it stay, and so
/// do its mode, owner and attributes.
///
/// # Errors
/// See [`WriteError`]; the file is then untouched, unless the folder could not be synced ([`FileError::Io`]), when
/// either may be found after a crash.
pub fn write(lock: &EditLock, identity: &Identity, text: &str) -> Result<Identity, WriteError> {
    let path = identity.given();
    let changed = || WriteError::Changed(path.to_path_buf());
    if lock.real != identity.real() {
        return Err(changed());
    }
    let ready = Replacement::write(identity.real(), identity.stamp(), text.as_bytes())?;
    // As late as can be: only the last look at the stamp is between this and the rename.
    match read_text(path) {
        Ok((_, now)) if now.is_same(identity) => {}
        Ok(_) | Err(ReadError::Absent(_)) => return Err(changed()),
        Err(other) => return Err(other.into()),
    }
    match ready.put()? {
        Replaced::Done => {}
        Replaced::Changed => return Err(changed()),
    }
    let (read, now) = read_text(path)?;
    if read.as_str() == text {
        Ok(now)
    } else {
        Err(changed())
    }
}

/// Makes a file that is not there, for its user alone, durably, with the folders above it.
///
/// # Errors
/// [`WriteError::Changed`] if something is there by now; [`WriteError::File`].
pub fn create(lock: &EditLock, path: &Path, text: &str) -> Result<(), WriteError> {
    let above = lock.real.parent().unwrap_or_else(|| Path::new("."));
    ensure_folder(above)?;
    match write_new_file(&lock.real, text.as_bytes())? {
        true => Ok(()),
        false => Err(WriteError::Changed(path.to_path_buf())),
    }
}

#[cfg(all(test, unix))]
#[path = "write_tests.rs"]
mod tests;
