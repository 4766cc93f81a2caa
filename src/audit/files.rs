//! The files of the log: `000001.jsonl` and so on, the newest with the highest number.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Log, Problem};
use crate::paths::{self, FileError, Lock};

/// How long a command waits for others that are writing the log.
const PATIENCE: Duration = Duration::from_secs(10);

/// The highest number a file can have: six digits.
const LAST_NUMBER: u32 = 999_999;

const LOCK: &str = "lock";
const END: &str = ".jsonl";
const LOST: &str = "lost-";

impl Log {
    /// Returns the path of a file.
    pub(super) fn file(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number:06}{END}"))
    }

    /// Returns the number of the file behind `number`.
    pub(super) fn next_number(&self, number: u32) -> Result<u32, Problem> {
        let next = number.checked_add(1).filter(|next| *next <= LAST_NUMBER);
        next.ok_or_else(|| Problem::Full(self.folder.clone()))
    }

    /// Refuses a folder that is missing, a link or not the user's alone to write.
    pub(super) fn check_folder(&self) -> Result<(), Problem> {
        paths::refuse_link(&self.folder)?;
        if paths::folder_is_there(&self.folder)? {
            Ok(())
        } else {
            Err(Problem::Missing(self.folder.clone()))
        }
    }

    /// Takes the exclusive right to write. The folder must be there.
    pub(super) fn lock(&self) -> Result<Lock, Problem> {
        self.check_folder()?;
        let path = self.folder.join(LOCK);
        Lock::take(&path, PATIENCE).map_err(|e| {
            if matches!(e, FileError::Busy) {
                Problem::Busy(self.folder.clone())
            } else {
                e.into()
            }
        })
    }

    /// Lists the numbers of the files, in order.
    pub(super) fn numbers(&self) -> Result<Vec<u32>, Problem> {
        let names = paths::list_all(&self.folder)?;
        let names = names.ok_or_else(|| Problem::Missing(self.folder.clone()))?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| number_of(name)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Returns the number of the newest file.
    pub(super) fn newest_number(&self) -> Result<u32, Problem> {
        let newest = self.numbers()?.last().copied();
        newest.ok_or_else(|| Problem::Missing(self.file(1)))
    }

    /// Puts the files that are there into a folder of their own below the log's. They are kept: they may be
    /// all there is to see of what happened. The caller holds the lock.
    pub(super) fn set_aside(&self) -> Result<(), Problem> {
        let numbers = self.numbers()?;
        if numbers.is_empty() {
            return Ok(());
        }
        let names = paths::list_all(&self.folder)?.unwrap_or_default();
        let used = names.iter().filter_map(|name| lost_number(name)).max();
        let lost = used.unwrap_or(0).saturating_add(1);
        let folder = self.folder.join(format!("{LOST}{lost}"));
        paths::create_folder(&folder)?;
        for number in numbers {
            let from = self.file(number);
            let to = folder.join(from.file_name().unwrap_or_default());
            paths::move_file(&from, &to)?;
        }
        Ok(())
    }

    /// Refuses a folder in which there is anything that broker does not put there.
    pub(super) fn refuse_foreign(&self) -> Result<(), Problem> {
        let ours = |name: &OsStr| {
            name == LOCK
                || paths::is_temporary(name)
                || number_of(name).is_some()
                || lost_number(name).is_some()
        };
        let names = paths::list_all(&self.folder)?.unwrap_or_default();
        match names.iter().find(|name| !ours(name)) {
            Some(name) => Err(Problem::Foreign(self.folder.join(name))),
            None => Ok(()),
        }
    }

    /// Removes what commands that were killed left behind in the folder.
    pub(super) fn remove_temporary(&self) -> Result<(), Problem> {
        let names = paths::list_all(&self.folder)?.unwrap_or_default();
        for name in names.iter().filter(|name| paths::is_temporary(name)) {
            paths::remove_file(&self.folder.join(name))?;
        }
        Ok(())
    }
}

/// Reads the number of a file of the log; `None` for anything else.
fn number_of(name: &OsStr) -> Option<u32> {
    let digits = name.to_str()?.strip_suffix(END)?;
    let plain = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && *number > 0)
}

/// Reads the number of a folder of files that were set aside.
fn lost_number(name: &OsStr) -> Option<u32> {
    let digits = name.to_str()?.strip_prefix(LOST)?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_log_have_numbers() {
        let number = |name: &str| number_of(OsStr::new(name));
        assert_eq!(number("000001.jsonl"), Some(1));
        assert_eq!(number("999999.jsonl"), Some(999_999));
        for name in [
            "000000.jsonl",
            "1.jsonl",
            "0000001.jsonl",
            "+00001.jsonl",
            "000001.jsonl~",
            "000001.json",
            "lock",
            ".broker-x.tmp",
        ] {
            assert_eq!(number(name), None, "{name}");
        }
        assert_eq!(lost_number(OsStr::new("lost-12")), Some(12));
        assert_eq!(lost_number(OsStr::new("lost-")), None);
    }
}
