//! What the files of clients said when a person last accepted it, and what is different now.
//!
//! An entry names a program that its client will start, so whoever can write the file chooses what runs. A [`Baseline`]
//! holds every entry of every file that was found, broker's or not, and [`differences`] says by name what appeared or
//! changed since.
//!
//! It holds no text that may be a secret. Programs and arguments stand in it as they are, unless something in them looks
//! like a secret; of every other text there is a mark under the key of the home's seal, bound to its place: without the
//! key nobody can tell which text it was, not even by trying likely ones.
#![forbid(unsafe_code)]

mod difference;
mod file;
mod look;
mod record;

pub use difference::{Change, Difference, How, differences};
pub use file::{Baseline, BaselineError};
pub use look::{Looked, Sought, is_as_before, look, sought};
pub use record::{KnownEntry, KnownFile, KnownText, Recorded};

#[cfg(all(test, unix))]
mod tests;
