//! The file that a baseline is kept in, and whether it is the one broker wrote last.

use serde::{Deserialize, Serialize};

use super::record::KnownFile;
use crate::catalog::CatalogError;
use crate::catalog::document::{parse, to_json};
use crate::policy::Seal;
use crate::store::{HomeId, StoreKind};

const FORMAT: u32 = 1;

/// What the mark of the whole file is for, see [`Seal::mark`].
const WHOLE: &str = "broker clients 1";

/// What every file said when a person last accepted it.
///
/// It counts only with a mark under the key of the seal in its store, and with a number that is not below the one that
/// the seal knows. The file is written before the seal is moved on: in between, its number is above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    format: u32,
    home: HomeId,
    store: StoreKind,
    number: u64,
    files: Vec<KnownFile>,
    /// The HMAC-SHA-256 of the above under the key of the store's seal, in hexadecimal.
    mark: String,
}

/// Why a baseline does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// It does not carry the mark of the seal.
    #[error("it was not written by broker, or was changed")]
    Forged,
    /// It is not the last one.
    #[error("it is not the last one that broker wrote")]
    Replayed,
}

impl Baseline {
    /// Makes one, marked with the key of the seal in `store`.
    #[must_use]
    pub fn new(
        home: HomeId,
        store: StoreKind,
        number: u64,
        files: Vec<KnownFile>,
        seal: &Seal,
    ) -> Self {
        let mut made = Self {
            format: FORMAT,
            home,
            store,
            number,
            files,
            mark: String::new(),
        };
        made.mark = seal.mark(WHOLE, &made.marked());
        made
    }

    /// Reads the file that is called `file` in errors.
    ///
    /// # Errors
    /// See [`parse`].
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, CatalogError> {
        parse(file, bytes, FORMAT)
    }

    /// Writes the file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(self)
    }

    /// Checks that this is what broker wrote last for that home. `seal` is that of its store.
    ///
    /// # Errors
    /// See [`BaselineError`].
    pub fn check(&self, home: &HomeId, seal: &Seal) -> Result<(), BaselineError> {
        if self.home != *home || !seal.knows(WHOLE, &self.marked(), &self.mark) {
            Err(BaselineError::Forged)
        } else if self.number < seal.baseline() {
            Err(BaselineError::Replayed)
        } else {
            Ok(())
        }
    }

    /// Returns the store whose seal knows it.
    #[must_use]
    pub fn store(&self) -> StoreKind {
        self.store
    }

    /// Returns the number that grows with each change.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the files.
    #[must_use]
    pub fn files(&self) -> &[KnownFile] {
        &self.files
    }

    /// Everything but the mark, in a fixed order.
    fn marked(&self) -> Vec<u8> {
        let whole = (&self.home, self.store, self.number, &self.files);
        serde_json::to_vec(&whole).unwrap_or_default()
    }
}
