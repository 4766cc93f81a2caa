//! Secrets in addresses: in front of the host, in the query, in the path.

use super::judge::judge;
use super::name::Meaning;
use super::piece::Piece;
use super::placeholder::is_placeholder;
use super::plain::{is_hex, is_uuid};
use super::random::is_random;
use super::search::{Search, Under};
use super::words::lists;
use super::{Confidence, Kind};

/// An address in its parts.
struct Address<'t> {
    is_web: bool,
    user: Option<Piece<'t>>,
    host: &'t str,
    path: Piece<'t>,
    query: Option<Piece<'t>>,
}

impl<'t> Search<'t> {
    /// Searches an address. Tells whether it is one.
    pub(super) fn address(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let Some(address) = Address::of(piece) else {
            return false;
        };
        if let Some(user) = address.user {
            self.user(user, &address, under);
        }
        if let Some(query) = address.query {
            self.query(query, &address, under);
        }
        if address.is_web {
            self.path(&address, under);
        }
        true
    }

    /// `user:password@`, `token@`.
    fn user(&mut self, piece: Piece<'t>, address: &Address<'t>, under: Under<'_>) {
        let kind = if address.is_web {
            Kind::URL_PASSWORD
        } else {
            Kind::CONNECTION_PASSWORD
        };
        let (user, password) = match self.split_user(piece) {
            Some((user, password)) if !password.is_empty() => (user, Some(password)),
            Some((user, _)) => (user, None),
            None => (piece, None),
        };
        // GitHub takes a token as the name, with a word in the place of the password.
        let is_word = |password: Piece<'_>| matches!(password.text, "x-oauth-basic" | "x" | "X");
        match password.filter(|password| !is_word(*password)) {
            Some(password) => self.password(password, under.with_kind(kind)),
            None if is_public_key(address.host) => {}
            None if self.is_touched(user) => {}
            None => {
                let under = Under {
                    meaning: Meaning::Key,
                    ..under
                };
                if !self.shaped(user, under) && is_random(user.text) && !is_placeholder(user.text) {
                    let confidence = if address.is_web {
                        Confidence::High
                    } else {
                        Confidence::Medium
                    };
                    self.keep(user, Kind::URL_TOKEN, confidence, under);
                }
            }
        }
    }

    /// Splits at the first colon that is in no reference.
    fn split_user(&self, piece: Piece<'t>) -> Option<(Piece<'t>, Piece<'t>)> {
        let at = piece
            .text
            .match_indices(':')
            .map(|(at, _)| at)
            .find(|at| !self.is_touched(piece.part(*at..at.saturating_add(1))))?;
        Some((piece.until(at), piece.from(at.saturating_add(1))))
    }

    /// `name=value&name=value`
    fn query(&mut self, piece: Piece<'t>, address: &Address<'t>, under: Under<'_>) {
        let kind = if address.is_web {
            Kind::URL_TOKEN
        } else {
            Kind::CONNECTION_PASSWORD
        };
        let is_signed = piece.text.contains("sig=")
            && (piece.text.contains("sv=") || piece.text.contains("se="));
        for part in piece.split(|c| matches!(c, '&' | '#')) {
            let Some((name, value)) = part.split_once('=') else {
                continue;
            };
            let meaning = match name.text {
                // A signature that stands for a permission (Azure Storage, "Shared access signatures").
                "sig" if is_signed => Meaning::Made,
                name => Meaning::of(name),
            };
            let named = Under {
                name: name.text,
                meaning,
                ..under
            }
            .with_kind(kind);
            let is_long = value.text.len() >= 24 && is_random(value.text) && !is_uuid(value.text);
            match meaning {
                // A name that says nothing, and a value that says enough.
                Meaning::Unknown if is_long => self.value(
                    value,
                    Under {
                        meaning: Meaning::Near,
                        ..named
                    },
                ),
                Meaning::Unknown | Meaning::Else => {
                    self.shaped(
                        value,
                        Under {
                            meaning: Meaning::Else,
                            ..named
                        },
                    );
                }
                Meaning::Chosen | Meaning::Made | Meaning::Key | Meaning::Near => {
                    self.value(value, named)
                }
            }
        }
    }

    /// `/secret/`
    fn path(&mut self, address: &Address<'t>, under: Under<'_>) {
        let segments = address.path.split(|c| c == '/');
        let mut before = "";
        for (at, segment) in segments.iter().enumerate() {
            let above = std::mem::replace(&mut before, segment.text);
            let is_private = PRIVATE.iter().any(|lead| segment.text.starts_with(lead));
            let segment = bare(*segment);
            if segment.is_empty() || self.is_touched(segment) || is_placeholder(segment.text) {
                continue;
            }
            let under = Under {
                meaning: Meaning::Unknown,
                ..under
            }
            .with_kind(Kind::URL_TOKEN);
            if let Some(kind) = hook(address.host, &segments, at) {
                if is_random(segment.text) {
                    self.keep(segment, kind, Confidence::High, under);
                }
                continue;
            }
            if self.shaped(segment, under) {
                continue;
            }
            let confidence = segment_confidence(segment.text, above, is_private, address.host);
            if let Some(confidence) = confidence {
                self.keep(segment, Kind::URL_TOKEN, confidence, under);
            }
        }
    }
}

impl<'t> Address<'t> {
    /// Takes an address apart (RFC 3986), loosely: a password may hold what it should have encoded.
    fn of(piece: Piece<'t>) -> Option<Self> {
        let at = piece
            .text
            .get(..64.min(piece.text.len()))
            .unwrap_or(piece.text)
            .find("://")?;
        let scheme = piece.text.get(..at)?;
        let is_scheme =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let begins = scheme
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic());
        if !begins || !scheme.bytes().all(is_scheme) {
            return None;
        }
        let rest = piece.from(at.saturating_add(3));
        // What follows an address in a sentence is none of it.
        let is_web = scheme
            .to_ascii_lowercase()
            .split('+')
            .any(|part| matches!(part, "http" | "https" | "ws" | "wss" | "sse"));
        let end = |piece: Piece<'t>| piece.text.find(['/', '?', '#']).unwrap_or(piece.text.len());
        let mut authority = rest.until(end(rest));
        if !is_web
            && !authority.text.contains('@')
            && let Some(found) = rest.text.rfind('@')
        {
            // A password with a slash or the like in it.
            let has_password = authority
                .text
                .split_once(':')
                .is_some_and(|(_, port)| !port.bytes().all(|b| b.is_ascii_digit()));
            if has_password {
                let host = rest.from(found.saturating_add(1));
                authority = rest.until(found.saturating_add(1).saturating_add(end(host)));
            }
        }
        let behind = rest.from(authority.text.len());
        let user = authority.text.rfind('@');
        let host = user.map_or(authority, |at| authority.from(at.saturating_add(1)));
        let query = behind.text.find(['?', '#']);
        Some(Self {
            is_web,
            user: user.filter(|at| *at > 0).map(|at| authority.until(at)),
            host: host.text,
            path: behind.until(query.unwrap_or(behind.text.len())),
            query: query.map(|at| behind.from(at.saturating_add(1))),
        })
    }
}

/// What Google's addresses of calendars and those of Home Assistant's add-ons have in front of their key.
const PRIVATE: [&str; 2] = ["private-", "private_"];

/// Takes away what is glued to the front of a secret.
fn bare(segment: Piece<'_>) -> Piece<'_> {
    // Google's addresses of calendars, and Telegram's of bots.
    if let Some(rest) = PRIVATE.iter().find_map(|lead| segment.behind(lead)) {
        return rest;
    }
    let bot = segment.behind("bot").filter(|rest| rest.text.contains(':'));
    bot.unwrap_or(segment)
}

/// The key in an address of Sentry is no secret (Sentry documentation, "Data Source Name").
fn is_public_key(host: &str) -> bool {
    host.contains("sentry") || host.contains("ingest.")
}

fn is_at(host: &str, domain: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default();
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Tells what kind of secret a segment is whose host makes it one (Slack, "Incoming webhooks"; Discord, "Webhook resource").
fn hook(host: &str, segments: &[Piece<'_>], at: usize) -> Option<Kind> {
    let first = |place: usize| segments.get(place).map_or("", |piece| piece.text);
    if is_at(host, "hooks.slack.com") && matches!(first(1), "services" | "workflows" | "triggers") {
        let is_last = at.saturating_add(1) == segments.len();
        return (is_last && at >= 3).then_some(Kind("slack-webhook"));
    }
    let is_discord = is_at(host, "discord.com") || is_at(host, "discordapp.com");
    if is_discord && first(1) == "api" && segments.iter().any(|piece| piece.text == "webhooks") {
        let before = at.checked_sub(2).map(first);
        return (before == Some("webhooks")).then_some(Kind("discord-webhook"));
    }
    None
}

/// Segments behind which a key of somebody's own stands.
const BEFORE_KEYS: &str =
    "mcp u s k key token secret webhook hook catch connect private v1 v2 v3 sse server a i x";

/// Hosts whose paths are full of ids.
const OF_IDS: &str = "github.com githubusercontent.com gitlab.com bitbucket.org notion.so notion.site figma.com google.com \
    atlassian.net airtable.com linear.app youtube.com microsoft.com microsoftonline.com sharepoint.com \
    amazonaws.com";

/// Judges a segment of a path. An id stands behind the name of what there are many of: `workspaces/ID`.
fn segment_confidence(
    text: &str,
    before: &str,
    is_private: bool,
    host: &str,
) -> Option<Confidence> {
    let is_behind_many = before.len() > 1 && before.ends_with('s') && before != "sse";
    let is_of_ids = OF_IDS.split_whitespace().any(|domain| is_at(host, domain));
    if (is_of_ids || is_behind_many) && !is_private {
        return None;
    }
    let is_behind_key =
        is_private || lists(BEFORE_KEYS, before) || (before.is_empty() && host.starts_with("mcp."));
    if is_uuid(text) {
        return is_behind_key.then_some(Confidence::Medium);
    }
    let is_one = is_random(text) && judge(text, Meaning::Made) == Some(Confidence::High);
    match (is_one, is_behind_key) {
        (true, true) => Some(Confidence::Medium),
        // Hexadecimal digits alone are mostly an id.
        (true, false) if text.len() >= 20 && is_hex(text) => Some(Confidence::Low),
        (true, false) if text.len() >= 20 => Some(Confidence::Medium),
        (true | false, _) => None,
    }
}
