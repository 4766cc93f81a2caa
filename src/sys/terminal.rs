//! The controlling terminal, and what else is there to ask a person with.

use std::fs::{File, OpenOptions};

/// Opens the controlling terminal: what it shows, and what is typed there. `None` where the process has
/// none.
#[must_use]
pub fn open_terminal() -> Option<(File, File)> {
    let (screen, answers) = if cfg!(windows) {
        ("CONOUT$", "CONIN$")
    } else {
        ("/dev/tty", "/dev/tty")
    };
    let screen = OpenOptions::new()
        .read(cfg!(windows))
        .write(true)
        .open(screen)
        .ok()?;
    let answers = OpenOptions::new().read(true).open(answers).ok()?;
    Some((screen, answers))
}

/// Forgets what was typed and not read yet: it was an answer to something else. Best effort.
#[cfg(unix)]
pub fn forget_typed(terminal: &File) {
    let _ = rustix::termios::tcflush(terminal, rustix::termios::QueueSelector::IFlush);
}

/// Does nothing: what was typed stays on this system.
#[cfg(not(unix))]
pub fn forget_typed(_terminal: &File) {}

/// Tells whether there is a desktop on which the keychain can show a prompt. Where the keychain is part of
/// the system, it always can.
#[must_use]
pub fn has_desktop() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
