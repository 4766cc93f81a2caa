//! `broker reveal`: shows a value to the person at the terminal.

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use super::permission::seals;
use super::person::Person;
use super::stores::OpenStores;
use crate::audit::Action;
use crate::catalog::change::Stores as _;
use crate::secret::SecretName;

/// Show the value of a secret on the terminal
///
/// Needs a person: it asks on the controlling terminal and shows the value there, never on stdout, so
/// that it cannot end in a pipe or a log. Bytes that would act on the terminal are shown escaped. In an unattended
/// home and without a terminal it goes to stdout as it is, which is the only place there.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:
  broker reveal github-token")]
pub(super) struct Args {
    /// The secret
    #[arg(add = super::completions::names())]
    name: SecretName,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    let catalog = home.catalog()?;
    let record = find(&catalog, &args.name)?;
    let mut stores = OpenStores::new(&home);
    let event = Event::new(Action::Reveal).secret(&record.name, Some(record.current));
    let question = format!("show the value of \"{}\" here?", record.name);
    let (mut person, event) =
        event.agreed("revealing a value", &question, &home, &mut stores, context)?;
    let item = catalog.item(record, record.current);
    let values = event.around(&home, context, || {
        seals::ensure_thawed(&home, &mut stores, record.store)?;
        Ok(stores.store(record.store)?.read(&[item])?)
    })?;
    for value in &values {
        match &mut person {
            Person::Present(terminal) => terminal.show(value)?,
            Person::Unattended => context.output.value(value)?,
        }
    }
    Ok(Done::Ok)
}
