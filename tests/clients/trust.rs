//! Which git reads which repositories, with what, and for how long.

use std::ffi::OsStr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::time::{Duration, Instant};

use broker::launch::{Gap, HeldSignals, NotLooked, Wanted, history};

use super::repository::{FILE, Look, Repository, canary, ids, with_value};
use crate::support::home::PATH;
use crate::support::put;

#[test]
fn a_bare_repository_beside_the_file_is_not_its_history() {
    let repo = Repository::new();
    repo.commit(FILE, with_value(""));
    let bare = repo.work.join("bare");
    repo.git(&["clone", "-q", "--bare", ".", "bare"]);
    // It looks like a repository, and the repository around it has not committed it.
    repo.put(bare.join(FILE), with_value(""));
    let found = repo.look(bare.join(FILE));
    assert_eq!(found, Err(NotLooked::Failed));
    std::fs::remove_file(bare.join("HEAD")).expect("removed");
    assert!(!repo.found(bare.join(FILE)).is_committed);
}

#[test]
fn a_repository_of_somebody_else_is_not_read() {
    let repo = Repository::new();
    repo.commit(FILE, with_value(""));
    chown(repo.work.join(".git"), Some(65_534), None).expect("given away");
    assert_eq!(repo.look(FILE), Err(NotLooked::Foreign));
    chown(repo.work.join(".git"), Some(0), None).expect("taken back");
    assert_eq!(repo.found(FILE).commits.len(), 1);
    chown(&repo.work, Some(65_534), None).expect("given away");
    assert_eq!(repo.look(FILE), Err(NotLooked::Foreign));
    // What the user allows for their own git is not asked, nor what the repository allows.
    repo.put(
        ".git/config",
        "[core]\nrepositoryformatversion = 0\n[safe]\ndirectory = *\n",
    );
    repo.git(&["config", "--global", "safe.directory", "*"]);
    repo.git(&["log"]);
    assert_eq!(repo.look(FILE), Err(NotLooked::Foreign));
}

#[test]
fn without_a_git_that_can_be_trusted_nothing_is_looked_at() {
    let repo = Repository::new();
    repo.commit(FILE, with_value(""));
    let [project, shared, link] =
        ["code/work/bin", "shared", "link"].map(|name| repo.top().join(name));
    let ran = repo.top().join("ran");
    let script = format!(
        "#!/bin/sh\n: >'{}'\nexec /usr/bin/git \"$@\"\n",
        ran.display()
    );
    put(&project.join("git"), &script, 0o755);
    put(&shared.join("git"), &script, 0o755);
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o777)).expect("changed");
    std::fs::create_dir(&link).expect("made");
    std::os::unix::fs::symlink(project.join("git"), link.join("git")).expect("linked");
    let folders = [
        OsStr::new(""),
        project.as_ref(),
        shared.as_ref(),
        link.as_ref(),
        "/nowhere".as_ref(),
        "bin".as_ref(),
    ];
    let all = std::env::join_paths(folders).expect("joined");
    for search in folders.into_iter().chain([all.as_os_str()]) {
        let look = Look {
            search_path: search.to_owned(),
            ..Look::default()
        };
        let found = look.at(&repo, repo.work.join(FILE));
        assert_eq!(found, Err(NotLooked::NoGit), "{search:?}");
    }
    let look = Look {
        search_path: std::env::join_paths(
            std::iter::once(all.as_os_str())
                .chain([OsStr::new(PATH)])
                .flat_map(std::env::split_paths),
        )
        .expect("joined"),
        ..Look::default()
    };
    let found = look.at(&repo, repo.work.join(FILE));
    assert_eq!(
        found.expect("looked").expect("a repository").commits.len(),
        1
    );
    assert!(!ran.exists());
    // Another one that is the user's own is taken, so the plant would have been noticed.
    let own = repo.top().join("bin");
    put(&own.join("git"), &script, 0o755);
    let look = Look {
        search_path: own.into(),
        ..Look::default()
    };
    assert!(look.at(&repo, repo.work.join(FILE)).is_ok());
    assert!(ran.exists());
}

#[test]
fn no_value_is_an_argument_or_a_variable_of_git() {
    let repo = Repository::new();
    repo.commit(FILE, with_value(""));
    let seen = repo.top().join("seen");
    let own = repo.top().join("bin");
    let script = format!(
        "#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ >>'{}'\nexec /usr/bin/git \"$@\"\n",
        seen.display()
    );
    put(&own.join("git"), script, 0o755);
    let look = Look {
        search_path: std::env::join_paths([own.as_os_str(), OsStr::new("/usr/bin")])
            .expect("joined"),
        ..Look::default()
    };
    let found = look.at(&repo, repo.work.join(FILE));
    assert_eq!(
        found.expect("looked").expect("a repository").commits.len(),
        1
    );
    let seen = std::fs::read(seen).expect("it ran");
    let seen = String::from_utf8(seen).expect("text");
    assert!(!seen.contains("canary"), "{seen}");
    // Nothing of this process but PATH: cargo sets plenty.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let words = seen.split('\0');
    let names = words
        .filter(|word| !word.starts_with('-'))
        .filter_map(|word| word.split_once('='));
    for (name, _) in names.filter(|(name, _)| !name.contains('.')) {
        let ours = name.starts_with("GIT_") || ["HOME", "PATH", "LC_ALL"].contains(&name);
        assert!(ours, "{name}");
    }
    assert!(seen.contains("\0GIT_CONFIG_GLOBAL=/dev/null\0"), "{seen}");
}

#[test]
fn a_repository_that_holds_git_up_is_given_up() {
    for plant in [
        ".git/objects/info/alternates",
        ".git/config.fifo",
        ".git/info/grafts",
    ] {
        let repo = Repository::new();
        repo.commit(FILE, with_value(""));
        repo.put(
            ".git/config",
            format!(
                "{}[include]\npath = config.fifo\n",
                std::fs::read_to_string(repo.work.join(".git/config")).expect("text")
            ),
        );
        let pipe = repo.work.join(plant);
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .expect("it starts")
                .success()
        );
        let mut look = Look::default();
        look.limits.time = Duration::from_millis(500);
        let begun = Instant::now();
        let found = look.at(&repo, repo.work.join(FILE));
        assert!(begun.elapsed() < Duration::from_secs(20), "{plant}");
        match plant {
            ".git/config.fifo" => assert_eq!(found, Err(NotLooked::TimeOver)),
            ".git/info/grafts" => {
                // A file that is not read at all.
                look.limits = Look::default().limits;
                let found = look.at(&repo, repo.work.join(FILE)).expect("looked");
                assert_eq!(found.expect("a repository").gaps, []);
            }
            _ => {
                let found = found.expect("looked").expect("a repository");
                assert!(found.gaps.contains(&Gap::TimeOver), "{:?}", found.gaps);
            }
        }
    }
}

#[test]
#[expect(unsafe_code, reason = "a signal is to come to this thread alone")]
fn a_person_who_ends_broker_ends_it() {
    let repo = Repository::new();
    repo.commit(FILE, with_value(""));
    let signals = HeldSignals::hold().expect("held");
    // SAFETY: the signal is held back in this thread, to which it is sent.
    assert_eq!(unsafe { libc::raise(libc::SIGHUP) }, 0);
    let file = repo.work.join(FILE);
    let wanted = Wanted {
        file: &file,
        needles: &[],
        judge: &|_| 0,
        search_path: OsStr::new(PATH),
        home: None,
        limits: Look::default().limits,
    };
    let interrupted = history(&wanted, &signals);
    let mut come = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: initialises the local set.
    unsafe { libc::sigemptyset(come.as_mut_ptr()) };
    // SAFETY: changes the local set, which was initialised above.
    unsafe { libc::sigaddset(come.as_mut_ptr(), libc::SIGHUP) };
    let mut number = 0;
    // SAFETY: both are live locals; takes the signal that was sent above.
    assert_eq!(unsafe { libc::sigwait(come.as_ptr(), &raw mut number) }, 0);
    assert_eq!(number, libc::SIGHUP);
    assert_eq!(interrupted, Err(NotLooked::Interrupted));
    assert_eq!(
        history(&wanted, &signals).map(|found| found.is_some()),
        Ok(true)
    );
}

#[test]
fn where_a_repository_says_that_its_files_are_elsewhere_that_is_told() {
    for (name, value) in [
        ("core.worktree", "/nowhere"),
        ("core.worktree", "../../other"),
        ("core.bare", "true"),
    ] {
        let repo = Repository::new();
        repo.commit(FILE, with_value(""));
        std::fs::create_dir(repo.top().join("code/other")).expect("made");
        repo.git(&["config", name, value]);
        assert_eq!(repo.look(FILE), Err(NotLooked::Elsewhere), "{name} {value}");
    }
    // One that begins further up is a repository with a longer path.
    let repo = Repository::new();
    let id = {
        repo.git(&[
            "config",
            "core.worktree",
            repo.top().join("code").to_str().expect("text"),
        ]);
        repo.commit(FILE, with_value(""))
    };
    assert_eq!(
        repo.git(&["ls-tree", "-r", "--full-tree", "--name-only", "HEAD"]),
        format!("work/{FILE}")
    );
    let found = repo.found(FILE);
    assert_eq!((ids(&found), found.is_tracked), (vec![id.as_str()], true));
    assert_eq!(found.head, Some(canary()));
}
