//! How deep a text nests and how much is in it, found out in one pass before a parser that recurses, or takes many
//! times the memory of the text, sees it.

use super::tree::Problem;
use super::{MOST_DEPTH, MOST_VALUES};

pub(super) const TOO_DEEP: &str = "it is nested too deeply";
pub(super) const TOO_MUCH: &str = "it holds too many values";

/// Refuses JSON that nests too deeply, and what its strings and the space between them must not hold but the parser
/// lets through.
pub(super) fn check_json(text: &str) -> Result<(), Problem> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut values) = (0, 0_usize, 0_usize);
    while let Some(byte) = bytes.get(at).copied() {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = match byte {
            b'{' | b'[' => {
                depth = deeper(depth, at)?;
                values = more(values, at)?;
                1
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                1
            }
            b'"' => json_string(rest, at)?,
            b'/' if rest.starts_with(b"//") => until(rest, b"\n", 2),
            b'/' if rest.starts_with(b"/*") => until(rest, b"*/", 2),
            b',' => {
                values = more(values, at)?;
                1
            }
            b'\t' | b'\n' | b'\r' => 1,
            0..b' ' | 0x7f.. => {
                return Err((at, "a character stands there that JSON has no place for"));
            }
            _ => 1,
        };
        at = at.saturating_add(length);
    }
    Ok(())
}

/// Returns the length of the string that `rest` begins with, to the end where it has none.
fn json_string(rest: &[u8], at: usize) -> Result<usize, Problem> {
    let mut length = 1_usize;
    while let Some(byte) = rest.get(length) {
        length = match byte {
            b'"' => return Ok(length.saturating_add(1)),
            b'\\' => length.saturating_add(2),
            0..b' ' => {
                let problem = "a string holds a control character that is not escaped";
                return Err((at.saturating_add(length), problem));
            }
            _ => length.saturating_add(1),
        };
    }
    Ok(rest.len())
}

/// Refuses TOML that nests too deeply.
pub(super) fn check_toml(text: &str) -> Result<(), Problem> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut values) = (0, 0_usize, 0_usize);
    while let Some(byte) = bytes.get(at).copied() {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = match byte {
            b'{' | b'[' => {
                depth = deeper(depth, at)?;
                values = more(values, at)?;
                1
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                1
            }
            b'"' if rest.starts_with(b"\"\"\"") => toml_string(rest, b"\"\"\"", true),
            b'\'' if rest.starts_with(b"'''") => toml_string(rest, b"'''", false),
            b'"' => toml_string(rest, b"\"", true),
            b'\'' => toml_string(rest, b"'", false),
            b'#' => until(rest, b"\n", 1),
            b',' | b'=' | b'.' => {
                values = more(values, at)?;
                1
            }
            _ => 1,
        };
        at = at.saturating_add(length);
    }
    Ok(())
}

/// Returns the length of the string that `rest` begins with. One on a single line ends with the line where its end is
/// missing, so that no bracket behind it is overlooked.
fn toml_string(rest: &[u8], quote: &[u8], escapes: bool) -> usize {
    let mut length = quote.len();
    while let Some(byte) = rest.get(length) {
        if rest
            .get(length..)
            .is_some_and(|rest| rest.starts_with(quote))
        {
            return length.saturating_add(quote.len());
        }
        if *byte == b'\n' && quote.len() == 1 {
            return length;
        }
        let step = if escapes && *byte == b'\\' { 2 } else { 1 };
        length = length.saturating_add(step);
    }
    rest.len()
}

/// Returns the length up to and with `end`, which is looked for behind the first `from` bytes.
fn until(rest: &[u8], end: &[u8], from: usize) -> usize {
    let behind = rest.get(from..).unwrap_or_default();
    let found = behind.windows(end.len()).position(|part| part == end);
    found.map_or(rest.len(), |at| {
        at.saturating_add(from).saturating_add(end.len())
    })
}

fn deeper(depth: usize, at: usize) -> Result<usize, Problem> {
    let depth = depth.saturating_add(1);
    if depth > MOST_DEPTH {
        return Err((at, TOO_DEEP));
    }
    Ok(depth)
}

/// Refuses more values than are read.
pub(super) fn more(values: usize, at: usize) -> Result<usize, Problem> {
    if values >= MOST_VALUES {
        return Err((at, TOO_MUCH));
    }
    Ok(values.saturating_add(1))
}

/// Refuses a value that goes too deep.
pub(super) fn check_height(height: usize, at: usize) -> Result<(), Problem> {
    if height > MOST_DEPTH {
        return Err((at, TOO_DEEP));
    }
    Ok(())
}
