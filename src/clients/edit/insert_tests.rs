//! New entries, in each format and each client's spelling.

use super::tests::{file, reference};
use super::*;
use crate::clients::document::{BYTE_ORDER_MARK, Format};
use crate::clients::table::{CLIENTS, ClientFile};
use crate::clients::tests::{VECTORS, file_of, parsed, vector};

fn entry() -> NewEntry {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    NewEntry {
        command: "/opt/broker".to_owned(),
        arguments: texts(&["exec", "new", "--", "/bin/x", "it's \"1\""]),
        variables: vec![
            ("K".to_owned(), reference("a")),
            ("L".to_owned(), reference("b")),
        ],
    }
}

fn inserted(file: &ClientFile, text: &str, server: &str) -> Result<String, EditError> {
    let document = parsed(text, file);
    let edited = insert_entry(&document, file, server, &entry())?;
    says_the_entry(file, text, &edited.text, server, &entry());
    Ok(edited.text.to_string())
}

/// Makes sure that the new text has one entry more, that says what was asked for, and that all others say what they did.
pub(super) fn says_the_entry(
    file: &ClientFile,
    old: &str,
    new: &str,
    server: &str,
    expected: &NewEntry,
) {
    let (before, mut after) = (
        parsed(old, file).entries(file),
        parsed(new, file).entries(file),
    );
    let under: Vec<_> = file.servers[0]
        .iter()
        .map(|key| (*key).to_owned())
        .collect();
    let is_new = |one: &Found| one.entry.server == server && one.under == under;
    let at = after.iter().position(is_new).expect("there");
    let found = after.remove(at).entry;
    assert!(
        before
            .iter()
            .map(|one| &one.entry)
            .eq(after.iter().map(|one| &one.entry))
    );
    let (program, arguments) = found.command().expect("a program");
    assert_eq!(
        (program, arguments),
        (
            expected.command.as_str(),
            expected
                .arguments
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        )
    );
    for (name, text) in &expected.variables {
        assert_eq!(found.get(&Place::Variable(name.clone())), Some(text.text()));
    }
    // Nothing of the old text is gone but space between braces: bytes were added at one or two places.
    let mut rest = new.chars();
    let is_kept = |c: char| c.is_whitespace() || rest.by_ref().any(|other| other == c);
    assert!(old.chars().all(is_kept), "{new}");
}

#[test]
fn an_entry_is_made_in_the_spelling_of_its_client() {
    let common = "{\n  \"mcpServers\": {\n    \"new\": {\n      \"command\": \"/opt/broker\",\n      \"args\": [\"exec\", \"new\", \"--\", \"/bin/x\", \"it's \\\"1\\\"\"],\n      \"env\": {\n        \"K\": \"broker://a\",\n        \"L\": \"broker://b\"\n      }\n    }\n  }\n}\n".to_owned();
    let typed = common.replace("\"command\"", "\"type\": \"stdio\",\n      \"command\"");
    let cases = [
        ("kiro.json", common.clone()),
        ("kiro-agent.json", common.clone()),
        ("claude-desktop.json", common.clone()),
        ("claude-code.json", typed.clone()),
        ("vscode.jsonc", typed.replace("mcpServers", "servers")),
        ("zed.jsonc", common.replace("mcpServers", "context_servers")),
        ("opencode.jsonc", "{\n  \"mcp\": {\n    \"new\": {\n      \"type\": \"local\",\n      \"command\": [\"/opt/broker\", \"exec\", \"new\", \"--\", \"/bin/x\", \"it's \\\"1\\\"\"],\n      \"environment\": {\n        \"K\": \"broker://a\",\n        \"L\": \"broker://b\"\n      }\n    }\n  }\n}\n".to_owned()),
        ("codex.toml", "[mcp_servers.new]\ncommand = \"/opt/broker\"\nargs = [\"exec\", \"new\", \"--\", \"/bin/x\", \"it's \\\"1\\\"\"]\n\n[mcp_servers.new.env]\nK = \"broker://a\"\nL = \"broker://b\"\n".to_owned()),
    ];
    for (name, whole) in cases {
        assert_eq!(
            inserted(file(name), "", "new").as_ref(),
            Ok(&whole),
            "{name}"
        );
        // The mark of some editors stays in front.
        let marked = inserted(file(name), BYTE_ORDER_MARK, "new");
        assert_eq!(marked, Ok(format!("{BYTE_ORDER_MARK}{whole}")));
    }
    for client in CLIENTS.iter() {
        for file in client.files {
            match inserted(file, "", "a b.\"c\"/é") {
                Ok(text) => assert!(text.contains("/opt/broker"), "{}", client.id),
                Err(why) => assert_eq!(
                    (why, file.format),
                    (EditError::Format, Format::Yaml),
                    "{}",
                    client.id
                ),
            }
        }
    }
}

#[test]
fn an_entry_is_put_behind_the_others_in_the_style_of_the_file() {
    let inner = |indent: &str, unit: &str, nl: &str, comma: &str| {
        format!(
            "\"new\": {{{nl}{indent}{unit}\"command\": \"/opt/broker\",{nl}{indent}{unit}\"args\": [\"exec\", \"new\", \"--\", \"/bin/x\", \"it's \\\"1\\\"\"],{nl}{indent}{unit}\"env\": {{{nl}{indent}{unit}{unit}\"K\": \"broker://a\",{nl}{indent}{unit}{unit}\"L\": \"broker://b\"{comma}{nl}{indent}{unit}}}{comma}{nl}{indent}}}"
        )
    };
    let compact = r#""new":{"command":"/opt/broker","args":["exec","new","--","/bin/x","it's \"1\""],"env":{"K":"broker://a","L":"broker://b"}}"#;
    let table = |nl: &str| {
        format!(
            "[mcp_servers.new]{nl}command = \"/opt/broker\"{nl}args = [\"exec\", \"new\", \"--\", \"/bin/x\", \"it's \\\"1\\\"\"]{nl}{nl}[mcp_servers.new.env]{nl}K = \"broker://a\"{nl}L = \"broker://b\"{nl}"
        )
    };
    let inline = r#"{ command = "/opt/broker", args = ["exec", "new", "--", "/bin/x", "it's \"1\""], env = { K = "broker://a", L = "broker://b" } }"#;
    let cases = [
        (
            "kiro.json",
            "{\"mcpServers\":{\"a\":{\"command\":\"x\"}}}".to_owned(),
            format!("{{\"mcpServers\":{{\"a\":{{\"command\":\"x\"}},{compact}}}}}"),
        ),
        (
            "kiro.json",
            "{\r\n\t\"mcpServers\": {\r\n\t\t\"a\": {}\r\n\t}\r\n}".to_owned(),
            format!(
                "{{\r\n\t\"mcpServers\": {{\r\n\t\t\"a\": {{}},\r\n\t\t{}\r\n\t}}\r\n}}",
                inner("\t\t", "\t", "\r\n", "")
            ),
        ),
        (
            "kiro.json",
            "{\n    \"mcpServers\": {},\n    \"other\": 1\n}\n".to_owned(),
            format!(
                "{{\n    \"mcpServers\": {{\n        {}\n    }},\n    \"other\": 1\n}}\n",
                inner("        ", "    ", "\n", "")
            ),
        ),
        (
            "lm-studio.json",
            "// mine\n{\n  // none yet\n  \"theme\": \"x\", // dark\n}\n".to_owned(),
            format!(
                "// mine\n{{\n  // none yet\n  \"theme\": \"x\", // dark\n  \"mcpServers\": {{\n    {},\n  }},\n}}\n",
                inner("    ", "  ", "\n", ",")
            ),
        ),
        (
            "lm-studio.json",
            "// nothing yet".to_owned(),
            format!(
                "// nothing yet\n{{\n  \"mcpServers\": {{\n    {}\n  }}\n}}\n",
                inner("    ", "  ", "\n", "")
            ),
        ),
        (
            "codex.toml",
            "# mine\r\nmodel = 'x'\r\n[mcp_servers.a]\r\ncommand = 'x'\r\n[tui]\r\nx = 1"
                .to_owned(),
            format!(
                "# mine\r\nmodel = 'x'\r\n[mcp_servers.a]\r\ncommand = 'x'\r\n[tui]\r\nx = 1\r\n\r\n{}",
                table("\r\n")
            ),
        ),
        (
            "codex.toml",
            "model = 'x'\n".to_owned(),
            format!("model = 'x'\n\n{}", table("\n")),
        ),
        (
            "codex.toml",
            "mcp_servers = { a = { command = 'x' } }\n".to_owned(),
            format!("mcp_servers = {{ a = {{ command = 'x' }}, new = {inline} }}\n"),
        ),
    ];
    for (name, before, after) in cases {
        assert_eq!(inserted(file(name), &before, "new"), Ok(after), "{before}");
    }
}

#[test]
fn every_clients_file_gets_an_entry_and_keeps_all_others() {
    for (name, client, number) in VECTORS {
        let (_, file) = file_of(client, number);
        let text = vector(name);
        match inserted(file, &text, "new") {
            Ok(_) => assert!(file.format.is_edited()),
            Err(why) => assert_eq!((why, file.format), (EditError::Format, Format::Yaml)),
        }
    }
}

#[test]
fn an_entry_is_not_put_where_one_of_its_name_is_or_no_place_for_it() {
    let refusal = |name: &str, text: &str| inserted(file(name), text, "new").expect_err(text);
    for text in [
        r#"{"mcpServers": {"new": {"command": "x"}}}"#,
        r#"{"mcpServers": {"new": null}}"#,
        r#"{"mcpServers": {"\u006eew": {}}}"#,
    ] {
        assert_eq!(refusal("kiro.json", text), EditError::Present);
    }
    for text in [
        "[mcp_servers.new]\ncommand = 'x'\n",
        "mcp_servers.\"new\".command = 'x'\n",
        "mcp_servers = { new = {} }\n",
    ] {
        assert_eq!(refusal("codex.toml", text), EditError::Present);
    }
    let twice = r#"{"mcpServers": {}, "mcpServers": {}}"#;
    assert_eq!(refusal("kiro.json", twice), EditError::Repeated);
    for text in [
        r#"{"mcpServers": null}"#,
        r#"{"mcpServers": []}"#,
        "[]",
        "1",
    ] {
        let refused = refusal("kiro.json", text);
        assert!(matches!(refused, EditError::Spelling(_)), "{refused:?}");
    }
}
