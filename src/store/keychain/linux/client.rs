//! What the store asks of the Secret Service, in as few waits on the bus as it takes.
//!
//! Reading waits three times: for the connection, for the session together with all searches, and
//! for one `GetSecrets`. A locked keychain must never look like one without the item: some services
//! answer a search in a locked collection with nothing at all. So before an item counts as absent,
//! all collections are asked whether they are locked, and the search is made again after that.

use std::time::Duration;

use zbus::{Connection, OwnedObjectPath};

use super::super::{PROMPT, Place, SERVICE, failed, not_found};
use super::clock::Clock;
use super::join::{all, both};
use super::service::{self, Found, Service};
use super::session::{KeyPair, Session};
use super::{fault, prompt};
use crate::secret::SecretValue;
use crate::store::{Asking, HomeId, ItemId, Removal, StoreError, StoreKind};

/// How many properties are asked for at once: many calls wait together, yet stay far below the
/// number of replies the bus lets a client wait for.
const CHUNK: usize = 64;

const LOCKED: StoreError = StoreError::Locked(StoreKind::Keychain);

/// A connection, and the session on it once one was needed.
#[derive(Debug)]
pub(super) struct Client {
    bus: Connection,
    /// Made while the bus is being connected to; used up by the session.
    pair: Option<KeyPair>,
    session: Option<Session>,
}

/// One call of the store on a [`Client`].
pub(super) struct Call<'a> {
    service: Service<'a>,
    pair: &'a mut Option<KeyPair>,
    session: &'a mut Option<Session>,
    asking: Asking,
    /// How long a person is still waited for.
    patience: Duration,
}

impl Client {
    /// Connects to the bus.
    ///
    /// # Errors
    /// As [`service::connect`].
    pub(super) async fn connect(place: &Place, clock: &Clock) -> Result<Self, StoreError> {
        let making = async {
            // By the third turn the connection has sent its handshake and waits for the bus, which
            // is when there is time to spare.
            for _ in 0..2 {
                tokio::task::yield_now().await;
            }
            KeyPair::generate().map_err(failed)
        };
        let (bus, pair) = both(service::connect(place, clock), making).await?;
        Ok(Self {
            bus,
            pair: Some(pair),
            session: None,
        })
    }

    /// Begins a call of the store.
    pub(super) fn call<'a>(&'a mut self, clock: &'a Clock, asking: Asking) -> Call<'a> {
        Call {
            service: Service {
                bus: &self.bus,
                clock,
            },
            pair: &mut self.pair,
            session: &mut self.session,
            asking,
            patience: PROMPT,
        }
    }
}

impl Call<'_> {
    /// See [`Store::read`](crate::store::Store::read).
    pub(super) async fn read(&mut self, items: &[ItemId]) -> Result<Vec<SecretValue>, StoreError> {
        let accounts: Vec<String> = items.iter().map(ItemId::account).collect();
        let mut found = self
            .with_session(search_all(self.service, &accounts))
            .await?;
        let (mut unlocked, mut looked_again) = (false, false);
        let paths = loop {
            match choose(items, &found)? {
                Choice::All(paths) => break paths,
                Choice::Locked(paths) if !unlocked => {
                    self.unlock_objects(&paths).await?;
                    unlocked = true;
                }
                Choice::Locked(_) => return Err(LOCKED),
                Choice::Absent(item) if looked_again => return Err(not_found(item)),
                Choice::Absent(_) => {
                    self.open_all(unlocked).await?;
                    (unlocked, looked_again) = (true, true);
                }
            }
            found = search_all(self.service, &accounts).await?;
        };
        let session = self.session.as_ref().ok_or_else(fault::malformed)?;
        let secrets = self.service.secrets(&paths, session).await?;
        let values = items.iter().zip(&paths).map(|(item, path)| {
            let sealed = secrets.get(path).ok_or_else(|| not_found(item))?;
            session.open(sealed).ok_or_else(|| StoreError::Damaged {
                kind: StoreKind::Keychain,
                what: item.local(),
            })
        });
        let values: Result<Vec<_>, _> = values.collect();
        if matches!(values, Err(StoreError::NotFound { .. })) {
            // Found a moment ago and not given now: locked in between, removed, or withheld.
            self.open_all(true).await?;
            let again = search_all(self.service, &accounts).await?;
            if again
                .iter()
                .all(|found| !found.unlocked.is_empty() || !found.locked.is_empty())
            {
                return Err(StoreError::Denied(StoreKind::Keychain));
            }
        }
        values
    }

    /// See [`Store::write`](crate::store::Store::write). Where several items have the account, one
    /// is left, with the new value.
    pub(super) async fn write(
        &mut self,
        item: &ItemId,
        value: &SecretValue,
    ) -> Result<(), StoreError> {
        let account = item.account();
        let attributes = service::attributes(&account);
        let service = self.service;
        let asking = both(service.search(&attributes), service.default_collection());
        let (found, collection) = self.with_session(asking).await?;
        if service.is_locked(&collection).await? {
            self.unlock_objects(std::slice::from_ref(&collection))
                .await?;
        }
        let session = self.session.as_ref().ok_or_else(fault::malformed)?;
        let sealed = session.seal(value).map_err(failed)?;
        let (mut created, prompt) = service.create(&collection, item, &sealed).await?;
        if let Some(prompt) = prompt {
            let result = self.answered(&prompt).await?;
            created = OwnedObjectPath::try_from(result).map_err(|_| fault::malformed())?;
            // The older ones are removed only beside an item that is there.
            if !service
                .search(&attributes)
                .await?
                .into_all()
                .contains(&created)
            {
                return Err(fault::malformed());
            }
        }
        for other in found.into_all() {
            if other != created {
                self.delete(&other).await?;
            }
        }
        Ok(())
    }

    /// See [`Store::remove`](crate::store::Store::remove).
    pub(super) async fn remove(&mut self, item: &ItemId) -> Result<Removal, StoreError> {
        let account = item.account();
        let attributes = service::attributes(&account);
        let mut found = self.service.search(&attributes).await?;
        if found.unlocked.is_empty() && found.locked.is_empty() {
            self.open_all(false).await?;
            found = self.service.search(&attributes).await?;
        }
        if !found.locked.is_empty() {
            self.unlock_objects(&found.locked).await?;
        }
        let paths = found.into_all();
        for path in &paths {
            self.delete(path).await?;
        }
        if paths.is_empty() {
            return Ok(Removal::Absent);
        }
        if self
            .service
            .search(&attributes)
            .await?
            .into_all()
            .is_empty()
        {
            return Ok(Removal::Removed);
        }
        Err(StoreError::Denied(StoreKind::Keychain))
    }

    /// See [`Store::items`](crate::store::Store::items).
    pub(super) async fn items(&mut self, home: &HomeId) -> Result<Vec<ItemId>, StoreError> {
        // A list that leaves out what is locked would be a wrong one.
        self.open_all(false).await?;
        let attributes = [("service", SERVICE)].into();
        let paths = self.service.search(&attributes).await?.into_all();
        let mut items = Vec::new();
        for chunk in paths.chunks(CHUNK) {
            let reads = chunk.iter().map(|path| present(self.service, path));
            for attributes in all(reads).await?.into_iter().flatten() {
                items.extend(service::item_of(&attributes).filter(|item| item.home() == home));
            }
        }
        items.sort_unstable();
        items.dedup();
        Ok(items)
    }

    /// See [`Store::check`](crate::store::Store::check).
    pub(super) async fn check(&mut self) -> Result<(), StoreError> {
        let asking = self.service.default_collection();
        let collection = self.with_session(asking).await?;
        if self.service.is_locked(&collection).await? {
            return Err(LOCKED);
        }
        Ok(())
    }

    /// Unlocks the default collection.
    pub(super) async fn unlock(&mut self) -> Result<(), StoreError> {
        let collection = self.service.default_collection().await?;
        if self.service.is_locked(&collection).await? {
            self.unlock_objects(std::slice::from_ref(&collection))
                .await?;
            if self.service.is_locked(&collection).await? {
                return Err(LOCKED);
            }
        }
        Ok(())
    }

    /// Waits for `work`, and for a session where there is none yet.
    async fn with_session<T>(
        &mut self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.session.is_some() {
            return work.await;
        }
        let pair = match self.pair.take() {
            Some(pair) => pair,
            None => KeyPair::generate().map_err(failed)?,
        };
        let (session, done) = both(self.service.open_session(&pair), work).await?;
        *self.session = Some(session);
        Ok(done)
    }

    /// Makes sure that no collection is locked, by unlocking what is; `tried` says that this was
    /// already asked for, and that it is not asked for again.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where something stays locked; as [`Self::locked_collections`] and
    /// [`Self::unlock_objects`].
    async fn open_all(&mut self, tried: bool) -> Result<(), StoreError> {
        let locked = self.locked_collections().await?;
        if locked.is_empty() {
            return Ok(());
        }
        if !tried {
            self.unlock_objects(&locked).await?;
            if self.locked_collections().await?.is_empty() {
                return Ok(());
            }
        }
        Err(LOCKED)
    }

    /// Returns the collections that are locked.
    ///
    /// # Errors
    /// [`StoreError::NoCollection`] where there is no default one.
    async fn locked_collections(&self) -> Result<Vec<OwnedObjectPath>, StoreError> {
        let service = self.service;
        let (default, mut collections) =
            both(service.default_collection(), service.collections()).await?;
        if !collections.contains(&default) {
            collections.push(default);
        }
        let locked = all(collections.iter().map(|path| service.is_locked(path))).await?;
        let mut locked = locked.into_iter();
        collections.retain(|_| locked.next() == Some(true));
        Ok(collections)
    }

    /// Asks the service to unlock `objects`, and the person where the service wants that.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where nobody may be asked; as [`prompt::answer`].
    async fn unlock_objects(&mut self, objects: &[OwnedObjectPath]) -> Result<(), StoreError> {
        if self.asking == Asking::Never {
            return Err(LOCKED);
        }
        if let Some(prompt) = self.service.unlock(objects).await? {
            self.answered(&prompt).await?;
        }
        Ok(())
    }

    /// Deletes the item at `path`; one that is gone by now is fine.
    async fn delete(&mut self, path: &OwnedObjectPath) -> Result<(), StoreError> {
        match self.service.delete(path).await {
            Ok(None) => Ok(()),
            Ok(Some(prompt)) => self.answered(&prompt).await.map(drop),
            Err(error) if fault::is_gone(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn answered(
        &mut self,
        prompt: &OwnedObjectPath,
    ) -> Result<zbus::OwnedVariant, StoreError> {
        prompt::answer(self.service, prompt, self.asking, &mut self.patience).await
    }
}

/// Searches for all `accounts` at once.
async fn search_all(service: Service<'_>, accounts: &[String]) -> Result<Vec<Found>, StoreError> {
    let searches = accounts
        .iter()
        .map(|account| async move { service.search(&service::attributes(account)).await });
    all(searches).await
}

/// Reads the attributes of the item at `path`; `None` where it is gone by now.
async fn present(
    service: Service<'_>,
    path: &OwnedObjectPath,
) -> Result<Option<std::collections::HashMap<String, String>>, StoreError> {
    match service.attributes(path).await {
        Ok(attributes) => Ok(Some(attributes)),
        Err(error) if fault::is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the searches for some items came to.
enum Choice<'a> {
    /// One path for each item.
    All(Vec<OwnedObjectPath>),
    /// These have to be unlocked first.
    Locked(Vec<OwnedObjectPath>),
    /// This is the first that was not found.
    Absent(&'a ItemId),
}

/// Decides what to do about `found`, one answer for each of `items`.
///
/// # Errors
/// [`StoreError::Ambiguous`] for the first item that was found more than once.
fn choose<'a>(items: &'a [ItemId], found: &[Found]) -> Result<Choice<'a>, StoreError> {
    let mut paths = Vec::with_capacity(items.len());
    let mut locked = Vec::new();
    let mut absent = None;
    for (item, found) in items.iter().zip(found) {
        match (found.unlocked.as_slice(), found.locked.as_slice()) {
            ([path], []) => paths.push(path.clone()),
            ([], [path]) => locked.push(path.clone()),
            ([], []) => absent = absent.or(Some(item)),
            _ => {
                return Err(StoreError::Ambiguous {
                    kind: StoreKind::Keychain,
                    item: item.clone(),
                });
            }
        }
    }
    Ok(match absent {
        _ if !locked.is_empty() => Choice::Locked(locked),
        Some(item) => Choice::Absent(item),
        None => Choice::All(paths),
    })
}
