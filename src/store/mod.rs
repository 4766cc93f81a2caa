//! Where values live: the contract of a store, and the two stores that keep it.
//!
//! A store knows nothing of names people gave, schedules or servers: it files bytes under an
//! [`ItemId`] and gives the same bytes back. Everything else about a secret is in `catalog`.
#![forbid(unsafe_code)]

mod error;
mod item;
pub mod keychain;
pub mod vault;

pub use error::StoreError;
pub use item::{HomeId, ItemId, Version};
pub use vault::Vault;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::secret::SecretValue;

/// The stores there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// The keychain of the operating system.
    Keychain,
    /// Files encrypted with age.
    Vault,
}

impl StoreKind {
    /// Returns the word used for it in flags, files and messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keychain => "keychain",
            Self::Vault => "vault",
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What [`Store::remove`] found.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The item was there and is gone now.
    Removed,
    /// There was no such item.
    Absent,
}

/// Whether a store may ask the person to unlock it and wait for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Somebody may be there to answer: a locked store asks and waits, 30 s at most.
    Allowed,
    /// Nobody can answer: a locked store is an error at once.
    Never,
}

/// A place that keeps values.
///
/// Every store keeps the same contract, and one suite (`tests/contract.rs`) holds them to it:
///
/// * Bytes come back exactly as they went in, the empty value and any byte included.
/// * `Ok` from a writing call means durable. An error means the item is as it was before, or as it
///   was asked to become; never anything in between, and no other item is touched.
/// * A locked, unreachable, hung or damaged store is an error of its own kind and never looks like an
///   absent item.
/// * Every call ends within a deadline.
/// * No error holds any part of a value.
pub trait Store {
    /// Says which store this is.
    fn kind(&self) -> StoreKind;

    /// Reads all `items` in one batch, in their order.
    ///
    /// # Errors
    /// All or nothing: the first item that is absent is [`StoreError::NotFound`].
    fn read(&mut self, items: &[ItemId]) -> Result<Vec<SecretValue>, StoreError>;

    /// Files `value` under `item`, replacing what was there.
    ///
    /// # Errors
    /// See [`StoreError`]; the item then holds its old value or the new one.
    fn write(&mut self, item: &ItemId, value: &SecretValue) -> Result<(), StoreError>;

    /// Removes `item`. Removing what is not there is no error, and is told by the answer.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn remove(&mut self, item: &ItemId) -> Result<Removal, StoreError>;

    /// Lists the items of `home`, in no particular order, reading no value.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn items(&mut self, home: &HomeId) -> Result<Vec<ItemId>, StoreError>;

    /// Finds out whether the store can be reached and is open, without asking anybody and without
    /// reading a value. Gives the error a call with [`Asking::Never`] would give.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn check(&mut self) -> Result<(), StoreError>;
}
