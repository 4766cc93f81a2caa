//! The lines between a client and a server, each way on a thread of its own.
//!
//! MCP over stdio is one message a line, ended by a newline and nothing else (revision 2025-11-25, transports). A server
//! that does not read cannot hold up who writes to it, and one that does not stop writing is not read for ever. What was
//! read is wiped, since it may hold a value.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// The longest line that is read: clients built with the TypeScript SDK take none that is longer.
pub(super) const LINE_BYTES: usize = 10 << 20;

/// The most that is read of one server.
pub(super) const ALL_BYTES: usize = 64 << 20;

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// What some programs begin a text with (U+FEFF in UTF-8).
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What came from the server.
#[derive(Debug)]
pub(super) enum Heard {
    /// A line, without its end.
    Line(Zeroizing<Vec<u8>>),
    /// A line or all lines together were longer than what is read.
    TooMuch,
    /// It writes no more.
    End,
}

/// The lines to and from a server. Dropped, they close the server's input.
#[derive(Debug)]
pub struct Lines {
    to: Sender<String>,
    from: Receiver<Heard>,
}

impl Lines {
    /// Begins to write to `input`, and to read from `output`.
    ///
    /// # Errors
    /// When the system has no threads to give.
    pub fn between(
        input: impl Write + Send + 'static,
        output: impl Read + Send + 'static,
    ) -> io::Result<Self> {
        let (to, said) = channel();
        // One line is ready while the one before it is looked at, no more.
        let (tell, from) = sync_channel(1);
        thread::Builder::new().spawn(move || write(input, &said))?;
        thread::Builder::new().spawn(move || read(output, &tell))?;
        Ok(Self { to, from })
    }

    /// Says a line. Whether it is read shows in what is heard.
    pub(super) fn say(&self, mut line: String) {
        line.push('\n');
        let _ = self.to.send(line);
    }

    /// Waits for what comes next, `patience` at most.
    pub(super) fn hear(&self, patience: Duration) -> Option<Heard> {
        match self.from.recv_timeout(patience) {
            Ok(heard) => Some(heard),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Heard::End),
        }
    }
}

/// Writes until nobody has more to say, or nobody reads.
fn write(mut input: impl Write, said: &Receiver<String>) {
    for line in said {
        if input
            .write_all(line.as_bytes())
            .and_then(|()| input.flush())
            .is_err()
        {
            return;
        }
    }
}

/// Reads line by line until the end, or until nobody listens.
fn read(mut output: impl Read, tell: &SyncSender<Heard>) {
    let mut piece = Zeroizing::new(vec![0_u8; PIECE]);
    let (mut line, mut all) = (Line::default(), 0_usize);
    let mut is_first = true;
    loop {
        let count = match output.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let read = piece.get(..count).unwrap_or_default();
        all = all.saturating_add(count);
        for part in read.split_inclusive(|byte| *byte == b'\n') {
            let (text, is_whole) = match part.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (part, false),
            };
            if line.0.len().saturating_add(text.len()) > LINE_BYTES || all > ALL_BYTES {
                let _ = tell.send(Heard::TooMuch);
                return;
            }
            line.push(text);
            if !is_whole {
                continue;
            }
            let mut whole = std::mem::take(&mut line).0;
            if std::mem::take(&mut is_first) && whole.starts_with(MARK) {
                whole.drain(..MARK.len());
            }
            if tell.send(Heard::Line(whole)).is_err() {
                return;
            }
        }
    }
    let _ = tell.send(Heard::End);
}

/// A line that is growing, and leaves no copy behind where it has to be moved for that.
#[derive(Debug, Default)]
struct Line(Zeroizing<Vec<u8>>);

impl Line {
    fn push(&mut self, text: &[u8]) {
        let length = self.0.len().saturating_add(text.len());
        if length > self.0.capacity() {
            let room = length.max(self.0.capacity().saturating_mul(2));
            let mut larger = Zeroizing::new(Vec::with_capacity(room));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(text);
    }
}

/// Returns how long it is until then.
pub(super) fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}
