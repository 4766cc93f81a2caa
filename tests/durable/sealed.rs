//! The seal of a home, the grants it confirms and the log: whether they are whole, and what they say.

use std::collections::BTreeMap;

use std::path::Path;

use broker::audit::{Action, Entry, Log, Outcome as Told, Position, Recorded, Verified};
use broker::catalog::Home;
use broker::paths::{self, HomePaths};
use broker::policy::{Anchor, Grants, Seal};
use broker::store::{HomeId, ItemId};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::One;
use crate::faults::Outcome;

/// Begins the log of a home that is being made, and seals that nothing is allowed.
pub(super) fn make(paths: &HomePaths, id: &HomeId, stores: &mut One, now: Timestamp) {
    let entry = Entry::new(Action::Init, Told::Done);
    let first = Log::of(paths, id).create(&entry, now).unwrap();
    let mut seal = Seal::new(Zeroizing::new([0x5e; 64]), 0, true);
    seal.set_anchor(Anchor {
        seq: first.seq,
        hash: first.hash.to_string(),
    });
    stores.0.write(&ItemId::seal(id), &seal.write()).unwrap();
    let mut grants = Grants::none(id.clone(), 0);
    grants.mark(stores.0.kind(), &seal);
    paths::write_file(&paths.grants_file(), &grants.to_json()).unwrap();
}

/// What a run left of all this, as it counts.
#[derive(Debug)]
pub(super) struct Sealed {
    /// Those that the seal confirms.
    pub(super) grants: Grants,
    /// Whether there is a file of grants aside.
    pub(super) is_interrupted: bool,
    entries: Vec<Recorded>,
}

impl Sealed {
    /// Looks. The seal is readable, it confirms one of the files, and the log is whole up to its anchor. After
    /// a run that nothing disturbed there is nothing to be mended either.
    pub(super) fn of(home: &Home, stores: &mut One, outcome: &Outcome) -> Result<Self, String> {
        let sealed = stores.0.read(&[ItemId::seal(&home.record.id)]);
        let sealed = sealed.map_err(|e| format!("the seal: {e}"))?;
        let seal = Seal::read(&sealed[0]).map_err(|e| format!("the seal: {e}"))?;
        let aside = home.paths.next_grants_file();
        let files = [home.paths.grants_file(), aside.clone()];
        let mut read = Vec::new();
        for file in files.iter().filter(|file| file.exists()) {
            read.push(parsed(file, &home.record.id)?);
        }
        let (kind, count) = (stores.0.kind(), read.len());
        let seals = BTreeMap::from([(kind, seal)]);
        let grants = read.into_iter().find(|grants| grants.check(&seals).is_ok());
        let grants = grants.ok_or_else(|| format!("the seal confirms none of {count} files"))?;
        let is_interrupted = aside.exists();
        if is_interrupted && outcome.injected.is_none() {
            return Err("undisturbed, it left a file of grants aside".to_owned());
        }
        Ok(Self {
            grants,
            is_interrupted,
            entries: entries(home, &seals[&kind], outcome)?,
        })
    }

    /// Leaves out what the log told before this entry.
    pub(super) fn since(mut self, seq: u64) -> Self {
        self.entries.retain(|entry| entry.seq >= seq);
        self
    }

    /// Returns how many entries there are.
    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Demands that the log tells of what was changed, that it was done if that was said, and of nothing that was
    /// not done.
    pub(super) fn tells(
        &self,
        action: Action,
        is_new: bool,
        outcome: &Outcome,
    ) -> Result<(), String> {
        let tells = |entry: &Recorded, told: Told| {
            entry.action == action.word() && entry.outcome == told.word()
        };
        if is_new && !self.entries.iter().any(|entry| tells(entry, Told::Intent)) {
            return Err("the log tells nothing of a change that was made".to_owned());
        }
        let last = self.entries.last();
        if outcome.succeeded() && !last.is_some_and(|last| tells(last, Told::Done)) {
            return Err("it said that it succeeded, and the log does not".to_owned());
        }
        if !is_new && self.entries.iter().any(|entry| tells(entry, Told::Done)) {
            return Err("the log tells of a change that was not made".to_owned());
        }
        Ok(())
    }

    /// Counts the entries of an action that was about to be done with a secret.
    pub(super) fn intents(&self, action: Action, secret: &str) -> usize {
        let entries = self.entries.iter();
        entries
            .filter(|entry| entry.action == action.word() && entry.outcome == Told::Intent.word())
            .filter(|entry| entry.secrets == [secret])
            .count()
    }
}

fn parsed(file: &Path, id: &HomeId) -> Result<Grants, String> {
    let told = |e: &dyn std::fmt::Display| format!("\"{}\": {e}", file.display());
    let bytes = std::fs::read(file).map_err(|e| told(&e))?;
    Grants::parse("grants", &bytes, id).map_err(|e| told(&e))
}

/// Verifies the log as `broker log verify` does, and returns its entries.
fn entries(home: &Home, seal: &Seal, outcome: &Outcome) -> Result<Vec<Recorded>, String> {
    let log = Log::of(&home.paths, &home.record.id);
    let anchor = seal.anchor().ok_or("the anchor is gone")?;
    let anchor = Position {
        seq: anchor.seq,
        hash: anchor.hash.parse().map_err(|e| format!("{e}"))?,
    };
    match log.verify(&[("the seal".to_owned(), anchor)], Timestamp::UNIX_EPOCH) {
        Ok(Verified::Intact { torn, .. }) if torn.is_none() || outcome.injected.is_some() => {}
        found => return Err(format!("the log: {found:?}")),
    }
    let entries = log.oldest().and_then(Iterator::collect::<Result<_, _>>);
    entries.map_err(|e| format!("the log: {e}"))
}
