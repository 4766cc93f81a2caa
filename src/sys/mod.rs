//! System calls, behind safe functions.

/// Returns the effective user id of this process.
#[cfg(unix)]
#[must_use]
pub fn effective_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}
