//! What the tests share.

pub mod bus;
pub mod provider;
