//! Files that are not broker's own: read whole and bounded, and replaced whole without changing anything about them
//! but what is in them.
//!
//! Links are followed, as whoever the file belongs to does: what is read and replaced is the real file. Nothing is
//! waited for (a FIFO), and nothing endless is read (a device).

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::content::FileStamp;
use super::files::{
    FileError, RANDOM_LETTERS, TEMPORARY_PREFIX, TEMPORARY_SUFFIX, no_follow, remove_file,
    sync_folder, too_large, unsafe_file, written_aside_as,
};

/// A file of somebody else's making, as it was read.
pub struct ForeignFile {
    /// Where it is, without any link.
    pub real: PathBuf,
    /// What is in it. Wiped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// What the system said about it while it was read.
    pub stamp: FileStamp,
}

impl std::fmt::Debug for ForeignFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ForeignFile({})", self.real.display())
    }
}

/// Reads a file of somebody else's making, `None` if there is none.
///
/// # Errors
/// [`FileError::Unsafe`] for what is no plain file, for a link to nothing, and for a file that changes while it is read;
/// [`FileError::TooLarge`] over `limit` bytes; [`FileError::Io`].
pub fn read_foreign_file(path: &Path, limit: usize) -> Result<Option<ForeignFile>, FileError> {
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return match path.symlink_metadata() {
                Ok(_) => Err(unsafe_file(path, "is a link to nothing")),
                Err(_) => Ok(None),
            };
        }
        Err(e) => return Err(FileError::io("look at", path)(e)),
    };
    // Opening some devices does something; so they are told before.
    let before = fs::symlink_metadata(&real).map_err(FileError::io("look at", path))?;
    check_plain(path, &before)?;
    let file = open(&real).map_err(FileError::io("open", path))?;
    let found = file.metadata().map_err(FileError::io("look at", path))?;
    check_plain(path, &found)?;
    let size = usize::try_from(found.len()).unwrap_or(usize::MAX);
    if size > limit {
        return Err(too_large(path));
    }
    let stamp = FileStamp::of(&found);
    let bytes = read_whole(&file, size).map_err(FileError::io("read", path))?;
    let after = file.metadata().map_err(FileError::io("look at", path))?;
    if bytes.len() != size || FileStamp::of(&after) != stamp {
        return Err(unsafe_file(path, "changed while it was read"));
    }
    Ok(Some(ForeignFile { real, bytes, stamp }))
}

/// Reads `size` bytes, and one more if there is one, into a buffer that never moves, so that nothing of it is left in a
/// smaller one.
fn read_whole(mut file: &File, size: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0_u8; size.saturating_add(1)]);
    let mut filled = 0_usize;
    loop {
        let room = bytes.get_mut(filled..).unwrap_or_default();
        if room.is_empty() {
            break;
        }
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn open(real: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    no_follow(&mut options);
    options.open(real)
}

fn check_plain(path: &Path, found: &Metadata) -> Result<(), FileError> {
    if found.is_dir() {
        return Err(unsafe_file(path, "is a folder"));
    }
    if !found.is_file() {
        return Err(unsafe_file(path, "is not a plain file"));
    }
    Ok(())
}

/// What became of a replacement.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// The file holds the new content, durably.
    Done,
    /// The file is not what it was any more; it was left alone.
    Changed,
}

/// The new content of a file of somebody else's making, written beside it and not yet in its place. Removed when
/// dropped.
#[derive(Debug)]
pub struct Replacement {
    aside: NamedTempFile,
    real: PathBuf,
    stamp: FileStamp,
}

impl Replacement {
    /// Writes `bytes` beside `real`, private from the first byte, and then gives it the owner, the attributes and the mode
    /// of `real`, which must be what `stamp` says.
    ///
    /// # Errors
    /// [`FileError::Unsafe`] for a file with several names, of which only one would be replaced, and for one whose
    /// owner, attributes or mode cannot be kept; [`FileError::Io`].
    pub fn write(real: &Path, stamp: &FileStamp, bytes: &[u8]) -> Result<Self, FileError> {
        let old = open(real).map_err(FileError::io("open", real))?;
        let found = old.metadata().map_err(FileError::io("look at", real))?;
        check_plain(real, &found)?;
        if names(&found) > 1 {
            return Err(unsafe_file(real, "has other names too (hard links)"));
        }
        let (aside, _) = written_aside_as(&prefix_of(real), real, bytes)?;
        keep(&old, &found, aside.as_file()).map_err(|_| {
            unsafe_file(
                real,
                "has an owner, attributes or a mode that cannot be kept",
            )
        })?;
        aside
            .as_file()
            .sync_all()
            .map_err(FileError::io("sync", real))?;
        Ok(Self {
            aside,
            real: real.to_path_buf(),
            stamp: stamp.clone(),
        })
    }

    /// Puts it in its place, durably, where the file there is still what it was.
    ///
    /// # Errors
    /// [`FileError::Io`]; the old file is then untouched, unless the folder could not be synced, when either may be
    /// found after a crash.
    pub fn put(self) -> Result<Replaced, FileError> {
        let now = fs::symlink_metadata(&self.real).ok();
        if now.is_none_or(|now| FileStamp::of(&now) != self.stamp) {
            return Ok(Replaced::Changed);
        }
        self.aside
            .persist(&self.real)
            .map_err(|e| FileError::io("replace", &self.real)(e.error))?;
        sync_folder(self.real.parent().unwrap_or_else(|| Path::new(".")))?;
        Ok(Replaced::Done)
    }
}

/// The longest name of a file that the one beside it is named for, in bytes.
const LONGEST_NAME: usize = 128;

/// How the file beside `real` is called.
fn prefix_of(real: &Path) -> OsString {
    let mut prefix = OsString::from(TEMPORARY_PREFIX);
    let name = real.file_name().filter(|name| name.len() <= LONGEST_NAME);
    if let Some(name) = name {
        prefix.push(name);
        prefix.push("-");
    }
    prefix
}

/// Removes what replacements of `real` left beside it that were killed, as far as that can be done: there may be values in
/// it. Nobody may be replacing it.
pub fn remove_leftovers(real: &Path) {
    let prefix = prefix_of(real);
    let Some(folder) = real.parent().filter(|_| prefix != TEMPORARY_PREFIX) else {
        return;
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        let rest = name.strip_prefix(prefix.as_encoded_bytes());
        let rest = rest.and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX.as_bytes()));
        if rest.is_some_and(|rest| {
            rest.len() == RANDOM_LETTERS && rest.iter().all(u8::is_ascii_alphanumeric)
        }) {
            // One that cannot be removed is no reason not to go on: it is as private as the file.
            let _ = remove_file(&entry.path());
        }
    }
}

#[cfg(unix)]
fn names(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(found)
}

#[cfg(not(unix))]
fn names(_found: &Metadata) -> u64 {
    1
}

/// Gives `new` the owner, the extended attributes (lists of rights among them) and the mode of `old`.
#[cfg(unix)]
fn keep(old: &File, found: &Metadata, new: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let own = new.metadata()?;
    if (own.uid(), own.gid()) != (found.uid(), found.gid()) {
        std::os::unix::fs::fchown(new, Some(found.uid()), Some(found.gid()))?;
    }
    crate::sys::copy_attributes(old, new)?;
    new.set_permissions(fs::Permissions::from_mode(found.mode() & 0o7777))?;
    let now = new.metadata()?;
    let same = |one: &Metadata| (one.uid(), one.gid(), one.mode());
    if same(&now) == same(found) {
        Ok(())
    } else {
        Err(io::Error::from(io::ErrorKind::PermissionDenied))
    }
}

/// Access goes by lists there, which a new file takes from its folder.
#[cfg(not(unix))]
fn keep(_old: &File, _found: &Metadata, _new: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
#[path = "foreign_tests.rs"]
mod tests;
