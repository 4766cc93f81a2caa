//! `broker vault`: opening, closing and re-keying the vault.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::Done;
use super::audited::Event;
use super::context::Context;
use super::failure::Failure;
use super::init::{absolute, new_passphrase, passphrase_from_stdin};
use super::permission::{ensure_thawed, seals};
use super::stores::{OpenStores, access};
use super::terminal::Terminal;
use crate::audit;
use crate::catalog::Home;
use crate::secret::{Length, SecretValue};
use crate::store::vault::{Access, Protection, State, Unlock, Unlocker, Vault};
use crate::store::{Store, StoreError, StoreKind};
use crate::text::escaped;

/// Unlock, lock, look at and re-key the vault
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker vault status
  broker vault unlock --for 8h")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Keep the vault open for a while, so that servers can be started without its passphrase
    ///
    /// For a vault with a passphrase, on Linux. The passphrase is typed, or read from stdin. Its key is then
    /// held by the kernel for this user, also for brokers that clients start in other login sessions. While it
    /// is open, every program that runs as you, outside a sandbox, can read it.
    #[command(after_long_help = "Examples:
  broker vault unlock
  broker vault unlock --for 30m")]
    Unlock {
        /// How long: 30m, 8h, 2d
        #[arg(long = "for", value_name = "DUR", default_value = "8h", value_parser = minutes)]
        time: Duration,
    },
    /// Close the vault
    #[command(after_long_help = "Example:
  broker vault lock")]
    Lock,
    /// Tell how the vault is opened, and whether it is
    #[command(after_long_help = "Examples:
  broker vault status
  broker --json vault status")]
    Status,
    /// Give the vault a new key, and encrypt everything to it
    ///
    /// Without a flag the vault is opened as before. Every value is written again and read back before the
    /// new key is used; the old files are removed then.
    #[command(after_long_help = "Examples:
  broker vault rekey
  broker vault rekey --passphrase")]
    Rekey {
        /// From now on the vault opens with a key file: PATH, or one of its own
        #[arg(long, value_name = "PATH", group = "opens")]
        key_file: Option<Option<PathBuf>>,
        /// From now on the vault opens with a passphrase
        #[arg(long, group = "opens")]
        passphrase: bool,
        /// From now on the vault opens with a key that the keychain holds
        #[arg(long, group = "opens")]
        keychain: bool,
    },
}

/// Reads a time for which something stays open: minutes too, other than lengths between rotations.
fn minutes(text: &str) -> Result<Duration, &'static str> {
    let wrong = "a time is like 30m, 8h or 2d, and at most a year";
    let seconds = match text
        .strip_suffix('m')
        .filter(|n| n.bytes().all(|b| b.is_ascii_digit()))
    {
        Some(number) => number
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(60))
            .ok_or(wrong)?,
        None => {
            let length: Length = text.parse().map_err(|_| wrong)?;
            let start = jiff::Timestamp::UNIX_EPOCH;
            let end = length.after(start, &jiff::tz::TimeZone::UTC).ok_or(wrong)?;
            u64::try_from(end.as_second()).map_err(|_| wrong)?
        }
    };
    let year = 366 * 24 * 3600;
    if (1..=year).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err(wrong)
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    let from_stdin = matches!(args.action, Action::Unlock { .. }) && !io::stdin().is_terminal();
    let access = if from_stdin && Terminal::open().is_none() {
        stdin_access()
    } else {
        access()
    };
    let mut vault = Vault::open(&home.paths, &home.record.id, access)?;
    match &args.action {
        Action::Unlock { time } => {
            let event = Event::new(audit::Action::Vault).detail("unlocked for a while");
            let until = event.around(&home, context, || Ok(vault.unlock(*time)?))?;
            context.output.notice(&format!(
                "the vault is open until {until}, to every program that runs as you outside a sandbox"
            ));
        }
        Action::Lock => {
            let text = if vault.lock()? {
                "the vault is locked"
            } else {
                "the vault was not open"
            };
            context.output.notice(text);
        }
        Action::Status => status(&mut vault, context)?,
        Action::Rekey {
            key_file,
            passphrase,
            keychain,
        } => {
            let protection = match (key_file, passphrase, keychain) {
                (Some(Some(path)), ..) => Protection::KeyFile(Some(absolute(path)?)),
                (Some(None), ..) => Protection::KeyFile(None),
                (None, true, _) => Protection::Passphrase(new_passphrase()?),
                (None, false, true) => Protection::Keychain,
                (None, false, false) => match vault.status().unlock {
                    Unlock::KeyFile if external(&vault, &home) => return Err(needs_a_place()),
                    Unlock::KeyFile => Protection::KeyFile(None),
                    Unlock::Passphrase => Protection::Passphrase(new_passphrase()?),
                    Unlock::Keychain => Protection::Keychain,
                },
            };
            let mut event = Event::new(audit::Action::Vault).detail(format!(
                "a new key, which opens with {}",
                protection.unlock().word()
            ));
            // Where the vault opens more easily afterwards, values leave through it: a person decides.
            let opens_otherwise = vault.status().unlock != protection.unlock()
                || (matches!(protection, Protection::KeyFile(None)) && external(&vault, &home));
            if opens_otherwise {
                let mut stores = OpenStores::new(&home);
                let what = "changing how the vault opens";
                let question = "change how the vault opens?";
                event = event.agreed(what, question, &home, &mut stores, context)?.1;
            }
            let left = event.around(&home, context, || {
                if opens_otherwise {
                    seals::ensure_thawed(&home, &mut OpenStores::new(&home), StoreKind::Vault)?;
                }
                let _lock = home.lock()?;
                // Frozen while this waited for its turn.
                if opens_otherwise {
                    ensure_thawed(&home)?;
                }
                Ok(vault.rekey(&protection)?)
            })?;
            for path in left {
                context.output.warning(&format!(
                    "\"{}\" of the old key could not be removed; see: broker doctor --fix",
                    path.display()
                ));
            }
            context.output.notice("the vault has a new key");
            if let Some(path) = vault.status().key_file {
                super::init::warn_of_key_file(&path, context);
            }
        }
    }
    Ok(Done::Ok)
}

/// Tells whether the vault opens with a key file that is not kept in its own folder.
fn external(vault: &Vault, home: &Home) -> bool {
    let key_file = vault.status().key_file;
    key_file.is_some_and(|path| !path.starts_with(home.paths.vault_folder()))
}

/// A new key beside the files it opens would undo what the old one's own place was for.
fn needs_a_place() -> Failure {
    Failure::usage(
        "the vault opens with a key file of its own place, and the new key needs one too",
    )
    .hint("name it: broker vault rekey --key-file PATH")
}

fn status(vault: &mut Vault, context: &Context) -> Result<(), Failure> {
    let status = vault.status();
    let (state, until, problem) = match &status.state {
        State::Open => ("open", None, None),
        State::OpenUntil(until) => ("open", Some(until.to_string()), None),
        State::Locked => ("locked", None, None),
        State::Unusable(error) => ("unusable", None, Some(error.to_string())),
    };
    let key_file = status
        .key_file
        .as_ref()
        .map(|path| path.display().to_string());
    if context.output.json {
        return context.output.document(&json!({
            "opens_with": status.unlock.word(),
            "recipient": status.recipient,
            "key_file": key_file,
            "state": state,
            "until": until,
            "problem": problem,
        }));
    }
    let mut text = format!(
        "opens with    {}\nrecipient     {}\n",
        status.unlock.word(),
        status.recipient
    );
    if let Some(path) = key_file {
        text.push_str(&format!("key file      {}\n", escaped(&path)));
    }
    text.push_str(&format!("state         {state}"));
    for more in [
        until.map(|u| format!(" until {u}")),
        problem.map(|p| format!(": {p}")),
    ] {
        text.push_str(&escaped(&more.unwrap_or_default()));
    }
    text.push('\n');
    context.output.answer(&text)
}

/// Access for `vault unlock` without a terminal: the passphrase comes on stdin.
fn stdin_access() -> Access {
    #[derive(Debug)]
    struct Stdin;
    impl Unlocker for Stdin {
        fn passphrase(&self) -> Result<SecretValue, StoreError> {
            passphrase_from_stdin().map_err(|_| StoreError::Locked(StoreKind::Vault))
        }
        fn keychain(&self) -> Result<Box<dyn Store>, StoreError> {
            access().unlocker.keychain()
        }
    }
    Access {
        unlocker: Box::new(Stdin),
        ..access()
    }
}
