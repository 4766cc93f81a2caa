//! The keychains of macOS and Windows, through `keyring`.
//!
//! Items are generic passwords of service `broker` on macOS, generic credentials called
//! `ACCOUNT.broker` on Windows. Values are written and read as bytes, never as text, which Windows
//! would store as UTF-16. Both systems decide by themselves whether they ask the person, so
//! [`Asking`] changes nothing here but how long is waited.
//!
//! Some errors of `keyring-core` hold the value. None is kept, formatted or passed on.

use std::collections::HashMap;

use keyring::v1;
use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use super::{Place, SERVICE, failed, not_found};
use crate::secret::SecretValue;
use crate::store::{Asking, HomeId, ItemId, Removal, StoreError, StoreKind};

/// The most bytes a credential of Windows can hold, `CRED_MAX_CREDENTIAL_BLOB_SIZE` of `wincred.h`.
#[cfg(windows)]
const MAX_BYTES: usize = 5 * 512;

/// The system's keychain. Holds nothing: the calls are made in this process.
#[derive(Debug)]
pub(super) struct Backend;

impl Backend {
    pub(super) fn new(_: Place) -> Self {
        Self
    }

    pub(super) fn read(
        &mut self,
        _: Asking,
        items: &[ItemId],
    ) -> Result<Vec<SecretValue>, StoreError> {
        items
            .iter()
            .map(|item| {
                let value = entry(item)?.get_secret().map_err(|e| of(e, item))?;
                Ok(SecretValue::new(Zeroizing::new(value)))
            })
            .collect()
    }

    #[expect(clippy::disallowed_methods, reason = "written to the store")]
    pub(super) fn write(
        &mut self,
        _: Asking,
        item: &ItemId,
        value: &SecretValue,
    ) -> Result<(), StoreError> {
        #[cfg(windows)]
        if value.len() > MAX_BYTES {
            return Err(StoreError::TooLarge(StoreKind::Keychain));
        }
        entry(item)?
            .set_secret(value.expose())
            .map_err(|e| of(e, item))
    }

    pub(super) fn remove(&mut self, _: Asking, item: &ItemId) -> Result<Removal, StoreError> {
        match entry(item)?.delete_credential() {
            Ok(()) => Ok(Removal::Removed),
            Err(Error::NoEntry) => Ok(Removal::Absent),
            Err(error) => Err(of(error, item)),
        }
    }

    pub(super) fn items(&mut self, _: Asking, home: &HomeId) -> Result<Vec<ItemId>, StoreError> {
        let mut items: Vec<_> = search(home)?
            .iter()
            .filter_map(Entry::get_specifiers)
            .filter(|(service, _)| service == SERVICE)
            .filter_map(|(_, account)| ItemId::from_account(&account))
            .filter(|item| item.home() == home)
            .collect();
        items.sort_unstable();
        items.dedup();
        Ok(items)
    }

    pub(super) fn check(&mut self, _: Asking) -> Result<(), StoreError> {
        // A home that has no items: it is only asked whether the keychain answers.
        search(&HomeId::from_random([0; 16])).map(drop)
    }

    pub(super) fn unlock(&mut self, asking: Asking) -> Result<(), StoreError> {
        self.check(asking)
    }
}

/// Makes sure that `keyring-core` uses the store `keyring` chooses for this system, which cannot be
/// asked for but by this call.
fn start() -> Result<(), StoreError> {
    match v1::Entry::store_status() {
        Ok(()) => Ok(()),
        Err(error) => Err(reason(error)),
    }
}

/// Returns the handle of `item`, which may not exist yet.
fn entry(item: &ItemId) -> Result<Entry, StoreError> {
    start()?;
    let account = item.account();
    // Windows would by default carry it to other machines of a domain.
    #[cfg(windows)]
    let modifiers = HashMap::from([("persistence", "Local")]);
    #[cfg(not(windows))]
    let modifiers = HashMap::new();
    Entry::new_with_modifiers(SERVICE, &account, &modifiers).map_err(|e| of(e, item))
}

/// Finds the entries of `home`, on macOS those of other homes too.
fn search(home: &HomeId) -> Result<Vec<Entry>, StoreError> {
    start()?;
    // The id is of hexadecimal digits, so nothing in the expression needs escaping.
    #[cfg(windows)]
    let pattern = format!("^{}/.*\\.{SERVICE}$", home.as_str());
    #[cfg(windows)]
    let spec = HashMap::from([("pattern", pattern.as_str())]);
    #[cfg(not(windows))]
    let spec = {
        let _ = home;
        HashMap::from([("service", SERVICE)])
    };
    match Entry::search(&spec) {
        Ok(entries) => Ok(entries),
        Err(Error::NoEntry) => Ok(Vec::new()),
        Err(error) => Err(reason(&error)),
    }
}

/// Returns what `error` about `item` means for the store. Takes it over, since it may hold the value.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all others are not about the item"
)]
fn of(error: Error, item: &ItemId) -> StoreError {
    match error {
        Error::NoEntry => not_found(item),
        Error::Ambiguous(_) => StoreError::Ambiguous {
            kind: StoreKind::Keychain,
            item: item.clone(),
        },
        Error::BadEncoding(_) | Error::BadDataFormat(..) => StoreError::Damaged {
            kind: StoreKind::Keychain,
            what: item.local(),
        },
        other => reason(&other),
    }
}

/// Returns what `error` means for the store, by its kind only.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is open, and its texts are not used"
)]
fn reason(error: &Error) -> StoreError {
    match error {
        Error::NoStorageAccess(_) => StoreError::Denied(StoreKind::Keychain),
        Error::NoDefaultStore => StoreError::NoProvider,
        Error::TooLong(..) => StoreError::TooLarge(StoreKind::Keychain),
        Error::PlatformFailure(_) => failed("platform-failure"),
        Error::Invalid(..) => failed("invalid-attribute"),
        Error::NotSupportedByStore(_) => failed("not-supported"),
        _ => failed("unexpected"),
    }
}
