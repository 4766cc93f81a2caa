//! The configuration files of MCP clients: where they are, how each says which servers there are, what in them is a
//! secret in plain text, and how they are changed without touching anything else.
#![forbid(unsafe_code)]

pub mod detect;
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
