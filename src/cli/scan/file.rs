//! One client's file: its entries, the files of variables they name, who can read it, and its history.

use std::collections::BTreeMap;
use std::path::Path;

use zeroize::Zeroizing;

use super::super::context::Context;
use super::super::failure::Failure;
use super::row::{About, Looked};
use super::wanted::Wanted;
use super::{history, variables};
use crate::clients::detect::{self, Confidence, Finding, Remark, detect, remarks, unresolved};
use crate::clients::read::{ClientText, ReadError, read};
use crate::clients::table::{Client, ClientFile, Expansion, recognise_content};
use crate::clients::{Document, Entry, Format, Found, Item, Place};
use crate::paths::is_readable_by_others;

/// A file as it was read.
pub(in crate::cli) struct Opened {
    pub(in crate::cli) client: &'static Client,
    pub(in crate::cli) file: &'static ClientFile,
    pub(in crate::cli) text: ClientText,
    /// Where each line ends, so that a row finds its line without reading the file again.
    ends: Vec<usize>,
}

impl Opened {
    /// The line of a byte, from 1.
    fn line(&self, at: usize) -> usize {
        let before = self.ends.partition_point(|end| *end < at);
        before.saturating_add(1)
    }

    /// Its client's name, unless nobody knows whose it is.
    fn id(&self) -> Option<&'static str> {
        (self.client.id != "other").then_some(self.client.id)
    }
}

/// Looks through a file, or notes that it could not be looked at: `client-file-unreadable`, `client-file-unknown`.
pub(super) fn look(wanted: &Wanted, context: &Context, looked: &mut Looked) {
    let opened = match open(wanted) {
        Ok(Some(opened)) => opened,
        Ok(None) => return,
        Err(failure) => {
            looked.failed.push(failure);
            return;
        }
    };
    let about = About {
        client: opened.id(),
        file: wanted.path.display().to_string(),
    };
    let mut needles = Needles::default();
    let entries = opened.text.document.entries(opened.file);
    for found in &entries {
        entry(found, &opened, &about, &mut needles, looked);
    }
    let judge = |bytes: &[u8]| judged(bytes, opened.file);
    around(
        opened.text.identity.real(),
        &needles,
        &judge,
        context,
        &about,
        looked,
    );
    for found in &entries {
        variables::look(&found.entry, wanted, context, about.client, looked);
    }
}

/// Reads a file, and finds out whose it is. `None` if it went away since it was seen.
///
/// # Errors
/// `client-file-unreadable`, `client-file-unknown`.
pub(in crate::cli) fn open(wanted: &Wanted) -> Result<Option<Opened>, Failure> {
    let by_name = Format::of(&wanted.path).unwrap_or(Format::Json);
    let format = wanted.known.map_or(by_name, |(_, file)| file.format);
    let text = match read(&wanted.path, format) {
        Err(ReadError::Absent(_)) => return Ok(None),
        text => text?,
    };
    // Some are called like the file of one client, and are spelled like that of another.
    let says_something =
        |(_, file): &(&Client, &ClientFile)| !text.document.entries(file).is_empty();
    let known = wanted
        .known
        .filter(says_something)
        .or_else(|| recognise_content(&text.document))
        .or(wanted.known);
    let (client, file) = known.ok_or_else(|| {
        let message = format!(
            "\"{}\" says nothing of MCP servers where a client would look",
            wanted.path.display()
        );
        Failure::new("client-file-unknown", message)
    })?;
    let ends = text.document.text().match_indices('\n');
    Ok(Some(Opened {
        client,
        file,
        ends: ends.map(|(at, _)| at).collect(),
        text,
    }))
}

/// Values that are looked for in the history. They are wiped.
#[derive(Default)]
pub(super) struct Needles(Vec<Zeroizing<Vec<u8>>>);

impl Needles {
    /// Adds what was found in a text, unless it is only a hint.
    pub(super) fn add(&mut self, item: &Item, finding: &Finding) {
        if finding.confidence > Confidence::Low {
            let bytes = item.text.text().as_bytes().get(finding.span.clone());
            self.0
                .extend(bytes.map(|bytes| Zeroizing::new(bytes.to_vec())));
        }
    }
}

/// Looks through one entry.
fn entry(
    found: &Found,
    opened: &Opened,
    about: &About,
    needles: &mut Needles,
    looked: &mut Looked,
) {
    let server = found.entry.server.as_str();
    let line = |item: usize| {
        let span = found.spans.get(item);
        span.map(|span| opened.line(span.start))
    };
    let note = match (found.is_shadowed, found.entry.is_disabled) {
        (true, _) => "; a later entry of this name takes its place",
        (false, true) => "; the server is switched off",
        (false, false) => "",
    };
    let findings = detect(&found.entry);
    for here in findings.chunk_by(|one, next| one.item == next.item) {
        let Some((number, item)) = here
            .first()
            .and_then(|one| Some((one.item, found.entry.items.get(one.item)?)))
        else {
            continue;
        };
        here.iter().for_each(|one| needles.add(item, one));
        if let Some(mut row) = about.found(line(number), server, here) {
            row.message.push_str(note);
            looked.rows.push(row);
        }
    }
    // The last one of a place is the one that counts.
    let numbers: BTreeMap<&Place, usize> = (0..)
        .zip(&found.entry.items)
        .map(|(number, item)| (&item.place, number))
        .collect();
    for Remark { place, about: what } in more(&found.entry, opened) {
        let at = numbers.get(&place).copied();
        let message = match what {
            detect::About::Unpinned => {
                "the package is fetched in whatever version there is".to_owned()
            }
            detect::About::PlainHttp => "requests go over plain http to another machine".to_owned(),
            detect::About::Unresolved => format!(
                "what looks like a reference reaches the server as it stands: {} puts nothing in its place here",
                opened.client.name
            ),
            // Said of each such finding.
            detect::About::SecretInArguments => continue,
        };
        let at = at.and_then(line);
        looked
            .rows
            .push(about.text(at, (server, &place), what.word(), message));
    }
}

fn more(entry: &Entry, opened: &Opened) -> Vec<Remark> {
    let mut more = remarks(entry);
    // What a client does that is not known is not known either.
    if opened.id().is_some() {
        let expansion: &Expansion = &opened.client.expansion;
        more.extend(unresolved(entry, expansion));
    }
    more
}

/// Looks at what is around a file: who can read it, and its history.
pub(super) fn around(
    real: &Path,
    needles: &Needles,
    judge: &dyn Fn(&[u8]) -> usize,
    context: &Context,
    about: &About,
    looked: &mut Looked,
) {
    if !needles.0.is_empty() && is_readable_by_others(real) {
        let message = "other users of this machine may read the file, by its mode".to_owned();
        let row = about.whole("readable-by-others", None, message);
        looked.rows.push(row);
    }
    history::look(
        real,
        &needles.0,
        judge,
        context,
        |kind, confidence, message| {
            looked.rows.push(about.whole(kind, confidence, message));
        },
    );
}

/// Counts what is found in another version of the file.
fn judged(bytes: &[u8], file: &ClientFile) -> usize {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let Ok(document) = Document::parse(file.format, text) else {
        return 0;
    };
    let entries = document.entries(file).into_iter();
    entries.map(|found| sure(&found.entry)).sum()
}

/// Counts what is more than a hint.
pub(super) fn sure(entry: &Entry) -> usize {
    let findings = detect(entry).into_iter();
    findings
        .filter(|one| one.confidence > Confidence::Low)
        .count()
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::new("client-file-unreadable", error.to_string())
    }
}
