//! `broker setup`: gives this home what the files of a project refer to, so that a project that was cloned works.
//!
//! A project says what it would like to have, and nothing more: each value is typed by the person, and each command is
//! shown and allowed by itself. Where nobody can look, nothing is allowed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::audited::Event;
use super::context::Context;
use super::failure::Failure;
use super::permission::{Permissions, bound, ensure_thawed, find_all, words};
use super::person::Person;
use super::scan::{self, Opened, Wanted};
use super::started::{self, Starter, Unclear};
use super::stores::OpenStores;
use super::terminal::Terminal;
use super::{Done, allow, init, set};
use crate::audit::Action;
use crate::catalog::{Catalog, CatalogError, Home, Record};
use crate::clients::Entry;
use crate::config::Config;
use crate::launch::{Plan, project, reading};
use crate::paths;
use crate::policy::Command;
use crate::secret::{Reference, SecretName};
use crate::text::escaped;

/// The file in which a project may define servers for others to take over.
const SETTINGS: &str = "broker.toml";

/// The longest of these that is read, in bytes.
const SETTINGS_BYTES: usize = 1 << 20;

/// Store and allow what the files of a project refer to
///
/// Looks through the files of all clients in the project you are in, or in PATH, for references (broker://NAME). What this
/// home does not have is listed and asked for, and not shown while it is typed; an empty answer leaves it out. Then each
/// server that the project starts through broker exec is shown as it would be allowed, and asked about; that needs a
/// person at a terminal. What is in the project's files is not changed.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Exit code: 3 if something that the project refers to is still missing or not allowed, 0 if not.

Examples:
  broker setup
  broker setup ~/src/shop
  broker --json setup"
)]
pub(super) struct Args {
    /// The folder of the project, or one file of a client
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
}

/// A server of the project that refers to secrets. The fields are part of the command contract.
#[derive(Clone, Debug, Serialize)]
struct Row {
    client: Option<&'static str>,
    file: String,
    server: String,
    secrets: Vec<String>,
    missing: Vec<String>,
    outcome: Outcome,
    message: Option<String>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    /// It is allowed now.
    Allowed,
    /// It was before.
    AlreadyAllowed,
    /// It is not.
    Left,
}

/// A server that refers to secrets, as the project has it.
struct Wish {
    client: Option<&'static str>,
    file: PathBuf,
    server: String,
    secrets: Vec<SecretName>,
    /// What it starts; none where that is not known, and why.
    plan: Result<Plan, String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let wishes = wishes(args, context)?;
    if wishes.is_empty() {
        context.output.notice("nothing there refers to a secret");
        return finish(Vec::new(), context);
    }
    let home = match context.home_if_any()? {
        Some(home) => home,
        None => {
            init::check_possible()?;
            init::home_or_new(context)?
        }
    };
    let mut stores = OpenStores::new(&home);
    store_missing(&wishes, &home, &mut stores, context)?;
    let mut rows = Vec::new();
    for wish in &wishes {
        rows.push(settle(wish, &home, &mut stores, context)?);
    }
    finish(rows, context)
}

/// Finds every server of the project that refers to a secret.
fn wishes(args: &Args, context: &Context) -> Result<Vec<Wish>, Failure> {
    let here = std::env::current_dir().map_err(|e| {
        let message = format!("the current folder cannot be used: {e}");
        Failure::new("folder-unusable", message)
    })?;
    let path = match &args.path {
        Some(path) => here.join(path),
        None => project(&here, paths::user_home().as_deref()).unwrap_or(here),
    };
    let mut wishes = Vec::new();
    for wanted in scan::files(std::slice::from_ref(&path), &[])? {
        let opened = match scan::open(&wanted) {
            Ok(Some(opened)) => opened,
            Ok(None) => continue,
            // One that cannot be read is none of the others' problem.
            Err(failure) => {
                context.output.warning(&failure.message);
                continue;
            }
        };
        wishes.extend(of_file(&wanted, &opened, context));
    }
    if path.is_dir() {
        wishes.extend(of_settings(&path.join(SETTINGS), context));
    }
    Ok(wishes)
}

/// The servers of a client's file.
fn of_file(wanted: &Wanted, opened: &Opened, context: &Context) -> Vec<Wish> {
    let starter = Starter {
        client: opened.client,
        scope: opened.file.scope,
        wanted: wanted.clone(),
    };
    let found = opened.text.document.entries(opened.file).into_iter();
    let found = found.filter(|found| !found.is_shadowed && !found.entry.is_disabled);
    found
        .filter_map(|found| {
            let plan = started::plan(&found.entry, &found.under, &starter, context);
            let secrets = match &plan {
                Ok(plan) => plan.secrets(),
                Err(_) => named(&found.entry),
            };
            let plan = plan.map_err(|why| match why {
                Unclear::NotWrapped => {
                    "it is not started through broker exec, so it gets the text of the reference"
                        .to_owned()
                }
                Unclear::OnlyClientKnows(place) => format!(
                    "what {} puts in for its {} only the client knows; allow it when it was started once",
                    starter.client.name,
                    scan::place_words(&place)
                ),
                Unclear::Refused(failure) => failure.message,
            });
            (!secrets.is_empty()).then(|| Wish {
                client: wanted.client_id(),
                file: wanted.path.clone(),
                server: found.entry.server.clone(),
                secrets,
                plan,
            })
        })
        .collect()
}

/// The secrets that an entry names, whatever it starts.
fn named(entry: &Entry) -> Vec<SecretName> {
    let texts = entry.items.iter().map(|item| item.text.text());
    // Behind a flag, as in `--env VAR=broker://NAME`.
    let parts = texts.flat_map(|text| [Some(text), text.split_once('=').map(|(_, value)| value)]);
    let names = parts
        .flatten()
        .filter_map(|text| match Reference::find(text) {
            Ok(Some(found)) => Some(found.name),
            Ok(None) | Err(_) => None,
        });
    let mut names: Vec<SecretName> = names.collect();
    names.sort();
    names.dedup();
    names
}

/// The servers that a project's own settings define. broker takes only the user's; they are told to take these over.
fn of_settings(path: &Path, context: &Context) -> Vec<Wish> {
    let file = match paths::read_foreign_file(path, SETTINGS_BYTES) {
        Ok(Some(file)) => file,
        Ok(None) => return Vec::new(),
        Err(error) => {
            context.output.warning(&error.to_string());
            return Vec::new();
        }
    };
    let text = String::from_utf8_lossy(&file.bytes);
    let config = match Config::parse(&path.display().to_string(), &text) {
        Ok(config) => config,
        Err(error) => {
            context.output.warning(&error.to_string());
            return Vec::new();
        }
    };
    let servers = config.servers.into_iter();
    servers
        .filter_map(|(server, defined)| {
            let names = defined
                .env
                .values()
                .filter_map(|text| match Reference::find(text) {
                    Ok(Some(found)) => Some(found.name),
                    Ok(None) | Err(_) => None,
                });
            let secrets: Vec<SecretName> = names.collect();
            (!secrets.is_empty()).then(|| Wish {
                client: None,
                file: path.to_path_buf(),
                server,
                secrets,
                plan: Err(
                    "broker reads only your own broker.toml: put the server there to use it"
                        .to_owned(),
                ),
            })
        })
        .collect()
}

/// Asks for what this home does not have, and stores it.
fn store_missing(
    wishes: &[Wish],
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<(), Failure> {
    let catalog = home.catalog()?;
    let mut missing: BTreeMap<&SecretName, Vec<&str>> = BTreeMap::new();
    for wish in wishes {
        for name in &wish.secrets {
            if catalog.find(name).is_none() {
                missing.entry(name).or_default().push(&wish.server);
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let Some(mut terminal) = Terminal::open() else {
        let names: Vec<String> = missing.keys().map(|name| format!("\"{name}\"")).collect();
        let first = missing.keys().next().map(ToString::to_string);
        let message = format!("this home lacks {}", names.join(", "));
        return Err(Failure::new("secret-not-found", message).hint(format!(
            "run it in a terminal, which asks for the values, or store them first: {} set {}",
            context.command(),
            first.unwrap_or_default()
        )));
    };
    terminal.say("the project refers to these secrets, which this home does not have:")?;
    for (name, servers) in &missing {
        terminal.say(&format!("  {name}  for {}", servers.join(", ")))?;
    }
    terminal.say("type each value; an empty one leaves it out")?;
    for name in missing.into_keys() {
        if let Some(record) = home.catalog()?.find_in_any_case(name) {
            let failure = Failure::from(CatalogError::Exists(record.name.clone()));
            context.output.warning(&failure.message);
            continue;
        }
        let value = match set::typed(name) {
            Ok(value) => value,
            Err(failure) if failure.code == "value-empty" => continue,
            Err(failure) => return Err(failure),
        };
        let store = home.record.store;
        let record = Record::first(set::random_id()?, name.clone(), store, context.now());
        set::store_all(vec![(record, value)], home, stores, context)?;
    }
    Ok(())
}

/// Allows what a server of the project starts, if the person agrees.
fn settle(
    wish: &Wish,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<Row, Failure> {
    let catalog = home.catalog()?;
    let is_missing = |name: &&SecretName| catalog.find(name).is_none();
    let missing: Vec<String> = wish
        .secrets
        .iter()
        .filter(is_missing)
        .map(ToString::to_string)
        .collect();
    let row = |outcome, message: Option<String>| Row {
        client: wish.client,
        file: wish.file.display().to_string(),
        server: wish.server.clone(),
        secrets: wish.secrets.iter().map(ToString::to_string).collect(),
        missing: missing.clone(),
        outcome,
        message,
    };
    let plan = match &wish.plan {
        Ok(plan) => plan,
        Err(why) => return Ok(row(Outcome::Left, Some(why.clone()))),
    };
    if !missing.is_empty() {
        return Ok(row(Outcome::Left, Some("it lacks a secret".to_owned())));
    }
    let command = match command_of(plan, &catalog, home) {
        Ok(command) => command,
        Err(failure) => return Ok(row(Outcome::Left, Some(failure.message))),
    };
    let id = command.id();
    let permissions = Permissions::load(home, &context.output);
    if permissions.all().iter().any(|grant| grant.id == id) {
        return Ok(row(Outcome::AlreadyAllowed, None));
    }
    let event = Event::new(Action::Allow).command(&command);
    let withheld = |failure| event.withheld(failure, home, context);
    ensure_thawed(home).map_err(withheld)?;
    let what = "allowing what a project starts";
    let mut person = Person::require(what, home, stores).map_err(withheld)?;
    if person.is_unattended() {
        // What a project says is nobody's word.
        let why = "nobody is here to look at it; allow it by its own words, with broker allow";
        return Ok(row(Outcome::Left, Some(why.to_owned())));
    }
    let path = wish.file.display();
    person.say(&format!("{} in {path} would be allowed this:", wish.server))?;
    for line in words(&command, &plan.starts_in, home, context) {
        person.say(&line)?;
    }
    if !person.confirm("allow it?")? {
        let declined = event.withheld(Failure::declined(), home, context);
        return Ok(row(Outcome::Left, Some(declined.message)));
    }
    allow::grant(&command, None, home, stores, false, context)?;
    context
        .output
        .notice(&format!("allowed {} ({id})", wish.server));
    Ok(row(Outcome::Allowed, None))
}

fn command_of(plan: &Plan, catalog: &Catalog, home: &Home) -> Result<Command, Failure> {
    let wanted = find_all(plan, catalog)?;
    bound(plan, &reading(plan, &home.paths), &wanted, None, home)
}

/// Says what is there by now and what is not.
fn finish(rows: Vec<Row>, context: &Context) -> Result<Done, Failure> {
    let is_left = |row: &&Row| row.outcome == Outcome::Left || !row.missing.is_empty();
    let left: Vec<&Row> = rows.iter().filter(is_left).collect();
    let done = match left.is_empty() {
        true => Done::Ok,
        false => Done::Report,
    };
    if context.output.json {
        context.output.document(&rows)?;
        return Ok(done);
    }
    for row in &left {
        let why = row.message.as_deref().unwrap_or_default();
        let lacks = match row.missing.is_empty() {
            true => String::new(),
            false => format!(" ({})", row.missing.join(", ")),
        };
        let line = format!("{} in {}: {why}{lacks}", row.server, row.file);
        context.output.answer(&format!("{}\n", escaped(&line)))?;
    }
    if left.is_empty() && !rows.is_empty() {
        context
            .output
            .notice("all that the project refers to is stored and allowed");
    }
    Ok(done)
}
