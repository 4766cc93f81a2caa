//! The words by which an entry of a client's file starts its server through broker.
//!
//! A user's own file gets the whole path of broker, because clients find little in the PATH they are given, and the home
//! where it is not the usual one. A project's file is read on other machines too: it gets neither.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::failure::Failure;
use crate::clients::{Entry, Item, Literal, Place};
use crate::config::is_label;

/// The longest label.
const MOST_LABEL: usize = 64;

/// Returns the words in front of the server's own program: broker, the command, the label, `flags`, and `--`.
///
/// # Errors
/// `path-unusable`, if the path of broker or of its home is no text; `file-io`, if the system does not tell where broker is.
pub(super) fn words(
    label: &str,
    flags: &[String],
    is_shared: bool,
    context: &Context,
) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    if is_shared {
        words.push("broker".to_owned());
    } else {
        words.push(text(&stable_path()?)?);
        if let Some(home) = context.chosen_home() {
            words.extend(["--home".to_owned(), text(&home)?]);
        }
    }
    words.extend(["exec".to_owned(), label.to_owned()]);
    words.extend_from_slice(flags);
    words.push("--".to_owned());
    Ok(words)
}

fn text(path: &Path) -> Result<String, Failure> {
    path.to_str().map(ToOwned::to_owned).ok_or_else(|| {
        let message = format!(
            "\"{}\" is no text, so it cannot stand in a client's file",
            path.display()
        );
        Failure::new("path-unusable", message)
    })
}

/// Returns the path by which broker will be found after it was upgraded: the one in PATH that leads to this very program,
/// rather than the folder of its version behind it.
fn stable_path() -> Result<PathBuf, Failure> {
    let unknown = |error: std::io::Error| {
        Failure::new(
            "file-io",
            format!("where broker itself is cannot be told: {error}"),
        )
    };
    let own = std::env::current_exe().map_err(unknown)?;
    let real = own.canonicalize().map_err(unknown)?;
    let name = own.file_name().unwrap_or_default();
    let search = std::env::var_os("PATH").unwrap_or_default();
    let entries = std::env::split_paths(&search).filter(|entry| entry.is_absolute());
    let mut found = entries.map(|entry| entry.join(name));
    let is_own = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == real);
    Ok(found.find(is_own).unwrap_or(own))
}

/// Makes a label of a server's name: what a label cannot have becomes `-`.
pub(super) fn label_of(server: &str) -> String {
    if is_label(server) {
        return server.to_owned();
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let mut label = String::new();
    for c in server.chars().take(MOST_LABEL) {
        match fits(c) {
            true => label.push(c),
            false if label.ends_with('-') => {}
            false => label.push('-'),
        }
    }
    let label = label.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    match is_label(label) {
        true => label.to_owned(),
        false => "server".to_owned(),
    }
}

/// Returns an entry as it is with `words` in front of its program.
pub(super) fn wrapped(entry: &Entry, words: &[String]) -> Entry {
    let (command, arguments) = entry.command().unwrap_or_default();
    let old = std::iter::once(command).chain(arguments);
    let all = words.iter().map(String::as_str).chain(old);
    let is_word = |item: &&Item| matches!(item.place, Place::Command | Place::Argument(_));
    let others = entry.items.iter().filter(|item| !is_word(item)).cloned();
    let place = |at: usize| at.checked_sub(1).map_or(Place::Command, Place::Argument);
    let item = |(at, word): (usize, &str)| Item {
        place: place(at),
        text: Literal::new(word.to_owned()),
    };
    Entry {
        server: entry.server.clone(),
        is_disabled: entry.is_disabled,
        items: all.enumerate().map(item).chain(others).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_made_of_any_name() {
        for (name, label) in [
            ("github", "github"),
            ("My Server (beta)", "My-Server-beta"),
            ("@scope/name", "scope/name"),
            ("ключ", "server"),
            ("", "server"),
        ] {
            assert_eq!(label_of(name), label);
            assert!(is_label(&label_of(name)));
        }
        assert!(is_label(&label_of(&"x".repeat(500))));
    }
}
