//! Which files of which clients are there.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::place::{Rule, fits, joined};
use super::{CLIENTS, Client, ClientFile, Scope};
use crate::paths::Os;

/// The most names that are looked at in one folder of agents or profiles.
const MOST_NAMES: usize = 10_000;

/// What decides where a user's files are.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The kind of system.
    pub os: Os,
    /// The user's home folder.
    pub home: PathBuf,
    /// The variables of the caller. Those of a client may be others, so the places that they lead away from are
    /// looked at too.
    pub variables: BTreeMap<String, OsString>,
    /// The project's folder, if there is one.
    pub project: Option<PathBuf>,
}

impl Surroundings {
    /// Returns those of this process, for the given home and project. Variables that are empty, or whose name is
    /// no text, count as not set.
    #[must_use]
    pub fn here(home: PathBuf, project: Option<PathBuf>) -> Self {
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        let is_set = |(_, value): &(String, OsString)| !value.is_empty();
        Self {
            os: Os::here(),
            home,
            variables: std::env::vars_os()
                .filter_map(named)
                .filter(is_set)
                .collect(),
            project,
        }
    }
}

/// A client's file that is there.
#[derive(Clone, Debug)]
pub struct Located {
    /// The client.
    pub client: &'static Client,
    /// Which of its files.
    pub file: &'static ClientFile,
    /// Where it is. It may be a link, a folder, or nothing that can be read.
    pub path: PathBuf,
}

/// Finds the files of all clients that are there, in the order of the table, each once.
#[must_use]
pub fn locate(around: &Surroundings) -> Vec<Located> {
    let mut all: Vec<Located> = Vec::new();
    for client in CLIENTS.iter().copied() {
        for file in client.files {
            for path in file.rules.iter().flat_map(|rule| there(rule, around)) {
                if !all.iter().any(|one| one.path == path) {
                    all.push(Located { client, file, path });
                }
            }
        }
    }
    all
}

/// Returns where a client would read a new file of that scope from: the first place that there can be, whether
/// or not something is there. `agent` is the name of the agent that the file is for, in scopes of agents. `None` if the client
/// has no such file, or the agent's name is none a file can have.
#[must_use]
pub fn target(
    client: &'static Client,
    scope: Scope,
    agent: Option<&str>,
    around: &Surroundings,
) -> Option<(&'static ClientFile, PathBuf)> {
    let is_name = |name: &&str| !name.is_empty() && !name.contains(['/', '\\', '*', '\0', ':']);
    let agent = agent.filter(is_name).filter(|name| !name.starts_with('.'));
    let files = client.files.iter().filter(|file| file.scope == scope);
    let mut places = files.flat_map(|file| file.rules.iter().map(move |rule| (file, rule)));
    places.find_map(|(file, rule)| {
        let below = match agent {
            Some(name) => rule.below.replace('*', name),
            None if rule.below.contains('*') => return None,
            None => rule.below.to_owned(),
        };
        Some((file, joined(rule.begin(around)?, &below)))
    })
}

/// Finds what is there for one rule.
fn there(rule: &Rule, around: &Surroundings) -> Vec<PathBuf> {
    let Some(begin) = rule.begin(around) else {
        return Vec::new();
    };
    let mut paths = vec![begin];
    for part in rule.parts() {
        paths = if part.contains('*') {
            let named = |folder: &PathBuf| matching(folder, part);
            paths.iter().flat_map(named).collect()
        } else {
            paths.into_iter().map(|path| path.join(part)).collect()
        };
    }
    // What cannot be looked at may be there.
    paths.retain(|path| match path.symlink_metadata() {
        Ok(_) => true,
        Err(e) => !matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    });
    paths
}

/// Returns what in a folder has a name that fits, sorted.
fn matching(folder: &Path, part: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let fitting = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(|n| fits(part, n));
    let mut found: Vec<PathBuf> = entries
        .take(MOST_NAMES)
        .flatten()
        .filter(fitting)
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}
