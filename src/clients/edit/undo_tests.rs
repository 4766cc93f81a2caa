//! Undoing where other things changed meanwhile.

use super::tests::{file, protecting, reference, words};
use super::*;
use crate::clients::tests::{VECTORS, file_of, parsed, vector};

/// Protects the first entry of a file, lets `meanwhile` change the result, and undoes.
fn undone_after(name: &str, text: &str, meanwhile: impl Fn(&str) -> String) -> Undone {
    let document = parsed(text, file(name));
    let found = document.entries(file(name));
    let edits = [
        (
            &found[0],
            Edit::SetText(Place::Variable("K".to_owned()), reference("a")),
        ),
        (&found[0], Edit::Remove(Place::Variable("L".to_owned()))),
        (
            &found[0],
            Edit::WrapCommand(Wrap {
                words: words(),
                program: None,
            }),
        ),
    ];
    let edited = edit(&document, file(name).shape, &edits).expect("edited");
    let now = meanwhile(&edited.text);
    assert_ne!(now, *edited.text);
    undo(&parsed(&now, file(name)), file(name), &edited.undo).expect("undone")
}

#[test]
fn an_entry_is_restored_where_other_things_changed() {
    let json = "{\"mcpServers\": {\"a\": {\"command\": \"x\", \"args\": [\"1\"], \"env\": {\"K\": \"\\u0031\", \"L\": \"2\", \"M\": \"3\"}}}}";
    let added = |text: &str| {
        text.replace(
            "{\"mcpServers\": {",
            "{\"theme\": 1, \"mcpServers\": {\"b\": {}, ",
        )
    };
    let undone = undone_after("kiro.json", json, added);
    assert!(!undone.is_exact);
    assert_eq!(undone.left, []);
    assert_eq!(
        *undone.text,
        "{\"theme\": 1, \"mcpServers\": {\"b\": {}, \"a\": {\"command\": \"x\", \"args\": [\"1\"], \"env\": {\"K\": \"\\u0031\", \"M\": \"3\", \"L\": \"2\"}}}}"
    );
    // An empty list of arguments was there before, and is again.
    let empty = json.replace("[\"1\"]", "[]");
    let undone = undone_after("kiro.json", &empty, added);
    assert!(
        undone
            .text
            .contains("\"command\": \"x\", \"args\": [], \"env\""),
        "{}",
        *undone.text
    );
    // The arguments were not there before, and are not again.
    let toml = "[mcp_servers.a]\ncommand = 'x' # c\n\n[mcp_servers.a.env]\nK = '1'\nL = '''\n2'''\nM = '3'\n";
    let moved = |text: &str| format!("# new\n{text}N = '4'\n");
    let undone = undone_after("codex.toml", toml, moved);
    assert_eq!(undone.left, []);
    assert_eq!(
        *undone.text,
        "# new\n[mcp_servers.a]\ncommand = 'x' # c\n\n[mcp_servers.a.env]\nK = '1'\nM = '3'\nN = '4'\nL = '''\n2'''\n"
    );
    let opencode =
        r#"{"mcp": {"a": {"command": ["x", "1"], "environment": {"L": "2", "M": "3", "K": "1"}}}}"#;
    let renamed = |text: &str| text.replace("\"3\"", "\"three\"");
    let undone = undone_after("opencode.jsonc", opencode, renamed);
    assert_eq!(
        *undone.text,
        r#"{"mcp": {"a": {"command": ["x", "1"], "environment": {"M": "three", "K": "1", "L": "2"}}}}"#
    );
}

#[test]
fn entries_are_restored_one_after_the_other_byte_by_byte() {
    for (name, client, number) in VECTORS {
        let (_, file) = file_of(client, number);
        if !file.format.is_edited() {
            continue;
        }
        let text = vector(name);
        let document = parsed(&text, file);
        let found = document.entries(file);
        let edits = protecting(&found, "-q7Rk2Xv9");
        let edited = edit(&document, file.shape, &edits).expect("edited");
        // Those of every second entry first, by their spans; then the others, once by their spans, once without.
        let is_first = |one: &Undo| one.server.len().is_multiple_of(2);
        let (first, rest): (Vec<_>, Vec<_>) = edited.undo.into_iter().partition(is_first);
        let half = undo(&parsed(&edited.text, file), file, &first).expect("undone");
        assert!(half.is_exact, "{name}");
        let half = parsed(&half.text, file);
        let by_place = undo(&half, file, &rest).expect("undone");
        assert_eq!(*by_place.text, text, "{name}");
        assert_eq!(by_place.left, []);
        let rest = remaining(&rest, &first);
        let whole = undo(&half, file, &rest).expect("undone");
        assert!(whole.is_exact, "{name}");
        assert_eq!(*whole.text, text, "{name}");
    }
}

#[test]
fn what_cannot_be_found_again_is_left_as_it_is_and_said() {
    let json = r#"{"mcpServers": {"a": {"command": "x", "args": ["1"], "env": {"K": "1", "L": "2", "M": "3"}}}}"#;
    let left = |meanwhile: fn(&str) -> String| {
        let undone = undone_after("kiro.json", json, meanwhile);
        let left: Vec<_> = undone.left.iter().map(|(number, _)| *number).collect();
        (left, undone.text.to_string())
    };
    let (numbers, text) = left(|text| text.replace("broker://a", "broker://other"));
    assert_eq!(numbers, [0]);
    assert!(
        text.contains("broker://other") && !text.contains("/opt/broker"),
        "{text}"
    );
    let (numbers, text) = left(|text| text.replace("\"label\"", "\"other\""));
    assert_eq!(numbers, [2]);
    assert!(
        text.contains("\"other\"") && !text.contains("broker://"),
        "{text}"
    );
    let (numbers, _) = left(|text| text.replace("\"x\", \"1\"", "\"y\", \"1\""));
    assert_eq!(numbers, [2]);
    let (numbers, _) = left(|text| text.replace("\"M\": \"3\"", "\"L\": \"3\""));
    assert_eq!(numbers, [1]);
    let (numbers, text) = left(|text| text.replace("\"a\"", "\"renamed\""));
    assert_eq!(numbers, [0, 1, 2]);
    assert!(text.contains("broker://a"), "{text}");
}

#[test]
fn a_record_that_says_more_than_a_text_puts_nothing_in() {
    let text = r#"{"mcpServers": {"a": {"command": "x", "args": ["1"]}}}"#;
    let file = file("kiro.json");
    let document = parsed(text, file);
    let found = document.entries(file);
    let edits = [(&found[0], Edit::SetText(Place::Argument(0), reference("a")))];
    let edited = edit(&document, file.shape, &edits).expect("edited");
    for token in [
        "\"1\", \"2\"",
        "\"1\"], \"env\": [\"2\"",
        "[\"1\"]",
        "",
        "\"1",
    ] {
        let mut record = edited.undo.clone();
        let token = Literal::new(token.to_owned());
        record[0].splices[0].old = vec![Piece::Token(Place::Argument(0), token)];
        let again = parsed(&edited.text, file);
        match undo(&again, file, &record) {
            Ok(undone) => {
                assert_eq!(undone.left.len(), 1);
                assert_eq!(*undone.text, *edited.text);
            }
            Err(why) => assert_eq!(why, EditError::Unfaithful),
        }
    }
}
