//! `broker scan`: what it finds in the files of clients, and what it says of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use broker::clients::table::{Scope, Surroundings, client, target};
use broker::paths::Os;
use serde_json::Value;

use super::repository::Repository;
use crate::support::home::{Answer, Home};

/// The files in `tests/vectors/clients`, whose each is, and for whom.
const VECTORS: [(&str, &str, Scope); 22] = [
    ("amazon-q.json", "amazon-q", Scope::User),
    ("claude-code.json", "claude-code", Scope::User),
    ("claude-desktop.json", "claude-desktop", Scope::User),
    ("claude-project.json", "claude-code", Scope::Project),
    ("cline.json", "cline", Scope::User),
    ("codex-dotted.toml", "codex", Scope::User),
    ("codex.toml", "codex", Scope::User),
    ("continue.yaml", "continue", Scope::User),
    ("cursor.json", "cursor", Scope::User),
    ("gemini.jsonc", "gemini", Scope::User),
    ("goose.yaml", "goose", Scope::User),
    ("junie.json", "junie", Scope::User),
    ("kilo.json", "kilo", Scope::User),
    ("kiro-agent.json", "kiro", Scope::Agent),
    ("kiro.json", "kiro", Scope::User),
    ("lm-studio.json", "lm-studio", Scope::User),
    ("opencode.jsonc", "opencode", Scope::User),
    ("roo.json", "roo", Scope::User),
    ("vscode-settings.jsonc", "vscode", Scope::User),
    ("vscode.jsonc", "vscode", Scope::User),
    ("windsurf.json", "windsurf", Scope::User),
    ("zed.jsonc", "zed", Scope::User),
];

/// What no answer may hold.
const CANARY: &str = "canary-scan-4kQ9";

/// The value that stands for a placeholder of a vector.
fn canary(number: usize) -> String {
    format!("{CANARY}x7Rk2Xv{number}b")
}

/// Writes a file that is not held against broker.
fn write(home: &Home, below: &str, bytes: impl AsRef<[u8]>) {
    crate::support::put(&home.path(below), bytes, 0o600);
    home.input(below);
}

fn around(home: &Home) -> Surroundings {
    Surroundings {
        os: Os::Linux,
        home: home.path(""),
        variables: std::collections::BTreeMap::new(),
        project: Some(home.path("work")),
    }
}

/// Puts a vector where its client keeps it. Returns where that is, its text, and whose it is.
fn placed(home: &Home, name: &str, id: &str, scope: Scope) -> (PathBuf, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/clients");
    let mut text = std::fs::read_to_string(folder.join(name)).expect("a vector");
    for number in 1..10 {
        text = text.replace(&format!("{{{{canary-{number}}}}}"), &canary(number));
    }
    assert!(!text.contains("{{canary"), "{name}");
    let agent = matches!(scope, Scope::Agent).then_some("reviewer");
    let client = client(id).expect("a client");
    let path = match (name, target(client, scope, agent, &around(home))) {
        // Beside the file that holds servers alone.
        ("vscode-settings.jsonc", Some((_, path))) => path.with_file_name("settings.json"),
        (_, Some((_, path))) => path,
        // In the folder of whatever editor it is an extension of.
        (_, None) => client.files[0].rules[0]
            .below
            .split('/')
            .fold(home.path(".config"), |path, part| {
                path.join(part.replace('*', "Code"))
            }),
    };
    let below = path.strip_prefix(home.path("")).expect("at home");
    write(home, below.to_str().expect("text"), &text);
    (path, text)
}

/// Looks that nothing of a value is in an answer.
#[track_caller]
fn shows_nothing(answer: &Answer) {
    for text in [&answer.stdout, &answer.stderr] {
        assert!(!text.contains("canary"), "{text}");
        assert!(!text.contains("7Rk2Xv"), "{text}");
    }
}

/// Runs a scan as JSON.
#[track_caller]
fn rows(home: &Home, words: &[&str], code: i32) -> Vec<Value> {
    let run = home.broker(["--json", "scan"].iter().chain(words));
    let answer = run.folder(home.path("work")).run().code(code);
    shows_nothing(&answer);
    answer.json().as_array().expect("a list").clone()
}

/// The rows that are of this kind.
fn of<'a>(rows: &'a [Value], kind: &str) -> Vec<&'a Value> {
    rows.iter().filter(|row| row["kind"] == kind).collect()
}

fn home() -> Home {
    let home = Home::empty();
    std::fs::create_dir(home.path("work")).expect("a folder");
    home
}

/// What a file is: its bytes, and when they were written.
fn state(path: &Path) -> (Vec<u8>, std::time::SystemTime) {
    let at = std::fs::metadata(path).expect("there").modified();
    (std::fs::read(path).expect("read"), at.expect("a time"))
}

#[test]
fn every_secret_of_every_clients_file_is_told_by_its_line_and_never_shown() {
    for (name, id, scope) in VECTORS {
        let home = home();
        let (path, text) = placed(&home, name, id, scope);
        let before = state(&path);
        let rows = rows(&home, &["-v"], 3);
        let told: BTreeSet<u64> = rows
            .iter()
            .filter(|row| row["confidence"].is_string())
            .map(|row| row["line"].as_u64().expect("a line"))
            .collect();
        let lines = (1_u64..).zip(text.lines());
        let held = lines.filter(|(_, line)| line.contains(CANARY));
        let left: Vec<u64> = held
            .map(|(number, _)| number)
            // A text that goes over several lines is told by its first.
            .filter(|number| (0..3).all(|up| !told.contains(&number.saturating_sub(up))))
            .collect();
        assert_eq!(left, [0; 0], "{name}: {rows:#?}");
        let told = rows.iter().filter(|row| row["confidence"].is_string());
        assert_eq!(
            told.count(),
            text.matches(CANARY).count(),
            "{name}: {rows:#?}"
        );
        for row in &rows {
            assert_eq!(row["client"], id, "{name}");
            assert_eq!(row["file"], path.to_str().expect("text"), "{name}");
        }
        let plain = home.broker(["scan", "-v"]).folder(home.path("work"));
        shows_nothing(&plain.run().code(3));
        assert_eq!(state(&path), before, "{name}");
    }
}

#[test]
fn a_row_has_exactly_the_fields_of_the_contract_and_the_line() {
    let home = home();
    let (path, _) = placed(&home, "claude-desktop.json", "claude-desktop", Scope::User);
    let rows = rows(&home, &[], 3);
    let wanted = [
        "client",
        "confidence",
        "file",
        "kind",
        "line",
        "message",
        "place",
        "server",
    ];
    for row in &rows {
        let mut fields: Vec<&str> = row
            .as_object()
            .expect("a map")
            .keys()
            .map(String::as_str)
            .collect();
        fields.sort_unstable();
        assert_eq!(fields, wanted);
    }
    assert_eq!(rows[0]["file"], path.to_str().expect("text"));
}

#[test]
fn what_refers_to_a_value_elsewhere_is_no_finding() {
    let home = home();
    write(
        &home,
        "work/.vscode/mcp.json",
        r#"{"inputs": [{"id": "t", "type": "promptString", "password": true}],
            "servers": {"a": {"command": "a", "env": {"A_TOKEN": "${input:t}", "B_TOKEN": "${env:B}", "C_TOKEN": "broker://c"}},
            "w": {"command": "broker", "args": ["exec", "w", "--pass", "GITHUB_TOKEN", "--pass-any", "DB_PASSWORD", "--", "w-mcp"],
                  "env": {"T_TOKEN": "broker://work/t"}}}}"#,
    );
    assert_eq!(rows(&home, &[], 0), [Value::Null; 0]);
    let answer = home.broker(["scan"]).folder(home.path("work")).run().ok();
    assert_eq!(answer.stdout, "");
    assert_eq!(
        answer.stderr,
        "broker: no secret in plain text was found in 1 file\n"
    );
}

#[test]
fn what_is_no_secret_and_should_be_known_is_told_without_another_exit_code() {
    let home = home();
    write(
        &home,
        ".cursor/mcp.json",
        r#"{"mcpServers": {
            "a": {"command": "npx", "args": ["-y", "a-mcp"], "env": {"A": "${A_TOKEN}"}},
            "b": {"url": "http://b.example/mcp"},
            "c": {"command": "broker", "args": ["exec", "c", "--", "uvx", "c-mcp"], "envFile": "${somewhere}/.env"}}}"#,
    );
    let rows = rows(&home, &[], 0);
    let told: Vec<(&str, &str, u64)> = rows
        .iter()
        .map(|row| {
            assert_eq!(row["confidence"], Value::Null);
            let text = |field: &str| row[field].as_str().expect("a text");
            (
                text("kind"),
                text("place"),
                row["line"].as_u64().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("unpinned-package", "argument 2", 2),
            ("unresolved-reference", "variable A", 2),
            ("plain-http", "address", 3),
            ("unpinned-package", "argument 5", 4),
            ("variables-not-looked-at", "file of variables", 0),
        ]
    );
}

#[test]
fn a_wrapped_entry_is_looked_at_behind_the_dashes_and_a_disabled_one_too() {
    let home = home();
    let text = r#"{"mcpServers": {
        "w": {"command": "/opt/broker", "args": ["exec", "w", "--env", "A_TOKEN=V1", "--", "w-mcp", "--api-key", "V2"]},
        "d": {"command": "d", "env": {"D_TOKEN": "V3"}, "disabled": true},
        "t": {"command": "old", "env": {"T_TOKEN": "V4"}},
        "t": {"command": "new", "env": {"T_TOKEN": "broker://t"}}}}"#;
    let text = (1..5).fold(text.to_owned(), |text, number| {
        text.replace(&format!("V{number}"), &canary(number))
    });
    write(&home, ".kiro/settings/mcp.json", text);
    let rows = rows(&home, &[], 3);
    let told: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {} {}", row["server"], row["place"], row["line"]).replace('"', ""))
        .collect();
    let wanted = [
        "w argument 4 2",
        "w argument 8 2",
        "d variable D_TOKEN 3",
        "t variable T_TOKEN 4",
    ];
    assert_eq!(told, wanted, "{rows:#?}");
    let says = |at: usize, what: &str| rows[at]["message"].as_str().expect("a text").contains(what);
    assert!(
        says(2, "switched off") && says(3, "takes its place"),
        "{rows:#?}"
    );
}

#[test]
fn a_secret_in_the_place_of_a_name_is_not_shown() {
    let home = home();
    // Composed here, so that nobody's scanner takes it for a real one.
    let token = ["gh", "p_", "q7Rk2Xv9aQ4mZt8Lw3Npd5Hs6JcBf1Gy0VuE"].concat();
    let text = format!(
        r#"{{"mcpServers": {{"{token}": {{"command": "a", "env": {{"{token}": "{token}"}}}}}}}}"#
    );
    write(&home, ".cursor/mcp.json", text);
    let rows = rows(&home, &[], 3);
    assert_eq!(rows[0]["server"], "(not shown)");
    assert_eq!(rows[0]["place"], "variable (not shown)");
}

#[test]
fn a_name_cannot_write_to_the_terminal() {
    let home = home();
    let text = format!(
        r#"{{"mcpServers": {{"a\u001b[2J\nbroker: all is well": {{"command": "npx", "args": ["x"], "env": {{"A_TOKEN": "{}"}}}}}}}}"#,
        canary(1)
    );
    write(&home, ".cursor/mcp.json", text);
    let answer = home.broker(["scan"]).run().code(3);
    assert!(!answer.stdout.contains('\x1b'), "{:?}", answer.stdout);
    assert_eq!(answer.stdout.lines().count(), 3, "{}", answer.stdout);
}

#[test]
fn the_files_of_variables_that_an_entry_names_are_looked_through_once() {
    let home = home();
    write(
        &home,
        "work/.vscode/mcp.json",
        r#"{"servers": {
            "a": {"command": "a", "envFile": "${workspaceFolder}/.env"},
            "b": {"command": "docker", "args": ["run", "--env-file", ".env", "b@sha256:0"]},
            "c": {"command": "uv", "args": ["run", "--env-file=~/of.env", "c.py"]},
            "d": {"command": "d", "envFile": "nowhere.env"}}}"#,
    );
    write(
        &home,
        "work/.env",
        format!("# ours\nLEVEL=debug\nA_TOKEN={}\n", canary(1)),
    );
    // Not as `import` has it, but some reader takes it.
    write(
        &home,
        "of.env",
        format!("not a line\nexport B_TOKEN=\"{}\"\nX=$Y\n", canary(2)),
    );
    let rows = rows(&home, &[], 3);
    let told: Vec<(&str, &str, u64)> = rows
        .iter()
        .filter(|row| row["confidence"].is_string())
        .map(|row| {
            let file = Path::new(row["file"].as_str().expect("a file"));
            let name = file.file_name().and_then(|name| name.to_str());
            (
                name.expect("a name"),
                row["place"].as_str().expect("a place"),
                row["line"].as_u64().expect("a line"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (".env", "variable A_TOKEN", 3),
            ("of.env", "variable B_TOKEN", 2)
        ],
        "{rows:#?}"
    );
}

#[test]
fn a_file_with_secrets_that_others_can_read_is_told() {
    let home = home();
    let (path, text) = placed(&home, "cursor.json", "cursor", Scope::User);
    assert!(of(&rows(&home, &[], 3), "readable-by-others").is_empty());
    crate::support::put(&path, text, 0o644);
    let rows = rows(&home, &[], 3);
    let told = of(&rows, "readable-by-others");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["confidence"], Value::Null);
}

#[test]
fn a_secret_in_the_history_is_named_by_its_commit_when_the_file_has_it_no_more() {
    let repo = Repository::new();
    let file = ".cursor/mcp.json";
    let with = |value: &str| {
        format!(r#"{{"mcpServers": {{"a": {{"command": "a", "env": {{"A_TOKEN": "{value}"}}}}}}}}"#)
    };
    let first = repo.commit(file, with(&canary(1)));
    let _ = repo.commit(file, with("broker://a"));
    let env = repo.commit(".env", format!("B_TOKEN={}\n", canary(2)));
    repo.put(
        ".vscode/mcp.json",
        r#"{"servers": {"b": {"command": "b", "envFile": "${workspaceFolder}/.env"}}}"#,
    );
    let _ = repo.commit(".env", "B_TOKEN=broker://b\n");
    let home = home();
    let run = home
        .broker(["--json", "scan"])
        .arg(&repo.work)
        .env("HOME", repo.top());
    let answer = run.run().code(3);
    shows_nothing(&answer);
    let rows = answer.json();
    let told = of(rows.as_array().expect("a list"), "in-git-history");
    assert_eq!(told.len(), 2, "{rows:#?}");
    for (row, id, name) in [(told[0], &first, "mcp.json"), (told[1], &env, ".env")] {
        assert_eq!(row["confidence"], "high");
        assert!(
            row["file"].as_str().expect("a file").ends_with(name),
            "{row}"
        );
        assert!(
            row["message"].as_str().expect("a text").contains(&id[..7]),
            "{row}"
        );
    }
}

#[test]
fn a_path_is_looked_through_whoever_it_belongs_to() {
    let home = home();
    let text = format!(
        r#"{{"servers": {{"a": {{"command": "a", "env": {{"A_TOKEN": "{}"}}}}}}}}"#,
        canary(1)
    );
    write(&home, "work/some.json", &text);
    // Called like a file of Cursor, and spelled like one of VS Code.
    write(&home, "work/.cursor/mcp.json", &text);
    write(&home, "work/deep/.vscode/mcp.json", &text);
    write(&home, "work/notes.json", "{\"a\": 1}");
    write(&home, "work/notes.txt", "a");
    assert_eq!(rows(&home, &["some.json"], 3)[0]["client"], Value::Null);
    assert_eq!(rows(&home, &[".cursor/mcp.json"], 3).len(), 1);
    assert_eq!(rows(&home, &["deep"], 3)[0]["client"], "vscode");
    assert_eq!(rows(&home, &["deep/.vscode"], 3).len(), 1);
    assert_eq!(rows(&home, &[".", "deep", "some.json"], 3).len(), 3);
    for (path, code) in [
        ("notes.json", "client-file-unknown"),
        ("notes.txt", "client-file-unknown"),
        ("nowhere.json", "file-io"),
    ] {
        let run = home
            .broker(["--json", "scan", path])
            .folder(home.path("work"));
        assert_eq!(run.run().code(1).error_code(), code, "{path}");
    }
}

#[test]
fn only_the_clients_that_are_asked_for_are_looked_at() {
    let home = home();
    placed(&home, "cursor.json", "cursor", Scope::User);
    let (desktop, _) = placed(&home, "claude-desktop.json", "claude-desktop", Scope::User);
    let all = rows(&home, &[], 3);
    let cursor = rows(&home, &["--client", "cursor"], 3);
    assert!(cursor.iter().all(|row| row["client"] == "cursor"));
    assert!(cursor.len() < all.len());
    let both = ["--client", "cursor", "--client=claude-desktop"];
    assert_eq!(rows(&home, &both, 3).len(), all.len());
    assert!(rows(&home, &["--client", "zed"], 0).is_empty());
    // A file that is named is never passed over in silence.
    let other = home
        .broker(["--json", "scan", "--client", "zed"])
        .arg(desktop);
    assert_eq!(other.run().code(1).error_code(), "client-file-unknown");
    let near = home.broker(["scan", "--client", "curser"]).run().code(2);
    assert!(
        near.stderr.contains("did you mean cursor?"),
        "{}",
        near.stderr
    );
}

#[test]
fn without_any_file_there_is_nothing_to_say_and_no_home_is_made() {
    let home = home();
    let answer = home.broker(["scan"]).folder(home.path("work")).run().ok();
    assert_eq!(answer.stdout, "");
    assert_eq!(
        answer.stderr,
        "broker: no file of a client was looked through\n"
    );
    let left = std::fs::read_dir(home.path("")).expect("read").count();
    assert_eq!(left, 1, "only the folder of work");
}
