//! Verification: every line of every file against the chain, and the chain against the anchors.

use std::path::PathBuf;

use jiff::Timestamp;

use super::chain::{Walk, Wrong, split};
use super::torn::Tail;
use super::{Action, AuditError, Caller, Entry, Log, Outcome, Position, Problem};
use crate::paths::{self, FileError};

const MISSING: &str = "the file is missing";

/// What verification found.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Every entry is as it was written, and none is missing up to the last anchor.
    Intact {
        /// How many there are.
        entries: u64,
        /// The number of the first, which is above 1 in a log that was begun anew.
        first: u64,
        /// The last one.
        last: Position,
        /// How many bytes of an entry that was not written to its end were taken away; 0 where only its newline
        /// was missing and was added.
        torn: Option<u64>,
    },
    /// Something was changed, taken away, moved or put in.
    Tampered {
        /// The first file that is wrong.
        file: PathBuf,
        /// Its first line that is wrong, counted from 1.
        line: u64,
        /// What is wrong there.
        what: String,
    },
}

/// How far a verification came.
struct Progress<'a> {
    anchors: &'a [(String, Position)],
    walk: Walk,
    /// What the first entry follows.
    begin: Position,
    entries: u64,
}

/// Why a verification ended before the end of the log.
enum Stop {
    Tampered(Verified),
    Problem(Problem),
}

impl Log {
    /// Verifies the whole log. Each of `anchors`, with a word for where it is kept, must be one of its entries.
    /// An end that a crash left torn is mended, as before an entry is added. A log that was begun anew needs an anchor that
    /// holds one of its entries.
    ///
    /// # Errors
    /// [`AuditError::Unreadable`]; [`AuditError::Unwritable`] if a torn end could not be mended.
    pub fn verify(
        &self,
        anchors: &[(String, Position)],
        now: Timestamp,
    ) -> Result<Verified, AuditError> {
        match self.check_folder() {
            Err(Problem::Missing(_)) => return Ok(self.lost()),
            other => other.map_err(AuditError::Unreadable)?,
        }
        let _lock = self.lock().map_err(AuditError::Unreadable)?;
        let genesis = Position::genesis(&self.home);
        let mut progress = Progress {
            anchors,
            walk: Walk::behind(genesis),
            begin: genesis,
            entries: 0,
        };
        let tail = match self.walk(&mut progress) {
            Ok(tail) => tail,
            Err(Stop::Tampered(found)) => return Ok(found),
            Err(Stop::Problem(problem)) => return Err(AuditError::Unreadable(problem)),
        };
        let seen = progress.walk.last;
        let (torn, last) = match tail {
            Tail::Whole => (None, seen),
            Tail::NoNewline | Tail::Cut(_) => self.mend_end(now).map_err(AuditError::Unwritable)?,
        };
        let added = last.seq.saturating_sub(seen.seq);
        Ok(Verified::Intact {
            entries: progress.entries.saturating_add(added),
            first: progress.begin.seq.saturating_add(1),
            last,
            torn,
        })
    }

    /// Goes through all files, and says how the newest ends.
    fn walk(&self, progress: &mut Progress<'_>) -> Result<Tail, Stop> {
        let newest = match self.numbers()?.last() {
            Some(newest) => *newest,
            None => return Err(Stop::Tampered(self.lost())),
        };
        let (mut tail, mut lines) = (Tail::Whole, 0_u64);
        for number in 1..=newest {
            let bytes = match paths::read_file(&self.file(number), paths::MAX_FILE_BYTES) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Err(self.tampered(number, 1, MISSING)),
                Err(FileError::TooLarge { .. }) => {
                    return Err(self.tampered(
                        number,
                        1,
                        "the file is larger than broker makes any",
                    ));
                }
                Err(e) => return Err(Stop::Problem(e.into())),
            };
            if number == 1 {
                let first = split(&bytes).next().unwrap_or_default();
                let first = first.strip_suffix(b"\n").unwrap_or(first);
                progress.start(self.before_first(first));
                if let Some(anchor) = progress.unmet_before() {
                    let what = format!("it does not follow the entry that {anchor} holds");
                    return Err(self.tampered(number, 1, &what));
                }
                if !progress.is_vouched_for() {
                    let what = "the log was begun anew, and nothing that is kept elsewhere says so";
                    return Err(self.tampered(number, 1, what));
                }
            }
            let before = progress.entries;
            tail = progress
                .file(&bytes, number == newest)
                .map_err(|wrong| self.tampered(number, wrong.line, &wrong.what))?;
            lines = progress.entries.saturating_sub(before);
        }
        if let Some((anchor, seq)) = progress.unmet_behind() {
            let what = format!("the log ends before entry {seq}, which {anchor} holds");
            return Err(self.tampered(newest, lines.saturating_add(1), &what));
        }
        Ok(tail)
    }

    /// Mends the end of the log. Says how many bytes were taken away, and which entry is the last now.
    fn mend_end(&self, now: Timestamp) -> Result<(Option<u64>, Position), Problem> {
        let mut end = self.end()?;
        let entry = Entry::new(Action::Log, Outcome::Repaired).by(Caller::here());
        let torn = self.mend(&mut end, &entry, now)?;
        Ok((torn, end.last))
    }

    /// What is said of a log of which nothing is there: every home has one from its first moment.
    fn lost(&self) -> Verified {
        Verified::Tampered {
            file: self.file(1),
            line: 1,
            what: MISSING.to_owned(),
        }
    }

    fn tampered(&self, number: u32, line: u64, what: &str) -> Stop {
        Stop::Tampered(Verified::Tampered {
            file: self.file(number),
            line,
            what: what.to_owned(),
        })
    }
}

impl Progress<'_> {
    fn start(&mut self, begin: Position) {
        self.begin = begin;
        self.walk = Walk::behind(begin);
    }

    /// Goes along the lines of one file.
    fn file(&mut self, bytes: &[u8], is_newest: bool) -> Result<Tail, Wrong> {
        let (anchors, entries) = (self.anchors, &mut self.entries);
        self.walk.lines(bytes, is_newest, |position| {
            *entries = entries.saturating_add(1);
            let other = |(_, anchor): &&(String, Position)| {
                anchor.seq == position.seq && anchor.hash != position.hash
            };
            match anchors.iter().find(other) {
                Some((place, _)) => Err(format!("it is not the entry that {place} holds")),
                None => Ok(()),
            }
        })
    }

    /// Finds an anchor that the beginning of the log does not meet. A log that was begun anew follows the
    /// newest anchor there was; older ones are vouched for by that one, or by one of the log itself.
    fn unmet_before(&self) -> Option<&str> {
        let vouched =
            |(_, anchor): &(String, Position)| *anchor == self.begin || anchor.seq > self.begin.seq;
        let is_vouched = self.anchors.iter().any(vouched);
        let unmet = |(_, anchor): &&(String, Position)| {
            let is_older = anchor.seq < self.begin.seq;
            let is_other = anchor.seq == self.begin.seq && *anchor != self.begin;
            is_other || (is_older && !is_vouched)
        };
        self.anchors
            .iter()
            .find(unmet)
            .map(|(place, _)| place.as_str())
    }

    /// Tells whether the log begins with the home, or was begun anew and an anchor holds one of its own entries. Whoever
    /// can write the files could make the first entry of a log begun anew, but no anchor.
    fn is_vouched_for(&self) -> bool {
        self.begin.seq == 0 || self.anchors.iter().any(|(_, a)| a.seq > self.begin.seq)
    }

    /// Finds an anchor of an entry behind the last one.
    fn unmet_behind(&self) -> Option<(&str, u64)> {
        let unmet = self
            .anchors
            .iter()
            .find(|(_, anchor)| anchor.seq > self.walk.last.seq);
        unmet.map(|(place, anchor)| (place.as_str(), anchor.seq))
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}
