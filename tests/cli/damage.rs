//! A catalog that was cut or altered: a place in the file or a valid reading, never a panic.

use std::fs;
use std::path::Path;

use crate::support::home::Home;

fn home() -> Home {
    let home = Home::new()
        .secret("a", "canary-a-value")
        .secret("work/b", "canary-b-value");
    let words = [
        "edit",
        "a",
        "--note",
        "n\u{e9}",
        "--rotate-every",
        "90d",
        "--expires",
        "2099-01-31",
    ];
    let _ = home.broker(words).run().ok();
    home
}

/// Gives broker these bytes for a catalog; returns whether they were read.
fn is_read(home: &Home, file: &Path, bytes: &[u8], what: &str) -> bool {
    fs::write(file, bytes).expect("written");
    let answer = home
        .broker(["--json", "list"])
        .env("RUST_BACKTRACE", "full")
        .run();
    assert_eq!(
        fs::read(file).expect("there"),
        bytes,
        "{what}: the file was changed"
    );
    if answer.code == 0 {
        assert!(answer.json().is_array(), "{what}");
        return true;
    }
    assert_eq!(
        (answer.code, answer.stdout.as_str()),
        (1, ""),
        "{what}: {}",
        answer.stderr
    );
    let error: serde_json::Value = serde_json::from_str(&answer.stderr).expect("one JSON document");
    let message = error["error"]["message"].as_str().expect("a message");
    match error["error"]["code"].as_str().expect("a code") {
        "file-damaged" => assert!(
            message.contains(" at line ") && message.contains(", column ")
                || message.contains("is damaged: "),
            "{what}: {message}"
        ),
        "format-newer" => {}
        other => panic!("{what}: {other}: {message}"),
    }
    false
}

#[test]
fn a_catalog_that_was_cut_anywhere_is_refused_at_its_place() {
    let home = home();
    let file = super::catalog_file(&home);
    let whole = fs::read(&file).expect("a catalog");
    for length in (0..whole.len() - 2).step_by(9) {
        let cut = &whole[..length];
        assert!(
            !is_read(&home, &file, cut, &format!("{length} bytes")),
            "{length} bytes were taken"
        );
        let answer = home.broker(["list"]).run().code(1);
        let last_line = cut.iter().filter(|b| **b == b'\n').count() + 1;
        // serde_json counts a newline at the very end to the line it ends.
        let at = |line: usize| answer.stderr.contains(&format!("at line {line}, column "));
        assert!(
            at(last_line) || at(last_line - 1),
            "{length}: {}",
            answer.stderr
        );
    }
    assert!(is_read(&home, &file, &whole, "whole"));
}

#[test]
fn a_catalog_with_altered_bytes_is_refused_or_read_and_never_a_panic() {
    let home = home();
    let file = super::catalog_file(&home);
    let whole = fs::read(&file).expect("a catalog");
    let mut refused = 0;
    for at in (0..whole.len()).step_by(5) {
        for bits in [0x01, 0x80] {
            let mut altered = whole.clone();
            altered[at] ^= bits;
            refused += usize::from(!is_read(
                &home,
                &file,
                &altered,
                &format!("byte {at} ^ {bits:#x}"),
            ));
        }
    }
    assert!(refused > whole.len() / 10, "only {refused} were refused");
}

#[test]
fn a_catalog_that_contradicts_itself_is_refused() {
    type Edit = fn(&mut serde_json::Value);
    let edits: [Edit; 8] = [
        |c| c["home"] = "00000000000000000000000000000000".into(),
        |c| c["secrets"][0]["current"] = 2.into(),
        |c| c["secrets"][0]["versions"] = serde_json::json!([]),
        |c| c["secrets"][0]["name"] = "zzz".into(),
        |c| c["secrets"][0]["name"] = "../../x".into(),
        |c| c["secrets"][1] = c["secrets"][0].clone(),
        |c| c["secrets"][1]["filed_as"] = "a".into(),
        |c| c["secrets"][0]["value"] = "canary-in-the-catalog".into(),
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let home = home();
        super::edit_catalog(&home, edit);
        let file = super::catalog_file(&home);
        let before = fs::read(&file).expect("there");
        for words in [&["--json", "list"][..], &["--json", "remove", "a", "--yes"]] {
            let answer = home.broker(words).run().code(1);
            assert_eq!(answer.error_code(), "file-damaged", "edit {number}");
            assert!(!answer.stderr.contains("canary"));
        }
        assert_eq!(fs::read(&file).expect("there"), before);
        // Not what broker wrote: nothing for the sweep.
        fs::remove_file(file).expect("removed");
    }
}
