//! The calls of the Secret Service API that broker uses, as messages: no proxies, which would
//! introspect, cache properties and subscribe to signals, all of it waiting on the bus.
//!
//! Names, arguments and answers are those of the Secret Service API, draft 0.2, "Part II. D-Bus API
//! Reference". Every call ends by a deadline, and no error keeps what the service wrote into it.

use std::collections::HashMap;

use serde::Serialize;
use zbus::wire::DynamicDeserialize;
use zbus::{Connection, DynamicType, Message, ObjectPath, OwnedObjectPath, OwnedVariant, Variant};

use super::super::{SERVICE, failed};
use super::clock::Clock;
use super::session::{ALGORITHM, KeyPair, Sealed, Session};
use super::{bus, fault};
use crate::store::{ItemId, StoreError};

/// The well-known name of the service.
pub(super) const SECRETS: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const BUS: &str = "org.freedesktop.DBus";

/// What `SearchItems` found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) unlocked: Vec<OwnedObjectPath>,
    pub(super) locked: Vec<OwnedObjectPath>,
}

impl Found {
    /// Returns every path, the locked ones too.
    pub(super) fn into_all(mut self) -> Vec<OwnedObjectPath> {
        self.unlocked.append(&mut self.locked);
        self.unlocked
    }
}

/// A connection to the service, for the time of one call of the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Service<'a> {
    pub(super) bus: &'a Connection,
    pub(super) clock: &'a Clock,
}

impl Service<'_> {
    /// Calls `method`, without a limit of its own.
    async fn send<B: Serialize + DynamicType>(
        self,
        path: &ObjectPath<'_>,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, StoreError> {
        let answer = self
            .bus
            .call_method(Some(SECRETS), path, Some(interface), method, body)
            .await
            .map_err(|error| fault::of(&error))?;
        self.clock.reached();
        Ok(answer)
    }

    async fn call<B: Serialize + DynamicType>(
        self,
        path: &ObjectPath<'_>,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, StoreError> {
        self.clock
            .within(self.send(path, interface, method, body))
            .await
    }

    /// Agrees on a session with the service. The rest of its calls may be under way already.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where the service refuses encryption or sends a number that would give
    /// the key away; there is no falling back to `plain`.
    pub(super) async fn open_session(self, pair: &KeyPair) -> Result<Session, StoreError> {
        let (root, body) = (
            path(ROOT)?,
            (ALGORITHM, Variant::from(pair.public().to_vec())),
        );
        let opening = self.send(&root, SERVICE_INTERFACE, "OpenSession", &body);
        let answer = self.clock.to_reach(opening).await?;
        let (output, session): (OwnedVariant, OwnedObjectPath) = parse(&answer)?;
        let theirs = Vec::<u8>::try_from(output).map_err(|_| fault::malformed())?;
        let key = pair
            .agree(&theirs)
            .ok_or_else(|| failed("invalid-public-key"))?;
        Ok(Session::new(session, key))
    }

    /// Finds the items that have all of `attributes`.
    pub(super) async fn search(
        self,
        attributes: &HashMap<&str, &str>,
    ) -> Result<Found, StoreError> {
        let answer = self
            .call(&path(ROOT)?, SERVICE_INTERFACE, "SearchItems", attributes)
            .await?;
        let (unlocked, locked) = parse(&answer)?;
        Ok(Found { unlocked, locked })
    }

    /// Reads the secrets of `items`. What is locked or gone is not in the answer.
    pub(super) async fn secrets(
        self,
        items: &[OwnedObjectPath],
        session: &Session,
    ) -> Result<HashMap<OwnedObjectPath, Sealed>, StoreError> {
        let answer = self
            .call(
                &path(ROOT)?,
                SERVICE_INTERFACE,
                "GetSecrets",
                &(items, session.path()),
            )
            .await?;
        parse(&answer)
    }

    /// Returns the default collection.
    ///
    /// # Errors
    /// [`StoreError::NoCollection`] where the service has none.
    pub(super) async fn default_collection(self) -> Result<OwnedObjectPath, StoreError> {
        let answer = self
            .call(&path(ROOT)?, SERVICE_INTERFACE, "ReadAlias", &"default")
            .await?;
        let found: OwnedObjectPath = parse(&answer)?;
        if found.as_str() == "/" {
            return Err(StoreError::NoCollection);
        }
        Ok(found)
    }

    /// Returns all collections.
    pub(super) async fn collections(self) -> Result<Vec<OwnedObjectPath>, StoreError> {
        let found = self
            .property(&path(ROOT)?, SERVICE_INTERFACE, "Collections")
            .await?;
        Vec::try_from(found).map_err(|_| fault::malformed())
    }

    /// Tells whether `collection` is locked.
    pub(super) async fn is_locked(self, collection: &ObjectPath<'_>) -> Result<bool, StoreError> {
        let locked = self.property(collection, COLLECTION, "Locked").await?;
        bool::try_from(locked).map_err(|_| fault::malformed())
    }

    /// Returns the attributes of `item`.
    pub(super) async fn attributes(
        self,
        item: &ObjectPath<'_>,
    ) -> Result<HashMap<String, String>, StoreError> {
        let found = self.property(item, ITEM, "Attributes").await?;
        HashMap::try_from(found).map_err(|_| fault::malformed())
    }

    /// Unlocks `objects`. Returns the prompt that has to be answered first, if any.
    pub(super) async fn unlock(
        self,
        objects: &[OwnedObjectPath],
    ) -> Result<Option<OwnedObjectPath>, StoreError> {
        let answer = self
            .call(&path(ROOT)?, SERVICE_INTERFACE, "Unlock", &objects)
            .await?;
        let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = parse(&answer)?;
        Ok(some(prompt))
    }

    /// Files `secret` for `item` in `collection`, in place of an item with the same attributes.
    /// Returns the item, or the prompt that has to be answered first.
    pub(super) async fn create(
        self,
        collection: &ObjectPath<'_>,
        item: &ItemId,
        secret: &Sealed,
    ) -> Result<(OwnedObjectPath, Option<OwnedObjectPath>), StoreError> {
        let account = item.account();
        let properties: HashMap<&str, Variant<'_>> = HashMap::from([
            (
                "org.freedesktop.Secret.Item.Label",
                Variant::from(label(item)),
            ),
            (
                "org.freedesktop.Secret.Item.Attributes",
                Variant::from(attributes(&account)),
            ),
        ]);
        let answer = self
            .call(
                collection,
                COLLECTION,
                "CreateItem",
                &(properties, secret, true),
            )
            .await?;
        let (created, prompt) = parse(&answer)?;
        Ok((created, some(prompt)))
    }

    /// Deletes `item`. Returns the prompt that has to be answered first, if any.
    pub(super) async fn delete(
        self,
        item: &ObjectPath<'_>,
    ) -> Result<Option<OwnedObjectPath>, StoreError> {
        let answer = self.call(item, ITEM, "Delete", &()).await?;
        Ok(some(parse(&answer)?))
    }

    /// Calls a method of a prompt, of the interface `org.freedesktop.Secret.Prompt`.
    pub(super) async fn prompt<B: Serialize + DynamicType>(
        self,
        prompt: &ObjectPath<'_>,
        method: &str,
        body: &B,
    ) -> Result<(), StoreError> {
        self.call(prompt, "org.freedesktop.Secret.Prompt", method, body)
            .await
            .map(drop)
    }

    /// Returns the unique name of who owns `name` on the bus, or `None` where nobody does.
    pub(super) async fn owner(self, name: &str) -> Result<Option<String>, StoreError> {
        let asking = async {
            let object = path("/org/freedesktop/DBus")?;
            match self
                .bus
                .call_method(Some(BUS), &object, Some(BUS), "GetNameOwner", &name)
                .await
                .map_err(|error| fault::of(&error))
            {
                Ok(answer) => parse(&answer).map(Some),
                Err(StoreError::NoProvider) => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.clock.within(asking).await
    }

    async fn property(
        self,
        object: &ObjectPath<'_>,
        interface: &str,
        name: &str,
    ) -> Result<OwnedVariant, StoreError> {
        let answer = self
            .call(object, PROPERTIES, "Get", &(interface, name))
            .await?;
        parse(&answer)
    }
}

/// Connects to the bus within the time to reach the service.
///
/// # Errors
/// As [`bus::connect`], and [`StoreError::TimedOut`].
pub(super) async fn connect(
    place: &super::super::Place,
    clock: &Clock,
) -> Result<Connection, StoreError> {
    clock.within(bus::connect(place)).await
}

/// Returns the attributes of the item for `account`: those `keyring` gives the items it makes on
/// Linux, so that each reads what the other filed. A search matches items with further ones too.
pub(super) fn attributes(account: &str) -> HashMap<&'static str, &str> {
    HashMap::from([("service", SERVICE), ("username", account)])
}

/// Reads the item back from its attributes; `None` for what broker did not file.
pub(super) fn item_of(attributes: &HashMap<String, String>) -> Option<ItemId> {
    let service = attributes.get("service").filter(|s| *s == SERVICE);
    service.and(
        attributes
            .get("username")
            .and_then(|a| ItemId::from_account(a)),
    )
}

/// Returns the name of `item` for people.
fn label(item: &ItemId) -> String {
    format!("broker: {}", item.local())
}

/// Reads the body of `answer`.
fn parse<T: for<'a> DynamicDeserialize<'a>>(answer: &Message) -> Result<T, StoreError> {
    answer.body().deserialize().map_err(|_| fault::malformed())
}

fn path(text: &'static str) -> Result<ObjectPath<'static>, StoreError> {
    ObjectPath::try_from(text).map_err(|_| fault::malformed())
}

/// The API says "no object" with the path `/`.
fn some(path: OwnedObjectPath) -> Option<OwnedObjectPath> {
    (path.as_str() != "/").then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{HomeId, Version};

    #[test]
    fn an_item_is_filed_as_keyring_would_and_reads_back() {
        let home = HomeId::from_random([0xab; 16]);
        let name = "work/token".parse().expect("a name");
        let item = ItemId::secret(&home, &name, Version(3));
        let account = item.account();
        let attributes = attributes(&account);
        assert_eq!(
            attributes,
            HashMap::from([
                ("service", "broker"),
                ("username", "abababababababababababababababab/work/token@v3"),
            ])
        );
        assert_eq!(label(&item), "broker: work/token@v3");
        let mut stored: HashMap<String, String> = attributes
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        stored.insert("xdg:content-type".to_owned(), "text/plain".to_owned());
        assert_eq!(item_of(&stored), Some(item));
        stored.insert("service".to_owned(), "other".to_owned());
        assert_eq!(item_of(&stored), None);
    }
}
