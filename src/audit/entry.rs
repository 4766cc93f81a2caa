//! An entry: what it says, and the line it is written as.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::{self, Hash, Position};
use super::{Caller, ENTRY_BYTES, Problem};
use crate::secret::SecretName;
use crate::store::Version;
use crate::text::escaped_json;

/// Writes an enum whose cases are words, with the words in one place.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$case_about:meta])* $case:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$case_about])* $case,)*
        }

        impl $name {
            /// Every case.
            pub const ALL: &[Self] = &[$(Self::$case,)*];

            /// Returns the stable word of this case.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$case => $word,)*
                }
            }
        }
    };
}

words! {
    /// What was done, or was to be.
    Action {
        /// A home was made, or got another store.
        Init = "init",
        /// A secret was stored.
        Set = "set",
        /// Secrets were taken from a file.
        Import = "import",
        /// Secrets were moved out of a client's file.
        Protect = "protect",
        /// A server was added to a client's file.
        Add = "add",
        /// What is known about a secret was changed.
        Edit = "edit",
        /// A secret was removed.
        Remove = "remove",
        /// A secret was given another name.
        Rename = "rename",
        /// A secret was moved to another store.
        Migrate = "migrate",
        /// A backup was made, or restored.
        Backup = "backup",
        /// A client's file got values in plain text back.
        Restore = "restore",
        /// A value was shown to a person.
        Reveal = "reveal",
        /// A value was replaced by a new one.
        Rotate = "rotate",
        /// A value was replaced by the one before.
        Rollback = "rollback",
        /// A server was started.
        Exec = "exec",
        /// A server was tried out with a new value.
        Probe = "probe",
        /// Permission was asked for.
        Request = "request",
        /// Permission was given.
        Allow = "allow",
        /// Permission was taken back.
        Revoke = "revoke",
        /// What changed in the files of clients was accepted.
        Accept = "accept",
        /// Releases were stopped.
        Freeze = "freeze",
        /// Releases were let go on.
        Thaw = "thaw",
        /// A vault was unlocked, locked or given another key.
        Vault = "vault",
        /// The log itself was mended or begun anew.
        Log = "log",
        /// The seal was made or changed.
        Seal = "seal",
    }
}

words! {
    /// How it came out.
    Outcome {
        /// It was about to be done.
        Intent = "intent",
        /// It was done.
        Done = "done",
        /// It was tried and not done.
        Failed = "failed",
        /// It was not let happen.
        Refused = "refused",
        /// Something that was broken was mended.
        Repaired = "repaired",
    }
}

/// What is to be written. Names and numbers alone: no value, no argument, no digest.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was done.
    pub action: Action,
    /// How it came out.
    pub outcome: Outcome,
    /// The server's label.
    pub server: Option<String>,
    /// The program, by its path.
    pub program: Option<String>,
    /// The secrets, and the version of each where it is known.
    pub secrets: Vec<(SecretName, Option<Version>)>,
    /// Who asked.
    pub caller: Option<Caller>,
    /// What else is to be known.
    pub detail: Option<String>,
    /// Whether it was done without the person it would have needed, in a home that allows that.
    pub unattended: bool,
}

/// An entry that was read. Words stay text: a newer broker may have more of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// Its number, counted from 1.
    pub seq: u64,
    /// When it was written, by the clock of the system.
    pub time: Timestamp,
    /// What was done, see [`Action`].
    pub action: String,
    /// How it came out, see [`Outcome`].
    pub outcome: String,
    /// The server's label.
    pub server: Option<String>,
    /// The program, by its path.
    pub program: Option<String>,
    /// The names of the secrets.
    pub secrets: Vec<String>,
    /// Their versions, in the same order.
    pub versions: Vec<Option<u32>>,
    /// Who asked.
    pub caller: Option<Caller>,
    /// What else is to be known.
    pub detail: Option<String>,
    /// Whether it was done without the person it would have needed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unattended: bool,
    /// Whether the clock stood before the time of the entry before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clock_back: bool,
    /// The hash of the lost entry that this first entry of a log begun anew follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Hash>,
    /// Its own hash. Not written with it: the chain adds it.
    #[serde(skip_serializing)]
    pub hash: Hash,
}

/// The line of an entry, as it is written but for the hash.
#[derive(Serialize)]
struct Body<'a> {
    seq: u64,
    time: Timestamp,
    action: &'static str,
    outcome: &'static str,
    server: Option<&'a str>,
    program: Option<&'a str>,
    secrets: Vec<&'a str>,
    versions: Vec<Option<u32>>,
    caller: Option<&'a Caller>,
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unattended: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    clock_back: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a Hash>,
}

/// What an entry is written behind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    pub(super) position: Position,
    /// When that entry was written, if it is known.
    pub(super) time: Option<Timestamp>,
    /// Its hash is to stand in the line, since the entry itself is lost.
    pub(super) lost: Option<&'a Hash>,
}

impl Entry {
    /// Returns an entry that says no more than this.
    #[must_use]
    pub const fn new(action: Action, outcome: Outcome) -> Self {
        Self {
            action,
            outcome,
            server: None,
            program: None,
            secrets: Vec::new(),
            caller: None,
            detail: None,
            unattended: false,
        }
    }

    /// Names the server.
    #[must_use]
    pub fn server(mut self, label: impl Into<String>) -> Self {
        self.server = Some(label.into());
        self
    }

    /// Names the program.
    #[must_use]
    pub fn program(mut self, path: impl Into<String>) -> Self {
        self.program = Some(path.into());
        self
    }

    /// Adds a secret.
    #[must_use]
    pub fn secret(mut self, name: SecretName, version: Option<Version>) -> Self {
        self.secrets.push((name, version));
        self
    }

    /// Says who asked.
    #[must_use]
    pub fn by(mut self, caller: Caller) -> Self {
        self.caller = Some(caller);
        self
    }

    /// Says more.
    #[must_use]
    pub fn detail(mut self, text: impl Into<String>) -> Self {
        self.detail = Some(text.into());
        self
    }

    /// Says that no person was there for what needs one.
    #[must_use]
    pub const fn unattended(mut self, is: bool) -> Self {
        self.unattended = is;
        self
    }

    /// Returns its line behind `before`, newline included, and where it stands in the chain.
    pub(super) fn line(
        &self,
        before: Before<'_>,
        now: Timestamp,
    ) -> Result<(String, Position), Problem> {
        let time = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let seq = before.position.seq.checked_add(1).ok_or(Problem::TooLong)?;
        let body = Body {
            seq,
            time,
            action: self.action.word(),
            outcome: self.outcome.word(),
            server: self.server.as_deref(),
            program: self.program.as_deref(),
            secrets: self.secrets.iter().map(|(name, _)| name.as_str()).collect(),
            versions: self.secrets.iter().map(|(_, v)| v.map(|v| v.0)).collect(),
            caller: self.caller.as_ref(),
            detail: self.detail.as_deref(),
            unattended: self.unattended,
            clock_back: before.time.is_some_and(|earlier| time < earlier),
            after: before.lost,
        };
        // Strings, numbers and lists alone: this cannot fail.
        let text = serde_json::to_string(&body).map_err(|_| Problem::TooLong)?;
        let mut text = escaped_json(&text);
        text.pop();
        let (line, hash) = chain::seal(&before.position.hash, text);
        if line.len() > ENTRY_BYTES {
            return Err(Problem::TooLong);
        }
        Ok((line, Position { seq, hash }))
    }
}

impl Recorded {
    /// Reads a line; `None` if it is no entry.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    /// Returns where it stands in the chain.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position {
            seq: self.seq,
            hash: self.hash,
        }
    }

    /// Tells whether this was done.
    #[must_use]
    pub fn is(&self, action: Action) -> bool {
        self.action == action.word()
    }
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
