//! Real git repositories, and looking through the history of a file in them.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use broker::launch::{HeldSignals, History, Limits, NotLooked, Wanted, history};

use crate::support::home::PATH;

/// A value that must not be shown anywhere.
pub const CANARY: &str = "canary-history-9f2c";

/// A value that only the judge knows.
pub const JUDGED: &str = "canary-judged-77aa";

/// The second at which the first commit is made; each further one is a minute later.
const BEGIN: u64 = 1_700_000_000;

/// A folder with a repository in it, and a user whose git does whatever a repository says.
pub struct Repository {
    top: tempfile::TempDir,
    /// The work tree.
    pub work: PathBuf,
    minute: std::cell::Cell<u64>,
}

impl Repository {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// A repository that is made with these options.
    pub fn with(options: &[&str]) -> Self {
        let top = tempfile::Builder::new()
            .prefix("broker-git-")
            .tempdir()
            .expect("a folder");
        let real = top.path().canonicalize().expect("a folder");
        let work = real.join("code/work");
        std::fs::create_dir_all(&work).expect("made");
        let new = Self {
            top,
            work,
            minute: 0.into(),
        };
        let settings = "[user]\nname = x\nemail = x@example.com\n[init]\ndefaultBranch = main\n\
            [protocol \"file\"]\nallow = always\n[gc]\nauto = 0\n[core]\nautocrlf = false\n";
        new.put(new.top().join(".gitconfig"), settings);
        let init = [&["init", "-q"], options, &["."]].concat();
        new.git(&init);
        new
    }

    /// Returns the folder that the work tree lies in; the user's home folder.
    pub fn top(&self) -> PathBuf {
        self.top.path().canonicalize().expect("a folder")
    }

    /// Returns git as a person has it, in the work tree.
    pub fn command(&self) -> Command {
        let mut command = Command::new("/usr/bin/git");
        let time = format!("{} +0000", BEGIN + 60 * self.minute.get());
        command
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", self.top())
            .env("GIT_AUTHOR_DATE", &time)
            .env("GIT_COMMITTER_DATE", &time)
            .current_dir(&self.work)
            .stdin(Stdio::null());
        command
    }

    /// Runs git, well or not.
    pub fn try_git<S: AsRef<OsStr>>(&self, words: &[S]) -> Output {
        self.command().args(words).output().expect("git starts")
    }

    /// Runs git, and returns what it says.
    #[track_caller]
    pub fn git<S: AsRef<OsStr>>(&self, words: &[S]) -> String {
        let output = self.try_git(words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Writes a file, with the folders above it.
    pub fn put(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.work.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }

    /// Writes a file and commits it, a minute after the commit before. Returns the id.
    #[track_caller]
    pub fn commit(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> String {
        self.put(path.as_ref(), bytes);
        let path = path.as_ref().as_os_str();
        self.git(
            &["--literal-pathspecs", "add", "-f", "--"]
                .map(OsStr::new)
                .into_iter()
                .chain([path])
                .collect::<Vec<_>>(),
        );
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.minute.set(self.minute.get() + 1);
        self.id("HEAD")
    }

    /// Returns what a revision is.
    #[track_caller]
    pub fn id(&self, revision: &str) -> String {
        self.git(&["rev-parse", "--verify", revision])
    }

    /// Gives git something to read.
    pub fn feed(&self, words: &[&str], bytes: &[u8]) {
        let mut command = self.command();
        let mut child = command
            .args(words)
            .stdin(Stdio::piped())
            .spawn()
            .expect("git starts");
        child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(bytes)
            .expect("written");
        assert!(child.wait().expect("it ends").success());
    }

    /// Looks for both canaries in the history of a file of the work tree.
    pub fn look(&self, path: impl AsRef<Path>) -> Result<Option<History>, NotLooked> {
        Look::default().at(self, self.work.join(path))
    }

    /// The same where something comes of it.
    #[track_caller]
    pub fn found(&self, path: impl AsRef<Path>) -> History {
        self.look(path).expect("looked").expect("a repository")
    }
}

/// How it is looked.
pub struct Look {
    pub limits: Limits,
    pub search_path: OsString,
}

impl Default for Look {
    fn default() -> Self {
        let mut limits = Limits::default();
        // Tests share the machine with others; those of the deadline set one.
        limits.time *= 12;
        Self {
            limits,
            search_path: PATH.into(),
        }
    }
}

impl Look {
    /// Looks for both canaries in the history of a file.
    pub fn at(
        &self,
        repository: &Repository,
        file: impl AsRef<Path>,
    ) -> Result<Option<History>, NotLooked> {
        let file = file.as_ref();
        let real = file.parent().expect("a folder").canonicalize();
        let file = real
            .expect("a folder")
            .join(file.file_name().expect("a name"));
        let signals = HeldSignals::hold().expect("held");
        let judge = |bytes: &[u8]| {
            let judged = JUDGED.as_bytes();
            bytes
                .windows(judged.len())
                .filter(|part| *part == judged)
                .count()
        };
        let wanted = Wanted {
            file: &file,
            needles: &[b"canary-elsewhere", CANARY.as_bytes()],
            judge: &judge,
            search_path: &self.search_path,
            home: Some(&repository.top()),
            limits: self.limits,
        };
        let found = history(&wanted, &signals);
        let shown = format!("{wanted:?} {found:?}");
        assert!(
            !shown.contains(CANARY) && !shown.contains(JUDGED),
            "{shown}"
        );
        found
    }
}

/// Returns the ids of the commits that hold something, from the oldest to the newest.
pub fn ids(history: &History) -> Vec<&str> {
    history
        .commits
        .iter()
        .map(|commit| commit.id.as_str())
        .collect()
}
