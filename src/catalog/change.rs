//! Changing secrets: the order of steps that keeps the catalog and a store in agreement.
//!
//! Every change is written ahead: before a store is touched, the catalog names the items about to be
//! written as pending. Then the value is written and read back, and one replacement of the catalog makes
//! the change. A crash at any point leaves the state before or after it, and what was left in a
//! store is known and removed by a later command.
//!
//! A failure to replace the catalog is told as a failure, but nothing is undone after it: the new
//! catalog may be on the disk already.

mod restored;
mod versions;

pub use versions::{Keep, RolledBack, Rotated};

use std::borrow::Borrow;

use super::{Catalog, CatalogError, Home, Pending, Record};
use crate::paths::Lock;
use crate::secret::{SecretName, SecretValue};
use crate::store::{Store, StoreError, StoreKind};

/// Opens stores on demand and keeps them open.
pub trait Stores {
    /// Returns the store of that kind.
    ///
    /// # Errors
    /// Whatever opening it gives.
    fn store(&mut self, kind: StoreKind) -> Result<&mut dyn Store, StoreError>;
}

/// The exclusive right to change a home, with its catalog at hand.
#[derive(Debug)]
pub struct Change<'a> {
    home: &'a Home,
    catalog: Catalog,
    _lock: Lock,
}

/// What is left to do after a change that was made.
#[must_use]
#[derive(Debug, Default)]
pub struct Leftover {
    /// Items that could not be removed from a store, and why; they are remembered and tried again.
    pub errors: Vec<(Pending, StoreError)>,
    /// Items that were left alone, because a store that does not tell case would lose a secret with them.
    pub kept: Vec<Pending>,
    /// What was achieved could not be written down: items that are gone count as pending still.
    pub unrecorded: Option<CatalogError>,
}

impl<'a> Change<'a> {
    /// Takes the home's lock and reads its catalog.
    ///
    /// # Errors
    /// See [`CatalogError`].
    pub fn begin(home: &'a Home) -> Result<Self, CatalogError> {
        let lock = home.lock()?;
        let catalog = home.catalog()?;
        Ok(Self {
            home,
            catalog,
            _lock: lock,
        })
    }

    /// Returns the catalog as it stands within this change.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Adds a secret with its first value.
    ///
    /// # Errors
    /// [`CatalogError::Exists`]; a store's error, after which there is no such secret.
    pub fn add(
        &mut self,
        stores: &mut dyn Stores,
        record: Record,
        value: &SecretValue,
    ) -> Result<(), CatalogError> {
        self.ensure_free(&record.name)?;
        ensure_reachable(stores, record.store)?;
        let items = record.pending_items();
        self.announce(&items)?;
        if let Err(error) = self.put(stores, &items, std::slice::from_ref(value)) {
            return Err(self.take_back(stores, items, error));
        }
        self.catalog.pending.retain(|p| !items.contains(p));
        self.catalog.insert(record);
        self.catalog.save(&self.home.paths)
    }

    /// Changes what the catalog says about a secret, but for its name, store and versions.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`], [`CatalogError::File`].
    pub fn edit(
        &mut self,
        name: &SecretName,
        edit: impl FnOnce(&mut Record),
    ) -> Result<(), CatalogError> {
        edit(self.catalog.find_mut(name)?);
        self.catalog.save(&self.home.paths)
    }

    /// Gives a secret another name. Its items move with it, so that a catalog rebuilt from the stores
    /// has the names people know.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`], [`CatalogError::Exists`]; a store's error, after which the old name holds.
    pub fn rename(
        &mut self,
        stores: &mut dyn Stores,
        old: &SecretName,
        new: &SecretName,
    ) -> Result<Leftover, CatalogError> {
        let record = self.catalog.get(old)?.clone();
        let mut renamed = Record {
            name: new.clone(),
            ..record.clone()
        };
        if old.folded() == new.folded() {
            // A store may not tell the two apart, so the items stay where they are.
            renamed.filed_as = Some(record.filed_as().clone()).filter(|filed| filed != new);
            self.replace(old, renamed);
            self.catalog.save(&self.home.paths)?;
            return Ok(Leftover::default());
        }
        self.ensure_free(new)?;
        renamed.filed_as = None;
        self.relocate(stores, &record, renamed)
    }

    /// Moves a secret to another store.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`], [`CatalogError::SameStore`]; a store's error, after which it is where it was.
    pub fn migrate(
        &mut self,
        stores: &mut dyn Stores,
        name: &SecretName,
        to: StoreKind,
    ) -> Result<Leftover, CatalogError> {
        let record = self.catalog.get(name)?.clone();
        if record.store == to {
            return Err(CatalogError::SameStore(name.clone(), to));
        }
        let moved = Record {
            store: to,
            filed_as: None,
            ..record.clone()
        };
        self.relocate(stores, &record, moved)
    }

    /// Removes secrets, all of them or none, and then their items.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] and [`CatalogError::File`]: nothing is removed then. What a store
    /// refused to remove is in the answer; no server is given it any more.
    pub fn remove(
        &mut self,
        stores: &mut dyn Stores,
        names: &[SecretName],
    ) -> Result<Leftover, CatalogError> {
        let mut items = Vec::new();
        for name in names {
            items.extend(self.catalog.get(name)?.pending_items());
        }
        self.catalog
            .secrets
            .retain(|record| !names.contains(&record.name));
        self.catalog.pending.extend(items);
        self.catalog.save(&self.home.paths)?;
        Ok(self.sweep(stores))
    }

    /// Removes pending items from the stores, those that can be reached. What it could not do is in the
    /// answer.
    pub fn sweep(&mut self, stores: &mut dyn Stores) -> Leftover {
        let mut leftover = Leftover::default();
        let pending = std::mem::take(&mut self.catalog.pending);
        if pending.is_empty() {
            return leftover;
        }
        for item in pending {
            match self.owner(&item) {
                Owner::Secret => {}
                Owner::SecretInOtherCase => match self.beside(stores, &item) {
                    Beside::Both => self.sweep_one(stores, item, &mut leftover),
                    Beside::NotThere => {}
                    Beside::Unclear => leftover.kept.push(item),
                },
                Owner::Nobody => self.sweep_one(stores, item, &mut leftover),
            }
        }
        let still = leftover
            .errors
            .iter()
            .map(|(item, _)| item)
            .chain(&leftover.kept)
            .cloned();
        self.catalog.pending = still.collect();
        leftover.unrecorded = self.catalog.save(&self.home.paths).err();
        leftover
    }

    fn sweep_one(&self, stores: &mut dyn Stores, item: Pending, leftover: &mut Leftover) {
        let id = self.item(&item);
        if let Err(error) = stores.store(item.store).and_then(|store| store.remove(&id)) {
            leftover.errors.push((item, error));
        }
    }

    /// Finds out whether a store holds an item beside the one whose name differs in case only. Where it holds both, it
    /// can tell them apart.
    fn beside(&self, stores: &mut dyn Stores, item: &Pending) -> Beside {
        let id = self.item(item);
        let held = stores
            .store(item.store)
            .and_then(|store| store.items(id.home()));
        let alike = |other: &&crate::store::ItemId| {
            other.version() == id.version() && other.name().eq_ignore_ascii_case(id.name())
        };
        match held {
            Ok(held) if !held.contains(&id) => Beside::NotThere,
            Ok(held) if held.iter().filter(alike).count() > 1 => Beside::Both,
            Ok(_) | Err(_) => Beside::Unclear,
        }
    }

    fn replace(&mut self, old: &SecretName, record: Record) {
        self.catalog.secrets.retain(|r| r.name != *old);
        self.catalog.insert(record);
    }

    /// Copies the values of `old` to where `new` has them, switches, removes the old copies.
    fn relocate(
        &mut self,
        stores: &mut dyn Stores,
        old: &Record,
        new: Record,
    ) -> Result<Leftover, CatalogError> {
        let from = old.pending_items();
        let to = new.pending_items();
        let ids: Vec<_> = from.iter().map(|item| self.item(item)).collect();
        ensure_reachable(stores, new.store)?;
        let values = stores.store(old.store)?.read(&ids)?;
        self.announce(&to)?;
        if let Err(error) = self.put(stores, &to, &values) {
            return Err(self.take_back(stores, to, error));
        }
        drop(values);
        self.catalog.pending.retain(|p| !to.contains(p));
        self.catalog.pending.extend(from);
        self.replace(&old.name, new);
        self.catalog.save(&self.home.paths)?;
        Ok(self.sweep(stores))
    }

    /// Names items as pending, durably, before they are written.
    fn announce(&mut self, items: &[Pending]) -> Result<(), CatalogError> {
        self.catalog.pending.retain(|p| !items.contains(p));
        self.catalog.pending.extend(items.iter().cloned());
        self.catalog.save(&self.home.paths)
    }

    /// Writes values and reads them back.
    fn put<V: Borrow<SecretValue>>(
        &self,
        stores: &mut dyn Stores,
        items: &[Pending],
        values: &[V],
    ) -> Result<(), CatalogError> {
        let Some(kind) = items.first().map(|item| item.store) else {
            return Ok(());
        };
        let store = stores.store(kind)?;
        let ids: Vec<_> = items.iter().map(|item| self.item(item)).collect();
        for (id, value) in ids.iter().zip(values) {
            store.write(id, value.borrow())?;
        }
        let kept = store.read(&ids)?;
        let mut pairs = kept.iter().zip(values);
        let same = kept.len() == values.len() && pairs.all(|(a, b)| a.same_as(b.borrow()));
        if same {
            Ok(())
        } else {
            Err(CatalogError::NotKept(kind))
        }
    }

    /// Removes items whose writing failed; what cannot be removed stays pending.
    fn take_back(
        &mut self,
        stores: &mut dyn Stores,
        items: Vec<Pending>,
        error: CatalogError,
    ) -> CatalogError {
        let mut kept = Vec::new();
        for item in &items {
            let id = self.item(item);
            if stores
                .store(item.store)
                .and_then(|store| store.remove(&id))
                .is_err()
            {
                kept.push(item.clone());
            }
        }
        self.catalog
            .pending
            .retain(|p| !items.contains(p) || kept.contains(p));
        // The catalog on the disk names them all as pending, which is safe if this fails too.
        let _ = self.catalog.save(&self.home.paths);
        error
    }

    fn ensure_free(&self, name: &SecretName) -> Result<(), CatalogError> {
        match self.catalog.find_in_any_case(name) {
            Some(found) => Err(CatalogError::Exists(found.name.clone())),
            None => Ok(()),
        }
    }

    /// Finds out whom an item that was left over belongs to by now.
    fn owner(&self, item: &Pending) -> Owner {
        let mut owner = Owner::Nobody;
        for live in self.catalog.secrets.iter().flat_map(Record::pending_items) {
            if live == *item {
                return Owner::Secret;
            }
            let alike = live.store == item.store && live.version == item.version;
            if alike && live.name.folded() == item.name.folded() {
                owner = Owner::SecretInOtherCase;
            }
        }
        owner
    }

    fn item(&self, item: &Pending) -> crate::store::ItemId {
        crate::store::ItemId::secret(&self.home.record.id, &item.name, item.version)
    }
}

/// Finds out that a store cannot be used before anything is written down. A locked one may still be
/// unlocked by the person when it is used.
fn ensure_reachable(stores: &mut dyn Stores, kind: StoreKind) -> Result<(), StoreError> {
    match stores.store(kind)?.check() {
        Ok(()) | Err(StoreError::Locked(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whom a pending item belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// To no secret: it can be removed.
    Nobody,
    /// To a secret: it is no leftover.
    Secret,
    /// To none, but removing it could take a secret's item in a store that does not tell case.
    SecretInOtherCase,
}

/// Whether a store holds an item whose name differs in case only from that of a secret's item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    /// It holds the two.
    Both,
    /// It holds none of that name, to the letter.
    NotThere,
    /// It holds that one alone, which may be the secret's, or it did not answer.
    Unclear,
}

#[cfg(test)]
pub(super) mod tests;
