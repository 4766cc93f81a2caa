//! What secrets of known makers look like: a lead, lengths, alphabets, checksums.
//!
//! A shape is found wherever it stands in a text, if nothing is glued to it. Says how sure the shape alone makes it; a
//! shape that others share is never sure by itself.

mod checksum;
mod jwt;
mod pattern;
mod pem;
mod table;

use std::ops::Range;
use std::sync::LazyLock;

use super::placeholder::is_placeholder;
use super::random::is_wordy;
use super::{Confidence, Kind};
use pattern::Pattern;

pub(super) use jwt::decode;

/// A text of a known shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Where it is.
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
    /// How sure the shape alone makes it.
    pub(super) confidence: Confidence,
    /// Whether its name can make it no surer: the checksum is wrong, or it is made to be public.
    pub(super) is_capped: bool,
}

/// A row of the table, read once.
struct Row {
    kind: Kind,
    confidence: Confidence,
    pattern: Pattern,
    check: table::Check,
}

/// The rows, and for each first byte of a text those that may begin with it.
static ROWS: LazyLock<(Vec<Row>, Vec<Vec<usize>>)> = LazyLock::new(|| {
    let rows: Vec<Row> = table::ROWS
        .iter()
        .map(|(kind, confidence, pattern, check)| Row {
            kind: Kind(kind),
            confidence: *confidence,
            pattern: Pattern::new(pattern),
            check: *check,
        })
        .collect();
    let begins = |byte: u8| {
        let with = |at: &usize| {
            rows.get(*at)
                .is_some_and(|row| row.pattern.begins_with(byte))
        };
        (0..rows.len()).filter(with).collect()
    };
    let first = (0..=u8::MAX).map(begins).collect();
    (rows, first)
});

/// Finds the texts of known shape, in their order; none lies in another.
pub(super) fn shapes(text: &str) -> Vec<Shape> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let shape = begins_here(bytes, at).then(|| shape_at(text, at)).flatten();
        at = match shape {
            Some(shape) => {
                let end = shape.range.end;
                found.push(shape);
                end
            }
            None => at.saturating_add(1),
        };
    }
    found
}

fn is_glue(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Tells whether something may begin at `at`: nothing is glued to it but a percent-encoded byte or an escaped newline.
fn begins_here(bytes: &[u8], at: usize) -> bool {
    let may_begin = |byte: &u8| byte.is_ascii_alphanumeric() || b"-+/".contains(byte);
    if !bytes.get(at).is_some_and(may_begin) {
        return false;
    }
    let Some(before) = at.checked_sub(1).and_then(|before| bytes.get(before)) else {
        return true;
    };
    if !is_glue(*before) {
        return true;
    }
    let back = |by: usize| {
        at.checked_sub(by)
            .and_then(|at| bytes.get(at..))
            .unwrap_or_default()
    };
    let is_encoded =
        matches!(back(3), [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    let is_escape = matches!(back(2), [b'\\', b'n' | b't' | b'r', ..]);
    is_encoded || is_escape
}

fn shape_at(text: &str, at: usize) -> Option<Shape> {
    if let Some(range) = pem::at(text, at) {
        let (kind, confidence) = (Kind("private-key"), Confidence::High);
        return Some(Shape {
            range,
            kind,
            confidence,
            is_capped: false,
        });
    }
    if let Some((range, is_public)) = jwt::at(text, at) {
        let confidence = if is_public {
            Confidence::Low
        } else {
            Confidence::High
        };
        return Some(Shape {
            range,
            kind: Kind("jwt"),
            confidence,
            is_capped: is_public,
        });
    }
    let (rows, first) = &*ROWS;
    let first = first.get(usize::from(*text.as_bytes().get(at)?))?;
    let fits = |at_row: &usize| {
        let row = rows.get(*at_row)?;
        let end = row.pattern.end(text.as_bytes(), at)?;
        let is_whole = !text.as_bytes().get(end).is_some_and(|byte| is_glue(*byte));
        is_whole.then_some((row, end))
    };
    first.iter().filter_map(fits).find_map(|(row, end)| {
        let whole = text.get(at..end)?;
        let body = whole.get(row.pattern.lead().len()..)?;
        let is_made_up =
            is_placeholder(body) || is_placeholder(whole) || (body.len() >= 16 && is_wordy(body));
        if is_made_up {
            return None;
        }
        let is_wrong = row.check == table::Check::Crc && !checksum::is_right(whole);
        let confidence = if is_wrong {
            Confidence::Medium
        } else {
            row.confidence
        };
        Some(Shape {
            range: at..end,
            kind: row.kind,
            confidence,
            is_capped: is_wrong,
        })
    })
}

#[cfg(test)]
mod tests;
