//! Writing the log: every command that touches a secret or what is allowed says so before it does it.

use jiff::Timestamp;

use super::context::Context;
use super::failure::Failure;
use super::permission::ensure_thawed;
use super::person::Person;
use super::stores::OpenStores;
use crate::audit::{Action, Caller, Entry, Log, Outcome, Position};
use crate::catalog::Home;
use crate::policy::Command;
use crate::secret::SecretName;
use crate::store::Version;

/// Something that is about to be done, as the log will tell it.
#[derive(Clone, Debug)]
pub(super) struct Event(Entry);

impl Event {
    /// An event of this process.
    pub(super) fn new(action: Action) -> Self {
        let mut entry = Entry::new(action, Outcome::Intent);
        entry.caller = Some(Caller::here());
        Self(entry)
    }

    /// Names a secret.
    pub(super) fn secret(mut self, name: &SecretName, version: Option<Version>) -> Self {
        self.0.secrets.push((name.clone(), version));
        self
    }

    /// Names several, each once.
    pub(super) fn secrets<'a>(self, names: impl IntoIterator<Item = &'a SecretName>) -> Self {
        names.into_iter().fold(self, |event, name| {
            let mut known = event.0.secrets.iter();
            if known.any(|(known, _)| known == name) {
                event
            } else {
                event.secret(name, None)
            }
        })
    }

    /// Names what a command is: server, program and secrets, never its arguments.
    pub(super) fn command(mut self, command: &Command) -> Self {
        self.0.server = command.server.clone();
        self.0.program = Some(command.program.path.to_string());
        if self.0.secrets.is_empty() {
            let secrets = command.secrets();
            self.0.secrets = secrets
                .into_iter()
                .map(|s| (s.name.clone(), None))
                .collect();
        }
        self
    }

    /// Names secrets with the versions that are meant.
    pub(super) fn versions<'a>(
        mut self,
        secrets: impl IntoIterator<Item = (&'a SecretName, Version)>,
    ) -> Self {
        let named = |(name, version): (&SecretName, Version)| (name.clone(), Some(version));
        self.0.secrets = secrets.into_iter().map(named).collect();
        self
    }

    /// Says more.
    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Says more, if there is more to say.
    pub(super) fn detail_if(self, detail: Option<String>) -> Self {
        match detail {
            Some(detail) => self.detail(detail),
            None => self,
        }
    }

    /// Says that nobody was asked.
    pub(super) fn unattended(mut self, unattended: bool) -> Self {
        self.0.unattended = unattended;
        self
    }

    /// Returns who asked: the client, or the program that started broker.
    pub(super) fn by(&self) -> String {
        let caller = self.0.caller.as_ref();
        let client = caller.and_then(|caller| caller.client.clone());
        let parent = || caller.and_then(|caller| caller.chain.first().map(|p| p.name.clone()));
        client
            .or_else(parent)
            .unwrap_or_else(|| "unknown".to_owned())
    }

    /// Writes the entry with this outcome, durably.
    ///
    /// # Errors
    /// `audit-unwritable`.
    pub(super) fn write(
        &self,
        outcome: Outcome,
        home: &Home,
        context: &Context,
    ) -> Result<Position, Failure> {
        let entry = Entry {
            outcome,
            ..self.0.clone()
        };
        Ok(log(home).append(&entry, context.now())?)
    }

    /// Tells the log that it did not happen, and why: refused, or failed.
    pub(super) fn withheld(&self, failure: Failure, home: &Home, context: &Context) -> Failure {
        let outcome = match failure.code {
            "frozen"
            | "secret-overdue"
            | "grant-changed"
            | "grants-invalid"
            | "rotation-command-missing"
            | "seal-missing"
            | "no-terminal"
            | "declined"
            | "not-granted" => Outcome::Refused,
            _ => Outcome::Failed,
        };
        if let Err(unwritten) = self
            .clone()
            .detail(failure.code)
            .write(outcome, home, context)
        {
            context.output.warning(&unwritten.message);
        }
        failure
    }

    /// Asks the person whether a value may leave, and tells the log if it may not: nobody is there, the answer is no, or
    /// the home is frozen.
    ///
    /// # Errors
    /// `frozen`, `no-terminal`, `declined`.
    pub(super) fn agreed(
        self,
        what: &str,
        question: &str,
        home: &Home,
        stores: &mut OpenStores,
        context: &Context,
    ) -> Result<(Person, Self), Failure> {
        let agreed = ensure_thawed(home).and_then(|()| {
            let mut person = Person::require(what, home, stores)?;
            person.agree(question)?;
            Ok(person)
        });
        let person = agreed.map_err(|failure| self.withheld(failure, home, context))?;
        let event = self.unattended(person.is_unattended());
        Ok((person, event))
    }

    /// Begins the log of a home that is being made. What an earlier attempt left is taken away first.
    ///
    /// # Errors
    /// `audit-unwritable`.
    pub(super) fn first(&self, log: &Log, now: Timestamp) -> Result<Position, Failure> {
        let entry = Entry {
            outcome: Outcome::Done,
            ..self.0.clone()
        };
        log.clear()?;
        Ok(log.create(&entry, now)?)
    }

    /// Begins a lost log anew, behind the last place that is known of it.
    ///
    /// # Errors
    /// `audit-unwritable`.
    pub(super) fn restart(
        &self,
        home: &Home,
        after: Option<&Position>,
        context: &Context,
    ) -> Result<Position, Failure> {
        let entry = Entry {
            outcome: Outcome::Done,
            ..self.0.clone()
        };
        Ok(log(home).restart(&entry, context.now(), after)?)
    }

    /// Does something that the log is told of: that it is about to be done, and how it ended.
    ///
    /// # Errors
    /// `audit-unwritable`, after which nothing was done; else what `work` gives.
    pub(super) fn around<T>(
        &self,
        home: &Home,
        context: &Context,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.write(Outcome::Intent, home, context)?;
        self.ended(work(), home, context)
    }

    /// Tells the log how something ended that it knows is about to be done.
    ///
    /// # Errors
    /// `audit-unwritable`; else what `work` gave.
    pub(super) fn ended<T>(
        &self,
        work: Result<T, Failure>,
        home: &Home,
        context: &Context,
    ) -> Result<T, Failure> {
        match work {
            Ok(done) => match self.write(Outcome::Done, home, context) {
                Ok(_) => Ok(done),
                Err(failure) => {
                    let message = format!("it was done, but {}", failure.message);
                    Err(Failure { message, ..failure })
                }
            },
            Err(failure) => Err(self.withheld(failure, home, context)),
        }
    }
}

/// The log of a home.
pub(super) fn log(home: &Home) -> Log {
    Log::of(&home.paths, &home.record.id)
}
