//! `broker rename`: gives a secret another name.

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use super::permission::seals;
use super::stores::OpenStores;
use super::summary::Users;
use crate::audit::Action;
use crate::catalog::change::Change;
use crate::secret::SecretName;

/// Give a secret another name
///
/// Its versions, dates and permissions stay. Configurations that refer to the old name have to be
/// changed; those broker knows of are named.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:
  broker rename github-token work/github-token")]
pub(super) struct Args {
    /// The secret
    #[arg(add = super::completions::names())]
    old: SecretName,
    /// What it is to be called
    new: SecretName,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    let users = Users::of(&home, context)?;
    let mut stores = OpenStores::new(&home);
    find(&home.catalog()?, &args.old)?;
    let event = Event::new(Action::Rename).secrets([&args.old, &args.new]);
    let leftover = event.around(&home, context, || {
        let mut change = Change::begin(&home)?;
        let old = find(change.catalog(), &args.old)?.clone();
        let leftover = change.rename(&mut stores, &args.old, &args.new)?;
        let new = find(change.catalog(), &args.new)?.clone();
        drop(change);
        seals::follow(&home, &mut stores, &context.output, &old, &new)?;
        Ok(leftover)
    })?;
    context
        .output
        .notice(&format!("renamed \"{}\" to \"{}\"", args.old, args.new));
    super::remove::tell_leftover(&leftover, context);
    for server in users.refer_to(&args.old) {
        context.output.warning(&format!(
            "the server \"{server}\" in broker.toml still refers to \"{}\"",
            args.old
        ));
    }
    Ok(Done::Ok)
}
