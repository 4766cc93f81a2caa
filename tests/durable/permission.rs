//! Permission under every fault: what was allowed or revoked is so or is not, a secret goes to what is allowed alone,
//! and to nothing of which the log does not tell.

use std::process::{Command, Output, Stdio};

use broker::audit::Action;
use broker::policy::{Found, Requests};
use jiff::Timestamp;

use super::sealed::Sealed;
use super::vault::{ERRORS, KILLS, open, root};
use super::{NEW, OLD};
use crate::faults::{Fault, Outcome, Subject, Sweep, World};
use crate::support::home::BROKER;

const ALLOW: [&str; 5] = [
    "allow",
    "--env",
    "A=broker://old",
    "--",
    "/usr/bin/printenv",
];
pub(super) const EXEC: [&str; 5] = ["exec", "--env", "A=broker://old", "--", "/usr/bin/printenv"];
const REVOKE: [&str; 2] = ["revoke", "--all"];

/// Where every command here runs, as in the sweeps.
const VARIABLES: [(&str, &str); 2] = [("PATH", "/usr/bin:/bin"), ("HOME", "/")];

pub(super) fn subject(world: &World, words: &[&str]) -> Subject {
    let subject = Subject::new(BROKER).arg("--home").arg(root(world)).cwd("/");
    let subject = words.iter().fold(subject, |all, word| all.arg(*word));
    let variables = VARIABLES.into_iter();
    variables.fold(subject, |all, (name, value)| all.env(name, value))
}

/// Runs a command without a tracer and without a terminal.
pub(super) fn run(world: &World, words: &[&str], stdin: Stdio) -> Output {
    let mut command = Command::new(BROKER);
    command.arg("--home").arg(root(world)).args(words);
    command.env_clear().envs(VARIABLES).current_dir("/");
    crate::support::without_terminal(&mut command);
    command.stdin(stdin).output().unwrap()
}

fn ok(world: &World, words: &[&str]) -> Output {
    let output = run(world, words, Stdio::null());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
    output
}

/// A home with the secret `old`, and [`EXEC`] allowed or not.
pub(super) fn template(is_allowed: bool) -> World {
    let world = World::empty();
    ok(
        &world,
        &["init", "--store", "vault", "--key-file", "--unattended"],
    );
    std::fs::write(world.path("value"), OLD).unwrap();
    let value = std::fs::File::open(world.path("value")).unwrap();
    assert!(run(&world, &["set", "old"], value.into()).status.success());
    if is_allowed {
        ok(&world, &ALLOW);
    }
    world
}

fn sweep(
    label: &str,
    words: &[&str],
    faults: &[Fault],
    template: &World,
    mut check: impl FnMut(&World, &Outcome) -> Result<(), String>,
) {
    let report = Sweep::new(&format!("{words:?}, {label}")).only(faults).run(
        || {
            let world = World::copy_of(template);
            (subject(&world, words), world)
        },
        |world, outcome| {
            let said = [outcome.stdout.as_slice(), &outcome.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            check(world, outcome).map_err(|what| format!("{what}; it said: {said}"))
        },
    );
    report.assert_clean();
    for fault in faults {
        assert!(report.points_of(*fault) > 0, "{fault:?} was never tried");
    }
}

/// A change of what is allowed: afterwards [`EXEC`] is started, or it is not.
fn changes(words: &[&str], action: Action, is_allowed_after: bool, faults: &[Fault]) {
    let template = template(!is_allowed_after);
    sweep("a change", words, faults, &template, |world, outcome| {
        let (home, mut stores) = open(world)?;
        let sealed = Sealed::of(&home, &mut stores, outcome)?;
        let is_allowed = !sealed.grants.all().is_empty();
        let is_new = is_allowed == is_allowed_after;
        if outcome.succeeded() && !is_new {
            return Err("it said that it succeeded, but the state is the old one".to_owned());
        }
        if outcome.injected.is_none() && !outcome.succeeded() {
            return Err("undisturbed, it failed".to_owned());
        }
        sealed.tells(action, is_new, outcome)?;
        // Commands are slow, so they look at what is out of the ordinary alone.
        if outcome.injected.is_none() || sealed.is_interrupted {
            commands_agree(world, is_allowed)?;
            let fixed = run(world, &["doctor", "--fix"], Stdio::null());
            if !fixed.status.success() {
                return Err(format!(
                    "doctor: {}",
                    String::from_utf8_lossy(&fixed.stdout)
                ));
            }
            let (home, mut stores) = open(world)?;
            let sealed = Sealed::of(&home, &mut stores, outcome)?;
            if sealed.is_interrupted || sealed.grants.all().is_empty() == is_allowed {
                return Err("mended, it is another state".to_owned());
            }
            commands_agree(world, is_allowed)?;
        }
        Ok(())
    });
}

/// Demands that `exec` starts what is allowed and nothing else, and that what it starts is listed and can be
/// revoked.
fn commands_agree(world: &World, is_allowed: bool) -> Result<(), String> {
    let seen = run(world, &EXEC, Stdio::null());
    let has_value = String::from_utf8_lossy(&seen.stdout).contains(&format!("A={OLD}\n"));
    if (seen.status.success(), has_value) != (is_allowed, is_allowed) {
        let said = String::from_utf8_lossy(&seen.stderr);
        return Err(format!("exec: {:?}: {said}", seen.status));
    }
    let verified = run(world, &["log", "verify"], Stdio::null());
    if !verified.status.success() {
        let said = String::from_utf8_lossy(&verified.stdout);
        return Err(format!("log verify: {said}"));
    }
    let listed = run(world, &["--json", "grants"], Stdio::null());
    let listed: serde_json::Value =
        serde_json::from_slice(&listed.stdout).map_err(|e| format!("grants: {e}"))?;
    if is_allowed && listed[0]["id"].is_null() {
        return Err("what is started is not listed".to_owned());
    }
    if let (true, Some(id)) = (is_allowed, listed[0]["id"].as_str()) {
        let copy = World::copy_of(world);
        ok(&copy, &["revoke", id]);
        if run(&copy, &EXEC, Stdio::null()).status.success() {
            return Err("it is started although it was revoked".to_owned());
        }
    }
    Ok(())
}

/// Demands that a value left only to what was allowed, with an entry of the log, and that the home is whole.
fn releases(is_allowed: bool, faults: &[Fault]) {
    let template = template(is_allowed);
    let label = if is_allowed { "allowed" } else { "not allowed" };
    sweep(label, &EXEC, faults, &template, |world, outcome| {
        let (home, mut stores) = open(world)?;
        let sealed = Sealed::of(&home, &mut stores, outcome)?;
        let has_value = String::from_utf8_lossy(&outcome.stdout).contains(OLD);
        if has_value && !is_allowed {
            return Err("a value left to what nobody allowed".to_owned());
        }
        if has_value && sealed.intents(Action::Exec, "old") != 1 {
            return Err("a value left, and the log does not tell of it".to_owned());
        }
        if outcome.succeeded() != has_value {
            return Err("it said that it succeeded, and the server has no value".to_owned());
        }
        if outcome.injected.is_none() && has_value != is_allowed {
            return Err("undisturbed, it did otherwise".to_owned());
        }
        let said = String::from_utf8_lossy(&outcome.stderr);
        match said.split_once("/home allow ").map(|(_, id)| id.trim_end()) {
            Some(id) => {
                let file = std::fs::read(home.paths.requests_file()).unwrap_or_default();
                let requests = Requests::parse("requests", &file, Timestamp::now());
                if !requests.is_ok_and(|all| matches!(all.find(id), Found::One(_))) {
                    return Err("the request it names was not written down".to_owned());
                }
            }
            None if outcome.injected.is_none() && !is_allowed => {
                return Err("undisturbed, it names no request".to_owned());
            }
            None => {}
        }
        if said.contains(OLD) || said.contains(NEW) {
            return Err("it said the value".to_owned());
        }
        Ok(())
    });
}

macro_rules! faults {
    ($($test:ident: $run:expr;)*) => {
        $(#[test]
        fn $test() {
            $run;
        })*
    };
}

faults! {
    a_killed_allow_allows_or_does_not: changes(&ALLOW, Action::Allow, true, KILLS);
    an_allow_with_failing_calls_allows_or_does_not: changes(&ALLOW, Action::Allow, true, ERRORS);
    a_killed_revoke_revokes_or_does_not: changes(&REVOKE, Action::Revoke, false, KILLS);
    a_revoke_with_failing_calls_revokes_or_does_not: changes(&REVOKE, Action::Revoke, false, ERRORS);
    a_killed_exec_releases_what_the_log_tells_of: releases(true, KILLS);
    an_exec_with_failing_calls_releases_what_the_log_tells_of: releases(true, ERRORS);
    a_killed_exec_of_what_is_not_allowed_releases_nothing: releases(false, KILLS);
    an_exec_with_failing_calls_of_what_is_not_allowed_releases_nothing: releases(false, ERRORS);
}
