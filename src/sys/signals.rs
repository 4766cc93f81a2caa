//! Holding back the signals that would end the process, so that it can put things right first.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Signals by which a person or the system ends a process, and the one that stops it from a terminal.
const ENDING: [libc::c_int; 4] = [libc::SIGTERM, libc::SIGHUP, libc::SIGINT, libc::SIGQUIT];

/// While this lives, signals that would end the process are held back in the thread that made it, and in the threads
/// that it starts. They come through when it is dropped.
pub struct HeldSignals {
    before: libc::sigset_t,
    held: libc::sigset_t,
}

impl std::fmt::Debug for HeldSignals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldSignals").finish_non_exhaustive()
    }
}

impl HeldSignals {
    /// Holds them back.
    ///
    /// # Errors
    /// The system's reason.
    pub fn hold() -> io::Result<Self> {
        let mut held = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: initialises the local set.
        unsafe { libc::sigemptyset(held.as_mut_ptr()) };
        // SAFETY: the call above has initialised it.
        let mut held = unsafe { held.assume_init() };
        for signal in ENDING.into_iter().chain([libc::SIGTSTP]) {
            // SAFETY: changes the local set.
            unsafe { libc::sigaddset(&raw mut held, signal) };
        }
        let mut before = held;
        // SAFETY: both sets are live locals; changes the mask of this thread alone.
        let status =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const held, &raw mut before) };
        if status == 0 {
            Ok(Self { before, held })
        } else {
            Err(io::Error::from_raw_os_error(status))
        }
    }

    /// Tells whether one has come that is to end the process.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let mut come = self.held;
        // SAFETY: writes the local set.
        if unsafe { libc::sigpending(&raw mut come) } != 0 {
            return false;
        }
        ENDING
            .iter()
            // SAFETY: reads the local set, which the call above has filled.
            .any(|signal| unsafe { libc::sigismember(&raw const come, *signal) } == 1)
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        // SAFETY: the set was filled by the system at the beginning; the old mask is not asked for.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut())
        };
    }
}
