//! Taking secrets of a backup in: many at a time, so that the catalog is not written once for each.
//!
//! As everywhere here, the items are written ahead, put into the store and read back, and one replacement of the catalog
//! takes all of a batch in. At any failure the secrets of the batch are as they were before it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Change, Leftover, Stores, ensure_reachable};
use crate::catalog::backup::Restored;
use crate::catalog::{CatalogError, Pending, Record};
use crate::secret::SecretValue;
use crate::store::{StoreKind, Version};

impl Change<'_> {
    /// Takes in a batch of secrets: all of them or none.
    ///
    /// # Errors
    /// [`CatalogError::Exists`], [`CatalogError::NotFound`] for a secret that changed since it was looked at; a store's
    /// error.
    pub fn restore(
        &mut self,
        stores: &mut dyn Stores,
        batch: &[Restored<'_>],
        now: Timestamp,
    ) -> Result<Leftover, CatalogError> {
        let mut by_store: BTreeMap<StoreKind, (Vec<Pending>, Vec<&SecretValue>)> = BTreeMap::new();
        let mut ids: BTreeSet<&str> = self.catalog.secrets.iter().map(|r| r.id.as_str()).collect();
        for restored in batch {
            let record = &restored.record;
            match &restored.before {
                None => self.ensure_free(&record.name)?,
                Some(before) if self.catalog.find(&before.name) == Some(before) => {}
                Some(before) => return Err(CatalogError::NotFound(before.name.clone())),
            }
            if restored.before.is_none() && !ids.insert(&record.id) {
                return Err(CatalogError::Exists(record.name.clone()));
            }
            let (items, values) = by_store.entry(record.store).or_default();
            for (version, value) in &restored.values {
                items.push(Pending {
                    store: record.store,
                    name: record.filed_as().clone(),
                    version: *version,
                });
                values.push(value);
            }
        }
        for kind in by_store.keys() {
            ensure_reachable(stores, *kind)?;
        }
        let all = by_store
            .values()
            .flat_map(|(items, _)| items.iter().cloned());
        let all: Vec<Pending> = all.collect();
        self.announce(&all)?;
        for (items, values) in by_store.values() {
            if let Err(error) = self.put(stores, items, values) {
                return Err(self.take_back(stores, all, error));
            }
        }
        self.catalog.pending.retain(|p| !all.contains(p));
        for restored in batch {
            let record = restored.record.clone();
            match &restored.before {
                None => self.catalog.insert(record),
                Some(before) => self.end(before.clone(), record, &restored.ended, now),
            }
        }
        self.catalog.save(&self.home.paths)?;
        if batch.iter().all(|restored| restored.ended.is_empty()) {
            return Ok(Leftover::default());
        }
        Ok(self.sweep(stores))
    }

    /// Puts a value back that a store has lost. The catalog names it already, so nothing is written ahead.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] for a secret that changed since it was looked at; a store's error.
    pub fn put_back(
        &mut self,
        stores: &mut dyn Stores,
        record: &Record,
        version: Version,
        value: &SecretValue,
    ) -> Result<(), CatalogError> {
        if self.catalog.find(&record.name) != Some(record) {
            return Err(CatalogError::NotFound(record.name.clone()));
        }
        let item = Pending {
            store: record.store,
            name: record.filed_as().clone(),
            version,
        };
        ensure_reachable(stores, record.store)?;
        self.put(stores, &[item], &[value])
    }
}
