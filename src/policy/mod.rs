//! What a person allowed: grants, requests, the seal. Pure decisions, no I/O.
//!
//! A [`Command`] is everything about a start that matters (design D8). A [`Grant`] is a command that a
//! person allowed, a [`Rotation`] one that makes new values of a secret. [`Grants`] decides whether what is
//! asked for is one of them, and says what differs if not. The [`Seal`], kept in a store, tells whether a file of
//! grants is the one broker wrote last.
//!
//! A grant stops changed configurations and cloned projects. It does not stop code that already runs
//! as the user, nor does it cover what an allowed program loads.
#![forbid(unsafe_code)]

mod backed_up;
mod command;
mod difference;
mod grants;
mod hex;
mod requests;
mod rotation;
mod seal;
mod text;

pub use backed_up::BackedUp;
pub use command::{Argument, Binding, Command, Content, File, Program, Secret};
pub use difference::{Difference, Part};
pub use grants::{Asked, Grant, Grants, Verdict};
pub use requests::{Found, Noted, Request, Requests};
pub use rotation::{CURRENT_VARIABLE, Rotation};
pub use seal::{Anchor, Frozen, Seal, SealError};
pub use text::Text;

/// Something about a command that a person should see first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// A shell runs what its arguments say.
    Shell(String),
    /// An argument is code.
    CodeInArguments(usize),
    /// A file that is executed can be written by other users.
    WritableByOthers(String),
    /// A file that is executed lies in the project that is worked on.
    InProject(String),
    /// The package is fetched in whatever version there is.
    Unpinned(String),
    /// The package comes from a place that is no registry.
    ForeignSource(String),
    /// Code is looked up in the current folder, so the folder is part of what is allowed.
    CurrentFolder(String),
    /// Install scripts of packages run with the secrets in reach.
    InstallScripts,
    /// A container is given much of the machine, or its image can change.
    Container(String),
    /// A variable that can inject code or redirect trust is set.
    Variable(String),
    /// A secret stands in an argument, where every user of the machine can see it.
    SecretInArguments,
    /// A variable of the caller is passed on, whatever its value.
    PassedAny(String),
    /// A variable that is passed on in the clear looks like a secret.
    PassedSecret(String),
    /// A text that is set looks like a secret.
    LiteralSecret(String),
    /// A word has letters beyond ASCII, which may look like others.
    NotAscii(String),
    /// Settings of the launcher could not be taken away from the project.
    Settings(String),
}
