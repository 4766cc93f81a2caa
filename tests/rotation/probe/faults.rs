//! Servers that do not work with the new value: the old one stays, and nothing of the server does.

use std::time::{Duration, Instant};

use super::{FIRST, REFUSED, SECOND, allowing, probing, unchanged};
use crate::support::home::Home;

/// Tries the server out, and demands that it did not work for this reason.
#[track_caller]
fn fails(mode: &str, word: &str, value: &str, why: &str) -> Home {
    let home = allowing(mode);
    let answer = probing(&home, word, value).arg("--json").run().code(1);
    assert_eq!(
        answer.error_code(),
        "probe-failed",
        "{mode}: {}",
        answer.stderr
    );
    assert!(answer.stderr.contains(why), "{mode}: {}", answer.stderr);
    assert!(
        answer.stderr.contains("\\\"a\\\" keeps the value it has"),
        "{mode}: {}",
        answer.stderr
    );
    assert_eq!(answer.stdout, "");
    unchanged(&home, &answer);
    home
}

#[test]
fn a_value_that_the_servers_tool_refuses_is_not_taken() {
    let home = fails(
        "plain",
        "srv:check",
        REFUSED,
        "the tool answered with an error",
    );
    // The same server takes a good one.
    let _ = probing(&home, "srv:check", SECOND).run().ok();
    assert_eq!(super::given(&home), SECOND);
    for (mode, why) in [
        (
            "error",
            "it answered the call of the tool with the error -32603",
        ),
        ("input", "the tool asked for more than it was called with"),
        (
            "plain:absent",
            "it has no tool of that name, but 1 of other names",
        ),
    ] {
        let (mode, tool) = mode.split_once(':').unwrap_or((mode, "check"));
        fails(mode, &format!("srv:{tool}"), SECOND, why);
    }
}

#[test]
fn a_server_that_ends_is_told_of_by_how_and_when() {
    for (mode, why) in [
        (
            "exit",
            "it ended with code 3 before it answered the handshake",
        ),
        (
            "killed",
            "signal 9 ended it before it answered the handshake",
        ),
        (
            "exit-listing",
            "it ended with code 4 before it answered the request for its tools",
        ),
        (
            "daemon-exit",
            "it ended with code 5 before it answered the handshake",
        ),
        (
            "closes",
            "it closed its output before it answered the handshake",
        ),
    ] {
        fails(mode, "srv", SECOND, why);
    }
}

#[test]
fn a_server_that_does_not_keep_to_the_protocol_is_given_up() {
    for (mode, why) in [
        (
            "floods",
            "it wrote more than is read before it answered the handshake",
        ),
        (
            "long",
            "it wrote more than is read before it answered the handshake",
        ),
        (
            "asks",
            "it asked more than is answered before it answered the request for its tools",
        ),
        (
            "malformed",
            "its answer to the request for its tools was not understood",
        ),
        (
            "no-list",
            "it answered the request for its tools with the error -32601",
        ),
        (
            "other-revision",
            "it speaks no revision of MCP that is known",
        ),
    ] {
        fails(mode, "srv", SECOND, why);
    }
}

#[test]
fn a_server_that_is_silent_has_half_a_minute() {
    let modes = [
        ("silent", "the handshake"),
        ("garbage", "the handshake"),
        ("lists-never", "the request for its tools"),
        ("calls-never", "the call of the tool"),
    ];
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for (mode, what) in modes {
            let why = format!("it did not answer {what} within 30 s");
            scope.spawn(move || fails(mode, "srv:check", SECOND, &why));
        }
    });
    assert!(begun.elapsed() > Duration::from_secs(30));
}

#[test]
fn a_program_that_cannot_be_started_is_told_of() {
    let home = super::home();
    let script = home.path("tool");
    crate::support::put(&script, "#!/absent/interpreter\n", 0o700);
    let run = home.broker(["exec", "srv", "--env", "TOKEN=broker://a", "--"]);
    let _ = run.arg(&script).granting();
    let answer = probing(&home, "srv", SECOND).arg("--json").run().code(1);
    assert_eq!(answer.error_code(), "probe-failed");
    assert!(
        answer.stderr.contains("it did not start"),
        "{}",
        answer.stderr
    );
    unchanged(&home, &answer);
}

#[test]
fn a_value_that_no_variable_can_hold_is_not_taken() {
    let home = allowing("plain");
    let long = "x".repeat(200_000);
    for (value, code) in [
        ("canary\0canary", "value-has-nul"),
        (&long, "value-too-large"),
    ] {
        let answer = probing(&home, "srv", value).arg("--json").run().code(1);
        assert_eq!(answer.error_code(), code);
        unchanged(&home, &answer);
    }
    assert_eq!(super::given(&home), FIRST);
}
