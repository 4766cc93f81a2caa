//! A home: its id, its default store, the lock on it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::document::{parse, to_json};
use super::{Catalog, CatalogError};
use crate::paths::{self, HomePaths, Lock};
use crate::store::{HomeId, StoreKind};

const FORMAT: u32 = 1;

/// How long a command waits for others that are changing the home.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `home.json` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeRecord {
    format: u32,
    /// Random; part of every item's account in a keychain.
    pub id: HomeId,
    /// When the home was made.
    pub created: Timestamp,
    /// Where new secrets go.
    pub store: StoreKind,
    /// Whether it was made to be used where nobody is (design D18). The seal says whether that is true.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unattended: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

/// A home that exists.
#[derive(Clone, Debug)]
pub struct Home {
    /// Where its files are.
    pub paths: HomePaths,
    /// What it says of itself.
    pub record: HomeRecord,
}

impl Home {
    /// Opens the home at `paths`; `None` if there is none.
    ///
    /// # Errors
    /// See [`CatalogError`].
    pub fn open(paths: HomePaths) -> Result<Option<Self>, CatalogError> {
        if !paths::folder_is_there(paths.state_folder())? {
            return Ok(None);
        }
        let file = paths.home_file();
        let Some(bytes) = paths::read_file(&file, paths::MAX_FILE_BYTES)? else {
            return Ok(None);
        };
        let record = parse(&file.display().to_string(), &bytes, FORMAT)?;
        Ok(Some(Self { paths, record }))
    }

    /// Reads the catalog as it is now.
    ///
    /// # Errors
    /// See [`CatalogError`].
    pub fn catalog(&self) -> Result<Catalog, CatalogError> {
        Catalog::load(&self.paths, &self.record.id)
    }

    /// Returns what changes whenever the catalog does: each change makes a new file of it.
    #[must_use]
    pub fn catalog_stamp(&self) -> Option<paths::Stamp> {
        paths::stamp(&self.paths.catalog_file())
    }

    /// Takes the exclusive right to change the home.
    ///
    /// # Errors
    /// [`crate::paths::FileError::Busy`] after a minute.
    pub fn lock(&self) -> Result<Lock, CatalogError> {
        self.lock_within(PATIENCE)
    }

    /// Takes the exclusive right to change the home, for what is not worth waiting long for.
    ///
    /// # Errors
    /// [`crate::paths::FileError::Busy`] after `patience`.
    pub fn lock_within(&self, patience: Duration) -> Result<Lock, CatalogError> {
        Ok(Lock::take(&self.paths.lock_file(), patience)?)
    }

    /// Takes the exclusive right to run a rotation command of this home. It keeps nobody from anything else.
    ///
    /// # Errors
    /// [`crate::paths::FileError::Busy`] after `patience`.
    pub fn lock_rotation(&self, patience: Duration) -> Result<Lock, CatalogError> {
        Ok(Lock::take(&self.paths.rotation_lock_file(), patience)?)
    }

    /// Changes where new secrets go. The caller holds the lock.
    ///
    /// # Errors
    /// [`CatalogError::File`].
    pub fn set_default_store(&mut self, store: StoreKind) -> Result<(), CatalogError> {
        self.change(|record| record.store = store)
    }

    /// Makes the home one where nobody is asked. The caller holds the lock and has changed the seal.
    ///
    /// # Errors
    /// [`CatalogError::File`].
    pub fn set_unattended(&mut self) -> Result<(), CatalogError> {
        self.change(|record| record.unattended = true)
    }

    fn change(&mut self, change: impl FnOnce(&mut HomeRecord)) -> Result<(), CatalogError> {
        let mut record = self.record.clone();
        change(&mut record);
        paths::write_file(&self.paths.home_file(), &to_json(&record))?;
        self.record = record;
        Ok(())
    }
}

/// Makes the home at `paths`. `prepare` runs under the home's lock with its new id, before anything says
/// that there is a home: it sets up the store. The home's own record is written last, so that a
/// crash leaves no home, or a whole one.
///
/// # Errors
/// [`CatalogError::HomeExists`], what `prepare` gives, [`CatalogError::File`].
pub fn create_home<E: From<CatalogError>>(
    paths: HomePaths,
    store: StoreKind,
    unattended: bool,
    id: HomeId,
    now: Timestamp,
    prepare: impl FnOnce(&HomeId) -> Result<(), E>,
) -> Result<Home, E> {
    paths::create_folder(paths.state_folder()).map_err(CatalogError::from)?;
    let lock = Lock::take(&paths.lock_file(), PATIENCE).map_err(CatalogError::from)?;
    if Home::open(paths.clone())?.is_some() {
        return Err(CatalogError::HomeExists.into());
    }
    ensure_no_orphan(&paths)?;
    prepare(&id)?;
    let record = HomeRecord {
        format: FORMAT,
        id,
        created: now,
        store,
        unattended,
    };
    Catalog::empty(record.id.clone()).save(&paths)?;
    paths::write_file(&paths.home_file(), &to_json(&record)).map_err(CatalogError::from)?;
    drop(lock);
    Ok(Home { paths, record })
}

/// Refuses to make a home over the catalog of one whose own record was lost.
fn ensure_no_orphan(paths: &HomePaths) -> Result<(), CatalogError> {
    let file = paths.catalog_file();
    let Some(bytes) = paths::read_file(&file, paths::MAX_FILE_BYTES)? else {
        return Ok(());
    };
    let name = file.display().to_string();
    let catalog: Catalog = parse(&name, &bytes, FORMAT)?;
    if catalog.secrets().is_empty() && catalog.pending().is_empty() {
        return Ok(());
    }
    let problem = "it names secrets, but the home's own record home.json is missing";
    Err(CatalogError::Inconsistent {
        file: name,
        problem,
    })
}
