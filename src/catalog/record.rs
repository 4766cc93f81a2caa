//! What the catalog keeps about one secret.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::CatalogError;
use crate::secret::{Length, SecretName, State, WhenOverdue, judge};
use crate::store::{StoreKind, Version};

/// One secret, without its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Random, and the same for the life of the secret: what permissions hold on to.
    pub id: String,
    /// What it is called.
    pub name: SecretName,
    /// The name its items are filed under, where that is not `name` to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed_as: Option<SecretName>,
    /// Where its values are.
    pub store: StoreKind,
    /// The version that is given to servers.
    pub current: Version,
    /// Every version there has been, in order.
    pub versions: Vec<VersionRecord>,
    /// When it was first set.
    pub created: Timestamp,
    /// When the current value was set.
    pub rotated: Timestamp,
    /// How often it is to be rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate_every: Option<Length>,
    /// The last day its issuer takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Date>,
    /// What is done when it is to be given out and its time is over; `None` for a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_overdue: Option<WhenOverdue>,
    /// The user's own remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The page where its issuer rotates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One version of a secret, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRecord {
    /// Its number.
    pub version: Version,
    /// When it was set.
    pub created: Timestamp,
    /// Until when it is kept although it is no longer the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<Timestamp>,
    /// When it was removed from its store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Timestamp>,
}

impl VersionRecord {
    /// Tells whether it is kept although its time was over at `now`.
    #[must_use]
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.removed.is_none() && self.kept_until.is_some_and(|until| until <= now)
    }
}

/// An item that may be in a store and belongs to no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// Where it may be.
    pub store: StoreKind,
    /// What it is filed under.
    pub name: SecretName,
    /// Which version.
    pub version: Version,
}

impl Record {
    /// Returns the record of a secret that is first set at `now`, under a random `id`, with no schedule and
    /// no remark.
    #[must_use]
    pub fn first(id: String, name: SecretName, store: StoreKind, now: Timestamp) -> Self {
        let version = Version::FIRST;
        Self {
            id,
            name,
            filed_as: None,
            store,
            current: version,
            versions: vec![VersionRecord {
                version,
                created: now,
                kept_until: None,
                removed: None,
            }],
            created: now,
            rotated: now,
            rotate_every: None,
            expires: None,
            when_overdue: None,
            note: None,
            url: None,
        }
    }

    /// Returns the number of the next version, which no version ever had.
    ///
    /// # Errors
    /// [`CatalogError::Exhausted`].
    pub fn next_version(&self) -> Result<Version, CatalogError> {
        let numbers = self.versions.iter().map(|v| v.version.0);
        let next = numbers.max().unwrap_or(0).checked_add(1).map(Version);
        next.ok_or_else(|| CatalogError::Exhausted(self.name.clone()))
    }

    /// Returns the name its items are filed under.
    #[must_use]
    pub fn filed_as(&self) -> &SecretName {
        self.filed_as.as_ref().unwrap_or(&self.name)
    }

    /// Returns the versions that are in the store.
    pub fn live(&self) -> impl Iterator<Item = Version> {
        self.versions
            .iter()
            .filter(|v| v.removed.is_none())
            .map(|v| v.version)
    }

    /// Returns the version that is kept beside the current one, if any.
    #[must_use]
    pub fn previous(&self) -> Option<&VersionRecord> {
        self.versions
            .iter()
            .rev()
            .find(|v| v.version != self.current && v.removed.is_none())
    }

    /// Returns when it is to be rotated, reckoned in `zone`.
    #[must_use]
    pub fn due(&self, zone: &TimeZone) -> Option<Timestamp> {
        self.rotate_every.as_ref()?.after(self.rotated, zone)
    }

    /// Judges how it stands at the moment `now`.
    pub fn state(&self, now: Timestamp, zone: &TimeZone) -> State {
        judge(self.due(zone), self.expires, now, zone)
    }

    /// Notes until when a version is kept beside the current one.
    pub(super) fn set_kept(&mut self, version: Version, until: Option<Timestamp>) {
        for kept in self.versions.iter_mut().filter(|v| v.version == version) {
            kept.kept_until = until;
        }
    }

    /// Tells whether the versions are in order and the current one is among the living.
    pub(super) fn is_consistent(&self) -> bool {
        let ascending = self.versions.windows(2).all(|pair| match pair {
            [a, b] => a.version < b.version,
            _ => true,
        });
        ascending && self.live().any(|v| v == self.current)
    }

    /// Returns the store items of the living versions.
    pub(super) fn pending_items(&self) -> Vec<Pending> {
        let item = |version| Pending {
            store: self.store,
            name: self.filed_as().clone(),
            version,
        };
        self.live().map(item).collect()
    }
}
