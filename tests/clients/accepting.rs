//! When the baseline counts, who may move it, and what a start does not let itself be held up by.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::home::{Answer, Home, Run};
use crate::support::pty::{On, Session};
use crate::support::put;

const FILE: &str = ".cursor/mcp.json";
const KEPT: &str = ".local/state/broker/clients.json";
const ONE: &str =
    r#"{"mcpServers": {"one": {"command": "one", "args": ["-a"], "env": {"T": "canary-1"}}}}"#;
const TWO: &str =
    r#"{"mcpServers": {"one": {"command": "two", "args": ["-a"], "env": {"T": "canary-1"}}}}"#;
const VALUE: &str =
    r#"{"mcpServers": {"one": {"command": "one", "args": ["-a"], "env": {"T": "canary-2"}}}}"#;

/// A home in which the file was accepted.
fn accepted() -> Home {
    let home = Home::new().secret("a", "canary-a-value");
    put(&home.path(FILE), ONE, 0o600);
    let _ = home.broker(["clients", "--accept"]).run().ok();
    let _ = start(&home).granting();
    home
}

/// A start with a secret, with which the seal comes.
fn start(home: &Home) -> Run<'_> {
    home.broker(["exec", "--env", "T=broker://a", "--", "/bin/true"])
}

/// A start without secrets.
fn plain(home: &Home) -> Run<'_> {
    home.broker(["exec", "--", "/bin/true"])
}

fn changes(home: &Home) -> Answer {
    home.broker(["--json", "clients", "--changes"]).run()
}

#[test]
fn what_was_there_when_the_home_was_made_counts_as_accepted() {
    let home = Home::empty();
    put(&home.path(FILE), ONE, 0o600);
    put(&home.path("code/.mcp.json"), ONE, 0o600);
    put(&home.path("code/.git/x"), "", 0o600);
    let init = ["init", "--unattended", "--store", "vault", "--key-file"];
    let _ = home.broker(init).folder(home.path("code")).run().ok();
    assert_eq!(changes(&home).ok().json(), serde_json::json!([]));
    // Of a project nothing does, wherever the home was made.
    let in_project = home.broker(["--json", "clients", "--changes"]);
    let rows = in_project.folder(home.path("code")).run().code(3).json();
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    assert_eq!(rows[0]["client"], "claude-code");
    assert_eq!(rows[0]["change"], "appeared");
    assert_eq!(rows[0]["server"], "one");
}

#[test]
fn a_cloned_project_is_told_of_where_it_is_and_by_the_command_everywhere_once_it_is_known() {
    let home = accepted();
    let project = home.path("code/shop");
    put(&project.join(".git/x"), "", 0o600);
    put(&project.join(".mcp.json"), ONE, 0o600);
    let told = plain(&home).folder(project.join(".git")).run().ok().stderr;
    assert!(told.contains("\"one\" of claude-code"), "{told}");
    assert!(told.contains("appeared, which starts: one -a"), "{told}");
    assert_eq!(
        plain(&home).run().ok().stderr,
        "",
        "elsewhere it starts nothing"
    );
    let accept = home.broker(["clients", "--accept"]).folder(&project);
    let _ = accept.run().ok();
    assert_eq!(plain(&home).folder(&project).run().ok().stderr, "");
    put(&project.join(".mcp.json"), TWO, 0o600);
    assert_eq!(
        plain(&home).run().ok().stderr,
        "",
        "another project is not looked at"
    );
    let rows = changes(&home).code(3).json();
    assert_eq!(rows[0]["change"], "command");
    // Gone with its folder.
    std::fs::remove_dir_all(&project).expect("removed");
    assert_eq!(changes(&home).code(3).json()[0]["change"], "gone");
}

#[test]
fn a_file_that_says_the_same_is_no_change_however_it_is_written() {
    let home = accepted();
    let other = "{ \"other\": 1,\n \"mcpServers\": { \"one\": { \"env\": { \"T\": \"canary-1\" },\n \"command\": \"one\", \"args\": [ \"-a\" ] } } }";
    for text in [ONE, other] {
        put(&home.path(FILE), text, 0o644);
        assert_eq!(start(&home).run().ok().stderr, "");
        let _ = changes(&home).ok();
    }
    let before = std::fs::read(home.path(KEPT)).expect("kept");
    let _ = home.broker(["clients", "--accept"]).run().ok();
    assert_ne!(
        std::fs::read(home.path(KEPT)).expect("kept"),
        before,
        "its times are noted"
    );
    assert_eq!(start(&home).run().ok().stderr, "");
    let _ = changes(&home).ok();
}

#[test]
fn a_start_without_secrets_tells_what_needs_no_key_and_one_with_them_the_rest() {
    let home = accepted();
    put(&home.path(FILE), VALUE, 0o600);
    assert_eq!(plain(&home).run().ok().stderr, "");
    let told = start(&home).run().ok().stderr;
    assert!(told.contains("variable T was changed; see"), "{told}");
    assert!(!told.contains("canary"), "{told}");
    put(&home.path(FILE), TWO, 0o600);
    let told = plain(&home).run().ok().stderr;
    assert!(
        told.contains("the command was changed: one -> two"),
        "{told}"
    );
}

#[test]
fn every_kind_of_change_is_told_by_its_word() {
    let home = accepted();
    let entry = |inner: &str| format!("{{\"mcpServers\": {{\"one\": {{{inner}}}}}}}");
    let base = r#""command": "one", "args": ["-a"], "env": {"T": "canary-1"}"#;
    let cases = [
        (
            entry(&format!("{base}, \"disabled\": true")),
            "switched-off",
            "was switched off",
        ),
        (
            entry(&format!("{base}, \"url\": \"https://x.example\"")),
            "url",
            "the address was added",
        ),
        (
            entry(&format!("{base}, \"headers\": {{\"X\": \"canary-3\"}}")),
            "header",
            "header X was added",
        ),
        (
            entry(&format!("{base}, \"envFile\": \"/x\"")),
            "env-file",
            "the file of variables was added",
        ),
        (
            entry(&format!("{base}, \"autoApprove\": [\"*\"]")),
            "other",
            "\"autoApprove.0\" was added",
        ),
        (
            entry(r#""command": "one", "args": ["-a", "-b"], "env": {"T": "canary-1"}"#),
            "argument",
            "argument 2 was added: -b",
        ),
        (
            entry(r#""command": "one", "args": [], "env": {"T": "canary-1"}"#),
            "argument",
            "argument 1 is gone: -a",
        ),
        (
            entry(
                r#""command": "one", "args": ["--token=glpat-canarya1B3dE5gH7jK"], "env": {"T": "canary-1"}"#,
            ),
            "argument",
            "argument 1 was changed: -a -> (not shown)",
        ),
        (
            entry(r#""command": "one", "args": ["-a"], "env": {"T": "broker://a"}"#),
            "variable",
            "variable T was changed: (not shown) -> broker://a",
        ),
        (
            entry(r#""command": "one", "args": ["-a"], "env": {}"#),
            "variable",
            "variable T is gone",
        ),
        (
            entry(r#""command": "o\u001b[2Jne", "args": ["-a"], "env": {"T": "canary-1"}"#),
            "command",
            "the command was changed: one -> o\u{1b}[2Jne",
        ),
        ("{}".to_owned(), "gone", "is gone"),
        ("{".to_owned(), "unreadable", "the file can be read no more"),
    ];
    for (text, word, message) in cases {
        put(&home.path(FILE), &text, 0o600);
        let answer = changes(&home).code(3);
        assert!(!answer.stdout.contains("canary"), "{}", answer.stdout);
        let rows = answer.json();
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
        assert_eq!(rows[0]["change"], word, "{text}");
        let said = rows[0]["message"].as_str().expect("a text");
        assert!(said.starts_with(message), "{said}");
        let told = start(&home).run().ok().stderr;
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(
            !told.contains('\u{1b}') && !told.contains("canary"),
            "{told}"
        );
    }
    let two = r#"{"mcpServers": {"one": {"command": "x", "args": ["y"]}}}"#;
    put(&home.path(FILE), two, 0o600);
    let told = start(&home).run().ok().stderr;
    assert!(told.contains("one -> x (and 2 more); see"), "{told}");
}

#[test]
fn a_baseline_that_is_not_the_one_broker_wrote_last_is_ignored_with_a_warning() {
    let home = accepted();
    let kept = home.path(KEPT);
    let old = std::fs::read_to_string(&kept).expect("kept");
    put(&home.path(FILE), TWO, 0o600);
    let _ = home.broker(["clients", "--accept"]).run().ok();
    let last = std::fs::read_to_string(&kept).expect("kept");
    let other = Home::new();
    let foreign = std::fs::read_to_string(other.path(KEPT)).expect("kept");
    for (what, text) in [
        ("replayed", old),
        ("edited", last.replace("\"two\"", "\"evil\"")),
        ("renumbered", last.replace("\"number\": ", "\"number\": 1")),
        ("of another home", foreign),
        ("no document", "{".to_owned()),
    ] {
        assert_ne!(text, last, "{what}");
        put(&kept, &text, 0o600);
        let told = start(&home).run().ok().stderr;
        assert!(told.contains("clients.json\" is ignored"), "{what}: {told}");
        let answer = changes(&home).code(1);
        assert_eq!(answer.error_code(), "baseline-missing", "{what}");
        assert!(
            answer.stderr.contains("is ignored"),
            "{what}: {}",
            answer.stderr
        );
    }
    std::fs::remove_file(&kept).expect("removed");
    let told = start(&home).run().ok().stderr;
    assert!(
        told.contains("is ignored") && told.contains("it is gone"),
        "{told}"
    );
    let _ = changes(&home).code(1);
    // A person can begin anew, and then it counts.
    let _ = home.broker(["clients", "--accept"]).run().ok();
    let _ = changes(&home).ok();
    assert_eq!(start(&home).run().ok().stderr, "");
}

#[test]
fn accepting_needs_a_person_who_sees_what_is_accepted() {
    let home = Home::attended();
    put(&home.path(FILE), TWO, 0o600);
    let before = std::fs::read(home.path(KEPT)).expect("kept");
    let answer = home.broker(["--json", "clients", "--accept"]).run().code(1);
    assert_eq!(answer.error_code(), "no-terminal");
    let accept = || {
        Session::start(
            home.broker(["clients", "--accept"]).command(),
            On::default(),
        )
    };
    let mut session = accept();
    session
        .wait_for("all of this is meant to be so? [y/N]")
        .types("n\n");
    let ended = session.end().code(1);
    assert!(
        ended.screen.contains("\"one\" of cursor"),
        "{}",
        ended.screen
    );
    assert!(
        ended.screen.contains("appeared, which starts: two -a"),
        "{}",
        ended.screen
    );
    assert_eq!(std::fs::read(home.path(KEPT)).expect("kept"), before);
    let mut session = accept();
    session.wait_for("[y/N]").types("y\n");
    let ended = session.end().code(0);
    assert!(!ended.screen.contains("canary"), "{}", ended.screen);
    let _ = changes(&home).ok();
    let log = home
        .broker(["--json", "log", "--action", "accept"])
        .run()
        .ok()
        .json();
    let outcomes: Vec<&str> = log
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|entry| entry["outcome"].as_str())
        .collect();
    assert_eq!(outcomes, ["refused", "refused", "intent", "done"]);
}

#[test]
fn what_stands_in_a_files_place_holds_no_start_up() {
    let home = accepted();
    let path = home.path(FILE);
    let started = |what: &str| {
        let begin = Instant::now();
        let told = start(&home).run().ok().stderr;
        assert!(begin.elapsed() < Duration::from_secs(5), "{what}");
        assert!(
            told.contains("the file can be read no more"),
            "{what}: {told}"
        );
        assert_eq!(told.lines().count(), 1, "{what}: {told}");
        let _ = plain(&home).run().ok();
    };
    let replace = |make: &dyn Fn(&Path)| {
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_dir(&path);
        make(&path);
    };
    replace(&|path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.expect("run").success());
    });
    started("a FIFO");
    replace(&|path| std::fs::create_dir(path).expect("made"));
    started("a folder");
    replace(&|path| {
        let file = std::fs::File::create(path).expect("made");
        file.set_len(100 << 20).expect("long");
    });
    started("100 MB");
    replace(&|path| put(path, b"\xff\xfe{\0", 0o600));
    started("UTF-16");
    replace(&|path| std::os::unix::fs::symlink("/dev/zero", path).expect("linked"));
    started("a device");
    replace(&|path| put(path, "[".repeat(100_000), 0o600));
    started("deep nesting");
}

#[test]
fn a_start_writes_nothing_of_what_it_saw_and_needs_no_home() {
    let home = accepted();
    put(&home.path(FILE), TWO, 0o600);
    let state = home.path(".local/state/broker");
    let list = || {
        let mut all: Vec<_> = std::fs::read_dir(&state)
            .expect("a folder")
            .flatten()
            .map(|entry| (entry.file_name(), std::fs::read(entry.path()).ok()))
            .collect();
        all.sort();
        all
    };
    let before = list();
    let told = plain(&home).run().ok().stderr;
    assert!(told.contains("one -> two"), "{told}");
    assert_eq!(list(), before);
    let empty = Home::empty();
    put(&empty.path(FILE), ONE, 0o600);
    let run = empty.broker(["exec", "--", "/bin/true"]).run().ok();
    assert_eq!(run.stderr, "");
    assert!(!empty.path(".local").exists());
}

#[test]
fn the_files_that_were_found_are_listed_with_what_is_in_them() {
    let home = accepted();
    put(&home.path(".codex/config.toml"), "mcp_servers = [", 0o600);
    let list = || home.broker(["--json", "clients"]).run().ok().json();
    let expected = serde_json::json!([
        {"client": "cursor", "name": "Cursor", "file": home.path(FILE), "scope": "user",
         "servers": ["one"], "state": "ok"},
        {"client": "codex", "name": "Codex", "file": home.path(".codex/config.toml"), "scope": "user",
         "servers": [], "state": "unreadable"},
    ]);
    assert_eq!(list(), expected);
    put(&home.path(FILE), TWO, 0o600);
    assert_eq!(list()[0]["state"], "changed");
    let shown = home.broker(["clients"]).run().ok().stdout;
    assert!(shown.contains("Cursor  user   changed"), "{shown}");
    let doctor = home.broker(["--json", "doctor"]).run().code(3).json();
    let all = doctor.as_array().expect("findings");
    let line = all
        .iter()
        .find(|line| line["code"] == "client-files")
        .expect("a line");
    assert_eq!(line["state"], "warning");
    std::fs::remove_file(home.path(".codex/config.toml")).expect("removed");
    let scan = home.broker(["--json", "scan"]).run().json();
    let all = scan.as_array().expect("rows");
    let row = all
        .iter()
        .find(|row| row["kind"] == "changed-entry")
        .expect("a row");
    assert_eq!(
        (&row["server"], &row["confidence"]),
        (&"one".into(), &serde_json::Value::Null)
    );
    // Without a home there is nothing to compare with.
    let empty = Home::empty();
    put(&empty.path(FILE), ONE, 0o600);
    let rows = empty.broker(["--json", "clients"]).run().ok().json();
    assert_eq!(rows[0]["state"], "ok");
    let answer = empty
        .broker(["--json", "clients", "--changes"])
        .run()
        .code(1);
    assert_eq!(answer.error_code(), "no-home");
}

/// The files that a start opens, one call a line.
fn opened(run: &Run<'_>) -> String {
    let calls = tempfile::NamedTempFile::new().expect("a file");
    let inner = run.command();
    let mut strace = std::process::Command::new("/usr/bin/strace");
    strace.args(["-f", "-qq", "-s", "4096", "-e", "trace=open,openat", "-o"]);
    strace.arg(calls.path()).arg("--").arg(inner.get_program());
    strace.args(inner.get_args()).env_clear();
    for (name, value) in inner.get_envs() {
        strace.env(name, value.expect("set"));
    }
    strace.current_dir(inner.get_current_dir().expect("a folder"));
    let ended = strace.output().expect("strace runs");
    assert!(ended.status.success(), "{ended:?}");
    std::fs::read_to_string(calls.path()).expect("calls")
}

#[test]
fn a_start_reads_no_file_that_is_as_it_was() {
    let home = accepted();
    put(&home.path(".codex/config.toml"), "", 0o600);
    let _ = home.broker(["clients", "--accept"]).run().ok();
    for run in [start(&home), plain(&home)] {
        let calls = opened(&run);
        assert!(calls.contains(KEPT), "{calls}");
        assert!(
            !calls.contains(FILE) && !calls.contains("config.toml"),
            "{calls}"
        );
    }
    put(&home.path(FILE), ONE, 0o600);
    let calls = opened(&plain(&home));
    assert!(
        calls.contains(FILE) && !calls.contains("config.toml"),
        "{calls}"
    );
}
