//! Where a file would be, as data: a place to begin at and a path below it.

use std::path::PathBuf;

use super::locate::Surroundings;
use crate::paths::Os;

/// One place a file may be at.
#[derive(Debug)]
pub struct Rule {
    /// On which systems.
    pub systems: &'static [Os],
    /// Where the path begins.
    pub base: Base,
    /// The path, with `/` between its parts; `*` in a part stands for any text. Empty where the base is the file.
    pub below: &'static str,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// The user's home folder.
    Home,
    /// The folder of the project.
    Project,
    /// `XDG_CONFIG_HOME`, else `~/.config`.
    Config,
    /// `~/Library/Application Support`
    Support,
    /// `APPDATA`, else `~/AppData/Roaming`.
    Roaming,
    /// `LOCALAPPDATA`, else `~/AppData/Local`.
    Local,
    /// What this variable says, where it is set.
    Variable(&'static str),
}

const EVERYWHERE: &[Os] = &Os::ALL;

/// Below the home folder, on every system.
pub(super) const fn home(below: &'static str) -> Rule {
    Rule {
        systems: EVERYWHERE,
        base: Base::Home,
        below,
    }
}

/// Below the project's folder.
pub(super) const fn project(below: &'static str) -> Rule {
    Rule {
        systems: EVERYWHERE,
        base: Base::Project,
        below,
    }
}

/// Below the folder that a variable names, or that file itself.
pub(super) const fn variable(name: &'static str, below: &'static str) -> Rule {
    Rule {
        systems: EVERYWHERE,
        base: Base::Variable(name),
        below,
    }
}

/// Below the XDG folder of settings, on every system: clients that keep to it there too.
pub(super) const fn config(below: &'static str) -> Rule {
    Rule {
        systems: EVERYWHERE,
        base: Base::Config,
        below,
    }
}

/// Below the XDG folder of settings, on Linux.
pub(super) const fn linux(below: &'static str) -> Rule {
    Rule {
        systems: &[Os::Linux],
        base: Base::Config,
        below,
    }
}

/// Below the home folder, on macOS and Linux.
pub(super) const fn unix_home(below: &'static str) -> Rule {
    Rule {
        systems: &[Os::Linux, Os::MacOs],
        base: Base::Home,
        below,
    }
}

/// Below the folder of applications' data, on macOS.
pub(super) const fn mac(below: &'static str) -> Rule {
    Rule {
        systems: &[Os::MacOs],
        base: Base::Support,
        below,
    }
}

/// Below the roaming folder of applications' data, on Windows.
pub(super) const fn windows(below: &'static str) -> Rule {
    Rule {
        systems: &[Os::Windows],
        base: Base::Roaming,
        below,
    }
}

/// Below the local folder of applications' data, on Windows.
pub(super) const fn windows_local(below: &'static str) -> Rule {
    Rule {
        systems: &[Os::Windows],
        base: Base::Local,
        below,
    }
}

impl Rule {
    /// Returns where the path begins, `None` where there is no such place: another system, no project, or a
    /// variable that is not set or says no absolute path.
    pub(super) fn begin(&self, around: &Surroundings) -> Option<PathBuf> {
        if !self.systems.contains(&around.os) {
            return None;
        }
        let named = |variable: &str| around.variables.get(variable).map(PathBuf::from);
        let named = |variable: &str| named(variable).filter(|path| is_absolute(path, around.os));
        let home = |below: &str| joined(around.home.clone(), below);
        match self.base {
            Base::Home => Some(around.home.clone()),
            Base::Project => around.project.clone(),
            Base::Config => Some(named("XDG_CONFIG_HOME").unwrap_or_else(|| home(".config"))),
            Base::Support => Some(home("Library/Application Support")),
            Base::Roaming => Some(named("APPDATA").unwrap_or_else(|| home("AppData/Roaming"))),
            Base::Local => Some(named("LOCALAPPDATA").unwrap_or_else(|| home("AppData/Local"))),
            Base::Variable(name) => named(name),
        }
    }

    /// Returns the parts of the path.
    pub(super) fn parts(&self) -> impl DoubleEndedIterator<Item = &'static str> + Clone {
        self.below.split('/').filter(|part| !part.is_empty())
    }
}

/// Tells whether a path is absolute on that system, which need not be this one.
fn is_absolute(path: &std::path::Path, os: Os) -> bool {
    match os {
        Os::Linux | Os::MacOs => path.as_os_str().as_encoded_bytes().starts_with(b"/"),
        Os::Windows => {
            let bytes = path.as_os_str().as_encoded_bytes();
            path.is_absolute()
                || bytes.starts_with(br"\\")
                || matches!(bytes, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
        }
    }
}

/// Adds the parts of `below` to a path.
pub(super) fn joined(mut path: PathBuf, below: &str) -> PathBuf {
    path.extend(below.split('/').filter(|part| !part.is_empty()));
    path
}

/// Tells whether a name fits a part of a rule, in which each `*` stands for any text.
pub(super) fn fits(part: &str, name: &str) -> bool {
    let Some((begin, rest)) = part.split_once('*') else {
        return part == name;
    };
    let Some(mut name) = name.strip_prefix(begin) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some((_, behind)) = name.split_once(piece) else {
            return false;
        };
        name = behind;
    }
    name.ends_with(end)
}
