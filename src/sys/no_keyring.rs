//! Systems without kernel keyrings.

use zeroize::Zeroizing;

use super::KeyringError;

/// Keeps nothing.
///
/// # Errors
/// Always [`KeyringError::Unavailable`].
pub fn keep_key(_: &str, _: &[u8], _: u32) -> Result<(), KeyringError> {
    Err(KeyringError::Unavailable)
}

/// Finds nothing.
///
/// # Errors
/// Always [`KeyringError::Unavailable`].
pub fn find_key(_: &str, _: usize) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
    Err(KeyringError::Unavailable)
}

/// Has nothing to drop.
///
/// # Errors
/// Always [`KeyringError::Unavailable`].
pub fn drop_key(_: &str) -> Result<bool, KeyringError> {
    Err(KeyringError::Unavailable)
}
