//! The files of variables that an entry names: in the client's own way, or among the arguments (`--env-file FILE`).

use std::path::{Path, PathBuf};

use super::super::context::Context;
use super::file::{Needles, around, sure};
use super::row::{About, Looked};
use super::wanted::Wanted;
use crate::clients::detect::detect;
use crate::clients::read::{ReadError, read_text};
use crate::clients::{Entry, Item, Literal, Place};
use crate::config::parse_dotenv;
use crate::paths;
use crate::secret::Reference;

/// Looks through the files of variables of an entry, each once. One that is not there holds nothing.
pub(super) fn look(
    entry: &Entry,
    wanted: &Wanted,
    context: &Context,
    client: Option<&'static str>,
    looked: &mut Looked,
) {
    for (place, named) in named(entry) {
        let Some(path) = resolved(named, wanted) else {
            let about = About {
                client,
                file: wanted.path.display().to_string(),
            };
            let message =
                "the file of variables was not looked at: where it is, only the client knows";
            looked.rows.push(about.text(
                None,
                (&entry.server, place),
                "variables-not-looked-at",
                message.to_owned(),
            ));
            continue;
        };
        if !looked.variables.contains(&path) {
            looked.variables.push(path.clone());
            file(&path, entry, context, client, looked);
        }
    }
}

/// Returns the files that an entry names, and where it does.
fn named(entry: &Entry) -> Vec<(&Place, &str)> {
    let (mut found, mut is_next) = (Vec::new(), false);
    for item in &entry.items {
        let text = item.text.text();
        match item.place {
            Place::EnvFile => found.push((&item.place, text)),
            Place::Argument(_) => {
                if is_next {
                    found.push((&item.place, text));
                }
                is_next = text == "--env-file";
                found.extend(
                    text.strip_prefix("--env-file=")
                        .map(|path| (&item.place, path)),
                );
            }
            Place::Command
            | Place::Variable(_)
            | Place::Header(_)
            | Place::Url
            | Place::Other(_) => {}
        }
    }
    found.retain(|(_, named)| !named.is_empty());
    found
}

/// Looks through one file.
fn file(
    path: &Path,
    entry: &Entry,
    context: &Context,
    client: Option<&'static str>,
    looked: &mut Looked,
) {
    let (text, identity) = match read_text(path) {
        Ok(read) => read,
        Err(ReadError::Absent(_)) => return,
        Err(error) => {
            looked.failed.push(error.into());
            return;
        }
    };
    let about = About {
        client,
        file: path.display().to_string(),
    };
    let mut needles = Needles::default();
    for (line, item) in items(&text) {
        let one = alone(&entry.server, item);
        let findings = detect(&one);
        for item in &one.items {
            findings
                .iter()
                .for_each(|finding| needles.add(item, finding));
        }
        looked
            .rows
            .extend(about.found(Some(line), &entry.server, &findings));
    }
    let judge = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let items = items(text).into_iter();
        items.map(|(_, item)| sure(&alone("", item))).sum()
    };
    around(identity.real(), &needles, &judge, context, &about, looked);
}

/// Returns the variables in the files that an entry names in its client's own way, each with its text where that is a
/// reference; `None` if one cannot be read.
pub(in crate::cli) fn of_entry(
    entry: &Entry,
    wanted: &Wanted,
) -> Option<Vec<(String, Option<String>)>> {
    let mut all = Vec::new();
    for (place, named) in named(entry) {
        if *place != Place::EnvFile {
            continue;
        }
        let (text, _) = read_text(&resolved(named, wanted)?).ok()?;
        for (_, item) in items(&text) {
            if let Place::Variable(name) = item.place {
                let found = Reference::find(item.text.text()).ok().flatten();
                all.push((name, found.map(|found| found.to_string())));
            }
        }
    }
    Some(all)
}

/// An entry of one variable.
fn alone(server: &str, item: Item) -> Entry {
    Entry::of_one(server, item.place, item.text)
}

/// Returns the variables that a file sets, each with its line.
fn items(text: &str) -> Vec<(usize, Item)> {
    let item = |name: &str, text: String| Item {
        place: Place::Variable(name.to_owned()),
        text: Literal::new(text),
    };
    if let Ok(entries) = parse_dotenv(text.as_bytes()) {
        #[expect(
            clippy::disallowed_methods,
            reason = "into the search, which says where and never what"
        )]
        let text = |value: &crate::secret::SecretValue| {
            String::from_utf8_lossy(value.expose()).into_owned()
        };
        let entries = entries.iter();
        return entries
            .map(|one| (one.line, item(&one.name, text(&one.value))))
            .collect();
    }
    // Readers differ in what they take; a line with a name and a text is one in all of them.
    let line = |(number, line): (usize, &str)| {
        let line = line.trim().trim_start_matches("export ");
        let (name, value) = line.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        let is_one = !line.starts_with('#') && !name.trim().is_empty();
        is_one.then(|| (number, item(name.trim(), value.to_owned())))
    };
    (1..).zip(text.lines()).filter_map(line).collect()
}

/// Where a file of variables is; `None` if that depends on what is not known here.
fn resolved(named: &str, wanted: &Wanted) -> Option<PathBuf> {
    let project = wanted.project.as_deref();
    let home = paths::user_home();
    let roots = [
        ("${workspaceFolder}", project),
        ("${userHome}", home.as_deref()),
        ("${env:HOME}", home.as_deref()),
        ("${HOME}", home.as_deref()),
        ("~", home.as_deref()),
    ];
    let below = |(root, folder): &(&str, Option<&Path>)| {
        let rest = named.strip_prefix(root)?;
        let rest = rest.strip_prefix(['/', '\\'])?;
        Some(folder.map(|folder| folder.join(rest)))
    };
    let path = match roots.iter().find_map(below) {
        Some(path) => path?,
        None => PathBuf::from(named),
    };
    if path.to_string_lossy().contains(['$', '%', '~']) && roots.iter().find_map(below).is_none() {
        return None;
    }
    let begin = project.or(wanted.path.parent()).unwrap_or(Path::new("/"));
    Some(begin.join(path).components().collect())
}
