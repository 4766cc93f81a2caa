//! The files as they are now, beside what is known of them.

use std::path::Path;

use super::super::context::Context;
use super::ChangeRow;
use super::kept::Kept;
use crate::catalog::Home;
use crate::clients::baseline::{
    Baseline, Change, Difference, KnownFile, Looked, Sought, differences, look, sought,
};
use crate::clients::table::Surroundings;
use crate::launch::project;
use crate::paths;
use crate::policy::Seal;

/// A file, and what is different about it.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) sought: Sought,
    pub(super) looked: Option<Looked>,
    pub(super) differences: Vec<Difference>,
}

impl Surveyed {
    /// Looks at a file.
    pub(super) fn of(sought: Sought, known: Option<&KnownFile>, seal: Option<&Seal>) -> Self {
        let looked = look(&sought, seal);
        let differences = differences(known, looked.as_ref().map(|looked| &looked.file));
        Self {
            sought,
            looked,
            differences,
        }
    }

    /// Tells what is different, a row each.
    pub(super) fn rows(&self) -> Vec<ChangeRow> {
        let row = |difference: &Difference| ChangeRow {
            client: self.sought.client.id,
            file: self.sought.path.display().to_string(),
            server: difference.server.clone(),
            change: difference.change.word(),
            message: match (&difference.change, self.problem()) {
                (Change::Unreadable, Some(problem)) => problem,
                (change, _) => change.to_string(),
            },
        };
        self.differences.iter().map(row).collect()
    }

    fn problem(&self) -> Option<String> {
        let problem = self.looked.as_ref()?.problem.as_ref();
        problem.map(|problem| format!("the file can be read no more: {problem}"))
    }
}

/// The surroundings of the user, with the project that `folder` lies in.
pub(in crate::cli) fn surroundings(folder: Option<&Path>) -> Option<Surroundings> {
    let home = paths::user_home()?;
    let project = folder.and_then(|folder| project(folder, Some(&home)));
    Some(Surroundings::here(home, project))
}

/// The surroundings of the user, with the project of the current folder.
pub(super) fn here() -> Option<Surroundings> {
    let folder = std::env::current_dir().ok();
    surroundings(folder.as_deref())
}

/// What is known of a file.
pub(super) fn known_of<'a>(baseline: Option<&'a Baseline>, path: &Path) -> Option<&'a KnownFile> {
    let path = path.display().to_string();
    baseline?.files().iter().find(|file| file.file == path)
}

/// Looks at every file there is, and at every one that is known.
pub(super) fn survey(
    known: Option<&Baseline>,
    seal: Option<&Seal>,
    everywhere: bool,
) -> Vec<Surveyed> {
    let Some(around) = here() else {
        return Vec::new();
    };
    let files = known.map_or(&[][..], Baseline::files);
    sought(&around, files, everywhere)
        .into_iter()
        .map(|one| {
            let known = known_of(known, &one.path);
            Surveyed::of(one, known, seal)
        })
        .collect()
}

/// What `scan` and `doctor` are told.
#[derive(Debug)]
pub(in crate::cli) enum Changes {
    /// Nothing was ever accepted, or what was does not count, so there is nothing to compare with.
    Unknown,
    /// What appeared or changed since.
    Since(Vec<ChangeRow>),
}

/// Tells what appeared or changed in the files of clients, without asking anybody. Where the store is locked, only
/// what can be told without its key.
pub(in crate::cli) fn changes(home: &Home, context: &Context) -> Changes {
    let kept = Kept::load_quietly(home, context);
    match kept.parts() {
        (None, _) => Changes::Unknown,
        (known, seal) => {
            let all = survey(known, seal, true);
            Changes::Since(all.iter().flat_map(Surveyed::rows).collect())
        }
    }
}
