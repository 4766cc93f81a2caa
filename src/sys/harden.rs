//! What a process does before it touches a secret (design D12).

use super::Hardening;

/// Keeps this process's memory to itself. To be called first thing in `main`, single-threaded.
///
/// The core dump settings come first: they outlast `execve` and so protect the server too, and once
/// the process is not dumpable its own files under `/proc` belong to root (proc(5), prctl(2)).
#[must_use]
pub fn harden() -> Hardening {
    let filter = no_memory_in_core_dumps();
    let limit = no_core_files();
    Hardening {
        process: not_dumpable(),
        core_dumps: filter && limit,
    }
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
fn not_dumpable() -> bool {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn not_dumpable() -> bool {
    // macOS: tracing another program needs its consent or an entitlement already.
    true
}
