//! What a secret is: its name, its value, references to it, its schedule.
//!
//! Pure types and rules, no I/O. A value is held by [`SecretValue`] from the moment it is read until
//! it is written to a store or put into a server's environment.
#![forbid(unsafe_code)]

mod name;
mod reference;
mod value;

pub use name::{MAX_NAME_BYTES, NameError, SecretName};
pub use reference::{Reference, ReferenceError, SCHEME};
pub use value::{MAX_VALUE_BYTES, SecretValue};
