//! A lost catalog, made again from the stores, if all of them can be asked.

use super::super::context::Context;
use super::super::set::random_id;
use super::super::stores::OpenStores;
use super::findings::Findings;
use crate::catalog::change::Stores as _;
use crate::catalog::{CatalogError, Home, rebuild};
use crate::store::vault::Vault;
use crate::store::{ItemId, StoreError, StoreKind};

/// Makes a lost catalog again.
pub(super) fn rebuilt(
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
    findings: &mut Findings,
) {
    let mut items: Vec<(StoreKind, ItemId)> = Vec::new();
    for kind in [StoreKind::Keychain, StoreKind::Vault] {
        let needed = home.record.store == kind
            || (kind == StoreKind::Vault
                && Vault::may_hold(&home.paths, &home.record.id).unwrap_or(true));
        let found = stores
            .store(kind)
            .and_then(|store| store.items(&home.record.id));
        match found {
            Ok(found) => items.extend(found.into_iter().map(|item| (kind, item))),
            // A store that cannot be asked might hold secrets that a new catalog would not name. Only one that
            // is not there at all is passed over, and that is told.
            Err(error) if needed || !is_absent(&error) => return findings.failed(error.into()),
            Err(StoreError::NotSetUp(_)) => {}
            Err(error) => findings.warning(
                "catalog-missing",
                format!("the {kind} could not be asked for secrets of this home: {error}"),
                "if it holds any, they are not in the new catalog",
            ),
        }
    }
    let id = || random_id().map_err(|_| CatalogError::Missing);
    match rebuild(home, &items, id, context.now()) {
        Ok((count, left)) => {
            findings.ok(
                "catalog-missing",
                format!("a new catalog names {count} secrets"),
            );
            if left > 0 {
                findings.warning(
                    "catalog-missing",
                    format!("{left} items could not be taken in"),
                    "",
                );
            }
        }
        Err(error) => findings.failed(error.into()),
    }
}

/// Tells whether an error means that there is no such store here, rather than one that does not answer.
const fn is_absent(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::NotSetUp(_)
            | StoreError::Unsupported(_)
            | StoreError::NoBus
            | StoreError::NoProvider
            | StoreError::NoCollection
    )
}
