//! Repositories that would have git run programs: none of them is run. Each is seen to run first, by a command that
//! people and editors use.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use broker::launch::Gap;

use super::repository::{CANARY, Repository, ids};
use crate::support::put;

const FILE: &str = ".mcp.json";

/// A program that leaves a mark.
struct Plant {
    repo: Repository,
    /// The commit with the value.
    id: String,
    script: PathBuf,
    mark: PathBuf,
    /// Whether the version with the value is not there any more.
    is_missing: Cell<bool>,
}

impl Plant {
    fn new() -> Self {
        let repo = Repository::new();
        let id = repo.commit(FILE, format!("{{\"x\": \"{CANARY}\"}}"));
        repo.commit(FILE, "{}\n");
        let (script, mark) = (repo.work.join(".plant/program"), repo.top().join("mark"));
        let text = format!("#!/bin/sh\n: >'{}'\nexit 1\n", mark.display());
        put(&script, text, 0o755);
        Self {
            repo,
            id,
            script,
            mark,
            is_missing: Cell::new(false),
        }
    }

    fn script(&self) -> &str {
        self.script.to_str().expect("text")
    }

    /// Adds lines to a file of the repository.
    fn add(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.repo.work.join(path);
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        self.repo.put(&path, before + text);
    }

    fn config(&self, text: &str) {
        self.add(".git/config", &format!("\n{text}\n"));
    }

    /// Has the index say that there is a watcher of files.
    fn watched(&self) {
        let fsmonitor = format!("core.fsmonitor={}", self.script());
        self.repo
            .git(&["-c", &fsmonitor, "update-index", "--fsmonitor"]);
        self.forget();
    }

    fn forget(&self) {
        let _ = std::fs::remove_file(&self.mark);
    }

    /// Has the repository fetch what is missing from there, and takes the version with the value away.
    fn fetching(&self, url: &str, more: &str) {
        self.config(&format!(
            "[core]\nrepositoryformatversion = 1\n[extensions]\npartialClone = origin\n\
             [remote \"origin\"]\nurl = \"{url}\"\npromisor = true\npartialclonefilter = blob:none\n{more}"
        ));
        let blob = self.blob();
        let object = Path::new(".git/objects").join(&blob[..2]).join(&blob[2..]);
        std::fs::remove_file(self.repo.work.join(object)).expect("removed");
        self.is_missing.set(true);
    }

    fn blob(&self) -> String {
        let list = self.repo.git(&["ls-tree", &self.id, FILE]);
        let id = list.split_whitespace().nth(2);
        id.expect("an id").to_owned()
    }

    /// Demands that the program is run by git as people run it, and not by looking through the history.
    #[track_caller]
    fn springs(&self, words: &[&str]) {
        let _ = self.repo.try_git(words);
        assert!(self.mark.exists(), "the plant is none: {words:?}");
        self.does_not_spring();
    }

    #[track_caller]
    fn does_not_spring(&self) {
        self.forget();
        let found = self.repo.found(FILE);
        assert!(!self.mark.exists(), "it was run");
        assert!(found.is_committed && found.is_tracked);
        if self.is_missing.get() {
            assert_eq!(
                (found.commits, found.gaps),
                (vec![], vec![Gap::Unreadable(1)])
            );
        } else {
            assert_eq!(ids(&found), [&self.id]);
            assert_eq!(found.gaps, []);
        }
    }
}

#[test]
fn a_watcher_of_files_is_not_run() {
    let plant = Plant::new();
    plant.watched();
    plant.config(&format!("[core]\nfsmonitor = {}", plant.script()));
    plant.springs(&["ls-files"]);
    plant.springs(&["status"]);
}

#[test]
fn what_a_configuration_includes_counts_no_more_than_itself() {
    for include in [
        "[include]\npath = ../.plant/config",
        "[includeIf \"gitdir:**\"]\npath = ../.plant/config",
        "[includeIf \"onbranch:main\"]\npath = ../.plant/config",
    ] {
        let plant = Plant::new();
        plant.watched();
        let text = format!("[core]\nfsmonitor = {}\n", plant.script());
        plant.repo.put(".plant/config", text);
        plant.config(include);
        plant.springs(&["ls-files"]);
    }
}

#[test]
fn the_configuration_of_one_work_tree_counts_no_more() {
    let plant = Plant::new();
    plant.watched();
    plant.config("[core]\nrepositoryformatversion = 1\n[extensions]\nworktreeConfig = true");
    let text = format!("[core]\nfsmonitor = {}\n", plant.script());
    plant.repo.put(".git/config.worktree", text);
    plant.springs(&["ls-files"]);
}

#[test]
fn a_repository_that_is_elsewhere_counts_no_more() {
    let plant = Plant::new();
    plant.watched();
    plant.config(&format!("[core]\nfsmonitor = {}", plant.script()));
    let git = plant.repo.work.join(".git");
    std::fs::rename(&git, plant.repo.work.join(".plant/git")).expect("moved");
    plant.repo.put(&git, "gitdir: .plant/git\n");
    plant.springs(&["ls-files"]);
}

#[test]
fn a_submodule_is_not_looked_into() {
    let plant = Plant::new();
    let inner = Plant::new();
    let from = inner.repo.work.to_str().expect("text");
    plant.repo.git(&["submodule", "add", "-q", from, "inner"]);
    let text = format!("[core]\nfsmonitor = {}\n", plant.script());
    plant.add(".git/modules/inner/config", &text);
    plant.repo.git(&["commit", "-q", "-m", "x"]);
    plant.forget();
    plant.springs(&["status"]);
}

#[test]
fn no_hook_is_run() {
    for (hook, words) in [
        (
            "post-index-change",
            ["update-index", "--force-write-index"].as_slice(),
        ),
        ("reference-transaction", &["update-ref", "refs/x", "HEAD"]),
        ("post-checkout", &["checkout", "-q", "main"]),
    ] {
        let plant = Plant::new();
        put(
            &plant.repo.work.join(".git/hooks").join(hook),
            std::fs::read(&plant.script).expect("text"),
            0o755,
        );
        plant.springs(words);
        let plant = Plant::new();
        put(
            &plant.repo.work.join(".plant/hooks").join(hook),
            std::fs::read(&plant.script).expect("text"),
            0o755,
        );
        plant.config("[core]\nhooksPath = .plant/hooks");
        plant.springs(words);
    }
}

#[test]
fn nothing_that_shows_differences_is_run() {
    let plant = Plant::new();
    plant.repo.put(".git/info/attributes", "* diff=plant\n");
    plant.config(&format!("[diff \"plant\"]\ntextconv = {}", plant.script()));
    plant.springs(&["log", "-p"]);
    let plant = Plant::new();
    plant.repo.put(".git/info/attributes", "* diff=plant\n");
    plant.config(&format!("[diff \"plant\"]\ncommand = {}", plant.script()));
    plant.springs(&["diff", "HEAD~", "HEAD"]);
    let plant = Plant::new();
    plant.config(&format!("[diff]\nexternal = {}", plant.script()));
    plant.springs(&["diff", "HEAD~", "HEAD"]);
}

#[test]
fn no_filter_is_run() {
    for kind in ["clean", "smudge", "process"] {
        let plant = Plant::new();
        plant.repo.put(".git/info/attributes", "* filter=plant\n");
        plant.config(&format!("[filter \"plant\"]\n{kind} = {}", plant.script()));
        let version = format!("HEAD:{FILE}");
        if kind == "smudge" {
            plant.springs(&["cat-file", "--filters", &version]);
        } else {
            plant.springs(&["add", "--renormalize", "."]);
        }
    }
}

#[test]
fn no_signature_is_checked() {
    let plant = Plant::new();
    let commit = plant.repo.git(&["cat-file", "commit", "HEAD"]);
    let (head, body) = commit.split_once("\n\n").expect("a commit");
    let signed = format!(
        "{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----\n\n{body}\n"
    );
    plant.repo.put(".plant/commit", signed);
    let id = plant
        .repo
        .git(&["hash-object", "-t", "commit", "-w", ".plant/commit"]);
    plant.repo.git(&["update-ref", "refs/heads/main", &id]);
    plant.config(&format!(
        "[log]\nshowSignature = true\n[gpg]\nprogram = {}",
        plant.script()
    ));
    plant.springs(&["log"]);
}

#[test]
fn no_pager_is_run() {
    let plant = Plant::new();
    plant.config(&format!("[core]\npager = {0}\n[pager]\nrev-list = {0}\nls-files = true\ncat-file = true\nrev-parse = true", plant.script()));
    // A terminal of its own, on all three descriptors.
    let mut command = Command::new("/usr/bin/script");
    command.args(["-qec", "/usr/bin/git log", "/dev/null"]);
    let home = plant.repo.top();
    command.env_clear().env("HOME", home).env("TERM", "xterm");
    command.current_dir(&plant.repo.work).stdin(Stdio::null());
    let _ = command.output().expect("script is part of every system");
    assert!(plant.mark.exists());
    plant.does_not_spring();
}

#[test]
fn what_is_missing_is_not_fetched() {
    let plant = Plant::new();
    let core = format!("[core]\nsshCommand = {}\n", plant.script());
    plant.fetching("ssh://example.com/x", &core);
    plant.springs(&["cat-file", "blob", &plant.blob()]);

    let plant = Plant::new();
    let more = format!(
        "uploadpack = {}\n[protocol \"file\"]\nallow = always\n",
        plant.script()
    );
    plant.fetching("../other", &more);
    plant.repo.git(&["init", "-q", "--bare", "../other"]);
    plant.springs(&["cat-file", "blob", &plant.blob()]);

    let plant = Plant::new();
    let url = format!("ext::{} x", plant.script());
    plant.fetching(
        &url,
        "[protocol]\nallow = always\n[protocol \"ext\"]\nallow = always\n",
    );
    plant.springs(&["cat-file", "blob", &plant.blob()]);

    let plant = Plant::new();
    let core = format!("[core]\ngitProxy = {}\n", plant.script());
    plant.fetching("git://example.com/x", &core);
    plant.springs(&["cat-file", "blob", &plant.blob()]);
}

#[test]
fn nobody_is_asked_for_the_refs_of_a_repository_beside() {
    let plant = Plant::new();
    plant.repo.git(&["init", "-q", "--bare", "../other"]);
    let other = plant.repo.top().join("code/other/objects");
    plant.repo.put(
        ".git/objects/info/alternates",
        format!("{}\n", other.display()),
    );
    plant.config(&format!(
        "[core]\nalternateRefsCommand = {}",
        plant.script()
    ));
    plant.springs(&["rev-list", "--alternate-refs"]);
}

#[test]
fn what_is_shown_in_place_of_a_commit_does_not_hide_it() {
    let plant = Plant::new();
    let clean = plant.repo.id("HEAD");
    plant.repo.git(&[
        "replace",
        &clean,
        &plant.repo.git(&["commit-tree", "-m", "x", "HEAD^{tree}"]),
    ]);
    let seen = plant.repo.git(&["log", "--format=%H"]);
    assert!(!seen.contains(&plant.id), "the plant is none");
    assert_eq!(ids(&plant.repo.found(FILE)), [&plant.id]);
    plant.repo.git(&["replace", "-d", &clean]);
    plant.repo.put(".git/info/grafts", format!("{clean}\n"));
    let seen = plant.repo.git(&["log", "--format=%H"]);
    assert!(!seen.contains(&plant.id), "the plant is none");
    assert_eq!(ids(&plant.repo.found(FILE)), [&plant.id]);
}

#[test]
fn nothing_is_written_into_a_repository() {
    fn files(folder: &Path, all: &mut Vec<(PathBuf, std::time::SystemTime)>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let found = entry.metadata().expect("there");
            all.push((entry.path(), found.modified().expect("a time")));
            if found.is_dir() {
                files(&entry.path(), all);
            }
        }
    }
    let plant = Plant::new();
    plant.watched();
    let all = || {
        let mut all = Vec::new();
        files(&plant.repo.top(), &mut all);
        all.sort();
        all
    };
    let before = all();
    plant.does_not_spring();
    assert_eq!(all(), before);
}
