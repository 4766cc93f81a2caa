//! What the git history of a file holds: which commits wrote a version of it with a value in the clear.
//!
//! Looked at are the commits that HEAD, branches, tags and every other ref lead to, the index and HEAD themselves; not
//! what only the reflog leads to. Only the same path is looked at: what a file was called before it was renamed is
//! not. A commit is named if its version differs from that of one of its parents, so a merge that brings a version
//! from another branch is, too; those behind it hold that version until the next one that is listed.
//!
//! Values are given to this process alone, never to git, and no value, no text of a commit and nothing that git complains
//! about is in the answer. How git is kept from running what a repository names is said in `git`.

mod answer;
mod facts;
mod git;
mod needles;
mod objects;
mod process;
mod talk;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::sys::HeldSignals;
pub use answer::{Commit, Gap, Held, History, Limits, NotLooked, Wanted};

use facts::{Listed, Place, list, staged};
use git::Git;
use objects::{At, Content, Objects};
use process::Fault;

/// Looks through the history of a file. Returns `None` where it lies in no git repository. While `signals` are held
/// back, a person who ends broker ends git with it.
///
/// # Errors
/// Why nothing is known. That some is not known is one of [`History::gaps`].
pub fn history(wanted: &Wanted<'_>, signals: &HeldSignals) -> Result<Option<History>, NotLooked> {
    let (Some(folder), Some(name)) = (wanted.file.parent(), wanted.file.file_name()) else {
        return Ok(None);
    };
    let has_git = |at: &Path| at.join(".git").symlink_metadata().is_ok();
    if !folder.ancestors().any(has_git) {
        return Ok(None);
    }
    if !process::IS_SUPPORTED {
        return Err(NotLooked::Unsupported);
    }
    let begun = Instant::now();
    let after = |time: Duration| begun.checked_add(time).unwrap_or(begun);
    let end = after(wanted.limits.time);
    let git = Git::find(folder, wanted.search_path, wanted.home, signals);
    let git = git.ok_or(NotLooked::NoGit)?;
    let place = Place::find(&git, name, end)?;
    // What was found in the first two thirds can be read in the last.
    let third = wanted.limits.time / 3;
    let until = [after(third), after(third.saturating_mul(2))];
    let list = list(&git, name, wanted.limits.versions, until)?;
    let mut look = Look {
        wanted,
        objects: Objects::new(&git, end),
        seen: BTreeMap::new(),
        gaps: place
            .is_shallow
            .then_some(Gap::Shallow)
            .into_iter()
            .collect(),
    };
    look.gaps.extend(list.gaps.iter().copied());
    let mut history = History {
        is_tracked: false,
        is_committed: !list.commits.is_empty(),
        staged: None,
        head: None,
        commits: Vec::new(),
        gaps: Vec::new(),
    };
    match look.through(&git, name, &place, list.commits, &mut history) {
        Ok(()) => {}
        Err(Fault::Interrupted) => return Err(NotLooked::Interrupted),
        Err(Fault::TimeOver) => look.gaps.push(Gap::TimeOver),
        Err(Fault::Failed) => look.gaps.push(Gap::Damaged),
    }
    history.commits.reverse();
    history.gaps = look.all_gaps();
    Ok(Some(history))
}

/// What is known of a version.
#[derive(Clone)]
enum Version {
    Holds(Held),
    Unreadable,
    TooLarge,
}

/// Looking at versions, each once.
struct Look<'a> {
    wanted: &'a Wanted<'a>,
    objects: Objects<'a>,
    seen: BTreeMap<String, Version>,
    gaps: Vec<Gap>,
}

impl Look<'_> {
    /// Looks at everything, first at what the next commits would be made from.
    fn through(
        &mut self,
        git: &Git<'_>,
        name: &OsStr,
        place: &Place,
        listed: Vec<Listed>,
        history: &mut History,
    ) -> Result<(), Fault> {
        let staged = match staged(git, name, &place.path, self.objects.until()) {
            // The index alone is damaged.
            Err(Fault::Failed) => {
                self.gaps.push(Gap::Damaged);
                Vec::new()
            }
            staged => staged?,
        };
        history.is_tracked = !staged.is_empty();
        for id in staged {
            if let Some(held) = self.version(&id)? {
                history.staged = Some(held);
            }
        }
        // What is wrong with HEAD was noticed by walking from there; and a new branch has no commit yet.
        if let At::File(id) = self.objects.find("HEAD", &place.path)? {
            history.head = self.version(&id)?;
        }
        for commit in listed {
            let held = match self.objects.find(&commit.id, &place.path)? {
                At::File(id) => self.version(&id)?,
                At::Nothing => None,
                At::Unreadable => {
                    self.seen.insert(commit.id.clone(), Version::Unreadable);
                    None
                }
            };
            let Some(held) = held else {
                continue;
            };
            let commit = Commit {
                id: commit.id,
                date: Timestamp::from_second(commit.time).ok(),
                is_pushed: commit.is_pushed,
                held,
            };
            history.commits.push(commit);
        }
        Ok(())
    }

    /// Looks at what a version holds; `None` for nothing.
    fn version(&mut self, id: &str) -> Result<Option<Held>, Fault> {
        let version = match self.seen.get(id) {
            Some(version) => version.clone(),
            None => {
                let version = match self.objects.content(id, self.wanted.limits.bytes)? {
                    Content::Bytes(bytes) => Version::Holds(Held {
                        needles: needles::find(&bytes, self.wanted.needles),
                        judged: (self.wanted.judge)(&bytes),
                    }),
                    Content::TooLarge => Version::TooLarge,
                    Content::Unreadable => Version::Unreadable,
                };
                self.seen.insert(id.to_owned(), version.clone());
                version
            }
        };
        match version {
            Version::Holds(held) => Ok(Some(held).filter(Held::is_something)),
            Version::Unreadable | Version::TooLarge => Ok(None),
        }
    }

    /// Returns what was not looked at, each once.
    fn all_gaps(mut self) -> Vec<Gap> {
        let count = |is: fn(&Version) -> bool| self.seen.values().filter(|v| is(v)).count();
        let unreadable = count(|version| matches!(version, Version::Unreadable));
        let too_large = count(|version| matches!(version, Version::TooLarge));
        if unreadable > 0 {
            self.gaps.push(Gap::Unreadable(unreadable));
        }
        if too_large > 0 {
            self.gaps.push(Gap::TooLarge(too_large));
        }
        let mut gaps = Vec::new();
        for gap in self.gaps {
            if !gaps.contains(&gap) {
                gaps.push(gap);
            }
        }
        gaps
    }
}
