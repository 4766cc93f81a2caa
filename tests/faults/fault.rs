//! What is done to a command, and where: faults, points, and how both are written.

use std::fmt;
use std::str::FromStr;

use libc::c_int;

/// The environment variable that narrows a sweep to one point, as in `openat:3:ENOSPC`.
pub(crate) const ONE_POINT: &str = "BROKER_FAULT";

/// What is done to the command at one system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The process gets SIGKILL when it enters the call, which then does not happen.
    KillBefore,
    /// The process gets SIGKILL when it leaves the call, which has happened.
    KillAfter,
    /// The call does not happen and answers with this error.
    Fails(Errno),
    /// The call transfers half of what it transferred undisturbed.
    Short,
}

/// The errors that are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Errno {
    NoSpace,
    Io,
    Interrupted,
}

/// One system call of a run: the nth of its name, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) nth: u32,
}

/// A fault at a point, written `name:nth:FAULT`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Injected {
    pub(crate) at: Point,
    pub(crate) fault: Fault,
}

impl Fault {
    /// Every fault, in the order of the report.
    pub(crate) const ALL: [Self; 6] = [
        Self::KillBefore,
        Self::KillAfter,
        Self::Fails(Errno::NoSpace),
        Self::Fails(Errno::Io),
        Self::Fails(Errno::Interrupted),
        Self::Short,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::KillBefore => "KILL-BEFORE",
            Self::KillAfter => "KILL-AFTER",
            Self::Fails(Errno::NoSpace) => "ENOSPC",
            Self::Fails(Errno::Io) => "EIO",
            Self::Fails(Errno::Interrupted) => "EINTR",
            Self::Short => "SHORT",
        }
    }
}

impl Errno {
    /// Returns the kernel's number for the error.
    pub(super) const fn number(self) -> c_int {
        match self {
            Self::NoSpace => libc::ENOSPC,
            Self::Io => libc::EIO,
            Self::Interrupted => libc::EINTR,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.at.name, self.at.nth, self.fault)
    }
}

impl FromStr for Injected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let [name, nth, word] = parts[..] else {
            return Err(format!("\"{text}\" is not of the form openat:3:ENOSPC"));
        };
        let nth = nth
            .parse()
            .map_err(|_| format!("\"{nth}\" in \"{text}\" is not a count"))?;
        let fault = Fault::ALL
            .into_iter()
            .find(|fault| fault.word() == word)
            .ok_or_else(|| format!("\"{word}\" in \"{text}\" is not a fault"))?;
        let at = Point {
            name: name.to_owned(),
            nth,
        };
        Ok(Self { at, fault })
    }
}
