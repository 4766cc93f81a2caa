//! The log: what was done with which secrets, by whom, in a chain that shows every change made to it.
//!
//! One entry is one line of JSON, which holds names and numbers and never a value, an argument or a digest
//! of either. Each line ends with a hash over the one before and its own text (design D9), so that a line
//! that was changed, taken away, moved or put in is found by [`Log::verify`]. What was cut off the end is found
//! by an anchor, a [`Position`] that is kept elsewhere. Nothing here makes a log again that is missing:
//! without a log no entry is written, and without an entry nothing is released.
#![forbid(unsafe_code)]

mod append;
mod caller;
mod chain;
mod end;
mod entry;
mod files;
mod read;
mod torn;
mod verify;

pub use caller::{Caller, Process};
pub use chain::{Hash, HashError, Position};
pub use entry::{Action, Entry, Outcome, Recorded};
pub use read::{Newest, Oldest};
pub use verify::Verified;

use std::path::{Path, PathBuf};

use crate::paths::{FileError, HomePaths};
use crate::store::HomeId;

/// When a file of the log is followed by a next one, in bytes.
const FILE_BYTES: u64 = 4 << 20;

/// The longest entry, in bytes.
const ENTRY_BYTES: usize = 1 << 20;

/// The log of one home. Holds nothing open.
#[derive(Clone, Debug)]
pub struct Log {
    folder: PathBuf,
    home: HomeId,
    file_bytes: u64,
}

/// Why the log could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// Nothing was added.
    #[error("the log cannot be written: {0}")]
    Unwritable(#[source] Problem),
    /// It was not read.
    #[error("the log cannot be read: {0}")]
    Unreadable(#[source] Problem),
}

/// What is wrong with the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A file or folder cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file or folder is not there.
    #[error("\"{}\" is missing", .0.display())]
    Missing(PathBuf),
    /// A line is no entry, or not the one that belongs there.
    #[error("\"{}\", line {line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The end of a file is not what broker leaves there.
    #[error("the end of \"{}\" is damaged: {what}", path.display())]
    End {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is something where nothing may be.
    #[error("\"{}\" is there already", .0.display())]
    Exists(PathBuf),
    /// Somebody put something among the files of the log.
    #[error("\"{}\" is no file of the log", .0.display())]
    Foreign(PathBuf),
    /// An entry is longer than any can be.
    #[error("the entry is too long")]
    TooLong,
    /// Another command held the log all the time.
    #[error("another broker command is writing \"{}\"", .0.display())]
    Busy(PathBuf),
    /// There are as many files as there can be.
    #[error("\"{}\" can hold no more files", .0.display())]
    Full(PathBuf),
}

impl AuditError {
    /// Returns the stable code of this case, as documented in `broker(1)`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unwritable(_) => "audit-unwritable",
            Self::Unreadable(_) => "audit-unreadable",
        }
    }
}

impl Log {
    /// Returns the log of the home `id` at `paths`. Looks at no file.
    #[must_use]
    pub fn of(paths: &HomePaths, id: &HomeId) -> Self {
        Self {
            folder: paths.log_folder(),
            home: id.clone(),
            file_bytes: FILE_BYTES,
        }
    }

    /// Returns the same log with another length at which a file is followed by the next.
    #[must_use]
    pub fn with_files_of(self, bytes: u64) -> Self {
        Self {
            file_bytes: bytes,
            ..self
        }
    }

    /// Returns the folder of its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
