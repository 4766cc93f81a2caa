//! A change of what is allowed that does not come to its end: the old grants count or the new ones, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{
    Start, attended_on, grants, made, mark, refused, requests, server, started, state, traced_with,
    unattended, withheld,
};
use crate::faults::{Errno, Fault, Outcome, Subject, Sweep, World};
use crate::support::bus::Bus;
use crate::support::home::{BROKER, Home};

/// A server that needs no file of its own, so that a home can be copied.
const SERVER: &str = "/usr/bin/env";

const KILLS: &[Fault] = &[Fault::KillBefore, Fault::KillAfter];
const ERRORS: &[Fault] = &[
    Fault::Fails(Errno::NoSpace),
    Fault::Fails(Errno::Io),
    Fault::Fails(Errno::Interrupted),
    Fault::Short,
];

fn home_of(world: &World) -> PathBuf {
    world.path("home")
}

/// Runs broker in a world's home and returns its exit code and all it said.
fn run(world: &World, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(BROKER);
    command
        .arg("--home")
        .arg(home_of(world))
        .args(words)
        .env_clear()
        .env("HOME", "/")
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    crate::support::without_terminal(&mut command);
    let mut child = command.spawn().expect("broker starts");
    let mut input = child.stdin.take().expect("its stdin");
    let _ = std::io::Write::write_all(&mut input, b"canary-a-value");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// The words by which the server of that label is started or allowed.
fn words<'a>(word: &'a str, label: &'a str) -> [&'a str; 6] {
    [word, label, "--env", "A=broker://a", "--", SERVER]
}

fn done(world: &World, words: &[&str]) {
    let (code, said) = run(world, words);
    assert_eq!(code, Some(0), "{words:?}: {said}");
}

/// A home in which the servers `one` and `two` are allowed.
fn template() -> World {
    let world = World::empty();
    let init = ["init", "--store", "vault", "--key-file", "--unattended"];
    done(&world, &init);
    done(&world, &["set", "a", "--raw"]);
    for label in ["one", "two"] {
        done(&world, &words("allow", label));
    }
    world
}

/// Tells whether a server is started; a start that fails otherwise than by a refusal is wrong.
fn is_allowed(world: &World, label: &str) -> Result<bool, String> {
    match run(world, &words("exec", label)) {
        (Some(0), said) if said.contains("A=canary-a-value\n") => Ok(true),
        (Some(125), said) if said.contains("nobody allowed it yet") => Ok(false),
        (Some(125), said) if said.contains("it is not what was allowed") => Ok(false),
        (code, said) => Err(format!("\"{label}\" ended with {code:?}: {said}")),
    }
}

/// Which servers are allowed, in the order of their names.
fn allowed(world: &World) -> Result<Vec<&'static str>, String> {
    let mut found = Vec::new();
    for label in ["one", "three", "two"] {
        if is_allowed(world, label)? {
            found.push(label);
        }
    }
    Ok(found)
}

/// Judges what a run left, and what the next command makes of it.
fn judge(world: &World, outcome: &Outcome, case: &Case) -> Result<(), String> {
    let found = allowed(world)?;
    if outcome.succeeded() && found != case.after {
        return Err(format!(
            "it said that it was done, but allowed is {found:?}"
        ));
    }
    if found != case.before && found != case.after {
        return Err(format!("neither the old nor the new: {found:?}"));
    }
    // The same command again does what it was to do, or finds it done.
    let (code, said) = run(world, case.words);
    if code != Some(0) && !said.contains("no such command is allowed") {
        return Err(format!("again, it ended with {code:?}: {said}"));
    }
    if allowed(world)? != case.after {
        return Err(format!("after it was done again: {:?}", allowed(world)?));
    }
    let state = |name: &str| home_of(world).join("state").join(name);
    match code {
        Some(0) if state("grants.next.json").exists() => Err("a file was left".to_owned()),
        _ => Ok(()),
    }
}

struct Case {
    words: &'static [&'static str],
    before: &'static [&'static str],
    after: &'static [&'static str],
}

const ALLOW: Case = Case {
    words: &["allow", "three", "--env", "A=broker://a", "--", SERVER],
    before: &["one", "two"],
    after: &["one", "three", "two"],
};
fn sweep(case: &Case, faults: &[Fault]) {
    let template = template();
    let why = "it changes nothing: dying here is dying at the next call that does";
    let mut sweep = Sweep::new(&format!("{:?}", case.words)).only(faults);
    for name in [
        "read",
        "statx",
        "close",
        "fcntl",
        "getppid",
        "geteuid",
        "newfstatat",
        "lseek",
    ] {
        sweep = sweep.cap(name, 4, why);
    }
    let report = sweep.cap("openat", 12, why).run(
        || {
            let world = World::copy_of(&template);
            let mut subject = Subject::new(BROKER).arg("--home").arg(home_of(&world));
            for word in case.words {
                subject = subject.arg(*word);
            }
            let subject = subject
                .env("HOME", "/")
                .env("PATH", "/usr/bin:/bin")
                .cwd("/");
            (subject, world)
        },
        |world, outcome| judge(world, outcome, case),
    );
    report.assert_clean();
    for fault in faults {
        assert!(report.points_of(*fault) > 0, "{fault:?} was never tried");
    }
}

#[test]
fn an_allow_that_is_killed_leaves_the_old_grants_or_the_new() {
    sweep(&ALLOW, KILLS);
}

#[test]
fn an_allow_with_failing_calls_leaves_the_old_grants_or_the_new() {
    sweep(&ALLOW, ERRORS);
}

/// Runs a command that is killed as it puts a file in its place: the first, the second, ...
fn killed(run: &crate::support::home::Run<'_>, file: u32) {
    let inject = format!("inject=rename,renameat,renameat2:signal=KILL:when={file}");
    let traced = traced_with(
        run,
        &["-e", "trace=rename,renameat,renameat2", "-e", &inject],
    );
    assert_eq!(traced.answer.code, 128 + 9, "{}", traced.answer.stderr);
}

/// The files that an allow puts in their places, in this order, with one vault.
const NEXT: u32 = 1;
const SEAL: u32 = 2;
const FILE: u32 = 3;

fn home() -> Home {
    let home = unattended().secret("a", "canary-a-value");
    server(&home, "bin/server");
    home
}

fn labelled(home: &Home, label: &str) -> Start {
    Start::of([home.path("bin/server")])
        .label(label)
        .flags(&["--env", "A=broker://a"])
}

#[test]
fn before_the_seal_is_moved_on_the_old_grants_count_and_after_it_the_new() {
    for (file, is_new) in [(NEXT, false), (SEAL, false), (FILE, true)] {
        let home = home();
        let (one, two) = (labelled(&home, "one"), labelled(&home, "two"));
        let _ = one.allow(&home);
        killed(&two.run(&home, "allow"), file);
        assert_eq!(state(&home, "grants.next.json").exists(), file > NEXT);
        started(&home, &one);
        if is_new {
            started(&home, &two);
        } else {
            let answer = two.exec(&home).run();
            assert_eq!(answer.code, 125, "{file}: {}", answer.stderr);
            assert!(!mark(&home).exists());
        }
        // The next change goes on from what counts.
        let _ = labelled(&home, "three").allow(&home);
        assert_eq!(grants(&home).len(), if is_new { 3 } else { 2 });
        assert!(!state(&home, "grants.next.json").exists());
        started(&home, &one);
    }
}

#[test]
fn what_an_interrupted_change_allowed_is_listed_and_can_be_revoked() {
    let home = home();
    let (one, two) = (labelled(&home, "one"), labelled(&home, "two"));
    let _ = one.allow(&home);
    killed(&two.run(&home, "allow"), FILE);
    started(&home, &two);
    assert_eq!(grants(&home).len(), 2);
    let id = grants(&home).pop().expect("a grant");
    let _ = home.broker(["revoke", &id]).run().ok();
    refused(
        &home,
        &two,
        "grant-changed",
        "it was allowed as the server \"one\"",
    );
    started(&home, &one);
    // And what a revocation took back that was killed behind the seal can be allowed again.
    killed(&home.broker(["revoke", "--server", "one"]), FILE);
    let answer = one.exec(&home).run();
    withheld(&home, answer, "not-granted", "nobody allowed it yet");
    let _ = one.allow(&home);
    started(&home, &one);
}

#[test]
fn a_change_that_did_not_come_to_its_end_does_not_count_after_another_that_did() {
    let home = home();
    let (one, two) = (labelled(&home, "one"), labelled(&home, "two"));
    let id = one.allow(&home);
    killed(&two.run(&home, "allow"), SEAL);
    // Somebody keeps the file, which broker wrote and marked.
    let kept = fs::read(state(&home, "grants.next.json")).expect("the file of the change");
    let _ = home.broker(["revoke", &id]).run().ok();
    refused(&home, &one, "not-granted", "nobody allowed it yet");
    super::put(&state(&home, "grants.next.json"), &kept, 0o600);
    for start in [&one, &two] {
        let answer = start.exec(&home).run();
        let answer = withheld(&home, answer, "not-granted", "nobody allowed it yet");
        assert!(answer.stderr.contains("is ignored"), "{}", answer.stderr);
    }
    super::put(&state(&home, "grants.json"), &kept, 0o600);
    for start in [&one, &two] {
        let answer = start.exec(&home).run();
        withheld(&home, answer, "grants-invalid", "not the last one");
    }
}

#[test]
fn an_interrupted_change_is_told_and_ended_by_doctor() {
    let home = home();
    let (one, two) = (labelled(&home, "one"), labelled(&home, "two"));
    let _ = one.allow(&home);
    killed(&two.run(&home, "allow"), FILE);
    let codes = |fix: bool| -> Vec<(String, String)> {
        let mut run = home.broker(["--json", "doctor"]);
        if fix {
            run = run.arg("--fix");
        }
        let rows = run.run().json();
        let rows = rows.as_array().expect("rows").iter();
        let text =
            |row: &serde_json::Value, field: &str| row[field].as_str().expect("text").to_owned();
        rows.map(|row| (text(row, "code"), text(row, "state")))
            .collect()
    };
    let found = |all: &[(String, String)], code: &str, state: &str| {
        all.iter().any(|(c, s)| c == code && s == state)
    };
    assert!(found(&codes(false), "grants-interrupted", "warning"));
    assert!(found(&codes(true), "grants", "ok"));
    assert!(found(&codes(false), "grants", "ok"));
    assert!(!state(&home, "grants.next.json").exists());
    started(&home, &one);
    started(&home, &two);
}

#[test]
fn a_rename_that_is_killed_gives_nothing_else_away_and_can_be_allowed_again() {
    let mut ends = Vec::new();
    for file in 1..=9 {
        let home = home().secret("other", "canary-of-another");
        let start = labelled(&home, "one");
        let _ = start.allow(&home);
        let rename = home.broker(["--json", "rename", "a", "b"]);
        let inject = format!("inject=rename,renameat,renameat2:signal=KILL:when={file}");
        let calls = "trace=rename,renameat,renameat2";
        let traced = traced_with(&rename, &["-e", calls, "-e", &inject]);
        ends.push(traced.answer.code);
        let renamed = start.clone().with("A=broker://a", "A=broker://b");
        let mut works = 0;
        for start in [&start, &renamed] {
            let answer = start.exec(&home).run();
            match answer.code {
                0 => assert!(
                    answer.stdout.contains("A=canary-a-value\n"),
                    "{file}: {}",
                    answer.stdout
                ),
                125 => assert!(!mark(&home).exists(), "{file}"),
                _ => panic!("{file}: {}", answer.stderr),
            }
            works += usize::from(answer.code == 0);
            let _ = fs::remove_file(mark(&home));
        }
        assert!(works <= 1, "{file}: both names lead to it");
        if works == 0 {
            // Between the move and the grants: what it is called now is allowed by whoever allowed it before.
            let _ = renamed.allow(&home);
            started(&home, &renamed);
        }
    }
    assert_eq!((ends[0], ends[ends.len() - 1]), (128 + 9, 0), "{ends:?}");
}

/// A home with secrets in a keychain and in a vault, and starts with secrets of each and of both.
struct Both {
    home: Home,
    _bus: Bus,
}

impl Both {
    fn new() -> Self {
        let bus = Bus::start();
        let home = made(
            super::reaching(&bus),
            &["--store", "keychain", "--unattended"],
        );
        let _ = home
            .broker(["init", "--store", "vault", "--key-file"])
            .run()
            .ok();
        for (name, store) in [("k", "keychain"), ("v", "vault")] {
            let set = home.broker(["set", name, "--raw", "--store", store]);
            let _ = set.stdin(format!("canary-{name}")).run().ok();
        }
        server(&home, "bin/server");
        Self { home, _bus: bus }
    }

    fn start(&self, label: &str) -> Start {
        let start = Start::of([self.home.path("bin/server")]).label(label);
        label.chars().fold(start, |start, c| match c {
            'k' => start.flags(&["--env", "K=broker://k"]),
            'v' => start.flags(&["--env", "V=broker://v"]),
            _ => start,
        })
    }

    #[track_caller]
    fn is_allowed(&self, label: &str) -> bool {
        let answer = self.start(label).exec(&self.home).run();
        let _ = fs::remove_file(mark(&self.home));
        match answer.code {
            0 => true,
            125 => false,
            _ => panic!("{label}: {}{}", answer.stdout, answer.stderr),
        }
    }
}

#[test]
fn a_grant_with_secrets_of_two_stores_is_sealed_and_revoked_in_both() {
    let both = Both::new();
    let ids: Vec<String> = ["k", "v", "kv"]
        .map(|label| both.start(label).allow(&both.home))
        .to_vec();
    for (label, says) in [
        ("k", "K=canary-k\n"),
        ("v", "V=canary-v\n"),
        ("kv", "K=canary-k\n"),
    ] {
        let printed = started(&both.home, &both.start(label));
        assert!(printed.contains(says), "{label}: {printed}");
    }
    let before = fs::read(state(&both.home, "grants.json")).expect("grants");
    let _ = both.home.broker(["revoke", &ids[2]]).run().ok();
    assert_eq!(
        ["k", "v", "kv"].map(|label| both.is_allowed(label)),
        [true, true, false]
    );
    // Each store knows that: the file from before counts for neither.
    super::put(&state(&both.home, "grants.json"), &before, 0o600);
    for label in ["k", "v", "kv"] {
        let answer = both.start(label).exec(&both.home).run();
        withheld(&both.home, answer, "grants-invalid", "not the last one");
    }
    let _ = both.start("kv").allow(&both.home);
    assert_eq!(
        ["k", "v", "kv"].map(|label| both.is_allowed(label)),
        [false, false, true]
    );
}

#[test]
fn between_two_seals_each_start_goes_by_the_old_grants_or_the_new() {
    let both = Both::new();
    for label in ["k", "v", "kv", "kv2"] {
        let _ = both.start(label).allow(&both.home);
    }
    // The keychain's seal is moved on, the vault's is not: its file is the second that is put in its place.
    killed(&both.start("kv3").run(&both.home, "allow"), SEAL);
    assert_eq!(
        ["k", "v", "kv", "kv2"].map(|label| both.is_allowed(label)),
        [true; 4]
    );
    assert!(both.is_allowed("kv3"), "the newest seal knows it");
    let codes = both.home.broker(["--json", "doctor"]).run().json();
    let codes = codes.as_array().expect("rows").iter();
    assert!(codes.clone().any(|row| row["code"] == "grants-interrupted"));
    // A revocation that stops there is one for whatever the newest seal is asked about.
    let _ = both.home.broker(["doctor", "--fix"]).run();
    killed(&both.home.broker(["revoke", "--server", "kv"]), SEAL);
    assert!(!both.is_allowed("kv"));
    assert!(both.is_allowed("v") && both.is_allowed("k") && both.is_allowed("kv2"));
    let _ = both.home.broker(["revoke", "--server", "kv"]).run().ok();
    assert!(!both.is_allowed("kv") && both.is_allowed("kv2"));
}

#[test]
fn a_seal_that_is_gone_is_told_and_what_is_allowed_again_counts() {
    // In a vault it is a file beside the others; what was allowed has to be allowed again, by a person.
    let home = super::attended().secret("a", "canary-a-value");
    server(&home, "bin/server");
    let start = labelled(&home, "one");
    let allow = |start: &Start| {
        super::answered(start.run(&home, "allow"), "allow it? [y/N]", "y\n").code(0)
    };
    let _ = allow(&start);
    started(&home, &start);
    fs::remove_file(home.path("b/vault/secrets/.seal@v1.age")).expect("removed");
    let answer = start.exec(&home).run();
    withheld(&home, answer, "seal-missing", "lost the seal");
    let entry = super::told(&home, "exec", "refused")
        .pop()
        .expect("an entry");
    assert_eq!(entry["detail"], "seal-missing");
    let other = labelled(&home, "two");
    let _ = allow(&other);
    started(&home, &other);
    let answer = start.exec(&home).run();
    assert_eq!(answer.code, 125, "{}", answer.stderr);
    let _ = allow(&start);
    started(&home, &start);
}

#[test]
fn a_seal_that_is_gone_from_the_keychain_is_told_and_what_is_allowed_again_counts() {
    let bus = Bus::start();
    let home = attended_on(&bus).secret("a", "canary-a-value");
    server(&home, "bin/server");
    let start = labelled(&home, "one");
    let allow = |start: &Start| {
        super::answered(start.run(&home, "allow"), "allow it? [y/N]", "y\n").code(0)
    };
    let _ = allow(&start);
    started(&home, &start);
    let id = |path: &Path| {
        let bytes = fs::read(path).expect("there");
        let home: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        home["id"].as_str().expect("an id").to_owned()
    };
    let account = format!("{}/.seal@v1", id(&state(&home, "home.json")));
    let cleared = bus
        .command("secret-tool")
        .args(["clear", "service", "broker", "username", &account])
        .status();
    assert!(cleared.expect("secret-tool is installed").success());
    let answer = start.exec(&home).run();
    withheld(&home, answer, "seal-missing", "lost the seal");
    let other = labelled(&home, "two");
    let _ = allow(&other);
    started(&home, &other);
    let answer = start.exec(&home).run();
    assert_eq!(answer.code, 125, "{}", answer.stderr);
    assert!(!requests(&home).is_empty());
}

#[test]
fn a_move_that_fails_on_the_way_leaves_what_was_moved_allowed() {
    let both = Both::new();
    let home = &both.home;
    for (name, value) in [("one", "canary-one"), ("two", "canary-two")] {
        let set = home.broker(["set", name, "--raw", "--store", "vault"]);
        let _ = set.stdin(value).run().ok();
    }
    let of = |name: &str| {
        Start::of([home.path("bin/server")])
            .label(name)
            .flags(&["--env", &format!("A=broker://{name}")])
    };
    for name in ["one", "two"] {
        let _ = of(name).allow(home);
    }
    let item = home.path("b/vault/secrets/two@v1.age");
    let bytes = fs::read(&item).expect("an item");
    fs::write(&item, "no age file").expect("damaged");
    let migrate = home.broker(["--json", "migrate", "--to", "keychain", "one", "two"]);
    assert_eq!(migrate.run().code(1).error_code(), "store-damaged");
    fs::write(&item, bytes).expect("put back");
    for name in ["one", "two"] {
        started(home, &of(name));
    }
}
