//! No entry, no release: whatever keeps the log from being written keeps every value where it is.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{
    ASIDE, CANARY, Session, Start, Traced, attended, attended_on, log, mark, put, server, started,
    state, told, traced, traced_behind, traced_with, unattended, unattended_on, withheld,
};
use crate::support::bus::Bus;
use crate::support::home::{Answer, Home, PATH};

fn filled(home: Home) -> (Home, Start) {
    server(&home, "bin/server");
    let home = home.secret("a", "canary-a-value");
    let start = Start::of([home.path("bin/server")])
        .label("s")
        .flags(&["--env", "A=broker://a"]);
    (home, start)
}

/// A home in which nobody is asked, and a start that is allowed there and was seen to work.
fn home() -> (Home, Start) {
    let (home, start) = filled(unattended());
    let _ = start.allow(&home);
    started(&home, &start);
    (home, start)
}

fn folder(home: &Home) -> PathBuf {
    state(home, "log")
}

fn file(home: &Home) -> PathBuf {
    folder(home).join("000001.jsonl")
}

/// Demands that a start was refused because of the log, and that no store was asked.
#[track_caller]
fn unlogged(home: &Home, traced: Traced, what: &str) {
    let calls = traced.calls_to_a_store(home);
    assert!(calls.is_empty(), "{what}: a store was asked: {calls:#?}");
    assert_eq!(traced.answer.code, 125, "{what}: {}", traced.answer.stderr);
    withheld(
        home,
        traced.answer,
        "audit-unwritable",
        "the log cannot be written",
    );
}

/// All files of the home but those of the log, with what is in them.
fn contents(home: &Home) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).expect("listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.is_file() {
                found.insert(path.clone(), fs::read(path).expect("read"));
            }
        }
    }
    let mut found = BTreeMap::new();
    for below in ["b/state", "b/vault"] {
        walk(&home.path(below), &mut found);
    }
    let log = folder(home);
    let aside = log.with_extension("aside");
    found.retain(|path, _| !path.starts_with(&log) && !path.starts_with(&aside));
    found
}

/// Demands that no command does what it is to tell the log of.
#[track_caller]
fn nothing_else_is_done(home: &Home, what: &str) {
    put(&home.path("some.env"), "OTHER=canary-of-a-file\n", 0o600);
    let before = contents(home);
    let run = |words: &[&str]| {
        home.broker(["--json"].iter().chain(words))
            .stdin("canary-new")
    };
    for words in [
        &["reveal", "a"][..],
        &["set", "new"],
        &["import", "some.env"],
        &["remove", "a", "--yes"],
        &["rename", "a", "c"],
        &["edit", "a", "--note", "x"],
        &["rotate", "a"],
        &["rollback", "a"],
        &["revoke", "--all"],
        &["allow", "t", "--env", "A=broker://a", "--", "/bin/true"],
        &["allow", "--program", "/bin/true"],
        &["vault", "rekey"],
        &["vault", "rekey", "--passphrase"],
        &["thaw"],
    ] {
        let answer = run(words).run();
        // There is no grant of that program to be renewed.
        let code = match words {
            ["allow", "--program", _] => "grant-not-found",
            _ => "audit-unwritable",
        };
        assert_eq!(answer.code, 1, "{what}: {words:?}: {}", answer.stderr);
        assert_eq!(answer.error_code(), code, "{what}: {words:?}");
        assert!(!answer.stdout.contains(CANARY), "{what}: {words:?}");
        assert!(!answer.stderr.contains(CANARY), "{what}: {words:?}");
    }
    let after = contents(home);
    let names = |all: &BTreeMap<PathBuf, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after), "{what}");
    for (path, bytes) in &before {
        assert!(
            after[path] == *bytes,
            "{what}: {} was changed",
            path.display()
        );
    }
}

type Damage = (&'static str, fn(&Home));

fn moved(path: &Path) -> PathBuf {
    let aside = path.with_extension("aside");
    fs::rename(path, &aside).expect("moved");
    aside
}

/// What can be wrong with a log, and how to bring it about.
const DAMAGES: [Damage; 18] = [
    ("no folder", |h| drop(moved(&folder(h)))),
    ("no file", |h| fs::remove_file(file(h)).expect("removed")),
    ("an empty file", |h| put(&file(h), "", 0o600)),
    ("the folder a link", |h| {
        let aside = moved(&folder(h));
        symlink(aside, folder(h)).expect("linked");
    }),
    ("the folder a link to nothing", |h| {
        moved(&folder(h));
        symlink("nowhere", folder(h)).expect("linked");
    }),
    ("the folder a file", |h| {
        moved(&folder(h));
        put(&folder(h), "", 0o600);
    }),
    ("the folder a fifo", |h| {
        moved(&folder(h));
        fifo(&folder(h));
    }),
    ("the folder somebody else's", |h| {
        chown(folder(h), Some(65_534), None).expect("given away")
    }),
    ("the folder others can write", |h| chmod(&folder(h), 0o777)),
    ("the file a link", |h| {
        let aside = moved(&file(h));
        symlink(aside, file(h)).expect("linked");
    }),
    ("the file a fifo", |h| {
        moved(&file(h));
        fifo(&file(h));
    }),
    ("the file a folder", |h| {
        moved(&file(h));
        fs::create_dir(file(h)).expect("made");
    }),
    ("the file a device", |h| {
        moved(&file(h));
        let made = Command::new("mknod")
            .arg(file(h))
            .args(["c", "1", "3"])
            .status();
        assert!(made.expect("mknod").success());
    }),
    ("the file somebody else's", |h| {
        chown(file(h), Some(65_534), None).expect("given away")
    }),
    ("the file others can write", |h| chmod(&file(h), 0o666)),
    ("a last line that is none", |h| {
        let mut text = fs::read(file(h)).expect("read");
        text.extend(b"nonsense\n");
        put(&file(h), text, 0o600);
    }),
    ("a last line that was changed", |h| {
        let text = fs::read_to_string(file(h)).expect("read");
        let at = text.rfind("\"exec\"").expect("an entry");
        let (before, after) = text.split_at(at);
        put(
            &file(h),
            format!("{before}{}", after.replacen("exec", "edit", 1)),
            0o600,
        );
    }),
    ("the lock a link", |h| {
        moved(&folder(h).join("lock"));
        symlink("nowhere", folder(h).join("lock")).expect("linked");
    }),
];

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo").success());
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
}

#[test]
fn a_log_that_is_missing_damaged_or_not_ours_stops_every_release_before_a_store_is_asked() {
    for (what, damage) in DAMAGES {
        let (home, start) = home();
        damage(&home);
        println!("{what}");
        unlogged(&home, traced(&start.exec(&home)), what);
    }
}

#[test]
fn a_log_that_is_missing_damaged_or_not_ours_stops_every_command() {
    for (what, damage) in DAMAGES {
        let (home, _) = home();
        damage(&home);
        println!("{what}");
        nothing_else_is_done(&home, what);
    }
}

#[test]
fn without_a_log_the_keychain_is_not_asked() {
    let bus = Bus::start();
    let (home, start) = filled(unattended_on(&bus));
    let _ = start.allow(&home);
    started(&home, &start);
    for (what, damage) in DAMAGES {
        let kept = home.path("kept");
        let copy = |from: &Path, to: &Path| {
            let done = Command::new("cp").arg("-a").arg(from).arg(to).status();
            assert!(done.expect("cp").success());
        };
        copy(&folder(&home), &kept);
        damage(&home);
        println!("{what}");
        unlogged(&home, traced(&start.exec(&home)), what);
        let _ = Command::new("rm")
            .arg("-rf")
            .arg(folder(&home))
            .arg(folder(&home).with_extension("aside"))
            .status();
        copy(&kept, &folder(&home));
        fs::remove_dir_all(&kept).expect("removed");
    }
    started(&home, &start);
}

/// Runs a start with the log's folder mounted otherwise, in a namespace of its own.
fn mounted(home: &Home, start: &Start, mount: &str) -> Traced {
    let script = format!("cd \"$1\" && shift && {mount} && exec \"$@\"");
    let folder = folder(home).display().to_string();
    let before = [
        "/usr/bin/unshare",
        "-m",
        "--",
        "/bin/sh",
        "-c",
        &script,
        "sh",
        &folder,
    ];
    traced_behind(&start.exec(home), &before, &[])
}

/// The log's files in memory, with so many pages of 4 KiB.
fn in_memory(pages: u64) -> String {
    format!(
        "mkdir ../copy && cp -a . ../copy && mount -t tmpfs -o size={}k,mode=700 none \"$PWD\" \
         && cd \"$PWD\" && cp -a ../copy/* . && rm -r ../copy",
        pages * 4
    )
}

#[test]
fn a_full_disk_stops_every_release_before_a_store_is_asked() {
    let (home, start) = home();
    let length = || fs::metadata(file(&home)).expect("there").len();
    // So long that the next entry needs another page.
    while length() % 4096 < 3800 {
        started(&home, &start);
    }
    let pages = length() / 4096 + 1;
    let full = format!(
        "{} && {{ dd if=/dev/zero of=filler bs=4k 2>/dev/null; [ -s filler ]; }}",
        in_memory(pages + 1)
    );
    unlogged(&home, mounted(&home, &start, &full), "a full disk");
    // The same mount with room: it is the room that was missing.
    let answer = mounted(&home, &start, &in_memory(pages + 20)).answer;
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    fs::remove_file(mark(&home)).expect("started");
    started(&home, &start);
    let _ = home.broker(["log", "verify"]).run().ok();
}

#[test]
fn a_read_only_disk_stops_every_release_before_a_store_is_asked() {
    let (home, start) = home();
    let mount = "mount --bind \"$PWD\" \"$PWD\" && mount -o remount,bind,ro \"$PWD\"";
    let before = fs::read(file(&home)).expect("read");
    unlogged(&home, mounted(&home, &start, mount), "a read-only disk");
    assert!(fs::read(file(&home)).expect("read") == before);
}

#[test]
fn a_file_that_may_not_be_changed_stops_every_release_before_a_store_is_asked() {
    let (home, start) = home();
    let flag = |flag: &str| {
        let done = Command::new("chattr").arg(flag).arg(file(&home)).status();
        assert!(done.expect("chattr is installed").success(), "{flag}");
    };
    flag("+i");
    let traced = traced(&start.exec(&home));
    flag("-i");
    unlogged(&home, traced, "an immutable file");
    // One that can only be added to is what a log needs.
    flag("+a");
    let answer = start.exec(&home).run();
    flag("-a");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

#[test]
fn an_entry_that_is_not_synced_stops_the_release_and_is_not_left_behind() {
    for (call, error) in [
        ("fdatasync", "EIO"),
        ("fdatasync", "ENOSPC"),
        ("fdatasync", "EDQUOT"),
    ] {
        let (home, start) = home();
        let before = log(&home).len();
        let inject = format!("inject={call}:error={error}:when=1");
        let traced = traced_with(&start.exec(&home), &["-e", &inject]);
        assert!(traced.calls.iter().any(|line| line.contains("(INJECTED)")));
        unlogged(&home, traced, error);
        assert_eq!(log(&home).len(), before, "{error}");
        started(&home, &start);
    }
}

#[test]
fn an_entry_that_cannot_be_written_or_is_written_in_part_stops_the_release() {
    let (home, start) = home();
    let log = file(&home).display().to_string();
    for (what, inject) in [
        ("no write", "inject=write:error=ENOSPC"),
        ("half a write", "inject=write:retval=100"),
        ("an open that fails", "inject=openat:error=EACCES"),
        ("a lock that fails", "inject=flock:error=ENOLCK"),
    ] {
        // Only what concerns the log's own files.
        let lock = folder(&home).join("lock").display().to_string();
        let more = [
            "-e",
            "trace=%file,connect,write,flock",
            "-P",
            &log,
            "-P",
            &lock,
            "-e",
            inject,
        ];
        let traced = traced_with(&start.exec(&home), &more);
        assert!(
            traced.calls.iter().any(|line| line.contains("(INJECTED)")),
            "{what}"
        );
        assert_eq!(traced.answer.code, 125, "{what}: {}", traced.answer.stderr);
        withheld(
            &home,
            traced.answer,
            "audit-unwritable",
            "the log cannot be written",
        );
    }
}

#[test]
fn a_limit_on_the_size_of_files_stops_every_release() {
    let (home, start) = home();
    let length = fs::metadata(file(&home)).expect("there").len();
    // No room at all, which is a signal where it is not an error, and room for a part of an entry.
    for room in [0, 10] {
        let inner = start.exec(&home).command();
        let mut command = Command::new("/usr/bin/prlimit");
        command
            .arg(format!("--fsize={}", length + room))
            .arg("--")
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear()
            .envs(inner.get_envs().filter_map(|(n, v)| Some((n, v?))))
            .current_dir(home.path(""))
            .stdin(std::process::Stdio::null());
        crate::support::without_terminal(&mut command);
        let answer = super::answer(&command.output().expect("prlimit is installed"));
        withheld(
            &home,
            answer,
            "audit-unwritable",
            "the log cannot be written",
        );
    }
    started(&home, &start);
    let _ = home.broker(["log", "verify"]).run().ok();
}

#[test]
fn somebody_who_may_not_write_the_log_is_given_nothing() {
    // Root writes where it likes, so this is somebody else's home.
    let ordinary = super::files::Ordinary::new();
    let program = Path::new("/bin/echo");
    let text = Path::new("started");
    let start = |word: &str| ordinary.start(word, program, text);
    assert_eq!(start("allow").code, 0);
    assert_eq!(start("exec").ok().stdout, "started\n");
    let log = ordinary.home.path(".local/state/broker/log");
    for (path, mode) in [
        (log.join("000001.jsonl"), 0o400),
        (log.clone(), 0o500),
        (log.clone(), 0o0),
    ] {
        let was = fs::metadata(&path).expect("there").permissions();
        chmod(&path, mode);
        let answer = start("exec");
        fs::set_permissions(&path, was).expect("put back");
        // Adding to a file that is there takes no right on its folder.
        if mode == 0o500 {
            assert_eq!(answer.code, 0, "{}", answer.stderr);
            continue;
        }
        assert_eq!(
            answer.code, 125,
            "{mode:o}: {}{}",
            answer.stdout, answer.stderr
        );
        assert_eq!(answer.error_code(), "audit-unwritable", "{mode:o}");
        assert_eq!(answer.stdout, "");
    }
    assert_eq!(start("exec").code, 0);
}

#[test]
fn a_log_that_somebody_holds_stops_the_release_in_the_end() {
    let (home, start) = home();
    let lock = fs::File::open(folder(&home).join("lock")).expect("the lock");
    lock.lock().expect("held");
    let traced = traced(&start.exec(&home));
    drop(lock);
    unlogged(&home, traced, "held");
    started(&home, &start);
}

#[test]
fn a_person_who_says_yes_is_shown_nothing_without_an_entry() {
    let (home, _) = filled(attended());
    moved(&folder(&home));
    for words in [
        &["--json", "reveal", "a"][..],
        &["--json", "migrate", "--to", "keychain", "a"],
        &["--json", "vault", "rekey", "--keychain"],
        &[
            "--json",
            "backup",
            "create",
            "unlogged.age",
            "--recipient",
            "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa",
        ],
    ] {
        let mut session = Session::start(home.broker(words).command(), ASIDE);
        session.wait_for("[y/N]").types("y\n");
        let ended = session.end().code(1);
        assert!(
            ended.stderr.contains("audit-unwritable"),
            "{words:?}: {}",
            ended.stderr
        );
        assert!(!ended.screen.contains(CANARY), "{words:?}");
    }
    assert!(!home.path("unlogged.age").exists(), "a backup was made");
}

#[test]
fn nothing_is_moved_between_stores_without_an_entry() {
    let bus = Bus::start();
    let (home, _) = filled(attended_on(&bus));
    let mut session = Session::start(
        home.broker(["init", "--store", "vault", "--key-file"])
            .command(),
        ASIDE,
    );
    session.wait_for("[y/N]").types("y\n");
    let _ = session.end().code(0);
    let aside = moved(&folder(&home));
    let before = contents(&home);
    let mut session = Session::start(
        home.broker(["--json", "migrate", "--to", "vault"])
            .command(),
        ASIDE,
    );
    session.wait_for("[y/N]").types("y\n");
    let ended = session.end().code(1);
    assert!(
        ended.stderr.contains("audit-unwritable"),
        "{}",
        ended.stderr
    );
    for store in ["vault", "keychain"] {
        let set = home
            .broker(["--json", "set", "new", "--store", store])
            .stdin("canary-new");
        assert_eq!(set.run().code(1).error_code(), "audit-unwritable");
    }
    assert!(contents(&home) == before, "something was changed");
    fs::rename(aside, folder(&home)).expect("put back");
}

#[test]
fn a_home_can_be_frozen_without_a_log() {
    let (home, start) = home();
    let aside = moved(&folder(&home));
    let answer = home
        .broker(["--json", "freeze", "--reason", "a leak"])
        .run()
        .code(1);
    assert_eq!(answer.error_code(), "audit-unwritable");
    fs::rename(aside, folder(&home)).expect("put back");
    let answer = start.exec(&home).run();
    withheld(&home, answer, "frozen", "a leak");
    fs::remove_file(state(&home, "frozen.json")).expect("the mark");
    let answer = start.exec(&home).run();
    withheld(&home, answer, "frozen", "a leak");
}

#[test]
fn a_start_without_secrets_needs_no_log() {
    let (home, _) = home();
    moved(&folder(&home));
    let start = Start::of([home.path("bin/server")]);
    let answer = start.exec(&home).run();
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

#[test]
fn every_release_is_told_before_the_store_is_asked() {
    let (home, start) = home();
    let traced = traced(&start.exec(&home));
    assert_eq!(traced.answer.code, 0);
    let position = |what: &str| {
        let at = traced.calls.iter().position(|line| line.contains(what));
        at.unwrap_or_else(|| panic!("no call with {what}: {:#?}", traced.calls))
    };
    let synced = position("fdatasync(");
    let asked = position(&home.path("b/vault").display().to_string());
    let became = position(&format!("execve(\"{}\"", home.path("bin/server").display()));
    assert!(
        synced < asked && asked < became,
        "{synced} {asked} {became}"
    );
    let entry = told(&home, "exec", "intent").pop().expect("an entry");
    assert_eq!(entry["server"], "s");
    assert_eq!(entry["secrets"], serde_json::json!(["a"]));
    assert_eq!(entry["versions"], serde_json::json!([1]));
    assert_eq!(
        entry["program"],
        home.path("bin/server").display().to_string()
    );
}

#[test]
fn after_many_starts_a_cut_end_of_the_log_is_found_by_the_seal() {
    let (home, start) = home();
    let verify = |home: &Home| -> Answer { home.broker(["--json", "log", "verify"]).run() };
    let keep = |home: &Home, lines: usize| {
        let text = fs::read_to_string(file(home)).expect("a log");
        let kept: String = text.split_inclusive('\n').take(lines).collect();
        put(&file(home), kept, 0o600);
    };
    // A cut right behind the last anchor, the first entry, is not found: nobody wrote anything down since.
    let before = log(&home).len();
    let whole = fs::read(file(&home)).expect("a log");
    keep(&home, before - 1);
    assert_eq!(verify(&home).ok().json()["state"], "intact");
    put(&file(&home), &whole, 0o600);
    for _ in 0..70 {
        let answer = start.exec(&home).env("PATH", PATH).run();
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    }
    assert_eq!(verify(&home).ok().json()["state"], "intact");
    let after = log(&home).len();
    assert_eq!(after, before + 70, "one line a start");
    keep(&home, before + 50);
    assert_eq!(verify(&home).code(3).json()["state"], "tampered");
}
