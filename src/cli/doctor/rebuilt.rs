//! A lost catalog, made again from the stores, if all of them can be asked.

use super::super::audited::Event;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::set::random_id;
use super::super::stores::OpenStores;
use super::findings::Findings;
use crate::audit::{Action, Outcome};
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
    // The log may be lost as well; it is looked at next, and a catalog gives nothing away.
    let event = Event::new(Action::Edit).detail("the catalog was lost and is made again");
    let told = event.write(Outcome::Intent, home, context);
    match rebuild(home, &items, id, context.now()) {
        Ok((count, left)) => {
            findings.ok(
                "catalog-missing",
                format!(
                    "a new catalog names {count} secrets; what was allowed has to be allowed again"
                ),
            );
            let told: Result<_, Failure> =
                told.and_then(|_| event.write(Outcome::Done, home, context));
            // What is wrong with the log is told by its own check.
            drop(told);
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
