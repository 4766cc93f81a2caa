//! Which files `broker scan` looks through.

use std::path::{Path, PathBuf};

use super::super::failure::Failure;
use crate::clients::Format;
use crate::clients::table::{Client, ClientFile, Surroundings, locate, recognise};
use crate::launch::project;
use crate::paths;

/// A file that is to be looked at.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Wanted {
    /// Whose it is, where the name says so; else its content has to.
    pub(super) known: Option<(&'static Client, &'static ClientFile)>,
    pub(in crate::cli) path: PathBuf,
    /// The folder that the client would have open.
    pub(in crate::cli) project: Option<PathBuf>,
}

impl Wanted {
    /// A file of which it is known whose it is.
    pub(in crate::cli) fn of(path: PathBuf, project: Option<PathBuf>) -> Self {
        Self {
            known: None,
            path,
            project,
        }
    }

    /// The client's name on the command line; none for a file that is nobody's in particular.
    pub(in crate::cli) fn client_id(&self) -> Option<&'static str> {
        self.known.map(|(client, _)| client.id)
    }
}

/// Finds the files that are meant: of these clients only, if there are any.
///
/// # Errors
/// `file-io` for a path that is not there, `client-file-unknown` for one that no client would read, `folder-unusable`.
pub(super) fn wanted(
    paths: &[PathBuf],
    clients: &[&'static Client],
) -> Result<Vec<Wanted>, Failure> {
    let search = Search {
        home: paths::user_home(),
        clients,
    };
    let here = std::env::current_dir().map_err(|e| {
        let message = format!("the current folder cannot be used: {e}");
        Failure::new("folder-unusable", message)
    })?;
    let mut all: Vec<Wanted> = Vec::new();
    let mut add = |file: Wanted| {
        if !all.iter().any(|known| known.path == file.path) {
            all.push(file);
        }
    };
    if paths.is_empty() {
        let project = project(&here, search.home.as_deref()).unwrap_or(here);
        search.in_project(&project).into_iter().for_each(add);
        return Ok(all);
    }
    for path in paths {
        // Without the dots in it that mean nothing.
        let path: PathBuf = here.join(path).components().collect();
        if path.is_dir() {
            search.in_folder(&path).into_iter().for_each(&mut add);
        } else {
            add(search.file(path)?);
        }
    }
    Ok(all)
}

struct Search<'a> {
    home: Option<PathBuf>,
    clients: &'a [&'static Client],
}

impl Search<'_> {
    fn around(&self, project: Option<PathBuf>) -> Surroundings {
        let home = self.home.clone().unwrap_or_else(|| PathBuf::from("/"));
        Surroundings::here(home, project)
    }

    fn is_asked(&self, client: &Client) -> bool {
        self.clients.is_empty() || self.clients.iter().any(|asked| asked.id == client.id)
    }

    /// The user's files, and those of a project.
    fn in_project(&self, folder: &Path) -> Vec<Wanted> {
        let located = locate(&self.around(Some(folder.to_path_buf())));
        let located = located.into_iter().filter(|one| self.is_asked(one.client));
        located
            .map(|one| Wanted {
                known: Some((one.client, one.file)),
                path: one.path,
                project: Some(folder.to_path_buf()),
            })
            .collect()
    }

    /// The files of the project in a folder; and those in it that belong to a project around it, or to the user.
    fn in_folder(&self, folder: &Path) -> Vec<Wanted> {
        let mut found = self.in_project(folder);
        let around = project(folder, self.home.as_deref());
        for around in around.as_deref().into_iter().chain(folder.parent()) {
            found.extend(self.in_project(around));
        }
        found.retain(|file| file.path.starts_with(folder));
        found
    }

    /// A file that was named.
    fn file(&self, path: PathBuf) -> Result<Wanted, Failure> {
        if path.symlink_metadata().is_err() {
            // Not repeated: what is no path may be a value.
            let message = "a file or folder that was given is not there, or cannot be looked at";
            return Err(Failure::new("file-io", message));
        }
        let unknown = |why: &str| {
            let message = format!("\"{}\" is no file of {why}", path.display());
            Failure::new("client-file-unknown", message)
        };
        let outer = path.parent().and_then(|folder| {
            let home = self.home.as_deref();
            project(folder, home)
        });
        let known = recognise(&path, &self.around(outer.clone()));
        if known.is_none() && Format::of(&path).is_none() {
            return Err(unknown("a client, by its name")
                .hint("it has to end in .json, .jsonc, .toml, .yaml or .yml"));
        }
        let is_asked =
            self.clients.is_empty() || known.is_some_and(|(client, _)| self.is_asked(client));
        if !is_asked {
            return Err(unknown("the clients that were asked for, by its name")
                .hint("leave --client out to have it looked through"));
        }
        Ok(Wanted {
            project: known.and_then(|(_, file)| opened(file, &path)).or(outer),
            known,
            path,
        })
    }
}

/// The folder that a client has open when it reads this file of a project.
fn opened(file: &ClientFile, path: &Path) -> Option<PathBuf> {
    let is_below = |below: &str| {
        let names: Vec<&str> = below.split('/').filter(|part| !part.is_empty()).collect();
        let folder = path.ancestors().nth(names.len())?;
        let end = path.strip_prefix(folder).ok()?;
        let is_called = |(part, name): (std::path::Component<'_>, &&str)| {
            name.contains('*') || *part.as_os_str() == **name
        };
        let all = end.components().zip(&names).all(is_called);
        all.then(|| folder.to_path_buf())
    };
    let shared = file.scope.is_shared().then_some(file.rules)?;
    shared.iter().find_map(|rule| is_below(rule.below))
}
