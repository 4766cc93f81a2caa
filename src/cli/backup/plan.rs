//! What restoring a backup would change, worked out and in words.

use std::collections::{BTreeMap, BTreeSet};

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::permission::{Permissions, place_of, requests};
use super::super::progress::Progress;
use super::super::stores::OpenStores;
use crate::catalog::backup::{Backup, Fate, Here, Known, Step};
use crate::catalog::change::Stores as _;
use crate::catalog::{Catalog, Home, Record};
use crate::config::Config;
use crate::policy::{BackedUp, Command, Secret};
use crate::store::{ItemId, StoreError, StoreKind};

/// How many values are read at once.
const BATCH: usize = 100;

/// What restoring would change.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) steps: Vec<Step<'a>>,
    /// Where each secret that is added goes, by its id.
    pub(super) stores: BTreeMap<String, StoreKind>,
    /// The commands that are asked for again, if their secrets are here then.
    pub(super) asked: Vec<Command>,
    /// Those that are not, since a secret of theirs will not be here.
    pub(super) without: Vec<Command>,
    /// What else was allowed, and cannot be asked for.
    pub(super) allowed: BackedUp,
    /// The bytes of `broker.toml`, where there is none.
    pub(super) config: Option<&'a [u8]>,
}

impl<'a> Plan<'a> {
    /// Compares a backup with the home. Reads values, and changes nothing.
    ///
    /// # Errors
    /// A store's error.
    pub(super) fn of(
        backup: &'a Backup,
        forced: Option<StoreKind>,
        catalog: &Catalog,
        home: &Home,
        stores: &mut OpenStores,
        context: &Context,
    ) -> Result<Self, Failure> {
        let known = Known::of(catalog);
        let found: Vec<Option<&Record>> = backup.secrets.iter().map(|h| known.related(h)).collect();
        let here = values(found.iter().flatten().copied(), catalog, stores, context)?;
        let pairs = backup.secrets.iter().zip(&found);
        let judged = pairs.map(|(held, record)| {
            Step::judge(
                held,
                *record,
                record.and_then(|record| here.get(&record.id)),
            )
        });
        let steps: Vec<Step<'_>> = judged.collect();
        let mut targets = Targets {
            forced,
            home,
            stores,
            known: BTreeMap::new(),
        };
        let mut chosen = BTreeMap::new();
        for step in steps.iter().filter(|step| step.fate == Fate::Add) {
            let record = &step.held.record;
            chosen.insert(record.id.clone(), targets.choose(record.store)?);
        }
        let mut allowed = BackedUp::read(backup.grants.as_ref());
        // What is allowed here, or waits to be, is not asked for once more.
        let permissions = Permissions::load(home, &context.output);
        let pending = requests(home, context.now());
        let granted = permissions.all().into_iter().map(|grant| &grant.id);
        let pending = pending.all().iter().map(|request| &request.id);
        let settled: BTreeSet<&String> = granted.chain(pending).collect();
        let here = catalog.secrets().iter().map(|record| &record.id);
        let here: BTreeSet<&String> = here.chain(chosen.keys()).collect();
        let all = std::mem::take(&mut allowed.grants).into_iter();
        let (asked, without) = all
            .filter(|command| !settled.contains(&command.id()))
            .partition(|command| command.secrets().iter().all(|s| here.contains(&s.id)));
        let has_rotation = |command: &Command| {
            let mut secrets = command.secrets().into_iter();
            secrets.any(|secret| permissions.rotation(&secret.id).is_some())
        };
        allowed.rotations.retain(|command| !has_rotation(command));
        let config = home.paths.config_file();
        Ok(Self {
            steps,
            stores: chosen,
            asked,
            without,
            allowed,
            config: backup
                .config
                .as_deref()
                .filter(|_| config.symlink_metadata().is_err()),
        })
    }

    /// The secrets of one fate.
    pub(super) fn of_fate(&self, fate: &Fate) -> impl Iterator<Item = &Step<'a>> {
        self.steps.iter().filter(move |step| step.fate == *fate)
    }

    /// Tells whether there is nothing that would change.
    pub(super) fn is_empty(&self) -> bool {
        let is_idle = |step: &Step<'_>| matches!(step.fate, Fate::Same | Fate::Taken(_));
        self.steps.iter().all(is_idle) && self.asked.is_empty() && self.config.is_none()
    }

    /// Says what would be done, a line for each secret that is not the same; what needs a look comes last.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for step in &self.steps {
            let held = &step.held.record;
            let store = self.stores.get(&held.id);
            if let (Fate::Add, Some(store)) = (&step.fate, store) {
                let (name, version) = (&held.name, held.current);
                lines.push(format!(
                    "  add       {name}, version {version}, to the {store}"
                ));
            }
        }
        for step in self.of_fate(&Fate::PutBack) {
            lines.push(format!(
                "  put back  {}: the {} has lost its value",
                name(step),
                store(step)
            ));
        }
        for step in self.of_fate(&Fate::Replace) {
            lines.push(format!("  replace   {}: {}", name(step), versions(step)));
        }
        for step in self.of_fate(&Fate::Newer) {
            lines.push(format!(
                "  keep      {}: {}, and may be newer",
                name(step),
                versions(step)
            ));
        }
        for step in &self.steps {
            if let Fate::Taken(name) = &step.fate {
                let held = &step.held.record.name;
                lines.push(format!(
                    "  leave out {held}: another secret is called {name} here"
                ));
            }
        }
        let same = self.of_fate(&Fate::Same).count();
        if same > 0 {
            lines.push(format!(
                "  {same} secret(s) have the same value here already"
            ));
        }
        if self.config.is_some() {
            lines.push("  write broker.toml, of which there is none here".to_owned());
        }
        if !self.asked.is_empty() {
            let count = self.asked.len();
            lines.push(format!(
                "  ask again for {count} command(s) that were allowed; none is allowed by this"
            ));
        }
        lines
    }
}

/// What a secret of a step is called here.
pub(super) fn name<'s>(step: &'s Step<'_>) -> &'s crate::secret::SecretName {
    let here = step.here.as_ref();
    here.map_or(&step.held.record.name, |record| &record.name)
}

fn store(step: &Step<'_>) -> StoreKind {
    let here = step.here.as_ref();
    here.map_or(step.held.record.store, |record| record.store)
}

fn versions(step: &Step<'_>) -> String {
    let held = &step.held.record;
    let there = format!("version {} of {} in the backup", held.current, held.rotated);
    match &step.here {
        Some(here) if step.is_lost => format!("version {} is lost here; {there}", here.current),
        Some(here) => format!("version {} of {} here; {there}", here.current, here.rotated),
        None => there,
    }
}

/// Gives a command the secrets as this home has them. `false` if one is not here.
pub(super) fn rebind(command: &mut Command, catalog: &Catalog) -> bool {
    let known = |secret: &mut Secret| {
        let record = catalog.secrets().iter().find(|r| r.id == secret.id);
        if let Some(record) = record {
            secret.name = record.name.clone();
            secret.item = place_of(record);
        }
        record.is_some()
    };
    command.secrets_mut().all(known)
}

/// Refuses a `broker.toml` that broker would not understand: it would do nothing with it in its place.
pub(super) fn is_understood(config: &[u8]) -> bool {
    let text = std::str::from_utf8(config);
    text.is_ok_and(|text| Config::parse("broker.toml", text).is_ok())
}

/// Finds out into which store a secret that is added goes.
struct Targets<'t> {
    forced: Option<StoreKind>,
    home: &'t Home,
    stores: &'t mut OpenStores,
    known: BTreeMap<StoreKind, bool>,
}

impl Targets<'_> {
    /// The one that was asked for, else the one it was in if that can be used here, else the home's default.
    fn choose(&mut self, was: StoreKind) -> Result<StoreKind, Failure> {
        if let Some(forced) = self.forced {
            self.ensure(forced)?;
            return Ok(forced);
        }
        if let Some(usable) = self.known.get(&was) {
            return Ok(if *usable { was } else { self.home.record.store });
        }
        let usable = self.ensure(was);
        self.known.insert(was, usable.is_ok());
        match usable {
            Ok(()) => Ok(was),
            Err(error) if was == self.home.record.store => Err(error.into()),
            Err(_) => {
                let default = self.home.record.store;
                self.ensure(default)?;
                Ok(default)
            }
        }
    }

    /// A locked store may be unlocked by the person when it is used.
    fn ensure(&mut self, kind: StoreKind) -> Result<(), StoreError> {
        match self.stores.store(kind)?.check() {
            Ok(()) | Err(StoreError::Locked(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Reads the current values of `records`, by id.
fn values<'r>(
    records: impl Iterator<Item = &'r Record> + Clone,
    catalog: &Catalog,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<BTreeMap<String, Here>, Failure> {
    let mut here = BTreeMap::new();
    let mut progress = Progress::new("values compared", records.clone().count(), &context.output);
    for kind in [StoreKind::Keychain, StoreKind::Vault] {
        let of_kind: Vec<&Record> = records.clone().filter(|r| r.store == kind).collect();
        for batch in of_kind.chunks(BATCH) {
            let items = batch
                .iter()
                .map(|record| catalog.item(record, record.current));
            let read = read(&items.collect::<Vec<_>>(), kind, stores)?;
            let ids = batch.iter().map(|record| record.id.clone());
            here.extend(ids.zip(read));
            progress.add(batch.len());
        }
    }
    Ok(here)
}

/// Reads items of a store; where that fails because of one of them, one by one.
fn read(
    items: &[ItemId],
    kind: StoreKind,
    stores: &mut OpenStores,
) -> Result<Vec<Here>, StoreError> {
    let is_of_one = |error: &StoreError| {
        matches!(
            error,
            StoreError::NotFound { .. } | StoreError::Damaged { .. }
        )
    };
    match stores.store(kind)?.read(items) {
        Ok(read) => return Ok(read.into_iter().map(Here::Value).collect()),
        Err(error) if is_of_one(&error) => {}
        Err(error) => return Err(error),
    }
    let one = |item: &ItemId| match stores.store(kind)?.read(std::slice::from_ref(item)) {
        Ok(mut read) => Ok(read.pop().map_or(Here::Lost, Here::Value)),
        Err(error) if is_of_one(&error) => Ok(Here::Lost),
        Err(error) => Err(error),
    };
    items.iter().map(one).collect()
}
