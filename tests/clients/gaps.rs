//! What is missing, damaged or too much in a git history is told, and hides nothing else.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use broker::launch::{Gap, NotLooked};

use super::repository::{FILE, Look, Repository, canary, ids, with_value};

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
fn damage_behind_what_was_not_pushed_hides_nothing_before_it() {
    let repo = Repository::new();
    let pushed = repo.commit(FILE, with_value("1"));
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    repo.commit(FILE, with_value("2"));
    let damaged = repo.commit(FILE, with_value("3"));
    // Whether this one changed anything cannot be told.
    repo.commit(FILE, with_value("4"));
    let kept = repo.commit(FILE, with_value("5"));
    std::fs::remove_file(object(&repo, &damaged)).expect("removed");
    let found = repo.found(FILE);
    assert_eq!(found.gaps, [Gap::Damaged]);
    assert_eq!(ids(&found), [&pushed, &kept]);
    let is_pushed: Vec<_> = found.commits.iter().map(|c| c.is_pushed).collect();
    assert_eq!(is_pushed, [true, false]);
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
        repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        repo.put(".git/refs/heads/broken", &text);
        let found = repo.found(FILE);
        assert_eq!(ids(&found), [&id], "{text}");
        assert!(found.commits[0].is_pushed, "{text}");
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
