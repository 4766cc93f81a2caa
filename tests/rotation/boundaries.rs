//! `due` and `list` at every second at which something changes, against the calendar of another library.
//!
//! The clock of the real binary is set by libfaketime; what is to be expected is worked out by Python.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::home::Home;

/// Where Debian has it.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// Zones whose clocks change by an hour and by half an hour, one that lost a day, one that changes south of the equator
/// and one that never does.
const ZONES: [&str; 6] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kolkata",
    "UTC",
];

/// When secrets were rotated: ends of months, the leap day, within a gap of the clocks and on both sides of a fold.
const ROTATED: [&str; 8] = [
    "2027-01-31T22:59:59Z",
    "2028-02-29T12:00:00Z",
    "2027-03-27T01:30:00Z",
    "2027-10-31T00:30:00Z",
    "2027-10-31T01:30:00Z",
    "2027-11-06T05:59:59Z",
    "2027-04-03T14:45:00Z",
    "2011-12-28T11:00:00Z",
];

/// Lengths, as years, months, days and hours.
const LENGTHS: [(&str, [i64; 4]); 9] = [
    ("PT12H", [0, 0, 0, 12]),
    ("P1D", [0, 0, 1, 0]),
    ("P2W", [0, 0, 14, 0]),
    ("P1M", [0, 1, 0, 0]),
    ("P1Y", [1, 0, 0, 0]),
    ("P90D", [0, 0, 90, 0]),
    ("P1M1DT1H", [0, 1, 1, 1]),
    ("P4Y", [4, 0, 0, 0]),
    ("PT2160H", [0, 0, 0, 2160]),
];

/// Days at whose end a secret expires; the last one did not exist in Samoa, and the day before it ended there.
const EXPIRES: [Option<&str>; 5] = [
    None,
    Some("2027-03-28"),
    Some("2028-02-29"),
    Some("2027-10-31"),
    Some("2011-12-29"),
];

#[derive(Debug)]
struct Expected {
    at: i64,
    states: BTreeMap<String, String>,
    within: BTreeSet<String>,
}

/// Makes a home with a schedule of each kind, and returns what Python says of them.
fn generated(zone: &str) -> (Home, Vec<Expected>) {
    let home = Home::new().secret("first", "canary-boundary");
    let file = home.path(".local/state/broker/catalog.json");
    let bytes = std::fs::read(&file).expect("a catalog");
    let mut catalog: Value = serde_json::from_slice(&bytes).expect("JSON");
    let model = catalog["secrets"][0].clone();
    let (mut records, mut asked) = (Vec::new(), Vec::new());
    let every = LENGTHS.iter().map(Some).chain([None]);
    for (row, length) in every.enumerate() {
        for (column, rotated) in ROTATED.iter().enumerate() {
            // Each length meets each start; the expiries are dealt out among them.
            let expires = EXPIRES[(row + column) % EXPIRES.len()];
            let name = format!("s-{row}-{column}");
            let rotated: jiff::Timestamp = rotated.parse().expect("a time");
            let mut record = model.clone();
            record["id"] = json!(format!("{:032x}", row * 100 + column));
            record["name"] = json!(name);
            record["rotated"] = json!(rotated);
            let (text, [years, months, days, hours]) =
                length.map_or((None, [0; 4]), |(text, length)| (Some(text), *length));
            if let Some(text) = text {
                record["rotate_every"] = json!(text);
            }
            if let Some(expires) = expires {
                record["expires"] = json!(expires);
            }
            records.push(record);
            asked.push(json!({
                "name": name, "rotated": rotated.as_second(), "expires": expires,
                "years": years, "months": months, "days": days, "hours": hours,
            }));
        }
    }
    catalog["secrets"] = json!(records);
    std::fs::write(&file, serde_json::to_vec(&catalog).expect("JSON")).expect("written");
    let answer = python(&json!({ "zone": zone, "secrets": asked }));
    let expected = answer.as_array().expect("moments").iter();
    let expected = expected.map(|moment| Expected {
        at: moment["at"].as_i64().expect("seconds"),
        states: serde_json::from_value(moment["states"].clone()).expect("states"),
        within: serde_json::from_value(moment["within"].clone()).expect("names"),
    });
    (home, expected.collect())
}

fn python(asked: &Value) -> Value {
    let mut child = Command::new("/usr/bin/python3")
        .args(["-I", "-c", include_str!("boundaries.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    write!(stdin, "{asked}").expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Runs broker at a moment in a zone. Returns the exit code, and the state of each secret that it tells of, in the order
/// in which it does.
fn at(home: &Home, zone: &str, at: i64, words: &[&str]) -> (i32, Vec<(String, String)>) {
    let words = ["--json"].iter().chain(words);
    let answer = home
        .broker(words)
        .env("TZ", zone)
        .env("LD_PRELOAD", FAKETIME)
        .env("FAKETIME_FMT", "%s")
        .env("FAKETIME", at.to_string())
        .run();
    let rows = answer.json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let row = |row: &Value| (text(&row["name"]), text(&row["state"]));
    let rows = rows.as_array().expect("rows").iter().map(row);
    (answer.code, rows.collect())
}

/// Checks what `list` and `due` say at these moments.
fn check<'a>(home: &Home, zone: &str, moments: impl Iterator<Item = &'a Expected>) {
    for expected in moments {
        let when = format!("{zone} at {}", expected.at);
        let (code, listed) = at(home, zone, expected.at, &["list"]);
        assert_eq!(code, 0, "{when}");
        let told: BTreeMap<String, String> = listed.into_iter().collect();
        assert_eq!(told, expected.states, "list, {when}");
        let is_urgent = |state: &str| ["expired", "overdue", "due-soon"].contains(&state);
        let urgent: BTreeMap<String, String> = expected
            .states
            .iter()
            .filter(|(_, state)| is_urgent(state))
            .map(|(name, state)| (name.clone(), state.clone()))
            .collect();
        let (code, due) = at(home, zone, expected.at, &["due"]);
        let order = |state: &str| ["expired", "overdue"].iter().position(|s| *s == state);
        let ranks: Vec<usize> = due.iter().map(|(_, s)| order(s).unwrap_or(2)).collect();
        assert!(ranks.is_sorted(), "the most urgent first, {when}: {due:?}");
        assert_eq!(
            due.into_iter().collect::<BTreeMap<_, _>>(),
            urgent,
            "due, {when}"
        );
        assert_eq!(code, if urgent.is_empty() { 0 } else { 3 }, "{when}");
        let (code, within) = at(home, zone, expected.at, &["due", "--within", "30d"]);
        let names: BTreeSet<String> = within.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, expected.within, "due --within 30d, {when}");
        assert_eq!(code, if names.is_empty() { 0 } else { 3 }, "{when}");
    }
}

#[test]
fn due_and_list_agree_with_each_other_and_with_python_at_the_seconds_of_change() {
    for zone in ZONES {
        let (home, expected) = generated(zone);
        assert!(expected.len() > 500, "{}", expected.len());
        // One moment in many; all of them are looked at in the slow test.
        check(&home, zone, expected.iter().step_by(expected.len() / 40));
    }
}

#[test]
#[ignore = "slow: every second of change in six zones, three runs each"]
fn due_and_list_agree_with_each_other_and_with_python_at_every_second_of_change() {
    std::thread::scope(|scope| {
        for zone in ZONES {
            scope.spawn(move || {
                let (home, expected) = generated(zone);
                check(&home, zone, expected.iter());
            });
        }
    });
}
