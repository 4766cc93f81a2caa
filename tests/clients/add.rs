//! `broker add`: an entry that works as its client starts it, in any client's file, and nothing where it is refused.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::home::{Answer, BROKER, Home, PATH};
use crate::support::pty::{Ended, On, Session};

const KEY: &str = "canary-add-key-5c1e";
/// A made-up token in the shape of those of GitLab.
const TOKEN: &str = "glpat-x7Qm2Kp9Rz4Lw8Ns3Tv6";

/// What a client starts: program, arguments, variables.
struct Entry {
    words: Vec<String>,
    variables: BTreeMap<String, String>,
}

fn unattended() -> Home {
    Home::new().secret("MCP_API_KEY", KEY)
}

fn add(home: &Home, words: &[&str]) -> Answer {
    home.broker(["add"].iter().chain(words)).run()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("readable")
}

fn put(home: &Home, name: &str, text: &str) -> PathBuf {
    let path = home.path(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, text).expect("written");
    path
}

/// Takes the comments of whole lines and the commas in front of closing braces away.
fn json(text: &str) -> Value {
    let lines = text.lines().map(|line| match line.find("//") {
        Some(at) if !line.contains("://") => &line[..at],
        _ => line,
    });
    let text: String = lines.collect();
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '}' | ']') && out.trim_end().ends_with(',') {
            out.truncate(out.trim_end().len() - 1);
        }
        out.push(c);
    }
    serde_json::from_str(&out).expect("JSON")
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().expect("a list").iter();
    all.map(|one| one.as_str().expect("a text").to_owned())
        .collect()
}

fn entry(file: &Value, under: &str, keys: [&str; 3]) -> Entry {
    let entry = &file[under]["shop"];
    let [command, args, env] = keys;
    let words = match &entry[command] {
        Value::String(program) => {
            let mut words = vec![program.clone()];
            words.extend(texts(&entry[args]));
            words
        }
        list => texts(list),
    };
    let variables = entry[env].as_object().expect("variables").iter();
    Entry {
        words,
        variables: variables
            .map(|(name, text)| (name.clone(), text.as_str().expect("a text").to_owned()))
            .collect(),
    }
}

/// Starts an entry as a client does: with what the SDKs hand down and the entry's own variables. `folder` has broker in it
/// where the entry does not say where it is.
fn started(home: &Home, entry: &Entry, folder: &Path) -> String {
    let path = format!("{}:{PATH}", home.path("bin").display());
    let output = Command::new(&entry.words[0])
        .args(&entry.words[1..])
        .env_clear()
        .envs(home.environment().iter().map(|(name, text)| (name, text)))
        .env("PATH", &path)
        .envs(&entry.variables)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_server_that_was_added_gets_its_secret_from_every_client() {
    let common = ["command", "args", "env"];
    for (client, file, under, keys) in [
        ("kiro", ".kiro/settings/mcp.json", "mcpServers", common),
        ("cursor", ".cursor/mcp.json", "mcpServers", common),
        ("vscode", ".config/Code/User/mcp.json", "servers", common),
        (
            "windsurf",
            ".codeium/windsurf/mcp_config.json",
            "mcpServers",
            common,
        ),
        (
            "zed",
            ".config/zed/settings.json",
            "context_servers",
            common,
        ),
        (
            "opencode",
            ".config/opencode/opencode.json",
            "mcp",
            ["command", "", "environment"],
        ),
        ("junie", ".junie/mcp/mcp.json", "mcpServers", common),
        ("amazon-q", ".aws/amazonq/mcp.json", "mcpServers", common),
        ("lm-studio", ".lmstudio/mcp.json", "mcpServers", common),
    ] {
        let home = unattended();
        let words = [
            "shop",
            "--client",
            client,
            "--env",
            "MCP_API_KEY",
            "--env",
            "REGION=eu",
        ];
        let answer = add(&home, &[&words[..], &["--", "printenv"]].concat()).ok();
        assert!(answer.stderr.contains("so that "), "{}", answer.stderr);
        let path = home.path(file);
        let mode = fs::metadata(&path).expect(client).permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let entry = entry(&json(&text(&path)), under, keys);
        assert_eq!(entry.words[0], BROKER, "{client}");
        assert!(entry.words.contains(&"/usr/bin/printenv".to_owned()));
        assert_eq!(entry.variables["MCP_API_KEY"], "broker://MCP_API_KEY");
        let seen = started(&home, &entry, &home.path(""));
        assert!(seen.contains(&format!("MCP_API_KEY={KEY}\n")), "{client}");
        assert!(seen.contains("REGION=eu\n"), "{client}");
    }
}

#[test]
fn codex_gets_a_table_and_keeps_the_rest_of_its_file() {
    let home = unattended();
    let before = "# mine\nmodel = \"x\"\n\n[mcp_servers.other] # the other\ncommand = 'y'\n";
    let path = put(&home, "c/config.toml", before);
    let run = home.broker([
        "add",
        "shop",
        "--client",
        "codex",
        "--env",
        "MCP_API_KEY",
        "--",
        "printenv",
    ]);
    let _ = run.env("CODEX_HOME", home.path("c")).run().ok();
    let after = text(&path);
    assert_eq!(
        after,
        format!(
            "{before}\n[mcp_servers.shop]\ncommand = \"{BROKER}\"\nargs = [\"exec\", \"shop\", \"--\", \"/usr/bin/printenv\"]\n\n[mcp_servers.shop.env]\nMCP_API_KEY = \"broker://MCP_API_KEY\"\n"
        )
    );
}

#[test]
fn a_file_with_comments_keeps_every_byte_and_its_mode() {
    let home = unattended();
    let before = "{\n\t// mine\n\t\"servers\": {\n\t\t\"a\": { \"type\": \"http\", \"url\": \"x\" }, // remote\n\t},\n}\n";
    let path = put(&home, ".config/Code/User/mcp.json", before);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("changed");
    let _ = add(
        &home,
        &[
            "shop",
            "--client",
            "vscode",
            "--env",
            "MCP_API_KEY",
            "--",
            "printenv",
        ],
    )
    .ok();
    let after = text(&path);
    let begin = after.find("\t\t\"shop\"").expect("there");
    let end = after.rfind("\t},\n}\n").expect("the end");
    assert_eq!(format!("{}{}", &after[..begin], &after[end..]), before);
    assert!(after.contains("\"type\": \"stdio\""));
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn a_projects_file_names_nothing_of_this_machine() {
    let home = unattended();
    let project = home.path("src/shop");
    fs::create_dir_all(project.join(".git")).expect("made");
    fs::create_dir_all(project.join("deep")).expect("made");
    let words = [
        "add",
        "shop",
        "--client",
        "cursor",
        "--scope",
        "workspace",
        "--env",
        "MCP_API_KEY",
        "--",
        "printenv",
    ];
    let _ = home.broker(words).folder(project.join("deep")).run().ok();
    let file = project.join(".cursor/mcp.json");
    let written = text(&file);
    assert!(!written.contains("/bin/") && !written.contains(&*home.path("").to_string_lossy()));
    let entry = entry(&json(&written), "mcpServers", ["command", "args", "env"]);
    assert_eq!(entry.words, ["broker", "exec", "shop", "--", "printenv"]);
    // As its client starts it: in the project, with broker in PATH.
    fs::create_dir(home.path("bin")).expect("made");
    std::os::unix::fs::symlink(BROKER, home.path("bin/broker")).expect("linked");
    let entry = Entry {
        words: [home.path("bin/broker").display().to_string()]
            .into_iter()
            .chain(entry.words.into_iter().skip(1))
            .collect(),
        ..entry
    };
    let seen = started(&home, &entry, &project);
    assert!(seen.contains(&format!("MCP_API_KEY={KEY}\n")));
    let answer = home.broker(words).run().code(2);
    assert!(answer.stderr.contains("no project"), "{}", answer.stderr);
}

#[test]
fn an_agent_keeps_what_broker_does_not_know_and_is_not_made_up() {
    let home = unattended();
    let before = "{\n  \"name\": \"reviewer\",\n  \"prompt\": \"p\",\n  \"future\": [1, {\"x\": null}],\n  \"tools\": [\"@git\"]\n}\n";
    let path = put(&home, ".kiro/agents/reviewer.json", before);
    let words = |agent| {
        [
            "shop",
            "--client",
            "kiro",
            "--scope",
            agent,
            "--env",
            "MCP_API_KEY",
            "--",
            "printenv",
        ]
    };
    let answer = add(&home, &words("agent:reviewer")).ok();
    assert!(
        answer.stderr.contains("add \"@shop\" to \"tools\""),
        "{}",
        answer.stderr
    );
    let (old, mut new) = (json(before), json(&text(&path)));
    let entry = entry(&new, "mcpServers", ["command", "args", "env"]);
    new.as_object_mut().expect("a map").remove("mcpServers");
    assert_eq!(old, new);
    let seen = started(&home, &entry, &home.path(""));
    assert!(seen.contains(KEY));
    let answer = home
        .broker(["--json", "add"].iter().chain(&words("agent:none")))
        .run()
        .code(1);
    assert_eq!(answer.error_code(), "agent-not-found");
    assert!(!home.path(".kiro/agents/none.json").exists());
}

#[test]
fn a_name_that_is_there_is_refused() {
    let home = unattended();
    let before = r#"{"mcpServers": {"shop": {"url": "https://shop.example"}}}"#;
    let path = put(&home, ".cursor/mcp.json", before);
    let words = [
        "--json",
        "add",
        "shop",
        "--client",
        "cursor",
        "--env",
        "MCP_API_KEY",
        "--",
        "printenv",
    ];
    let answer = home.broker(words).run().code(1);
    assert_eq!(answer.error_code(), "entry-exists");
    assert_eq!(text(&path), before);
    assert_eq!(grants(&home), 0);
}

fn grants(home: &Home) -> usize {
    let grants = home.broker(["--json", "grants"]).run().ok().json();
    grants.as_array().expect("a list").len()
}

fn names(home: &Home) -> Vec<String> {
    let list = home.broker(["--json", "list"]).run().ok().json();
    let all = list.as_array().expect("a list").iter();
    all.map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn a_secret_in_plain_text_is_refused_and_not_repeated() {
    let home = unattended();
    for words in [
        &["--env", "GITLAB_TOKEN=@", "--", "printenv"][..],
        &[
            "--env",
            "MCP_API_KEY",
            "--env",
            "URL=postgres://u:@@db.example/x",
            "--",
            "printenv",
        ],
        &["--env", "MCP_API_KEY", "--", "printenv", "--api-key", "@"],
        &["--env", "MCP_API_KEY", "--", "printenv", "--token=@"],
    ] {
        let words = words.iter().map(|word| word.replacen('@', TOKEN, 1));
        let begin = ["--json", "add", "shop", "--client", "cursor"].map(str::to_owned);
        let answer = home.broker(begin.into_iter().chain(words)).run().code(1);
        assert_eq!(answer.error_code(), "secret-in-plain-text");
        assert!(!answer.stderr.contains(&TOKEN[6..]), "{}", answer.stderr);
        assert!(answer.stderr.contains("rotate it"), "{}", answer.stderr);
    }
    assert!(!home.path(".cursor").exists());
    assert_eq!(grants(&home), 0);
}

#[test]
fn of_a_yaml_file_it_is_said_what_to_do_and_nothing_is_done() {
    let home = unattended();
    for (client, file, line) in [
        ("goose", ".config/goose/config.yaml", "cmd: "),
        ("continue", ".continue/config.yaml", "- name: \"shop\""),
    ] {
        let words = [
            "shop", "--client", client, "--env", "NEW_KEY", "--env", "A=b", "--", "printenv",
        ];
        let answer = add(&home, &words).code(1);
        for said in [
            "is YAML",
            line,
            "broker set NEW_KEY",
            "\"NEW_KEY\": \"broker://NEW_KEY\"",
            "\"--pass\", \"A\"",
            "broker allow shop",
        ] {
            assert!(answer.stderr.contains(said), "{said}: {}", answer.stderr);
        }
        assert!(!home.path(file).exists());
    }
    assert_eq!(names(&home), ["MCP_API_KEY"]);
    assert_eq!(grants(&home), 0);
}

#[test]
fn a_file_that_cannot_be_written_is_said_and_the_same_words_go_on_from_there() {
    let home = unattended();
    // A folder in which nobody can make a file.
    std::os::unix::fs::symlink("/proc", home.path(".cursor")).expect("linked");
    let words = [
        "--json",
        "add",
        "shop",
        "--client",
        "cursor",
        "--env",
        "MCP_API_KEY",
        "--",
        "printenv",
    ];
    let answer = home.broker(words).run().code(1);
    assert_eq!(answer.error_code(), "file-io");
    assert!(
        answer.stderr.contains("the entry was not written"),
        "{}",
        answer.stderr
    );
    assert!(
        answer.stderr.contains("say this again"),
        "{}",
        answer.stderr
    );
    fs::remove_file(home.path(".cursor")).expect("removed");
    let _ = home.broker(words).run().ok();
    assert_eq!(grants(&home), 1);
    let entry = entry(
        &json(&text(&home.path(".cursor/mcp.json"))),
        "mcpServers",
        ["command", "args", "env"],
    );
    assert!(started(&home, &entry, &home.path("")).contains(KEY));
}

#[test]
fn a_client_that_writes_its_file_itself_has_to_be_quit_first() {
    let home = unattended();
    let path = put(&home, ".gemini/settings.json", "{}");
    fs::create_dir(home.path("bin")).expect("made");
    fs::copy("/bin/sleep", home.path("bin/gemini")).expect("copied");
    let mut client = Command::new(home.path("bin/gemini"))
        .arg("600")
        .spawn()
        .expect("it runs");
    let words = [
        "--json",
        "add",
        "shop",
        "--client",
        "gemini",
        "--env",
        "MCP_API_KEY",
        "--",
        "printenv",
    ];
    let answer = home.broker(words).run();
    client.kill().expect("ended");
    client.wait().expect("ended");
    let answer = answer.code(1);
    assert_eq!(answer.error_code(), "client-running");
    assert_eq!(text(&path), "{}");
    let _ = home.broker(words).run().ok();
}

/// An `npx` that starts the small server of the trials, whatever it is told to fetch.
fn fake_npx(home: &Home, mode: &str) {
    fs::create_dir(home.path("bin")).expect("made");
    let server = put(
        home,
        "server.py",
        include_str!("../rotation/probe/server.py"),
    );
    let script = format!(
        "#!/bin/sh\nexec /usr/bin/env python3 {} {mode} {}\n",
        server.display(),
        home.path("").display()
    );
    let npx = put(home, "bin/npx", &script);
    fs::set_permissions(npx, fs::Permissions::from_mode(0o700)).expect("changed");
}

fn warmed(mode: &str, flags: &[&str]) -> (Home, Answer) {
    let home = Home::new().secret("TOKEN", KEY);
    fake_npx(&home, mode);
    let words = ["add", "shop", "--client", "cursor", "--env", "TOKEN"];
    let words = words
        .iter()
        .chain(flags)
        .chain(&["--", "npx", "-y", "server@1.0.0"]);
    let run = home.broker(words);
    let answer = run
        .env("PATH", format!("{}:{PATH}", home.path("bin").display()))
        .run()
        .ok();
    (home, answer)
}

#[test]
fn a_server_whose_package_has_to_be_fetched_is_started_once() {
    let (home, answer) = warmed("good", &[]);
    assert!(
        answer.stderr.contains("\"shop\" starts, and has "),
        "{}",
        answer.stderr
    );
    assert!(!answer.stderr.contains(KEY));
    let log = home.broker(["--json", "log"]).run().ok().stdout;
    assert!(log.contains("\"probe\""), "{log}");
    // What comes of it is no failure: the entry is there.
    let (home, answer) = warmed("exit", &[]);
    assert!(
        answer.stderr.contains("did not work when it was tried out"),
        "{}",
        answer.stderr
    );
    assert!(!answer.stderr.contains(KEY), "{}", answer.stderr);
    assert!(home.path(".cursor/mcp.json").exists());
    let (_, answer) = warmed("good", &["--no-warm-up"]);
    assert!(
        !answer.stderr.contains("starts, and has"),
        "{}",
        answer.stderr
    );
}

fn session(home: &Home, words: &[&str], talk: impl FnOnce(&mut Session)) -> Ended {
    let run = home.broker(["add"].iter().chain(words));
    let mut session = Session::start(run.command(), On::default());
    talk(&mut session);
    session.end()
}

#[test]
fn a_person_sees_the_entry_and_types_the_values_that_are_missing() {
    let home = Home::attended().secret("DATABASE_URL", "canary-database-9b");
    let words = [
        "shop",
        "--client",
        "cursor",
        "--env",
        "MCP_API_KEY",
        "--env",
        "DATABASE_URL",
        "--",
        "printenv",
    ];
    let ended = session(&home, &words, |session| {
        session
            .wait_for(".cursor/mcp.json")
            .wait_for("variable MCP_API_KEY: broker://MCP_API_KEY")
            .wait_for("\"MCP_API_KEY\" would be asked for")
            .wait_for("this would be allowed:")
            .wait_for("/usr/bin/printenv")
            .wait_for("add it, and allow this command? [y/N]")
            .types("y\n")
            .wait_for("value of MCP_API_KEY:")
            .wait_hidden()
            .types(&format!("{KEY}\n"));
    });
    let ended = ended.code(0);
    assert!(!ended.screen.contains(KEY) && !ended.screen.contains("value of DATABASE_URL"));
    assert_eq!(names(&home), ["DATABASE_URL", "MCP_API_KEY"]);
    let entry = entry(
        &json(&text(&home.path(".cursor/mcp.json"))),
        "mcpServers",
        ["command", "args", "env"],
    );
    let seen = started(&home, &entry, &home.path(""));
    assert!(seen.contains(KEY) && seen.contains("canary-database-9b"));
    let log = home.broker(["log"]).run().ok().stdout;
    for action in ["add", "set", "allow"] {
        assert!(log.contains(action), "{log}");
    }
}

#[test]
fn nothing_is_done_where_the_person_says_no_or_types_nothing() {
    let home = Home::attended().secret("other", "canary-other-2f");
    let words = [
        "shop",
        "--client",
        "cursor",
        "--env",
        "MCP_API_KEY",
        "--",
        "printenv",
    ];
    let no = session(&home, &words, |session| {
        session.wait_for("allow this command? [y/N]").types("n\n");
    });
    assert!(no.code(1).stderr.contains("nothing was changed"));
    let empty = session(&home, &words, |session| {
        session.wait_for("[y/N]").types("y\n");
        session
            .wait_for("value of MCP_API_KEY:")
            .wait_hidden()
            .types("\n");
    });
    assert!(empty.code(1).stderr.contains("the value is empty"));
    assert!(!home.path(".cursor").exists());
    assert_eq!(names(&home), ["other"]);
    assert_eq!(grants(&home), 0);
}

#[test]
fn without_a_terminal_it_is_said_how_to_store_what_is_missing() {
    let home = unattended();
    let words = [
        "--json", "add", "shop", "--client", "cursor", "--env", "A_KEY", "--", "printenv",
    ];
    let answer = home.broker(words).run().code(1);
    assert_eq!(answer.error_code(), "secret-not-found");
    assert!(
        answer.stderr.contains("broker set A_KEY"),
        "{}",
        answer.stderr
    );
    // Where a person is asked, one has to be there.
    let home = Home::attended().secret("A_KEY", "canary-a-77");
    let answer = home.broker(words).run().code(1);
    assert_eq!(answer.error_code(), "no-terminal");
    assert!(!home.path(".cursor").exists());
}
