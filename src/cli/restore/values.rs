//! The values that a restored file is to hold: which there are, and reading them.

use std::collections::BTreeMap;

use super::super::failure::Failure;
use super::super::permission::{ensure_thawed, seals};
use super::super::stores::OpenStores;
use crate::catalog::change::Stores as _;
use crate::catalog::{Catalog, Home};
use crate::clients::Literal;
use crate::clients::undo_record::SecretRef;
use crate::secret::{SecretName, SecretValue};
use crate::store::{ItemId, StoreError, StoreKind, Version};

/// What is there in the place of a value that stood in a file.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What the secret is called now.
    pub(super) name: SecretName,
    /// The version that is taken.
    pub(super) version: Version,
    /// The secret's current one.
    pub(super) current: Version,
    store: StoreKind,
    item: ItemId,
}

/// Where the values come from; a secret that is gone is not among them.
#[derive(Debug, Default)]
pub(super) struct Sources(BTreeMap<SecretRef, Source>);

/// The values as texts; one that is lost is not among them.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<SecretRef, Literal>);

impl Sources {
    /// Looks the secrets up: the version that stood in the file where it is kept, else the current one.
    pub(super) fn of<'a>(
        secrets: impl IntoIterator<Item = &'a SecretRef>,
        catalog: &Catalog,
    ) -> Self {
        let source = |secret: &'a SecretRef| {
            let mut records = catalog.secrets().iter();
            let record = records.find(|record| record.id == secret.id)?;
            let is_live = record.live().any(|version| version == secret.version);
            let version = if is_live {
                secret.version
            } else {
                record.current
            };
            let source = Source {
                name: record.name.clone(),
                version,
                current: record.current,
                store: record.store,
                item: catalog.item(record, version),
            };
            Some((secret.clone(), source))
        };
        Self(secrets.into_iter().filter_map(source).collect())
    }

    pub(super) fn get(&self, secret: &SecretRef) -> Option<&Source> {
        self.0.get(secret)
    }

    /// Returns every secret and version that is read, each once.
    pub(super) fn versions(&self) -> Vec<(SecretName, Version)> {
        let all = self.0.values();
        let mut all: Vec<_> = all.map(|one| (one.name.clone(), one.version)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Reads the values. One that its store has lost, or that is no text, is left out.
    ///
    /// # Errors
    /// `frozen`, `seal-missing`; a store's error.
    pub(super) fn read(&self, home: &Home, stores: &mut OpenStores) -> Result<Values, Failure> {
        ensure_thawed(home)?;
        let mut values = Values::default();
        for kind in [StoreKind::Keychain, StoreKind::Vault] {
            let wanted: Vec<_> = self.0.iter().filter(|(_, s)| s.store == kind).collect();
            if wanted.is_empty() {
                continue;
            }
            seals::ensure_thawed(home, stores, kind)?;
            let items: Vec<ItemId> = wanted.iter().map(|(_, s)| s.item.clone()).collect();
            let read = match stores.store(kind)?.read(&items) {
                Ok(read) => read.into_iter().map(Some).collect(),
                Err(StoreError::NotFound { .. }) => one_by_one(&items, kind, stores)?,
                Err(error) => return Err(error.into()),
            };
            for ((secret, _), value) in wanted.into_iter().zip(read) {
                if let Some(text) = value.as_ref().and_then(text) {
                    values.0.insert(secret.clone(), text);
                }
            }
        }
        Ok(values)
    }
}

fn one_by_one(
    items: &[ItemId],
    kind: StoreKind,
    stores: &mut OpenStores,
) -> Result<Vec<Option<SecretValue>>, Failure> {
    let store = stores.store(kind)?;
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        match store.read(std::slice::from_ref(item)) {
            Ok(read) => all.push(read.into_iter().next()),
            Err(StoreError::NotFound { .. }) => all.push(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(all)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the exit of design D17: back into the client's file"
)]
fn text(value: &SecretValue) -> Option<Literal> {
    let text = std::str::from_utf8(value.expose()).ok()?;
    Some(Literal::new(text.to_owned()))
}

impl Values {
    pub(super) fn get(&self, secret: &SecretRef) -> Option<Literal> {
        self.0.get(secret).cloned()
    }
}
