//! Whatever the texts are, the search ends, soon, and what it says of them holds.

use std::time::{Duration, Instant};

use broker::clients::detect::{detect, is_reference, remarks};
use broker::clients::{Entry, Item, Literal, Place};
use proptest::prelude::*;

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(count)
    }
}

fn entry(items: Vec<(Place, String)>) -> Entry {
    let item = |(place, text)| Item {
        place,
        text: Literal::new(text),
    };
    Entry {
        server: "x".to_owned(),
        is_disabled: false,
        items: items.into_iter().map(item).collect(),
    }
}

/// Parts that texts in configurations are made of, and some that break them.
const PARTS: [&str; 64] = [
    "\"",
    "'",
    "`",
    "\\",
    "\\\"",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "$",
    "${",
    "${X:-",
    "${{",
    "}}",
    "%",
    "%X%",
    ":",
    "://",
    "@",
    "/",
    "?",
    "&",
    "=",
    ";",
    ",",
    "#",
    " ",
    "\n",
    "\t",
    "-",
    "--",
    "-e ",
    "--api-key ",
    "--header ",
    "-c ",
    "bash -c ",
    "env ",
    "docker run ",
    "cmd /c ",
    "Bearer ",
    "Basic ",
    "Authorization: ",
    "Password=",
    "password",
    "API_KEY",
    "TOKEN=",
    "https://",
    "jdbc:",
    "eyJ",
    "-----BEGIN ",
    "PRIVATE KEY-----",
    "-----END ",
    "sk-proj-",
    "xoxb-1",
    "0123456789abcdef",
    "k8Js2PqLxV9mTz4RbN7c",
    "\u{e9}",
    "\u{1f511}",
    "\u{0}",
    "x",
];

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => prop::sample::select(PARTS.to_vec()).prop_map(str::to_owned),
        1 => "[A-Za-z0-9+/_.-]{0,40}",
        1 => any::<String>(),
    ];
    prop::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "API_KEY",
            "PASSWORD",
            "KEY",
            "COOKIE",
            "X_HEADERS",
            "DATABASE_URL",
            "AUTH",
            "CONFIG"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::Command),
        (0_usize..4).prop_map(Place::Argument),
        name().prop_map(Place::Variable),
        name().prop_map(Place::Header),
        Just(Place::Url),
        Just(Place::EnvFile),
        prop::collection::vec(name(), 0..4).prop_map(Place::Other),
        (0_usize..4).prop_map(|at| Place::Other(vec!["t".into(), "args".into(), at.to_string()])),
    ]
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn a_finding_is_a_part_of_its_text_and_overlaps_no_other(
        items in prop::collection::vec((place(), text()), 0..6)
    ) {
        let entry = entry(items);
        let findings = detect(&entry);
        let _ = remarks(&entry);
        for finding in &findings {
            let texts: Vec<&str> = entry
                .items
                .iter()
                .filter(|item| item.place == finding.place)
                .map(|item| item.text.text())
                .collect();
            let fits = |text: &&str| text.get(finding.span.clone()).is_some_and(|secret| !secret.is_empty());
            prop_assert!(texts.iter().any(fits), "{finding:?}");
        }
        // Of places that stand there once.
        for (at, one) in findings.iter().enumerate() {
            let is_single = entry.items.iter().filter(|item| item.place == one.place).count() == 1;
            for other in findings.iter().skip(at + 1).filter(|other| is_single && other.place == one.place) {
                prop_assert!(one.span.end <= other.span.start, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_reference_is_never_found(
        reference in prop_oneof![
            "\\$\\{[A-Z_]{1,20}\\}",
            "\\$\\{(env|input|secret):[a-zA-Z_][a-zA-Z_-]{0,19}\\}",
            "\\$[A-Z_]{1,20}",
            "%[A-Z_]{3,20}%",
            "\\{env:[A-Z_]{1,20}\\}",
            "\\$\\{\\{ secrets\\.[A-Z_]{1,20} \\}\\}",
            "broker://[a-z]{1,10}(/[a-z]{1,10})?",
            "op://[A-Za-z]{1,10}/[A-Za-z0-9]{1,20}/[a-z]{1,10}",
        ],
        name in name(),
    ) {
        prop_assert!(is_reference(&reference));
        let found = detect(&entry(vec![
            (Place::Variable(name.clone()), reference.clone()),
            (Place::Header(name), reference.clone()),
            (Place::Header("Authorization".into()), format!("Bearer {reference}")),
            (Place::Other(vec!["oauth".into(), "clientSecret".into()]), reference.clone()),
            (Place::Command, "x".into()),
            (Place::Argument(0), format!("--api-key={reference}")),
            (Place::Argument(1), "--token".into()),
            (Place::Argument(2), reference),
        ]));
        prop_assert_eq!(found, vec![]);
    }
}

/// Texts on which a search that looks ahead again and again would never end.
fn long_texts(size: usize) -> Vec<String> {
    [
        "a",
        "${",
        "${X:-",
        "{\"a\":",
        "\"",
        "\\\"",
        "eyJ.",
        "eyJhbGciOiJIUzI1NiJ9.",
        "-----BEGIN PRIVATE KEY-----",
        "https://",
        "https://a:b@",
        "a=b;",
        "a=b&",
        "--api-key=x ",
        "-e A=b ",
        "bash -c ",
        "env ",
        "sk-proj-",
        "/a1B2c3D4e5F6g7H8i9J0",
        "a,",
        "$(",
        "`",
        "xoxd-%",
    ]
    .iter()
    .map(|part| part.repeat(size / part.len()))
    .collect()
}

fn time_for(size: usize) -> Duration {
    let begin = Instant::now();
    for text in long_texts(size) {
        let items = [
            Place::Variable("API_KEY".into()),
            Place::Variable("OPTIONS".into()),
            Place::Variable("X_HEADERS".into()),
            Place::Variable("COOKIE".into()),
            Place::Header("Authorization".into()),
            Place::Url,
            Place::Command,
        ];
        let items = items.map(|place| (place, text.clone()));
        let _ = detect(&entry(items.into()));
        let _ = detect(&entry(vec![
            (Place::Command, "bash".into()),
            (Place::Argument(0), "-c".into()),
            (Place::Argument(1), text),
        ]));
    }
    begin.elapsed()
}

#[test]
fn the_time_of_a_search_grows_with_the_text_and_no_faster() {
    let mut seen = Vec::new();
    // Others work on the machine, too: once in three times nobody is in the way.
    for _ in 0..3 {
        let (small, large) = (time_for(10_000), time_for(80_000));
        // Eight times the text; a search that is quadratic would take sixty-four times as long.
        if large < small * 20 {
            return;
        }
        seen.push((small, large));
    }
    panic!("for 10 and for 80 kB: {seen:?}");
}
