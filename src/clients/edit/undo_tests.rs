//! Undoing where other things changed meanwhile.

use super::tests::{file, reference, words};
use super::*;
use crate::clients::tests::parsed;

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
        (&found[0], Edit::WrapCommand(words())),
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
