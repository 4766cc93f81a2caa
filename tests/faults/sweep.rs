//! The sweep: one recording run, then one run per fault and point.

use std::time::{Duration, Instant};

use super::fault::{Fault, Injected, ONE_POINT, Point};
use super::inject::Plan;
use super::names::{name_of, number_of};
use super::report::{Cut, Report, Violation};
use super::run::{self, Run};
use super::subject::{Ended, Outcome, Subject};
use super::table;
use super::tracer::{Seen, Start};
use super::watchdog::Patience;

/// How often a run is repeated that did not come to its point.
const TRIES: u32 = 3;

/// What to sweep over, and how.
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    label: String,
    faults: Vec<Fault>,
    start: Start,
    patience: Patience,
    caps: Vec<Cap>,
    just: Option<String>,
}

#[derive(Clone, Debug)]
struct Cap {
    name: &'static str,
    most: usize,
    why: &'static str,
}

/// Sweeps over every fault with the defaults of [`Sweep::new`].
pub(crate) fn sweep<S>(
    label: &str,
    prepare: impl FnMut() -> (Subject, S),
    check: impl FnMut(&S, &Outcome) -> Result<(), String>,
) -> Report {
    Sweep::new(label).run(prepare, check)
}

impl Sweep {
    /// Sweeps over every fault, from the command's `prctl(PR_SET_DUMPABLE)` on, with 30 seconds
    /// for each run and one for what it leaves behind.
    pub(crate) fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            faults: Fault::ALL.to_vec(),
            start: Start::After {
                number: libc::SYS_prctl,
                first: u64::from(libc::PR_SET_DUMPABLE.cast_unsigned()),
            },
            patience: Patience {
                deadline: Duration::from_secs(30),
                grace: Duration::from_secs(1),
            },
            caps: Vec::new(),
            just: std::env::var(ONE_POINT).ok(),
        }
    }

    /// Sweeps over these faults only, so that several tests can share the work.
    pub(crate) fn only(mut self, faults: &[Fault]) -> Self {
        self.faults = faults.to_vec();
        self
    }

    /// Counts calls from here on.
    pub(crate) fn from(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Gives each run this long before it counts as hung.
    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.patience.deadline = deadline;
        self
    }

    /// Takes at most so many points of a call for each fault, spread over the run. The report
    /// prints what was left out, and why.
    pub(crate) fn cap(mut self, name: &'static str, most: usize, why: &'static str) -> Self {
        assert!(
            number_of(name).is_some(),
            "no system call is named \"{name}\""
        );
        self.caps.push(Cap { name, most, why });
        self
    }

    /// Runs one point only, as the environment variable does.
    pub(crate) fn just(mut self, point: &str) -> Self {
        self.just = Some(point.to_owned());
        self
    }

    /// Runs it all. `prepare` makes a fresh world and the command to run in it; `check` says what
    /// is wrong with the world afterwards. The report is also printed.
    pub(crate) fn run<S>(
        self,
        mut prepare: impl FnMut() -> (Subject, S),
        mut check: impl FnMut(&S, &Outcome) -> Result<(), String>,
    ) -> Report {
        let began = Instant::now();
        let mut report = Report::new(&self.label);
        let mut once = |report: &mut Report, injected: Option<&Injected>, plan: Option<Plan>| {
            let (subject, state) = prepare();
            let run = run::run(subject, self.start, plan, self.patience)
                .unwrap_or_else(|error| panic!("{}: the tracer: {error}", self.label));
            let (outcome, calls, fired) = into_outcome(run, injected);
            if self.just.is_some() {
                show(&outcome);
            }
            if let Err(what) = judge(&outcome, || check(&state, &outcome)) {
                report.violations.push(Violation::new(what, &outcome));
            }
            (calls, fired)
        };

        let (calls, _) = once(&mut report, None, None);
        for (injected, plan) in self.plans(&calls, &mut report) {
            let fired =
                (0..TRIES).any(|_| once(&mut report, Some(&injected), Some(plan.clone())).1);
            report.count(injected, fired);
        }
        report.took = began.elapsed();
        eprint!("{report}");
        report
    }

    /// Returns every fault at every point at which it makes sense, name by name.
    fn plans(&self, calls: &[Seen], report: &mut Report) -> Vec<(Injected, Plan)> {
        let just = self.just.as_deref().map(|text| {
            text.parse::<Injected>()
                .unwrap_or_else(|wrong| panic!("{ONE_POINT}: {wrong}"))
        });
        let mut plans = Vec::new();
        for &fault in &self.faults {
            let mut fitting: Vec<&Seen> = calls
                .iter()
                .filter(|call| table::makes_sense(call, fault))
                .collect();
            for cap in &self.caps {
                cap.apply(fault, &mut fitting, report);
            }
            plans.extend(fitting.into_iter().map(|call| {
                let at = Point {
                    name: name_of(call.number),
                    nth: call.nth,
                };
                (
                    Injected { at, fault },
                    Plan {
                        call: call.clone(),
                        fault,
                    },
                )
            }));
        }
        plans.retain(|(injected, _)| just.as_ref().is_none_or(|just| just == injected));
        plans.sort_by(|one, other| one.0.cmp(&other.0));
        plans
    }
}

impl Cap {
    fn apply(&self, fault: Fault, calls: &mut Vec<&Seen>, report: &mut Report) {
        let capped = |call: &&Seen| name_of(call.number) == self.name;
        let all = calls.iter().filter(|call| capped(call)).count();
        if all <= self.most {
            return;
        }
        let mut index = 0;
        calls.retain(|call| {
            if !capped(call) {
                return true;
            }
            index += 1;
            // Keeps the calls at which another of `most` equal shares is full: the last is one.
            index * self.most / all > (index - 1) * self.most / all
        });
        report.cuts.push(Cut {
            name: self.name,
            fault,
            all,
            kept: self.most,
            why: self.why,
        });
    }
}

fn into_outcome(run: Run, injected: Option<&Injected>) -> (Outcome, Vec<Seen>, bool) {
    let Run {
        traced,
        stdout,
        stderr,
    } = run;
    let outcome = Outcome {
        ended: traced.ended,
        stdout,
        stderr,
        injected: injected.filter(|_| traced.fired).cloned(),
        left_behind: traced.left_behind,
    };
    (outcome, traced.calls, traced.fired)
}

/// A hang is wrong whatever the caller thinks of the world.
fn judge(outcome: &Outcome, check: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    match outcome.ended {
        Ended::Hung => Err("hung until the deadline".to_owned()),
        Ended::Exit(_) | Ended::Signal(_) => check(),
    }
}

/// Shows a run whole, for who looks at one point.
fn show(outcome: &Outcome) {
    let mut text = match &outcome.injected {
        Some(injected) => format!("--- with {injected}"),
        None => "--- without a fault".to_owned(),
    };
    text += &format!(
        ": {:?}, {} left behind\n{}{}",
        outcome.ended,
        outcome.left_behind,
        String::from_utf8_lossy(&outcome.stdout),
        String::from_utf8_lossy(&outcome.stderr),
    );
    eprint!("{text}");
}
