//! Questions to git about a file: where it is in its repository, which commits wrote it, what the index has for it.
//!
//! Answers are read as bytes, since a path may hold any. What cannot be read of them is left out.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::time::Instant;

use super::git::Git;
use super::objects::FILE;
use super::process::{Fault, Said};
use super::{Gap, NotLooked};

/// How long one line of a list of commits is at most: a time, an id.
const LINE_BYTES: usize = 128;

/// The most that is read of the answers to small questions.
const ANSWER_BYTES: usize = 256 << 10;

/// Where the file is in its repository.
pub(super) struct Place {
    /// From the top.
    pub(super) path: Vec<u8>,
    pub(super) is_shallow: bool,
}

impl Place {
    pub(super) fn find(git: &Git<'_>, name: &OsStr, until: Instant) -> Result<Self, NotLooked> {
        let words = [
            "rev-parse",
            "--is-shallow-repository",
            "--is-inside-work-tree",
            "--show-prefix",
        ];
        let said = git.run(&words.map(OsStr::new), true, ANSWER_BYTES, until)?;
        match said.ended {
            Ok(()) => {}
            Err(Fault::Failed) if is_about_owner(&said.errors) => return Err(NotLooked::Foreign),
            Err(fault) => return Err(fault.into()),
        }
        // The last of the three may hold newlines itself.
        let mut lines = said.output.splitn(3, |b| *b == b'\n');
        let (shallow, inside, prefix) = (lines.next(), lines.next(), lines.next());
        if inside != Some(b"true") {
            return Err(NotLooked::Elsewhere);
        }
        let mut path = prefix.ok_or(NotLooked::Failed)?.to_vec();
        let _ = path.pop();
        path.extend_from_slice(name.as_encoded_bytes());
        Ok(Self {
            path,
            is_shallow: shallow != Some(b"false"),
        })
    }
}

/// Tells whether git refuses because of whom the repository belongs to (git-config(1), `safe.directory`).
fn is_about_owner(errors: &[u8]) -> bool {
    let text = String::from_utf8_lossy(errors);
    text.contains("dubious ownership") || text.contains("is owned by someone else")
}

/// Commits that wrote a version of the file.
pub(super) struct List {
    /// From the newest to the oldest.
    pub(super) commits: Vec<Listed>,
    pub(super) gaps: Vec<Gap>,
}

pub(super) struct Listed {
    pub(super) id: String,
    pub(super) time: i64,
    pub(super) is_pushed: bool,
}

/// Lists the commits that wrote a version of the file, and tells those apart that a remote-tracking branch leads to.
pub(super) fn list(
    git: &Git<'_>,
    name: &OsStr,
    most: usize,
    until: [Instant; 2],
) -> Result<List, NotLooked> {
    let (mut all, mut gaps) = (BTreeMap::new(), Vec::new());
    // Each commit is walked over once: what was pushed, then the rest.
    let refs = [["--remotes"].as_slice(), &["--all", "--not", "--remotes"]];
    for ((refs, is_pushed), until) in refs.into_iter().zip([true, false]).zip(until) {
        let mut said = walk(git, refs, name, most, until)?;
        if said.ended == Err(Fault::Failed) {
            gaps.push(Gap::Damaged);
            // A ref that leads to nothing would hide all others.
            let leaving_out = [&["--ignore-missing"], refs].concat();
            said = walk(git, &leaving_out, name, most, until)?;
        }
        match said.ended {
            Ok(()) | Err(Fault::Failed) => {}
            Err(Fault::Interrupted) => return Err(NotLooked::Interrupted),
            Err(Fault::TimeOver) => gaps.push(Gap::TimeOver),
        }
        let listed = said.output.split_inclusive(|b| *b == b'\n');
        for (id, time) in listed.filter_map(listed_line) {
            // One that is on both lists is on the second by mistake: times that go backwards mislead git.
            all.entry(id).or_insert((time, is_pushed));
        }
    }
    let commit = |(id, (time, is_pushed))| Listed {
        id,
        time,
        is_pushed,
    };
    let mut commits: Vec<Listed> = all.into_iter().map(commit).collect();
    commits.sort_by(|one, other| other.time.cmp(&one.time));
    if commits.len() > most {
        commits.truncate(most);
        gaps.push(Gap::TooMany(most));
    }
    Ok(List { commits, gaps })
}

/// Lists the commits, one more than `most` of them, that these refs lead to and that wrote a version of the file.
fn walk(
    git: &Git<'_>,
    refs: &[&str],
    name: &OsStr,
    most: usize,
    until: Instant,
) -> Result<Said, Fault> {
    let one_more = format!("--max-count={}", most.saturating_add(1));
    let mut words = vec!["rev-list", "--timestamp", "--full-history", &one_more];
    words.extend(refs);
    words.push("--");
    let mut words: Vec<&OsStr> = words.into_iter().map(OsStr::new).collect();
    words.push(name);
    let limit = most.saturating_add(1).saturating_mul(LINE_BYTES);
    git.run(&words, false, limit, until)
}

/// Reads `TIME ID`. The last line is not whole where git was ended.
fn listed_line(line: &[u8]) -> Option<(String, i64)> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (time, id) = line.split_once(' ')?;
    Some((id.to_owned(), time.parse().unwrap_or(i64::MAX)))
}

/// Returns the ids of what the index has for the file: one, or more in the middle of a merge.
pub(super) fn staged(
    git: &Git<'_>,
    name: &OsStr,
    path: &[u8],
    until: Instant,
) -> Result<Vec<String>, Fault> {
    let options = ["ls-files", "--stage", "--full-name", "-z", "--"];
    let mut words: Vec<&OsStr> = options.map(OsStr::new).into();
    words.push(name);
    let said = git.run(&words, false, ANSWER_BYTES, until)?;
    said.ended?;
    // MODE ID STAGE, a tab, the path (git-ls-files(1), "Output").
    let staged = |line: &[u8]| {
        let tab = line.iter().position(|b| *b == b'\t')?;
        let (facts, behind) = line.split_at_checked(tab)?;
        let is_it = behind.get(1..) == Some(path);
        let mut facts = std::str::from_utf8(facts).ok()?.split(' ');
        let is_file = facts.next()?.starts_with(FILE);
        let id = facts.next()?;
        (is_it && is_file).then(|| id.to_owned())
    };
    Ok(said.output.split(|b| *b == 0).filter_map(staged).collect())
}
