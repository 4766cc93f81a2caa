//! The grammar of the command line, and errors about it that repeat nothing of what was typed.
//!
//! What was typed in a wrong place may be a value, and what broker prints may end in a log. So
//! clap's own messages, which quote the arguments, are never shown: their kind is, and the names of
//! broker's own flags.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use super::failure::Failure;
use super::start::{self, Starter};
use super::{
    add, allow, backup, clients, completions, doctor, due, edit, exec, freeze, grants, import,
    init, list, log, migrate, protect, remove, rename, requests, restore, reveal, revoke, rollback,
    rotate, scan, servers, set, setup, show, vault,
};

/// The heading of the flags that every command takes.
const GLOBAL: &str = "Options of every command";

/// Keeps the secrets of MCP servers and starts each server with only the variables named for it
///
/// A secret lives in the keychain of the operating system, or in an age vault. Configurations of MCP
/// clients hold references to it (broker://NAME), and start their servers through `broker exec`.
#[derive(Debug, Parser)]
#[command(
    name = "broker",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(after_long_help = "Examples:
  broker tour                                   see the whole loop in a throwaway home
  broker set github-token                       store a secret
  broker exec --env TOKEN=broker://github-token -- npx -y SERVER
                                                start a server with it

Exit codes: 0 done; 1 refused or failed; 2 usage; 3 answered, and there is something to report.
exec: the server's own; 125 for everything of broker's; 126 and 127 as in a shell.")]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The options of every command.
#[derive(Debug, clap::Args)]
pub(super) struct Global {
    /// Keep all of broker's files under DIR (also: BROKER_HOME)
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "DIR")]
    pub(super) home: Option<PathBuf>,
    /// Answer with one JSON document
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(super) json: bool,
    /// Colour the output
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// Say more about what is done
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(super) verbose: bool,
}

/// The part of the grammar that `exec` needs. Clients wait for their servers, and the whole grammar
/// takes longer to put together than everything else that is done before a server without secrets starts.
#[derive(Debug, Parser)]
#[command(
    name = "broker",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
struct ExecOnly {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: ExecCommand,
}

#[derive(Debug, Subcommand)]
enum ExecCommand {
    Exec(exec::Args),
}

impl From<ExecOnly> for Cli {
    fn from(only: ExecOnly) -> Self {
        let ExecCommand::Exec(args) = only.command;
        Self {
            global: only.global,
            command: Command::Exec(args),
        }
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    /// On a terminal that can, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(init::Args),
    Set(set::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Show(show::Args),
    Edit(edit::Args),
    #[command(visible_alias = "get")]
    Reveal(reveal::Args),
    Rotate(rotate::Args),
    Rollback(rollback::Args),
    Due(due::Args),
    Rename(rename::Args),
    #[command(visible_alias = "rm")]
    Remove(remove::Args),
    Migrate(migrate::Args),
    Import(import::Args),
    Exec(exec::Args),
    Allow(allow::Args),
    Requests(requests::Args),
    Grants(grants::Args),
    Revoke(revoke::Args),
    Freeze(freeze::FreezeArgs),
    Thaw(freeze::ThawArgs),
    Servers(servers::Args),
    Log(log::Args),
    Vault(vault::Args),
    /// Ask the keychain to unlock
    #[command(after_long_help = "Example:
  broker unlock")]
    Unlock,
    Backup(backup::Args),
    Clients(clients::Args),
    Scan(scan::Args),
    Protect(protect::Args),
    Add(add::Args),
    Setup(setup::Args),
    Restore(restore::Args),
    Doctor(doctor::Args),
    /// See the whole loop in a throwaway home: store, refer, start a server, clean up
    ///
    /// Makes a home with a vault in a temporary folder, stores a secret that it makes up, shows the
    /// configuration that refers to it, starts a small MCP server through `broker exec` and shows the names of
    /// the variables that reached it. Your own home, keychain and configurations are not touched, and
    /// nothing is left behind.
    #[command(after_long_help = "Example:
  broker tour")]
    Tour,
    #[command(hide = true)]
    TourServer,
    Completions(completions::Args),
}

/// What the arguments ask for.
#[derive(Debug)]
pub(super) enum Parsed {
    /// A command.
    Run(Box<Cli>),
    /// A text: help or the version.
    Print(String),
}

/// The whole grammar.
pub(super) fn grammar() -> clap::Command {
    Cli::command()
}

/// Parses the process's arguments.
///
/// # Errors
/// A usage failure: exit code 2, or 125 for `exec`.
pub(super) fn parse(words: &[OsString]) -> Result<Parsed, Failure> {
    let (ours, command) = start::split(words);
    let is_exec = start::meant(words) == Some(Starter::Exec);
    let parsed = if is_exec {
        ExecOnly::try_parse_from(ours).map(Cli::from)
    } else {
        Cli::try_parse_from(ours)
    };
    match parsed {
        Ok(mut cli) => {
            if let Command::Exec(args) = &mut cli.command {
                let taken = args.start.take_command(command, words);
                taken.map_err(|failure| failure.exiting(125))?;
            } else if let Command::Allow(args) = &mut cli.command {
                args.start.take_command(command, words)?;
            } else if let Command::Add(args) = &mut cli.command {
                args.take_command(command)?;
            }
            Ok(Parsed::Run(Box::new(cli)))
        }
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            Ok(Parsed::Print(error.render().to_string()))
        }
        Err(error) => {
            let failure = usage(&error, words);
            Err(if is_exec {
                failure.exiting(125)
            } else {
                failure
            })
        }
    }
}

/// Words a usage error without anything that was typed.
fn usage(error: &clap::Error, words: &[OsString]) -> Failure {
    let flag = known(error, ContextKind::InvalidArg);
    let of_flag = flag
        .as_ref()
        .map(|flag| format!(" for {flag}"))
        .unwrap_or_default();
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "clap's kinds are non-exhaustive"
    )]
    let message = match error.kind() {
        ErrorKind::UnknownArgument => "an argument was not understood".to_owned(),
        ErrorKind::InvalidSubcommand => "there is no such command".to_owned(),
        ErrorKind::InvalidValue => match known(error, ContextKind::ValidValue) {
            Some(valid) => format!("the value{of_flag} is not one of {valid}"),
            None => format!("a value is missing{of_flag}"),
        },
        ErrorKind::ValueValidation => {
            // Our own parsers' errors never hold what they refuse.
            let why = std::error::Error::source(error).map(|e| format!(": {e}"));
            format!("the value{of_flag} is not valid{}", why.unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => match flag {
            Some(flag) => format!("something is missing: {flag}"),
            None => "something is missing".to_owned(),
        },
        ErrorKind::ArgumentConflict => match (flag, known(error, ContextKind::PriorArg)) {
            (Some(a), Some(b)) if a == b => format!("{a} was given more than once"),
            (Some(a), Some(b)) => format!("{a} cannot be used with {b}"),
            _ => "two of the arguments cannot be used together".to_owned(),
        },
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "no command was given".to_owned()
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            "the number of values for an argument is wrong".to_owned()
        }
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => "the arguments were not understood".to_owned(),
    };
    let near = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg]
        .into_iter()
        .find_map(|kind| known(error, kind));
    let hint = match near {
        Some(near) => format!("did you mean {near}?"),
        None => format!("see: {} --help", command_of(words)),
    };
    Failure::usage(message).hint(hint)
}

/// Returns the names from broker's own grammar that clap put into an error's context. Anything there
/// that is not part of the grammar was typed, and is left out.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "clap's values are non-exhaustive"
)]
fn known(error: &clap::Error, kind: ContextKind) -> Option<String> {
    let texts: Vec<String> = match error.get(kind)? {
        ContextValue::String(text) => vec![text.clone()],
        ContextValue::Strings(texts) => texts.clone(),
        _ => return None,
    };
    let mut whole = grammar();
    whole.build();
    let mut names = Vec::new();
    collect(&whole, &mut names);
    let is_ours = |text: &String| names.iter().any(|name| name == text);
    let ours: Vec<String> = texts.into_iter().filter(is_ours).collect();
    (!ours.is_empty()).then(|| ours.join(", "))
}

/// Gathers every name the grammar has: commands, flags in the forms clap shows them, values.
fn collect(command: &clap::Command, names: &mut Vec<String>) {
    for argument in command.get_arguments() {
        names.push(argument.to_string());
        names.extend(argument.get_long().map(|long| format!("--{long}")));
        names.extend(argument.get_short().map(|short| format!("-{short}")));
        let values = argument.get_possible_values();
        names.extend(values.iter().map(|value| value.get_name().to_owned()));
    }
    for sub in command.get_subcommands() {
        names.push(sub.get_name().to_owned());
        collect(sub, names);
    }
}

/// Returns the command that was meant, in words of broker's own grammar alone.
fn command_of(words: &[OsString]) -> String {
    let whole = grammar();
    let (mut command, mut called) = (&whole, "broker".to_owned());
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        if matches!(word, "--home" | "--color") {
            words.next();
        } else if let Some(sub) = command.find_subcommand(word) {
            called = format!("{called} {}", sub.get_name());
            command = sub;
        } else if !word.starts_with('-') {
            break;
        }
    }
    called
}

/// Tells whether a word before the first `--` is `word`.
pub(super) fn says(words: &[OsString], word: &str) -> bool {
    words
        .iter()
        .take_while(|w| *w != "--")
        .any(|w| w == OsStr::new(word))
}
