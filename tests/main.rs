//! The integration tests, in one program so that the crate is linked once.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "tests may abort, start programs and write files"
)]

#[cfg(unix)]
mod audit;
#[cfg(target_os = "linux")]
mod backup;
#[cfg(target_os = "linux")]
mod cli;
#[cfg(target_os = "linux")]
mod clients;
#[cfg(target_os = "linux")]
mod completions;
mod contract;
mod detect;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod durable;
#[cfg(target_os = "linux")]
mod exec;
// The tracer is the kernel's own: Linux, and a processor whose registers it knows.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod faults;
#[cfg(target_os = "linux")]
mod keychain;
#[cfg(target_os = "linux")]
mod launchers;
mod layers;
mod manual;
#[cfg(target_os = "linux")]
mod mcp;
#[cfg(target_os = "linux")]
mod permission;
mod properties;
#[cfg(target_os = "linux")]
mod readme;
#[cfg(target_os = "linux")]
mod restore;
#[cfg(target_os = "linux")]
mod rotation;
#[cfg(target_os = "linux")]
mod support;
#[cfg(unix)]
mod vault;
