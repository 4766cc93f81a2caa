//! Access to a vault with a key file, for tests that look into one with the library.

use broker::clock::Clock;
use broker::secret::SecretValue;
use broker::store::vault::{Access, Unlocker};
use broker::store::{Store, StoreError, StoreKind};

/// A vault with a key file asks nobody.
struct Nobody;

impl Unlocker for Nobody {
    fn passphrase(&self) -> Result<SecretValue, StoreError> {
        Err(StoreError::Locked(StoreKind::Vault))
    }

    fn keychain(&self) -> Result<Box<dyn Store>, StoreError> {
        Err(StoreError::NoBus)
    }
}

/// Opens vaults with the key file that each names.
pub fn access() -> Access {
    Access {
        key_file: None,
        unlocker: Box::new(Nobody),
        clock: Clock::System,
    }
}
