//! What stands for a value that is kept elsewhere: `${X}`, `{env:X}`, `%X%`, `op://...`, `broker://NAME`.
//!
//! Whether a client expands a form is not judged here, only that no secret stands there. The forms are those of the clients
//! (`${X}`, `${env:X}`, `${input:x}`, `{env:X}`, `{file:x}`, `$X`, `%X%`, `${{ secrets.X }}`), of shells, and of the
//! common stores and templates.

use std::ops::Range;

use crate::secret::SCHEME;

/// The longest text between the brackets of a reference, so that looking for the end of one stays cheap.
const LONGEST: usize = 1024;

/// A reference inside a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inner {
    /// All of it.
    pub(super) range: Range<usize>,
    /// The text that is taken where the variable is not set, as in `${X:-text}`: no reference, but a text of its own.
    pub(super) default: Option<Range<usize>>,
}

/// Tells whether a text as a whole stands for a value that is kept elsewhere.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    let text = text.trim();
    if names_a_place(text) {
        return true;
    }
    let mut end = 0;
    for inner in references(text) {
        if inner.range.start != end {
            return false;
        }
        end = inner.range.end;
    }
    end == text.len() && end > 0
}

/// How a text begins that names a place in a store, a variable or a file, and nothing else.
const PLACES: [&str; 52] = [
    SCHEME,
    "op://",
    "1password://",
    "onepassword://",
    "vault://",
    "vault:",
    "aws-sm://",
    "awssm://",
    "aws-ssm://",
    "aws-secretsmanager://",
    "secretsmanager://",
    "arn:aws:secretsmanager:",
    "arn:aws:ssm:",
    "ssm://",
    "ssm:",
    "gcp-sm://",
    "gcpsm://",
    "gcp-secretmanager://",
    "azkv://",
    "akv://",
    "keyvault://",
    "@microsoft.keyvault(",
    "keychain://",
    "keychain:",
    "keyring://",
    "keyring:",
    "pass://",
    "gopass://",
    "bw://",
    "bws://",
    "bitwarden://",
    "doppler://",
    "infisical://",
    "akeyless://",
    "conjur://",
    "sops://",
    "secretspec://",
    "fnox://",
    "env://",
    "env:",
    "file://",
    "file:",
    "secret://",
    "secrets://",
    "secretref:",
    "ref+",
    "ref://",
    "process.env.",
    "import.meta.env.",
    "os.environ",
    "!secret ",
    "!vault ",
];

/// Marks of templates around a whole text.
const AROUND: [(&str, &str); 5] = [
    ("((", "))"),
    ("@@", "@@"),
    ("__", "__"),
    ("#{", "}#"),
    ("<%", "%>"),
];

fn names_a_place(text: &str) -> bool {
    let begins = |place: &&str| {
        let head = text.get(..place.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(place)) && text.len() > place.len()
    };
    if PLACES.iter().any(|place| begins(&place)) {
        return true;
    }
    let is_around = |(front, back): &(&str, &str)| {
        let inner = text
            .strip_prefix(front)
            .and_then(|rest| rest.strip_suffix(back));
        inner.is_some_and(|inner| {
            let plain = |c: char| c.is_alphanumeric() || " _.-[]'\"=(),:/".contains(c);
            !inner.is_empty() && inner.len() <= 128 && inner.chars().all(plain)
        })
    };
    // Google's Secret Manager names a secret so.
    let is_resource = text.starts_with("projects/") && text.contains("/secrets/");
    is_resource || AROUND.iter().any(is_around)
}

/// Finds the references inside a text, in their order.
pub(super) fn references(text: &str) -> Vec<Inner> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let inner = match byte {
            b'$' => dollar(bytes, at),
            b'{' => braces(bytes, at),
            b'%' => percent(bytes, at),
            b'#' if bytes.get(at.saturating_add(1)) == Some(&b'{') => {
                closed(bytes, at.saturating_add(1), b'{', b'}').map(|end| plain(at..end))
            }
            b'`' => quoted(bytes, at),
            b'<' if bytes.get(at.saturating_add(1)) == Some(&b'%') => {
                until(bytes, at, b"%>").map(|end| plain(at..end))
            }
            _ => None,
        };
        at = match inner {
            Some(inner) => {
                let end = inner.range.end;
                found.push(inner);
                end
            }
            None => at.saturating_add(1),
        };
    }
    found
}

fn plain(range: Range<usize>) -> Inner {
    let default = None;
    Inner { range, default }
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Returns how many bytes from `at` on fit.
fn run(bytes: &[u8], at: usize, fits: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().take_while(|byte| fits(**byte)).count()
}

/// Returns where the bracket that opens at `at` is closed, behind the closing one.
fn closed(bytes: &[u8], at: usize, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0_usize;
    for (ahead, byte) in bytes.get(at..)?.iter().take(LONGEST).enumerate() {
        if *byte == open {
            depth = depth.saturating_add(1);
        } else if *byte == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(at.saturating_add(ahead).saturating_add(1));
            }
        }
    }
    None
}

/// Returns where `end` ends that comes next behind `at`.
fn until(bytes: &[u8], at: usize, end: &[u8]) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let rest = rest.get(..LONGEST.min(rest.len()))?;
    let ahead = rest.windows(end.len()).position(|part| part == end)?;
    Some(at.saturating_add(ahead).saturating_add(end.len()))
}

/// `` `command` ``
fn quoted(bytes: &[u8], at: usize) -> Option<Inner> {
    let end = until(bytes, at.saturating_add(1), b"`")?;
    Some(plain(at..end))
}

/// `${X}`, `${X:-text}`, `${{ X }}`, `$(command)`, `$X`, `$env:X`.
fn dollar(bytes: &[u8], at: usize) -> Option<Inner> {
    let next = at.saturating_add(1);
    match bytes.get(next)? {
        b'{' => {
            let end = closed(bytes, next, b'{', b'}')?;
            let default = default(bytes, next.saturating_add(1)..end.saturating_sub(1));
            let range = at..end;
            Some(Inner { range, default })
        }
        b'(' => closed(bytes, next, b'(', b')').map(|end| plain(at..end)),
        byte if is_name_start(*byte) => variable(bytes, at),
        _ => None,
    }
}

/// Finds the text that is taken where a variable is not set (POSIX, shell command language, 2.6.2).
fn default(bytes: &[u8], inside: Range<usize>) -> Option<Range<usize>> {
    let name = run(bytes, inside.start, is_name);
    let behind = inside.start.saturating_add(name);
    let rest = bytes.get(behind..inside.end)?;
    let operator = match rest {
        [b':', b'-' | b'=' | b'+', ..] => 2,
        // Names with a hyphen are common in what only looks like a shell's.
        [b'-' | b'=' | b'+', ..] => {
            let name = bytes.get(inside.start..behind)?;
            let is_shell = !name.iter().any(u8::is_ascii_lowercase);
            is_shell.then_some(1)?
        }
        _ => return None,
    };
    let start = behind.saturating_add(operator);
    (name > 0 && start < inside.end).then_some(start..inside.end)
}

/// `$X`, where nothing is glued to it that makes a password of it: `Sup3r$ecret`.
fn variable(bytes: &[u8], at: usize) -> Option<Inner> {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    if before.is_some_and(|byte| is_name(*byte) || *byte == b'$') {
        return None;
    }
    let start = at.saturating_add(1);
    let mut end = start.saturating_add(run(bytes, start, is_name));
    let name = bytes.get(start..end)?;
    let is_powershell = name.eq_ignore_ascii_case(b"env") && bytes.get(end) == Some(&b':');
    if is_powershell {
        end = end.saturating_add(1);
        end = end.saturating_add(run(bytes, end, is_name));
        return Some(plain(at..end));
    }
    let loose = |byte: Option<&u8>| {
        byte.is_none_or(|byte| byte.is_ascii_whitespace() || b"\"';,)".contains(byte))
    };
    let is_upper = !name.iter().any(u8::is_ascii_lowercase);
    let stands_alone = (before.is_none() || before.is_some_and(|b| b" \t\n\"'=:(".contains(b)))
        && loose(bytes.get(end));
    (is_upper || stands_alone).then(|| plain(at..end))
}

/// `%X%`, which percent-encoded bytes are not.
fn percent(bytes: &[u8], at: usize) -> Option<Inner> {
    let start = at.saturating_add(1);
    let first = bytes.get(start)?;
    let end = start.saturating_add(run(bytes, start, is_name));
    let name = bytes.get(start..end)?;
    let is_encoded = name.len() < 3 && name.iter().all(u8::is_ascii_hexdigit);
    let is_closed = bytes.get(end) == Some(&b'%');
    let is_one = is_name_start(*first) && is_closed && !is_encoded;
    is_one.then(|| plain(at..end.saturating_add(1)))
}

/// `{{ X }}`, `{X}`, `{env:X}`, `{file:path}`, but no JSON.
fn braces(bytes: &[u8], at: usize) -> Option<Inner> {
    let end = closed(bytes, at, b'{', b'}')?;
    let inside = bytes.get(at.saturating_add(1)..end.saturating_sub(1))?;
    if inside.first() == Some(&b'{') && inside.last() == Some(&b'}') {
        let is_json = inside.contains(&b'"') && inside.contains(&b':');
        return (!is_json).then(|| plain(at..end));
    }
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:/~ -\\".contains(byte);
    let first = inside.first()?;
    let is_one =
        inside.len() <= 128 && (is_name_start(*first) || *first == b' ') && inside.iter().all(fits);
    is_one.then(|| plain(at..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_references_of_every_kind_are_known() {
        for text in [
            "${X}",
            "${X:-y}",
            "${env:X}",
            "${input:my-key}",
            "${{ secrets.X }}",
            "{{X}}",
            "{{ secrets.x }}",
            "{env:X}",
            "{file:~/.key}",
            "{api_key}",
            "$X",
            "$my_token",
            "$env:TOKEN",
            "%X%",
            "%APP_SECRET%",
            "$(pass show x)",
            "`cat x`",
            " ${X} ",
            "${A}${B}",
            "${X:-${Y:-none}}",
            "op://a/b/c",
            "OP://a/b/c",
            "broker://work/github",
            "vault:secret/data/x#key",
            "projects/p/secrets/s/versions/latest",
            "@Microsoft.KeyVault(SecretUri=https://v.example/s)",
            "process.env.API_KEY",
            "os.environ/KEY",
            "env:X",
            "#{TOKEN}#",
            "@@TOKEN@@",
            "__API_KEY__",
            "((db-password))",
            "<%= ENV['X'] %>",
            "!secret api_key",
        ] {
            assert!(is_reference(text), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for text in [
            "",
            " ",
            "$",
            "%",
            "${",
            "${X",
            "$5abc",
            "pa$$word",
            "Sup3r$ECRET",
            "$2b$12$abcdefg",
            "%20%41",
            "%C3%A9",
            "{\"a\":\"b\"}",
            "{}",
            "op://",
            "x${X}",
            "Bearer ${X}",
            "postgres://u:${P}@h/d",
            "__",
            "100%",
        ] {
            assert!(!is_reference(text), "{text}");
        }
    }

    #[test]
    fn the_default_of_a_variable_is_a_text_of_its_own() {
        let default = |text: &str| {
            let inner = references(text).into_iter().next().expect(text);
            inner
                .default
                .map(|range| text.get(range).expect("a range").to_owned())
        };
        assert_eq!(default("${X:-abc}").as_deref(), Some("abc"));
        assert_eq!(default("x ${X-abc} y").as_deref(), Some("abc"));
        assert_eq!(default("${X:-${Y:-z}}").as_deref(), Some("${Y:-z}"));
        for text in ["${X}", "${X:-}", "${X:?no}", "${my-key}", "${env:X}"] {
            assert_eq!(default(text), None, "{text}");
        }
    }
}
