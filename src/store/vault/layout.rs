//! How the files of a vault are called, and which of them belong to no vault any more.
//!
//! Generation 1 is `secrets/`, `key.txt`, `identity.age`; generation N is `secrets-N/`, `key-N.txt`,
//! `identity-N.age`. A secret's file is `NAME@vN.age` with `/` written `+`, which no name holds.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::paths;
use crate::store::{HomeId, ItemId, StoreError};

const EXTENSION: &str = ".age";
const SECRETS: &str = "secrets";

/// The files of one generation, in the folder of a vault.
#[derive(Clone, Debug)]
pub(super) struct Generation {
    folder: PathBuf,
    pub(super) number: u32,
}

impl Generation {
    pub(super) fn new(vault: &Path, number: u32) -> Self {
        Self {
            folder: vault.to_path_buf(),
            number,
        }
    }

    fn named(&self, stem: &str, extension: &str) -> PathBuf {
        self.folder.join(match self.number {
            1 => format!("{stem}{extension}"),
            n => format!("{stem}-{n}{extension}"),
        })
    }

    pub(super) fn secrets(&self) -> PathBuf {
        self.named(SECRETS, "")
    }

    pub(super) fn key_file(&self) -> PathBuf {
        self.named("key", ".txt")
    }

    pub(super) fn identity_file(&self) -> PathBuf {
        self.named("identity", EXTENSION)
    }

    /// Returns where the file of `item` is.
    pub(super) fn item_file(&self, item: &ItemId) -> PathBuf {
        self.secrets().join(file_name(item))
    }

    /// Lists the items there are; `None` if the generation has no folder. What is not the file of an
    /// item is left out.
    pub(super) fn items(&self, home: &HomeId) -> Result<Option<Vec<ItemId>>, StoreError> {
        let names = paths::list_folder(&self.secrets())?;
        Ok(names.map(|names| names.iter().filter_map(|name| item(home, name)).collect()))
    }
}

/// At most 144 bytes, which every file system takes.
fn file_name(item: &ItemId) -> String {
    format!("{}{EXTENSION}", item.local().replace('/', "+"))
}

fn item(home: &HomeId, name: &OsStr) -> Option<ItemId> {
    let local = name.to_str()?.strip_suffix(EXTENSION)?;
    let item = ItemId::from_local(home, &local.replace('+', "/"))?;
    // One spelling only: a file with a `/` of its own kind is not ours.
    (Some(file_name(&item).as_str()) == name.to_str()).then_some(item)
}

/// What an entry of the vault's folder is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Secrets(u32),
    KeyFile(u32),
    IdentityFile(u32),
    Temporary,
    Other,
}

impl Entry {
    pub(super) fn of(name: &OsStr) -> Self {
        if paths::is_temporary(name) {
            return Self::Temporary;
        }
        let Some(name) = name.to_str() else {
            return Self::Other;
        };
        let number = |stem: &str, extension: &str| -> Option<u32> {
            let rest = name.strip_prefix(stem)?.strip_suffix(extension)?;
            if rest.is_empty() {
                return Some(1);
            }
            let number: u32 = rest.strip_prefix('-')?.parse().ok()?;
            (number > 1 && rest == format!("-{number}")).then_some(number)
        };
        if let Some(n) = number(SECRETS, "") {
            Self::Secrets(n)
        } else if let Some(n) = number("key", ".txt") {
            Self::KeyFile(n)
        } else if let Some(n) = number("identity", EXTENSION) {
            Self::IdentityFile(n)
        } else {
            Self::Other
        }
    }

    pub(super) const fn generation(self) -> Option<u32> {
        match self {
            Self::Secrets(n) | Self::KeyFile(n) | Self::IdentityFile(n) => Some(n),
            Self::Temporary | Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Version;

    fn home() -> HomeId {
        HomeId::from_random([7; 16])
    }

    #[test]
    fn a_file_name_reads_back_as_its_item_and_no_other_does() {
        for name in ["a", "work/github-token", "A/b/C.d"] {
            let name = name.parse().expect("a name");
            let id = ItemId::secret(&home(), &name, Version(12));
            let file = file_name(&id);
            assert!(!file.contains('/'));
            assert_eq!(item(&home(), OsStr::new(&file)), Some(id));
        }
        for other in [
            "a@v1",
            "a@v1.AGE",
            "a@v01.age",
            "a%2f@v1.age",
            "a%2fb@v1.age",
            ".age",
            "@v1.age",
        ] {
            assert_eq!(item(&home(), OsStr::new(other)), None, "{other}");
        }
    }

    #[test]
    fn the_longest_names_have_a_file() {
        for name in ["n".repeat(128), vec!["n"; 64].join("/")] {
            let item = ItemId::secret(&home(), &name.parse().expect("a name"), Version(u32::MAX));
            let file = file_name(&item);
            assert!(file.len() <= 144, "{file}");
            assert_eq!(super::item(&home(), OsStr::new(&file)), Some(item));
        }
    }

    #[test]
    fn entries_are_known_by_exact_names() {
        let of = |name: &str| Entry::of(OsStr::new(name));
        assert_eq!(of("secrets"), Entry::Secrets(1));
        assert_eq!(of("key-12.txt"), Entry::KeyFile(12));
        assert_eq!(of("identity-2.age"), Entry::IdentityFile(2));
        for other in [
            "secrets-1",
            "secrets-02",
            "secrets-+2",
            "secrets2",
            "vault.json",
            "keys.txt",
        ] {
            assert_eq!(of(other), Entry::Other, "{other}");
        }
    }
}
