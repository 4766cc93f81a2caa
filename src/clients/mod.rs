//! The configuration files of MCP clients: what one says about a server, whatever its format. Nothing reads them yet.
#![forbid(unsafe_code)]

pub mod document;
pub mod edit;
mod entry;
pub mod read;
pub mod table;
pub mod write;

pub use document::{Document, Format, Found, SyntaxError};
pub use entry::{Entry, Item, Literal, Place};

#[cfg(test)]
mod tests;
