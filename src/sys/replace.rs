//! Becoming another program: the last thing `broker exec` does.

use std::ffi::{CStr, CString, c_char, c_int};
use std::io;
use std::ptr;

use zeroize::Zeroizing;

/// NUL-terminated strings for `execve`, wiped when dropped.
#[derive(Default)]
pub struct Block {
    strings: Vec<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block({} strings)", self.strings.len())
    }
}

impl Block {
    /// Adds the concatenation of `parts`. One allocation of exact size, so that nothing is left behind.
    ///
    /// # Errors
    /// A NUL byte inside, which no argument and no variable can hold.
    pub fn push(&mut self, parts: &[&[u8]]) -> Result<(), NulInside> {
        if parts.iter().any(|part| part.contains(&0)) {
            return Err(NulInside);
        }
        let length = parts
            .iter()
            .fold(1_usize, |sum, part| sum.saturating_add(part.len()));
        let mut string = Zeroizing::new(Vec::with_capacity(length));
        for part in parts {
            string.extend_from_slice(part);
        }
        string.push(0);
        self.strings.push(string);
        Ok(())
    }

    /// Returns what C calls an array of strings; it lives as long as this block.
    pub(super) fn pointers(&self) -> Vec<*const c_char> {
        let end = std::iter::once(ptr::null());
        self.strings
            .iter()
            .map(|s| s.as_ptr().cast())
            .chain(end)
            .collect()
    }
}

/// A string had a NUL byte inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NulInside;

/// Replaces this process by `program`, with exactly these arguments and this environment, no
/// descriptor above 2, no blocked signal and the default answer to `SIGPIPE` (which Rust's runtime
/// ignores) and `SIGXFSZ` (which hardening does). Returns only if that failed, with the reason.
#[must_use]
pub fn replace(program: &CStr, arguments: &Block, environment: &Block) -> io::Error {
    if let Err(e) = close_descriptors_on_exec() {
        return e;
    }
    if let Err(e) = plain_signals() {
        return e;
    }
    let arguments = arguments.pointers();
    let environment = environment.pointers();
    // SAFETY: three NUL-terminated structures that live until the call returns; execve(2) only reads.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

fn plain_signals() -> io::Result<()> {
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: initialises the local set.
    check(unsafe { libc::sigemptyset(none.as_mut_ptr()) })?;
    // SAFETY: the set was initialised above, the old mask is not asked for.
    check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut()) })?;
    for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
        // SAFETY: sets a disposition, installs no handler.
        let before = unsafe { libc::signal(signal, libc::SIG_DFL) };
        if before == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Marks every descriptor above 2 to be closed by the exec; until then an error can still be told.
pub(super) fn close_descriptors_on_exec() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let flag: c_int = 1 << 2; // CLOSE_RANGE_CLOEXEC, close_range(2)
        // SAFETY: takes three integers and changes only descriptor flags.
        let done = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, flag) };
        if done == 0 {
            return Ok(());
        }
        // Kernels before 5.11 do not know the call or the flag.
    }
    let folder = if cfg!(target_os = "linux") {
        "/proc/self/fd"
    } else {
        "/dev/fd"
    };
    let mut open: Vec<c_int> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        open.extend(
            entry?
                .file_name()
                .to_str()
                .and_then(|n| n.parse::<c_int>().ok()),
        );
    }
    for descriptor in open.into_iter().filter(|d| *d > 2) {
        // SAFETY: changes a flag of a descriptor; one that was closed meanwhile gives an error.
        let set = unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
        if set != 0 && io::Error::last_os_error().raw_os_error() != Some(libc::EBADF) {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

pub(super) fn check(status: c_int) -> io::Result<()> {
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Makes a C string of a path or argument.
///
/// # Errors
/// A NUL byte inside.
pub fn c_string(bytes: &[u8]) -> Result<CString, NulInside> {
    CString::new(bytes).map_err(|_| NulInside)
}
