//! Writing: one entry, one write, synced, under the log's own lock; or an error and no entry.
//!
//! Only [`Log::create`] and [`Log::restart`] make a log. An end that a crash left torn is mended first, and that
//! is an entry too.

use jiff::Timestamp;

use super::end::End;
use super::entry::Before;
use super::torn::Tail;
use super::{Action, AuditError, Entry, Log, Outcome, Position, Problem};
use crate::paths;

/// The file a log begins with.
const FIRST: u32 = 1;

impl Log {
    /// Makes the log, with its first entry. Its folder may be there, files of a log may not.
    ///
    /// # Errors
    /// [`AuditError::Unwritable`].
    pub fn create(&self, entry: &Entry, now: Timestamp) -> Result<Position, AuditError> {
        self.make(entry, now).map_err(AuditError::Unwritable)
    }

    /// Adds an entry. When this returns, it is on the disk.
    ///
    /// # Errors
    /// [`AuditError::Unwritable`]; the entry is then not in the log, as far as the system lets that be done.
    pub fn append(&self, entry: &Entry, now: Timestamp) -> Result<Position, AuditError> {
        let append = || {
            let _lock = self.lock()?;
            let mut end = self.end()?;
            self.mend(&mut end, entry, now)?;
            self.add(&mut end, entry, now)
        };
        append().map_err(AuditError::Unwritable)
    }

    /// Finds out whether an entry could be added, as far as that can be told without adding one, and returns
    /// the last one.
    ///
    /// # Errors
    /// [`AuditError::Unwritable`].
    pub fn check(&self) -> Result<Position, AuditError> {
        let check = || {
            let _lock = self.lock()?;
            Ok(self.end()?.last)
        };
        check().map_err(AuditError::Unwritable)
    }

    /// Begins the log anew where it is lost or damaged, which only a person may decide. What is left of the old
    /// one is set aside, in a folder of its own below the log's. The first entry follows `after`, the last that is
    /// known of the old log; its action becomes `log`, and it says what was done before what `entry` says. The caller keeps
    /// the answer as the new anchor: without it the log does not verify.
    ///
    /// # Errors
    /// [`AuditError::Unwritable`].
    pub fn restart(
        &self,
        entry: &Entry,
        now: Timestamp,
        after: Option<&Position>,
    ) -> Result<Position, AuditError> {
        let restart = || {
            paths::refuse_link(&self.folder)?;
            paths::create_folder(&self.folder)?;
            let _lock = self.lock()?;
            self.set_aside()?;
            let before = Before {
                position: after.copied().unwrap_or(Position::genesis(&self.home)),
                time: None,
                lost: after.map(|position| &position.hash),
            };
            self.begin(FIRST, &begun_anew(entry, after), now, before)
        };
        restart().map_err(AuditError::Unwritable)
    }

    /// Takes away what a home that was never finished left in the log's folder: temporary files, and a log that
    /// holds nothing but its first entry. A longer one was some home's, so it is set aside. Only for a place
    /// where there is no home.
    ///
    /// # Errors
    /// [`AuditError::Unwritable`], also for a folder in which there is anything else.
    pub fn clear(&self) -> Result<(), AuditError> {
        let clear = || {
            paths::refuse_link(&self.folder)?;
            if !paths::folder_is_there(&self.folder)? {
                return Ok(());
            }
            let _lock = self.lock()?;
            self.refuse_foreign()?;
            self.remove_temporary()?;
            if self.is_unused() {
                paths::remove_file(&self.file(FIRST))?;
            }
            self.set_aside()
        };
        clear().map_err(AuditError::Unwritable)
    }

    fn make(&self, entry: &Entry, now: Timestamp) -> Result<Position, Problem> {
        paths::refuse_link(&self.folder)?;
        paths::create_folder(&self.folder)?;
        let _lock = self.lock()?;
        if let Some(number) = self.numbers()?.first() {
            return Err(Problem::Exists(self.file(*number)));
        }
        let before = Before {
            position: Position::genesis(&self.home),
            time: None,
            lost: None,
        };
        self.begin(FIRST, entry, now, before)
    }

    /// Adds an entry at the end, which is whole; begins the next file when this one is long enough.
    fn add(&self, end: &mut End, entry: &Entry, now: Timestamp) -> Result<Position, Problem> {
        if end.file.length() >= self.file_bytes {
            let number = self.next_number(end.number)?;
            return self.begin(number, entry, now, end.before());
        }
        let (line, position) = entry.line(end.before(), now)?;
        end.file.add(line.as_bytes())?;
        end.last = position;
        Ok(position)
    }

    /// Makes file `number` with its first entry in it. What is not durable is taken away again.
    fn begin(
        &self,
        number: u32,
        entry: &Entry,
        now: Timestamp,
        before: Before<'_>,
    ) -> Result<Position, Problem> {
        let (line, position) = entry.line(before, now)?;
        let path = self.file(number);
        match paths::write_new_file(&path, line.as_bytes()) {
            Ok(true) => Ok(position),
            Ok(false) => Err(Problem::Exists(path)),
            Err(e) => {
                let _ = paths::remove_file(&path);
                Err(e.into())
            }
        }
    }

    /// Makes the end of the log whole, and writes what was taken away for it. Says how many bytes that were,
    /// `None` if nothing was to be done.
    pub(super) fn mend(
        &self,
        end: &mut End,
        asked: &Entry,
        now: Timestamp,
    ) -> Result<Option<u64>, Problem> {
        match end.tail {
            Tail::Whole => Ok(None),
            Tail::NoNewline => {
                end.file.add(b"\n")?;
                end.tail = Tail::Whole;
                Ok(Some(0))
            }
            Tail::Cut(bytes) => {
                end.file.cut(end.file.length().saturating_sub(bytes))?;
                end.tail = Tail::Whole;
                let mut entry = Entry::new(Action::Log, Outcome::Repaired).detail(format!(
                    "{bytes} bytes of an entry that was not written to its end were taken away"
                ));
                entry.caller.clone_from(&asked.caller);
                let (line, position) = entry.line(end.before(), now)?;
                end.file.add(line.as_bytes())?;
                (end.last, end.time) = (position, Some(now));
                Ok(Some(bytes))
            }
        }
    }

    /// Tells whether the log holds its first entry and no more.
    fn is_unused(&self) -> bool {
        let only = self.numbers().is_ok_and(|numbers| numbers == [FIRST]);
        let bytes = paths::read_file(&self.file(FIRST), paths::MAX_FILE_BYTES);
        let lines = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'\n').count();
        only && matches!(bytes, Ok(Some(bytes)) if lines(&bytes) == 1 && bytes.ends_with(b"\n"))
    }
}

/// Returns the first entry of a log that is begun anew.
fn begun_anew(entry: &Entry, after: Option<&Position>) -> Entry {
    let said = match after {
        Some(position) => format!(
            "the log was lost and begun anew behind entry {}",
            position.seq
        ),
        None => "the log was lost and begun anew".to_owned(),
    };
    let detail = match &entry.detail {
        Some(more) => format!("{said}: {more}"),
        None => said,
    };
    Entry {
        action: Action::Log,
        detail: Some(detail),
        ..entry.clone()
    }
}
