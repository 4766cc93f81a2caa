//! Tests of masking: what is promised is found wherever it stands, and nothing else is touched.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "encoders that are plain to read"
)]

use proptest::prelude::*;

use super::*;

fn value(bytes: &[u8]) -> SecretValue {
    SecretValue::new(Zeroizing::new(bytes.to_vec()))
}

fn needles(values: &[&[u8]]) -> Needles {
    let values: Vec<SecretValue> = values.iter().map(|bytes| value(bytes)).collect();
    Needles::of(&values).expect("long enough")
}

fn masked(secret: &str, text: &str) -> String {
    let masked = needles(&[secret.as_bytes()]).mask(text.as_bytes(), false);
    String::from_utf8(masked).expect("text")
}

/// Encodes as RFC 4648 says, by another way than the code under test.
fn base64(bytes: &[u8], last: [u8; 2], padded: bool) -> String {
    let letter = |index: u8| match index {
        0..26 => b'A' + index,
        26..52 => b'a' + index - 26,
        52..62 => b'0' + index - 52,
        _ => last[usize::from(index - 62)],
    };
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..=group.len() {
            let index = u8::try_from(bits >> (18 - 6 * at) & 63).expect("six bits");
            text.push(char::from(letter(index)));
        }
        if padded {
            text.push_str(&"=".repeat(3 - group.len()));
        }
    }
    text
}

fn hexadecimal_of(bytes: &[u8], upper: bool) -> String {
    let digits = bytes.iter().map(|byte| match upper {
        true => format!("{byte:02X}"),
        false => format!("{byte:02x}"),
    });
    digits.collect()
}

fn percent(bytes: &[u8], all: bool) -> Vec<u8> {
    let one = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' if !all => vec![*byte],
        other => format!("%{other:02X}").into_bytes(),
    };
    bytes.iter().flat_map(one).collect()
}

/// Quotes for a POSIX shell.
fn shell(bytes: &[u8]) -> Vec<u8> {
    let one = |byte: &u8| match byte {
        b'\'' => b"'\\''".to_vec(),
        other => vec![*other],
    };
    let mut quoted: Vec<u8> = bytes.iter().flat_map(one).collect();
    quoted.insert(0, b'\'');
    quoted.push(b'\'');
    quoted
}

#[test]
fn a_value_is_masked_as_it_is_and_what_is_around_it_stays() {
    let secret = "canary-of-a-test";
    assert_eq!(masked(secret, "a canary-of-a-test b"), "a [masked] b");
    assert_eq!(
        masked(secret, "canary-of-a-testcanary-of-a-test"),
        "[masked]"
    );
    assert_eq!(masked(secret, "canary-of-a-tes t"), "canary-of-a-tes t");
    assert_eq!(masked(secret, ""), "");
}

#[test]
fn a_value_is_masked_in_the_escapes_of_json_shells_and_others() {
    let secret = "it's \"100%\" \\ a&b\n\u{e9}\u{1f511} z";
    for text in [
        serde_json::to_string(secret).expect("JSON"),
        serde_json::to_string(&serde_json::to_string(secret).expect("JSON")).expect("JSON"),
        r#""it's \"100%\" \\ a\u0026b\n\u00e9\ud83d\udd11 z""#.to_owned(),
        r#"'it'\''s "100%" \ a&b
\303\251\360\237\224\221 z'"#
            .to_owned(),
        "$'it\\'s \"100%\" \\\\ a&b\\n\u{e9}\u{1f511} z'".to_owned(),
        r#"'it'"'"'s "100%" \ a&b
é🔑 z'"#
            .to_owned(),
        "it\\'s\\ \\\"100%\\\"\\ \\\\\\ a\\&b\n\u{e9}\u{1f511}\\ z".to_owned(),
        "it''s \"\"100%\"\" \\ a&b\n\u{e9}\u{1f511} z".to_owned(),
        "it&#39;s &quot;100%&quot; \\ a&amp;b\n&#xe9;&#128273; z".to_owned(),
        "it%27s+%22100%25%22+%5C+a%26b%0A%c3%a9%F0%9F%94%91+z".to_owned(),
        "b'it\\'s \"100%\" \\\\ a&b\\n\\xc3\\xa9\\xf0\\x9f\\x94\\x91 z'".to_owned(),
        format!("{secret:?}"),
    ] {
        let seen = masked(secret, &text);
        assert!(
            seen.contains("[masked]") && !seen.contains("100"),
            "{text}: {seen}"
        );
        assert!(seen.len() <= 14, "{text}: {seen}");
    }
}

#[test]
fn base64_is_masked_over_line_ends_and_with_the_letters_that_hold_a_part() {
    let secret = "s".repeat(70) + "canary";
    let whole = format!("user:{secret}!");
    let text = base64(whole.as_bytes(), [b'+', b'/'], true);
    let (first, second) = text.split_at(76);
    let seen = masked(&secret, &format!("{first}\r\n{second}\n"));
    // What is left are letters of what stands around the value alone.
    assert_eq!(seen, format!("{}[masked]IQ==\n", &text[..6]));
}

#[test]
fn of_several_lines_each_is_masked_alone_but_for_short_ones() {
    let seen = masked(
        "first-line-x\nsh\nsecond-line",
        "> second-line\n> sh\n> first-line-x",
    );
    assert_eq!(seen, "> [masked]\n> sh\n> [masked]");
}

#[test]
fn what_is_too_short_or_has_too_many_lines_cannot_be_masked() {
    let of = |bytes: &[u8]| Needles::of([&value(bytes)]).err();
    assert_eq!(of(b"seven-7"), Some(Unmaskable::TooShort));
    assert_eq!(of(b"\n seven-7 \n"), Some(Unmaskable::TooShort));
    assert_eq!(of(b"eight-88"), None);
    let lines: String = (0..300).map(|n| format!("line number {n:05}\n")).collect();
    assert_eq!(of(lines.as_bytes()), Some(Unmaskable::TooMany));
    assert_eq!(needles(&[b"", b"\n"]).mask(b"text", false), b"text");
}

#[test]
fn the_beginning_of_a_value_at_a_cut_end_is_masked() {
    let needles = needles(&[b"canary-of-a-test"]);
    let cut = |text: &str| String::from_utf8(needles.mask(text.as_bytes(), true)).expect("text");
    assert_eq!(cut("seen: canary-of"), "seen: [masked]");
    assert_eq!(cut("seen: 63616e6172"), "seen: [masked]");
    assert_eq!(cut("seen: Y2FuYXJ5LW9m"), "seen: [masked]");
    assert_eq!(cut("seen: %63anary-%6"), "seen: [masked]");
    assert_eq!(cut("seen: canal "), "seen: canal ");
    let whole = needles.mask(b"seen: canary-of", false);
    assert_eq!(whole, b"seen: canary-of", "nothing came behind");
}

#[test]
fn a_large_text_is_masked_in_time() {
    let lines: String = (0..40)
        .map(|n| format!("{n:02}{}\n", "x".repeat(62)))
        .collect();
    let needles = needles(&[lines.as_bytes(), &[b'x'; 40]]);
    let text = "x".repeat(64 << 10);
    let begun = std::time::Instant::now();
    assert_eq!(needles.mask(text.as_bytes(), false), MASK);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

/// Bytes as values are made of: any, and many of those that get escaped.
fn bytes(length: Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    let one = prop_oneof![
        any::<u8>(),
        proptest::sample::select(&b"'\"\\%+&=\n az09"[..])
    ];
    proptest::collection::vec(one, length)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(256)
    })]

    #[test]
    fn a_value_is_found_in_every_encoding_wherever_it_stands(
        secret in bytes(8..60).prop_filter("white space is left out", |secret| {
            secret.trim_ascii().len() >= MASKABLE_BYTES
        }),
        before in bytes(0..9),
        behind in bytes(0..9),
        is_cut in any::<bool>(),
    ) {
        let needles = needles(&[&secret]);
        let core = secret.trim_ascii();
        let whole = [before.as_slice(), core, &behind].concat();
        let json = |bytes: &[u8]| serde_json::to_string(&String::from_utf8_lossy(bytes)).expect("JSON");
        let is_text = std::str::from_utf8(core).is_ok();
        let mut seen: Vec<(Vec<u8>, Vec<u8>)> = vec![
            (whole.clone(), core.to_vec()),
            (hexadecimal_of(&whole, false).into(), hexadecimal_of(core, false).into()),
            (hexadecimal_of(&whole, true).into(), hexadecimal_of(core, true).into()),
            (percent(&whole, false), percent(core, false)),
            (percent(&whole, true), percent(core, true)),
            (shell(&whole), core.to_vec()),
        ];
        if is_text {
            let text = json(core);
            seen.push((json(&whole).into(), text[1..text.len() - 1].into()));
        }
        for (text, part) in seen {
            let masked = needles.mask(&text, is_cut);
            prop_assert!(!contains(&masked, &part), "{:?}", String::from_utf8_lossy(&text));
            prop_assert!(contains(&masked, MASK));
        }
        // Of base64, no letter that holds a bit of the value is left.
        for last in [*b"+/", *b"-_"] {
            for padded in [false, true] {
                let text = base64(&whole, last, padded);
                let masked = needles.mask(text.as_bytes(), is_cut);
                let (start, end) = (before.len() * 8, (before.len() + core.len()) * 8);
                let behind = (whole.len() * 8).div_ceil(6) - end.div_ceil(6);
                let masked = String::from_utf8(masked).expect("text");
                let at = masked.find("[masked]");
                prop_assert!(at.is_some_and(|at| at <= start / 6), "{text}: {masked}");
                let rest = masked.rsplit("[masked]").next().expect("an end").trim_end_matches('=');
                prop_assert!(rest.len() <= behind, "{text}: {masked}");
            }
        }
    }

    #[test]
    fn a_text_without_the_value_is_left_as_it_is(text in "[a-m %&+'\"\\\\]{0,80}") {
        let masked = needles(&[b"nopqrstuvw"]).mask(text.as_bytes(), false);
        prop_assert_eq!(masked, text.as_bytes());
    }
}
