//! `broker exec`: starts a server with the variables named for it, by becoming the server.
//!
//! Read from top to bottom, [`replace`] is the security argument: what is asked is worked out and every name is
//! found before a store is asked; values come only through [`released`], which matches what is asked with what a
//! person allowed and tells the log; they are checked; then nothing is left but to become the server. What changed in
//! the files of clients is told before that, and stops nothing.

use super::Done;
use super::clients;
use super::context::Context;
use super::failure::Failure;
use super::permission::released;
use super::start::StartArgs;
use crate::launch::{Values, check_values, start};

/// Start a server with the variables named for it, and nothing else
///
/// The server starts with a base list (PATH HOME USER LOGNAME SHELL LANG LC_* TZ TERM TMPDIR) and the
/// variables that are named here, in broker.toml, or by the caller: a variable of the caller whose whole value
/// is a reference (broker://NAME) is injected with the value of that secret. Everything else is
/// dropped. broker becomes the server: no process stays in between.
///
/// A secret is given only to a command that a person allowed. What is not allowed is asked about where stdin, stdout
/// and stderr are a terminal: no, once or always. Elsewhere it is refused and noted as a request, to be looked at with:
/// broker allow ID. A change of the program, an argument, a variable or a secret has to be allowed again; what else counts
/// is in broker-security(7). A server without secrets starts as it is.
///
/// Programs are looked up in the caller's PATH, but not in entries in which others may have put one: those that are
/// relative, those in the project, and those that other users can write.
#[derive(Debug, clap::Args)]
#[command(override_usage = "broker exec [OPTIONS] [SERVER] [-- COMMAND [ARG]...]")]
#[command(after_long_help = "Examples:
  broker exec --env GITHUB_TOKEN=broker://github-token -- npx -y SERVER@1.2.3
  broker exec github --pass NO_COLOR -- github-mcp-server stdio
  broker exec github                            a server that broker.toml defines
  broker exec files --pass-any EDITOR --cwd /srv/files -- files-server --stdio

Exit code: the server's own, 128+N where signal N ended it; 127 if it was not found, 126 if it
cannot be executed, 125 for everything of broker's.")]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) start: StartArgs,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    // Everything of broker's is 125; only the look-up of the program has its own codes.
    replace(args, context).map_err(|failure| match failure.exit {
        126 | 127 => failure,
        _ => failure.exiting(125),
    })
}

fn replace(args: Args, context: &Context) -> Result<Done, Failure> {
    let mut plan = args.start.plan(context)?;
    let starting = format!("starting \"{}\"", plan.program.display());
    if plan.secrets().is_empty() {
        check_values(&plan, &Values::new())?;
        context.output.detail(&starting);
        clients::notice(None, context);
        return Err(start(&plan, Values::new()).into());
    }
    context.require_hardened()?;
    let home = context.home()?;
    let released = released(&mut plan, &home, context)?;
    let failed = |failure| released.event.withheld(failure, &home, context);
    check_values(&plan, &released.values).map_err(|error| failed(error.into()))?;
    context.output.detail(&starting);
    clients::notice(Some((&home, &released.seals)), context);
    let error = start(&plan, released.values);
    Err(failed(error.into()))
}
