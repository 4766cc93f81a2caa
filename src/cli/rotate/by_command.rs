//! `broker rotate --run`: the new value is what the rotation command prints.
//!
//! The command runs without the lock of the home, so that nothing waits for it; only other rotation commands do. So the
//! home is looked at again before the new value is stored.

use std::time::Duration;

use super::super::Done;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::permission::handed::{Handed, handed};
use super::super::stores::OpenStores;
use super::command::{Asked, LIMIT, new_value};
use super::{Args, How, tell};
use crate::catalog::Home;
use crate::catalog::change::{Change, Rotated};
use crate::secret::{SecretName, SecretValue};

/// How long is waited for another rotation command: until it has had its time, and has been stored.
const TURN: Duration = Duration::from_secs(120);

pub(super) fn run(
    args: &Args,
    how: &How<'_>,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<Done, Failure> {
    let _turn = home.lock_rotation(TURN).map_err(|error| {
        let failure = Failure::from(error);
        match failure.code {
            "home-busy" => Failure {
                message: "another rotation command is running still".to_owned(),
                ..failure
            },
            _ => failure,
        }
    })?;
    // What could keep the value from being stored is found out before there is one.
    drop(Change::begin(home)?);
    let detail = match args.leaked {
        true => "by its command; the old value has leaked",
        false => "by its command",
    };
    let signals = context.held_signals()?;
    let handed = handed(&args.name, detail, home, stores, context)?;
    let asked = Asked {
        plan: &handed.plan,
        values: &handed.values,
        name: &args.name,
        limit: LIMIT,
    };
    let value = new_value(&asked, signals, &context.output, |bytes| {
        args.value.stripped(bytes)
    });
    let rotated = value.and_then(|value| {
        let stored = store(&value, &handed, how, home, stores, context);
        let (name, rotated) = stored.map_err(|failure| lost(failure, &args.name))?;
        Ok((name, value, rotated))
    });
    let rotated = handed.event.ended(rotated, home, context);
    let (name, value, rotated) = rotated?;
    tell(&name, &value, rotated, &how.kept, home, context)?;
    Ok(Done::Ok)
}

/// Stores the new value of the secret whose current one was handed to the command, whatever it is called by now.
fn store(
    value: &SecretValue,
    handed: &Handed,
    how: &How<'_>,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<(SecretName, Rotated), Failure> {
    let mut change = Change::begin(home)?;
    let mut records = change.catalog().secrets().iter();
    let record = records.find(|record| record.id == handed.id);
    let overtaken = |what: &str| Failure::new("rotation-overtaken", what);
    let record = record.ok_or_else(|| overtaken("the secret was removed meanwhile"))?;
    if record.current != handed.version {
        return Err(overtaken("the secret has got another value meanwhile"));
    }
    let name = record.name.clone();
    let rotated = how.replace(&mut change, &name, value, home, stores, context)?;
    Ok((name, rotated))
}

/// A new value that is in nobody's store, although the issuer may know no other.
fn lost(failure: Failure, name: &SecretName) -> Failure {
    let message = format!(
        "the rotation command gave a new value, but it was not stored: {}",
        failure.message
    );
    let advice = format!(
        "the issuer may have changed the value already: get it from there, and store it with: broker rotate {name}"
    );
    let hint = match &failure.hint {
        Some(hint) => format!("{hint}; {advice}"),
        None => advice,
    };
    Failure { message, ..failure }.hint(hint)
}
