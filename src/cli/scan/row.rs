//! What `broker scan` says: one row for each thing that was found. No row holds a text of a file but names.

use serde::Serialize;

use super::super::clients::ChangeRow;
use crate::clients::Place;

/// Something that was found. The fields are part of the command contract; `line` is beyond it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    /// The client's name on the command line; null for a file that is nobody's in particular.
    pub(super) client: Option<&'static str>,
    pub(super) file: String,
    pub(super) line: Option<usize>,
    /// The server; null where it is about the whole file.
    pub(super) server: Option<String>,
    /// Where in its entry.
    pub(super) place: Option<String>,
    /// A stable word.
    pub(super) kind: String,
    /// How sure it is that this is a secret; null for what is none, but should be known.
    pub(super) confidence: Option<&'static str>,
    pub(super) message: String,
}

impl Row {
    /// The file, and the line if there is one.
    pub(super) fn at(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.file),
            None => self.file.clone(),
        }
    }

    /// The row of an entry that changed since it was last accepted.
    pub(super) fn changed(change: ChangeRow) -> Self {
        Self {
            client: Some(change.client),
            file: change.file,
            line: None,
            place: None,
            kind: "changed-entry".to_owned(),
            confidence: None,
            message: match &change.server {
                Some(server) => format!("\"{server}\": {}", change.message),
                None => change.message,
            },
            server: change.server,
        }
    }

    /// Tells whether there is more to say than the columns of a table do.
    pub(super) fn says_more(&self) -> bool {
        self.confidence.is_none() || self.server.is_none()
    }
}

/// A place in words.
pub(super) fn words(place: &Place) -> String {
    match place {
        Place::Command => "command".to_owned(),
        Place::Argument(number) => format!("argument {}", number.saturating_add(1)),
        Place::Variable(name) => format!("variable {name}"),
        Place::Header(name) => format!("header {name}"),
        Place::Url => "address".to_owned(),
        Place::EnvFile => "file of variables".to_owned(),
        Place::Other(keys) => keys.join("."),
    }
}
