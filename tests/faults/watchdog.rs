//! The deadline of a run, and the grace of what a command leaves behind.
//!
//! The tracer sleeps in the kernel until one of its threads has news, so somebody else has to
//! watch the clock. Both hold the same lock while they kill and while they collect an end: a
//! number is never signalled after it could have gone to another process.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use super::kernel::{News, Tid, collect, kill};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From the start of the command to its end.
    pub(super) deadline: Duration,
    /// From the end of the command to that of its last process.
    pub(super) grace: Duration,
}

/// What the tracer and the clock share.
#[derive(Debug)]
pub(super) struct Watchdog {
    state: Arc<Mutex<State>>,
    ended: Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The threads alive, and whether each is the first of a process.
    alive: BTreeMap<Tid, bool>,
    hung: bool,
    left_behind: usize,
    /// Nothing may live on: whatever still reports is killed too.
    over: bool,
}

impl Watchdog {
    /// Starts the clock for a command whose first thread is this one.
    pub(super) fn start(root: Tid, patience: Patience) -> Self {
        let state = Arc::new(Mutex::new(State {
            alive: BTreeMap::from([(root, true)]),
            ..State::default()
        }));
        let (ended, news) = channel();
        let watched = Arc::clone(&state);
        thread::spawn(move || watch(&watched, &news, patience));
        Self { state, ended }
    }

    /// Collects the news of a thread and strikes it off if it ended.
    pub(super) fn collect(&self, tid: Tid) -> io::Result<Option<News>> {
        let mut state = lock(&self.state);
        let news = collect(tid)?;
        if matches!(news, Some(News::Exited(_) | News::Killed(_))) {
            state.alive.remove(&tid);
        } else if state.over {
            kill(tid);
        }
        Ok(news)
    }

    /// Adds a thread.
    pub(super) fn add(&self, tid: Tid, process: bool) {
        lock(&self.state).alive.entry(tid).or_insert(process);
    }

    /// Strikes off a thread whose number is gone without an end of its own.
    pub(super) fn forget(&self, tid: Tid) {
        lock(&self.state).alive.remove(&tid);
    }

    /// Says that the command itself has ended: the grace of its leftovers begins.
    pub(super) fn command_ended(&self) {
        let _clock_stopped = self.ended.send(());
    }

    /// Stops the clock; returns whether the command hung, and how many processes it left behind.
    pub(super) fn finish(self) -> (bool, usize) {
        let state = lock(&self.state);
        (state.hung, state.left_behind)
    }
}

fn watch(state: &Mutex<State>, news: &Receiver<()>, patience: Patience) {
    match news.recv_timeout(patience.deadline) {
        Ok(()) => {}
        Err(RecvTimeoutError::Disconnected) => return,
        Err(RecvTimeoutError::Timeout) => {
            let mut state = lock(state);
            state.hung = true;
            end_all(&mut state);
            return;
        }
    }
    if news.recv_timeout(patience.grace) == Err(RecvTimeoutError::Timeout) {
        let mut state = lock(state);
        state.left_behind = state.alive.values().filter(|&&process| process).count();
        end_all(&mut state);
    }
}

fn end_all(state: &mut State) {
    state.over = true;
    for &tid in state.alive.keys() {
        kill(tid);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("the other side has panicked")
}
