//! Interpreters and launchers: which of their arguments are code, what they look up and where, and how
//! they are kept from what a project may have planted (design D8).
//!
//! A launcher such as `npx` looks into the folder it is started in for packages and settings. A planted one would
//! run under an unchanged command. Where a launcher can be told to look elsewhere, it is; where it cannot, the folder
//! is part of what is allowed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::policy::Danger;

/// A start, as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The word the program was called by.
    pub name: &'a OsStr,
    /// Where it was found.
    pub program: &'a Path,
    /// Its arguments; `None` for one that is a secret.
    pub arguments: &'a [Option<&'a OsStr>],
    /// The folder it is started in, absolute.
    pub folder: &'a Path,
    /// An empty folder of broker's own.
    pub neutral: &'a Path,
    /// Whether packages may run their install scripts.
    pub install_scripts: bool,
}

/// What a start means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Whether the program is an interpreter or a launcher: it is bound by its path, what it runs otherwise.
    pub is_known: bool,
    /// Arguments that are put in, each in front of the argument of that index.
    pub put_in: Vec<(usize, OsString)>,
    /// Variables that are set besides.
    pub set: Vec<(&'static str, OsString)>,
    /// Files that are code, absolute.
    pub code: Vec<PathBuf>,
    /// Whether the folder matters.
    pub needs_folder: bool,
    /// Programs that are looked up in `PATH` on the way.
    pub lookups: Vec<String>,
    /// What a person should see first.
    pub dangers: Vec<Danger>,
}

/// Reads a start.
#[must_use]
pub fn read(start: &Start<'_>) -> Reading {
    let mut words = start.arguments.iter().flatten();
    let needs_folder =
        words.any(|word| is_relative_path(word, start.folder)) || is_relative(start.name);
    Reading {
        needs_folder,
        ..Reading::default()
    }
}

/// Tells whether the program was named by a path that means another file in each folder.
fn is_relative(name: &OsStr) -> bool {
    let path = Path::new(name);
    path.is_relative() && path.components().count() > 1
}

/// Tells whether an argument means something in the folder it is given in.
fn is_relative_path(word: &OsStr, folder: &Path) -> bool {
    let path = Path::new(word);
    let dotted = path.components().next().is_some_and(|first| {
        matches!(
            first,
            std::path::Component::CurDir | std::path::Component::ParentDir
        )
    });
    dotted || (!word.is_empty() && path.is_relative() && folder.join(path).exists())
}
