//! Opening the stores of a home, when they are needed and no sooner.

use std::path::PathBuf;

use super::context::asking;
use super::terminal;
use crate::catalog::Home;
use crate::catalog::change::Stores;
use crate::clock::Clock;
use crate::paths::HomePaths;
use crate::secret::SecretValue;
use crate::store::keychain::Keychain;
use crate::store::vault::{Access, Unlocker, Vault};
use crate::store::{Asking, HomeId, Store, StoreError, StoreKind};

/// The variable that names a key file, whatever the vault's own record says.
const KEY_FILE_VARIABLE: &str = "BROKER_KEY_FILE";

/// The stores of a home, each opened at its first use and kept open.
#[derive(Debug)]
pub(super) struct OpenStores {
    asking: Asking,
    paths: HomePaths,
    home: HomeId,
    keychain: Option<Keychain>,
    vault: Option<Vault>,
}

impl OpenStores {
    pub(super) fn new(home: &Home) -> Self {
        Self::with(home, asking())
    }

    /// Opens what opens without asking anybody, and tells of the rest that it is locked.
    pub(super) fn quiet(home: &Home) -> Self {
        Self::with(home, Asking::Never)
    }

    fn with(home: &Home, asking: Asking) -> Self {
        Self {
            asking,
            ..Self::at(&home.paths, &home.record.id)
        }
    }

    /// The stores of a home that is being made.
    pub(super) fn at(paths: &HomePaths, home: &HomeId) -> Self {
        Self {
            asking: asking(),
            paths: paths.clone(),
            home: home.clone(),
            keychain: None,
            vault: None,
        }
    }

    /// Opens the vault of a throwaway home, whatever key file the environment names.
    pub(super) fn of_throwaway(home: &Home) -> Result<Self, StoreError> {
        let mut stores = Self::new(home);
        stores.vault = Some(Vault::open(&stores.paths, &stores.home, own_access())?);
        Ok(stores)
    }

    /// Returns a view in which only one store can be used, for what must not open another.
    pub(super) fn only(&mut self, kind: StoreKind) -> Only<'_> {
        Only { stores: self, kind }
    }

    /// Returns the vault.
    pub(super) fn vault(&mut self) -> Result<&mut Vault, StoreError> {
        let vault = match self.vault.take() {
            Some(vault) => vault,
            None => Vault::open(&self.paths, &self.home, access_with(self.asking))?,
        };
        Ok(self.vault.insert(vault))
    }
}

impl Stores for OpenStores {
    fn store(&mut self, kind: StoreKind) -> Result<&mut dyn Store, StoreError> {
        match kind {
            StoreKind::Keychain => {
                let asking = self.asking;
                Ok(self.keychain.get_or_insert_with(|| Keychain::new(asking)))
            }
            StoreKind::Vault => Ok(self.vault()?),
        }
    }
}

/// See [`OpenStores::only`].
#[derive(Debug)]
pub(super) struct Only<'a> {
    stores: &'a mut OpenStores,
    kind: StoreKind,
}

impl Stores for Only<'_> {
    fn store(&mut self, kind: StoreKind) -> Result<&mut dyn Store, StoreError> {
        if kind == self.kind {
            self.stores.store(kind)
        } else {
            Err(StoreError::NotSetUp(kind))
        }
    }
}

/// How a vault is reached by what its own record says, whatever the environment names.
pub(super) fn own_access() -> Access {
    Access {
        key_file: None,
        ..access()
    }
}

/// How a vault is reached from the command line.
pub(super) fn access() -> Access {
    access_with(asking())
}

fn access_with(asking: Asking) -> Access {
    Access {
        key_file: std::env::var_os(KEY_FILE_VARIABLE)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from),
        unlocker: Box::new(Person { asking }),
        clock: Clock::System,
    }
}

/// The person at the terminal, and their keychain.
#[derive(Debug)]
struct Person {
    asking: Asking,
}

impl Unlocker for Person {
    fn passphrase(&self) -> Result<SecretValue, StoreError> {
        if self.asking == Asking::Never {
            return Err(StoreError::Locked(StoreKind::Vault));
        }
        terminal::hidden("passphrase of the vault:", "unlocking the vault")
            .map_err(|_| StoreError::Locked(StoreKind::Vault))
    }

    fn keychain(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(Keychain::new(self.asking)))
    }
}
