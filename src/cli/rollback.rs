//! `broker rollback`: back to the value before the last rotation.

use jiff::{Timestamp, ToSpan};

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use super::kept;
use super::stores::OpenStores;
use crate::audit::Action;
use crate::catalog::change::Change;
use crate::secret::SecretName;

/// How long a version is kept without a word about it.
const KEPT_DAYS: i64 = 7;

/// Go back to the value before the last rotation
///
/// While that is kept. The value that was current is kept in its place until the same day, or for a week if
/// that day is over, so that a second rollback goes forth again.
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
    let (now, zone) = (context.now(), context.zone());
    // Where the time of what is gone back to is over already, the other is kept as after a rotation.
    let while_over = now.to_zoned(zone.clone()).checked_add(KEPT_DAYS.days());
    let while_over = while_over.map_or(Timestamp::MAX, |zoned| zoned.timestamp());
    let mut stores = OpenStores::new(&home);
    let event = Event::new(Action::Rollback).secret(&args.name, None);
    let back = event.around(&home, context, || {
        let mut change = Change::begin(&home)?;
        find(change.catalog(), &args.name)?;
        let store = change.catalog().get(&args.name)?.store;
        let _ = change.sweep(&mut stores.only(store));
        Ok(change.roll_back(&mut stores, &args.name, now, while_over)?)
    })?;
    let name = &args.name;
    let (version, before) = (back.version, back.before);
    let until = back.until.map(|until| until.to_zoned(zone).date());
    let until = until.map_or_else(String::new, |day| format!(" until {day}"));
    context.output.notice(&format!(
        "\"{name}\" has version {version} again; version {before} is kept in its place{until}"
    ));
    kept::tell_servers(name, &home, context);
    Ok(Done::Ok)
}
