//! A process that is asked questions: with exactly the environment it is given, without a terminal, and until a
//! deadline at most.
//!
//! It is ended by force with its group, whatever it is doing, once its answers are no longer needed: it is meant for
//! programs that only read. What hides from its group is not looked for, unlike what a supervised child leaves.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::sys::HeldSignals;

pub(super) use platform::{IS_SUPPORTED, Process};

/// How often is looked whether broker is to end.
const LOOK: Duration = Duration::from_millis(50);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The deadline came.
    TimeOver,
    /// broker itself is to end.
    Interrupted,
    /// The process could not be started, ended early, or said something else than expected.
    Failed,
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Self::Failed
    }
}

/// How long is waited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline<'a> {
    /// Until when.
    pub(super) until: Instant,
    /// The signals that would end broker.
    pub(super) signals: &'a HeldSignals,
}

impl Deadline<'_> {
    /// Returns how much time is left.
    ///
    /// # Errors
    /// [`Fault::TimeOver`], [`Fault::Interrupted`].
    pub(super) fn left(&self) -> Result<Duration, Fault> {
        if self.signals.is_over() {
            return Err(Fault::Interrupted);
        }
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Fault::TimeOver);
        }
        Ok(left)
    }

    /// Waits for what another thread tells; `None` where it ended without.
    pub(super) fn receive<T>(&self, from: &Receiver<T>) -> Result<Option<T>, Fault> {
        loop {
            let left = self.left()?;
            match from.recv_timeout(left.min(LOOK)) {
                Ok(told) => return Ok(Some(told)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// What a process is given to talk with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    /// Whether it has a pipe to read from; else it reads nothing.
    pub(super) input: bool,
    /// Whether what it complains about is kept; else it is thrown away.
    pub(super) errors: bool,
}

/// What a process said, to its end or to the limit.
#[derive(Debug)]
pub(super) struct Said {
    /// What it wrote.
    pub(super) output: Zeroizing<Vec<u8>>,
    /// What it complained about.
    pub(super) errors: Zeroizing<Vec<u8>>,
    /// How it ended: well, or why not.
    pub(super) ended: Result<(), Fault>,
}

#[cfg(unix)]
mod platform {
    use std::ffi::OsString;
    use std::fs::{File, OpenOptions};
    use std::io::{self, PipeReader, PipeWriter, Read, Write};
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::sync::mpsc::{SyncSender, channel, sync_channel};
    use std::thread;
    use std::time::Duration;

    use zeroize::Zeroizing;

    use super::super::super::collect::{Reading, collect};
    use super::super::talk::Talk;
    use super::{Deadline, Ends, Fault, Said};
    use crate::sys::{Block, Child, Exit, NulInside, c_string, spawn, without_signals};

    pub(in super::super) const IS_SUPPORTED: bool = true;

    /// How long reading may take once the process was ended: its end of the pipe is closed then.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// The most that one read takes.
    const CHUNK_BYTES: usize = 64 << 10;

    /// How many chunks are read ahead.
    const AHEAD: usize = 2;

    /// The most that is kept of what a process complains about.
    const ERROR_BYTES: usize = 8 << 10;

    /// A process. Ended when dropped.
    #[derive(Debug)]
    pub(in super::super) struct Process {
        input: Option<PipeWriter>,
        output: Option<PipeReader>,
        errors: Option<PipeReader>,
        child: Option<Child>,
    }

    impl Process {
        /// Starts `program` in `folder`, with exactly these arguments and this environment.
        ///
        /// # Errors
        /// The system's reason.
        pub(in super::super) fn start(
            program: &Path,
            arguments: &[OsString],
            environment: &[(OsString, OsString)],
            folder: &Path,
            ends: Ends,
        ) -> io::Result<Self> {
            let nul = |_: NulInside| io::Error::from(io::ErrorKind::InvalidInput);
            let text = |path: &Path| c_string(path.as_os_str().as_bytes()).map_err(nul);
            let (mut words, mut variables) = (Block::default(), Block::default());
            words.push(&[program.as_os_str().as_bytes()]).map_err(nul)?;
            for word in arguments {
                words.push(&[word.as_bytes()]).map_err(nul)?;
            }
            for (name, value) in environment {
                let parts = [name.as_bytes(), b"=", value.as_bytes()];
                variables.push(&parts).map_err(nul)?;
            }
            let (reads, input) = if ends.input {
                let (reads, input) = io::pipe()?;
                (OwnedFd::from(reads), Some(input))
            } else {
                (File::open("/dev/null")?.into(), None)
            };
            let (output, writes) = io::pipe()?;
            let (errors, complains) = if ends.errors {
                let (errors, complains) = io::pipe()?;
                (Some(errors), OwnedFd::from(complains))
            } else {
                let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
                (None, nowhere.into())
            };
            let three = [reads.as_fd(), writes.as_fd(), complains.as_fd()];
            let child = spawn(&text(program)?, &words, &variables, &text(folder)?, three)?;
            Ok(Self {
                input,
                output: Some(output),
                errors,
                child: Some(child),
            })
        }

        /// Lets it come to its end, and returns what it said. What it writes behind the first `limit` bytes is thrown
        /// away.
        ///
        /// # Errors
        /// [`Fault::Failed`] where nothing is known of it.
        pub(in super::super) fn finish(
            mut self,
            limit: usize,
            deadline: &Deadline<'_>,
        ) -> Result<Said, Fault> {
            drop(self.input.take());
            let output = self.output.take().ok_or(Fault::Failed)?;
            let output = collect(output, limit)?;
            let errors = self.errors.take();
            let errors = errors.map(|pipe| collect(pipe, ERROR_BYTES)).transpose()?;
            let exiting = self.child.as_ref().ok_or(Fault::Failed)?.exiting();
            let (tell, exits) = channel();
            let waiting = move || drop(tell.send(exiting.wait()));
            without_signals(|| thread::Builder::new().spawn(waiting))?;
            let ended = match deadline.receive(&exits) {
                Ok(Some(Ok(Exit::Code(0)))) => Ok(()),
                Ok(_) => Err(Fault::Failed),
                Err(fault) => Err(fault),
            };
            self.end();
            let bytes = |reading: Reading| -> Result<Zeroizing<Vec<u8>>, Fault> {
                let read = reading.finish(PATIENCE)?;
                read.map(|read| read.bytes).ok_or(Fault::Failed)
            };
            Ok(Said {
                output: bytes(output)?,
                errors: errors.map(bytes).transpose()?.unwrap_or_default(),
                ended,
            })
        }

        /// Begins to ask it questions.
        ///
        /// # Errors
        /// [`Fault::Failed`] where there is no thread to read with.
        pub(in super::super) fn talk(mut self) -> Result<Talk, Fault> {
            let output = self.output.take().ok_or(Fault::Failed)?;
            let (tell, chunks) = sync_channel(AHEAD);
            let reading = move || read_chunks(output, &tell);
            without_signals(|| thread::Builder::new().spawn(reading))?;
            Ok(Talk::new(chunks, self))
        }

        pub(in super::super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
            let input = self.input.as_mut();
            input.ok_or(io::ErrorKind::BrokenPipe)?.write_all(bytes)
        }

        fn end(&mut self) {
            if let Some(child) = self.child.take() {
                child.kill();
                let _ = child.reap();
            }
        }
    }

    impl Drop for Process {
        fn drop(&mut self) {
            self.end();
        }
    }

    /// Hands on what is read until nobody wants it any more.
    fn read_chunks(mut output: PipeReader, tell: &SyncSender<Zeroizing<Vec<u8>>>) {
        loop {
            let mut chunk = Zeroizing::new(vec![0_u8; CHUNK_BYTES]);
            let count = match output.read(&mut chunk) {
                Ok(0) => return,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            chunk.truncate(count);
            if tell.send(chunk).is_err() {
                return;
            }
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use std::convert::Infallible;
    use std::ffi::OsString;
    use std::io;
    use std::path::Path;

    use super::super::talk::Talk;
    use super::{Deadline, Ends, Fault, Said};

    pub(in super::super) const IS_SUPPORTED: bool = false;

    /// No process.
    #[derive(Debug)]
    pub(in super::super) struct Process(Infallible);

    impl Process {
        /// Starts nothing on this system.
        ///
        /// # Errors
        /// Always.
        pub(in super::super) fn start(
            _program: &Path,
            _arguments: &[OsString],
            _environment: &[(OsString, OsString)],
            _folder: &Path,
            _ends: Ends,
        ) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(in super::super) fn finish(
            self,
            _limit: usize,
            _deadline: &Deadline<'_>,
        ) -> Result<Said, Fault> {
            match self.0 {}
        }

        pub(in super::super) fn talk(self) -> Result<Talk, Fault> {
            match self.0 {}
        }

        pub(in super::super) fn write(&mut self, _bytes: &[u8]) -> io::Result<()> {
            match self.0 {}
        }
    }
}
