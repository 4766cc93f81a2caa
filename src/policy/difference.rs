//! What makes a command another than the one that was allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Argument, Asked, Binding, Command, Secret, Text};

/// One thing that differs. Holds what was allowed, never what is asked for: that comes from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The label.
    Server(Option<String>),
    /// The word the program was called by.
    Name(Text),
    /// Where the program was found.
    Program(Text),
    /// Where a link on the way to the program leads.
    Link(Text),
    /// The content of the program, or of a file that is code.
    Content(Text),
    /// The program could not be written by who can write it now.
    Writable(Text),
    /// The number of arguments.
    ArgumentCount(usize),
    /// An argument, counted from 1; the text that was allowed, where it was one.
    Argument(usize, Option<Text>),
    /// Which of the arguments are files that are code.
    Files,
    /// The folder it is started in.
    Folder(Option<Text>),
    /// Programs that another `PATH` would find elsewhere.
    Path(Vec<String>),
    /// `HOME`.
    Home(Text),
    /// A variable with a secret.
    Secret(Part, String),
    /// A variable with a text of its own.
    Literal(Part, String),
    /// A variable of the caller.
    Passed(Part, String),
    /// Whether packages may run their install scripts.
    InstallScripts,
}

/// How a variable differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It was not there.
    Added,
    /// It is not there any more.
    Missing,
    /// It is something else.
    Other,
}

/// Returns all that makes `asked` another command than `granted`; nothing if it is the same.
pub(super) fn differences(granted: &Command, asked: &Asked<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    let now = asked.command;
    if granted.server != now.server {
        found.push(Difference::Server(granted.server.clone()));
    }
    program(granted, asked, &mut found);
    arguments(granted, now, &mut found);
    if granted.folder != now.folder {
        found.push(Difference::Folder(granted.folder.clone()));
    }
    if granted.path != now.path {
        let elsewhere = (asked.found_elsewhere)(&granted.path);
        if !elsewhere.is_empty() {
            found.push(Difference::Path(elsewhere));
        }
    }
    if granted.home != now.home {
        found.push(Difference::Home(granted.home.clone()));
    }
    let same_id = |a: &Secret, b: &Secret| is_same(a, b);
    let parts = parts(&granted.variables, &now.variables, same_id);
    found.extend(parts.map(|(part, name)| Difference::Secret(part, name)));
    let parts = self::parts(&granted.literals, &now.literals, |a, b| a == b);
    found.extend(parts.map(|(part, name)| Difference::Literal(part, name)));
    let parts = self::parts(&granted.passed, &now.passed, |a, b| a == b);
    found.extend(parts.map(|(part, name)| Difference::Passed(part, name)));
    if granted.install_scripts != now.install_scripts {
        found.push(Difference::InstallScripts);
    }
    found
}

fn program(granted: &Command, asked: &Asked<'_>, found: &mut Vec<Difference>) {
    let (was, now) = (&granted.program, &asked.command.program);
    if was.name != now.name {
        found.push(Difference::Name(was.name.clone()));
    }
    if was.path != now.path {
        found.push(Difference::Program(was.path.clone()));
        return;
    }
    match was.binding {
        Binding::Path => {
            if now.binding != Binding::Path {
                found.push(Difference::Writable(was.path.clone()));
            }
        }
        Binding::Content => {
            if was.real != now.real {
                found.push(Difference::Link(was.real.clone()));
            }
            if was.content.sha256 != now.content.sha256 {
                found.push(Difference::Content(was.path.clone()));
            }
        }
    }
}

fn arguments(granted: &Command, now: &Command, found: &mut Vec<Difference>) {
    let count = granted.arguments.len();
    if count != now.arguments.len() {
        found.push(Difference::ArgumentCount(count));
    }
    for (index, pair) in granted.arguments.iter().zip(&now.arguments).enumerate() {
        let same = match pair {
            (Argument::Text(a), Argument::Text(b)) => a == b,
            (Argument::Secret(a), Argument::Secret(b)) => is_same(a, b),
            (Argument::Text(_), Argument::Secret(_)) | (Argument::Secret(_), Argument::Text(_)) => {
                false
            }
        };
        if !same {
            let was = match pair.0 {
                Argument::Text(text) => Some(text.clone()),
                Argument::Secret(_) => None,
            };
            found.push(Difference::Argument(index.saturating_add(1), was));
        }
    }
    let paths = |command: &Command| -> Vec<Text> {
        command.files.iter().map(|file| file.path.clone()).collect()
    };
    if paths(granted) != paths(now) {
        found.push(Difference::Files);
        return;
    }
    for (was, is) in granted.files.iter().zip(&now.files) {
        if was.content.sha256 != is.content.sha256 {
            found.push(Difference::Content(was.path.clone()));
        }
    }
}

/// Tells whether two are one secret, kept in one place.
fn is_same(a: &Secret, b: &Secret) -> bool {
    a.id == b.id && a.item == b.item
}

/// Compares two sets of variables.
fn parts<T>(
    was: &BTreeMap<String, T>,
    now: &BTreeMap<String, T>,
    same: impl Fn(&T, &T) -> bool,
) -> impl Iterator<Item = (Part, String)> {
    let names: BTreeSet<&String> = was.keys().chain(now.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        let part = match (was.get(name), now.get(name)) {
            (Some(a), Some(b)) if same(a, b) => continue,
            (Some(_), Some(_)) => Part::Other,
            (Some(_), None) => Part::Missing,
            (None, _) => Part::Added,
        };
        found.push((part, name.clone()));
    }
    found.into_iter()
}
