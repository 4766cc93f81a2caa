//! What is said of the versions of a secret: which are kept, which are removed, and which were to be.

use jiff::Timestamp;

use super::context::Context;
use super::failure::Failure;
use super::stores::OpenStores;
use super::summary::Users;
use crate::catalog::change::{Change, Rotated};
use crate::catalog::{Home, Record};
use crate::secret::SecretName;
use crate::store::{StoreKind, Version};

/// What to do where a store did not remove what it was to.
const HINT: &str = "remove it when the store answers again, with: broker doctor --fix";

/// Says what a rotation made current, what it keeps and what it removed. What is in its store still is not
/// called removed.
pub(super) fn tell_rotated(
    name: &SecretName,
    rotated: &Rotated,
    until: Option<Timestamp>,
    context: &Context,
) {
    let removed = |version| match rotated.left.contains(&version) {
        true => "could not be removed yet",
        false => "is removed",
    };
    let kept = match until {
        Some(until) => format!(
            "version {} is kept until {}; back to it with: broker rollback {name}",
            rotated.before,
            until.to_zoned(context.zone()).date()
        ),
        None => format!("version {} {}", rotated.before, removed(rotated.before)),
    };
    let version = rotated.version;
    let output = &context.output;
    output.notice(&format!("rotated \"{name}\" to version {version}; {kept}"));
    if let Some(dropped) = rotated.dropped {
        let removed = removed(dropped);
        let message = format!("version {dropped}, which was kept from before, {removed}");
        output.notice(&message);
    }
    super::remove::tell_leftover(&rotated.leftover, context);
}

/// Demands that the version before a rotation is gone, where it was not to be kept.
///
/// # Errors
/// The store's, which is that of the rotation: what was asked for is done by half.
pub(super) fn ensure_removed(name: &SecretName, rotated: Rotated) -> Result<(), Failure> {
    let before = rotated.before;
    if !rotated.left.contains(&before) {
        return Ok(());
    }
    let mut errors = rotated.leftover.errors.into_iter();
    let Some((_, error)) = errors.find(|(item, _)| item.version == before) else {
        return Ok(());
    };
    let why = Failure::from(error);
    let message = format!(
        "\"{name}\" was rotated, but the store still holds version {before}: {}",
        why.message
    );
    Err(Failure::new(why.code, message).hint(HINT))
}

/// Ends what was kept and whose time is over, as far as `store` has it; the rest is remembered. Says what it ends:
/// nobody asked for it at this moment, and where the clock is wrong it is too early.
///
/// # Errors
/// See [`Change::end_kept`].
pub(super) fn end(
    change: &mut Change<'_>,
    stores: &mut OpenStores,
    store: StoreKind,
    context: &Context,
) -> Result<(), Failure> {
    let now = context.now();
    let over = change.catalog().kept_past(now);
    let named = |(record, kept, until): (&Record, Version, _)| (record.name.clone(), kept, until);
    let over: Vec<_> = over.map(named).collect();
    let _ = change.sweep(&mut stores.only(store));
    let _ = change.end_kept(&mut stores.only(store), now)?;
    for (name, version, until) in over {
        let day = until.to_zoned(context.zone()).date();
        let message =
            format!("version {version} of \"{name}\" was kept until {day}, and is no longer");
        context.output.notice(&message);
    }
    Ok(())
}

/// Names the servers that have the value before until they are started again. That they cannot be told is no failure
/// of what was done.
pub(super) fn tell_servers(name: &SecretName, home: &Home, context: &Context) {
    let servers = home
        .catalog()
        .map_err(Failure::from)
        .and_then(|catalog| Ok(Users::of(home, context)?.of_secret(catalog.get(name)?)));
    match servers {
        Ok(servers) if servers.is_empty() => {}
        Ok(servers) => {
            let list = servers.join(", ");
            let message = format!("start these again, so that they get it: {list}");
            context.output.notice(&message);
        }
        Err(failure) => {
            let why = failure.message;
            let message = format!("which servers are to be started again is not known: {why}");
            context.output.warning(&message);
        }
    }
}
