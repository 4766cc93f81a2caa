//! The command line: the only place that knows clap, prints, words errors and picks exit codes.
//!
//! One file per command: its arguments with their help, and what it does. What several share:
//! `args` (the whole grammar), `context` (home, stores, clock), `failure` (errors for people),
//! `output` (stdout and stderr), `terminal` (the person), `input` (reading values).
#![forbid(unsafe_code)]

mod add;
mod allow;
mod args;
mod audited;
mod backup;
mod clients;
mod completions;
mod context;
mod doctor;
mod due;
mod edit;
mod entry;
mod exec;
mod failure;
mod freeze;
mod grants;
mod import;
mod init;
mod input;
mod kept;
mod list;
mod log;
mod migrate;
mod output;
mod permission;
mod person;
mod progress;
mod protect;
mod remove;
mod rename;
mod requests;
mod restore;
mod reveal;
mod revoke;
mod rollback;
mod rotate;
mod scan;
mod servers;
mod set;
mod setup;
mod show;
mod start;
mod started;
mod stores;
mod summary;
mod terminal;
mod tour;
mod tried;
mod undo;
mod unlock;
mod usage;
mod vault;

use std::ffi::OsString;
use std::process::ExitCode;

use args::Command;
use context::Context;
use failure::Failure;
use output::Output;

use crate::sys::Hardening;

/// The whole grammar, for the manual and the completions.
#[must_use]
pub fn grammar() -> clap::Command {
    args::grammar()
}

/// Runs broker with the process's arguments and returns its exit code.
#[must_use]
pub fn main(hardening: Hardening) -> ExitCode {
    // A panic's own message may hold anything; where it happened is all that is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        Output::plain().notice(&format!("error: a mistake inside broker, at {place}"));
    }));
    std::panic::catch_unwind(|| run_words(hardening)).unwrap_or_else(|_| {
        let words: Vec<OsString> = std::env::args_os().collect();
        ExitCode::from(if start::meant(&words) == Some(start::Starter::Exec) {
            125
        } else {
            1
        })
    })
}

fn run_words(hardening: Hardening) -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if completions::answer(&words) {
        return ExitCode::SUCCESS;
    }
    let outcome = match args::parse(&words) {
        Ok(args::Parsed::Run(cli)) => {
            let context = Context::new(&cli, hardening);
            let outcome = run(cli.command, &context);
            return finish(outcome, &context.output);
        }
        Ok(args::Parsed::Print(text)) => Output::plain().answer(&text).map(|()| Done::Ok),
        Err(failure) => Err(failure),
    };
    finish(outcome, &Output::guess(&words))
}

/// How a command ended that did what it was asked.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// Exit code 0.
    Ok,
    /// The question was answered and there is something to report: exit code 3.
    Report,
}

fn run(command: Command, context: &Context) -> Result<Done, Failure> {
    match command {
        Command::Init(args) => init::run(&args, context),
        Command::Set(args) => set::run(args, context),
        Command::List(args) => list::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Edit(args) => edit::run(args, context),
        Command::Reveal(args) => reveal::run(&args, context),
        Command::Rotate(args) => rotate::run(&args, context),
        Command::Rollback(args) => rollback::run(&args, context),
        Command::Due(args) => due::run(&args, context),
        Command::Rename(args) => rename::run(&args, context),
        Command::Remove(args) => remove::run(&args, context),
        Command::Migrate(args) => migrate::run(&args, context),
        Command::Import(args) => import::run(&args, context),
        Command::Exec(args) => exec::run(args, context),
        Command::Allow(args) => allow::run(args, context),
        Command::Add(args) => add::run(&args, context),
        Command::Setup(args) => setup::run(&args, context),
        Command::Requests(_) => requests::run(context),
        Command::Grants(_) => grants::run(context),
        Command::Revoke(args) => revoke::run(&args, context),
        Command::Freeze(args) => freeze::freeze(&args, context),
        Command::Thaw(_) => freeze::thaw(context),
        Command::Servers(args) => servers::run(&args, context),
        Command::Log(args) => log::run(&args, context),
        Command::Vault(args) => vault::run(&args, context),
        Command::Unlock => unlock::run(context),
        Command::Backup(args) => backup::run(&args, context),
        Command::Clients(args) => clients::run(&args, context),
        Command::Scan(args) => scan::run(&args, context),
        Command::Protect(args) => protect::run(&args, context),
        Command::Restore(args) => restore::run(&args, context),
        Command::Doctor(args) => doctor::run(&args, context),
        Command::Tour => tour::run(context),
        Command::TourServer => tour::serve(),
        Command::Completions(args) => completions::run(&args, context),
    }
}

fn finish(outcome: Result<Done, Failure>, output: &Output) -> ExitCode {
    match outcome {
        Ok(Done::Ok) => ExitCode::SUCCESS,
        Ok(Done::Report) => ExitCode::from(3),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit)
        }
    }
}
