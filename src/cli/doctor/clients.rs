//! The files of clients: what changed in them, secrets in plain text, and entries that will not start what they say.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::clients::{Changes, changes};
use super::super::context::Context;
use super::super::scan::{self, Opened, Wanted};
use super::findings::Findings;
use crate::catalog::Home;
use crate::clients::detect::{Confidence, detect, unresolved};
use crate::clients::running::{Running, is_running};
use crate::clients::{Entry, Wrapped};
use crate::text::escaped;

/// Says whether entries appeared or changed behind broker's back.
pub(super) fn changed(home: &Home, context: &Context, findings: &mut Findings) {
    match changes(home, context) {
        Changes::Unknown => findings.ok(
            "client-files",
            "what the files of clients say was never accepted; begin with: broker clients --accept",
        ),
        Changes::Since(rows) if rows.is_empty() => {
            findings.ok("client-files", "nothing changed in the files of clients");
        }
        Changes::Since(rows) => {
            let message = format!(
                "changes in the files of clients that nobody accepted: {}",
                rows.len()
            );
            findings.warning("client-files", message, "see: broker clients --changes");
        }
    }
}

/// What is counted over all files.
#[derive(Default)]
struct Counted {
    /// Secrets in plain text, and the files they are in.
    plain: usize,
    files: BTreeSet<String>,
    /// Files with a reference that the client puts nothing in the place of.
    unresolved: BTreeSet<String>,
    /// Clients that run now, and would undo a change of their files.
    running: BTreeSet<&'static str>,
    /// Entries that start a broker that is not there, or that clients may not find.
    lost: BTreeSet<String>,
}

/// Looks through the user's files, and those of the project. What cannot be read is told by `scan`.
pub(super) fn look(context: &Context, findings: &mut Findings) {
    let Some(files) = findings.take(scan::files(&[], &[])) else {
        return;
    };
    let mut counted = Counted::default();
    for wanted in &files {
        match scan::open(wanted) {
            Ok(Some(opened)) => counted.add(wanted, &opened),
            Ok(None) => {}
            Err(failure) => {
                findings.warning("client-unread", failure.message, "see: broker scan");
            }
        }
    }
    counted.tell(context, findings);
}

impl Counted {
    fn add(&mut self, wanted: &Wanted, opened: &Opened) {
        let name = wanted.path.display().to_string();
        let mut has_secrets = false;
        for found in opened.text.document.entries(opened.file) {
            let entry = &found.entry;
            let is_sure = |confidence: Confidence| confidence > Confidence::Low;
            let plain = detect(entry);
            let plain = plain.iter().filter(|one| is_sure(one.confidence)).count();
            self.plain = self.plain.saturating_add(plain);
            has_secrets |= plain > 0;
            if opened.client.id != "other"
                && !unresolved(entry, &opened.client.expansion).is_empty()
            {
                self.unresolved.insert(name.clone());
            }
            if !opened.file.scope.is_shared() && is_lost(entry) {
                self.lost.insert(scan::shown_name(&entry.server).to_owned());
            }
        }
        if has_secrets {
            self.files.insert(name);
            if opened.client.rewrites && is_running(opened.client) == Running::Yes {
                self.running.insert(opened.client.name);
            }
        }
    }

    fn tell(self, context: &Context, findings: &mut Findings) {
        let listed = |names: &BTreeSet<String>| {
            let names: Vec<String> = names.iter().map(|name| escaped(name)).collect();
            names.join(", ")
        };
        if self.plain == 0 {
            findings.ok(
                "client-secrets",
                "no secret in plain text in the files of clients",
            );
        } else {
            let message = format!(
                "secrets in plain text in the files of clients: {}, in {}",
                self.plain,
                listed(&self.files)
            );
            let hint = format!(
                "see: {0} scan; move them with: {0} protect",
                context.command()
            );
            findings.warning("client-secrets", message, &hint);
        }
        if !self.unresolved.is_empty() {
            let message = format!(
                "references that their client hands on as they stand, in {}",
                listed(&self.unresolved)
            );
            findings.warning("client-references", message, "see: broker scan");
        }
        for name in self.running {
            let message = format!("{name} is running, and writes its file itself");
            findings.warning("client-running", message, "quit it before broker protect");
        }
        if !self.lost.is_empty() {
            let message = format!(
                "entries that start a broker which is not there, or without its whole path: {}",
                listed(&self.lost)
            );
            let hint =
                "write the path of broker there; clients find little in the PATH they are given";
            findings.warning("client-broker", message, hint);
        }
    }
}

/// Tells whether an entry of the user's starts broker by a path that leads nowhere, or by its name alone.
fn is_lost(entry: &Entry) -> bool {
    let command = entry.command().map(|(command, _)| Path::new(command));
    Wrapped::of(entry).is_some()
        && command.is_some_and(|path| !path.is_absolute() || !path.is_file())
}
