//! A small language for shapes: literal parts and runs, without choices, so that it is read in one go.
//!
//! `ghp_ w36` is the text `ghp_` and 36 letters or digits; `d8..10` is a run of eight to ten digits; `w20..` one of twenty or
//! more. A run takes what it can, so what follows it must not fit it, or its length must be fixed. The alphabets:
//! `d` digits, `h` lower hexadecimal, `x` hexadecimal in any case, `l` letters, `n` lower letters and digits, `N` capitals and
//! digits, `w` letters and digits, `u` those of base64url, `b` those of base64, `p` those of base64 and `=`,
//! `q` base64url and `=`, `a` base64url and `.` and `~`, `e` base64 and base64url, percent-encoded or not.

/// The longest run without an upper bound.
const LONGEST: usize = 4096;

#[derive(Clone, Debug)]
enum Part {
    Text(&'static str),
    Run {
        alphabet: char,
        least: usize,
        most: usize,
    },
}

/// A shape.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

impl Pattern {
    /// Reads a shape. A part that is no run is taken as it stands.
    pub(super) fn new(text: &'static str) -> Self {
        let parts = text.split(' ').map(part).collect();
        Self { parts }
    }

    /// The literal text it begins with.
    pub(super) fn lead(&self) -> &'static str {
        match self.parts.first() {
            Some(Part::Text(text)) => text,
            Some(Part::Run { .. }) | None => "",
        }
    }

    /// Tells whether it may begin with `byte`.
    pub(super) fn begins_with(&self, byte: u8) -> bool {
        match self.parts.first() {
            Some(Part::Text(text)) => text.as_bytes().first() == Some(&byte),
            Some(Part::Run { alphabet, .. }) => is_of(*alphabet, byte),
            None => false,
        }
    }

    /// Returns where the shape that begins at `at` ends.
    pub(super) fn end(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let mut at = at;
        for part in &self.parts {
            let rest = bytes.get(at..)?;
            let length = match part {
                Part::Text(text) => rest.starts_with(text.as_bytes()).then_some(text.len())?,
                Part::Run {
                    alphabet,
                    least,
                    most,
                } => {
                    let fits = |byte: &&u8| is_of(*alphabet, **byte);
                    let length = rest.iter().take(*most).take_while(fits).count();
                    (length >= *least).then_some(length)?
                }
            };
            at = at.saturating_add(length);
        }
        Some(at)
    }
}

fn part(text: &'static str) -> Part {
    run(text).unwrap_or(Part::Text(text))
}

fn run(text: &'static str) -> Option<Part> {
    let mut rest = text.chars();
    let alphabet = rest.next().filter(|c| "dhxlnNwubpqae".contains(*c))?;
    let length = rest.as_str();
    let (least, most) = match length.split_once("..") {
        Some((least, "")) => (least.parse().ok()?, LONGEST),
        Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
        None => {
            let length = length.parse().ok()?;
            (length, length)
        }
    };
    Some(Part::Run {
        alphabet,
        least,
        most,
    })
}

fn is_of(alphabet: char, byte: u8) -> bool {
    match alphabet {
        'd' => byte.is_ascii_digit(),
        'h' => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
        'x' => byte.is_ascii_hexdigit(),
        'l' => byte.is_ascii_alphabetic(),
        'n' => byte.is_ascii_digit() || byte.is_ascii_lowercase(),
        'N' => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        'w' => byte.is_ascii_alphanumeric(),
        'u' => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
        'b' => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
        'p' => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
        'e' => byte.is_ascii_alphanumeric() || b"+/=%-_".contains(&byte),
        'q' => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'='),
        'a' => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_read_and_found() {
        let end = |pattern, text: &str| Pattern::new(pattern).end(text.as_bytes(), 0);
        assert_eq!(end("ab_ w4", "ab_Zz09rest"), Some(7));
        assert_eq!(end("ab_ w4", "ab_Zz0"), None);
        assert_eq!(end("d2..4 : h2", "123:af"), Some(6));
        assert_eq!(end("d2..4 : h2", "12345:af"), None);
        assert_eq!(end("u3.. .x", "a-b_c.x"), Some(7));
        assert!(Pattern::new("d2 :").begins_with(b'7'));
        assert!(!Pattern::new("ab_ w4").begins_with(b'7'));
        assert_eq!(Pattern::new("ab_ w4").lead(), "ab_");
    }
}
