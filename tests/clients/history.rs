//! What is found in the git history of a file, in all kinds of repositories.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use broker::launch::Held;

use super::repository::{CANARY, FILE, JUDGED, Repository, canary, ids, with_value};

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
fn commits_of_one_second_stand_in_their_order() {
    let repo = Repository::new();
    let mut written = Vec::new();
    for number in 0..12 {
        repo.minute.set(0);
        written.push(repo.commit(FILE, with_value(&number.to_string())));
        if number == 5 {
            repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        }
    }
    assert_eq!(ids(&repo.found(FILE)), written);
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
    // Names that stand before the one that is wanted.
    repo.commit("deep/aside", "aside");
    repo.commit("deep/er/aside", "aside");
    let id = repo.commit("deep/er/x", with_value(""));
    repo.commit("deep/er/x", "{}\n");
    assert_eq!(id.len(), 64);
    let found = repo.found("deep/er/x");
    assert_eq!(ids(&found), [&id]);
    assert_eq!(found.gaps, []);
}
