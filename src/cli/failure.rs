//! Errors for people: message, hint, stable code, exit code.
//!
//! The library states facts in typed errors. Here, and nowhere else, they are turned into advice.

use serde::Serialize;

use crate::audit::AuditError;
use crate::catalog::CatalogError;
use crate::catalog::backup::BackupError;
use crate::config::ConfigError;
use crate::launch::{
    BindError, PlanError, ProgramError, StartError, is_conventional, is_dangerous,
};
use crate::paths::{FileError, LocateError};
use crate::store::{StoreError, StoreKind};

/// A command that did not do what it was asked.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Failure {
    /// Stable, for scripts.
    pub(super) code: &'static str,
    /// What is wrong, on one line whatever it names.
    pub(super) message: String,
    /// What more there is to say, a line each. In JSON it follows the message.
    #[serde(skip)]
    pub(super) more: Vec<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    /// The exit code.
    #[serde(skip)]
    pub(super) exit: u8,
}

impl Failure {
    /// A refusal or failure: exit code 1.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            more: Vec::new(),
            hint: None,
            exit: 1,
        }
    }

    /// Arguments that do not fit: exit code 2.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new("usage", message).exiting(2)
    }

    /// Nobody is there who could answer.
    pub(super) fn no_terminal(what: &str) -> Self {
        Self::new(
            "no-terminal",
            format!("{what} needs a person at a terminal"),
        )
        .hint("run it in a terminal; broker asks on the terminal itself, not on stdin")
    }

    /// The person said no.
    pub(super) fn declined() -> Self {
        Self::new("declined", "nothing was changed, as you answered")
    }

    /// No secret has the name that was typed. The name is not repeated: it may be a value.
    pub(super) fn no_such_secret(near: Option<&str>) -> Self {
        let failure = Self::new("secret-not-found", "there is no secret of that name");
        match near {
            Some(near) => failure.hint(format!("did you mean \"{near}\"?")),
            None => failure.hint("see the names with: broker list"),
        }
    }

    /// Says more.
    pub(super) fn more(mut self, lines: Vec<String>) -> Self {
        self.more = lines;
        self
    }

    /// Adds advice.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Changes the exit code.
    pub(super) fn exiting(mut self, exit: u8) -> Self {
        self.exit = exit;
        self
    }

    pub(super) fn advised(code: &'static str, message: String) -> Self {
        let failure = Self::new(code, message);
        match advice(code) {
            Some(advice) => failure.hint(advice),
            None => failure,
        }
    }
}

/// What to do about an error, where that follows from its code alone.
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "audit-unreadable" => {
            "see whose the files of the log are and what they hold: the folder log in the home's state folder"
        }
        "audit-unwritable" => "see what is wrong with it: broker log verify",
        "backup-damaged" => "nothing of it was used; take another backup",
        "backup-wrong-key" => "name the file with the identity of a recipient: --identity PATH",
        "backup-wrong-passphrase" => "try again with the passphrase it was made with",
        "catalog-missing" => "rebuild it from the stores with: broker doctor --fix",
        "config-invalid" => {
            "see broker.toml(5); broker does nothing while the file is not understood"
        }
        "file-damaged" => "restore the file from a backup, or see: broker doctor",
        "file-unsafe" => {
            "take the rights of others away with chmod go-rwx; in broker's own folders: broker doctor --fix"
        }
        "format-newer" => "use the newer broker; the file was left untouched",
        "home-busy" => "wait for it to end, and try again",
        "home-exists" => "see what it is with: broker doctor",
        "home-not-found" => "name a folder with --home DIR or BROKER_HOME",
        "no-home" => "make one with: broker init",
        "secret-exists" => {
            "give it another value with: broker rotate; its record is changed with: broker edit"
        }
        "store-ambiguous" => "remove the doubles with your system's keychain program",
        "store-damaged" => "restore the file from a backup; nothing of it was used",
        "store-denied" => "allow broker in your system's keychain program, and try again",
        "store-dismissed" => "try again and answer the prompt, or unlock first with: broker unlock",
        "store-no-collection" => {
            "make a default keyring with your desktop's keyring program, or use a vault: broker init --store vault"
        }
        "store-no-provider" => {
            "install and start gnome-keyring, KWallet or KeePassXC, or use a vault: broker init --store vault"
        }
        "store-not-kept" => "the store cannot be trusted with this value; nothing was changed",
        "store-not-set-up" => {
            "set it up with: broker init --store vault, and --passphrase, --keychain or --key-file"
        }
        "store-timeout" => "see whether your keyring program hangs; restart it, or log in again",
        "store-unavailable" => {
            "start a session bus (dbus-run-session on a headless box), or use a vault: broker init --store vault"
        }
        "store-unsupported" => "use the other store, see: broker init --help",
        "value-not-found" => {
            "the catalog names it but the store has lost it; store it again, see: broker doctor"
        }
        "value-unchanged" => "get a new value from where it is issued; nothing was changed",
        "version-not-kept" => "the old value is gone; give it another one with: broker rotate",
        "vault-wrong-key" => "name the right key file, see: broker vault status",
        "vault-wrong-passphrase" => "try again with the right passphrase",
        _ => return None,
    })
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = Self::advised(error.code(), error.to_string());
        let StoreError::Locked(kind) = error else {
            return failure;
        };
        failure.hint(match kind {
            StoreKind::Keychain => {
                "unlock it with: broker unlock, or by logging in; on a headless box a vault is the better store"
            }
            StoreKind::Vault => "unlock it for a while with: broker vault unlock",
        })
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        // What comes from below keeps the advice that belongs to it.
        let code = error.code();
        let message = error.to_string();
        if let CatalogError::Store(error) = error {
            return error.into();
        }
        if let CatalogError::Locate(error) = error {
            return error.into();
        }
        Self::advised(code, message)
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        Self::advised(error.code(), error.to_string())
    }
}

impl From<LocateError> for Failure {
    fn from(error: LocateError) -> Self {
        let failure = Self::advised("home-not-found", error.to_string());
        if matches!(error, LocateError::Foreign(_)) {
            return failure.hint(
                "under sudo use -H, or name a folder of your own with --home DIR or BROKER_HOME",
            );
        }
        failure
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        Self::advised(error.code(), error.to_string())
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::advised(error.code(), error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::advised(error.code(), error.to_string())
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let message = error.to_string();
        let (code, hint) = match &error {
            PlanError::NoCommand => (
                "usage",
                Some("write the command behind --, or name a server of broker.toml".to_owned()),
            ),
            PlanError::Program { error: ProgramError::NotFound, .. } => {
                return Self::new("program-not-found", message).exiting(127);
            }
            PlanError::Program { error: ProgramError::NotExecutable(_), .. } => {
                return Self::new("program-not-executable", message).exiting(126);
            }
            PlanError::Folder(_) => ("folder-unusable", None),
            PlanError::VariableName => ("variable-invalid", None),
            PlanError::NoSecretOfThatName(variable, _) => {
                ("name-invalid", Some(format!("name the secret: --env {}=broker://NAME", word(variable))))
            }
            PlanError::Twice(_) => ("variable-twice", Some("name it once".to_owned())),
            PlanError::Reference(..) => (
                "reference-invalid",
                Some("store the whole text as the secret, and refer to it with broker://NAME alone".to_owned()),
            ),
            PlanError::Unset(variable) => (
                "variable-unset",
                Some(format!("set it for the caller, or leave out --pass {}", word(variable))),
            ),
            PlanError::PassedReference(variable) => {
                ("variable-twice", Some(format!("leave out --pass {}", word(variable))))
            }
            PlanError::Dangerous(variable) => (
                "variable-dangerous",
                Some(format!("if you mean it, add: --allow-dangerous-env {}", word(variable))),
            ),
            PlanError::ArgumentReference(_) => (
                "reference-in-argument",
                Some("give it to the server in a variable with --env VAR=broker://NAME; arguments are visible to every user of the machine (--allow-argv-secret, where there is no other way)".to_owned()),
            ),
            PlanError::BadArgumentReference(..) => (
                "reference-invalid",
                Some("store the whole argument as the secret, and refer to it with broker://NAME alone".to_owned()),
            ),
            PlanError::NotOfThisSystem => ("grants-invalid", None),
        };
        let failure = Self::new(code, message).exiting(125);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// The name of a variable in advice, under the same rule as in messages.
fn word(variable: &str) -> &str {
    if is_conventional(variable) || is_dangerous(variable) {
        variable
    } else {
        "VAR"
    }
}

impl From<BindError> for Failure {
    fn from(error: BindError) -> Self {
        let message = error.to_string();
        match error {
            BindError::Unreadable(..) => Self::new("program-unreadable", message)
                .hint("broker has to read what it starts with secrets, to tell it from another"),
            BindError::NoSecret(_) => Self::new("secret-not-found", message),
            BindError::NeedsFolder(_) => Self::new("grant-changed", message)
                .hint("revoke what was allowed, and allow it again"),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let message = error.to_string();
        let (code, exit) = match &error {
            StartError::NotRead(_) => ("value-not-found", 125),
            StartError::Nul(_) => ("value-has-nul", 125),
            StartError::TooLong(_) | StartError::TooMuch => ("value-too-large", 125),
            StartError::NulInText => ("variable-invalid", 125),
            StartError::Folder(..) => ("folder-unusable", 125),
            StartError::NotFound(_) => ("program-not-found", 127),
            StartError::NotExecutable(..) => ("program-not-executable", 126),
            StartError::Unsupported => ("system-unsupported", 125),
        };
        Self::new(code, message).exiting(exit)
    }
}
