//! `broker log`: what was done with which secrets, and whether the log of it is as it was written.

mod since;
mod verify;

use std::thread;
use std::time::Duration;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use jiff::Timestamp;

use super::Done;
use super::context::Context;
use super::failure::Failure;
use super::permission::anchors;
use super::stores::OpenStores;
use crate::audit::{Action, AuditError, Caller, Log, Oldest, Problem, Recorded};
use crate::secret::SecretName;
use crate::text::{escaped, escaped_json};
use since::Since;

/// Between two looks for new entries.
const PAUSE: Duration = Duration::from_millis(250);

/// Show what was done with which secrets, and verify that nothing of it was changed
///
/// An entry is written before something is done ("intent"), and another when it is done, failed or was refused; exec writes
/// the second one only if the server did not start. Entries hold names and version numbers, never values. Times are UTC.
/// What stands behind "by" is what the programs that started broker call themselves. How the log is made is in
/// broker-security(7).
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "Examples:
  broker log --since 7d
  broker log --secret github-token --action exec
  broker log --follow
  broker log verify"
)]
pub(super) struct Args {
    #[command(subcommand)]
    question: Option<Question>,
    /// Only entries from T on: 7d or 12h back, a date, or a time as in RFC 3339
    #[arg(long, value_name = "T")]
    since: Option<Since>,
    /// Only entries about SERVER
    #[arg(long, value_name = "SERVER", add = super::completions::servers())]
    server: Option<String>,
    /// Only entries about the secret NAME
    #[arg(long, value_name = "NAME", add = super::completions::names())]
    secret: Option<SecretName>,
    /// Only entries of one kind of action
    #[arg(long, value_name = "ACTION", value_parser = actions())]
    action: Option<String>,
    /// Go on with what is added, until stdout is closed
    #[arg(long)]
    follow: bool,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Verify that no entry was changed, taken away, moved or put in
    ///
    /// Goes along the chain of all entries and compares it with the anchors that the seals in the stores hold. A last line
    /// that a crash left torn is mended, and that is said. A log that is missing counts as tampered with.
    #[command(
        after_long_help = "Exit code: 0 if it is intact, 3 if it was tampered with, 1 if it could not be read.

Examples:
  broker log verify
  broker --json log verify"
    )]
    Verify,
}

fn actions() -> PossibleValuesParser {
    PossibleValuesParser::new(Action::ALL.iter().map(|action| action.word()))
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let log = Log::of(&home.paths, &home.record.id);
    if let Some(Question::Verify) = args.question {
        let mut stores = OpenStores::quiet(&home);
        let anchors = anchors::anchors(&home, &mut stores, &context.output);
        return verify::run(&log, &anchors, context);
    }
    let filter = Filter::of(args, context)?;
    let entries = log.oldest()?;
    if args.follow {
        follow(entries, &filter, context)
    } else {
        show(entries, &filter, context)
    }
}

/// Which entries are asked for.
struct Filter<'a> {
    since: Option<Timestamp>,
    server: Option<&'a str>,
    secret: Option<&'a SecretName>,
    action: Option<&'a str>,
}

impl<'a> Filter<'a> {
    fn of(args: &'a Args, context: &Context) -> Result<Self, Failure> {
        let since = match &args.since {
            Some(since) => Some(
                since
                    .moment(context.now(), &context.zone())
                    .ok_or_else(|| Failure::usage("the time for --since is out of range"))?,
            ),
            None => None,
        };
        Ok(Self {
            since,
            server: args.server.as_deref(),
            secret: args.secret.as_ref(),
            action: args.action.as_deref(),
        })
    }

    fn takes(&self, entry: &Recorded) -> bool {
        let named = |name: &String| {
            self.secret
                .is_none_or(|secret| secret.as_str().eq_ignore_ascii_case(name))
        };
        self.since.is_none_or(|since| entry.time >= since)
            && self
                .server
                .is_none_or(|server| entry.server.as_deref() == Some(server))
            && self.action.is_none_or(|action| entry.action == action)
            && (self.secret.is_none() || entry.secrets.iter().any(named))
    }
}

/// Shows what there is. What cannot be read is told when the rest was shown.
fn show(entries: Oldest, filter: &Filter<'_>, context: &Context) -> Result<Done, Failure> {
    let (mut taken, mut unreadable) = (Vec::new(), None);
    for entry in entries {
        match entry {
            Ok(entry) if filter.takes(&entry) => taken.push(entry),
            Ok(_) => {}
            Err(error) => {
                unreadable.get_or_insert(error);
            }
        }
    }
    if context.output.json {
        context.output.document(&taken)?;
    } else {
        let lines: String = taken.iter().map(line).collect();
        context.output.answer(&lines)?;
    }
    match unreadable {
        Some(error) => Err(error.into()),
        None => Ok(Done::Ok),
    }
}

/// Shows what there is and what is added, one entry a line, until nobody reads it any more.
fn follow(mut entries: Oldest, filter: &Filter<'_>, context: &Context) -> Result<Done, Failure> {
    let mut is_read = true;
    while is_read {
        let mut text = String::new();
        for entry in entries.by_ref() {
            match entry {
                Ok(entry) if !filter.takes(&entry) => {}
                Ok(entry) if context.output.json => text.push_str(&document(&entry)),
                Ok(entry) => text.push_str(&line(&entry)),
                Err(AuditError::Unreadable(problem @ Problem::Line { .. })) => {
                    context.output.warning(&problem.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        is_read = context.output.stream(&text)?;
        if is_read {
            thread::sleep(PAUSE);
        }
    }
    Ok(Done::Ok)
}

fn document(entry: &Recorded) -> String {
    let text = serde_json::to_string(entry).unwrap_or_default();
    format!("{}\n", escaped_json(&text))
}

/// One entry for a person: one line, whatever its names hold.
fn line(entry: &Recorded) -> String {
    let mut text = format!("{}  {:<8}  {:<8}", entry.time, entry.action, entry.outcome);
    let mut add = |part: &str| {
        text.push_str("  ");
        text.push_str(part);
    };
    if let Some(server) = &entry.server {
        add(server);
    }
    let mut versions = entry.versions.iter().copied();
    for secret in &entry.secrets {
        match versions.next().flatten() {
            Some(version) => add(&format!("{secret}@v{version}")),
            None => add(secret),
        }
    }
    if let Some(program) = &entry.program {
        add(program);
    }
    if let Some(who) = entry.caller.as_ref().and_then(who) {
        add(&format!("by {who}"));
    }
    if let Some(detail) = &entry.detail {
        add(&format!("({detail})"));
    }
    if entry.unattended {
        add("(unattended)");
    }
    if entry.clock_back {
        add("(the clock went back)");
    }
    format!("{}\n", escaped(text.trim_end()))
}

/// The client that asked, or the process where none was recognised.
fn who(caller: &Caller) -> Option<&str> {
    let nearest = || caller.chain.first().map(|process| process.name.as_str());
    caller.client.as_deref().or_else(nearest)
}
