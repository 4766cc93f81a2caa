//! The wrapper every secret value lives in.
//!
//! It is wiped when dropped, compares in constant time, and has no `Display`, no `Serialize` and a
//! `Debug` that says nothing, so that a value cannot reach a message or a log by accident.

use std::fmt;

use secrecy::{ExposeSecret, SecretSlice};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The largest value that is stored, in bytes (1 MiB).
pub const MAX_VALUE_BYTES: usize = 1 << 20;

/// The bytes of a secret. Any bytes: not necessarily UTF-8, possibly with newlines or NULs.
pub struct SecretValue(SecretSlice<u8>);

impl SecretValue {
    /// Takes over `bytes`; the buffer given is wiped, the copy kept is of exact size.
    #[must_use]
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        // `Vec::into_boxed_slice` may move to a smaller allocation and leave the old one unwiped.
        let exact: Box<[u8]> = bytes.as_slice().into();
        Self(SecretSlice::from(exact))
    }

    /// Returns the plaintext. Each caller is an exit and needs `#[expect(clippy::disallowed_methods)]`
    /// with its reason.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that opens the wrapper"
    )]
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// Returns a second wrapped copy.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the copy is wrapped at once")]
    pub fn duplicate(&self) -> Self {
        Self::new(Zeroizing::new(self.expose().to_vec()))
    }

    /// Tells whether both hold the same bytes, in time that depends only on their lengths.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "compares, releases nothing")]
    pub fn same_as(&self, other: &Self) -> bool {
        bool::from(self.expose().ct_eq(other.expose()))
    }

    /// Returns the length in bytes, for decisions only: it is never printed or stored.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "a length, and only for decisions"
    )]
    pub fn len(&self) -> usize {
        self.expose().len()
    }

    /// Tells whether there are no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells whether the value holds a NUL byte, which no environment variable can carry.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "answers yes or no")]
    pub fn has_nul(&self) -> bool {
        self.expose().contains(&0)
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> SecretValue {
        SecretValue::new(Zeroizing::new(text.as_bytes().to_vec()))
    }

    #[test]
    fn debug_says_nothing_about_the_value() {
        assert_eq!(format!("{:?}", value("canary")), "SecretValue(hidden)");
    }

    #[test]
    fn comparison_needs_equal_bytes_and_equal_length() {
        assert!(value("abc").same_as(&value("abc")));
        assert!(!value("abc").same_as(&value("abd")));
        assert!(!value("abc").same_as(&value("ab")));
        assert!(value("abc").same_as(&value("abc").duplicate()));
    }

    #[test]
    fn a_nul_is_noticed_anywhere() {
        assert!(value("a\0").has_nul());
        assert!(!value("a").has_nul());
        assert!(value("").is_empty());
    }
}
