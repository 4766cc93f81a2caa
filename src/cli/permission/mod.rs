//! What a home allows: its files of grants and requests, and what the seals in the stores say of them.

pub(super) mod anchors;
mod asking;
pub(super) mod handed;
mod release;
pub(super) mod rotation;
pub(super) mod seals;
mod seen;
pub(super) mod shown;
mod trial;
mod wanted;
mod words;

use asking::Answer;
pub(super) use release::{bound, released, words};
pub(super) use trial::Trial;
pub(super) use wanted::{find_all, place_of, rebind};
use words::describe;
pub(super) use words::{differences, quoted};

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::output::Output;
use crate::catalog::Home;
use crate::paths;
use crate::policy::{Frozen, Grant, Grants, Requests, Rotation};
use crate::store::StoreKind;
use crate::text::escaped;
use seals::Seals;

/// The files of grants that were found: the one in its place, and one that a command was about to put there.
/// Which of them counts, only the seals can tell.
#[derive(Debug)]
pub(super) struct Permissions(Vec<Grants>);

impl Permissions {
    /// Reads the files. One that cannot be understood is ignored with a warning, as a forged one is.
    pub(super) fn load(home: &Home, output: &Output) -> Self {
        let load = |path: PathBuf| load_or_ignore(&path, home, output, |_| false);
        let found = paths_of(home).into_iter().filter_map(|p| load(p).ok());
        Self(found.flatten().collect())
    }

    /// Reads the files to change them. As [`Permissions::load`], but for a file that the system did not let be read:
    /// it may hold all that was allowed, so nothing is put in its place.
    ///
    /// # Errors
    /// `file-io`.
    pub(super) fn load_to_change(home: &Home, output: &Output) -> Result<Self, Failure> {
        let is_unread = |failure: &Failure| failure.code == "file-io";
        let load = |path: PathBuf| load_or_ignore(&path, home, output, is_unread);
        let found: Result<Vec<_>, _> = paths_of(home).into_iter().map(load).collect();
        Ok(Self(found?.into_iter().flatten().collect()))
    }

    /// Tells whether no file was found.
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The stores whose seals some file names.
    fn sealed_in(&self) -> BTreeSet<StoreKind> {
        self.0.iter().flat_map(Grants::sealed_in).collect()
    }

    /// Returns all files, the one in its place first.
    pub(super) fn files(&self) -> &[Grants] {
        &self.0
    }

    /// Returns every grant that may count, each id once: what a crash left aside may be what the seals confirm.
    pub(super) fn all(&self) -> Vec<&Grant> {
        let mut all: Vec<&Grant> = Vec::new();
        for grant in self.0.iter().flat_map(Grants::all) {
            if !all.iter().any(|known| known.id == grant.id) {
                all.push(grant);
            }
        }
        all
    }

    /// Returns the rotation command of the secret of that id that may count.
    pub(super) fn rotation(&self, id: &str) -> Option<&Rotation> {
        self.0.iter().find_map(|file| file.rotation(id))
    }

    /// Returns every rotation command that may count.
    pub(super) fn rotations(&self) -> impl Iterator<Item = &Rotation> {
        self.0.iter().flat_map(Grants::rotations)
    }

    /// Leaves files out.
    fn without(mut self, ignored: &[Grants]) -> Self {
        self.0.retain(|file| !ignored.contains(file));
        self
    }

    /// Returns the files that the seals do not know.
    fn unknown_to(&self, seals: &Seals) -> Vec<Grants> {
        let unknown = self.0.iter().filter(|file| file.check(seals).is_err());
        unknown.cloned().collect()
    }

    /// Returns the file that the seals know: marked by each, and of the newest generation.
    fn known_to(&self, seals: &Seals, newest: u64) -> Option<Grants> {
        let known = |file: &&Grants| {
            let mut sealed = file.sealed_in().peekable();
            file.generation() == newest
                && sealed.peek().is_some()
                && sealed.all(|kind| {
                    seals
                        .get(&kind)
                        .is_some_and(|seal| file.is_marked(kind, seal))
                })
        };
        self.0.iter().find(known).cloned()
    }
}

fn paths_of(home: &Home) -> [PathBuf; 2] {
    [home.paths.grants_file(), home.paths.next_grants_file()]
}

fn load_or_ignore(
    path: &Path,
    home: &Home,
    output: &Output,
    fails: impl Fn(&Failure) -> bool,
) -> Result<Option<Grants>, Failure> {
    load(path, home).or_else(|failure| {
        if fails(&failure) {
            return Err(failure);
        }
        output.warning(&format!(
            "\"{}\" is ignored, nothing in it counts: {}",
            path.display(),
            failure.message
        ));
        Ok(None)
    })
}

fn load(path: &Path, home: &Home) -> Result<Option<Grants>, Failure> {
    let Some(bytes) = paths::read_file(path, paths::MAX_FILE_BYTES)? else {
        return Ok(None);
    };
    let file = path.display().to_string();
    Ok(Some(Grants::parse(&file, &bytes, &home.record.id)?))
}

/// Reads the requests of a home; a file that cannot be understood holds none.
pub(super) fn requests(home: &Home, now: jiff::Timestamp) -> Requests {
    let path = home.paths.requests_file();
    let read = paths::read_file(&path, paths::MAX_FILE_BYTES);
    let bytes = read.ok().flatten().unwrap_or_default();
    Requests::parse(&path.display().to_string(), &bytes, now).unwrap_or_default()
}

/// Replaces the requests of a home. The caller holds the lock.
///
/// # Errors
/// `file-io`.
pub(super) fn write_requests(home: &Home, requests: &Requests) -> Result<(), Failure> {
    Ok(paths::write_file(
        &home.paths.requests_file(),
        &requests.to_json(),
    )?)
}

/// Refuses while the home is frozen, as far as its files say.
///
/// # Errors
/// `frozen`.
pub(super) fn ensure_thawed(home: &Home) -> Result<(), Failure> {
    match frozen_mark(home) {
        None => Ok(()),
        Some(frozen) => Err(frozen_failure(&frozen)),
    }
}

/// Reads the mark that freezing leaves in the home. Whatever is there, a damaged mark too, is a mark.
fn frozen_mark(home: &Home) -> Option<Frozen> {
    let path = home.paths.frozen_file();
    match path.symlink_metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        _ => {
            let bytes = paths::read_file(&path, paths::MAX_FILE_BYTES);
            let bytes = bytes.ok().flatten().unwrap_or_default();
            let read = serde_json::from_slice(&bytes);
            Some(read.unwrap_or_else(|_| Frozen::new(jiff::Timestamp::UNIX_EPOCH, "not known")))
        }
    }
}

/// Refuses while the home is frozen, as its files or any of its seals say.
///
/// # Errors
/// `frozen`; a store's error.
pub(super) fn ensure_thawed_by_seals(home: &Home, seals: &Seals) -> Result<(), Failure> {
    ensure_thawed(home)?;
    match seals.values().find_map(|seal| seal.frozen()) {
        Some(frozen) => Err(frozen_failure(frozen)),
        None => Ok(()),
    }
}

fn frozen_failure(frozen: &Frozen) -> Failure {
    let message = format!(
        "no value leaves this home: it is frozen since {} ({})",
        frozen.since,
        escaped(&frozen.reason)
    );
    Failure::new("frozen", message).hint("when it is safe again: broker thaw")
}
