//! Whose file a path is.

use std::path::{Component, Path};

use super::place::{Base, Rule, fits};
use super::{CLIENTS, Client, ClientFile, OTHER, Surroundings};
use crate::clients::document::{Document, Format};

/// How well a path fits a rule, worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// It is exactly the place of the rule, and not only called like it.
    is_place: bool,
    /// How many parts of the rule it has at its end.
    parts: usize,
    /// The rule is one of a project: what is not in its place is more likely to be another project's.
    is_shared: bool,
}

/// Returns the client whose file `path` is, by name and place: at one of the client's own places, or in a folder called
/// like it somewhere else, as in another project or a copy of a home folder.
#[must_use]
pub fn recognise(
    path: &Path,
    around: &Surroundings,
) -> Option<(&'static Client, &'static ClientFile)> {
    let names: Vec<&str> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => name.to_str(),
            Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::ParentDir => None,
        })
        .collect();
    let mut best: Option<(Fit, &Client, &ClientFile)> = None;
    for client in CLIENTS.iter().copied() {
        for file in client.files {
            for rule in file.rules {
                let fit = fit(rule, path, &names, around, file.scope.is_shared());
                if let Some(fit) = fit.filter(|fit| best.is_none_or(|(old, ..)| *fit > old)) {
                    best = Some((fit, client, file));
                }
            }
        }
    }
    best.map(|(_, client, file)| (client, file))
}

fn fit(
    rule: &Rule,
    path: &Path,
    names: &[&str],
    around: &Surroundings,
    is_shared: bool,
) -> Option<Fit> {
    let parts = rule.parts().count();
    let begin = names.len().checked_sub(parts)?;
    let end = names.get(begin..)?;
    if !rule.parts().zip(end).all(|(part, name)| fits(part, name)) {
        return None;
    }
    let folder = path.ancestors().nth(parts);
    let is_place = rule.begin(around).is_some_and(|at| folder == Some(&at));
    // A name alone says enough where the client looks for it in folders that have no name of their own.
    let says_enough = match rule.base {
        Base::Home | Base::Project => parts > 0,
        Base::Config | Base::Support | Base::Roaming | Base::Local => parts > 1,
        Base::Variable(_) => false,
    };
    (is_place || says_enough).then_some(Fit {
        is_place,
        parts,
        is_shared,
    })
}

/// Returns how a document of a client that is not known is read, by what stands in it: where one of the known keys
/// holds something with a program or an address.
#[must_use]
pub fn recognise_content(document: &Document) -> Option<(&'static Client, &'static ClientFile)> {
    let is_json = |format| matches!(format, Format::Json | Format::Jsonc);
    let is_like = |file: &&ClientFile| {
        file.format == document.format() || (is_json(file.format) && is_json(document.format()))
    };
    let file = OTHER.files.iter().find(is_like)?;
    (!document.entries(file).is_empty()).then_some((&OTHER, file))
}
