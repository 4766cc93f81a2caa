//! Many commands at once: nothing that was allowed is lost, nothing that was not is started, and the log is whole.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Start, grants, log, made, put, reaching, told, unattended};
use crate::support::bus::Bus;
use crate::support::home::Home;

/// A server that leaves no mark, so that many can be started at once.
fn filled(home: Home) -> Home {
    put(
        &home.path("bin/server"),
        "#!/bin/sh\nprintf %s \"$A$K\"\n",
        0o700,
    );
    home.secret("a", "canary-a-value")
}

fn labelled(home: &Home, label: &str) -> Start {
    Start::of([home.path("bin/server")])
        .label(label)
        .flags(&["--env", "A=broker://a"])
}

fn the_log_is_whole(home: &Home) {
    let verified = home.broker(["--json", "log", "verify"]).run().ok().json();
    assert_eq!(verified["state"], "intact");
    assert_eq!(verified["entries"], log(home).len());
}

#[test]
fn grants_that_are_made_at_once_are_all_there() {
    let home = filled(unattended());
    thread::scope(|scope| {
        for thread in 0..8 {
            let home = &home;
            scope.spawn(move || {
                for number in 0..4 {
                    let _ = labelled(home, &format!("s-{thread}-{number}")).allow(home);
                }
            });
        }
    });
    assert_eq!(grants(&home).len(), 32);
    assert_eq!(told(&home, "allow", "done").len(), 32);
    for label in ["s-0-0", "s-7-3"] {
        let answer = labelled(&home, label).exec(&home).run();
        assert_eq!(answer.stdout, "canary-a-value", "{}", answer.stderr);
    }
    the_log_is_whole(&home);
}

#[test]
fn what_is_allowed_goes_on_being_started_while_other_things_are_allowed_and_revoked() {
    let home = filled(unattended());
    let _ = labelled(&home, "stable").allow(&home);
    let over = AtomicBool::new(false);
    let starts = thread::scope(|scope| {
        let starting: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut starts = 0_usize;
                    while !over.load(Ordering::Relaxed) {
                        let answer = labelled(&home, "stable").exec(&home).run();
                        assert_eq!(answer.code, 0, "{}", answer.stderr);
                        assert_eq!(answer.stdout, "canary-a-value");
                        starts += 1;
                    }
                    starts
                })
            })
            .collect();
        let refused = scope.spawn(|| {
            // What nobody allows is refused at every moment.
            while !over.load(Ordering::Relaxed) {
                let answer = labelled(&home, "never").exec(&home).run();
                assert_eq!(answer.code, 125, "{}", answer.stdout);
            }
        });
        let changing: Vec<_> = (0..3)
            .map(|thread| {
                let home = &home;
                scope.spawn(move || {
                    for number in 0..6 {
                        let label = format!("s-{thread}-{number}");
                        let _ = labelled(home, &label).allow(home);
                        if number % 2 == 0 {
                            let _ = home.broker(["revoke", "--server", &label]).run().ok();
                        }
                    }
                })
            })
            .collect();
        for thread in changing {
            thread.join().expect("it ends");
        }
        over.store(true, Ordering::Relaxed);
        refused.join().expect("it ends");
        starting
            .into_iter()
            .map(|thread| thread.join().expect("it ends"))
            .sum::<usize>()
    });
    assert!(starts > 0);
    let rows = home.broker(["--json", "grants"]).run().ok().json();
    let labels: BTreeSet<String> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["server"].as_str().expect("a label").to_owned())
        .collect();
    let mut expected: BTreeSet<String> = BTreeSet::from(["stable".to_owned()]);
    for thread in 0..3 {
        expected.extend([1, 3, 5].map(|number| format!("s-{thread}-{number}")));
    }
    assert_eq!(labels, expected);
    assert_eq!(
        told(&home, "exec", "intent").len(),
        starts,
        "one entry a start"
    );
    the_log_is_whole(&home);
}

#[test]
fn what_has_secrets_of_two_stores_goes_on_being_started_while_both_seals_are_moved_on() {
    let bus = Bus::start();
    let home = made(
        reaching(&bus),
        &["--store", "vault", "--key-file", "--unattended"],
    );
    let home = filled(home);
    let _ = home.broker(["init", "--store", "keychain"]).run().ok();
    let set = home.broker(["set", "k", "--raw", "--store", "keychain"]);
    let _ = set.stdin("canary-k-value").run().ok();
    let both = labelled(&home, "both").flags(&["--env", "K=broker://k"]);
    let _ = both.allow(&home);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let changing = scope.spawn(|| {
            for number in 0..12 {
                let label = format!("s-{number}");
                let _ = labelled(&home, &label).allow(&home);
                let _ = home.broker(["revoke", "--server", &label]).run().ok();
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let answer = both.exec(&home).run();
                    assert_eq!(answer.code, 0, "{}", answer.stderr);
                    assert_eq!(answer.stdout, "canary-a-valuecanary-k-value");
                }
            });
        }
        changing.join().expect("it ends");
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(grants(&home).len(), 1);
    the_log_is_whole(&home);
}

#[test]
fn after_a_revocation_has_ended_nothing_more_is_started() {
    let home = filled(unattended());
    let id = labelled(&home, "s").allow(&home);
    let revoked = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut refusals = 0;
                while refusals < 3 {
                    let was_revoked = revoked.load(Ordering::SeqCst);
                    let answer = labelled(&home, "s").exec(&home).run();
                    if was_revoked {
                        assert_eq!(answer.code, 125, "{}", answer.stdout);
                    }
                    if answer.code != 0 {
                        assert_eq!(answer.code, 125, "{}", answer.stderr);
                        refusals += 1;
                    }
                }
            });
        }
        let _ = home.broker(["revoke", &id]).run().ok();
        revoked.store(true, Ordering::SeqCst);
    });
    the_log_is_whole(&home);
}

#[test]
fn after_a_freezing_has_ended_nothing_more_is_started() {
    let home = filled(unattended());
    let _ = labelled(&home, "s").allow(&home);
    let frozen = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut refusals = 0;
                while refusals < 3 {
                    let was_frozen = frozen.load(Ordering::SeqCst);
                    let answer = labelled(&home, "s").exec(&home).run();
                    if was_frozen {
                        assert_eq!(answer.code, 125, "{}", answer.stdout);
                    }
                    if answer.code != 0 {
                        assert_eq!(answer.error_code(), "frozen", "{}", answer.stderr);
                        refusals += 1;
                    }
                }
            });
        }
        let _ = home.broker(["freeze", "--reason", "x"]).run().ok();
        frozen.store(true, Ordering::SeqCst);
    });
    the_log_is_whole(&home);
}

#[test]
fn requests_that_are_made_at_once_are_all_counted() {
    let home = filled(unattended());
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for label in ["one", "two"] {
                    let answer = labelled(&home, label).exec(&home).run();
                    assert_eq!(answer.code, 125, "{}", answer.stderr);
                    assert!(!answer.stderr.contains("written down"), "{}", answer.stderr);
                }
            });
        }
    });
    let rows = home.broker(["--json", "requests"]).run().ok().json();
    let counts: Vec<u64> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["count"].as_u64().expect("a number"))
        .collect();
    assert_eq!(counts, [6, 6]);
    assert_eq!(told(&home, "exec", "refused").len(), 2);
    the_log_is_whole(&home);
}
