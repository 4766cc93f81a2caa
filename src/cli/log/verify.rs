//! `broker log verify`: whether the log is as it was written.

use std::path::Path;

use serde::Serialize;

use super::super::Done;
use super::super::context::Context;
use super::super::failure::Failure;
use crate::audit::{Log, Position, Verified};
use crate::text::escaped;

/// The answer, for scripts.
#[derive(Serialize)]
struct Answer<'a> {
    state: &'static str,
    entries: Option<u64>,
    file: Option<String>,
    line: Option<u64>,
    problem: Option<&'a str>,
}

pub(super) fn run(
    log: &Log,
    anchors: &[(String, Position)],
    context: &Context,
) -> Result<Done, Failure> {
    match log.verify(anchors, context.now())? {
        Verified::Intact {
            entries,
            first,
            torn,
            last: _,
        } => {
            intact(entries, first, context)?;
            note(torn, anchors, context);
            Ok(Done::Ok)
        }
        Verified::Tampered { file, line, what } => {
            tampered(&file, line, &what, context)?;
            Ok(Done::Report)
        }
    }
}

fn intact(entries: u64, first: u64, context: &Context) -> Result<(), Failure> {
    if first > 1 {
        context.output.notice(&format!(
            "the log was begun anew with entry {first}; what was before it is lost"
        ));
    }
    if context.output.json {
        return context.output.document(&Answer {
            state: "intact",
            entries: Some(entries),
            file: None,
            line: None,
            problem: None,
        });
    }
    let word = if entries == 1 { "entry" } else { "entries" };
    context
        .output
        .answer(&format!("intact: {entries} {word}\n"))
}

fn note(torn: Option<u64>, anchors: &[(String, Position)], context: &Context) {
    match torn {
        None => {}
        Some(0) => context
            .output
            .notice("the end of the last line was missing, and was added"),
        Some(bytes) => context.output.notice(&format!(
            "the last line was not written to its end: its {bytes} bytes were taken away, and that was logged"
        )),
    }
    if anchors.is_empty() {
        context
            .output
            .detail("no store holds an anchor, so a cut end would not be seen");
    }
}

fn tampered(file: &Path, line: u64, what: &str, context: &Context) -> Result<(), Failure> {
    let file = file.display().to_string();
    if context.output.json {
        return context.output.document(&Answer {
            state: "tampered",
            entries: None,
            file: Some(file),
            line: Some(line),
            problem: Some(what),
        });
    }
    let (file, what) = (escaped(&file), escaped(what));
    context
        .output
        .answer(&format!("tampered with: \"{file}\", line {line}: {what}\n"))
}
