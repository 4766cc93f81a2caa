//! What a home is to be, said again and more simply: names, numbered values, and until when each is kept. Knows
//! nothing of the order of steps, of pending items, or of how names are filed.

use std::collections::BTreeMap;

use super::*;
use crate::catalog::Catalog;

/// How long a value is kept in the place of one that was gone back to after its time, in seconds.
pub(super) const AGAIN: i64 = 4;

/// The names that are used; some differ in case only.
pub(super) const NAMES: [&str; 6] = ["a", "A", "b", "B", "c/d", "C/d"];

/// Something that is done to a home. Names are places in [`NAMES`], times are seconds.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Set(usize, StoreKind),
    Rotate {
        name: usize,
        keep: Option<i64>,
        unchanged: bool,
        proven: bool,
    },
    RollBack(usize),
    Rename(usize, usize),
    Remove(Vec<usize>),
    Migrate(usize, StoreKind),
    Edit(usize),
    EndKept,
    Sweep,
    Clock(i64),
}

/// A value, by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) text: String,
    pub(super) created: i64,
    pub(super) until: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Secret {
    id: String,
    pub(super) name: String,
    pub(super) store: StoreKind,
    pub(super) current: u32,
    rotated: i64,
    highest: u32,
    pub(super) values: BTreeMap<u32, Kept>,
    note: Option<String>,
}

/// The secrets by their folded names, and the time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) secrets: BTreeMap<String, Secret>,
    pub(super) now: i64,
}

impl Model {
    fn find(&self, name: usize) -> Option<&Secret> {
        let secret = self.secrets.get(&NAMES[name].to_ascii_lowercase());
        secret.filter(|secret| secret.name == NAMES[name])
    }

    /// Returns the current value of a secret, if there is one.
    pub(super) fn current(&self, name: usize) -> Option<String> {
        let secret = self.find(name)?;
        Some(secret.values[&secret.current].text.clone())
    }

    /// Returns the home after something was done, none if it is to be refused. `fresh` is a value that there never was.
    pub(super) fn after(&self, op: &Op, fresh: &str) -> Option<Self> {
        let mut model = self.clone();
        match *op {
            Op::Set(name, store) => {
                let name = NAMES[name].to_owned();
                if self.secrets.contains_key(&name.to_ascii_lowercase()) {
                    return None;
                }
                model.insert(Secret {
                    id: fresh.to_owned(),
                    name,
                    store,
                    current: 1,
                    rotated: self.now,
                    highest: 1,
                    values: BTreeMap::from([(1, self.fresh(fresh))]),
                    note: None,
                });
            }
            Op::Rotate {
                name,
                keep,
                unchanged,
                proven,
            } => {
                let mut secret = self.find(name).filter(|_| !unchanged && proven)?.clone();
                let before = secret.current;
                secret.values.retain(|number, _| *number == before);
                match keep {
                    Some(time) => secret.keep(before, Some(self.now + time)),
                    None => secret.values.clear(),
                }
                secret.highest += 1;
                secret.current = secret.highest;
                secret.rotated = self.now;
                secret.values.insert(secret.current, self.fresh(fresh));
                model.insert(secret);
            }
            Op::RollBack(name) => {
                let mut secret = self.find(name)?.clone();
                let mut others = secret.values.iter();
                let (back, kept) = others.find(|(number, _)| **number != secret.current)?;
                let (back, kept) = (*back, kept.clone());
                let until = kept.until.map(|until| match until <= self.now {
                    true => self.now + AGAIN,
                    false => until,
                });
                secret.keep(secret.current, until);
                secret.keep(back, None);
                secret.current = back;
                secret.rotated = kept.created;
                model.insert(secret);
            }
            Op::Rename(old, new) => {
                let mut secret = self.find(old)?.clone();
                model.secrets.remove(&secret.name.to_ascii_lowercase());
                secret.name = NAMES[new].to_owned();
                if model
                    .secrets
                    .contains_key(&secret.name.to_ascii_lowercase())
                {
                    return None;
                }
                model.insert(secret);
            }
            Op::Remove(ref names) => {
                for name in names {
                    let secret = self.find(*name)?;
                    model.secrets.remove(&secret.name.to_ascii_lowercase());
                }
            }
            Op::Migrate(name, store) => {
                let mut secret = self.find(name)?.clone();
                if secret.store == store {
                    return None;
                }
                secret.store = store;
                model.insert(secret);
            }
            Op::Edit(name) => {
                let mut secret = self.find(name)?.clone();
                secret.note = Some(fresh.to_owned());
                model.insert(secret);
            }
            Op::EndKept => {
                for secret in model.secrets.values_mut() {
                    let lasts = |until: i64| until > self.now;
                    secret.values.retain(|_, kept| kept.until.is_none_or(lasts));
                }
            }
            Op::Sweep => {}
            Op::Clock(time) => model.now += time,
        }
        Some(model)
    }

    fn insert(&mut self, secret: Secret) {
        self.secrets
            .insert(secret.name.to_ascii_lowercase(), secret);
    }

    fn fresh(&self, text: &str) -> Kept {
        Kept {
            text: text.to_owned(),
            created: self.now,
            until: None,
        }
    }

    /// Returns what a catalog says, in the words of the model. The values are not in it; they are taken from those of
    /// this model, and stand for it that none is there under a number that this model does not know.
    pub(super) fn of(&self, catalog: &Catalog) -> Self {
        let mut model = Self {
            now: self.now,
            ..Self::default()
        };
        for record in catalog.secrets() {
            let known = self.secrets.values().find(|secret| secret.id == record.id);
            let text = |number| known.and_then(|known| known.values.get(&number));
            let live = record.versions.iter().filter(|v| v.removed.is_none());
            let value = |v: &crate::catalog::VersionRecord| Kept {
                text: text(v.version.0).map_or_else(String::new, |kept| kept.text.clone()),
                created: v.created.as_second(),
                until: v.kept_until.map(Timestamp::as_second),
            };
            model.insert(Secret {
                id: record.id.clone(),
                name: record.name.to_string(),
                store: record.store,
                current: record.current.0,
                rotated: record.rotated.as_second(),
                highest: record
                    .versions
                    .iter()
                    .map(|v| v.version.0)
                    .max()
                    .unwrap_or(0),
                values: live.map(|v| (v.version.0, value(v))).collect(),
                note: record.note.clone(),
            });
        }
        model
    }
}

impl Secret {
    fn keep(&mut self, number: u32, until: Option<i64>) {
        if let Some(kept) = self.values.get_mut(&number) {
            kept.until = until;
        }
    }
}
