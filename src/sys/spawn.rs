//! Starting a process that is not broker, and waiting for it.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process, waitid};

use super::replace::{check, close_descriptors_on_exec};
use super::{Block, Exit};

/// A process that this one started and has not reaped, so that its number is nobody else's.
#[derive(Debug)]
pub struct Child(Pid);

/// Starts `program` with exactly these arguments and this environment in `folder`, with the three descriptors as its
/// first three and no other, in a session of its own without a terminal, with no blocked signal and the default answers
/// to those that broker ignores (posix_spawn(3)).
///
/// # Errors
/// The system's reason; of the folder and of the program alike.
pub fn spawn(
    program: &CStr,
    arguments: &Block,
    environment: &Block,
    folder: &CStr,
    descriptors: [BorrowedFd<'_>; 3],
) -> io::Result<Child> {
    close_descriptors_on_exec()?;
    let actions = Actions::new(folder, descriptors)?;
    let attributes = Attributes::new()?;
    let arguments = arguments.pointers();
    let environment = environment.pointers();
    let mut pid: libc::pid_t = 0;
    // SAFETY: two initialised structures and three NUL-terminated ones that live until the call returns; the strings
    // are only read, although the C signature does not say so.
    told(unsafe {
        libc::posix_spawn(
            &raw mut pid,
            program.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            arguments.as_ptr().cast(),
            environment.as_ptr().cast(),
        )
    })?;
    Pid::from_raw(pid)
        .map(Child)
        .ok_or_else(|| io::Error::other("the system gave the process no number"))
}

impl Child {
    /// Returns its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.as_raw_nonzero().get().unsigned_abs()
    }

    /// Returns what waits for it to exit, on any thread. It is not reaped by that.
    #[must_use]
    pub fn exiting(&self) -> Exiting {
        Exiting(self.0)
    }

    /// Asks it and every process of its group to end.
    pub fn ask_to_end(&self) {
        let _ = rustix::process::kill_process_group(self.0, Signal::TERM);
    }

    /// Ends it and every process of its group, by force.
    pub fn kill(&self) {
        let _ = rustix::process::kill_process_group(self.0, Signal::KILL);
        let _ = kill_process(self.0, Signal::KILL);
    }

    /// Waits for it to exit, and lets the system forget it.
    ///
    /// # Errors
    /// The system's reason.
    pub fn reap(self) -> io::Result<Exit> {
        wait(self.0, WaitIdOptions::EXITED)
    }
}

/// Waits for a process to exit.
#[derive(Debug)]
pub struct Exiting(Pid);

impl Exiting {
    /// Waits, and returns how it exited.
    ///
    /// # Errors
    /// The system's reason; `ECHILD` once it was reaped.
    pub fn wait(&self) -> io::Result<Exit> {
        wait(self.0, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
    }
}

fn wait(pid: Pid, options: WaitIdOptions) -> io::Result<Exit> {
    loop {
        match waitid(WaitId::Pid(pid), options) {
            Ok(status) => return Ok(status.as_ref().map_or(Exit::Unknown, exit)),
            Err(error) if error == rustix::io::Errno::INTR => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn exit(status: &WaitIdStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unknown,
    }
}

/// What is done in the new process before it becomes the program.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new(folder: &CStr, descriptors: [BorrowedFd<'_>; 3]) -> io::Result<Self> {
        let mut actions = MaybeUninit::<libc::posix_spawn_file_actions_t>::zeroed();
        // SAFETY: initialises the local structure.
        told(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: the call above has initialised it.
        let mut actions = Self(unsafe { actions.assume_init() });
        for (wanted, descriptor) in (0..).zip(descriptors) {
            let given = descriptor.as_raw_fd();
            // SAFETY: the structure is initialised; what is closed or no descriptor makes the start fail.
            told(unsafe {
                libc::posix_spawn_file_actions_adddup2(&raw mut actions.0, given, wanted)
            })?;
        }
        // SAFETY: the structure is initialised, the path is copied (glibc) or lives as long as the caller's (others).
        told(unsafe {
            libc::posix_spawn_file_actions_addchdir_np(&raw mut actions.0, folder.as_ptr())
        })?;
        Ok(actions)
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: the structure was initialised when this was made, and is used by nobody from here on.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

/// How the new process begins.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Self> {
        let mut attributes = MaybeUninit::<libc::posix_spawnattr_t>::zeroed();
        // SAFETY: initialises the local structure.
        told(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: the call above has initialised it.
        let mut attributes = Self(unsafe { attributes.assume_init() });
        let mut signals = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: initialises the local set.
        check(unsafe { libc::sigemptyset(signals.as_mut_ptr()) })?;
        // SAFETY: both are initialised; the set is copied.
        told(unsafe { libc::posix_spawnattr_setsigmask(&raw mut attributes.0, signals.as_ptr()) })?;
        for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
            // SAFETY: changes the local set, which was initialised above.
            check(unsafe { libc::sigaddset(signals.as_mut_ptr(), signal) })?;
        }
        // SAFETY: both are initialised; the set is copied.
        told(unsafe {
            libc::posix_spawnattr_setsigdefault(&raw mut attributes.0, signals.as_ptr())
        })?;
        let flags = libc::POSIX_SPAWN_SETSIGMASK
            | libc::POSIX_SPAWN_SETSIGDEF
            | i32::from(POSIX_SPAWN_SETSID);
        let flags = libc::c_short::try_from(flags).map_err(io::Error::other)?;
        // SAFETY: the structure is initialised.
        told(unsafe { libc::posix_spawnattr_setflags(&raw mut attributes.0, flags) })?;
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: the structure was initialised when this was made, and is used by nobody from here on.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

/// Begins a session (POSIX.1-2024, `<spawn.h>`); the number is each system's own.
#[cfg(target_os = "macos")]
const POSIX_SPAWN_SETSID: i16 = 0x400;
/// Begins a session (POSIX.1-2024, `<spawn.h>`); the number is each system's own.
#[cfg(not(target_os = "macos"))]
const POSIX_SPAWN_SETSID: i16 = 0x80;

/// These functions return the number of the error (posix_spawn(3)).
fn told(status: libc::c_int) -> io::Result<()> {
    match status {
        0 => Ok(()),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}
