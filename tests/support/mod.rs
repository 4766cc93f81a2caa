//! What the tests share.

pub mod artifacts;
pub mod between;
pub mod bus;
pub mod home;
pub mod protected;
pub mod provider;
pub mod pty;
pub mod vault;

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes a file that may be executed, another one each time, with the folders above it.
///
/// By another process: a file that is open for writing here, while another test starts something, is open in that
/// child too until it executes its program, and until then nobody can execute the file (ETXTBSY).
pub fn put(path: &Path, bytes: impl AsRef<[u8]>, mode: u32) {
    install("/dev/stdin".as_ref(), path, mode, bytes.as_ref());
}

/// Copies a file that may be executed, in the same way.
pub fn copy(from: impl AsRef<Path>, to: &Path, mode: u32) {
    install(from.as_ref().as_os_str(), to, mode, b"");
}

fn install(from: &OsStr, to: &Path, mode: u32, bytes: &[u8]) {
    let mut install = Command::new("/usr/bin/install")
        .args(["-D", "-m", &format!("{mode:o}")])
        .arg(from)
        .arg(to)
        .stdin(Stdio::piped())
        .spawn()
        .expect("install is part of every system");
    let mut input = install.stdin.take().expect("its stdin");
    // It does not read its input if it is to copy a file.
    let _ = input.write_all(bytes);
    drop(input);
    assert!(install.wait().expect("it ends").success());
}

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
