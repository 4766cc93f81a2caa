//! Many commands at once on one home: nothing is lost, nothing is half.

use std::thread;

use super::names;
use crate::support::home::Home;

const MANY: usize = 100;

fn secret_of(number: usize) -> String {
    format!("canary-{number}-{}", "x".repeat(number * 7))
}

#[test]
fn a_hundred_secrets_set_at_once_are_all_there() {
    let home = Home::new();
    thread::scope(|scope| {
        for number in 0..MANY {
            let home = &home;
            scope.spawn(move || home.set(&format!("s{number:03}"), secret_of(number).as_bytes()));
        }
    });
    let all: Vec<String> = (0..MANY).map(|n| format!("s{n:03}")).collect();
    assert_eq!(names(&home), all);
    let flags = (0..MANY).map(|n| format!("--env=V{n}=broker://s{n:03}"));
    let words: Vec<String> = std::iter::once("exec".to_owned()).chain(flags).collect();
    let run = home.broker(&words).arg("--").arg("/usr/bin/env");
    let seen = run.granting().run().ok();
    for number in 0..MANY {
        let line = format!("V{number}={}", secret_of(number));
        assert!(seen.stdout.lines().any(|l| l == line), "secret {number}");
    }
    let _ = home.broker(["doctor"]).run().ok();
}

#[test]
fn of_a_hundred_that_set_one_name_exactly_one_succeeds() {
    let home = Home::new();
    let won: Vec<usize> = thread::scope(|scope| {
        let runs: Vec<_> = (0..MANY)
            .map(|number| {
                let home = &home;
                scope.spawn(move || {
                    let run = home
                        .broker(["--json", "set", "one", "--raw"])
                        .stdin(secret_of(number));
                    let answer = run.run();
                    if answer.code == 0 {
                        return Some(number);
                    }
                    assert_eq!(answer.code(1).error_code(), "secret-exists");
                    None
                })
            })
            .collect();
        runs.into_iter()
            .filter_map(|run| run.join().expect("it ran"))
            .collect()
    });
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(super::value(&home, "one"), secret_of(won[0]).as_bytes());
    let _ = home.broker(["doctor"]).run().ok();
}

/// What one of the workers of a storm does: always the same for the same seed.
fn storm(home: &Home, seed: u64) {
    let mut state = seed;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..12 {
        let (a, b) = (format!("n{}", next(5)), format!("N{}", next(5)));
        let run = match next(5) {
            0 => home.broker(["rename", &a, &b]),
            1 => home.broker(["rename", &b, &a]),
            2 => home.broker(["remove", &a, "--yes"]),
            3 => home.broker(["set", &b]).stdin(format!("canary-of-{b}")),
            _ => home.broker(["set", &a]).stdin(format!("canary-of-{a}")),
        };
        let answer = run.run();
        assert!(
            matches!(answer.code, 0 | 1),
            "{}: {}",
            answer.code,
            answer.stderr
        );
        let known = [
            "there is no secret of that name",
            "there is a secret named",
            "store it again",
        ];
        let expected = answer.code == 0 || known.iter().any(|text| answer.stderr.contains(text));
        assert!(expected, "{}", answer.stderr);
    }
}

#[test]
fn a_storm_of_changes_leaves_a_home_in_which_everything_is_right() {
    let home = Home::new();
    thread::scope(|scope| {
        for seed in 0..8 {
            let home = &home;
            scope.spawn(move || storm(home, seed));
        }
    });
    let doctor = home.broker(["--json", "doctor"]).run();
    assert!(matches!(doctor.code, 0 | 3), "{}", doctor.stderr);
    for finding in doctor.json().as_array().expect("findings") {
        assert_ne!(finding["state"], "failed", "{finding}");
        assert_ne!(finding["code"], "value-unknown", "{finding}");
    }
    let left = names(&home);
    for name in &left {
        assert!(
            super::value(&home, name).starts_with(b"canary-of-"),
            "{name}"
        );
    }
    let mut folded: Vec<String> = left.iter().map(|name| name.to_lowercase()).collect();
    folded.sort();
    folded.dedup();
    assert_eq!(folded.len(), left.len(), "{left:?}");
}
