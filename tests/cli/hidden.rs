//! What is typed without being shown: one line of text, whole, or nothing; and the terminal is left as
//! it was, whatever happens.

use std::process::Command;

use super::{names, value};
use crate::support::home::{BROKER, Home};
use crate::support::pty::{Ended, On, Session};
use crate::support::without_terminal;

const TYPED: On = On {
    stdin: true,
    stderr: false,
};

/// A shell in the home, at no terminal yet.
fn shell(home: &Home, script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script])
        .env_clear()
        .current_dir(home.path(""));
    command.envs(home.environment().iter().map(|(n, v)| (n, v)));
    without_terminal(&mut command);
    command
}

/// Types into the prompt of `set a` and waits for the end.
fn typed(home: &Home, text: &str) -> Ended {
    let mut session = Session::start(home.broker(["--json", "set", "a"]).command(), TYPED);
    session.wait_for("value of a:").wait_hidden().types(text);
    let ended = session.end();
    assert!(ended.echoes, "the terminal was left without echo");
    assert!(!ended.screen.contains("canary"), "{}", ended.screen);
    ended
}

#[test]
fn a_pasted_text_of_several_lines_is_refused_whole_and_not_left_to_the_shell() {
    let home = Home::new();
    // What the prompt leaves unread, the next reader of the terminal gets, as a shell would.
    let script = format!("'{BROKER}' --json set a; stty -icanon min 0 time 3; cat > left");
    let command = shell(&home, &script);
    let mut session = Session::start(command, TYPED);
    session
        .wait_for("value of a:")
        .wait_hidden()
        .types("canary-first-line\ncanary-second-line\ncanary-third-line\n");
    let ended = session.end();
    assert!(ended.stderr.contains("value-multiline"), "{}", ended.stderr);
    assert!(names(&home).is_empty());
    let left = std::fs::read_to_string(home.path("left")).expect("it was read");
    assert_eq!(left, "");
}

#[test]
fn what_is_no_text_is_refused_and_never_dropped_in_silence() {
    for text in ["canary-a\x1b[Ab\n", "canary-\x01\n", "canary-\x0bx\n"] {
        let home = Home::new();
        let ended = typed(&home, text).code(1);
        assert!(
            ended.stderr.contains("value-not-text"),
            "{text:?}: {}",
            ended.stderr
        );
        assert!(names(&home).is_empty());
    }
}

#[test]
fn a_long_line_and_a_tab_are_kept_and_corrections_count() {
    let home = Home::new();
    let long = format!("canary-{}", "0123456789".repeat(1000));
    let _ = typed(&home, &format!("wrong\x15{long}\tx\u{e9}\x7f\x7fy\n")).code(0);
    assert_eq!(value(&home, "a"), format!("{long}\ty").as_bytes());
}

#[test]
fn a_signal_at_the_prompt_ends_broker_and_leaves_the_terminal_as_it_was() {
    for signal in ["TERM", "HUP", "INT", "QUIT"] {
        let home = Home::new();
        // By exec, so that the process that is signalled is broker itself.
        let command = shell(&home, &format!("ulimit -c 0; exec '{BROKER}' set a"));
        let mut session = Session::start(command, TYPED);
        session
            .wait_for("value of a:")
            .wait_hidden()
            .types("canary-half");
        session.signal(signal);
        let ended = session.end();
        let number = match signal {
            "HUP" => 1,
            "INT" => 2,
            "QUIT" => 3,
            _ => 15,
        };
        assert_eq!(ended.code, 128 + number, "{signal}: {}", ended.stderr);
        assert!(ended.echoes, "{signal}: the terminal was left without echo");
        assert!(names(&home).is_empty());
    }
}
