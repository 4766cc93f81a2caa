//! Faults at each system call of a command: kills, full and broken disks, interrupted and short
//! transfers, and after each a check that nothing was lost.
//!
//! The command runs under a tracer, so it needs no hooks and is the very program that ships. The
//! `README.md` beside this file says how to add a command, how to run one point again, and what
//! none of this proves.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::exit,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests may abort, start processes, write files and print as they need"
)]

mod fault;
mod finds;
mod inject;
mod kernel;
mod names;
mod refuses;
mod registers;
mod report;
mod run;
mod subject;
mod sweep;
mod table;
mod tracer;
mod victim;
mod watchdog;
mod world;

pub(crate) use fault::{Errno, Fault};
pub(crate) use subject::{Ended, Outcome, Subject};
pub(crate) use sweep::{Sweep, sweep};
pub(crate) use tracer::Start;
pub(crate) use world::World;
