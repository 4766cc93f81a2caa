//! The stores of a home: whether they answer, and whether they hold what the catalog names.

use jiff::Timestamp;

use super::super::failure::Failure;
use super::super::stores::OpenStores;
use super::findings::Findings;
use crate::catalog::change::{Change, Stores as _};
use crate::catalog::{Catalog, Home};
use crate::store::keychain::Keychain;
use crate::store::{Asking, ItemId, Store as _, StoreError, StoreKind};

/// Checks the keychain; `false` if it cannot be used.
pub(super) fn keychain(findings: &mut Findings, used: bool) -> bool {
    let mut keychain = Keychain::new(Asking::Never);
    match keychain.check() {
        Ok(()) => {
            let where_from = match keychain.bus_source() {
                Some(source) => format!(" ({})", source.words()),
                None => String::new(),
            };
            findings.ok(
                "keychain",
                format!("the keychain answers and is unlocked{where_from}"),
            );
            true
        }
        Err(error) if used => {
            findings.failed(error.into());
            false
        }
        Err(error) => {
            findings.ok(
                "keychain",
                format!("the keychain is not used here, and could not be: {error}"),
            );
            false
        }
    }
}

/// Checks the vault; `false` if its folder cannot be used.
pub(super) fn vault(
    home: &Home,
    fix: bool,
    stores: &mut OpenStores,
    findings: &mut Findings,
) -> bool {
    let opened = stores.vault().map_err(Failure::from);
    let Some(vault) = findings.take(opened) else {
        return false;
    };
    match vault.check() {
        Ok(()) => findings.ok("vault", "the vault is there and can be opened"),
        Err(StoreError::Locked(_)) => {
            findings.ok(
                "vault",
                "the vault is there and locked, as a vault with a passphrase is",
            );
        }
        Err(error) => findings.failed(error.into()),
    }
    let lock = fix.then(|| home.lock()).transpose().map_err(Failure::from);
    let Some(lock) = findings.take(lock) else {
        return true;
    };
    let left = if fix {
        vault.clean()
    } else {
        vault.leftovers()
    };
    for path in findings
        .take(left.map_err(Failure::from))
        .unwrap_or_default()
    {
        let shown = path.display();
        if fix {
            findings.ok("leftover", format!("\"{shown}\" was removed"));
        } else {
            let message = format!("\"{shown}\" was left behind by a change of the vault's key");
            findings.warning("leftover", message, "remove it with: broker doctor --fix");
        }
    }
    drop(lock);
    true
}

/// Compares what the catalog names with what a store holds.
pub(super) fn values(
    home: &Home,
    catalog: &Catalog,
    kind: StoreKind,
    stores: &mut OpenStores,
    findings: &mut Findings,
) {
    let items = stores
        .store(kind)
        .and_then(|store| store.items(&home.record.id));
    let Some(items) = findings.take(items.map_err(Failure::from)) else {
        return;
    };
    let mut missing = 0_usize;
    for record in catalog
        .secrets()
        .iter()
        .filter(|record| record.store == kind)
    {
        if !items.contains(&catalog.item(record, record.current)) {
            missing = missing.saturating_add(1);
            findings.failed(
                Failure::new(
                    "value-not-found",
                    format!("the value of \"{}\" is not in the {kind}", record.name),
                )
                .hint(format!(
                    "remove it and store it again: broker remove {}",
                    record.name
                )),
            );
        }
    }
    let known = |item: &ItemId| {
        let live = catalog.secrets().iter().any(|record| {
            record.store == kind && record.live().any(|v| catalog.item(record, v) == *item)
        });
        live || catalog.pending().iter().any(|p| {
            p.store == kind && Some(&p.name) == item.secret_name() && p.version == item.version()
        })
    };
    let strange = items
        .iter()
        .filter(|i| i.secret_name().is_some() && !known(i))
        .count();
    if strange > 0 {
        let message =
            format!("the {kind} holds {strange} items of this home that the catalog does not name");
        findings.warning(
            "value-unknown",
            message,
            "they were left alone; see: broker show, or your keychain program",
        );
    }
    if missing == 0 && strange == 0 {
        findings.ok(
            "values",
            format!("the {kind} holds every value the catalog names"),
        );
    }
}

/// Removes what earlier commands could not.
pub(super) fn pending(
    home: &Home,
    catalog: &Catalog,
    fix: bool,
    stores: &mut OpenStores,
    now: Timestamp,
    findings: &mut Findings,
) {
    let over = catalog.kept_past(now).count();
    let left = catalog.pending().len().saturating_add(over);
    if left == 0 {
        return;
    }
    if !fix {
        let message = format!("{left} old copies may still be in a store");
        return findings.warning("pending", message, "remove them with: broker doctor --fix");
    }
    let Some(mut change) = findings.take(Change::begin(home).map_err(Failure::from)) else {
        return;
    };
    let mut leftover = change.sweep(stores);
    if over > 0 {
        // What was kept after a rotation, and whose time is over.
        let ended = change.end_kept(stores, now).map_err(Failure::from);
        let Some(ended) = findings.take(ended) else {
            return;
        };
        leftover = ended;
    }
    if leftover.errors.is_empty() && leftover.kept.is_empty() && leftover.unrecorded.is_none() {
        findings.ok("pending", "old copies were removed from the stores");
    }
    for item in leftover.kept {
        let message = format!(
            "an old copy, \"{}\" in the {}, was left alone: a secret has the same name but for case",
            item.name, item.store
        );
        findings.warning("pending", message, "");
    }
    for (_, error) in leftover.errors {
        findings.failed(error.into());
    }
    if let Some(error) = leftover.unrecorded {
        findings.failed(error.into());
    }
}
