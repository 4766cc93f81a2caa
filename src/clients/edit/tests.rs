//! Changes of files in each format, and their undoing.

use super::*;
use crate::clients::document::Format;
use crate::clients::table::ClientFile;
use crate::clients::tests::{VECTORS, file_of, parsed, vector};

pub(super) const WORDS: [&str; 4] = ["/opt/broker", "exec", "label", "--"];

pub(super) fn words() -> Vec<String> {
    WORDS.map(str::to_owned).to_vec()
}

pub(super) fn reference(name: &str) -> Literal {
    Literal::new(format!("broker://{name}"))
}

/// What `protect` would do: every secret becomes a reference, every program is started through broker.
pub(in crate::clients) fn protecting<'f>(
    found: &'f [Found],
    secret: &str,
) -> Vec<(&'f Found, Edit)> {
    let mut edits = Vec::new();
    for one in found.iter().filter(|one| !one.is_shadowed) {
        for item in &one.entry.items {
            if item.text.text().contains(secret) && item.place != Place::Command {
                edits.push((one, Edit::SetText(item.place.clone(), reference("a"))));
            }
        }
        if one.entry.command().is_some() {
            edits.push((
                one,
                Edit::WrapCommand(Wrap {
                    words: words(),
                    program: None,
                }),
            ));
        }
    }
    edits
}

/// Makes sure that only the spans of the splices differ, and that those give the old text back.
pub(super) fn only_spans_differ(old: &str, edited: &Edited) {
    let mut splices: Vec<_> = edited.undo.iter().flat_map(|one| &one.splices).collect();
    splices.sort_by_key(|splice| (splice.span.start, splice.span.end));
    let (mut back, mut done) = (String::new(), 0);
    for splice in splices {
        assert_eq!(&edited.text[splice.span.clone()], splice.new);
        back.push_str(&edited.text[done..splice.span.start]);
        for piece in &splice.old {
            match piece {
                Piece::Text(text) => back.push_str(text),
                Piece::Token(_, token) => back.push_str(token.text()),
            }
        }
        done = splice.span.end;
    }
    back.push_str(&edited.text[done..]);
    assert_eq!(back, old);
}

pub(in crate::clients) fn file(name: &str) -> &'static ClientFile {
    let (_, client, number) = VECTORS.iter().find(|one| one.0 == name).expect("listed");
    file_of(client, *number).1
}

#[test]
fn every_clients_file_is_protected_in_place_and_restored_byte_by_byte() {
    for (name, client, number) in VECTORS {
        let (_, file) = file_of(client, number);
        let text = vector(name);
        let document = parsed(&text, file);
        let found = document.entries(file);
        let edits = protecting(&found, "-q7Rk2Xv9");
        if file.format == Format::Yaml {
            let refusal = edit(&document, file.shape, &edits).expect_err("refused");
            assert_eq!(refusal, EditError::Format);
            continue;
        }
        let edited = edit(&document, file.shape, &edits).expect("edited");
        assert!(!edited.text.contains("-q7Rk2Xv9"), "{name}");
        only_spans_differ(&text, &edited);
        let again = parsed(&edited.text, file);
        let after = again.entries(file);
        assert_eq!(after.len(), found.len());
        for (old, new) in found.iter().zip(&after) {
            assert_eq!(old.entry.server, new.entry.server);
            let Some((program, _)) = old.entry.command() else {
                assert_eq!(new.entry.command(), None);
                continue;
            };
            let (first, arguments) = new.entry.command().expect("a program");
            assert_eq!(first, WORDS[0]);
            assert_eq!(
                arguments[..4],
                [WORDS[1], WORDS[2], WORDS[3], program],
                "{name}"
            );
        }
        let undone = undo(&again, file, &edited.undo).expect("undone");
        assert!(undone.is_exact && undone.left.is_empty(), "{name}");
        assert_eq!(*undone.text, text, "{name}");
    }
}

/// A text before and after `edits` of its first entry.
pub(super) fn changed(file: &ClientFile, text: &str, edits: &[Edit]) -> Result<String, EditError> {
    let document = parsed(text, file);
    let found = document.entries(file);
    let edits: Vec<_> = edits.iter().map(|edit| (&found[0], edit.clone())).collect();
    let edited = edit(&document, file.shape, &edits)?;
    only_spans_differ(text, &edited);
    let undone = undo(&parsed(&edited.text, file), file, &edited.undo).expect("undone");
    assert_eq!(*undone.text, text);
    assert!(undone.is_exact);
    Ok(edited.text.to_string())
}

#[test]
fn a_command_is_wrapped_in_the_style_of_its_file() {
    let wrap = [Edit::WrapCommand(Wrap {
        words: ["broker", "exec", "--"].map(str::to_owned).to_vec(),
        program: None,
    })];
    let cases = [
        (
            "kiro.json",
            r#"{"mcpServers":{"a":{"command":"x","args":["1","2"]}}}"#,
            r#"{"mcpServers":{"a":{"command":"broker","args":["exec","--","x","1","2"]}}}"#,
        ),
        (
            "kiro.json",
            r#"{"mcpServers":{"a":{"command":"x"}}}"#,
            r#"{"mcpServers":{"a":{"command":"broker","args":["exec","--","x"]}}}"#,
        ),
        (
            "kiro.json",
            r#"{ "mcpServers": { "a": { "type": "stdio", "command": "x", "env": {} } } }"#,
            r#"{ "mcpServers": { "a": { "type": "stdio", "command": "broker", "args": ["exec", "--", "x"], "env": {} } } }"#,
        ),
        (
            "vscode.jsonc",
            "{\"servers\": {\r\n\t\"a\": {\r\n\t\t\"command\" : \"x\", // c\r\n\t}\r\n}}\r\n",
            "{\"servers\": {\r\n\t\"a\": {\r\n\t\t\"command\" : \"broker\",\r\n\t\t\"args\" : [\"exec\", \"--\", \"x\"], // c\r\n\t}\r\n}}\r\n",
        ),
        (
            "vscode.jsonc",
            "{\"servers\": {\"a\": {\"args\": [ // none\n ], /* c */ \"command\": \"\\u0078\"}}}",
            "{\"servers\": {\"a\": {\"args\": [\"exec\", \"--\", \"\\u0078\" // none\n ], /* c */ \"command\": \"broker\"}}}",
        ),
        (
            "vscode.jsonc",
            "{\"servers\": {\"a\": {\n  \"command\": \"x\",\n  \"args\": [\n    \"1\", // one\n    \"2\",\n  ],\n}}}",
            "{\"servers\": {\"a\": {\n  \"command\": \"broker\",\n  \"args\": [\n    \"exec\",\n    \"--\",\n    \"x\",\n    \"1\", // one\n    \"2\",\n  ],\n}}}",
        ),
        // A comment is nothing to space words by.
        (
            "vscode.jsonc",
            "{\"servers\": {\"a\": {\"command\": \"x\", \"args\": [ // one\n  \"1\"]}}}",
            "{\"servers\": {\"a\": {\"command\": \"broker\", \"args\": [ // one\n  \"exec\", \"--\", \"x\", \"1\"]}}}",
        ),
        (
            "opencode.jsonc",
            r#"{"mcp": {"a": {"type": "local", "command": ["x", "1"]}}}"#,
            r#"{"mcp": {"a": {"type": "local", "command": ["broker", "exec", "--", "x", "1"]}}}"#,
        ),
        (
            "zed.jsonc",
            r#"{"context_servers": {"a": {"command": {"path": "x", "env": {}}}}}"#,
            r#"{"context_servers": {"a": {"command": {"path": "broker", "args": ["exec", "--", "x"], "env": {}}}}}"#,
        ),
        (
            "cline.json",
            r#"{"mcpServers": {"a": {"transport": {"type": "stdio", "command": "x"}, "args": "no"}}}"#,
            r#"{"mcpServers": {"a": {"transport": {"type": "stdio", "command": "broker", "args": ["exec", "--", "x"]}, "args": "no"}}}"#,
        ),
        (
            "codex.toml",
            "[mcp_servers.a]\ncommand = 'x'  # c\n[b]\n",
            "[mcp_servers.a]\ncommand = 'broker'  # c\nargs = ['exec', '--', 'x']\n[b]\n",
        ),
        (
            "codex.toml",
            "[mcp_servers]\r\n  a.command=\"x\"",
            "[mcp_servers]\r\n  a.command=\"broker\"\r\n  a.args=[\"exec\",\"--\",\"x\"]",
        ),
        (
            "codex.toml",
            "mcp_servers.a = { command = \"x\" }\n",
            "mcp_servers.a = { command = \"broker\", args = [\"exec\", \"--\", \"x\"] }\n",
        ),
        (
            "codex.toml",
            "[mcp_servers.\"a b\"]\n\"command\" = \"\"\"\nx\"\"\"\nargs = [\n\t# none yet\n]\n",
            "[mcp_servers.\"a b\"]\n\"command\" = \"broker\"\nargs = [\"exec\", \"--\", \"\"\"\nx\"\"\"\n\t# none yet\n]\n",
        ),
        (
            "codex.toml",
            "[mcp_servers.a]\nargs = ['1']\ncommand = \"x\"\n",
            "[mcp_servers.a]\nargs = [\"exec\", \"--\", \"x\", '1']\ncommand = \"broker\"\n",
        ),
    ];
    for (name, before, after) in cases {
        assert_eq!(changed(file(name), before, &wrap).as_deref(), Ok(after));
    }
}

#[test]
fn a_text_is_replaced_in_the_way_the_old_one_was_written() {
    let place = || Place::Variable("K".to_owned());
    let cases = [
        (
            "kiro.json",
            r#""old""#,
            "new\"\\\n\u{1}é/",
            r#""new\"\\\n\u0001é/""#,
        ),
        (
            "kiro.json",
            r#""\u00e9\/""#,
            "é/🦀",
            r#""\u00e9\/\ud83e\udd80""#,
        ),
        ("kiro.json", "12", "new", r#""new""#),
        ("kiro.json", "true", "new", r#""new""#),
        (
            "codex.toml",
            "\"old\"",
            "n'e\"w\u{7f}\t",
            "\"n'e\\\"w\\u007F\\t\"",
        ),
        ("codex.toml", "'old'", "new \\ \"", "'new \\ \"'"),
        ("codex.toml", "'old'", "it's", "\"it's\""),
        ("codex.toml", "'''\nold\n'''", "new", "'new'"),
        ("codex.toml", "\"\"\"old\\\n   er\"\"\"", "new", "\"new\""),
        ("codex.toml", "12", "new", "\"new\""),
    ];
    for (name, old, text, new) in cases {
        let document = |token: &str| match file(name).format {
            Format::Toml => {
                format!("[mcp_servers.a]\ncommand = 'x'\nenv = {{ K = {token} }} # c\n")
            }
            Format::Json | Format::Jsonc | Format::Yaml => {
                format!(r#"{{"mcpServers": {{"a": {{"command": "x", "env": {{"K": {token}}}}}}}}}"#)
            }
        };
        let set = [Edit::SetText(place(), Literal::new(text.to_owned()))];
        assert_eq!(changed(file(name), &document(old), &set), Ok(document(new)));
    }
}

#[test]
fn a_text_is_taken_out_with_its_comma_or_line_and_no_comment() {
    let json = |env: &str| format!(r#"{{"servers": {{"a": {{"command": "x", "env": {env}}}}}}}"#);
    let toml = |env: &str| format!("[mcp_servers.a]\ncommand = 'x'\n{env}");
    let cases = [
        (
            "vscode.jsonc",
            json(r#"{"K": "1", "L": "2"}"#),
            json(r#"{"L": "2"}"#),
        ),
        (
            "vscode.jsonc",
            json(r#"{"L": "2", "K": "1"}"#),
            json(r#"{"L": "2"}"#),
        ),
        ("vscode.jsonc", json(r#"{"K": "1"}"#), json("{}")),
        ("vscode.jsonc", json(r#"{ "K": "1", }"#), json("{  }")),
        (
            "vscode.jsonc",
            json("{\n \"L\": \"2\",\n \"K\": \"1\",\n}"),
            json("{\n \"L\": \"2\",\n}"),
        ),
        (
            "vscode.jsonc",
            json("{\n \"K\": \"1\", // c\n \"L\": \"2\"\n}"),
            json("{\n  // c\n \"L\": \"2\"\n}"),
        ),
        (
            "vscode.jsonc",
            json("{\"L\": \"2\" /* c, */ , // d\n \"K\": \"1\"\n}"),
            json("{\"L\": \"2\" /* c, */  // d\n \n}"),
        ),
        (
            "codex.toml",
            toml("env = { K = '1', L = '2' }"),
            toml("env = { L = '2' }"),
        ),
        (
            "codex.toml",
            toml("env = { L = '2', K = '1' }\n"),
            toml("env = { L = '2' }\n"),
        ),
        (
            "codex.toml",
            toml("env = { K = '1' }\n"),
            toml("env = {  }\n"),
        ),
        (
            "codex.toml",
            toml("[mcp_servers.a.env]\nK = '1'\nL = '2'\n"),
            toml("[mcp_servers.a.env]\nL = '2'\n"),
        ),
        (
            "codex.toml",
            toml("[mcp_servers.a.env]\r\nL = '2'\r\n  K = '1'\r\n"),
            toml("[mcp_servers.a.env]\r\nL = '2'\r\n"),
        ),
        (
            "codex.toml",
            toml("[mcp_servers.a.env]\nL = '2'\nK = '1' # c"),
            toml("[mcp_servers.a.env]\nL = '2'\n # c"),
        ),
        (
            "codex.toml",
            toml("env.L = '2'\nenv.K = '''\n1'''\n"),
            toml("env.L = '2'\n"),
        ),
    ];
    let remove = [Edit::Remove(Place::Variable("K".to_owned()))];
    for (name, before, after) in cases {
        assert_eq!(changed(file(name), &before, &remove), Ok(after));
    }
    let arguments = r#"{"servers": {"a": {"command": "x", "args": ["1", "2", "3"]}}}"#;
    let after = r#"{"servers": {"a": {"command": "x", "args": ["1", "3"]}}}"#;
    let remove = [Edit::Remove(Place::Argument(1))];
    assert_eq!(
        changed(file("vscode.jsonc"), arguments, &remove).as_deref(),
        Ok(after)
    );
}

#[test]
fn what_cannot_be_changed_safely_is_refused() {
    let place = || Place::Variable("K".to_owned());
    let set = || Edit::SetText(place(), reference("a"));
    let wrap = || {
        Edit::WrapCommand(Wrap {
            words: words(),
            program: None,
        })
    };
    let json = |entry: &str| format!(r#"{{"mcpServers": {{"a": {entry}}}}}"#);
    let with = |error: EditError| move |seen: &EditError| *seen == error;
    let command = |seen: &EditError| matches!(seen, EditError::Command(_));
    type Is = Box<dyn Fn(&EditError) -> bool>;
    let cases: [(&str, String, Edit, Is); 13] = [
        (
            "kiro.json",
            json(r#"{"command": "x", "env": {"K": "1", "K": "2"}}"#),
            set(),
            Box::new(with(EditError::Repeated)),
        ),
        (
            "kiro.json",
            json(r#"{"command": "x", "env": {"K": "1"}, "env": {}}"#),
            set(),
            Box::new(with(EditError::Repeated)),
        ),
        (
            "kiro.json",
            json(r#"{"env": {"K": "1"}, "command": "x"}, "a": {"command": "y"}"#),
            set(),
            Box::new(with(EditError::Repeated)),
        ),
        (
            "kiro.json",
            format!(
                r#"{}, "mcpServers": {{}}}}"#,
                json(r#"{"env": {"K": "1"}}"#)
                    .trim_end_matches('}')
                    .to_owned()
                    + "}}}"
            ),
            set(),
            Box::new(with(EditError::Repeated)),
        ),
        (
            "kiro.json",
            json(r#"{"command": "x", "command": "y"}"#),
            wrap(),
            Box::new(with(EditError::Repeated)),
        ),
        (
            "kiro.json",
            json(r#"{"command": "x", "args": [], "args": []}"#),
            wrap(),
            Box::new(with(EditError::Repeated)),
        ),
        (
            "kiro.json",
            json(r#"{"command": "x", "transport": {"command": "y"}}"#),
            wrap(),
            Box::new(with(EditError::Repeated)),
        ),
        (
            "kiro.json",
            json(r#"{"command": "x", "args": "1 2"}"#),
            wrap(),
            Box::new(command),
        ),
        (
            "kiro.json",
            json(r#"{"command": "x", "args": null}"#),
            wrap(),
            Box::new(command),
        ),
        (
            "kiro.json",
            json(r#"{"command": 12}"#),
            wrap(),
            Box::new(command),
        ),
        (
            "kiro.json",
            json(r#"{"url": "https://a.example"}"#),
            wrap(),
            Box::new(with(EditError::Absent)),
        ),
        (
            "opencode.jsonc",
            r#"{"mcp": {"a": {"command": "x"}}}"#.to_owned(),
            wrap(),
            Box::new(command),
        ),
        (
            "kiro.json",
            json(r#"{"command": "x"}"#),
            set(),
            Box::new(with(EditError::Absent)),
        ),
    ];
    for (name, text, edit, is) in cases {
        let refusal = changed(file(name), &text, &[edit]).expect_err(&text);
        assert!(is(&refusal), "{text}: {refusal:?}");
    }
    let text = json(r#"{"command": "x", "env": {"K": "1", "L": "2"}}"#);
    let twice = [set(), Edit::Remove(place())];
    assert_eq!(
        changed(file("kiro.json"), &text, &twice),
        Err(EditError::Overlap)
    );
    let both = [
        Edit::Remove(place()),
        Edit::Remove(Place::Variable("L".to_owned())),
    ];
    assert_eq!(
        changed(file("kiro.json"), &text, &both),
        Err(EditError::Overlap)
    );
    let program = [wrap(), Edit::SetText(Place::Command, reference("a"))];
    assert_eq!(
        changed(file("kiro.json"), &text, &program),
        Err(EditError::Overlap)
    );
}

#[test]
fn the_spelling_of_a_token_is_told_where_one_word_tells_it() {
    let spelled = |format, token: &str, text: &str| {
        let style = Style::of(format, token, text)?;
        assert_eq!(style.write(text).as_deref(), Some(token));
        Some(style)
    };
    let json = |ascii, slashes| Some(Style::Json { ascii, slashes });
    assert_eq!(spelled(Format::Json, r#""a/é""#, "a/é"), json(false, false));
    assert_eq!(
        spelled(Format::Json, r#""a/\u00e9""#, "a/é"),
        json(true, false)
    );
    assert_eq!(spelled(Format::Json, r#""a\/é""#, "a/é"), json(false, true));
    assert_eq!(spelled(Format::Json, r#""\u0061""#, "a"), None);
    assert_eq!(spelled(Format::Json, r#""\u00E9""#, "é"), None);
    assert_eq!(spelled(Format::Json, "12", "12"), Some(Style::Bare));
    assert_eq!(spelled(Format::Toml, "'a'", "a"), Some(Style::TomlLiteral));
    assert_eq!(spelled(Format::Toml, "\"a\"", "a"), Some(Style::TomlBasic));
    assert_eq!(spelled(Format::Toml, "'''a'''", "a"), None);
}
