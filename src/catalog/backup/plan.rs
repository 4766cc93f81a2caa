//! What a backup means for a home: secret by secret, what would become of it. Decides, and changes nothing.
//!
//! Which of two values is the newer one is told by the histories, not by the clock: what is here is older only where
//! the backup knows every version of it and a later one besides. Whatever else differs may be newer here, and is left
//! alone unless the person says otherwise.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Held;
use crate::catalog::{Catalog, CatalogError, Record, VersionRecord};
use crate::secret::{SecretName, SecretValue};
use crate::store::{StoreKind, Version};

/// The current value of a secret of this home.
#[derive(Debug)]
pub enum Here {
    /// It was read.
    Value(SecretValue),
    /// Its store does not have it, or has something that is no value.
    Lost,
}

/// What would become of a secret.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is not here and is added.
    Add,
    /// It is here with the same value: there is nothing to do.
    Same,
    /// It is here and its store has lost the value, which the backup has: it is put back.
    PutBack,
    /// It is here with an older value, which is replaced.
    Replace,
    /// It is here with another value, which may be newer: it is replaced only if the person says so.
    Newer,
    /// Another secret, of this name, has its name here.
    Taken(SecretName),
}

/// The secrets of this home, to be found by what a backup knows of them.
#[derive(Debug)]
pub struct Known<'a> {
    catalog: &'a Catalog,
    by_id: BTreeMap<&'a str, &'a Record>,
}

/// A secret of a backup, what is here of it, and what would become of it.
#[derive(Debug)]
pub struct Step<'a> {
    /// What the backup has.
    pub held: &'a Held,
    /// What the catalog has.
    pub here: Option<Record>,
    /// Whether the value here is lost.
    pub is_lost: bool,
    /// What would become of it.
    pub fate: Fate,
}

/// What is to be written for a secret.
#[derive(Debug)]
pub struct Restored<'a> {
    /// What the catalog has of it afterwards.
    pub record: Record,
    /// What it has of it now.
    pub before: Option<Record>,
    /// The versions that are removed.
    pub ended: Vec<Version>,
    /// The values that are put into the store.
    pub values: Vec<(Version, &'a SecretValue)>,
}

impl<'a> Known<'a> {
    /// Returns those of a catalog.
    #[must_use]
    pub fn of(catalog: &'a Catalog) -> Self {
        let by_id = catalog.secrets().iter();
        Self {
            catalog,
            by_id: by_id.map(|record| (record.id.as_str(), record)).collect(),
        }
    }

    /// Finds the secret that has the id of one in a backup, or else its name in any case.
    #[must_use]
    pub fn related(&self, held: &Held) -> Option<&'a Record> {
        let by_id = self.by_id.get(held.record.id.as_str()).copied();
        by_id.or_else(|| self.catalog.find_in_any_case(&held.record.name))
    }
}

impl<'a> Step<'a> {
    /// Decides what would become of `held` where `found` is what [`Known::related`] found, and `here` its current value.
    pub fn judge(held: &'a Held, found: Option<&Record>, here: Option<&Here>) -> Self {
        let found = found.cloned();
        let is_same = match (here, held.current()) {
            (Some(Here::Value(here)), Some(value)) => here.same_as(value),
            _ => false,
        };
        let is_lost = matches!(here, Some(Here::Lost));
        let fate = match &found {
            None => Fate::Add,
            Some(_) if is_same => Fate::Same,
            Some(record) if record.id != held.record.id => Fate::Taken(record.name.clone()),
            Some(record) if is_lost && held.has(version_of(record, record.current)) => {
                Fate::PutBack
            }
            Some(record) if is_later(&held.record, record) => Fate::Replace,
            Some(_) => Fate::Newer,
        };
        Self {
            held,
            here: found,
            is_lost,
            fate,
        }
    }

    /// Returns what is to be written where the secret is not here: into `store`, under the name it has in the backup.
    #[must_use]
    pub fn added(&self, store: StoreKind) -> Restored<'a> {
        let record = Record {
            store,
            filed_as: None,
            ..self.held.record.clone()
        };
        let values = self.held.values.iter();
        Restored {
            record,
            before: None,
            ended: Vec::new(),
            values: values.map(|(version, value)| (*version, value)).collect(),
        }
    }

    /// Returns the value that is put back, and the version it has here.
    #[must_use]
    pub fn put_back(&self) -> Option<(&Record, Version, &'a SecretValue)> {
        let here = self.here.as_ref()?;
        let value = self.held.value(here.current)?;
        Some((here, here.current, value))
    }

    /// Returns what is to be written where the secret is here with another value: the value of the backup as a version
    /// that no other value ever had. The one that is current now is kept until `keep`, unless it is lost.
    ///
    /// # Errors
    /// [`CatalogError::Exhausted`].
    pub fn replaced(&self, keep: Timestamp, now: Timestamp) -> Result<Restored<'a>, CatalogError> {
        let held = &self.held.record;
        let missing = || CatalogError::NotFound(held.name.clone());
        let here = self.here.as_ref().ok_or_else(missing)?;
        let value = self.held.current().ok_or_else(missing)?;
        let (version, mut versions) = if is_later(held, here) {
            let known = |v: &VersionRecord| version_of(here, v.version).cloned();
            let gone = |v: &VersionRecord| VersionRecord {
                kept_until: None,
                removed: v.removed.or(Some(now)),
                ..v.clone()
            };
            let all = held.versions.iter().filter(|v| v.version != held.current);
            let versions = all.map(|v| known(v).unwrap_or_else(|| gone(v)));
            (held.current, versions.collect())
        } else {
            let next = highest(held).max(highest(here)).0.checked_add(1);
            let next = next.ok_or_else(|| CatalogError::Exhausted(here.name.clone()))?;
            (Version(next), here.versions.clone())
        };
        versions.push(VersionRecord {
            version,
            created: version_of(held, held.current).map_or(held.rotated, |v| v.created),
            kept_until: None,
            removed: None,
        });
        versions.sort_by_key(|v| v.version);
        let mut record = Record {
            id: here.id.clone(),
            name: here.name.clone(),
            filed_as: here.filed_as.clone(),
            store: here.store,
            current: version,
            versions,
            ..held.clone()
        };
        let mut ended: Vec<Version> = here.live().filter(|v| *v != here.current).collect();
        if self.is_lost {
            ended.push(here.current);
        } else {
            record.set_kept(here.current, Some(keep));
        }
        Ok(Restored {
            record,
            before: Some(here.clone()),
            ended,
            values: vec![(version, value)],
        })
    }
}

impl Held {
    /// Returns the current value.
    fn current(&self) -> Option<&SecretValue> {
        self.value(self.record.current)
    }

    fn value(&self, version: Version) -> Option<&SecretValue> {
        let mut values = self.values.iter();
        values.find(|(v, _)| *v == version).map(|(_, value)| value)
    }

    /// Tells whether it has the value of exactly that version.
    fn has(&self, version: Option<&VersionRecord>) -> bool {
        version.is_some_and(|version| {
            let known = version_of(&self.record, version.version);
            known.is_some_and(|known| known.created == version.created)
                && self.value(version.version).is_some()
        })
    }
}

/// Tells whether `held` went on from `here`: it knows every version there, and its current one came after them all.
fn is_later(held: &Record, here: &Record) -> bool {
    let known = |v: &VersionRecord| {
        version_of(held, v.version).is_some_and(|known| known.created == v.created)
    };
    here.versions.iter().all(known) && held.current > highest(here)
}

fn version_of(record: &Record, version: Version) -> Option<&VersionRecord> {
    record.versions.iter().find(|v| v.version == version)
}

fn highest(record: &Record) -> Version {
    let all = record.versions.iter().map(|v| v.version);
    all.max().unwrap_or(record.current)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
