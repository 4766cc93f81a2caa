//! Requests: noted, counted, limited, looked through one by one, and gone after a day.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{
    Session, Start, answered, attended, edit, grants, put, refused, requests, server, started,
    state, told, unattended, withheld,
};
use crate::support::home::{Answer, Home};

fn filled(home: Home) -> Home {
    server(&home, "bin/server");
    home.secret("a", "canary-a-value")
}

fn labelled(home: &Home, label: &str) -> Start {
    Start::of([home.path("bin/server")])
        .label(label)
        .flags(&["--env", "A=broker://a"])
}

fn ask(home: &Home, start: &Start) -> Answer {
    let answer = start.exec(home).run();
    assert_eq!(answer.code, 125, "{}", answer.stderr);
    answer
}

fn rows(home: &Home) -> Vec<Value> {
    let rows = home.broker(["--json", "requests"]).run().ok().json();
    rows.as_array().expect("rows").clone()
}

#[test]
fn a_request_says_what_was_asked_for_and_by_whom() {
    let home = filled(unattended());
    let start = labelled(&home, "s")
        .flags(&["--env", "L=l", "--pass", "P", "--pass-any", "Q"])
        .caller("P", "p")
        .caller("Q", "q");
    let answer = ask(&home, &start);
    let row = rows(&home).pop().expect("a request");
    let id = row["id"].as_str().expect("an id");
    assert!(
        super::error(&answer)["hint"]
            .as_str()
            .expect("a hint")
            .ends_with(id)
    );
    assert_eq!(row["server"], "s");
    assert_eq!(
        row["program"],
        home.path("bin/server").display().to_string()
    );
    assert_eq!(row["variables"], json!({ "A": "a" }));
    assert_eq!(row["literals"], json!({ "L": "l" }));
    assert_eq!(row["passed"], json!({ "P": "p", "Q": null }));
    assert_eq!(row["secrets"], json!(["a"]));
    assert_eq!(row["count"], 1);
    let cwd = home.path("").display().to_string();
    assert_eq!(row["cwd"], cwd.trim_end_matches('/'));
    let parent = fs::read_to_string("/proc/self/comm").expect("a name");
    assert!(!row["by"].as_str().expect("a name").is_empty(), "{parent}");
}

#[test]
fn repeats_are_one_request_and_told_to_the_log_once_in_a_while() {
    let home = filled(unattended());
    let start = labelled(&home, "s");
    for _ in 0..7 {
        ask(&home, &start);
    }
    assert_eq!(requests(&home).len(), 1);
    assert_eq!(rows(&home)[0]["count"], 7);
    assert_eq!(told(&home, "exec", "refused").len(), 1);
    // Ten minutes later they are told again, with their number.
    let earlier = |field: &str, seconds: i64| {
        let time = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
        edit(&state(&home, "requests.json"), |document| {
            document["requests"][0][field] = json!(time.to_string());
        });
    };
    earlier("told", 601);
    for _ in 0..3 {
        ask(&home, &start);
    }
    let entries = told(&home, "exec", "refused");
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1]["detail"], "not allowed; asked 8 times");
    // Another start is told at once.
    ask(&home, &labelled(&home, "t"));
    assert_eq!(told(&home, "exec", "refused").len(), 3);
    // A clock that was set back is no reason to be silent.
    earlier("told", -3600);
    ask(&home, &start);
    assert_eq!(told(&home, "exec", "refused").len(), 4);
}

#[test]
fn a_request_is_gone_a_day_after_it_was_last_made() {
    let home = filled(unattended());
    let start = labelled(&home, "s");
    ask(&home, &start);
    let id = requests(&home).pop().expect("a request");
    let minutes = |minutes: i64| {
        let time = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        edit(&state(&home, "requests.json"), |document| {
            for field in ["asked", "last"] {
                document["requests"][0][field] = json!(time.to_string());
            }
        });
    };
    minutes(24 * 60 - 1);
    assert_eq!(requests(&home), [id.as_str()]);
    minutes(24 * 60 + 1);
    assert!(requests(&home).is_empty());
    let answer = home.broker(["--json", "allow", &id]).run().code(1);
    assert_eq!(answer.error_code(), "request-not-found");
    // Asked for again it counts from one.
    ask(&home, &start);
    assert_eq!(rows(&home)[0]["count"], 1);
    // One that goes on being made stays, however long ago it began.
    edit(&state(&home, "requests.json"), |document| {
        document["requests"][0]["asked"] = json!("2020-01-01T00:00:00Z");
    });
    assert_eq!(requests(&home).len(), 1);
}

/// Makes requests through a program of that name, which broker sees as who asked.
fn ask_as(home: &Home, name: &str, labels: &[String]) {
    let caller = home.path("callers").join(name);
    let broker = crate::support::home::BROKER;
    let program = home.path("bin/server");
    let text = format!(
        "#!/bin/sh\nfor label; do {broker} exec \"$label\" --env A=broker://a -- {}; done\nexit 0\n",
        program.display()
    );
    put(&caller, text, 0o700);
    let mut command = Command::new(&caller);
    command
        .args(labels)
        .env_clear()
        .envs(home.environment().iter().map(|(n, v)| (n, v)))
        .current_dir(home.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    crate::support::without_terminal(&mut command);
    assert!(command.status().expect("started").success());
}

fn labels(prefix: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("{prefix}-{number}"))
        .collect()
}

fn servers(home: &Home) -> BTreeSet<String> {
    let server = |row: Value| row["server"].as_str().expect("a label").to_owned();
    rows(home).into_iter().map(server).collect()
}

#[test]
fn one_caller_has_ten_requests_at_most_and_pushes_out_none_but_its_own() {
    let home = filled(unattended());
    ask_as(&home, "quiet", &labels("quiet", 2));
    ask_as(&home, "flood", &labels("flood", 25));
    let left = servers(&home);
    let expected: BTreeSet<String> = labels("quiet", 2)
        .into_iter()
        .chain(labels("flood", 25).split_off(15))
        .collect();
    assert_eq!(left, expected);
    assert!(rows(&home).iter().any(|row| row["by"] == "quiet"));
}

#[test]
fn a_home_keeps_a_hundred_requests_at_most() {
    let home = filled(unattended());
    for caller in 0..12 {
        let name = format!("caller-{caller}");
        ask_as(&home, &name, &labels(&name, 9));
    }
    assert_eq!(requests(&home).len(), 100);
    // The last that were made are there.
    let left = servers(&home);
    assert!(
        labels("caller-11", 9)
            .iter()
            .all(|label| left.contains(label))
    );
    assert!(!left.contains("caller-0-0"));
}

#[test]
fn allow_without_arguments_goes_through_the_requests_one_by_one() {
    let home = filled(attended());
    let starts = ["one", "two", "three"].map(|label| labelled(&home, label));
    for start in &starts {
        ask(&home, start);
    }
    ask(&home, &starts[2]);
    let mut session = Session::start(home.broker(["allow"]).command(), super::ASIDE);
    session
        .wait_for("asked for this once")
        .wait_for("server     one")
        .wait_for("allow it? [y/N]")
        .types("y\n");
    session
        .wait_for("server     two")
        .wait_for("allow it? [y/N]")
        .types("n\n");
    session
        .wait_for("asked for this 2 times")
        .wait_for("server     three")
        .wait_for("allow it? [y/N]")
        .types("y\n");
    let ended = session.end().code(0);
    assert!(ended.stderr.contains("allowed one") && ended.stderr.contains("allowed three"));
    started(&home, &starts[0]);
    started(&home, &starts[2]);
    // What was declined is not kept as a request, and is told.
    assert!(requests(&home).is_empty());
    refused(
        &home,
        &starts[1],
        "grant-changed",
        "it was allowed as the server",
    );
    let entry = told(&home, "allow", "refused").pop().expect("an entry");
    assert_eq!(
        (&entry["detail"], &entry["server"]),
        (&json!("declined"), &json!("two"))
    );
    let none = filled(attended()).broker(["allow"]).run().ok();
    assert!(none.stderr.contains("there are no requests"));
}

#[test]
fn a_request_is_allowed_by_its_id_the_beginning_of_it_or_its_server() {
    let home = filled(unattended());
    let start = labelled(&home, "one");
    for word in ["whole", "prefix", "server"] {
        ask(&home, &start);
        let id = requests(&home).pop().expect("a request");
        let given = match word {
            "whole" => id.as_str(),
            "prefix" => &id[..4],
            _ => "one",
        };
        match word {
            // Where nobody looks, a label could stand for anything that was asked for under it.
            "server" => {
                let refused = home.broker(["--json", "allow", given]).run().code(2);
                assert_eq!(refused.error_code(), "usage");
                let _ = answered(home.broker(["allow", given]), "allow it? [y/N]", "y\n").code(0);
            }
            _ => drop(home.broker(["allow", given]).run().ok()),
        }
        started(&home, &start);
        assert_eq!(grants(&home), [id]);
        let _ = home.broker(["revoke", "--all"]).run().ok();
    }
    ask(&home, &start);
    let id = requests(&home).pop().expect("a request");
    for wrong in [&id[..3], "", "0000000000000000", "two"] {
        let answer = home.broker(["--json", "allow", wrong]).run().code(1);
        assert_eq!(answer.error_code(), "request-not-found", "{wrong:?}");
    }
    assert!(grants(&home).is_empty());
}

/// Adds two requests of somebody's making whose ids begin with the same four digits.
fn alike(home: &Home) -> (String, String) {
    let mut found = None;
    edit(&state(home, "requests.json"), |document| {
        let request = document["requests"][0].clone();
        let mut known = std::collections::BTreeMap::new();
        for number in 0.. {
            let mut other = request.clone();
            other["command"]["literals"]["L"] = json!(number.to_string());
            let command: broker::policy::Command =
                serde_json::from_value(other["command"].clone()).expect("a command");
            let id = command.id();
            other["id"] = json!(id);
            if let Some(earlier) = known.insert(id[..4].to_owned(), other.clone()) {
                let first: &Value = &earlier["id"];
                found = Some((first.as_str().expect("an id").to_owned(), id));
                document["requests"] = json!([earlier, other]);
                break;
            }
        }
    });
    found.expect("two that begin alike")
}

#[test]
fn digits_that_begin_two_requests_or_grants_stand_for_neither() {
    let home = filled(unattended());
    ask(&home, &labelled(&home, "s"));
    let (one, two) = alike(&home);
    let common = &one[..4];
    let answer = home.broker(["--json", "allow", common]).run().code(1);
    assert_eq!(answer.error_code(), "request-ambiguous");
    assert!(grants(&home).is_empty());
    for id in [&one, &two] {
        let _ = home.broker(["allow", id]).run().ok();
    }
    let answer = home.broker(["--json", "revoke", common]).run().code(1);
    assert_eq!(answer.error_code(), "grant-ambiguous");
    assert_eq!(grants(&home).len(), 2);
    let _ = home.broker(["revoke", &one]).run().ok();
    assert_eq!(grants(&home), [two]);
}

#[test]
fn a_request_for_a_secret_that_is_gone_is_not_allowed() {
    let home = filled(attended()).secret("b", "canary-b-value");
    let start = labelled(&home, "s");
    ask(&home, &start);
    let id = requests(&home).pop().expect("a request");
    let _ = home.broker(["remove", "a", "--yes"]).run().ok();
    assert_eq!(rows(&home)[0]["secrets"], json!(["a (gone)"]));
    let run = home.broker(["--json", "allow", &id]);
    let ended = Session::start(run.command(), super::ASIDE).end().code(1);
    assert!(
        ended.stderr.contains("secret-not-found"),
        "{}",
        ended.stderr
    );
    // One that takes its name is not meant.
    let _ = home.broker(["rename", "b", "a"]).run().ok();
    let ended = Session::start(run.command(), super::ASIDE).end().code(1);
    assert!(
        ended.stderr.contains("secret-not-found"),
        "{}",
        ended.stderr
    );
    assert!(grants(&home).is_empty());
}

#[test]
fn a_request_follows_its_secret_to_its_new_name() {
    let home = filled(attended());
    let start = labelled(&home, "s");
    ask(&home, &start);
    let id = requests(&home).pop().expect("a request");
    let _ = home.broker(["rename", "a", "work/a"]).run().ok();
    assert_eq!(rows(&home)[0]["secrets"], json!(["work/a"]));
    let ended = answered(home.broker(["allow", &id]), "allow it? [y/N]", "y\n").code(0);
    assert!(ended.screen.contains("A = work/a"), "{}", ended.screen);
    started(&home, &start.with("A=broker://a", "A=broker://work/a"));
}

#[test]
fn a_request_that_cannot_be_noted_is_refused_all_the_same() {
    let home = filled(unattended());
    let start = labelled(&home, "s");
    let lock = fs::File::open(state(&home, "lock")).expect("the lock");
    lock.lock().expect("held");
    let answer = start.exec(&home).run();
    drop(lock);
    let answer = withheld(&home, answer, "not-granted", "nobody allowed it yet");
    assert!(
        answer.stderr.contains("could not be written down"),
        "{}",
        answer.stderr
    );
    let hint = super::error(&answer)["hint"]
        .as_str()
        .expect("a hint")
        .to_owned();
    assert!(hint.contains("the same words"), "{hint}");
    let file: PathBuf = state(&home, "requests.json");
    fs::create_dir(&file).expect("made");
    refused(&home, &start, "not-granted", "nobody allowed it yet");
    assert_eq!(
        told(&home, "exec", "refused").len(),
        2,
        "what is not counted is told each time"
    );
}

#[test]
fn a_start_that_is_allowed_takes_its_request_away() {
    let home = filled(unattended());
    let (one, two) = (labelled(&home, "one"), labelled(&home, "two"));
    ask(&home, &one);
    ask(&home, &two);
    let id = one.allow(&home);
    assert!(!requests(&home).contains(&id));
    assert_eq!(requests(&home).len(), 1);
}

#[test]
fn what_is_allowed_is_listed_with_its_folder_and_the_names_of_what_is_set_and_passed_on() {
    let home = unattended().secret("a", "canary-a-value");
    let start = Start::of(["/usr/bin/printenv", "A"])
        .label("s")
        .flags(&["--env", "A=broker://a", "--env", "L=some-text"])
        .flags(&["--pass", "P", "--pass-any", "Q", "--cwd", "/etc"])
        .caller("P", "its-text")
        .caller("Q", "any-text");
    let id = start.allow(&home);
    let said = home.broker(["grants"]).run().ok().stdout;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], format!("{id}  s: /usr/bin/printenv A  [A=a]"));
    assert_eq!(
        lines[1..4],
        [
            "  set: L",
            "  passed on: P, Q",
            "  ! Q is passed on whatever its value is"
        ]
    );
    assert_eq!(lines[4], "  in /etc");
    assert!(lines[5].starts_with("  allowed 20"), "{said}");
    for text in ["some-text", "its-text", "any-text"] {
        assert!(!said.contains(text), "{said}");
    }
}
