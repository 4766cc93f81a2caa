//! What the tests share.

pub mod artifacts;
pub mod bus;
pub mod home;
pub mod provider;
pub mod pty;

use std::process::Command;

/// Gives a command a session of its own, so that it has no controlling terminal whoever runs the tests,
/// and the default answer to every signal, which a runner may have changed.
#[expect(
    unsafe_code,
    reason = "setsid and signal have to be called in the child"
)]
pub fn without_terminal(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: what is called is async-signal-safe and touches no memory.
    unsafe { command.pre_exec(apart) };
}

#[expect(
    unsafe_code,
    reason = "there is no safe way to set a signal's answer back"
)]
fn apart() -> std::io::Result<()> {
    rustix::process::setsid()?;
    for signal in 1..=15 {
        // SAFETY: signal(2) is async-signal-safe; no handler is installed. It refuses SIGKILL, which needs none.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    Ok(())
}
