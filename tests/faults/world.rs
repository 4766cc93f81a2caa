//! A fresh folder for each run, as a copy of a template.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder that goes away with the value.
#[derive(Debug)]
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    /// Makes an empty world, in memory where the system has a place for that: a sweep makes
    /// hundreds, and their `fsync` would otherwise wait for a disk.
    pub(crate) fn empty() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            TempDir::new_in(memory)
        } else {
            TempDir::new()
        };
        Self {
            folder: folder.expect("a temporary folder can be made"),
        }
    }

    /// Makes a world with what the template holds: folders, files with their modes, and links.
    pub(crate) fn copy_of(template: &Self) -> Self {
        let world = Self::empty();
        copy(template.folder.path(), world.folder.path()).expect("a template can be copied");
        world
    }

    /// Returns the path of this name in the world.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
