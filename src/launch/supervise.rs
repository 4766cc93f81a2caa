//! A child that is watched to its end: started with a plan's environment, waited for, and ended with all that came of it.
//!
//! It serves what broker starts for its own purposes, a rotation command or a server that is tried out. A server that a
//! client asked for is not started here: there broker becomes the server.

use std::ffi::OsStr;
use std::time::Instant;

use super::start::StartError;
use super::{Plan, Values};
use crate::sys::{Exit, HeldSignals};

/// Where the child's input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// It reads nothing.
    Nothing,
    /// A pipe.
    Pipe,
}

/// How waiting came out.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It came to its end.
    Exited(Exit),
    /// It is running still.
    TimeOver,
    /// broker itself is to end.
    Interrupted,
}

#[cfg(unix)]
pub use unix::{Supervised, supervise};

#[cfg(not(unix))]
pub use other::{Supervised, supervise};

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, PipeReader, PipeWriter};
    use std::os::fd::AsFd;
    use std::os::unix::ffi::OsStrExt;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::thread;
    use std::time::Duration;

    use super::super::start::{Blocks, check_values};
    use super::*;
    use crate::sys::{Child, Tree, c_string, spawn, without_signals};

    /// How long processes that a child left may take to end by themselves before they count as left behind.
    const GRACE: Duration = Duration::from_millis(500);

    /// How long it may take to end what is ended by force.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// How often is looked whether broker is to end.
    const LOOK: Duration = Duration::from_millis(50);

    /// A child, and all that comes of it. Ended when dropped.
    #[derive(Debug)]
    pub struct Supervised<'a> {
        /// What it reads from, if it was given a pipe.
        pub input: Option<PipeWriter>,
        /// What it writes. To be taken.
        pub output: Option<PipeReader>,
        /// What it complains to. To be taken.
        pub errors: Option<PipeReader>,
        child: Option<Child>,
        tree: Tree,
        exits: Receiver<io::Result<Exit>>,
        exited: Option<Exit>,
        signals: &'a HeldSignals,
    }

    /// Starts what `plan` says, with exactly its environment and `extra`, in its folder; without a terminal, in a
    /// session of its own. While `signals` are held back, a person who ends broker ends the child with it.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn supervise<'a>(
        plan: &Plan,
        values: &Values,
        extra: &[(&str, &OsStr)],
        input: Input,
        signals: &'a HeldSignals,
    ) -> Result<Supervised<'a>, StartError> {
        check_values(plan, values)?;
        let nul = |_| StartError::NulInText;
        let mut blocks = Blocks::of(plan, values)?;
        for (name, text) in extra {
            let parts: [&[u8]; 3] = [name.as_bytes(), b"=", text.as_bytes()];
            blocks.environment.push(&parts).map_err(nul)?;
        }
        let program = c_string(plan.program.as_os_str().as_bytes()).map_err(nul)?;
        let folder = plan.folder.as_ref().unwrap_or(&plan.starts_in);
        // A missing folder could not be told from a missing program.
        std::fs::read_dir(folder).map_err(|e| StartError::Folder(folder.clone(), e))?;
        let folder = c_string(folder.as_os_str().as_bytes()).map_err(nul)?;
        let failed = |error: io::Error| StartError::of(plan, error);
        let (reads, input) = match input {
            Input::Nothing => (File::open("/dev/null").map_err(failed)?.into(), None),
            Input::Pipe => {
                let (reads, input) = io::pipe().map_err(failed)?;
                (std::os::fd::OwnedFd::from(reads), Some(input))
            }
        };
        let (output, writes) = io::pipe().map_err(failed)?;
        let (errors, complains) = io::pipe().map_err(failed)?;
        let tree = Tree::watch().map_err(failed)?;
        let ends = [reads.as_fd(), writes.as_fd(), complains.as_fd()];
        let (arguments, environment) = (&blocks.arguments, &blocks.environment);
        let child = spawn(&program, arguments, environment, &folder, ends).map_err(failed)?;
        let (exiting, (tell, exits)) = (child.exiting(), channel());
        let mut supervised = Supervised {
            input,
            output: Some(output),
            errors: Some(errors),
            child: Some(child),
            tree,
            exits,
            exited: None,
            signals,
        };
        let waiting = move || drop(tell.send(exiting.wait()));
        // Signals are for the thread that looks for them.
        let begun = without_signals(|| thread::Builder::new().spawn(waiting));
        match begun {
            Ok(_) => Ok(supervised),
            Err(error) => {
                let _ = supervised.finish();
                Err(failed(error))
            }
        }
    }

    impl Supervised<'_> {
        /// Waits for it to come to its end, until then at most.
        pub fn wait(&mut self, until: Instant) -> Waited {
            loop {
                if let Some(exit) = self.exited {
                    return Waited::Exited(exit);
                }
                if self.signals.is_over() {
                    return Waited::Interrupted;
                }
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Waited::TimeOver;
                }
                match self.exits.recv_timeout(left.min(LOOK)) {
                    Ok(Ok(exit)) => self.exited = Some(exit),
                    Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
                        self.exited = Some(Exit::Unknown);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        }

        /// Asks it to end, and waits for that, `patience` at most; also where broker itself is to end.
        pub fn ask_to_end(&mut self, patience: Duration) {
            let Some(child) = self.child.as_ref().filter(|_| self.exited.is_none()) else {
                return;
            };
            child.ask_to_end();
            match self.exits.recv_timeout(patience) {
                Ok(Ok(exit)) => self.exited = Some(exit),
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
                    self.exited = Some(Exit::Unknown);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }

        /// Tells whether broker itself is to end.
        #[must_use]
        pub fn is_interrupted(&self) -> bool {
            self.signals.is_over()
        }

        /// Ends it with all that came of it, and returns whether a process outlived it until now.
        ///
        /// # Errors
        /// The system's reason; where processes are running still, too.
        pub fn end(mut self) -> io::Result<bool> {
            self.finish()
        }

        fn finish(&mut self) -> io::Result<bool> {
            let Some(child) = self.child.take() else {
                return Ok(false);
            };
            let left = match self.exited {
                Some(_) => self.tree.is_alone(&child, GRACE).map(|alone| !alone),
                None => Ok(false),
            };
            self.tree.end(&child, PATIENCE)?;
            let _ = child.reap()?;
            left
        }
    }

    impl Drop for Supervised<'_> {
        fn drop(&mut self) {
            let _ = self.finish();
        }
    }
}

#[cfg(not(unix))]
mod other {
    use std::io::{self, PipeReader, PipeWriter};
    use std::time::Duration;

    use super::*;

    /// A child, and all that comes of it.
    #[derive(Debug)]
    pub struct Supervised<'a> {
        /// What it reads from, if it was given a pipe.
        pub input: Option<PipeWriter>,
        /// What it writes. To be taken.
        pub output: Option<PipeReader>,
        /// What it complains to. To be taken.
        pub errors: Option<PipeReader>,
        never: std::convert::Infallible,
        signals: &'a HeldSignals,
    }

    /// Starts nothing on this system.
    ///
    /// # Errors
    /// [`StartError::Unsupported`].
    pub fn supervise<'a>(
        _plan: &Plan,
        _values: &Values,
        _extra: &[(&str, &OsStr)],
        _input: Input,
        _signals: &'a HeldSignals,
    ) -> Result<Supervised<'a>, StartError> {
        Err(StartError::Unsupported)
    }

    impl Supervised<'_> {
        /// Waits for it to come to its end, until then at most.
        pub fn wait(&mut self, _until: Instant) -> Waited {
            match self.never {}
        }

        /// Asks it to end.
        pub fn ask_to_end(&mut self, _patience: Duration) {
            match self.never {}
        }

        /// Tells whether broker itself is to end.
        #[must_use]
        pub fn is_interrupted(&self) -> bool {
            self.signals.is_over()
        }

        /// Ends it.
        ///
        /// # Errors
        /// The system's reason.
        pub fn end(self) -> io::Result<bool> {
            match self.never {}
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
