//! What was asked for and is not allowed yet: requests, for a person to look at.
//!
//! A request gives nothing: anybody may make one, and what is allowed is what the person was shown. So
//! the file has no seal. It has limits, so that nobody can fill it or push another's request out.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Command, Text};
use crate::catalog::CatalogError;
use crate::catalog::document::{parse, to_json};

const FORMAT: u32 = 1;

/// How long a request is kept after it was last made.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The most requests that are kept.
const MOST: usize = 100;

/// The most requests of one caller that are kept.
const MOST_OF_ONE: usize = 10;

/// How long a request that is repeated is told to the log only once.
const QUIET: SignedDuration = SignedDuration::from_mins(10);

/// The fewest digits of an id that stand for it.
const FEWEST_DIGITS: usize = 4;

/// A command that somebody tried to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The id of the command.
    pub id: String,
    /// What was asked for.
    pub command: Command,
    /// The folder it was asked for in.
    pub cwd: Text,
    /// When it was first asked for.
    pub asked: Timestamp,
    /// When it was last asked for.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
    /// Who asked: the client, or the program that started broker.
    pub by: String,
    /// When the log was last told of it.
    told: Timestamp,
}

/// The requests of a home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    format: u32,
    requests: Vec<Request>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The id by which it can be allowed.
    pub id: String,
    /// How often it was made by now.
    pub count: u64,
    /// Whether the log is to be told; repeats within minutes are not.
    pub is_told: bool,
}

/// What an id stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// One request.
    One(&'a Request),
    /// More than one begins so.
    Several,
    /// None does.
    None,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            format: FORMAT,
            requests: Vec::new(),
        }
    }
}

impl Requests {
    /// Reads the file that is called `file` in errors, and leaves out what is too old at `now`.
    ///
    /// # Errors
    /// See [`parse`].
    pub fn parse(file: &str, bytes: &[u8], now: Timestamp) -> Result<Self, CatalogError> {
        let mut read: Self = parse(file, bytes, FORMAT)?;
        // The id is what is allowed; a file that says otherwise of itself is not believed.
        read.requests.retain(|request| {
            request.command.id() == request.id && now.duration_since(request.last) < KEPT
        });
        Ok(read)
    }

    /// Writes the file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        to_json(self)
    }

    /// Returns all requests, the oldest first.
    #[must_use]
    pub fn all(&self) -> &[Request] {
        &self.requests
    }

    /// Notes that `by` asked for `command` in the folder `cwd`. A repeat counts as the same request.
    pub fn note(&mut self, command: &Command, cwd: Text, by: &str, now: Timestamp) -> Noted {
        let id = command.id();
        if let Some(known) = self.requests.iter_mut().find(|request| request.id == id) {
            known.last = now;
            known.count = known.count.saturating_add(1);
            let since = now.duration_since(known.told);
            // A clock that was set back is no reason to be silent.
            let is_told = since >= QUIET || since.is_negative();
            if is_told {
                known.told = now;
            }
            return Noted {
                id,
                count: known.count,
                is_told,
            };
        }
        let of_one = |request: &&Request| request.by == by;
        if self.requests.iter().filter(of_one).count() >= MOST_OF_ONE {
            self.drop_oldest(|request| request.by == by);
        }
        if self.requests.len() >= MOST {
            self.drop_oldest(|_| true);
        }
        self.push(id.clone(), command, cwd, by, now);
        Noted {
            id,
            count: 1,
            is_told: true,
        }
    }

    /// Asks for a command on behalf of the person who restores a backup: `by` may make as many requests as there is room
    /// for, and none of another's is given up for it. `false` where there is no room.
    #[must_use]
    pub fn ask_again(&mut self, command: &Command, cwd: Text, by: &str, now: Timestamp) -> bool {
        let id = command.id();
        if let Some(known) = self.requests.iter_mut().find(|request| request.id == id) {
            known.last = now;
            return true;
        }
        if self.requests.len() >= MOST {
            return false;
        }
        self.push(id, command, cwd, by, now);
        true
    }

    fn push(&mut self, id: String, command: &Command, cwd: Text, by: &str, now: Timestamp) {
        self.requests.push(Request {
            id,
            command: command.clone(),
            cwd,
            asked: now,
            last: now,
            count: 1,
            by: by.to_owned(),
            told: now,
        });
    }

    fn drop_oldest(&mut self, counts: impl Fn(&Request) -> bool) {
        let of_those = self.requests.iter().enumerate().filter(|(_, r)| counts(r));
        let oldest = of_those.min_by_key(|(_, request)| request.last);
        if let Some((at, _)) = oldest {
            self.requests.remove(at);
        }
    }

    /// Finds a request by its id or the first digits of it.
    #[must_use]
    pub fn find(&self, digits: &str) -> Found<'_> {
        if digits.len() < FEWEST_DIGITS {
            return Found::None;
        }
        let mut all = self.requests.iter().filter(|r| r.id.starts_with(digits));
        match (all.next(), all.next()) {
            (Some(request), None) => Found::One(request),
            (Some(_), Some(_)) => Found::Several,
            (None, _) => Found::None,
        }
    }

    /// Takes away the request of that id; `false` if there was none.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.requests.len();
        self.requests.retain(|request| request.id != id);
        self.requests.len() < before
    }
}

#[cfg(test)]
mod tests;
