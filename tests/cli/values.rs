//! What `set` takes as a value, and what it says about it.

use super::{names, value};
use crate::support::home::Home;

const MOST: usize = 1 << 20;

#[track_caller]
fn refused(home: &Home, words: &[&str], stdin: &[u8], code: &str) {
    let answer = home
        .broker(["--json", "set", "x"].iter().chain(words))
        .stdin(stdin)
        .run();
    assert_eq!(answer.code, 1, "{words:?}: {}", answer.stderr);
    assert_eq!(answer.error_code(), code, "{words:?}");
    assert!(answer.stdout.is_empty());
    assert!(names(home).is_empty(), "{words:?}: something was stored");
}

#[test]
fn set_says_what_where_and_when_on_stderr_and_nothing_on_stdout() {
    let home = Home::new();
    let answer = home
        .broker(["set", "a"])
        .stdin("canary-a-value\n")
        .run()
        .ok();
    assert_eq!(answer.stdout, "");
    assert_eq!(
        answer.stderr,
        "broker: stored \"a\" (version 1) in the vault\n"
    );
    let answer = home
        .broker(["set", "b", "--rotate-every", "90d"])
        .env("TZ", "UTC")
        .stdin("canary-b-value")
        .run()
        .ok();
    let due = home.broker(["--json", "show", "b"]).run().ok().json();
    let day = &due["due"].as_str().expect("a time")[..10];
    let said = format!("broker: stored \"b\" (version 1) in the vault, to be rotated by {day}\n");
    assert_eq!(answer.stderr, said);
}

#[test]
fn an_empty_value_is_refused_unless_it_is_meant() {
    let home = Home::new();
    for stdin in [&b""[..], b"\n", b"\r\n"] {
        refused(&home, &[], stdin, "value-empty");
    }
    refused(&home, &["--raw"], b"", "value-empty");
    std::fs::write(home.path("empty"), "").expect("written");
    refused(
        &home,
        &["--from-file", "empty"],
        b"canary-stdin",
        "value-empty",
    );
    let _ = home.broker(["set", "x", "--allow-empty"]).run().ok();
    assert_eq!(value(&home, "x"), b"");
}

#[test]
fn a_short_value_is_stored_with_a_warning() {
    let home = Home::new();
    for (name, bytes, warns) in [("seven", "canary-", true), ("eight", "canary-8", false)] {
        let answer = home.broker(["set", name]).stdin(bytes).run().ok();
        assert_eq!(answer.stderr.contains("broker: warning:"), warns, "{name}");
        assert!(!answer.stderr.contains("canary"));
    }
    let answer = home
        .broker(["set", "with-nul"])
        .stdin(b"canary-\0-nul")
        .run()
        .ok();
    assert!(
        answer.stderr.contains("holds a NUL byte"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_value_of_a_mebibyte_is_the_largest() {
    let home = Home::new();
    let mut bytes = b"canary-".to_vec();
    bytes.resize(MOST + 1, b'x');
    refused(&home, &["--raw"], &bytes, "value-too-large");
    refused(&home, &[], &bytes, "value-too-large");
    std::fs::write(home.path("large"), &bytes).expect("written");
    refused(&home, &["--from-file", "large"], b"", "value-too-large");
    bytes.extend(std::iter::repeat_n(b'x', 3 * MOST));
    refused(&home, &["--raw"], &bytes, "value-too-large");

    bytes.truncate(MOST);
    let _ = home
        .broker(["set", "raw", "--raw"])
        .stdin(&bytes)
        .run()
        .ok();
    bytes.extend_from_slice(b"\r\n");
    let _ = home.broker(["set", "stripped"]).stdin(&bytes).run().ok();
    assert_eq!(names(&home), ["raw", "stripped"]);
}

#[test]
fn a_file_that_cannot_be_read_is_told_without_its_name() {
    let home = Home::new();
    std::fs::create_dir(home.path("sesame-folder")).expect("a folder");
    for path in ["sesame-nowhere", "sesame-folder"] {
        refused(&home, &["--from-file", path], b"", "input-failed");
        let answer = home.broker(["set", "x", "--from-file", path]).run();
        assert!(!answer.stderr.contains("sesame"), "{}", answer.stderr);
    }
}

#[test]
fn a_name_that_is_taken_in_any_case_is_refused_and_keeps_its_value() {
    let home = Home::new().secret("token", "canary-first");
    for name in ["token", "TOKEN", "Token"] {
        let answer = home
            .broker(["--json", "set", name])
            .stdin("canary-second")
            .run()
            .code(1);
        assert_eq!(answer.error_code(), "secret-exists");
        assert!(answer.stderr.contains("broker edit"), "{}", answer.stderr);
    }
    assert_eq!(names(&home), ["token"]);
    assert_eq!(value(&home, "token"), b"canary-first");
}

#[test]
fn a_store_that_was_not_set_up_is_not_made_by_the_way() {
    let home = Home::new();
    let answer = home
        .broker(["--json", "set", "x", "--store", "keychain"])
        .stdin("canary-x-value");
    let answer = answer
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
        .run()
        .code(1);
    assert!(
        answer.error_code().starts_with("store-"),
        "{}",
        answer.stderr
    );
    assert!(names(&home).is_empty());
}
