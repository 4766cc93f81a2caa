//! Files of clients as a person would have them, `tests/vectors/clients/*-many.*`, with values that are made up when they
//! are read, so that none stands in the repository.
//!
//! `{{moves:key}}` is a secret that is expected to go into the store, `{{stays:key}}` one that nothing can be done about
//! yet, `{{maybe:key}}` one that may go either way; behind the colon is its shape, and behind a `=` the name of a
//! value that stands in several places. `{{home}}` and `{{work}}` are folders.

use std::collections::BTreeMap;
use std::path::Path;

/// What is to happen to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Moves,
    Stays,
    Maybe,
}

/// A made-up value.
#[derive(Clone, Debug)]
pub struct Made {
    pub value: String,
    pub fate: Fate,
}

/// A file with its values filled in.
pub struct Filled {
    pub text: String,
    pub made: Vec<Made>,
}

/// Reads a vector and fills it.
pub fn filled(name: &str, home: &Path) -> Filled {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/clients");
    let text = std::fs::read_to_string(folder.join(name)).expect("a vector");
    let home = home.to_str().expect("text").trim_end_matches('/');
    let (mut out, mut made, mut named) = (String::new(), Vec::new(), BTreeMap::new());
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once("{{") {
        let (what, after) = behind.split_once("}}").expect("an end");
        out.push_str(before);
        rest = after;
        let (fate, shape) = match what.split_once(':') {
            Some(("moves", shape)) => (Fate::Moves, shape),
            Some(("stays", shape)) => (Fate::Stays, shape),
            Some(("maybe", shape)) => (Fate::Maybe, shape),
            _ => {
                assert!(matches!(what, "home" | "work"), "{name}: {what}");
                out.push_str(home);
                out.push_str(if what == "work" { "/work" } else { "" });
                continue;
            }
        };
        let (shape, is_raw) = match shape.strip_suffix(":raw") {
            Some(shape) => (shape, true),
            None => (shape, false),
        };
        let number = u64::try_from(made.len()).expect("few");
        let make = || value(shape.split('=').next().expect("a shape"), name, number);
        let value = match shape.split_once('=') {
            Some((_, label)) => named.entry(label.to_owned()).or_insert_with(make).clone(),
            None => make(),
        };
        let escaped = serde_json::to_string(&value).expect("a text");
        out.push_str(if is_raw {
            &value
        } else {
            &escaped[1..escaped.len() - 1]
        });
        if made.iter().all(|known: &Made| known.value != value) {
            made.push(Made { value, fate });
        }
    }
    out.push_str(rest);
    Filled { text: out, made }
}

/// Makes a value up. It holds "canary" where its shape lets it.
fn value(shape: &str, name: &str, number: u64) -> String {
    let seed = name.bytes().fold(number + 1, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let mut random = Random(seed);
    match shape {
        "key" => format!("canary-{}", random.run(24)),
        // What is left in an argument is part of what is allowed, and stands there in plain text: tests/sweep, which looks
        // for the others wherever broker writes, is not to find it.
        "argument" => format!("canary_{}", random.run(24)),
        "odd" => format!("canary-\"{}\\ü'{}", random.run(8), random.run(8)),
        "url" => format!("postgresql://svc:canary-{}@db.example/shop", random.run(16)),
        "github" => checked("ghp_", &mut random),
        "npm" => checked("npm_", &mut random),
        "stripe" => format!("sk_live_canary{}", random.run(24)),
        "aws" => format!("canary/{}", random.run(33)),
        "supabase" => {
            let hex: String = random
                .run(400)
                .chars()
                .filter(char::is_ascii_hexdigit)
                .collect();
            format!("sbp_{}", &hex.to_lowercase()[..40])
        }
        "pem" => {
            let line = |random: &mut Random| format!("MIIcanary{}\n", random.run(55));
            let lines = line(&mut random) + &line(&mut random) + &line(&mut random);
            format!("-----BEGIN PRIVATE KEY-----\n{lines}-----END PRIVATE KEY-----\n")
        }
        _ => panic!("{name}: no shape is called {shape}"),
    }
}

/// Thirty characters and the checksum that GitHub and npm put behind them: CRC-32 in base62, six digits.
fn checked(lead: &str, random: &mut Random) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let body = format!("canary{}", random.run(24));
    let mut rest = body.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    }) ^ u32::MAX;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[usize::try_from(rest % 62).expect("small")];
        rest /= 62;
    }
    format!(
        "{lead}{body}{}",
        std::str::from_utf8(&digits).expect("text")
    )
}

/// Always the same numbers for the same seed (the multiplier is Knuth's).
struct Random(u64);

impl Random {
    fn run(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
            self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
            char::from(LETTERS[usize::try_from((self.0 >> 33) % 62).expect("small")])
        };
        (0..length).map(|_| next()).collect()
    }
}

impl Made {
    /// The value in each form in which it could lie around.
    pub fn forms(&self) -> Vec<Vec<u8>> {
        use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
        let mut parts = vec![self.value.as_str()];
        // The lines of a longer one, and the password in an address, are as good as the whole.
        parts.extend(self.value.lines().filter(|line| line.contains("canary")));
        let password = self
            .value
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('@'));
        parts.extend(
            password
                .and_then(|(who, _)| who.split_once(':'))
                .map(|(_, it)| it),
        );
        let mut forms = Vec::new();
        for part in parts {
            let json = serde_json::to_string(part).expect("a text");
            let hex: String = part.bytes().map(|byte| format!("{byte:02x}")).collect();
            forms.push(part.as_bytes().to_vec());
            forms.push(json.as_bytes()[1..json.len() - 1].to_vec());
            forms.push(hex.to_uppercase().into_bytes());
            forms.push(hex.into_bytes());
            forms.push(BASE64_STANDARD_NO_PAD.encode(part).into_bytes());
            forms.push(BASE64_URL_SAFE_NO_PAD.encode(part).into_bytes());
        }
        forms
    }

    /// Tells whether it is made for an argument of an entry that is protected for another secret.
    pub fn is_argument(&self) -> bool {
        self.value.starts_with("canary_")
    }

    /// Tells whether the value is in `bytes`, in any form.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let has = |form: &Vec<u8>| bytes.windows(form.len()).any(|window| window == form);
        self.forms().iter().any(has)
    }
}
