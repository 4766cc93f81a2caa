//! broker keeps the secrets of MCP servers in the keychain of the operating system (or in an age
//! vault) and starts each server with only the variables named for it.
//!
//! The map. A module may use what stands below it, never what stands above; `tests/layers.rs` holds
//! the code to it.
//!
//! | module | what it is for |
//! |---|---|
//! | [`cli`] | the command line: parses, prints, words errors, picks exit codes |
//! | [`guard`] | speaking MCP with a server: trying one out |
//! | [`launch`] | plan and values to a process: environment, replace |
//! | [`clients`] | the configuration files of MCP clients: found, read, changed in place |
//! | [`audit`] | the log: entries, chain, verification |
//! | [`redact`] | finding values in what is about to be shown, in every promised encoding |
//! | [`policy`] | what a person allowed: grants, requests, the seal: pure decisions, no I/O |
//! | [`catalog`] | names, versions, dates, stores: everything about secrets but their values |
//! | [`store`] | where values live: the `Store` trait, the keychain, the vault |
//! | [`config`] | `broker.toml` and `.env` files into typed values |
//! | [`secret`] | name, value, reference: no I/O |
//! | [`paths`] | where broker's files are, and how they are read and written |
//! | [`clock`] | the time, injected |
//! | [`sys`] | the only unsafe code |
//! | [`text`] | escaping text from outside before it reaches a terminal or the log |

pub mod audit;
pub mod catalog;
pub mod cli;
pub mod clients;
pub mod clock;
pub mod config;
pub mod guard;
pub mod launch;
pub mod paths;
pub mod policy;
pub mod redact;
pub mod secret;
pub mod store;
pub mod sys;
pub mod text;
