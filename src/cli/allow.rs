//! `broker allow`: shows what would be allowed, and allows it if the person agrees.

use std::path::{Path, PathBuf};

use super::Done;
use super::audited::Event;
use super::context::Context;
use super::failure::Failure;
use super::permission::{
    Permissions, bound, find_all, place_of, requests, seals, words, write_requests,
};
use super::person::Person;
use super::start::StartArgs;
use super::stores::OpenStores;
use crate::audit::Action;
use crate::catalog::Home;
use crate::catalog::change::Stores;
use crate::launch::{Plan, content_now, reading};
use crate::policy::{Command, Found, Grant, Request, Secret};

/// Allow a command to be given its secrets
///
/// Shows what would be allowed, what is dangerous about it first, and asks; it needs a person at a terminal. Without
/// arguments it goes through the requests: what was asked for and refused (broker requests). With an ID it looks at one
/// of them, with a label at those of that server; where there are none, the server of broker.toml is meant. With the
/// words of an exec, that very command is allowed before it is ever started. Anything that is shown and changes later is
/// refused again.
///
/// In an unattended home and without a terminal it does not ask, and shows nothing. Name the command there: without one,
/// whatever was asked for is allowed.
#[derive(Debug, clap::Args)]
#[command(override_usage = "broker allow [ID | SERVER]
       broker allow [OPTIONS] [SERVER] -- COMMAND [ARG]...
       broker allow --program PATH")]
#[command(after_long_help = "Examples:
  broker allow                                  go through the requests
  broker allow 3f1c                             the request whose id begins so
  broker allow github --env TOKEN=broker://github-token -- npx -y SERVER@1.2.3
  broker allow github                           the requests of github, or what broker.toml defines
  broker allow --program /opt/bin/server        after it was upgraded")]
pub(super) struct Args {
    /// Allow again every command of the program at PATH, which has changed
    #[arg(long, value_name = "PATH", conflicts_with_all = ["server", "command", "env", "pass", "pass_any", "cwd"])]
    program: Option<PathBuf>,
    #[command(flatten)]
    pub(super) start: StartArgs,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    // What would be exec's own exit code is no code of a command that starts nothing.
    allow(args, context).map_err(|failure| match (failure.code, failure.exit) {
        ("usage", _) => failure.exiting(2),
        (_, 125..=127) => failure.exiting(1),
        _ => failure,
    })
}

fn allow(args: Args, context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let mut stores = OpenStores::new(&home);
    if let Some(program) = &args.program {
        return upgraded(program, &home, &mut stores, context);
    }
    if args.start.is_bare() {
        let pending = requests(&home, context.now());
        let asked = match &args.start.server {
            None => {
                if pending.all().is_empty() {
                    context.output.notice("there are no requests");
                    return Ok(Done::Ok);
                }
                pending.all().to_vec()
            }
            // What the user's own settings define is meant before what anybody asked for.
            Some(word) if context.config()?.servers.contains_key(word) => Vec::new(),
            Some(word) => match pending.find(word) {
                Found::One(request) => vec![request.clone()],
                Found::Several => {
                    return Err(Failure::new(
                        "request-ambiguous",
                        "more than one request has an id that begins so",
                    )
                    .hint("give more digits; see: broker requests"));
                }
                Found::None => {
                    let of_server = |r: &&Request| r.command.server.as_ref() == Some(word);
                    pending.all().iter().filter(of_server).cloned().collect()
                }
            },
        };
        if !asked.is_empty() {
            let word = args.start.server.as_deref().unwrap_or_default();
            let by_id = asked.len() == 1
                && !word.is_empty()
                && asked.iter().all(|r| r.id.starts_with(word));
            return go_through(&asked, by_id, &home, &mut stores, context);
        }
        let known = context.config()?.servers;
        let word = args.start.server.as_deref().unwrap_or_default();
        if !known.contains_key(word) {
            return Err(Failure::new(
                "request-not-found",
                "there is no request with that id or server, and broker.toml defines no such server",
            )
            .hint("see what was asked for with: broker requests"));
        }
    }
    let plan = args.start.plan(context)?;
    let Some(command) = command(&plan, &home)? else {
        context
            .output
            .notice("it is given no secret, so there is nothing to allow");
        return Ok(Done::Ok);
    };
    let event = Event::new(Action::Allow).command(&command);
    let mut person = person("allowing a command", &event, &home, &mut stores, context)?;
    if !show(&command, &plan.starts_in, &mut person, &home, context)? {
        return Err(event.withheld(Failure::declined(), &home, context));
    }
    grant(
        &command,
        None,
        &home,
        &mut stores,
        person.is_unattended(),
        context,
    )?;
    tell(&command, context);
    Ok(Done::Ok)
}

/// Works out what a plan is bound as; `None` where it is given no secret.
///
/// # Errors
/// `secret-not-found`, `program-unreadable`.
pub(super) fn command(plan: &Plan, home: &Home) -> Result<Option<Command>, Failure> {
    if plan.secrets().is_empty() {
        return Ok(None);
    }
    let wanted = find_all(plan, &home.catalog()?)?;
    let meaning = reading(plan, &home.paths);
    bound(plan, &meaning, &wanted, None, home).map(Some)
}

/// Finds the person, and tells the log if nobody is there.
fn person(
    what: &str,
    event: &Event,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<Person, Failure> {
    Person::require(what, home, stores).map_err(|failure| event.withheld(failure, home, context))
}

/// Shows a command and asks whether it is to be allowed.
fn show(
    command: &Command,
    cwd: &Path,
    person: &mut Person,
    home: &Home,
    context: &Context,
) -> Result<bool, Failure> {
    person.say("this would be allowed, in exactly these words:")?;
    for line in words(command, cwd, home, context) {
        person.say(&line)?;
    }
    person.confirm("allow it?")
}

/// Allows a command, and takes away the request for it. A grant of the same command with another content of its
/// program or files is replaced.
///
/// # Errors
/// `audit-unwritable`; a store's error.
pub(super) fn grant(
    command: &Command,
    request: Option<&str>,
    home: &Home,
    stores: &mut dyn Stores,
    unattended: bool,
    context: &Context,
) -> Result<(), Failure> {
    let id = command.id();
    let event = Event::new(Action::Allow)
        .command(command)
        .detail(match request {
            Some(request) => format!("request {request}"),
            None => format!("grant {id}"),
        })
        .unattended(unattended);
    event.around(home, context, || {
        let granted = context.now();
        seals::change(home, stores, &context.output, |grants, _| {
            grants.retain(|grant| !grant.command.is_same_but_for_content(command));
            grants.push(Grant {
                id: id.clone(),
                granted,
                command: command.clone(),
            });
        })?;
        forget(request.unwrap_or(&id), home, context)
    })?;
    Ok(())
}

/// Says that a command is allowed from now on.
fn tell(command: &Command, context: &Context) {
    let server = command.server.as_deref().unwrap_or("it");
    context
        .output
        .notice(&format!("allowed {server} ({})", command.id()));
}

/// Takes a request away, if there is one.
fn forget(id: &str, home: &Home, context: &Context) -> Result<(), Failure> {
    let _lock = home.lock()?;
    let mut pending = requests(home, context.now());
    if pending.remove(id) {
        write_requests(home, &pending)?;
    }
    Ok(())
}

/// Goes through requests, one by one. Where nobody looks at them, one has to be named by its id.
fn go_through(
    asked: &[Request],
    by_id: bool,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<Done, Failure> {
    let event = Event::new(Action::Allow);
    let mut person = person("allowing a command", &event, home, stores, context)?;
    if person.is_unattended() && !by_id {
        let failure =
            Failure::usage("nobody looks at requests here, so one has to be named by its id")
                .hint("see: broker requests; or allow the words of the command itself");
        return Err(event.withheld(failure, home, context));
    }
    let catalog = home.catalog()?;
    let mut declined = None;
    for request in asked {
        let mut command = request.command.clone();
        // As the secrets are called now; one that is gone cannot be given.
        let known = |secret: &mut Secret| {
            let record = catalog.secrets().iter().find(|r| r.id == secret.id);
            if let Some(record) = record {
                secret.name = record.name.clone();
                secret.item = place_of(record);
            }
            record.is_some()
        };
        let failure = if !command.secrets_mut().all(known) {
            Some(Failure::new(
                "secret-not-found",
                format!("a secret of the request {} is gone", request.id),
            ))
        } else if !content_now(&command) {
            let message = format!(
                "what the request {} would start has changed since",
                request.id
            );
            Some(
                Failure::new("grant-changed", message)
                    .hint("start it again, so that it is asked for as it is now"),
            )
        } else {
            None
        };
        if let Some(failure) = failure {
            if asked.len() == 1 {
                return Err(failure);
            }
            context.output.warning(&failure.message);
            continue;
        }
        person.say(&format!(
            "{} asked for this {}, last at {}:",
            request.by,
            if request.count == 1 {
                "once".to_owned()
            } else {
                format!("{} times", request.count)
            },
            request.last
        ))?;
        let cwd = PathBuf::from(request.cwd.as_str());
        if show(&command, &cwd, &mut person, home, context)? {
            let (id, unattended) = (&request.id, person.is_unattended());
            grant(&command, Some(id), home, stores, unattended, context)?;
            tell(&command, context);
        } else {
            forget(&request.id, home, context)?;
            let event = event.clone().command(&command);
            declined = Some(event.withheld(Failure::declined(), home, context));
        }
    }
    match declined {
        Some(failure) if asked.len() == 1 => Err(failure),
        _ => Ok(Done::Ok),
    }
}

/// Allows again every command of a program that was upgraded.
fn upgraded(
    program: &Path,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<Done, Failure> {
    let path = std::path::absolute(program)
        .map_err(|_| Failure::usage("the path of the program cannot be used"))?;
    let permissions = Permissions::load(home, &context.output);
    let grants = permissions.all();
    let of_program: Vec<&Grant> = grants
        .into_iter()
        .filter(|g| g.command.runs(&path))
        .collect();
    if of_program.is_empty() {
        return Err(
            Failure::new("grant-not-found", "no grant is for that program")
                .hint("see what is allowed with: broker grants"),
        );
    }
    let mut renewed = Vec::new();
    for grant in of_program {
        let mut command = grant.command.clone();
        crate::launch::renew(&mut command)?;
        if command != grant.command {
            renewed.push((grant.clone(), command));
        }
    }
    if renewed.is_empty() {
        context
            .output
            .notice("nothing about that program has changed");
        return Ok(Done::Ok);
    }
    let event = Event::new(Action::Allow).detail(format!("upgraded: {}", path.display()));
    let mut person = person(
        "allowing an upgraded program",
        &event,
        home,
        stores,
        context,
    )?;
    person.say("these would be allowed with the program as it is now:")?;
    for (_, command) in &renewed {
        for line in words(command, Path::new("/"), home, context) {
            person.say(&line)?;
        }
        person.say("")?;
    }
    if !person.confirm("allow them?")? {
        return Err(event.withheld(Failure::declined(), home, context));
    }
    let names: Vec<_> = renewed
        .iter()
        .flat_map(|(_, c)| c.secrets())
        .map(|s| &s.name)
        .collect();
    let event = event.secrets(names).unattended(person.is_unattended());
    event.around(home, context, || {
        let now = context.now();
        seals::change(home, stores, &context.output, |grants, _| {
            for grant in grants {
                // Only what the seal knows, and as it was shown.
                let found = renewed.iter().find(|(shown, _)| shown == grant);
                if let Some((_, command)) = found {
                    *grant = Grant {
                        id: command.id(),
                        granted: now,
                        command: command.clone(),
                    };
                }
            }
        })
    })?;
    for (_, command) in &renewed {
        forget(&command.id(), home, context)?;
    }
    context.output.notice(&format!(
        "allowed again: {} command(s) of \"{}\"",
        renewed.len(),
        path.display()
    ));
    Ok(Done::Ok)
}
