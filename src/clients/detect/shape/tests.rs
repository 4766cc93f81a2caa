//! Every shape of the table, with made-up values.

use super::*;

/// A generator that always gives the same numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let number = usize::try_from(self.0 >> 33).expect("small");
        number.checked_rem(end).expect("not zero")
    }

    fn run(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length)
            .map(|_| letters[self.below(letters.len())])
            .collect()
    }
}

const DIGITS: &str = "0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Makes a value of a pattern up, with each run as short as it may be.
fn made_up(pattern: &str, numbers: &mut Numbers) -> String {
    let part = |part: &str| {
        let (alphabet, length) = part.split_at(1);
        let least = length
            .split("..")
            .next()
            .and_then(|least| least.parse().ok());
        let Some(least) = least else {
            return part.to_owned();
        };
        let letters = match alphabet {
            "d" => DIGITS.to_owned(),
            "h" | "x" => [DIGITS, "abcdef"].concat(),
            "l" => [LOWER, UPPER].concat(),
            "n" => [DIGITS, LOWER].concat(),
            "N" => [DIGITS, UPPER].concat(),
            _ => [DIGITS, LOWER, UPPER].concat(),
        };
        numbers.run(&letters, least)
    };
    pattern.split(' ').map(part).collect()
}

#[test]
fn every_shape_of_the_table_is_found_and_is_the_first_to_fit() {
    let mut numbers = Numbers(1);
    for (kind, confidence, pattern, check) in table::ROWS {
        for _ in 0..20 {
            let value = made_up(pattern, &mut numbers);
            let text = format!("x={value}&y");
            let found = shapes(&text);
            let [shape] = found.as_slice() else {
                panic!("{pattern}: {} shapes", found.len());
            };
            assert_eq!(shape.kind.word(), *kind, "{pattern}");
            assert_eq!(shape.range, 2..2 + value.len(), "{pattern}");
            // Made up, so the checksum is wrong.
            let is_checked = *check == table::Check::Crc;
            let expected = if is_checked {
                Confidence::Medium
            } else {
                *confidence
            };
            assert_eq!(shape.confidence, expected, "{pattern}");
            assert_eq!(shape.is_capped, is_checked, "{pattern}");
        }
    }
}

#[test]
fn what_is_glued_to_something_or_too_short_is_no_shape() {
    let mut numbers = Numbers(2);
    let token = made_up("glpat- u20", &mut numbers);
    assert_eq!(shapes(&token).len(), 1);
    for text in [
        format!("a{token}"),
        format!("_{token}"),
        format!("{token}z"),
        format!("{token}-z"),
        token[..token.len() - 1].to_owned(),
    ] {
        assert_eq!(shapes(&text), [], "{text}");
    }
    for text in [
        format!("%20{token}"),
        format!("\\n{token}"),
        format!("\"{token}\""),
        format!("({token})"),
        format!("\u{e9}{token}\u{e9}"),
    ] {
        assert_eq!(shapes(&text).len(), 1, "{text}");
    }
}

#[test]
fn a_shape_filled_with_words_or_marks_is_a_placeholder() {
    for text in [
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-proj-your-key-goes-here-and-it-is-a-long-one-indeed",
        "glpat-xxxxxxxxxxxxxxxxxxxx",
        "AIzaSyExampleExampleExampleExampleExample",
        "sk_test_your_actual_stripe_secret_key_here",
        "dop_v1_0000000000000000000000000000000000000000000000000000000000000000",
        "tvly-some-words-that-are-no-key-at-all",
    ] {
        assert_eq!(shapes(text), [], "{text}");
    }
}

#[test]
fn a_checksum_that_is_right_makes_it_sure() {
    // As in `checksum.rs`: made for explaining the format.
    let token = ["ghp_zQWBuTSOoRi4A9spHcVY5", "ncnsDkxkJ0mLq17"].concat();
    let found = shapes(&token);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].confidence, found[0].is_capped),
        (Confidence::High, false)
    );
}

#[test]
fn a_token_for_the_public_is_never_sure() {
    let text = |payload: &str| {
        // {"alg":"HS256"}
        [
            "eyJhbGciOiJIUzI1NiJ9",
            payload,
            "Zk8sPq2LxV9mTz4RbN7cKd8QwErTy1U",
        ]
        .join(".")
    };
    // {"role":"anon"} and {"role":"service_role"}
    let anon = shapes(&text("eyJyb2xlIjoiYW5vbiJ9"));
    let service = shapes(&text("eyJyb2xlIjoic2VydmljZV9yb2xlIn0"));
    assert_eq!(
        (anon[0].confidence, anon[0].is_capped),
        (Confidence::Low, true)
    );
    assert_eq!(
        (service[0].confidence, service[0].is_capped),
        (Confidence::High, false)
    );
    assert_eq!(shapes("eyJhbGciOiJIUzI1NiJ9.e30"), []);
}

#[test]
fn private_keys_are_found_whole_and_public_ones_not() {
    let body = Numbers(3).run(&[DIGITS, LOWER, UPPER].concat(), 64);
    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
        for newline in ["\n", "\\n", "\r\n"] {
            let begin = ["-----BEGIN ", kind, "PRIVATE KEY-----"].concat();
            let end = ["-----END ", kind, "PRIVATE KEY-----"].concat();
            let key = [begin.as_str(), &body, &end].join(newline);
            let text = format!("\"{key}\"");
            let found = shapes(&text);
            assert_eq!(found.len(), 1, "{kind}");
            assert_eq!(found[0].range, 1..1 + key.len(), "{kind}");
        }
    }
    let certificate = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----");
    assert_eq!(shapes(&certificate), []);
}
