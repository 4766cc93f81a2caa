//! The keychain of Linux: whatever provides the Secret Service API on the session bus, such as
//! GNOME's keyring, KDE's wallet or KeePassXC.
//!
//! Reads and writes go through this one client. `keyring`, which serves the other systems, cannot be
//! told which bus to use here (D11), does not tell a locked keychain from a missing item, prompts
//! when it searches, and reads one item at a time.
//!
//! The client crate is asynchronous, so a runtime of one thread lives on the keychain's thread, and
//! nowhere else.
#![forbid(unsafe_code)]

mod bus;
mod client;
mod clock;
mod fault;
mod join;
mod prompt;
mod service;
mod session;

use tokio::runtime::{Builder, Runtime};

use super::{BusSource, Place, failed};
use crate::secret::SecretValue;
use crate::store::{Asking, HomeId, ItemId, Removal, StoreError};
use client::{Call, Client};
use clock::Clock;

/// Says where the bus is found.
pub(super) fn bus_source(place: &Place) -> Option<BusSource> {
    bus::find(place).map(|(source, _)| source)
}

/// The client and its runtime, kept on the keychain's thread between calls.
#[derive(Debug)]
pub(super) struct Backend {
    place: Place,
    // Dropped before the runtime its connection belongs to.
    client: Option<Client>,
    runtime: Option<Runtime>,
}

impl Backend {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            client: None,
            runtime: None,
        }
    }

    pub(super) fn read(
        &mut self,
        asking: Asking,
        items: &[ItemId],
    ) -> Result<Vec<SecretValue>, StoreError> {
        self.run(asking, async |mut call| call.read(items).await)
    }

    pub(super) fn write(
        &mut self,
        asking: Asking,
        item: &ItemId,
        value: &SecretValue,
    ) -> Result<(), StoreError> {
        self.run(asking, async |mut call| call.write(item, value).await)
    }

    pub(super) fn remove(&mut self, asking: Asking, item: &ItemId) -> Result<Removal, StoreError> {
        self.run(asking, async |mut call| call.remove(item).await)
    }

    pub(super) fn items(
        &mut self,
        asking: Asking,
        home: &HomeId,
    ) -> Result<Vec<ItemId>, StoreError> {
        self.run(asking, async |mut call| call.items(home).await)
    }

    pub(super) fn check(&mut self, asking: Asking) -> Result<(), StoreError> {
        self.run(asking, async |mut call| call.check().await)
    }

    pub(super) fn unlock(&mut self, asking: Asking) -> Result<(), StoreError> {
        self.run(asking, async |mut call| call.unlock().await)
    }

    /// Runs `work` on a connection: the one of the call before, or a new one where there is none or
    /// where that one turns out to be broken. Work may so be done twice. The store is then as after
    /// once; only a removal whose answer was lost is told as [`Removal::Absent`].
    fn run<T>(
        &mut self,
        asking: Asking,
        work: impl AsyncFn(Call<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => Builder::new_current_thread()
                .enable_io()
                .enable_time()
                .build()
                .map_err(|error| failed(format!("runtime: {}", error.kind())))?,
        };
        let clock = Clock::start();
        let kept = self.client.take();
        let place = &self.place;
        let (client, answer) = runtime.block_on(async {
            if let Some(mut client) = kept {
                let answer = work(client.call(&clock, asking)).await;
                if !matches!(answer, Err(StoreError::Failed { .. })) {
                    return (Some(client), answer);
                }
            }
            match Client::connect(place, &clock).await {
                Ok(mut client) => {
                    let answer = work(client.call(&clock, asking)).await;
                    (Some(client), answer)
                }
                Err(error) => (None, Err(error)),
            }
        });
        let broken = matches!(
            answer,
            Err(StoreError::Failed { .. } | StoreError::TimedOut { .. } | StoreError::NoBus)
        );
        self.client = client.filter(|_| !broken);
        self.runtime = Some(runtime);
        answer
    }
}
