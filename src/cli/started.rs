//! What an entry of a client's file starts, if it starts broker: the plan that `exec` will come to when the client starts it.
//!
//! A grant has to fit what the client will really do. So the entry is read the way it stands in the file, what
//! the client puts in is put in, its words are taken apart by exec's own grammar, and its surroundings are those that clients
//! give to servers.

use std::cell::Cell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::args::{self, Command, Parsed};
use super::context::Context;
use super::failure::Failure;
use super::scan::{self, Wanted};
use crate::clients::detect::detect;
use crate::clients::expand::{Expanded, Known, expand};
use crate::clients::table::{Client, Scope};
use crate::clients::{Entry, Literal, Place, Wrapped};
use crate::launch::{Caller, Plan, Request};
use crate::paths;

/// The variables that every client hands to a server of its own, as the SDKs have it (their `DEFAULT_INHERITED_ENV_VARS`).
const HANDED_DOWN: [&str; 6] = ["HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"];

/// Who starts an entry, and where.
#[derive(Clone, Debug)]
pub(super) struct Starter {
    pub(super) client: &'static Client,
    pub(super) scope: Scope,
    /// The file that the entry stands in.
    pub(super) wanted: Wanted,
}

impl Starter {
    /// The folder that the client would have open.
    fn project(&self) -> Option<&Path> {
        let project = self.wanted.project.as_deref();
        // The user's own files hold for whatever folder is open.
        project.filter(|_| self.scope.is_shared())
    }
}

/// Why it cannot be said what an entry starts. The entry may work all the same.
#[derive(Debug)]
pub(super) enum Unclear {
    /// It does not start broker.
    NotWrapped,
    /// It depends on what only the client knows.
    OnlyClientKnows(Place),
    /// broker would refuse it.
    Refused(Failure),
}

/// Works out what an entry starts that stands under these keys.
pub(super) fn plan(
    entry: &Entry,
    under: &[String],
    starter: &Starter,
    context: &Context,
) -> Result<Plan, Unclear> {
    if Wrapped::of(entry).is_none() {
        return Err(Unclear::NotWrapped);
    }
    let (_, arguments) = entry.command().ok_or(Unclear::NotWrapped)?;
    let mut words: Vec<OsString> = vec!["broker".into()];
    for (number, text) in arguments.into_iter().enumerate() {
        let place = Place::Argument(number);
        let text = given(text, &place, starter).ok_or(Unclear::OnlyClientKnows(place))?;
        words.push(text.into());
    }
    let caller = caller(entry, under, starter).map_err(Unclear::Refused)?;
    let not_understood = || Unclear::Refused(Failure::usage("its arguments were not understood"));
    let Parsed::Run(cli) = args::parse(&words).map_err(Unclear::Refused)? else {
        return Err(not_understood());
    };
    if cli.global.home.is_some_and(|home| !is_home(&home, context)) {
        return Err(Unclear::Refused(Failure::usage("it has another home")));
    }
    let Command::Exec(exec) = cli.command else {
        return Err(not_understood());
    };
    let plan = exec.start.plan_for(&caller, context);
    plan.map_err(Unclear::Refused)
}

/// Tells whether an entry that starts broker has it look into another home than this.
pub(super) fn has_other_home(entry: &Entry, context: &Context) -> bool {
    let Some((_, arguments)) = entry.command() else {
        return false;
    };
    let before = Wrapped::of(entry).map_or(0, |wrapped| wrapped.exec);
    let words: Vec<&str> = arguments.into_iter().take(before).collect();
    let behind = |pair: &[&str]| match pair {
        ["--home", home] => Some(PathBuf::from(home)),
        _ => None,
    };
    let joined = words.iter().filter_map(|word| word.strip_prefix("--home="));
    let mut named = words
        .windows(2)
        .filter_map(behind)
        .chain(joined.map(PathBuf::from));
    named.any(|home| !is_home(&home, context))
}

fn is_home(home: &Path, context: &Context) -> bool {
    let other = paths::HomePaths::locate(Some(home));
    matches!((other, context.paths()), (Ok(other), Ok(own)) if other == own)
}

/// Works out what an entry starts by itself, without broker: all of its variables are what the client makes of them. `None` where
/// only the client knows what that is, or it is no program's.
///
/// # Errors
/// What the start would be refused for.
pub(super) fn plain(
    entry: &Entry,
    under: &[String],
    starter: &Starter,
) -> Result<Option<Plan>, Failure> {
    let Some((command, arguments)) = entry.command() else {
        return Ok(None);
    };
    let words = std::iter::once((Place::Command, command));
    let words = words.chain((0..).map(Place::Argument).zip(arguments));
    let words = words.map(|(place, text)| given(text, &place, starter).map(OsString::from));
    let Some(command) = words.collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let mut names = Vec::new();
    for item in &entry.items {
        if let Place::Variable(name) = &item.place
            && !names.contains(name)
        {
            if given(item.text.text(), &item.place, starter).is_none() {
                return Ok(None);
            }
            names.push(name.clone());
        }
    }
    names.retain(|name| !HANDED_DOWN.contains(&name.as_str()));
    let request = Request {
        command,
        allow_dangerous: names.clone(),
        pass_any: names,
        folder: folder_of(entry, under, starter),
        ..Request::default()
    };
    let caller = caller(entry, under, starter)?;
    Ok(Some(Plan::make(request, &caller)?))
}

/// The surroundings in which a client starts an entry. Of a client that hands all of its variables down only those count
/// that every client does: exec drops the others.
fn caller(entry: &Entry, under: &[String], starter: &Starter) -> Result<Caller, Failure> {
    let home = paths::user_home();
    let mut variables: Vec<(OsString, OsString)> = HANDED_DOWN
        .iter()
        .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
        .collect();
    for item in &entry.items {
        if let Place::Variable(name) = &item.place {
            // What only the client knows is passed on whatever it is; here it only has to be there.
            let text = given(item.text.text(), &item.place, starter);
            let text = text.unwrap_or_else(|| item.text.text().to_owned());
            variables.retain(|(known, _)| known != name.as_str());
            variables.push((name.into(), text.into()));
        }
    }
    // What is in the file of variables and in the client's own is not known to the entry; a reference in there counts.
    let of_file = scan::of_entry(entry, &starter.wanted);
    let handed = handed_on(entry).map(|name| (name.to_owned(), std::env::var(name).ok()));
    let named = handed.chain(of_file.into_iter().flatten());
    for (name, reference) in named {
        if !variables.iter().any(|(known, _)| known == name.as_str()) {
            variables.push((name.into(), reference.unwrap_or_default().into()));
        }
    }
    let folder = folder_of(entry, under, starter)
        .or_else(|| home.clone())
        .unwrap_or_else(|| PathBuf::from("/"));
    Ok(Caller {
        variables,
        folder,
        home,
    })
}

/// The folder that an entry is started in, where that is known: its own, or that of the project it is for. Claude Code has the
/// servers of a user in a project under that project's folder.
pub(super) fn folder_of(entry: &Entry, under: &[String], starter: &Starter) -> Option<PathBuf> {
    let own = entry.get(&Place::Other(vec!["cwd".to_owned()]));
    let own = own.map(Path::new).filter(|folder| folder.is_absolute());
    let of_project = match under {
        [projects, folder, ..] if projects == "projects" => Some(Path::new(folder.as_str())),
        _ => None,
    };
    let of_project = of_project.filter(|folder| folder.is_absolute());
    let found = own.or(of_project).or(starter.project());
    found.map(Path::to_path_buf)
}

/// The variables of its own that a client hands on because the entry names them (Codex: `env_vars`).
pub(super) fn handed_on(entry: &Entry) -> impl Iterator<Item = &str> {
    entry.items.iter().filter_map(|item| match &item.place {
        Place::Other(keys) if keys.first().is_some_and(|key| key == "env_vars") => {
            Some(item.text.text())
        }
        Place::Other(_)
        | Place::Command
        | Place::Argument(_)
        | Place::Variable(_)
        | Place::Header(_)
        | Place::Url
        | Place::EnvFile => None,
    })
}

/// Returns what the client makes of a text; `None` if only it knows.
pub(super) fn given(text: &str, place: &Place, starter: &Starter) -> Option<String> {
    let home = paths::user_home();
    let is_word = matches!(place, Place::Command | Place::Argument(_));
    let is_secret = Cell::new(false);
    let variable = |name: &str| {
        let value = std::env::var_os(name)?.into_string().ok()?;
        // What is put into a command is kept with what is allowed.
        is_secret.set(is_secret.get() || is_word && may_be_secret(name, &value));
        Some(value)
    };
    let known = Known {
        variable: &variable,
        home: home.as_deref(),
        project: starter.project(),
    };
    match expand(text, place, &starter.client.expansion, known) {
        Expanded::Same => Some(text.to_owned()),
        Expanded::Becomes(text) if !is_secret.get() => Some(text),
        Expanded::Becomes(_) | Expanded::Unknown => None,
    }
}

/// Tells whether a variable may hold a secret, by its name and its text.
fn may_be_secret(name: &str, value: &str) -> bool {
    let place = Place::Variable(name.to_owned());
    let alone = Entry::of_one("", place, Literal::new(value.to_owned()));
    !detect(&alone).is_empty()
}
