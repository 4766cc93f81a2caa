//! broker keeps the secrets of MCP servers in the keychain of the operating system (or in an age
//! vault) and starts each server with only the variables named for it.
//!
//! The map. A module may use what stands below it, never what stands above; `tests/layers.rs` holds
//! the code to it.
//!
//! | module | what it is for |
//! |---|---|
//! | [`store`] | where values live: the `Store` trait, the keychain, the vault |
//! | [`secret`] | name, value, reference: no I/O |
//! | [`clock`] | the time, injected |
//! | [`sys`] | system calls behind safe functions |

pub mod clock;
pub mod secret;
pub mod store;
pub mod sys;
