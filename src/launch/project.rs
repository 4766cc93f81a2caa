//! What the project that is worked on could have planted.
//!
//! A project comes from elsewhere: whoever wrote it chose every file in it. So what lies in the project is
//! never taken for a program of the user's without being looked at.

use std::path::{Path, PathBuf};

/// What marks the top folder of a project.
const MARKS: [&str; 8] = [
    ".git",
    ".hg",
    ".jj",
    ".svn",
    "package.json",
    "pyproject.toml",
    "deno.json",
    "Cargo.toml",
];

/// Folders of programs that belong to one project, by their names.
const INSIDE: [&str; 2] = ["node_modules", ".venv"];

/// Finds the top folder of the project that `folder` lies in. `None` where that would be the whole of the user's home
/// folder or of the machine: those hold the user's own programs too.
#[must_use]
pub fn project(folder: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let is_whole =
        |at: &Path| at.parent().is_none() || home.is_some_and(|home| home.starts_with(at));
    let mut top = None;
    for at in folder.ancestors().take_while(|at| !is_whole(at)) {
        if top.is_none() {
            top = Some(at);
        }
        if MARKS.iter().any(|mark| at.join(mark).exists()) {
            top = Some(at);
        }
    }
    top.map(Path::to_path_buf)
}

/// Tells whether a program belongs to a project: this one, or any by the folder it lies in.
#[must_use]
pub(super) fn is_inside(program: &Path, project: Option<&Path>) -> bool {
    project.is_some_and(|project| program.starts_with(project))
        || program.ancestors().any(belongs_to_one)
        || is_virtual_environment(program)
}

/// Tells whether `folder` holds programs of one project. Where Node.js is installed, the packages that came with it lie
/// in `lib/node_modules` beside its `bin`.
fn belongs_to_one(folder: &Path) -> bool {
    let is_called = |folder: &Path, name: &str| folder.file_name().is_some_and(|n| n == name);
    if !INSIDE.iter().any(|name| is_called(folder, name)) {
        return false;
    }
    let lib = folder.parent().filter(|lib| is_called(lib, "lib"));
    let installed = lib.and_then(Path::parent);
    !installed.is_some_and(|top| top.join("bin/node").exists())
}

/// Tells whether a program lies in a virtual environment of Python, whatever that is called: there is a
/// `pyvenv.cfg` above it (PEP 405).
fn is_virtual_environment(program: &Path) -> bool {
    let top = program.parent().and_then(Path::parent);
    top.is_some_and(|top| top.join("pyvenv.cfg").exists())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_project_is_the_outermost_folder_with_a_mark_below_the_home_folder() {
        let top = tempfile::tempdir().expect("a folder");
        let home = top.path().join("home");
        let deep = home.join("code/app/packages/one");
        fs::create_dir_all(&deep).expect("made");
        let found = |folder: &Path| project(folder, Some(&home));
        assert_eq!(
            found(&deep),
            Some(deep.clone()),
            "without a mark, the folder"
        );
        fs::create_dir(home.join("code/app/.git")).expect("made");
        fs::create_dir(deep.join("package.json")).expect("made");
        assert_eq!(found(&deep), Some(home.join("code/app")));
        fs::create_dir(home.join(".git")).expect("made");
        assert_eq!(
            found(&deep),
            Some(home.join("code/app")),
            "the home folder is no project"
        );
        for whole in [home.as_path(), top.path(), Path::new("/")] {
            assert_eq!(found(whole), None, "{}", whole.display());
        }
    }

    #[test]
    fn programs_of_projects_are_known_by_where_they_lie() {
        let top = tempfile::tempdir().expect("a folder");
        let venv = top.path().join("env");
        fs::create_dir_all(venv.join("bin")).expect("made");
        let python = venv.join("bin/python");
        assert!(!is_inside(&python, None));
        crate::paths::write_file(&venv.join("pyvenv.cfg"), b"").expect("written");
        assert!(is_inside(&python, None));
        assert!(is_inside(Path::new("/a/node_modules/.bin/node"), None));
        let npm = top.path().join("lib/node_modules/npm/bin/npx-cli.js");
        assert!(is_inside(&npm, None));
        fs::create_dir(top.path().join("bin")).expect("made");
        crate::paths::write_file(&top.path().join("bin/node"), b"").expect("written");
        assert!(!is_inside(&npm, None), "it came with the system's node");
        assert!(is_inside(&npm, Some(top.path())));
        assert!(is_inside(Path::new("/p/bin/x"), Some(Path::new("/p"))));
        assert!(!is_inside(Path::new("/pp/bin/x"), Some(Path::new("/p"))));
        assert!(!is_inside(
            Path::new("/usr/bin/node"),
            Some(Path::new("/p"))
        ));
    }
}
