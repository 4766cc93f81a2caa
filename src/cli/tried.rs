//! Starting a server once to see that it works: it has to shake hands and to list its tools.

use std::time::Duration;

use super::context::Context;
use super::failure::Failure;
use super::permission::Trial;
use super::stores::OpenStores;
use crate::audit::Outcome;
use crate::catalog::{Catalog, Home};
use crate::guard::probe;
use crate::launch::{Input, Plan, Values, check_values, supervise};
use crate::redact::Needles;

/// Starts a server with these values and asks it for its tools; returns their names. It is stopped in any case.
///
/// # Errors
/// `probe-failed`; what values cannot be put into variables for; `system-unsupported`.
pub(super) fn try_out(
    plan: &Plan,
    values: &Values,
    patience: Duration,
    context: &Context,
) -> Result<Vec<String>, Failure> {
    let failed = |why: String| Failure::new("probe-failed", why);
    check_values(plan, values).map_err(Failure::from)?;
    let needles = Needles::of(values.iter().map(|(_, value)| value));
    let signals = context.held_signals()?;
    let started = supervise(plan, values, &[], Input::Pipe, signals);
    let server = started.map_err(|error| failed(format!("it did not start: {error}")))?;
    let tried = probe(server, None, patience, needles.as_ref().ok());
    for line in tried.complaints.iter().filter(|_| tried.result.is_err()) {
        context.output.notice(&format!("server: {line}"));
    }
    let probed = tried.result.map_err(|error| failed(error.to_string()))?;
    Ok(probed.tools)
}

/// Starts a server that was allowed, with its secrets as they are, as any start releases them; returns the names of its tools.
///
/// # Errors
/// As [`try_out`]; all that a start may be refused for.
pub(super) fn with_current(
    plan: &Plan,
    catalog: &Catalog,
    home: &Home,
    stores: &mut OpenStores,
    patience: Duration,
    context: &Context,
) -> Result<Vec<String>, Failure> {
    let secrets = plan.secrets();
    let Some(record) = secrets.first().and_then(|name| catalog.find(name)) else {
        return try_out(plan, &Values::new(), patience, context);
    };
    let trial = Trial {
        secret: record.name.clone(),
        version: record.current,
    };
    let mut plan = plan.clone();
    let released = trial.released(&mut plan, home, stores, context)?;
    match try_out(&plan, &released.values, patience, context) {
        Ok(tools) => {
            released.event.write(Outcome::Done, home, context)?;
            Ok(tools)
        }
        Err(failure) => Err(released.event.withheld(failure, home, context)),
    }
}
