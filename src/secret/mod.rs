//! What a secret is: its name, its value, references to it, its schedule.
//!
//! Pure types and rules, no I/O. A value is held by [`SecretValue`] from the moment it is read until
//! it is written to a store or put into a server's environment.
#![forbid(unsafe_code)]

mod generate;
mod name;
mod reference;
mod schedule;
mod value;

pub use generate::{GenerateError, Recipe};
pub use name::{MAX_NAME_BYTES, NameError, SecretName};
pub use reference::{Reference, ReferenceError, SCHEME};
pub use schedule::{
    DateError, Length, LengthError, State, WhenOverdue, WhenOverdueError, end_of, judge, parse_date,
};
pub use value::{MAX_VALUE_BYTES, SecretValue};
