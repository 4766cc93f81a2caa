//! One client's file: its entries, the files of variables they name, who can read it, and its history.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::super::context::Context;
use super::super::failure::Failure;
use super::row::{Row, words};
use super::{Wanted, history};
use crate::clients::detect::{Confidence, Finding, detect};
use crate::clients::read::{ClientText, MOST_BYTES, ReadError, read};
use crate::clients::table::{Client, ClientFile, recognise_content};
use crate::clients::{Document, Entry, Format, Found, Item, Literal, Place};
use crate::config::parse_dotenv;
use crate::paths::{is_readable_by_others, read_foreign_file};
use crate::secret::{Reference, SecretValue};

/// What came of looking at a file.
pub(super) struct Looked {
    pub(super) rows: Vec<Row>,
    /// What was not looked at, and why.
    pub(super) notes: Vec<String>,
}

/// A file as it was read.
pub(in crate::cli) struct Opened {
    pub(in crate::cli) client: &'static Client,
    pub(in crate::cli) file: &'static ClientFile,
    pub(in crate::cli) text: ClientText,
}

/// Looks through a file.
///
/// # Errors
/// `client-file-unreadable`, `client-file-unknown`.
pub(super) fn look(wanted: &Wanted, context: &Context) -> Result<Looked, Failure> {
    let opened = open(wanted)?;
    let path = wanted.path.display().to_string();
    let mut looked = Looked {
        rows: Vec::new(),
        notes: Vec::new(),
    };
    let mut needles: Vec<Zeroizing<Vec<u8>>> = Vec::new();
    let id = (opened.client.id != "other").then_some(opened.client.id);
    for found in opened.text.document.entries(opened.file) {
        for finding in detect(&found.entry) {
            let item = item_of(&found, &finding);
            if finding.confidence > Confidence::Low
                && let Some((_, item)) = item
            {
                let bytes = item.text.text().as_bytes().get(finding.span.clone());
                needles.extend(bytes.map(|bytes| Zeroizing::new(bytes.to_vec())));
            }
            let begin = item
                .and_then(|(at, _)| found.spans.get(at))
                .map(|span| span.start);
            looked.rows.push(Row {
                client: id,
                file: path.clone(),
                line: begin.map(|at| opened.text.document.line(at)),
                server: Some(found.entry.server.clone()),
                place: Some(words(&finding.place)),
                kind: finding.kind.to_string(),
                confidence: Some(finding.confidence.word()),
                message: message(&finding),
            });
        }
        if let Some(named) = found.entry.get(&Place::EnvFile) {
            variables(named, &found.entry, wanted, id, &mut looked);
        }
    }
    if !needles.is_empty() && is_readable_by_others(opened.text.identity.real()) {
        looked.rows.push(Row {
            client: id,
            file: path.clone(),
            line: None,
            server: None,
            place: None,
            kind: "readable-by-others".to_owned(),
            confidence: None,
            message: "other users of this machine can read the file".to_owned(),
        });
    }
    let judge = |bytes: &[u8]| judged(bytes, opened.file);
    history::look(
        opened.text.identity.real(),
        &needles,
        &judge,
        context,
        |kind, confidence, message| {
            looked.rows.push(Row {
                client: id,
                file: path.clone(),
                line: None,
                server: None,
                place: None,
                kind: kind.to_owned(),
                confidence,
                message,
            });
        },
    );
    Ok(looked)
}

/// Reads a file, and finds out whose it is.
///
/// # Errors
/// `client-file-unreadable`, `client-file-unknown`.
pub(in crate::cli) fn open(wanted: &Wanted) -> Result<Opened, Failure> {
    let by_name = Format::of(&wanted.path).unwrap_or(Format::Json);
    let format = wanted.known.map_or(by_name, |(_, file)| file.format);
    let text = read(&wanted.path, format)?;
    let known = wanted.known.or_else(|| recognise_content(&text.document));
    let (client, file) = known.ok_or_else(|| {
        let message = format!(
            "\"{}\" says nothing of MCP servers where a client would look",
            wanted.path.display()
        );
        Failure::new("client-file-unknown", message)
    })?;
    Ok(Opened { client, file, text })
}

/// The item that a finding is in, and its number.
fn item_of<'a>(found: &'a Found, finding: &Finding) -> Option<(usize, &'a Item)> {
    let items = found.entry.items.iter().enumerate();
    let mut at_place = items.filter(|(_, item)| item.place == finding.place);
    at_place.next_back()
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

/// Counts what is found in another version of the file.
fn judged(bytes: &[u8], file: &ClientFile) -> usize {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let Ok(document) = Document::parse(file.format, text) else {
        return 0;
    };
    let findings = document
        .entries(file)
        .into_iter()
        .flat_map(|f| detect(&f.entry));
    findings.filter(|f| f.confidence > Confidence::Low).count()
}

/// Looks through the file of variables that an entry names.
fn variables(
    named: &str,
    entry: &Entry,
    wanted: &Wanted,
    client: Option<&'static str>,
    looked: &mut Looked,
) {
    let Some(path) = resolved(named, wanted) else {
        looked.notes.push(format!(
            "the file of variables of \"{}\" in \"{}\" was not looked at: where it is, only the client knows",
            entry.server,
            wanted.path.display()
        ));
        return;
    };
    let not_read = |why: &str| {
        format!(
            "the file of variables \"{}\" was not looked at: {why}",
            path.display()
        )
    };
    let bytes = match read_foreign_file(&path, MOST_BYTES) {
        Ok(Some(file)) => file.bytes,
        Ok(None) => return,
        Err(error) => {
            looked.notes.push(error.to_string());
            return;
        }
    };
    let entries = match parse_dotenv(&bytes) {
        Ok(entries) => entries,
        Err(error) => {
            looked.notes.push(not_read(&error.to_string()));
            return;
        }
    };
    for variable in entries {
        #[expect(
            clippy::disallowed_methods,
            reason = "into the search, which says where and never what"
        )]
        let text = String::from_utf8_lossy(variable.value.expose()).into_owned();
        let one = Entry {
            server: entry.server.clone(),
            is_disabled: entry.is_disabled,
            items: vec![Item {
                place: Place::Variable(variable.name.clone()),
                text: Literal::new(text),
            }],
        };
        looked
            .rows
            .extend(detect(&one).into_iter().map(|finding| Row {
                client,
                file: path.display().to_string(),
                line: Some(variable.line),
                server: Some(entry.server.clone()),
                place: Some(words(&finding.place)),
                kind: finding.kind.to_string(),
                confidence: Some(finding.confidence.word()),
                message: message(&finding),
            }));
    }
}

/// Returns the variables in the file that an entry names, each with its text where that is a reference; `None` if it cannot be
/// read.
pub(in crate::cli) fn variables_of(
    named: &str,
    wanted: &Wanted,
) -> Option<Vec<(String, Option<String>)>> {
    let path = resolved(named, wanted)?;
    let file = read_foreign_file(&path, MOST_BYTES).ok()??;
    let variables = parse_dotenv(&file.bytes).ok()?;
    let reference = |value: &SecretValue| {
        #[expect(
            clippy::disallowed_methods,
            reason = "told from a reference, which is no value"
        )]
        let text = std::str::from_utf8(value.expose()).ok()?;
        let found = Reference::find(text).ok().flatten();
        found.map(|found| found.to_string())
    };
    let named = variables.into_iter();
    Some(named.map(|one| (one.name, reference(&one.value))).collect())
}

/// Where a file of variables is; `None` if that depends on what is not known here.
fn resolved(named: &str, wanted: &Wanted) -> Option<PathBuf> {
    let project = wanted.project.as_deref();
    let own = wanted.path.parent();
    let named = match named.strip_prefix("${workspaceFolder}") {
        Some(rest) => project?.join(rest.trim_start_matches(['/', '\\'])),
        None => PathBuf::from(named),
    };
    if named.to_string_lossy().contains(['$', '%', '~']) {
        return None;
    }
    Some(project.or(own).unwrap_or(Path::new("/")).join(named))
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::new("client-file-unreadable", error.to_string())
    }
}
