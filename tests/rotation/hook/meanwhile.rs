//! What happens to a home while a rotation command of it runs.

use serde_json::json;

use super::{FIRST, SECOND, error, files, home, record, run, send, started};
use crate::rotation::{given, rotate};
use crate::support::home::{Answer, BROKER, Home};

#[test]
fn no_start_and_no_other_command_waits_for_a_rotation_command() {
    let home = home();
    let child = started(&home);
    assert_eq!(given(&home), FIRST);
    home.set("b", b"canary-other");
    let _ = home.broker(["edit", "a", "--note", "n"]).run().ok();
    let _ = rotate(&home, &[], "canary-by-hand").ok();
    assert_eq!(given(&home), "canary-by-hand");
    send("INT", &child);
    let _ = child.wait_with_output().expect("it ends");
    assert_eq!(given(&home), "canary-by-hand");
}

#[test]
fn two_at_once_run_one_after_the_other_and_no_value_is_lost() {
    let home = home();
    let script = "#!/bin/sh\nmkdir \"$HOME/alone\" || exit 9\nsleep 0.3\nrmdir \"$HOME/alone\"\n\
        printf '%s\\n' \"$BROKER_CURRENT+\"\n";
    record(&home, script);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| home.broker(["rotate", "a", "--run"]).run().ok());
        }
    });
    assert_eq!(given(&home), format!("{FIRST}++"));
    assert_eq!(files(&home), ["a@v2.age", "a@v3.age"]);
}

/// Records a command that runs broker itself in between.
fn meanwhile(words: &str) -> (Home, Answer) {
    let home = home();
    let script = format!("#!/bin/sh\n{{ {words}; }} > /dev/null || exit 9\necho {SECOND}\n");
    record(&home, &script.replace("broker ", &format!("'{BROKER}' ")));
    let answer = run(&home).run();
    (home, answer)
}

#[test]
fn a_value_is_stored_under_the_name_and_schedule_that_its_secret_has_by_then() {
    let (home, answer) = meanwhile("broker edit a --rotate-every 30d --note changed");
    let _ = answer.ok();
    assert_eq!(given(&home), SECOND);
    let shown = home.broker(["--json", "show", "a"]).run().ok().json();
    assert_eq!(
        (&shown["note"], &shown["rotate_every"]),
        (&json!("changed"), &json!("P30D"))
    );
    let (home, answer) = meanwhile("broker rename a b && broker set a --generate");
    let answer = answer.ok();
    assert!(
        answer.stderr.contains("rotated \"b\" to version 2"),
        "{}",
        answer.stderr
    );
    assert_eq!(home.broker(["reveal", "b"]).run().ok().stdout, SECOND);
}

#[test]
fn a_value_that_another_one_has_overtaken_is_not_stored_and_what_to_do_is_said() {
    for (words, why) in [
        (
            "echo canary-by-another | broker rotate a",
            "the secret has got another value meanwhile",
        ),
        ("broker remove a --yes", "the secret was removed meanwhile"),
    ] {
        let (home, answer) = meanwhile(words);
        let answer = answer.code(1);
        assert_eq!(answer.error_code(), "rotation-overtaken");
        let error = error(&answer);
        let message =
            format!("the rotation command gave a new value, but it was not stored: {why}");
        assert_eq!(error["message"], message);
        let hint = error["hint"].as_str().expect("a hint");
        assert!(
            hint.contains("the issuer may have changed the value already"),
            "{hint}"
        );
        assert!(!answer.stderr.contains(SECOND));
        if words.contains("rotate") {
            assert_eq!(given(&home), "canary-by-another");
        }
    }
}
