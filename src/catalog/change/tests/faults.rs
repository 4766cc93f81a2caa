//! Faults at the steps of a change: the calls of the stores and the replacements of the catalog, counted over all
//! of them.
//!
//! A step that dies ends the work there and then, as the end of the process would: nothing of it is told or taken back.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::*;
use crate::paths::FileError;

/// What is done, in a store or with the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::catalog) enum Step {
    Check,
    Read,
    Write,
    Remove,
    List,
    /// The catalog is replaced.
    Save,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::catalog) enum How {
    /// It is not done, and that is said.
    Fails,
    /// It is done, and is said not to be.
    FailsAfter,
    /// No call of a store is done any more.
    StoresGone,
    /// The first is done, but neither that one nor any later call of a store is answered.
    StoresGoneAfter,
    /// The catalog is not replaced any more.
    DiskFull,
    /// The process ends before it is done.
    Dies,
    /// The process ends once it is done.
    DiesAfter,
}

impl How {
    pub(super) const ALL: [Self; 7] = [
        Self::Fails,
        Self::FailsAfter,
        Self::StoresGone,
        Self::StoresGoneAfter,
        Self::DiskFull,
        Self::Dies,
        Self::DiesAfter,
    ];

    /// Tells whether a step after the first disturbed one is disturbed, too.
    const fn lasts(self) -> bool {
        matches!(
            self,
            Self::StoresGone | Self::StoresGoneAfter | Self::DiskFull
        )
    }

    /// Tells whether it can go wrong so at a step.
    fn fits(self, step: Step) -> bool {
        match self {
            Self::StoresGone | Self::StoresGoneAfter => step != Step::Save,
            Self::DiskFull => step == Step::Save,
            Self::Fails | Self::FailsAfter | Self::Dies | Self::DiesAfter => true,
        }
    }

    /// Tells whether the first disturbed step is done all the same.
    pub(super) const fn is_done(self) -> bool {
        matches!(
            self,
            Self::FailsAfter | Self::StoresGoneAfter | Self::DiesAfter
        )
    }
}

/// What goes wrong, and from which step on it can, counted from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) from: usize,
    pub(super) how: How,
}

impl Plan {
    /// Returns the first step of those that would be taken undisturbed at which it goes wrong.
    pub(super) fn first(self, steps: &[Step]) -> Option<usize> {
        let fits = |(at, step): (usize, &Step)| at >= self.from && self.how.fits(*step);
        steps.iter().enumerate().position(fits)
    }
}

/// What was done, and how it ended.
#[derive(Debug)]
pub(super) struct Ran<T> {
    /// None if the process died.
    pub(super) answer: Option<T>,
    pub(super) steps: Vec<Step>,
    pub(super) is_disturbed: bool,
}

#[derive(Default)]
struct State {
    plan: Option<Plan>,
    is_disturbed: bool,
    steps: Vec<Step>,
}

/// The end of the process.
struct Death;

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Does something under a plan.
pub(super) fn run<T>(plan: Option<Plan>, work: impl FnOnce() -> T) -> Ran<T> {
    STATE.replace(State {
        plan,
        ..State::default()
    });
    let ended = catch_unwind(AssertUnwindSafe(work));
    let state = STATE.take();
    let answer = match ended {
        Ok(answer) => Some(answer),
        Err(why) if why.is::<Death>() => None,
        Err(why) => resume_unwind(why),
    };
    Ran {
        answer,
        steps: state.steps,
        is_disturbed: state.is_disturbed,
    }
}

/// A call of a store.
pub(super) fn calling<T>(
    step: Step,
    kind: StoreKind,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    disturbed(step, work, || StoreError::Denied(kind))
}

/// A replacement of the catalog.
pub(in crate::catalog) fn saving(
    work: impl FnOnce() -> Result<(), CatalogError>,
) -> Result<(), CatalogError> {
    disturbed(Step::Save, work, || FileError::Busy.into())
}

fn disturbed<T, E>(
    step: Step,
    work: impl FnOnce() -> Result<T, E>,
    error: impl FnOnce() -> E,
) -> Result<T, E> {
    let Some((how, is_first)) = STATE.with_borrow_mut(|state| state.take(step)) else {
        return work();
    };
    if how == How::Dies {
        resume_unwind(Box::new(Death));
    }
    if is_first && how.is_done() {
        let _ = work();
    }
    if how == How::DiesAfter {
        resume_unwind(Box::new(Death));
    }
    Err(error())
}

impl State {
    /// Counts a step. Returns what goes wrong at it, and whether nothing did before.
    fn take(&mut self, step: Step) -> Option<(How, bool)> {
        let at = self.steps.len();
        self.steps.push(step);
        let plan = self
            .plan
            .filter(|plan| at >= plan.from && plan.how.fits(step))?;
        let is_first = !self.is_disturbed;
        self.is_disturbed = true;
        (is_first || plan.how.lasts()).then_some((plan.how, is_first))
    }
}
