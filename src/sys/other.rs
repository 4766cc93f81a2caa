//! Systems that are not Unix.

use std::path::PathBuf;

use super::Hardening;

/// Keeps this process's memory to itself, as far as the system lets it.
#[must_use]
pub fn harden() -> Hardening {
    // Windows Error Reporting writes no dumps of console programs unless it was told to.
    Hardening {
        process: true,
        core_dumps: true,
    }
}

/// Returns the home folder the system has for the user where the environment names none.
#[must_use]
pub fn account_home() -> Option<PathBuf> {
    None
}
