//! What can go wrong with a store, each case told apart.
//!
//! No variant holds a value, nor an error of a library that might hold one.

use crate::paths::FileError;

use super::{ItemId, StoreKind};

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No session bus answers, so there is no Secret Service to talk to.
    #[error("no session bus was found")]
    NoBus,
    /// A bus answers, but nothing on it keeps secrets.
    #[error("nothing on the session bus provides a keychain")]
    NoProvider,
    /// The provider has no collection to put items into.
    #[error("the keychain has no default collection")]
    NoCollection,
    /// The store is locked and nobody could be asked to unlock it.
    #[error("the {0} is locked")]
    Locked(StoreKind),
    /// The person dismissed the prompt to unlock.
    #[error("the prompt to unlock the {0} was dismissed")]
    Dismissed(StoreKind),
    /// The store did not answer in time.
    #[error("the {kind} did not answer within {seconds} s")]
    TimedOut {
        /// Which store.
        kind: StoreKind,
        /// How long was waited.
        seconds: u64,
    },
    /// The system refused access.
    #[error("access to the {0} was denied")]
    Denied(StoreKind),
    /// There is no such item.
    #[error("\"{item}\" is not in the {kind}")]
    NotFound {
        /// Which store.
        kind: StoreKind,
        /// The item asked for.
        item: ItemId,
    },
    /// More than one item is filed under the same account.
    #[error("the {kind} holds more than one item for \"{item}\"")]
    Ambiguous {
        /// Which store.
        kind: StoreKind,
        /// The item asked for.
        item: ItemId,
    },
    /// The value is larger than the store can keep.
    #[error("the value is too large for the {0}")]
    TooLarge(StoreKind),
    /// What is stored cannot be read: cut, altered, or not of the expected format.
    #[error("\"{what}\" in the {kind} is damaged")]
    Damaged {
        /// Which store.
        kind: StoreKind,
        /// The item or file.
        what: String,
    },
    /// The key at hand does not open the vault.
    #[error("this key does not open the vault")]
    WrongKey,
    /// The passphrase does not open the vault's identity.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The home has no such store yet.
    #[error("this home has no {0}")]
    NotSetUp(StoreKind),
    /// This system has no such store.
    #[error("there is no {0} on this system")]
    Unsupported(StoreKind),
    /// The home has such a store already.
    #[error("this home has a {0} already")]
    Exists(StoreKind),
    /// A file of the store was written by a newer broker. It is left as it is.
    #[error("\"{what}\" of the {kind} was written by a newer broker")]
    TooNew {
        /// Which store.
        kind: StoreKind,
        /// The file.
        what: String,
    },
    /// The keychain answers, but has no key for the vault.
    #[error("the key of the vault is not in the keychain")]
    NoKey,
    /// The key to change to is the one in use.
    #[error("the new key of the vault is the old one")]
    SameKey,
    /// The passphrase cannot be used for a vault.
    #[error("the passphrase {0}")]
    BadPassphrase(&'static str),
    /// The vault is not opened by a passphrase, so there is nothing to keep open.
    #[error("the vault is not opened by a passphrase")]
    NoPassphrase,
    /// The kernel keeps no keys for this process: another system, or a container that forbids it.
    #[error("this system cannot keep the vault open between commands")]
    NoKeyring,
    /// A file of the store could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The provider answered with an error of its own. Holds its error name, never its text.
    #[error("the {kind} answered with an error ({name})")]
    Failed {
        /// Which store.
        kind: StoreKind,
        /// The protocol's or system's name of the error.
        name: String,
    },
}

impl StoreError {
    /// Returns the stable code of this case, as documented in `broker(1)`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoBus => "store-unavailable",
            Self::NoProvider => "store-no-provider",
            Self::NoCollection => "store-no-collection",
            Self::Locked(_) => "store-locked",
            Self::Dismissed(_) => "store-dismissed",
            Self::TimedOut { .. } => "store-timeout",
            Self::Denied(_) => "store-denied",
            Self::NotFound { .. } => "value-not-found",
            Self::Ambiguous { .. } => "store-ambiguous",
            Self::TooLarge(_) => "value-too-large",
            Self::Damaged { .. } => "store-damaged",
            Self::WrongKey => "vault-wrong-key",
            Self::WrongPassphrase => "vault-wrong-passphrase",
            Self::NotSetUp(_) => "store-not-set-up",
            Self::Unsupported(_) => "store-unsupported",
            Self::Exists(_) => "store-exists",
            Self::TooNew { .. } => "store-too-new",
            Self::NoKey => "vault-no-key",
            Self::SameKey => "vault-same-key",
            Self::BadPassphrase(_) => "passphrase-invalid",
            Self::NoPassphrase => "vault-no-passphrase",
            Self::NoKeyring => "vault-no-keyring",
            Self::File(error) => error.code(),
            Self::Failed { .. } => "store-failed",
        }
    }
}
