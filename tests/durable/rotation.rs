//! `rotate` and `rollback` under every fault: a server gets the old value or the new one whole, the same that was told;
//! a value that is kept is there; and the next rotation leaves nothing over.

use std::collections::HashSet;
use std::io::{Seek, Write};
use std::process::{Output, Stdio};

use broker::audit::Action;
use broker::catalog::{Catalog, Home};
use broker::store::ItemId;

use super::permission::{EXEC, run, subject, template};
use super::sealed::Sealed;
use super::vault::{ERRORS, open};
use super::{NEW, OLD, One, name, value};
use crate::faults::{Fault, Outcome, Sweep, World};
use crate::support::home::Answer;

/// The value of the last rotation of all.
const LAST: &str = "canary-last-77aa01cd";
/// The value of the rotation before a case.
pub(super) const EARLIER: &str = "canary-earlier-20ce41b8";

/// Which version is the current one, and which is kept beside it.
type State = (u32, Option<u32>);

/// A command, and what it does to a secret that was rotated before or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) words: &'static [&'static str],
    pub(super) is_rotated: bool,
    action: Action,
    /// What it says once it is done, and never else.
    said: &'static str,
    after: State,
}

pub(super) const FIRST: Turn = Turn {
    words: &["rotate", "old"],
    is_rotated: false,
    action: Action::Rotate,
    said: "rotated \"old\" to version 2",
    after: (2, Some(1)),
};
pub(super) const SECOND: Turn = Turn {
    words: &["rotate", "old"],
    is_rotated: true,
    action: Action::Rotate,
    said: "rotated \"old\" to version 3",
    after: (3, Some(2)),
};
pub(super) const AT_ONCE: Turn = Turn {
    words: &["rotate", "old", "--keep", "0"],
    is_rotated: true,
    action: Action::Rotate,
    said: "rotated \"old\" to version 3",
    after: (3, None),
};
pub(super) const BACK: Turn = Turn {
    words: &["rollback", "old"],
    is_rotated: true,
    action: Action::Rollback,
    said: "\"old\" has version 1 again",
    after: (1, Some(2)),
};

impl Turn {
    fn before(self) -> State {
        if self.is_rotated {
            (2, Some(1))
        } else {
            (1, None)
        }
    }

    /// Returns the value that a version has.
    fn value(self, version: u32) -> &'static str {
        match version {
            1 => OLD,
            2 if self.is_rotated => EARLIER,
            _ => NEW,
        }
    }

    /// Returns the value that a server is to get.
    fn current(self, is_new: bool) -> &'static str {
        self.value(if is_new { self.after } else { self.before() }.0)
    }

    /// Judges what a command left: the old state or the new one, and the new one if that was said. Returns which.
    pub(super) fn judge(
        self,
        home: &Home,
        stores: &mut One,
        said: &str,
        succeeded: bool,
    ) -> Result<bool, String> {
        let catalog = home.catalog().map_err(|e| format!("the catalog: {e}"))?;
        let state = state(&catalog)?;
        let is_new = state == self.after;
        if !is_new && state != self.before() {
            return Err(format!("neither the old nor the new state: {state:?}"));
        }
        if (succeeded || said.contains(self.said)) && !is_new {
            return Err("it said that it was done, and the state is the old one".to_owned());
        }
        if said.contains(OLD) || said.contains(NEW) || said.contains(EARLIER) {
            return Err("it said a value".to_owned());
        }
        let record = catalog.get(&name("old")).map_err(|e| format!("{e}"))?;
        for version in record.live() {
            let item = catalog.item(record, version);
            let read = stores.0.read(&[item]);
            let read = read.map_err(|e| format!("version {version}: {e}"))?;
            if !read[0].same_as(&value(self.value(version.0))) {
                return Err(format!("version {version} has another value"));
            }
        }
        let pending = catalog.pending().iter();
        let pending = pending.map(|p| ItemId::secret(&home.record.id, &p.name, p.version));
        let known: Vec<_> = named(home, &catalog).into_iter().chain(pending).collect();
        let held = stores.0.items(&home.record.id);
        let mut held = held.map_err(|e| format!("listing: {e}"))?;
        held.retain(|item| !known.contains(item));
        match held.is_empty() {
            true => Ok(is_new),
            false => Err(format!("the store holds what nothing names: {held:?}")),
        }
    }
}

fn state(catalog: &Catalog) -> Result<State, String> {
    let record = catalog.get(&name("old")).map_err(|e| format!("{e}"))?;
    let previous = record.previous().map(|kept| kept.version.0);
    Ok((record.current.0, previous))
}

/// Returns what a store is to hold: the living versions, and the seal.
fn named(home: &Home, catalog: &Catalog) -> Vec<ItemId> {
    let records = catalog.secrets().iter();
    let living = records.flat_map(|r| r.live().map(|version| catalog.item(r, version)));
    let mut named: Vec<_> = living.chain([ItemId::seal(&home.record.id)]).collect();
    named.sort();
    named
}

/// Demands that nothing is pending, that the store holds what the catalog names, and that the current version is that one.
fn is_clean(home: &Home, stores: &mut One, current: u32) -> Result<(), String> {
    let catalog = home.catalog().map_err(|e| format!("the catalog: {e}"))?;
    if !catalog.pending().is_empty() || state(&catalog)?.0 != current {
        return Err(format!("not cleaned up: {catalog:?}"));
    }
    let held = stores.0.items(&home.record.id);
    let mut held = held.map_err(|e| format!("listing: {e}"))?;
    held.sort();
    let named = named(home, &catalog);
    match named == held {
        true => Ok(()),
        false => Err(format!(
            "the catalog names {named:?}, the store holds {held:?}"
        )),
    }
}

/// What a command came to that nothing disturbed.
pub(super) struct Ran {
    is_done: bool,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            is_done: output.status.success(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

impl From<Answer> for Ran {
    fn from(answer: Answer) -> Self {
        Self {
            is_done: answer.code == 0,
            stdout: answer.stdout,
            stderr: answer.stderr,
        }
    }
}

impl Ran {
    fn done(self, what: &str) -> Result<Self, String> {
        match self.is_done {
            true => Ok(self),
            false => Err(format!("{what}: {}", self.stderr)),
        }
    }
}

impl Turn {
    /// Demands that the server that is allowed gets the value, and that another rotation leaves nothing over. Commands
    /// are run by `broker` with their input, and the server by `seen`.
    pub(super) fn goes_on(
        self,
        is_new: bool,
        home: &Home,
        stores: &mut One,
        broker: &dyn Fn(&[&str], &str) -> Ran,
        seen: &dyn Fn() -> Ran,
    ) -> Result<(), String> {
        let given = |text: &str| match seen().done("exec")?.stdout.contains(text) {
            true => Ok(()),
            false => Err(format!("the server was not given \"{text}\"")),
        };
        given(self.current(is_new))?;
        let _ = broker(&["rotate", "old"], LAST).done("the next rotation")?;
        given(LAST)?;
        let _ = broker(&["log", "verify"], "").done("log verify")?;
        let highest = self.before().0.max(if is_new { self.after.0 } else { 0 });
        is_clean(home, stores, highest + 1)
    }
}

/// Runs a command that is given a value.
fn fed(world: &World, words: &[&str], text: &str) -> Ran {
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    input.rewind().unwrap();
    run(world, words, input.into()).into()
}

/// Sweeps over a command on a vault.
fn sweep(turn: Turn, faults: &[Fault]) {
    let template = template(true);
    if turn.is_rotated {
        let rotated = fed(&template, &["rotate", "old"], EARLIER);
        let _ = rotated.done("the rotation before").unwrap();
    }
    let told = run(&template, &["--json", "log"], Stdio::null());
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let next = told.as_array().unwrap().last().unwrap()["seq"]
        .as_u64()
        .unwrap()
        + 1;
    let mut gone_on = HashSet::new();
    let label = format!("{:?}, rotated before: {}", turn.words, turn.is_rotated);
    let report = Sweep::new(&label).only(faults).run(
        || {
            let world = World::copy_of(&template);
            (subject(&world, turn.words).stdin(NEW), world)
        },
        |world, outcome: &Outcome| {
            let said = [outcome.stdout.as_slice(), &outcome.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            let checked = open(world).and_then(|(home, mut stores)| {
                let succeeded = outcome.succeeded();
                let is_new = turn.judge(&home, &mut stores, &said, succeeded)?;
                if outcome.injected.is_none() && !succeeded {
                    return Err("undisturbed, it failed".to_owned());
                }
                let sealed = Sealed::of(&home, &mut stores, outcome)?.since(next);
                sealed.tells(turn.action, is_new, outcome)?;
                // Commands are slow, so they go on once from what is the same.
                let catalog = home.catalog().map_err(|e| format!("the catalog: {e}"))?;
                let pending = catalog
                    .pending()
                    .iter()
                    .map(|p| p.version)
                    .collect::<Vec<_>>();
                if gone_on.insert((is_new, succeeded, pending, sealed.entries())) {
                    let broker = |words: &[&str], stdin: &str| fed(world, words, stdin);
                    let seen = || run(world, &EXEC, Stdio::null()).into();
                    turn.goes_on(is_new, &home, &mut stores, &broker, &seen)?;
                }
                Ok(())
            });
            checked.map_err(|what| format!("{what}; it said: {said}"))
        },
    );
    report.assert_clean();
    for fault in faults {
        assert!(report.points_of(*fault) > 0, "{fault:?} was never tried");
    }
    assert!(gone_on.len() > 3, "only {gone_on:?} was found");
}

/// A kill after a call is one before the next.
const KILLS: &[Fault] = &[Fault::KillAfter];

macro_rules! faults {
    ($($(#[$slow:meta])? $test:ident: $turn:ident, $faults:expr;)*) => {
        $(#[test]
        $(#[$slow])?
        fn $test() {
            sweep($turn, $faults);
        })*
    };
}

faults! {
    a_killed_rotation_has_the_old_value_or_the_new_one: SECOND, KILLS;
    a_rotation_with_failing_calls_has_the_old_value_or_the_new_one: SECOND, ERRORS;
    #[ignore = "slow, and much like the one before"]
    a_killed_first_rotation_has_the_old_value_or_the_new_one: FIRST, KILLS;
    #[ignore = "slow, and much like the one before"]
    a_first_rotation_with_failing_calls_has_the_old_value_or_the_new_one: FIRST, ERRORS;
    #[ignore = "slow, and much like the ones before"]
    a_killed_rotation_that_keeps_nothing_has_the_old_value_or_the_new_one: AT_ONCE, KILLS;
    #[ignore = "slow, and much like the ones before"]
    a_rotation_that_keeps_nothing_with_failing_calls_has_the_old_value_or_the_new_one: AT_ONCE, ERRORS;
    a_killed_rollback_has_the_one_value_or_the_other: BACK, KILLS;
    #[ignore = "slow, and much like the ones before"]
    a_rollback_with_failing_calls_has_the_one_value_or_the_other: BACK, ERRORS;
}
