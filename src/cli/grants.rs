//! `broker grants`: what is allowed.

use jiff::Timestamp;
use serde::Serialize;

use super::Done;
use super::context::Context;
use super::failure::Failure;
use super::permission::{Permissions, quoted, shown};
use super::usage::Usage;
use crate::policy::Text;

/// List what is allowed: which command gets which secrets
///
/// As the file of grants says. Whether broker wrote that file, and wrote it last, only the stores can tell: each start
/// asks them, and so does broker doctor. A grant stays until it is revoked, also when its secret is gone. Behind "!" stands
/// what is dangerous.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker grants
  broker --json grants")]
pub(super) struct Args {}

/// One grant. The fields are part of the command contract.
#[derive(Serialize)]
struct Row {
    id: String,
    #[serde(flatten)]
    command: shown::Shown,
    cwd: Option<String>,
    granted: Timestamp,
    last_used: Option<Timestamp>,
}

pub(super) fn run(context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let catalog = home.catalog()?;
    let permissions = Permissions::load(&home, &context.output);
    let usage = Usage::of(&home)?;
    let grants = permissions.all();
    let rows = grants.iter().map(|grant| Row {
        id: grant.id.clone(),
        command: shown::Shown::of(&grant.command, &Text::of("/"), &catalog, &home),
        cwd: grant.command.folder.as_ref().map(ToString::to_string),
        granted: grant.granted,
        last_used: usage.of_command(&grant.command).and_then(|used| used.last),
    });
    let rows: Vec<Row> = rows.collect();
    if context.output.json {
        context.output.document(&rows)?;
        return Ok(Done::Ok);
    }
    if rows.is_empty() {
        context.output.notice("nothing is allowed yet");
        return Ok(Done::Ok);
    }
    let mut text = String::new();
    for row in &rows {
        let used = row
            .last_used
            .map_or("never used".to_owned(), |time| format!("last used {time}"));
        text.push_str(&format!("{}  {}\n", row.id, row.command.lines()));
        if let Some(folder) = &row.cwd {
            text.push_str(&format!("  in {}\n", quoted(folder)));
        }
        text.push_str(&format!("  allowed {}, {used}\n", row.granted));
    }
    context.output.answer(&text)?;
    Ok(Done::Ok)
}
