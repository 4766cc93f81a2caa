//! Whatever names and texts hold, each is one line, and none of it acts on a terminal: in the log, in every listing, in
//! every message, in every question.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use broker::text::acts_on_terminal;
use serde_json::json;

use super::{
    ASIDE, On, Session, Start, answer, answered, attended, edit, log, put, server, state,
    unattended, withheld,
};
use crate::support::home::{Answer, BROKER, Home, PATH};

/// What a file, a folder, an argument or a text may be called: it ends the line, speaks in broker's name, moves the
/// cursor, clears the screen, sets the title, turns the direction of writing, hides.
const NASTY: &str =
    "x\nbroker: error: spoofed\r\u{1b}[2J\u{1b}]0;t\u{7}\u{202e}y\u{85}\u{200b}\u{9b}31mz";

/// How it is shown.
const SHOWN: &str = "x\\u{a}broker: error: spoofed\\u{d}\\u{1b}[2J\\u{1b}]0;t\\u{7}\\u{202e}y\\u{85}\\u{200b}\\u{9b}31mz";

/// Demands that a text is harmless.
#[track_caller]
fn harmless(what: &str, text: &str) {
    let text = text.replace("\r\n", "\n");
    for c in text.chars() {
        assert!(
            c == '\n' || !acts_on_terminal(c),
            "{what}: {c:?} is in {text:?}"
        );
    }
    for line in text.lines() {
        assert!(
            !line.trim_start().starts_with("broker: error: spoofed"),
            "{what}: {text}"
        );
        assert!(!line.trim_start().starts_with("spoofed"), "{what}: {text}");
    }
}

/// Demands that what is shown is harmless, and that the text is in it.
#[track_caller]
fn shows(what: &str, text: &str) {
    harmless(what, text);
    assert!(text.contains(SHOWN), "{what}: not shown in {text}");
}

/// The same of a JSON document, in which the text is what it was.
#[track_caller]
fn tells(what: &str, text: &str) {
    harmless(what, text);
    let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
    fn holds(value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::String(text) => text.contains(NASTY),
            serde_json::Value::Array(all) => all.iter().any(holds),
            serde_json::Value::Object(all) => all.values().any(holds),
            _ => false,
        }
    }
    assert!(holds(&document), "{what}: not told in {text}");
}

/// The log as it lies on the disk: one line an entry.
#[track_caller]
fn the_log_is_harmless(home: &Home) {
    let text = fs::read_to_string(state(home, "log/000001.jsonl")).expect("a log");
    harmless("the log", &text);
    for (line, number) in text.lines().zip(1_u64..) {
        let entry: serde_json::Value = serde_json::from_str(line).expect("an entry a line");
        assert_eq!(entry["seq"], number);
    }
    let _ = home.broker(["log", "verify"]).run().ok();
}

/// A start in which everything that can be has a nasty name.
fn nasty(home: &Home) -> Start {
    let program = server(home, &format!("bin {NASTY}/server {NASTY}"));
    let folder = home.path(&format!("folder {NASTY}"));
    fs::create_dir(&folder).expect("created");
    Start::of([program.as_os_str(), NASTY.as_ref(), "-n".as_ref()])
        .label("s")
        .flags(&["--env", "A=broker://a", "--env", &format!("L={NASTY}")])
        .flags(&["--pass", "P", "--cwd", folder.to_str().expect("text")])
        .caller("P", NASTY)
}

/// The start, with words instead of JSON.
fn plainly(home: &Home, start: &Start, word: &str) -> Command {
    let run = start.run(home, word);
    let inner = run.command();
    let mut command = Command::new(BROKER);
    command
        .args(inner.get_args().filter(|word| *word != "--json"))
        .env_clear()
        .envs(inner.get_envs().filter_map(|(n, v)| Some((n, v?))))
        .current_dir(home.path(""))
        .stdin(Stdio::null());
    crate::support::without_terminal(&mut command);
    command
}

fn plain(home: &Home, start: &Start, word: &str) -> Answer {
    answer(&plainly(home, start, word).output().expect("broker starts"))
}

#[test]
fn requests_grants_servers_and_the_log_show_each_text_on_its_line() {
    let home = unattended().secret("a", "canary-a-value");
    let start = nasty(&home);
    let said = plain(&home, &start, "exec");
    assert_eq!(said.code, 125);
    harmless("exec", &said.stderr);
    for word in ["requests", "servers"] {
        shows(word, &home.broker([word]).run().ok().stdout);
        tells(word, &home.broker(["--json", word]).run().ok().stdout);
    }
    harmless("allow", &plain(&home, &start, "allow").ok().stderr);
    let said = plain(&home, &start, "exec").ok();
    assert!(
        said.stdout.contains(&format!("L={NASTY}")),
        "the server gets it as it is"
    );
    for word in ["grants", "servers"] {
        shows(word, &home.broker([word]).run().ok().stdout);
        tells(word, &home.broker(["--json", word]).run().ok().stdout);
    }
    shows("log", &home.broker(["log"]).run().ok().stdout);
    tells("log", &home.broker(["--json", "log"]).run().ok().stdout);
    // Each difference on its line.
    let changed = Start::of([start.command[0].clone(), "x".into(), "-n".into()]).label("s");
    let changed = Start {
        flags: start.flags.clone(),
        caller: start.caller.clone(),
        ..changed
    };
    let said = plain(&home, &changed, "exec");
    assert_eq!(said.code, 125);
    shows("differences", &said.stderr);
    let said = changed.exec(&home).run();
    harmless("differences", &said.stderr);
    let message = super::error(&said)["message"]
        .as_str()
        .expect("text")
        .to_owned();
    assert!(
        message.contains(&format!("argument 1 was '{SHOWN}'")),
        "{message}"
    );
    the_log_is_harmless(&home);
    assert!(log(&home).iter().any(|entry| {
        entry["program"]
            .as_str()
            .is_some_and(|program| program.contains(NASTY))
    }));
}

#[test]
fn questions_show_each_text_on_its_line() {
    let home = attended().secret("a", "canary-a-value");
    let start = nasty(&home);
    // A start at a terminal, the question of allow, and of what was asked for.
    let inner = plainly(&home, &start, "exec");
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "exec \"$@\" > /dev/tty", "sh", BROKER])
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
    session.wait_for("[a]lways:").types("\n");
    shows("exec", &session.end().code(125).screen);
    let _ = start.exec(&home).run();
    let id = super::requests(&home).pop().expect("a request");
    shows(
        "allow ID",
        &answered(home.broker(["allow", &id]), "[y/N]", "n\n").screen,
    );
    let ended = answered(start.run(&home, "allow"), "[y/N]", "y\n").code(0);
    shows("allow", &ended.screen);
    harmless("allow", &ended.stderr);
    let program = start.command[0].clone();
    put(program.as_ref(), "#!/bin/sh\n", 0o700);
    let run = home.broker(["allow", "--program"]).arg(&program);
    let ended = answered(run, "[y/N]", "y\n").code(0);
    shows("allow --program", &ended.screen);
    shows("allow --program", &ended.stderr);
    the_log_is_harmless(&home);
}

#[test]
fn a_reason_to_freeze_is_one_line() {
    let home = unattended().secret("a", "canary-a-value");
    let start = Start::of(["/bin/true"]).flags(&["--env", "A=broker://a"]);
    let _ = start.allow(&home);
    harmless(
        "freeze",
        &home.broker(["freeze", "--reason", NASTY]).run().ok().stderr,
    );
    let said = plain(&home, &start, "exec");
    assert_eq!(said.code, 125);
    shows("exec", &said.stderr);
    fs::remove_file(state(&home, "frozen.json")).expect("the mark");
    shows("the seal", &plain(&home, &start, "exec").stderr);
    shows("reveal", &home.broker(["reveal", "a"]).run().code(1).stderr);
    shows("doctor", &home.broker(["doctor"]).run().stdout);
    shows(
        "log",
        &home.broker(["log", "--action", "freeze"]).run().ok().stdout,
    );
    the_log_is_harmless(&home);
    // A mark of somebody's making speaks no other way.
    let mark = json!({ "since": "2026-01-01T00:00:00Z", "reason": NASTY });
    put(&state(&home, "frozen.json"), mark.to_string(), 0o600);
    shows("the mark", &plain(&home, &start, "exec").stderr);
    let long = "\u{202e}".repeat(5000);
    let _ = home.broker(["thaw"]).run().ok();
    let _ = home.broker(["freeze", "--reason", &long]).run().ok();
    harmless("a long one", &plain(&home, &start, "exec").stderr);
    let _ = home.broker(["thaw"]).run().ok();
}

#[test]
fn notes_and_addresses_are_one_line() {
    let home = unattended();
    let set = home.broker(["set", "a", "--note", NASTY, "--url", NASTY]);
    harmless("set", &set.stdin("canary-a-value").run().ok().stderr);
    shows("show", &home.broker(["show", "a"]).run().ok().stdout);
    tells(
        "show",
        &home.broker(["--json", "show", "a"]).run().ok().stdout,
    );
    harmless("list", &home.broker(["list"]).run().ok().stdout);
    tells("list", &home.broker(["--json", "list"]).run().ok().stdout);
    the_log_is_harmless(&home);
}

/// Runs broker below a program of that name, which is what broker sees of who asked.
fn below(home: &Home, name: &OsStr, words: &[&str]) -> Answer {
    let caller = home.path("callers").join(name);
    put(
        &caller,
        format!("#!/bin/sh\n{BROKER} \"$@\"\nexit $?\n"),
        0o700,
    );
    let mut command = Command::new(&caller);
    command
        .args(words)
        .env_clear()
        .envs(home.environment().iter().map(|(n, v)| (n, v)))
        .current_dir(home.path(""))
        .stdin(Stdio::null());
    crate::support::without_terminal(&mut command);
    answer(&command.output().expect("started"))
}

#[test]
fn the_names_of_those_who_ask_are_one_line() {
    for name in [
        &b"a\n\x1b[2Jb"[..],
        "\u{202e}evil\u{200b}".as_bytes(),
        b"\xff\xfe\n",
        b") S 1 (",
        b"claude",
    ] {
        let home = attended().secret("a", "canary-a-value");
        let name = OsStr::from_bytes(name);
        let words = ["exec", "s", "--env", "A=broker://a", "--", "/bin/true"];
        let said = below(&home, name, &words);
        assert_eq!(said.code, 125, "{name:?}: {}", said.stderr);
        harmless("exec", &said.stderr);
        for word in ["requests", "servers", "log"] {
            harmless(word, &home.broker([word]).run().ok().stdout);
            harmless(word, &home.broker(["--json", word]).run().ok().stdout);
        }
        the_log_is_harmless(&home);
        let entry = log(&home).pop().expect("an entry");
        let told = entry["caller"]["chain"][0]["name"]
            .as_str()
            .expect("a name")
            .to_owned();
        let seen = String::from_utf8_lossy(name.as_bytes()).into_owned();
        assert!(
            seen.starts_with(&told) || told == seen,
            "{told:?} of {seen:?}"
        );
        let id = super::requests(&home).pop().expect("a request");
        let ended = answered(home.broker(["allow", &id]), "[y/N]", "n\n");
        harmless("allow", &ended.screen);
        assert!(
            ended.screen.contains("asked for this once"),
            "{}",
            ended.screen
        );
    }
}

#[test]
fn errors_about_paths_and_programs_are_one_line() {
    let home = unattended().secret("a", "canary-a-value");
    let plain_file = home.path(&format!("plain {NASTY}"));
    put(&plain_file, "x", 0o600);
    let plain_file = plain_file.to_str().expect("text").to_owned();
    let relative = format!("{NASTY}:{PATH}");
    let allowed = |start: &Start| start.clone().flags(&["--env", "A=broker://a"]);
    for (what, start) in [
        (
            "no folder",
            Start::of(["/bin/true"]).flags(&["--cwd", NASTY]),
        ),
        ("no program", Start::of([format!("./{NASTY}")])),
        ("no file to execute", Start::of([&plain_file])),
        (
            "PATH",
            allowed(&Start::of(["true"])).caller("PATH", &relative),
        ),
        (
            "home",
            allowed(&Start::of(["/bin/true"])).caller("BROKER_HOME", NASTY),
        ),
        (
            "an argument",
            Start::of(["/bin/true", &format!("broker://{NASTY}")]),
        ),
        (
            "a flag",
            Start::of(["/bin/true"]).flags(&[&format!("--{NASTY}")]),
        ),
        (
            "a variable",
            Start::of(["/bin/true"]).flags(&["--env", &format!("{NASTY}=x")]),
        ),
        (
            "a secret",
            Start::of(["/bin/true"]).flags(&["--env", &format!("A=broker://{NASTY}")]),
        ),
        ("a label", Start::of(["/bin/true"]).label(NASTY)),
    ] {
        let said = plain(&home, &start, "exec");
        assert_ne!(said.code, 0, "{what}");
        harmless(what, &said.stderr);
        harmless(what, &start.exec(&home).run().stderr);
        assert_eq!(said.stdout, "", "{what}");
    }
    // What is done is told, and the home in advice is one word.
    let said = {
        let mut command = plainly(&home, &Start::of([&plain_file]), "exec");
        command.arg("-v");
        answer(&command.output().expect("broker starts"))
    };
    harmless("-v", &said.stderr);
    let other = home.path(&format!("other $(touch x) {NASTY}"));
    let other = other.to_str().expect("text");
    let at = |words: &[&str]| home.broker(["--home", other].iter().chain(words));
    let init = ["init", "--store", "vault", "--key-file", "--unattended"];
    shows("init", &at(&init).run().ok().stderr);
    let _ = at(&["set", "a"]).stdin("canary-other").run().ok();
    let said = at(&["exec", "--env", "A=broker://a", "--", "/bin/true"])
        .run()
        .code(125);
    shows("advice", &said.stderr);
    assert!(
        said.stderr.contains(
            &format!(
                "broker --home '{}/other $(touch x) ",
                home.path("").display()
            )
            .replace("//", "/")
        ),
        "{}",
        said.stderr
    );
    for words in [&["doctor"][..], &["vault", "status"], &["grants"], &["log"]] {
        harmless("other", &at(words).run().stdout);
    }
    put(
        &home.path(&format!("b/state/.broker-{NASTY}.tmp")),
        "",
        0o600,
    );
    shows("doctor", &home.broker(["doctor"]).run().code(3).stdout);
    put(
        &home.path("b/broker.toml"),
        format!("[servers.s]\ncommand = [\"{NASTY}\"]\n"),
        0o600,
    );
    harmless(
        "broker.toml",
        &home.broker(["exec", "s"]).run().code(125).stderr,
    );
}

#[test]
fn a_nul_starts_nothing_and_is_shown_as_what_it_is() {
    let home = unattended().secret("a", "canary-a-value");
    let program = server(&home, "bin/server");
    let config = home.path("b/broker.toml");
    let program = program.display();
    for (server, says) in [
        (
            format!(
                "command = [\"{program}\"]\nenv = {{ A = \"broker://a\", L = \"x\\u0000y\" }}\n"
            ),
            "NUL",
        ),
        (
            format!("command = [\"{program}\", \"x\\u0000y\"]\nenv = {{ A = \"broker://a\" }}\n"),
            "NUL",
        ),
    ] {
        put(&config, format!("[servers.s]\n{server}"), 0o600);
        let start = Start::of::<&str>([]).label("s");
        let said = start.exec(&home).run();
        assert_eq!(said.code, 125, "{}", said.stderr);
        for word in ["requests", "servers"] {
            harmless(word, &home.broker([word]).run().ok().stdout);
        }
        let run = start.run(&home, "allow").run();
        if run.code == 0 {
            let said = start.exec(&home).run();
            withheld(&home, said, "variable-invalid", says);
            harmless("grants", &home.broker(["grants"]).run().ok().stdout);
        }
        let _ = home.broker(["revoke", "--all"]).run().ok();
    }
    the_log_is_harmless(&home);
}

#[test]
fn bytes_that_are_no_text_are_bound_and_shown() {
    let home = unattended().secret("a", "canary-a-value");
    let program = server(&home, "bin/server");
    let start = |argument: &[u8]| {
        Start::of([program.as_os_str(), OsStr::from_bytes(argument)])
            .label("s")
            .flags(&["--env", "A=broker://a"])
    };
    let _ = start(b"a\xff\n").allow(&home);
    super::started(&home, &start(b"a\xff\n"));
    super::refused(&home, &start(b"a\xfe\n"), "grant-changed", "argument 1 was");
    super::refused(
        &home,
        &start("a\u{fffd}\n".as_bytes()),
        "grant-changed",
        "argument 1 was",
    );
    let shown = home.broker(["grants"]).run().ok().stdout;
    harmless("grants", &shown);
    assert!(shown.contains("bytes 61ff0a"), "{shown}");
    let screen = {
        let home = attended().secret("a", "canary-a-value");
        let words = start(b"a\xff\n");
        let mut session = Session::start(words.run(&home, "allow").command(), ASIDE);
        session.wait_for("[y/N]").types("n\n");
        session.end().screen
    };
    harmless("allow", &screen);
    assert!(screen.contains("bytes 61ff0a"), "{screen}");
}

#[test]
fn a_file_of_requests_of_somebodys_making_speaks_no_other_way() {
    let home = attended().secret("a", "canary-a-value");
    let start = Start::of([server(&home, "bin/server")]).flags(&["--env", "A=broker://a"]);
    let _ = start.exec(&home).run();
    edit(&state(&home, "requests.json"), |document| {
        document["requests"][0]["by"] = json!(NASTY);
        document["requests"][0]["cwd"] = json!(NASTY);
    });
    shows("requests", &home.broker(["requests"]).run().ok().stdout);
    tells(
        "requests",
        &home.broker(["--json", "requests"]).run().ok().stdout,
    );
    let id = super::requests(&home).pop().expect("a request");
    shows(
        "allow",
        &answered(home.broker(["allow", &id]), "[y/N]", "n\n").screen,
    );
}
