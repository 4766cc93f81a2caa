//! `broker set`: stores a new secret.

use jiff::civil::Date;

use super::audited::Event;
use super::context::Context;
use super::failure::Failure;
use super::input::ValueArgs;
use super::kept;
use super::permission::seals;
use super::stores::OpenStores;
use super::terminal::{self, Terminal};
use super::{Done, init};
use crate::audit::Action;
use crate::catalog::change::Change;
use crate::catalog::{CatalogError, Home, Record};
use crate::redact::MASKABLE_BYTES;
use crate::secret::{Length, MAX_VALUE_BYTES, SecretName, SecretValue, parse_date};
use crate::store::StoreKind;

/// Store a new secret
///
/// Reads the value from the terminal without showing it, or from stdin where that is no terminal. One
/// trailing newline is stripped unless --raw is given. A value never goes on the command line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker set github-token --rotate-every 90d
  broker set work/github-token --url https://github.com/settings/tokens < token.txt
  broker set webhook-secret --generate hex:32")]
pub(super) struct Args {
    /// What the secret is called: letters, digits, '.', '_', '-', parts joined by '/'
    name: SecretName,
    /// Where it is kept (without: the home's default)
    #[arg(long, value_name = "STORE")]
    store: Option<StoreWord>,
    #[command(flatten)]
    value: ValueArgs,
    #[command(flatten)]
    schedule: ScheduleArgs,
}

/// A store, as a word on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum StoreWord {
    /// The keychain of the operating system
    Keychain,
    /// Files encrypted with age
    Vault,
}

impl From<StoreWord> for StoreKind {
    fn from(word: StoreWord) -> Self {
        match word {
            StoreWord::Keychain => Self::Keychain,
            StoreWord::Vault => Self::Vault,
        }
    }
}

/// What the catalog may be told about a new secret.
#[derive(Debug, clap::Args)]
struct ScheduleArgs {
    /// How often it is to be rotated: 90d, 12h, 2w, 1y, or ISO 8601
    #[arg(long, value_name = "DUR")]
    rotate_every: Option<Length>,
    /// The last day its issuer takes it: 2027-01-31
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    expires: Option<Date>,
    /// A remark of your own
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// The page where its issuer rotates it
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    // What can be refused is, before anything is typed.
    match context.home_if_any()? {
        Some(home) => {
            let catalog = home.catalog()?;
            if let Some(record) = catalog.find_in_any_case(&args.name) {
                return Err(CatalogError::Exists(record.name.clone()).into());
            }
        }
        None => init::check_possible()?,
    }
    let value = args.value.read(&args.name)?;
    let home = init::home_or_new(context)?;
    let store = args.store.map_or(home.record.store, StoreKind::from);
    let mut record = Record::first(random_id()?, args.name, store, context.now());
    record.rotate_every = args.schedule.rotate_every;
    record.expires = args.schedule.expires;
    record.note = args.schedule.note;
    record.url = args.schedule.url;
    let mut stores = OpenStores::new(&home);
    let event = Event::new(Action::Set).secret(&record.name, Some(record.current));
    event.around(&home, context, || {
        seals::ensure(&home, &mut stores, store, &context.output)?;
        let mut change = Change::begin(&home)?;
        kept::end(&mut change, &mut stores, store, context)?;
        Ok(change.add(&mut stores, record.clone(), &value)?)
    })?;
    let name = &record.name;
    let mut said = format!("stored \"{name}\" (version 1) in the {store}");
    // Without a schedule there is no reason to look for the zone, which reads many files.
    let due = record
        .rotate_every
        .as_ref()
        .and_then(|_| record.due(&context.zone()));
    if let Some(due) = due {
        said.push_str(&format!(
            ", to be rotated by {}",
            due.to_zoned(context.zone()).date()
        ));
    }
    context.output.notice(&said);
    tell_limits(name, &value, context);
    tell_unattended(&home, context);
    Ok(Done::Ok)
}

/// Says in a home where nobody is asked that it is one, to a person who may not know.
pub(super) fn tell_unattended(home: &Home, context: &Context) {
    if home.record.unattended && Terminal::open().is_some() {
        context
            .output
            .warning("this home is unattended: what asks a person elsewhere is done here without");
    }
}

/// Tells what a value that was stored cannot be used for.
pub(super) fn tell_limits(name: &SecretName, value: &SecretValue, context: &Context) {
    if value.len() < MASKABLE_BYTES {
        context.output.warning(&format!(
            "the value of \"{name}\" has fewer than {MASKABLE_BYTES} bytes, so it cannot be masked in what servers print"
        ));
    }
    if value.has_nul() {
        context.output.warning(&format!(
            "the value of \"{name}\" holds a NUL byte, so it cannot be put into a variable"
        ));
    }
}

/// Asks for a value that is not shown while it is typed.
///
/// # Errors
/// `value-empty`, `value-too-large`, and what typing gives.
pub(super) fn typed(name: &SecretName) -> Result<SecretValue, Failure> {
    let value = terminal::hidden(&format!("value of {name}:"), "typing a value")?;
    if value.len() > MAX_VALUE_BYTES {
        return Err(Failure::new(
            "value-too-large",
            "the value has more than 1 MiB",
        ));
    }
    if value.is_empty() {
        return Err(Failure::new("value-empty", "the value is empty"));
    }
    Ok(value)
}

/// Stores new secrets, one after the other; the log is told of each.
///
/// # Errors
/// The store's; those before it are stored.
pub(super) fn store_all(
    new: Vec<(Record, SecretValue)>,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<(), Failure> {
    for (record, value) in new {
        let store = record.store;
        let event = Event::new(Action::Set).secret(&record.name, Some(record.current));
        event.around(home, context, || {
            seals::ensure(home, stores, store, &context.output)?;
            let mut change = Change::begin(home)?;
            kept::end(&mut change, stores, store, context)?;
            Ok(change.add(stores, record.clone(), &value)?)
        })?;
        let name = &record.name;
        context
            .output
            .notice(&format!("stored \"{name}\" (version 1) in the {store}"));
        tell_limits(name, &value, context);
    }
    Ok(())
}

/// Makes the internal id of a new secret: 128 random bits in hexadecimal.
pub(super) fn random_id() -> Result<String, Failure> {
    init::new_id().map(String::from)
}
