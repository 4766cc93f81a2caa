//! The base list: what a server gets of the caller's environment without being asked.
//!
//! It is what programs need to find themselves, the user and the user's language, and nothing that
//! holds credentials, loads code or redirects trust (design D3; on Windows the list of the MCP
//! reference clients).

use std::ffi::{OsStr, OsString};

#[cfg(not(windows))]
const BASE: [&str; 9] = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TERM", "TMPDIR",
];

#[cfg(windows)]
const BASE: [&str; 22] = [
    "APPDATA",
    "COMSPEC",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "NUMBER_OF_PROCESSORS",
    "OS",
    "PATH",
    "PATHEXT",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "PROGRAMW6432",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERDOMAIN",
    "USERNAME",
    "USERPROFILE",
    "WINDIR",
];

/// Tells whether a variable of that name is on the base list.
fn is_base(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    if cfg!(windows) {
        return BASE.iter().any(|base| base.eq_ignore_ascii_case(name));
    }
    BASE.contains(&name) || name.starts_with("LC_")
}

/// Picks the base list out of the caller's variables.
#[must_use]
pub fn base_list(caller: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    let mut base: Vec<(OsString, OsString)> = Vec::new();
    for (name, value) in caller.iter().filter(|(name, _)| is_base(name)) {
        // Programs do not agree on which of two variables of one name counts; getenv(3) takes the first.
        if base.iter().all(|(n, _)| n != name) {
            base.push((name.clone(), value.clone()));
        }
    }
    base
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_the_base_list_is_taken() {
        let caller = [
            "HOME",
            "PATH",
            "HOME",
            "LC_ALL",
            "LANG",
            "LANGUAGE",
            "GITHUB_TOKEN",
            "home",
            "LC",
        ]
        .map(|name| (OsString::from(name), OsString::from("x")));
        let names: Vec<_> = base_list(&caller)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["HOME", "PATH", "LC_ALL", "LANG"]);
    }
}
