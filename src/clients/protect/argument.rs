//! Secrets in arguments: which of them the server would take by a variable as well.

use std::ops::Range;

use super::Way;
use crate::clients::detect::Finding;
use crate::clients::entry::Entry;
use crate::clients::wrapped::{Wrapped, file_name};

/// By which variable, which part of the text, and how.
type Found = (Option<String>, Range<usize>, Way);

/// Programs that hand a variable of their own on, when its name alone stands behind `-e` (the manuals of `docker run` and
/// `podman run`).
const CONTAINERS: [&str; 3] = ["docker", "podman", "nerdctl"];

/// Works out how a secret in the argument of that number can be taken out.
pub(super) fn way(
    entry: &Entry,
    number: usize,
    text: &str,
    finding: &Finding,
    arguments: bool,
) -> Result<Found, &'static str> {
    let before = Wrapped::of(entry).map_or(0, |wrapped| wrapped.program);
    if Wrapped::of(entry).is_some() && number <= before {
        return Err("it is an argument of broker itself: refer to a secret there");
    }
    if let Some(found) = container(entry, number, text, finding) {
        return Ok(found);
    }
    if let Some(variable) = &finding.wanted {
        return flag(entry, number, text, variable);
    }
    let is_whole =
        !text.starts_with('-') && finding.span.start == 0 && finding.span.end == text.len();
    if !is_whole {
        return Err(
            "it is a part of an argument, and no variable is known by which the server takes it",
        );
    }
    if arguments {
        return Ok((None, 0..text.len(), Way::Argument(number)));
    }
    Err(
        "no variable is known by which the server takes it (--allow-argv-secret leaves a reference there)",
    )
}

/// `-e KEY=secret` of a program that starts containers.
fn container(entry: &Entry, number: usize, text: &str, finding: &Finding) -> Option<Found> {
    let (command, arguments) = entry.command()?;
    let program = match Wrapped::of(entry) {
        Some(wrapped) => arguments.get(wrapped.program).copied()?,
        None => command,
    };
    if !CONTAINERS.contains(&file_name(program)) {
        return None;
    }
    let (skip, short) = match ["--env=", "-e="]
        .iter()
        .find(|flag| text.starts_with(*flag))
    {
        Some(flag) => (flag.len(), true),
        None => (0, false),
    };
    let before = number.checked_sub(1).and_then(|at| arguments.get(at));
    let is_behind_flag = before.is_some_and(|word| matches!(*word, "-e" | "--env"));
    if !short && !is_behind_flag {
        return None;
    }
    let (key, _) = text.get(skip..)?.split_once('=')?;
    let begin = skip.checked_add(key.len())?.checked_add(1)?;
    if finding.span.start < begin || !crate::config::is_variable(key) {
        return None;
    }
    let rest = text.get(..begin.checked_sub(1)?)?.to_owned();
    Some((
        Some(key.to_owned()),
        begin..text.len(),
        Way::Shortened(number, rest),
    ))
}

/// `--flag secret` or `--flag=secret` of a server that takes the same by a variable.
fn flag(entry: &Entry, number: usize, text: &str, variable: &str) -> Result<Found, &'static str> {
    let variable = Some(variable.to_owned());
    if text.starts_with('-') {
        let at = text.find('=').ok_or("it is not known where it begins")?;
        let span = at.saturating_add(1)..text.len();
        return Ok((variable, span, Way::Removed(vec![number])));
    }
    let (_, arguments) = entry.command().ok_or("it has no program")?;
    let before = number.checked_sub(1);
    let flag = before.and_then(|at| arguments.get(at).filter(|word| word.starts_with('-')));
    match (before, flag) {
        (Some(at), Some(_)) => Ok((variable, 0..text.len(), Way::Removed(vec![at, number]))),
        _ => Err("its flag was not found"),
    }
}
