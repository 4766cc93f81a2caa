//! What the tests leave for the sweep: every argument, output and file broker produced.
//!
//! `tests/run` names a folder in `BROKER_TEST_ARTIFACTS` and looks through it for canaries when all
//! tests are done (`tests/sweep`). Without the variable nothing is kept.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};

/// Returns the folder to keep things in, if one was named.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os("BROKER_TEST_ARTIFACTS").map(PathBuf::from)
}

/// Returns a name for a file that nobody else uses.
fn fresh(kind: &str) -> Option<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Some(folder()?.join(format!("{}-{number}.{kind}", std::process::id())))
}

/// Keeps the arguments and the outputs of a run. An `exec` may print what its server was given; its stdout
/// belongs to the server, and only what broker itself says is kept.
pub fn keep_run(arguments: &[OsString], output: &Output) {
    let Some(path) = fresh("run") else {
        return;
    };
    let mut file = std::fs::File::create(path).expect("an artifact");
    for argument in arguments {
        file.write_all(argument.as_encoded_bytes())
            .expect("written");
        file.write_all(b"\n").expect("written");
    }
    let is_exec = arguments.iter().any(|argument| argument == "exec");
    if !is_exec {
        file.write_all(&output.stdout).expect("written");
    }
    let said = output.stderr.split_inclusive(|b| *b == b'\n');
    for line in said.filter(|line| !is_exec || line.starts_with(b"broker:")) {
        file.write_all(line).expect("written");
    }
}

/// Keeps every file below a home folder, whatever wrote it.
pub fn keep_folder(home: &Path) {
    let Ok(entries) = std::fs::read_dir(home) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            keep_folder(&path);
        } else if kind.is_file() {
            let Some(kept) = fresh("file") else {
                return;
            };
            if let Ok(bytes) = std::fs::read(&path) {
                std::fs::write(kept, bytes).expect("an artifact");
            }
        }
    }
}
