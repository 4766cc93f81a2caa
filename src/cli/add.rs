//! `broker add`: puts a new server into a client's file, so that it is started through broker from the first time on.
//!
//! Everything is worked out and shown before anything is done. Then what is new is stored, the command is allowed, and only
//! then the file is written: whenever it has the entry, all that the entry needs is there.

mod given;
mod manual;
mod target;
mod warm;

use std::ffi::OsString;

use super::audited::Event;
use super::clients;
use super::context::Context;
use super::failure::Failure;
use super::permission::{bound, ensure_thawed, find_all, quoted, words};
use super::person::Person;
use super::started::{self, Unclear};
use super::stores::OpenStores;
use super::{Done, allow, entry, init, scan, set};
use crate::audit::Action;
use crate::catalog::{Catalog, CatalogError, Home, Record};
use crate::clients::edit::{EditError, NewEntry, insert_entry};
use crate::clients::running::{Running, is_running};
use crate::clients::table::Client;
use crate::clients::undo_record::EntryName;
use crate::clients::{Document, Entry, Item, Literal, Place};
use crate::launch::{Plan, reading};
use crate::policy::Command;
use crate::secret::{SecretName, SecretValue};
use given::Given;
use target::{ScopeWord, Target};

/// Add a server to an MCP client, with its secrets in the store from the beginning
///
/// Writes an entry into the client's file that starts the server through broker exec, with references in the place of
/// secrets. What is not stored yet is asked for and not shown while it is typed. The entry and the command that is allowed
/// are shown first; that needs a person at a terminal. A file that is not there is made; of a YAML file it is said what to
/// write. A server whose package has to be fetched is started once, so that the client does not wait for that.
#[derive(Debug, clap::Args)]
#[command(override_usage = "broker add SERVER --client CLIENT [OPTIONS] -- COMMAND [ARG]...")]
#[command(after_long_help = "Examples:
  broker add github --client kiro --env GITHUB_TOKEN -- npx -y SERVER@1.2.3
  broker add shop --client cursor --scope workspace --env MCP_API_KEY --env DATABASE_URL -- npx -y SERVER
  broker add jira --client kiro --scope agent:reviewer --env TOKEN=broker://jira -- uvx mcp-jira")]
pub(super) struct Args {
    /// What the client is to call the server
    server: String,
    /// The client: its name in lower case, such as claude-desktop or vscode
    #[arg(long, value_name = "CLIENT")]
    client: String,
    /// Where: user, workspace (the project you are in), or agent:NAME
    #[arg(long, value_name = "SCOPE", default_value = "user")]
    scope: ScopeWord,
    /// Give it the secret VAR, the secret NAME (VAR=broker://NAME), or a plain text
    #[arg(short, long, value_name = "VAR[=VALUE]")]
    env: Vec<OsString>,
    /// Allow VAR although it can inject code or redirect trust
    #[arg(long, value_name = "VAR")]
    allow_dangerous_env: Vec<String>,
    /// Do not start a server whose package has to be fetched
    #[arg(long)]
    no_warm_up: bool,
    /// The program and its arguments
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Args {
    /// Takes the words behind `--`.
    ///
    /// # Errors
    /// A usage failure when there are none, or when some came before it.
    pub(super) fn take_command(&mut self, words: Option<&[OsString]>) -> Result<(), Failure> {
        match words {
            Some(words) if !words.is_empty() && self.command.is_empty() => {
                self.command = words.to_vec();
                Ok(())
            }
            _ => Err(Failure::usage(
                "the command of the server has to stand behind --",
            )),
        }
    }
}

/// What is about to be done.
struct Adding {
    target: Target,
    entry: Entry,
    /// The secrets it refers to that are not stored yet.
    missing: Vec<Record>,
    /// The text of the file as it will be.
    text: zeroize::Zeroizing<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    add(args, context).map_err(|failure| match (failure.code, failure.exit) {
        ("usage", _) => failure.exiting(2),
        // What would be exec's own exit code is no code of a command that starts nothing.
        (_, 125..=127) => failure.exiting(1),
        _ => failure,
    })
}

fn add(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let client = scan::known_client(&args.client)?;
    given::check_server(&args.server)?;
    let given = Given::read(&args.env, &args.allow_dangerous_env, &args.command)?;
    given.refuse_secrets()?;
    let mut target = Target::find(client, &args.scope)?;
    let starter = target.starter();
    let label = entry::label_of(&args.server);
    let is_shared = target.file.scope.is_shared();
    let front = entry::words(&label, &given.flags(&starter), is_shared, context)?;
    let (program, arguments) = given.command();
    let mut new = entry_of(&args.server, &front, program, arguments, &given);
    let mut plan = match started::plan(&new, &starter, context) {
        Ok(plan) => Ok(plan),
        Err(Unclear::Refused(failure)) => return Err(failure),
        Err(Unclear::NotWrapped) => Err("it does not start broker".to_owned()),
        Err(Unclear::OnlyClientKnows(place)) => Err(format!(
            "what {} puts in for its {} only the client knows",
            client.name,
            scan::place_words(&place)
        )),
    };
    // The whole path of the program, which a client may not find in the PATH that it was started with.
    if let Ok(found) = &plan
        && !is_shared
        && let Some(whole) = found.program.to_str()
    {
        new = entry_of(&args.server, &front, whole, arguments, &given);
        // What is allowed is what the entry says, down to the name of the program.
        plan = match started::plan(&new, &starter, context) {
            Ok(plan) => Ok(plan),
            Err(Unclear::Refused(failure)) => return Err(failure),
            Err(Unclear::NotWrapped | Unclear::OnlyClientKnows(_)) => plan,
        };
    }
    if !target.file.format.is_edited() {
        return Err(manual::instead(&new, &given, &target, &label, context));
    }
    refuse_while_it_runs(client)?;
    target.read(context)?;
    let text = target.inserted(&args.server, &new_entry(&new))?;
    let home = home_for(&given, context)?;
    let missing = match &home {
        Some(home) => missing(&given, home, context)?,
        None => Vec::new(),
    };
    let adding = Adding {
        target,
        entry: new,
        missing,
        text,
    };
    match home {
        Some(home) => with_secrets(adding, plan, &home, args, context),
        None => {
            adding.target.write(&adding.text)?;
            if let Some(home) = context.home_if_any()? {
                let mut stores = OpenStores::new(&home);
                accept(&adding, &home, &mut stores, context);
            }
            tell(&adding, client, context);
            if let (Ok(plan), false) = (plan, args.no_warm_up) {
                warm::without_secrets(&plan, context)?;
            }
            Ok(Done::Ok)
        }
    }
}

/// Adds a server that is given secrets.
fn with_secrets(
    adding: Adding,
    plan: Result<Plan, String>,
    home: &Home,
    args: &Args,
    context: &Context,
) -> Result<Done, Failure> {
    let client = adding.target.client;
    let mut stores = OpenStores::new(home);
    let catalog = home.catalog()?.with(adding.missing.iter().cloned());
    let allowed = match &plan {
        Ok(plan) => Some((command_of(plan, &catalog, home)?, plan.starts_in.clone())),
        Err(_) => None,
    };
    let event = Event::new(Action::Add).detail(format!("file {}", adding.target.path.display()));
    let event = match &allowed {
        Some((command, _)) => event.command(command),
        None => event,
    };
    let withheld = |failure| event.withheld(failure, home, context);
    ensure_thawed(home).map_err(withheld)?;
    let what = "adding a server with secrets";
    let mut person = Person::require(what, home, &mut stores).map_err(withheld)?;
    show(&adding, &plan, allowed.as_ref(), &mut person, home, context)?;
    let question = match allowed {
        Some(_) => "add it, and allow this command?",
        None => "add it?",
    };
    person.agree(question).map_err(withheld)?;
    let values = adding
        .missing
        .iter()
        .map(|record| set::typed(&record.name))
        .collect::<Result<Vec<SecretValue>, _>>()
        .map_err(withheld)?;
    let is_unattended = person.is_unattended();
    let event = event.unattended(is_unattended);
    event.around(home, context, || {
        let new = adding.missing.iter().cloned().zip(values);
        set::store_all(new.collect(), home, &mut stores, context)?;
        if let Some((command, _)) = &allowed {
            allow::grant(command, None, home, &mut stores, is_unattended, context)?;
        }
        adding.target.write(&adding.text).map_err(|failure| {
            let failure = Failure {
                message: format!("the entry was not written: {}", failure.message),
                ..failure
            };
            failure.hint(
                "what was stored and allowed stays; say this again when the file can be written",
            )
        })
    })?;
    accept(&adding, home, &mut stores, context);
    tell(&adding, client, context);
    match plan {
        Ok(plan) if !args.no_warm_up => {
            warm::with_secrets(&plan, &catalog, home, &mut stores, context);
        }
        Ok(_) => {}
        Err(why) => context.output.notice(&format!(
            "allow it when it was started once, with broker allow: {why}"
        )),
    }
    Ok(Done::Ok)
}

/// Takes the entry for accepted: the one that was not in the file before.
fn accept(adding: &Adding, home: &Home, stores: &mut OpenStores, context: &Context) {
    let target = &adding.target;
    let names = |document: &Document| -> Vec<EntryName> {
        let found = document.entries(target.file).into_iter();
        let own = found.filter(|found| found.entry.server == adding.entry.server);
        own.map(|found| EntryName {
            under: found.under,
            server: found.entry.server,
        })
        .collect()
    };
    let before = target.document().map(names).unwrap_or_default();
    let after = Document::parse(target.file.format, &adding.text);
    let mut new = after.map(|document| names(&document)).unwrap_or_default();
    new.retain(|name| !before.contains(name));
    clients::accept_written(&target.path, new, home, stores, context);
}

/// The home, where the server is given secrets.
fn home_for(given: &Given, context: &Context) -> Result<Option<Home>, Failure> {
    if given.secrets().next().is_none() {
        return Ok(None);
    }
    if let Some(home) = context.home_if_any()? {
        return Ok(Some(home));
    }
    init::check_possible()?;
    init::home_or_new(context).map(Some)
}

/// Finds out which secrets are not stored yet, and whether somebody is there to type them.
///
/// # Errors
/// `secret-not-found`, naming the way without a terminal; `secret-exists` for a name that differs only in case.
fn missing(given: &Given, home: &Home, context: &Context) -> Result<Vec<Record>, Failure> {
    let catalog = home.catalog()?;
    let mut new: Vec<Record> = Vec::new();
    for name in given.secrets() {
        let is_it = |record: &Record| record.name.folded() == name.folded();
        if catalog.find(name).is_some() || new.iter().any(|record| record.name == *name) {
            continue;
        }
        let same = catalog.find_in_any_case(name);
        if let Some(other) = same.or_else(|| new.iter().find(|record| is_it(record))) {
            return Err(CatalogError::Exists(other.name.clone()).into());
        }
        let record = Record::first(
            set::random_id()?,
            name.clone(),
            home.record.store,
            context.now(),
        );
        new.push(record);
    }
    let is_typed = super::terminal::Terminal::open().is_some();
    match new.first() {
        Some(first) if !is_typed => {
            let names: Vec<String> = new.iter().map(|r| format!("\"{}\"", r.name)).collect();
            let message = format!("there is no secret named {}", names.join(", "));
            Err(Failure::new("secret-not-found", message).hint(format!(
                "run it in a terminal, which asks for the value, or store it first: {} set {}",
                context.command(),
                first.name
            )))
        }
        _ => Ok(new),
    }
}

/// A client that writes its file while it runs would undo the change.
fn refuse_while_it_runs(client: &Client) -> Result<(), Failure> {
    if !client.rewrites || is_running(client) != Running::Yes {
        return Ok(());
    }
    let message = format!(
        "{} is running, and writes this file itself: it would undo the change",
        client.name
    );
    Err(Failure::new("client-running", message)
        .hint(format!("quit {} and say this again", client.name)))
}

fn command_of(plan: &Plan, catalog: &Catalog, home: &Home) -> Result<Command, Failure> {
    let wanted = find_all(plan, catalog)?;
    bound(plan, &reading(plan, &home.paths), &wanted, None, home)
}

/// The entry as its client will read it.
fn entry_of(
    server: &str,
    front: &[String],
    program: &str,
    arguments: &[String],
    given: &Given,
) -> Entry {
    let own = std::iter::once(program).chain(arguments.iter().map(String::as_str));
    let words = front.iter().map(String::as_str).chain(own);
    let place = |at: usize| at.checked_sub(1).map_or(Place::Command, Place::Argument);
    let words = words.enumerate().map(|(at, word)| Item {
        place: place(at),
        text: Literal::new(word.to_owned()),
    });
    let variables = given.variables().map(|(name, text)| Item {
        place: Place::Variable(name.to_owned()),
        text: Literal::new(text),
    });
    Entry {
        server: server.to_owned(),
        is_disabled: false,
        items: words.chain(variables).collect(),
    }
}

fn new_entry(entry: &Entry) -> NewEntry {
    let (command, arguments) = entry.command().unwrap_or_default();
    let variable = |item: &Item| match &item.place {
        Place::Variable(name) => Some((name.clone(), item.text.clone())),
        Place::Command
        | Place::Argument(_)
        | Place::Header(_)
        | Place::Url
        | Place::EnvFile
        | Place::Other(_) => None,
    };
    NewEntry {
        command: command.to_owned(),
        arguments: arguments.into_iter().map(ToOwned::to_owned).collect(),
        variables: entry.items.iter().filter_map(variable).collect(),
    }
}

/// Shows what would be written and what would be allowed.
fn show(
    adding: &Adding,
    plan: &Result<Plan, String>,
    allowed: Option<&(Command, std::path::PathBuf)>,
    person: &mut Person,
    home: &Home,
    context: &Context,
) -> Result<(), Failure> {
    let target = &adding.target;
    let (path, client) = (target.path.display(), target.client.name);
    let what = if target.is_new() { "made" } else { "changed" };
    person.say(&format!("this file of {client} would be {what}: {path}"))?;
    for line in lines(&adding.entry) {
        person.say(&format!("  + {line}"))?;
    }
    for record in &adding.missing {
        let (name, store) = (&record.name, record.store);
        person.say(&format!(
            "\"{name}\" would be asked for and stored in the {store}"
        ))?;
    }
    match (allowed, plan) {
        (Some((command, starts_in)), _) => {
            person.say("this would be allowed:")?;
            for line in words(command, starts_in, home, context) {
                person.say(&line)?;
            }
        }
        (None, Err(why)) => person.say(&format!("it is to be allowed later: {why}"))?,
        (None, Ok(_)) => {}
    }
    Ok(())
}

/// An entry in lines, whatever the spelling of its client.
fn lines(entry: &Entry) -> Vec<String> {
    let (command, arguments) = entry.command().unwrap_or_default();
    let words = std::iter::once(command).chain(arguments);
    let words: Vec<String> = words.map(quoted).collect();
    let mut lines = vec![
        entry.server.clone(),
        format!("  command: {}", words.join(" ")),
    ];
    for item in &entry.items {
        if let Place::Variable(name) = &item.place {
            lines.push(format!("  variable {name}: {}", item.text.text()));
        }
    }
    lines
}

/// Says what was done, and how the client takes it up.
fn tell(adding: &Adding, client: &Client, context: &Context) {
    let target = &adding.target;
    let server = &adding.entry.server;
    context.output.notice(&format!(
        "added \"{server}\" to \"{}\"; so that {} takes it up, {}",
        target.path.display(),
        client.name,
        client.reload
    ));
    if target.lists_tools(server) {
        context.output.notice(&format!(
            "the agent uses only the tools on its list: to use those of the server, add \"@{server}\" to \"tools\""
        ));
    }
}

impl Target {
    /// The text with the entry in it.
    ///
    /// # Errors
    /// `entry-exists`, `client-file-not-edited`.
    fn inserted(
        &self,
        server: &str,
        new: &NewEntry,
    ) -> Result<zeroize::Zeroizing<String>, Failure> {
        let path = self.path.display();
        match insert_entry(self.document()?, self.file, server, new) {
            Ok(edited) => Ok(edited.text),
            Err(EditError::Present) => {
                let message = format!("\"{path}\" has a server of that name already");
                Err(Failure::new("entry-exists", message).hint(
                    "take another name, or take that entry out first; broker protect moves the secrets of one that is there",
                ))
            }
            Err(why) => {
                let message = format!("\"{path}\" is not changed: {why}");
                Err(Failure::new("client-file-not-edited", message))
            }
        }
    }
}

/// What a secret of the given name is called in the entry.
fn reference(name: &SecretName) -> String {
    crate::secret::Reference { name: name.clone() }.to_string()
}
