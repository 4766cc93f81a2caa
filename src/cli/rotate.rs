//! `broker rotate`: gives a secret another value, and keeps the old one until the new one has proven itself.

mod by_command;
mod command;
mod probe;

use std::str::FromStr;

use jiff::Timestamp;

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use super::input::ValueArgs;
use super::kept;
use super::set::tell_limits;
use super::stores::OpenStores;
use crate::audit::Action;
use crate::catalog::Home;
use crate::catalog::change::{Change, Keep, Rotated, Stores};
use crate::secret::{Length, LengthError, SecretName, SecretValue};
use probe::{Probe, ProbeWord};

/// Give a secret another value
///
/// The value comes from the terminal without being shown, from stdin, from a file, is made up, or is printed by
/// the rotation command of the secret. It is put beside the old one and read back before anything points to it; from
/// then on servers that are started get the new value. The old one is kept for a while, and `broker rollback` goes back
/// to it. One version is kept at a time. Where the old one was to be removed at once and its store did not remove it,
/// that is an error.
///
/// A rotation command (broker edit --rotate-command) is started without a shell, in the folder it was recorded in where
/// that matters, else in the home folder. It gets the current value in BROKER_CURRENT, the name of the secret in
/// BROKER_SECRET_NAME, the PATH and HOME it was recorded with, the rest of the base list, and nothing else. It has 60
/// seconds, and all that it started ends with it. What it prints on stdout is the new value, less a trailing newline; what
/// it says on stderr is shown with values masked. If it fails, or what it prints is no new value, the old one stays.
///
/// With --probe, a server that is allowed the secret is tried out first: it is started as it was allowed with the new
/// value in the place of the old one, has to list its tools, and where a tool is named, has to answer a call of it
/// without arguments. All of that may take half a minute. If it fails, what it said is shown with values masked, and the
/// old value stays. Few servers look at a value before a tool needs it, so name a tool that does.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker rotate github-token
  broker rotate github-token --probe github:get_me
  broker rotate webhook-secret --generate hex:32
  broker rotate db-password --run               see broker-rotation(7)
  broker rotate github-token --leaked < token.txt   the old value is removed at once")]
pub(super) struct Args {
    /// The secret
    #[arg(add = super::completions::names())]
    name: SecretName,
    #[command(flatten)]
    value: ValueArgs,
    /// Take what the rotation command of the secret prints
    #[arg(long, conflicts_with_all = ["from_file", "generate", "allow_empty"])]
    run: bool,
    /// Try the server out with the new value first, and call TOOL of it; the old value stays if that fails
    #[arg(long, value_name = "SERVER[:TOOL]", add = super::completions::servers())]
    probe: Option<ProbeWord>,
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

/// What becomes of the old value.
#[derive(Clone, Copy, Debug)]
struct Kept {
    keep: Keep,
    until: Option<Timestamp>,
}

impl Args {
    fn kept(&self, context: &Context) -> Result<Kept, Failure> {
        let (now, zone) = (context.now(), context.zone());
        let until = match &self.keep.0 {
            Some(length) if !self.leaked => Some(length.after(now, &zone).ok_or_else(|| {
                Failure::usage("the value for --keep is past the end of the calendar")
            })?),
            _ => None,
        };
        Ok(Kept {
            keep: until.map_or(Keep::Nothing, Keep::Until),
            until,
        })
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    // What can be refused is, before anything is typed or run.
    let record = find(&home.catalog()?, &args.name)?.clone();
    let kept = args.kept(context)?;
    let mut stores = OpenStores::new(&home);
    let probe = args.probe.as_ref();
    let probe = probe.map(|word| Probe::of(word, &record, &home, &mut stores, context));
    let how = How {
        kept,
        probe: probe.transpose()?,
    };
    if args.run {
        return by_command::run(args, &how, &home, &mut stores, context);
    }
    let value = args.value.read(&args.name)?;
    let mut event = Event::new(Action::Rotate).secret(&args.name, None);
    if args.leaked {
        event = event.detail("the old value has leaked");
    }
    let rotated = event.around(&home, context, || {
        let mut change = Change::begin(&home)?;
        find(change.catalog(), &args.name)?;
        let (name, value) = (&args.name, &value);
        how.replace(&mut change, name, value, &home, &mut stores, context)
    })?;
    tell(&args.name, &value, rotated, &kept, &home, context)?;
    Ok(Done::Ok)
}

/// How a value takes the place of another.
struct How<'a> {
    kept: Kept,
    probe: Option<Probe<'a>>,
}

impl How<'_> {
    /// Puts a new value in the place of the current one, once it has proven itself.
    fn replace(
        &self,
        change: &mut Change<'_>,
        name: &SecretName,
        value: &SecretValue,
        home: &Home,
        stores: &mut OpenStores,
        context: &Context,
    ) -> Result<Rotated, Failure> {
        let store = change.catalog().get(name)?.store;
        kept::end(change, stores, store, context)?;
        let prove = |stores: &mut dyn Stores, version| {
            if let Some(probe) = &self.probe {
                let probed = probe.prove(version, home, stores, context)?;
                probe.tell(&probed, context);
            }
            Ok::<(), Failure>(())
        };
        let (keep, now) = (self.kept.keep, context.now());
        change.rotate(stores, name, value, keep, now, prove)
    }
}

/// Says what was done, what is kept, and who has the old value still.
///
/// # Errors
/// The store's, where it did not remove what was to be removed at once.
fn tell(
    name: &SecretName,
    value: &SecretValue,
    rotated: Rotated,
    kept: &Kept,
    home: &Home,
    context: &Context,
) -> Result<(), Failure> {
    kept::tell_rotated(name, &rotated, kept.until, context);
    tell_limits(name, value, context);
    kept::tell_servers(name, home, context);
    kept::ensure_removed(name, rotated)
}
