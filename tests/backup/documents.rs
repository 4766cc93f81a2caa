//! Documents that age opens and broker would not have written restore nothing.

use serde_json::{Value, json};

use super::{Key, tree, unattended};

/// Seals a changed document, and demands that restoring it changes nothing. Returns the code of the error.
fn refused(key: &Key, document: &Value, what: &str) -> String {
    let home = unattended().secret("here", "canary-here-value");
    let file = key.path("changed.age");
    let _ = std::fs::remove_file(&file);
    key.seal(document, "changed.age");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("changed");
    let before = tree(&home);
    let answer = key.restore(&home, "changed.age").code(1);
    assert!(tree(&home) == before, "{what}");
    assert!(
        !answer.stderr.contains("canary"),
        "{what}: {}",
        answer.stderr
    );
    answer.error_code()
}

#[test]
fn a_document_that_contradicts_itself_restores_nothing() {
    let old = unattended()
        .secret("a", "canary-a-value")
        .secret("b", "canary-b-value");
    let key = Key::new();
    let _ = key.create(&old, "x.age").ok();
    let document = key.opened("x.age");
    let changes: [(&str, &str, Value); 12] = [
        ("no values", "/secrets/0/values", json!({})),
        ("no base64", "/secrets/1/values/1", "canary!".into()),
        ("not its own padding", "/secrets/1/values/1", "YQ".into()),
        (
            "another current version",
            "/secrets/1/record/current",
            7.into(),
        ),
        ("the same name", "/secrets/1/record/name", "a".into()),
        (
            "the same name in another case",
            "/secrets/1/record/name",
            "A".into(),
        ),
        ("no name", "/secrets/1/record/name", "../b".into()),
        (
            "another's id",
            "/secrets/1/record/id",
            document["secrets"][0]["record"]["id"].clone(),
        ),
        ("an unknown field", "/secrets/1/record/canary", 1.into()),
        ("no list", "/secrets", json!({})),
        ("no date", "/made", "canary".into()),
        ("no config", "/config", "canary!".into()),
    ];
    for (what, place, new) in changes {
        let mut changed = document.clone();
        let (parent, last) = place.rsplit_once('/').expect("a place");
        changed.pointer_mut(parent).expect(place)[last] = new;
        assert_eq!(refused(&key, &changed, what), "backup-damaged", "{what}");
    }
    assert_eq!(refused(&key, &json!("canary"), "a text"), "backup-damaged");
    // A value in the clear instead of in its place.
    assert_eq!(
        refused(&key, &json!({"a": "canary-a-value"}), "an object"),
        "backup-damaged"
    );
}

#[test]
fn a_newer_document_is_refused_as_such() {
    let (old, key) = (unattended().secret("a", "canary-a-value"), Key::new());
    let _ = key.create(&old, "x.age").ok();
    let mut document = key.opened("x.age");
    document["format"] = 2.into();
    document["more"] = "of a later time".into();
    assert_eq!(refused(&key, &document, "newer"), "format-newer");
}
