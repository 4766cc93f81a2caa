//! Headers of HTTP: the token behind its scheme, name and password in base64, cookies, and texts that hold whole headers.

use super::judge::judge;
use super::name::Meaning;
use super::piece::Piece;
use super::placeholder::is_placeholder;
use super::random::is_random;
use super::search::{Search, Under};
use super::shape::decode;
use super::words::words;
use super::{Confidence, Kind};

/// Schemes of `Authorization` (RFC 7235, and what services have added).
const SCHEMES: [&str; 10] = [
    "bearer", "basic", "token", "apikey", "api-key", "bot", "key", "oauth", "jwt", "pat",
];

/// The longest text that is decoded.
const LONGEST: usize = 8192;

impl<'t> Search<'t> {
    /// Searches the text as the value of a header.
    pub(super) fn header(&mut self, name: &str) {
        self.header_value(self.whole(), name, None);
    }

    pub(super) fn header_value(&mut self, piece: Piece<'t>, name: &str, wanted: Option<&str>) {
        self.value(
            piece,
            Under {
                wanted,
                ..Under::of(name)
            },
        );
    }

    /// `Name: value`, as command lines have it. Tells whether it is one.
    pub(super) fn header_line(&mut self, piece: Piece<'t>, wanted: Option<&str>) -> bool {
        let piece = piece.trimmed().unquoted();
        let Some((name, value)) = piece.split_once(':').or_else(|| piece.split_once('=')) else {
            return false;
        };
        let name = name.trimmed();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || name.text.len() > 64 || !name.text.bytes().all(is_name) {
            return false;
        }
        self.header_value(value, name.text, wanted);
        true
    }

    /// `Bearer TOKEN`. Tells whether it is that.
    pub(super) fn scheme(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let Some((scheme, rest)) = split_scheme(piece) else {
            return false;
        };
        let rest = rest.trimmed();
        if rest.text.contains(char::is_whitespace) && !self.is_touched(rest) {
            return false;
        }
        let kind = Kind::BEARER_TOKEN;
        let under = Under {
            meaning: Meaning::Made,
            ..under
        }
        .with_kind(kind);
        if scheme.eq_ignore_ascii_case("basic") && self.basic(rest, under) {
            return true;
        }
        self.value(rest, under);
        true
    }

    /// Name and password in base64 (RFC 7617). Tells whether they are.
    fn basic(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let Some(password) = basic_password(piece.text) else {
            return false;
        };
        if !is_placeholder(&password) {
            self.keep(piece, Kind::BASIC_AUTH, Confidence::High, under);
        }
        true
    }

    /// Name and password under a name that says so: `CONFLUENCE_BASIC_AUTH`, in base64 or as they are.
    pub(super) fn pair(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let names = words(under.name);
        let is_named = under.meaning == Meaning::Near
            && names.iter().any(|word| {
                [
                    "auth",
                    "basic",
                    "cred",
                    "creds",
                    "credentials",
                    "credential",
                    "login",
                ]
                .contains(&word.as_str())
            });
        if !is_named || piece.text.contains(char::is_whitespace) {
            return false;
        }
        if !self.is_touched(piece) && self.basic(piece, under) {
            return true;
        }
        self.user_and_password(piece, under)
    }

    /// `root:TOKEN`, `projectId:TOKEN` under the name of a token. Tells whether it is that.
    pub(super) fn labelled(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let Some((label, token)) = piece.split_once(':') else {
            return false;
        };
        let begins = |c: char| c.is_ascii_lowercase();
        let is_label = (2..=16).contains(&label.text.len())
            && label.text.starts_with(begins)
            && label.text.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !label.text.eq_ignore_ascii_case("sha");
        let is_one = is_label
            && under.meaning == Meaning::Made
            && !token.text.starts_with("//")
            && judge(token.text, Meaning::Made) >= Some(Confidence::Medium);
        if is_one {
            self.value(token, under);
        }
        is_one
    }

    /// `user:password`. Tells whether it is that.
    pub(super) fn user_and_password(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let piece = piece.trimmed().unquoted();
        let Some((user, password)) = piece.split_once(':') else {
            return false;
        };
        let is_user = |byte: u8| byte.is_ascii_alphanumeric() || b"._@%+-".contains(&byte);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_pair = user.text.bytes().all(is_user)
            && !password.text.starts_with("//")
            && !password.text.contains(char::is_whitespace)
            // A user and a group by number, or a port.
            && !is_number(password.text);
        if is_pair && !password.is_empty() {
            self.password(password, under.with_kind(Kind::PASSWORD));
        }
        is_pair
    }

    /// Several headers under a name that says so: `OTEL_EXPORTER_OTLP_HEADERS`. Tells whether they are.
    pub(super) fn headers(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let names = words(under.name);
        if !names
            .last()
            .is_some_and(|last| last == "headers" || last == "header")
        {
            return false;
        }
        let lines = piece.split(|c| matches!(c, ',' | '\n' | ';'));
        let is_line =
            |line: &Piece<'_>| line.text.contains([':', '=']) || line.trimmed().is_empty();
        if !lines.iter().all(is_line) {
            return false;
        }
        for line in lines {
            self.header_line(line, under.wanted);
        }
        true
    }

    /// `name=value; name=value` under a name that says so. Tells whether they are.
    pub(super) fn cookies(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let is_cookie = words(under.name)
            .iter()
            .any(|word| word == "cookie" || word == "cookies");
        if !is_cookie || !piece.text.contains('=') {
            return false;
        }
        let mut any = false;
        for one in piece.split(|c| c == ';') {
            let Some((name, value)) = one.split_once('=') else {
                continue;
            };
            let name = name.trimmed();
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if name.is_empty() || !name.text.bytes().all(is_name) || value.is_empty() {
                continue;
            }
            any = true;
            let value = value.trimmed().unquoted();
            if self.is_touched(value) || self.shaped(value, under) {
                continue;
            }
            let is_session = Meaning::of(name.text) != Meaning::Unknown || is_session(name.text);
            let confidence = match judge(value.text, Meaning::Made) {
                Some(Confidence::High) if is_random(value.text) => {
                    if is_session {
                        Confidence::High
                    } else {
                        Confidence::Medium
                    }
                }
                _ => continue,
            };
            let under = Under {
                name: name.text,
                ..under
            };
            self.keep(value, Kind::COOKIE, confidence, under);
        }
        any
    }
}

/// Names that cookies of sessions have.
fn is_session(name: &str) -> bool {
    let words = words(name);
    [
        "sid",
        "session",
        "sessionid",
        "auth",
        "remember",
        "li",
        "token",
        "jsessionid",
        "phpsessid",
        "csrftoken",
        "connect",
    ]
    .iter()
    .any(|wanted| words.iter().any(|word| word == wanted))
}

/// Splits a scheme off, with a space behind it or an encoded one.
fn split_scheme(piece: Piece<'_>) -> Option<(&str, Piece<'_>)> {
    SCHEMES.iter().find_map(|scheme| {
        let rest = piece.behind_in_any_case(scheme)?;
        let rest = rest
            .behind(" ")
            .or_else(|| rest.behind("%20"))
            .or_else(|| rest.behind("+"))?;
        (!rest.is_empty()).then_some((*scheme, rest))
    })
}

/// Returns the password of what is name and password in base64.
fn basic_password(text: &str) -> Option<String> {
    if text.len() < 6 || text.len() > LONGEST {
        return None;
    }
    let text = text.trim_end_matches("%3D").trim_end_matches("%3d");
    let decoded = zeroize::Zeroizing::new(decode(text)?);
    let decoded = std::str::from_utf8(&decoded).ok()?;
    if decoded.chars().any(char::is_control) {
        return None;
    }
    let (_, password) = decoded.split_once(':')?;
    Some(password.to_owned())
}
