//! broker that is ended while it tries a server out.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use super::*;

/// Tries a server out that waits in its tool, and does not come back until it does.
fn trying(home: &Home) -> Child {
    fs::write(home.path("value"), SECOND).expect("written");
    let words = [
        "rotate",
        "a",
        "--from-file",
        "value",
        "--probe",
        "srv:check",
    ];
    let mut command = home.broker(words).command();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("broker starts");
    wait_until(|| home.path("called").exists());
    child
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("/bin/kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
}

#[test]
fn a_signal_that_ends_broker_ends_the_server_first_and_the_old_value_stays() {
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let home = allowing("waits");
        let child = trying(&home);
        signal(&child, name);
        let ended = child.wait_with_output().expect("it ends");
        assert_eq!(ended.status.signal(), Some(number), "{name}");
        let answer = Answer {
            code: 128 + number,
            stdout: String::from_utf8_lossy(&ended.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&ended.stderr).into_owned(),
            bytes: Vec::new(),
        };
        assert!(
            answer
                .stderr
                .contains("broker was told to end before it answered the call of the tool"),
            "{}",
            answer.stderr
        );
        unchanged(&home, &answer);
        assert!(
            home.path("asked").exists(),
            "the server was not asked to end"
        );
        let last = told(&home).pop().expect("an entry");
        assert_eq!((last.0.as_str(), last.1.as_str()), ("rotate", "failed"));
    }
}

#[test]
fn broker_that_is_killed_leaves_the_old_value_and_the_next_command_cleans_up() {
    for next in [
        &["doctor", "--fix"][..],
        &["rotate", "a", "--from-file", "value"],
    ] {
        let home = allowing("waits");
        let mut child = trying(&home);
        signal(&child, "KILL");
        let _ = child.wait().expect("it ends");
        assert_eq!(given(&home), FIRST);
        assert_eq!(versions(&home), ["current"]);
        assert_eq!(pending(&home), 1);
        fs::write(home.path("go"), "").expect("written");
        // Its input is closed, so it ends by itself.
        wait_gone(&home);
        let _ = home.broker(next).run();
        assert_eq!(pending(&home), 0, "{next:?}");
        if next[0] == "doctor" {
            assert_eq!(files(&home), ["a@v1.age"]);
            assert_eq!(given(&home), FIRST);
        } else {
            assert_eq!(files(&home), ["a@v1.age", "a@v2.age"]);
            assert_eq!(given(&home), SECOND);
        }
    }
}
