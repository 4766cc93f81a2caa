//! `broker clients`: which files of clients were found, and which entries appeared or changed since a person last
//! accepted them.

mod accept;
mod kept;
mod notice;
mod survey;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

pub(super) use accept::accept_written;
pub(super) use accept::first;
use kept::Kept;
pub(super) use notice::notice;
pub(super) use survey::{Changes, changes, surroundings};
use survey::{Surveyed, survey};

use super::Done;
use super::context::Context;
use super::failure::Failure;
use super::stores::OpenStores;
use crate::clients::table::Scope;
use crate::text::escaped;

/// List the files of MCP clients, and what changed in them behind broker's back
///
/// Lists the files of all clients that were found: yours, and those of the project you are in. An entry in them names a
/// program that its client starts. With --changes it tells which entries appeared, are gone, or say something else
/// than when you last accepted them, whether broker starts them or not: a cloned project, an installer or a model
/// may have written them. Each broker exec tells of it too, in one line, and starts the server all the same.
///
/// What was there when the home was made counts as accepted, and so does what broker writes itself; of a project, nothing
/// does until you accept it. --accept shows the changes and asks; it needs a person at a terminal. Values of variables
/// and headers are never shown, nor is anything that looks like a secret.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Exit code: with --changes 3 if something changed, 0 if not, 1 if that cannot be told.

Examples:
  broker clients
  broker clients --changes
  broker clients --accept"
)]
pub(super) struct Args {
    /// Tell what appeared or changed since it was last accepted
    #[arg(long)]
    changes: bool,
    /// Accept what appeared or changed, after a look at it
    #[arg(long, conflicts_with = "changes")]
    accept: bool,
}

/// A file that was found. The fields are part of the command contract.
#[derive(Debug, Serialize)]
struct FileRow {
    client: &'static str,
    name: &'static str,
    file: String,
    scope: &'static str,
    servers: Vec<String>,
    state: &'static str,
}

/// Something that changed. The fields are part of the command contract.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ChangeRow {
    pub(super) client: &'static str,
    pub(super) file: String,
    /// The entry; null where it is about the whole file.
    pub(super) server: Option<String>,
    /// A stable word.
    pub(super) change: &'static str,
    pub(super) message: String,
}

impl ChangeRow {
    /// The change in one line.
    pub(super) fn line(&self) -> String {
        let server = self.server.as_deref().map(|name| format!("\"{name}\" of "));
        format!(
            "{}{}, {}: {}",
            server.unwrap_or_default(),
            self.client,
            self.file,
            self.message
        )
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    if args.accept {
        return accept::run(context);
    }
    if args.changes {
        return tell_changes(context);
    }
    list(context)
}

fn tell_changes(context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let mut stores = OpenStores::new(&home);
    let kept = Kept::load(&home, &mut stores)?;
    if let Kept::Ignored(why) = &kept {
        kept::warn(&home, why, context);
    }
    let Kept::Counts { baseline, seal } = kept else {
        let message =
            "what the files of clients say was never accepted, so it cannot be told what changed";
        return Err(Failure::new("baseline-missing", message)
            .hint("look at it, and accept it, with: broker clients --accept"));
    };
    let surveyed = survey(Some(&baseline), Some(&seal), true);
    let rows: Vec<ChangeRow> = surveyed.iter().flat_map(Surveyed::rows).collect();
    if context.output.json {
        context.output.document(&rows)?;
    } else {
        context.output.answer(&lines(&rows))?;
        match rows.len() {
            0 => context
                .output
                .notice("nothing changed in the files of clients"),
            _ => context
                .output
                .notice("if all of it is meant to be so: broker clients --accept"),
        }
    }
    Ok(if rows.is_empty() {
        Done::Ok
    } else {
        Done::Report
    })
}

fn lines(rows: &[ChangeRow]) -> String {
    rows.iter()
        .map(|row| format!("{}\n", escaped(&row.line())))
        .collect()
}

fn list(context: &Context) -> Result<Done, Failure> {
    let kept = match context.home_if_any()? {
        Some(home) => Kept::load_quietly(&home, context),
        None => Kept::Nothing,
    };
    let (known, seal) = kept.parts();
    let rows: Vec<FileRow> = survey(known, seal, true)
        .iter()
        .filter_map(|one| row(one, known.is_some()))
        .collect();
    if context.output.json {
        context.output.document(&rows)?;
        return Ok(Done::Ok);
    }
    if rows.is_empty() {
        context.output.notice("no file of a client was found");
        return Ok(Done::Ok);
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["CLIENT", "SCOPE", "STATE", "SERVERS", "FILE"]);
    for row in &rows {
        let servers = match row.servers.as_slice() {
            [] => "-".to_owned(),
            all => all.join(", "),
        };
        table.add_row([
            row.name.to_owned(),
            row.scope.to_owned(),
            row.state.to_owned(),
            escaped(&servers),
            escaped(&row.file),
        ]);
    }
    let lines = table.lines().map(|line| format!("{}\n", line.trim()));
    context.output.answer(&lines.collect::<String>())?;
    Ok(Done::Ok)
}

fn row(one: &Surveyed, is_known: bool) -> Option<FileRow> {
    let looked = one.looked.as_ref()?;
    let state = match (&looked.problem, one.differences.is_empty() || !is_known) {
        (Some(_), _) => "unreadable",
        (None, true) => "ok",
        (None, false) => "changed",
    };
    Some(FileRow {
        client: one.sought.client.id,
        name: one.sought.client.name,
        file: looked.file.file.clone(),
        scope: match one.sought.file.scope {
            Scope::User => "user",
            Scope::Project => "project",
            Scope::Agent => "agent",
            Scope::ProjectAgent => "project-agent",
        },
        servers: looked
            .file
            .entries
            .iter()
            .map(|entry| entry.server.clone())
            .collect(),
        state,
    })
}
