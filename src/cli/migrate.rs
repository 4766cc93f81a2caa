//! `broker migrate`: moves secrets to another store.

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use super::permission::{ensure_thawed, seals};
use super::set::StoreWord;
use super::stores::OpenStores;
use crate::audit::Action;
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
    let mut stores = OpenStores::new(&home);
    let list: Vec<&str> = names.iter().map(SecretName::as_str).collect();
    let question = format!("move {} to the {to}?", list.join(", "));
    let event = Event::new(Action::Migrate)
        .secrets(&names)
        .detail(format!("to the {to}"));
    let what = "moving secrets to another store";
    let (_, event) = event.agreed(what, &question, &home, &mut stores, context)?;
    event.around(&home, context, || {
        for kind in [StoreKind::Keychain, StoreKind::Vault] {
            let is_left = |name: &SecretName| catalog.find(name).is_some_and(|r| r.store == kind);
            if kind != to && names.iter().any(is_left) {
                seals::ensure_thawed(&home, &mut stores, kind)?;
            }
        }
        seals::ensure(&home, &mut stores, to, &context.output)?;
        let mut moved = Vec::new();
        let mut change = Change::begin(&home)?;
        let ended = names.iter().try_for_each(|name| {
            // Frozen while this waited for its turn, or between two secrets.
            ensure_thawed(&home)?;
            let old = find(change.catalog(), name)?.clone();
            let leftover = change.migrate(&mut stores, name, to)?;
            moved.push((old, find(change.catalog(), name)?.clone()));
            context
                .output
                .notice(&format!("moved \"{name}\" to the {to}"));
            super::remove::tell_leftover(&leftover, context);
            Ok(())
        });
        drop(change);
        // What was moved before one failed stays allowed, too.
        for (old, new) in &moved {
            seals::follow(&home, &mut stores, &context.output, old, new)?;
        }
        ended
    })?;
    Ok(Done::Ok)
}
