//! Takes a value out, with its key and the comma or the line that goes with it.

use std::ops::Range;

use super::verify::Action;
use super::work::Work;
use super::{EditError, Piece};
use crate::clients::document::{Form, Found, Kind, Node, Pair};
use crate::clients::entry::Place;

impl Work<'_> {
    /// Takes a text of an entry out.
    pub(super) fn remove(&mut self, found: &Found, place: &Place) -> Result<(), EditError> {
        let (path, node) = self.item(found, place)?;
        self.take_out(path, node, place)
    }

    /// Takes the value at `path` out.
    pub(super) fn take_out(
        &mut self,
        path: Vec<usize>,
        node: &Node,
        place: &Place,
    ) -> Result<(), EditError> {
        let (number, holder) = path.split_last().ok_or(EditError::Absent)?;
        match &self.node(holder)?.kind {
            Kind::List(all) => {
                let spans: Vec<_> = all.iter().map(|one| one.span.clone()).collect();
                let goes = |at: usize| self.is_taken_out(&[holder, &[at]].concat());
                let is_last = number.checked_add(1) == Some(all.len());
                let before = number
                    .checked_sub(1)
                    .filter(|before| is_last && goes(*before));
                if before.is_some() {
                    // What stands between the last two goes with the first of them.
                    let kept = (0..*number).rev().find(|at| !goes(*at));
                    self.remove_last(&spans, kept, node, place)?;
                } else {
                    self.remove_between(&spans, *number, node, place)?;
                }
            }
            Kind::Map(pairs, Form::Braces) => {
                let span = |pair: &Pair| pair.key_span.start..pair.value.span.end;
                let spans: Vec<_> = pairs.iter().map(span).collect();
                self.remove_between(&spans, *number, node, place)?;
            }
            Kind::Map(pairs, Form::Lines) => {
                let pair = pairs.get(*number).ok_or(EditError::Absent)?;
                let begin = self.line_prefix(pair)?.len();
                let begin = pair.key_span.start.saturating_sub(begin);
                self.remove_line(begin, node, place);
            }
            Kind::Text(_) | Kind::Word(_) => return Err(EditError::Absent),
        }
        self.act(path, Action::Remove)
    }

    /// Takes pairs out of the map at `path` that follow one another.
    pub(super) fn take_run(
        &mut self,
        path: &[usize],
        pairs: &[Pair],
        first: usize,
        last: usize,
    ) -> Result<(), EditError> {
        let place = Place::Other(Vec::new());
        let node = &pairs.get(first).ok_or(EditError::Absent)?.value;
        if first == last {
            return self.take_out([path, &[first]].concat(), node, &place);
        }
        let mut spans: Vec<Range<usize>> = Vec::new();
        for (number, pair) in pairs.iter().enumerate() {
            let own = pair.key_span.start..pair.value.span.end;
            match spans.last_mut() {
                Some(run) if number > first && number <= last => {
                    if !self.is_sign_only(run.end..own.start) {
                        return Err(EditError::Spelling("a comment stands between"));
                    }
                    run.end = own.end;
                }
                _ => spans.push(own),
            }
        }
        self.remove_between(&spans, first, node, &place)?;
        for number in first..=last {
            self.act([path, &[number]].concat(), Action::Remove)?;
        }
        Ok(())
    }

    /// Tells whether only space and commas stand there.
    pub(super) fn is_sign_only(&self, span: Range<usize>) -> bool {
        let text = self.gaps.slice(span);
        text.trim_matches([' ', '\t', '\r', '\n', ',']).is_empty()
    }

    /// Takes one of several out that commas are between. A comment beside it stays.
    fn remove_between(
        &mut self,
        spans: &[Range<usize>],
        number: usize,
        node: &Node,
        place: &Place,
    ) -> Result<(), EditError> {
        let own = spans.get(number).ok_or(EditError::Absent)?.clone();
        let next = number.checked_add(1).and_then(|next| spans.get(next));
        let before = number.checked_sub(1).and_then(|before| spans.get(before));
        let comma = self.gaps.comma(own.end);
        match (before, next) {
            (_, Some(next)) => {
                let comma = comma.ok_or(EditError::Absent)?;
                let behind = comma.saturating_add(1);
                let is_plain =
                    self.gaps.is_space(own.end..comma) && self.gaps.is_space(behind..next.start);
                if is_plain {
                    self.cut_out(own.start..next.start, node, place);
                } else {
                    self.cut_out(own, node, place);
                    self.cut_sign(comma);
                }
            }
            (Some(before), None) => {
                let sign = self.gaps.comma(before.end).ok_or(EditError::Absent)?;
                let behind = sign.saturating_add(1);
                let is_plain =
                    self.gaps.is_space(before.end..sign) && self.gaps.is_space(behind..own.start);
                if is_plain {
                    self.cut_out(before.end..own.end, node, place);
                } else {
                    self.cut_out(own, node, place);
                    self.cut_sign(comma.unwrap_or(sign));
                }
            }
            (None, None) => {
                self.cut_out(own, node, place);
                if let Some(comma) = comma {
                    self.cut_sign(comma);
                }
            }
        }
        Ok(())
    }

    /// Takes the last of a list out, of which those before it go as well, down to the one that is kept.
    fn remove_last(
        &mut self,
        spans: &[Range<usize>],
        kept: Option<usize>,
        node: &Node,
        place: &Place,
    ) -> Result<(), EditError> {
        self.cut_out(node.span.clone(), node, place);
        let kept = kept.and_then(|kept| Some((spans.get(kept)?, spans.get(kept.checked_add(1)?)?)));
        let behind = self.gaps.comma(node.span.end);
        let Some((kept, next)) = kept else {
            if let Some(comma) = behind {
                self.cut_sign(comma);
            }
            return Ok(());
        };
        let sign = self.gaps.comma(kept.end).ok_or(EditError::Absent)?;
        let (before, after) = (kept.end..sign, sign.saturating_add(1)..next.start);
        if self.gaps.is_space(before) && self.gaps.is_space(after) {
            let old = Piece::Text(self.gaps.slice(kept.end..next.start).to_owned());
            self.cut(kept.end..next.start, String::new(), vec![old]);
        } else {
            self.cut_sign(behind.unwrap_or(sign));
        }
        Ok(())
    }

    /// Takes a line out, or what of it is no comment.
    fn remove_line(&mut self, begin: usize, node: &Node, place: &Place) {
        let (end, text_end) = (node.span.end, self.document.text().len());
        let line_end = self.gaps.line_end(end);
        if !self.gaps.is_space(end..line_end) {
            self.cut_out(begin..end, node, place);
        } else if line_end < text_end {
            let length = if self.gaps.slice(line_end..text_end).starts_with('\r') {
                2
            } else {
                1
            };
            self.cut_out(begin..line_end.saturating_add(length), node, place);
        } else {
            self.cut_out(begin..line_end, node, place);
        }
    }

    /// Cuts bytes out in which the value stands.
    fn cut_out(&mut self, span: Range<usize>, node: &Node, place: &Place) {
        let text = |range| Piece::Text(self.gaps.slice(range).to_owned());
        let pieces = vec![
            text(span.start..node.span.start),
            self.token(node, place),
            text(node.span.end..span.end),
        ];
        self.cut(span, String::new(), pieces);
    }

    fn cut_sign(&mut self, at: usize) {
        let old = Piece::Text(",".to_owned());
        self.cut(at..at.saturating_add(1), String::new(), vec![old]);
    }
}
