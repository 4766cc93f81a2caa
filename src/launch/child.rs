//! A process that is started with pipes and waited for.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process whose input and output are pipes.
#[derive(Debug)]
pub struct Piped {
    /// What it reads.
    pub input: ChildStdin,
    /// What it writes.
    pub output: ChildStdout,
    child: Child,
}

/// Starts `program` with exactly this environment, its stderr being ours.
///
/// # Errors
/// The system's reason.
pub fn spawn_piped(
    program: &Path,
    arguments: &[OsString],
    environment: Vec<(OsString, OsString)>,
) -> io::Result<Piped> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where processes are started"
    )]
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(input), Some(output)) => Ok(Piped {
            input,
            output,
            child,
        }),
        _ => Err(io::Error::other("the process has no pipes")),
    }
}

impl Piped {
    /// Closes its input, which is how a server is told to end, and waits for it.
    ///
    /// # Errors
    /// The system's reason, or that it ended with a failure.
    pub fn end(self) -> io::Result<()> {
        let Self {
            input,
            output,
            mut child,
        } = self;
        drop(input);
        drop(output);
        let status = child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other("it ended with a failure"))
        }
    }
}
