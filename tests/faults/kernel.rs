//! The kernel calls of the tracer, each wrapped so that the rest of the harness is safe code.
//!
//! Everything here acts on a thread that the calling thread traces. Memory of a traced process is
//! never read: a process that made itself undumpable keeps its memory from a tracer of the same
//! user, while its registers and its calls stay visible.

#![allow(
    unsafe_code,
    reason = "the file of the harness that talks to the kernel"
)]

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr::null_mut;

use libc::{c_int, c_long, c_uint, c_void};

/// A thread id; that of a process's first thread is also the id of the process.
pub(super) type Tid = libc::pid_t;

/// How a stopped thread goes on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resume {
    /// Until the next entry or exit of a system call.
    ToCall,
    /// Until it ends, starts a process or a program, or gets a signal.
    Freely,
}

/// Where in a system call a thread stopped.
#[derive(Clone, Copy, Debug)]
pub(super) enum CallStop {
    Entry { number: c_long, arguments: [u64; 6] },
    Exit { result: i64 },
}

/// What a wait reported about a thread.
#[derive(Clone, Copy, Debug)]
pub(super) enum News {
    /// It exited with this code.
    Exited(i32),
    /// It was ended by this signal.
    Killed(i32),
    /// It entered or left a system call.
    InCall,
    /// It cloned itself: a thread, or a process.
    Started { process: bool },
    /// It runs a new program.
    Exec,
    /// It is about to be given this signal.
    Signal(i32),
}

/// Keeps the calling thread, and all that it starts, on the processor where it is.
///
/// At each stop the tracer and the traced thread take turns, and to wake a sleeping processor for
/// every turn takes several times as long as the rest of the stop.
pub(super) fn stay_on_this_processor() -> io::Result<()> {
    // SAFETY: takes nothing and returns a number.
    let processor = unsafe { libc::sched_getcpu() };
    check(c_long::from(processor))?;
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    // SAFETY: an array of bits, for which zeroes are valid.
    let set = unsafe { set.assume_init_mut() };
    let processor = usize::try_from(processor).map_err(io::Error::other)?;
    // SAFETY: sets one bit; a number beyond the set panics.
    unsafe { libc::CPU_SET(processor, set) };
    // SAFETY: 0 is the calling thread, and `set` is of the size given.
    let answer = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), set) };
    check(c_long::from(answer))
}

/// Makes the command ask to be traced by the thread that spawns it; it then stops after `execve`.
pub(super) fn traced(command: &mut Command) -> &mut Command {
    let ask = || ptrace(libc::PTRACE_TRACEME, 0, 0, null_mut());
    // SAFETY: between fork and exec the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(ask) }
}

/// Follows the threads and children of a thread, and kills them all should the tracer end.
pub(super) fn follow(tid: Tid) -> io::Result<()> {
    let options = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_EXITKILL;
    ptrace(
        libc::PTRACE_SETOPTIONS,
        tid,
        0,
        number_as_pointer(i64::from(options)),
    )
}

/// Lets a stopped thread go on, giving it the signal unless that is 0.
pub(super) fn resume(tid: Tid, how: Resume, signal: i32) -> io::Result<()> {
    let request = match how {
        Resume::ToCall => libc::PTRACE_SYSCALL,
        Resume::Freely => libc::PTRACE_CONT,
    };
    ptrace(request, tid, 0, number_as_pointer(i64::from(signal)))
}

/// Returns the call in which a thread stopped, or none if it stopped outside one.
pub(super) fn call_stop(tid: Tid) -> io::Result<Option<CallStop>> {
    let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
    let size = size_of::<libc::ptrace_syscall_info>();
    ptrace(
        libc::PTRACE_GET_SYSCALL_INFO,
        tid,
        size,
        info.as_mut_ptr().cast(),
    )?;
    // SAFETY: integers only, zeroed first, so any bytes the kernel left out are valid too.
    let info = unsafe { info.assume_init() };
    Ok(match info.op {
        libc::PTRACE_SYSCALL_INFO_ENTRY => {
            // SAFETY: `op` says that the kernel filled in this variant.
            let entry = unsafe { info.u.entry };
            Some(CallStop::Entry {
                number: entry.nr.cast_signed(),
                arguments: entry.args,
            })
        }
        libc::PTRACE_SYSCALL_INFO_EXIT => {
            // SAFETY: as above.
            let exit = unsafe { info.u.exit };
            Some(CallStop::Exit { result: exit.sval })
        }
        _ => None,
    })
}

/// Returns what an event stop carries: the new thread of a clone, the former one of an exec.
pub(super) fn event_message(tid: Tid) -> io::Result<Tid> {
    let mut message: libc::c_ulong = 0;
    ptrace(libc::PTRACE_GETEVENTMSG, tid, 0, (&raw mut message).cast())?;
    Tid::try_from(message).map_err(io::Error::other)
}

/// Writes one register of a stopped thread, by its place in the kernel's `struct user`.
pub(super) fn poke_register(tid: Tid, register: c_int, value: u64) -> io::Result<()> {
    let offset = usize::try_from(register).map_err(io::Error::other)? * size_of::<u64>();
    ptrace(
        libc::PTRACE_POKEUSER,
        tid,
        offset,
        number_as_pointer(value.cast_signed()),
    )
}

/// Waits for the next news of any thread the caller traces, and leaves the news to be collected.
pub(super) fn wait_for_any() -> io::Result<Tid> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT | libc::__WALL | libc::__WNOTHREAD;
    loop {
        // SAFETY: `info` is writable and large enough; the call keeps no reference to it.
        let answer = unsafe { libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), options) };
        match check(c_long::from(answer)) {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    // SAFETY: zeroed first and filled by the successful call.
    let info = unsafe { info.assume_init() };
    // SAFETY: for a successful `waitid` this field is set.
    Ok(unsafe { info.si_pid() })
}

/// Collects the news of one thread; none if it was overtaken by a kill.
pub(super) fn collect(tid: Tid) -> io::Result<Option<News>> {
    let mut status: c_int = 0;
    let options = libc::WNOHANG | libc::__WALL | libc::__WNOTHREAD;
    // SAFETY: `status` outlives the call.
    let answer = unsafe { libc::waitpid(tid, &raw mut status, options) };
    check(c_long::from(answer))?;
    Ok((answer != 0).then(|| read_status(status)))
}

/// Sends SIGKILL to the process of a thread. One that is gone already is what was wanted.
pub(super) fn kill(tid: Tid) {
    // SAFETY: takes two integers. The caller traces the thread and has not collected its end, so
    // the number cannot have gone to another process.
    let _gone = unsafe { libc::kill(tid, libc::SIGKILL) };
}

fn read_status(status: c_int) -> News {
    if libc::WIFEXITED(status) {
        return News::Exited(libc::WEXITSTATUS(status));
    }
    if libc::WIFSIGNALED(status) {
        return News::Killed(libc::WTERMSIG(status));
    }
    match status >> 16 {
        libc::PTRACE_EVENT_CLONE => News::Started { process: false },
        libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK => News::Started { process: true },
        libc::PTRACE_EVENT_EXEC => News::Exec,
        _ if libc::WSTOPSIG(status) == libc::SIGTRAP | 0x80 => News::InCall,
        _ => News::Signal(libc::WSTOPSIG(status)),
    }
}

fn ptrace(request: c_uint, tid: Tid, address: usize, data: *mut c_void) -> io::Result<()> {
    // SAFETY: each caller passes as `data` what its request wants: an integer in the pointer's
    // place, or a pointer to a value of the right size that outlives the call.
    let answer = unsafe { libc::ptrace(request, tid, address, data) };
    check(answer)
}

fn number_as_pointer(number: i64) -> *mut c_void {
    std::ptr::without_provenance_mut(usize::from_ne_bytes(number.to_ne_bytes()))
}

fn check(answer: c_long) -> io::Result<()> {
    if answer == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
