//! Keeping a vault open for a while, closing it, and telling how it stands.
//!
//! Only for vaults that are opened by a passphrase: the others open by themselves. While it is open the
//! kernel keeps the identity for this user, so that a broker started by a client, with no terminal to ask on, can
//! read. Kept is one text: the second it ends (of the system's clock, as the kernel counts it, see
//! keyctl_set_timeout(3)), a newline, the identity file.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::identity::{MAX_KEPT_BYTES, kept_under};
use super::record::Unlock;
use super::{Identity, Vault};
use crate::store::{StoreError, StoreKind};
use crate::sys::{self, KeyringError};

/// The longest time a vault is kept open.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// How a vault stands.
#[derive(Debug)]
pub struct Status {
    /// How it is opened.
    pub unlock: Unlock,
    /// What its files are encrypted to.
    pub recipient: String,
    /// The key file it is opened by, if it is.
    pub key_file: Option<PathBuf>,
    /// Whether it can be read now.
    pub state: State,
}

/// Whether a vault can be read now, without asking anybody.
#[derive(Debug)]
pub enum State {
    /// It can.
    Open,
    /// It can, until then.
    OpenUntil(Timestamp),
    /// It cannot: it waits for its passphrase, or for the keychain to be unlocked.
    Locked,
    /// It cannot, for this reason.
    Unusable(StoreError),
}

impl Vault {
    /// Asks for the passphrase and keeps the vault open for `time`, a second at least and a year at most.
    /// Asks again where it is open already. Returns the end.
    ///
    /// # Errors
    /// [`StoreError::NoPassphrase`] for a vault that is opened in another way; [`StoreError::WrongPassphrase`];
    /// [`StoreError::NoKeyring`] where the system cannot keep it; those of [`super::Unlocker::passphrase`].
    pub fn unlock(&mut self, time: Duration) -> Result<Timestamp, StoreError> {
        if self.record.unlock != Unlock::Passphrase {
            return Err(StoreError::NoPassphrase);
        }
        // Before the person types for nothing.
        if let Err(KeyringError::Unavailable) =
            sys::find_key(&kept_under(&self.home), MAX_KEPT_BYTES)
        {
            return Err(StoreError::NoKeyring);
        }
        let identity = self.ask()?;
        let seconds = u32::try_from(time.min(LONGEST).as_secs())
            .unwrap_or(u32::MAX)
            .max(1);
        let until = self
            .access
            .clock
            .now()
            .as_second()
            .saturating_add(i64::from(seconds));
        let payload = kept_text(&identity, until);
        sys::keep_key(&kept_under(&self.home), &payload, seconds).map_err(keyring_error)?;
        self.identity = Some(identity);
        Ok(Timestamp::from_second(until).unwrap_or(Timestamp::MAX))
    }

    /// Closes the vault, here and for all processes of the user. `false` if it was not open.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the kernel does not let go of the identity.
    pub fn lock(&mut self) -> Result<bool, StoreError> {
        self.identity = None;
        match sys::drop_key(&kept_under(&self.home)) {
            Ok(was_open) => Ok(was_open),
            // Where nothing can be kept, nothing is.
            Err(KeyringError::Unavailable) => Ok(false),
            Err(error) => Err(keyring_error(error)),
        }
    }

    /// Tells how the vault stands, asking nobody.
    #[must_use]
    pub fn status(&self) -> Status {
        let by_file = self.access.key_file.is_some();
        let state = match self.kept() {
            Some((_, until)) if self.record.unlock == Unlock::Passphrase && !by_file => {
                State::OpenUntil(Timestamp::from_second(until).unwrap_or(Timestamp::MAX))
            }
            _ => self.other_state(),
        };
        let key_file = match &self.access.key_file {
            Some(path) => Some(path.clone()),
            None if self.record.unlock == Unlock::KeyFile => Some(self.key_file()),
            None => None,
        };
        Status {
            unlock: self.record.unlock,
            recipient: self.record.recipient.clone(),
            key_file,
            state,
        }
    }

    fn other_state(&self) -> State {
        // Not what this process happens to have in memory, but how the vault stands for any.
        match self.sound_generation().and_then(|_| self.probe_key()) {
            Ok(()) => State::Open,
            Err(StoreError::Locked(_)) => State::Locked,
            Err(error) => State::Unusable(error),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "held by the kernel for the user alone"
)]
fn kept_text(identity: &Identity, until: i64) -> Zeroizing<Vec<u8>> {
    let file = identity.to_file("-");
    let until = until.to_string();
    let mut text = Zeroizing::new(Vec::with_capacity(
        until.len().saturating_add(file.len()).saturating_add(1),
    ));
    text.extend_from_slice(until.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(file.expose());
    text
}

fn keyring_error(error: KeyringError) -> StoreError {
    let name = match error {
        KeyringError::Unavailable => return StoreError::NoKeyring,
        KeyringError::Full => "keyring-full",
        KeyringError::Other(name) => name,
    };
    StoreError::Failed {
        kind: StoreKind::Vault,
        name: name.to_owned(),
    }
}
