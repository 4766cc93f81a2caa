//! The configuration files of MCP clients: where they are, what one says about a server whatever its format, the secrets in
//! plain text in it, and how one is changed and changed back.
#![forbid(unsafe_code)]

pub mod baseline;
pub mod detect;
pub mod document;
pub mod edit;
mod entry;
pub mod expand;
pub mod protect;
pub mod read;
pub mod running;
pub mod table;
pub mod undo_record;
mod wrapped;
pub mod write;

pub use document::{Document, Format, Found, SyntaxError};
pub use entry::{Entry, Item, Literal, Place};
pub use wrapped::Wrapped;

#[cfg(test)]
mod tests;
