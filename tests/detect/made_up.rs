//! Made-up values in the place of secrets, so that no file of ours looks as if it held real ones.
//!
//! `{{hex:40}}` becomes forty hexadecimal digits, `{{github:ghp}}` a token of GitHub with its right checksum. The same seed gives the
//! same values.

/// A generator that always gives the same numbers (splitmix64).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).expect("small")).expect("small")
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
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

/// Words for passphrases and passwords.
const WORDS: [&str; 40] = [
    "copper", "river", "lantern", "orbit", "velvet", "canyon", "maple", "signal", "harbor",
    "pepper", "window", "falcon", "marble", "ticket", "winter", "garden", "silver", "rocket",
    "banjo", "cactus", "dragon", "ember", "forest", "glacier", "hazel", "island", "jungle",
    "kettle", "lemon", "meadow", "nectar", "olive", "pirate", "quartz", "ribbon", "saddle",
    "timber", "umbra", "violin", "walnut",
];

/// Replaces every placeholder of a text.
pub fn filled(text: &str, numbers: &mut Numbers) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((what, after)) = behind.split_once("}}").filter(|(what, _)| is_one(what)) else {
            out.push_str(before);
            out.push_str("{{");
            rest = behind;
            continue;
        };
        out.push_str(before);
        out.push_str(&value(what, numbers));
        rest = after;
    }
    out.push_str(rest);
    out
}

const KINDS: [&str; 24] = [
    "",
    "hex",
    "HEX",
    "alnum",
    "letters",
    "lower",
    "lownum",
    "upnum",
    "digits",
    "base64",
    "base64url",
    "base32",
    "uuid",
    "github",
    "npm",
    "jwt",
    "basic",
    "pw",
    "pwurl",
    "words",
    "phrase",
    "pem",
    "word",
    "symbols",
];

fn is_one(what: &str) -> bool {
    KINDS.contains(&what.split(':').next().expect("a kind"))
}

fn value(what: &str, numbers: &mut Numbers) -> String {
    let (kind, argument) = what.split_once(':').unwrap_or((what, ""));
    let length = argument.parse().unwrap_or(0);
    let of = |numbers: &mut Numbers, alphabet: &[&str]| numbers.run(&alphabet.concat(), length);
    match kind {
        "" => String::new(),
        "hex" => of(numbers, &[DIGITS, "abcdef"]),
        "HEX" => of(numbers, &[DIGITS, "ABCDEF"]),
        "alnum" => of(numbers, &[DIGITS, LOWER, UPPER]),
        "letters" => of(numbers, &[LOWER, UPPER]),
        "lower" => of(numbers, &[LOWER]),
        "lownum" => of(numbers, &[DIGITS, LOWER]),
        "upnum" => of(numbers, &[DIGITS, UPPER]),
        "base64" => of(numbers, &[DIGITS, LOWER, UPPER, "+/"]),
        "base64url" => of(numbers, &[DIGITS, LOWER, UPPER, "-_"]),
        "base32" => of(numbers, &["234567", UPPER]),
        "digits" => numbers.run("123456789", 1) + &numbers.run(DIGITS, length - 1),
        "uuid" => uuid(numbers),
        "github" if argument == "github_pat" => {
            let alphabet = [DIGITS, LOWER, UPPER].concat();
            format!(
                "github_pat_11{}_{}",
                numbers.run(&alphabet, 20),
                numbers.run(&alphabet, 59)
            )
        }
        "github" => checked(argument, numbers),
        "npm" => checked("npm", numbers),
        "jwt" => jwt(argument, numbers),
        "basic" => base64(format!("svc-mcp:{}", password(numbers)).as_bytes(), true),
        "pw" => password(numbers),
        "pwurl" => password(numbers).replace('!', "%21").replace('#', "%23"),
        "word" => numbers.pick(&WORDS).to_owned(),
        "words" => phrase(numbers, length, "-"),
        "phrase" => phrase(numbers, length, " "),
        "pem" => pem(if argument == "escaped" { "\\n" } else { "\n" }, numbers),
        other => panic!("{other} is not known"),
    }
}

fn uuid(numbers: &mut Numbers) -> String {
    let hex = [DIGITS, "abcdef"].concat();
    let mut part = |length| numbers.run(&hex, length);
    let (a, b, c, d, e) = (part(8), part(4), part(3), part(3), part(12));
    format!("{a}-{b}-4{c}-a{d}-{e}")
}

fn phrase(numbers: &mut Numbers, count: usize, between: &str) -> String {
    let words: Vec<&str> = (0..count).map(|_| numbers.pick(&WORDS)).collect();
    words.join(between)
}

/// A password as people choose them.
fn password(numbers: &mut Numbers) -> String {
    let mut word = numbers.pick(&WORDS).to_owned();
    let kind = numbers.below(4);
    if kind != 2 {
        word[..1].make_ascii_uppercase();
    }
    let number = numbers.run(DIGITS, 2);
    let second = numbers.pick(&WORDS);
    match kind {
        0 => format!("{word}{number}!"),
        1 => format!("{word}-{second}-{number}"),
        2 => format!("{word}#{second}{number}"),
        _ => format!("{word}{}", numbers.run(&[DIGITS, LOWER].concat(), 6)),
    }
}

/// A token with the checksum of GitHub and npm.
pub fn checked(lead: &str, numbers: &mut Numbers) -> String {
    let digits = [DIGITS, UPPER, LOWER].concat();
    let body = numbers.run(&digits, 30);
    let (mut sum, mut check) = (crc32(body.as_bytes()), Vec::new());
    for _ in 0..6 {
        check.push(digits.as_bytes()[usize::try_from(sum % 62).expect("small")]);
        sum /= 62;
    }
    check.reverse();
    format!("{lead}_{body}{}", String::from_utf8(check).expect("ASCII"))
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
        }
    }
    !crc
}

fn jwt(role: &str, numbers: &mut Numbers) -> String {
    let role = if role.is_empty() {
        "service_role"
    } else {
        role
    };
    let header = base64(br#"{"alg":"HS256","typ":"JWT"}"#, false);
    let payload = format!(
        r#"{{"iss":"made-up","ref":"{}","role":"{role}"}}"#,
        numbers.run(LOWER, 20)
    );
    let signature = numbers.run(&[DIGITS, LOWER, UPPER, "-_"].concat(), 43);
    format!("{header}.{}.{signature}", base64(payload.as_bytes(), false))
}

fn pem(newline: &str, numbers: &mut Numbers) -> String {
    let alphabet = [DIGITS, LOWER, UPPER, "+/"].concat();
    let lines: Vec<String> = (0..6).map(|_| numbers.run(&alphabet, 64)).collect();
    let (begin, end) = (
        ["-----BEGIN ", "PRIVATE KEY-----"].concat(),
        ["-----END ", "PRIVATE KEY-----"].concat(),
    );
    [begin.as_str(), &lines.join(newline), &end].join(newline)
}

fn base64(bytes: &[u8], is_standard: bool) -> String {
    let digits = [UPPER, LOWER, DIGITS, if is_standard { "+/" } else { "-_" }].concat();
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let mut bits = [0; 3];
        bits[..three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes([0, bits[0], bits[1], bits[2]]);
        for at in 0..4 {
            let digit = usize::try_from((bits >> (18 - 6 * at)) & 63).expect("small");
            match (
                at <= u32::try_from(three.len()).expect("small"),
                is_standard,
            ) {
                (true, _) => out.push(char::from(digits.as_bytes()[digit])),
                (false, true) => out.push('='),
                (false, false) => {}
            }
        }
    }
    out
}

#[test]
fn the_made_up_values_are_of_the_shape_they_should_be() {
    let mut numbers = Numbers::new(7);
    assert_eq!(base64(b"kim:pW", true), "a2ltOnBX");
    assert_eq!(base64(b"kim:p", true), "a2ltOnA=");
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    assert_eq!(
        filled("a{{}}b {{ secrets.X }} {{x", &mut numbers),
        "ab {{ secrets.X }} {{x"
    );
    assert_eq!(filled("{{github:ghp}}", &mut numbers).len(), 40);
    let twice = [(); 2].map(|()| filled("{{uuid}} {{pw}}", &mut Numbers::new(1)));
    assert_eq!(twice[0], twice[1]);
}
