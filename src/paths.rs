//! Where broker's files are, and the only ways in which they are read and written.
//!
//! Everything is found from the home folder alone (design D11): the clients that start broker pass
//! on `HOME` but not the `XDG_*` variables, so a variable that is set in a terminal and missing under a
//! client must not lead to two different homes. `--home` and `BROKER_HOME` are the way to another place.

mod append;
mod checked;
mod content;
mod files;
mod folders;
mod foreign;
mod launching;
mod lock;
mod modes;
mod os;
mod rights;

pub use append::AppendFile;
pub use checked::write_new_file_checked;
pub use content::FileStamp;
pub use files::{
    FileError, create_folder, ensure_folder, move_file, read_file, read_file_from,
    read_private_file, remove_file, write_file, write_new_file,
};
pub use folders::{
    folder_is_there, is_temporary, list_all, list_folder, refuse_link, remove_folder,
};
pub use foreign::{ForeignFile, Replaced, Replacement, read_foreign_file, remove_leftovers};
pub use launching::{ensure_empty_folder, ensure_program};
pub use lock::{Lock, Stamp, stamp};
pub use modes::{close_to_others, is_readable_by_others, open_to_others};
pub use os::Os;
pub use rights::{Writable, writable, writable_above};

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The variable that names another home, as `--home` does.
pub const HOME_VARIABLE: &str = "BROKER_HOME";

/// The longest file of ours that is read, in bytes (64 MiB: a catalog of 100,000 secrets).
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// The folders and files of one home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomePaths {
    config: PathBuf,
    state: PathBuf,
    vault: PathBuf,
}

/// Why no home could be located.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    /// Neither the environment nor the password database names a home folder.
    #[error("no home folder was found: HOME is not set and the user has no entry")]
    NoHome,
    /// A relative path would mean another home in each folder.
    #[error("\"{}\" is not an absolute path", .0.display())]
    Relative(PathBuf),
    /// The home folder belongs to somebody else, as under `sudo`.
    #[error("the home folder \"{}\" belongs to another user", .0.display())]
    Foreign(PathBuf),
    /// The home folder is not there or cannot be looked at.
    #[error("the home folder \"{}\" cannot be used: {}", .0.display(), .1)]
    Unusable(PathBuf, String),
}

impl HomePaths {
    /// Locates the home: `chosen` (from `--home`), else `BROKER_HOME`, else the platform's folders below
    /// the user's home folder.
    ///
    /// # Errors
    /// See [`LocateError`].
    pub fn locate(chosen: Option<&Path>) -> Result<Self, LocateError> {
        let variable = env::var_os(HOME_VARIABLE).filter(|v| !v.is_empty());
        let root = match (chosen, variable.map(PathBuf::from)) {
            // `--home` is typed by a person and may be relative to where they stand.
            (Some(root), _) => {
                Some(std::path::absolute(root).map_err(|_| LocateError::Relative(root.into()))?)
            }
            (None, Some(root)) if !root.is_absolute() => return Err(LocateError::Relative(root)),
            (None, root) => root,
        };
        if let Some(root) = root {
            if let Ok(found) = root.metadata() {
                check_ours(&root, &found)?;
            }
            return Ok(Self::under(&root));
        }
        let home = user_home().ok_or(LocateError::NoHome)?;
        if !home.is_absolute() {
            return Err(LocateError::Relative(home));
        }
        let found = home
            .metadata()
            .map_err(|e| LocateError::Unusable(home.clone(), e.to_string()))?;
        check_ours(&home, &found)?;
        Ok(Self::below_user_home(&home))
    }

    /// Returns the layout of a home kept under one folder.
    #[must_use]
    pub fn under(root: &Path) -> Self {
        Self {
            config: root.join("broker.toml"),
            state: root.join("state"),
            vault: root.join("vault"),
        }
    }

    /// The platform's folders: XDG's defaults on Unix, `AppData` on Windows.
    fn below_user_home(home: &Path) -> Self {
        if cfg!(windows) {
            let local = home.join("AppData").join("Local").join("broker");
            let roaming = home.join("AppData").join("Roaming").join("broker");
            return Self {
                config: roaming.join("broker.toml"),
                state: local.join("state"),
                vault: local.join("vault"),
            };
        }
        Self {
            config: home.join(".config/broker/broker.toml"),
            state: home.join(".local/state/broker"),
            vault: home.join(".local/share/broker/vault"),
        }
    }

    /// The user's own settings.
    #[must_use]
    pub fn config_file(&self) -> &Path {
        &self.config
    }

    /// The folder of what broker keeps about the home.
    #[must_use]
    pub fn state_folder(&self) -> &Path {
        &self.state
    }

    /// The folder of the vault.
    #[must_use]
    pub fn vault_folder(&self) -> &Path {
        &self.vault
    }

    /// The home's own record: its id, its default store. There is a home where this file is.
    #[must_use]
    pub fn home_file(&self) -> PathBuf {
        self.state.join("home.json")
    }

    /// The catalog.
    #[must_use]
    pub fn catalog_file(&self) -> PathBuf {
        self.state.join("catalog.json")
    }

    /// The folder of the log.
    #[must_use]
    pub fn log_folder(&self) -> PathBuf {
        self.state.join("log")
    }

    /// What a person allowed.
    #[must_use]
    pub fn grants_file(&self) -> PathBuf {
        self.state.join("grants.json")
    }

    /// What a person allowed, while it is being changed.
    #[must_use]
    pub fn next_grants_file(&self) -> PathBuf {
        self.state.join("grants.next.json")
    }

    /// What was asked for and is not allowed yet.
    #[must_use]
    pub fn requests_file(&self) -> PathBuf {
        self.state.join("requests.json")
    }

    /// There while no value may leave.
    #[must_use]
    pub fn frozen_file(&self) -> PathBuf {
        self.state.join("frozen.json")
    }

    /// The contents of interpreters that starts have met, so that none is read twice.
    #[must_use]
    pub fn seen_file(&self) -> PathBuf {
        self.state.join("seen.json")
    }

    /// An empty folder that launchers are pointed to instead of the one they are started in.
    #[must_use]
    pub fn neutral_folder(&self) -> PathBuf {
        self.state.join("neutral")
    }

    /// The program that npm starts the programs of packages through.
    #[must_use]
    pub fn npm_shell_file(&self) -> PathBuf {
        self.state.join("launch").join("npm-shell")
    }

    /// What clients' files said when a person last accepted it.
    #[must_use]
    pub fn baseline_file(&self) -> PathBuf {
        self.state.join("clients.json")
    }

    /// The folder of the locks on files of clients, one for each file that was changed.
    #[must_use]
    pub fn client_locks_folder(&self) -> PathBuf {
        self.state.join("clients")
    }

    /// The folder of the records by which files of clients are put back.
    #[must_use]
    pub fn undo_folder(&self) -> PathBuf {
        self.state.join("undo")
    }

    /// The file that is locked while a rotation command runs.
    #[must_use]
    pub fn rotation_lock_file(&self) -> PathBuf {
        self.state.join("rotation.lock")
    }

    /// The file that commands which change the home lock.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.state.join("lock")
    }
}

/// The user's home folder: `HOME` where it is set and not empty, else the password database.
/// On Windows the profile folder.
#[must_use]
pub fn user_home() -> Option<PathBuf> {
    env::home_dir()
        .filter(|home| !home.as_os_str().is_empty())
        .or_else(crate::sys::account_home)
}

/// The folders programs are looked up in where the caller has no `PATH` at all.
#[must_use]
pub fn default_search_path() -> OsString {
    if cfg!(windows) {
        OsString::from(r"C:\Windows\System32;C:\Windows")
    } else {
        OsString::from("/usr/local/bin:/usr/bin:/bin")
    }
}

fn check_ours(path: &Path, found: &std::fs::Metadata) -> Result<(), LocateError> {
    if !found.is_dir() {
        return Err(LocateError::Unusable(
            path.to_path_buf(),
            "it is not a folder".to_owned(),
        ));
    }
    if files::is_ours(found) {
        Ok(())
    } else {
        Err(LocateError::Foreign(path.to_path_buf()))
    }
}
