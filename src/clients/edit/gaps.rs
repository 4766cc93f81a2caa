//! What stands between the values of a text: space, comments, commas, line ends.

use std::ops::Range;

use super::super::document::Format;

/// A text and how its comments are written.
#[derive(Clone, Copy)]
pub(super) struct Gaps<'a> {
    pub(super) text: &'a str,
    pub(super) format: Format,
}

impl<'a> Gaps<'a> {
    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// Tells whether only space stands there.
    pub(super) fn is_space(&self, range: Range<usize>) -> bool {
        self.slice(range)
            .bytes()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    }

    /// Returns where the comma is that follows `from`, behind space and comments; `None` if something else follows.
    pub(super) fn comma(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = self.text.get(at..)?;
            let is_json = matches!(self.format, Format::Json | Format::Jsonc);
            let length = match rest.bytes().next()? {
                b',' => return Some(at),
                b' ' | b'\t' | b'\r' | b'\n' => 1,
                b'#' if self.format == Format::Toml => line_length(rest),
                b'/' if is_json && rest.starts_with("//") => line_length(rest),
                b'/' if is_json && rest.starts_with("/*") => {
                    let end = rest.get(2..)?.find("*/")?;
                    end.saturating_add(4)
                }
                _ => return None,
            };
            at = at.saturating_add(length);
        }
    }

    /// Returns where the line begins that `at` is in.
    pub(super) fn line_begin(&self, at: usize) -> usize {
        let before = self.slice(0..at);
        before.rfind('\n').map_or_else(
            || {
                before
                    .len()
                    .saturating_sub(before.trim_start_matches('\u{feff}').len())
            },
            |end| end.saturating_add(1),
        )
    }

    /// Returns where the line ends that `at` is in, without its line end.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let length = rest.find('\n').unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let without = if length < rest.len() {
            line.strip_suffix('\r').unwrap_or(line)
        } else {
            line
        };
        at.saturating_add(without.len())
    }

    /// Returns how lines end: as the line of `at` does, else as the first of the text.
    pub(super) fn new_line(&self, at: usize) -> &'static str {
        let end = self.line_end(at);
        let rest = self.text.get(end..).unwrap_or_default();
        let sample = if rest.is_empty() { self.text } else { rest };
        let line = sample.split_inclusive('\n').next().unwrap_or_default();
        if line.ends_with("\r\n") { "\r\n" } else { "\n" }
    }
}

fn line_length(rest: &str) -> usize {
    rest.find('\n')
        .map_or(rest.len(), |end| end.saturating_add(1))
}
