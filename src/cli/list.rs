//! `broker list`: what there is, without touching a store.

use comfy_table::{ContentArrangement, Table, presets};

use super::Done;
use super::context::Context;
use super::failure::Failure;
use super::set::StoreWord;
use super::summary::{Summary, Users};
use crate::catalog::CatalogError;
use crate::store::StoreKind;
use crate::text::escaped;

/// List the secrets and when each is to be rotated
///
/// Reads broker's own catalog and never a store, so it asks for nothing and shows no value. Times are
/// UTC in JSON, dates are yours in the table.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker list
  broker list --store vault
  broker --json list --server github")]
pub(super) struct Args {
    /// Only those in STORE
    #[arg(long, value_name = "STORE")]
    store: Option<StoreWord>,
    /// Only those that SERVER uses
    #[arg(long, value_name = "SERVER", add = super::completions::servers())]
    server: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let home = context.home_if_any()?.ok_or(CatalogError::NoHome)?;
    let catalog = home.catalog()?;
    let users = Users::of(&home, context)?;
    let (now, zone) = (context.now(), context.zone());
    let store = args.store.map(StoreKind::from);
    let rows: Vec<Summary<'_>> = catalog
        .secrets()
        .iter()
        .filter(|record| store.is_none_or(|store| record.store == store))
        .map(|record| Summary::of(record, &users, now, &zone))
        .filter(|row| args.server.as_ref().is_none_or(|s| row.servers.contains(s)))
        .collect();
    if context.output.json {
        context.output.document(&rows)?;
        return Ok(Done::Ok);
    }
    if rows.is_empty() {
        context.output.notice("there are no secrets to list");
        return Ok(Done::Ok);
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "NAME", "STORE", "VERSION", "ROTATED", "DUE", "STATE", "SERVERS",
    ]);
    for row in &rows {
        let civil = |time: jiff::Timestamp| time.to_zoned(zone.clone()).date().to_string();
        let due = match (row.due, row.expires) {
            (Some(due), _) => civil(due),
            (None, Some(date)) => format!("{date} (expires)"),
            (None, None) => "-".to_owned(),
        };
        table.add_row([
            escaped(row.name.as_str()),
            row.store.to_string(),
            row.version.to_string(),
            civil(row.rotated),
            due,
            row.state.word().to_owned(),
            if row.servers.is_empty() {
                "-".to_owned()
            } else {
                row.servers.join(", ")
            },
        ]);
    }
    let lines: String = table
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect();
    context.output.answer(&lines)?;
    Ok(Done::Ok)
}
