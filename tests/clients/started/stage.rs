//! A home of a person with one client: its file, the programs it starts, and what the client itself was started with.

use std::path::{Path, PathBuf};

use super::expanding::Variables;
use super::reading::{Entry, entries};
use super::starting::{PROGRAM, Seen, start};
use super::vectors::{Fate, Filled, Made, filled};
use super::ways::Way;
use crate::support::home::{BROKER, Home};
use crate::support::put;

/// The programs that clients start, which only say how they were started.
const PROGRAMS: [&str; 15] = [
    "npx",
    "uvx",
    "docker",
    "node",
    "python3.11",
    "own-mcp",
    "shell-mcp",
    "slack-mcp",
    "signer",
    "ref-mcp",
    "args-mcp",
    "bare-mcp",
    "noargs-mcp",
    "last-mcp",
    "again-mcp",
];

/// What Windows' own shell does with `/c`.
const CMD: &str = "#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in
        /[cC]) shift; exec \"$@\" ;;
        *) shift ;;
    esac
done
exit 9
";

/// Files that interpreters are given.
const SCRIPTS: [&str; 7] = [
    "reports/server.js",
    "memory/index.js",
    "tools/server.js",
    "tools/build/index.js",
    "dist/main.js",
    "sandboxed.js",
    "docs.js",
];

/// Such a home.
pub struct Stage {
    pub home: Home,
    pub way: &'static Way,
    pub made: Vec<Made>,
    /// The file as it was.
    pub before: String,
}

impl Stage {
    /// Sets a client up in a home.
    pub fn new(home: Home, way: &'static Way) -> Self {
        let folder = home.path("");
        let path = format!("{}bin:/usr/local/bin:/usr/bin:/bin", folder.display());
        let home = home.with("PATH", path).with("TMPDIR", folder.join("tmp"));
        std::fs::create_dir(folder.join("tmp")).expect("a folder");
        put(&folder.join("bin/npx"), PROGRAM, 0o755);
        put(&folder.join("bin/cmd"), CMD, 0o755);
        std::fs::hard_link(folder.join("bin/cmd"), folder.join("bin/cmd.exe")).expect("linked");
        std::fs::create_dir_all(folder.join("work/tools")).expect("a folder");
        let others = PROGRAMS
            .iter()
            .skip(1)
            .map(|name| folder.join("bin").join(name));
        for file in others.chain([folder.join("work/tools/serve")]) {
            std::fs::hard_link(folder.join("bin/npx"), file).expect("linked");
        }
        // As it is installed: its version is in the name that the link leads to.
        std::os::unix::fs::symlink("python3.11", folder.join("bin/python3")).expect("linked");
        std::os::unix::fs::symlink(BROKER, folder.join("bin/broker")).expect("linked");
        for script in SCRIPTS {
            write(&folder.join("work").join(script), "// a server\n");
        }
        write(&folder.join("work/.env"), "FROM_FILE=plain\n");
        let Filled { text, made } = filled(way.vector, &folder);
        write(&folder.join(way.file), &text);
        Self {
            home,
            way,
            made,
            before: text,
        }
    }

    /// The client's file.
    pub fn file(&self) -> PathBuf {
        self.home.path(self.way.file)
    }

    /// What is in it now.
    pub fn now(&self) -> String {
        std::fs::read_to_string(self.file()).expect("text")
    }

    /// The servers that its client starts, as the file says now.
    pub fn servers(&self) -> Vec<Entry> {
        let all = entries(self.way, &self.now()).into_iter();
        all.filter(|entry| !entry.line.is_empty()).collect()
    }

    /// The variables that the client itself was started with.
    pub fn own(&self) -> Variables {
        let home = self.home.path("").display().to_string();
        let home = home.trim_end_matches('/');
        let path = format!("{home}/bin:/usr/bin:/bin");
        [
            ("HOME", home),
            ("LOGNAME", "ann"),
            ("PATH", &path),
            ("SHELL", "/bin/sh"),
            ("TERM", "dumb"),
            ("USER", "ann"),
            ("LANG", "C.UTF-8"),
            ("TEAM_NAME", "blue"),
            ("WORK_ROOT", &format!("{home}/work")),
            ("MADE_TOKEN", "kept-by-the-shell-4411"),
            ("UNRELATED_TOKEN", "unrelated-8213"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// Starts every server as the client would.
    pub fn start_all(&self) -> Vec<(Entry, Seen)> {
        self.start_all_with(&self.own())
    }

    /// Starts every server as a client would that was started with other variables.
    pub fn start_all_with(&self, own: &Variables) -> Vec<(Entry, Seen)> {
        let home = self.home.path("");
        let start = |entry: Entry| {
            let seen = start(self.way, &entry, own, &home);
            (entry, seen)
        };
        self.servers().into_iter().map(start).collect()
    }

    /// Demands that no value is anywhere in the home, in any form: of those that were to be moved nowhere at all, of the
    /// others nowhere but in the client's file.
    #[track_caller]
    pub fn is_clean(&self) {
        self.look_through(false);
    }

    /// The same of a file that was put back: nothing is anywhere else.
    #[track_caller]
    pub fn is_clean_but_for_its_file(&self) {
        self.look_through(true);
    }

    #[track_caller]
    fn look_through(&self, is_restored: bool) {
        let file = self.file();
        for path in files(&self.home.path("")) {
            let bytes = std::fs::read(&path).unwrap_or_default();
            for made in &self.made {
                // What is an argument is part of what was allowed.
                let is_allowed = path.ends_with("state/broker/grants.json") && made.is_argument();
                let may_be =
                    path == file && (is_restored || made.fate != Fate::Moves) || is_allowed;
                let is_there = !may_be && made.is_in(&bytes);
                assert!(
                    !is_there,
                    "a value that {:?} is in {}: {}",
                    made.fate,
                    path.display(),
                    made.value
                );
            }
        }
    }

    /// Demands that broker said no value.
    #[track_caller]
    pub fn says_nothing(&self, said: &str) {
        for made in &self.made {
            assert!(
                !made.is_in(said.as_bytes()),
                "{} is shown: {said}",
                made.value
            );
        }
    }
}

/// Writes a file, and the folders above it.
pub fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    std::fs::write(path, text).expect("written");
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            all.extend(files(&entry.path()));
        } else if kind.is_file() {
            all.push(entry.path());
        }
    }
    all.sort();
    all
}
