//! The user's own settings: `broker.toml` into typed values.
//!
//! ```toml
//! [defaults]
//! pass = ["HTTPS_PROXY"]
//!
//! [servers.github]
//! command = ["npx", "-y", "@modelcontextprotocol/server-github@2025.4.8"]
//! env = { GITHUB_PERSONAL_ACCESS_TOKEN = "broker://github-token" }
//! pass = ["NO_COLOR"]
//! cwd = "/srv/mcp"
//! ```
//!
//! Nothing unknown is skipped over: a key that is not understood is an error with its line and column,
//! because a misspelt limit that is ignored is a limit that is not there. Texts of the file never
//! appear in errors, only names of keys that broker knows.
#![forbid(unsafe_code)]

mod dotenv;
mod read;

pub use dotenv::{DotenvError, Entry, parse_dotenv};

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::paths::{self, FileError, HomePaths};
use crate::secret::WhenOverdue;

/// The largest `broker.toml`, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// What `broker.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Plain variables every server is passed, where the caller has them.
    pub pass: Vec<String>,
    /// Variables every server may have although they can inject code or redirect trust.
    pub allow_dangerous_env: Vec<String>,
    /// The servers that are defined, by label.
    pub servers: BTreeMap<String, Server>,
}

/// One `[servers.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// The program and its arguments; at least the program.
    pub command: Vec<String>,
    /// Variables: a reference, or a literal.
    pub env: BTreeMap<String, String>,
    /// Plain variables of the caller that are passed on.
    pub pass: Vec<String>,
    /// Variables it may have although they can inject code or redirect trust.
    pub allow_dangerous_env: Vec<String>,
    /// Whether packages that a launcher fetches may run their install scripts.
    pub allow_install_scripts: bool,
    /// What is done when a secret of it is to be given out whose time is over.
    pub when_overdue: Option<WhenOverdue>,
    /// The folder it is started in.
    pub cwd: Option<PathBuf>,
}

/// Why `broker.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It is not readable.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what it should be.
    #[error("\"{file}\", line {line}, column {column}: {problem}")]
    Invalid {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// What is wrong.
        problem: String,
    },
}

impl ConfigError {
    /// Returns the stable code of this case, as documented in `broker(1)`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Invalid { .. } => "config-invalid",
        }
    }
}

/// Tells whether a text can be the name of a variable: letters, digits and `_`, no digit first.
#[must_use]
pub fn is_variable(text: &str) -> bool {
    read::is_variable(text)
}

/// Tells whether a text can be the label of a server.
#[must_use]
pub fn is_label(text: &str) -> bool {
    read::is_label(text)
}

impl Config {
    /// Reads the home's `broker.toml`. None at all is an empty one.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn load(home: &HomePaths) -> Result<Self, ConfigError> {
        let Some(bytes) = Self::bytes(home)? else {
            return Ok(Self::default());
        };
        let file = home.config_file().display().to_string();
        let text = String::from_utf8(bytes).map_err(|e| ConfigError::Invalid {
            file: file.clone(),
            line: 1,
            column: 1,
            problem: format!(
                "the file is not UTF-8 from byte {}",
                e.utf8_error().valid_up_to()
            ),
        })?;
        Self::parse(&file, &text)
    }

    /// Reads the bytes of the home's `broker.toml`, whatever they are; `None` if there is none.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn bytes(home: &HomePaths) -> Result<Option<Vec<u8>>, FileError> {
        let path = home.config_file();
        // A dotfile manager may have put a link there; what it leads to must be the user's own.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        paths::read_file(&real, MAX_BYTES)
    }

    /// Parses the text of a `broker.toml` that is called `file` in errors.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        read::config(text).map_err(|fault| {
            let (line, column) = fault.position(text);
            ConfigError::Invalid {
                file: file.to_owned(),
                line,
                column,
                problem: fault.problem,
            }
        })
    }
}
