//! What a process does before it touches a secret (design D12).

use super::{Guard, Hardening};

/// Keeps this process's memory to itself. To be called first thing in `main`, single-threaded.
///
/// The core dump settings come first: they outlast `execve` and so protect the server too, and once
/// the process is not dumpable its own files under `/proc` belong to root (proc(5), prctl(2)).
#[must_use]
pub fn harden() -> Hardening {
    full_is_an_error();
    let filter = no_memory_in_core_dumps();
    let limit = no_core_files();
    let core_dumps = if filter && limit {
        Guard::Done
    } else {
        Guard::Failed
    };
    Hardening {
        process: not_dumpable(),
        core_dumps,
    }
}

/// Lets a write beyond the limit on the size of files (`RLIMIT_FSIZE`) answer with an error that can be told, where it
/// would end the process (setrlimit(2)). What replaces this process gets the default back.
fn full_is_an_error() {
    // SAFETY: sets a disposition, installs no handler.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Writes 0 to the core dump filter (core(5)): a dump holds no memory even where it is piped to a
/// collector, which the size limit does not stop.
#[cfg(target_os = "linux")]
fn no_memory_in_core_dumps() -> bool {
    use std::io::Write;
    std::fs::OpenOptions::new()
        .write(true)
        .open("/proc/self/coredump_filter")
        .and_then(|mut f| f.write_all(b"0"))
        .is_ok()
}

#[cfg(not(target_os = "linux"))]
fn no_memory_in_core_dumps() -> bool {
    true
}

fn no_core_files() -> bool {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )
    .is_ok()
}

#[cfg(target_os = "linux")]
fn not_dumpable() -> Guard {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    match set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        Ok(()) => Guard::Done,
        Err(_) => Guard::Failed,
    }
}

#[cfg(not(target_os = "linux"))]
const fn not_dumpable() -> Guard {
    Guard::NotHere
}
