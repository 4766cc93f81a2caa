//! The values of a plan, read without a lock while other commands may change the home.
//!
//! Items are filed by name, and a name can be given to another secret. So what was read counts only if
//! the catalog was the same before and after; else it is looked at again.

use super::super::context::nearest;
use super::super::failure::Failure;
use super::super::stores::OpenStores;
use crate::catalog::change::Stores as _;
use crate::catalog::{Catalog, Home};
use crate::launch::{Plan, Source, Values, is_conventional};
use crate::secret::SecretName;
use crate::store::{ItemId, StoreError, StoreKind};

/// How often the catalog may change under the reading before that is given up.
const TRIES: usize = 20;

/// One secret of the plan, as the catalog has it.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    id: String,
    store: StoreKind,
    item: ItemId,
}

/// Finds every secret of the plan, then reads all values.
///
/// # Errors
/// `secret-not-found` before any store is asked; a store's error.
pub(super) fn current(plan: &Plan, home: &Home) -> Result<Values, Failure> {
    let mut missed = None;
    for _ in 0..TRIES {
        let stamp = home.catalog_stamp();
        let wanted = find_all(plan, &home.catalog()?)?;
        let read = read(home, plan, &wanted);
        let unchanged = stamp.is_some() && stamp == home.catalog_stamp();
        match read {
            Ok(values) if unchanged => return Ok(values),
            Ok(_) => {}
            // Moved away, perhaps. Missed twice in a catalog that did not change, it is lost.
            Err(error @ StoreError::NotFound { .. }) => {
                if unchanged && missed.as_ref() == Some(&wanted) {
                    return Err(error.into());
                }
                missed = Some(wanted);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::new(
        "home-busy",
        "the home was changed all the time while values were read",
    ))
}

/// Finds the record of every secret the plan needs, or names all that are missing.
fn find_all(plan: &Plan, catalog: &Catalog) -> Result<Vec<Wanted>, Failure> {
    let names = plan.secrets();
    let missing: Vec<_> = names
        .iter()
        .filter(|name| catalog.find(name).is_none())
        .collect();
    if missing.is_empty() {
        let found = names.iter().filter_map(|name| catalog.find(name));
        return Ok(found
            .map(|record| Wanted {
                id: record.id.clone(),
                store: record.store,
                item: catalog.item(record, record.current),
            })
            .collect());
    }
    let told: Vec<String> = missing
        .iter()
        .filter(|name| may_be_told(plan, name))
        .map(|n| format!("\"{n}\""))
        .collect();
    let message = if told.len() == missing.len() {
        format!(
            "there is no secret named {}; the server was not started",
            told.join(", ")
        )
    } else {
        "a variable was named for which there is no secret; the server was not started".to_owned()
    };
    let known = || catalog.secrets().iter().map(|record| record.name.as_str());
    let near = missing
        .iter()
        .find_map(|name| nearest(name.as_str(), known()));
    let failure = Failure::new("secret-not-found", message);
    Err(match near {
        Some(near) => failure.hint(format!(
            "did you mean \"{near}\"? see the names with: broker list"
        )),
        None => failure.hint("store it with: broker set NAME"),
    })
}

/// Tells whether the name of a secret that does not exist may stand in a message. One that was referred to
/// was called a name; the word behind a bare `--env` may be a value in the wrong place, unless
/// it has the form that variables have.
fn may_be_told(plan: &Plan, name: &SecretName) -> bool {
    let bare = |(variable, source): (&String, &Source)| {
        matches!(source, Source::Secret(secret) if secret == name) && variable == name.as_str()
    };
    !plan.variables.iter().any(bare) || is_conventional(name.as_str())
}

/// Reads all values, one batch for each store. `wanted` has the items in the order of the plan's names.
fn read(home: &Home, plan: &Plan, wanted: &[Wanted]) -> Result<Values, StoreError> {
    let names = plan.secrets();
    let mut stores = OpenStores::new(home);
    let mut values = Values::new();
    for kind in [StoreKind::Keychain, StoreKind::Vault] {
        let batch = || {
            names
                .iter()
                .zip(wanted)
                .filter(|(_, wanted)| wanted.store == kind)
        };
        let items: Vec<ItemId> = batch().map(|(_, wanted)| wanted.item.clone()).collect();
        if items.is_empty() {
            continue;
        }
        let read = stores.store(kind)?.read(&items)?;
        values.extend(batch().map(|(name, _)| name.clone()).zip(read));
    }
    Ok(values)
}
