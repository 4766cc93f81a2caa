//! `broker rotate`: gives a secret another value, and keeps the old one until the new one has proven itself.

mod probe;

use std::str::FromStr;

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use super::input::ValueArgs;
use super::set::tell_limits;
use super::stores::OpenStores;
use super::summary::Users;
use crate::audit::Action;
use crate::catalog::change::{Change, Keep, Stores};
use crate::secret::{Length, LengthError, SecretName};
use probe::{Probe, ProbeWord};

/// Give a secret another value
///
/// The value comes from the terminal without being shown, from stdin, from a file, or is made up. It is put
/// beside the old one and read back before anything points to it; from then on servers that are started get the
/// new value. The old one is kept for a while, and `broker rollback` goes back to it. One version is kept at a time.
///
/// With --probe, a server that is allowed the secret is tried out first: it is started as it was allowed with the new
/// value in the place of the old one, has to list its tools, and where a tool is named, has to answer a call of it
/// without arguments. All of that may take half a minute. If it fails, the old value stays. Few servers look at a value
/// before a tool needs it, so name a tool that does.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker rotate github-token
  broker rotate github-token --probe github:get_me
  broker rotate webhook-secret --generate hex:32
  broker rotate github-token --leaked < token.txt   the old value is removed at once")]
pub(super) struct Args {
    /// The secret
    #[arg(add = super::completions::names())]
    name: SecretName,
    #[command(flatten)]
    value: ValueArgs,
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

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    // What can be refused is, before anything is typed.
    let record = find(&home.catalog()?, &args.name)?.clone();
    let mut stores = OpenStores::new(&home);
    let probe = args.probe.as_ref();
    let probe = probe.map(|word| Probe::of(word, &record, &home, &mut stores, context));
    let probe = probe.transpose()?;
    let value = args.value.read(&args.name)?;
    let (now, zone) = (context.now(), context.zone());
    let until = match &args.keep.0 {
        Some(length) if !args.leaked => Some(length.after(now, &zone).ok_or_else(|| {
            Failure::usage("the value for --keep is past the end of the calendar")
        })?),
        _ => None,
    };
    let keep = until.map_or(Keep::Nothing, Keep::Until);
    let mut event = Event::new(Action::Rotate).secret(&args.name, None);
    if args.leaked {
        event = event.detail("the old value has leaked");
    }
    let mut probed = None;
    let rotated = event.around(&home, context, || {
        let mut change = Change::begin(&home)?;
        find(change.catalog(), &args.name)?;
        let store = change.catalog().get(&args.name)?.store;
        let _ = change.sweep(&mut stores.only(store));
        let _ = change.end_kept(&mut stores.only(store), now)?;
        let prove = |stores: &mut dyn Stores, version| {
            if let Some(probe) = &probe {
                probed = Some(probe.prove(version, &home, stores, context)?);
            }
            Ok::<(), Failure>(())
        };
        change.rotate(&mut stores, &args.name, &value, keep, now, prove)
    })?;
    let name = &args.name;
    if let (Some(probe), Some(probed)) = (&probe, probed) {
        probe.tell(probed, context);
    }
    let kept = match until {
        Some(until) => format!(
            "version {} is kept until {}; back to it with: broker rollback {name}",
            rotated.before,
            until.to_zoned(zone).date()
        ),
        None => format!("version {} is removed", rotated.before),
    };
    context.output.notice(&format!(
        "rotated \"{name}\" to version {}; {kept}",
        rotated.version
    ));
    if let Some(dropped) = rotated.dropped {
        let message = format!("version {dropped}, which was kept from before, is removed");
        context.output.notice(&message);
    }
    super::remove::tell_leftover(&rotated.leftover, context);
    tell_limits(name, &value, context);
    tell_servers(name, &home, context)?;
    Ok(Done::Ok)
}

/// Names the servers that have the old value until they are started again.
pub(super) fn tell_servers(
    name: &SecretName,
    home: &crate::catalog::Home,
    context: &Context,
) -> Result<(), Failure> {
    let catalog = home.catalog()?;
    let servers = Users::of(home, context)?.of_secret(catalog.get(name)?);
    if !servers.is_empty() {
        let list = servers.join(", ");
        context
            .output
            .notice(&format!("start these again, so that they get it: {list}"));
    }
    Ok(())
}
