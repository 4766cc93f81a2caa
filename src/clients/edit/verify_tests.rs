//! What counts as a document in which only what was meant is different.

use std::collections::BTreeMap;

use super::verify::{Action, Expected, is_meant};
use crate::clients::document::{Document, Format};
use crate::clients::entry::Literal;

fn text(text: &str) -> Literal {
    Literal::new(text.to_owned())
}

fn actions() -> BTreeMap<Vec<usize>, Action> {
    // {"a": "1", "b": ["2"], "c": {"d": "3", "e": "4"}, "f": 5}
    BTreeMap::from([
        (vec![0], Action::Text(text("one"))),
        (
            vec![0, usize::MAX],
            Action::Follow("args".to_owned(), Expected::List(vec![text("x")])),
        ),
        (vec![1], Action::Prepend(vec![text("p"), text("q")])),
        (vec![2, 0], Action::Remove),
        (
            vec![2],
            Action::Append(vec![("g".to_owned(), Expected::Text(text("6")))]),
        ),
    ])
}

const OLD: &str = r#"{"a": "1", "b": ["2"], "c": {"d": "3", "e": "4"}, "f": 5}"#;
const NEW: &str =
    r#"{"a": "one", "args": ["x"], "b": ["p", "q", "2"], "c": {"e": "4", "g": "6"}, "f": 5}"#;

fn meant(format: Format, old: &str, new: &str, actions: &BTreeMap<Vec<usize>, Action>) -> bool {
    let read = |text| Document::parse(format, text).expect("read");
    is_meant(read(old).root(), read(new).root(), actions)
}

#[test]
fn what_was_meant_and_nothing_else_is_let_through() {
    let json = |old: &str, new: &str| meant(Format::Jsonc, old, new, &actions());
    assert!(json(OLD, NEW));
    // The same in another spelling says the same.
    assert!(json(OLD, &NEW.replace("\"4\"", " \"\\u0034\" // c\n")));
    for (from, to) in [
        ("\"one\"", "\"1\""),
        ("\"args\": [\"x\"], ", ""),
        ("[\"x\"]", "[\"x\", \"y\"]"),
        ("[\"x\"]", "[]"),
        ("\"args\"", "\"arg\""),
        ("\"p\", \"q\"", "\"q\", \"p\""),
        ("\"q\", \"2\"", "\"q\""),
        ("\"2\"]", "\"2\", \"3\"]"),
        ("\"2\"]", "\"3\"]"),
        ("{\"e\"", "{\"d\": \"3\", \"e\""),
        ("\"e\": \"4\", ", ""),
        ("\"4\"", "\"5\""),
        (", \"g\": \"6\"", ""),
        ("\"6\"", "\"7\""),
        ("\"f\": 5", "\"f\": 6"),
        ("\"f\": 5", "\"f\": \"5\""),
        ("\"f\": 5", "\"h\": 5"),
        (", \"f\": 5", ""),
        ("\"f\": 5", "\"f\": 5, \"f\": 5"),
        ("\"b\": [", "\"b\": {}, \"c\": ["),
    ] {
        let new = NEW.replacen(from, to, 1);
        assert_ne!(new, NEW);
        assert!(!json(OLD, &new), "{new}");
    }
    assert!(!json(NEW, OLD));
    assert!(!json(OLD, OLD));
}

#[test]
fn a_table_that_gets_braces_or_loses_them_is_another() {
    let none = BTreeMap::new();
    let (lines, braces) = ("[a]\nb = 'c'\n", "a = { b = 'c' }\n");
    assert!(meant(Format::Toml, lines, lines, &none));
    assert!(meant(
        Format::Toml,
        lines,
        "\n[ \"a\" ] # c\n\"b\" = \"c\"",
        &none
    ));
    assert!(!meant(Format::Toml, lines, braces, &none));
    assert!(!meant(Format::Toml, braces, lines, &none));
}

#[test]
fn a_list_is_shortened_in_front() {
    let shorter = BTreeMap::from([(vec![0], Action::Shorten(2))]);
    let json = |new: &str| meant(Format::Json, r#"{"a": ["1", "2", "3"]}"#, new, &shorter);
    assert!(json(r#"{"a": ["3"]}"#));
    for new in [
        r#"{"a": ["1"]}"#,
        r#"{"a": []}"#,
        r#"{"a": ["2", "3"]}"#,
        r#"{"a": ["3", "3"]}"#,
    ] {
        assert!(!json(new), "{new}");
    }
}
