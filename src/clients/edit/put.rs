//! Variables that an entry gets, and how they are taken out of it again.

use super::verify::{Action, BEHIND, Expected};
use super::work::{Work, path_of};
use super::wrap::arguments_key;
use super::{Change, EditError, Piece, Splice, Undo};
use crate::clients::document::{Form, Found, Kind};
use crate::clients::entry::{Literal, Place};
use crate::clients::table::{Keys, Shape};

/// A variable that is put in: by which change, its name, its value.
pub(super) type Put<'p> = (usize, &'p str, &'p Literal);

/// A map of variables, those of them that are taken out with the number of the change of each, and whether it goes as well.
type Block = (Vec<usize>, Vec<(usize, usize)>, bool);

impl Work<'_> {
    /// Gives variables to one entry, behind those that it has. Returns whether the block of them was made for it.
    pub(super) fn put_variables(
        &mut self,
        found: &Found,
        shape: &Shape,
        puts: &[Put<'_>],
    ) -> Result<bool, EditError> {
        let Some((first, ..)) = puts.first() else {
            return Ok(false);
        };
        self.begin(*first);
        for (number, (_, name, _)) in puts.iter().enumerate() {
            let is_same = |(_, other, _): &Put<'_>| other == name;
            if puts.iter().skip(number.saturating_add(1)).any(is_same) {
                return Err(EditError::Overlap);
            }
            let place = Place::Variable((*name).to_owned());
            if found.entry.get(&place).is_some() {
                return Err(EditError::Present);
            }
        }
        let (program, _) = self.item(found, &Place::Command)?;
        let keys = self.keys(&program, found.path.len())?;
        let pairs: Vec<_> = puts
            .iter()
            .map(|(_, name, text)| ((*name).to_owned(), Expected::Text((*text).clone())))
            .collect();
        if let Some(block) = self.block(found, shape, &keys)? {
            let map = self.node(&block)?;
            if !matches!(map.kind, Kind::Map(..)) {
                return Err(EditError::Spelling("its variables are no names and values"));
            }
            // Those that are nothing are no texts of the entry.
            let is_there = |(name, _): &(String, Expected)| map.get(name).is_some();
            if pairs.iter().any(is_there) {
                return Err(EditError::Present);
            }
            self.add_pairs(&block, None, &pairs)?;
            for (name, value) in pairs {
                self.append(block.clone(), name, value)?;
            }
            return Ok(false);
        }
        let key = beside(shape.variables, &keys).and_then(|keys| keys.last());
        let key = *key.ok_or(EditError::Command("the client has no variables"))?;
        // The pair of the program, which may be the first of a list.
        let steps = found.path.len().saturating_add(keys.len());
        let (number, holder) = program
            .get(..steps)
            .and_then(<[usize]>::split_last)
            .ok_or(EditError::Absent)?;
        let arguments = arguments_key(shape, &keys).ok();
        let pairs_there = self.node(holder)?.pairs();
        let behind = pairs_there
            .iter()
            .position(|pair| Some(pair.key.as_str()) == arguments)
            .unwrap_or(*number);
        let value = Expected::Map(pairs);
        self.add_pairs(holder, Some(behind), &[(key.to_owned(), value.clone())])?;
        let at = [holder, &[behind, BEHIND[1]]].concat();
        self.act(at, Action::Follow(key.to_owned(), value))?;
        Ok(true)
    }

    /// Returns where the variables of an entry are, whose program stands under `keys`.
    fn block(
        &self,
        found: &Found,
        shape: &Shape,
        keys: &[&str],
    ) -> Result<Option<Vec<usize>>, EditError> {
        let there = |keys: Keys| path_of(self.document, &found.path, keys);
        let own = beside(shape.variables, keys).and_then(there);
        let mut all = shape.variables.iter().filter_map(|keys| there(keys));
        match (own, all.next(), all.next()) {
            (Some(own), ..) => Ok(Some(own)),
            (None, Some(_), Some(_)) => Err(EditError::Repeated),
            (None, one, _) => Ok(one),
        }
    }

    /// Takes variables out of one entry that were put in, with the block that was made for them. Returns which could not
    /// be, and why.
    pub(super) fn take_variables(
        &mut self,
        found: &Found,
        changes: &[(usize, &Undo)],
    ) -> Vec<(usize, EditError)> {
        let mut left = Vec::new();
        let mut blocks: Vec<Block> = Vec::new();
        for (number, undo) in changes {
            let Change::Put {
                name,
                text,
                is_block_new,
            } = &undo.change
            else {
                continue;
            };
            let item = self.item(found, &Place::Variable(name.clone()));
            // Another value is somebody else's.
            let is_ours = found.entry.get(&Place::Variable(name.clone())) == Some(text.text());
            let item = item.and_then(|(path, _)| {
                let split = path.split_last().filter(|_| is_ours);
                let split = split.map(|(at, block)| (*at, block.to_vec()));
                split.ok_or(EditError::Absent)
            });
            match item {
                Err(why) => left.push((*number, why)),
                Ok((at, block)) => match blocks.iter_mut().find(|(path, ..)| *path == block) {
                    Some((_, all, is_new)) => {
                        all.push((at, *number));
                        *is_new |= is_block_new;
                    }
                    None => blocks.push((block, vec![(at, *number)], *is_block_new)),
                },
            }
        }
        for (block, mut all, is_new) in blocks {
            all.sort_unstable();
            let mark = self.mark();
            let numbers: Vec<_> = all.iter().map(|(at, _)| *at).collect();
            let splices: Vec<_> = changes.iter().flat_map(|(_, one)| &one.splices).collect();
            let mut done = self.take_block(&block, &numbers, is_new, &splices);
            if done.is_err() {
                self.reset(mark.clone());
                done = self.take_pairs(&block, &numbers, &splices);
            }
            if let Err(why) = done {
                self.reset(mark);
                left.extend(all.iter().map(|(_, number)| (*number, why.clone())));
            }
        }
        left
    }

    /// Takes the whole block out, if it was made for what is in it.
    fn take_block(
        &mut self,
        path: &[usize],
        numbers: &[usize],
        is_new: bool,
        splices: &[&Splice],
    ) -> Result<(), EditError> {
        let block = self.node(path)?;
        let all = block.pairs();
        let refused = Err(EditError::Spelling("something else stands beside it"));
        if !is_new || all.len() != numbers.len() {
            return refused;
        }
        // Comments, which somebody else wrote.
        let mut done = block.span.start.saturating_add(1);
        for pair in all {
            if !self.is_sign_only(done..pair.key_span.start) {
                return refused;
            }
            done = pair.value.span.end;
        }
        if !self.is_sign_only(done..block.span.end.saturating_sub(1)) {
            return refused;
        }
        let (at, holder) = path.split_last().ok_or(EditError::Absent)?;
        if self.take_as_put(holder, &[*at], splices)? {
            return Ok(());
        }
        let place = Place::Other(Vec::new());
        self.take_out(path.to_vec(), block, &place)
    }

    /// Takes pairs out of a map.
    fn take_pairs(
        &mut self,
        path: &[usize],
        numbers: &[usize],
        splices: &[&Splice],
    ) -> Result<(), EditError> {
        if self.take_as_put(path, numbers, splices)? {
            return Ok(());
        }
        let map = self.node(path)?;
        let Kind::Map(pairs, form) = &map.kind else {
            return Err(EditError::Absent);
        };
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for number in numbers {
            match runs.last_mut() {
                Some((_, end)) if *form == Form::Braces && end.checked_add(1) == Some(*number) => {
                    *end = *number;
                }
                _ => runs.push((*number, *number)),
            }
        }
        for (first, last) in runs {
            self.take_run(path, pairs, first, last)?;
        }
        Ok(())
    }

    /// Takes pairs out of the map at `path` with the very bytes that were put there with them, if those still are and
    /// nothing else is between them.
    fn take_as_put(
        &mut self,
        path: &[usize],
        numbers: &[usize],
        splices: &[&Splice],
    ) -> Result<bool, EditError> {
        let pairs = self.node(path)?.pairs();
        let taken = |number: &usize| pairs.get(*number);
        let first = numbers.first().and_then(taken).ok_or(EditError::Absent)?;
        let last = numbers.last().and_then(taken).ok_or(EditError::Absent)?;
        let own = first.key_span.start..last.value.span.end;
        let mut put = splices.iter().filter(|splice| splice.new.len() > 1);
        let found = put.find_map(|splice| {
            let mut all = self.gaps.text.match_indices(&splice.new);
            let mut all = all
                .by_ref()
                .map(|(at, new)| at..at.saturating_add(new.len()));
            let span = all.find(|span| span.start <= own.start && own.end <= span.end)?;
            Some((span, *splice))
        });
        let Some((span, splice)) = found else {
            return Ok(false);
        };
        let inside = pairs
            .iter()
            .filter(|pair| span.contains(&pair.key_span.start));
        if inside.count() != numbers.len() {
            return Ok(false);
        }
        if splices.iter().any(|splice| splice.new == ",") {
            let before = numbers.first().and_then(|first| first.checked_sub(1));
            let before = before.and_then(|before| pairs.get(before));
            let comma = before.and_then(|pair| self.gaps.comma(pair.value.span.end));
            match comma {
                Some(at) if at < span.start => {
                    self.cut(at..at.saturating_add(1), String::new(), Vec::new());
                }
                _ => return Ok(false),
            }
        }
        let old = splice.old.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Token(_, token) => token.text(),
        });
        self.cut(span, old.collect(), Vec::new());
        for number in numbers {
            self.act([path, &[*number]].concat(), Action::Remove)?;
        }
        Ok(true)
    }
}

/// Returns those of `all` that stand beside what stands under `keys`.
fn beside(all: &[Keys], keys: &[&str]) -> Option<Keys> {
    let (_, holder) = keys.split_last()?;
    let is = |one: &&Keys| one.split_last().is_some_and(|(_, before)| before == holder);
    all.iter().find(is).copied()
}
