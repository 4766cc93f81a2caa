//! What is due, and what a start says about it.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

use super::server;
use crate::support::home::Home;

/// Lets the secret of that place in the catalog have been rotated so many days ago, with a rotation each 90 days.
fn aged(home: &Home, place: usize, days: i64, expires: Option<i64>) {
    let file = home.path(".local/state/broker/catalog.json");
    let bytes = std::fs::read(&file).expect("a catalog");
    let mut catalog: Value = serde_json::from_slice(&bytes).expect("JSON");
    let at = |days: i64| Timestamp::now() + (24 * days).hours();
    let record = &mut catalog["secrets"][place];
    record["rotated"] = json!(Timestamp::from_second(at(-days).as_second()).expect("a time"));
    record["rotate_every"] = json!("P90D");
    if let Some(days) = expires {
        record["expires"] = json!(at(days).to_zoned(TimeZone::UTC).date());
    }
    std::fs::write(file, serde_json::to_vec(&catalog).expect("JSON")).expect("written");
}

fn home() -> Home {
    let mut home = Home::new().with("TZ", "UTC");
    for name in ["a", "b", "c", "d", "e"] {
        home = home.secret(name, "canary-due-value");
    }
    aged(&home, 0, 88, None); // soon
    aged(&home, 1, 100, None); // overdue
    aged(&home, 2, 1, Some(-3)); // expired
    aged(&home, 3, 70, None); // in 20 days
    home
}

fn names(answer: &Value) -> Vec<&str> {
    let rows = answer.as_array().expect("an array").iter();
    rows.map(|row| row["name"].as_str().expect("a name"))
        .collect()
}

#[test]
fn what_is_due_is_told_most_urgent_first_and_reported() {
    let home = home();
    let due = home.broker(["--json", "due"]).run().code(3).json();
    assert_eq!(names(&due), ["c", "b", "a"]);
    let far = home
        .broker(["--json", "due", "--within", "30d"])
        .run()
        .code(3)
        .json();
    assert_eq!(names(&far), ["c", "b", "a", "d"]);
    let near = home
        .broker(["--json", "due", "--within", "1h"])
        .run()
        .code(3)
        .json();
    assert_eq!(names(&near), ["c", "b"]);
    let text = home.broker(["due"]).run().code(3).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines.len() == 3 && lines[0].starts_with("c  expired  expires "),
        "{text}"
    );
    assert!(lines[1].starts_with("b  overdue  due "), "{text}");
}

#[test]
fn nothing_due_is_nothing_to_report() {
    let home = Home::new().secret("a", "canary-due-value");
    assert_eq!(home.broker(["due"]).run().ok().stdout, "");
    assert_eq!(home.broker(["--json", "due"]).run().ok().stdout, "[]\n");
}

#[test]
fn due_and_list_agree_on_every_state() {
    let home = home();
    let listed = home.broker(["--json", "list"]).run().ok().json();
    let due = home.broker(["--json", "due"]).run().code(3).json();
    for row in listed.as_array().expect("rows") {
        let is_due = names(&due).contains(&row["name"].as_str().expect("a name"));
        let urgent = ["expired", "overdue", "due-soon"];
        let urgent = urgent.contains(&row["state"].as_str().expect("a state"));
        assert_eq!(is_due, urgent, "{row}");
    }
}

#[test]
fn a_rotation_makes_a_secret_no_longer_due() {
    let home = home();
    let _ = home
        .broker(["rotate", "b"])
        .stdin("canary-due-other")
        .run()
        .ok();
    let due = home.broker(["--json", "due"]).run().code(3).json();
    assert_eq!(names(&due), ["c", "a"]);
}

#[test]
fn a_start_with_a_secret_whose_time_is_over_says_so_on_stderr_alone() {
    let home = home();
    aged(&home, 0, 91, None);
    let seen = server(&home).granting().run().ok();
    let warning =
        "broker: warning: \"a\" is overdue; give it another value with: broker rotate a\n";
    assert_eq!(seen.stderr, warning);
    assert!(
        seen.stdout.lines().all(|line| line.contains('=')),
        "{}",
        seen.stdout
    );
    aged(&home, 0, 1, None);
    assert_eq!(server(&home).run().ok().stderr, "");
}

#[test]
fn a_secret_or_a_server_can_refuse_to_start_when_its_time_is_over() {
    let home = home();
    aged(&home, 0, 91, None);
    let _ = server(&home).granting().run().ok();
    let _ = home
        .broker(["edit", "a", "--when-overdue", "refuse"])
        .run()
        .ok();
    let refused = server(&home).run().code(125);
    assert!(
        refused
            .stderr
            .contains("the server was not started: \"a\" is overdue")
    );
    assert_eq!(refused.stdout, "");
    let told = home
        .broker(["--json", "log", "--action", "exec"])
        .run()
        .ok()
        .json();
    let last = told.as_array().expect("entries").last().expect("one");
    assert_eq!(
        (&last["outcome"], &last["detail"]),
        (&json!("refused"), &json!("secret-overdue"))
    );
    let _ = home
        .broker(["edit", "a", "--when-overdue", "warn"])
        .run()
        .ok();
    let _ = server(&home).run().ok();
    let home = home.config(
        "[servers.printer]\ncommand = [\"/usr/bin/env\"]\nenv = { V = \"broker://a\" }\nwhen-overdue = \"refuse\"\n",
    );
    let refused = home.broker(["exec", "printer"]).run().code(125);
    assert!(refused.stderr.contains("is overdue"), "{}", refused.stderr);
}

#[test]
fn the_calendar_is_understood_by_a_calendar_program() {
    let home = home();
    let note = "rotate; see \"wiki\", page 2\nand \\ more ".repeat(8);
    let _ = home
        .broker([
            "edit",
            "a",
            "--note",
            &note,
            "--url",
            "https://example.org/x",
        ])
        .run()
        .ok();
    let text = home.broker(["due", "--ics"]).run().ok();
    assert!(
        text.bytes
            .split(|b| *b == b'\n')
            .all(|line| line.len() <= 76)
    );
    let script = "import sys, json, icalendar\n\
        c = icalendar.Calendar.from_ical(sys.stdin.buffer.read())\n\
        print(json.dumps([[str(e['SUMMARY']), str(e['DTSTART'].dt), str(e['UID']), str(e['DESCRIPTION']), \
        [str(x) for x in e.errors]] for e in c.walk('VEVENT')]))\n";
    let events = python(script, &text.bytes);
    let events = events.as_array().expect("events");
    assert_eq!(events.len(), 5, "{events:?}");
    let about: Vec<&str> = events
        .iter()
        .map(|e| e[0].as_str().expect("text"))
        .collect();
    assert_eq!(
        about,
        [
            "a is to be rotated",
            "b is to be rotated",
            "c is to be rotated",
            "c expires",
            "d is to be rotated"
        ]
    );
    assert!(
        events.iter().all(|event| event[4] == json!([])),
        "{events:?}"
    );
    let told = events[0][3].as_str().expect("text");
    assert!(
        told.contains(note.trim_end()) && told.contains("https://example.org/x"),
        "{told}"
    );
    let listed = home.broker(["--json", "list"]).run().ok().json();
    let due = listed[0]["due"].as_str().expect("a time");
    assert_eq!(events[0][1].as_str(), Some(&due[..10]));
}

/// Runs a script in the environment of the servers, with the given input, and reads what it prints.
fn python(script: &str, input: &[u8]) -> Value {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let python = crate::mcp::installed("venv/bin/python");
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("JSON")
}
