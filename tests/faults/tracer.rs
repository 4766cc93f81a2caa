//! Follows every thread and child of a command, counts its calls, and injects the planned fault.
//!
//! Calls are counted over all processes that run the command's own program. One that executes
//! another program is followed to its end, so that nothing is left behind, but not counted.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::MetadataExt as _;

use libc::c_long;

use super::inject::{self, AtExit, Plan};
use super::kernel::{self, CallStop, News, Resume, Tid};
use super::subject::Ended;
use super::watchdog::Watchdog;

/// From where on calls are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    /// From the program's first instruction: the dynamic loader is part of it.
    Exec,
    /// After the first call with this number and first argument.
    After { number: c_long, first: u64 },
}

/// A call that was counted.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) number: c_long,
    /// Counted from 1 among the calls of this number, over all processes of the command.
    pub(super) nth: u32,
    pub(super) arguments: [u64; 6],
    /// What it answered; none if it never did.
    pub(super) result: Option<i64>,
}

/// What was seen of a command from its start to its end.
#[derive(Debug)]
pub(super) struct Traced {
    pub(super) ended: Ended,
    pub(super) left_behind: usize,
    pub(super) calls: Vec<Seen>,
    /// Whether the fault happened.
    pub(super) fired: bool,
}

#[derive(Debug)]
pub(super) struct Tracer {
    root: Tid,
    start: Start,
    plan: Option<Plan>,
    watchdog: Watchdog,
    /// Device and inode of the command's program.
    program: Option<(u64, u64)>,
    threads: BTreeMap<Tid, Thread>,
    /// Threads that stopped before their parent told of them.
    unclaimed: BTreeSet<Tid>,
    counting: bool,
    counts: BTreeMap<c_long, u32>,
    seen: Vec<Seen>,
    fired: bool,
    ended: Option<Ended>,
}

#[derive(Clone, Debug, Default)]
struct Thread {
    /// Runs another program than the command's: it is followed to its end but not counted.
    foreign: bool,
    /// Has had the stop with which every new thread begins.
    begun: bool,
    /// The counted call it is in, as an index.
    call: Option<usize>,
    at_exit: Option<AtExit>,
}

impl Tracer {
    pub(super) fn new(root: Tid, start: Start, plan: Option<Plan>, watchdog: Watchdog) -> Self {
        let thread = Thread {
            begun: true,
            ..Thread::default()
        };
        Self {
            root,
            start,
            plan,
            watchdog,
            program: None,
            threads: BTreeMap::from([(root, thread)]),
            unclaimed: BTreeSet::new(),
            counting: matches!(start, Start::Exec),
            counts: BTreeMap::new(),
            seen: Vec::new(),
            fired: false,
            ended: None,
        }
    }

    /// Waits for the stop after the command's own `execve`, from which on it is followed.
    pub(super) fn wait_for_exec(&mut self) -> io::Result<()> {
        kernel::wait_for_any()?;
        match self.watchdog.collect(self.root)? {
            Some(News::Signal(libc::SIGTRAP)) => {}
            other => return Err(io::Error::other(format!("no stop after execve: {other:?}"))),
        }
        self.program = program_of(self.root);
        kernel::follow(self.root)?;
        self.go_on(self.root, 0)
    }

    /// Follows the command until no process of it is left.
    pub(super) fn follow_to_the_end(mut self) -> io::Result<Traced> {
        while !self.threads.is_empty() || !self.unclaimed.is_empty() {
            self.step()?;
        }
        let (hung, left_behind) = self.watchdog.finish();
        let ended = self
            .ended
            .ok_or_else(|| io::Error::other("the command's end was not seen"))?;
        Ok(Traced {
            ended: if hung { Ended::Hung } else { ended },
            left_behind,
            calls: self.seen,
            fired: self.fired,
        })
    }

    /// Handles the next news of any thread.
    fn step(&mut self) -> io::Result<()> {
        let tid = kernel::wait_for_any()?;
        let Some(news) = self.watchdog.collect(tid)? else {
            return Ok(());
        };
        match news {
            News::Exited(code) => self.gone(tid, Ended::Exit(code)),
            News::Killed(signal) => self.gone(tid, Ended::Signal(signal)),
            News::Signal(_) if !self.threads.contains_key(&tid) => {
                self.unclaimed.insert(tid);
            }
            News::InCall | News::Started { .. } | News::Exec | News::Signal(_) => {
                dying(self.stopped(tid, news))?;
            }
        }
        Ok(())
    }

    fn gone(&mut self, tid: Tid, how: Ended) {
        self.threads.remove(&tid);
        self.unclaimed.remove(&tid);
        if tid == self.root {
            self.ended = Some(how);
            self.watchdog.command_ended();
        }
    }

    fn stopped(&mut self, tid: Tid, news: News) -> io::Result<()> {
        let mut signal = 0;
        match news {
            News::InCall => match kernel::call_stop(tid)? {
                Some(CallStop::Entry { number, arguments }) => {
                    self.entered(tid, number, arguments)?;
                }
                Some(CallStop::Exit { result }) => self.left(tid, result)?,
                None => {}
            },
            News::Started { process } => self.started(tid, process)?,
            News::Exec => self.new_program(tid)?,
            News::Signal(number) => signal = self.signal_for(tid, number),
            News::Exited(_) | News::Killed(_) => {}
        }
        self.go_on(tid, signal)
    }

    /// Lets a thread go on. One of a foreign program need not stop at its calls.
    fn go_on(&self, tid: Tid, signal: i32) -> io::Result<()> {
        let done = self
            .threads
            .get(&tid)
            .is_some_and(|it| it.foreign && it.call.is_none());
        kernel::resume(
            tid,
            if done { Resume::Freely } else { Resume::ToCall },
            signal,
        )
    }

    /// Returns the signal to hand on: all but the stop with which a new thread begins.
    fn signal_for(&mut self, tid: Tid, number: i32) -> i32 {
        match self.threads.get_mut(&tid) {
            Some(thread) if !thread.begun && number == libc::SIGSTOP => {
                thread.begun = true;
                0
            }
            _ => number,
        }
    }

    fn started(&mut self, parent: Tid, process: bool) -> io::Result<()> {
        let tid = kernel::event_message(parent)?;
        let foreign = self
            .threads
            .get(&parent)
            .is_some_and(|thread| thread.foreign);
        let begun = self.unclaimed.remove(&tid);
        self.threads.insert(
            tid,
            Thread {
                foreign,
                begun,
                ..Thread::default()
            },
        );
        self.watchdog.add(tid, process);
        if begun {
            dying(self.go_on(tid, 0))
        } else {
            Ok(())
        }
    }

    /// The first thread's number now belongs to the thread that called `execve`.
    fn new_program(&mut self, tid: Tid) -> io::Result<()> {
        let former = kernel::event_message(tid)?;
        if former != tid {
            let thread = self.threads.remove(&former).unwrap_or_default();
            self.threads.insert(tid, thread);
            self.watchdog.forget(former);
        }
        let foreign = program_of(tid) != self.program;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.foreign = foreign;
        }
        Ok(())
    }

    fn entered(&mut self, tid: Tid, number: c_long, arguments: [u64; 6]) -> io::Result<()> {
        let Some(thread) = self.threads.get_mut(&tid).filter(|thread| !thread.foreign) else {
            return Ok(());
        };
        if !self.counting {
            self.counting = matches!(self.start, Start::After { number: marker, first }
                if marker == number && first == arguments[0]);
            return Ok(());
        }
        let count = self.counts.entry(number).or_default();
        *count += 1;
        thread.call = Some(self.seen.len());
        let call = Seen {
            number,
            nth: *count,
            arguments,
            result: None,
        };
        let plan = self
            .plan
            .as_ref()
            .filter(|plan| plan.call.number == number && plan.call.nth == call.nth);
        if let Some(plan) = plan {
            let (at_exit, fired) = inject::inject(tid, plan, &call)?;
            thread.at_exit = at_exit;
            self.fired = fired;
        }
        self.seen.push(call);
        Ok(())
    }

    fn left(&mut self, tid: Tid, result: i64) -> io::Result<()> {
        let Some(thread) = self.threads.get_mut(&tid) else {
            return Ok(());
        };
        if let Some(call) = thread.call.take() {
            self.seen[call].result = Some(result);
        }
        if let Some(at_exit) = thread.at_exit.take() {
            self.fired |= inject::finish(tid, at_exit)?;
        }
        Ok(())
    }
}

/// A thread can be killed at any time; its end is then the next news.
fn dying(answer: io::Result<()>) -> io::Result<()> {
    match answer {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        other => other,
    }
}

/// Returns device and inode of the program that a process runs.
fn program_of(process: Tid) -> Option<(u64, u64)> {
    let file = std::fs::metadata(format!("/proc/{process}/exe")).ok()?;
    Some((file.dev(), file.ino()))
}
