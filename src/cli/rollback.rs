//! `broker rollback`: back to the value before the last rotation.

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use super::rotate::tell_servers;
use super::stores::OpenStores;
use crate::audit::Action;
use crate::catalog::change::Change;
use crate::secret::SecretName;

/// Go back to the value before the last rotation
///
/// While that is kept. The value that was current is kept in its place, so that a second rollback goes forth again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:
  broker rollback github-token")]
pub(super) struct Args {
    /// The secret
    #[arg(add = super::completions::names())]
    name: SecretName,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    find(&home.catalog()?, &args.name)?;
    let mut stores = OpenStores::new(&home);
    let event = Event::new(Action::Rollback).secret(&args.name, None);
    let (version, before) = event.around(&home, context, || {
        let mut change = Change::begin(&home)?;
        find(change.catalog(), &args.name)?;
        Ok(change.roll_back(&mut stores, &args.name)?)
    })?;
    let name = &args.name;
    context.output.notice(&format!(
        "\"{name}\" has version {version} again; version {before} is kept in its place"
    ));
    tell_servers(name, &home, context)?;
    Ok(Done::Ok)
}
