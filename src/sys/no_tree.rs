//! Systems that cannot tell what came of a process: its group is all that is known.

use std::io;
use std::time::Duration;

use super::Child;

/// Nothing to be watched.
#[derive(Debug)]
pub struct Tree;

impl Tree {
    /// Does nothing.
    ///
    /// # Errors
    /// None.
    pub fn watch() -> io::Result<Self> {
        Ok(Self)
    }

    /// Returns that nothing is known to be left.
    ///
    /// # Errors
    /// None.
    pub fn is_alone(&self, _child: &Child, _grace: Duration) -> io::Result<bool> {
        Ok(true)
    }

    /// Ends the group of `child`.
    ///
    /// # Errors
    /// None.
    pub fn end(&self, child: &Child, _patience: Duration) -> io::Result<()> {
        child.kill();
        Ok(())
    }
}
