//! `broker reveal`: shows a value to the person at the terminal.

use super::Done;
use super::context::{Context, find};
use super::failure::Failure;
use super::stores::OpenStores;
use super::terminal::Terminal;
use crate::catalog::change::Stores as _;
use crate::secret::SecretName;

/// Show the value of a secret on the terminal
///
/// Needs a person: it asks on the controlling terminal and shows the value there, never on stdout, so
/// that it cannot end in a pipe or a log. Bytes that would act on the terminal are shown escaped.
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
    let mut terminal = Terminal::require("revealing a value")?;
    if !terminal.confirm(&format!("show the value of \"{}\" here?", record.name))? {
        return Err(Failure::declined());
    }
    let item = catalog.item(record, record.current);
    let mut stores = OpenStores::new(&home);
    let values = stores.store(record.store)?.read(&[item])?;
    for value in &values {
        terminal.show(value)?;
    }
    Ok(Done::Ok)
}
