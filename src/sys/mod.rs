//! System calls: the only unsafe code, one operation per block, each with its reason.
//!
//! What stands here has a safe signature and no policy: it does what its caller decided.
#![cfg_attr(
    unix,
    expect(
        unsafe_code,
        reason = "the one module that talks to the kernel directly"
    )
)]

#[cfg_attr(not(target_os = "linux"), path = "no_ancestors.rs")]
mod ancestors;
#[cfg(unix)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "macos")),
    path = "no_attributes.rs"
)]
mod attributes;
#[cfg(unix)]
mod harden;
#[cfg(unix)]
mod hidden;
#[cfg_attr(not(target_os = "linux"), path = "no_keyring.rs")]
mod keyring;
#[cfg(not(unix))]
mod other;
#[cfg_attr(not(target_os = "linux"), path = "no_processes.rs")]
mod processes;
#[cfg(unix)]
mod replace;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod spawn;
mod terminal;
#[cfg(unix)]
#[cfg_attr(not(target_os = "linux"), path = "no_tree.rs")]
mod tree;
#[cfg(unix)]
mod unix;

pub use ancestors::ancestors;
#[cfg(unix)]
pub use attributes::copy_attributes;
#[cfg(unix)]
pub use harden::harden;
#[cfg(unix)]
pub use hidden::read_hidden;
pub use keyring::{drop_key, find_key, keep_key};
#[cfg(not(unix))]
pub use other::{HeldSignals, account_home, harden, is_closed, read_hidden, without_signals};
pub use processes::own_processes;
#[cfg(unix)]
pub use replace::{Block, NulInside, c_string, replace};
#[cfg(unix)]
pub use signals::HeldSignals;
#[cfg(unix)]
pub use spawn::{Child, Exiting, spawn};
pub use terminal::{forget_typed, has_desktop, open_terminal};
#[cfg(unix)]
pub use tree::Tree;
#[cfg(unix)]
pub use unix::{
    OPEN_NO_FOLLOW_NO_BLOCK, account_home, can_execute, effective_uid, is_closed, is_link_error,
    is_own_group, without_signals,
};

/// Whether the tests of broker were run on this system; it is type-checked for others.
pub const IS_TESTED: bool = cfg!(target_os = "linux");

/// How far up [`ancestors`] looks.
pub const MAX_ANCESTORS: usize = 8;

/// A process that this one was started by, directly or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// Its number.
    pub pid: u32,
    /// What it is called: the kernel's short name, which the process itself can change.
    pub name: String,
}

/// How a process came to its end.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// The system did not say.
    Unknown,
}

/// What [`harden`] achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardening {
    /// Whether other processes of the user are kept from dumping, tracing or looking into this one.
    pub process: Guard,
    /// Whether this process and the server it becomes are kept from leaving memory in a core dump.
    pub core_dumps: Guard,
}

/// How a protection came out.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// It is there.
    Done,
    /// The system refused it.
    Failed,
    /// broker has no such protection on this system.
    NotHere,
}

/// Why nothing was read from the terminal. Holds nothing of what was typed.
#[derive(Debug, thiserror::Error)]
pub enum HiddenError {
    /// More than one line came at once: a pasted text, which a line cannot hold.
    #[error("more than one line came at once")]
    SeveralLines,
    /// A byte came that is no text.
    #[error("something was typed that is no text")]
    Control,
    /// The person ended it, or the process is to end.
    #[error("nothing was typed")]
    Ended,
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Io(#[from] std::io::Error),
}

/// Fills `buffer` with random bytes from the system's generator.
///
/// # Errors
/// The system's reason, on systems whose generator can fail.
pub fn random(buffer: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(buffer).map_err(std::io::Error::from)
}

/// Why the kernel did not keep or give a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyringError {
    /// There are no keyrings: another system, or a filter that forbids them.
    Unavailable,
    /// The user's quota of keys is used up.
    Full,
    /// The system answered something else; its word for it.
    Other(&'static str),
}
