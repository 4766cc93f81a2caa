//! Freezing stops every way by which a value leaves, at once and whatever becomes of the files; thawing needs a person.

use std::fs;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use super::{
    ASIDE, CANARY, Session, Start, answer, answered, attended, attended_on, edit, made, mark, put,
    reaching, refused, server, started, state, told, traced, unattended, unattended_on, withheld,
};
use crate::support::bus::Bus;
use crate::support::home::{Answer, Home, Run};

const REASON: &str = "a laptop was stolen";

fn filled(home: Home) -> (Home, Start) {
    server(&home, "bin/server");
    let home = home.secret("a", "canary-a-value");
    let start = Start::of([home.path("bin/server")])
        .label("s")
        .flags(&["--env", "A=broker://a"]);
    (home, start)
}

/// A home in which a person allowed a start.
fn asked(home: Home) -> (Home, Start) {
    let (home, start) = filled(home);
    let _ = answered(start.run(&home, "allow"), "allow it? [y/N]", "y\n").code(0);
    started(&home, &start);
    (home, start)
}

fn freeze(home: &Home) {
    let _ = home.broker(["freeze", "--reason", REASON]).run().ok();
}

/// The ways out besides a start.
const OF_A_VAULT: &[&[&str]] = &[
    &["reveal", "a"],
    &["get", "a"],
    &["migrate", "--to", "keychain"],
    &["migrate", "--to", "keychain", "a"],
    &["vault", "rekey", "--keychain"],
    BACKUP,
];
/// To a recipient of which nobody has the identity.
const BACKUP: &[&str] = &[
    "backup",
    "create",
    "frozen.age",
    "--recipient",
    "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa",
];
const OF_A_KEYCHAIN: &[&[&str]] = &[
    &["reveal", "a"],
    &["migrate", "--to", "vault"],
    &["migrate", "--to", "vault", "a"],
    BACKUP,
];

/// Demands that no value leaves, even if somebody is there who says yes.
#[track_caller]
fn nothing_leaves(home: &Home, start: &Start, exits: &[&[&str]]) {
    let answer = start.exec(home).run();
    withheld(home, answer, "frozen", REASON);
    for words in exits {
        let run = home.broker(["--json"].iter().chain(*words));
        let mut session = Session::start(run.command(), ASIDE);
        // Where only the seal knows, the person is asked first.
        if !state(home, "frozen.json").exists() {
            session.wait_for("[y/N]").types("y\n");
        }
        let ended = session.end().code(1);
        assert!(
            ended.stderr.contains("\"frozen\""),
            "{words:?}: {}",
            ended.stderr
        );
        assert!(
            !ended.screen.contains(CANARY),
            "{words:?}: {}",
            ended.screen
        );
        assert!(!ended.stdout.contains(CANARY), "{words:?}");
    }
    assert!(!home.path("frozen.age").exists(), "a backup was made");
}

fn frozen_stops_everything(home: Home, exits: &[&[&str]]) {
    let (home, start) = asked(home);
    freeze(&home);
    refused(&home, &start, "frozen", REASON);
    nothing_leaves(&home, &start, exits);
    // What lets no value out goes on.
    let _ = home.broker(["list"]).run().ok();
    let _ = home.broker(["rename", "a", "b"]).run().ok();
    let _ = home.broker(["rename", "b", "a"]).run().ok();
    home.set("new", b"canary-new");
    nothing_leaves(&home, &start, exits);
    let entry = told(&home, "freeze", "done").pop().expect("an entry");
    assert_eq!(entry["detail"], REASON);
    assert_eq!(
        told(&home, "reveal", "refused").pop().expect("an entry")["detail"],
        "frozen"
    );
}

#[test]
fn a_frozen_home_with_a_vault_lets_nothing_out_and_a_start_asks_no_store() {
    frozen_stops_everything(attended(), OF_A_VAULT);
}

#[test]
fn a_frozen_home_with_a_keychain_lets_nothing_out_and_a_start_asks_no_store() {
    let bus = Bus::start();
    frozen_stops_everything(attended_on(&bus), OF_A_KEYCHAIN);
}

/// Keeps the state folder, and puts some of its files back after all were deleted.
fn deleted_but(home: &Home, kept: &[(&str, Vec<u8>)]) {
    fs::remove_dir_all(home.path("b/state")).expect("deleted");
    for (name, bytes) in kept {
        put(&state(home, name), bytes, 0o600);
    }
    for folder in ["", "log"] {
        use std::os::unix::fs::PermissionsExt;
        let folder = state(home, folder);
        if folder.exists() {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("closed");
        }
    }
}

fn kept(home: &Home, names: &[&'static str]) -> Vec<(&'static str, Vec<u8>)> {
    let read = |name: &&'static str| (*name, fs::read(state(home, name)).expect("there"));
    names.iter().map(read).collect()
}

fn frozen_for_good(home: Home, exits: &[&[&str]]) {
    let (home, start) = asked(home);
    let all = [
        "home.json",
        "catalog.json",
        "grants.json",
        "log/000001.jsonl",
    ];
    let before = kept(&home, &all);
    freeze(&home);
    // Without the mark alone.
    fs::remove_file(state(&home, "frozen.json")).expect("the mark");
    nothing_leaves(&home, &start, exits);
    // With every file as it was before.
    deleted_but(&home, &before);
    nothing_leaves(&home, &start, exits);
    let entry = told(&home, "exec", "refused").pop().expect("an entry");
    assert_eq!(entry["detail"], "frozen");
    // With the home's record alone: the catalog is rebuilt, the log is begun anew by a person, who allows the start again.
    deleted_but(&home, &before[..1]);
    let mut session = Session::start(home.broker(["doctor", "--fix"]).command(), ASIDE);
    session.wait_for("begin it anew? [y/N]").types("y\n");
    let ended = session.end();
    assert!(
        ended.stdout.contains("a new catalog names 1 secrets"),
        "{}",
        ended.stdout
    );
    let _ = answered(start.run(&home, "allow"), "allow it? [y/N]", "y\n").code(0);
    nothing_leaves(&home, &start, exits);
    // The person thaws it.
    let _ = answered(home.broker(["thaw"]), "[y/N]", "y\n").code(0);
    started(&home, &start);
}

#[test]
fn a_vault_stays_frozen_when_every_file_of_the_state_folder_is_deleted() {
    frozen_for_good(attended(), OF_A_VAULT);
}

#[test]
fn a_keychain_stays_frozen_when_every_file_of_the_state_folder_is_deleted() {
    let bus = Bus::start();
    frozen_for_good(attended_on(&bus), OF_A_KEYCHAIN);
}

#[test]
fn a_mark_of_whatever_kind_freezes() {
    let (home, start) = filled(unattended());
    let _ = start.allow(&home);
    let mark = state(&home, "frozen.json");
    for text in ["", "{}", "thawed", "{\"since\":\"x\"}"] {
        put(&mark, text, 0o600);
        refused(&home, &start, "frozen", "it is frozen");
        fs::remove_file(&mark).expect("removed");
    }
    std::os::unix::fs::symlink("nowhere", &mark).expect("linked");
    refused(&home, &start, "frozen", "it is frozen");
    fs::remove_file(&mark).expect("removed");
    fs::create_dir(&mark).expect("made");
    refused(&home, &start, "frozen", "it is frozen");
    fs::remove_dir(&mark).expect("removed");
    started(&home, &start);
}

#[test]
fn thawing_needs_a_person() {
    let (home, start) = asked(attended());
    freeze(&home);
    let thaw = || home.broker(["--json", "thaw"]);
    let alone = thaw().stdin("y\ny\n").run().code(1);
    assert_eq!(alone.error_code(), "no-terminal");
    // Whatever the home's record says.
    edit(&state(&home, "home.json"), |home| {
        home["unattended"] = true.into()
    });
    assert_eq!(thaw().run().code(1).error_code(), "no-terminal");
    for no in ["n\n", "\n", "\x04"] {
        let ended = answered(thaw(), "let values leave this home again? [y/N]", no).code(1);
        assert!(
            ended.stderr.contains("declined"),
            "{no:?}: {}",
            ended.stderr
        );
        withheld(&home, start.exec(&home).run(), "frozen", REASON);
    }
    let _ = answered(thaw(), "[y/N]", "y\n").code(0);
    started(&home, &start);
    let refused: Vec<_> = told(&home, "thaw", "refused");
    let why: Vec<_> = refused
        .iter()
        .map(|entry| entry["detail"].as_str().expect("text"))
        .collect();
    assert_eq!(
        why,
        [
            "no-terminal",
            "no-terminal",
            "declined",
            "declined",
            "declined"
        ]
    );
    assert_eq!(told(&home, "thaw", "done").len(), 1);
}

#[test]
fn in_an_unattended_home_thawing_needs_nobody_and_the_log_says_so() {
    let (home, start) = filled(unattended());
    let _ = start.allow(&home);
    freeze(&home);
    refused(&home, &start, "frozen", REASON);
    let _ = home.broker(["thaw"]).run().ok();
    started(&home, &start);
    assert_eq!(told(&home, "thaw", "done")[0]["unattended"], true);
}

/// Starts a run that is going to wait, and says when it has come so far.
fn waiting(run: &Run<'_>, until: impl Fn() -> bool) -> Child {
    let mut command = run.command();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("broker starts");
    wait(|| {
        assert!(
            child.try_wait().expect("asked").is_none(),
            "it did not wait"
        );
        until()
    });
    child
}

fn wait(mut until: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !until() {
        assert!(Instant::now() < end, "it did not come so far");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Freezes beside commands that hold what the seal needs: only the mark can be there at once.
fn freezing(home: &Home) -> Child {
    let mark = state(home, "frozen.json");
    waiting(&home.broker(["freeze", "--reason", REASON]), || {
        mark.exists()
    })
}

fn ended(child: Child) -> Answer {
    let output: Output = child.wait_with_output().expect("it ends");
    answer(&output)
}

#[test]
fn a_start_that_waits_for_the_log_is_stopped() {
    let (home, start) = filled(unattended());
    let _ = start.allow(&home);
    let lock = fs::File::open(state(&home, "log/lock")).expect("the lock");
    lock.lock().expect("held");
    let child = waiting(&start.exec(&home), || true);
    // So far that it waits for the log: whatever was to be decided before, was.
    std::thread::sleep(Duration::from_millis(500));
    let freezing = freezing(&home);
    drop(lock);
    withheld(&home, ended(child), "frozen", REASON);
    assert_eq!(ended(freezing).code, 0);
}

#[test]
fn a_start_that_waits_for_the_keychain_is_stopped() {
    let bus = Bus::start();
    let (home, start) = filled(unattended_on(&bus));
    let _ = start.allow(&home);
    let before = told(&home, "exec", "intent").len();
    bus.stop();
    let child = waiting(&start.exec(&home), || {
        told(&home, "exec", "intent").len() > before
    });
    let freezing = freezing(&home);
    bus.cont();
    withheld(&home, ended(child), "frozen", REASON);
    assert_eq!(ended(freezing).code, 0);
}

#[test]
fn a_home_whose_keychain_does_not_answer_is_frozen_by_its_files() {
    let mut bus = Bus::start();
    let (home, start) = filled(unattended_on(&bus));
    let _ = start.allow(&home);
    bus.kill_keyring();
    let answer = home
        .broker(["--json", "freeze", "--reason", REASON])
        .run()
        .code(1);
    assert!(
        answer.stderr.contains("only by a file of its own"),
        "{}",
        answer.stderr
    );
    bus.start_keyring("pw");
    refused(&home, &start, "frozen", REASON);
}

#[test]
fn an_answer_that_comes_after_the_freezing_lets_nothing_out() {
    let (home, _) = asked(attended());
    for words in [
        &["--json", "reveal", "a"][..],
        &["--json", "migrate", "--to", "keychain", "a"],
        &["--json", "vault", "rekey", "--keychain"],
    ] {
        let mut session = Session::start(home.broker(words).command(), ASIDE);
        session.wait_for("[y/N]");
        freeze(&home);
        session.types("y\n");
        let ended = session.end().code(1);
        assert!(
            ended.stderr.contains("\"frozen\""),
            "{words:?}: {}",
            ended.stderr
        );
        assert!(
            !ended.screen.contains(CANARY),
            "{words:?}: {}",
            ended.screen
        );
        let _ = answered(home.broker(["thaw"]), "[y/N]", "y\n").code(0);
    }
}

/// A home with two stores in which nobody is asked, and a secret in the vault.
fn both(bus: &Bus) -> Home {
    let home = made(
        reaching(bus),
        &["--store", "vault", "--key-file", "--unattended"],
    );
    let _ = home.broker(["init", "--store", "keychain"]).run().ok();
    let set = home.broker(["set", "a", "--raw", "--store", "vault"]);
    let _ = set.stdin("canary-a-value").run().ok();
    home
}

fn store_of_a(home: &Home) -> String {
    let rows = home.broker(["--json", "list"]).run().ok().json();
    rows[0]["store"].as_str().expect("a store").to_owned()
}

#[test]
fn a_move_that_waits_for_its_turn_is_stopped() {
    let bus = Bus::start();
    let home = both(&bus);
    let lock = fs::File::open(state(&home, "lock")).expect("the lock");
    lock.lock().expect("held");
    let migrate = home.broker(["--json", "migrate", "--to", "keychain", "a"]);
    let child = waiting(&migrate, || !told(&home, "migrate", "intent").is_empty());
    std::thread::sleep(Duration::from_millis(500));
    let freezing = freezing(&home);
    drop(lock);
    let answer = ended(child).code(1);
    assert_eq!(answer.error_code(), "frozen", "{}", answer.stderr);
    assert_eq!(ended(freezing).code, 0);
    assert_eq!(store_of_a(&home), "vault");
}

#[test]
fn a_new_way_to_open_the_vault_that_waits_for_its_turn_is_stopped() {
    let bus = Bus::start();
    let home = both(&bus);
    let lock = fs::File::open(state(&home, "lock")).expect("the lock");
    lock.lock().expect("held");
    let rekey = home.broker(["--json", "vault", "rekey", "--keychain"]);
    let child = waiting(&rekey, || !told(&home, "vault", "intent").is_empty());
    std::thread::sleep(Duration::from_millis(500));
    let freezing = freezing(&home);
    drop(lock);
    let answer = ended(child).code(1);
    assert_eq!(answer.error_code(), "frozen", "{}", answer.stderr);
    assert_eq!(ended(freezing).code, 0);
    let status = home.broker(["--json", "vault", "status"]).run().ok().json();
    assert_eq!(status["opens_with"], "key-file", "{status}");
}

#[test]
fn a_frozen_vault_with_a_new_key_is_still_frozen() {
    let (home, start) = asked(attended());
    freeze(&home);
    let _ = home.broker(["vault", "rekey"]).run().ok();
    fs::remove_file(state(&home, "frozen.json")).expect("the mark");
    nothing_leaves(&home, &start, OF_A_VAULT);
    let _ = answered(home.broker(["thaw"]), "[y/N]", "y\n").code(0);
    started(&home, &start);
}

#[test]
fn both_stores_of_a_home_are_frozen() {
    let bus = Bus::start();
    let home = both(&bus);
    let set = home.broker(["set", "k", "--raw", "--store", "keychain"]);
    let _ = set.stdin("canary-k-value").run().ok();
    server(&home, "bin/server");
    let start = |name: &str| {
        let env = format!("A=broker://{name}");
        Start::of([home.path("bin/server")])
            .label(name)
            .flags(&["--env", &env])
    };
    for name in ["a", "k"] {
        let _ = start(name).allow(&home);
    }
    freeze(&home);
    fs::remove_file(state(&home, "frozen.json")).expect("the mark");
    for name in ["a", "k"] {
        withheld(&home, start(name).exec(&home).run(), "frozen", REASON);
        let reveal = home.broker(["--json", "reveal", name]).run().code(1);
        assert_eq!(reveal.error_code(), "frozen");
    }
    let _ = home.broker(["thaw"]).run().ok();
    for name in ["a", "k"] {
        started(&home, &start(name));
    }
}

#[test]
fn a_start_that_is_frozen_is_not_asked_for() {
    let (home, start) = filled(unattended());
    freeze(&home);
    let traced = traced(&start.exec(&home));
    assert!(traced.calls_to_a_store(&home).is_empty());
    withheld(&home, traced.answer, "frozen", REASON);
    assert!(super::requests(&home).is_empty());
    assert!(!mark(&home).exists());
}
