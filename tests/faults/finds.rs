//! Proof that the harness finds what it is for, and does not cry over what is right.

use std::fs;
use std::time::{Duration, Instant};

use super::report::{Report, Violation};
use super::subject::Ended;
use super::victim::{check, prepare};
use super::{Errno, Fault, Outcome, Sweep, sweep};

const KILLS: &[Fault] = &[Fault::KillBefore, Fault::KillAfter];
const ERRORS: &[Fault] = &[Fault::Fails(Errno::NoSpace), Fault::Fails(Errno::Io)];

#[test]
fn an_atomic_writer_passes_every_fault() {
    let report = sweep("atomic_writer", || prepare("atomic_writer"), check);
    report.assert_clean();
    for fault in Fault::ALL {
        assert!(
            report.points_of(fault) > 0,
            "no point with {fault}\n{report}"
        );
    }
    assert!(report.points() >= 45, "{report}");
    assert_eq!(
        report.points_at("write", Fault::Short),
        2,
        "the file, and ok\n{report}"
    );
    assert_eq!(report.points_at("rename", Fault::KillAfter), 1, "{report}");
    assert_eq!(
        report.points_at("exit_group", Fault::KillAfter),
        0,
        "it never returns\n{report}"
    );
}

#[test]
fn a_torn_writer_is_found_by_kills() {
    let report = over("torn_writer", KILLS);
    assert_eq!(
        found(&report),
        ["openat:1:KILL-AFTER", "write:1:KILL-BEFORE"],
        "{report}"
    );
}

#[test]
fn a_torn_writer_is_found_by_errors_and_short_writes_but_not_by_interruptions() {
    let report = over("torn_writer", ERRORS);
    assert_eq!(
        found(&report),
        ["write:1:ENOSPC", "write:1:EIO"],
        "{report}"
    );
    over(
        "torn_writer",
        &[Fault::Fails(Errno::Interrupted), Fault::Short],
    )
    .assert_clean();
}

#[test]
fn a_thread_is_followed() {
    let report = over("torn_in_a_thread", KILLS);
    assert!(
        found(&report).contains(&"write:1:KILL-BEFORE".to_owned()),
        "{report}"
    );
}

#[test]
fn a_child_of_the_same_program_is_followed() {
    let report = over("torn_in_a_child", &[Fault::Fails(Errno::NoSpace)]);
    assert!(torn(&report) > 0, "{report}");
}

#[test]
fn a_thread_of_a_child_is_followed() {
    let report = over(
        "torn_in_a_thread_of_a_child",
        &[Fault::Fails(Errno::NoSpace)],
    );
    assert!(torn(&report) > 0, "{report}");
}

#[test]
fn a_liar_is_found() {
    let report = over("liar", ERRORS);
    let lies = report
        .violations()
        .iter()
        .filter(|it| it.what.contains("said ok"))
        .count();
    assert!(
        lies > 0 && torn(&report) > 0,
        "both kinds are expected\n{report}"
    );
}

#[test]
fn a_violation_comes_with_the_line_that_runs_its_point_again() {
    let sweep = || over("liar", ERRORS).to_string();
    let test = std::thread::Builder::new().name("the::name_of_a_test".to_owned());
    let report = test.spawn(sweep).unwrap().join().unwrap();
    let again = "BROKER_FAULT=write:1:ENOSPC cargo test --test suite -- --exact \
                 the::name_of_a_test --nocapture";
    assert!(report.contains(again), "{report}");
}

#[test]
fn one_who_believes_every_count_is_found_by_short_writes_only() {
    let report = over("believes_every_count", &Fault::ALL);
    assert_eq!(found(&report), ["write:1:SHORT"], "{report}");
}

#[test]
fn a_shortened_call_gives_the_program_its_registers_back() {
    let report = Sweep::new("counts_on_its_registers")
        .just("write:1:SHORT")
        .run(
            || prepare("counts_on_its_registers"),
            |world, outcome| {
                if outcome.succeeded() {
                    check(world, outcome)
                } else {
                    Err("not so".to_owned())
                }
            },
        );
    report.assert_clean();
    assert_eq!(report.points_of(Fault::Short), 1, "{report}");
}

#[test]
fn a_close_that_fails_closes_all_the_same() {
    let mut ends = Vec::new();
    let report = Sweep::new("locks_twice").just("close:1:EIO").run(
        || prepare("locks_twice"),
        |world, outcome| {
            ends.push(outcome.ended);
            check(world, outcome)
        },
    );
    report.assert_clean();
    assert_eq!(ends, [Ended::Exit(0), Ended::Exit(0)], "{report}");
}

#[test]
fn a_hang_is_a_violation_and_ends_at_the_deadline() {
    let began = Instant::now();
    let report = Sweep::new("sticks_when_interrupted")
        .deadline(Duration::from_secs(2))
        .just("fsync:3:EINTR")
        .run(|| prepare("sticks_when_interrupted"), check);
    assert_eq!(found(&report), ["fsync:3:EINTR"], "{report}");
    assert!(report.to_string().contains("hung"), "{report}");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_process_left_behind_is_counted_and_ended() {
    let mut left = Vec::new();
    let report = Sweep::new("leaves_a_child").just("write:1:EIO").run(
        || prepare("leaves_a_child"),
        |_, outcome| {
            left.push((outcome.left_behind, child_lives(outcome)));
            Ok(())
        },
    );
    assert_eq!(report.points(), 1, "{report}");
    assert_eq!(left, [(1, Some(false)), (1, Some(false))]);
}

#[test]
fn a_process_that_hides_its_memory_is_still_open_to_faults() {
    let mut ends = Vec::new();
    let report = Sweep::new("atomic_writer").just("fsync:1:EIO").run(
        || prepare("atomic_writer"),
        |_, outcome| {
            ends.push((
                outcome.ended,
                String::from_utf8_lossy(&outcome.stderr).into_owned(),
            ));
            Ok(())
        },
    );
    report.assert_clean();
    assert_eq!(report.points(), 1, "{report}");
    let told = "victim: Input/output error (os error 5)\n".to_owned();
    assert_eq!(
        ends,
        [(Ended::Exit(0), String::new()), (Ended::Exit(1), told)]
    );
}

fn over(name: &str, faults: &[Fault]) -> Report {
    Sweep::new(name).only(faults).run(|| prepare(name), check)
}

fn found(report: &Report) -> Vec<String> {
    let injected = |it: &Violation| {
        it.injected
            .as_ref()
            .map_or("no fault".to_owned(), ToString::to_string)
    };
    report.violations().iter().map(injected).collect()
}

fn torn(report: &Report) -> usize {
    report
        .violations()
        .iter()
        .filter(|it| it.what.starts_with("torn"))
        .count()
}

/// Returns whether the child lives whose number the victim told; a zombie does not.
fn child_lives(outcome: &Outcome) -> Option<bool> {
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
    let number = said.split_once("child ")?.1.trim_end();
    let state = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    Some(!state.is_empty() && !state.contains(") Z "))
}
