//! What `broker scan` says: one row for each thing that was found. No row holds a text of a file but names.

use std::path::PathBuf;

use serde::Serialize;

use super::super::clients::ChangeRow;
use super::super::failure::Failure;
use crate::clients::Place;
use crate::clients::detect::{Finding, is_nameable};

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

/// What came of looking at files.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) rows: Vec<Row>,
    /// What could not be looked at.
    pub(super) failed: Vec<Failure>,
    /// The files of variables that were looked at: several entries name the same.
    pub(super) variables: Vec<PathBuf>,
}

/// Whose file it is that rows are about.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) client: Option<&'static str>,
    pub(super) file: String,
}

impl About {
    /// A row about the whole file.
    pub(super) fn whole(
        &self,
        kind: &str,
        confidence: Option<&'static str>,
        message: String,
    ) -> Row {
        Row {
            client: self.client,
            file: self.file.clone(),
            line: None,
            server: None,
            place: None,
            kind: kind.to_owned(),
            confidence,
            message,
        }
    }

    /// A row about a text of a server's entry.
    pub(super) fn text(
        &self,
        line: Option<usize>,
        (server, place): (&str, &Place),
        kind: &str,
        message: String,
    ) -> Row {
        Row {
            line,
            server: Some(name(server).to_owned()),
            place: Some(words(place)),
            ..self.whole(kind, None, message)
        }
    }

    /// The row of what was found in one text, the surest first; the others are named in it.
    pub(super) fn found(
        &self,
        line: Option<usize>,
        server: &str,
        findings: &[Finding],
    ) -> Option<Row> {
        let mut surest = findings.first()?;
        for finding in findings {
            if finding.confidence > surest.confidence {
                surest = finding;
            }
        }
        let mut message = message(surest);
        for other in findings.iter().filter(|other| *other != surest) {
            message.push_str(&format!("; a {} beside it", other.kind));
        }
        Some(Row {
            confidence: Some(surest.confidence.word()),
            ..self.text(line, (server, &surest.place), surest.kind.word(), message)
        })
    }
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

    /// All of it in one line.
    pub(super) fn line(&self) -> String {
        let of = match (&self.server, &self.place) {
            (Some(server), Some(place)) => format!("{server}, {place}: "),
            _ => String::new(),
        };
        format!("{}: {of}{}", self.at(), self.message)
    }
}

/// What is said of a finding besides its place.
fn message(finding: &Finding) -> String {
    let mut message = match &finding.name {
        Some(name) => format!("a {} in plain text, as {name}", finding.kind),
        None => format!("a {} in plain text", finding.kind),
    };
    if let Place::Argument(_) | Place::Command = finding.place {
        message.push_str("; every user of the machine sees it while the server runs");
    }
    if let Some(variable) = &finding.wanted {
        message.push_str(&format!("; the server takes it from {variable}, too"));
    }
    message
}

/// A place in words.
pub(in crate::cli) fn words(place: &Place) -> String {
    match place {
        Place::Command => "command".to_owned(),
        Place::Argument(number) => format!("argument {}", number.saturating_add(1)),
        Place::Variable(of) => format!("variable {}", name(of)),
        Place::Header(of) => format!("header {}", name(of)),
        Place::Url => "address".to_owned(),
        Place::EnvFile => "file of variables".to_owned(),
        Place::Other(keys) => {
            let keys: Vec<&str> = keys.iter().map(|key| name(key)).collect();
            keys.join(".")
        }
    }
}

/// A name from a file; not one that is a secret itself, put in a wrong place.
pub(in crate::cli) fn name(name: &str) -> &str {
    if is_nameable(name) {
        name
    } else {
        "(not shown)"
    }
}
