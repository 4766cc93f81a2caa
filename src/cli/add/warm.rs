//! Starts a server once whose package has to be fetched: a client gives its servers seconds, and a first download takes
//! longer.
//!
//! What comes of it is said and is no failure: the entry is there either way.

use std::path::Path;
use std::time::Duration;

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::stores::OpenStores;
use super::super::tried::{try_out, with_current};
use crate::catalog::{Catalog, Home};
use crate::launch::{Plan, Values};

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
        let tried = try_out(plan, &Values::new(), PATIENCE, context);
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
    if fetches(plan) {
        begin(plan, context);
        let tried = with_current(plan, catalog, home, stores, PATIENCE, context);
        tell(plan, tried, context);
    }
}

fn begin(plan: &Plan, context: &Context) {
    let program = plan.program.display();
    context.output.notice(&format!(
        "starting it once, so that what \"{program}\" has to fetch is there when the client starts it"
    ));
}

fn tell(plan: &Plan, tried: Result<Vec<String>, Failure>, context: &Context) {
    let called = plan.label.as_deref().unwrap_or("it");
    match tried {
        Ok(tools) => context.output.notice(&format!(
            "\"{called}\" starts, and has {} tool{}",
            tools.len(),
            if tools.len() == 1 { "" } else { "s" }
        )),
        Err(failure) => context.output.warning(&format!(
            "\"{called}\" was added, but it did not work when it was tried out: {}",
            failure.message
        )),
    }
}
