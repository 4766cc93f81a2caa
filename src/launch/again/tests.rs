//! Tests of the way back: what is bound, made a plan of again, binds the same.

#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::*;
use crate::launch::{KnownContents, Source, bind, reading};
use crate::paths::{FileStamp, HomePaths};
use crate::policy::Content;

fn caller(variables: &[(&str, &[u8])], folder: &Path) -> Caller {
    let variables = variables.iter();
    Caller {
        variables: variables
            .map(|(name, text)| (OsString::from(*name), OsStr::from_bytes(text).to_owned()))
            .collect(),
        folder: folder.to_owned(),
        home: Some("/home-of-a-test".into()),
    }
}

fn bound(plan: &Plan) -> Command {
    let none = |_: &Text, _: &FileStamp| -> Option<Content> { None };
    let known = KnownContents {
        granted: &none,
        seen: &none,
    };
    let find = |name: &SecretName| {
        Some(Secret {
            id: format!("id of {name}"),
            name: name.clone(),
            item: String::new(),
        })
    };
    let paths = HomePaths::under(Path::new("/broker-of-a-test"));
    bind(plan, &reading(plan, &paths), &find, &known).expect("bound")
}

fn own_name(secret: &Secret) -> SecretName {
    secret.name.clone()
}

/// A request that uses everything there is.
fn everything(folder: Option<&Path>) -> Request {
    Request {
        label: Some("files".into()),
        command: ["/usr/bin/printf", "%s", "broker://in-words"]
            .map(OsString::from)
            .into(),
        set: vec![
            assignment("TOKEN", "broker://token".into()),
            assignment("LD_PRELOAD", "x".into()),
            assignment("EMPTY", "".into()),
            assignment("BYTES", OsStr::from_bytes(b"a\xff").to_owned()),
        ],
        pass: vec!["SAME".into(), "LANG".into()],
        pass_any: vec!["ANY".into()],
        allow_dangerous: vec!["LD_PRELOAD".into()],
        allow_argv_secret: true,
        install_scripts: true,
        folder: folder.map(Into::into),
        ..Request::default()
    }
}

#[test]
fn a_plan_made_of_what_was_allowed_binds_the_same_whoever_asks() {
    let top = tempfile::tempdir().expect("a folder");
    let top = top.path().canonicalize().expect("there");
    for folder in [None, Some(top.as_path())] {
        let first = caller(
            &[
                ("PATH", b"/usr/bin:/bin"),
                ("HOME", b"/home-of-a-test"),
                ("LANG", b"C"),
                ("SAME", b"bytes \xff"),
                ("ANY", b"one"),
            ],
            Path::new("/"),
        );
        let allowed = bound(&Plan::make(everything(folder), &first).expect("a plan"));
        let other = caller(
            &[
                ("PATH", b"/elsewhere"),
                ("HOME", b"/other"),
                ("LANG", b"de"),
                ("SAME", b"changed"),
                ("ANY", b"two"),
                ("STRAY", b"broker://stray"),
            ],
            &top,
        );
        let again = Plan::of_allowed(&allowed, &own_name, &other).expect("a plan");
        assert_eq!(bound(&again), allowed);
        assert_eq!(again.variables["ANY"], Source::PassedAny("two".into()));
        assert_eq!(again.folder.as_deref(), folder);
        assert_eq!(again.starts_in, top);
    }
}

#[test]
fn a_secret_has_the_name_it_has_by_now() {
    let root = caller(
        &[
            ("PATH", b"/bin"),
            ("ANY", b""),
            ("SAME", b""),
            ("LANG", b""),
        ],
        Path::new("/"),
    );
    let allowed = bound(&Plan::make(everything(None), &root).expect("a plan"));
    let renamed = |secret: &Secret| format!("new/{}", secret.name).parse().expect("a name");
    let again = Plan::of_allowed(&allowed, &renamed, &root).expect("a plan");
    let names: Vec<String> = again.secrets().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["new/in-words", "new/token"]);
}

#[test]
fn what_the_caller_lacks_or_the_disk_lost_is_refused() {
    let top = tempfile::tempdir().expect("a folder");
    let root = caller(
        &[
            ("PATH", b"/bin"),
            ("ANY", b"x"),
            ("SAME", b""),
            ("LANG", b""),
        ],
        Path::new("/"),
    );
    let allowed = bound(&Plan::make(everything(Some(top.path())), &root).expect("a plan"));
    let bare = caller(&[("PATH", b"/bin")], Path::new("/"));
    let refused =
        |caller: &Caller| Plan::of_allowed(&allowed, &own_name, caller).expect_err("refused");
    assert_eq!(refused(&bare), PlanError::Unset("ANY".into()));
    top.close().expect("removed");
    assert!(matches!(refused(&root), PlanError::Folder(_)));
}
