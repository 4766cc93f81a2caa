//! The configuration files of MCP clients: what one says about a server, whatever its format. Nothing reads them yet.
#![forbid(unsafe_code)]

mod entry;

pub use entry::{Entry, Item, Literal, Place};
