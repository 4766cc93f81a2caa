//! Which server is meant, and what is refused before a value is asked for.

use serde_json::json;

use super::*;
use crate::support::pty::{On, Session};

#[test]
fn with_nothing_to_refuse_the_value_is_asked_for() {
    // What the others here are compared with.
    let home = allowing("plain");
    refused_at_once(&home, "srv", "input-failed");
    refused_at_once(&home, "srv:check", "input-failed");
}

#[test]
fn a_server_that_is_not_allowed_the_secret_is_none() {
    let home = allowing("plain").secret("b", "canary-other");
    let _ = labelled(&home, "other", "plain", &["--env", "TOKEN=broker://b"]).granting();
    let answer = refused_at_once(&home, "absent", "grant-not-found");
    assert!(!answer.stderr.contains("absent"), "{}", answer.stderr);
    let answer = refused_at_once(&home, "pinter", "grant-not-found");
    assert!(
        answer.stderr.contains("did you mean \\\"printer\\\"?"),
        "{}",
        answer.stderr
    );
    let answer = refused_at_once(&home, "other", "grant-not-found");
    assert!(
        answer
            .stderr
            .contains("\\\"other\\\" is not given \\\"a\\\""),
        "{}",
        answer.stderr
    );
    let _ = home.broker(["revoke", "--server", "srv"]).run().ok();
    refused_at_once(&home, "srv", "grant-not-found");
}

#[test]
fn of_several_with_one_label_one_is_chosen_by_its_id() {
    let home = allowing("plain");
    let _ = small(&home, "pages").granting();
    let grants = home.broker(["--json", "grants"]).run().ok().json();
    let of = |mode: &str| -> String {
        let grants = grants.as_array().expect("grants").iter();
        let mut found = grants.filter(|grant| grant["args"][1] == mode);
        let id = &found.next().expect("a grant")["id"];
        id.as_str().expect("text").to_owned()
    };
    let answer = refused_at_once(&home, "srv", "grant-ambiguous");
    for mode in ["plain", "pages"] {
        assert!(answer.stderr.contains(&of(mode)), "{}", answer.stderr);
    }
    let word = format!("{}:tool-2", &of("pages")[..8]);
    let _ = probing(&home, &word, SECOND).run().ok();
    assert_eq!(
        fs::read_to_string(home.path("called")).expect("a call"),
        "tool-2\n"
    );
    assert_eq!(given(&home), SECOND);
}

#[test]
fn what_is_no_server_and_tool_is_no_argument() {
    let home = home();
    for word in ["", "srv:", ":check", "srv:a b", "srv:\u{7}"] {
        let answer = home
            .broker(["--json", "rotate", "a", "--probe", word])
            .run()
            .code(2);
        assert_eq!(answer.error_code(), "usage", "{word:?}");
    }
}

#[test]
fn while_the_home_is_frozen_no_server_is_tried_out() {
    let home = allowing("plain");
    let frozen = |home: &Home| {
        let absent = [
            "--json",
            "rotate",
            "a",
            "--from-file",
            "absent",
            "--probe",
            "srv",
        ];
        let answer = home.broker(absent).run().code(1);
        assert_eq!(answer.error_code(), "frozen", "{}", answer.stderr);
    };
    let _ = home.broker(["freeze", "--reason", "test"]).run().ok();
    frozen(&home);
    // Without the file, the seal says it still.
    fs::remove_file(home.path(".local/state/broker/frozen.json")).expect("removed");
    frozen(&home);
    assert!(!home.path("pids").exists(), "the server was started");
    let refused = told(&home);
    let is = |entry: &&(String, String, Value, Value)| {
        entry.0 == "probe" && entry.1 == "refused" && entry.3 == "frozen"
    };
    assert_eq!(refused.iter().filter(is).count(), 2, "{refused:?}");
    let _ = home.broker(["thaw"]).run().ok();
    let _ = probing(&home, "srv", SECOND).run().ok();
}

#[test]
fn a_program_that_changed_is_not_tried_out() {
    let home = allowing("plain");
    let script = home.path("server.py");
    let text = fs::read_to_string(&script).expect("there");
    fs::write(&script, format!("{text}\n")).expect("written");
    let answer = refused_at_once(&home, "srv", "grant-changed");
    assert!(
        answer.stderr.contains("the content of"),
        "{}",
        answer.stderr
    );
    assert!(!home.path("pids").exists(), "the server was started");
    // What changed back is what was allowed.
    fs::write(&script, text).expect("written");
    let _ = probing(&home, "srv", SECOND).run().ok();
}

#[test]
fn a_program_that_changes_while_the_value_is_typed_is_not_tried_out() {
    let home = Home::attended().secret("a", FIRST);
    let home = with_script(home);
    let _ = small(&home, "plain").granting();
    let run = home.broker(["--json", "rotate", "a", "--probe", "srv"]);
    let on = On {
        stdin: true,
        stderr: false,
    };
    let mut session = Session::start(run.command(), on);
    session.wait_for("value of a:").wait_hidden();
    let script = home.path("server.py");
    let text = fs::read_to_string(&script).expect("there");
    fs::write(&script, format!("{text}\n")).expect("written");
    session.types(&format!("{SECOND}\n"));
    let ended = session.end().code(1);
    assert!(ended.stderr.contains("grant-changed"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("canary") && !ended.screen.contains("canary"));
    assert!(!home.path("pids").exists(), "the server was started");
    assert_eq!(given(&home), FIRST);
    assert_eq!(
        (versions(&home), files(&home)),
        (vec!["current".into()], vec!["a@v1.age".into()])
    );
}

#[test]
fn the_value_can_be_typed_and_the_trial_be_ended_from_the_terminal() {
    let home = Home::attended().secret("a", FIRST);
    let home = with_script(home);
    let _ = small(&home, "waits").granting();
    let rotate = || {
        let run = home.broker(["rotate", "a", "--probe", "srv:check"]);
        let mut session = Session::start(
            run.command(),
            On {
                stdin: true,
                stderr: true,
            },
        );
        session.wait_for("value of a:").wait_hidden();
        session
    };
    // At the question, the keys end it as ever.
    let mut session = rotate();
    session.types("\x03");
    let _ = session.end().code(1);
    let mut session = rotate();
    session.types(&format!("{SECOND}\n"));
    wait_until(|| home.path("called").exists());
    session.types("\x03");
    let ended = session.end().code(130);
    assert!(
        ended.screen.contains("broker was told to end"),
        "{}",
        ended.screen
    );
    assert!(
        ended.echoes && !ended.screen.contains("canary"),
        "{}",
        ended.screen
    );
    assert_eq!(
        (given(&home), files(&home)),
        (FIRST.into(), vec!["a@v1.age".into()])
    );
    gone(&home);
    fs::write(home.path("go"), "").expect("written");
    let mut session = rotate();
    session.types(&format!("{SECOND}\n"));
    let _ = session.end().code(0);
    assert_eq!(given(&home), SECOND);
}

#[test]
fn what_the_caller_or_the_disk_lacks_is_missed_before_a_value_is_asked_for() {
    let home = home();
    fs::create_dir(home.path("work")).expect("made");
    let folder = home.path("work").display().to_string();
    let flags = ["--env", "TOKEN=broker://a", "--pass-any", "ANY"];
    let _ = labelled(&home, "any", "plain", &flags)
        .env("ANY", "x")
        .granting();
    refused_at_once(&home, "any", "variable-unset");
    let flags = ["--env", "TOKEN=broker://a", "--cwd", &folder];
    let _ = labelled(&home, "placed", "plain", &flags).granting();
    let _ = probing(&home, "placed:check", SECOND).run().ok();
    let _ = home.broker(["rollback", "a"]).run().ok();
    fs::remove_dir(folder).expect("removed");
    refused_at_once(&home, "placed", "folder-unusable");
}

#[test]
fn another_secret_that_is_gone_or_over_stops_it_and_the_one_that_is_rotated_does_not() {
    let home = home().secret("b", "canary-other");
    let flags = ["--env", "TOKEN=broker://a", "--env", "OTHER=broker://b"];
    let _ = labelled(&home, "srv", "plain", &flags).granting();
    let over = ["--expires", "2020-01-31", "--when-overdue", "refuse"];
    let _ = home.broker(["edit", "b"].iter().chain(&over)).run().ok();
    refused_at_once(&home, "srv", "secret-overdue");
    let _ = home.broker(["edit", "b", "--expires", "never"]).run().ok();
    let _ = home.broker(["edit", "a"].iter().chain(&over)).run().ok();
    let _ = probing(&home, "srv:check", SECOND).run().ok();
    let _ = home.broker(["edit", "a", "--expires", "never"]).run().ok();
    let _ = home.broker(["rollback", "a"]).run().ok();
    let _ = home.broker(["remove", "b", "--yes"]).run().ok();
    refused_at_once(&home, "srv", "secret-not-found");
}

#[test]
fn a_server_of_broker_toml_that_refuses_what_is_over_is_not_tried_out_either() {
    let home = home()
        .secret("b", "canary-other")
        .config("[servers.srv]\ncommand = [\"unused\"]\nwhen-overdue = \"refuse\"\n");
    let flags = ["--env", "TOKEN=broker://a", "--env", "OTHER=broker://b"];
    // Allowed under the label before it stood in the file.
    let file = home.path(".config/broker/broker.toml");
    let text = fs::read(&file).expect("there");
    fs::remove_file(&file).expect("removed");
    let _ = labelled(&home, "srv", "plain", &flags).granting();
    let _ = home
        .broker(["edit", "b", "--expires", "2020-01-31"])
        .run()
        .ok();
    let said = probing(&home, "srv", SECOND).run().ok();
    assert!(
        said.stderr.contains("warning: \"b\" has expired"),
        "{}",
        said.stderr
    );
    let _ = home.broker(["rollback", "a"]).run().ok();
    fs::write(&file, text).expect("written");
    refused_at_once(&home, "srv", "secret-overdue");
}

#[test]
fn a_grant_that_broker_did_not_write_lets_nothing_out() {
    let home = allowing("plain");
    let file = home.path(".local/state/broker/grants.json");
    let mut grants = json(&file);
    let count = grants["grants"].as_array().expect("grants").len();
    grants["grants"][count - 1]["granted"] = json!("2020-01-01T00:00:00Z");
    fs::write(&file, grants.to_string()).expect("written");
    let absent = [
        "--json",
        "rotate",
        "a",
        "--from-file",
        "absent",
        "--probe",
        "srv",
    ];
    let answer = home.broker(absent).run().code(1);
    assert_eq!(answer.error_code(), "grants-invalid");
    assert!(!home.path("pids").exists(), "the server was started");
}
