//! Rotation commands: what a person allowed to make a new value of one secret out of the old one.
//!
//! One is bound as a grant is and stands beside the grants under the same marks, but it is none: no start is ever
//! matched with it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::difference::{Difference, differences};
use super::{Asked, Command, Secret};

/// The variable that a rotation command gets the current value in.
pub const CURRENT_VARIABLE: &str = "BROKER_CURRENT";

/// A command that a person allowed to rotate a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// When it was allowed.
    pub granted: Timestamp,
    /// What was allowed. The secret is the one it is given in [`CURRENT_VARIABLE`].
    pub command: Command,
}

impl Rotation {
    /// Returns the secret it rotates; `None` for a command that is given none, which rotates nothing.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        self.command.variables.get(CURRENT_VARIABLE)
    }

    /// Tells whether it rotates the secret of that id.
    #[must_use]
    pub fn is_of(&self, id: &str) -> bool {
        self.secret().is_some_and(|secret| secret.id == id)
    }

    /// Returns all that makes `asked` another command than the one that was allowed; nothing if it is the same.
    #[must_use]
    pub fn differences(&self, asked: &Asked<'_>) -> Vec<Difference> {
        differences(&self.command, asked)
    }
}
