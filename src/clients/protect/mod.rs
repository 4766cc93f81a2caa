//! What protecting an entry means: which of its secrets can become references and how, and which are left alone and why.
//!
//! Works on what was read and decides nothing about permission: it stores nothing, writes nothing and asks nobody.

mod argument;
mod name;

use std::ops::Range;

pub use name::suggest;

use super::detect::{Confidence, Finding, Kind, detect};
use super::document::Found;
use super::edit::Edit;
use super::entry::{Entry, Literal, Place};

/// The longest value that the systems hand to a program in one variable, in bytes, the name and the end of it left out
/// (Linux: `MAX_ARG_STRLEN`).
const MOST_BYTES: usize = 131_072;

/// A secret that can be taken out of an entry.
#[derive(Clone, Debug)]
pub struct Move {
    /// Where it stands.
    pub place: Place,
    /// Which part of the text there goes to the store, in bytes.
    pub span: Range<usize>,
    /// What kind of secret it is.
    pub kind: Kind,
    /// How sure that is.
    pub confidence: Confidence,
    /// By which variable the server gets it then; `None` where it stays an argument.
    pub variable: Option<String>,
    /// What goes to the store.
    pub value: Literal,
    way: Way,
}

/// How it is taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    /// The text of the variable becomes the reference.
    Variable,
    /// An argument becomes this text, and the variable is put beside the others.
    Shortened(usize, String),
    /// Arguments are taken out, and the variable is put beside the others.
    Removed(Vec<usize>),
    /// An argument becomes the reference.
    Argument(usize),
}

/// A secret that is left where it is.
#[derive(Clone, Debug)]
pub struct Left {
    /// Where it stands.
    pub place: Place,
    /// What kind of secret it is.
    pub kind: Kind,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why.
    pub why: &'static str,
}

/// What can be done about an entry.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What can be taken out.
    pub moves: Vec<Move>,
    /// What cannot.
    pub left: Vec<Left>,
}

impl Move {
    /// Returns the changes of the entry, once it is known what the secret is called.
    #[must_use]
    pub fn edits(&self, reference: &str) -> Vec<Edit> {
        let text = || Literal::new(reference.to_owned());
        let put = || {
            let variable = self.variable.clone();
            variable.map(|variable| Edit::PutVariable(variable, text()))
        };
        match &self.way {
            Way::Variable => vec![Edit::SetText(self.place.clone(), text())],
            Way::Argument(number) => vec![Edit::SetText(Place::Argument(*number), text())],
            Way::Shortened(number, short) => {
                let short = Literal::new(short.clone());
                let set = Edit::SetText(Place::Argument(*number), short);
                std::iter::once(set).chain(put()).collect()
            }
            Way::Removed(numbers) => {
                let remove = |number: &usize| Edit::Remove(Place::Argument(*number));
                numbers.iter().map(remove).chain(put()).collect()
            }
        }
    }

    /// Tells whether the value is still an argument of the server, which every user of the machine can see.
    #[must_use]
    pub fn is_in_arguments(&self) -> bool {
        matches!(self.way, Way::Argument(_))
    }
}

/// Works out what can be done about an entry, for secrets that are at least this sure. `arguments` says that what the
/// server takes by no variable may stay an argument, with a reference in the file.
#[must_use]
pub fn plan(found: &Found, take: Confidence, arguments: bool) -> Plan {
    let mut plan = Plan::default();
    let findings = detect(&found.entry);
    for finding in &findings {
        let way = if finding.confidence == Confidence::Low {
            Err("it only looks like one")
        } else if finding.confidence < take {
            Err("it is not sure that this is a secret")
        } else if found.is_shadowed {
            Err(
                "a later entry of the same name takes the place of this one, which nobody reads: take it out",
            )
        } else {
            way(&found.entry, finding, &findings, arguments)
        };
        match way {
            Ok(one) if plan.moves.iter().any(|known| known.place == one.place) => {}
            Ok(one) => plan.moves.push(one),
            Err(why) => plan.left.push(Left {
                place: finding.place.clone(),
                kind: finding.kind,
                confidence: finding.confidence,
                why,
            }),
        }
    }
    plan
}

fn way(
    entry: &Entry,
    finding: &Finding,
    all: &[Finding],
    arguments: bool,
) -> Result<Move, &'static str> {
    if entry.command().is_none() {
        return Err("a remote server: its secrets cannot be moved yet");
    }
    let text = entry.get(&finding.place).ok_or("it was not found again")?;
    let (variable, span, way) = match &finding.place {
        Place::Variable(name) => (Some(name.clone()), 0..text.len(), Way::Variable),
        Place::Argument(number) => {
            let in_one = all.iter().filter(|other| other.place == finding.place);
            if in_one.count() > 1 {
                return Err("several secrets stand in one argument");
            }
            argument::way(entry, *number, text, finding, arguments)?
        }
        Place::Command => return Err("it stands in the name of the program"),
        Place::Header(_) | Place::Url => return Err("it is for a remote server"),
        Place::EnvFile | Place::Other(_) => {
            return Err("it is not known what the client does with it");
        }
    };
    let value = text.get(span.clone()).ok_or("it was not found again")?;
    if value.len() > MOST_BYTES {
        return Err("it is too long for a variable");
    }
    if let Some(name) = variable.as_deref() {
        if !crate::config::is_variable(name) {
            return Err("its variable has a name that no program can be given");
        }
        let has_other =
            way != Way::Variable && entry.get(&Place::Variable(name.to_owned())).is_some();
        if has_other {
            return Err("the server is given that variable already, with another text");
        }
    }
    Ok(Move {
        place: finding.place.clone(),
        span,
        kind: finding.kind,
        confidence: finding.confidence,
        variable,
        value: Literal::new(value.to_owned()),
        way,
    })
}

#[cfg(test)]
mod tests;
