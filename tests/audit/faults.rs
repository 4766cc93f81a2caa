//! An entry under every fault at every system call of its write: it is in the log, or it is said that it is
//! not, and the log is intact or mends itself.
//!
//! What is traced is this test binary, started again for the one test that writes.

use std::env;
use std::fs;

use broker::audit::{Log, Verified};
use broker::paths::HomePaths;

use super::{Logged, at, entry, home};
use crate::faults::{Ended, Errno, Fault, Outcome, Subject, Sweep, World};

/// Names the folder of the home to write to.
const FOLDER: &str = "AUDIT_WRITER";

/// So short that two of the entries fill a file.
const SHORT_FILES: u64 = 300;

const KILLS: &[Fault] = &[Fault::KillBefore, Fault::KillAfter];
const ERRORS: &[Fault] = &[
    Fault::Fails(Errno::NoSpace),
    Fault::Fails(Errno::Io),
    Fault::Fails(Errno::Interrupted),
    Fault::Short,
];

fn log(folder: &std::path::Path) -> Log {
    Log::of(&HomePaths::under(folder), &home()).with_files_of(SHORT_FILES)
}

/// The entry that is written, among those that were there.
const MARK: &str = "the new one";

#[test]
#[expect(clippy::exit, reason = "the writer ends with what it is to say")]
fn a_writer_writes_when_left_alone() {
    let Some(folder) = env::var_os(FOLDER) else {
        let logged = Logged::new(1, SHORT_FILES);
        log(logged.home())
            .append(&entry(2).detail(MARK), at(2))
            .expect("added");
        assert_eq!(logged.intact(), 2);
        return;
    };
    let hidden = rustix::process::DumpableBehavior::NotDumpable;
    rustix::process::set_dumpable_behavior(hidden).expect("a process may hide its memory");
    let added = log(folder.as_ref()).append(&entry(9).detail(MARK), at(9));
    std::process::exit(i32::from(added.is_err()));
}

fn writer(world: &World) -> Subject {
    let module = module_path!().split_once("::").expect("below the crate").1;
    Subject::new(env::current_exe().expect("the test binary has a path"))
        .arg("--exact")
        .arg(format!("{module}::a_writer_writes_when_left_alone"))
        .arg("--nocapture")
        .arg("--test-threads=1")
        .env(FOLDER, world.path("home"))
}

/// Judges what a run left.
fn judge(world: &World, before: u64, outcome: &Outcome) -> Result<(), String> {
    let folder = world.path("home");
    let log = log(&folder);
    let found = log
        .verify(&[], at(10))
        .map_err(|e| format!("verification: {e}"))?;
    let Verified::Intact { entries, torn, .. } = found else {
        return Err(format!("{found:?}"));
    };
    let read = log.oldest().map_err(|e| e.to_string())?;
    let marked = read
        .filter_map(Result::ok)
        .filter(|e| e.detail.as_deref() == Some(MARK))
        .count();
    let said = outcome.ended;
    let right = match said {
        Ended::Exit(0) => marked == 1 && torn.is_none(),
        Ended::Exit(1) => marked == 0,
        _ => marked <= 1,
    };
    // A kill is no power cut, so what is not on the disk is only seen by what was said.
    let unsynced = outcome.injected.as_ref().is_some_and(|injected| {
        let broken = [Fault::Fails(Errno::Io), Fault::Fails(Errno::NoSpace)];
        ["fsync", "fdatasync"].contains(&injected.at.name.as_str())
            && broken.contains(&injected.fault)
    });
    if unsynced && outcome.succeeded() {
        return Err("it said that it is on the disk, which failed".to_owned());
    }
    // The mending is an entry too, and nothing else is.
    let others = entries.saturating_sub(before) - marked as u64;
    if right && others <= 1 && entries >= before {
        Ok(())
    } else {
        Err(format!(
            "{said:?}: {marked} of it, {entries} entries, torn: {torn:?}"
        ))
    }
}

/// `count` entries, of which the last may be torn.
fn run(label: &str, count: u32, is_torn: bool, faults: &[Fault]) {
    let template = World::empty();
    let logged = Logged::new(count, SHORT_FILES);
    if is_torn {
        let newest = logged.files().pop().expect("a file");
        let text = fs::read(&newest).expect("read");
        fs::write(newest, &text[..text.len() - 50]).expect("torn");
    }
    let folder = template.path("home/state/log");
    fs::create_dir_all(&folder).expect("made");
    for file in logged.files() {
        fs::copy(&file, folder.join(file.file_name().expect("a name"))).expect("copied");
    }
    let before = u64::from(count) - u64::from(is_torn);
    let report = Sweep::new(label).only(faults).run(
        || {
            let world = World::copy_of(&template);
            (writer(&world), world)
        },
        |world, outcome| judge(world, before, outcome),
    );
    report.assert_clean();
    for fault in faults {
        assert!(report.points_of(*fault) > 0, "{fault:?} was never tried");
    }
}

#[test]
fn a_killed_writer_adds_all_or_what_is_mended() {
    run("append", 3, false, KILLS);
    run("append behind a torn end", 4, true, KILLS);
    run("append to the next file", 4, false, KILLS);
}

#[test]
fn a_writer_whose_calls_fail_says_so_and_adds_nothing() {
    run("append", 3, false, ERRORS);
    run("append behind a torn end", 4, true, ERRORS);
    run("append to the next file", 4, false, ERRORS);
}
