//! A log that somebody else made is never vouched for by a later anchor.

use broker::audit::{Action, Entry, Log, Outcome};
use broker::catalog::Home as BrokerHome;
use broker::paths::HomePaths;
use jiff::Timestamp;

use crate::support::home::{Home, Run};

fn server(home: &Home) -> Run<'_> {
    home.broker([
        "--home",
        "h",
        "exec",
        "--env",
        "A=broker://a",
        "--",
        "/bin/true",
    ])
}

/// A home under one folder, with a secret and a server that was allowed.
fn home() -> Home {
    let home = Home::empty();
    let init = [
        "--home",
        "h",
        "init",
        "--store",
        "vault",
        "--key-file",
        "--unattended",
    ];
    let _ = home.broker(init).run().ok();
    let set = home.broker(["--home", "h", "set", "a", "--raw"]);
    let _ = set.stdin("canary-anchored-1").run().ok();
    let allow = [
        "--home",
        "h",
        "allow",
        "--env",
        "A=broker://a",
        "--",
        "/bin/true",
    ];
    let _ = home.broker(allow).run().ok();
    home
}

#[test]
fn the_anchor_moves_along_with_a_log_that_is_whole() {
    let home = home();
    for _ in 0..70 {
        assert_eq!(server(&home).run().ok().stderr, "");
    }
    // What is cut off behind the anchor's first place, and before its new one, shows.
    let file = home.path("h/state/log/000001.jsonl");
    let text = std::fs::read_to_string(&file).expect("a log");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    std::fs::write(&file, lines[..40].concat()).expect("written");
    let _ = home.broker(["--home", "h", "log", "verify"]).run().code(3);
}

#[test]
fn an_anchor_does_not_move_on_to_a_log_that_somebody_else_made() {
    let home = home();
    let paths = HomePaths::under(&home.path("h"));
    let id = BrokerHome::open(paths.clone())
        .expect("readable")
        .expect("there")
        .record
        .id;
    std::fs::remove_dir_all(home.path("h/state/log")).expect("removed");
    let forged = Log::of(&paths, &id);
    let entry = Entry::new(Action::Init, Outcome::Done);
    forged.create(&entry, Timestamp::UNIX_EPOCH).expect("made");
    for _ in 0..70 {
        forged.append(&entry, Timestamp::UNIX_EPOCH).expect("added");
    }
    let said = server(&home).run().ok().stderr;
    assert!(
        said.contains("the log does not hold the entry that the store knows of it"),
        "{said}"
    );
    let _ = home.broker(["--home", "h", "log", "verify"]).run().code(3);
}
