//! Tests of running a rotation command with another limit than the minute it has: what hangs is ended, whole.
#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use std::ffi::OsString;

use super::super::super::args::Color;
use super::*;
use crate::launch::{Assignment, Caller, Request};
use crate::policy::CURRENT_VARIABLE;

const CURRENT: &[u8] = b"the value that is current";

fn value(bytes: &[u8]) -> SecretValue {
    SecretValue::new(Zeroizing::new(bytes.to_vec()))
}

/// Runs a script of the shell as a rotation command.
fn run(script: &str, limit: Duration) -> Result<SecretValue, Failure> {
    let request = Request {
        command: ["/bin/sh", "-c", script].map(OsString::from).into(),
        set: vec![Assignment {
            variable: CURRENT_VARIABLE.to_owned(),
            text: Some("broker://a".into()),
        }],
        allow_dangerous: vec![CURRENT_VARIABLE.to_owned()],
        ..Request::default()
    };
    let caller = Caller {
        variables: vec![("PATH".into(), "/usr/bin:/bin".into())],
        folder: "/".into(),
        home: Some("/".into()),
    };
    let plan = Plan::make(request, &caller).expect("a plan");
    let name: SecretName = "a".parse().expect("a name");
    let values = vec![(name.clone(), value(CURRENT))];
    let asked = Asked {
        plan: &plan,
        values: &values,
        name: &name,
        limit,
    };
    let signals = HeldSignals::hold().expect("held");
    let output = Output::new(false, false, Color::Never);
    new_value(&asked, &signals, &output, SecretValue::new)
}

fn said(script: &str, limit: Duration) -> String {
    let failure = run(script, limit).expect_err("no value");
    assert_eq!((failure.code, failure.exit), ("rotation-command-failed", 1));
    failure.message
}

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(30);

#[test]
fn what_it_prints_is_the_value_to_the_byte() {
    let script = "printf 'of %s\\r\\n\\n' \"$BROKER_CURRENT\"";
    let printed = run(script, LONG).expect("a value");
    let expected = [b"of ", CURRENT, b"\r\n\n"].concat();
    assert!(printed.same_as(&value(&expected)));
}

#[test]
fn what_hangs_is_ended_and_the_message_says_so() {
    let message = said(
        "printf 'half of a value'; trap '' TERM INT; sleep 1000",
        SHORT,
    );
    let expected = "the rotation command did not end within 0.3 seconds, and was ended; \"a\" keeps its old value";
    assert_eq!(message, expected);
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_of_what_hangs_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pids");
    // The shell, a child, and one in a session of its own whose parent has gone.
    let script = format!(
        "exec 9>'{}'; sleep 1000 & setsid sh -c 'setsid sleep 1000 & echo $! >&9'; echo $$ $! >&9; sleep 1000",
        file.display()
    );
    let _ = said(&script, Duration::from_secs(3));
    let pids = std::fs::read_to_string(file).expect("written");
    let pids: Vec<&str> = pids.split_whitespace().collect();
    assert_eq!(pids.len(), 3);
    for pid in pids {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
    }
}
