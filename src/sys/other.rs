//! Systems that are not Unix.

use std::path::PathBuf;

use std::fs::File;

use zeroize::Zeroizing;

use super::{Guard, Hardening, HiddenError};

/// Keeps this process's memory to itself, as far as the system lets it.
#[must_use]
pub fn harden() -> Hardening {
    Hardening {
        process: Guard::NotHere,
        core_dumps: Guard::NotHere,
    }
}

/// Returns the home folder the system has for the user where the environment names none.
#[must_use]
pub fn account_home() -> Option<PathBuf> {
    None
}

/// Shows `prompt` and reads one line without showing it, on the console whatever the files are.
///
/// # Errors
/// See [`HiddenError`].
pub fn read_hidden(
    _screen: &mut File,
    _answers: &mut File,
    prompt: &str,
) -> Result<Zeroizing<Vec<u8>>, HiddenError> {
    let typed = rpassword::prompt_password(format!("{prompt} "))?;
    Ok(Zeroizing::new(typed.into_bytes()))
}

/// Tells whether nobody is left who could read what is written; that is not asked there, and is found out
/// by writing.
#[must_use]
pub fn is_closed<T>(_file: &T) -> bool {
    false
}

/// Runs `work`; there are no signals to block.
pub fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// There are no signals to hold back.
#[derive(Debug)]
pub struct HeldSignals;

impl HeldSignals {
    /// Does nothing.
    ///
    /// # Errors
    /// None.
    pub fn hold() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Returns that none has come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        false
    }
}
