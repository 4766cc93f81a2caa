//! What a client puts in the place of references in its file, as far as that can be known from outside.
//!
//! The forms are data of each client ([`Expansion`]). What only the client knows (an answer it asked for, a secret of its
//! own store, a list of approved variables) is said to be unknown and never guessed.

use std::path::Path;

use super::entry::Place;
use super::table::{Expansion, Form};

/// What becomes of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Expanded {
    /// The client hands it on as it is.
    Same,
    /// The client hands this on in its place. It may hold what stood in a variable: it must reach no message.
    Becomes(String),
    /// The client hands on something that is not known here.
    Unknown,
}

/// What references refer to.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Looks a variable of the client up.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The user's home folder.
    pub home: Option<&'a Path>,
    /// The folder that the client would have open.
    pub project: Option<&'a Path>,
}

impl std::fmt::Debug for Known<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Known")
    }
}

/// Works out what a client makes of `text` at `place`.
pub fn expand(text: &str, place: &Place, expansion: &Expansion, known: Known<'_>) -> Expanded {
    if !expansion.applies_to(place) {
        return Expanded::Same;
    }
    let (mut result, mut rest, mut is_changed) = (String::with_capacity(text.len()), text, false);
    while let Some(first) = rest.chars().next() {
        let is_begin = rest.len() == text.len();
        let found = expansion
            .forms
            .iter()
            .find_map(|form| reference(*form, rest, is_begin).map(|found| (*form, found)));
        let Some((form, found)) = found else {
            result.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        };
        match value(form, &found, known) {
            Some(value) if !expansion.only_approved => result.push_str(&value),
            Some(_) | None => return Expanded::Unknown,
        }
        is_changed = true;
        rest = rest.get(found.length..).unwrap_or_default();
    }
    if is_changed {
        Expanded::Becomes(result)
    } else {
        Expanded::Same
    }
}

/// A reference at the beginning of a text.
struct Reference<'a> {
    /// How many bytes it has.
    length: usize,
    name: &'a str,
    /// What stands for it where nothing else does.
    otherwise: Option<&'a str>,
}

fn reference<'a>(form: Form, text: &'a str, is_begin: bool) -> Option<Reference<'a>> {
    let inside = |open: &str, close: &str| {
        let rest = text.strip_prefix(open)?;
        let end = rest.find(close)?;
        let length = open.len().saturating_add(end).saturating_add(close.len());
        Some((rest.get(..end)?, length))
    };
    let named = |(name, length): (&'a str, usize)| {
        is_name(name).then_some(Reference {
            length,
            name,
            otherwise: None,
        })
    };
    match form {
        Form::Braces => named(inside("${", "}")?),
        Form::BracesOrText => {
            let (inner, length) = inside("${", "}")?;
            let (name, otherwise) = inner.split_once(":-")?;
            let found = named((name, length))?;
            Some(Reference {
                otherwise: Some(otherwise),
                ..found
            })
        }
        Form::BracesEnv => named(inside("${env:", "}")?),
        Form::CurlyEnv => named(inside("{env:", "}")?),
        Form::Percent => named(inside("%", "%")?),
        Form::Dollar => {
            let rest = text.strip_prefix('$')?;
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            named((rest.get(..end)?, end.saturating_add(1)))
        }
        Form::CurlyFile => any(inside("{file:", "}")?),
        Form::Input => any(inside("${input:", "}")?),
        Form::OwnSecret => any(inside("${{", "}}")?),
        Form::Folder => {
            let (name, length) = inside("${", "}")?;
            FOLDERS.contains(&name).then_some(Reference {
                length,
                name,
                otherwise: None,
            })
        }
        Form::Tilde => {
            let is_path = text.strip_prefix('~').is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('/') || rest.starts_with('\\')
            });
            (is_begin && is_path).then_some(Reference {
                length: 1,
                name: "~",
                otherwise: None,
            })
        }
    }
}

/// What VS Code and its kin call folders, and the signs between them.
const FOLDERS: [&str; 6] = [
    "workspaceFolder",
    "workspaceFolderBasename",
    "workspaceRoot",
    "userHome",
    "pathSeparator",
    "/",
];

fn any((name, length): (&str, usize)) -> Option<Reference<'_>> {
    Some(Reference {
        length,
        name,
        otherwise: None,
    })
}

fn is_name(name: &str) -> bool {
    crate::config::is_variable(name)
}

fn value(form: Form, found: &Reference<'_>, known: Known<'_>) -> Option<String> {
    let folder = |path: Option<&Path>| path.and_then(Path::to_str).map(ToOwned::to_owned);
    match form {
        Form::CurlyFile | Form::Input | Form::OwnSecret => None,
        Form::Tilde => folder(known.home),
        Form::Folder => match found.name {
            "userHome" => folder(known.home),
            "pathSeparator" | "/" => Some(std::path::MAIN_SEPARATOR.to_string()),
            "workspaceFolderBasename" => {
                let name = known.project?.file_name()?.to_str()?;
                Some(name.to_owned())
            }
            _ => folder(known.project),
        },
        Form::Braces
        | Form::BracesOrText
        | Form::BracesEnv
        | Form::Dollar
        | Form::Percent
        | Form::CurlyEnv => {
            let value = (known.variable)(found.name).filter(|value| !value.is_empty());
            value.or_else(|| found.otherwise.map(ToOwned::to_owned))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::table::client;

    fn made_of(id: &str, place: &Place, text: &str) -> Expanded {
        let variable = |name: &str| (name == "SET").then(|| "there".to_owned());
        let known = Known {
            variable: &variable,
            home: Some(Path::new("/home/u")),
            project: Some(Path::new("/work/shop")),
        };
        let expansion = client(id).map(|client| &client.expansion);
        expand(text, place, expansion.unwrap_or(&Expansion::NONE), known)
    }

    fn becomes(text: &str) -> Expanded {
        Expanded::Becomes(text.to_owned())
    }

    #[test]
    fn references_are_put_in_as_each_client_has_them() {
        let place = Place::Argument(0);
        let of = |id, text| made_of(id, &place, text);
        assert_eq!(of("claude-code", "-k=${SET}!"), becomes("-k=there!"));
        assert_eq!(of("claude-code", "${NOT:-else}"), becomes("else"));
        assert_eq!(of("claude-code", "${SET:-else}"), becomes("there"));
        assert_eq!(of("claude-code", "${NOT}"), Expanded::Unknown);
        assert_eq!(of("claude-code", "$SET ${env:SET}"), Expanded::Same);
        assert_eq!(
            of("cursor", "${env:SET}/${userHome}"),
            becomes("there//home/u")
        );
        assert_eq!(
            of("vscode", "${workspaceFolder}/x ${workspaceFolderBasename}"),
            becomes("/work/shop/x shop")
        );
        assert_eq!(of("vscode", "${input:token}"), Expanded::Unknown);
        assert_eq!(of("claude-desktop", "${SET}"), Expanded::Same);
        assert_eq!(
            made_of("amazon-q", &Place::Command, "~/x"),
            becomes("/home/u/x")
        );
        assert_eq!(
            made_of("amazon-q", &Place::Command, "/x/~/y"),
            Expanded::Same
        );
        assert_eq!(
            made_of("amazon-q", &Place::Command, "$SET-$"),
            becomes("there-$")
        );
    }

    #[test]
    fn what_a_client_puts_in_only_for_approved_variables_is_not_known() {
        let place = Place::Variable("A".to_owned());
        assert_eq!(made_of("kiro", &place, "${SET}"), Expanded::Unknown);
        assert_eq!(made_of("kiro", &place, "plain"), Expanded::Same);
        assert_eq!(
            made_of("kiro", &Place::Argument(1), "${SET}"),
            Expanded::Same
        );
    }
}
