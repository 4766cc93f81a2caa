//! What `broker protect` says at its end: one row for each secret, and for each file that was not done.

use serde::Serialize;

use super::super::failure::Failure;
use super::super::scan::Wanted;

/// What became of a secret or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// It is in the store, and the file has a reference.
    Moved,
    /// It would be.
    WouldMove,
    /// It is where it was.
    Left,
    /// The file could not be done; it is what it was.
    Failed,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::WouldMove => "would move",
            Self::Left => "left",
            Self::Failed => "failed",
        }
    }
}

/// A row. No text of a file but names.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) client: Option<&'static str>,
    pub(super) file: String,
    pub(super) server: Option<String>,
    pub(super) place: Option<String>,
    /// What the secret is called in the store.
    pub(super) secret: Option<String>,
    pub(super) outcome: Outcome,
    pub(super) message: String,
}

impl Row {
    /// A file that could not be done.
    pub(super) fn failed(file: &Wanted, failure: &Failure) -> Self {
        let message = match &failure.hint {
            Some(hint) => format!("{}; {hint}", failure.message),
            None => failure.message.clone(),
        };
        Self {
            client: file.client_id(),
            file: file.path.display().to_string(),
            server: None,
            place: None,
            secret: None,
            outcome: Outcome::Failed,
            message,
        }
    }
}
