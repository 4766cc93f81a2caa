//! `broker remove`: removes secrets with all their versions.

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use super::permission::Permissions;
use super::person::Person;
use super::stores::OpenStores;
use super::summary::Users;
use crate::audit::Action;
use crate::catalog::Home;
use crate::catalog::change::{Change, Leftover};
use crate::secret::SecretName;

/// Remove secrets, with every version of each
///
/// Names the servers that use them and asks, unless --yes is given. There is no way back: the values are
/// removed from the store, and entries of clients that had them in plain text cannot be restored any more.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker remove old-token
  broker remove a b c --yes")]
pub(super) struct Args {
    /// The secrets
    #[arg(required = true, add = super::completions::names())]
    names: Vec<SecretName>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let users = Users::of(&home, context)?;
    let catalog = home.catalog()?;
    let mut names = args.names.clone();
    names.sort();
    names.dedup();
    let mut ids = Vec::new();
    for name in &names {
        ids.push(&find(&catalog, name)?.id);
        let servers = users.of_secret(find(&catalog, name)?);
        if !servers.is_empty() {
            context
                .output
                .warning(&format!("\"{name}\" is used by: {}", servers.join(", ")));
        }
    }
    let mut stores = OpenStores::new(&home);
    let mut unattended = false;
    if !args.yes {
        let list: Vec<&str> = names.iter().map(SecretName::as_str).collect();
        let mut person = Person::require("removing without --yes", &home, &mut stores)?;
        person.agree(&format!("remove {} for good?", list.join(", ")))?;
        unattended = person.is_unattended();
    }
    let event = Event::new(Action::Remove)
        .secrets(&names)
        .unattended(unattended);
    let leftover = event.around(&home, context, || remove(&names, &home, &mut stores))?;
    tell_leftover(&leftover, context);
    let permissions = Permissions::load(&home, &context.output);
    if ids.iter().any(|id| permissions.rotation(id).is_some()) {
        // It could never be run again: no other secret gets the id.
        if let Err(failure) = super::edit::forget_commands(&ids, &home, &mut stores, context) {
            context.output.warning(&format!(
                "a rotation command of what was removed could not be taken away: {}",
                failure.message
            ));
        }
    }
    // The last trace of it: how files of clients would be put back with it.
    if let Err(failure) = super::undo::forget(&ids, &home) {
        context.output.warning(&format!(
            "what is kept to restore files of clients could not be taken away: {}",
            failure.message
        ));
    }
    for name in &names {
        context.output.notice(&format!("removed \"{name}\""));
    }
    Ok(Done::Ok)
}

fn remove(names: &[SecretName], home: &Home, stores: &mut OpenStores) -> Result<Leftover, Failure> {
    let mut change = Change::begin(home)?;
    for name in names {
        find(change.catalog(), name)?;
    }
    let filed: Vec<SecretName> = names
        .iter()
        .filter_map(|name| change.catalog().find(name))
        .map(|record| record.filed_as().clone())
        .collect();
    let mut leftover = change.remove(stores, names)?;
    let ours = leftover
        .errors
        .iter()
        .position(|(item, _)| filed.contains(&item.name));
    if let Some(at) = ours {
        let why = Failure::from(leftover.errors.swap_remove(at).1);
        let message = format!(
            "no server is given it any more, but the store still holds a value: {}",
            why.message
        );
        return Err(Failure::new(why.code, message)
            .hint("remove it when the store answers again, with: broker doctor --fix"));
    }
    Ok(leftover)
}

/// Tells what a change that was made could not clean up.
pub(super) fn tell_leftover(leftover: &Leftover, context: &Context) {
    for (item, error) in &leftover.errors {
        context.output.warning(&format!(
            "an old copy, \"{}\" in the {}, could not be removed yet ({error}); it is remembered, see: broker doctor --fix",
            item.name, item.store
        ));
    }
    if let Some(error) = &leftover.unrecorded {
        context.output.warning(&format!(
            "what was cleaned up could not be recorded ({error})"
        ));
    }
}
