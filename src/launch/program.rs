//! Finding the one program that will be executed.
//!
//! It is looked up once, before anything is decided about it, and exactly the path found is executed:
//! a second look-up could find something else. As execvp(3) does it, a folder of `PATH` that cannot be searched is
//! passed over; unlike it, so are entries in which somebody else may have put a program.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::paths::{Writable, writable};

/// Why there is no program to execute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// Nothing of that name was found: 127 in a shell's terms.
    #[error("the program was not found")]
    NotFound,
    /// Something was found that cannot be executed: 126 in a shell's terms.
    #[error("\"{}\" is not executable", .0.display())]
    NotExecutable(PathBuf),
}

/// An entry of `PATH` in which nothing is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The entry.
    pub entry: PathBuf,
    /// What is wrong with it.
    pub why: SkipReason,
}

/// Why nothing is looked up in an entry of `PATH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// It means another folder in each folder.
    Relative,
    /// Other users can put programs there.
    WritableByOthers,
    /// It lies in the project that is worked on.
    InProject,
}

/// Sorts out the entries of `search_path` in which others than the user may have put a program. Entries that are not
/// there are left out. Returns what is left of it, and what was skipped.
#[must_use]
pub fn safe_search_path(search_path: &OsStr, project: Option<&Path>) -> (OsString, Vec<Skipped>) {
    let (mut kept, mut skipped) = (Vec::new(), Vec::new());
    for entry in std::env::split_paths(search_path) {
        let why = if !entry.is_absolute() {
            SkipReason::Relative
        } else if !entry.is_dir() {
            continue;
        } else if lies_in(&entry, project) {
            SkipReason::InProject
        } else if writable(&entry) == Writable::ByOthers {
            SkipReason::WritableByOthers
        } else {
            kept.push(entry);
            continue;
        };
        skipped.push(Skipped { entry, why });
    }
    // Entries of a list hold no separator, so they can be joined again.
    (std::env::join_paths(kept).unwrap_or_default(), skipped)
}

fn lies_in(entry: &Path, project: Option<&Path>) -> bool {
    let Some(project) = project else {
        return false;
    };
    entry.starts_with(project)
        || entry
            .canonicalize()
            .is_ok_and(|real| real.starts_with(project))
}

/// Finds `word` in the folders of `search_path`, or from `folder` where it has a separator. Returns an
/// absolute path; links in it are left as they are, because some programs tell from their
/// path what they are.
///
/// # Errors
/// See [`ProgramError`].
pub fn find_program(
    word: &OsStr,
    search_path: &OsStr,
    folder: &Path,
) -> Result<PathBuf, ProgramError> {
    if word.is_empty() {
        return Err(ProgramError::NotFound);
    }
    let given = Path::new(word);
    if is_path(word) {
        // `./x` and `x` are one path, however it was written.
        let whole: PathBuf = folder.join(given).components().collect();
        return match look(&whole) {
            Found::Executable(path) => Ok(path),
            Found::Other(path) => Err(ProgramError::NotExecutable(path)),
            Found::Nothing => Err(ProgramError::NotFound),
        };
    }
    let mut other = None;
    for entry in std::env::split_paths(search_path).filter(|entry| entry.is_absolute()) {
        match look(&entry.join(given)) {
            Found::Executable(path) => return Ok(path),
            Found::Other(path) if path.is_file() => {
                other.get_or_insert(path);
            }
            Found::Other(_) | Found::Nothing => {}
        }
    }
    Err(other.map_or(ProgramError::NotFound, ProgramError::NotExecutable))
}

/// Tells whether a word is a path, which is not looked up.
pub(super) fn is_path(word: &OsStr) -> bool {
    let given = Path::new(word);
    given.components().count() > 1 || given.is_absolute() || has_separator(word)
}

enum Found {
    Executable(PathBuf),
    Other(PathBuf),
    Nothing,
}

fn look(path: &Path) -> Found {
    match path.metadata() {
        Ok(found) if found.is_file() && may_execute(path) => Found::Executable(path.to_path_buf()),
        Ok(_) => Found::Other(path.to_path_buf()),
        // A folder on the way that cannot be searched hides whatever is there.
        Err(_) => Found::Nothing,
    }
}

fn has_separator(word: &OsStr) -> bool {
    word.as_encoded_bytes()
        .iter()
        .any(|b| *b == b'/' || (cfg!(windows) && *b == b'\\'))
}

#[cfg(unix)]
fn may_execute(path: &Path) -> bool {
    crate::sys::can_execute(path)
}

#[cfg(not(unix))]
fn may_execute(_path: &Path) -> bool {
    true
}

#[cfg(all(test, unix))]
#[expect(clippy::expect_used, reason = "helpers of tests may abort")]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn file(folder: &Path, name: &str, mode: u32) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(folder).expect("a folder");
        crate::paths::write_file(&path, b"#!/bin/sh\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
        path
    }

    #[test]
    fn the_first_executable_file_on_the_path_is_taken() {
        let top = tempfile::tempdir().expect("a folder");
        let (a, b) = (top.path().join("a"), top.path().join("b"));
        file(&a, "tool", 0o600);
        let tool = file(&b, "tool", 0o700);
        let plain = file(&a, "plain", 0o600);
        fs::create_dir(a.join("folder")).expect("a folder");
        let path: OsString = std::env::join_paths([&a, &b]).expect("joined");
        let find = |word: &str| find_program(OsStr::new(word), &path, top.path());
        assert_eq!(find("tool"), Ok(tool.clone()));
        assert_eq!(find("b/tool"), Ok(tool));
        assert_eq!(find("plain"), Err(ProgramError::NotExecutable(plain)));
        assert_eq!(
            find("folder"),
            Err(ProgramError::NotFound),
            "a folder is no program"
        );
        assert_eq!(
            find("a/folder"),
            Err(ProgramError::NotExecutable(a.join("folder")))
        );
        assert_eq!(find("none"), Err(ProgramError::NotFound));
        assert_eq!(find(""), Err(ProgramError::NotFound));
    }

    #[test]
    fn entries_in_which_others_may_have_put_programs_are_skipped() {
        let top = tempfile::tempdir().expect("a folder");
        let [ours, theirs, project] = ["ours", "theirs", "project"].map(|name| {
            let folder = top.path().join(name);
            fs::create_dir(&folder).expect("made");
            folder
        });
        fs::set_permissions(&theirs, fs::Permissions::from_mode(0o777)).expect("changed");
        let link = top.path().join("link");
        std::os::unix::fs::symlink(&project, &link).expect("linked");
        let absent = top.path().join("absent");
        let entries: [&Path; 7] = [
            &ours,
            &theirs,
            &project,
            &link,
            &absent,
            Path::new("bin"),
            Path::new(""),
        ];
        let path = std::env::join_paths(entries).expect("joined");
        let (kept, skipped) = safe_search_path(&path, Some(&project));
        assert_eq!(kept, ours.as_os_str());
        let skipped: Vec<_> = skipped.into_iter().map(|s| (s.entry, s.why)).collect();
        assert_eq!(
            skipped,
            [
                (theirs, SkipReason::WritableByOthers),
                (project, SkipReason::InProject),
                (link, SkipReason::InProject),
                ("bin".into(), SkipReason::Relative),
                ("".into(), SkipReason::Relative),
            ]
        );
    }

    #[test]
    fn relative_and_empty_entries_of_the_path_are_passed_over() {
        let top = tempfile::tempdir().expect("a folder");
        file(top.path(), "tool", 0o700);
        for path in ["", ".", ":", "relative:"] {
            let found = find_program(OsStr::new("tool"), OsStr::new(path), top.path());
            assert_eq!(found, Err(ProgramError::NotFound), "{path:?}");
        }
    }
}
