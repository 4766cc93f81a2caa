//! What else a person should know about an entry: packages that are fetched in whatever version there is, requests in the
//! clear, secrets that every user of the machine can see.

mod package;
mod unresolved;

use std::collections::BTreeMap;

use super::super::{Entry, Place};
use super::{Confidence, detect};

pub use unresolved::unresolved;

/// What a remark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// The package is fetched in whatever version there is, so tomorrow's code runs with today's secrets.
    Unpinned,
    /// Requests go over plain http to another machine.
    PlainHttp,
    /// A secret stands among the arguments of a program, which every user of the machine can see.
    SecretInArguments,
    /// What looks like a reference reaches the server as it stands: the client puts nothing in its place there.
    Unresolved,
}

impl About {
    /// The stable word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unpinned => "unpinned-package",
            Self::PlainHttp => "plain-http",
            Self::SecretInArguments => "secret-in-arguments",
            Self::Unresolved => "unresolved-reference",
        }
    }
}

/// Something that a person should know, besides the secrets. Holds no text of the entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// The text it is about.
    pub place: Place,
    /// What it is about.
    pub about: About,
}

/// Returns what else a person should know about an entry, in the order of its texts, and each once.
#[must_use]
pub fn remarks(entry: &Entry) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = package::unpinned(entry)
        .into_iter()
        .map(|place| Remark {
            place,
            about: About::Unpinned,
        })
        .collect();
    for item in &entry.items {
        let is_of_requests = matches!(item.place, Place::Url | Place::Argument(_) | Place::Command);
        if is_of_requests && goes_in_the_clear(item.text.text()) {
            let (place, about) = (item.place.clone(), About::PlainHttp);
            remarks.push(Remark { place, about });
        }
    }
    for finding in detect(entry) {
        let is_argument = matches!(finding.place, Place::Argument(_) | Place::Command);
        if is_argument && finding.confidence >= Confidence::Medium {
            let about = About::SecretInArguments;
            let place = finding.place;
            remarks.push(Remark { place, about });
        }
    }
    let mut first: BTreeMap<&Place, usize> = BTreeMap::new();
    for (number, item) in (0..).zip(&entry.items) {
        first.entry(&item.place).or_insert(number);
    }
    remarks.sort_by_key(|remark| (first.get(&remark.place).copied(), remark.about));
    remarks.dedup();
    remarks
}

/// Tells whether a text has an address of plain http that leads to another machine.
fn goes_in_the_clear(text: &str) -> bool {
    let is_one = |word: &str| {
        let word = word.trim_start_matches(['"', '\'']);
        let word = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with('-') => value,
            _ => word,
        };
        let scheme = "http://";
        let rest = word
            .get(..scheme.len())
            .filter(|head| head.eq_ignore_ascii_case(scheme))
            .and_then(|_| word.get(scheme.len()..));
        rest.is_some_and(|rest| !is_here(host(rest)))
    };
    text.split_whitespace().any(is_one)
}

/// The host of an address behind its scheme.
fn host(rest: &str) -> &str {
    let authority = rest
        .split(['/', '?', '#', '"', '\''])
        .next()
        .unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Tells whether a host is this machine (RFC 6761, 6.3; RFC 1122, 3.2.1.3), or is not known before a variable is set.
fn is_here(host: &str) -> bool {
    let lower = host.to_ascii_lowercase();
    let lower = lower.trim_end_matches('.');
    matches!(
        lower,
        "localhost" | "::1" | "0.0.0.0" | "host.docker.internal" | ""
    ) || lower.ends_with(".localhost")
        || lower.starts_with("127.")
            && lower
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        || lower.contains(['$', '{', '%', '<'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_to_another_machine_is_told_from_http_to_this_one() {
        for text in [
            "http://mcp.example.org/mcp",
            "HTTP://10.0.0.5:8000/sse",
            "--url=http://mcp.example.org",
            "npx mcp-remote http://mcp.example.org",
            "http://localhost.example.org/",
            "http://user@mcp.example.org/",
            "http://127.0.0.1.example.org/",
        ] {
            assert!(goes_in_the_clear(text), "{text}");
        }
        for text in [
            "https://mcp.example.org/mcp",
            "http://localhost:3000/mcp",
            "http://127.0.0.1/",
            "http://[::1]:8080/",
            "http://app.localhost/",
            "http://host.docker.internal:8000",
            "http://${HOST}/mcp",
            "mcp.example.org",
        ] {
            assert!(!goes_in_the_clear(text), "{text}");
        }
    }
}
