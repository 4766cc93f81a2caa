//! Everything about secrets but their values: names, versions, dates, stores.
//!
//! [`Catalog`] is one JSON document (design D7). It is only ever replaced whole, under the home's
//! lock, and holds no value, nor a digest, length or prefix of one. The commands that change secrets are in
//! [`change`], so that the order of steps that keeps catalog and store in agreement stands in one place.
#![forbid(unsafe_code)]

pub mod backup;
pub mod change;
pub mod document;
mod home;
mod rebuild;
mod record;

pub use home::{Home, HomeRecord, create_home};
pub use rebuild::rebuild;
pub use record::{Pending, Record, VersionRecord};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::paths::{self, FileError, HomePaths, LocateError};
use crate::secret::SecretName;
use crate::store::{HomeId, ItemId, StoreError, StoreKind, Version};
use document::{parse, to_json};

/// The format written here. A higher number is refused and left untouched.
const FORMAT: u32 = 1;

/// All records of a home.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    format: u32,
    home: HomeId,
    secrets: Vec<Record>,
    /// Items that may be in a store and belong to no secret: what a command was about to write when
    /// it ended, and what it could not remove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pending: Vec<Pending>,
}

/// Why a home or its catalog cannot be used, or a change was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// No home could be located.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// There is no home yet.
    #[error("there is no broker home yet")]
    NoHome,
    /// `init` found a home.
    #[error("this home exists already")]
    HomeExists,
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The home has lost its catalog.
    #[error("the catalog of this home is missing")]
    Missing,
    /// A file of ours is not what it should be. Says where, never what stands there.
    #[error("\"{file}\" is damaged at line {line}, column {column}")]
    Damaged {
        /// Which file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// A file contradicts itself or belongs to another home.
    #[error("\"{file}\" is damaged: {problem}")]
    Inconsistent {
        /// Which file.
        file: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A newer broker wrote the file.
    #[error("\"{file}\" was written by a newer broker (format {format})")]
    Newer {
        /// Which file.
        file: String,
        /// Its format number.
        format: u32,
    },
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The name is taken, perhaps in another case.
    #[error("there is a secret named \"{0}\" already")]
    Exists(SecretName),
    /// No secret has the name.
    #[error("there is no secret named \"{0}\"")]
    NotFound(SecretName),
    /// A value read back differed from what was written.
    #[error("the {0} did not give back the value it was given")]
    NotKept(StoreKind),
    /// The new value is the one the secret has.
    #[error("the new value of \"{0}\" is the one it has")]
    Unchanged(SecretName),
    /// No earlier version is kept.
    #[error("no earlier version of \"{0}\" is kept")]
    NothingKept(SecretName),
    /// A secret had as many versions as there are numbers.
    #[error("\"{0}\" can have no further version")]
    Exhausted(SecretName),
    /// The secret is in that store already.
    #[error("\"{0}\" is in the {1} already")]
    SameStore(SecretName, StoreKind),
}

impl CatalogError {
    /// Returns the stable code of this case, as documented in `broker(1)`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locate(_) => "home-not-found",
            Self::NoHome => "no-home",
            Self::HomeExists => "home-exists",
            Self::File(error) => error.code(),
            Self::Missing => "catalog-missing",
            Self::Damaged { .. } | Self::Inconsistent { .. } => "file-damaged",
            Self::Newer { .. } => "format-newer",
            Self::Store(error) => error.code(),
            Self::Exists(_) => "secret-exists",
            Self::NotFound(_) => "secret-not-found",
            Self::NotKept(_) => "store-not-kept",
            Self::Unchanged(_) => "value-unchanged",
            Self::NothingKept(_) => "version-not-kept",
            Self::Exhausted(_) => "version-exhausted",
            Self::SameStore(..) => "secret-exists",
        }
    }
}

impl Catalog {
    /// Returns the empty catalog of `home`.
    #[must_use]
    pub fn empty(home: HomeId) -> Self {
        Self {
            format: FORMAT,
            home,
            secrets: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Reads the catalog of a home. Takes no lock: the file is always whole.
    ///
    /// # Errors
    /// See [`CatalogError`].
    pub fn load(paths: &HomePaths, home: &HomeId) -> Result<Self, CatalogError> {
        let file = paths.catalog_file();
        let bytes = paths::read_file(&file, paths::MAX_FILE_BYTES)?.ok_or(CatalogError::Missing)?;
        let catalog: Self = parse(&file.display().to_string(), &bytes, FORMAT)?;
        catalog
            .check(home)
            .map_err(|problem| CatalogError::Inconsistent {
                file: file.display().to_string(),
                problem,
            })?;
        Ok(catalog)
    }

    /// Replaces the catalog of a home, durably. The caller holds the home's lock.
    ///
    /// # Errors
    /// [`CatalogError::File`].
    fn save(&self, paths: &HomePaths) -> Result<(), CatalogError> {
        let write = || Ok(paths::write_file(&paths.catalog_file(), &to_json(self))?);
        #[cfg(test)]
        return change::tests::faults::saving(write);
        #[cfg(not(test))]
        write()
    }

    /// Returns all records, sorted by name without regard to case.
    #[must_use]
    pub fn secrets(&self) -> &[Record] {
        &self.secrets
    }

    /// Returns the record of exactly that name.
    #[must_use]
    pub fn find(&self, name: &SecretName) -> Option<&Record> {
        let at = self
            .secrets
            .binary_search_by(|r| order(&r.name, name))
            .ok()?;
        self.secrets.get(at).filter(|record| record.name == *name)
    }

    /// Returns the record of that name, or says that there is none.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`].
    pub fn get(&self, name: &SecretName) -> Result<&Record, CatalogError> {
        self.find(name)
            .ok_or_else(|| CatalogError::NotFound(name.clone()))
    }

    /// Returns items that may be in a store without belonging to a secret.
    #[must_use]
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// Returns the versions that are kept although their time was over at `now`, and when that was.
    pub fn kept_past(&self, now: Timestamp) -> impl Iterator<Item = (&Record, Version, Timestamp)> {
        let past = move |record| record_past(record, now);
        self.secrets.iter().flat_map(past)
    }

    /// Returns the item a record's version is filed under.
    #[must_use]
    pub fn item(&self, record: &Record, version: Version) -> ItemId {
        ItemId::secret(&self.home, record.filed_as(), version)
    }

    fn find_mut(&mut self, name: &SecretName) -> Result<&mut Record, CatalogError> {
        self.secrets
            .iter_mut()
            .find(|record| record.name == *name)
            .ok_or_else(|| CatalogError::NotFound(name.clone()))
    }

    /// Finds a secret whose name differs from `name` in case at most.
    #[must_use]
    pub fn find_in_any_case(&self, name: &SecretName) -> Option<&Record> {
        let at = self
            .secrets
            .binary_search_by(|r| order(&r.name, name))
            .ok()?;
        self.secrets.get(at)
    }

    fn insert(&mut self, record: Record) {
        let at = self
            .secrets
            .binary_search_by(|r| order(&r.name, &record.name))
            .unwrap_or_else(|place| place);
        self.secrets.insert(at, record);
    }

    /// Returns the catalog as it would be with secrets that are about to be stored.
    #[must_use]
    pub fn with(&self, records: impl IntoIterator<Item = Record>) -> Self {
        let mut catalog = self.clone();
        for record in records {
            catalog.insert(record);
        }
        catalog
    }

    /// Finds contradictions a hand or a program may have brought in.
    fn check(&self, home: &HomeId) -> Result<(), &'static str> {
        if self.home != *home {
            return Err("it belongs to another home");
        }
        let sorted = |pair: &[Record]| match pair {
            [first, second] => order(&first.name, &second.name).is_lt(),
            _ => true,
        };
        if !self.secrets.windows(2).all(sorted) {
            return Err("two secrets have the same name, or their order is wrong");
        }
        if !self.secrets.iter().all(Record::is_consistent) {
            return Err("a secret's current version is not among its versions");
        }
        let mut items: Vec<_> = self
            .secrets
            .iter()
            .flat_map(|r| r.live().map(move |v| (r.store, r.filed_as().folded(), v)))
            .collect();
        let all = items.len();
        items.sort();
        items.dedup();
        if items.len() == all {
            Ok(())
        } else {
            Err("two secrets are filed under one item")
        }
    }
}

fn record_past(
    record: &Record,
    now: Timestamp,
) -> impl Iterator<Item = (&Record, Version, Timestamp)> {
    let over = move |kept: &&VersionRecord| kept.version != record.current && kept.is_over(now);
    let until = move |kept: &VersionRecord| Some((record, kept.version, kept.kept_until?));
    record.versions.iter().filter(over).filter_map(until)
}

/// The order of names: without regard to ASCII case, which is also what makes them unique.
fn order(a: &SecretName, b: &SecretName) -> std::cmp::Ordering {
    let (a, b) = (a.as_str().bytes(), b.as_str().bytes());
    a.map(|x| x.to_ascii_lowercase())
        .cmp(b.map(|x| x.to_ascii_lowercase()))
}
