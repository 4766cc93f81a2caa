//! Servers that do not work with the new value: the old one stays, and nothing of the server does.

use std::fs;
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
fn what_a_server_says_of_its_failure_is_shown_with_values_masked() {
    let home = allowing("knows");
    // What it knows from before, and was not given.
    fs::write(home.path("old"), FIRST).expect("written");
    for (mode, tool, said) in [
        ("plain", "check", "  it said: no to [masked]"),
        ("error", "check", "  it said: [masked]"),
        ("plain", "absent", "  it has: check"),
        (
            "knows",
            "check",
            "  it said: no to [masked], it was [masked]",
        ),
        ("no-list", "check", "  it said: [masked]"),
    ] {
        let label = format!("a-{mode}");
        let flags = ["--env", "TOKEN=broker://a"];
        let _ = super::labelled(&home, &label, mode, &flags).granting();
        let answer = probing(&home, &format!("{label}:{tool}"), REFUSED)
            .run()
            .code(1);
        let lines: Vec<&str> = answer.stderr.lines().collect();
        for line in [
            format!("broker: error: {said}").as_str(),
            "broker: server: the token is [masked]",
        ] {
            assert!(lines.contains(&line), "{mode}: {line}: {}", answer.stderr);
        }
        unchanged(&home, &answer);
    }
}

#[test]
fn what_a_server_says_is_not_shown_where_a_value_is_too_short_to_be_masked() {
    let home = allowing("plain");
    let answer = probing(&home, "srv:absent", "zq").run().code(1);
    assert!(
        answer.stderr.contains(
            "what the server said is not shown, since it cannot be masked: a value has fewer than 8 bytes"
        ),
        "{}",
        answer.stderr
    );
    for shown in ["server:", "  it has:", "zq"] {
        assert!(!answer.stderr.contains(shown), "{shown}: {}", answer.stderr);
    }
    unchanged(&home, &answer);
}

#[test]
fn of_much_that_a_server_says_the_beginning_is_shown() {
    let home = allowing("chatty");
    let answer = probing(&home, "srv", SECOND).run().code(1);
    let lines = answer
        .stderr
        .lines()
        .filter(|line| line.starts_with("broker: server: "));
    let (lines, bytes) = lines.fold((0, 0), |(n, bytes), line| (n + 1, bytes + line.len()));
    assert!(
        lines > 10 && bytes < 100_000,
        "{lines} lines, {bytes} bytes"
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
