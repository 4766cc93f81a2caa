//! Asking the person about a command, or noting for later that it was asked for.

use std::time::Duration;

use super::super::audited::Event;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::terminal::Terminal;
use super::release::words;
use super::{differences, requests, write_requests};
use crate::audit::Outcome;
use crate::catalog::Home;
use crate::catalog::change::Stores;
use crate::launch::Plan;
use crate::policy::{Command, Difference, Noted, Text};

/// How long a refused start waits to write its request down.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the person answered.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Answer {
    No,
    /// For this start alone.
    Once,
    /// From now on.
    Always,
}

/// Shows the person what is asked for and asks; anything but a clear answer is no.
///
/// # Errors
/// When the terminal has gone.
pub(in crate::cli) fn ask(terminal: &mut Terminal, lines: &[String]) -> Result<Answer, Failure> {
    terminal.say("broker was asked to start this, which is not allowed yet:")?;
    for line in lines {
        terminal.say(line)?;
    }
    let answer = terminal.ask("allow it? [N]o, [o]nce, [a]lways:")?;
    Ok(match answer.trim().to_ascii_lowercase().as_str() {
        "o" | "once" => Answer::Once,
        "a" | "always" => Answer::Always,
        _ => Answer::No,
    })
}

/// Writes down that a command was asked for, and tells the log that it was refused. Returns the id by which it can
/// be allowed, unless it could not be written down.
pub(in crate::cli) fn noted(
    command: &Command,
    cwd: &Text,
    event: &Event,
    home: &Home,
    context: &Context,
) -> Option<Noted> {
    let noted = note(command, cwd, &event.by(), home, context);
    if let Err(failure) = &noted {
        let message = format!("the request could not be written down: {}", failure.message);
        context.output.warning(&message);
    }
    let noted = noted.ok();
    // Repeats within minutes are not told one by one.
    if noted.as_ref().is_none_or(|noted| noted.is_told) {
        let repeats = noted.as_ref().filter(|noted| noted.count > 1);
        let again = repeats.map(|noted| format!("not allowed; asked {} times", noted.count));
        let event = event
            .clone()
            .detail(again.unwrap_or_else(|| "not allowed".to_owned()));
        if let Err(failure) = event.write(Outcome::Refused, home, context) {
            context.output.warning(&failure.message);
        }
    }
    noted
}

fn note(
    command: &Command,
    cwd: &Text,
    by: &str,
    home: &Home,
    context: &Context,
) -> Result<Noted, Failure> {
    let _lock = home.lock_within(PATIENCE)?;
    let now = context.now();
    let mut requests = requests(home, now);
    let noted = requests.note(command, cwd.clone(), by, now);
    write_requests(home, &requests)?;
    Ok(noted)
}

/// Asks the person at the terminal that is all of exec's own, or refuses and notes the request.
pub(super) fn refused(
    plan: &Plan,
    command: &Command,
    nearest: Vec<Difference>,
    event: &Event,
    home: &Home,
    stores: &mut dyn Stores,
    context: &Context,
) -> Result<Answer, Failure> {
    if let Some(mut terminal) = own_terminal() {
        let mut lines = words(command, &plan.starts_in, home, context);
        lines.extend(
            differences(&nearest)
                .into_iter()
                .map(|line| format!("  changed    {line}")),
        );
        let answer = ask(&mut terminal, &lines)?;
        match answer {
            Answer::No => {}
            Answer::Once => return Ok(answer),
            Answer::Always => {
                super::super::allow::grant(command, None, home, stores, false, context)?;
                return Ok(answer);
            }
        }
        event
            .clone()
            .detail("the person said no")
            .write(Outcome::Refused, home, context)?;
        return Err(Failure::new(
            "not-granted",
            format!("{} was not started, as you answered", called(command)),
        ));
    }
    let cwd = Text::of(&plan.starts_in);
    let noted = noted(command, &cwd, event, home, context);
    let failure = not_allowed(command, &nearest);
    Err(match noted {
        Some(noted) => failure.hint(format!(
            "see and allow it in a terminal with: {} allow {}",
            context.command(),
            noted.id
        )),
        None => failure.hint("allow it in a terminal with: broker allow, and the same words"),
    })
}

/// Says that a command is not allowed, or in what it differs from what is.
pub(super) fn not_allowed(command: &Command, nearest: &[Difference]) -> Failure {
    let called = called(command);
    let (code, message) = if nearest.is_empty() {
        let message = format!("{called} was not started: nobody allowed it yet");
        ("not-granted", message)
    } else {
        let message = format!("{called} was not started: it is not what was allowed");
        ("grant-changed", message)
    };
    let lines = differences(nearest).into_iter();
    Failure::new(code, message).more(lines.map(|line| format!("  {line}")).collect())
}

/// What a command is called in messages.
fn called(command: &Command) -> String {
    match &command.server {
        Some(server) => format!("\"{server}\""),
        None => "the server".to_owned(),
    }
}

/// Returns the terminal where stdin, stdout and stderr are one: nobody else is listening then.
fn own_terminal() -> Option<Terminal> {
    use std::io::IsTerminal;
    let all = std::io::stdin().is_terminal()
        && std::io::stdout().is_terminal()
        && std::io::stderr().is_terminal();
    if all { Terminal::open() } else { None }
}
