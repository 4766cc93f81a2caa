//! Tests of the watched child, on real processes.
#![expect(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "helpers of tests may abort"
)]

use std::ffi::OsString;
use std::io::Read;
use std::time::Duration;

use super::*;
use crate::launch::{Caller, Request, collect};

fn plan(script: &str) -> Plan {
    let request = Request {
        command: ["/bin/sh", "-c", script].map(OsString::from).into(),
        ..Request::default()
    };
    let caller = Caller {
        variables: vec![("PATH".into(), "/usr/bin:/bin".into())],
        folder: "/".into(),
        home: Some("/nowhere".into()),
    };
    Plan::make(request, &caller).expect("a plan")
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn run(script: &str, check: impl FnOnce(Supervised<'_>)) {
    let signals = HeldSignals::hold().expect("held");
    let extra = [("EXTRA", OsStr::new("x y"))];
    let plan = plan(script);
    let started = supervise(&plan, &Values::new(), &extra, Input::Pipe, &signals);
    check(started.expect("started"));
}

/// Reads a line with the number of a process.
fn pid(output: &mut std::io::PipeReader) -> u32 {
    let mut line = Vec::new();
    let mut byte = [0_u8; 1];
    while output.read(&mut byte).expect("read") == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    let text = String::from_utf8(line).expect("text");
    text.trim().parse().expect("a number")
}

#[cfg(target_os = "linux")]
fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn a_child_has_exactly_the_environment_and_no_terminal() {
    run("exec env", |mut child| {
        let read = collect(child.output.take().expect("a pipe"), 10_000).expect("a thread");
        assert_eq!(child.wait(soon()), Waited::Exited(Exit::Code(0)));
        assert!(!child.end().expect("ended"));
        let read = read
            .finish(Duration::from_secs(30))
            .expect("read")
            .expect("an end");
        let text = String::from_utf8_lossy(&read.bytes);
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        // dash sets PWD itself.
        lines.retain(|line| !line.starts_with("PWD="));
        assert_eq!(lines, ["EXTRA=x y", "HOME=/nowhere", "PATH=/usr/bin:/bin"]);
    });
    run("exec 3<>/dev/tty", |mut child| {
        assert!(matches!(child.wait(soon()), Waited::Exited(Exit::Code(code)) if code != 0));
    });
}

#[test]
fn how_it_ended_is_told() {
    run("exit 7", |mut child| {
        assert_eq!(child.wait(soon()), Waited::Exited(Exit::Code(7)));
    });
    run("kill -9 $$", |mut child| {
        assert_eq!(child.wait(soon()), Waited::Exited(Exit::Signal(9)));
    });
    // Without any time to wait, too.
    run("exit 5", |mut child| {
        let deadline = soon();
        while child.wait(Instant::now()) == Waited::TimeOver {
            assert!(Instant::now() < deadline);
        }
        assert_eq!(child.wait(Instant::now()), Waited::Exited(Exit::Code(5)));
    });
    // Reads until its input is closed.
    run("cat >/dev/null; exit 3", |mut child| {
        let shortly = Instant::now() + Duration::from_millis(100);
        assert_eq!(child.wait(shortly), Waited::TimeOver);
        drop(child.input.take());
        assert_eq!(child.wait(soon()), Waited::Exited(Exit::Code(3)));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn what_hides_in_a_session_of_its_own_is_ended_too() {
    for wait in [true, false] {
        let tail = if wait { "exit 0" } else { "exec sleep 1000" };
        // The first shell leads a session, and its child, which it leaves, tells its own number.
        let daemon = "sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' &";
        let script = format!("setsid sh -c \"{}\" & {tail}", daemon.replace('$', "\\$"));
        run(&script, |mut child| {
            let hidden = pid(child.output.as_mut().expect("a pipe"));
            if wait {
                assert_eq!(child.wait(soon()), Waited::Exited(Exit::Code(0)));
            }
            assert!(is_running(hidden));
            // A server that is ended on purpose has left nothing behind.
            assert_eq!(child.end().expect("ended"), wait);
            assert!(!is_running(hidden));
        });
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_dropped_is_ended() {
    let mut number = 0;
    run("echo $$; exec sleep 1000", |mut child| {
        number = pid(child.output.as_mut().expect("a pipe"));
        assert!(is_running(number));
    });
    assert!(!is_running(number));
}

#[test]
fn what_is_not_there_is_not_started() {
    let signals = HeldSignals::hold().expect("held");
    let start = |plan: &Plan| {
        supervise(plan, &Values::new(), &[], Input::Nothing, &signals)
            .map(drop)
            .expect_err("not started")
    };
    let mut gone = plan("exit 0");
    gone.program = "/nowhere/program".into();
    assert!(matches!(start(&gone), StartError::NotFound(_)));
    let mut nowhere = plan("exit 0");
    nowhere.starts_in = "/nowhere".into();
    assert!(matches!(start(&nowhere), StartError::Folder(_, _)));
}
