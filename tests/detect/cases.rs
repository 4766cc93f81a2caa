//! What a finding says besides where it is.

use broker::clients::detect::{About, Confidence, Finding, detect, is_nameable, remarks};
use broker::clients::{Entry, Item, Literal, Place};

use super::made_up::{Numbers, filled};

/// An entry of a command line and variables, filled with made-up values.
fn entry(line: &[&str], variables: &[(&str, &str)]) -> Entry {
    let mut numbers = Numbers::new(11);
    let mut put = |place, text: &str| Item {
        place,
        text: Literal::new(filled(text, &mut numbers)),
    };
    let mut items = Vec::new();
    for (at, word) in line.iter().enumerate() {
        let place = at.checked_sub(1).map_or(Place::Command, Place::Argument);
        items.push(put(place, word));
    }
    for (name, text) in variables {
        items.push(put(Place::Variable((*name).to_owned()), text));
    }
    Entry {
        server: "x".to_owned(),
        is_disabled: false,
        items,
    }
}

fn one(line: &[&str]) -> Finding {
    let found = detect(&entry(line, &[]));
    assert_eq!(found.len(), 1, "{line:?}: {found:?}");
    found.into_iter().next().expect("one")
}

#[test]
fn a_finding_shows_nothing_of_the_secret() {
    let line = [
        "x",
        "--api-key=canary-9f8e7d6c5b4a",
        "canary-1a2b3c4d5e6f7a8b9c0d1e2f=x",
    ];
    let entry = entry(
        &line,
        &[
            ("TOKEN", "canary-aa11bb22cc33"),
            ("A", "canary-dd44ee55ff66gg77hh88ii99"),
        ],
    );
    let found = detect(&entry);
    assert!(found.len() >= 2, "{found:?}");
    let shown = format!("{found:?} {entry:?} {:?}", remarks(&entry));
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_finding_knows_the_name_it_stands_under() {
    let name = |line: &[&str]| one(line).name;
    assert_eq!(
        name(&["x", "--api-key={{hex:32}}"]).as_deref(),
        Some("api-key")
    );
    assert_eq!(
        name(&["x", "--token", "{{alnum:40}}"]).as_deref(),
        Some("token")
    );
    assert_eq!(
        name(&["docker", "run", "-e", "A_TOKEN={{hex:40}}", "i"]).as_deref(),
        Some("A_TOKEN")
    );
    assert_eq!(
        name(&["x", "--header", "X-Api-Key: {{hex:32}}"]).as_deref(),
        Some("X-Api-Key")
    );
    assert_eq!(
        name(&["x", "https://a.example/mcp?api_key={{hex:32}}"]).as_deref(),
        Some("api_key")
    );
    assert_eq!(
        name(&["x", "{\"apiKey\":\"{{hex:32}}\"}"]).as_deref(),
        Some("apiKey")
    );
    assert_eq!(
        name(&["bash", "-c", "B_KEY={{hex:32}} x"]).as_deref(),
        Some("B_KEY")
    );
    assert_eq!(name(&["x", "postgres://u:{{alnum:12}}@h/d"]), None);
    let found = detect(&entry(
        &[],
        &[("DATABASE_URL", "postgres://u:{{alnum:12}}@h/d")],
    ));
    assert_eq!(found[0].name.as_deref(), Some("DATABASE_URL"));
}

#[test]
fn a_variable_is_named_where_it_would_reach_the_server() {
    for (line, wanted) in [
        (
            &["docker", "run", "-i", "-e", "TOKEN={{hex:40}}", "image"][..],
            Some("TOKEN"),
        ),
        (&["env", "TOKEN={{hex:40}}", "npx", "x"], Some("TOKEN")),
        (&["bash", "-c", "TOKEN={{hex:40}} npx x"], Some("TOKEN")),
        (
            &["bash", "-c", "export TOKEN={{hex:40}}; npx x"],
            Some("TOKEN"),
        ),
        (
            &["cmd", "/c", "set TOKEN={{hex:40}}&& npx x"],
            Some("TOKEN"),
        ),
        (
            &["powershell", "-Command", "$env:TOKEN = '{{hex:40}}'; npx x"],
            Some("TOKEN"),
        ),
        (
            &[
                "npx",
                "-y",
                "@stripe/mcp@0.3.3",
                "--api-key=sk_live_{{alnum:24}}",
            ],
            Some("STRIPE_SECRET_KEY"),
        ),
        (
            &[
                "npx",
                "-y",
                "mongodb-mcp-server",
                "--connectionString",
                "mongodb://u:{{alnum:12}}@h/d",
            ],
            Some("MDB_MCP_CONNECTION_STRING"),
        ),
        // Nothing of the kind is known.
        (&["npx", "-y", "some-mcp", "--api-key={{hex:32}}"], None),
        (&["npx", "-y", "some-mcp", "-e", "TOKEN={{hex:40}}"], None),
        // What stands between hands no variable on.
        (&["ssh", "host", "TOKEN={{hex:40}} npx x"], None),
        (&["wsl", "bash", "-c", "TOKEN={{hex:40}} npx x"], None),
        (
            &[
                "docker",
                "run",
                "-i",
                "image",
                "npx",
                "@stripe/mcp",
                "--api-key=sk_live_{{alnum:24}}",
            ],
            None,
        ),
    ] {
        assert_eq!(one(line).wanted.as_deref(), wanted, "{line:?}");
    }
}

#[test]
fn a_wrapped_server_is_searched_behind_the_dashes_and_what_is_passed_on_is_no_secret() {
    let line = [
        "/opt/broker",
        "exec",
        "--pass",
        "GITHUB_TOKEN",
        "--pass-any",
        "DB_PASSWORD_FILE_7Rk2Xv9aQ4mZt8",
        "x",
        "--",
        "npx",
        "-y",
        "@stripe/mcp@0.3.3",
        "--api-key=sk_live_{{alnum:24}}",
    ];
    let finding = one(&line);
    assert_eq!(finding.place, Place::Argument(10));
    assert_eq!(finding.item, 11);
    assert_eq!(finding.wanted.as_deref(), Some("STRIPE_SECRET_KEY"));
    let own = one(&["broker", "exec", "--env=A_TOKEN={{hex:40}}", "--", "x"]);
    assert_eq!(own.name.as_deref(), Some("A_TOKEN"));
    let last = one(&["broker", "exec", "x", "--env", "A_TOKEN={{hex:40}}"]);
    assert_eq!(last.place, Place::Argument(3));
}

#[test]
fn a_secret_in_the_place_of_a_name_may_not_be_shown_and_names_may() {
    let token = filled("ghp_{{alnum:36}}", &mut Numbers::new(5));
    assert!(!is_nameable(&token));
    for name in [
        "github",
        "GITHUB_PERSONAL_ACCESS_TOKEN",
        "github.com/modelcontextprotocol/servers/tree/main/src/github",
        "@upstash/context7-mcp",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "X-Api-Key",
        "#3",
    ] {
        assert!(is_nameable(name), "{name}");
    }
}

#[test]
fn the_secret_beside_an_id_of_aws_is_known_under_any_name() {
    let id = ["AKIA", "{{base32:16}}"].concat();
    let with = |id: &str| detect(&entry(&[], &[("S3_ID", id), ("S3_KEY", "{{alnum:40}}")]));
    let found = with(&id);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].kind.word(), found[0].confidence),
        ("aws-secret-key", Confidence::High)
    );
    assert_eq!(with("none")[0].kind.word(), "generic-secret");
}

#[test]
fn only_what_is_literal_is_found_beside_a_reference() {
    let found = detect(&entry(
        &[],
        &[("DATABASE_URL", "postgres://${USER}:{{alnum:16}}@${HOST}/d")],
    ));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].span, 19..35);
    let found = detect(&entry(&[], &[("TOKEN", "${A}{{alnum:24}}")]));
    assert_eq!(
        (found[0].span.clone(), found[0].confidence),
        (4..28, Confidence::Medium)
    );
}

#[test]
fn a_token_with_a_wrong_checksum_is_looked_at_by_a_person() {
    let wrong = ["ghp_", "{{alnum:36}}"].concat();
    let found = detect(&entry(
        &[],
        &[("GITHUB_TOKEN", &wrong), ("GH_TOKEN", "{{github:ghp}}")],
    ));
    let confidence: Vec<_> = found.iter().map(|finding| finding.confidence).collect();
    assert_eq!(confidence, [Confidence::Medium, Confidence::High]);
}

#[test]
fn remarks_name_what_is_unpinned_in_the_clear_or_seen_by_all() {
    let entry = entry(
        &[
            "npx",
            "-y",
            "mcp-remote",
            "http://mcp.example.org/mcp",
            "--header",
            "X-Api-Key: {{hex:32}}",
        ],
        &[],
    );
    let told: Vec<_> = remarks(&entry)
        .into_iter()
        .map(|remark| (remark.place, remark.about))
        .collect();
    assert_eq!(
        told,
        [
            (Place::Argument(1), About::Unpinned),
            (Place::Argument(2), About::PlainHttp),
            (Place::Argument(4), About::SecretInArguments),
        ]
    );
}
