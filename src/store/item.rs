//! What a value is filed under: the home, the name and the version.
//!
//! The text form `HOMEID/NAME@vN` is the account of a keychain item (design D4). The home's random
//! id keeps homes apart: one home, a planted one too, cannot name another's items.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::secret::SecretName;

/// The number of a version of a secret, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u32);

impl Version {
    /// The first version of every secret.
    pub const FIRST: Self = Self(1);
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The random id of a home: 32 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HomeId(String);

impl HomeId {
    /// Makes an id from 16 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(bytes.iter().map(|b| format!("{b:02x}")).collect())
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HomeId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 32 && text.bytes().all(hex) {
            Ok(Self(text))
        } else {
            Err("a home id is 32 lower-case hexadecimal digits")
        }
    }
}

impl From<HomeId> for String {
    fn from(id: HomeId) -> Self {
        id.0
    }
}

/// An item of a store: one version of one secret, or something of broker's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    home: HomeId,
    name: ItemName,
    version: Version,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum ItemName {
    Secret(SecretName),
    /// Begins with a dot, which no secret's name does.
    Own(&'static str),
}

/// The items that are broker's own. Each begins with a dot, which no secret's name can.
const OWN: [&str; 2] = [".vault-identity", ".seal"];

impl ItemId {
    /// Names one version of a secret.
    #[must_use]
    pub fn secret(home: &HomeId, name: &SecretName, version: Version) -> Self {
        Self {
            home: home.clone(),
            name: ItemName::Secret(name.clone()),
            version,
        }
    }

    /// Names the item that holds the identity of a home's vault.
    #[must_use]
    pub fn vault_identity(home: &HomeId) -> Self {
        Self {
            home: home.clone(),
            name: ItemName::Own(OWN[0]),
            version: Version::FIRST,
        }
    }

    /// Names the item that holds the seal of a home's permissions.
    #[must_use]
    pub fn seal(home: &HomeId) -> Self {
        Self {
            home: home.clone(),
            name: ItemName::Own(OWN[1]),
            version: Version::FIRST,
        }
    }

    /// Returns the home it belongs to.
    #[must_use]
    pub fn home(&self) -> &HomeId {
        &self.home
    }

    /// Returns the name it is filed under, broker's own ones included.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.name {
            ItemName::Secret(name) => name.as_str(),
            ItemName::Own(name) => name,
        }
    }

    /// Returns the secret's name, or `None` for an item of broker's own.
    #[must_use]
    pub fn secret_name(&self) -> Option<&SecretName> {
        match &self.name {
            ItemName::Secret(name) => Some(name),
            ItemName::Own(_) => None,
        }
    }

    /// Returns the version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns `NAME@vN`, unique within a home.
    #[must_use]
    pub fn local(&self) -> String {
        format!("{}@v{}", self.name(), self.version)
    }

    /// Returns `HOMEID/NAME@vN`, unique everywhere.
    #[must_use]
    pub fn account(&self) -> String {
        format!("{}/{}", self.home.as_str(), self.local())
    }

    /// Reads `NAME@vN` of `home` back; `None` if it is not of that form.
    #[must_use]
    pub fn from_local(home: &HomeId, text: &str) -> Option<Self> {
        let (name, version) = text.rsplit_once("@v")?;
        let version: u32 = version.parse().ok().filter(|v| *v > 0)?;
        let name = match OWN.iter().find(|own| **own == name) {
            Some(own) => ItemName::Own(own),
            None => ItemName::Secret(name.parse().ok()?),
        };
        let item = Self {
            home: home.clone(),
            name,
            version: Version(version),
        };
        // One spelling only: `a@v01` is not the item `a@v1`.
        (item.local() == text).then_some(item)
    }

    /// Reads an account back; `None` if it is not of the form `HOMEID/NAME@vN`.
    #[must_use]
    pub fn from_account(text: &str) -> Option<Self> {
        let (home, local) = text.split_once('/')?;
        Self::from_local(&HomeId::try_from(home.to_owned()).ok()?, local)
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.local())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> HomeId {
        HomeId::from_random([0xab; 16])
    }

    #[test]
    fn an_account_reads_back_as_the_item_it_names() {
        let name = "work/github-token".parse().expect("a name");
        let item = ItemId::secret(&home(), &name, Version(12));
        assert_eq!(
            item.account(),
            "abababababababababababababababab/work/github-token@v12"
        );
        assert_eq!(ItemId::from_account(&item.account()), Some(item));
        for own in [ItemId::vault_identity(&home()), ItemId::seal(&home())] {
            assert_eq!(ItemId::from_account(&own.account()), Some(own));
        }
    }

    #[test]
    fn what_is_not_exactly_an_account_is_no_item() {
        for text in [
            "",
            "a@v1",
            "abab/a@v1",
            "@v1",
            "a@v",
            "a@v0",
            "a@v01",
            "a@v1x",
            "..@v1",
        ] {
            let account = format!("{}/{text}", home().as_str());
            assert_eq!(ItemId::from_account(text), None, "{text}");
            if text != "a@v1" && text != "abab/a@v1" {
                assert_eq!(ItemId::from_account(&account), None, "{account}");
            }
        }
    }
}
