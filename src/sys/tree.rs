//! The processes that came of one that broker started, wherever they hide: on Linux, where an orphan can be given to
//! the nearest ancestor that asks for it (PR_SET_CHILD_SUBREAPER(2const)).
//!
//! A process that left its group and its session is found all the same, since it cannot leave its ancestors.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, child_subreaper, getpid, kill_process, set_child_subreaper,
    waitid,
};

use super::Child;
use super::ancestors::look;

/// How often is looked while processes are coming to their end.
const PAUSE: Duration = Duration::from_millis(5);

/// Whose children are whose cannot be told where two are watched at once.
static ONE: Mutex<()> = Mutex::new(());

/// While this lives, orphans of what is started fall to this process.
#[derive(Debug)]
pub struct Tree {
    was_reaper: bool,
    /// Children from before, which are somebody else's business.
    others: BTreeSet<u32>,
    _alone: MutexGuard<'static, ()>,
}

impl Tree {
    /// Begins to take orphans in, once nobody else in this process does. All that is started from then on counts as having
    /// come of what is watched.
    ///
    /// # Errors
    /// The system's reason; without `/proc`, nothing could be found again.
    pub fn watch() -> io::Result<Self> {
        let alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let others = descendants(&BTreeSet::new())?;
        let was_reaper = child_subreaper()?.is_some();
        set_child_subreaper(Some(getpid()))?;
        Ok(Self {
            was_reaper,
            others,
            _alone: alone,
        })
    }

    /// Waits until nothing is left of `child` and its descendants but itself, `grace` at most. Returns whether so.
    ///
    /// # Errors
    /// The system's reason.
    pub fn is_alone(&self, child: &Child, grace: Duration) -> io::Result<bool> {
        let until = Instant::now().checked_add(grace);
        loop {
            if self.left(child)?.is_empty() {
                return Ok(true);
            }
            if until.is_none_or(|until| Instant::now() >= until) {
                return Ok(false);
            }
            thread::sleep(PAUSE);
        }
    }

    /// Ends `child` and every descendant by force. `child` itself is left to be reaped.
    ///
    /// # Errors
    /// The system's reason, or that some were left after `patience`.
    pub fn end(&self, child: &Child, patience: Duration) -> io::Result<()> {
        child.kill();
        let until = Instant::now().checked_add(patience);
        loop {
            let left = self.left(child)?;
            if left.is_empty() {
                return Ok(());
            }
            for pid in left {
                if let Some(pid) = number(pid) {
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
            if until.is_none_or(|until| Instant::now() >= until) {
                return Err(io::Error::other("processes of it are still running"));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Returns the descendants of this process that came since, without `child`. Those that have exited are reaped, if
    /// they are this process's own by now.
    fn left(&self, child: &Child) -> io::Result<BTreeSet<u32>> {
        let mut left = descendants(&self.others)?;
        left.remove(&child.id());
        left.retain(|pid| {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            let exited = number(*pid).and_then(|pid| waitid(WaitId::Pid(pid), options).ok());
            exited.flatten().is_none()
        });
        Ok(left)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if !self.was_reaper {
            let _ = set_child_subreaper(None);
        }
    }
}

fn number(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Returns every process that this one is an ancestor of, but for `others` and what came of them.
fn descendants(others: &BTreeSet<u32>) -> io::Result<BTreeSet<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if let Some((_, parent)) = look(pid) {
            parents.push((pid, parent));
        }
    }
    let mut found = BTreeSet::from([std::process::id()]);
    loop {
        let before = found.len();
        for (pid, parent) in &parents {
            if found.contains(parent) && !others.contains(pid) {
                found.insert(*pid);
            }
        }
        if found.len() == before {
            break;
        }
    }
    found.remove(&std::process::id());
    Ok(found)
}
