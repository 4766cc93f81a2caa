//! A secret as `list` and `show` tell it: everything but the value.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::context::Context;
use super::failure::Failure;
use super::permission::Permissions;
use super::usage::Usage;
use crate::catalog::{Home, Record};
use crate::config::Config;
use crate::policy::{Grant, Rotation};
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
    pub(super) servers: Vec<String>,
    pub(super) last_used: Option<Timestamp>,
    pub(super) previous: Option<Previous>,
    /// Whether it has a rotation command. No field of the contract.
    #[serde(skip)]
    pub(super) has_command: bool,
}

/// The version that is kept beside the current one.
#[derive(Debug, Serialize)]
pub(super) struct Previous {
    version: Version,
    until: Option<Timestamp>,
}

impl<'a> Summary<'a> {
    pub(super) fn of(record: &'a Record, users: &Users, now: Timestamp, zone: &TimeZone) -> Self {
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
            servers: users.of_secret(record),
            last_used: users.usage.last_of(&record.name),
            previous: previous.map(|p| Previous {
                version: p.version,
                until: p.kept_until,
            }),
            has_command: users.rotation_of(record).is_some(),
        }
    }
}

/// Who uses the secrets of a home: the servers that are allowed, those `broker.toml` defines, and what the log
/// tells of them.
#[derive(Debug)]
pub(super) struct Users {
    grants: Vec<Grant>,
    rotations: Vec<Rotation>,
    config: Config,
    usage: Usage,
}

impl Users {
    /// Looks at the grants, the settings and the log. A log that cannot be read tells nothing, with a warning.
    ///
    /// # Errors
    /// `config-invalid`.
    pub(super) fn of(home: &Home, context: &Context) -> Result<Self, Failure> {
        let permissions = Permissions::load(home, &context.output);
        let grants = permissions.all().into_iter().cloned().collect();
        let usage = Usage::of(home).unwrap_or_else(|failure| {
            context.output.warning(&failure.message);
            Usage::default()
        });
        Ok(Self {
            grants,
            rotations: permissions.rotations().cloned().collect(),
            config: context.config()?,
            usage,
        })
    }

    /// Returns the servers that use a secret: by their labels, or where one has none, by its program.
    pub(super) fn of_secret(&self, record: &Record) -> Vec<String> {
        let refers =
            |text: &String| matches!(Reference::find(text), Ok(Some(r)) if r.name == record.name);
        let defined = self.config.servers.iter();
        let defined = defined.filter(|(_, server)| server.env.values().any(refers));
        let given = |grant: &&Grant| grant.command.secrets().iter().any(|s| s.id == record.id);
        let allowed = self.grants.iter().filter(given).map(|grant| {
            let command = &grant.command;
            command
                .server
                .clone()
                .unwrap_or_else(|| command.program.path.to_string())
        });
        let mut servers: Vec<String> = defined
            .map(|(label, _)| label.clone())
            .chain(allowed)
            .collect();
        servers.sort();
        servers.dedup();
        servers
    }

    /// Returns the rotation command of a secret.
    pub(super) fn rotation_of(&self, record: &Record) -> Option<&Rotation> {
        let mut rotations = self.rotations.iter();
        rotations.find(|rotation| rotation.is_of(&record.id))
    }

    /// Returns the servers of `broker.toml` that refer to a name.
    pub(super) fn refer_to(&self, name: &SecretName) -> Vec<&str> {
        let refers =
            |text: &String| matches!(Reference::find(text), Ok(Some(r)) if r.name == *name);
        let defined = self.config.servers.iter();
        defined
            .filter(|(_, server)| server.env.values().any(refers))
            .map(|(label, _)| label.as_str())
            .collect()
    }
}
