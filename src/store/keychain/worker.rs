//! The one thread that talks to the keychain.
//!
//! It keeps the connection between calls and takes one job at a time. Who waits for it waits no
//! longer than a limit; after that the thread is left to itself and never joined, since it may be
//! stuck in the system for ever. It ends when its [`Worker`] is dropped and its job is done.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use super::{Backend, Place, failed, timed_out};
use crate::store::StoreError;
use crate::sys;

type Job = Box<dyn FnOnce(&mut Backend) + Send>;

/// A handle to the thread.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: Sender<Job>,
}

impl Worker {
    /// Starts the thread. It contacts nothing before its first job.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where the system has no thread to give.
    pub(super) fn start(place: Place) -> Result<Self, StoreError> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let work = move || {
            let mut backend = Backend::new(place);
            while let Ok(job) = inbox.recv() {
                job(&mut backend);
            }
        };
        // Signals are for the main thread, which may have a terminal to put back before the process ends.
        sys::without_signals(|| {
            thread::Builder::new()
                .name("keychain".to_owned())
                .spawn(work)
        })
        .map_err(|error| failed(format!("thread: {}", error.kind())))?;
        Ok(Self { jobs })
    }

    /// Runs `job` on the thread and returns what it answers.
    ///
    /// # Errors
    /// [`StoreError::TimedOut`] after `limit`, [`StoreError::Failed`] where the job panicked. The
    /// thread must not be used again after either.
    pub(super) fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce(&mut Backend) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |backend| {
            // Nobody is left to hear it once the limit has passed.
            drop(answer.send(job(backend)));
        });
        if self.jobs.send(job).is_err() {
            return Err(failed("thread: ended"));
        }
        answered.recv_timeout(limit).map_err(|error| match error {
            RecvTimeoutError::Timeout => timed_out(limit),
            RecvTimeoutError::Disconnected => failed("thread: ended"),
        })
    }
}
