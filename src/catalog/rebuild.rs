//! A lost catalog, made again from what the stores hold.
//!
//! The items carry home, name and version. Everything else is gone: dates begin anew, schedules and
//! notes are empty, and the highest version of a name counts as the current one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Catalog, CatalogError, Home, Record, VersionRecord};
use crate::secret::SecretName;
use crate::store::{ItemId, StoreKind, Version};

/// Makes the catalog of `home` from the `items` of its stores, if it has none. Names of which there are two
/// that differ in case only, or in two stores, keep the one that comes first; the number of items that could not be
/// taken in is returned with the number of secrets.
///
/// # Errors
/// See [`CatalogError`]; a catalog that is there is left alone with [`CatalogError::HomeExists`].
pub fn rebuild(
    home: &Home,
    items: &[(StoreKind, ItemId)],
    mut id: impl FnMut() -> Result<String, CatalogError>,
    now: Timestamp,
) -> Result<(usize, usize), CatalogError> {
    let lock = home.lock()?;
    if crate::paths::read_file(&home.paths.catalog_file(), crate::paths::MAX_FILE_BYTES)?.is_some()
    {
        return Err(CatalogError::HomeExists);
    }
    let mut found: BTreeMap<String, (StoreKind, SecretName, Vec<Version>)> = BTreeMap::new();
    let mut left = 0_usize;
    for (store, item) in items {
        let Some(name) = item.secret_name() else {
            continue;
        };
        let entry = found
            .entry(name.folded())
            .or_insert_with(|| (*store, name.clone(), Vec::new()));
        if entry.0 == *store && entry.1 == *name {
            entry.2.push(item.version());
        } else {
            left = left.saturating_add(1);
        }
    }
    let mut catalog = Catalog::empty(home.record.id.clone());
    for (_, (store, name, mut versions)) in found {
        versions.sort();
        versions.dedup();
        let Some(current) = versions.last().copied() else {
            continue;
        };
        let version = |version| VersionRecord {
            version,
            created: now,
            kept_until: None,
            removed: None,
        };
        let mut record = Record::first(id()?, name, store, now);
        record.current = current;
        record.versions = versions.into_iter().map(version).collect();
        record.note = Some("the catalog was rebuilt; earlier dates are not known".to_owned());
        catalog.insert(record);
    }
    let count = catalog.secrets().len();
    catalog.save(&home.paths)?;
    drop(lock);
    Ok((count, left))
}
