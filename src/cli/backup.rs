//! `broker backup`: a home in one age file, and back.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::Done;
use super::audited::Event;
use super::context::Context;
use super::failure::Failure;
use crate::audit::Outcome;
use crate::catalog::Home;
use crate::paths::{self, FileError};
use crate::secret::SecretName;
use crate::store::Version;
use crate::store::vault::age_file::Identity;

mod create;
mod plan;
mod restore;

/// Make a backup of this home, or restore one
///
/// A backup is one age file with every value, the versions that are kept, all dates and notes, broker.toml, and what
/// is allowed. It opens with a passphrase, or with the identities of the recipients it was made for, and any age
/// program can open it: see broker-security(7) for what it holds.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker backup create broker-2027-01.age --passphrase
  broker backup restore broker-2027-01.age")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(create::Args),
    Restore(restore::Args),
}

/// The largest identity file, in bytes.
const MAX_IDENTITY_BYTES: usize = 16 << 10;

/// The most secrets that one entry of the log names.
const MOST_OF_ENTRY: usize = 2000;

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    match &args.action {
        Action::Create(args) => create::run(args, context),
        Action::Restore(args) => restore::run(args, context),
    }
}

/// Does something that the log is told of with the names of all secrets, in as many entries as they need.
///
/// # Errors
/// `audit-unwritable`, after which nothing was done; else what `work` gives.
fn logged<T>(
    event: &Event,
    secrets: &[(SecretName, Version)],
    home: &Home,
    context: &Context,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let named = |part: &[(SecretName, Version)]| {
        let part = part.iter().map(|(name, version)| (name, *version));
        event.clone().versions(part)
    };
    let mut parts = secrets.chunks(MOST_OF_ENTRY);
    let last = named(parts.next_back().unwrap_or_default());
    let others: Vec<Event> = parts.map(named).collect();
    for event in &others {
        event.write(Outcome::Intent, home, context)?;
    }
    let done = last.around(home, context, || {
        let done = work()?;
        for event in &others {
            event.write(Outcome::Done, home, context)?;
        }
        Ok(done)
    })?;
    Ok(done)
}

/// Reads the identities in the file at `path`, which is not repeated: it may be a value in a wrong place.
fn identities(path: &Path) -> Result<Vec<Identity>, Failure> {
    let what = "the identity file";
    let read = paths::read_private_file(&absolute(path)?, MAX_IDENTITY_BYTES);
    let text = read.map_err(|error| unnamed(&error, what))?;
    let text =
        text.ok_or_else(|| Failure::new("input-failed", "there is no such identity file"))?;
    Identity::read_all(&text).map_err(|_| {
        let message = "the identity file holds something else than age identities";
        Failure::new("backup-wrong-key", message)
            .hint("it has lines like AGE-SECRET-KEY-1..., as age-keygen writes them")
    })
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|_| Failure::usage("a path cannot be used"))
}

/// Words an error of a file that the user named, without its name.
fn unnamed(error: &FileError, what: &str) -> Failure {
    match error {
        FileError::Io { action, source, .. } => {
            // What is made is made beside its place first.
            let action = action.strip_suffix(" a file in").unwrap_or(action);
            // An error that is not the system's own may hold the path.
            let why = match source.raw_os_error() {
                Some(_) => source.to_string(),
                None => source.kind().to_string(),
            };
            Failure::new("file-io", format!("could not {action} {what}: {why}"))
        }
        FileError::Unsafe { problem, .. } => {
            let hint = "it has to be a plain file of your own, which nobody else can write";
            Failure::new("file-unsafe", format!("{what} {problem}")).hint(hint)
        }
        FileError::TooLarge { .. } => {
            Failure::new("file-too-large", format!("{what} is too large"))
        }
        FileError::Busy => Failure::new(error.code(), error.to_string()),
    }
}
