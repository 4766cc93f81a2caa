//! Starts a server once whose package has to be fetched: a client gives its servers seconds, and a first download takes
//! longer.
//!
//! What comes of it is said and is no failure: the entry is there either way.

use std::path::Path;
use std::time::Duration;

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::permission::Trial;
use super::super::stores::OpenStores;
use crate::audit::Outcome;
use crate::catalog::{Catalog, Home};
use crate::guard::probe;
use crate::launch::{Input, Plan, Values, check_values, supervise};
use crate::redact::Needles;

/// How long the download and the first answers may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// Programs that fetch what they start.
const FETCHING: [&str; 12] = [
    "npx", "bunx", "pnpx", "pnpm", "yarn", "uvx", "uv", "pipx", "deno", "docker", "podman", "bun",
];

/// Tells whether the program may have to fetch something.
fn fetches(plan: &Plan) -> bool {
    let name = Path::new(&plan.name).file_stem();
    name.and_then(|name| name.to_str())
        .is_some_and(|name| FETCHING.contains(&name.to_ascii_lowercase().as_str()))
}

/// Starts a server that is given no secret.
///
/// # Errors
/// `system-unsupported`.
pub(super) fn without_secrets(plan: &Plan, context: &Context) -> Result<(), Failure> {
    if fetches(plan) {
        begin(plan, context);
        let tried = try_out(plan, &Values::new(), context);
        tell(plan, tried, context);
    }
    Ok(())
}

/// Starts a server that was allowed, with its secrets, as any start releases them.
pub(super) fn with_secrets(
    plan: &Plan,
    catalog: &Catalog,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) {
    let Some(record) = plan.secrets().first().and_then(|name| catalog.find(name)) else {
        return;
    };
    if !fetches(plan) {
        return;
    }
    begin(plan, context);
    let trial = Trial {
        secret: record.name.clone(),
        version: record.current,
    };
    let mut plan = plan.clone();
    let tried = trial
        .released(&mut plan, home, stores, context)
        .and_then(|released| {
            let tried = try_out(&plan, &released.values, context);
            match tried {
                Ok(tools) => released
                    .event
                    .write(Outcome::Done, home, context)
                    .map(|_| tools),
                Err(failure) => Err(released.event.withheld(failure, home, context)),
            }
        });
    tell(&plan, tried, context);
}

fn begin(plan: &Plan, context: &Context) {
    let program = plan.program.display();
    context.output.notice(&format!(
        "starting it once, so that what \"{program}\" has to fetch is there when the client starts it"
    ));
}

/// Starts it and asks it for its tools; returns how many it has.
fn try_out(plan: &Plan, values: &Values, context: &Context) -> Result<usize, Failure> {
    let failed = |why: String| Failure::new("probe-failed", why);
    check_values(plan, values).map_err(Failure::from)?;
    let needles = Needles::of(values.iter().map(|(_, value)| value));
    let signals = context.held_signals()?;
    let started = supervise(plan, values, &[], Input::Pipe, signals);
    let server = started.map_err(|error| failed(format!("it did not start: {error}")))?;
    let tried = probe(server, None, PATIENCE, needles.as_ref().ok());
    for line in tried.complaints.iter().filter(|_| tried.result.is_err()) {
        context.output.notice(&format!("server: {line}"));
    }
    let probed = tried.result.map_err(|error| failed(error.to_string()))?;
    Ok(probed.tools)
}

fn tell(plan: &Plan, tried: Result<usize, Failure>, context: &Context) {
    let called = plan.label.as_deref().unwrap_or("it");
    match tried {
        Ok(tools) => context.output.notice(&format!(
            "\"{called}\" starts, and has {tools} tool{}",
            if tools == 1 { "" } else { "s" }
        )),
        Err(failure) => context.output.warning(&format!(
            "\"{called}\" was added, but it did not work when it was tried out: {}",
            failure.message
        )),
    }
}
