//! Reading and writing broker's own files.
//!
//! A file is private from its first byte, written aside, synced, renamed, and its folder synced: after a
//! crash there is the old file or the new one. Nothing is read or written through a link, and nothing
//! that belongs to somebody else or that others can write is trusted.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;
use zeroize::Zeroizing;

/// What temporary files of ours are called, so that leftovers of a crash can be told and removed.
pub(super) const TEMPORARY_PREFIX: &str = ".broker-";
/// How many letters of a temporary file's name are random.
pub(super) const RANDOM_LETTERS: usize = 6;
/// See [`TEMPORARY_PREFIX`].
pub(super) const TEMPORARY_SUFFIX: &str = ".tmp";

/// Why a file of ours was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system refused.
    #[error("could not {action} \"{}\": {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is not a file that can be trusted.
    #[error("\"{}\" {problem}", path.display())]
    Unsafe {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It is larger than any file of its kind.
    #[error("\"{}\" is too large", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Another command held the lock all the time.
    #[error("another broker command is changing this home")]
    Busy,
}

impl FileError {
    /// Returns the stable code of this case, as documented in `broker(1)`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "file-io",
            Self::Unsafe { .. } => "file-unsafe",
            Self::TooLarge { .. } => "file-too-large",
            Self::Busy => "home-busy",
        }
    }

    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_path_buf(),
            source,
        }
    }
}

/// Creates `folder` and what is missing above it, 0700, and syncs each new entry. A folder that is
/// there must be the user's own and not writable by others.
///
/// # Errors
/// [`FileError::Io`], or [`FileError::Unsafe`] for a folder that cannot be trusted.
pub fn create_folder(folder: &Path) -> Result<(), FileError> {
    match folder.metadata() {
        Ok(found) => return check_folder(folder, &found),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(FileError::io("look at", folder)(e)),
    }
    let parent = folder.parent().ok_or(FileError::Unsafe {
        path: folder.to_path_buf(),
        problem: "is no place for a folder",
    })?;
    if !parent.is_dir() {
        create_folder(parent)?;
    }
    match private_folders().create(folder) {
        Ok(()) => sync_folder(parent),
        // Somebody was faster; it has to pass the same check.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let found = folder
                .metadata()
                .map_err(FileError::io("look at", folder))?;
            check_folder(folder, &found)
        }
        Err(e) => Err(FileError::io("create", folder)(e)),
    }
}

/// Sees to it that there is a folder for a file of another program. What is missing is made 0700; what is there may be
/// anybody's.
///
/// # Errors
/// [`FileError::Io`].
pub fn ensure_folder(folder: &Path) -> Result<(), FileError> {
    let mut builder = private_folders();
    builder
        .recursive(true)
        .create(folder)
        .map_err(FileError::io("create", folder))
}

/// Reads a file of ours, `None` if there is none.
///
/// # Errors
/// [`FileError::Unsafe`] for a link, something that is no plain file, a file of somebody else or one that
/// others can write; [`FileError::TooLarge`] over `limit` bytes; [`FileError::Io`].
pub fn read_file(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    read_file_from(path, 0, limit)
}

/// Reads what a file of ours has behind its first `start` bytes, `None` if there is no such file.
///
/// # Errors
/// As [`read_file`].
pub fn read_file_from(path: &Path, start: u64, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let Some((mut file, _)) = open_ours(path)? else {
        return Ok(None);
    };
    if start > 0 {
        file.seek(SeekFrom::Start(start))
            .map_err(FileError::io("read", path))?;
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(FileError::io("read", path))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(too_large(path));
    }
    Ok(Some(bytes))
}

/// Reads a file of ours that holds a key, `None` if there is none. What it read is wiped.
///
/// # Errors
/// As [`read_file`]; [`FileError::Unsafe`] also for a file that others can even read.
pub fn read_private_file(
    path: &Path,
    limit: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, FileError> {
    let Some((mut file, found)) = open_ours(path)? else {
        return Ok(None);
    };
    if mode(&found) & 0o077 != 0 {
        return Err(unsafe_file(path, "can be read by other users"));
    }
    // One buffer that never moves, so that no part of the key is left in a smaller one.
    let mut bytes = Zeroizing::new(vec![0_u8; limit.saturating_add(1)]);
    let mut filled = 0_usize;
    loop {
        let room = bytes.get_mut(filled..).unwrap_or_default();
        if room.is_empty() {
            return Err(too_large(path));
        }
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(FileError::io("read", path)(e)),
        }
    }
    bytes.truncate(filled);
    Ok(Some(bytes))
}

/// Opens a plain file of ours that only we can write, `None` if there is none.
fn open_ours(path: &Path) -> Result<Option<(File, Metadata)>, FileError> {
    let mut options = OpenOptions::new();
    options.read(true);
    no_follow(&mut options);
    let file = match options.open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) if is_link_error(&e) => return Err(unsafe_file(path, "is a link")),
        Err(e) => return Err(FileError::io("open", path)(e)),
    };
    let found = file.metadata().map_err(FileError::io("look at", path))?;
    check_file(path, &found)?;
    Ok(Some((file, found)))
}

/// Replaces `path` with `bytes`, durably. The folder must be there.
///
/// # Errors
/// [`FileError::Io`]; the old file is then untouched, unless the folder could not be synced, when either
/// may be found after a crash.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let (aside, folder) = written_aside(path, bytes)?;
    aside
        .persist(path)
        .map_err(|e| FileError::io("replace", path)(e.error))?;
    sync_folder(folder)
}

/// Makes `path` with `bytes`, durably, and leaves alone what is there already: `false` then.
///
/// # Errors
/// [`FileError::Io`].
pub fn write_new_file(path: &Path, bytes: &[u8]) -> Result<bool, FileError> {
    let (aside, folder) = written_aside(path, bytes)?;
    match aside.persist_noclobber(path) {
        Ok(_) => sync_folder(folder).map(|()| true),
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(FileError::io("create", path)(e.error)),
    }
}

/// Writes and syncs a private file beside `path`; it is removed again unless it is put in its place.
pub(super) fn written_aside<'a>(
    path: &'a Path,
    bytes: &[u8],
) -> Result<(tempfile::NamedTempFile, &'a Path), FileError> {
    written_aside_as(OsStr::new(TEMPORARY_PREFIX), path, bytes)
}

/// The same, with a name that begins so.
pub(super) fn written_aside_as<'a>(
    prefix: &OsStr,
    path: &'a Path,
    bytes: &[u8],
) -> Result<(tempfile::NamedTempFile, &'a Path), FileError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut aside = Builder::new()
        .prefix(prefix)
        .suffix(TEMPORARY_SUFFIX)
        .rand_bytes(RANDOM_LETTERS)
        .tempfile_in(folder)
        .map_err(FileError::io("create a file in", folder))?;
    aside
        .write_all(bytes)
        .map_err(FileError::io("write", path))?;
    aside
        .as_file()
        .sync_all()
        .map_err(FileError::io("sync", path))?;
    Ok((aside, folder))
}

/// Removes `path` durably; `false` if it was not there.
///
/// # Errors
/// [`FileError::Io`].
pub fn remove_file(path: &Path) -> Result<bool, FileError> {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(FileError::io("remove", path)(e)),
    }
    sync_folder(path.parent().unwrap_or_else(|| Path::new(".")))?;
    Ok(true)
}

/// Moves `from` to `to`, whatever it is, durably. Nothing may be at `to`, which is on the same disk.
///
/// # Errors
/// [`FileError::Io`].
pub fn move_file(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to).map_err(FileError::io("move", from))?;
    for path in [to, from] {
        sync_folder(path.parent().unwrap_or_else(|| Path::new(".")))?;
    }
    Ok(())
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), FileError> {
    if cfg!(windows) {
        // Folders cannot be opened for syncing there; NTFS journals the rename.
        return Ok(());
    }
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(FileError::io("sync", folder))
}

pub(super) fn check_folder(path: &Path, found: &Metadata) -> Result<(), FileError> {
    if !found.is_dir() {
        return Err(unsafe_file(path, "is not a folder"));
    }
    check_owner(path, found)
}

pub(super) fn check_file(path: &Path, found: &Metadata) -> Result<(), FileError> {
    if !found.is_file() {
        return Err(unsafe_file(path, "is not a plain file"));
    }
    check_owner(path, found)
}

fn check_owner(path: &Path, found: &Metadata) -> Result<(), FileError> {
    if !is_ours(found) {
        return Err(unsafe_file(path, "belongs to another user"));
    }
    if mode(found) & 0o022 != 0 {
        return Err(unsafe_file(path, "can be written by other users"));
    }
    Ok(())
}

pub(super) fn too_large(path: &Path) -> FileError {
    FileError::TooLarge {
        path: path.to_path_buf(),
    }
}

pub(super) fn unsafe_file(path: &Path, problem: &'static str) -> FileError {
    FileError::Unsafe {
        path: path.to_path_buf(),
        problem,
    }
}

#[cfg(unix)]
fn private_folders() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(not(unix))]
fn private_folders() -> fs::DirBuilder {
    fs::DirBuilder::new()
}

#[cfg(unix)]
pub(super) fn is_ours(found: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(found) == crate::sys::effective_uid()
}

#[cfg(unix)]
fn mode(found: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(found)
}

#[cfg(unix)]
pub(super) fn no_follow(options: &mut OpenOptions) {
    // Not blocking, so that a FIFO in the place of a file is an error and not a hang.
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, crate::sys::OPEN_NO_FOLLOW_NO_BLOCK);
}

#[cfg(unix)]
pub(super) fn is_link_error(error: &io::Error) -> bool {
    crate::sys::is_link_error(error)
}

#[cfg(not(unix))]
pub(super) fn is_ours(_found: &Metadata) -> bool {
    // Ownership is by access list there, and the profile folder is the user's alone.
    true
}

#[cfg(not(unix))]
fn mode(_found: &Metadata) -> u32 {
    0o600
}

#[cfg(not(unix))]
pub(super) fn no_follow(_options: &mut OpenOptions) {}

#[cfg(not(unix))]
pub(super) fn is_link_error(_error: &io::Error) -> bool {
    false
}

#[cfg(all(test, unix))]
#[expect(clippy::expect_used, reason = "helpers of tests may abort")]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn mode_of(path: &Path) -> u32 {
        path.metadata().expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_written_file_is_private_and_replaces_the_old_one_whole() {
        let top = folder();
        let path = top.path().join("a");
        write_file(&path, b"long old text").expect("written");
        write_file(&path, b"new").expect("replaced");
        assert_eq!(read_file(&path, 10).expect("read"), Some(b"new".to_vec()));
        assert_eq!(mode_of(&path), 0o600);
        assert_eq!(
            fs::read_dir(top.path()).expect("listed").count(),
            1,
            "nothing left aside"
        );
    }

    #[test]
    fn a_new_file_takes_no_others_place() {
        let top = folder();
        let path = top.path().join("a");
        assert!(write_new_file(&path, b"first").expect("made"));
        assert!(!write_new_file(&path, b"second").expect("no error"));
        assert_eq!(read_file(&path, 10).expect("read"), Some(b"first".to_vec()));
        assert_eq!(mode_of(&path), 0o600);
        assert_eq!(
            fs::read_dir(top.path()).expect("listed").count(),
            1,
            "nothing left aside"
        );
    }

    #[test]
    fn a_link_a_fifo_and_a_file_others_can_write_are_not_trusted() {
        let top = folder();
        let real = top.path().join("real");
        write_file(&real, b"x").expect("written");
        let link = top.path().join("link");
        symlink(&real, &link).expect("linked");
        let refusal = |path: &Path| match read_file(path, 10) {
            Err(FileError::Unsafe { problem, .. }) => problem,
            other => panic!("{other:?}"),
        };
        assert_eq!(refusal(&link), "is a link");
        assert_eq!(refusal(top.path()), "is not a plain file");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o620)).expect("changed");
        assert_eq!(refusal(&real), "can be written by other users");
    }

    #[test]
    fn a_private_file_is_readable_by_nobody_else() {
        let top = folder();
        let path = top.path().join("key");
        assert!(read_private_file(&path, 3).expect("no error").is_none());
        write_file(&path, b"key").expect("written");
        let read = read_private_file(&path, 3).expect("read").expect("there");
        assert_eq!(read.as_slice(), b"key");
        assert!(matches!(
            read_private_file(&path, 2),
            Err(FileError::TooLarge { .. })
        ));
        for mode in [0o640, 0o604, 0o610, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
            assert!(
                matches!(read_private_file(&path, 3), Err(FileError::Unsafe { .. })),
                "{mode:o}"
            );
        }
    }

    #[test]
    fn a_file_over_the_limit_is_refused_and_a_missing_one_is_none() {
        let top = folder();
        let path = top.path().join("a");
        assert!(read_file(&path, 3).expect("no error").is_none());
        write_file(&path, b"1234").expect("written");
        assert!(matches!(
            read_file(&path, 3),
            Err(FileError::TooLarge { .. })
        ));
        assert!(remove_file(&path).expect("removed"));
        assert!(!remove_file(&path).expect("absent"));
    }

    #[test]
    fn new_folders_are_private_all_the_way() {
        let top = folder();
        let deep = top.path().join("a/b/c");
        create_folder(&deep).expect("created");
        create_folder(&deep).expect("there already");
        assert_eq!(mode_of(&deep), 0o700);
        assert_eq!(mode_of(&top.path().join("a")), 0o700);
    }
}
