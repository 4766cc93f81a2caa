//! No value is ever an argument of a process, nor part of what broker writes.
//!
//! Each command runs under `strace`, which shows every program that is started, with its arguments and its
//! environment, and everything that is written to files, pipes and sockets.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::bus::Bus;
use crate::support::home::{BROKER, Home};

const CANARY: &str = "canary-under-the-tracer-b7c2";

/// Runs broker under `strace` and returns its calls, one a line.
fn traced(home: &Home, arguments: &[&str], stdin: &str) -> Vec<String> {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-v", "-qq", "-s", "1000000", "-e"])
        .arg("trace=execve,execveat,write,pwrite64,writev,pwritev,sendto,sendmsg")
        .arg("-o")
        .arg(log.path())
        .arg("--")
        .arg(BROKER)
        .args(arguments)
        .env_clear()
        .envs(home.environment().iter().map(|(n, v)| (n, v)))
        .current_dir(home.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    crate::support::without_terminal(&mut command);
    let mut child = command.spawn().expect("strace is installed");
    let mut input = child.stdin.take().expect("its stdin");
    std::io::Write::write_all(&mut input, stdin.as_bytes()).expect("read");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    let text = std::fs::read_to_string(log.path()).expect("a log");
    text.lines().map(str::to_owned).collect()
}

/// A program that was started.
struct Started<'a> {
    program: &'a str,
    arguments: &'a str,
    environment: &'a str,
}

/// Takes `PID execve("PROGRAM", ["A", "B"], ["N=V"]) = 0` apart.
fn started(line: &str) -> Option<Started<'_>> {
    let (_, call) = line.split_once(" execve(")?;
    let (program, rest) = call.split_once(", [").expect("arguments");
    let (arguments, environment) = rest.split_once("], [").expect("an environment");
    Some(Started {
        program: program.trim_matches('"'),
        arguments,
        environment,
    })
}

/// Checks a run of a command that starts `server`, or nothing.
fn check(calls: &[String], server: Option<&str>) {
    let all: Vec<_> = calls.iter().filter_map(|line| started(line)).collect();
    let programs: Vec<_> = all.iter().map(|one| Path::new(one.program)).collect();
    let expected: Vec<_> = [Some(BROKER), server].into_iter().flatten().collect();
    assert_eq!(programs, expected.iter().map(Path::new).collect::<Vec<_>>());
    for one in &all {
        assert!(!one.arguments.contains(CANARY), "{}", one.program);
        // The server has it; were it not seen there, it could not be seen anywhere.
        let given = one.environment.contains(CANARY);
        assert_eq!(given, Some(one.program) == server, "{}", one.program);
    }
    for line in calls.iter().filter(|line| started(line).is_none()) {
        assert!(!line.contains(CANARY), "written: {line}");
    }
}

fn no_value_is_an_argument(home: &Home) {
    let run = |arguments: &[&str], stdin: &str| traced(home, arguments, stdin);
    check(&run(&["set", "token", "--raw"], CANARY), None);
    let start = |word| [word, "--env", "TOKEN=broker://token", "--", "/bin/true"];
    check(&run(&start("allow"), ""), None);
    check(&run(&start("exec"), ""), Some("/bin/true"));
    check(&run(&["rename", "token", "token-2"], ""), None);
    check(&run(&["list", "--json"], ""), None);
    // What was traced did its work: there is something to be found.
    let list = home.broker(["list", "--json"]).run().ok().json();
    assert!(list.to_string().contains("token-2"), "{list}");
    check(&run(&["remove", "token-2", "--yes"], ""), None);
}

#[test]
fn no_value_of_the_vault_is_an_argument_or_is_written_in_the_clear() {
    no_value_is_an_argument(&Home::new());
}

#[test]
fn no_value_of_the_keychain_is_an_argument_or_is_sent_in_the_clear() {
    let bus = Bus::start();
    no_value_is_an_argument(&Home::on(&bus));
}

#[test]
fn a_value_that_is_written_is_seen_under_the_tracer() {
    // The other tests of this file mean nothing if the tracer shows nothing.
    let home = Home::empty();
    let log = tempfile::NamedTempFile::new().expect("a file");
    let status = Command::new("strace")
        .args([
            "-f",
            "-v",
            "-qq",
            "-s",
            "1000000",
            "-e",
            "trace=execve,write",
            "-o",
        ])
        .arg(log.path())
        .args([
            "/bin/sh",
            "-c",
            "printf %s \"$1\" > out; /bin/true \"$1\"; exit 0",
            "sh",
            CANARY,
        ])
        .current_dir(home.path(""))
        .status()
        .expect("strace is installed");
    assert!(status.success());
    let text = std::fs::read_to_string(log.path()).expect("a log");
    let lines: Vec<_> = text.lines().collect();
    let true_started = lines.iter().filter_map(|line| started(line));
    let given =
        true_started.filter(|one| one.program == "/bin/true" && one.arguments.contains(CANARY));
    assert_eq!(given.count(), 1);
    let written = lines
        .iter()
        .filter(|line| line.contains("write(") && line.contains(CANARY));
    assert_eq!(written.count(), 1);
}
