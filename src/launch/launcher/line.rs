//! The words of a start, and what is the same about them for every launcher.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::options::{Scan, Table, scan};
use super::{Reading, Start, file_name};
use crate::launch::find_program;
use crate::launch::project::project;
use crate::paths::{Writable, writable_above};
use crate::policy::Danger;

/// How much of a script is read to find out what interprets it. The kernel reads as much (`BINPRM_BUF_SIZE`).
const HEAD: u64 = 256;

/// The arguments of a launcher.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    /// The start they belong to.
    pub(super) start: &'a Start<'a>,
    /// The launcher, where it was found; only its name where `env` looks it up.
    pub(super) program: &'a Path,
    /// The arguments of the program; `None` for a secret, or for what is no text.
    pub(super) words: Vec<Option<&'a str>>,
    /// Where those of the launcher begin.
    pub(super) from: usize,
}

impl<'a> Line<'a> {
    pub(super) fn of(start: &'a Start<'a>) -> Self {
        let text = |word: &Option<&'a OsStr>| word.and_then(OsStr::to_str);
        Self {
            start,
            program: start.program,
            words: start.arguments.iter().map(text).collect(),
            from: 0,
        }
    }

    /// The words behind the one at `at`, which names another program.
    pub(super) fn behind(&self, at: usize, program: &'a Path) -> Self {
        Self {
            program,
            from: at.saturating_add(1),
            ..self.clone()
        }
    }

    pub(super) fn text(&self, at: usize) -> Option<&'a str> {
        self.words.get(at).copied().flatten()
    }

    /// Scans the options from `from` on, and notes what was not understood.
    pub(super) fn scan(&self, from: usize, table: &Table, reading: &mut Reading) -> Scan<'a> {
        let scan = scan(&self.words, from, table);
        if let Some(odd) = &scan.odd {
            reading.not_understood(odd);
        }
        scan
    }

    /// Notes that `word` names a file that is code: bound by its content, and with the folder if it begins there.
    pub(super) fn code(&self, word: &str, reading: &mut Reading) {
        if Path::new(word).is_relative() {
            reading.looks_here(word);
        }
        self.code_at(self.start.folder.join(word), reading);
    }

    /// Notes that the file at the absolute `path` is code. Where there is none, the launcher finds none.
    pub(super) fn code_at(&self, path: PathBuf, reading: &mut Reading) {
        if path.is_dir() {
            reading.dangers.push(Danger::Settings(format!(
                "{} is a folder: what is in it may change",
                path.display()
            )));
        } else if path.is_file() && !reading.code.contains(&path) {
            reading.code.push(path);
        }
    }

    /// Looks at the words from `from` on, which are the server's own: one that means something else in each folder
    /// makes the folder part of what is allowed.
    pub(super) fn server(&self, from: usize, reading: &mut Reading) {
        let words = self.start.arguments.get(from..).unwrap_or_default();
        reading.needs_folder |= words
            .iter()
            .flatten()
            .any(|word| is_of_folder(word, self.start.folder));
    }

    /// Has the launcher and the server started in the empty folder, unless the folder is part of what is allowed anyway.
    pub(super) fn start_elsewhere(&self, launcher: &str, reading: &mut Reading) {
        if self.start.folder_is_bound || reading.needs_folder {
            return reading.looks_here(&format!("code that {launcher} runs first"));
        }
        self.start_in_neutral(reading);
        reading.dangers.push(Danger::Settings(format!(
            "the server starts in an empty folder, since {launcher} takes code from the current one; \
             with --cwd DIR it starts in DIR"
        )));
    }

    /// Has the launcher started in the empty folder.
    pub(super) fn start_in_neutral(&self, reading: &mut Reading) {
        let neutral = self.start.paths.neutral_folder();
        let project = project(self.start.folder, Some(self.start.home));
        if project.is_some_and(|project| neutral.starts_with(project)) {
            reading.needs_folder = true;
            reading.dangers.push(Danger::Settings(
                "broker's home lies in the project, which may bring code and settings".into(),
            ));
        }
        // Launchers look through the folders above, too.
        if writable_above(&neutral) >= Writable::ByGroup {
            reading.dangers.push(Danger::Settings(
                "other users can put code and settings into a folder above broker's home".into(),
            ));
        }
        reading.starts_in = Some(neutral);
    }

    /// Finds the first of these programs in `PATH`.
    pub(super) fn find(&self, names: &[&str]) -> Option<PathBuf> {
        let find =
            |name: &&str| find_program(OsStr::new(name), self.start.search, Path::new("/")).ok();
        names.iter().find_map(find)
    }
}

/// Tells whether a word means something in the folder it is given in: it begins there, or names what is there. The
/// value of an option counts as the word.
pub(super) fn is_of_folder(word: &OsStr, folder: &Path) -> bool {
    let value = word.to_str().and_then(|text| text.split_once('='));
    is_relative_path(word, folder)
        || value.is_some_and(|(_, value)| is_relative_path(OsStr::new(value), folder))
}

fn is_relative_path(word: &OsStr, folder: &Path) -> bool {
    let path = Path::new(word);
    let dotted = path
        .components()
        .next()
        .is_some_and(|first| matches!(first, Component::CurDir | Component::ParentDir));
    dotted || (!word.is_empty() && path.is_relative() && folder.join(path).exists())
}

/// Tells whether a word that may be a name or a path is a path that begins in the current folder.
pub(super) fn is_path_of_folder(word: &str) -> bool {
    word.contains('/') && Path::new(word).is_relative()
}

/// Reads which program of `PATH` the script at `path` is interpreted by: `#!/usr/bin/env NAME`.
pub(super) fn interpreter(path: &Path) -> Option<String> {
    if !path.is_file() {
        return None;
    }
    let mut head = Vec::new();
    let mut file = File::open(path).ok()?.take(HEAD);
    file.read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|b| *b == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_whitespace();
    if file_name(Path::new(words.next()?)) != "env" {
        return None;
    }
    let is_name = |word: &&str| !word.starts_with('-') && !word.contains('=');
    words.find(is_name).map(str::to_owned)
}
