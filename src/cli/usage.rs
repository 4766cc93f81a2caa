//! Who used what, and when, as the log tells it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::audited::log;
use super::failure::Failure;
use crate::audit::{Action, Caller, Outcome, Recorded};
use crate::catalog::Home;
use crate::policy::Command;
use crate::secret::SecretName;

/// What happened with one server.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) releases: u64,
    pub(super) refused: u64,
    /// Who asked, by the client that was recognised.
    pub(super) clients: Vec<String>,
    /// The last start that was announced, and when the one before it was: it may yet have been refused.
    announced: Option<(Option<Caller>, Option<Timestamp>)>,
}

/// What the log says about uses. Refused, failed and announced starts are told apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Usage {
    /// By label and program.
    servers: BTreeMap<(Option<String>, String), Used>,
    secrets: BTreeMap<SecretName, Timestamp>,
}

impl Usage {
    /// Reads the whole log.
    ///
    /// # Errors
    /// `audit-unreadable`.
    pub(super) fn of(home: &Home) -> Result<Self, Failure> {
        let mut usage = Self::default();
        for entry in log(home).oldest()? {
            usage.take(entry?);
        }
        Ok(usage)
    }

    fn take(&mut self, entry: Recorded) {
        let names: Vec<SecretName> = entry
            .secrets
            .iter()
            .filter_map(|n| n.parse().ok())
            .collect();
        let is = |outcome: Outcome| entry.outcome == outcome.word();
        if entry.is(Action::Rename) && is(Outcome::Done) {
            // A renamed secret keeps its history.
            if let [old, new] = names.as_slice()
                && let Some(time) = self.secrets.remove(old)
            {
                self.secrets.insert(new.clone(), time);
            }
            return;
        }
        let Some(program) = entry.program.as_ref().filter(|_| entry.is(Action::Exec)) else {
            return;
        };
        let used = self
            .servers
            .entry((entry.server.clone(), program.clone()))
            .or_default();
        let client = entry
            .caller
            .as_ref()
            .and_then(|caller| caller.client.clone());
        if let Some(client) = client.filter(|client| !used.clients.contains(client)) {
            used.clients.push(client);
        }
        if is(Outcome::Intent) {
            used.first.get_or_insert(entry.time);
            used.announced = Some((entry.caller.clone(), used.last));
            used.last = Some(entry.time);
            used.releases = used.releases.saturating_add(1);
            for name in names {
                self.secrets.insert(name, entry.time);
            }
            return;
        }
        used.refused = used.refused.saturating_add(u64::from(is(Outcome::Refused)));
        // What was announced by the same process was not given out after all.
        match used.announced.take() {
            Some((caller, before)) if caller == entry.caller => {
                used.releases = used.releases.saturating_sub(1);
                used.last = before;
                used.first = used.first.filter(|_| before.is_some());
            }
            other => used.announced = other,
        }
    }

    /// What is known of a command: its label and program.
    pub(super) fn of_command(&self, command: &Command) -> Option<&Used> {
        let key = (command.server.clone(), command.program.path.to_string());
        self.servers.get(&key)
    }

    /// Every server that appears in the log, by label and program.
    pub(super) fn servers(&self) -> &BTreeMap<(Option<String>, String), Used> {
        &self.servers
    }

    /// When a secret was last given to a server.
    pub(super) fn last_of(&self, name: &SecretName) -> Option<Timestamp> {
        self.secrets.get(name).copied()
    }
}
