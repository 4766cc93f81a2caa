//! Which fault makes sense at which system call.
//!
//! A kill makes sense everywhere. An error is handed out only by a call that is documented to
//! return it on Linux, and a short transfer only where the manual lets the kernel transfer less.
//! `futex` and `nanosleep` are left out of EINTR on purpose: the C library answers for the first,
//! and the second would have to fill in the time that is left.

use super::fault::{Errno, Fault};
use super::names::name_of;
use super::tracer::Seen;

const NO_SPACE: &[&str] = &[
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "copy_file_range",
    "sendfile",
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "fallocate",
    "ftruncate",
    "truncate",
    "fsync",
    "fdatasync",
    "close",
    "setxattr",
    "fsetxattr",
];

const IO: &[&str] = &[
    "read",
    "pread64",
    "readv",
    "preadv",
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "copy_file_range",
    "sendfile",
    "open",
    "openat",
    "openat2",
    "creat",
    "close",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "fallocate",
    "ftruncate",
    "truncate",
    "stat",
    "fstat",
    "lstat",
    "newfstatat",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents64",
    "mkdir",
    "mkdirat",
    "rmdir",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "fchownat",
    "lchown",
    "flock",
    "setxattr",
    "fsetxattr",
];

const INTERRUPTED: &[&str] = &[
    "read",
    "pread64",
    "readv",
    "write",
    "pwrite64",
    "writev",
    "open",
    "openat",
    "openat2",
    "creat",
    "close",
    "fsync",
    "fdatasync",
    "fallocate",
    "ftruncate",
    "flock",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "connect",
    "accept",
    "accept4",
    "sendto",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "wait4",
    "waitid",
    "getrandom",
];

/// Calls whose third argument counts bytes.
const BYTES: &[&str] = &["read", "pread64", "write", "pwrite64"];

/// Calls whose third argument counts buffers.
const BUFFERS: &[&str] = &["readv", "preadv", "writev", "pwritev"];

/// `getrandom` up to this size is all or nothing.
const WHOLE_RANDOM: i64 = 256;

/// Returns whether the fault can be made to happen at this call.
pub(super) fn makes_sense(call: &Seen, fault: Fault) -> bool {
    match fault {
        Fault::KillBefore => true,
        // `exit_group`, or a thread that was still waiting at the end, never leaves the call.
        Fault::KillAfter => call.result.is_some(),
        Fault::Fails(errno) => can_fail(call, errno),
        Fault::Short => shortened(call).is_some(),
    }
}

/// Returns whether the kernel does the work of this call even when it answers with an error.
///
/// `close` gives up the descriptor in any case. Were it skipped, a lock would outlive its holder,
/// which is nothing that Linux does.
pub(super) fn happens_anyway(name: &str) -> bool {
    name == "close"
}

/// Returns whether a run makes this call or not by the luck of its threads: the one is made when a
/// lock is not free, the other after a stop by chance.
pub(super) fn depends_on_luck(name: &str) -> bool {
    matches!(name, "futex" | "restart_syscall")
}

/// Returns which argument to cut, and to what, for half of what the call transferred.
pub(super) fn shortened(call: &Seen) -> Option<(usize, u64)> {
    let name = name_of(call.number);
    let transferred = call.result.filter(|&bytes| bytes >= 2);
    let half = transferred.and_then(|bytes| u64::try_from(bytes / 2).ok());
    match name.as_str() {
        name if BYTES.contains(&name) => Some((2, half?)),
        name if BUFFERS.contains(&name) => {
            transferred?;
            Some((2, call.arguments[2] / 2)).filter(|cut| cut.1 > 0)
        }
        "sendfile" => Some((3, half?)),
        "copy_file_range" => Some((4, half?)),
        "getrandom" if transferred? > WHOLE_RANDOM => Some((1, half?)),
        _ => None,
    }
}

fn can_fail(call: &Seen, errno: Errno) -> bool {
    let name = name_of(call.number);
    let listed = match errno {
        Errno::NoSpace => NO_SPACE,
        Errno::Io => IO,
        Errno::Interrupted => INTERRUPTED,
    };
    listed.contains(&name.as_str()) || by_arguments(&name, call.arguments, errno)
}

/// Calls that can fail so only when asked for something certain.
fn by_arguments(name: &str, arguments: [u64; 6], errno: Errno) -> bool {
    let creates = |flags: u64| flags & libc::O_CREAT as u64 != 0;
    match (name, errno) {
        ("open", Errno::NoSpace) => creates(arguments[1]),
        ("openat", Errno::NoSpace) => creates(arguments[2]),
        ("creat", Errno::NoSpace) => true,
        ("fcntl", Errno::Interrupted) => [libc::F_SETLKW, libc::F_OFD_SETLKW]
            .into_iter()
            .any(|command| arguments[1] == command as u64),
        _ => false,
    }
}
