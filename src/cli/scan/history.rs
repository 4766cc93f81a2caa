//! What git's history of a file holds, in rows.

use std::ffi::OsString;
use std::path::Path;

use zeroize::Zeroizing;

use super::super::context::Context;
use crate::launch::{Commit, History, Limits, Wanted, history};
use crate::paths;

/// A row: what kind, how sure, and what there is to say.
type Tell<'a> = &'a mut dyn FnMut(&'static str, Option<&'static str>, String);

/// Looks through the history of a file, and tells of it.
pub(super) fn look(
    file: &Path,
    needles: &[Zeroizing<Vec<u8>>],
    judge: &dyn Fn(&[u8]) -> usize,
    context: &Context,
    mut tell: impl FnMut(&'static str, Option<&'static str>, String),
) {
    let needles: Vec<&[u8]> = needles.iter().map(|needle| needle.as_slice()).collect();
    let search: OsString = std::env::var_os("PATH").unwrap_or_default();
    let home = paths::user_home();
    let Ok(signals) = context.held_signals() else {
        return;
    };
    let wanted = Wanted {
        file,
        needles: &needles,
        judge,
        search_path: &search,
        home: home.as_deref(),
        limits: Limits::default(),
    };
    match history(&wanted, signals) {
        Ok(None) => {}
        Ok(Some(history)) => rows(&history, &mut tell),
        Err(why) => tell(
            "git-not-looked-at",
            None,
            format!("its history in git was not looked at: {why}"),
        ),
    }
}

fn rows(history: &History, tell: Tell<'_>) {
    if let Some((first, last)) = history.ends() {
        let pushed = history.commits.iter().any(|commit| commit.is_pushed);
        let mut message = if first.id == last.id {
            format!("git holds a version with secrets, commit {}", called(first))
        } else {
            format!(
                "git holds {} versions with secrets, the first in commit {}, the last in {}",
                history.commits.len(),
                called(first),
                called(last)
            )
        };
        if history.head.is_some() {
            message.push_str("; HEAD has them still");
        }
        if pushed {
            message.push_str("; it was pushed, as it seems");
        }
        tell("in-git-history", Some("high"), message);
    }
    if history.staged.is_some() && history.head.is_none() {
        let message = "the next commit to git would hold secrets".to_owned();
        tell("in-git-index", Some("high"), message);
    }
    for gap in &history.gaps {
        let message = format!("not all of its history in git was looked at: {gap}");
        tell("git-not-looked-at", None, message);
    }
}

fn called(commit: &Commit) -> String {
    match commit.date {
        Some(date) => format!("{} of {date}", commit.short_id()),
        None => commit.short_id().to_owned(),
    }
}
