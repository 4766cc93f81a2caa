//! The secrets of a plan: found in the catalog, and read together with the seals.
//!
//! They are read without a lock, while other commands may change the home. Items are filed by name, and a name can be
//! given to another secret. So what was read counts only if the catalog was the same before and after.

use super::super::context::nearest;
use super::super::failure::Failure;
use super::seals::Seals;
use crate::catalog::change::Stores;
use crate::catalog::{Catalog, Home, Record};
use crate::launch::{Plan, Source, Values, is_conventional};
use crate::policy::{Seal, Secret};
use crate::secret::SecretName;
use crate::store::{ItemId, StoreError, StoreKind, Version};

/// One secret of the plan, as the catalog has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Wanted {
    pub(in crate::cli) name: SecretName,
    pub(in crate::cli) id: String,
    pub(in crate::cli) version: Version,
    store: StoreKind,
    item: ItemId,
}

impl Wanted {
    /// Returns where it is kept.
    pub(super) fn store(&self) -> StoreKind {
        self.store
    }

    /// Takes another version of it.
    pub(super) fn take_version(&mut self, version: Version, catalog: &Catalog) {
        if let Some(record) = catalog.find(&self.name) {
            self.version = version;
            self.item = catalog.item(record, version);
        }
    }

    /// Returns what a grant binds of it.
    pub(super) fn secret(&self) -> Secret {
        Secret {
            id: self.id.clone(),
            name: self.name.clone(),
            item: place(self.store, self.item.name()),
        }
    }
}

/// Where a record's value is, as grants have it.
pub(in crate::cli) fn place_of(record: &Record) -> String {
    place(record.store, record.filed_as().as_str())
}

fn place(store: StoreKind, name: &str) -> String {
    format!("{store}/{name}")
}

/// What the stores gave.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) values: Values,
    /// The seal of each store that a value came from.
    pub(super) seals: Seals,
}

/// Finds the record of every secret the plan needs, or names all that are missing.
///
/// # Errors
/// `secret-not-found`.
pub(in crate::cli) fn find_all(plan: &Plan, catalog: &Catalog) -> Result<Vec<Wanted>, Failure> {
    let names = plan.secrets();
    let missing: Vec<_> = names
        .iter()
        .filter(|name| catalog.find(name).is_none())
        .collect();
    if missing.is_empty() {
        let found = names.iter().filter_map(|name| catalog.find(name));
        return Ok(found
            .map(|record| Wanted {
                name: record.name.clone(),
                version: record.current,
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
        format!("there is no secret named {}", told.join(", "))
    } else {
        "a variable was named for which there is no secret".to_owned()
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

/// Reads all values, one batch for each store, with the seal of the store in it.
pub(super) fn read(
    home: &Home,
    wanted: &[Wanted],
    stores: &mut dyn Stores,
) -> Result<Batch, StoreError> {
    let (mut values, mut seals) = (Values::new(), Seals::new());
    for kind in [StoreKind::Keychain, StoreKind::Vault] {
        let batch = || wanted.iter().filter(|wanted| wanted.store == kind);
        if batch().next().is_none() {
            continue;
        }
        let seal = ItemId::seal(&home.record.id);
        let items = std::iter::once(seal).chain(batch().map(|wanted| wanted.item.clone()));
        let items: Vec<ItemId> = items.collect();
        let mut read = stores.store(kind)?.read(&items)?.into_iter();
        let seal = read.next().as_ref().map(Seal::read);
        let damaged = || StoreError::Damaged {
            kind,
            what: ItemId::seal(&home.record.id).to_string(),
        };
        seals.insert(kind, seal.and_then(Result::ok).ok_or_else(damaged)?);
        values.extend(batch().map(|wanted| wanted.name.clone()).zip(read));
    }
    Ok(Batch { values, seals })
}
