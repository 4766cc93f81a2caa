//! What goes where: answers on stdout, words on stderr, colours on terminals, and readers that leave.

use std::fs::OpenOptions;
use std::process::{Command, Output, Stdio};

use crate::support::home::Home;
use crate::support::pty::{On, Session};

const ANSWERS: [&[&str]; 10] = [
    &["list"],
    &["--json", "list"],
    &["show", "a"],
    &["--json", "show", "a"],
    &["doctor"],
    &["--json", "doctor"],
    &["vault", "status"],
    &["completions", "bash"],
    &["--help"],
    &["--version"],
];

fn home() -> Home {
    // So much that no buffer takes it at once.
    let home = Home::new().secret("a", "canary-a-value");
    super::edit_catalog(&home, |catalog| {
        catalog["secrets"][0]["note"] = "n".repeat(300_000).into();
    });
    home
}

fn output(mut command: Command, stdout: impl Into<Stdio>) -> Output {
    command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped());
    command
        .spawn()
        .expect("started")
        .wait_with_output()
        .expect("ended")
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let home = home();
    for words in ANSWERS {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ended = output(home.broker(words).command(), writer);
        assert_eq!(ended.status.code(), Some(0), "{words:?}");
        assert!(
            ended.stderr.is_empty(),
            "{words:?}: {}",
            String::from_utf8_lossy(&ended.stderr)
        );
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_exit_code_1() {
    let home = home();
    for words in ANSWERS {
        let full = OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("a full disk");
        let ended = output(home.broker(words).command(), full);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{words:?}: {said}");
        assert!(
            said.contains("could not write to stdout"),
            "{words:?}: {said}"
        );
    }
}

#[test]
fn an_error_nobody_can_read_still_has_its_exit_code() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = home.broker(["show", "nowhere"]).command();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(writer);
    assert_eq!(command.status().expect("ended").code(), Some(1));
}

#[test]
fn an_error_is_one_json_document_on_stderr_and_stdout_is_empty() {
    let home = Home::new();
    for (words, exit, code) in [
        (&["show", "nowhere"][..], 1, "secret-not-found"),
        (&["show", "-bad"], 2, "usage"),
        (&["frobnicate"], 2, "usage"),
        (&[], 2, "usage"),
        (&["exec"], 125, "usage"),
        (&["exec", "--", "/nowhere/x"], 127, "program-not-found"),
    ] {
        let answer = home.broker(["--json"].iter().chain(words)).run().code(exit);
        assert_eq!(answer.stdout, "");
        let error: serde_json::Value = serde_json::from_str(&answer.stderr).expect("one document");
        assert_eq!(super::fields(&error), ["error"]);
        assert_eq!(error["error"]["code"], code);
        let known = ["code", "message", "hint"];
        assert!(
            super::fields(&error["error"])
                .iter()
                .all(|field| known.contains(field))
        );
        let message = error["error"]["message"].as_str().expect("a message");
        assert!(!message.is_empty() && !message.ends_with('.'), "{message}");
    }
}

#[test]
fn every_line_of_brokers_own_begins_with_its_name() {
    let home = Home::new();
    for words in [
        &["show", "nowhere"][..],
        &["frobnicate"],
        &["-v", "exec", "nowhere"],
        &["set", "a"],
    ] {
        let answer = home.broker(words).run();
        assert!(!answer.stderr.is_empty());
        assert!(
            answer
                .stderr
                .lines()
                .all(|line| line.starts_with("broker: ")),
            "{}",
            answer.stderr
        );
    }
}

#[test]
fn there_is_colour_where_it_was_asked_for_and_nowhere_else_off_a_terminal() {
    let home = Home::new();
    for command in [&["show", "nowhere"][..], &["frobnicate"], &["show", "-x"]] {
        let plain: [&[&str]; 3] = [&[], &["--color", "never"], &["--color=auto"]];
        for flags in plain {
            let answer = home
                .broker(flags.iter().chain(command))
                .env("TERM", "xterm")
                .run();
            assert!(!answer.stderr.contains('\x1b'), "{flags:?} {command:?}");
        }
        for flags in [&["--color", "always"][..], &["--color=always"]] {
            let answer = home
                .broker(flags.iter().chain(command))
                .env("NO_COLOR", "1")
                .run();
            assert!(answer.stderr.contains("\x1b["), "{flags:?} {command:?}");
        }
    }
}

#[test]
fn on_a_terminal_there_is_colour_unless_somebody_minds() {
    let home = Home::new();
    let on = On {
        stdin: false,
        stderr: true,
    };
    for command in ["show nowhere", "frobnicate"] {
        let words: Vec<&str> = command.split(' ').collect();
        let screen = |flags: &[&str], variable: (&str, &str)| {
            let run = home.broker(flags.iter().chain(&words)).env("TERM", "xterm");
            Session::start(run.env(variable.0, variable.1).command(), on)
                .end()
                .screen
        };
        assert!(screen(&[], ("X", "")).contains("\x1b["), "{command}");
        assert!(screen(&[], ("NO_COLOR", "")).contains("\x1b["), "{command}");
        assert!(
            !screen(&[], ("NO_COLOR", "1")).contains('\x1b'),
            "{command}"
        );
        assert!(!screen(&[], ("TERM", "dumb")).contains('\x1b'), "{command}");
        assert!(
            !screen(&["--color", "never"], ("X", "")).contains('\x1b'),
            "{command}"
        );
    }
}

#[test]
fn text_from_outside_does_not_act_on_the_terminal() {
    let home = Home::new();
    let note = "a\x1b[2Jb\u{202e}c\nd";
    let _ = home
        .broker(["set", "a", "--note", note])
        .stdin("canary-a-value")
        .run()
        .ok();
    let shown = home.broker(["show", "a"]).run().ok().stdout;
    assert!(shown.contains("a\\u{1b}[2Jb\\u{202e}c\\u{a}d\n"), "{shown}");
    let exact = home.broker(["--json", "show", "a"]).run().ok().json();
    assert_eq!(exact["note"], note);
}
