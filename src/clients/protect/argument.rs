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
        let found = flag(entry, number, text, finding, variable);
        return found
            .or_else(|| assignment(number, text, finding, variable))
            .ok_or("it is written in a way in which it cannot be taken out");
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

/// `--flag secret` or `--flag=secret` of a server that takes the same by a variable. All that the flag gives is taken: a
/// connection string, and not only the password in it.
fn flag(
    entry: &Entry,
    number: usize,
    text: &str,
    finding: &Finding,
    variable: &str,
) -> Option<Found> {
    let name = |flag: &str| flag.trim_start_matches('-').to_ascii_lowercase();
    let is_meant = |flag: &str| {
        let under = finding.name.as_deref().map(name);
        flag.starts_with('-') && under.is_some_and(|under| under == name(flag))
    };
    let variable = Some(variable.to_owned());
    if let Some((flag, value)) = text.split_once('=')
        && is_meant(flag)
    {
        let span = text.len().checked_sub(value.len())?..text.len();
        return Some((variable, span, Way::Removed(vec![number])));
    }
    let (_, arguments) = entry.command()?;
    let before = number.checked_sub(1)?;
    is_meant(arguments.get(before)?)
        .then(|| (variable, 0..text.len(), Way::Removed(vec![before, number])))
}

/// `NAME=secret` in front of a command in a script, where the value is one word without anything that a shell would put in.
fn assignment(number: usize, text: &str, finding: &Finding, variable: &str) -> Option<Found> {
    let before = text.get(..finding.span.start)?;
    let quote = before
        .chars()
        .next_back()
        .filter(|c| matches!(c, '"' | '\''));
    let head = quote.map_or(before, |quote| before.trim_end_matches(quote));
    let begin = head.strip_suffix('=')?.strip_suffix(variable)?;
    let is_begin = begin.is_empty() || begin.ends_with([' ', '\t', '\n', ';', '&', '|', '(']);
    // One quote at the most.
    let is_one = before.len().checked_sub(head.len())? <= 1;
    let behind = text.get(finding.span.start..)?;
    let length = match quote {
        Some(quote) => behind.find(quote)?,
        None => behind
            .find([
                ' ', '\t', '\n', ';', '&', '|', '(', ')', '<', '>', '"', '\'',
            ])
            .unwrap_or(behind.len()),
    };
    let value = behind.get(..length)?;
    let rest = behind.get(length.checked_add(quote.map_or(0, char::len_utf8))?..)?;
    let is_word = rest.starts_with([' ', '\t']) && !value.contains(['$', '`', '\\']);
    if !is_begin || !is_one || !is_word || value.is_empty() {
        return None;
    }
    let short = format!("{begin}{}", rest.trim_start_matches([' ', '\t']));
    let end = finding.span.start.checked_add(length)?;
    Some((
        Some(variable.to_owned()),
        finding.span.start..end,
        Way::Shortened(number, short),
    ))
}
