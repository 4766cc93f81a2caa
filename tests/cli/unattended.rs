//! Homes where nobody is asked: made so, never by the way, and the log says what was done without asking.

use std::fs;

use super::{names, value};
use crate::support::home::Home;

const STATE: &str = ".local/state/broker";

const ALLOW: [&str; 5] = ["allow", "--env", "A=broker://a", "--", "/bin/true"];

fn make_unattended(home: &Home) -> i32 {
    home.broker(["init", "--unattended"]).run().code
}

#[test]
fn in_an_unattended_home_what_needs_a_person_works_without_one_and_the_log_says_so() {
    let home = Home::new()
        .secret("a", "canary-a-value")
        .secret("b", "canary-b-value");
    let _ = home.broker(ALLOW).run().ok();
    assert_eq!(
        home.broker(["reveal", "a"]).run().ok().stdout,
        "canary-a-value"
    );
    let _ = home.broker(["remove", "b"]).run().ok();
    let _ = home.broker(["freeze", "--reason", "x"]).run().ok();
    let _ = home.broker(["thaw"]).run().ok();
    assert_eq!(names(&home), ["a"]);
    let entries = home.broker(["--json", "log"]).run().ok().json();
    let entries = entries.as_array().expect("entries");
    for action in ["init", "allow", "reveal", "remove", "thaw"] {
        let mut of = entries.iter().filter(|e| e["action"] == action);
        assert!(of.all(|e| e["unattended"] == true), "{action}: {entries:?}");
        assert!(entries.iter().any(|e| e["action"] == action), "{action}");
    }
    // What nobody would have been asked about is not called so.
    let set = entries
        .iter()
        .find(|e| e["action"] == "set")
        .expect("a set");
    assert!(set["unattended"].is_null(), "{set}");
}

#[test]
fn a_home_is_made_unattended_only_while_it_has_no_secrets() {
    let home = Home::attended();
    assert_eq!(make_unattended(&home), 0);
    home.set("a", b"canary-a-value");
    let _ = home.broker(ALLOW).run().ok();

    let home = Home::attended().secret("a", "canary-a-value");
    let refused = home
        .broker(["--json", "init", "--unattended"])
        .run()
        .code(1);
    assert_eq!(refused.error_code(), "home-has-secrets");
    let refused = home.broker(["--json"].iter().chain(&ALLOW)).run().code(1);
    assert_eq!(refused.error_code(), "no-terminal");
    let _ = home.broker(["remove", "a", "--yes"]).run().ok();
    assert_eq!(make_unattended(&home), 0);
}

#[test]
fn a_home_is_not_unattended_because_a_file_says_so() {
    let home = Home::attended().secret("a", "canary-a-value");
    let file = home.path(STATE).join("home.json");
    let text = fs::read(&file).expect("a home");
    let mut record: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    record["unattended"] = true.into();
    fs::write(&file, record.to_string()).expect("written");
    for words in [&ALLOW[..], &["reveal", "a"], &["remove", "a"]] {
        let answer = home.broker(["--json"].iter().chain(words)).run().code(1);
        assert_eq!(answer.error_code(), "no-terminal", "{words:?}");
        assert_eq!(answer.stdout, "");
    }
    // The file of an unattended home of one's own, put in its place, is no better.
    let other = Home::new();
    for name in ["home.json", "grants.json"] {
        let theirs = other.path(STATE).join(name);
        fs::copy(theirs, home.path(STATE).join(name)).expect("copied");
    }
    let answer = home.broker(["--json", "reveal", "a"]).run();
    assert_ne!(answer.code, 0);
    assert_eq!(answer.stdout, "");
}

#[test]
fn a_person_at_a_terminal_is_asked_in_an_unattended_home_too() {
    use crate::support::pty::{On, Session};
    let home = Home::new().secret("a", "canary-a-value");
    let mut session = Session::start(home.broker(["remove", "a"]).command(), On::default());
    session.wait_for("remove a for good? [y/N]").types("n\n");
    let _ = session.end().code(1);
    assert_eq!(value(&home, "a"), b"canary-a-value");
}
