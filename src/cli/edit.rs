//! `broker edit`: changes what is recorded about a secret, never its value.
//!
//! A rotation command is part of what is allowed, so it is recorded with the grants and not in the catalog.

use std::str::FromStr;

use jiff::civil::Date;

use super::Done;
use super::audited::Event;
use super::context::{Context, find};
use super::failure::Failure;
use super::permission::rotation::{Proposed, proposed};
use super::permission::{Permissions, seals};
use super::person::Person;
use super::stores::OpenStores;
use crate::audit::Action;
use crate::catalog::change::Change;
use crate::catalog::{Home, Record};
use crate::policy::{Command, Rotation};
use crate::secret::{DateError, Length, SecretName, WhenOverdue, parse_date};

/// Change what is recorded about a secret: its schedule, its dates, its note
///
/// The value stays as it is.
///
/// A rotation command gets the current value and prints the next one: see broker rotate --help, and broker-rotation(7). It
/// is shown as broker allow shows a command, and asked about in the terminal. What it was recorded with counts: its
/// words, its content where others than the system's administrator can change it, PATH and HOME, the passed variables of
/// broker.toml, and the folder where that matters. When any of it changes, it is refused until it is recorded again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker edit github-token --rotate-every 90d --url https://github.com/settings/tokens
  broker edit github-token --expires never --note ''
  broker edit db-password --rotate-command '[\"/home/you/bin/new-password\", \"app\"]'
  broker edit db-password --rotate-command none")]
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
    /// The command that rotate --run gets a new value from, as a JSON array of its words, or none; needs a person
    #[arg(long, value_name = "JSON_ARRAY", group = "change")]
    rotate_command: Option<CommandWord>,
}

/// A rotation command as an argument: its words, or none.
#[derive(Clone, Debug)]
struct CommandWord(Option<Vec<String>>);

/// Why an argument is no rotation command. Never holds what was given.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum CommandWordError {
    #[error("it is none, or a JSON array of strings: the program, and each argument")]
    NoArray,
    #[error("the program is missing")]
    NoProgram,
    #[error("a word holds a NUL byte")]
    Nul,
}

impl FromStr for CommandWord {
    type Err = CommandWordError;

    fn from_str(text: &str) -> Result<Self, CommandWordError> {
        if text == "none" {
            return Ok(Self(None));
        }
        let words: Vec<String> =
            serde_json::from_str(text).map_err(|_| CommandWordError::NoArray)?;
        if words.first().is_none_or(String::is_empty) {
            return Err(CommandWordError::NoProgram);
        }
        if words.iter().any(|word| word.contains('\0')) {
            return Err(CommandWordError::Nul);
        }
        Ok(Self(Some(words)))
    }
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
    let catalog = home.catalog()?;
    let record = find(&catalog, &args.name)?;
    let name = args.name.clone();
    let mut stores = OpenStores::new(&home);
    let event = Event::new(Action::Edit).secret(&name, None);
    let (event, command) = match args.rotate_command.as_ref().map(|word| &word.0) {
        None => (event, None),
        Some(None) => (event.detail("no rotation command"), Some(None)),
        Some(Some(words)) => {
            let proposed = proposed(words, record, &catalog, &home, context)?;
            let event = event.command(&proposed.command).detail("rotation command");
            let event = agreed(event, &name, &proposed, &home, &mut stores, context)?;
            (event, Some(Some(proposed.command)))
        }
    };
    let is_recorded = || {
        let permissions = Permissions::load(&home, &context.output);
        permissions.rotation(&record.id).is_some()
    };
    let had = matches!(command, Some(None)) && is_recorded();
    event.around(&home, context, || {
        match &command {
            Some(Some(command)) => record_command(command, record, &home, &mut stores, context)?,
            Some(None) if had => forget_commands(&[&record.id], &home, &mut stores, context)?,
            Some(None) | None => {}
        }
        change(args, &home)
    })?;
    match command {
        Some(None) if !had => {
            let message = format!("no rotation command was recorded for \"{name}\"");
            context.output.notice(&message);
        }
        _ => context
            .output
            .notice(&format!("changed the record of \"{name}\"")),
    }
    Ok(Done::Ok)
}

/// Shows a rotation command to the person, and has it allowed.
fn agreed(
    event: Event,
    name: &SecretName,
    proposed: &Proposed,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<Event, Failure> {
    let mut asked = || {
        let mut person = Person::require("recording a rotation command", home, stores)?;
        person.say(&format!(
            "this would be run by broker rotate {name} --run, in exactly these words:"
        ))?;
        for line in &proposed.lines {
            person.say(line)?;
        }
        person.agree("let it have the value, and make the new one?")?;
        Ok(person.is_unattended())
    };
    match asked() {
        Ok(unattended) => Ok(event.unattended(unattended)),
        Err(failure) => Err(event.withheld(failure, home, context)),
    }
}

/// Records a rotation command in the place of the one there may be.
fn record_command(
    command: &Command,
    record: &Record,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<(), Failure> {
    let granted = context.now();
    seals::change(home, stores, &context.output, |_, rotations| {
        rotations.retain(|rotation| !rotation.is_of(&record.id));
        rotations.push(Rotation {
            granted,
            command: command.clone(),
        });
    })
    .map(|_| ())
}

/// Takes the rotation commands of secrets away, given their ids.
///
/// # Errors
/// As [`seals::change`].
pub(super) fn forget_commands(
    ids: &[&String],
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<(), Failure> {
    seals::change(home, stores, &context.output, |_, rotations| {
        rotations.retain(|rotation| !ids.iter().any(|id| rotation.is_of(id)));
    })
    .map(|_| ())
}

fn change(args: Args, home: &Home) -> Result<(), Failure> {
    let Args {
        name,
        rotate_every,
        expires,
        when_overdue,
        note,
        url,
        rotate_command: _,
    } = args;
    let mut change = Change::begin(home)?;
    find(change.catalog(), &name)?;
    change.edit(&name, |record| {
        if let Some(every) = rotate_every {
            record.rotate_every = every.0;
        }
        if let Some(date) = expires {
            record.expires = date.0.map(|date| date.0);
        }
        if let Some(when) = when_overdue {
            record.when_overdue = Some(when).filter(|when| *when != WhenOverdue::Warn);
        }
        if let Some(note) = note {
            record.note = Some(note).filter(|text| !text.is_empty());
        }
        if let Some(url) = url {
            record.url = Some(url).filter(|text| !text.is_empty());
        }
    })?;
    Ok(())
}
