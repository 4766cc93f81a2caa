//! What differs between the baseline and now, by name, and never with a text that may be a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::record::{KnownEntry, KnownFile, Recorded};
use crate::clients::Place;

/// How much of a text is shown, in characters.
const MOST_SHOWN: usize = 160;

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The entry; none where it is about the whole file.
    pub server: Option<String>,
    /// What is different about it.
    pub change: Change,
}

/// What is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The entry was not there. Holds what it starts, as far as that may be shown.
    Appeared(Option<String>),
    /// The entry is not there any more.
    Gone,
    /// The entry was switched on.
    SwitchedOn,
    /// The entry was switched off.
    SwitchedOff,
    /// The file cannot be read any more.
    Unreadable,
    /// A text of the entry is another.
    Text {
        /// Where it stands.
        place: Place,
        /// What became of it.
        how: How,
        /// What stood there, if that may be shown.
        old: Option<String>,
        /// What stands there, if that may be shown.
        new: Option<String>,
    },
}

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It was changed.
    Changed,
    /// It was not there.
    Added,
    /// It is not there any more.
    Gone,
}

impl Change {
    /// Returns the stable word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Appeared(_) => "appeared",
            Self::Gone => "gone",
            Self::SwitchedOn => "switched-on",
            Self::SwitchedOff => "switched-off",
            Self::Unreadable => "unreadable",
            Self::Text { place, .. } => match place {
                Place::Command => "command",
                Place::Argument(_) => "argument",
                Place::Variable(_) => "variable",
                Place::Header(_) => "header",
                Place::Url => "url",
                Place::EnvFile => "env-file",
                Place::Other(_) => "other",
            },
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Appeared(None) => f.write_str("appeared"),
            Self::Appeared(Some(starts)) => write!(f, "appeared, which starts: {}", cut(starts)),
            Self::Gone => f.write_str("is gone"),
            Self::SwitchedOn => f.write_str("was switched on"),
            Self::SwitchedOff => f.write_str("was switched off"),
            Self::Unreadable => f.write_str("the file cannot be read any more"),
            Self::Text {
                place,
                how,
                old,
                new,
            } => {
                let what = match place {
                    Place::Command => "the command".to_owned(),
                    Place::Argument(at) => format!("argument {}", at.saturating_add(1)),
                    Place::Variable(name) => format!("variable {name}"),
                    Place::Header(name) => format!("header {name}"),
                    Place::Url => "the address".to_owned(),
                    Place::EnvFile => "the file of variables".to_owned(),
                    Place::Other(keys) => format!("\"{}\"", keys.join(".")),
                };
                let shown = |text: &Option<String>| match text {
                    Some(text) => cut(text),
                    None => "(not shown)".to_owned(),
                };
                let what = cut(&what);
                match (how, old, new) {
                    (How::Changed, None, None) => write!(f, "{what} was changed"),
                    (How::Changed, old, new) => {
                        write!(f, "{what} was changed: {} -> {}", shown(old), shown(new))
                    }
                    (How::Added, _, None) => write!(f, "{what} was added"),
                    (How::Added, _, new) => write!(f, "{what} was added: {}", shown(new)),
                    (How::Gone, None, _) => write!(f, "{what} is gone"),
                    (How::Gone, old, _) => write!(f, "{what} is gone: {}", shown(old)),
                }
            }
        }
    }
}

/// Says what differs between what was `known` of a file and what it says `now`; `None` where it was not there.
#[must_use]
pub fn differences(known: Option<&KnownFile>, now: Option<&KnownFile>) -> Vec<Difference> {
    let before = known.map_or(&[][..], |file| &file.entries);
    if now.is_some_and(|file| !file.readable) {
        // What cannot be read starts nothing; it is told of so that nothing hides behind it.
        let change = Change::Unreadable;
        return if before.is_empty() {
            Vec::new()
        } else {
            vec![Difference {
                server: None,
                change,
            }]
        };
    }
    let after = now.map_or(&[][..], |file| &file.entries);
    let mut all = Vec::new();
    let known: BTreeMap<_, &KnownEntry> = before.iter().map(|one| (one.key(), one)).collect();
    for entry in after {
        match known.get(&entry.key()) {
            Some(old) => compare(old, entry, &mut all),
            None => all.push(Difference {
                server: Some(entry.server.clone()),
                change: Change::Appeared(starts(entry)),
            }),
        }
    }
    let there: BTreeSet<_> = after.iter().map(KnownEntry::key).collect();
    let is_gone = |old: &&KnownEntry| !there.contains(&old.key());
    all.extend(before.iter().filter(is_gone).map(|old| Difference {
        server: Some(old.server.clone()),
        change: Change::Gone,
    }));
    all
}

fn compare(old: &KnownEntry, new: &KnownEntry, all: &mut Vec<Difference>) {
    let mut add = |change: Change| {
        all.push(Difference {
            server: Some(new.server.clone()),
            change,
        });
    };
    match (old.disabled, new.disabled) {
        (true, false) => add(Change::SwitchedOn),
        (false, true) => add(Change::SwitchedOff),
        (false, false) | (true, true) => {}
    }
    let (before, after) = (old.by_place(), new.by_place());
    let places: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    for place in places {
        let of = |all: &BTreeMap<&Place, Vec<_>>| all.get(place).cloned().unwrap_or_default();
        let (before, after): (Vec<&Recorded>, Vec<&Recorded>) = (of(&before), of(&after));
        let is_same =
            before.len() == after.len() && before.iter().zip(&after).all(|(a, b)| a.is_same(b));
        if is_same {
            continue;
        }
        let how = match (before.is_empty(), after.is_empty()) {
            (true, _) => How::Added,
            (_, true) => How::Gone,
            (false, false) => How::Changed,
        };
        // Of several, clients take the last.
        let shown = |all: &[&Recorded]| all.last().and_then(|text| text.shown()).map(str::to_owned);
        add(Change::Text {
            place: place.clone(),
            how,
            old: shown(&before),
            new: shown(&after),
        });
    }
}

/// What an entry starts, as far as that may be shown; `None` for a remote server.
fn starts(entry: &KnownEntry) -> Option<String> {
    let all = entry.by_place();
    let at = |place| all.get(&place).and_then(|texts| texts.last()).copied();
    let program = at(Place::Command)?;
    let argument = |number| at(Place::Argument(number));
    let words: Vec<_> = std::iter::once(program)
        .chain((0..).map_while(argument))
        .collect();
    let shown = words
        .iter()
        .map(|word| word.shown().unwrap_or("(not shown)"));
    Some(shown.collect::<Vec<_>>().join(" "))
}

/// Shortens what is too long for a line.
fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
