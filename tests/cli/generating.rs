//! Values that broker makes up.

use super::{names, value};
use crate::support::home::Home;

type Fits = fn(&[u8]) -> bool;

#[test]
fn generated_values_have_the_form_that_was_asked_for() {
    let home = Home::new();
    let alnum: Fits = |bytes| bytes.iter().all(u8::is_ascii_alphanumeric);
    let hex: Fits = |bytes| bytes.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let base64: Fits = |bytes| {
        let kept = bytes.strip_suffix(b"=").unwrap_or(bytes);
        kept.iter()
            .all(|b| b.is_ascii_alphanumeric() || b"+/".contains(b))
    };
    let cases: [(&str, &[&str], usize, Fits); 5] = [
        ("plain", &["--generate"], 40, alnum),
        ("alnum", &["--generate", "alnum:17"], 17, alnum),
        ("hex", &["--generate=hex:32"], 64, hex),
        ("base64", &["--generate", "base64:32"], 44, base64),
        ("long", &["--generate", "hex:4096"], 8192, hex),
    ];
    for (name, flags, length, fits) in cases {
        let answer = home.broker(["set", name].iter().chain(flags)).run().ok();
        assert_eq!(answer.stdout, "");
        let made = value(&home, name);
        assert_eq!(made.len(), length, "{name}");
        assert!(fits(&made), "{name}");
        assert!(
            !answer
                .stderr
                .as_bytes()
                .windows(8)
                .any(|w| made.windows(8).any(|m| m == w))
        );
    }
}

#[test]
fn two_generated_values_differ() {
    let home = Home::new();
    for name in ["a", "b"] {
        let _ = home.broker(["set", name, "--generate"]).run().ok();
    }
    assert_ne!(value(&home, "a"), value(&home, "b"));
}

#[test]
fn a_recipe_that_could_be_guessed_or_is_none_is_refused() {
    let home = Home::new();
    let wrong = [
        "hex", "hex:", "hex:15", "hex:4097", "alnum:-1", "uuid:4", ":32", "hex:1e3", "hex:+32", "",
    ];
    for spec in wrong {
        let answer = home
            .broker(["--json", "set", "x", "--generate", spec])
            .run()
            .code(2);
        assert_eq!(answer.error_code(), "usage", "{spec}");
    }
    let both = home.broker([
        "--json",
        "set",
        "x",
        "--generate",
        "hex:32",
        "--from-file",
        "f",
    ]);
    assert_eq!(both.run().code(2).error_code(), "usage");
    assert!(names(&home).is_empty());
}
