//! A process that is started with pipes and waited for.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process whose input and output are pipes.
#[derive(Debug)]
pub struct Piped(Child);

/// Starts `program` with exactly this environment, its stderr being ours. Returns what it reads from and what it
/// writes to besides.
///
/// # Errors
/// The system's reason.
pub fn spawn_piped(
    program: &Path,
    arguments: &[OsString],
    environment: Vec<(OsString, OsString)>,
) -> io::Result<(Piped, ChildStdin, ChildStdout)> {
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
        (Some(input), Some(output)) => Ok((Piped(child), input, output)),
        _ => Err(io::Error::other("the process has no pipes")),
    }
}

impl Piped {
    /// Waits for it to end, as a server does whose input was closed.
    ///
    /// # Errors
    /// The system's reason, or that it ended with a failure.
    pub fn end(mut self) -> io::Result<()> {
        let status = self.0.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other("it ended with a failure"))
        }
    }
}
