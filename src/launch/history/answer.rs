//! What is asked about the history of a file, and what the answer is made of. Nothing of it holds a value.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::process::Fault;

/// What is to be found, and where.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The file: an absolute path without links.
    pub file: &'a Path,
    /// Values to find: as they are, or with the escapes of JSON, TOML and YAML. An empty one is found nowhere.
    pub needles: &'a [&'a [u8]],
    /// Returns how many values it finds in a version of the file by itself.
    pub judge: &'a dyn Fn(&[u8]) -> usize,
    /// The caller's `PATH`, in which git is looked up.
    pub search_path: &'a OsStr,
    /// The user's home folder.
    pub home: Option<&'a Path>,
    /// Where it ends.
    pub limits: Limits,
}

impl fmt::Debug for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wanted")
            .field("file", &self.file)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many versions of the file, from the newest on.
    pub versions: usize,
    /// How large a version may be, in bytes.
    pub bytes: usize,
    /// How long it may take.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            versions: 2000,
            bytes: 10 << 20,
            time: Duration::from_secs(10),
        }
    }
}

/// What the history of a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Whether the index has the file: it is part of the next commit.
    pub is_tracked: bool,
    /// Whether a commit has or had it.
    pub is_committed: bool,
    /// What the version in the index holds, if it holds something.
    pub staged: Option<Held>,
    /// What the version of HEAD holds, if it holds something.
    pub head: Option<Held>,
    /// The commits that wrote a version which holds something, from the oldest to the newest.
    pub commits: Vec<Commit>,
    /// What was not looked at.
    pub gaps: Vec<Gap>,
}

impl History {
    /// Returns the first commit and the last one.
    #[must_use]
    pub fn ends(&self) -> Option<(&Commit, &Commit)> {
        Some((self.commits.first()?, self.commits.last()?))
    }
}

/// A commit that wrote a version of the file which holds something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its whole id, in hexadecimal digits.
    pub id: String,
    /// When it was made, as it says itself; `None` for a time out of all bounds.
    pub date: Option<Timestamp>,
    /// Whether a remote-tracking branch leads to it: it was fetched from there or, more likely, pushed.
    pub is_pushed: bool,
    /// What its version holds.
    pub held: Held,
}

impl Commit {
    /// Returns the beginning of the id, for people.
    #[must_use]
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

/// What a version of a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The needles in it, by their places in the list.
    pub needles: Vec<usize>,
    /// How many values the judge found.
    pub judged: usize,
}

impl Held {
    pub(super) fn is_something(&self) -> bool {
        !self.needles.is_empty() || self.judged > 0
    }
}

/// A part of the history that was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Gap {
    /// The clone is shallow: older commits are elsewhere.
    #[error("the clone is shallow, its older commits are not here")]
    Shallow,
    /// There are more versions than are looked at.
    #[error("there are more than {0} versions, the oldest were not looked at")]
    TooMany(usize),
    /// It took too long.
    #[error("it took too long, not everything was looked at")]
    TimeOver,
    /// git could not follow the history to its end.
    #[error("a part of the history is damaged or was not fetched")]
    Damaged,
    /// So many versions could not be read.
    #[error("{0} versions of the file are damaged or were not fetched")]
    Unreadable(usize),
    /// So many versions are larger than what is looked at.
    #[error("{0} versions of the file are too large to be looked at")]
    TooLarge(usize),
}

/// Why the history of a file in a repository was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotLooked {
    /// There is no git, or only one that somebody else may have put there.
    #[error("git was not found")]
    NoGit,
    /// The repository, or the folder it is in, belongs to somebody else.
    #[error("the repository belongs to another user")]
    Foreign,
    /// The repository says that its files are elsewhere.
    #[error("the repository has its files elsewhere")]
    Elsewhere,
    /// git made nothing of it.
    #[error("git could not read the repository")]
    Failed,
    /// It took too long.
    #[error("git took too long")]
    TimeOver,
    /// broker is to end.
    #[error("it was interrupted")]
    Interrupted,
    /// broker starts no git on this system.
    #[error("this is not supported on this system yet")]
    Unsupported,
}

impl From<Fault> for NotLooked {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TimeOver => Self::TimeOver,
            Fault::Interrupted => Self::Interrupted,
            Fault::Failed => Self::Failed,
        }
    }
}
