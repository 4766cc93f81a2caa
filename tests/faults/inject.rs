//! The faults at work: what is done to a thread when it enters and when it leaves a call.

use std::io;

use super::fault::Fault;
use super::kernel::{self, Tid};
use super::names::name_of;
use super::registers::{set_argument, set_result, skip_call};
use super::table;
use super::tracer::Seen;

/// The fault of a run: at which call, and the call as it was when it was recorded.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) call: Seen,
    pub(super) fault: Fault,
}

/// What is still to be done when a thread leaves the call.
#[derive(Clone, Copy, Debug)]
pub(super) enum AtExit {
    Kill,
    Answer(i64),
    PutBack { argument: usize, value: u64 },
}

/// Injects the fault at the entry of its call. Returns what is left for the exit, and whether the
/// fault has happened.
pub(super) fn inject(tid: Tid, plan: &Plan, call: &Seen) -> io::Result<(Option<AtExit>, bool)> {
    match plan.fault {
        Fault::KillBefore => {
            skip_call(tid)?;
            kernel::kill(tid);
            Ok((None, true))
        }
        Fault::KillAfter => Ok((Some(AtExit::Kill), false)),
        Fault::Fails(errno) => {
            if !table::happens_anyway(&name_of(call.number)) {
                skip_call(tid)?;
            }
            Ok((Some(AtExit::Answer(-i64::from(errno.number()))), true))
        }
        Fault::Short => match table::shortened(&plan.call) {
            Some((argument, half)) if call.arguments[argument] > half => {
                set_argument(tid, argument, half)?;
                let value = call.arguments[argument];
                Ok((Some(AtExit::PutBack { argument, value }), true))
            }
            _ => Ok((None, false)),
        },
    }
}

/// Does at the exit what was left for it. Returns whether the fault happened only now.
pub(super) fn finish(tid: Tid, at_exit: AtExit) -> io::Result<bool> {
    match at_exit {
        AtExit::Kill => {
            kernel::kill(tid);
            return Ok(true);
        }
        AtExit::Answer(answer) => set_result(tid, answer)?,
        AtExit::PutBack { argument, value } => set_argument(tid, argument, value)?,
    }
    Ok(false)
}
