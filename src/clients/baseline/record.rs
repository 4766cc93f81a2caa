//! What is kept of an entry.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clients::detect::detect;
use crate::clients::{Entry, Found, Item, Literal, Place};
use crate::paths::FileStamp;
use crate::policy::Seal;
use crate::secret::Reference;

/// What a mark of a text is for, see [`Seal::mark`].
const TEXT: &str = "broker client text 1";

/// What stands for a key that looks like a secret itself.
const HIDDEN: &str = "(not shown)";

/// What is kept of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFile {
    /// The client's name on the command line.
    pub client: String,
    /// Which of the client's files it is.
    pub kind: String,
    /// Where it is.
    pub file: String,
    /// The project it belongs to, if it is one's.
    pub project: Option<String>,
    /// What the system said about it; none where it holds something that was not accepted, so that it is read each time.
    pub stamp: Option<FileStamp>,
    /// Whether it could be read.
    pub readable: bool,
    /// Its entries, in the order of the file.
    pub entries: Vec<KnownEntry>,
}

/// What is kept of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownEntry {
    /// The keys above it.
    pub under: Vec<String>,
    /// What the file calls it.
    pub server: String,
    /// How many of that name stand before it.
    pub nth: usize,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Its texts, in the order of the file.
    pub texts: Vec<KnownText>,
}

/// What is kept of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownText {
    /// Where in the entry it stands.
    pub at: Place,
    /// What stands there.
    pub text: Recorded,
}

/// What stands for a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recorded {
    /// The text itself: a program or an argument in which nothing looks like a secret.
    Clear(String),
    /// A reference to a secret of broker's, which is no value.
    Reference(String),
    /// A mark of the text and its place under the key of the seal.
    Mark(String),
    /// Nothing: there was no key to mark it with. Never kept.
    #[serde(skip)]
    Unmarked,
}

impl Recorded {
    /// Tells whether both may stand for the same text. Without a key nothing speaks against two that may not be shown.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mark(_) | Self::Unmarked, Self::Unmarked) | (Self::Unmarked, Self::Mark(_)) => {
                true
            }
            (a, b) => a == b,
        }
    }

    /// Returns what may be shown of it.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        match self {
            Self::Clear(text) | Self::Reference(text) => Some(text),
            Self::Mark(_) | Self::Unmarked => None,
        }
    }
}

impl KnownEntry {
    /// Returns what tells it from the other entries of its file, whatever it says.
    pub(super) fn key(&self) -> (&[String], &str, usize) {
        (&self.under, &self.server, self.nth)
    }

    /// Returns what is at each place, as often as there is something.
    pub(super) fn by_place(&self) -> BTreeMap<&Place, Vec<&Recorded>> {
        let mut all: BTreeMap<&Place, Vec<&Recorded>> = BTreeMap::new();
        for text in &self.texts {
            all.entry(&text.at).or_default().push(&text.text);
        }
        all
    }
}

/// Returns what is kept of the entries of `file`, with the key of `seal` if there is one.
pub(super) fn recorded(file: &str, found: &[Found], seal: Option<&Seal>) -> Vec<KnownEntry> {
    let mut all: Vec<KnownEntry> = Vec::new();
    let mut counts: BTreeMap<(Vec<String>, String), usize> = BTreeMap::new();
    for one in found {
        let under: Vec<String> = one.under.iter().map(|key| name(key)).collect();
        let server = name(&one.entry.server);
        let count = counts.entry((under.clone(), server.clone())).or_default();
        let nth = *count;
        *count = count.saturating_add(1);
        let mut entry = KnownEntry {
            nth,
            under,
            server,
            disabled: one.entry.is_disabled,
            texts: Vec::new(),
        };
        entry.texts = texts(file, &entry, &one.entry, seal);
        all.push(entry);
    }
    all
}

fn texts(file: &str, at: &KnownEntry, entry: &Entry, seal: Option<&Seal>) -> Vec<KnownText> {
    let findings = detect(entry);
    let telling: BTreeSet<&Place> = findings.iter().map(|finding| &finding.place).collect();
    let kept = |item: &Item| {
        let place = named(&item.place);
        let text = item.text.text();
        let is_telling = telling.contains(&item.place);
        let in_clear = matches!(item.place, Place::Command | Place::Argument(_)) && !is_telling;
        let text = if matches!(Reference::find(text), Ok(Some(_))) {
            Recorded::Reference(text.to_owned())
        } else if in_clear {
            Recorded::Clear(text.to_owned())
        } else if let Some(seal) = seal {
            let whole = (file, &at.under, &at.server, at.nth, &place, text);
            let bytes = Zeroizing::new(serde_json::to_vec(&whole).unwrap_or_default());
            Recorded::Mark(seal.mark(TEXT, &bytes))
        } else {
            Recorded::Unmarked
        };
        KnownText { at: place, text }
    };
    entry.items.iter().map(kept).collect()
}

/// A place whose keys may be kept and shown.
fn named(place: &Place) -> Place {
    match place {
        Place::Variable(key) => Place::Variable(name(key)),
        Place::Header(key) => Place::Header(name(key)),
        Place::Other(keys) => Place::Other(keys.iter().map(|key| name(key)).collect()),
        Place::Command | Place::Argument(_) | Place::Url | Place::EnvFile => place.clone(),
    }
}

/// A key, unless it looks like a secret in the place of one.
fn name(key: &str) -> String {
    let place = Place::Other(Vec::new());
    let alone = Entry::of_one("", place, Literal::new(key.to_owned()));
    if detect(&alone).is_empty() {
        key.to_owned()
    } else {
        HIDDEN.to_owned()
    }
}
