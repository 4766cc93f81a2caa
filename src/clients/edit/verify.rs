//! Whether a changed document differs from the old one in what was meant to change, and in nothing else.

use std::collections::BTreeMap;

use crate::clients::document::{Kind, Node, Pair};
use crate::clients::entry::Literal;

/// What was meant to become of a value.
pub(super) enum Action {
    /// It is this text.
    Text(Literal),
    /// It is gone, with its key if it has one.
    Remove,
    /// A list that has these in front.
    Prepend(Vec<Literal>),
    /// A list without that many in front.
    Shorten(usize),
    /// A pair behind which another stands.
    Follow(String, Expected),
    /// Texts that stand in a list again, each before the value of that number, or behind all.
    Insert(Vec<(usize, Literal)>),
    /// A map that has more pairs, behind all others.
    Append(Vec<(String, Expected)>),
}

/// A value that was not there before.
#[derive(Clone)]
pub(super) enum Expected {
    /// A list of these.
    List(Vec<Literal>),
    /// This text.
    Text(Literal),
    /// A map of these, however it is written.
    Map(Vec<(String, Self)>),
}

/// Under which number what follows a pair is noted beside it: first the arguments that stand behind a program, then the
/// variables.
pub(super) const BEHIND: [usize; 2] = [usize::MAX, usize::MAX - 1];

/// Under which number it is noted what is put into a list.
pub(super) const INSERTED: usize = usize::MAX - 2;

impl Expected {
    fn is(&self, node: &Node) -> bool {
        match (self, &node.kind) {
            (Self::Text(text), Kind::Text(found) | Kind::Word(found)) => text == found,
            (Self::List(texts), Kind::List(all)) => {
                let is = |(text, node): (&Literal, &std::rc::Rc<Node>)| is_text(node, text);
                texts.len() == all.len() && texts.iter().zip(all).all(is)
            }
            (Self::Map(pairs), Kind::Map(all, _)) => {
                let is = |((key, value), pair): (&(String, Self), &Pair)| {
                    is_pair(Some(pair), key, value)
                };
                pairs.len() == all.len() && pairs.iter().zip(all).all(is)
            }
            _ => false,
        }
    }
}

fn is_text(node: &Node, text: &Literal) -> bool {
    match &node.kind {
        Kind::Text(found) | Kind::Word(found) => found == text,
        Kind::List(_) | Kind::Map(..) => false,
    }
}

type Actions = BTreeMap<Vec<usize>, Action>;

/// Tells whether `new` is `old` with `actions` carried out, in the same order and the same form.
pub(super) fn is_meant(old: &Node, new: &Node, actions: &Actions) -> bool {
    is_same(old, new, actions, &mut Vec::new())
}

fn is_same(old: &Node, new: &Node, actions: &Actions, path: &mut Vec<usize>) -> bool {
    match (&old.kind, &new.kind, actions.get(path.as_slice())) {
        (Kind::Text(_) | Kind::Word(_), _, Some(Action::Text(text))) => is_text(new, text),
        (Kind::Text(a), Kind::Text(b), _) | (Kind::Word(a), Kind::Word(b), _) => a == b,
        (Kind::List(old), Kind::List(new), action) => {
            let (front, skipped): (&[Literal], usize) = match action {
                Some(Action::Prepend(texts)) => (texts, 0),
                Some(Action::Shorten(count)) => (&[], *count),
                _ => (&[], 0),
            };
            let Some((begin, rest)) = new.split_at_checked(front.len()) else {
                return false;
            };
            let mut rest = rest.iter();
            let kept = old.iter().enumerate().skip(skipped);
            let inserted = at(path, INSERTED, |path| match actions.get(path.as_slice()) {
                Some(Action::Insert(texts)) => texts.as_slice(),
                _ => &[],
            });
            let is_inserted = |rest: &mut std::slice::Iter<'_, std::rc::Rc<Node>>, number| {
                let here = inserted.iter().filter(|(before, _)| *before == number);
                here.into_iter()
                    .all(|(_, text)| rest.next().is_some_and(|node| is_text(node, text)))
            };
            begin
                .iter()
                .zip(front)
                .all(|(node, text)| is_text(node, text))
                && kept.into_iter().all(|(number, node)| {
                    is_inserted(&mut rest, number)
                        && at(path, number, |path| {
                            matches!(actions.get(path.as_slice()), Some(Action::Remove))
                                || rest
                                    .next()
                                    .is_some_and(|new| is_same(node, new, actions, path))
                        })
                })
                && is_inserted(&mut rest, old.len())
                && rest.next().is_none()
        }
        (Kind::Map(old, a), Kind::Map(new, b), action) => {
            let mut rest = new.iter();
            let more: &[(String, Expected)] = match action {
                Some(Action::Append(pairs)) => pairs,
                _ => &[],
            };
            a == b
                && old.iter().enumerate().all(|(number, pair)| {
                    at(path, number, |path| {
                        is_same_pair(pair, &mut rest, actions, path)
                    })
                })
                && more
                    .iter()
                    .all(|(key, value)| is_pair(rest.next(), key, value))
                && rest.next().is_none()
        }
        _ => false,
    }
}

fn is_same_pair<'n>(
    old: &Pair,
    rest: &mut impl Iterator<Item = &'n Pair>,
    actions: &Actions,
    path: &mut Vec<usize>,
) -> bool {
    let action = actions.get(path.as_slice());
    if matches!(action, Some(Action::Remove)) {
        return true;
    }
    let same = rest
        .next()
        .is_some_and(|new| new.key == old.key && is_same(&old.value, &new.value, actions, path));
    // What follows the program is noted beside the pair, since the program itself has an action of its own.
    let mut follows = |number| {
        at(path, number, |path| match actions.get(path.as_slice()) {
            Some(Action::Follow(key, value)) => is_pair(rest.next(), key, value),
            _ => true,
        })
    };
    same && BEHIND.into_iter().all(&mut follows)
}

fn is_pair(pair: Option<&Pair>, key: &str, value: &Expected) -> bool {
    pair.is_some_and(|pair| pair.key == key && value.is(&pair.value))
}

fn at<T>(path: &mut Vec<usize>, number: usize, work: impl FnOnce(&mut Vec<usize>) -> T) -> T {
    path.push(number);
    let done = work(path);
    path.pop();
    done
}
