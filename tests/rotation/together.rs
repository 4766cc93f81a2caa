//! Starts and rotations at once: each start sees one value whole, one that was the current one while it started, and the
//! log tells of every one of them.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};
use std::time::Instant;

use super::{given, rotate, server};
use crate::support::bus::Bus;
use crate::support::home::Home;

const STARTS: usize = 100;
const ROTATIONS: usize = 20;
/// How many starts there are at a time.
const AT_ONCE: usize = 3;

/// The value of the rotation of that number; its version is one more.
fn value(number: usize) -> String {
    format!("canary-together-{number:03}-{}", "x".repeat(200))
}

/// Lets the starts and the rotations go on at the same pace, so many starts with each rotation: how many of each have
/// begun.
#[derive(Default)]
struct Pace {
    begun: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl Pace {
    /// Waits for the turn of the next start. Tells whether there is one.
    fn start(&self) -> bool {
        let begun = self.begun.lock().expect("begun");
        let early = |(starts, rotations): &mut (usize, usize)| {
            *starts < STARTS && *rotations < *starts * ROTATIONS / STARTS
        };
        let mut begun = self.changed.wait_while(begun, early).expect("begun");
        let number = begun.0;
        begun.0 += 1;
        self.changed.notify_all();
        number < STARTS
    }

    /// Waits for the turn of a rotation.
    fn rotate(&self, number: usize) {
        let begun = self.begun.lock().expect("begun");
        let early = |(starts, _): &mut (usize, usize)| *starts < (number - 1) * STARTS / ROTATIONS;
        let mut begun = self.changed.wait_while(begun, early).expect("begun");
        begun.1 = number;
        self.changed.notify_all();
    }
}

/// Ends the waiting of all where one fails.
struct End<'a>(&'a Pace);

impl Drop for End<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0.begun.lock().expect("begun") = (usize::MAX / STARTS, usize::MAX);
            self.0.changed.notify_all();
        }
    }
}

/// When something began and when it had ended.
#[derive(Clone, Copy, Debug)]
struct Span {
    began: Instant,
    ended: Instant,
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Span) {
    let began = Instant::now();
    let answer = work();
    let ended = Instant::now();
    (answer, Span { began, ended })
}

/// Counts the entries of an action with this outcome, by the version that they name.
fn told(home: &Home, action: &str, outcome: &str) -> BTreeMap<u64, usize> {
    let words = ["--json", "log", "--action", action];
    let told = home.broker(words).run().ok().json();
    let mut versions = BTreeMap::new();
    for entry in told.as_array().expect("entries") {
        if entry["outcome"] == outcome {
            let version = entry["versions"][0].as_u64().unwrap_or_default();
            *versions.entry(version).or_default() += 1;
        }
    }
    versions
}

fn together(home: &Home) {
    let _ = server(home).granting().run().ok();
    let pace = Pace::default();
    let (seen, rotated) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let _end = End(&pace);
                while pace.start() {
                    let start = timed(|| given(home));
                    seen.lock().expect("seen").push(start);
                }
            });
        }
        scope.spawn(|| {
            let _end = End(&pace);
            for number in 1..=ROTATIONS {
                pace.rotate(number);
                // Most old values are removed at once, while starts may be about to read it.
                let flags: &[&str] = if number % 4 != 0 {
                    &["--keep", "0"]
                } else {
                    &[]
                };
                let (_, span) = timed(|| rotate(home, flags, &value(number)).ok());
                rotated.lock().expect("rotated").push(span);
            }
        });
    });
    let seen: Vec<(String, Span)> = seen.into_inner().expect("seen");
    let rotated: Vec<Span> = rotated.into_inner().expect("rotated");
    assert_eq!((seen.len(), rotated.len()), (STARTS, ROTATIONS));

    // What a start saw had begun to be the value before the start ended, and had not ceased before it began.
    let all: Vec<String> = (0..=ROTATIONS).map(value).collect();
    let mut given_out = BTreeMap::new();
    for (text, start) in &seen {
        let number = all.iter().position(|value| value == text);
        let number = number.expect("a value that there was, whole");
        let is_begun = number == 0 || rotated[number - 1].began <= start.ended;
        let is_over = number < ROTATIONS && rotated[number].ended < start.began;
        assert!(is_begun && !is_over, "{number} was seen out of its time");
        *given_out.entry(number as u64 + 1).or_insert(0) += 1;
    }
    let different = given_out.len();
    assert!(
        different > ROTATIONS / 2,
        "the rotations came between the starts: {given_out:?}"
    );

    assert_eq!(given(home), value(ROTATIONS));
    let sum = |told: &BTreeMap<u64, usize>| told.values().sum::<usize>();
    assert_eq!(sum(&told(home, "rotate", "intent")), ROTATIONS);
    assert_eq!(sum(&told(home, "rotate", "done")), ROTATIONS);
    // Every value that was given out was told of before, by its version. One start is told of again where the version
    // was another one by then, so there may be more; one allowed it, and one was the last.
    *given_out.entry(1).or_default() += 1;
    *given_out.entry(ROTATIONS as u64 + 1).or_default() += 1;
    let intents = told(home, "exec", "intent");
    for (version, count) in &given_out {
        assert!(
            intents.get(version) >= Some(count),
            "{given_out:?}, {intents:?}"
        );
    }
    assert!(sum(&intents) >= STARTS + 2, "{intents:?}");
    for outcome in ["failed", "refused"] {
        assert_eq!(sum(&told(home, "exec", outcome)), 0);
        assert_eq!(sum(&told(home, "rotate", outcome)), 0);
    }
    let _ = home.broker(["log", "verify"]).run().ok();
    let _ = home.broker(["doctor"]).run().ok();
}

#[test]
fn a_hundred_starts_and_twenty_rotations_of_one_secret() {
    together(&Home::new().secret("a", &value(0)));
}

#[test]
fn a_hundred_starts_and_twenty_rotations_of_one_secret_in_the_keychain() {
    let bus = Bus::start();
    together(&Home::on(&bus).secret("a", &value(0)));
}
