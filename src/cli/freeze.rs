//! `broker freeze` and `broker thaw`: no value leaves, and values may leave again.

use super::Done;
use super::audited::Event;
use super::context::Context;
use super::failure::Failure;
use super::permission::seals;
use super::person::Person;
use super::stores::OpenStores;
use crate::audit::Action;
use crate::paths;
use crate::policy::Frozen;

/// Let no value leave this home, at once
///
/// Nothing is started with a secret, revealed or moved to another store until broker thaw. The seals in the stores say
/// so too, so that deleting files does not undo it. Needs no person. Servers that run already keep what they were given, and
/// a program that opens a store by itself is not hindered: lock the vault or the keychain, too.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:
  broker freeze --reason \"a laptop was stolen\"")]
pub(super) struct FreezeArgs {
    /// Why, in at most 200 characters, for who meets it
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Let values leave this home again
///
/// Needs a person at a terminal, but in an unattended home.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:
  broker thaw")]
pub(super) struct ThawArgs {}

pub(super) fn freeze(args: &FreezeArgs, context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let frozen = Frozen::new(context.now(), &args.reason);
    let document = serde_json::to_vec(&frozen).unwrap_or_default();
    // First of all, and without waiting for anybody: from here on no start goes on.
    let marked = paths::write_file(&home.paths.frozen_file(), &document);
    let event = Event::new(Action::Freeze).detail(frozen.reason.clone());
    // To stop what leaves is not to depend on whether the log can be written.
    let told = event.write(crate::audit::Outcome::Intent, &home, context);
    let mut stores = OpenStores::new(&home);
    let sealed = seals::set_frozen(&home, &mut stores, &context.output, Some(&frozen));
    if let Err(failure) = sealed {
        let half = if marked.is_ok() {
            "the home is frozen, but only by a file of its own: not every store could be told"
        } else {
            "the home could not be frozen everywhere"
        };
        let message = format!("{half} ({})", failure.message);
        return Err(Failure { message, ..failure });
    }
    marked?;
    let done = told.and_then(|_| event.write(crate::audit::Outcome::Done, &home, context));
    done.map_err(|failure| {
        let message = format!("the home is frozen, but {}", failure.message);
        Failure { message, ..failure }
    })?;
    context
        .output
        .notice("frozen: no value leaves this home until: broker thaw");
    Ok(Done::Ok)
}

pub(super) fn thaw(context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let mut stores = OpenStores::new(&home);
    let asked = Person::require("thawing", &home, &mut stores).and_then(|mut person| {
        person.agree("let values leave this home again?")?;
        Ok(person.is_unattended())
    });
    let event = Event::new(Action::Thaw);
    let unattended = asked.map_err(|failure| event.withheld(failure, &home, context))?;
    let event = event.unattended(unattended);
    event.around(&home, context, || {
        seals::set_frozen(&home, &mut stores, &context.output, None)?;
        // Last, so that a thaw that failed half-way leaves the home frozen.
        paths::remove_file(&home.paths.frozen_file())?;
        Ok(())
    })?;
    context
        .output
        .notice("thawed: values may leave this home again");
    Ok(Done::Ok)
}
