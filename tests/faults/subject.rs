//! The command under test, and what became of it.

use std::ffi::OsString;
use std::path::PathBuf;

use super::fault::Injected;

/// A command to run.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    /// The whole environment: nothing is inherited.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// Given through a pipe that is closed afterwards.
    pub(crate) stdin: Vec<u8>,
    pub(crate) cwd: Option<PathBuf>,
}

/// What one run came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) ended: Ended,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// The fault that was injected; none in the recording run, and none when the run took another
    /// path and never came to the point.
    pub(crate) injected: Option<Injected>,
    /// How many processes were still there when the grace after the command's end was over. They
    /// have been killed.
    pub(crate) left_behind: usize,
}

/// How the command's first process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Exit(i32),
    Signal(i32),
    /// Not before the deadline; it was killed then.
    Hung,
}

impl Subject {
    /// Returns a command without arguments, environment or input.
    pub(crate) fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            stdin: Vec::new(),
            cwd: None,
        }
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub(crate) fn cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cwd = Some(folder.into());
        self
    }
}

impl Outcome {
    /// Returns whether the command claimed to have done its work.
    pub(crate) fn succeeded(&self) -> bool {
        self.ended == Ended::Exit(0)
    }
}
