//! What the tests share.

pub mod artifacts;
pub mod bus;
pub mod home;
pub mod provider;
pub mod pty;

use std::process::Command;

/// Gives a command a session of its own, so that it has no controlling terminal whoever runs the tests.
#[expect(unsafe_code, reason = "setsid has to be called in the child")]
pub fn without_terminal(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: setsid(2) is async-signal-safe and touches no memory.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
}
