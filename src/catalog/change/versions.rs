//! Giving a secret another value, going back to the one before, and ending what was kept (design D6).
//!
//! The new version is written ahead, put into the store and read back; one replacement of the catalog then moves the
//! pointer, keeps the old version for a while, and names what is to be removed. So at any failure the
//! pointer is on a value that can be read, and a later command removes what is left over.

use jiff::Timestamp;

use super::{Change, Leftover, Stores, ensure_reachable};
use crate::catalog::{CatalogError, Pending, Record, VersionRecord};
use crate::secret::{SecretName, SecretValue};
use crate::store::Version;

/// How long the old version is kept beside the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Until then.
    Until(Timestamp),
    /// Not at all.
    Nothing,
}

/// A value that was replaced.
#[derive(Debug)]
pub struct Rotated {
    /// The version that is given to servers from now on.
    pub version: Version,
    /// The version before it, and whether it is kept.
    pub before: Version,
    /// A version that was still kept from an earlier time, and is removed.
    pub dropped: Option<Version>,
    /// Those of the two before that were to be removed, and are in the store still.
    pub left: Vec<Version>,
    /// What is left to do.
    pub leftover: Leftover,
}

/// A value that was gone back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolledBack {
    /// The version that is given to servers from now on.
    pub version: Version,
    /// The version that was current, and is kept in its place.
    pub before: Version,
    /// How long that is kept. Without an end where the other was, as in a catalog that was made anew.
    pub until: Option<Timestamp>,
}

impl Change<'_> {
    /// Gives a secret another value. `prove` is shown the new version's number once it is in its store and was read
    /// back, before anything points to it; where it fails, the new version is removed again.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`], [`CatalogError::Unchanged`]; a store's error or that of `prove`, after which the
    /// old value is the current one.
    pub fn rotate<E: From<CatalogError>>(
        &mut self,
        stores: &mut dyn Stores,
        name: &SecretName,
        value: &SecretValue,
        keep: Keep,
        now: Timestamp,
        prove: impl FnOnce(&mut dyn Stores, Version) -> Result<(), E>,
    ) -> Result<Rotated, E> {
        let record = self.catalog.get(name)?.clone();
        self.ensure_changed(stores, &record, value)?;
        let version = record.next_version()?;
        let items = vec![Pending {
            store: record.store,
            name: record.filed_as().clone(),
            version,
        }];
        self.announce(&items)?;
        if let Err(error) = self.put(stores, &items, std::slice::from_ref(value)) {
            return Err(self.take_back(stores, items, error).into());
        }
        if let Err(error) = prove(stores, version) {
            // What cannot be removed now is remembered; the error of the proof is what matters.
            let _ = self.take_back(stores, items, CatalogError::Missing);
            return Err(error);
        }
        self.catalog.pending.retain(|p| !items.contains(p));
        let mut changed = record.clone();
        let before = record.current;
        let mut ended: Vec<Version> = record.live().filter(|v| *v != before).collect();
        let dropped = ended.last().copied();
        changed.versions.push(VersionRecord {
            version,
            created: now,
            kept_until: None,
            removed: None,
        });
        changed.current = version;
        changed.rotated = now;
        match keep {
            Keep::Until(until) => changed.set_kept(before, Some(until)),
            Keep::Nothing => ended.push(before),
        }
        let leftover = self.switch(stores, &record, changed, &ended, now)?;
        let is_left = |version: &Version| {
            let ours = |item: &Pending| {
                item.store == record.store
                    && item.name == *record.filed_as()
                    && item.version == *version
            };
            leftover.errors.iter().any(|(item, _)| ours(item))
        };
        ended.retain(is_left);
        Ok(Rotated {
            version,
            before,
            dropped,
            left: ended,
            leftover,
        })
    }

    /// Goes back to the version that is kept, even if its time is over; the one that was current is kept in its place, as
    /// long as the other would have been, or until `until` where that time is over at `now`.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`], [`CatalogError::NothingKept`]; a store's error, after which nothing has changed.
    pub fn roll_back(
        &mut self,
        stores: &mut dyn Stores,
        name: &SecretName,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<RolledBack, CatalogError> {
        let record = self.catalog.get(name)?.clone();
        let kept = record.previous().cloned();
        let kept = kept.ok_or_else(|| CatalogError::NothingKept(name.clone()))?;
        // What is gone back to must be there.
        let item = self.catalog.item(&record, kept.version);
        let _ = stores.store(record.store)?.read(&[item])?;
        let mut changed = record.clone();
        let until = match kept.kept_until {
            Some(_) if kept.is_over(now) => Some(until),
            still => still,
        };
        changed.set_kept(record.current, until);
        changed.set_kept(kept.version, None);
        changed.current = kept.version;
        changed.rotated = kept.created;
        self.replace(name, changed);
        self.catalog.save(&self.home.paths)?;
        Ok(RolledBack {
            version: kept.version,
            before: record.current,
            until,
        })
    }

    /// Ends every version whose time is over at `now`.
    ///
    /// # Errors
    /// [`CatalogError::File`].
    pub fn end_kept(
        &mut self,
        stores: &mut dyn Stores,
        now: Timestamp,
    ) -> Result<Leftover, CatalogError> {
        let is_over = |v: &VersionRecord| v.is_over(now);
        let over: Vec<Record> = self
            .catalog
            .secrets()
            .iter()
            .filter(|record| record.versions.iter().any(is_over))
            .cloned()
            .collect();
        if over.is_empty() {
            return Ok(Leftover::default());
        }
        for record in over {
            let ended: Vec<Version> = record
                .versions
                .iter()
                .filter(|v| is_over(v) && v.version != record.current)
                .map(|v| v.version)
                .collect();
            self.end(record.clone(), record, &ended, now);
        }
        self.catalog.save(&self.home.paths)?;
        Ok(self.sweep(stores))
    }

    /// Refuses the value that the secret has already.
    fn ensure_changed(
        &self,
        stores: &mut dyn Stores,
        record: &Record,
        value: &SecretValue,
    ) -> Result<(), CatalogError> {
        ensure_reachable(stores, record.store)?;
        let item = self.catalog.item(record, record.current);
        let current = stores.store(record.store)?.read(&[item])?;
        if current.iter().any(|current| current.same_as(value)) {
            return Err(CatalogError::Unchanged(record.name.clone()));
        }
        Ok(())
    }

    /// Puts `changed` in the place of `record` without the versions `ended`, in one step, and removes these.
    fn switch(
        &mut self,
        stores: &mut dyn Stores,
        record: &Record,
        changed: Record,
        ended: &[Version],
        now: Timestamp,
    ) -> Result<Leftover, CatalogError> {
        self.end(record.clone(), changed, ended, now);
        self.catalog.save(&self.home.paths)?;
        Ok(self.sweep(stores))
    }

    /// Notes in the catalog at hand that versions are gone, and that their items are to be removed.
    pub(super) fn end(
        &mut self,
        record: Record,
        mut changed: Record,
        ended: &[Version],
        now: Timestamp,
    ) {
        for version in &mut changed.versions {
            if ended.contains(&version.version) {
                version.removed = Some(now);
            }
        }
        let gone = ended.iter().map(|version| Pending {
            store: record.store,
            name: record.filed_as().clone(),
            version: *version,
        });
        self.catalog.pending.extend(gone);
        self.replace(&record.name, changed);
    }
}
