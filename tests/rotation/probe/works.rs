//! Servers that work with the new value.

use serde_json::json;

use super::*;
use crate::mcp;
use crate::support::bus::Bus;

#[test]
fn the_server_is_given_the_new_value_and_the_current_ones_of_its_other_secrets() {
    let home = home().secret("b", "canary-other-first");
    let _ = home
        .broker(["rotate", "b", "--raw"])
        .stdin("canary-other-second")
        .run()
        .ok();
    let flags = [
        "--env",
        "TOKEN=broker://a",
        "--env",
        "OTHER=broker://b",
        "--env",
        "SET=text",
    ];
    let flags: Vec<&str> = flags
        .iter()
        .chain(&["--pass-any", "ANY"])
        .copied()
        .collect();
    let _ = labelled(&home, "srv", "plain", &flags)
        .env("ANY", "then")
        .granting();
    let said = probing(&home, "srv:check", SECOND)
        .env("ANY", "now")
        .env("STRAY", "x")
        .run()
        .ok();
    let expected = json!({
        "TOKEN": SECOND, "OTHER": "canary-other-second", "ANY": "now", "SET": "text",
    });
    assert_eq!(seen(&home), expected);
    assert_eq!(said.stdout, "");
    assert!(
        said.stderr.starts_with(
            "broker: \"srv\" works with the new value: it listed 1 tool, and check answered without an error\n\
             broker: rotated \"a\" to version 2; version 1 is kept until"
        ),
        "{}",
        said.stderr
    );
    quiet(&said);
    gone(&home);
    assert_eq!(given(&home), SECOND);
    assert_eq!(versions(&home), ["kept", "current"]);
}

#[test]
fn without_a_tool_it_is_said_that_the_value_was_not_tested() {
    let home = allowing("plain");
    let said = probing(&home, "srv", REFUSED).run().ok();
    assert!(
        said.stderr.contains(
            "\"srv\" starts with the new value: it listed 1 tool; the value itself was not tested, \
             for that name a tool: --probe srv:TOOL"
        ),
        "{}",
        said.stderr
    );
    assert!(!home.path("called").exists());
    assert_eq!(given(&home), REFUSED);
}

#[test]
fn every_way_of_speaking_mcp_and_every_bad_habit_that_clients_bear_will_do() {
    for (mode, tool) in [
        ("old", "check"),
        ("new", "check"),
        ("banner", "check"),
        ("pings", "check"),
        ("pages", "more-4"),
        ("daemon", "check"),
        ("stays", "check"),
    ] {
        let home = allowing(mode);
        let said = probing(&home, &format!("srv:{tool}"), SECOND).run().ok();
        let called = fs::read_to_string(home.path("called")).expect("a call");
        assert_eq!(called, format!("{tool}\n"), "{mode}");
        assert_eq!(seen(&home)["TOKEN"], SECOND, "{mode}");
        assert_eq!(given(&home), SECOND, "{mode}");
        quiet(&said);
        gone(&home);
    }
}

#[test]
fn a_server_is_asked_to_end_before_it_is_ended_by_force() {
    let home = allowing("ends-if-asked");
    let _ = probing(&home, "srv", SECOND).run().ok();
    assert_eq!(
        fs::read_to_string(home.path("asked")).expect("asked"),
        "ends-if-asked\n"
    );
    gone(&home);
    // One that ends with its input is not.
    let home = allowing("plain");
    let _ = probing(&home, "srv", SECOND).run().ok();
    assert!(!home.path("asked").exists());
}

#[test]
fn the_log_tells_of_the_trial_with_its_versions_before_and_after() {
    let home = allowing("plain");
    let _ = probing(&home, "srv:check", REFUSED).run().code(1);
    let _ = probing(&home, "srv:check", SECOND).run().ok();
    let entry = |action: &str, outcome: &str, versions: Value, detail: Value| {
        (action.to_owned(), outcome.to_owned(), versions, detail)
    };
    let (all, next, none) = (json!([null]), json!([2]), json!(null));
    let expected = [
        entry("rotate", "intent", all.clone(), none.clone()),
        entry("probe", "intent", next.clone(), none.clone()),
        entry("probe", "failed", next.clone(), json!("probe-failed")),
        entry("rotate", "failed", all.clone(), json!("probe-failed")),
        entry("rotate", "intent", all.clone(), none.clone()),
        entry("probe", "intent", next.clone(), none.clone()),
        entry("probe", "done", next, none.clone()),
        entry("rotate", "done", all, none),
    ];
    assert_eq!(told(&home), expected);
    let entries = home
        .broker(["--json", "log", "--action", "probe"])
        .run()
        .ok()
        .json();
    assert_eq!(entries[0]["server"], "srv");
    assert_eq!(entries[0]["secrets"], json!(["a"]));
    let _ = home.broker(["log", "verify"]).run().ok();
}

#[test]
fn what_a_rotation_command_prints_is_tried_out_too() {
    let home = allowing("plain");
    let record = |value: &str| {
        let command = json!(["/usr/bin/printf", value]).to_string();
        let words = ["edit", "a", "--rotate-command", &command];
        let _ = home.broker(words).run().ok();
        home.broker(["--json", "rotate", "a", "--run", "--probe", "srv:check"])
    };
    let answer = record(REFUSED).run().code(1);
    assert_eq!(answer.error_code(), "probe-failed");
    assert!(
        answer
            .stderr
            .contains("gave a new value, but it was not stored"),
        "{}",
        answer.stderr
    );
    unchanged(&home, &answer);
    let _ = record(SECOND).run().ok();
    assert_eq!(seen(&home)["TOKEN"], SECOND);
    assert_eq!(given(&home), SECOND);
    // What cannot be tried out is not run.
    let _ = home.broker(["revoke", "--server", "srv"]).run().ok();
    let answer = record("canary-probe-third").run().code(1);
    assert_eq!(answer.error_code(), "grant-not-found");
}

#[test]
fn a_secret_in_the_keychain_is_tried_out_beside_one_in_the_vault() {
    let bus = Bus::start();
    let home = Home::on(&bus).secret("a", FIRST);
    let _ = home
        .broker(["init", "--store", "vault", "--key-file"])
        .run()
        .ok();
    let set = home.broker(["set", "b", "--raw", "--store", "vault"]);
    let _ = set.stdin("canary-in-the-vault").run().ok();
    let home = with_script(home);
    let flags = ["--env", "TOKEN=broker://a", "--env", "OTHER=broker://b"];
    let _ = labelled(&home, "srv", "plain", &flags).granting();
    let _ = probing(&home, "srv:check", REFUSED).run().code(1);
    assert_eq!(given(&home), FIRST);
    assert_eq!(versions(&home), ["current"]);
    assert_eq!(pending(&home), 0);
    let _ = probing(&home, "srv:check", SECOND).run().ok();
    assert_eq!(
        seen(&home),
        json!({ "TOKEN": SECOND, "OTHER": "canary-in-the-vault" })
    );
    assert_eq!(given(&home), SECOND);
}

#[test]
fn other_servers_start_with_the_old_value_meanwhile() {
    let home = allowing("waits");
    std::thread::scope(|scope| {
        let probe = scope.spawn(|| probing(&home, "srv:check", SECOND).run());
        wait_until(|| home.path("called").exists());
        for _ in 0..3 {
            assert_eq!(given(&home), FIRST);
        }
        // What only reads goes on, too.
        assert_eq!(versions(&home), ["current"]);
        assert!(!probe.is_finished());
        fs::write(home.path("go"), "").expect("written");
        let _ = probe.join().expect("it ends").ok();
    });
    assert_eq!(given(&home), SECOND);
    let _ = home.broker(["log", "verify"]).run().ok();
}

/// A home in which a real server is allowed the secret.
fn real(command: &[std::path::PathBuf]) -> Home {
    let home = home();
    let run = home.broker(["exec", "srv", "--env", "TOKEN=broker://a", "--"]);
    let run = command.iter().fold(run, |run, word| run.arg(word));
    let _ = run.granting();
    home
}

#[test]
fn real_servers_of_both_eras_are_tried_out() {
    let home = real(&mcp::everything());
    let said = probing(&home, "srv:get-env", SECOND).run().ok();
    assert!(
        said.stderr.contains("get-env answered without an error"),
        "{}",
        said.stderr
    );
    quiet(&said);
    assert_eq!(given(&home), SECOND);
    let home = real(&[mcp::time()]);
    let said = probing(&home, "srv", SECOND).run().ok();
    assert!(said.stderr.contains("it listed 2 tools"), "{}", said.stderr);
    // It wants to know in which zone.
    let answer = probing(&home, "srv:get_current_time", FIRST).run().code(1);
    assert!(
        answer.stderr.contains("the tool answered with an error"),
        "{}",
        answer.stderr
    );
    assert_eq!(given(&home), SECOND);
}
