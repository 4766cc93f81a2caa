//! `broker edit`: changes what is recorded about a secret, never its value.

use std::str::FromStr;

use jiff::civil::Date;

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use crate::audit::Action;
use crate::catalog::Home;
use crate::catalog::change::Change;
use crate::secret::{DateError, Length, SecretName, WhenOverdue, parse_date};

/// Change what is recorded about a secret: its schedule, its dates, its note
///
/// The value stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker edit github-token --rotate-every 90d --url https://github.com/settings/tokens
  broker edit github-token --expires never --note ''")]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(super) struct Args {
    /// The secret
    #[arg(add = super::completions::names())]
    name: SecretName,
    /// How often it is to be rotated: 90d, 12h, 2w, 1y, ISO 8601, or never
    #[arg(long, value_name = "DUR", group = "change")]
    rotate_every: Option<OrNever<Length>>,
    /// The last day its issuer takes it: 2027-01-31, or never
    #[arg(long, value_name = "DATE", group = "change")]
    expires: Option<OrNever<DateWord>>,
    /// What is done when it is to be given to a server and its time is over: warn, or refuse
    #[arg(long, value_name = "WORD", group = "change")]
    when_overdue: Option<WhenOverdue>,
    /// A remark of your own; an empty one removes it
    #[arg(long, value_name = "TEXT", group = "change")]
    note: Option<String>,
    /// The page where its issuer rotates it; an empty one removes it
    #[arg(long, value_name = "URL", group = "change")]
    url: Option<String>,
}

/// Something that can be taken away with the word `never`.
#[derive(Clone, Debug)]
struct OrNever<T>(Option<T>);

impl<T: FromStr> FromStr for OrNever<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == "never" {
            Ok(Self(None))
        } else {
            text.parse().map(|value| Self(Some(value)))
        }
    }
}

/// A date as an argument.
#[derive(Clone, Copy, Debug)]
struct DateWord(Date);

impl FromStr for DateWord {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        parse_date(text).map(Self)
    }
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    find(&home.catalog()?, &args.name)?;
    let name = args.name.clone();
    let event = Event::new(Action::Edit).secret(&name, None);
    event.around(&home, context, || change(args, &home))?;
    context
        .output
        .notice(&format!("changed the record of \"{name}\""));
    Ok(Done::Ok)
}

fn change(args: Args, home: &Home) -> Result<(), Failure> {
    let mut change = Change::begin(home)?;
    find(change.catalog(), &args.name)?;
    change.edit(&args.name, |record| {
        if let Some(every) = args.rotate_every {
            record.rotate_every = every.0;
        }
        if let Some(date) = args.expires {
            record.expires = date.0.map(|date| date.0);
        }
        if let Some(when) = args.when_overdue {
            record.when_overdue = Some(when).filter(|when| *when != WhenOverdue::Warn);
        }
        if let Some(note) = args.note {
            record.note = Some(note).filter(|text| !text.is_empty());
        }
        if let Some(url) = args.url {
            record.url = Some(url).filter(|text| !text.is_empty());
        }
    })?;
    Ok(())
}
