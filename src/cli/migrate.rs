//! `broker migrate`: moves secrets to another store.

use super::Done;
use super::context::{Context, find};
use super::failure::Failure;
use super::set::StoreWord;
use super::stores::OpenStores;
use super::terminal::Terminal;
use crate::catalog::change::Change;
use crate::secret::SecretName;
use crate::store::StoreKind;

/// Move secrets to another store
///
/// Each value is written to the other store and read back before the old copy is removed. Needs a
/// person, since the other store may open more easily. Without names, everything is moved.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker migrate --to vault
  broker migrate --to keychain github-token")]
pub(super) struct Args {
    /// Where to
    #[arg(long, value_name = "STORE")]
    to: StoreWord,
    /// The secrets (without: all that are elsewhere)
    #[arg(add = super::completions::names())]
    names: Vec<SecretName>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    let to = StoreKind::from(args.to);
    let catalog = home.catalog()?;
    let names: Vec<SecretName> = if args.names.is_empty() {
        let elsewhere = catalog.secrets().iter().filter(|record| record.store != to);
        elsewhere.map(|record| record.name.clone()).collect()
    } else {
        for name in &args.names {
            find(&catalog, name)?;
        }
        args.names.clone()
    };
    if names.is_empty() {
        context
            .output
            .notice(&format!("every secret is in the {to} already"));
        return Ok(Done::Ok);
    }
    let mut terminal = Terminal::require("moving secrets to another store")?;
    let list: Vec<&str> = names.iter().map(SecretName::as_str).collect();
    if !terminal.confirm(&format!("move {} to the {to}?", list.join(", ")))? {
        return Err(Failure::declined());
    }
    let mut stores = OpenStores::new(&home);
    let mut change = Change::begin(&home)?;
    for name in &names {
        let leftover = change.migrate(&mut stores, name, to)?;
        context
            .output
            .notice(&format!("moved \"{name}\" to the {to}"));
        super::remove::tell_leftover(&leftover, context);
    }
    Ok(Done::Ok)
}
