//! What the system says about a file, by which a change is noticed without reading it.

use std::fs::Metadata;

use serde::{Deserialize, Serialize};

/// Device, number, size and times of a file. Writing to a file, replacing it or setting its times changes one of
/// them: the time of the last change (`ctime`, stat(2)) cannot be set by its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds since the epoch.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    /// Takes it from what the system says.
    #[must_use]
    #[cfg(unix)]
    pub fn of(found: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    /// Takes it from what the system says: size and time of writing.
    #[must_use]
    #[cfg(not(unix))]
    pub fn of(found: &Metadata) -> Self {
        let since = found
            .modified()
            .ok()
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
            .unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let modified = (seconds, i64::from(since.subsec_nanos()));
        Self {
            device: 0,
            inode: 0,
            size: found.len(),
            modified,
            changed: modified,
        }
    }

    /// Tells whether the stamp can stand for the content: not where it was taken so soon after a change
    /// that another might not show in the times. `now` is in seconds since the epoch.
    #[must_use]
    pub fn is_settled(&self, now: i64) -> bool {
        now.saturating_sub(self.changed.0) > 2
    }
}
