//! What is read from the files of clients, and what is refused.

use super::*;
use crate::clients::Place;
use crate::clients::tests::{VECTORS, canary, file_of, parsed, places, vector, word};

/// The text that the bytes at a span stand for, by a parser of its own.
fn decoded(format: Format, raw: &str) -> String {
    match format {
        Format::Json | Format::Jsonc => match serde_json::from_str(raw).expect("a value") {
            serde_json::Value::String(text) => text,
            other @ (serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_)) => other.to_string(),
        },
        Format::Toml => {
            let line = format!("x = {raw}").parse::<toml_edit::DocumentMut>();
            let line = line.expect("a value");
            let text = line["x"].as_str().map(ToOwned::to_owned);
            text.unwrap_or_else(|| raw.to_owned())
        }
        Format::Yaml => raw.to_owned(),
    }
}

#[test]
fn every_text_of_every_clients_file_is_found_at_its_bytes() {
    for (name, client, number) in VECTORS {
        let text = vector(name);
        let (_, file) = file_of(client, number);
        let document = parsed(&text, file);
        let found = document.entries(file);
        assert!(found.len() >= 4, "{name}: {} servers", found.len());
        for one in &found {
            assert_eq!(one.spans.len(), one.entry.items.len(), "{name}");
            assert_eq!(one.paths.len(), one.entry.items.len(), "{name}");
            for (item, span) in one.entry.items.iter().zip(&one.spans) {
                let raw = &text[span.clone()];
                let expected = item.text.text();
                if file.format == Format::Yaml {
                    let end = expected.rsplit(['\n', ' ']).next().unwrap_or_default();
                    assert!(raw.contains(end) || raw.contains("\\u"), "{name}: {raw}");
                } else {
                    assert_eq!(decoded(file.format, raw), expected, "{name}: {raw}");
                }
            }
        }
        for number in 1..10 {
            let value = canary(name, number);
            let there = text.matches(&value).count();
            assert_eq!(places(&found, &value).len(), there, "{name}: {value}");
        }
    }
}

#[test]
fn each_text_is_found_in_its_place() {
    let expected = [
        (
            "kiro.json",
            1,
            "github",
            "variable GITHUB_PERSONAL_ACCESS_TOKEN",
        ),
        ("kiro.json", 2, "search", "argument 1"),
        ("kiro.json", 3, "wiki", "header Authorization"),
        ("kiro.json", 4, "wiki", "oauth.clientSecret"),
        ("kiro.json", 5, "power-postgres", "argument 4"),
        ("kiro-agent.json", 2, "slack", "variable SLACK_BOT_TOKEN"),
        ("claude-desktop.json", 3, "remote", "argument 3"),
        ("claude-code.json", 2, "notion", "header Authorization"),
        ("claude-code.json", 4, "db", "variable DATABASE_URI"),
        ("claude-project.json", 3, "logs", "url"),
        ("cursor.json", 4, "quoted", "variable KEY"),
        ("vscode.jsonc", 1, "jira", "argument 4"),
        ("vscode-settings.jsonc", 2, "two", "argument 1"),
        ("windsurf.json", 2, "remote", "url"),
        ("zed.jsonc", 2, "older", "argument 2"),
        ("zed.jsonc", 3, "older", "variable OLDER_TOKEN"),
        ("zed.jsonc", 4, "extension", "settings.api_key"),
        (
            "codex.toml",
            1,
            "github",
            "variable GITHUB_PERSONAL_ACCESS_TOKEN",
        ),
        ("codex.toml", 2, "search", "argument 2"),
        ("codex.toml", 3, "search", "variable SEARCH_SECRET"),
        ("codex.toml", 4, "remote", "header X-Key"),
        ("codex.toml", 5, "with space", "variable MULTI"),
        ("codex-dotted.toml", 1, "one", "variable ONE_TOKEN"),
        ("codex-dotted.toml", 2, "two", "argument 1"),
        ("gemini.jsonc", 2, "mail", "header Authorization"),
        (
            "opencode.jsonc",
            1,
            "github",
            "variable GITHUB_PERSONAL_ACCESS_TOKEN",
        ),
        ("opencode.jsonc", 2, "args", "argument 0"),
        (
            "goose.yaml",
            1,
            "github",
            "variable GITHUB_PERSONAL_ACCESS_TOKEN",
        ),
        ("goose.yaml", 2, "search", "argument 2"),
        ("goose.yaml", 4, "remote", "header Authorization"),
        ("continue.yaml", 1, "Search", "variable SEARCH_KEY"),
        ("continue.yaml", 2, "Remote", "header Authorization"),
        ("continue.yaml", 3, "Key", "apiKey"),
        ("cline.json", 2, "nested", "argument 2"),
        ("cline.json", 3, "nested", "variable NESTED_KEY"),
        ("amazon-q.json", 3, "off", "argument 0"),
    ];
    for (name, number, server, place) in expected {
        let (_, client, file) = VECTORS.iter().find(|one| one.0 == name).expect("listed");
        let (_, file) = file_of(client, *file);
        let found = parsed(&vector(name), file).entries(file);
        let there = places(&found, &canary(name, number));
        assert_eq!(there, [(server.to_owned(), place.to_owned())], "{name}");
    }
}

#[test]
fn servers_that_are_switched_off_are_told() {
    let off = [
        ("kiro.json", "wiki"),
        ("codex.toml", "remote"),
        ("opencode.jsonc", "remote"),
        ("zed.jsonc", "extension"),
        ("goose.yaml", "search"),
        ("cline.json", "nested"),
        ("windsurf.json", "off"),
    ];
    for (name, server) in off {
        let (_, client, file) = VECTORS.iter().find(|one| one.0 == name).expect("listed");
        let (_, file) = file_of(client, *file);
        for found in parsed(&vector(name), file).entries(file) {
            let expected = found.entry.server == server;
            assert_eq!(
                found.entry.is_disabled, expected,
                "{name}: {}",
                found.entry.server
            );
        }
    }
}

#[test]
fn where_the_servers_stand_is_told() {
    let (_, file) = file_of("claude-code", 0);
    let found = parsed(&vector("claude-code.json"), file).entries(file);
    let under: Vec<_> = found.iter().map(|one| one.under.join("|")).collect();
    let project = "projects|/home/me/src/shop|mcpServers";
    assert_eq!(under, ["mcpServers", "mcpServers", project, project]);
}

#[test]
fn what_a_later_key_hides_is_found_too() {
    let text = r#"{"mcpServers": {"a": {"command": "x", "env": {"K": "1", "K": "2"}}},
        "mcpServers": {"a": {"command": "y"}, "a": {"command": "z"}}}"#;
    let (_, file) = file_of("kiro", 0);
    let found = parsed(text, file).entries(file);
    let commands: Vec<_> = found
        .iter()
        .map(|one| {
            (
                one.entry.get(&Place::Command).expect("there"),
                one.is_shadowed,
            )
        })
        .collect();
    assert_eq!(commands, [("x", true), ("y", true), ("z", false)]);
    let values: Vec<_> = found[0].entry.items[1..]
        .iter()
        .map(|item| item.text.text())
        .collect();
    assert_eq!(values, ["1", "2"]);
    assert_eq!(found[0].entry.get(&Place::Variable("K".into())), Some("2"));
}

#[test]
fn program_and_arguments_are_in_order_however_they_are_spelled() {
    let commands = |name: &str, client: &str, server: &str| {
        let (_, file) = file_of(client, 0);
        let found = parsed(&vector(name), file).entries(file);
        let one = found
            .iter()
            .find(|one| one.entry.server == server)
            .expect("there");
        let (program, arguments) = one.entry.command().expect("a program");
        format!("{program} {}", arguments.join(" "))
    };
    let github = "npx -y @modelcontextprotocol/server-github";
    assert_eq!(commands("opencode.jsonc", "opencode", "github"), github);
    assert_eq!(commands("goose.yaml", "goose", "github"), github);
    assert_eq!(commands("codex.toml", "codex", "github"), github);
    assert_eq!(commands("codex.toml", "codex", "with space"), "tool ");
    assert_eq!(
        commands("cursor.json", "cursor", "quoted"),
        "printf a \"b\" \\ / é"
    );
}

#[test]
fn numbers_count_as_texts_where_a_server_gets_them() {
    let text = r#"{"mcpServers": {"a": {"command": "x", "args": [1, null, true], "env": {"PIN": 1234}, "timeout": 5}}}"#;
    let (_, file) = file_of("kiro", 0);
    let found = parsed(text, file).entries(file);
    let items: Vec<_> = found[0]
        .entry
        .items
        .iter()
        .map(|item| format!("{}={}", word(&item.place), item.text.text()))
        .collect();
    assert_eq!(
        items,
        [
            "command=x",
            "argument 0=1",
            "argument 2=true",
            "variable PIN=1234"
        ]
    );
}

#[test]
fn the_mark_of_an_editor_moves_every_span_by_its_bytes() {
    for (name, client, number) in VECTORS {
        let (_, file) = file_of(client, number);
        let plain = vector(name);
        let plain = plain.trim_start_matches(BYTE_ORDER_MARK);
        let marked = format!("{BYTE_ORDER_MARK}{plain}");
        let spans = |text: &str| -> Vec<_> {
            let found = parsed(text, file).entries(file);
            found.into_iter().flat_map(|one| one.spans).collect()
        };
        let moved: Vec<_> = spans(plain)
            .into_iter()
            .map(|span| span.start + 3..span.end + 3)
            .collect();
        assert_eq!(spans(&marked), moved, "{name}");
        assert!(!moved.is_empty());
    }
}

#[test]
fn yaml_is_found_at_its_bytes_behind_other_letters_and_line_ends() {
    let (_, file) = file_of("goose", 0);
    let text =
        "# grün 漢字 🦀\r\nextensions:\r\n  a:\r\n    cmd: \"é\"\r\n    envs: {K: plain}\r\n";
    let found = parsed(text, file).entries(file);
    let raw: Vec<_> = found[0]
        .spans
        .iter()
        .map(|span| &text[span.clone()])
        .collect();
    assert_eq!(raw, ["\"é\"", "plain"]);
}

/// The message for a text that is refused.
fn refusal(format: Format, text: &str) -> String {
    Document::parse(format, text)
        .expect_err("refused")
        .to_string()
}

#[test]
fn a_problem_is_told_by_line_and_column_and_repeats_nothing() {
    let cases = [
        (Format::Json, "{\n  \"a\": sk-secret }", "line 2, column 8"),
        (
            Format::Json,
            "{\n  \"a\": \"\\u12G4sk-secret\" }",
            "line 2, column 9",
        ),
        (Format::Json, "{\"é\": 'sk-secret'}", "line 1, column 7"),
        (Format::Jsonc, "{\"a\": \"sk-secret}", "line 1, column 7"),
        (
            Format::Jsonc,
            "{\"a\": \"sk-\nsecret\"}",
            "line 1, column 11",
        ),
        (
            Format::Json,
            "{\"a\": 1} {\"sk-secret\": 2}",
            "line 1, column 10",
        ),
        (Format::Toml, "a = 1\nb = sk-secret", "line 2, column 5"),
        (Format::Toml, "a = 1\na = \"sk-secret\"", "line 2, column 1"),
        (Format::Yaml, "a: 1\nb: \"sk-secret", "line 2"),
        (Format::Yaml, "a: [sk-secret\nb: {", "line"),
    ];
    for (format, text, place) in cases {
        let message = refusal(format, text);
        assert!(message.contains(place), "{text:?}: {message}");
        assert!(!message.contains("secret"), "{message}");
        let at = format!("{BYTE_ORDER_MARK}{text}");
        assert_eq!(refusal(format, &at), message);
    }
}

#[test]
fn nothing_and_only_comments_are_documents_without_servers() {
    let (_, json) = file_of("vscode", 0);
    let (_, toml) = file_of("codex", 0);
    let (_, yaml) = file_of("goose", 0);
    for (file, texts) in [
        (json, ["", " \n", "// nothing\n/* here */"]),
        (toml, ["", " \n", "# nothing"]),
        (yaml, ["", " \n", "# nothing"]),
    ] {
        for text in texts {
            assert!(parsed(text, file).entries(file).is_empty(), "{text:?}");
        }
    }
}

#[test]
fn what_stands_in_the_place_of_servers_and_is_none_is_passed_over() {
    let (_, file) = file_of("kiro", 0);
    for servers in [
        "null",
        "[]",
        "\"text\"",
        "{\"a\": null, \"b\": [], \"c\": \"text\"}",
        "3",
    ] {
        let text = format!("{{\"mcpServers\": {servers}}}");
        assert!(parsed(&text, file).entries(file).is_empty(), "{text}");
    }
}

/// A text that nests `depth` deep, the outermost value counted.
fn nested(format: Format, kind: usize, depth: usize) -> String {
    let (open, close) = match (format, kind) {
        (Format::Json | Format::Jsonc, 0) | (Format::Yaml, 2) => ("[", "]"),
        (Format::Json | Format::Jsonc, _) => ("{\"a\":", "}"),
        (Format::Yaml, 0) => ("- ", ""),
        (Format::Yaml, _) => ("{a: ", "}"),
        (Format::Toml, 0) => ("[", "]"),
        (Format::Toml, _) => ("{a=", "}"),
    };
    let begin = if format == Format::Toml { "a = " } else { "" };
    format!("{begin}{}1{}\n", open.repeat(depth), close.repeat(depth))
}

#[test]
fn a_text_is_read_to_its_greatest_depth_and_no_deeper() {
    for (format, kinds) in [(Format::Json, 2), (Format::Toml, 2), (Format::Yaml, 3)] {
        // The parser of TOML stops earlier.
        let most = if format == Format::Toml {
            70
        } else {
            MOST_DEPTH - 1
        };
        for kind in 0..kinds {
            let read = Document::parse(format, &nested(format, kind, most));
            assert!(read.is_ok(), "{format:?} {kind}: {read:?}");
            for depth in [MOST_DEPTH + 1, 100_000] {
                let message = refusal(format, &nested(format, kind, depth));
                assert!(
                    message.contains("too deeply"),
                    "{format:?} {kind}: {message}"
                );
            }
        }
    }
}

#[test]
fn brackets_in_texts_and_comments_are_no_nesting() {
    let many = "[{".repeat(500);
    for (format, text) in [
        (
            Format::Json,
            format!("{{\"a\": \"\\\"{many}\" /* {many} */ // {many}\n}}"),
        ),
        (
            Format::Toml,
            format!(
                "a = \"\\\"{many}\" # {many}\nb = '{many}\\'\nc = '''\n{many}'''\nd = \"\"\"\\\"{many}\"\"\"\n"
            ),
        ),
        (
            Format::Yaml,
            format!("a: \"{many}\" # {many}\nb: '{many}'\n"),
        ),
    ] {
        let read = Document::parse(format, &text);
        assert!(read.is_ok(), "{read:?}");
    }
    // A quote that is not closed hides nothing behind its line.
    let text = format!("a = \"\n{}", "[".repeat(100_000));
    assert!(refusal(Format::Toml, &text).contains("too deeply"));
}

#[test]
fn aliases_that_stand_for_more_than_there_is_room_for_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for number in 1..30 {
        let before = format!("*a{}", number - 1);
        let all = vec![before; 10].join(", ");
        text.push_str(&format!("a{number}: &a{number} [{all}]\n"));
    }
    assert!(refusal(Format::Yaml, &text).contains("too many values"));
    let mut chain = "a0: &a0 [x]\n".to_owned();
    for number in 1..100_000 {
        chain.push_str(&format!("a{number}: &a{number} [*a{}]\n", number - 1));
    }
    assert!(refusal(Format::Yaml, &chain).contains("too deeply"));
    assert!(refusal(Format::Yaml, "a: &a [*a]").contains("alias"));
    assert!(refusal(Format::Yaml, "a: 1\n---\nb: 2\n").contains("more than one document"));
}

#[test]
fn ten_megabytes_of_anything_are_read_or_refused_in_no_long_time() {
    let size = 10 << 20;
    let fill = |part: &str| part.repeat(size / part.len());
    let texts = [
        (Format::Json, format!("[{}0]", fill("0,"))),
        (Format::Json, format!("{{\"a\": \"{}\"}}", fill("\\u00e9"))),
        (Format::Json, fill("[")),
        (Format::Json, fill("/* ")),
        (Format::Json, format!("{{{}", fill("\"a\":1,"))),
        (Format::Toml, format!("a = [{}]", fill("0,"))),
        (Format::Toml, fill("[a]\n")),
        (Format::Toml, fill("a.")),
        (Format::Toml, fill("a = '''")),
        (Format::Yaml, format!("[{}]", fill("0,"))),
        (Format::Yaml, fill("- ")),
        (Format::Yaml, fill("? ")),
        (Format::Yaml, fill("a\n")),
        (Format::Yaml, fill("&a ")),
        (Format::Yaml, fill("*a ")),
        (Format::Yaml, fill("a: b\n")),
        (Format::Yaml, fill("{a: ")),
        (Format::Yaml, fill("\"")),
        (Format::Yaml, format!("a: |\n{}", fill(" \n"))),
        (Format::Yaml, fill("!a ")),
        (Format::Yaml, fill("# a\n")),
        (Format::Yaml, fill("---\n")),
        (Format::Yaml, fill("a: - b\n")),
    ];
    for (format, text) in texts {
        let started = std::time::Instant::now();
        let read = Document::parse(format, &text);
        let took = started.elapsed();
        // A tenth of that when built for use; what this is to find takes hours.
        assert!(
            took.as_secs() < 20,
            "{format:?} {:?} {took:?}",
            text.get(..9)
        );
        drop(read);
    }
}
