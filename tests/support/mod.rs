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
    // SAFETY: setsid(2) and signal(2) are async-signal-safe and touch no memory.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            for signal in 1..=15 {
                libc::signal(signal, libc::SIG_DFL);
            }
            Ok(())
        });
    }
}
