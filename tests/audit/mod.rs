//! The log: what is written stays as it was, or is found.

#[cfg(target_os = "linux")]
mod anchored;
mod anew;
mod ends;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod faults;
mod tampering;
mod writing;

use std::fs;
use std::path::{Path, PathBuf};

use broker::audit::{Action, Entry, Log, Outcome, Position, Recorded, Verified};
use broker::paths::{self, HomePaths};
use broker::store::{HomeId, Version};
use jiff::Timestamp;

/// A log in a folder of its own, which is removed at the end.
pub(crate) struct Logged {
    folder: tempfile::TempDir,
    pub(crate) log: Log,
}

impl Logged {
    /// A folder without a log.
    pub(crate) fn none() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = Log::of(&HomePaths::under(folder.path()), &home());
        Self { folder, log }
    }

    /// A log of `count` entries, in files that are followed by the next at `file_bytes`.
    pub(crate) fn new(count: u32, file_bytes: u64) -> Self {
        let mut logged = Self::none();
        logged.log = logged.log.with_files_of(file_bytes);
        logged
            .log
            .create(&Entry::new(Action::Init, Outcome::Done), at(0))
            .expect("created");
        for number in 2..=count {
            logged
                .log
                .append(&entry(number), at(number))
                .expect("added");
        }
        logged
    }

    pub(crate) fn file(&self, number: u32) -> PathBuf {
        self.log.folder().join(format!("{number:06}.jsonl"))
    }

    /// The files there are, in order.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        (1..)
            .map(|number| self.file(number))
            .take_while(|file| file.exists())
            .collect()
    }

    /// Every line of every file, newlines included, with the place it has.
    pub(crate) fn lines(&self) -> Vec<(PathBuf, u64, Vec<u8>)> {
        let mut lines = Vec::new();
        for file in self.files() {
            let text = fs::read(&file).expect("read");
            for (number, line) in (1..).zip(text.split_inclusive(|b| *b == b'\n')) {
                lines.push((file.clone(), number, line.to_vec()));
            }
        }
        lines
    }

    pub(crate) fn verify(&self, anchors: &[(String, Position)]) -> Verified {
        self.log.verify(anchors, at(9_999)).expect("readable")
    }

    pub(crate) fn entries(&self) -> Vec<Recorded> {
        let entries = self.log.oldest().expect("a log");
        entries.map(|entry| entry.expect("an entry")).collect()
    }

    /// The number of entries of a log that is intact.
    #[track_caller]
    pub(crate) fn intact(&self) -> u64 {
        match self.verify(&[]) {
            Verified::Intact {
                entries,
                torn: None,
                ..
            } => entries,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }
}

pub(crate) fn home() -> HomeId {
    HomeId::from_random([1; 16])
}

pub(crate) fn at(second: u32) -> Timestamp {
    Timestamp::from_second(second.into()).expect("a time")
}

pub(crate) fn entry(number: u32) -> Entry {
    Entry::new(Action::Exec, Outcome::Intent)
        .server("github")
        .secret(
            "github-token".parse().expect("a name"),
            Some(Version(number)),
        )
}

pub(crate) fn anchor(position: Position) -> Vec<(String, Position)> {
    vec![("the keychain".to_owned(), position)]
}

/// Replaces a file of the log.
pub(crate) fn put(file: &Path, bytes: &[u8]) {
    paths::write_file(file, bytes).expect("written");
}
