//! What a text plainly is when it is no secret: a path, a number, an address of mail, a host, a date, words.

use super::random::is_random;
use super::words::lists;

/// What a text is, as far as it shows.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// A path of a file, an address of mail, a host with its port, a date, a duration, a version, a range of the like.
    Plain,
    /// Digits.
    Number,
    /// A UUID, which is an id in most places and a key in some.
    Uuid,
    /// Words of letters alone, joined or not.
    Words,
    /// Anything else.
    Opaque,
}

impl Looks {
    pub(super) fn of(text: &str) -> Self {
        if text.len() > 4096 {
            return Self::Opaque;
        }
        if is_uuid(text) {
            Self::Uuid
        } else if is_number(text) {
            Self::Number
        } else if is_path(text)
            || is_mail(text)
            || is_host(text)
            || is_time(text)
            || is_version(text)
        {
            Self::Plain
        } else if is_words(text) {
            Self::Words
        } else {
            Self::Opaque
        }
    }
}

/// Tells whether a text is a UUID (RFC 9562, section 4).
pub(super) fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, '-').collect();
    let lengths = [8, 4, 4, 4, 12];
    parts.len() == lengths.len()
        && parts
            .iter()
            .zip(lengths)
            .all(|(part, length)| part.len() == length && is_hex(part))
}

/// Tells whether there are hexadecimal digits alone.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let fits = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '_' | ' ');
    let points = digits.matches('.').count();
    digits.starts_with(|c: char| c.is_ascii_digit()) && points < 2 && digits.chars().all(fits)
}

/// Folders that paths begin with.
const ROOTS: &str = "home users etc var run opt usr tmp mnt srv root private applications library proc dev app data secrets \
    nix workspace workspaces volumes media bin sbin lib sys system snap";

/// Endings of files that are named in configurations.
const ENDINGS: &str = ".json .jsonc .yaml .yml .toml .txt .env .pem .key .crt .cer .p12 .pfx .jks .js .mjs .cjs .ts .py .sh \
    .ps1 .db .sqlite .sqlite3 .csv .log .ini .conf .cfg .xml .exe .jar .sock .session";

pub(super) fn is_path(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut first = lower.chars();
    let is_drive = first.next().is_some_and(|c| c.is_ascii_alphabetic())
        && first.next() == Some(':')
        && matches!(first.next(), Some('\\' | '/'));
    if is_drive
        || ["~/", "./", "../", "\\\\", ".\\", "..\\", "~\\"]
            .iter()
            .any(|begin| lower.starts_with(begin))
    {
        return true;
    }
    if let Some(rest) = lower.strip_prefix('/') {
        let root = rest.split('/').next().unwrap_or_default();
        return lists(ROOTS, root) || !is_random(text);
    }
    let is_named = ENDINGS.split_whitespace().any(|end| lower.ends_with(end));
    is_named && !is_random(text) && !lower.contains(' ')
}

fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_local = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    !local.is_empty() && local.chars().all(is_local) && is_domain(domain)
}

/// `name.domain.tld`
fn is_domain(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_top =
        |top: &&str| (2..=12).contains(&top.len()) && top.bytes().all(|b| b.is_ascii_alphabetic());
    labels.len() > 1
        && labels.iter().all(is_label)
        && labels.last().is_some_and(is_top)
        && text.bytes().all(|b| !b.is_ascii_uppercase())
}

/// `host.domain:1234`, `127.0.0.1`, `localhost:3000`, and lists of them.
fn is_host(text: &str) -> bool {
    text.split(',').map(str::trim).all(|one| {
        let (host, port) = match one.rsplit_once(':') {
            Some((host, port)) => (host, port),
            None => (one, "0"),
        };
        let is_port =
            !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
        let is_host = host == "localhost"
            || is_domain(host)
            || host.split('.').filter(|part| is_short_number(part)).count() == 4
            || (one.contains(':')
                && !is_random(host)
                && host.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                && !host.is_empty());
        is_port && is_host
    })
}

fn is_short_number(text: &&str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A date, with a time or without, or a duration.
fn is_time(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_date = text.len() >= 8
        && digits.saturating_mul(10) >= text.len().saturating_mul(5)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"-:.TZ+ /".contains(&byte))
        && text.bytes().any(|byte| b"-:/".contains(&byte));
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(number.len()..).unwrap_or_default();
    let is_span = !number.is_empty()
        && number.len() <= 8
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && [
            "s", "m", "h", "d", "w", "y", "ms", "us", "min", "sec", "k", "K", "M", "G", "B", "kb",
            "KB", "mb", "MB", "gb", "GB", "GiB", "MiB",
        ]
        .contains(&unit);
    is_date || is_span
}

/// `1.2.3`, `v2.0.0-rc.1`
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    (2..=4).contains(&numbers.len())
        && numbers
            .iter()
            .all(|n| !n.is_empty() && n.len() <= 8 && n.bytes().all(|b| b.is_ascii_digit()))
        && text.len() <= 40
}

fn is_words(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
        && text
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '_' | '.' | ',' | '/' | ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_shows_what_it_is() {
        for (texts, looks) in [
            (
                &[
                    "/home/sam/.token",
                    "~/x",
                    "./secrets/db.txt",
                    "..\\x",
                    "C:\\certs\\store.jks",
                    "\\\\host\\share",
                    "gcp-oauth.keys.json",
                    "/oauth/token",
                    "kim@example.org",
                    "db.example.org",
                    "localhost:3000",
                    "127.0.0.1",
                    "redis:6379",
                    "b-1.example.org:9098,b-2.example.org:9098",
                    "2026-01-15T10:30:00.000Z",
                    "2027-01-31",
                    "30m",
                    "128k",
                    "v1.24.0-rc.3",
                    "20.11.1",
                ][..],
                Looks::Plain,
            ),
            (
                &["8192", "-1", "0.5", "1_000", "+15005550006"][..],
                Looks::Number,
            ),
            (&["f47ac10b-58cc-4372-a567-0e02b2c3d479"][..], Looks::Uuid),
            (
                &[
                    "bearer",
                    "azure-ad",
                    "read,write",
                    "see the vault",
                    "prod/mcp/github",
                ][..],
                Looks::Words,
            ),
            (
                &[
                    "hunter2",
                    "a1b2c3d4e5f6a7b8",
                    "p@ssphrase",
                    "/Zk8sPq2LxV9mTz4RbN7cKd/8+QwErTy1Ui3Op5As",
                ][..],
                Looks::Opaque,
            ),
        ] {
            for text in texts {
                assert_eq!(Looks::of(text), looks, "{text}");
            }
        }
    }
}
