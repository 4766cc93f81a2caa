//! The file that the entry goes into: where the client looks, read under its lock, and written or made.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::scan::Wanted;
use super::super::started::Starter;
use crate::clients::document::{Document, Kind};
use crate::clients::read::{Identity, ReadError, read};
use crate::clients::table::{Client, ClientFile, Scope, Surroundings, locate, target};
use crate::clients::write::{EditLock, create, write};
use crate::launch::project;
use crate::paths;

/// How long another broker that changes the same file is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whom the entry is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ScopeWord {
    User,
    Workspace,
    Agent(String),
}

/// Why a word is no scope. Does not hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is user, workspace or agent:NAME")]
pub(super) struct ScopeWordError;

impl FromStr for ScopeWord {
    type Err = ScopeWordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.split_once(':')) {
            ("user", _) => Ok(Self::User),
            ("workspace", _) => Ok(Self::Workspace),
            (_, Some(("agent", name))) if !name.is_empty() => Ok(Self::Agent(name.to_owned())),
            _ => Err(ScopeWordError),
        }
    }
}

/// A file of a client.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) client: &'static Client,
    pub(super) file: &'static ClientFile,
    pub(super) path: PathBuf,
    project: Option<PathBuf>,
    text: Option<Text>,
}

/// What is in it.
#[derive(Debug)]
struct Text {
    lock: EditLock,
    document: Document,
    /// What it was; none if it is not there.
    identity: Option<Identity>,
}

impl Target {
    /// Finds out where the client would look for the entry.
    ///
    /// # Errors
    /// `usage` for a client that has no such file; `agent-not-found`; `folder-unusable`.
    pub(super) fn find(client: &'static Client, word: &ScopeWord) -> Result<Self, Failure> {
        let home = paths::user_home();
        let here = std::env::current_dir().map_err(|e| {
            let message = format!("the current folder cannot be used: {e}");
            Failure::new("folder-unusable", message)
        })?;
        let found = project(&here, home.as_deref());
        if *word == ScopeWord::Workspace && found.is_none() && home.as_ref() == Some(&here) {
            return Err(Failure::usage("your home folder is no project")
                .hint("go to the folder of the project, or leave out --scope workspace"));
        }
        let project = found.unwrap_or(here);
        let home = home.unwrap_or_else(|| PathBuf::from("/"));
        let around = Surroundings::here(home, Some(project.clone()));
        let at = |scope, agent| target(client, scope, agent, &around);
        let (file, path) = match word {
            ScopeWord::User => at(Scope::User, None)
                .map(|found| there_already(client, found, &around))
                .ok_or_else(|| no_such_file(client, "file of the user"))?,
            ScopeWord::Workspace => at(Scope::Project, None)
                .map(|found| there_already(client, found, &around))
                .ok_or_else(|| no_such_file(client, "file in a project"))?,
            ScopeWord::Agent(name) => {
                let scopes = [Scope::ProjectAgent, Scope::Agent];
                if !client.files.iter().any(|f| scopes.contains(&f.scope)) {
                    return Err(no_such_file(client, "agents"));
                }
                let own = at(Scope::Agent, Some(name)).map(|(_, path)| path);
                // In the home folder both are one, which nobody else has.
                let is_meant =
                    |scope, path: &PathBuf| scope == Scope::Agent || own.as_ref() != Some(path);
                let mut places = scopes.into_iter().filter_map(|scope| {
                    at(scope, Some(name)).filter(|(_, path)| is_meant(scope, path))
                });
                // An agent has more to it than servers, so none is made here.
                let found = places.find(|(_, path)| path.is_file());
                found.ok_or_else(|| {
                    Failure::new("agent-not-found", "there is no agent of that name")
                        .hint(format!("make it with {} first", client.name))
                })?
            }
        };
        Ok(Self {
            client,
            file,
            path,
            project: Some(project),
            text: None,
        })
    }

    /// Who starts the entry, and where.
    pub(super) fn starter(&self) -> Starter {
        Starter {
            client: self.client,
            scope: self.file.scope,
            wanted: Wanted::of(self.path.clone(), self.project.clone()),
        }
    }

    /// Reads it, under its lock, which is held from now on.
    ///
    /// # Errors
    /// `client-file-unreadable`, `client-file-busy`, `file-io`.
    pub(super) fn read(&mut self, context: &Context) -> Result<(), Failure> {
        let folder = context.paths()?.client_locks_folder();
        let lock = EditLock::take_for_new(&folder, &self.path, PATIENCE)?;
        let (document, identity) = match read(&self.path, self.file.format) {
            Ok(read) => (read.document, Some(read.identity)),
            Err(ReadError::Absent(_)) => {
                let empty = Document::parse(self.file.format, "");
                let empty = empty.map_err(|problem| ReadError::Syntax {
                    path: self.path.clone(),
                    problem,
                })?;
                (empty, None)
            }
            Err(other) => return Err(other.into()),
        };
        self.text = Some(Text {
            lock,
            document,
            identity,
        });
        Ok(())
    }

    /// What was read.
    pub(super) fn document(&self) -> Result<&Document, Failure> {
        let text = self.text.as_ref().map(|text| &text.document);
        text.ok_or_else(|| Failure::new("client-file-unreadable", "the file was not read"))
    }

    /// Whether it is not there yet.
    pub(super) fn is_new(&self) -> bool {
        let text = self.text.as_ref();
        text.is_none_or(|text| text.identity.is_none())
    }

    /// Writes it, if it is still what was read.
    ///
    /// # Errors
    /// `client-file-changed`, `file-io`, and what else writing gives.
    pub(super) fn write(&self, new: &str) -> Result<(), Failure> {
        let text = self.text.as_ref();
        let text =
            text.ok_or_else(|| Failure::new("client-file-unreadable", "the file was not read"))?;
        match &text.identity {
            Some(identity) => write(&text.lock, identity, new).map(drop)?,
            None => create(&text.lock, &self.path, new)?,
        }
        Ok(())
    }

    /// Tells whether it is an agent that names the tools it uses, and those of this server are not among them.
    pub(super) fn lists_tools(&self, server: &str) -> bool {
        if !matches!(self.file.scope, Scope::Agent | Scope::ProjectAgent) {
            return false;
        }
        let tools = self.text.as_ref().and_then(|text| {
            let tools = text.document.root().get("tools")?;
            match &tools.kind {
                Kind::List(all) => Some(all.as_slice()),
                Kind::Text(_) | Kind::Word(_) | Kind::Map(..) => None,
            }
        });
        let own = format!("@{server}");
        let is_it = |text: &str| text == "*" || text == own || text.starts_with(&format!("{own}/"));
        tools.is_some_and(|all| !all.iter().any(|one| one.text().is_some_and(is_it)))
    }
}

/// Takes the file that is there already in the place of the first that there can be, unless a variable names that one.
fn there_already(
    client: &'static Client,
    found: (&'static ClientFile, PathBuf),
    around: &Surroundings,
) -> (&'static ClientFile, PathBuf) {
    let (file, path) = found;
    let usual = Surroundings {
        variables: std::collections::BTreeMap::new(),
        ..around.clone()
    };
    let unnamed = target(client, file.scope, None, &usual);
    if path.symlink_metadata().is_ok() || unnamed.is_none_or(|(_, usual)| usual != path) {
        return (file, path);
    }
    let mut there = locate(around).into_iter();
    let there = there.find(|one| one.client.id == client.id && std::ptr::eq(one.file, file));
    (file, there.map_or(path, |one| one.path))
}

fn no_such_file(client: &Client, what: &str) -> Failure {
    Failure::usage(format!("{} has no {what}", client.name))
        .hint("take another --scope: user, workspace or agent:NAME")
}
