//! Which bracket closes which, found in one pass over the text.

/// The longest text between two brackets that is looked at.
pub(super) const LONGEST: usize = 1024;

/// The brackets of a text that are closed not far behind.
pub(super) struct Brackets {
    curly: Vec<(usize, usize)>,
    round: Vec<(usize, usize)>,
    /// Up to where it is known that nothing ends as `<%` does.
    searched: usize,
}

impl Brackets {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self {
            curly: pairs(bytes, b'{', b'}'),
            round: pairs(bytes, b'(', b')'),
            searched: 0,
        }
    }

    /// Returns where the bracket that opens at `at` ends, behind the closing one.
    pub(super) fn end(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let pairs = match bytes.get(at)? {
            b'{' => &self.curly,
            b'(' => &self.round,
            _ => return None,
        };
        let found = pairs.binary_search_by_key(&at, |(open, _)| *open).ok()?;
        pairs.get(found).map(|(_, end)| *end)
    }

    /// Returns where the next `%>` ends.
    pub(super) fn percent_end(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        let start = at.max(self.searched);
        let last = at.saturating_add(LONGEST).min(bytes.len());
        let rest = bytes.get(start..last)?;
        let Some(ahead) = rest.windows(2).position(|pair| pair == b"%>") else {
            self.searched = last.saturating_sub(1);
            return None;
        };
        Some(start.saturating_add(ahead).saturating_add(2))
    }
}

fn pairs(bytes: &[u8], open: u8, close: u8) -> Vec<(usize, usize)> {
    let (mut opened, mut found) = (Vec::new(), Vec::new());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == open {
            opened.push(at);
        } else if *byte == close
            && let Some(start) = opened.pop()
            && at.saturating_sub(start) < LONGEST
        {
            found.push((start, at.saturating_add(1)));
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bracket_ends_with_the_one_that_closes_it() {
        let text = b"{a{b}c} } {( ) { <% %>";
        let mut brackets = Brackets::of(text);
        let ends: Vec<_> = (0..text.len())
            .filter_map(|at| brackets.end(text, at).map(|end| (at, end)))
            .collect();
        assert_eq!(ends, [(0, 7), (2, 5), (11, 14)]);
        assert_eq!(brackets.percent_end(text, 17), Some(22));
        assert_eq!(brackets.percent_end(text, 22), None);
    }
}
