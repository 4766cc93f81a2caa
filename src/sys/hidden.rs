//! Reading from the terminal what is not to be seen.
//!
//! Byte by byte, with echo and line editing off: the terminal's own line editing cuts a line at 4,095
//! bytes (termios(3)), and a reader of lines leaves the rest of a pasted text to the shell, which runs it.
//! What is typed is kept in one buffer that never moves and is wiped.

use std::fs::File;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr,
    tcsetattr,
};
use zeroize::Zeroizing;

use super::{HeldSignals, HiddenError};

/// The most that can be typed or pasted, in bytes.
const MOST: usize = 64 * 1024;
/// How often what is left of a paste is thrown away.
const MOST_DRAINS: u32 = 100;
/// An answer of the terminal that came faster than this did not wait for anything.
const HURRY: Duration = Duration::from_millis(20);
/// How many of them in a row mean that the terminal has gone.
const MOST_HURRIED: u32 = 50;

/// Shows `prompt` on `screen` and reads one line from `answers` without showing it. The terminal is put
/// back as it was however this ends, a signal included.
///
/// # Errors
/// See [`HiddenError`].
pub fn read_hidden(
    screen: &mut File,
    answers: &mut File,
    prompt: &str,
) -> Result<Zeroizing<Vec<u8>>, HiddenError> {
    let before = tcgetattr(&*answers).map_err(io::Error::from)?;
    let waiting = HeldSignals::hold()?;
    let quiet = Quiet::begin(answers, before)?;
    write!(screen, "{prompt} ")?;
    screen.flush()?;
    let typed = line(answers, &waiting);
    if typed.is_err() {
        // What is left must not reach the shell, however slowly it comes; but not for ever.
        for _ in 0..MOST_DRAINS {
            let _ = tcflush(&*answers, QueueSelector::IFlush);
            if waiting.is_over() || !matches!(next(answers), Ok(Some(_))) {
                break;
            }
        }
    }
    drop(quiet);
    drop(waiting);
    writeln!(screen)?;
    typed
}

fn line(answers: &mut File, waiting: &HeldSignals) -> Result<Zeroizing<Vec<u8>>, HiddenError> {
    let mut typed = Zeroizing::new(Vec::with_capacity(MOST));
    let mut idle = Instant::now();
    let mut hurried = 0_u32;
    loop {
        let Some(byte) = next(answers)? else {
            // A terminal that has gone answers at once, and for ever.
            hurried = if idle.elapsed() < HURRY {
                hurried.saturating_add(1)
            } else {
                0
            };
            idle = Instant::now();
            if waiting.is_over() || hurried > MOST_HURRIED {
                return Err(HiddenError::Ended);
            }
            continue;
        };
        match byte {
            b'\r' | b'\n' => {
                if next(answers)?.is_some() {
                    return Err(HiddenError::SeveralLines);
                }
                break;
            }
            // Backspace takes a whole character away, its last byte first.
            0x7f | 0x08 => while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            // Control-U: begin again.
            0x15 => typed.clear(),
            // Control-C, Control-D and Control-\: no answer.
            0x03 | 0x04 | 0x1c => return Err(HiddenError::Ended),
            b'\t' => push(&mut typed, b'\t')?,
            byte if byte < 0x20 => return Err(HiddenError::Control),
            byte => push(&mut typed, byte)?,
        }
    }
    if std::str::from_utf8(&typed).is_err() {
        return Err(HiddenError::Control);
    }
    Ok(typed)
}

fn push(typed: &mut Vec<u8>, byte: u8) -> Result<(), HiddenError> {
    if typed.len() >= MOST {
        return Err(HiddenError::SeveralLines);
    }
    typed.push(byte);
    Ok(())
}

/// Reads a byte, `None` if none came within a tenth of a second, which is how the terminal was set
/// (termios(3), VMIN 0 and VTIME 1). A poll would not do: on macOS it fails for terminals.
fn next(answers: &mut File) -> Result<Option<u8>, HiddenError> {
    let mut byte = [0_u8; 1];
    match answers.read(&mut byte) {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(byte[0])),
        Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// The terminal without echo, line editing and keys that send signals; put back when dropped.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn begin(terminal: &File, before: Termios) -> Result<Self, HiddenError> {
        let quiet = Self {
            terminal: terminal.try_clone()?,
            before,
        };
        let mut modes = quiet.before.clone();
        modes.local_modes.remove(
            LocalModes::ECHO
                | LocalModes::ECHONL
                | LocalModes::ICANON
                | LocalModes::ISIG
                | LocalModes::IEXTEN,
        );
        modes.special_codes[SpecialCodeIndex::VMIN] = 0;
        modes.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(&quiet.terminal, OptionalActions::Flush, &modes).map_err(io::Error::from)?;
        Ok(quiet)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Drain, &self.before);
    }
}
