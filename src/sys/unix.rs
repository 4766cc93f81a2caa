//! Small questions to a Unix system.

use std::ffi::{CStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Access, AtFlags, CWD, OFlags, accessat};

/// Open flags: do not follow a link in the last place, do not wait for a FIFO's other end.
#[expect(clippy::as_conversions, reason = "the flags of open(2) are a C int")]
pub const OPEN_NO_FOLLOW_NO_BLOCK: i32 = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits() as i32;

/// Returns the effective user id.
#[must_use]
pub fn effective_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Tells whether a group is no group of strangers: the system's, the user's own, or on macOS the
/// administrators (group 80), who own what is installed there.
#[must_use]
pub fn is_own_group(group: u32) -> bool {
    group == 0
        || group == rustix::process::getegid().as_raw()
        || (cfg!(target_os = "macos") && group == 80)
}

/// Tells whether `open` failed because the last component is a link (`ELOOP`, open(2)).
#[must_use]
pub fn is_link_error(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

/// Tells whether this process may execute `path` (access(2) with the effective ids).
#[must_use]
pub fn can_execute(path: &Path) -> bool {
    accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

/// Tells whether nobody is left who could read what is written to `file`: the other end of a pipe or a
/// terminal is gone (poll(2)). macOS calls every terminal an invalid file there, which says nothing.
#[must_use]
pub fn is_closed(file: &impl AsFd) -> bool {
    let mut asked = [PollFd::new(file, PollFlags::empty())];
    let gone = PollFlags::ERR | PollFlags::HUP;
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let answered = poll(&mut asked, Some(&at_once)).unwrap_or(0);
    answered > 0 && asked.iter().any(|fd| fd.revents().intersects(gone))
}

/// Returns the home folder the password database has for the user, if any.
#[must_use]
pub fn account_home() -> Option<PathBuf> {
    let mut buffer = vec![0_u8; 16 * 1024];
    let mut entry = std::mem::MaybeUninit::<libc::passwd>::zeroed();
    let mut found: *mut libc::passwd = std::ptr::null_mut();
    // SAFETY: every pointer is to a live local, and the length is the buffer's own.
    let status = unsafe {
        libc::getpwuid_r(
            effective_uid(),
            entry.as_mut_ptr(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            &raw mut found,
        )
    };
    if status != 0 || found.is_null() {
        return None;
    }
    // SAFETY: a non-null result points to `entry`, which getpwuid_r then has filled.
    let folder = unsafe { (*found).pw_dir };
    if folder.is_null() {
        return None;
    }
    // SAFETY: a NUL-terminated string inside `buffer`, which is still alive.
    let text = unsafe { CStr::from_ptr(folder) };
    let path = PathBuf::from(OsString::from_vec(text.to_bytes().to_vec()));
    path.is_absolute().then_some(path)
}

/// Runs `work` with every signal blocked in this thread; threads it starts begin that way and stay so.
pub fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: initialises the local set.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    let mut before = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: both sets are live locals; changes the mask of this thread alone, and fails for no valid `how`.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    let done = work();
    // SAFETY: the set was filled by the call above; the mask is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    done
}
