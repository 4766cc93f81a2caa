//! `broker due`: what is to be rotated, for cron, CI and the prompt of a shell.

use jiff::Timestamp;

use super::Done;
use super::context::Context;
use super::failure::Failure;
use super::summary::{Summary, Users};
use crate::secret::{Length, State};
use crate::text::escaped;

mod calendar;

/// Tell what is expired, overdue or to be rotated soon
///
/// One line a secret, the most urgent first. Reads broker's own catalog and never a store.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Exit code: 3 if there is anything, 0 if not.

Examples:
  broker due
  broker due --within 30d
  broker due --ics > secrets.ics")]
pub(super) struct Args {
    /// How far ahead to look (without: a week)
    #[arg(long, value_name = "DUR")]
    within: Option<Length>,
    /// Print a calendar (RFC 5545) of all dates instead
    #[arg(long)]
    ics: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let catalog = home.catalog()?;
    let users = Users::of(&home, context)?;
    let (now, zone) = (context.now(), context.zone());
    let all = catalog
        .secrets()
        .iter()
        .map(|record| Summary::of(record, &users, now, &zone));
    if args.ics {
        let rows: Vec<Summary<'_>> = all.collect();
        context.output.answer(&calendar::text(&rows, now, &zone))?;
        return Ok(Done::Ok);
    }
    let is_due = |row: &Summary<'_>| match (&args.within, row.state) {
        (_, State::Expired | State::Overdue) => true,
        (None, state) => state == State::DueSoon,
        (Some(length), _) => {
            let until = length.after(now, &zone);
            let first = first(row, &zone);
            first.is_some_and(|first| until.is_none_or(|until| first <= until))
        }
    };
    let mut rows: Vec<Summary<'_>> = all.filter(is_due).collect();
    rows.sort_by_key(|row| (urgency(row.state), first(row, &zone), row.name.folded()));
    if context.output.json {
        context.output.document(&rows)?;
    } else {
        let lines: String = rows.iter().map(|row| line(row, &zone)).collect();
        context.output.answer(&lines)?;
    }
    Ok(if rows.is_empty() {
        Done::Ok
    } else {
        Done::Report
    })
}

/// The first moment at which something is to be done about a secret.
fn first(row: &Summary<'_>, zone: &jiff::tz::TimeZone) -> Option<Timestamp> {
    let over = row
        .expires
        .and_then(|date| crate::secret::end_of(date, zone));
    [over, row.due].into_iter().flatten().min()
}

/// The most urgent first; what is due soon and what is due later go by their dates alone.
const fn urgency(state: State) -> u8 {
    match state {
        State::Expired => 0,
        State::Overdue => 1,
        State::DueSoon | State::Ok | State::None => 2,
    }
}

fn line(row: &Summary<'_>, zone: &jiff::tz::TimeZone) -> String {
    let civil = |time: Timestamp| time.to_zoned(zone.clone()).date();
    let mut when = Vec::new();
    when.extend(row.expires.map(|date| format!("expires {date}")));
    when.extend(row.due.map(|due| format!("due {}", civil(due))));
    let mut line = format!("{}  {}  {}", row.name, row.state.word(), when.join(", "));
    if !row.servers.is_empty() {
        line.push_str(&format!("  used by {}", row.servers.join(", ")));
    }
    if row.has_command {
        line.push_str(&format!("  broker rotate {} --run", row.name));
    }
    if let Some(url) = row.url {
        line.push_str(&format!("  {url}"));
    }
    format!("{}\n", escaped(&line))
}
