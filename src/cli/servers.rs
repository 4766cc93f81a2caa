//! `broker servers`: every server that was allowed, asked for or started, with what it is given.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::Done;
use super::context::Context;
use super::failure::Failure;
use super::permission::{Permissions, requests, shown::Shown};
use super::usage::{Usage, Used};
use crate::policy::Text;
use crate::secret::Length;
use crate::text::escaped;

/// List the servers: what each is given, when it was first and last used, and who asked
///
/// From the grants, the requests and the log. The state is allowed, asked (for and not allowed) or gone (in the log
/// alone). What the log counts, it counts for a label and a program together, whatever the arguments.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker servers
  broker servers --unused 30d                   those that were not used for a month
  broker --json servers")]
pub(super) struct Args {
    /// Only those that were not used for DUR
    #[arg(long, value_name = "DUR")]
    unused: Option<Length>,
}

/// One server. The fields are part of the command contract.
#[derive(Serialize)]
struct Row {
    server: Option<String>,
    program: String,
    args: Vec<String>,
    secrets: Vec<String>,
    limits: Vec<String>,
    dangers: Vec<String>,
    clients: Vec<String>,
    first_used: Option<Timestamp>,
    last_used: Option<Timestamp>,
    releases: u64,
    refused: u64,
    state: &'static str,
}

impl Row {
    fn new(shown: Shown, used: Option<&Used>, state: &'static str) -> Self {
        let used = used.cloned().unwrap_or_default();
        Self {
            server: shown.server,
            program: shown.program,
            args: shown.args,
            secrets: shown.secrets,
            limits: shown.limits,
            dangers: shown.dangers,
            clients: used.clients,
            first_used: used.first,
            last_used: used.last,
            releases: used.releases,
            refused: used.refused,
            state,
        }
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let catalog = home.catalog()?;
    let usage = Usage::of(&home)?;
    let permissions = Permissions::load(&home, &context.output);
    let pending = requests(&home, context.now());
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let grants = permissions.all();
    let anywhere = Text::of("/");
    let allowed = grants
        .iter()
        .map(|grant| (&grant.command, &anywhere, "allowed"));
    let asked = pending.all().iter().map(|r| (&r.command, &r.cwd, "asked"));
    let mut named = Vec::new();
    for (command, cwd, state) in allowed.chain(asked) {
        let used = usage.of_command(command);
        named.push((command.server.clone(), command.program.path.to_string()));
        let row = Row::new(Shown::of(command, cwd, &catalog, &home), used, state);
        rows.entry(command.id()).or_insert(row);
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    let gone = usage
        .servers()
        .iter()
        .filter(|(key, _)| !named.contains(key));
    rows.extend(gone.map(|((server, program), used)| Row {
        server: server.clone(),
        program: program.clone(),
        args: Vec::new(),
        secrets: Vec::new(),
        limits: Vec::new(),
        dangers: Vec::new(),
        clients: used.clients.clone(),
        first_used: used.first,
        last_used: used.last,
        releases: used.releases,
        refused: used.refused,
        state: "gone",
    }));
    if let Some(length) = &args.unused {
        let (now, zone) = (context.now(), context.zone());
        rows.retain(|row| {
            let until = row.last_used.and_then(|last| length.after(last, &zone));
            until.is_none_or(|until| until <= now)
        });
    }
    rows.sort_by(|a, b| (&a.server, &a.program, &a.args).cmp(&(&b.server, &b.program, &b.args)));
    if context.output.json {
        context.output.document(&rows)?;
        return Ok(Done::Ok);
    }
    if rows.is_empty() {
        context.output.notice("there are no servers to list");
        return Ok(Done::Ok);
    }
    let mut text = String::new();
    for row in &rows {
        let time = |time: Option<Timestamp>| time.map_or("never".to_owned(), |t| t.to_string());
        let line = format!(
            "{} ({}): {} {}",
            row.server.as_deref().unwrap_or("-"),
            row.state,
            row.program,
            row.args.join(" ")
        );
        text.push_str(&format!("{}\n", escaped(line.trim_end())));
        let mut tell = |word: &str, value: String| {
            text.push_str(&format!("  {word:<10}{}\n", escaped(&value)));
        };
        for danger in &row.dangers {
            tell("!", danger.clone());
        }
        if !row.secrets.is_empty() {
            tell("secrets", row.secrets.join(", "));
        }
        if !row.clients.is_empty() {
            tell("clients", row.clients.join(", "));
        }
        tell(
            "used",
            format!(
                "{} time(s), first {}, last {}; refused {}",
                row.releases,
                time(row.first_used),
                time(row.last_used),
                row.refused
            ),
        );
    }
    context.output.answer(&text)?;
    Ok(Done::Ok)
}
