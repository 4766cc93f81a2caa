//! Which programs the user runs, from `/proc`.
//!
//! Reads the short name and the name of the program file alone: command lines and environments may hold secrets.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use super::ancestors::look;
use super::effective_uid;

/// Returns the names of all processes of this user but this one: the short name that the kernel keeps (15 bytes at most),
/// and that of the program file where it is shown. `None` where the system does not show processes.
#[must_use]
pub fn own_processes() -> Option<BTreeSet<String>> {
    let own = std::process::id();
    let mut names = BTreeSet::new();
    let mut seen = false;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        seen = true;
        let is_ours = entry
            .metadata()
            .is_ok_and(|found| found.uid() == effective_uid());
        if pid == own || !is_ours {
            continue;
        }
        // One that has ended meanwhile is none.
        names.extend(look(pid).map(|(name, _)| name));
        let program = fs::read_link(entry.path().join("exe")).ok();
        let program = program.as_deref().and_then(|path| path.file_name());
        names.extend(program.map(|name| name.to_string_lossy().into_owned()));
    }
    seen.then_some(names)
}
