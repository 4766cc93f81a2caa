//! What a sweep found, and how much it did.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::fault::{Fault, Injected, ONE_POINT};
use super::subject::Outcome;
use super::table;

/// Of so many points, one may be missed: threads do not make their calls in the same order twice.
const POINTS_PER_MISS: usize = 20;

/// How much of the command's last error line is quoted.
const QUOTED: usize = 160;

/// The account of one sweep.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    label: String,
    exercised: BTreeMap<String, BTreeMap<Fault, usize>>,
    pub(super) violations: Vec<Violation>,
    missed: Vec<Injected>,
    pub(super) cuts: Vec<Cut>,
    pub(super) took: Duration,
}

/// A run after which the invariant did not hold.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) what: String,
    /// None if it did not even hold without a fault.
    pub(crate) injected: Option<Injected>,
    ended: String,
}

/// Points left out by a cap.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub(super) name: &'static str,
    pub(super) fault: Fault,
    pub(super) all: usize,
    pub(super) kept: usize,
    pub(super) why: &'static str,
}

impl Report {
    pub(super) fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            exercised: BTreeMap::new(),
            violations: Vec::new(),
            missed: Vec::new(),
            cuts: Vec::new(),
            took: Duration::ZERO,
        }
    }

    pub(super) fn count(&mut self, injected: Injected, fired: bool) {
        if fired {
            let faults = self.exercised.entry(injected.at.name).or_default();
            *faults.entry(injected.fault).or_default() += 1;
        } else {
            self.missed.push(injected);
        }
    }

    /// Returns at how many points a fault happened.
    pub(crate) fn points(&self) -> usize {
        Fault::ALL
            .into_iter()
            .map(|fault| self.points_of(fault))
            .sum()
    }

    /// Returns at how many points this fault happened.
    pub(crate) fn points_of(&self, fault: Fault) -> usize {
        self.exercised
            .values()
            .filter_map(|faults| faults.get(&fault))
            .sum()
    }

    /// Returns at how many calls of this name this fault happened.
    pub(crate) fn points_at(&self, name: &str, fault: Fault) -> usize {
        self.exercised
            .get(name)
            .and_then(|faults| faults.get(&fault))
            .copied()
            .unwrap_or(0)
    }

    /// Returns the points that were planned but not come to in any try.
    pub(crate) fn missed(&self) -> &[Injected] {
        &self.missed
    }

    /// Returns the runs after which the invariant did not hold.
    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Fails unless the invariant held at every point, there were points, and they were come to.
    /// A call that is made or not by luck may be missed; it is listed all the same.
    pub(crate) fn assert_clean(&self) {
        let points = self.points();
        let unexplained = |missed: &&Injected| !table::depends_on_luck(&missed.at.name);
        let missed = self.missed.iter().filter(unexplained).count();
        assert!(
            self.violations.is_empty(),
            "the invariant was broken\n{self}"
        );
        assert!(
            missed <= (points + missed) / POINTS_PER_MISS,
            "too many points were not come to\n{self}"
        );
        assert!(
            points > 0,
            "no point was exercised: is the start of the count, or the one point, there?\n{self}"
        );
    }
}

impl Violation {
    pub(super) fn new(what: String, outcome: &Outcome) -> Self {
        let said = String::from_utf8_lossy(&outcome.stderr);
        let last = said.lines().last().unwrap_or_default();
        let quoted: String = last.chars().take(QUOTED).collect();
        Self {
            what,
            injected: outcome.injected.clone(),
            ended: format!(
                "{:?}, {} left behind, {quoted:?}",
                outcome.ended, outcome.left_behind
            ),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        writeln!(
            f,
            "{}: {} points in {seconds:.1} s",
            self.label,
            self.points()
        )?;
        write!(f, "{:20}", "")?;
        for fault in Fault::ALL {
            write!(f, "{fault:>12}")?;
        }
        writeln!(f)?;
        for name in self.exercised.keys() {
            write!(f, "{name:20}")?;
            for fault in Fault::ALL {
                write!(f, "{:>12}", self.points_at(name, fault))?;
            }
            writeln!(f)?;
        }
        for cut in &self.cuts {
            let Cut {
                name,
                fault,
                all,
                kept,
                why,
            } = cut;
            writeln!(f, "capped: {name} {fault}: {kept} of {all}: {why}")?;
        }
        for missed in &self.missed {
            writeln!(f, "not come to: {missed}")?;
        }
        for violation in &self.violations {
            writeln!(f, "broken: {} ({})", violation.what, violation.ended)?;
            match &violation.injected {
                Some(injected) => writeln!(f, "  {}", again(injected))?,
                None => writeln!(f, "  without any fault")?,
            }
        }
        Ok(())
    }
}

/// Returns the line that runs one point of the present test again.
fn again(injected: &Injected) -> String {
    let thread = std::thread::current();
    // A test has its name for its thread, except when tests are run one after the other.
    let test = match thread.name() {
        Some("main") | None => "TEST",
        Some(test) => test,
    };
    format!("{ONE_POINT}={injected} cargo test --test suite -- --exact {test} --nocapture")
}
