//! Whether a client runs, as far as the system shows: one that writes its file itself can undo a change of it.

use std::collections::BTreeSet;

use super::table::Client;
use crate::sys;

/// How long a name the kernel keeps, in bytes (proc_pid_comm(5)).
const SHORT: usize = 15;

/// Whether a client runs.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// That is not known: the system does not show it, or it is not known what its processes are called.
    Unknown,
}

/// Tells whether a client runs, by the names of its processes.
pub fn is_running(client: &Client) -> Running {
    if client.processes.is_empty() {
        return Running::Unknown;
    }
    match sys::own_processes() {
        Some(names) => judge(client.processes, &names),
        None => Running::Unknown,
    }
}

fn judge(wanted: &[&str], names: &BTreeSet<String>) -> Running {
    let is_there = |wanted: &&str| {
        let is = |name: &String| {
            let (name, wanted) = (name.as_bytes(), wanted.as_bytes());
            let cut = name.len() == SHORT && wanted.len() > SHORT;
            name.eq_ignore_ascii_case(wanted)
                || (cut
                    && wanted
                        .get(..SHORT)
                        .is_some_and(|w| name.eq_ignore_ascii_case(w)))
        };
        names.iter().any(is)
    };
    if wanted.iter().any(is_there) {
        Running::Yes
    } else {
        Running::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_name_also_where_the_kernel_cut_it() {
        let names: BTreeSet<String> = ["bash", "Cursor", "a-name-too-long"]
            .map(str::to_owned)
            .into();
        assert_eq!(judge(&["cursor"], &names), Running::Yes);
        assert_eq!(judge(&["a-name-too-long-for-it"], &names), Running::Yes);
        assert_eq!(judge(&["a-name-too-lon"], &names), Running::No);
        assert_eq!(judge(&["curso", "cursors", "ash"], &names), Running::No);
    }
}
