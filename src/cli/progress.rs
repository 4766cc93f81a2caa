//! How far a command is, on one line of the terminal that is written over, once it takes long.
//!
//! Nothing is said where stderr is no terminal, nor by a command that is soon done.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::output::Output;
use crate::text::escaped;

/// How long a command may take before it says how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two times that it is said.
const PAUSE: Duration = Duration::from_millis(500);

/// What is counted. The line goes away when it is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    all: usize,
    done: usize,
    is_shown: bool,
    next: Option<Instant>,
}

impl Progress {
    /// Begins to count to `all`. `what` says what is counted ("values read").
    pub(super) fn new(what: &'static str, all: usize, output: &Output) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let is_wanted = !output.json && !dumb && io::stderr().is_terminal();
        Self {
            what,
            all,
            done: 0,
            is_shown: false,
            next: is_wanted
                .then(|| Instant::now().checked_add(PATIENCE))
                .flatten(),
        }
    }

    /// Counts on.
    pub(super) fn add(&mut self, count: usize) {
        if let Some(line) = self.counted(count, Instant::now()) {
            put(&line);
        }
    }

    /// Counts on, and returns what is to be shown at `now`, if it is time for that.
    fn counted(&mut self, count: usize, now: Instant) -> Option<String> {
        self.done = self.done.saturating_add(count);
        if self.next.is_none_or(|next| now < next) {
            return None;
        }
        self.next = now.checked_add(PAUSE);
        self.is_shown = true;
        let (done, all, what) = (self.done, self.all, escaped(self.what));
        Some(format!("\r\x1b[Kbroker: {done} of {all} {what}"))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            put("\r\x1b[K");
        }
    }
}

fn put(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_far_it_is_once_it_takes_long_and_not_too_often() {
        let began = Instant::now();
        let after = |millis| began + Duration::from_millis(millis);
        let mut progress = Progress {
            what: "values read",
            all: 100,
            done: 0,
            is_shown: false,
            next: Some(after(1000)),
        };
        assert_eq!(progress.counted(10, after(999)), None);
        let first = progress.counted(10, after(1000)).expect("a line");
        assert_eq!(first, "\r\x1b[Kbroker: 20 of 100 values read");
        assert_eq!(progress.counted(10, after(1499)), None);
        let second = progress.counted(10, after(1500)).expect("a line");
        assert!(
            second.ends_with("broker: 40 of 100 values read"),
            "{second}"
        );
        // Where stderr is no terminal nothing is ever said.
        progress.next = None;
        assert_eq!(progress.counted(10, after(9000)), None);
        progress.is_shown = false;
    }
}
