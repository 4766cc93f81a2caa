//! A part of a text that knows where it begins, so that a finding can say where in the whole text its secret is.

use std::ops::Range;

/// A part of an item's text. Cut at characters only; a cut that would split one gives nothing.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// Where it begins in the whole text, in bytes.
    pub(super) start: usize,
}

impl<'a> Piece<'a> {
    pub(super) fn whole(text: &'a str) -> Self {
        Self { text, start: 0 }
    }

    /// Where it ends in the whole text.
    pub(super) fn end(self) -> usize {
        self.start.saturating_add(self.text.len())
    }

    /// Where it is in the whole text.
    pub(super) fn span(self) -> Range<usize> {
        self.start..self.end()
    }

    pub(super) fn is_empty(self) -> bool {
        self.text.is_empty()
    }

    /// Returns a part, counted from its own beginning.
    pub(super) fn part(self, range: Range<usize>) -> Self {
        let start = self.start.saturating_add(range.start);
        let text = self.text.get(range).unwrap_or_default();
        Self { text, start }
    }

    pub(super) fn until(self, at: usize) -> Self {
        self.part(0..at)
    }

    pub(super) fn from(self, at: usize) -> Self {
        self.part(at..self.text.len())
    }

    pub(super) fn trimmed(self) -> Self {
        let front = self.text.trim_start();
        let lead = self.text.len().saturating_sub(front.len());
        self.part(lead..lead.saturating_add(front.trim_end().len()))
    }

    /// Takes one pair of quotes away, escaped ones too.
    pub(super) fn unquoted(self) -> Self {
        for quote in ["\"", "'", "\\\"", "\\'"] {
            let inner = self.text.strip_prefix(quote);
            if let Some(inner) = inner.and_then(|inner| inner.strip_suffix(quote)) {
                return self.part(quote.len()..quote.len().saturating_add(inner.len()));
            }
        }
        self
    }

    /// Returns what stands behind `prefix`.
    pub(super) fn behind(self, prefix: &str) -> Option<Self> {
        self.text.strip_prefix(prefix)?;
        Some(self.from(prefix.len()))
    }

    /// The same, in any case of ASCII letters.
    pub(super) fn behind_in_any_case(self, prefix: &str) -> Option<Self> {
        let head = self.text.get(..prefix.len())?;
        let is_there = head.eq_ignore_ascii_case(prefix);
        is_there.then(|| self.from(prefix.len()))
    }

    /// Returns what stands before and behind the first `separator`.
    pub(super) fn split_once(self, separator: char) -> Option<(Self, Self)> {
        let at = self.text.find(separator)?;
        let behind = at.saturating_add(separator.len_utf8());
        Some((self.until(at), self.from(behind)))
    }

    /// Returns the parts between separators, empty ones too.
    pub(super) fn split(self, is_separator: impl Fn(char) -> bool) -> Vec<Self> {
        let (mut parts, mut start) = (Vec::new(), 0);
        for (at, c) in self.text.char_indices().filter(|(_, c)| is_separator(*c)) {
            parts.push(self.part(start..at));
            start = at.saturating_add(c.len_utf8());
        }
        parts.push(self.from(start));
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_knows_where_it_is_in_the_whole() {
        let whole = Piece::whole("  'gr\u{fc}n: blau' ");
        let inner = whole.trimmed().unquoted();
        let (name, value) = inner.split_once(':').expect("a colon");
        let value = value.trimmed();
        assert_eq!((name.text, value.text), ("gr\u{fc}n", "blau"));
        assert_eq!(whole.text.get(value.span()), Some("blau"));
        // In the middle of a character.
        assert!(inner.part(0..3).is_empty());
        let parts: Vec<_> = whole.split(|c| c == ':').iter().map(|p| p.span()).collect();
        assert_eq!(parts, [0..8, 9..16]);
    }
}
