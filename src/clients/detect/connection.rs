//! Connection strings that are no addresses: those of ADO, ODBC and Azure, of libpq, of JDBC, of Go's MySQL driver and of
//! Oracle.

use super::Kind;
use super::name::Meaning;
use super::piece::Piece;
use super::search::{Search, Under};

/// Keys of which one says that the whole is a connection string.
const KEYS: [&str; 34] = [
    "server",
    "data source",
    "datasource",
    "host",
    "hostaddr",
    "hostname",
    "addr",
    "address",
    "database",
    "initial catalog",
    "dbname",
    "driver",
    "user id",
    "userid",
    "uid",
    "user",
    "username",
    "port",
    "endpoint",
    "accountname",
    "accountendpoint",
    "defaultendpointsprotocol",
    "integrated security",
    "trusted_connection",
    "sslmode",
    "encrypt",
    "blobendpoint",
    "sharedaccesskeyname",
    "dsn",
    "provider",
    "tenant id",
    "authority",
    "ingestionendpoint",
    "service",
];

impl<'t> Search<'t> {
    /// Searches a connection string. Tells whether it is one.
    pub(super) fn connection(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let under = under.with_kind(Kind::CONNECTION_PASSWORD);
        self.jdbc(piece, under)
            || self.pairs(piece, under, ';')
            || self.pairs(piece, under, ' ')
            || self.go(piece, under)
            || self.oracle(piece, under)
    }

    /// `Server=db;Password=x`, `host=db password=x`.
    fn pairs(&mut self, piece: Piece<'t>, under: Under<'_>, separator: char) -> bool {
        if !piece.text.contains(separator) || !piece.text.contains('=') {
            return false;
        }
        let pairs: Vec<(Piece<'t>, Piece<'t>)> = split_quoted(piece, separator)
            .iter()
            .filter_map(|part| part.split_once('='))
            .map(|(key, value)| (key.trimmed(), value.trimmed()))
            .collect();
        let is_key = |key: &str| KEYS.iter().any(|known| known.eq_ignore_ascii_case(key));
        if pairs.len() < 2 || !pairs.iter().any(|(key, _)| is_key(key.text)) {
            return false;
        }
        for (key, value) in pairs {
            self.connection_part(key.text, value, under);
        }
        true
    }

    /// One value of a connection string.
    fn connection_part(&mut self, key: &str, value: Piece<'t>, under: Under<'_>) {
        let meaning = Meaning::of(key);
        // What a driver calls a braced value is a quoted one.
        let value = value.unquoted();
        let under = if under.name.is_empty() {
            Under { name: key, ..under }
        } else {
            under
        };
        match meaning {
            Meaning::Chosen if !value.is_empty() => self.password(value, under),
            Meaning::Made | Meaning::Key => self.value(value, Under { meaning, ..under }),
            Meaning::Chosen => {}
            Meaning::Near | Meaning::Unknown | Meaning::Else => {
                self.shaped(
                    value,
                    Under {
                        meaning: Meaning::Else,
                        ..under
                    },
                );
            }
        }
    }

    /// `jdbc:sqlserver://host;user=sa;password=x`; other addresses of JDBC are addresses behind `jdbc:`.
    fn jdbc(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let Some(inner) = piece.behind_in_any_case("jdbc:") else {
            return false;
        };
        let Some(at) = inner.text.find(';') else {
            return self.oracle(inner, under) || self.address(inner, under);
        };
        for part in inner.from(at).split(|c| c == ';') {
            if let Some((key, value)) = part.split_once('=') {
                self.connection_part(key.trimmed().text, value.trimmed(), under);
            }
        }
        self.address(inner.until(at), under);
        true
    }

    /// `user:password@tcp(host:3306)/database` (the README of go-sql-driver).
    fn go(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let marks = ["@tcp(", "@unix(", "@tcp6("];
        let Some(at) = marks.iter().find_map(|mark| piece.text.rfind(mark)) else {
            return false;
        };
        let Some((_, password)) = piece.until(at).split_once(':') else {
            return false;
        };
        if !password.is_empty() {
            self.password(password, under);
        }
        true
    }

    /// `user/password@//host:1521/service` (Oracle, "Easy Connect").
    fn oracle(&mut self, piece: Piece<'t>, under: Under<'_>) -> bool {
        let inner = piece
            .behind_in_any_case("oracle:thin:")
            .or_else(|| piece.behind_in_any_case("oracle:oci:"));
        let is_said = inner.is_some();
        let inner = inner.unwrap_or(piece);
        let Some((user, rest)) = inner.split_once('/') else {
            return false;
        };
        let Some(at) = rest.text.rfind('@') else {
            return false;
        };
        let place = rest.from(at.saturating_add(1)).text;
        let is_place = place.starts_with("//") || (place.contains(':') && place.contains('/'));
        let is_user = !user.is_empty()
            && user
                .text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_user || !(is_said || is_place) || rest.text.contains(char::is_whitespace) {
            return false;
        }
        if at > 0 {
            self.password(rest.until(at), under);
        }
        true
    }
}

/// Splits at a separator that stands outside of quotes and braces.
fn split_quoted(piece: Piece<'_>, separator: char) -> Vec<Piece<'_>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let mut quote: Option<char> = None;
    for (at, c) in piece.text.char_indices() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => {}
            // Quotes are such only where a value begins.
            None if matches!(c, '\'' | '"' | '{')
                && piece.text.get(..at).is_some_and(|t| t.ends_with('=')) =>
            {
                quote = Some(if c == '{' { '}' } else { c });
            }
            None if c == separator => {
                parts.push(piece.part(start..at));
                start = at.saturating_add(c.len_utf8());
            }
            None => {}
        }
    }
    parts.push(piece.from(start));
    parts
}
