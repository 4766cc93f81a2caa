//! Who could put something else in the place of a file.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Who can change what is found at a path: the file itself, or any folder or link on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writable {
    /// Only the system's administrator.
    BySystem,
    /// The user too.
    ByUser,
    /// Members of a group too.
    ByGroup,
    /// Other users too.
    ByOthers,
}

/// The most links that are followed, as the kernel does (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// Finds out who can change what is found at the absolute `path`. What cannot be looked at counts as
/// [`Writable::ByOthers`].
#[must_use]
pub fn writable(path: &Path) -> Writable {
    let mut worst = Writable::BySystem;
    let mut links = 0_usize;
    let mut rest: Vec<PathBuf> = vec![path.to_path_buf()];
    let mut at = PathBuf::new();
    while let Some(part) = rest.pop() {
        let mut components = part.components();
        let Some(first) = components.next() else {
            continue;
        };
        let behind = components.as_path();
        if !behind.as_os_str().is_empty() {
            rest.push(behind.to_path_buf());
        }
        match first {
            Component::Prefix(_) | Component::RootDir => at.push(first.as_os_str()),
            Component::CurDir => continue,
            Component::ParentDir => {
                at.pop();
                continue;
            }
            Component::Normal(name) => at.push(name),
        }
        let Ok(found) = fs::symlink_metadata(&at) else {
            return Writable::ByOthers;
        };
        if found.is_symlink() {
            links = links.saturating_add(1);
            let Ok(target) = fs::read_link(&at) else {
                return Writable::ByOthers;
            };
            if links > MOST_LINKS {
                return Writable::ByOthers;
            }
            // The folder the link lies in was looked at; a link has no rights of its own.
            at.pop();
            if target.is_absolute() {
                at = PathBuf::new();
            }
            rest.push(target);
            continue;
        }
        let is_last = rest.is_empty();
        worst = worst.max(of(&found, is_last));
    }
    worst
}

/// Finds out who can put something into one of the folders above the absolute `path`, which need not be there. Unlike with
/// [`writable`], the sticky bit shields nothing: it keeps nobody from adding a name.
#[must_use]
pub fn writable_above(path: &Path) -> Writable {
    let there = path
        .ancestors()
        .skip(1)
        .find_map(|at| at.canonicalize().ok());
    let above = there.iter().flat_map(|there| there.ancestors());
    let all = above.map(|at| fs::symlink_metadata(at).map_or(Writable::ByOthers, |f| of(&f, true)));
    all.max().unwrap_or(Writable::ByOthers)
}

/// Returns who can change one file or folder by its mode and owner. In a folder with the sticky bit (`/tmp`)
/// others can add names, but not replace those of somebody else; so it counts only where it is meant itself.
#[cfg(unix)]
fn of(found: &fs::Metadata, is_last: bool) -> Writable {
    use std::os::unix::fs::MetadataExt;
    let (mode, owner) = (found.mode(), found.uid());
    let user = crate::sys::effective_uid();
    let shields = found.is_dir() && mode & 0o1000 != 0 && !is_last;
    if (owner != 0 && owner != user) || (mode & 0o002 != 0 && !shields) {
        Writable::ByOthers
    } else if mode & 0o020 != 0 && !crate::sys::is_own_group(found.gid()) {
        Writable::ByGroup
    } else if user == 0 || owner == user || mode & 0o020 != 0 {
        Writable::ByUser
    } else {
        Writable::BySystem
    }
}

#[cfg(not(unix))]
fn of(_found: &fs::Metadata, _is_last: bool) -> Writable {
    Writable::ByUser
}

#[cfg(all(test, unix))]
#[expect(clippy::expect_used, reason = "helpers of tests may abort")]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
    }

    #[test]
    fn a_file_is_as_safe_as_the_least_safe_folder_or_link_on_the_way() {
        let top = tempfile::tempdir().expect("a folder");
        let (open, closed) = (top.path().join("open"), top.path().join("closed"));
        for folder in [&open, &closed] {
            fs::create_dir(folder).expect("made");
            crate::paths::write_file(&folder.join("tool"), b"").expect("written");
        }
        chmod(&open, 0o777);
        assert_eq!(
            writable(&closed.join("tool")),
            Writable::ByUser,
            "/tmp has the sticky bit"
        );
        assert_eq!(writable(&open.join("tool")), Writable::ByOthers);
        symlink(open.join("tool"), closed.join("out")).expect("linked");
        symlink("../closed/tool", open.join("in")).expect("linked");
        assert_eq!(writable(&closed.join("out")), Writable::ByOthers);
        assert_eq!(writable(&open.join("in")), Writable::ByOthers);
        symlink("tool", closed.join("beside")).expect("linked");
        assert_eq!(writable(&closed.join("beside")), Writable::ByUser);
        symlink("round", closed.join("round")).expect("linked");
        assert_eq!(writable(&closed.join("round")), Writable::ByOthers);
        assert_eq!(writable(&closed.join("absent")), Writable::ByOthers);
        chmod(&closed.join("tool"), 0o622);
        assert_eq!(writable(&closed.join("tool")), Writable::ByOthers);
        chmod(&open, 0o1777);
        assert_eq!(
            writable(&open),
            Writable::ByOthers,
            "a sticky folder itself"
        );
        let absent = open.join("absent/deep");
        assert_eq!(writable_above(&absent), Writable::ByOthers);
        assert!(writable_above(Path::new("/absent/deep")) <= Writable::ByUser);
    }
}
