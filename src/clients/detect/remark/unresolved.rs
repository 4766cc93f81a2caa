//! References that a client does not know, or not in that part of an entry: the server gets their text in the place of
//! a value.

use std::collections::BTreeSet;

use super::super::super::{Entry, Place};
use super::super::arguments::{SHELLS, base};
use super::super::reference::references;
use super::{About, Remark};
use crate::clients::table::{Expansion, Form};

/// Names in braces that stand for folders and files, in VS Code and what was made from it.
const FOLDERS: [&str; 14] = [
    "workspaceFolder",
    "workspaceFolderBasename",
    "workspaceRoot",
    "workspace",
    "userHome",
    "pathSeparator",
    "/",
    "file",
    "fileDirname",
    "fileBasename",
    "relativeFile",
    "cwd",
    "execPath",
    "lineNumber",
];

/// Returns where texts of an entry hold references that its client puts nothing in the place of, each place once.
///
/// Left out is what another program may expand: a shell's variables in its script, and those that the entry itself sets
/// for the program whose arguments name them.
#[must_use]
pub fn unresolved(entry: &Entry, expansion: &Expansion) -> Vec<Remark> {
    let mut places: BTreeSet<&Place> = BTreeSet::new();
    let variables: BTreeSet<&str> = entry
        .items
        .iter()
        .filter_map(|item| match &item.place {
            Place::Variable(name) => Some(name.as_str()),
            Place::Command
            | Place::Argument(_)
            | Place::Header(_)
            | Place::Url
            | Place::EnvFile
            | Place::Other(_) => None,
        })
        .collect();
    let has_shell = entry.items.iter().any(|item| {
        let is_line = matches!(item.place, Place::Command | Place::Argument(_));
        is_line && item.text.text().split_whitespace().any(is_shell)
    });
    for item in &entry.items {
        let text = item.text.text();
        let is_line = match item.place {
            Place::Command | Place::Argument(_) => true,
            Place::Variable(_) | Place::Header(_) | Place::Url => false,
            // Files of variables are found, or not, by themselves; the others are descriptions and settings.
            Place::EnvFile | Place::Other(_) => continue,
        };
        let is_left = |reference: &str| {
            let is_whole = reference == text.trim() && !is_line;
            let Some((form, name)) = form(reference, is_whole) else {
                return false;
            };
            let is_known = expansion.applies_to(&item.place) && expansion.forms.contains(&form);
            !is_known && !(is_line && (has_shell || variables.contains(name)))
        };
        let inner = references(text);
        let mut inner = inner.iter().filter_map(|one| text.get(one.range.clone()));
        if inner.any(is_left) {
            places.insert(&item.place);
        }
    }
    let remark = |place: &Place| Remark {
        place: place.clone(),
        about: About::Unresolved,
    };
    places.into_iter().map(remark).collect()
}

fn is_shell(word: &str) -> bool {
    let name = base(word);
    SHELLS.contains(&name.as_str()) || matches!(name.as_str(), "cmd" | "powershell" | "pwsh")
}

/// Tells which form a reference has, and what it names; `None` for what no client has and what may well be meant as it
/// stands. Forms that a password could have by chance count only where they are the whole text.
fn form(reference: &str, is_whole: bool) -> Option<(Form, &str)> {
    let inside = |open: &str, close: &str| {
        let rest = reference.strip_prefix(open)?;
        rest.strip_suffix(close)
    };
    let is_name = |name: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !name.is_empty() && name.bytes().all(is_part)
    };
    if let Some(inside) = inside("${{", "}}") {
        return Some((Form::OwnSecret, inside.trim()));
    }
    if let Some(inside) = inside("${", "}") {
        return match inside.split_once(':') {
            Some(("env", name)) => Some((Form::BracesEnv, name)),
            Some(("input", name)) => Some((Form::Input, name)),
            Some((name, rest)) if rest.starts_with(['-', '=', '+']) => {
                Some((Form::BracesOrText, name))
            }
            Some((folder, _)) if FOLDERS.contains(&folder) => Some((Form::Folder, folder)),
            Some(_) => None,
            None if FOLDERS.contains(&inside) => Some((Form::Folder, inside)),
            None => is_name(inside).then_some((Form::Braces, inside)),
        };
    }
    if let Some(name) = inside("{env:", "}") {
        return Some((Form::CurlyEnv, name));
    }
    if let Some(name) = inside("{file:", "}") {
        return Some((Form::CurlyFile, name));
    }
    if let Some(name) = reference.strip_prefix('$').filter(|_| is_whole) {
        return is_name(name).then_some((Form::Dollar, name));
    }
    let name = inside("%", "%").filter(|_| is_whole)?;
    is_name(name).then_some((Form::Percent, name))
}

#[cfg(test)]
mod tests {
    use super::super::super::super::table::client;
    use super::super::super::super::{Item, Literal};
    use super::*;

    fn count(id: &str, items: &[(Place, &str)]) -> usize {
        let item = |(place, text): &(Place, &str)| Item {
            place: place.clone(),
            text: Literal::new((*text).to_owned()),
        };
        let entry = Entry {
            server: "x".into(),
            is_disabled: false,
            items: items.iter().map(item).collect(),
        };
        unresolved(&entry, &client(id).expect("a client").expansion).len()
    }

    fn variable(name: &str) -> Place {
        Place::Variable(name.into())
    }

    #[test]
    fn a_reference_that_the_client_does_not_know_is_told() {
        for (id, text) in [
            ("claude-desktop", "${TOKEN}"),
            ("claude-desktop", "${env:TOKEN}"),
            ("claude-desktop", "$TOKEN"),
            ("cursor", "${TOKEN}"),
            ("cursor", "${input:token}"),
            ("claude-code", "${env:TOKEN}"),
            ("vscode", "{env:TOKEN}"),
            ("opencode", "${TOKEN}"),
            ("gemini", "{file:~/.token}"),
            ("zed", "Bearer ${TOKEN}"),
            ("codex", "%TOKEN%"),
        ] {
            assert_eq!(count(id, &[(variable("A"), text)]), 1, "{id} {text}");
        }
    }

    #[test]
    fn a_reference_that_the_client_knows_is_not_told() {
        for (id, text) in [
            ("cursor", "${env:TOKEN}"),
            ("cursor", "${workspaceFolder}/x"),
            ("vscode", "${input:token}"),
            ("claude-code", "${TOKEN:-none}"),
            ("opencode", "{env:TOKEN}"),
            ("gemini", "$TOKEN"),
            ("claude-desktop", "broker://token"),
            ("claude-desktop", "pa$$word"),
            ("claude-desktop", "costs $TOKEN or so"),
            ("claude-desktop", "{{ template }}"),
            ("continue", "${{ secrets.TOKEN }}"),
        ] {
            assert_eq!(count(id, &[(variable("A"), text)]), 0, "{id} {text}");
        }
    }

    #[test]
    fn what_the_started_program_may_expand_is_not_told() {
        let line = |words: &[&'static str]| -> Vec<(Place, &'static str)> {
            let place = |at: usize| at.checked_sub(1).map_or(Place::Command, Place::Argument);
            let numbered = words.iter().enumerate();
            numbered.map(|(at, word)| (place(at), *word)).collect()
        };
        let remote = line(&[
            "npx",
            "mcp-remote",
            "https://x.example",
            "--header",
            "A:${T}",
        ]);
        assert_eq!(count("claude-desktop", &remote), 1);
        let with_variable = [remote, vec![(variable("T"), "x")]].concat();
        assert_eq!(count("claude-desktop", &with_variable), 0);
        let script = line(&["/bin/bash", "-c", "exec server --token ${T}"]);
        assert_eq!(count("claude-desktop", &script), 0);
        let windows = line(&["cmd", "/c", "npx", "server", "${T}"]);
        assert_eq!(count("claude-desktop", &windows), 0);
    }
}
