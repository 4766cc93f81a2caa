//! Speaking MCP over stdio with a server.
//!
//! What is here so far is broker's own part as a client. [`probe`] tries a server out: it reads what a server says and
//! decides by it whether the server works. Any text of a server may hold a value, so it leaves there with values masked.
#![forbid(unsafe_code)]

mod client;
mod lines;
mod message;
mod probe;

pub use client::{Client, Said, Step, Watch, Why};
pub use lines::Lines;
pub use probe::{ProbeError, Probed, Tried, probe};
