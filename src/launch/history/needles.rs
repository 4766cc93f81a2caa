//! Finding values in a file as the formats of clients' files write them: JSON, JSONC, TOML and YAML.
//!
//! A text in quotes may be written with escapes, in more than one way each. So every escape of the file is undone, and
//! the values are looked for in what comes of it, and in the file as it is. A value that the file holds in UTF-16, or
//! cut in two by a comment, is not found.

use zeroize::Zeroizing;

/// Returns which of the needles stand in `content`, by their places in the list. An empty one stands nowhere.
pub(super) fn find(content: &[u8], needles: &[&[u8]]) -> Vec<usize> {
    let plain = content.contains(&b'\\').then(|| undone(content));
    let stands = |needle: &[u8]| {
        contains(content, needle) || plain.as_ref().is_some_and(|plain| contains(plain, needle))
    };
    let is_in = |needle: &[u8]| {
        // In single quotes, YAML doubles them.
        let quoted = || Zeroizing::new(doubled(needle));
        !needle.is_empty() && (stands(needle) || needle.contains(&b'\'') && stands(&quoted()))
    };
    let found = (0..).zip(needles).filter(|(_, needle)| is_in(needle));
    found.map(|(place, _)| place).collect()
}

fn contains(content: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else {
        return false;
    };
    let mut rest = content;
    while let Some(at) = rest.iter().position(|b| b == first) {
        let from = rest.get(at..).unwrap_or_default();
        if from.starts_with(needle) {
            return true;
        }
        rest = from.get(1..).unwrap_or_default();
    }
    false
}

fn doubled(needle: &[u8]) -> Vec<u8> {
    // One allocation, so that no part is left in one that was too small.
    let mut quoted = Vec::with_capacity(needle.len().saturating_mul(2));
    for byte in needle {
        quoted.push(*byte);
        if *byte == b'\'' {
            quoted.push(*byte);
        }
    }
    quoted
}

/// Undoes every escape (RFC 8259, section 7; TOML 1.1, "String"; YAML 1.2.2, section 5.7).
fn undone(content: &[u8]) -> Zeroizing<Vec<u8>> {
    // No escape is shorter than what it stands for, but for two that stand for three bytes with two.
    let most = content.len().saturating_add(content.len() / 2);
    let mut plain = Zeroizing::new(Vec::with_capacity(most.saturating_add(4)));
    let mut rest = content;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte == b'\\' {
            rest = escape(rest, &mut plain);
        } else {
            plain.push(*byte);
        }
    }
    plain
}

/// Undoes the escape whose backslash stands before `rest`, and returns what is behind it.
fn escape<'a>(rest: &'a [u8], plain: &mut Vec<u8>) -> &'a [u8] {
    let Some((kind, behind)) = rest.split_first() else {
        plain.push(b'\\');
        return rest;
    };
    let short = match kind {
        b'0' => '\0',
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b't' => '\t',
        b'n' => '\n',
        b'v' => '\u{b}',
        b'f' => '\u{c}',
        b'r' => '\r',
        b'e' => '\u{1b}',
        b'N' => '\u{85}',
        b'_' => '\u{a0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        b'x' => return numbered(behind, 2, plain),
        b'u' => return numbered(behind, 4, plain),
        b'U' => return numbered(behind, 8, plain),
        b'\r' | b'\n' => {
            // A line that goes on in the next one.
            let is_blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
            let begins = behind.iter().position(|b| !is_blank(b));
            return begins.and_then(|at| behind.get(at..)).unwrap_or_default();
        }
        other => {
            plain.push(*other);
            return behind;
        }
    };
    push(short, plain);
    behind
}

/// Undoes an escape that gives the number of a character; in JSON, two of them may be one character (RFC 8259,
/// section 7).
fn numbered<'a>(rest: &'a [u8], digits: usize, plain: &mut Vec<u8>) -> &'a [u8] {
    let Some((first, behind)) = number(rest, digits) else {
        return rest;
    };
    if let Some(c) = char::from_u32(first) {
        push(c, plain);
        return behind;
    }
    let second = behind.strip_prefix(b"\\u").and_then(|b| number(b, 4));
    let pair = |second: u32| {
        let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
        char::decode_utf16(units).next()?.ok()
    };
    match second.and_then(|(second, behind)| Some((pair(second)?, behind))) {
        Some((c, behind)) => {
            push(c, plain);
            behind
        }
        None => behind,
    }
}

fn number(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (number, behind) = text.split_at_checked(digits)?;
    let number = std::str::from_utf8(number).ok()?;
    // A sign is no digit.
    let is_number = number.bytes().all(|b| b.is_ascii_hexdigit());
    is_number.then_some(())?;
    Some((u32::from_str_radix(number, 16).ok()?, behind))
}

fn push(c: char, plain: &mut Vec<u8>) {
    plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(content: &str, needle: &str) -> bool {
        !find(content.as_bytes(), &[needle.as_bytes()]).is_empty()
    }

    #[test]
    fn a_value_is_found_however_its_file_writes_it() {
        for (content, needle) in [
            (r#"{"a": "plain"}"#, "plain"),
            (r#"{"a": "a\"b\\c\/d"}"#, "a\"b\\c/d"),
            (r#"{"a": "\u0070l\u0061in"}"#, "plain"),
            (r#"{"a": "x\u003cy\u003e"}"#, "x<y>"),
            (r#"{"a": "\ud83d\ude00\u00e9"}"#, "😀é"),
            (r#"{"a": "one\r\ntwo\t"}"#, "one\r\ntwo\t"),
            (r"{a: '\x70lain'}", "plain"),
            (r#"a = "\U0001F600\e[0m""#, "😀\u{1b}[0m"),
            ("a = \"\"\"pl\\\n   ain\"\"\"", "plain"),
            ("a = 'C:\\new'", "C:\\new"),
            ("a: 'it''s'", "it's"),
            (r#"a: "\_\L\P\N""#, "\u{a0}\u{2028}\u{2029}\u{85}"),
            ("aaab", "aab"),
        ] {
            assert!(stands(content, needle), "{content}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for (content, needle) in [
            ("plain", "plainer"),
            ("plain", ""),
            ("", "x"),
            (r"\u007", "p"),
            (r"\u+070", "p"),
            (r"\ud83d\u0041", "😀"),
            (r"pl\nain", "plain"),
            ("it''s", "it'''s"),
        ] {
            assert!(!stands(content, needle), "{content}");
        }
        let all: [&[u8]; 4] = [b"b", b"", b"x", b"a"];
        assert_eq!(find(b"ab", &all), [0, 3]);
    }

    #[test]
    fn undoing_escapes_never_moves_what_was_written() {
        for content in [
            "\\L".repeat(1000),
            "\\P\\".repeat(999),
            "\\_".repeat(3),
            "\\".repeat(7),
        ] {
            let plain = undone(content.as_bytes());
            let most = content.len() + content.len() / 2;
            assert!(plain.len() <= most + 4);
            assert!(plain.capacity() <= (most + 4).max(8), "it grew: {content}");
        }
    }
}
