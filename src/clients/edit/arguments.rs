//! Arguments that were taken out are put back among those that are there.

use super::undo::tokens;
use super::verify::{Action, INSERTED};
use super::work::Work;
use super::{Change, EditError, Undo};
use crate::clients::document::{Found, Kind};
use crate::clients::entry::{Literal, Place};

impl Work<'_> {
    /// Puts arguments of one entry back where they stood, in front of which `moved` words of broker stand now.
    pub(super) fn put_arguments(
        &mut self,
        found: &Found,
        moved: usize,
        taken: &[(usize, &Undo)],
    ) -> Result<(), EditError> {
        let mut missing = Vec::new();
        for (_, undo) in taken {
            if let Change::Removed(place @ Place::Argument(number)) = &undo.change {
                let (token, _) = tokens(undo, place)?;
                missing.push((*number, token, self.text_of(token)?));
            }
        }
        missing.sort_by_key(|(number, _, _)| *number);
        let (path, _) = self.item(found, &Place::Argument(0))?;
        let (first, list) = path.split_last().ok_or(EditError::Absent)?;
        let node = self.node(list)?;
        let Kind::List(all) = &node.kind else {
            return Err(EditError::Command("its arguments are no list"));
        };
        // The server's own, as they are now.
        let own = first.saturating_add(moved);
        if own > all.len() {
            return Err(EditError::Absent);
        }
        let gap = self.gap_of(all.iter().map(|one| one.span.clone()));
        let mut inserted: Vec<(usize, Literal)> = Vec::new();
        for (before, (number, token, text)) in missing.iter().enumerate() {
            let at = own
                .saturating_add(number.saturating_sub(before))
                .min(all.len());
            match (
                all.get(at),
                at.checked_sub(1).and_then(|last| all.get(last)),
            ) {
                (Some(next), _) => {
                    let place = next.span.start;
                    self.cut(place..place, format!("{token}{gap}"), Vec::new());
                }
                (None, Some(last)) => {
                    let place = last.span.end;
                    // Nothing of the server's own stands before it, once the words are gone.
                    let is_first = at == own && before == 0 && moved > 0;
                    let sign = if is_first { "" } else { gap.as_str() };
                    self.cut(place..place, format!("{sign}{token}"), Vec::new());
                }
                (None, None) => return Err(EditError::Absent),
            }
            inserted.push((at, text.clone()));
        }
        let mut place = list.to_vec();
        place.push(INSERTED);
        self.act(place, Action::Insert(inserted))
    }

    /// What stands between the values of a list.
    fn gap_of(&self, mut spans: impl Iterator<Item = std::ops::Range<usize>>) -> String {
        let between = spans
            .next()
            .zip(spans.next())
            .map(|(one, next)| self.gaps.slice(one.end..next.start));
        let is_plain = |text: &&str| text.trim_matches([' ', '\t', '\r', '\n']) == ",";
        between.filter(is_plain).unwrap_or(", ").to_owned()
    }
}
