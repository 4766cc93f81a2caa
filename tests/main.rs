//! One binary for all tests that use the library from outside.
#![allow(missing_docs, reason = "tests are named as claims")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "tests may abort, and start programs"
)]

mod contract;
#[cfg(unix)]
mod vault;
