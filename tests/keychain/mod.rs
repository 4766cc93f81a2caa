//! The keychain of Linux, against a real keyring and against a provider that misbehaves.

mod faults;
mod real;

use std::time::{Duration, Instant};

use broker::store::{HomeId, StoreError};

/// The home the tests file under.
fn home() -> HomeId {
    HomeId::from_random([0xab; 16])
}

/// Runs `work` and checks that it ended within `limit`.
fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    let spent = begun.elapsed();
    assert!(spent <= limit, "took {spent:?}, longer than {limit:?}");
    done
}

/// Returns the stable code of the error that `result` must be, whose texts must hold nothing that
/// the other side wrote.
fn code<T: std::fmt::Debug>(result: Result<T, StoreError>) -> &'static str {
    let error = result.expect_err("an error");
    let texts = format!("{error} {error:?}");
    assert!(!texts.contains("canary"), "{texts}");
    // The words of a provider's error may hold anything.
    assert!(!texts.contains("foreign-text"), "{texts}");
    error.code()
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
