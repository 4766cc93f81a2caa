//! `broker import`: a dotenv file into the store.

use std::fs::File;
use std::path::PathBuf;

use super::audited::Event;
use super::context::Context;
use super::failure::Failure;
use super::input::bounded;
use super::permission::seals;
use super::set::{random_id, tell_limits, tell_unattended};
use super::stores::OpenStores;
use super::{Done, init};
use crate::audit::Action;
use crate::catalog::change::Change;
use crate::catalog::{CatalogError, Home, Record};
use crate::config::{Entry, parse_dotenv};
use crate::secret::SecretName;

/// Store the variables of a dotenv file as secrets
///
/// Each NAME=value becomes the secret NAME, or PREFIX and NAME. The file is read whole and checked before
/// anything is stored, and is left as it is: remove it afterwards, and rotate what was in it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker import .env
  broker import .env --prefix work/")]
pub(super) struct Args {
    /// The file
    #[arg(value_name = "FILE.env")]
    file: PathBuf,
    /// What to put before each name, such as work/
    #[arg(long, value_name = "P", default_value = "")]
    prefix: String,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let entries = read(args)?;
    let home = init::home_or_new(context)?;
    let mut stores = OpenStores::new(&home);
    let event = Event::new(Action::Import).secrets(entries.iter().map(|(name, _)| name));
    event.around(&home, context, || {
        seals::ensure(&home, &mut stores, home.record.store, &context.output)?;
        store(entries, &home, &mut stores, context)
    })?;
    context
        .output
        .notice("these values were in a file: remove it, and rotate them when you can");
    tell_unattended(&home, context);
    Ok(Done::Ok)
}

/// Stores all entries, unless one of their names is taken.
fn store(
    entries: Vec<(SecretName, Entry)>,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<(), Failure> {
    let mut change = Change::begin(home)?;
    for (name, _) in &entries {
        let taken = |record: &Record| record.name.folded() == name.folded();
        if let Some(record) = change
            .catalog()
            .secrets()
            .iter()
            .find(|record| taken(record))
        {
            return Err(CatalogError::Exists(record.name.clone()).into());
        }
    }
    let mut done = 0_usize;
    let all = entries.len();
    for (name, entry) in entries {
        let record = Record::first(random_id()?, name.clone(), home.record.store, context.now());
        change.add(stores, record, &entry.value).map_err(|error| {
            let failure = Failure::from(error);
            let message = format!(
                "{} ({done} of {all} were stored before it)",
                failure.message
            );
            Failure { message, ..failure }
        })?;
        done = done.saturating_add(1);
        context
            .output
            .notice(&format!("stored \"{name}\" in the {}", home.record.store));
        tell_limits(&name, &entry.value, context);
    }
    Ok(())
}

fn read(args: &Args) -> Result<Vec<(SecretName, Entry)>, Failure> {
    let unreadable =
        |e: std::io::Error| Failure::new("input-failed", format!("could not read the file: {e}"));
    let mut file = File::open(&args.file).map_err(unreadable)?;
    let bytes = bounded(&mut file, "the file")?;
    let entries = parse_dotenv(&bytes).map_err(|e| {
        Failure::new(
            "dotenv-invalid",
            format!("the file was not understood, {e}"),
        )
    })?;
    if entries.is_empty() {
        return Err(Failure::new("dotenv-invalid", "the file has no variables"));
    }
    let mut named: Vec<(SecretName, Entry)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let place = entry.line;
        let at = |why: String| Failure::new("dotenv-invalid", format!("line {place}: {why}"));
        let name: SecretName = format!("{}{}", args.prefix, entry.name)
            .parse()
            .map_err(|e| at(format!("{e}")))?;
        if entry.value.is_empty() {
            return Err(at("the value is empty".to_owned()));
        }
        if named
            .iter()
            .any(|(other, _)| other.folded() == name.folded())
        {
            return Err(at("a name that differs only in case came before".to_owned()));
        }
        named.push((name, entry));
    }
    Ok(named)
}
