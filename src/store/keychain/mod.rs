//! The keychain of the operating system.
//!
//! Every call runs on one thread of its own under a deadline, because a keychain can hang: a prompt
//! nobody answers, a stopped daemon. A thread that is stuck is abandoned and never joined, so that
//! broker itself never hangs. Nothing is contacted before the first call, and the connection ends
//! with the [`Keychain`].
//!
//! Linux is served by a client of the Secret Service API in `linux`; macOS and Windows by `keyring`
//! in `native`. On other systems every call is [`StoreError::Unsupported`].

mod worker;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(target_os = "macos", windows))]
mod native;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod unsupported;

#[cfg(target_os = "linux")]
use linux::Backend;
#[cfg(any(target_os = "macos", windows))]
use native::Backend;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use unsupported::Backend;

use std::fmt;
use std::time::Duration;

use super::{Asking, HomeId, ItemId, Removal, Store, StoreError, StoreKind};
use crate::secret::SecretValue;
use worker::Worker;

/// The service that all items are filed under.
const SERVICE: &str = "broker";

/// How long a whole call may take, not counting the time a person is waited for.
const CALL: Duration = Duration::from_secs(8);
/// How long a person is waited for.
const PROMPT: Duration = Duration::from_secs(30);
/// After what more a call that did not keep the limits above is given up.
const GRACE: Duration = Duration::from_secs(1);

/// Where the session bus was found (design D11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusSource {
    /// At its fixed place, `/run/user/UID/bus`.
    Runtime,
    /// In `DBUS_SESSION_BUS_ADDRESS`.
    Environment,
    /// At the address that was given.
    Given,
}

impl BusSource {
    /// Returns the words for it in messages.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Runtime => "session bus at its fixed place",
            Self::Environment => "session bus from DBUS_SESSION_BUS_ADDRESS",
            Self::Given => "session bus as given",
        }
    }
}

/// Where the service is to be looked for.
#[derive(Clone, Debug)]
enum Place {
    /// Where this system keeps it.
    Usual,
    /// On the bus at this address; only Linux has other places.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "one place elsewhere")
    )]
    At(String),
}

/// The store in the keychain of the operating system.
pub struct Keychain {
    asking: Asking,
    place: Place,
    worker: Option<Worker>,
}

impl Keychain {
    /// Makes a store of this user's keychain. Contacts nothing.
    ///
    /// `asking` says whether a locked keychain may ask the person to unlock it.
    #[must_use]
    pub fn new(asking: Asking) -> Self {
        Self {
            asking,
            place: Place::Usual,
            worker: None,
        }
    }

    /// Makes a store of the keychain on the D-Bus bus at `address`. For tests, which must not reach
    /// the keychain of the person who runs them; without effect but on Linux.
    #[doc(hidden)]
    #[must_use]
    pub fn at(address: &str, asking: Asking) -> Self {
        Self {
            asking,
            place: Place::At(address.to_owned()),
            worker: None,
        }
    }

    /// Says where the session bus is found, or `None` where there is none. Contacts nothing.
    #[must_use]
    pub fn bus_source(&self) -> Option<BusSource> {
        #[cfg(target_os = "linux")]
        return linux::bus_source(&self.place);
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// Asks the keychain to unlock, and the person for it where that is needed and allowed.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where nobody can be asked, [`StoreError::Dismissed`] where the person
    /// declines, else as any call.
    pub fn unlock(&mut self) -> Result<(), StoreError> {
        self.run(Backend::unlock)
    }

    /// Runs `job` on the keychain's thread and waits for it as long as a call may take.
    fn run<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut Backend, Asking) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let limit = match self.asking {
            Asking::Never => CALL.saturating_add(GRACE),
            Asking::Allowed => CALL.saturating_add(PROMPT).saturating_add(GRACE),
        };
        self.run_within(self.asking, limit, job)
    }

    fn run_within<T: Send + 'static>(
        &mut self,
        asking: Asking,
        limit: Duration,
        job: impl FnOnce(&mut Backend, Asking) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::start(self.place.clone())?,
        };
        let answer = worker.run(limit, move |backend| job(backend, asking))?;
        // Only a thread that answered is used again.
        self.worker = Some(worker);
        answer
    }
}

impl fmt::Debug for Keychain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keychain")
            .field("asking", &self.asking)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Store for Keychain {
    fn kind(&self) -> StoreKind {
        StoreKind::Keychain
    }

    fn read(&mut self, items: &[ItemId]) -> Result<Vec<SecretValue>, StoreError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let items = items.to_vec();
        self.run(move |backend, asking| backend.read(asking, &items))
    }

    fn write(&mut self, item: &ItemId, value: &SecretValue) -> Result<(), StoreError> {
        let (item, value) = (item.clone(), value.duplicate());
        self.run(move |backend, asking| backend.write(asking, &item, &value))
    }

    fn remove(&mut self, item: &ItemId) -> Result<Removal, StoreError> {
        let item = item.clone();
        self.run(move |backend, asking| backend.remove(asking, &item))
    }

    fn items(&mut self, home: &HomeId) -> Result<Vec<ItemId>, StoreError> {
        let home = home.clone();
        self.run(move |backend, asking| backend.items(asking, &home))
    }

    fn check(&mut self) -> Result<(), StoreError> {
        self.run_within(Asking::Never, CALL.saturating_add(GRACE), Backend::check)
    }
}

/// Makes the error for an answer that names its own error.
fn failed(name: impl Into<String>) -> StoreError {
    StoreError::Failed {
        kind: StoreKind::Keychain,
        name: name.into(),
    }
}

/// Makes the error for what did not answer within `limit`.
fn timed_out(limit: Duration) -> StoreError {
    StoreError::TimedOut {
        kind: StoreKind::Keychain,
        seconds: limit.as_secs(),
    }
}

/// Makes the error for an item that is not there.
fn not_found(item: &ItemId) -> StoreError {
    StoreError::NotFound {
        kind: StoreKind::Keychain,
        item: item.clone(),
    }
}
