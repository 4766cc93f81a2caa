//! What is found in the git history of a file, in all kinds of repositories.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use broker::launch::{Gap, Held, HeldSignals, NotLooked, Wanted, history};

use super::repository::{CANARY, JUDGED, Look, Repository, ids};
use crate::support::home::PATH;
use crate::support::put;

const FILE: &str = ".mcp.json";

/// What a version with the value in it holds.
fn canary() -> Held {
    Held {
        needles: vec![1],
        judged: 0,
    }
}

fn with_value(more: &str) -> String {
    format!("{{\"env\": {{\"TOKEN\": \"{CANARY}\"}}, \"x\": \"{more}\"}}\n")
}

#[test]
fn the_commits_that_wrote_a_value_are_named_from_the_first_to_the_last() {
    let repo = Repository::new();
    repo.commit(FILE, "{}\n");
    let first = repo.commit(FILE, with_value("1"));
    repo.commit("other", "unchanged file\n");
    let second = repo.commit(FILE, with_value("2"));
    let third = repo.commit(FILE, format!("{JUDGED} {JUDGED}"));
    let found = repo.found(FILE);
    let judged = Held {
        needles: vec![],
        judged: 2,
    };
    assert_eq!(ids(&found), [&first, &second, &third]);
    assert_eq!(found.head, Some(judged.clone()));
    assert_eq!(found.staged, Some(judged.clone()));
    repo.commit(FILE, "{}\n");
    let found = repo.found(FILE);
    assert_eq!(ids(&found), [&first, &second, &third]);
    let held: Vec<_> = found.commits.iter().map(|c| c.held.clone()).collect();
    assert_eq!(held, [canary(), canary(), judged]);
    let (oldest, newest) = found.ends().expect("commits");
    assert_eq!((&oldest.id, &newest.id), (&first, &third));
    assert_eq!(oldest.date.expect("a date").as_second(), 1_700_000_060);
    assert_eq!(oldest.short_id(), &first[..12]);
    assert!(found.is_tracked && found.is_committed);
    assert_eq!((found.head, found.staged), (None, None));
    assert_eq!(found.gaps, []);
}

#[test]
fn a_value_is_found_however_a_version_writes_it() {
    let repo = Repository::new();
    let (begin, end) = CANARY.split_at(3);
    let first = repo.commit(FILE, format!("{{\"a\": \"\\u0063{}{end}\"}}", &begin[1..]));
    repo.commit(FILE, format!("{{\"a\": \"{begin} {end}\"}}"));
    assert_eq!(ids(&repo.found(FILE)), [&first]);
}

#[test]
fn what_is_staged_is_told_from_what_is_committed() {
    let repo = Repository::new();
    repo.put(FILE, with_value(""));
    let found = repo.found(FILE);
    assert!(!found.is_tracked && !found.is_committed);
    repo.git(&["add", FILE]);
    let found = repo.found(FILE);
    assert!(found.is_tracked && !found.is_committed);
    assert_eq!((found.staged, found.head), (Some(canary()), None));
    assert_eq!((found.commits, found.gaps), (vec![], vec![]));
    let id = repo.commit(FILE, with_value(""));
    repo.git(&["rm", "-q", "--cached", FILE]);
    let found = repo.found(FILE);
    assert!(!found.is_tracked && found.is_committed);
    assert_eq!(
        (found.staged.as_ref(), &found.head),
        (None, &Some(canary()))
    );
    assert_eq!(ids(&found), [&id]);
    let other = repo.found("other");
    assert!(!other.is_tracked && !other.is_committed);
    assert_eq!(other.head, None);
}

#[test]
fn the_versions_of_a_merge_that_is_not_done_are_all_looked_at() {
    let repo = Repository::new();
    repo.commit(FILE, "{}\n");
    repo.git(&["checkout", "-q", "-b", "side"]);
    let side = repo.commit(FILE, with_value(""));
    repo.git(&["checkout", "-q", "main"]);
    repo.commit(FILE, "[]\n");
    assert!(!repo.try_git(&["merge", "side"]).status.success());
    let found = repo.found(FILE);
    assert!(found.is_tracked);
    assert_eq!(found.staged, Some(canary()));
    assert_eq!(ids(&found), [&side]);
}

#[test]
fn what_a_remote_tracking_branch_leads_to_counts_as_pushed() {
    let repo = Repository::new();
    let pushed = repo.commit(FILE, with_value("1"));
    let remote = repo.top().join("remote.git");
    let remote = remote.to_str().expect("text");
    repo.git(&["init", "-q", "--bare", remote]);
    repo.git(&["remote", "add", "origin", remote]);
    repo.git(&["push", "-q", "origin", "main"]);
    let kept = repo.commit(FILE, with_value("2"));
    let found = repo.found(FILE);
    assert_eq!(ids(&found), [&pushed, &kept]);
    let is_pushed: Vec<_> = found.commits.iter().map(|c| c.is_pushed).collect();
    assert_eq!(is_pushed, [true, false]);
    // One that only the remote has.
    repo.git(&["push", "-q", "origin", "main"]);
    repo.git(&["reset", "-q", "--hard", &pushed]);
    let found = repo.found(FILE);
    assert_eq!(ids(&found), [&pushed, &kept]);
    assert!(found.commits.iter().all(|c| c.is_pushed));
}

#[test]
fn every_ref_is_followed_and_the_reflog_is_not() {
    let repo = Repository::new();
    let first = repo.commit(FILE, "{}\n");
    let mut wanted = Vec::new();
    let mut aside = |place: &str| {
        repo.git(&["checkout", "-q", "--detach", &first]);
        let id = repo.commit(FILE, with_value(place));
        repo.git(&["update-ref", place, &id]);
        wanted.push(id);
    };
    aside("refs/heads/side");
    aside("refs/tags/kept");
    aside("refs/remotes/origin/main");
    aside("refs/anything/else");
    repo.git(&["tag", "-a", "-m", "x", "annotated", "kept"]);
    repo.git(&["update-ref", "-d", "refs/tags/kept"]);
    // Another work tree with a commit that no ref leads to.
    let beside = repo.top().join("beside");
    let beside = beside.to_str().expect("text");
    repo.git(&["worktree", "add", "-q", "--detach", beside, &first]);
    repo.git(&["-C", beside, "rm", "-q", FILE]);
    repo.put(Path::new(beside).join(FILE), with_value("beside"));
    repo.git(&["-C", beside, "add", FILE]);
    repo.git(&["-C", beside, "commit", "-q", "-m", "x"]);
    wanted.push(repo.git(&["-C", beside, "rev-parse", "HEAD"]));
    // A commit that was taken back, and one that only HEAD leads to.
    repo.git(&["checkout", "-q", "--detach", &first]);
    repo.commit(FILE, with_value("taken back"));
    repo.git(&["reset", "-q", "--hard", &first]);
    wanted.push(repo.commit(FILE, with_value("detached")));
    let found = repo.found(FILE);
    let mut there = ids(&found);
    there.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(there, wanted);
    assert_eq!(found.head, Some(canary()));
    assert_eq!(found.gaps, []);
}

#[test]
fn a_merge_is_named_if_it_brings_a_version_or_writes_its_own() {
    let repo = Repository::new();
    let merge = |theirs: &str, merged: &str| {
        repo.git(&["checkout", "-q", "-B", "side"]);
        let side = repo.commit(FILE, theirs);
        repo.git(&["checkout", "-q", "main"]);
        repo.commit("other", theirs);
        repo.git(&["merge", "-q", "--no-ff", "--no-commit", "side"]);
        (side, repo.commit(FILE, merged))
    };
    repo.commit(FILE, "{}\n");
    let (side, brought) = merge(&with_value("side"), &with_value("side"));
    assert_eq!(ids(&repo.found(FILE)), [&side, &brought]);
    repo.commit(FILE, "{}\n");
    let (_, own) = merge("[]\n", &with_value("own"));
    assert_eq!(ids(&repo.found(FILE)), [&side, &brought, &own]);
    // One that changes nothing about the file.
    repo.git(&["checkout", "-q", "-B", "side"]);
    repo.commit("beside", "");
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-ff", "side"]);
    assert_eq!(ids(&repo.found(FILE)), [&side, &brought, &own]);
    let merges = repo.git(&["rev-list", "--min-parents=2", "--count", "HEAD"]);
    assert_eq!(merges, "3");
}

#[test]
fn what_a_merge_threw_away_is_found_all_the_same() {
    let repo = Repository::new();
    repo.commit(FILE, "{}\n");
    repo.git(&["checkout", "-q", "-b", "side"]);
    let side = repo.commit(FILE, with_value(""));
    repo.git(&["checkout", "-q", "main"]);
    repo.commit("other", "");
    repo.git(&["merge", "-q", "-s", "ours", "side"]);
    repo.git(&["branch", "-q", "-D", "side"]);
    assert!(ids(&repo.found(FILE)).contains(&side.as_str()));
}

#[test]
fn work_trees_and_submodules_have_the_history_of_their_repository() {
    let repo = Repository::new();
    let id = repo.commit(FILE, with_value(""));
    let beside = repo.top().join("code/beside");
    let beside = beside.to_str().expect("text");
    repo.git(&["worktree", "add", "-q", "-b", "beside", beside]);
    assert!(Path::new(beside).join(".git").is_file());
    let found = repo.found(Path::new(beside).join(FILE));
    assert_eq!((ids(&found), found.is_tracked), (vec![id.as_str()], true));
    assert_eq!(found.head, Some(canary()));

    let outer = Repository::new();
    let from = repo.work.to_str().expect("text");
    outer.git(&["submodule", "add", "-q", from, "deep/inner"]);
    let id = outer.commit(FILE, with_value("outer"));
    let found = outer.found(Path::new("deep/inner").join(FILE));
    assert_eq!(found.commits.len(), 1);
    assert_ne!(found.commits[0].id, id);
    assert!(found.is_tracked && found.commits[0].is_pushed);
    assert_eq!(ids(&outer.found(FILE)), [&id]);
    assert!(
        !outer.found("deep/inner").is_tracked,
        "a submodule is no file"
    );
}

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
fn a_shallow_clone_says_that_older_commits_are_elsewhere() {
    let repo = Repository::new();
    repo.commit(FILE, with_value("1"));
    repo.commit(FILE, "{}\n");
    let id = repo.commit(FILE, with_value("2"));
    let clone = repo.top().join("clone");
    let from = format!("file://{}", repo.work.display());
    repo.git(&[
        "clone",
        "-q",
        "--depth=2",
        &from,
        clone.to_str().expect("text"),
    ]);
    let found = repo.found(clone.join(FILE));
    assert_eq!(found.gaps, [Gap::Shallow]);
    assert_eq!(ids(&found), [&id]);
}

#[test]
fn a_partial_clone_says_what_was_not_fetched() {
    let repo = Repository::new();
    let path = Path::new("deep").join(FILE);
    repo.commit(&path, with_value("1"));
    repo.commit(&path, with_value("2"));
    let last = repo.commit(&path, with_value("3"));
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", repo.work.display());
    for (filter, gap) in [("blob:none", Gap::Unreadable(2)), ("tree:0", Gap::Damaged)] {
        let clone = repo.top().join(filter);
        let filter = format!("--filter={filter}");
        repo.git(&["clone", "-q", &filter, &from, clone.to_str().expect("text")]);
        let found = repo.found(clone.join(&path));
        assert_eq!(found.gaps, [gap], "{filter}");
        assert_eq!(found.head, Some(canary()), "{filter}");
        if filter.contains("blob") {
            assert_eq!(ids(&found), [&last]);
        }
    }
}

#[test]
fn a_file_is_followed_at_its_own_path_alone() {
    let repo = Repository::new();
    let before = repo.commit("old.json", with_value(""));
    repo.git(&["mv", "old.json", "new.json"]);
    let after = repo.commit("new.json", with_value(""));
    repo.git(&["rm", "-q", "new.json"]);
    repo.commit("other", "");
    assert_eq!(ids(&repo.found("new.json")), [&after]);
    assert_eq!(ids(&repo.found("old.json")), [&before]);
    // A folder, and a link, are no versions of a file.
    repo.commit("new.json/below", with_value(""));
    repo.git(&["rm", "-q", "-r", "new.json"]);
    std::os::unix::fs::symlink(CANARY, repo.work.join("new.json")).expect("linked");
    repo.git(&["add", "new.json"]);
    repo.commit("other", "more");
    let found = repo.found("new.json");
    assert_eq!(
        (ids(&found), &found.head, found.gaps.as_slice()),
        (vec![after.as_str()], &None, [].as_slice())
    );
}

#[test]
fn every_byte_that_a_name_can_have_is_taken_as_it_is() {
    let names: [&[u8]; 14] = [
        b"plain",
        b"-n",
        b"--all",
        b"a\nb",
        b"*",
        b"?[a-z]",
        b":(top)plain",
        b":/plain",
        b"\xff\xfe",
        b"tab\tand \"quotes\"",
        b"back\\slash",
        b" ",
        b"HEAD",
        "gr\u{fc}n".as_bytes(),
    ];
    let repo = Repository::new();
    let mut written = Vec::new();
    let mut number = 0;
    // Each in the top folder and in a folder that has such a name itself.
    for folder in [b"".as_slice(), b"-f\n*\xff :(glob)"] {
        for name in names {
            number += 1;
            let path = Path::new(&OsString::from_vec(folder.to_vec()))
                .join(OsString::from_vec(name.to_vec()));
            let id = repo.commit(&path, with_value(&number.to_string()));
            written.push((path, id));
        }
    }
    for (path, id) in written {
        let found = repo.found(&path);
        assert_eq!(ids(&found), [&id], "{path:?}");
        assert!(found.is_tracked, "{path:?}");
        assert_eq!(found.head, Some(canary()), "{path:?}");
    }
}

/// A history in which every commit writes the value anew.
fn huge(repo: &Repository, commits: u32) {
    let mut stream = Vec::new();
    for number in 0..commits {
        let text = with_value(&number.to_string());
        // What follows the commit before it.
        let text = format!(
            "commit refs/heads/main\ncommitter x <x@example.com> {} +0000\ndata 1\nx\n\
             M 644 inline deep/er/{FILE}\ndata {}\n{text}\n",
            1_700_000_000 + u64::from(number),
            text.len()
        );
        stream.extend_from_slice(text.as_bytes());
    }
    repo.feed(&["fast-import", "--quiet"], &stream);
}

#[test]
fn a_huge_history_is_looked_through_from_the_newest_version_to_a_limit() {
    let repo = Repository::new();
    huge(&repo, 2500);
    repo.git(&["reset", "-q", "--hard"]);
    let path = Path::new("deep/er").join(FILE);
    let found = repo.found(&path);
    assert_eq!(found.gaps, [Gap::TooMany(2000)]);
    assert_eq!(found.commits.len(), 2000);
    let (first, last) = found.ends().expect("commits");
    assert_eq!(last.id, repo.id("main"));
    assert_eq!(first.id, repo.id("main~1999"));
    let mut look = Look::default();
    look.limits.versions = 2500;
    let all = look.at(&repo, repo.work.join(&path));
    let all = all.expect("looked").expect("a repository");
    assert_eq!((all.commits.len(), all.gaps), (2500, vec![]));
    // Whatever is found until the time is over.
    look.limits.time = Duration::from_millis(300);
    let begun = Instant::now();
    let some = look.at(&repo, repo.work.join(&path));
    assert!(begun.elapsed() < Duration::from_secs(20));
    match some {
        Ok(Some(some)) => assert!(some.gaps.contains(&Gap::TimeOver) || some.commits.len() == 2500),
        other => assert_eq!(other, Err(NotLooked::TimeOver)),
    }
}

#[test]
fn where_there_is_no_history_nothing_is_wrong() {
    let repo = Repository::new();
    repo.put(FILE, with_value(""));
    let empty = repo.found(FILE);
    assert!(!empty.is_tracked && !empty.is_committed);
    assert_eq!((empty.head, empty.gaps), (None, vec![]));
    repo.put(repo.top().join("beside.json"), with_value(""));
    assert_eq!(repo.look(repo.top().join("beside.json")), Ok(None));
    // A new branch without a commit beside one that has some.
    let id = repo.commit(FILE, with_value(""));
    repo.git(&["checkout", "-q", "--orphan", "new"]);
    repo.git(&["rm", "-q", "-rf", "."]);
    let found = repo.found(FILE);
    assert_eq!((ids(&found), &found.head), (vec![id.as_str()], &None));
    assert_eq!(found.gaps, []);
    assert!(!found.is_tracked);
}

#[test]
fn a_repository_of_longer_ids_is_read_too() {
    let repo = Repository::with(&["--object-format=sha256"]);
    let id = repo.commit("deep/er/x", with_value(""));
    repo.commit("deep/er/x", "{}\n");
    assert_eq!(id.len(), 64);
    let found = repo.found("deep/er/x");
    assert_eq!(ids(&found), [&id]);
    assert_eq!(found.gaps, []);
}

/// Returns where a loose object lies.
fn object(repo: &Repository, id: &str) -> PathBuf {
    let path = repo.work.join(".git/objects").join(&id[..2]).join(&id[2..]);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("changed");
    path
}

#[test]
fn what_is_damaged_is_told_and_the_rest_is_looked_at() {
    type Damage = fn(&Path);
    let cut: Damage = |path| {
        let bytes = std::fs::read(path).expect("read");
        std::fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
    };
    let gone: Damage = |path| std::fs::remove_file(path).expect("removed");
    let other: Damage = |path| std::fs::write(path, b"no object").expect("written");
    for (which, damage) in [cut, gone, other].into_iter().enumerate() {
        // A version.
        let repo = Repository::new();
        let path = Path::new("deep").join(FILE);
        let first = repo.commit(&path, with_value("1"));
        let second = repo.commit(&path, with_value(&"2".repeat(5000)));
        let third = repo.commit(&path, with_value("3"));
        damage(&object(&repo, &repo.id(&format!("{second}:deep/{FILE}"))));
        let found = repo.found(&path);
        assert_eq!(ids(&found), [&first, &third], "version, {which}");
        assert_eq!(found.gaps, [Gap::Unreadable(1)], "version, {which}");
        // A folder: git cannot go on behind it.
        damage(&object(&repo, &repo.id(&format!("{first}:deep"))));
        let found = repo.found(&path);
        assert!(ids(&found).contains(&third.as_str()), "folder, {which}");
        assert!(
            found.gaps.contains(&Gap::Damaged),
            "folder, {which}: {:?}",
            found.gaps
        );
        // A commit.
        damage(&object(&repo, &second));
        let found = repo.found(&path);
        assert!(
            found.gaps.contains(&Gap::Damaged),
            "commit, {which}: {:?}",
            found.gaps
        );
        assert_eq!(found.head, Some(canary()), "commit, {which}");
    }
}

#[test]
fn a_ref_that_leads_nowhere_does_not_hide_the_others() {
    for text in [
        format!("{}\n", "1".repeat(40)),
        "garbage\n".into(),
        "ref: refs/heads/none\n".into(),
    ] {
        let repo = Repository::new();
        let id = repo.commit(FILE, with_value(""));
        repo.put(".git/refs/heads/broken", &text);
        let found = repo.found(FILE);
        assert_eq!(ids(&found), [&id], "{text}");
        assert_eq!(found.head, Some(canary()), "{text}");
        assert_eq!(
            found.gaps.contains(&Gap::Damaged),
            !text.starts_with("ref"),
            "{text}"
        );
    }
}

#[test]
fn a_damaged_index_does_not_hide_the_commits() {
    let repo = Repository::new();
    let id = repo.commit(FILE, with_value(""));
    repo.put(".git/index", "garbage");
    let found = repo.found(FILE);
    assert_eq!(ids(&found), [&id]);
    assert_eq!(found.gaps, [Gap::Damaged]);
}

#[test]
fn a_version_that_is_too_large_is_told_and_not_read() {
    let repo = Repository::new();
    let small = repo.commit(FILE, with_value("1"));
    let mut large = with_value("2").into_bytes();
    large.resize(10 << 20, b' ');
    let at_limit = repo.commit(FILE, &large);
    large.push(b' ');
    repo.commit(FILE, &large);
    repo.git(&["gc", "-q"]);
    let found = repo.found(FILE);
    assert_eq!(ids(&found), [&small, &at_limit]);
    assert_eq!(found.gaps, [Gap::TooLarge(1)]);
    assert_eq!((found.head, found.staged), (None, None));
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
    assert_eq!(history(&wanted, &signals), Err(NotLooked::Interrupted));
    let mut come = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: initialises the local set.
    unsafe { libc::sigemptyset(come.as_mut_ptr()) };
    // SAFETY: changes the local set, which was initialised above.
    unsafe { libc::sigaddset(come.as_mut_ptr(), libc::SIGHUP) };
    let mut number = 0;
    // SAFETY: both are live locals; takes the signal that was sent above.
    assert_eq!(unsafe { libc::sigwait(come.as_ptr(), &raw mut number) }, 0);
    assert_eq!(number, libc::SIGHUP);
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
