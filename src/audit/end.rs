//! The end of the log: the last entry, checked against the one before it, and how its file ends.
//!
//! Reads a few kilobytes, however long the log is.

use jiff::Timestamp;

use super::chain::{SEAL_BYTES, Sealed, Walk, hash_at_end};
use super::entry::Before;
use super::torn::Tail;
use super::{ENTRY_BYTES, Hash, Log, Position, Problem, Recorded};
use crate::paths::AppendFile;

/// How much of a file is looked at first.
const WINDOW: u64 = 4 << 10;

/// The newest file, open, and the entry that the next one follows.
#[derive(Debug)]
pub(super) struct End {
    pub(super) number: u32,
    pub(super) file: AppendFile,
    pub(super) last: Position,
    /// When it was written, if that can be read.
    pub(super) time: Option<Timestamp>,
    pub(super) tail: Tail,
}

/// The last lines of a file, as far as they are needed.
struct Lines<'a> {
    /// The line before, or the end of it; `None` if the file has none.
    before: Option<&'a [u8]>,
    /// The last line that ends with a newline, and what stands behind it; where none does, all there is.
    last: &'a [u8],
}

impl End {
    /// Returns what the next entry is written behind.
    pub(super) const fn before(&self) -> Before<'static> {
        Before {
            position: self.last,
            time: self.time,
            lost: None,
        }
    }
}

impl Log {
    /// Finds the end of the log. The caller holds the lock.
    pub(super) fn end(&self) -> Result<End, Problem> {
        let number = self.newest_number()?;
        let path = self.file(number);
        let mut file = AppendFile::open(&path)?.ok_or_else(|| Problem::Missing(path.clone()))?;
        let damaged = |what| Problem::End {
            path: path.clone(),
            what,
        };
        if file.length() == 0 {
            return Err(damaged("the file is empty"));
        }
        let bytes = window(&mut file)?.ok_or_else(|| damaged("its last line is too long"))?;
        let lines = last_lines(&bytes);
        let mut line = first_line(lines.last);
        let first = Sealed::parse(line)
            .ok_or_else(|| damaged("its last line is no entry of the log"))?
            .position;
        let hash = match lines.before {
            Some(before) => hash_at_end(before).map(|(_, hash)| hash),
            None => self.hash_before(number, line)?,
        };
        let hash = hash.ok_or_else(|| damaged("the line before its last one is no entry"))?;
        let seq = first.seq.saturating_sub(1);
        let mut walk = Walk::behind(Position { seq, hash });
        let tail = walk
            .lines(lines.last, true, |_| Ok(()))
            .map_err(|_| damaged("its last line was changed, or is not what broker writes"))?;
        if walk.last != first {
            line = last_line(lines.last);
        }
        Ok(End {
            number,
            file,
            last: walk.last,
            time: Recorded::parse(line).map(|entry| entry.time),
            tail,
        })
    }

    /// Returns the hash that `line`, the first one of file `number`, follows.
    fn hash_before(&self, number: u32, line: &[u8]) -> Result<Option<Hash>, Problem> {
        let Some(earlier) = number.checked_sub(1).filter(|earlier| *earlier > 0) else {
            return Ok(Some(self.before_first(line).hash));
        };
        let path = self.file(earlier);
        let mut file = AppendFile::open(&path)?.ok_or(Problem::Missing(path))?;
        let bytes = file.last(WINDOW)?;
        let end = bytes.strip_suffix(b"\n").and_then(hash_at_end);
        Ok(end.map(|(_, hash)| hash))
    }

    /// Returns what the first line of the log follows: the home itself, or, in a log that was begun anew, the
    /// lost entry it names.
    pub(super) fn before_first(&self, line: &[u8]) -> Position {
        let lost = Recorded::parse(line).and_then(|entry| {
            Some(Position {
                seq: entry.seq.checked_sub(1)?,
                hash: entry.after?,
            })
        });
        lost.unwrap_or_else(|| Position::genesis(&self.home))
    }
}

/// Reads the end of a file: enough of it to hold the last line and the hash of the one before. `None` if
/// there is no such end in as much as these can be.
fn window(file: &mut AppendFile) -> Result<Option<Vec<u8>>, Problem> {
    let entry = u64::try_from(ENTRY_BYTES).unwrap_or(u64::MAX);
    let most = entry.saturating_mul(3).min(file.length());
    let mut size = WINDOW.min(most);
    loop {
        let bytes = file.last(size)?;
        if size == file.length() || is_enough(&bytes) {
            return Ok(Some(bytes));
        }
        if size == most {
            return Ok(None);
        }
        size = size.saturating_mul(8).min(most);
    }
}

/// Tells whether the end of a file holds the newline before its last line, and before that a hash.
fn is_enough(bytes: &[u8]) -> bool {
    let newlines = bytes.iter().enumerate().rev().filter(|(_, b)| **b == b'\n');
    let before = newlines.map(|(at, _)| at).nth(1);
    before.is_some_and(|at| at >= SEAL_BYTES)
}

/// Takes the end of a file apart.
fn last_lines(bytes: &[u8]) -> Lines<'_> {
    let newline = |bytes: &[u8]| bytes.iter().rposition(|b| *b == b'\n');
    let above = newline(bytes).and_then(|end| bytes.get(..end));
    let begin = above.and_then(newline);
    match begin.and_then(|at| bytes.split_at_checked(at)) {
        Some((before, rest)) => Lines {
            before: Some(last_line(before)),
            last: rest.get(1..).unwrap_or_default(),
        },
        None => Lines {
            before: None,
            last: bytes,
        },
    }
}

fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == b'\n').next().unwrap_or(bytes)
}

fn last_line(bytes: &[u8]) -> &[u8] {
    bytes.rsplit(|b| *b == b'\n').next().unwrap_or(bytes)
}
