//! `broker log` and `broker log verify`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use broker::audit::{Action, Caller, Entry, Log, Outcome, Process};
use broker::paths::HomePaths;
use broker::store::{HomeId, Version};
use jiff::Timestamp;
use serde_json::Value;

use crate::support::home::{Home, Run};

/// The folder of the home in the tests' home folder.
const ROOT: &str = "root";

/// A home with a vault, all under one folder.
fn made() -> Home {
    let home = Home::empty();
    ask(&home, &["init", "--store", "vault", "--key-file"])
        .run()
        .ok();
    home
}

fn ask<'a>(home: &'a Home, words: &[&str]) -> Run<'a> {
    let run = home.broker(["--home"]).arg(home.path(ROOT));
    words.iter().fold(run, |run, word| run.arg(word))
}

fn log(home: &Home) -> Log {
    let root = home.path(ROOT);
    let text = fs::read(root.join("state/home.json")).expect("a home");
    let record: Value = serde_json::from_slice(&text).expect("JSON");
    let id: HomeId = serde_json::from_value(record["id"].clone()).expect("an id");
    Log::of(&HomePaths::under(&root), &id)
}

fn file(home: &Home) -> PathBuf {
    home.path(ROOT).join("state/log/000001.jsonl")
}

fn entry(server: &str, secret: &str) -> Entry {
    Entry::new(Action::Exec, Outcome::Intent)
        .server(server)
        .secret(secret.parse().expect("a name"), Some(Version(2)))
}

fn add(home: &Home, entry: &Entry, time: &str) {
    let time: Timestamp = time.parse().expect("a time");
    log(home).append(entry, time).expect("added");
}

fn listed(home: &Home, words: &[&str]) -> Vec<u64> {
    let words = [&["--json", "log"], words].concat();
    let entries = ask(home, &words).run().ok().json();
    let entries = entries.as_array().expect("an array");
    entries
        .iter()
        .map(|e| e["seq"].as_u64().expect("a number"))
        .collect()
}

#[test]
fn a_new_home_has_a_log_that_says_who_made_it() {
    let home = made();
    let entries = ask(&home, &["--json", "log"]).run().ok().json();
    let entries = entries.as_array().expect("an array");
    assert_eq!(entries.len(), 1);
    let fields = super::fields(&entries[0]);
    assert_eq!(
        fields,
        super::sorted([
            "seq", "time", "action", "outcome", "server", "program", "secrets", "versions",
            "caller", "detail"
        ])
    );
    assert_eq!(
        (&entries[0]["action"], &entries[0]["outcome"]),
        (&"init".into(), &"done".into())
    );
    assert_eq!(entries[0]["caller"]["chain"][0]["pid"], std::process::id());
    let verified = ask(&home, &["log", "verify"]).run().ok();
    assert_eq!(verified.stdout, "intact: 1 entry\n");
    assert_eq!(verified.stderr, "");
}

#[test]
fn what_an_unfinished_init_left_is_no_hindrance() {
    let home = Home::empty();
    let state = home.path(ROOT).join("state/log");
    let paths = HomePaths::under(&home.path(ROOT));
    let other = Log::of(&paths, &HomeId::from_random([9; 16]));
    other
        .create(
            &Entry::new(Action::Init, Outcome::Done),
            Timestamp::UNIX_EPOCH,
        )
        .expect("made");
    fs::write(state.join(".broker-abc.tmp"), "half").expect("written");
    ask(&home, &["init", "--store", "vault", "--key-file"])
        .run()
        .ok();
    assert_eq!(
        ask(&home, &["log", "verify"]).run().ok().stdout,
        "intact: 1 entry\n"
    );
    assert!(!state.join(".broker-abc.tmp").exists());
}

#[test]
fn entries_are_found_by_time_server_secret_and_action() {
    let home = made();
    add(
        &home,
        &entry("github", "github-token"),
        "2027-01-01T08:00:00Z",
    );
    add(&home, &entry("files", "work/a"), "2027-01-02T08:00:00Z");
    add(&home, &entry("github", "work/a"), "2027-01-03T08:00:00Z");
    assert_eq!(listed(&home, &[]), [1, 2, 3, 4]);
    assert_eq!(listed(&home, &["--server", "github"]), [2, 4]);
    assert_eq!(listed(&home, &["--secret", "WORK/A"]), [3, 4]);
    assert_eq!(
        listed(&home, &["--server", "github", "--secret", "work/a"]),
        [4]
    );
    assert_eq!(listed(&home, &["--action", "init"]), [1]);
    assert_eq!(listed(&home, &["--action", "thaw"]), [] as [u64; 0]);
    let exec = ["--action", "exec", "--since"];
    let since = |time| listed(&home, &[&exec[..], &[time]].concat());
    assert_eq!(since("2027-01-02T08:00:00Z"), [3, 4]);
    assert_eq!(since("2027-01-03"), [4]);
    assert_eq!(since("100y"), [2, 3, 4]);
    let usage = ask(&home, &["--json", "log", "--since", "soon"])
        .run()
        .code(2);
    assert_eq!(usage.error_code(), "usage");
}

#[test]
fn a_person_gets_a_line_for_each_entry_whatever_it_holds() {
    let home = made();
    let caller = Caller::of(vec![Process {
        pid: 7,
        name: "claude".to_owned(),
    }]);
    let plain = entry("github", "github-token")
        .program("/usr/bin/node")
        .by(caller);
    add(&home, &plain, "2027-01-01T08:00:00Z");
    let evil = entry("a\nb\x1b[2J\u{202e}\0", "a")
        .detail("x\u{200f}\r\n")
        .unattended(true);
    add(&home, &evil, "2026-01-01T08:00:00Z");
    let said = ask(&home, &["log"]).run().ok().stdout;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert_eq!(
        lines[1],
        "2027-01-01T08:00:00Z  exec      intent    github  github-token@v2  /usr/bin/node  by claude-code"
    );
    assert_eq!(
        lines[2],
        "2026-01-01T08:00:00Z  exec      intent    a\\u{a}b\\u{1b}[2J\\u{202e}\\u{0}  a@v2  (x\\u{200f}\\u{d}\\u{a})  (unattended)  (the clock went back)"
    );
    let document = ask(&home, &["--json", "log"]).run().ok();
    assert!(!document.stdout.contains(['\x1b', '\u{202e}', '\u{200f}']));
    assert_eq!(document.json()[2]["server"], "a\nb\x1b[2J\u{202e}\0");
    assert_eq!(document.json()[2]["clock_back"], true);
}

#[test]
fn verification_tells_intact_torn_tampered_and_unreadable_apart() {
    let home = made();
    for second in 1..=5 {
        add(
            &home,
            &entry("github", "a"),
            &format!("2027-01-01T08:00:0{second}Z"),
        );
    }
    let verify = || ask(&home, &["--json", "log", "verify"]).run();
    let whole = fs::read(file(&home)).expect("a log");
    let intact = serde_json::json!({
        "state": "intact", "entries": 6, "file": null, "line": null, "problem": null
    });
    assert_eq!(verify().ok().json(), intact);

    fs::write(file(&home), &whole[..whole.len() - 30]).expect("torn");
    let torn = verify().ok();
    assert_eq!(torn.json(), intact);
    assert!(
        torn.stderr
            .contains("bytes were taken away, and that was logged"),
        "{}",
        torn.stderr
    );
    assert_eq!(verify().ok().stderr, "");
    let last = ask(&home, &["--json", "log"]).run().ok().json()[5].clone();
    assert_eq!(
        (&last["action"], &last["outcome"]),
        (&"log".into(), &"repaired".into())
    );

    let changed = String::from_utf8(whole)
        .expect("text")
        .replacen("08:00:03Z", "09:00:03Z", 1);
    fs::write(file(&home), &changed).expect("changed");
    let found = verify().code(3).json();
    assert_eq!(
        (&found["state"], &found["line"]),
        (&"tampered".into(), &4.into())
    );
    assert_eq!(found["file"], file(&home).display().to_string());
    assert_eq!(found["entries"], Value::Null);
    let said = ask(&home, &["log", "verify"]).run().code(3);
    assert!(
        said.stdout.starts_with("tampered with: \""),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("000001.jsonl\", line 4: "),
        "{}",
        said.stdout
    );

    fs::set_permissions(file(&home), fs::Permissions::from_mode(0o666)).expect("changed");
    assert_eq!(verify().code(1).error_code(), "audit-unreadable");
}

#[test]
fn a_lost_log_is_not_made_again_by_looking_at_it() {
    let home = made();
    fs::remove_dir_all(home.path(ROOT).join("state/log")).expect("removed");
    assert_eq!(
        ask(&home, &["--json", "log"]).run().code(1).error_code(),
        "audit-unreadable"
    );
    let found = ask(&home, &["--json", "log", "verify"])
        .run()
        .code(3)
        .json();
    assert_eq!(
        (&found["state"], &found["line"]),
        (&"tampered".into(), &1.into())
    );
    assert!(!home.path(ROOT).join("state/log").exists());
}

#[test]
fn what_can_be_read_is_shown_before_what_cannot_is_told() {
    let home = made();
    add(&home, &entry("github", "a"), "2027-01-01T08:00:00Z");
    let text = fs::read_to_string(file(&home)).expect("a log");
    let (first, rest) = text.split_once('\n').expect("a line");
    fs::write(file(&home), format!("{first}\nnonsense\n{rest}")).expect("changed");
    let answer = ask(&home, &["log"]).run().code(1);
    assert_eq!(answer.stdout.lines().count(), 2, "{}", answer.stdout);
    assert!(answer.stderr.contains("line 2"), "{}", answer.stderr);
}

/// Ends a process that a failing test would leave.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn following_goes_on_with_what_is_added_until_stdout_is_closed() {
    let home = made();
    let mut command = ask(&home, &["--json", "log", "--follow", "--server", "github"]).command();
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = Ends(started.expect("broker starts"));
    let mut lines = BufReader::new(child.0.stdout.take().expect("stdout")).lines();
    for number in 1..=3 {
        add(&home, &entry("files", "a"), "2027-01-01T08:00:00Z");
        add(&home, &entry("github", "a"), "2027-01-01T08:00:00Z");
        let line = lines.next().expect("a line").expect("text");
        let read: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(read["seq"], 1 + 2 * number);
    }
    drop(lines);
    // Nothing more is written: it has to notice by itself.
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.0.try_wait().expect("asked") {
            break status;
        }
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "it goes on for nobody"
        );
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
}
