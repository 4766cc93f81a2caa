//! What was allowed, as a backup holds it.
//!
//! It allows nothing: the marks that would prove it are left out, and what comes back is asked for again. So it is read
//! leniently, command by command, and what is not understood is counted.

use serde_json::Value;

use super::{Command, Grants};

/// The commands of a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Those that were allowed to be started.
    pub grants: Vec<Command>,
    /// Those that make new values of secrets.
    pub rotations: Vec<Command>,
    /// How many were not understood.
    pub unknown: usize,
}

impl Grants {
    /// Returns everything that was allowed, as a backup holds it.
    #[must_use]
    pub fn for_backup(&self) -> Option<Value> {
        let mut value = serde_json::to_value(self).ok()?;
        value.as_object_mut()?.remove("seals");
        Some(value)
    }
}

impl BackedUp {
    /// Reads what a backup holds.
    #[must_use]
    pub fn read(value: Option<&Value>) -> Self {
        let mut unknown = 0_usize;
        let mut commands = |list: &str| -> Vec<Command> {
            let found = value.and_then(|value| value.get(list)?.as_array());
            let all = found.into_iter().flatten().map(|allowed| {
                let command = allowed.get("command")?;
                serde_json::from_value(command.clone()).ok()
            });
            all.inspect(|read: &Option<_>| {
                unknown = unknown.saturating_add(usize::from(read.is_none()))
            })
            .flatten()
            .collect()
        };
        Self {
            grants: commands("grants"),
            rotations: commands("rotations"),
            unknown,
        }
    }
}
