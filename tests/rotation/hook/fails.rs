//! What a rotation command does wrong: the old value stays, and the message says which it was.

use std::fs;
use std::time::Instant;

use serde_json::json;

use super::{
    FIRST, SECOND, all_ended, error, files, filled, home, record, run, send, started, told,
};
use crate::rotation::{given, rotate};
use crate::support::bus::Bus;
use crate::support::home::Home;
use crate::support::put;

/// Demands that everything is as it was before the command: the value, the store, the catalog; and that the log knows.
#[track_caller]
fn unchanged(home: &Home, code: &str) {
    assert_eq!(given(home), FIRST);
    assert_eq!(files(home), ["a@v1.age"]);
    let _ = home.broker(["doctor"]).run().ok();
    let shown = home.broker(["--json", "show", "a"]).run().ok().json();
    assert_eq!(shown["version"], 1);
    let told = told(home);
    let last = told.last().expect("an entry");
    assert_eq!(last, &("failed".to_owned(), json!(code)));
    assert_eq!(told[told.len() - 2].0, "intent");
}

/// Demands that a command which does this leaves all as it was, and that the message says what it did.
#[track_caller]
fn fails(script: &str, code: &str, says: &str) -> Home {
    let home = home();
    record(&home, script);
    let answer = run(&home).run().code(1);
    assert_eq!(answer.error_code(), code, "{}", answer.stderr);
    assert_eq!(answer.stdout, "");
    let message = error(&answer)["message"].as_str().expect("text").to_owned();
    let expected = format!("the rotation command {says}; \"a\" keeps its old value");
    assert_eq!(message, expected);
    let hint = error(&answer)["hint"].as_str().expect("a hint").to_owned();
    assert!(hint.contains("store that with: broker rotate a"), "{hint}");
    assert!(!answer.stderr.contains("canary-"), "{}", answer.stderr);
    unchanged(&home, code);
    home
}

#[test]
fn a_command_that_prints_nothing_changes_nothing() {
    let _ = fails("#!/bin/sh\n", "value-empty", "printed nothing");
    let _ = fails("#!/bin/sh\necho\n", "value-empty", "printed nothing");
}

#[test]
fn a_command_that_prints_too_much_changes_nothing() {
    let says = "printed more than 1 MiB";
    let script = |bytes: usize| format!("#!/bin/sh\nhead -c {bytes} /dev/zero | tr '\\0' x\n");
    for bytes in [(1 << 20) + 1, 5 << 20] {
        let _ = fails(&script(bytes), "value-too-large", says);
    }
}

#[test]
fn a_command_that_prints_a_nul_changes_nothing() {
    let says = "printed a NUL byte, which no variable can hold";
    let _ = fails(
        "#!/bin/sh\nprintf 'before\\000behind'\n",
        "value-has-nul",
        says,
    );
}

#[test]
fn a_command_that_prints_the_value_that_there_is_changes_nothing() {
    let script = "#!/bin/sh\nprintf '%s\\n' \"$BROKER_CURRENT\"\n";
    let _ = fails(script, "value-unchanged", "printed the value that there is");
}

#[test]
fn a_command_that_fails_changes_nothing_whatever_it_printed() {
    let failed = "rotation-command-failed";
    let script = "#!/bin/sh\necho canary-not-taken\nexit 7\n";
    let _ = fails(script, failed, "failed with exit code 7");
    let script = "#!/bin/sh\necho canary-not-taken\nkill -9 $$\n";
    let _ = fails(script, failed, "was ended by signal 9");
}

#[test]
fn a_command_that_leaves_a_process_changes_nothing_and_the_process_is_ended() {
    let says = "left a process running, which was ended";
    let script = "#!/bin/sh\nsleep 1000 & echo $! > \"$HOME/pids\"\necho canary-not-taken\n";
    all_ended(&fails(script, "rotation-command-failed", says), 1);
    // One that has closed everything, and has neither group, session nor parent in common with the command.
    let script = "#!/usr/bin/python3\nimport os, sys, time\n\
        def fork():\n    if os.fork(): os._exit(0)\n\
        print('canary-not-taken', flush=True)\n\
        reads, writes = os.pipe()\n\
        if os.fork():\n    os.read(reads, 1)\n    sys.exit(0)\n\
        os.setsid()\nfork()\nos.setsid()\nfork()\n\
        with open(os.environ['HOME'] + '/pids', 'w') as file: file.write(f'{os.getpid()}\\n')\n\
        os.write(writes, b'x')\nos.closerange(0, 64)\ntime.sleep(1000)\n";
    all_ended(&fails(script, "rotation-command-failed", says), 1);
}

#[test]
#[ignore = "waits for the minute that a rotation command has"]
fn a_command_that_hangs_changes_nothing_and_is_ended_after_a_minute() {
    let begun = Instant::now();
    let script = "#!/bin/sh\ntrap '' TERM INT HUP\necho canary-not-taken\nsleep 1000 &\necho $$ $! > \"$HOME/pids\"\nwait\n";
    let says = "did not end within 60 seconds, and was ended";
    all_ended(&fails(script, "rotation-command-failed", says), 2);
    let took = begun.elapsed().as_secs();
    assert!((60..90).contains(&took), "{took}");
}

#[test]
fn a_person_who_interrupts_it_ends_the_command_too_and_the_old_value_stays() {
    use std::os::unix::process::ExitStatusExt;
    let bus = Bus::start();
    for (home, signal, number) in [
        (home(), "INT", 2),
        (home(), "TERM", 15),
        (filled(Home::on(&bus)), "INT", 2),
    ] {
        let child = started(&home);
        send(signal, &child);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.signal(), Some(number), "as without a command");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains(
                "the rotation command was interrupted, and was ended; \"a\" keeps its old value"
            ),
            "{said}"
        );
        assert!(!said.contains("canary-"), "{said}");
        all_ended(&home, 2);
        assert_eq!(given(&home), FIRST);
        let last = told(&home).pop().expect("an entry");
        assert_eq!(
            last,
            ("failed".to_owned(), json!("rotation-command-failed"))
        );
        let _ = home.broker(["doctor"]).run().ok();
    }
}

#[test]
fn a_store_that_fails_afterwards_is_told_with_what_the_issuer_may_have_done() {
    let home = home();
    let vault = ".local/share/broker/vault";
    record(
        &home,
        &format!(
            "#!/bin/sh\nmv \"$HOME/{vault}/secrets\" \"$HOME/away\"\n: > \"$HOME/{vault}/secrets\"\necho {SECOND}\n"
        ),
    );
    let answer = run(&home).run().code(1);
    let said = error(&answer);
    let message = said["message"].as_str().expect("text");
    assert!(
        message.starts_with("the rotation command gave a new value, but it was not stored: "),
        "{message}"
    );
    let hint = said["hint"].as_str().expect("a hint");
    assert!(hint.contains("the issuer may have changed the value already: get it from there, and store it with: broker rotate a"), "{hint}");
    fs::remove_file(home.path(vault).join("secrets")).expect("removed");
    fs::rename(home.path("away"), home.path(vault).join("secrets")).expect("put back");
    assert_eq!(given(&home), FIRST);
    let _ = rotate(&home, &[], SECOND).ok();
    assert_eq!(given(&home), SECOND);
    assert_eq!(files(&home), ["a@v1.age", "a@v2.age"]);
    let _ = home.broker(["doctor"]).run().ok();
}

#[test]
fn a_value_that_no_variable_can_hold_is_not_handed_to_a_command() {
    for (value, code) in [
        (b"canary-with\0nul".to_vec(), "value-has-nul"),
        (vec![b'x'; 200_000], "value-too-large"),
    ] {
        let home = Home::new();
        home.set("a", &value);
        record(&home, "#!/bin/sh\n: > \"$HOME/ran\"\necho x\n");
        let answer = run(&home).run().code(1);
        assert_eq!(answer.error_code(), code);
        let message = error(&answer)["message"].as_str().expect("text").to_owned();
        assert!(
            message.starts_with("the rotation command was not started: "),
            "{message}"
        );
        assert!(!home.path("ran").exists());
    }
}

#[test]
fn a_command_that_was_not_recorded_or_is_gone_is_not_run() {
    let home = home();
    let answer = run(&home).run().code(1);
    assert_eq!(answer.error_code(), "rotation-command-missing");
    assert_eq!(
        told(&home),
        [("refused".to_owned(), json!("rotation-command-missing"))]
    );
    record(&home, "#!/bin/sh\necho canary-x\n");
    fs::remove_file(home.path("hook")).expect("removed");
    assert_eq!(run(&home).run().code(1).error_code(), "program-not-found");
    put(&home.path("hook"), "#!/nowhere/sh\n", 0o700);
    assert_eq!(run(&home).run().code(1).error_code(), "grant-changed");
    record(&home, "#!/nowhere/sh\n");
    assert_eq!(run(&home).run().code(1).error_code(), "program-not-found");
    assert_eq!(given(&home), FIRST);
}
