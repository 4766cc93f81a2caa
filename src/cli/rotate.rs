//! `broker rotate`: gives a secret another value, and keeps the old one until the new one has proven itself.

use std::str::FromStr;

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use super::input::ValueArgs;
use super::kept;
use super::set::tell_limits;
use super::stores::OpenStores;
use crate::audit::Action;
use crate::catalog::change::{Change, Keep, Stores};
use crate::secret::{Length, LengthError, SecretName};

/// Give a secret another value
///
/// The value comes from the terminal without being shown, from stdin, from a file, or is made up. It is put
/// beside the old one and read back before anything points to it; from then on servers that are started get the
/// new value. The old one is kept for a while, and `broker rollback` goes back to it. One version is kept at a time.
/// Where the old one was to be removed at once and its store did not remove it, that is an error.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker rotate github-token
  broker rotate webhook-secret --generate hex:32
  broker rotate github-token --leaked < token.txt   the old value is removed at once")]
pub(super) struct Args {
    /// The secret
    #[arg(add = super::completions::names())]
    name: SecretName,
    #[command(flatten)]
    value: ValueArgs,
    /// How long the old value is kept; 0 removes it at once
    #[arg(long, value_name = "DUR", default_value = "7d")]
    keep: KeepWord,
    /// The old value has leaked: remove it at once, and note that
    #[arg(long, conflicts_with = "keep")]
    leaked: bool,
}

/// A length of time, or nothing.
#[derive(Clone, Debug)]
struct KeepWord(Option<Length>);

impl FromStr for KeepWord {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, LengthError> {
        if text == "0" {
            return Ok(Self(None));
        }
        text.parse().map(|length| Self(Some(length)))
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    // What can be refused is, before anything is typed.
    find(&home.catalog()?, &args.name)?;
    let value = args.value.read(&args.name)?;
    let (now, zone) = (context.now(), context.zone());
    let until = match &args.keep.0 {
        Some(length) if !args.leaked => Some(length.after(now, &zone).ok_or_else(|| {
            Failure::usage("the value for --keep is past the end of the calendar")
        })?),
        _ => None,
    };
    let keep = until.map_or(Keep::Nothing, Keep::Until);
    let mut stores = OpenStores::new(&home);
    let mut event = Event::new(Action::Rotate).secret(&args.name, None);
    if args.leaked {
        event = event.detail("the old value has leaked");
    }
    let rotated = event.around(&home, context, || {
        let mut change = Change::begin(&home)?;
        find(change.catalog(), &args.name)?;
        let store = change.catalog().get(&args.name)?.store;
        kept::end(&mut change, &mut stores, store, context)?;
        let prove = |_: &mut dyn Stores, _| Ok::<(), Failure>(());
        change.rotate(&mut stores, &args.name, &value, keep, now, prove)
    })?;
    let name = &args.name;
    kept::tell_rotated(name, &rotated, until, context);
    tell_limits(name, &value, context);
    kept::tell_servers(name, &home, context);
    kept::ensure_removed(name, rotated)?;
    Ok(Done::Ok)
}
