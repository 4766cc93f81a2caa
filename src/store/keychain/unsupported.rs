//! The keychain of a system for which none is supported.

use super::Place;
use crate::secret::SecretValue;
use crate::store::{Asking, HomeId, ItemId, Removal, StoreError, StoreKind};

const UNSUPPORTED: StoreError = StoreError::Unsupported(StoreKind::Keychain);

/// Answers every call with [`StoreError::Unsupported`].
#[derive(Debug)]
pub(super) struct Backend;

impl Backend {
    pub(super) fn new(_: Place) -> Self {
        Self
    }

    pub(super) fn read(&mut self, _: Asking, _: &[ItemId]) -> Result<Vec<SecretValue>, StoreError> {
        Err(UNSUPPORTED)
    }

    pub(super) fn write(
        &mut self,
        _: Asking,
        _: &ItemId,
        _: &SecretValue,
    ) -> Result<(), StoreError> {
        Err(UNSUPPORTED)
    }

    pub(super) fn remove(&mut self, _: Asking, _: &ItemId) -> Result<Removal, StoreError> {
        Err(UNSUPPORTED)
    }

    pub(super) fn items(&mut self, _: Asking, _: &HomeId) -> Result<Vec<ItemId>, StoreError> {
        Err(UNSUPPORTED)
    }

    pub(super) fn check(&mut self, _: Asking) -> Result<(), StoreError> {
        Err(UNSUPPORTED)
    }

    pub(super) fn unlock(&mut self, _: Asking) -> Result<(), StoreError> {
        Err(UNSUPPORTED)
    }
}
