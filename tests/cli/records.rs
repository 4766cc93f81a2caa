//! `show`, `edit`, `rename`, `remove`: what is recorded about a secret.

use serde_json::{Value, json};

use super::{fields, names, sorted, value};
use crate::support::home::Home;

const ROW: [&str; 14] = [
    "name",
    "store",
    "version",
    "created",
    "rotated",
    "rotate_every",
    "due",
    "state",
    "expires",
    "note",
    "url",
    "servers",
    "last_used",
    "previous",
];

/// Takes the moments out of an answer, having looked that they are RFC 3339 in UTC.
fn without_times(mut answer: Value) -> Value {
    for field in ["created", "rotated"] {
        let text = answer[field].take();
        let text = text.as_str().expect("a time").to_owned();
        assert!(
            text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(),
            "{text}"
        );
    }
    answer
}

#[test]
fn list_and_show_have_exactly_the_fields_of_the_contract() {
    let home = Home::new().config("[servers.s]\ncommand = [\"x\"]\nenv = { A = \"broker://a\" }\n");
    let _ = home
        .broker([
            "set",
            "a",
            "--note",
            "mine",
            "--url",
            "https://example.org/x",
        ])
        .stdin("canary-a-value")
        .run()
        .ok();
    let listed = home.broker(["--json", "list"]).run().ok().json();
    assert_eq!(fields(&listed[0]), sorted(ROW));
    let expected = json!({
        "name": "a", "store": "vault", "version": 1, "created": null, "rotated": null,
        "rotate_every": null, "due": null, "state": "none", "expires": null, "note": "mine",
        "url": "https://example.org/x", "servers": ["s"], "last_used": null, "previous": null,
    });
    assert_eq!(without_times(listed[0].clone()), expected);
    let shown = home.broker(["show", "a", "--json"]).run().ok().json();
    let mut with_versions: Vec<&str> = ROW
        .into_iter()
        .chain(["versions", "rotate_command"])
        .collect();
    with_versions.sort_unstable();
    assert_eq!(fields(&shown), with_versions);
    assert_eq!(
        fields(&shown["versions"][0]),
        sorted(["version", "created", "state", "until"])
    );
    let version = &shown["versions"][0];
    assert_eq!(version["version"], 1);
    assert_eq!(version["state"], "current");
    assert_eq!(version["until"], Value::Null);
    assert_eq!(shown["versions"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["rotate_command"], Value::Null);
}

#[test]
fn edit_changes_the_record_and_not_the_value() {
    let home = Home::new().secret("a", "canary-a-value");
    let show = || home.broker(["--json", "show", "a"]).run().ok().json();
    let before = show();
    let words = [
        "edit",
        "a",
        "--rotate-every",
        "2w",
        "--expires",
        "2099-01-31",
        "--note",
        "n",
        "--url",
        "u",
    ];
    let answer = home.broker(words).run().ok();
    assert_eq!(answer.stdout, "");
    let after = show();
    assert_eq!(after["rotate_every"], "P2W");
    assert_eq!(after["expires"], "2099-01-31");
    assert_eq!((&after["note"], &after["url"]), (&json!("n"), &json!("u")));
    assert_eq!(after["rotated"], before["rotated"]);
    let words = [
        "edit",
        "a",
        "--rotate-every",
        "never",
        "--expires",
        "never",
        "--note",
        "",
        "--url",
        "",
    ];
    let _ = home.broker(words).run().ok();
    assert_eq!(show(), before);
    assert_eq!(value(&home, "a"), b"canary-a-value");
    let _ = home.broker(["edit", "a"]).run().code(2);
}

#[test]
fn what_is_not_built_yet_is_refused_and_never_ignored() {
    let home = Home::new().secret("a", "canary-a-value");
    for words in [&["run", "x"][..], &["log", "server", "x"]] {
        let answer = home.broker(["--json"].iter().chain(words)).run().code(2);
        assert_eq!(answer.error_code(), "usage", "{words:?}");
    }
    for words in [
        &["exec", "--sandbox", "on", "--", "/bin/true"][..],
        &["exec", "--net", "none", "--", "/bin/true"],
    ] {
        let _ = home.broker(words).run().code(125);
    }
}

#[test]
fn a_name_that_is_not_there_is_refused_with_the_nearest() {
    let home = Home::new().secret("github-token", "canary-github");
    for words in [
        &["show", "gihub-token"][..],
        &["edit", "gihub-token", "--note", "x"],
        &["reveal", "GitHub-Token"],
        &["rename", "github-tokn", "x"],
        &["rollback", "gihub-token"],
        &["remove", "github-tokens", "--yes"],
        &["migrate", "--to", "keychain", "gihub-token"],
    ] {
        let answer = home.broker(["--json"].iter().chain(words)).run().code(1);
        assert_eq!(answer.error_code(), "secret-not-found", "{words:?}");
        assert!(
            answer.stderr.contains("did you mean \\\"github-token\\\"?"),
            "{words:?}"
        );
    }
    let far = home.broker(["show", "zzz"]).run().code(1);
    assert!(
        far.stderr
            .contains("broker: hint: see the names with: broker list"),
        "{}",
        far.stderr
    );
    assert_eq!(names(&home), ["github-token"]);
}

#[test]
fn rename_keeps_value_and_record_and_names_the_servers() {
    let home = Home::new()
        .secret("a", "canary-a-value")
        .secret("taken", "canary-taken")
        .config("[servers.s]\ncommand = [\"x\"]\nenv = { A = \"broker://a\" }\n");
    let _ = home.broker(["edit", "a", "--note", "kept"]).run().ok();
    let answer = home.broker(["rename", "a", "work/b"]).run().ok();
    assert!(
        answer
            .stderr
            .contains("\"s\" in broker.toml still refers to \"a\""),
        "{}",
        answer.stderr
    );
    assert_eq!(names(&home), ["taken", "work/b"]);
    assert_eq!(value(&home, "work/b"), b"canary-a-value");
    assert_eq!(
        home.broker(["--json", "show", "work/b"]).run().ok().json()["note"],
        "kept"
    );
    for taken in ["taken", "TAKEN"] {
        let answer = home
            .broker(["--json", "rename", "work/b", taken])
            .run()
            .code(1);
        assert_eq!(answer.error_code(), "secret-exists");
    }
    assert_eq!(value(&home, "taken"), b"canary-taken");
}

#[test]
fn a_name_can_change_its_case_alone_and_stays_unique_in_every_case() {
    let home = Home::new().secret("token", "canary-token");
    let _ = home.broker(["rename", "token", "Token"]).run().ok();
    assert_eq!(names(&home), ["Token"]);
    assert_eq!(value(&home, "Token"), b"canary-token");
    for name in ["token", "TOKEN", "Token"] {
        let answer = home
            .broker(["--json", "set", name])
            .stdin("canary-other")
            .run()
            .code(1);
        assert_eq!(answer.error_code(), "secret-exists", "{name}");
    }
    let _ = home.broker(["rename", "Token", "TOKEN"]).run().ok();
    let _ = home.broker(["rename", "TOKEN", "token"]).run().ok();
    assert_eq!(value(&home, "token"), b"canary-token");
    let _ = home.broker(["rename", "token", "Other"]).run().ok();
    home.set("TOKEN", b"canary-second");
    assert_eq!(value(&home, "Other"), b"canary-token");
    assert_eq!(value(&home, "TOKEN"), b"canary-second");
    let _ = home.broker(["doctor"]).run().ok();
}

#[test]
fn remove_takes_all_of_the_names_or_none() {
    let home = Home::new()
        .secret("a", "canary-a-value")
        .secret("b", "canary-b-value");
    let answer = home
        .broker(["--json", "remove", "a", "nowhere", "--yes"])
        .run()
        .code(1);
    assert_eq!(answer.error_code(), "secret-not-found");
    assert_eq!(names(&home), ["a", "b"]);
    let answer = home.broker(["remove", "b", "a", "b", "--yes"]).run().ok();
    assert_eq!(answer.stdout, "");
    assert_eq!(
        answer.stderr,
        "broker: removed \"a\"\nbroker: removed \"b\"\n"
    );
    assert!(names(&home).is_empty());
    let _ = home.broker(["doctor"]).run().ok();
    let left = std::fs::read_dir(home.path(".local/share/broker/vault/secrets")).expect("a folder");
    let files = left
        .flatten()
        .flat_map(|e| std::fs::read_dir(e.path()).into_iter().flatten());
    assert_eq!(files.count(), 0, "a file of the vault is left");
}
