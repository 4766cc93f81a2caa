//! No byte of a log can be changed unseen.

use super::*;
use crate::audit::entry::Before;
use crate::audit::{Action, Caller, Entry, Outcome, Process};

fn genesis() -> Position {
    Position::genesis(&HomeId::from_random([7; 16]))
}

/// The lines of a log, newlines included.
fn log(count: u32) -> Vec<String> {
    let mut before = genesis();
    let mut lines = Vec::new();
    for number in 0..count {
        let name = format!("work/secret-{number}").parse().expect("a name");
        let caller = Caller::of(vec![Process {
            pid: number,
            name: "claude".to_owned(),
        }]);
        let entry = Entry::new(Action::Exec, Outcome::Intent)
            .server(format!("serv\"r\\{number}"))
            .program("/usr/bin/node")
            .secret(name, Some(crate::store::Version(number)))
            .by(caller);
        let behind = Before {
            position: before,
            time: None,
            lost: None,
        };
        let (line, position) = entry
            .line(behind, jiff::Timestamp::UNIX_EPOCH)
            .expect("a line");
        before = position;
        lines.push(line);
    }
    lines
}

fn walk(from: Position, text: &[u8]) -> Result<(Tail, Position), Wrong> {
    let mut walk = Walk::behind(from);
    let tail = walk.lines(text, true, |_| Ok(()))?;
    Ok((tail, walk.last))
}

#[test]
fn every_change_of_a_byte_is_found_in_the_line_it_is_in() {
    let lines = log(200);
    let (_, last) = walk(genesis(), lines.concat().as_bytes()).expect("intact");
    assert_eq!(last.seq, 200);
    let (mut before, mut changes) = (genesis(), 0);
    for (at, line) in lines.iter().enumerate() {
        // What stands before was just seen to be intact; the next line shows what a lost newline does.
        let next = lines.get(at + 1).map_or("", String::as_str);
        let text = format!("{line}{next}").into_bytes();
        for place in 0..line.len() {
            let byte = text[place];
            for other in [
                byte ^ 1,
                byte ^ 0x20,
                byte ^ 0x80,
                b'\n',
                b' ',
                0,
                b'"',
                b'}',
            ] {
                if other == byte {
                    continue;
                }
                let mut changed = text.clone();
                changed[place] = other;
                let wrong = walk(before, &changed).expect_err("a change that was not seen");
                // A newline that is put in makes two lines of one; the first is wrong.
                assert_eq!(wrong.line, 1, "line {at}, byte {place}: {other:#x}");
                changes += 1;
            }
        }
        (_, before) = walk(before, line.as_bytes()).expect("intact");
    }
    assert!(changes > 300_000, "only {changes} changes were made");
}

#[test]
fn an_entry_without_its_newline_is_whole_and_with_another_byte_it_is_not() {
    let lines = log(3);
    let text = lines.concat();
    let whole = text.trim_end().as_bytes();
    let (tail, last) = walk(genesis(), whole).expect("intact");
    assert_eq!((tail, last.seq), (Tail::NoNewline, 3));
    for other in [b' ', 0, b'x', b'}', b'\r'] {
        let wrong = walk(genesis(), &[whole, &[other]].concat()).expect_err("changed");
        assert_eq!(wrong.line, 3);
    }
    let mut changed = whole.to_vec();
    changed[text.len() - 300] ^= 1;
    assert!(walk(genesis(), &changed).is_err());
}

#[test]
fn only_the_newest_file_may_have_a_torn_end() {
    let text = log(2).concat();
    let torn = &text.as_bytes()[..text.len() - 9];
    let mut end = Walk::behind(genesis());
    assert!(matches!(
        end.lines(torn, true, |_| Ok(())),
        Ok(Tail::Cut(_))
    ));
    let mut middle = Walk::behind(genesis());
    let wrong = middle.lines(torn, false, |_| Ok(())).expect_err("cut");
    assert_eq!(wrong.line, 2);
    // The first line of a file is never half written.
    let mut first = Walk::behind(genesis());
    let wrong = first.lines(&torn[..40], true, |_| Ok(())).expect_err("cut");
    assert_eq!(wrong.line, 1);
    assert!(first.lines(b"", true, |_| Ok(())).is_err());
}

#[test]
fn a_hash_is_read_strictly() {
    let hash = genesis().hash;
    let text = hash.to_string();
    assert_eq!(text.parse(), Ok(hash));
    let json = serde_json::to_string(&genesis()).expect("JSON");
    assert_eq!(
        serde_json::from_str::<Position>(&json).expect("read"),
        genesis()
    );
    for other in [
        text.to_ascii_uppercase(),
        text[1..].to_owned(),
        format!("{text}0"),
        format!("+{}", &text[1..]),
        text.replace(|c: char| c.is_ascii_digit(), "g"),
        String::new(),
    ] {
        assert_eq!(other.parse::<Hash>(), Err(HashError), "{other}");
    }
}

#[test]
fn another_home_has_another_chain() {
    let other = Position::genesis(&HomeId::from_random([8; 16]));
    assert_ne!(other.hash, genesis().hash);
    assert!(walk(other, log(1).concat().as_bytes()).is_err());
}

#[test]
fn the_chain_is_the_one_that_the_files_of_today_have() {
    // Worked out by another program: a change of the format makes every log there is look tampered with.
    let text = log(1).concat();
    let (_, last) = walk(genesis(), text.as_bytes()).expect("intact");
    assert_eq!(
        last.hash.to_string(),
        "6d126f3ec15a86997561515a5b8c8575df7bd864bb15689509cfc2085cf837a0"
    );
}
