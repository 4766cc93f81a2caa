//! Reading what a child writes: on a thread, bounded, into memory that is wiped.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::sys::without_signals;

/// What was read.
#[derive(Debug)]
pub struct Collected {
    /// The bytes, up to the limit.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether there was more, which was thrown away.
    pub is_cut: bool,
}

/// A pipe that is being read.
#[derive(Debug)]
pub struct Reading(Receiver<io::Result<Collected>>);

/// Begins to read `pipe` to its end, and to keep the first `limit` bytes. What is behind them is read too, so that the
/// writer is not held up.
///
/// # Errors
/// When the system has no thread to give.
pub fn collect(pipe: impl Read + Send + 'static, limit: usize) -> io::Result<Reading> {
    let (tell, read) = channel();
    let work = move || drop(tell.send(read_all(pipe, limit)));
    without_signals(|| thread::Builder::new().spawn(work))?;
    Ok(Reading(read))
}

impl Reading {
    /// Waits for the end of the pipe. Returns `None` where it did not come within `patience`: a process that nobody
    /// knows has it open.
    ///
    /// # Errors
    /// What reading gave.
    pub fn finish(self, patience: Duration) -> io::Result<Option<Collected>> {
        match self.0.recv_timeout(patience) {
            Ok(read) => read.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("its reader has ended")),
        }
    }
}

fn read_all(mut pipe: impl Read, limit: usize) -> io::Result<Collected> {
    // Room for all that is kept, so that no part of it is left in a buffer that was too small.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    let mut chunk = Zeroizing::new([0_u8; 8192]);
    let mut is_cut = false;
    loop {
        let count = match pipe.read(chunk.as_mut_slice()) {
            Ok(0) => return Ok(Collected { bytes, is_cut }),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let room = limit.saturating_sub(bytes.len());
        is_cut |= count > room;
        bytes.extend(chunk.iter().take(count.min(room)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_ends_at_the_limit_and_what_is_behind_it_is_read_too() {
        for (length, limit, kept, is_cut) in [
            (0, 4, 0, false),
            (4, 4, 4, false),
            (5, 4, 4, true),
            (100_000, 70_000, 70_000, true),
        ] {
            let bytes = vec![b'x'; length];
            let reading = collect(io::Cursor::new(bytes), limit).expect("a thread");
            let read = reading.finish(Duration::from_secs(60)).expect("read");
            let read = read.expect("an end");
            assert_eq!((read.bytes.len(), read.is_cut), (kept, is_cut), "{length}");
        }
    }

    #[test]
    fn a_pipe_that_somebody_keeps_open_is_given_up() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let reading = collect(reader, 4).expect("a thread");
        let read = reading.finish(Duration::from_millis(20)).expect("no error");
        assert!(read.is_none());
        drop(writer);
    }
}
