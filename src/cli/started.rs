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
use crate::clients::detect::{Confidence, detect};
use crate::clients::expand::{Expanded, Known, expand};
use crate::clients::table::{Client, Scope};
use crate::clients::{Entry, Item, Literal, Place, Wrapped};
use crate::launch::{Caller, Plan};
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

/// Works out what an entry starts.
pub(super) fn plan(entry: &Entry, starter: &Starter, context: &Context) -> Result<Plan, Unclear> {
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
    let caller = caller(entry, starter).map_err(Unclear::Refused)?;
    let not_understood = || Unclear::Refused(Failure::usage("its arguments were not understood"));
    let Parsed::Run(cli) = args::parse(&words).map_err(Unclear::Refused)? else {
        return Err(not_understood());
    };
    let Command::Exec(exec) = cli.command else {
        return Err(not_understood());
    };
    let plan = exec.start.plan_for(&caller, context);
    plan.map_err(Unclear::Refused)
}

/// The surroundings in which a client starts an entry. Of a client that hands all of its variables down only those count
/// that every client does: exec drops the others.
fn caller(entry: &Entry, starter: &Starter) -> Result<Caller, Failure> {
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
    let own = entry.get(&Place::Other(vec!["cwd".to_owned()]));
    let own = own.map(Path::new).filter(|folder| folder.is_absolute());
    let folder = own
        .map(Path::to_path_buf)
        .or_else(|| starter.project().map(Path::to_path_buf))
        .or_else(|| home.clone())
        .unwrap_or_else(|| PathBuf::from("/"));
    Ok(Caller {
        variables,
        folder,
        home,
    })
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

/// Returns what the client makes of a text; `None` if only it knows, or if what it puts into a command may be a secret.
pub(super) fn given(text: &str, place: &Place, starter: &Starter) -> Option<String> {
    let home = paths::user_home();
    let is_word = matches!(place, Place::Command | Place::Argument(_));
    let is_secret = Cell::new(false);
    let variable = |name: &str| {
        let value = std::env::var_os(name)?.into_string().ok()?;
        // The words of a command are kept with what is allowed, in the clear.
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

/// Tells whether what stands in a variable of the client may well be a secret.
fn may_be_secret(name: &str, value: &str) -> bool {
    let item = Item {
        place: Place::Variable(name.to_owned()),
        text: Literal::new(value.to_owned()),
    };
    let entry = Entry {
        server: String::new(),
        is_disabled: false,
        items: vec![item],
    };
    let mut found = detect(&entry).into_iter();
    found.any(|finding| finding.confidence > Confidence::Low)
}
