//! Starts and rotations at once: each start sees one value whole.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{given, rotate, server};
use crate::support::home::Home;

fn value(number: usize) -> String {
    format!("canary-together-{number:03}-{}", "x".repeat(200))
}

#[test]
fn a_hundred_starts_and_twenty_rotations_of_one_secret() {
    let home = Home::new().secret("a", &value(0));
    let _ = server(&home).granting().run().ok();
    let (next, done) = (AtomicUsize::new(1), AtomicUsize::new(0));
    let all: Vec<String> = (0..=20).map(value).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while done.fetch_add(1, Ordering::SeqCst) < 100 {
                    let seen = given(&home);
                    assert!(all.contains(&seen), "a value that there never was");
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..20 {
                let number = next.fetch_add(1, Ordering::SeqCst);
                let _ = rotate(&home, &[], &value(number)).ok();
            }
        });
    });
    assert_eq!(given(&home), value(20));
    let count = |action: &str, outcome: &str| {
        let told = home
            .broker(["--json", "log", "--action", action])
            .run()
            .ok()
            .json();
        let entries = told.as_array().expect("entries").iter();
        entries.filter(|entry| entry["outcome"] == outcome).count()
    };
    assert_eq!(
        (count("rotate", "intent"), count("rotate", "done")),
        (20, 20)
    );
    // One to allow it, a hundred, and the last one; a start that saw the catalog change may be told twice.
    assert!(
        count("exec", "intent") >= 102,
        "{}",
        count("exec", "intent")
    );
    let _ = home.broker(["log", "verify"]).run().ok();
}
