//! One file that is to be protected: read under its lock, with what can be done about each of its entries.

use std::time::Duration;

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::scan::{self, Opened, Wanted};
use super::Args;
use super::row::{Outcome, Row};
use crate::clients::detect::Confidence;
use crate::clients::document::Found;
use crate::clients::protect::{Left, Plan, plan};
use crate::clients::read::ClientText;
use crate::clients::running::{Running, is_running};
use crate::clients::table::{Client, ClientFile};
use crate::clients::write::EditLock;

/// How long another broker that changes the same file is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A file, as it was read.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) wanted: Wanted,
    pub(super) client: &'static Client,
    pub(super) file: &'static ClientFile,
    pub(super) text: ClientText,
    /// Held until the file is written; none where nothing is to be.
    pub(super) lock: Option<EditLock>,
    pub(super) entries: Vec<Planned>,
}

/// An entry, and what can be done about it.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) found: Found,
    pub(super) plan: Plan,
}

impl Target {
    /// Reads a file and works out what can be done; `None` if nothing in it is asked for.
    pub(super) fn read(
        wanted: Wanted,
        args: &Args,
        context: &Context,
    ) -> Result<Option<Self>, Box<Row>> {
        match Self::read_it(&wanted, args, context) {
            Ok(found) => Ok(found.map(|(client, file, text, lock, entries)| Self {
                wanted,
                client,
                file,
                text,
                lock,
                entries,
            })),
            Err(failure) => Err(Row::failed(&wanted, &failure)),
        }
    }

    #[expect(clippy::type_complexity, reason = "the parts of what is made of it")]
    fn read_it(
        wanted: &Wanted,
        args: &Args,
        context: &Context,
    ) -> Result<
        Option<(
            &'static Client,
            &'static ClientFile,
            ClientText,
            Option<EditLock>,
            Vec<Planned>,
        )>,
        Failure,
    > {
        // Looked at without the lock first: most files have nothing to be done, and need none.
        let Some(Opened {
            client, file, text, ..
        }) = scan::open(wanted)?
        else {
            return Ok(None);
        };
        let is_asked =
            |found: &Found| args.server.is_empty() || args.server.contains(&found.entry.server);
        let entries_of = |text: &ClientText| -> Vec<Planned> {
            let found = text.document.entries(file).into_iter().filter(is_asked);
            found
                .map(|found| Planned {
                    plan: plan(&found, Confidence::Medium, args.allow_argv_secret),
                    found,
                })
                .filter(|one| {
                    !one.plan.moves.is_empty()
                        || !one.plan.left.is_empty()
                        || !args.server.is_empty()
                })
                .collect()
        };
        let entries = entries_of(&text);
        if entries.is_empty() {
            return Ok(None);
        }
        let has_moves = entries.iter().any(|one| !one.plan.moves.is_empty());
        if args.dry_run || !has_moves || !file.format.is_edited() {
            return Ok(Some((client, file, text, None, entries)));
        }
        if client.rewrites && is_running(client) == Running::Yes {
            let message = format!(
                "{} is running, and writes this file itself: it would undo the change",
                client.name
            );
            return Err(Failure::new("client-running", message)
                .hint(format!("quit {} and say this again", client.name)));
        }
        let folder = context.paths()?.client_locks_folder();
        let lock = EditLock::take(&folder, &wanted.path, PATIENCE)?;
        let Some(Opened {
            client, file, text, ..
        }) = scan::open(wanted)?
        else {
            return Ok(None);
        };
        let entries = entries_of(&text);
        Ok(Some((client, file, text, Some(lock), entries)))
    }

    /// Leaves secrets that are less sure than this where they are.
    pub(super) fn take(&mut self, take: Confidence) {
        for one in &mut self.entries {
            let moves = std::mem::take(&mut one.plan.moves);
            for known in moves {
                if known.confidence >= take {
                    one.plan.moves.push(known);
                } else {
                    one.plan.left.push(Left {
                        place: known.place,
                        kind: known.kind,
                        confidence: known.confidence,
                        why: "it is not sure that this is a secret",
                    });
                }
            }
        }
    }

    pub(super) fn has_server(&self, server: &str) -> bool {
        self.entries
            .iter()
            .any(|one| one.found.entry.server == server)
    }

    /// Tells whether something of it is to be moved.
    pub(super) fn has_moves(&self) -> bool {
        self.file.format.is_edited() && self.entries.iter().any(|one| !one.plan.moves.is_empty())
    }

    /// What is not surely a secret, a line each.
    pub(super) fn maybe(&self) -> Vec<String> {
        if !self.file.format.is_edited() {
            return Vec::new();
        }
        let mut lines = Vec::new();
        for one in &self.entries {
            let moves = one.plan.moves.iter();
            for known in moves.filter(|known| known.confidence < Confidence::High) {
                lines.push(format!(
                    "  {} of {} in {}",
                    crate::text::escaped(&scan::place_words(&known.place)),
                    crate::text::escaped(scan::shown_name(&one.found.entry.server)),
                    crate::text::escaped(&self.wanted.path.display().to_string()),
                ));
            }
        }
        lines
    }

    /// Rows for what is left where it is.
    pub(super) fn left_rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for one in &self.entries {
            for left in &one.plan.left {
                rows.push(self.row(
                    &one.found.entry.server,
                    &left.place,
                    Outcome::Left,
                    left.why,
                ));
            }
            if !self.file.format.is_edited() {
                for known in &one.plan.moves {
                    let why = "YAML is not changed by broker: see above what to write";
                    rows.push(self.row(&one.found.entry.server, &known.place, Outcome::Left, why));
                }
            }
        }
        rows
    }

    /// Rows for what would be moved, as far as that is known without a home.
    pub(super) fn would_rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        if self.file.format.is_edited() {
            for one in &self.entries {
                for known in &one.plan.moves {
                    let server = &one.found.entry.server;
                    rows.push(self.row(server, &known.place, Outcome::WouldMove, ""));
                }
            }
        }
        rows
    }

    /// A row about a place.
    pub(super) fn row(
        &self,
        server: &str,
        place: &crate::clients::Place,
        outcome: Outcome,
        message: &str,
    ) -> Row {
        Row {
            client: self.wanted.client_id(),
            file: self.wanted.path.display().to_string(),
            server: Some(scan::shown_name(server).to_owned()),
            place: Some(scan::place_words(place)),
            secret: None,
            outcome,
            message: message.to_owned(),
        }
    }
}
