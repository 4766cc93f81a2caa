//! A secret as `list` and `show` tell it: everything but the value.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::catalog::Record;
use crate::config::Config;
use crate::secret::{Length, Reference, SecretName, State};
use crate::store::{StoreKind, Version};

/// One secret. The fields are part of the command contract.
#[derive(Debug, Serialize)]
pub(super) struct Summary<'a> {
    pub(super) name: &'a SecretName,
    pub(super) store: StoreKind,
    pub(super) version: Version,
    pub(super) created: Timestamp,
    pub(super) rotated: Timestamp,
    pub(super) rotate_every: Option<&'a Length>,
    pub(super) due: Option<Timestamp>,
    pub(super) state: State,
    pub(super) expires: Option<Date>,
    pub(super) note: Option<&'a str>,
    pub(super) url: Option<&'a str>,
    pub(super) servers: Vec<&'a str>,
    pub(super) last_used: Option<Timestamp>,
    pub(super) previous: Option<Previous>,
}

/// The version that is kept beside the current one.
#[derive(Debug, Serialize)]
pub(super) struct Previous {
    version: Version,
    until: Option<Timestamp>,
}

impl<'a> Summary<'a> {
    pub(super) fn of(
        record: &'a Record,
        config: &'a Config,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Self {
        let previous = record.previous();
        Self {
            name: &record.name,
            store: record.store,
            version: record.current,
            created: record.created,
            rotated: record.rotated,
            rotate_every: record.rotate_every.as_ref(),
            due: record.due(zone),
            state: record.state(now, zone),
            expires: record.expires,
            note: record.note.as_deref(),
            url: record.url.as_deref(),
            servers: servers_of(&record.name, config),
            last_used: None,
            previous: previous.map(|p| Previous {
                version: p.version,
                until: p.kept_until,
            }),
        }
    }
}

/// Returns the labels of the servers of `broker.toml` that refer to a secret.
pub(super) fn servers_of<'a>(name: &SecretName, config: &'a Config) -> Vec<&'a str> {
    let refers = |text: &String| matches!(Reference::find(text), Ok(Some(r)) if r.name == *name);
    config
        .servers
        .iter()
        .filter(|(_, server)| server.env.values().any(refers))
        .map(|(label, _)| label.as_str())
        .collect()
}
