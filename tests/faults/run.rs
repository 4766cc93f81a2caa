//! One run of a command under the tracer, with at most one fault.
//!
//! The thread that starts a process is its tracer, so each run has a thread of its own; runs in
//! different tests do not see each other.

use std::io::{self, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use super::inject::Plan;
use super::kernel::{self, Tid};
use super::subject::Subject;
use super::tracer::{Start, Traced, Tracer};
use super::watchdog::{Patience, Watchdog};

/// What a run came to.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) traced: Traced,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Runs the command to its end and to that of every process it started.
pub(super) fn run(
    subject: Subject,
    start: Start,
    plan: Option<Plan>,
    patience: Patience,
) -> io::Result<Run> {
    let tracer = thread::spawn(move || trace(&subject, start, plan, patience));
    tracer
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn trace(
    subject: &Subject,
    start: Start,
    plan: Option<Plan>,
    patience: Patience,
) -> io::Result<Run> {
    kernel::stay_on_this_processor()?;
    let mut child = spawn(subject)?;
    let root = Tid::try_from(child.id()).map_err(io::Error::other)?;
    let watchdog = Watchdog::start(root, patience);
    let mut tracer = Tracer::new(root, start, plan, watchdog);
    tracer.wait_for_exec()?;

    let stdin = feed(&mut child, subject.stdin.clone());
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let traced = tracer.follow_to_the_end()?;
    stdin.join().expect("the writer panicked");
    Ok(Run {
        traced,
        stdout: stdout.join().expect("the reader panicked"),
        stderr: stderr.join().expect("the reader panicked"),
    })
}

fn spawn(subject: &Subject) -> io::Result<Child> {
    let mut command = Command::new(&subject.program);
    command
        .args(&subject.args)
        .env_clear()
        .envs(subject.env.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(folder) = &subject.cwd {
        command.current_dir(folder);
    }
    kernel::traced(&mut command).spawn()
}

fn feed(child: &mut Child, bytes: Vec<u8>) -> JoinHandle<()> {
    let stdin = child.stdin.take();
    thread::spawn(move || {
        // A command that ends without reading its input closes the pipe; that is its right.
        let _unread = stdin.map(|mut pipe| pipe.write_all(&bytes));
    })
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut pipe = pipe.expect("asked for a pipe");
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}
