//! Variables that entries get, and their undoing.

use super::tests::{changed, file, only_spans_differ, reference, words};
use super::*;
use crate::clients::document::{BYTE_ORDER_MARK, Format};
use crate::clients::table::ClientFile;
use crate::clients::tests::{VECTORS, file_of, parsed, vector};

fn put(name: &str) -> Edit {
    Edit::PutVariable(name.to_owned(), reference("a"))
}

#[test]
fn a_variable_is_put_behind_the_others_in_their_style() {
    let kiro = |env: &str| {
        format!("{{\"mcpServers\": {{\"a\": {{\"command\": \"x\", \"env\": {env}}}}}}}")
    };
    let vscode = |env: &str| {
        format!(
            "{{\n  \"servers\": {{\n    \"a\": {{\n      \"command\": \"x\",\n      \"env\": {env},\n    }},\n  }},\n}}\n"
        )
    };
    let codex = |env: &str| format!("[mcp_servers.a]\ncommand = 'x'\n{env}");
    let cases = [
        (
            "kiro.json",
            kiro(r#"{"L": "1"}"#),
            kiro(r#"{"L": "1", "K": "broker://a"}"#),
        ),
        (
            "kiro.json",
            kiro(r#"{"L":"1","M":"2"}"#),
            kiro(r#"{"L":"1","M":"2","K":"broker://a"}"#),
        ),
        ("kiro.json", kiro("{}"), kiro(r#"{"K": "broker://a"}"#)),
        ("kiro.json", kiro("{ }"), kiro(r#"{ "K": "broker://a" }"#)),
        (
            "kiro.json",
            kiro("{\r\n\t\"L\": \"1\"\r\n}"),
            kiro("{\r\n\t\"L\": \"1\",\r\n\t\"K\": \"broker://a\"\r\n}"),
        ),
        (
            "vscode.jsonc",
            vscode("{\n        \"L\": \"1\",\n      }"),
            vscode("{\n        \"L\": \"1\",\n        \"K\": \"broker://a\",\n      }"),
        ),
        // What is said beside a variable stays beside it.
        (
            "vscode.jsonc",
            vscode("{\n        \"L\": \"1\", // one\n      }"),
            vscode("{\n        \"L\": \"1\", // one\n        \"K\": \"broker://a\",\n      }"),
        ),
        (
            "vscode.jsonc",
            vscode("{\n        \"L\": \"1\" // one\n        // no more\n      }"),
            vscode("{\n        \"L\": \"1\", // one\n        \"K\": \"broker://a\"\n        // no more\n      }"),
        ),
        (
            "vscode.jsonc",
            vscode("{}"),
            vscode("{\n        \"K\": \"broker://a\"\n      }"),
        ),
        (
            "vscode.jsonc",
            vscode("{\n        // none yet\n      }"),
            vscode("{\n        \"K\": \"broker://a\"\n        // none yet\n      }"),
        ),
        (
            "codex.toml",
            codex("env = { L = '1' }\n"),
            codex("env = { L = '1', K = 'broker://a' }\n"),
        ),
        (
            "codex.toml",
            codex("env = {} # none\n"),
            codex("env = { K = \"broker://a\" } # none\n"),
        ),
        (
            "codex.toml",
            codex("\n[mcp_servers.a.env]\nL = \"1\" # one\n\n[tui]\n"),
            codex("\n[mcp_servers.a.env]\nL = \"1\" # one\nK = \"broker://a\"\n\n[tui]\n"),
        ),
        (
            "codex.toml",
            codex("\n[mcp_servers.a.env] # none\n[tui]\n"),
            codex("\n[mcp_servers.a.env] # none\nK = \"broker://a\"\n[tui]\n"),
        ),
        (
            "codex.toml",
            codex("env.L = '1'\r\nenabled = true\r\n"),
            codex("env.L = '1'\r\nenv.K = 'broker://a'\r\nenabled = true\r\n"),
        ),
        (
            "codex.toml",
            "mcp_servers.a.command = 'x'\nmcp_servers.a.env.\"L\" = '''\n1'''".to_owned(),
            "mcp_servers.a.command = 'x'\nmcp_servers.a.env.\"L\" = '''\n1'''\nmcp_servers.a.env.K = 'broker://a'".to_owned(),
        ),
    ];
    for (name, before, after) in cases {
        assert_eq!(changed(file(name), &before, &[put("K")]), Ok(after));
    }
}

#[test]
fn an_entry_without_variables_gets_a_block_in_the_spelling_of_its_client() {
    let cases = [
        (
            "kiro.json",
            r#"{"mcpServers":{"a":{"command":"x","args":[],"disabled":true}}}"#,
            r#"{"mcpServers":{"a":{"command":"x","args":[],"env":{"K":"broker://a","é \"":"broker://a"},"disabled":true}}}"#,
        ),
        (
            "vscode.jsonc",
            "{\r\n\t\"servers\": {\r\n\t\t\"a\": {\r\n\t\t\t\"command\": \"x\", // c\r\n\t\t},\r\n\t},\r\n}",
            "{\r\n\t\"servers\": {\r\n\t\t\"a\": {\r\n\t\t\t\"command\": \"x\", // c\r\n\t\t\t\"env\": {\r\n\t\t\t\t\"K\": \"broker://a\",\r\n\t\t\t\t\"é \\\"\": \"broker://a\",\r\n\t\t\t},\r\n\t\t},\r\n\t},\r\n}",
        ),
        (
            "opencode.jsonc",
            r#"{"mcp": {"a": {"type": "local", "command": ["x", "1"], "enabled": true}}}"#,
            r#"{"mcp": {"a": {"type": "local", "command": ["x", "1"], "environment": {"K": "broker://a", "é \"": "broker://a"}, "enabled": true}}}"#,
        ),
        (
            "zed.jsonc",
            r#"{"context_servers": {"a": {"command": {"path": "x", "args": []}, "settings": {}}}}"#,
            r#"{"context_servers": {"a": {"command": {"path": "x", "args": [], "env": {"K": "broker://a", "é \"": "broker://a"}}, "settings": {}}}}"#,
        ),
        (
            "cline.json",
            r#"{"mcpServers": {"a": {"transport": {"type": "stdio", "command": "x"}}}}"#,
            r#"{"mcpServers": {"a": {"transport": {"type": "stdio", "command": "x", "env": {"K": "broker://a", "é \"": "broker://a"}}}}}"#,
        ),
        (
            "codex.toml",
            "[mcp_servers.a]\ncommand = 'x'\nargs = [\n  '1', # one\n] # all\nenabled = true\n[mcp_servers.a.tools]\n",
            "[mcp_servers.a]\ncommand = 'x'\nargs = [\n  '1', # one\n] # all\nenv = { K = \"broker://a\", \"é \\\"\" = \"broker://a\" }\nenabled = true\n[mcp_servers.a.tools]\n",
        ),
        (
            "codex.toml",
            "mcp_servers.a.command = 'x'",
            "mcp_servers.a.command = 'x'\nmcp_servers.a.env = { K = 'broker://a', \"é \\\"\" = 'broker://a' }",
        ),
        (
            "codex.toml",
            "mcp_servers.a = { command = 'x' }\n",
            "mcp_servers.a = { command = 'x', env = { K = 'broker://a', \"é \\\"\" = 'broker://a' } }\n",
        ),
    ];
    for (name, before, after) in cases {
        let edits = [put("K"), put("é \"")];
        assert_eq!(
            changed(file(name), before, &edits).as_deref(),
            Ok(after),
            "{before}"
        );
    }
}

#[test]
fn a_wrapped_command_and_its_variables_stand_in_the_order_of_the_client() {
    let edits = [
        put("K"),
        Edit::WrapCommand(Wrap {
            words: words(),
            program: None,
        }),
    ];
    let after = changed(
        file("kiro.json"),
        r#"{"mcpServers": {"a": {"command": "x", "disabled": false}}}"#,
        &edits,
    );
    assert_eq!(
        after.as_deref(),
        Ok(
            r#"{"mcpServers": {"a": {"command": "/opt/broker", "args": ["exec", "label", "--", "x"], "env": {"K": "broker://a"}, "disabled": false}}}"#
        )
    );
    let after = changed(
        file("codex.toml"),
        "[mcp_servers.a]\ncommand = 'x'\n",
        &edits,
    );
    assert_eq!(
        after.as_deref(),
        Ok(
            "[mcp_servers.a]\ncommand = '/opt/broker'\nargs = ['exec', 'label', '--', 'x']\nenv = { K = 'broker://a' }\n"
        )
    );
}

#[test]
fn a_variable_is_put_nowhere_where_one_of_its_name_is_or_no_program() {
    let refusal = |entry: &str, edits: &[Edit]| {
        let text = format!(r#"{{"mcpServers": {{"a": {entry}}}}}"#);
        changed(file("kiro.json"), &text, edits).expect_err(entry)
    };
    let one = [put("K")];
    for there in [r#"{"K": "1"}"#, r#"{"K": null}"#, r#"{"K": {}}"#] {
        let entry = format!(r#"{{"command": "x", "env": {there}}}"#);
        assert_eq!(refusal(&entry, &one), EditError::Present);
    }
    let entry = r#"{"command": "x", "transport": {"env": {"K": "1"}}}"#;
    assert_eq!(refusal(entry, &one), EditError::Present);
    assert_eq!(
        refusal(r#"{"url": "https://a.example"}"#, &one),
        EditError::Absent
    );
    assert_eq!(
        refusal(r#"{"command": "x"}"#, &[put("K"), put("K")]),
        EditError::Overlap
    );
    assert_eq!(
        refusal(r#"{"command": "x", "env": {}, "env": {}}"#, &one),
        EditError::Repeated
    );
    for env in ["null", "[]", "\"no\""] {
        let entry = format!(r#"{{"command": "x", "env": {env}}}"#);
        let refused = refusal(&entry, &one);
        assert!(matches!(refused, EditError::Spelling(_)), "{refused:?}");
    }
}

/// What is left of two variables that were put in, after `meanwhile` and undoing.
fn undone_after(
    file: &ClientFile,
    text: &str,
    which: impl Fn(&Undo) -> bool,
    meanwhile: impl Fn(&str) -> String,
) -> (String, Vec<usize>) {
    let document = parsed(text, file);
    let found = document.entries(file);
    let edits = [
        (&found[0], put("K")),
        (&found[0], put("L")),
        (
            &found[0],
            Edit::WrapCommand(Wrap {
                words: words(),
                program: None,
            }),
        ),
    ];
    let edited = edit(&document, file.shape, &edits).expect("edited");
    let now = meanwhile(&edited.text);
    let changes: Vec<_> = edited.undo.into_iter().filter(which).collect();
    let undone = undo(&parsed(&now, file), file, &changes).expect("undone");
    let left = undone.left.iter().map(|(number, _)| *number).collect();
    (undone.text.to_string(), left)
}

#[test]
fn variables_are_taken_out_again_where_other_things_changed() {
    let all = |_: &Undo| true;
    let new = |text: &str| format!(" {text}");
    let json = r#"{"mcpServers": {"a": {"command": "x", "args": ["1"], "z": 1}}}"#;
    let toml = "[mcp_servers.a]\ncommand = 'x'\nargs = ['1']\n";
    let lines = "[mcp_servers.a]\ncommand = 'x'\n[mcp_servers.a.env]\nM = '1'\n";
    let pretty = "{\n  \"mcpServers\": {\n    \"a\": {\n      \"command\": \"x\"\n    }\n  }\n}\n";
    for (name, text) in [
        ("kiro.json", json),
        ("kiro.json", pretty),
        ("codex.toml", toml),
        ("codex.toml", lines),
    ] {
        let (back, left) = undone_after(file(name), text, all, new);
        assert_eq!((back, left), (new(text), vec![]), "{text}");
    }
    // Only one of them: the block stays.
    let only = |name: &'static str| move |undo: &Undo| matches!(&undo.change, Change::Put { name: put, .. } if put == name);
    for (name, rest) in [("K", "L"), ("L", "K")] {
        let (back, left) = undone_after(file("kiro.json"), json, only(name), str::to_owned);
        assert!(left.is_empty());
        let block = format!(r#""env": {{"{rest}": "broker://a"}}, "z""#);
        assert!(back.contains(&block), "{back}");
    }
    // One that somebody else put beside them, and a comment, keep the block.
    let beside = |text: &str| text.replace("\"K\": ", "\"M\": \"3\", \"K\": ");
    let (back, left) = undone_after(file("kiro.json"), json, all, beside);
    assert!(back.contains(r#""env": {"M": "3"}, "z""#), "{back}");
    assert!(left.is_empty());
    let noted = |text: &str| text.replace("\"env\": {", "\"env\": { /* why */ ");
    let (back, left) = undone_after(file("kiro.json"), json, all, noted);
    assert!(back.contains("/* why */") && !back.contains("broker://"));
    assert!(left.is_empty());
}

#[test]
fn a_variable_that_somebody_changed_since_is_left() {
    let text = r#"{"mcpServers": {"a": {"command": "x", "args": ["1"], "env": {"Z": "1"}}}}"#;
    let all = |_: &Undo| true;
    let other = |text: &str| text.replacen("broker://a", "broker://b", 1);
    let (back, left) = undone_after(file("kiro.json"), text, all, other);
    assert_eq!(left, [0]);
    assert!(
        back.contains(r#""env": {"Z": "1", "K": "broker://b"}"#),
        "{back}"
    );
}

#[test]
fn every_entry_of_every_clients_file_gets_variables_and_loses_them_again() {
    for (name, client, number) in VECTORS {
        let (_, file) = file_of(client, number);
        let text = vector(name);
        let document = parsed(&text, file);
        let found = document.entries(file);
        let with_program = found.iter().filter(|one| one.entry.command().is_some());
        let with_program: Vec<_> = with_program.filter(|one| !one.is_shadowed).collect();
        let edits = with_program
            .iter()
            .flat_map(|one| ["NEW_KEY", "NEW_TOKEN"].map(|name| (*one, put(name))));
        let edits: Vec<_> = edits.collect();
        let edited = edit(&document, file.shape, &edits);
        if file.format == Format::Yaml {
            assert_eq!(edited.expect_err("refused"), EditError::Format);
            continue;
        }
        let edited = edited.expect(name);
        only_spans_differ(&text, &edited);
        let again = parsed(&edited.text, file);
        for one in again.entries(file) {
            let value = one.entry.get(&Place::Variable("NEW_TOKEN".to_owned()));
            let is_program = one.entry.command().is_some() && !one.is_shadowed;
            assert_eq!(value, is_program.then_some("broker://a"), "{name}");
        }
        let undone = undo(&again, file, &edited.undo).expect("undone");
        assert!(undone.is_exact);
        assert_eq!(*undone.text, text);
        // By place.
        let moved = |text: &str| {
            let mark = if text.starts_with(BYTE_ORDER_MARK) {
                BYTE_ORDER_MARK
            } else {
                ""
            };
            format!("{mark}\n{} \n", text.trim_start_matches(BYTE_ORDER_MARK))
        };
        let undone = undo(&parsed(&moved(&edited.text), file), file, &edited.undo);
        let undone = undone.expect("undone");
        assert!(!undone.is_exact);
        assert_eq!(undone.left, []);
        assert_eq!(*undone.text, moved(&text), "{name}");
    }
}
