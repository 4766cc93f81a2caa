//! Values in base64 and base64url (RFC 4648), wherever in the encoded bytes they stand.
//!
//! Three bytes are four letters, so a value can begin at three places in such a group, and the letters at its ends hold
//! bits of its neighbours too. What is looked for are the letters between; what is masked are those at the ends as well.

use std::ops::Range;

use zeroize::Zeroizing;

use super::Match;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes `value` as it stands behind `before` bytes of a group, 2 at most, and leaves out the letters that hold bits of
/// its neighbours.
pub(super) fn core(value: &[u8], before: usize) -> Zeroizing<Vec<u8>> {
    let first = shared_before(before);
    let count = own_bits(value, before).checked_div(6).unwrap_or(0);
    let mut letters = Zeroizing::new(Vec::with_capacity(count));
    for letter in 0..count {
        let at = first.saturating_add(letter.saturating_mul(6));
        let mut index = 0_usize;
        for bit in at..at.saturating_add(6) {
            let byte = value.get(bit >> 3).copied().unwrap_or_default();
            let is_set = byte & (0x80 >> (bit & 7)) != 0;
            index = index << 1 | usize::from(is_set);
        }
        letters.extend(LETTERS.get(index));
    }
    letters
}

/// How many bits of a value are in a letter with bits of what stands before.
const fn shared_before(before: usize) -> usize {
    match before {
        0 => 0,
        1 => 4,
        _ => 2,
    }
}

/// How many bits of a value are in letters that hold no bit of what stands before.
const fn own_bits(value: &[u8], before: usize) -> usize {
    let bits = value.len().saturating_mul(8);
    bits.saturating_sub(shared_before(before))
}

/// Compares with the letters of a core, in either alphabet; lines may be broken anywhere.
pub(super) fn matches(rest: &[u8], core: &[u8]) -> Match {
    let mut at = 0_usize;
    for (index, letter) in core.iter().enumerate() {
        // Not before the first: it would begin behind them then.
        while index > 0 && matches!(rest.get(at), Some(b'\r' | b'\n')) {
            at = at.saturating_add(1);
        }
        match rest.get(at).map(|found| plain(*found)) {
            None => return Match::Begun,
            Some(found) if found == *letter => at = at.saturating_add(1),
            Some(_) => return Match::No,
        }
    }
    Match::Whole(at)
}

/// Adds the letters at both ends that hold bits of `value` too, and the padding.
pub(super) fn widened(
    bytes: &[u8],
    found: Range<usize>,
    value: &[u8],
    before: usize,
) -> Range<usize> {
    let is_break = |at: usize| matches!(bytes.get(at), Some(b'\r' | b'\n'));
    let is_letter = |at: usize| {
        let found = bytes.get(at).map(|found| plain(*found));
        found.is_some_and(|found| LETTERS.contains(&found))
    };
    let Range { mut start, mut end } = found;
    if shared_before(before) > 0 {
        let mut at = start;
        while at.checked_sub(1).is_some_and(is_break) {
            at = at.saturating_sub(1);
        }
        if let Some(letter) = at.checked_sub(1).filter(|at| is_letter(*at)) {
            start = letter;
        }
    }
    let mut at = end;
    while is_break(at) {
        at = at.saturating_add(1);
    }
    if is_letter(at) && !own_bits(value, before).is_multiple_of(6) {
        end = at.saturating_add(1);
    }
    while bytes.get(end) == Some(&b'=') {
        end = end.saturating_add(1);
    }
    start..end
}

/// Takes a letter of base64url as the one of base64 that means the same.
const fn plain(letter: u8) -> u8 {
    match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}
