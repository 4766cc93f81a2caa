//! The grants of a home, and the decision whether a command is one of them.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::difference::{Difference, differences};
use super::{Command, Content, Rotation, Seal, SealError, Text, hex};
use crate::catalog::CatalogError;
use crate::catalog::document::{parse, to_json};
use crate::paths::FileStamp;
use crate::store::{HomeId, StoreKind};

const FORMAT: u32 = 1;

/// A command that a person allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The id of the command.
    pub id: String,
    /// When it was allowed.
    pub granted: Timestamp,
    /// What was allowed.
    pub command: Command,
}

/// All grants of a home, with the marks by which each store knows them.
///
/// A change is written aside first, then the seals are moved on, then the file takes its place. So a
/// reader may find two files, and the seal says which of them counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    format: u32,
    home: HomeId,
    generation: u64,
    grants: Vec<Grant>,
    /// The rotation commands, one for a secret at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rotations: Vec<Rotation>,
    /// For each store with a seal, the HMAC-SHA-256 of the above under its key, in hexadecimal.
    seals: BTreeMap<StoreKind, String>,
}

/// A command that is to be judged, and what only the system can answer about it.
pub struct Asked<'a> {
    /// What is asked for.
    pub command: &'a Command,
    /// Names the programs that the command looks up and the caller's `PATH` finds in another place than
    /// the one it is given.
    pub found_elsewhere: &'a dyn Fn(&Text) -> Vec<String>,
}

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked")
            .field("command", self.command)
            .finish_non_exhaustive()
    }
}

/// Whether a command was allowed.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It was, by this grant.
    Granted(&'a Grant),
    /// It was not; this one comes nearest, and differs so.
    Changed(&'a Grant, Vec<Difference>),
    /// Nothing like it was allowed.
    Unknown,
}

impl Grants {
    /// Returns the grants of a home in which nothing is allowed, of the generation its seals know.
    #[must_use]
    pub fn none(home: HomeId, generation: u64) -> Self {
        Self {
            format: FORMAT,
            home,
            generation,
            grants: Vec::new(),
            rotations: Vec::new(),
            seals: BTreeMap::new(),
        }
    }

    /// Reads the file that is called `file` in errors.
    ///
    /// # Errors
    /// See [`parse`]; [`CatalogError::Inconsistent`] for the file of another home.
    pub fn parse(file: &str, bytes: &[u8], home: &HomeId) -> Result<Self, CatalogError> {
        let grants: Self = parse(file, bytes, FORMAT)?;
        if grants.home != *home {
            return Err(CatalogError::Inconsistent {
                file: file.to_owned(),
                problem: "it belongs to another home",
            });
        }
        Ok(grants)
    }

    /// Writes the file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(self)
    }

    /// Returns all grants, in the order in which they were made.
    #[must_use]
    pub fn all(&self) -> &[Grant] {
        &self.grants
    }

    /// Returns all rotation commands.
    #[must_use]
    pub fn rotations(&self) -> &[Rotation] {
        &self.rotations
    }

    /// Returns the rotation command of the secret of that id.
    #[must_use]
    pub fn rotation(&self, id: &str) -> Option<&Rotation> {
        self.rotations.iter().find(|rotation| rotation.is_of(id))
    }

    /// Returns the number that grows with each change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the stores whose seal knows these grants.
    pub fn sealed_in(&self) -> impl Iterator<Item = StoreKind> {
        self.seals.keys().copied()
    }

    /// Decides whether `asked` was allowed.
    pub fn judge(&self, asked: &Asked<'_>) -> Verdict<'_> {
        let mut nearest: Option<(&Grant, Vec<Difference>)> = None;
        for grant in &self.grants {
            let found = differences(&grant.command, asked);
            if found.is_empty() {
                return Verdict::Granted(grant);
            }
            if is_alike(&grant.command, asked.command)
                && nearest.as_ref().is_none_or(|(_, n)| found.len() < n.len())
            {
                nearest = Some((grant, found));
            }
        }
        match nearest {
            Some((grant, found)) => Verdict::Changed(grant, found),
            None => Verdict::Unknown,
        }
    }

    /// Finds the content of the file at `path`, links resolved, if something that is allowed knows it with that stamp. A
    /// stamp that was taken right after a change is not believed, since another change may not show in it.
    #[must_use]
    pub fn content(&self, path: &Text, stamp: &FileStamp) -> Option<&Content> {
        let granted = self.grants.iter().map(|g| (&g.command, g.granted));
        let rotations = self.rotations.iter().map(|r| (&r.command, r.granted));
        granted.chain(rotations).find_map(|(command, since)| {
            let program = &command.program;
            let files = command.files.iter().map(|f| (&f.path, &f.content));
            std::iter::once((&program.real, &program.content))
                .chain(files)
                .find(|(known, content)| {
                    *known == path && content.stamp == *stamp && stamp.is_settled(since.as_second())
                })
                .map(|(_, content)| content)
        })
    }

    /// Changes what is allowed: a later generation, which no seal knows yet. It comes `step` behind this one, which is
    /// to be random: a change that was interrupted leaves a file, and the change that is made in its place is not to have
    /// its generation.
    #[must_use]
    pub fn changed(
        &self,
        step: NonZeroU32,
        change: impl FnOnce(&mut Vec<Grant>, &mut Vec<Rotation>),
    ) -> Self {
        let (mut grants, mut rotations) = (self.grants.clone(), self.rotations.clone());
        change(&mut grants, &mut rotations);
        Self {
            generation: self.generation.saturating_add(u64::from(step.get())),
            grants,
            rotations,
            seals: BTreeMap::new(),
            ..self.clone()
        }
    }

    /// Marks these grants with the key of a store's seal.
    pub fn mark(&mut self, store: StoreKind, seal: &Seal) {
        let mark = self.mac(seal).finalize().into_bytes();
        self.seals.insert(store, hex::encode(&mark));
    }

    /// Checks that these are the grants that the seals of some stores know. A change moves one seal on after the other;
    /// in between, the newest says what counts.
    ///
    /// # Errors
    /// [`SealError::Forged`] for a mark that is missing or wrong, [`SealError::Replayed`] for an older or a
    /// newer file than the last.
    pub fn check(&self, seals: &BTreeMap<StoreKind, Seal>) -> Result<(), SealError> {
        let newest = seals.values().map(Seal::generation).max();
        if newest.is_none() || !seals.iter().all(|(kind, seal)| self.is_marked(*kind, seal)) {
            Err(SealError::Forged)
        } else if newest == Some(self.generation) {
            Ok(())
        } else {
            Err(SealError::Replayed)
        }
    }

    /// Tells whether broker wrote these grants, be they the last ones or not.
    #[must_use]
    pub fn is_marked(&self, store: StoreKind, seal: &Seal) -> bool {
        let mut bytes = [0_u8; 32];
        let mark = self.seals.get(&store);
        mark.and_then(|mark| hex::decode(mark, &mut bytes))
            .is_some()
            && self.mac(seal).verify_slice(&bytes).is_ok()
    }

    /// Computes the mark of everything but the marks. What is covered is the meaning, not the spelling of
    /// the file: the order of fields here is fixed, white space there is none.
    fn mac(&self, seal: &Seal) -> Hmac<Sha256> {
        let mut mac = seal.mac();
        mac.update(b"broker grants 1\n");
        mac.update(self.home.as_str().as_bytes());
        mac.update(&self.generation.to_be_bytes());
        mac.update(&serde_json::to_vec(&self.grants).unwrap_or_default());
        // Nothing for none, which is what a file without them has always meant. JSON written so has no newline in it, so
        // no grants look like other grants with rotations behind them.
        if !self.rotations.is_empty() {
            mac.update(b"\nrotations\n");
            mac.update(&serde_json::to_vec(&self.rotations).unwrap_or_default());
        }
        mac
    }
}

/// Tells whether two commands are the same to a person: by their label or, where that does not tell, by what
/// is executed.
fn is_alike(granted: &Command, asked: &Command) -> bool {
    let same_program =
        granted.program.path == asked.program.path || granted.program.name == asked.program.name;
    match (&granted.server, &asked.server) {
        (Some(a), Some(b)) if a == b => true,
        (None, None) => same_program,
        _ => same_program && granted.arguments == asked.arguments,
    }
}

#[cfg(test)]
mod tests;
