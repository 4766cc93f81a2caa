//! A real keyring that is killed in the middle of a rotation, at each call that broker makes to it, before it has the call
//! or after it has done what it was called for. It is started again on the same files.

use broker::catalog::Home as Opened;
use broker::paths::HomePaths;
use broker::store::Asking;
use broker::store::keychain::Keychain;

use super::rotation::{AT_ONCE, BACK, EARLIER, FIRST, Ran, SECOND, Turn};
use super::{NEW, OLD, One};
use crate::support::between::{Between, When};
use crate::support::bus::Bus;
use crate::support::home::{Answer, Home, Run};

/// The variable by which broker finds the bus.
const VARIABLE: &str = "DBUS_SESSION_BUS_ADDRESS";

/// More calls than any command makes.
const MANY: usize = 200;

/// How often a point is begun again, where the keyring ended by itself.
const TRIES: usize = 4;

/// A server that prints what it is given.
fn server<'a>(home: &'a Home) -> Run<'a> {
    home.broker([
        "exec",
        "--env",
        "A=broker://old",
        "--",
        "/usr/bin/printenv",
        "A",
    ])
}

/// A home with the secret `old`, which a server may have.
fn home(turn: Turn, bus: &Bus) -> Home {
    let home = Home::empty();
    let root = home.path("home");
    let home = home.with("BROKER_HOME", root).with(VARIABLE, bus.address());
    let init = ["init", "--store", "keychain", "--unattended"];
    let _ = home.broker(init).run().ok();
    home.set("old", OLD.as_bytes());
    let _ = server(&home).allowing().run().ok();
    if turn.is_rotated {
        let _ = home.broker(["rotate", "old"]).stdin(EARLIER).run().ok();
    }
    home
}

/// One command, at one point. Returns the call at which the keyring was killed, none if it makes fewer calls than that.
fn at(turn: Turn, bus: &mut Bus, when: When) -> Result<Option<String>, String> {
    let home = home(turn, bus);
    let between = Between::new(bus.address());
    between.plan(when, bus.killer());
    let run = home.broker(turn.words).stdin(NEW);
    let answer = run.env(VARIABLE, between.address()).run();
    let calls = between.calls();
    let is_disturbed = between.is_done();
    bus.kill_keyring();
    bus.start_keyring("pw");
    let what = judged(turn, &home, bus, &answer, is_disturbed);
    what.map_err(|what| format!("{what}; it said: {}; it called {calls:?}", answer.stderr))?;
    let (When::Before(number) | When::Answered(number)) = when;
    Ok(calls.get(number).filter(|_| is_disturbed).cloned())
}

fn judged(
    turn: Turn,
    home: &Home,
    bus: &Bus,
    answer: &Answer,
    is_disturbed: bool,
) -> Result<(), String> {
    let mut stores = One(Box::new(Keychain::at(bus.address(), Asking::Never)));
    let opened = Opened::open(HomePaths::under(&home.path("home")));
    let opened = opened.expect("readable").expect("there");
    let succeeded = answer.code == 0;
    let is_new = turn.judge(&opened, &mut stores, &answer.stderr, succeeded)?;
    if !is_disturbed && !succeeded {
        return Err("undisturbed, it failed".to_owned());
    }
    let broker = |words: &[&str], stdin: &str| Ran::from(home.broker(words).stdin(stdin).run());
    let seen = || Ran::from(server(home).run());
    turn.goes_on(is_new, &opened, &mut stores, &broker, &seen)
}

/// Kills the keyring at each call of a command, among which are those of `methods`.
fn killed(turn: Turn, methods: &[&str]) {
    let mut bus = Bus::start();
    for when in [When::Before as fn(usize) -> When, When::Answered] {
        let points = (0..MANY).map_while(|number| again(turn, &mut bus, when(number)));
        let points: Vec<_> = points.collect();
        eprintln!("{:?}: {points:?}", turn.words);
        assert!(points.len() < MANY);
        for method in methods {
            assert!(points.iter().any(|point| point == method), "{points:?}");
        }
    }
}

fn again(turn: Turn, bus: &mut Bus, when: When) -> Option<String> {
    for _ in 0..TRIES {
        match at(turn, bus, when) {
            Ok(point) => return point,
            Err(_) if bus.has_lost_keyring() => bus.start_keyring("pw"),
            Err(what) => panic!("{:?} with the keyring killed {when:?}: {what}", turn.words),
        }
    }
    panic!("the keyring ended by itself {TRIES} times at {when:?}");
}

#[test]
fn a_rotation_whose_keyring_is_killed_has_the_old_value_or_the_new_one() {
    killed(SECOND, &["CreateItem", "GetSecrets", "Delete"]);
}

#[test]
#[ignore = "slow, and much like the one before"]
fn a_rotation_that_keeps_nothing_and_whose_keyring_is_killed_has_the_old_value_or_the_new_one() {
    killed(AT_ONCE, &["CreateItem", "GetSecrets", "Delete"]);
}

#[test]
#[ignore = "slow, and much like the ones before"]
fn a_first_rotation_whose_keyring_is_killed_has_the_old_value_or_the_new_one() {
    killed(FIRST, &["CreateItem", "GetSecrets"]);
}

#[test]
fn a_rollback_whose_keyring_is_killed_has_the_one_value_or_the_other() {
    killed(BACK, &["GetSecrets"]);
}
