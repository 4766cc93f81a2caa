//! The files of a home: whose they are, and what commands that were killed left behind.

use super::super::failure::Failure;
use super::findings::Findings;
use crate::catalog::Home;
use crate::paths;

/// Checks modes and leftovers of the home's folders.
pub(super) fn files(home: &Home, fix: bool, findings: &mut Findings) {
    for folder in [home.paths.state_folder(), home.paths.vault_folder()] {
        let Some(open) = findings.take(paths::open_to_others(folder).map_err(Failure::from)) else {
            continue;
        };
        for path in open {
            let shown = path.display().to_string();
            if !fix {
                findings.warning(
                    "file-open",
                    format!("\"{shown}\" can be read or written by others"),
                    "take that away with: broker doctor --fix",
                );
            } else if findings
                .take(paths::close_to_others(&path).map_err(Failure::from))
                .is_some()
            {
                findings.ok("file-open", format!("\"{shown}\" is the user's alone now"));
            }
        }
        leftovers(folder, fix, findings);
    }
    leftovers(&home.paths.log_folder(), fix, findings);
    leftovers(&home.paths.undo_folder(), fix, findings);
}

/// Looks for temporary files of commands that were killed.
fn leftovers(folder: &std::path::Path, fix: bool, findings: &mut Findings) {
    let names = paths::list_all(folder).map_err(Failure::from);
    let Some(Some(names)) = findings.take(names) else {
        return;
    };
    for name in names.into_iter().filter(|name| paths::is_temporary(name)) {
        let path = folder.join(name);
        let shown = path.display().to_string();
        if !fix {
            findings.warning(
                "leftover",
                format!("\"{shown}\" was left behind by a command that was killed"),
                "remove it with: broker doctor --fix",
            );
        } else if findings
            .take(paths::remove_file(&path).map_err(Failure::from))
            .is_some()
        {
            findings.ok("leftover", format!("\"{shown}\" was removed"));
        }
    }
}
