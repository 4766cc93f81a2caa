//! Tests of requests: repeats, age, and the limits that keep one caller from pushing others out.

use std::collections::BTreeMap;

use super::*;
use crate::paths::FileStamp;
use crate::policy::{Binding, Content, Program};

fn command(home: &str) -> Command {
    let found = std::fs::metadata("/").expect("there");
    Command {
        server: None,
        program: Program {
            name: Text::of("t"),
            path: Text::of("/t"),
            real: Text::of("/t"),
            content: Content {
                sha256: "a".repeat(64),
                stamp: FileStamp::of(&found),
            },
            binding: Binding::Path,
        },
        arguments: Vec::new(),
        files: Vec::new(),
        folder: None,
        path: Text::default(),
        home: Text::of(home),
        variables: BTreeMap::new(),
        literals: BTreeMap::new(),
        passed: BTreeMap::new(),
        install_scripts: false,
    }
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(minutes.saturating_mul(60)).expect("a time")
}

#[test]
fn a_repeat_is_the_same_request_and_told_again_after_a_while() {
    let mut requests = Requests::default();
    let mut note = |minutes| requests.note(&command("a"), Text::of("/"), "client", at(minutes));
    let first = note(0);
    assert!(first.is_told && first.count == 1);
    let soon = note(9);
    assert!(!soon.is_told && soon.count == 2 && soon.id == first.id);
    assert!(note(10).is_told);
    assert!(!note(19).is_told);
    assert!(note(-5).is_told, "the clock was set back");
    assert_eq!(requests.all().len(), 1);
}

#[test]
fn a_day_later_a_request_is_gone() {
    let mut requests = Requests::default();
    requests.note(&command("a"), Text::of("/"), "client", at(0));
    let bytes = requests.to_json();
    let count = |minutes| {
        let read = Requests::parse("f", &bytes, at(minutes)).expect("read");
        read.all().len()
    };
    assert_eq!((count(0), count(24 * 60 - 1), count(24 * 60)), (1, 1, 0));
}

#[test]
fn one_caller_pushes_out_its_own_requests_alone() {
    let mut requests = Requests::default();
    requests.note(&command("first"), Text::of("/"), "quiet", at(0));
    for number in 0..50 {
        requests.note(
            &command(&number.to_string()),
            Text::of("/"),
            "loud",
            at(number),
        );
    }
    assert_eq!(requests.all().len(), MOST_OF_ONE + 1);
    assert_eq!(requests.all()[0].by, "quiet");
    for number in 0..200 {
        let by = number.to_string();
        requests.note(&command(&by), Text::of("/"), &by, at(100));
    }
    assert_eq!(requests.all().len(), MOST);
}

#[test]
fn an_id_may_be_shortened_as_long_as_it_stands_for_one() {
    let mut requests = Requests::default();
    let id = requests.note(&command("a"), Text::of("/"), "c", at(0)).id;
    assert_eq!(id.len(), 16);
    assert!(matches!(requests.find(&id[..4]), Found::One(r) if r.id == id));
    assert_eq!(requests.find(&id[..3]), Found::None);
    assert_eq!(requests.find("zzzz"), Found::None);
    let mut twin = requests.requests[0].clone();
    twin.id = format!("{}ffffffffffff", &id[..4]);
    requests.requests.push(twin);
    assert_eq!(requests.find(&id[..4]), Found::Several);
    assert!(requests.remove(&id) && !requests.remove(&id));
}

#[test]
fn a_request_that_lies_about_its_id_is_left_out() {
    let mut requests = Requests::default();
    let id = requests.note(&command("a"), Text::of("/"), "c", at(0)).id;
    let text = String::from_utf8(requests.to_json()).expect("text");
    let forged = text.replace(&id, "0123456789abcdef");
    let read = Requests::parse("f", forged.as_bytes(), at(0)).expect("read");
    assert_eq!(read.all().len(), 0);
}

#[test]
fn what_is_asked_for_again_has_as_much_room_as_there_is_and_pushes_nobody_out() {
    let mut requests = Requests::default();
    let _ = requests.note(&command("mine"), Text::of("/"), "client", at(0));
    let again = |requests: &mut Requests, number: usize| {
        let command = command(&number.to_string());
        requests.ask_again(&command, Text::of("/"), "restore", at(1))
    };
    for number in 1..MOST {
        assert!(again(&mut requests, number), "{number}");
    }
    assert!(!again(&mut requests, MOST), "there is no room");
    assert_eq!(requests.all().len(), MOST);
    assert!(requests.all().iter().any(|request| request.by == "client"));
    // What is there already needs none, and is not counted as asked once more.
    assert!(again(&mut requests, 1));
    let one = requests.all().iter().find(|r| r.command == command("1"));
    assert_eq!(one.map(|r| (r.count, r.last)), Some((1, at(1))));
}
