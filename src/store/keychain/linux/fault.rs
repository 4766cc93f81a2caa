//! What an error of the bus or of the service means.
//!
//! Only the name of an error is looked at and kept. Its text comes from outside and may hold
//! anything, so it is dropped here.

use zbus::{DBusError, Error};

use super::super::failed;
use crate::store::{StoreError, StoreKind};

/// The name D-Bus has for a connection that ended.
const DISCONNECTED: &str = "org.freedesktop.DBus.Error.Disconnected";
/// The name D-Bus has for an answer that is not what it should be.
const INCONSISTENT: &str = "org.freedesktop.DBus.Error.InconsistentMessage";

/// Returns what `error` means for the store.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is open, and all others are about an answer that cannot be read"
)]
pub(super) fn of(error: &Error) -> StoreError {
    match error {
        Error::MethodError(name, _, _) => named(name),
        Error::FDO(error) => named(&error.name()),
        Error::InputOutput(_) | Error::Handshake(_) => failed(DISCONNECTED),
        Error::Connection(..) => StoreError::NoBus,
        _ => malformed(),
    }
}

/// Returns what the error called `name` means for the store. The names are those of the D-Bus
/// reference implementation and of the Secret Service API, section "Errors".
fn named(name: &str) -> StoreError {
    match name {
        "org.freedesktop.DBus.Error.ServiceUnknown"
        | "org.freedesktop.DBus.Error.NameHasNoOwner" => StoreError::NoProvider,
        spawn if spawn.starts_with("org.freedesktop.DBus.Error.Spawn.") => StoreError::NoProvider,
        "org.freedesktop.Secret.Error.IsLocked" => StoreError::Locked(StoreKind::Keychain),
        "org.freedesktop.DBus.Error.AccessDenied" | "org.freedesktop.DBus.Error.AuthFailed" => {
            StoreError::Denied(StoreKind::Keychain)
        }
        // The grammar of names is that of the D-Bus specification, so nothing in it needs escaping.
        other => failed(other),
    }
}

/// Makes the error for an answer that is not of the form it should have.
pub(super) fn malformed() -> StoreError {
    failed(INCONSISTENT)
}

/// Makes the error for a connection that ended.
pub(super) fn disconnected() -> StoreError {
    failed(DISCONNECTED)
}

/// Tells whether `error` says that an object is not there (any more).
pub(super) fn is_gone(error: &StoreError) -> bool {
    matches!(error, StoreError::Failed { name, .. }
        if name == "org.freedesktop.Secret.Error.NoSuchObject"
        || name == "org.freedesktop.DBus.Error.UnknownObject")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let code = |name: &str| named(name).code();
        assert_eq!(
            code("org.freedesktop.DBus.Error.ServiceUnknown"),
            "store-no-provider"
        );
        assert_eq!(
            code("org.freedesktop.DBus.Error.Spawn.ChildExited"),
            "store-no-provider"
        );
        assert_eq!(
            code("org.freedesktop.Secret.Error.IsLocked"),
            "store-locked"
        );
        assert_eq!(
            code("org.freedesktop.DBus.Error.AccessDenied"),
            "store-denied"
        );
        assert_eq!(code("org.example.Other"), "store-failed");
    }

    #[test]
    fn the_text_of_an_error_is_not_kept() {
        let error = Error::FDO(Box::new(zbus::fdo::Error::Failed("canary".to_owned())));
        let mapped = of(&error);
        assert!(!format!("{mapped} {mapped:?}").contains("canary"));
        let error = Error::Failure("canary".to_owned());
        assert!(!format!("{:?}", of(&error)).contains("canary"));
    }
}
