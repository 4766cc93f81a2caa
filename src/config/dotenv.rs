//! Reads `.env` files, for `broker import`.
//!
//! There is no standard; this is the part that the common readers agree on. A line is `NAME=value`, with
//! `export` before it or not; blank lines and lines that begin with `#` are skipped. A value in single
//! quotes is taken as it stands, one in double quotes knows `\n \r \t \" \\ \$`, both may run over several lines;
//! a bare value ends at ` #` and is trimmed. Nothing is expanded: `$NAME` in a bare or double-quoted value
//! is refused rather than stored as a text nobody meant.

use zeroize::Zeroizing;

use super::read::is_variable;
use crate::secret::SecretValue;

/// One line of a `.env` file.
#[derive(Debug)]
pub struct Entry {
    /// The variable.
    pub name: String,
    /// Its value.
    pub value: SecretValue,
    /// The line it begins on, counted from 1.
    pub line: usize,
}

/// Why a `.env` file was refused. Never holds anything of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct DotenvError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: &'static str,
}

/// Parses the bytes of a `.env` file.
///
/// # Errors
/// [`DotenvError`] at the first line that is not understood.
pub fn parse_dotenv(bytes: &[u8]) -> Result<Vec<Entry>, DotenvError> {
    let mut reader = Reader {
        rest: bytes,
        line: 1,
    };
    let mut entries: Vec<Entry> = Vec::new();
    while let Some(entry) = reader.entry()? {
        if entries.iter().any(|e| e.name == entry.name) {
            return Err(DotenvError {
                line: entry.line,
                problem: "this variable came before",
            });
        }
        entries.push(entry);
    }
    Ok(entries)
}

struct Reader<'a> {
    rest: &'a [u8],
    line: usize,
}

impl Reader<'_> {
    fn fault(&self, problem: &'static str) -> DotenvError {
        DotenvError {
            line: self.line,
            problem,
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        if *first == b'\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(*first)
    }

    fn skip(&mut self, which: &[u8]) {
        while self.rest.first().is_some_and(|b| which.contains(b)) {
            self.next();
        }
    }

    /// Takes what comes before the end of the line, without a carriage return, and ends the line.
    fn rest_of_line(&mut self) -> &[u8] {
        let end = self
            .rest
            .iter()
            .position(|b| *b == b'\n')
            .unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.next();
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    fn entry(&mut self) -> Result<Option<Entry>, DotenvError> {
        loop {
            self.skip(b" \t\r\n");
            match self.rest.first() {
                None => return Ok(None),
                Some(b'#') => {
                    self.rest_of_line();
                }
                Some(_) => break,
            }
        }
        let line = self.line;
        let name = self.name()?;
        self.skip(b" \t");
        let value = match self.rest.first() {
            Some(b'\'') => self.quoted(b'\'')?,
            Some(b'"') => self.quoted(b'"')?,
            _ => self.bare()?,
        };
        Ok(Some(Entry {
            name,
            value: SecretValue::new(value),
            line,
        }))
    }

    fn name(&mut self) -> Result<String, DotenvError> {
        if let Some(rest) = self.rest.strip_prefix(b"export ") {
            self.rest = rest;
            self.skip(b" \t");
        }
        let end = self
            .rest
            .iter()
            .position(|b| matches!(b, b'=' | b'\n'))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if rest.first() != Some(&b'=') {
            return Err(self.fault("there is no '='"));
        }
        let name = std::str::from_utf8(name.trim_ascii_end())
            .ok()
            .filter(|name| is_variable(name))
            .ok_or_else(|| self.fault("what stands before '=' is no name of a variable"))?
            .to_owned();
        self.rest = rest;
        self.next();
        Ok(name)
    }

    fn bare(&mut self) -> Result<Zeroizing<Vec<u8>>, DotenvError> {
        let line = self.line;
        let text = self.rest_of_line();
        let comment = text
            .windows(2)
            .position(|pair| matches!(pair, [b' ' | b'\t', b'#']));
        let value = comment
            .map_or(text, |end| text.split_at(end).0)
            .trim_ascii();
        if value.contains(&b'$') {
            return Err(DotenvError {
                line,
                problem: "a '$' must stand in single quotes",
            });
        }
        Ok(Zeroizing::new(value.to_vec()))
    }

    fn quoted(&mut self, quote: u8) -> Result<Zeroizing<Vec<u8>>, DotenvError> {
        let start = self.line;
        self.next();
        // Never longer than what is left, so the buffer never moves and leaves a copy behind.
        let mut value = Zeroizing::new(Vec::with_capacity(self.rest.len()));
        loop {
            let unended = DotenvError {
                line: start,
                problem: "the quote is not closed",
            };
            let byte = self.next().ok_or(unended)?;
            match byte {
                _ if byte == quote => break,
                b'\\' if quote == b'"' => value.push(match self.next().ok_or(unended)? {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    other @ (b'"' | b'\\' | b'$') => other,
                    _ => return Err(self.fault("only \\n \\r \\t \\\" \\\\ \\$ are known")),
                }),
                b'$' if quote == b'"' => {
                    return Err(self.fault("a '$' must stand in single quotes"));
                }
                other => value.push(other),
            }
        }
        let line = self.line;
        let after = self.rest_of_line().trim_ascii();
        if after.is_empty() || after.starts_with(b"#") {
            Ok(value)
        } else {
            Err(DotenvError {
                line,
                problem: "something stands behind the closing quote",
            })
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests look at the values")]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, String, usize)> {
        let text_of = |v: &SecretValue| String::from_utf8_lossy(v.expose()).into_owned();
        let entries = parse_dotenv(text.as_bytes()).expect(text);
        entries
            .iter()
            .map(|e| (e.name.clone(), text_of(&e.value), e.line))
            .collect()
    }

    fn one(text: &str) -> String {
        let all = parsed(text);
        assert_eq!(all.len(), 1, "{text}");
        all[0].1.clone()
    }

    #[test]
    fn the_common_forms_are_read() {
        assert_eq!(one("A=b"), "b");
        assert_eq!(one("export A = b # why\r\n"), "b");
        assert_eq!(one("A=b#c"), "b#c");
        assert_eq!(one("A='$(x) \\n'"), "$(x) \\n");
        assert_eq!(one("A=\"a\\n\\\"b\\$\" # c"), "a\n\"b$");
        assert_eq!(one("A='one\ntwo'"), "one\ntwo");
        assert_eq!(one("A="), "");
        let lines = parsed("# c\n\nA='x\ny'\nB=2\n");
        assert_eq!(lines[0].2, 3);
        assert_eq!(lines[1], ("B".into(), "2".into(), 5));
    }

    #[test]
    fn what_would_be_read_two_ways_is_refused_with_its_line() {
        for (text, line) in [
            ("A=1\nB", 2),
            ("A=$HOME", 1),
            ("A=\"x$Y\"", 1),
            ("A=\"\\q\"", 1),
            ("A='x", 1),
            ("A='x' y", 1),
            ("1A=x", 1),
            ("A=1\nA=2", 2),
            ("A B=x", 1),
        ] {
            assert_eq!(
                parse_dotenv(text.as_bytes()).expect_err(text).line,
                line,
                "{text}"
            );
        }
    }
}
