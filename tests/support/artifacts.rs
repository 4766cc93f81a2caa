//! What the tests leave for the sweep: every output and file that broker produced.
//!
//! `tests/run` names a folder in `BROKER_TEST_ARTIFACTS` and looks through it for canaries when all
//! tests are done (`tests/sweep`). Without the variable nothing is kept. Not kept is what is not broker's:
//! the arguments a test gave, the files it wrote, and what a server said.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};

/// The commands whose stdout is a server's, or is a value because a person asked for one.
const NOT_BROKERS: [&str; 3] = ["exec", "reveal", "get"];

/// Where broker's files are below a home folder.
const BROKERS: [&str; 3] = [
    ".config/broker",
    ".local/share/broker",
    ".local/state/broker",
];

/// Returns the folder to keep things in, if one was named.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os("BROKER_TEST_ARTIFACTS").map(PathBuf::from)
}

/// Returns a name for a file that nobody else uses.
pub fn fresh(kind: &str) -> Option<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Some(folder()?.join(format!("{}-{number}.{kind}", std::process::id())))
}

/// Keeps what broker said in a run.
pub fn keep_run(arguments: &[OsString], output: &Output) {
    let Some(path) = fresh("run") else {
        return;
    };
    let mut file = std::fs::File::create(path).expect("an artifact");
    let is = |word: &OsString| NOT_BROKERS.iter().any(|known| word == known);
    if !arguments.iter().any(is) {
        file.write_all(&output.stdout).expect("written");
    }
    let is_exec = arguments.iter().any(|argument| argument == "exec");
    let said = output.stderr.split_inclusive(|b| *b == b'\n');
    for line in said.filter(|line| !is_exec || line.starts_with(b"broker:")) {
        file.write_all(line).expect("written");
    }
}

/// Keeps every file of broker's below a home folder: in the usual places, and in each folder that was
/// named with `--home`. `inputs` are files that the test wrote.
pub fn keep_home(home: &Path, inputs: &[PathBuf]) {
    if folder().is_none() {
        return;
    }
    for below in BROKERS {
        keep_folder(&home.join(below), inputs);
    }
    for entry in std::fs::read_dir(home).into_iter().flatten().flatten() {
        let path = entry.path();
        // What `--home` names holds a state folder with the home's own record.
        if path.join("state").is_dir() {
            keep_folder(&path, inputs);
        }
    }
}

fn keep_folder(folder: &Path, inputs: &[PathBuf]) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            keep_folder(&path, inputs);
        } else if kind.is_file() && !inputs.contains(&path) {
            let (Some(kept), Ok(bytes)) = (fresh("file"), std::fs::read(&path)) else {
                continue;
            };
            std::fs::write(kept, bytes).expect("an artifact");
        }
    }
}
