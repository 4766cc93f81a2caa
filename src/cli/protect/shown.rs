//! What a person sees of what is about to be done, and what was done. No text that may be a secret is in it.

use comfy_table::{ContentArrangement, Table, presets};

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::permission::{quoted, words};
use super::super::scan::{place_words, shown_name};
use super::rewrite::{Changed, Rewrite};
use super::row::{Outcome, Row};
use super::target::Target;
use crate::catalog::Home;
use crate::clients::detect::detect;
use crate::clients::{Entry, Place};
use crate::policy::{Argument, Command, Text};
use crate::text::escaped;

/// What would be done, in lines: each entry as a difference, and what would be allowed for it.
pub(super) fn plan(rewrites: &[Rewrite], home: &Home, context: &Context) -> Vec<String> {
    let mut lines = Vec::new();
    for rewrite in rewrites.iter().filter(|one| !one.changed.is_empty()) {
        let target = &rewrite.target;
        let path = target.wanted.path.display().to_string();
        lines.push(format!("{} ({}):", escaped(&path), target.client.name));
        for changed in &rewrite.changed {
            lines.extend(entry(target, changed));
            lines.extend(permission(changed, home, context));
        }
    }
    lines
}

/// An entry, as a difference.
fn entry(target: &Target, changed: &Changed) -> Vec<String> {
    let mut lines = vec![format!("  {}", escaped(shown_name(&changed.server)))];
    let before = target
        .entries
        .iter()
        .find(|one| one.found.entry.server == changed.server && one.found.under == changed.under);
    let Some(before) = before.map(|one| &one.found.entry) else {
        return lines;
    };
    let (old, new) = (command(before), command(&changed.after));
    if old != new {
        lines.push(format!("  - command: {old}"));
        lines.push(format!("  + command: {new}"));
    }
    for moved in &changed.moved {
        let place = escaped(&place_words(&moved.what.place));
        let what = moved.what.kind;
        let sure = moved.what.confidence.word();
        lines.push(format!("  - {place}: ({what}, {sure} confidence)"));
        let name = &moved.chosen.record.name;
        let known = match moved.chosen.is_new {
            true => String::new(),
            false => " (a secret that is there already, with this value)".to_owned(),
        };
        match &moved.what.variable {
            Some(variable) => lines.push(format!(
                "  + variable {}: broker://{name}{known}",
                escaped(shown_name(variable))
            )),
            None => lines.push(format!("  + {place}: broker://{name}{known}")),
        }
    }
    lines
}

/// The command of an entry, with what may be a secret in it left out.
fn command(entry: &Entry) -> String {
    let findings = detect(entry);
    let Some((program, arguments)) = entry.command() else {
        return String::new();
    };
    let shown = |place: Place, text: &str| {
        let mut text = text.to_owned();
        let mut spans: Vec<_> = findings
            .iter()
            .filter(|finding| finding.place == place)
            .map(|finding| finding.span.clone())
            .collect();
        spans.sort_by_key(|span| span.start);
        for span in spans.into_iter().rev() {
            if text.get(span.clone()).is_some() {
                text.replace_range(span, "(secret)");
            }
        }
        quoted(text)
    };
    let first = shown(Place::Command, program);
    let rest = arguments.iter().enumerate();
    let rest = rest.map(|(at, text)| shown(Place::Argument(at), text));
    std::iter::once(first)
        .chain(rest)
        .collect::<Vec<_>>()
        .join(" ")
}

/// What would be allowed for an entry.
fn permission(changed: &Changed, home: &Home, context: &Context) -> Vec<String> {
    match &changed.grant {
        Ok(grant) => {
            let mut lines = vec!["    this would be allowed:".to_owned()];
            let command = masked(&grant.command, &changed.after);
            let words = words(&command, &grant.plan.starts_in, home, context);
            lines.extend(words.into_iter().map(|line| format!("    {line}")));
            lines
        }
        Err(why) => vec![format!("    {}", escaped(why))],
    }
}

/// A command with what may be a secret in the entry left out: what is not moved stands in it as it is.
fn masked(command: &Command, entry: &Entry) -> Command {
    let findings = detect(entry);
    let texts = findings
        .iter()
        .filter_map(|finding| entry.get(&finding.place)?.get(finding.span.clone()));
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    let without = |text: &mut Text| {
        for secret in &texts {
            if text.as_str().contains(secret) {
                *text = Text::of(text.as_str().replace(secret, "(secret)"));
            }
        }
    };
    let mut command = command.clone();
    for argument in &mut command.arguments {
        if let Argument::Text(text) = argument {
            without(text);
        }
    }
    let passed = command.passed.values_mut().flatten();
    command
        .literals
        .values_mut()
        .chain(passed)
        .for_each(without);
    command
}

/// Says what to write into a file that broker does not change.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn tell_manual(target: &Target, context: &Context) -> Result<(), Failure> {
    if target.file.format.is_edited() || target.entries.iter().all(|one| one.plan.moves.is_empty())
    {
        return Ok(());
    }
    let mut lines = vec![format!(
        "\"{}\" is YAML, which broker does not change; what to do by hand:",
        escaped(&target.wanted.path.display().to_string())
    )];
    for one in target
        .entries
        .iter()
        .filter(|one| !one.plan.moves.is_empty())
    {
        lines.extend(super::manual::steps(target, one, context)?);
    }
    for line in lines {
        context.output.notice(&line);
    }
    Ok(())
}

/// The table at the end, or the document.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn rows(rows: &[Row], context: &Context) -> Result<(), Failure> {
    if context.output.json {
        return context.output.document(&rows);
    }
    if rows.is_empty() {
        context.output.notice("no secret in plain text was found");
        return Ok(());
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["OUTCOME", "SERVER", "PLACE", "SECRET", "FILE"]);
    for row in rows {
        let or_none = |text: &Option<String>| escaped(text.as_deref().unwrap_or("-"));
        table.add_row([
            row.outcome.word().to_owned(),
            or_none(&row.server),
            or_none(&row.place),
            or_none(&row.secret),
            escaped(&row.file),
        ]);
    }
    let text: String = table
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect();
    context.output.answer(&text)?;
    for row in rows.iter().filter(|row| !row.message.is_empty()) {
        let what = match (&row.server, &row.place) {
            (Some(server), Some(place)) => format!("{server}, {place}"),
            _ => row.file.clone(),
        };
        let message = format!("{}: {}", escaped(&what), escaped(&row.message));
        match row.outcome {
            Outcome::Failed => context.output.warning(&message),
            Outcome::Moved | Outcome::WouldMove | Outcome::Left => context.output.notice(&message),
        }
    }
    let mut moved: Vec<&str> = rows
        .iter()
        .filter(|row| row.outcome == Outcome::Moved)
        .filter_map(|row| row.secret.as_deref())
        .collect();
    moved.sort_unstable();
    moved.dedup();
    if !moved.is_empty() {
        context.output.notice(&format!(
            "these were on disk in plain text: rotate them when you can, with broker rotate: {}",
            moved.join(", ")
        ));
        context.output.notice(
            "a server gets only the variables that are named for it; broker restore FILE undoes this",
        );
    }
    Ok(())
}
