//! `broker protect`: moves secrets from the files of MCP clients into the store, and leaves references.
//!
//! Read from top to bottom: every file is read and what would be done with it is worked out before anything is stored; the
//! person sees all of it; then each file is done whole, in an order that leaves no file with references whose
//! values are not stored ([`carry_out`]). What a person did not see is not allowed: only values that stood in an entry are
//! allowed to that very entry.

mod carry_out;
mod check;
mod manual;
mod names;
mod rewrite;
mod row;
mod shown;
mod target;

use std::path::PathBuf;

use super::audited::Event;
use super::context::Context;
use super::failure::Failure;
use super::permission::ensure_thawed;
use super::person::Person;
use super::stores::OpenStores;
use super::{Done, init, scan};
use crate::audit::Action;
use crate::clients::detect::Confidence;
use names::Names;
use rewrite::Rewrite;
use row::{Outcome, Row};
use target::Target;

/// Move secrets from the configuration files of MCP clients into the store
///
/// Looks through the same files as broker scan. Each secret that is found in plain text goes to the store, the file gets a
/// reference in its place, and the entry starts its server through broker exec. All of it is shown first, and asked about;
/// it needs a person at a terminal. The very commands that are shown are allowed their secrets, and nothing else is. The rest
/// of a file stays as it is, to the byte, and broker restore undoes all.
///
/// Secrets in arguments are moved where the server takes them by a variable, too. Remote servers cannot be protected yet. Of
/// YAML files it is said what to write. A file that its client writes itself is left alone while the client runs.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Exit code: 1 if a file could not be protected, 0 if not.

Examples:
  broker protect --dry-run
  broker protect
  broker protect --client cursor --server github
  broker protect .vscode/mcp.json --yes"
)]
pub(super) struct Args {
    /// Files of clients, or folders of projects
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only files of CLIENT: its name in lower case, such as claude-desktop or vscode
    #[arg(long, value_name = "CLIENT")]
    client: Vec<String>,
    /// Only the entry of SERVER
    #[arg(long, value_name = "SERVER")]
    server: Vec<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Start each server as it was and as it will be, and leave a file as it is where one has other tools then
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,
    /// Do not ask; what only may be a secret is left where it is
    #[arg(short, long)]
    yes: bool,
    /// Leave references in arguments where the server takes a secret no other way; the value is seen by every user of the machine
    #[arg(long)]
    allow_argv_secret: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let files = scan::files(&args.paths, &args.client)?;
    let mut rows = Vec::new();
    let mut targets = Vec::new();
    for file in files {
        match Target::read(file, args, context) {
            Ok(Some(target)) => targets.push(target),
            Ok(None) => {}
            Err(row) => rows.push(*row),
        }
    }
    ensure_servers(args, &targets)?;
    if args.dry_run {
        return would(args, targets, rows, context);
    }
    if !targets.iter().any(Target::has_moves) {
        for target in &targets {
            shown::tell_manual(target, context)?;
            rows.extend(target.left_rows());
        }
        return finish(rows, context);
    }
    let home = match context.home_if_any()? {
        Some(home) => home,
        None => {
            init::check_possible()?;
            init::home_or_new(context)?
        }
    };
    let mut stores = OpenStores::new(&home);
    let event = Event::new(Action::Protect);
    let withheld = |failure| event.withheld(failure, &home, context);
    ensure_thawed(&home).map_err(withheld)?;
    let what = "moving secrets out of files";
    let mut person = Person::require(what, &home, &mut stores).map_err(withheld)?;
    let take = take_of(args, &targets, &mut person)?;
    for target in &mut targets {
        target.take(take);
    }
    let catalog = home.catalog()?;
    let mut names = Names::new(&home, &catalog);
    let mut rewrites: Vec<Rewrite> = Vec::new();
    for target in targets {
        shown::tell_manual(&target, context)?;
        rows.extend(target.left_rows());
        if target.has_moves() {
            match Rewrite::of(target, &mut names, Some(&mut stores), &home, context) {
                Ok(rewrite) => rewrites.push(rewrite),
                Err(row) => rows.push(*row),
            }
        }
    }
    if rewrites.iter().all(|rewrite| rewrite.changed.is_empty()) {
        for rewrite in rewrites {
            rows.extend(rewrite.left);
        }
        return finish(rows, context);
    }
    // Also where nobody is asked: what nobody saw is not allowed.
    for line in shown::plan(&rewrites, &home, context) {
        person.say(&line)?;
    }
    if !args.yes {
        person
            .agree("move these secrets, rewrite the files, and allow these commands?")
            .map_err(withheld)?;
    }
    for rewrite in rewrites {
        rows.extend(rewrite.left.iter().cloned());
        rows.extend(carry_out::carry_out(
            rewrite,
            &home,
            &mut stores,
            person.is_unattended(),
            args.check,
            context,
        ));
    }
    finish(rows, context)
}

/// Says what would be done.
fn would(
    args: &Args,
    mut targets: Vec<Target>,
    mut rows: Vec<Row>,
    context: &Context,
) -> Result<Done, Failure> {
    let home = context.home_if_any()?;
    let take = if args.yes {
        Confidence::High
    } else {
        Confidence::Medium
    };
    for target in &mut targets {
        target.take(take);
    }
    let Some(home) = home else {
        // Without a home it is not known how secrets would be called, nor what would be allowed.
        for target in &targets {
            shown::tell_manual(target, context)?;
            rows.extend(target.left_rows());
            rows.extend(target.would_rows());
        }
        return finish(rows, context);
    };
    let catalog = home.catalog()?;
    let mut names = Names::new(&home, &catalog);
    let mut rewrites = Vec::new();
    for target in targets {
        shown::tell_manual(&target, context)?;
        rows.extend(target.left_rows());
        if target.has_moves() {
            match Rewrite::of(target, &mut names, None, &home, context) {
                Ok(rewrite) => rewrites.push(rewrite),
                Err(row) => rows.push(*row),
            }
        }
    }
    if !context.output.json {
        let lines = shown::plan(&rewrites, &home, context);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        context.output.answer(&text)?;
    }
    for rewrite in rewrites {
        rows.extend(rewrite.rows(Outcome::WouldMove, None));
        rows.extend(rewrite.left);
    }
    finish(rows, context)
}

/// Demands that each server that was named is somewhere.
fn ensure_servers(args: &Args, targets: &[Target]) -> Result<(), Failure> {
    for server in &args.server {
        if !targets.iter().any(|target| target.has_server(server)) {
            return Err(Failure::new(
                "server-not-found",
                "no file that was looked at has a server of a name that was given",
            )
            .hint("see them with: broker scan"));
        }
    }
    Ok(())
}

/// Asks whether what only may be a secret is to be moved as well.
fn take_of(args: &Args, targets: &[Target], person: &mut Person) -> Result<Confidence, Failure> {
    let maybe: Vec<String> = targets.iter().flat_map(Target::maybe).collect();
    if args.yes || person.is_unattended() || maybe.is_empty() {
        return Ok(Confidence::High);
    }
    person.say("these may be secrets, or not:")?;
    for line in &maybe {
        person.say(line)?;
    }
    Ok(match person.confirm("move these, too?")? {
        true => Confidence::Medium,
        false => Confidence::High,
    })
}

fn finish(rows: Vec<Row>, context: &Context) -> Result<Done, Failure> {
    shown::rows(&rows, context)?;
    let failed = rows.iter().filter(|row| row.outcome == Outcome::Failed);
    match failed.count() {
        0 => Ok(Done::Ok),
        1 => Err(Failure::new("protect-failed", "one file was not protected")),
        many => {
            let message = format!("{many} files were not protected");
            Err(Failure::new("protect-failed", message))
        }
    }
}
