//! Talking with a process: a line asks, a line answers, and bytes may follow.

use std::sync::mpsc::Receiver;

use zeroize::Zeroizing;

use super::process::{Deadline, Fault, Process};

/// The longest line that is taken for an answer.
const LINE_BYTES: usize = 4096;

/// A process that answers questions one by one. Each is asked when the one before is answered, so that neither side
/// waits for the other with a full pipe.
#[derive(Debug)]
pub(super) struct Talk {
    chunks: Receiver<Zeroizing<Vec<u8>>>,
    /// What was received, and how much of it was used.
    pending: (Zeroizing<Vec<u8>>, usize),
    process: Process,
}

impl Talk {
    /// Begins to talk with `process`, whose output comes in `chunks`.
    pub(super) fn new(chunks: Receiver<Zeroizing<Vec<u8>>>, process: Process) -> Self {
        Self {
            chunks,
            pending: (Zeroizing::default(), 0),
            process,
        }
    }

    /// Asks one question, of one line, and returns the line that answers it.
    ///
    /// # Errors
    /// See [`Fault`].
    pub(super) fn ask(&mut self, question: &str, deadline: &Deadline<'_>) -> Result<String, Fault> {
        self.process.write(format!("{question}\n").as_bytes())?;
        let mut line = Vec::new();
        loop {
            let Some(byte) = self.next(deadline)? else {
                return Err(Fault::Failed);
            };
            match byte {
                b'\n' => return String::from_utf8(line).map_err(|_| Fault::Failed),
                _ if line.len() >= LINE_BYTES => return Err(Fault::Failed),
                byte => line.push(byte),
            }
        }
    }

    /// Reads the `count` bytes that follow, and the newline behind them.
    ///
    /// # Errors
    /// See [`Fault`].
    pub(super) fn read(
        &mut self,
        count: usize,
        deadline: &Deadline<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(count));
        while bytes.len() < count {
            if !self.fill(deadline)? {
                return Err(Fault::Failed);
            }
            let (pending, used) = &mut self.pending;
            let wanted = count.saturating_sub(bytes.len());
            let there = pending.get(*used..).unwrap_or_default();
            let taken = there.get(..wanted).unwrap_or(there);
            bytes.extend_from_slice(taken);
            *used = used.saturating_add(taken.len());
        }
        match self.next(deadline)? {
            Some(b'\n') => Ok(bytes),
            Some(_) | None => Err(Fault::Failed),
        }
    }

    fn next(&mut self, deadline: &Deadline<'_>) -> Result<Option<u8>, Fault> {
        if !self.fill(deadline)? {
            return Ok(None);
        }
        let (pending, used) = &mut self.pending;
        let byte = pending.get(*used).copied();
        *used = used.saturating_add(1);
        Ok(byte)
    }

    /// Sees to it that there is something to use. Returns whether there is.
    fn fill(&mut self, deadline: &Deadline<'_>) -> Result<bool, Fault> {
        if self.pending.1 < self.pending.0.len() {
            return Ok(true);
        }
        let Some(chunk) = deadline.receive(&self.chunks)? else {
            return Ok(false);
        };
        self.pending = (chunk, 0);
        Ok(!self.pending.0.is_empty())
    }
}
