//! Whether a text looks as if a machine had made it up. A hint, never a finding by itself.
//!
//! Counts how often letters, capitals and digits take turns, and how much of a text is words that could be spoken.

/// The shortest text that is judged: in fewer characters chance shows nothing.
const SHORTEST: usize = 12;

/// Tells whether a text looks random. Words with numbers between them (`claude-3-5-sonnet-20241022`) do not.
pub(super) fn is_random(text: &str) -> bool {
    let mut seen = Seen::default();
    for run in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        seen.run(run.as_bytes());
    }
    let Seen {
        all,
        turns,
        spoken,
        digits,
    } = seen;
    if all < SHORTEST || spoken.saturating_mul(2) >= all || digits == all {
        return false;
    }
    // Dates, times and versions are digits with a letter or two.
    let is_number = digits.saturating_mul(10) >= all.saturating_mul(8) && all < 24;
    let has_turns = !is_number && turns.saturating_mul(100) >= all.saturating_mul(15);
    has_turns || (all >= 15 && digits == 0 && spoken.saturating_mul(4) < all)
}

/// Tells whether a text is words for the most part.
pub(super) fn is_wordy(text: &str) -> bool {
    let mut seen = Seen::default();
    for run in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        seen.run(run.as_bytes());
    }
    seen.spoken.saturating_mul(2) >= seen.all
}

#[derive(Default)]
struct Seen {
    /// Letters and digits.
    all: usize,
    /// Where one kind of them follows another.
    turns: usize,
    /// Letters of words that could be spoken.
    spoken: usize,
    digits: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
}

fn class(byte: u8) -> Class {
    if byte.is_ascii_digit() {
        Class::Digit
    } else if byte.is_ascii_uppercase() {
        Class::Upper
    } else {
        Class::Lower
    }
}

impl Seen {
    /// Takes a run of letters and digits in.
    fn run(&mut self, run: &[u8]) {
        self.all = self.all.saturating_add(run.len());
        let mut start = 0;
        for (at, pair) in run.windows(2).enumerate() {
            let [a, b] = *pair else { continue };
            if class(a) == class(b) {
                continue;
            }
            let next = at.saturating_add(1);
            // A capital that begins a word belongs to it.
            let begins_word = class(a) == Class::Upper && class(b) == Class::Lower && start == at;
            if !begins_word {
                self.part(run.get(start..next).unwrap_or_default());
                start = next;
                self.turns = self.turns.saturating_add(1);
            }
        }
        self.part(run.get(start..).unwrap_or_default());
    }

    /// Takes a part of one kind in: digits, or letters that may be a word.
    fn part(&mut self, part: &[u8]) {
        if part.first().is_some_and(u8::is_ascii_digit) {
            self.digits = self.digits.saturating_add(part.len());
        } else if is_spoken(part) {
            self.spoken = self.spoken.saturating_add(part.len());
        }
    }
}

/// The most frequent pairs of letters in English words, names of products and places among them.
const PAIRS: &str = "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri \
                     ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut \
                     ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am \
                     fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke ui od ag ap sp up by do go lu ue ub rd rk \
                     rm oo ep ck ak ok ga gi eb ew db au av ba bo br cl cr cu da dd dr ds du ef eg ei ey ff fr ft gr gs gu if";

/// Tells whether letters could be a word: most pairs of neighbours are frequent ones.
fn is_spoken(letters: &[u8]) -> bool {
    if letters.len() < 3 {
        return false;
    }
    let pairs = letters.len().saturating_sub(1);
    let frequent = letters.windows(2).filter(|pair| is_frequent(pair)).count();
    // Chance makes about a quarter of them frequent; in words three of four are.
    frequent.saturating_mul(100) >= pairs.saturating_mul(55)
}

fn is_frequent(pair: &[u8]) -> bool {
    let mut wanted = [0_u8; 2];
    for (to, from) in wanted.iter_mut().zip(pair) {
        *to = from.to_ascii_lowercase();
    }
    table(wanted)
}

fn table([a, b]: [u8; 2]) -> bool {
    use std::sync::LazyLock;
    static TABLE: LazyLock<[u32; 26]> = LazyLock::new(|| {
        let mut rows = [0_u32; 26];
        for pair in PAIRS.split_whitespace() {
            if let [a, b] = *pair.as_bytes()
                && let Some(row) = rows.get_mut(usize::from(a.wrapping_sub(b'a')))
            {
                *row |= 1_u32.wrapping_shl(u32::from(b.wrapping_sub(b'a')));
            }
        }
        rows
    });
    let row = TABLE.get(usize::from(a.wrapping_sub(b'a')));
    let bit = 1_u32.checked_shl(u32::from(b.wrapping_sub(b'a')));
    row.is_some_and(|row| bit.is_some_and(|bit| row & bit != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_not_random() {
        for text in [
            "claude-3-5-sonnet-20241022",
            "gpt-4o-mini-2024-07-18",
            "qwen2.5-coder:32b-instruct-q4_K_M",
            "text-embedding-3-large",
            "acme-prod-381204",
            "eks-prod-eu-central-1-a",
            "us-east-1",
            "/Users/kim/Library/Application Support/mcp",
            "2026-01-15T10:30:00.000Z",
            "v1.24.0-rc.3+build.20260115",
            "MySecretTokenForThings",
            "application/json",
            "sentence-transformers/all-MiniLM-L6-v2",
            "correct-horse-battery-staple",
            "1234567890123456",
            "Mozilla/5.0 (X11; Linux x86_64)",
            "get_access_token_metadata",
            "GITHUB_PERSONAL_ACCESS_TOKEN",
            "modelcontextprotocol",
            "docker.io/acme/mcp:1.4.2",
            "internationalisation",
            "short1A",
        ] {
            assert!(!is_random(text), "{text}");
        }
    }

    #[test]
    fn what_machines_make_up_is_random() {
        for text in [
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "kJ8sPq2LxV9mTz4RbN7c",
            "wq83kd02mxn5p1zt",
            "xkvqzjwpthgrfbnmzq",
            "QZXKJVWPBGTHFRMNLZ",
            "bGtRwQzXpKvNmJhYcTfDsLq",
        ] {
            assert!(is_random(text), "{text}");
        }
    }
}
