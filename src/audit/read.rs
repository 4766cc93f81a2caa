//! Reading entries, file by file, in either direction.
//!
//! Takes no lock and checks no chain: an entry that is being written is not seen until it is whole.

use std::collections::VecDeque;

use super::chain::split;
use super::{AuditError, Log, Problem, Recorded};
use crate::paths;

/// The entries, the oldest first. At the end it can be asked again later: it then goes on with what was added.
#[derive(Debug)]
pub struct Oldest {
    log: Log,
    number: u32,
    start: u64,
    line: u64,
    ready: VecDeque<Result<Recorded, AuditError>>,
}

/// The entries, the newest first.
#[derive(Debug)]
pub struct Newest {
    log: Log,
    /// The next file to be read.
    number: Option<u32>,
    ready: VecDeque<Result<Recorded, AuditError>>,
}

impl Log {
    /// Returns the entries from the first one on.
    ///
    /// # Errors
    /// [`AuditError::Unreadable`] if there is no log. Lines that are no entries are errors among the entries.
    pub fn oldest(&self) -> Result<Oldest, AuditError> {
        let look = || self.check_folder().and_then(|()| self.newest_number());
        look().map_err(AuditError::Unreadable)?;
        Ok(Oldest {
            log: self.clone(),
            number: 1,
            start: 0,
            line: 0,
            ready: VecDeque::new(),
        })
    }

    /// Returns the entries from the last one back.
    ///
    /// # Errors
    /// As [`Log::oldest`].
    pub fn newest(&self) -> Result<Newest, AuditError> {
        let look = || self.check_folder().and_then(|()| self.newest_number());
        Ok(Newest {
            log: self.clone(),
            number: Some(look().map_err(AuditError::Unreadable)?),
            ready: VecDeque::new(),
        })
    }

    /// Reads the whole lines of a file behind its first `start` bytes and `line` lines. Says how many bytes
    /// they are.
    fn read(
        &self,
        number: u32,
        start: u64,
        mut line: u64,
    ) -> Result<(VecDeque<Result<Recorded, AuditError>>, u64), Problem> {
        let path = self.file(number);
        let bytes = paths::read_file_from(&path, start, paths::MAX_FILE_BYTES)?
            .ok_or_else(|| Problem::Missing(path.clone()))?;
        let (mut entries, mut length) = (VecDeque::new(), 0_usize);
        for part in split(&bytes) {
            let Some(text) = part.strip_suffix(b"\n") else {
                break;
            };
            length = length.saturating_add(part.len());
            line = line.saturating_add(1);
            entries.push_back(Recorded::parse(text).ok_or_else(|| {
                AuditError::Unreadable(Problem::Line {
                    path: path.clone(),
                    line,
                    what: "it is no entry of the log",
                })
            }));
        }
        Ok((entries, u64::try_from(length).unwrap_or(u64::MAX)))
    }
}

impl Oldest {
    /// Reads on. Says whether there may be more.
    fn fill(&mut self) -> Result<bool, Problem> {
        let (entries, length) = match self.log.read(self.number, self.start, self.line) {
            // A file that is missing in the middle is passed over, but not in silence.
            Err(Problem::Missing(path)) if self.has_later()? => {
                self.go_on();
                return Err(Problem::Missing(path));
            }
            Err(Problem::Missing(_)) if self.start == 0 => return Ok(false),
            other => other?,
        };
        self.start = self.start.saturating_add(length);
        let lines = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        self.line = self.line.saturating_add(lines);
        self.ready = entries;
        if self.ready.is_empty() && self.has_later()? {
            self.go_on();
            return Ok(true);
        }
        Ok(!self.ready.is_empty())
    }

    fn has_later(&self) -> Result<bool, Problem> {
        Ok(self.log.newest_number()? > self.number)
    }

    fn go_on(&mut self) {
        self.number = self.number.saturating_add(1);
        (self.start, self.line) = (0, 0);
    }
}

impl Iterator for Oldest {
    type Item = Result<Recorded, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Some(entry);
            }
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(problem) => return Some(Err(AuditError::Unreadable(problem))),
            }
        }
    }
}

impl Iterator for Newest {
    type Item = Result<Recorded, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.ready.pop_back() {
                return Some(entry);
            }
            let number = self.number.take()?;
            self.number = number.checked_sub(1).filter(|number| *number > 0);
            match self.log.read(number, 0, 0) {
                Ok((entries, _)) => self.ready = entries,
                Err(problem) => return Some(Err(AuditError::Unreadable(problem))),
            }
        }
    }
}
