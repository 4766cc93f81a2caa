//! git, run so that a repository cannot make it run anything else.
//!
//! A repository may have come from somebody else with its configuration, and that names programs. So only commands are
//! used that read objects, names of commits and the index, and that have no use for most such programs: no `log`,
//! `show`, `status` or `diff`. What those commands could still be made to run (a watcher of files, whatever fetches
//! objects that are missing) is turned off where a repository cannot turn it on again: the environment counts more than
//! every configuration, the command line more than the repository's. The configuration of the user and of the system is
//! not read, and no variable of the caller is passed on. git itself refuses a repository that belongs to another user.
//!
//! Nothing that git complains about is shown: it can hold a part of a file.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::super::program::{find_program, safe_search_path};
use super::super::project::project;
use super::process::{Deadline, Ends, Fault, Process, Said};
use super::talk::Talk;
use crate::paths::{Writable, writable};
use crate::sys::HeldSignals;

/// The environment that git gets beside `PATH` (git(1), "Environment Variables"). A home folder that is no folder keeps
/// those that are too old for a variable from the user's configuration too.
const ENVIRONMENT: [(&str, &str); 15] = [
    ("HOME", "/dev/null"),
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    // Missing objects stay missing. Were they fetched all the same, no protocol would be allowed for it.
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", ""),
    ("GIT_SSH_COMMAND", "false"),
    ("GIT_ASKPASS", "false"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_PAGER", "cat"),
    // What was committed is looked at, not what somebody would have shown in its place.
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("GIT_ADVICE", "0"),
];

/// What stands before each command (git-config(1)).
const OPTIONS: [&str; 16] = [
    "--no-pager",
    "--literal-pathspecs",
    // Reading the index asks the watcher where the index says that there is one.
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.sshCommand=false",
    "-c",
    "core.alternateRefsCommand=false",
    "-c",
    "credential.helper=",
    "-c",
    "protocol.allow=never",
    // A folder of the project that only looks like a repository is none.
    "-c",
    "safe.bareRepository=explicit",
];

/// git, in the folder of a file.
#[derive(Debug)]
pub(super) struct Git<'a> {
    program: PathBuf,
    environment: Vec<(OsString, OsString)>,
    folder: PathBuf,
    signals: &'a HeldSignals,
}

impl<'a> Git<'a> {
    /// Finds git in the folders of `search_path`, for what lies in `folder`. One that the project brings with it, or
    /// that other users can put something in the place of, is none.
    pub(super) fn find(
        folder: &Path,
        search_path: &OsStr,
        home: Option<&Path>,
        signals: &'a HeldSignals,
    ) -> Option<Self> {
        let project = project(folder, home);
        let (search, _) = safe_search_path(search_path, project.as_deref());
        let is_planted = |program: &Path| {
            let real = program.canonicalize();
            let real = real.unwrap_or_else(|_| program.to_path_buf());
            let in_project = project.as_ref().is_some_and(|p| real.starts_with(p));
            in_project || writable(program) == Writable::ByOthers
        };
        // One that is planted does not hide the others.
        let program = std::env::split_paths(&search)
            .filter_map(|entry| find_program(OsStr::new("git"), entry.as_os_str(), folder).ok())
            .find(|program| !is_planted(program))?;
        let fixed = ENVIRONMENT.map(|(name, value)| (name.into(), value.into()));
        let mut environment = Vec::from(fixed);
        environment.push(("PATH".into(), search));
        Some(Self {
            program,
            environment,
            folder: folder.to_path_buf(),
            signals,
        })
    }

    /// Returns how long git may take until then.
    pub(super) fn deadline(&self, until: Instant) -> Deadline<'a> {
        Deadline {
            until,
            signals: self.signals,
        }
    }

    /// Runs a command to its end. `errors` tells whether what it complains about is wanted.
    ///
    /// # Errors
    /// See [`Fault`].
    pub(super) fn run(
        &self,
        words: &[&OsStr],
        errors: bool,
        limit: usize,
        until: Instant,
    ) -> Result<Said, Fault> {
        let ends = Ends {
            input: false,
            errors,
        };
        self.start(words, ends)?
            .finish(limit, &self.deadline(until))
    }

    /// Starts a command that is asked questions.
    ///
    /// # Errors
    /// See [`Fault`].
    pub(super) fn talk(&self, words: &[&str]) -> Result<Talk, Fault> {
        let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        let ends = Ends {
            input: true,
            errors: false,
        };
        self.start(&words, ends)?.talk()
    }

    fn start(&self, words: &[&OsStr], ends: Ends) -> Result<Process, Fault> {
        let options = OPTIONS.iter().map(OsString::from);
        let words = words.iter().map(OsString::from);
        let arguments: Vec<OsString> = options.chain(words).collect();
        let environment = &self.environment;
        let process = Process::start(&self.program, &arguments, environment, &self.folder, ends)?;
        Ok(process)
    }
}
