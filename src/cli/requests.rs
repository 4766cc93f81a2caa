//! `broker requests`: what was asked for and is not allowed.

use jiff::Timestamp;
use serde::Serialize;

use super::Done;
use super::context::Context;
use super::failure::Failure;
use super::permission::{requests, shown};
use crate::text::escaped;

/// List what was asked for and refused, because nobody allowed it
///
/// Each has an id, with which it is looked at and allowed: broker allow ID. A request gives nothing. It is kept for a day
/// after it was last made; there are at most 100, and at most 10 of one client. Behind "!" stands what is dangerous.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker requests
  broker --json requests")]
pub(super) struct Args {}

/// One request. The fields are part of the command contract.
#[derive(Serialize)]
struct Row {
    id: String,
    #[serde(flatten)]
    command: shown::Shown,
    cwd: String,
    asked: Timestamp,
    last: Timestamp,
    count: u64,
    by: String,
}

pub(super) fn run(context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let catalog = home.catalog()?;
    let pending = requests(&home, context.now());
    let rows = pending.all().iter().map(|request| Row {
        id: request.id.clone(),
        command: shown::Shown::of(&request.command, &request.cwd, &catalog, &home),
        cwd: request.cwd.to_string(),
        asked: request.asked,
        last: request.last,
        count: request.count,
        by: request.by.clone(),
    });
    let rows: Vec<Row> = rows.collect();
    if context.output.json {
        context.output.document(&rows)?;
        return Ok(Done::Ok);
    }
    if rows.is_empty() {
        context.output.notice("there are no requests");
        return Ok(Done::Ok);
    }
    let mut text = String::new();
    for row in &rows {
        text.push_str(&format!(
            "{}  {}\n  asked by {}, {} time(s), last at {}\n",
            row.id,
            row.command.lines(),
            escaped(&row.by),
            row.count,
            row.last
        ));
    }
    context.output.answer(&text)?;
    Ok(Done::Ok)
}
