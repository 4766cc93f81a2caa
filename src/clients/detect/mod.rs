//! Finds secrets in plain text in what a client's file says about one server.
//!
//! Four things speak for a secret: the position (a password in an address, the text behind `Bearer`), the name above it, a
//! shape that only secrets of some maker have, and, as a hint only, that the text looks random. What stands for a
//! value that is kept elsewhere is never one; a placeholder is none.
//!
//! Reads nothing but the entry, and nothing it returns holds a text of it.

mod address;
mod arguments;
mod brackets;
mod connection;
mod flags;
mod header;
mod judge;
mod name;
mod pairs;
mod piece;
mod placeholder;
mod plain;
mod random;
mod reference;
mod remark;
mod script;
mod search;
mod shape;
mod wanted;
mod words;

use std::fmt;
use std::ops::Range;

use super::{Entry, Item, Place, Wrapped};
use search::Search;

pub use reference::is_reference;
pub use remark::{About, Remark, remarks, unresolved};

/// How sure it is that a text is a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// It looks random, and nothing else speaks for it; or it is a password that everybody knows.
    Low,
    /// A person should look.
    Medium,
    /// It is one.
    High,
}

impl Confidence {
    /// The word for it in listings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What kind of secret it is, by a stable word: `github-token`, `connection-password`, `generic-secret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(&'static str);

impl Kind {
    /// A password, by its name.
    pub const PASSWORD: Self = Self("password");
    /// A password in a connection string or in the address of a service that is not on the web.
    pub const CONNECTION_PASSWORD: Self = Self("connection-password");
    /// A password in the address of a web service.
    pub const URL_PASSWORD: Self = Self("url-password");
    /// A key in the path or the query of an address.
    pub const URL_TOKEN: Self = Self("url-token");
    /// What stands behind `Bearer`, `Token` and the like.
    pub const BEARER_TOKEN: Self = Self("bearer-token");
    /// Name and password as HTTP's basic authentication has them.
    pub const BASIC_AUTH: Self = Self("basic-auth");
    /// The value of a cookie.
    pub const COOKIE: Self = Self("cookie");
    /// The secret half of a pair of keys of AWS.
    pub const AWS_SECRET_KEY: Self = Self("aws-secret-key");
    /// Anything else.
    pub const GENERIC: Self = Self("generic-secret");

    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A secret in plain text. Holds where it is, never what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which of the entry's texts it is in. A place can have two, where a key stands twice.
    pub item: usize,
    /// The text it is in.
    pub place: Place,
    /// Where in that text it is, in bytes, at borders of characters.
    pub span: Range<usize>,
    /// What kind of secret it is.
    pub kind: Kind,
    /// How sure that is.
    pub confidence: Confidence,
    /// The variable, flag, header, parameter or key it stands under, where it stands under one.
    pub name: Option<String>,
    /// The variable by which the server could be given it instead, where that is known.
    pub wanted: Option<String>,
}

/// Finds the secrets in an entry, in the order of its texts.
#[must_use]
pub fn detect(entry: &Entry) -> Vec<Finding> {
    let mut searches: Vec<Search<'_>> = entry
        .items
        .iter()
        .map(|item| Search::of(item.text.text()))
        .collect();
    for (item, search) in entry.items.iter().zip(&mut searches) {
        item_alone(item, search);
    }
    // The words of broker itself are no flags of the server.
    let own = Wrapped::of(entry).map_or(0, |wrapped| wrapped.program);
    arguments::search(&entry.items, own, &mut searches);
    let has_aws_id = searches.iter().any(Search::has_aws_id);
    let mut findings = Vec::new();
    for ((number, item), search) in (0..).zip(&entry.items).zip(searches) {
        for found in search.finished(has_aws_id) {
            findings.push(Finding {
                item: number,
                place: item.place.clone(),
                span: found.span,
                kind: found.kind,
                confidence: found.confidence,
                name: found.name,
                wanted: found.wanted,
            });
        }
    }
    findings
}

/// Tells whether a name may be shown: of a server, a variable, a header or a key. Where a secret stands in the place of one,
/// it may not.
#[must_use]
pub fn is_nameable(name: &str) -> bool {
    let mut search = Search::of(name);
    search.unnamed();
    let is_sure = |found: &search::Found| found.confidence > Confidence::Low;
    !search.finished(false).iter().any(is_sure)
}

/// Searches a text that needs no other to be understood.
fn item_alone(item: &Item, search: &mut Search<'_>) {
    match &item.place {
        Place::Variable(name) => search.named(name),
        Place::Header(name) => search.header(name),
        Place::Url => search.unnamed(),
        Place::Other(keys) => search.elsewhere(keys),
        // These mean something only in their row.
        Place::Command | Place::Argument(_) => {}
        // The name of a file.
        Place::EnvFile => {}
    }
}
