//! The seals of a home: reading them from the stores, and changing what they confirm.
//!
//! A change of what is allowed is written aside first, then each seal is moved on, then the file takes its place. A crash
//! in between leaves two files, of which the seals know one. Whoever changes anything here holds
//! the lock of the home.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use zeroize::Zeroizing;

use super::super::clients;
use super::super::failure::Failure;
use super::super::output::Output;
use super::anchors::anchor_of;
use super::{Permissions, place_of};
use crate::audit::Position;
use crate::catalog::change::Stores;
use crate::catalog::{Catalog, Home, Record};
use crate::clients::table::Surroundings;
use crate::paths::{self, Lock};
use crate::policy::{Frozen, Grant, Grants, Rotation, Seal, SealError};
use crate::store::{HomeId, ItemId, Store, StoreError, StoreKind};
use crate::sys;

/// The seals of a home, by store.
pub(in crate::cli) type Seals = BTreeMap<StoreKind, Seal>;

/// Reads the seal of one store; `None` if it has none.
///
/// # Errors
/// A store's error; `seal-damaged`.
pub(in crate::cli) fn read(
    home: &Home,
    stores: &mut dyn Stores,
    kind: StoreKind,
) -> Result<Option<Seal>, Failure> {
    match stores.store(kind)?.read(&[ItemId::seal(&home.record.id)]) {
        Ok(values) => values
            .first()
            .map(Seal::read)
            .transpose()
            .map_err(Failure::from),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Asks the seals whether the home is unattended. Every store with secrets has to say so: one alone could be of the
/// making of somebody who writes the home's files.
///
/// # Errors
/// A store's error; `seal-damaged`; the catalog's.
pub(in crate::cli) fn is_unattended(home: &Home, stores: &mut dyn Stores) -> Result<bool, Failure> {
    let kinds = stores_in_use(home, &home.catalog()?);
    let seals = read_all(home, stores, &kinds)?;
    Ok(seals.len() == kinds.len() && seals.values().all(Seal::is_unattended))
}

/// Makes the seal of a home that is being made, with the `first` entry of its log, and its file of grants, in which
/// nothing is allowed. What the files of clients say `around` the user is its baseline.
///
/// # Errors
/// A store's error; `file-io`.
pub(in crate::cli) fn create(
    paths: &paths::HomePaths,
    id: &HomeId,
    store: &mut dyn Store,
    unattended: bool,
    first: Position,
    around: Option<&Surroundings>,
) -> Result<(), Failure> {
    let mut grants = Grants::none(id.clone(), 0);
    let mut seal = Seal::new(random_key()?, grants.generation(), unattended);
    seal.set_anchor(anchor_of(first));
    if let Some(around) = around {
        seal.set_baseline(u64::from(step()?.get()));
        let baseline = clients::first(id, store.kind(), &seal, around);
        paths::write_file(&paths.baseline_file(), &baseline.to_json())?;
    }
    store.write(&ItemId::seal(id), &seal.write())?;
    grants.mark(store.kind(), &seal);
    paths::write_file(&paths.grants_file(), &grants.to_json())?;
    Ok(())
}

/// Makes a seal in a store that has none yet, before the first secret goes there.
///
/// # Errors
/// A store's error, also of a store that has a seal already: what is allowed has to be confirmed by it.
pub(in crate::cli) fn ensure(
    home: &Home,
    stores: &mut dyn Stores,
    kind: StoreKind,
    output: &Output,
) -> Result<(), Failure> {
    let permissions = Permissions::load(home, output);
    if permissions.sealed_in().contains(&kind) {
        return Ok(());
    }
    let lock = home.lock()?;
    let catalog = home.catalog()?;
    let mut kinds = kinds(home, &catalog, &permissions);
    kinds.insert(kind);
    let _ = rewrite(home, stores, &kinds, &lock, output, |_, _| ())?;
    Ok(())
}

/// The stores that have, or are to have, a seal of the home.
fn kinds(home: &Home, catalog: &Catalog, permissions: &Permissions) -> BTreeSet<StoreKind> {
    let mut kinds = stores_in_use(home, catalog);
    kinds.extend(permissions.sealed_in());
    kinds
}

/// The default store, and those with secrets.
fn stores_in_use(home: &Home, catalog: &Catalog) -> BTreeSet<StoreKind> {
    let used = catalog.secrets().iter().map(|record| record.store);
    used.chain([home.record.store]).collect()
}

/// The stores that may have a seal of the home, as far as its files say. Where these were lost: its default store, and
/// the other one if it can be used.
pub(super) fn known_kinds(
    home: &Home,
    stores: &mut dyn Stores,
    output: &Output,
) -> BTreeSet<StoreKind> {
    let permissions = Permissions::load(home, output);
    match home.catalog() {
        Ok(catalog) if !permissions.is_empty() => kinds(home, &catalog, &permissions),
        _ => {
            let usable =
                |kind: &StoreKind| stores.store(*kind).and_then(|store| store.check()).is_ok();
            let all = [StoreKind::Keychain, StoreKind::Vault];
            let mut kinds: BTreeSet<StoreKind> = all.into_iter().filter(usable).collect();
            kinds.insert(home.record.store);
            kinds
        }
    }
}

/// Changes what is allowed, and returns it as it is then.
///
/// # Errors
/// A store's error; `seal-damaged`; `file-io`.
pub(in crate::cli) fn change(
    home: &Home,
    stores: &mut dyn Stores,
    output: &Output,
    change: impl FnOnce(&mut Vec<Grant>, &mut Vec<Rotation>),
) -> Result<Grants, Failure> {
    let lock = home.lock()?;
    let kinds = kinds(home, &home.catalog()?, &Permissions::load(home, output));
    rewrite(home, stores, &kinds, &lock, output, change)
}

fn rewrite(
    home: &Home,
    stores: &mut dyn Stores,
    kinds: &BTreeSet<StoreKind>,
    _lock: &Lock,
    output: &Output,
    change: impl FnOnce(&mut Vec<Grant>, &mut Vec<Rotation>),
) -> Result<Grants, Failure> {
    // Under the lock: another command may have changed it since it was last read.
    let permissions = Permissions::load_to_change(home, output)?;
    let mut seals = read_all(home, stores, kinds)?;
    let newest = seals.values().map(Seal::generation).max().unwrap_or(0);
    let known = permissions.known_to(&seals, newest);
    if known.is_none() && !permissions.is_empty() {
        output.warning("the file of grants is not the one broker wrote last: nothing in it counts");
    }
    let before = known.unwrap_or_else(|| Grants::none(home.record.id.clone(), newest));
    let frozen = seals.values().find_map(|seal| seal.frozen().cloned());
    let frozen = frozen.or_else(|| super::frozen_mark(home));
    let unattended = !seals.is_empty() && seals.values().all(Seal::is_unattended);
    for kind in kinds {
        if !seals.contains_key(kind) {
            let mut seal = Seal::new(random_key()?, newest, unattended);
            seal.set_frozen(frozen.clone());
            seals.insert(*kind, seal);
        }
    }
    let mut after = before.changed(step()?, change);
    for (kind, seal) in &mut seals {
        seal.set_generation(after.generation());
        after.mark(*kind, seal);
    }
    let (next, file) = (home.paths.next_grants_file(), home.paths.grants_file());
    paths::write_file(&next, &after.to_json())?;
    for (kind, seal) in &seals {
        write(home, stores, *kind, seal)?;
    }
    paths::write_file(&file, &after.to_json())?;
    paths::remove_file(&next)?;
    Ok(after)
}

/// Returns the seals, and what is allowed as they confirm it. The caller holds the lock.
///
/// # Errors
/// A store's error; `seal-damaged`; `file-io` for a file of grants that the system does not let be read.
pub(in crate::cli) fn confirmed(
    home: &Home,
    stores: &mut dyn Stores,
    output: &Output,
    _lock: &Lock,
) -> Result<(Seals, Option<Grants>), Failure> {
    let permissions = Permissions::load_to_change(home, output)?;
    let seals = read_all(home, stores, &kinds(home, &home.catalog()?, &permissions))?;
    let newest = seals.values().map(Seal::generation).max().unwrap_or(0);
    let known = permissions.known_to(&seals, newest);
    if known.is_none() && !permissions.is_empty() {
        output.warning("the file of grants is not the one broker wrote last: nothing in it counts");
    }
    Ok((seals, known))
}

/// Changes every seal of the home, but for the generation.
///
/// # Errors
/// A store's error, after the other stores were tried too; `seal-missing` where no store has one.
pub(in crate::cli) fn update(
    home: &Home,
    stores: &mut dyn Stores,
    output: &Output,
    update: impl FnMut(&mut Seal),
) -> Result<(), Failure> {
    update_if(home, stores, output, || Ok(()), update)
}

/// Changes every seal of the home, but for the generation, if `check` agrees while nobody else changes the home.
///
/// # Errors
/// What `check` gives; as [`update`].
pub(in crate::cli) fn update_if(
    home: &Home,
    stores: &mut dyn Stores,
    output: &Output,
    check: impl FnOnce() -> Result<(), Failure>,
    update: impl FnMut(&mut Seal),
) -> Result<(), Failure> {
    let lock = home.lock()?;
    check()?;
    update_held(home, stores, output, &lock, update)
}

/// As [`update`], by who has the lock.
///
/// # Errors
/// As [`update`].
pub(in crate::cli) fn update_held(
    home: &Home,
    stores: &mut dyn Stores,
    output: &Output,
    _lock: &Lock,
    mut update: impl FnMut(&mut Seal),
) -> Result<(), Failure> {
    let mut failed = None;
    let mut done = 0_usize;
    for kind in known_kinds(home, stores, output) {
        let updated = read(home, stores, kind).and_then(|seal| match seal {
            Some(mut seal) => {
                update(&mut seal);
                write(home, stores, kind, &seal).map(|()| true)
            }
            None => Ok(false),
        });
        match updated {
            Ok(true) => done = done.saturating_add(1),
            Ok(false) => {}
            Err(failure) => failed = Some(failure),
        }
    }
    match failed {
        Some(failure) => Err(failure),
        None if done == 0 => Err(missing()),
        None => Ok(()),
    }
}

/// Lets the grants and the rotation command follow a secret whose value moved from one place to another: from the record
/// `old` to `new`. Where the secret is in neither, no store is asked.
///
/// # Errors
/// As [`change`]; the commands that are given the secret then have to be allowed again.
pub(in crate::cli) fn follow(
    home: &Home,
    stores: &mut dyn Stores,
    output: &Output,
    old: &Record,
    new: &Record,
) -> Result<(), Failure> {
    let (from, to) = (place_of(old), place_of(new));
    let permissions = Permissions::load(home, output);
    let holds = |grant: &Grant| grant.command.secrets().iter().any(|s| s.id == old.id);
    let is_held = permissions.all().into_iter().any(holds);
    if !is_held && permissions.rotation(&old.id).is_none() {
        return Ok(());
    }
    let followed = change(home, stores, output, |grants, rotations| {
        let granted = grants.iter_mut().map(|grant| &mut grant.command);
        let rotating = rotations.iter_mut().map(|rotation| &mut rotation.command);
        for command in granted.chain(rotating) {
            command.follow(&old.id, &new.name, &from, &to);
        }
    });
    followed.map(|_| ()).map_err(|failure| {
        let message = format!(
            "it was moved, but what was allowed with it has to be allowed again: {}",
            failure.message
        );
        Failure { message, ..failure }
    })
}

/// Freezes or thaws every seal.
///
/// # Errors
/// As [`update`].
pub(in crate::cli) fn set_frozen(
    home: &Home,
    stores: &mut dyn Stores,
    output: &Output,
    frozen: Option<&Frozen>,
) -> Result<(), Failure> {
    update(home, stores, output, |seal| {
        seal.set_frozen(frozen.cloned())
    })
}

/// Refuses while the seal of a store says that the home is frozen, or where there is none to ask.
///
/// # Errors
/// `frozen`, `seal-missing`; a store's error.
pub(in crate::cli) fn ensure_thawed(
    home: &Home,
    stores: &mut dyn Stores,
    kind: StoreKind,
) -> Result<(), Failure> {
    let seals = read_all(home, stores, &BTreeSet::from([kind]))?;
    if seals.is_empty() {
        return Err(missing());
    }
    super::ensure_thawed_by_seals(home, &seals)
}

/// How the files of grants and the seals stand to each other.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum State {
    /// Every seal knows the file in its place.
    Known,
    /// A change did not come to its end; the seals know what is to be.
    Interrupted,
    /// A store has no seal.
    Missing,
    /// The seals know another file.
    Unknown,
}

/// Compares the files of grants with the seals.
///
/// # Errors
/// A store's error; `seal-damaged`.
pub(in crate::cli) fn state(
    home: &Home,
    stores: &mut dyn Stores,
    output: &Output,
) -> Result<State, Failure> {
    let permissions = Permissions::load(home, output);
    let kinds = known_kinds(home, stores, output);
    let seals = read_all(home, stores, &kinds)?;
    let newest = seals.values().map(Seal::generation).max().unwrap_or(0);
    let Some(known) = permissions.known_to(&seals, newest) else {
        // A home that lost its file, or never had one, allows nothing; that is no damage.
        return Ok(if seals.len() < kinds.len() {
            State::Missing
        } else {
            State::Unknown
        });
    };
    let behind = seals.values().any(|seal| seal.generation() != newest);
    Ok(if seals.len() < kinds.len() {
        State::Missing
    } else if behind || permissions.files().len() > 1 || permissions.files().first() != Some(&known)
    {
        State::Interrupted
    } else {
        State::Known
    })
}

/// Reads the seals there are in the stores `kinds`.
///
/// # Errors
/// A store's error; `seal-damaged`.
pub(in crate::cli) fn read_all(
    home: &Home,
    stores: &mut dyn Stores,
    kinds: &BTreeSet<StoreKind>,
) -> Result<Seals, Failure> {
    let mut seals = Seals::new();
    for kind in kinds {
        if let Some(seal) = read(home, stores, *kind)? {
            seals.insert(*kind, seal);
        }
    }
    Ok(seals)
}

pub(super) fn write(
    home: &Home,
    stores: &mut dyn Stores,
    kind: StoreKind,
    seal: &Seal,
) -> Result<(), Failure> {
    let item = ItemId::seal(&home.record.id);
    Ok(stores.store(kind)?.write(&item, &seal.write())?)
}

/// The failure of a store that has lost the seal.
pub(in crate::cli) fn missing() -> Failure {
    Failure::new(
        "seal-missing",
        "the store has lost the seal of this home's permissions",
    )
    .hint("allow again what is to be started: broker allow")
}

fn random_key() -> Result<Zeroizing<[u8; 64]>, Failure> {
    let mut key = Zeroizing::new([0_u8; 64]);
    random(key.as_mut_slice())?;
    Ok(key)
}

/// How far a change moves the generation on. Small enough for many millions of changes.
pub(in crate::cli) fn step() -> Result<NonZeroU32, Failure> {
    let mut bytes = [0_u8; 4];
    random(&mut bytes)?;
    let way = u32::from_be_bytes(bytes) >> 4;
    Ok(NonZeroU32::MIN.saturating_add(way))
}

fn random(bytes: &mut [u8]) -> Result<(), Failure> {
    sys::random(bytes).map_err(|e| {
        let message = format!("the system gave no random bytes: {e}");
        Failure::new("input-failed", message)
    })
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        let code = match error {
            SealError::Damaged => "seal-damaged",
            SealError::Newer => "format-newer",
            SealError::Forged | SealError::Replayed => "grants-invalid",
        };
        let failure = Self::new(code, error.to_string());
        match error {
            SealError::Damaged => failure,
            SealError::Newer => failure.hint("use the newer broker"),
            SealError::Forged | SealError::Replayed => failure
                .hint("nothing in it counts; allow again what is to be started: broker allow"),
        }
    }
}
