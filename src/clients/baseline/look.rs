//! Looking at the files: which there are, whether one changed, what it says.

use std::path::{Path, PathBuf};

use super::record::{KnownFile, recorded};
use crate::clients::read::{ReadError, read};
use crate::clients::table::{
    Client, ClientFile, Located, Scope, Surroundings, client, locate, recognise,
};
use crate::paths::FileStamp;
use crate::policy::Seal;

/// A file that is looked at.
#[derive(Clone, Debug)]
pub struct Sought {
    /// Whose it is.
    pub client: &'static Client,
    /// Which of its files.
    pub file: &'static ClientFile,
    /// Where it is.
    pub path: PathBuf,
    /// The project it belongs to, if it is one's.
    pub project: Option<PathBuf>,
}

/// What a look at a file gave.
#[derive(Debug)]
pub struct Looked {
    /// What is to be kept of it.
    pub file: KnownFile,
    /// Why it could not be read.
    pub problem: Option<ReadError>,
}

/// Finds the files to look at: those that are there for the user and in the project of `around`, and those that were known
/// before, there or not. Files of other projects only if `everywhere`: a disk they are on may not answer.
#[must_use]
pub fn sought(around: &Surroundings, known: &[KnownFile], everywhere: bool) -> Vec<Sought> {
    let mut all: Vec<Sought> = Vec::new();
    let mut add = |one: Sought| {
        if !all.iter().any(|other| other.path == one.path) {
            all.push(one);
        }
    };
    let of = |located: Located, project: &Option<PathBuf>| Sought {
        client: located.client,
        file: located.file,
        path: located.path,
        project: project.clone().filter(|_| located.file.scope.is_shared()),
    };
    for located in locate(around) {
        add(of(located, &around.project));
    }
    let mut projects: Vec<&String> = known.iter().filter_map(|f| f.project.as_ref()).collect();
    projects.dedup();
    for project in projects.into_iter().filter(|_| everywhere) {
        let there = Surroundings {
            project: Some(PathBuf::from(project)),
            ..around.clone()
        };
        for located in locate(&there) {
            add(of(located, &there.project));
        }
    }
    let here = around
        .project
        .as_ref()
        .map(|path| path.display().to_string());
    let is_meant = |file: &&KnownFile| everywhere || file.project.is_none() || file.project == here;
    for file in known.iter().filter(is_meant) {
        let path = PathBuf::from(&file.file);
        if let Some((client, kind)) = whose(file, &path, around) {
            add(Sought {
                client,
                file: kind,
                path,
                project: file.project.as_ref().map(PathBuf::from),
            });
        }
    }
    all
}

/// Finds how a file that was known is read; a newer broker may know its client otherwise.
fn whose(
    file: &KnownFile,
    path: &Path,
    around: &Surroundings,
) -> Option<(&'static Client, &'static ClientFile)> {
    let known = client(&file.client).and_then(|client| {
        let mut files = client.files.iter();
        files
            .find(|one| kind(one) == file.kind)
            .map(|kind| (client, kind))
    });
    known.or_else(|| recognise(path, around))
}

/// Which of a client's files it is, in words that stay.
fn kind(file: &ClientFile) -> String {
    let scope = match file.scope {
        Scope::User => "user",
        Scope::Project => "project",
        Scope::Agent => "agent",
        Scope::ProjectAgent => "project-agent",
    };
    let keys: Vec<String> = file.servers.iter().map(|keys| keys.join(".")).collect();
    format!("{scope} {}", keys.join(" "))
}

/// Tells whether a file is what it was when it was accepted, as far as the system says without reading it. Whatever
/// stands there is not opened.
#[must_use]
pub fn is_as_before(sought: &Sought, known: Option<&KnownFile>) -> bool {
    match (stamp(&sought.path), known) {
        (None, None) => true,
        (Some(now), Some(known)) => known.stamp.as_ref() == Some(&now),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// Looks at a file, and marks its texts with the key of `seal` if there is one. `None` if nothing is there.
#[must_use]
pub fn look(sought: &Sought, seal: Option<&Seal>) -> Option<Looked> {
    let path = sought.path.display().to_string();
    let mut file = KnownFile {
        client: sought.client.id.to_owned(),
        kind: kind(sought.file),
        file: path,
        project: sought.project.as_ref().map(|p| p.display().to_string()),
        stamp: None,
        readable: true,
        entries: Vec::new(),
    };
    match read(&sought.path, sought.file.format) {
        Ok(text) => {
            file.stamp = Some(text.identity.stamp().clone());
            file.entries = recorded(&file.file, &text.document.entries(sought.file), seal);
            Some(Looked {
                file,
                problem: None,
            })
        }
        Err(ReadError::Absent(_)) => None,
        Err(problem) => {
            file.stamp = stamp(&sought.path);
            file.readable = false;
            Some(Looked {
                file,
                problem: Some(problem),
            })
        }
    }
}

/// What the system says about the file that a path leads to; `None` if there is none.
fn stamp(path: &Path) -> Option<FileStamp> {
    path.metadata().ok().map(|found| FileStamp::of(&found))
}
