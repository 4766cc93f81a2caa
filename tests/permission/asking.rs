//! A start at a terminal that is all of its own asks: no, once, always.

use std::fs;
use std::process::Command;

use super::{
    On, Session, Start, answered, attended, grants, mark, put, refused, requests, server, state,
    told, withheld,
};
use crate::support::home::{Home, Run};
use crate::support::pty::Ended;

const QUESTION: &str = "allow it? [N]o, [o]nce, [a]lways:";

/// Which descriptors of a run are the terminal.
#[derive(Clone, Copy, Debug)]
struct Own {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

const ALL: Own = Own {
    stdin: true,
    stdout: true,
    stderr: true,
};

fn at(run: &Run<'_>, own: Own) -> Session {
    let inner = run.command();
    let mut command = Command::new("/bin/sh");
    // Becomes broker, whose stdout is the terminal then.
    let script = if own.stdout {
        "exec \"$@\" > /dev/tty"
    } else {
        "exec \"$@\""
    };
    // Where nothing is to be asked, an answer is not waited for without end.
    let patience = if own.stdin && own.stdout && own.stderr {
        &[][..]
    } else {
        &["/usr/bin/timeout", "--foreground", "30"]
    };
    command
        .args(["-c", script, "sh"])
        .args(patience)
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .envs(inner.get_envs().filter_map(|(n, v)| Some((n, v?))))
        .current_dir(inner.get_current_dir().expect("a folder"));
    crate::support::without_terminal(&mut command);
    let on = On {
        stdin: own.stdin,
        stderr: own.stderr,
    };
    Session::start(command, on)
}

fn home() -> (Home, Start) {
    let home = attended().secret("a", "canary-a-value");
    server(&home, "bin/server");
    let start = Start::of([home.path("bin/server").as_os_str(), "word".as_ref()])
        .label("s")
        .flags(&["--env", "A=broker://a", "--env", "LITERAL=text"]);
    (home, start)
}

/// Starts it at a terminal, and answers.
fn start_and(home: &Home, start: &Start, answer: &str) -> Ended {
    let mut session = at(&start.exec(home), ALL);
    session.wait_for(QUESTION).types(answer);
    session.end()
}

#[test]
fn no_is_the_answer_of_enter_and_of_whatever_is_not_clear() {
    let (home, start) = home();
    let answers = [
        "\n", "n\n", "N\n", "no\n", "y\n", "yes\n", "x\n", "oo\n", "alway\n", "\x04",
    ];
    for no in answers {
        let ended = start_and(&home, &start, no).code(125);
        assert!(
            ended.screen.contains("as you answered"),
            "{no:?}: {}",
            ended.screen
        );
        assert!(
            !ended.screen.contains("canary-a"),
            "{no:?}: {}",
            ended.screen
        );
        assert!(!mark(&home).exists(), "{no:?}");
    }
    assert!(grants(&home).is_empty());
    // The person has answered: there is nothing left to ask.
    assert!(requests(&home).is_empty());
    let entries = told(&home, "exec", "refused");
    assert_eq!(entries.len(), answers.len());
    assert!(
        entries
            .iter()
            .all(|entry| entry["detail"] == "the person said no")
    );
    assert!(told(&home, "exec", "intent").is_empty());
}

#[test]
fn once_is_this_start_alone() {
    let (home, start) = home();
    for (times, once) in ["o\n", "O\n", "once\n", " Once \n"].into_iter().enumerate() {
        let ended = start_and(&home, &start, once).code(0);
        assert!(
            ended.screen.contains("A=canary-a-value\r\n"),
            "{}",
            ended.screen
        );
        fs::remove_file(mark(&home)).expect("started");
        let entries = told(&home, "exec", "intent");
        assert_eq!(entries.len(), times + 1);
        assert!(
            entries
                .iter()
                .all(|entry| entry["detail"] == "allowed once")
        );
    }
    assert!(grants(&home).is_empty());
    refused(&home, &start, "not-granted", "nobody allowed it yet");
}

#[test]
fn always_is_stored_and_nothing_is_asked_after_it() {
    let (home, start) = home();
    let ended = start_and(&home, &start, "a\n").code(0);
    assert!(
        ended.screen.contains("A=canary-a-value\r\n"),
        "{}",
        ended.screen
    );
    fs::remove_file(mark(&home)).expect("started");
    assert_eq!(grants(&home).len(), 1);
    assert_eq!(told(&home, "allow", "done").len(), 1);
    let ended = at(&start.exec(&home), ALL).end().code(0);
    assert!(!ended.screen.contains(QUESTION), "{}", ended.screen);
    super::started(&home, &start);
    for entry in told(&home, "exec", "intent") {
        assert_eq!(entry["detail"], serde_json::Value::Null);
    }
}

#[test]
fn where_one_descriptor_is_not_the_terminal_nothing_is_asked() {
    let (home, start) = home();
    for own in [
        Own {
            stdin: false,
            ..ALL
        },
        Own {
            stdout: false,
            ..ALL
        },
        Own {
            stderr: false,
            ..ALL
        },
        Own {
            stdin: false,
            stdout: false,
            stderr: false,
        },
    ] {
        let mut session = at(&start.exec(&home), own);
        session.types("a\n");
        let ended = session.end().code(125);
        assert!(
            !ended.screen.contains(QUESTION),
            "{own:?}: {}",
            ended.screen
        );
        let said = format!("{}{}", ended.screen, ended.stderr);
        assert!(said.contains("not-granted"), "{own:?}: {said}");
        assert!(!mark(&home).exists(), "{own:?}");
    }
    assert!(grants(&home).is_empty());
    assert_eq!(requests(&home).len(), 1);
}

#[test]
fn all_that_would_be_bound_is_shown_and_what_changed() {
    let (home, start) = home();
    let mut session = at(&start.exec(&home), ALL);
    session.wait_for(QUESTION).types("a\n");
    let shown = session.end().code(0).screen;
    let program = home.path("bin/server");
    for line in [
        "server     s".to_owned(),
        format!("program    {} (as it is now)", program.display()),
        "arguments  word".to_owned(),
        "folder     any".to_owned(),
        "secret     A = a".to_owned(),
        "set        LITERAL = text".to_owned(),
        format!("PATH       {}", crate::support::home::PATH),
        format!(
            "HOME       {}",
            home.path("").display().to_string().trim_end_matches('/')
        ),
    ] {
        assert!(shown.contains(&line), "{line:?} is not in: {shown}");
    }
    let changed = start.clone().with("LITERAL=text", "LITERAL=other");
    let mut session = at(&changed.exec(&home), ALL);
    session
        .wait_for("changed    LITERAL is set to another text now")
        .wait_for(QUESTION)
        .types("\n");
    let _ = session.end().code(125);
}

#[test]
fn a_program_that_changes_while_the_person_looks_is_not_what_was_allowed() {
    for answer in ["a\n", "o\n"] {
        let (home, start) = home();
        let mut session = at(&start.exec(&home), ALL);
        session.wait_for(QUESTION);
        put(&home.path("bin/server"), "#!/bin/sh\necho evil $A\n", 0o700);
        // It is asked again, about what is there now.
        session.types(answer).wait_for(QUESTION).types("\n");
        let ended = session.end().code(125);
        assert!(!ended.screen.contains("evil canary"), "{}", ended.screen);
    }
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let (home, start) = home();
    let go = home.path("go");
    for (word, typed, question) in [
        ("exec", "a\na\na\n", QUESTION),
        ("allow", "y\ny\ny\n", "allow it? [y/N]"),
    ] {
        let inner = start.run(&home, word).command();
        let mut command = Command::new("/bin/sh");
        // Something else has the terminal first, for as long as it is typed to.
        let script = "while ! [ -e \"$0\" ]; do sleep 0.02; done; exec \"$@\" > /dev/tty";
        command
            .args(["-c", script])
            .arg(&go)
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear()
            .envs(inner.get_envs().filter_map(|(n, v)| Some((n, v?))))
            .current_dir(home.path(""));
        crate::support::without_terminal(&mut command);
        let on = On {
            stdin: true,
            stderr: true,
        };
        let mut session = Session::start(command, on);
        session.types(typed);
        fs::write(&go, "").expect("written");
        session.wait_for(question).types("n\n");
        let ended = session.end();
        assert_ne!(ended.code, 0, "{word}: {}", ended.screen);
        assert!(
            ended.screen.contains("as you answered"),
            "{word}: {}",
            ended.screen
        );
        assert!(grants(&home).is_empty(), "{word}");
        fs::remove_file(&go).expect("removed");
    }
}

#[test]
fn an_interrupt_at_the_question_starts_nothing() {
    let (home, start) = home();
    let ended = start_and(&home, &start, "\x03");
    assert_eq!(ended.code, 128 + 2);
    assert!(!mark(&home).exists());
    assert!(grants(&home).is_empty());
}

#[test]
fn a_frozen_home_asks_nothing_and_one_that_is_frozen_meanwhile_starts_nothing() {
    let (home, start) = home();
    for answer in ["o\n", "a\n"] {
        let mut session = at(&start.exec(&home), ALL);
        session.wait_for(QUESTION);
        let _ = home.broker(["freeze", "--reason", "a leak"]).run().ok();
        session.types(answer);
        let ended = session.end().code(125);
        assert!(
            ended.screen.contains("it is frozen since"),
            "{}",
            ended.screen
        );
        assert!(!ended.screen.contains("canary-a"), "{}", ended.screen);
        assert!(!mark(&home).exists());
        let ended = at(&start.exec(&home), ALL).end().code(125);
        assert!(!ended.screen.contains(QUESTION), "{}", ended.screen);
        let _ = answered(home.broker(["thaw"]), "[y/N]", "y\n").code(0);
    }
    let answer = start.exec(&home).env("PATH", "/usr/bin:/bin").run();
    // Always was an answer all the same, to what was shown.
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

#[test]
fn without_a_log_neither_once_nor_always_starts_anything() {
    for answer in ["o\n", "a\n"] {
        let (home, start) = home();
        let log = state(&home, "log");
        let mut session = at(&start.exec(&home), ALL);
        session.wait_for(QUESTION);
        fs::rename(&log, log.with_extension("aside")).expect("moved");
        session.types(answer);
        let ended = session.end().code(125);
        assert!(
            ended.screen.contains("audit-unwritable"),
            "{}",
            ended.screen
        );
        assert!(!mark(&home).exists());
        assert!(grants_without_log(&home).is_empty());
    }
}

fn grants_without_log(home: &Home) -> Vec<serde_json::Value> {
    let bytes = fs::read(state(home, "grants.json")).expect("grants");
    let document: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    document["grants"].as_array().expect("grants").clone()
}

#[test]
fn once_reads_nothing_that_another_start_would_be_given() {
    // Allowed once is this command, with this secret: a name that leads elsewhere meanwhile is asked for anew.
    let (home, start) = home();
    let home = home.secret("b", "canary-b-value");
    let mut session = at(&start.exec(&home), ALL);
    session.wait_for(QUESTION);
    let _ = home.broker(["rename", "a", "old"]).run().ok();
    let _ = home.broker(["rename", "b", "a"]).run().ok();
    session.types("o\n").wait_for(QUESTION).types("\n");
    let ended = session.end().code(125);
    assert!(!ended.screen.contains("canary-b"), "{}", ended.screen);
    let answer = start.exec(&home).run();
    withheld(&home, answer, "not-granted", "nobody allowed it yet");
}
