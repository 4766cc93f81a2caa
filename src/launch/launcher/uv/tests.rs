//! Tests of `uvx` and `uv run`: what is pinned, what is put in, and where the folder counts.

#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use super::super::Reading;
use super::super::tests::{Try, changed, local, loose};
use super::TOOL;
use super::run::RUN;
use crate::policy::Danger;
use std::ffi::OsString;
use std::fs;

/// A start with Python of this version in `PATH`.
fn with_python(words: &str, version: &str) -> Try {
    let trial = Try::new(words).program(&format!("python{version}"), "");
    let link = trial.outside().join("python3");
    std::os::unix::fs::symlink(format!("python{version}"), link).expect("linked");
    trial
}

fn variable<'a>(read: &'a Reading, name: &str) -> Option<&'a OsString> {
    read.set.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
}

fn put_in(read: &Reading) -> Vec<(usize, &str)> {
    let text = |word: &'_ OsString| word.to_str().expect("text").to_owned();
    let words = read
        .put_in
        .iter()
        .map(|(at, word)| (*at, text(word).leak() as &str));
    words.collect()
}

#[test]
fn the_package_is_found_past_every_option_that_takes_a_value() {
    for option in TOOL.valued.concat() {
        let value = "/dev/null";
        let read = Try::new(&format!("uvx {option} {value} name arg")).read();
        let is_found = read.dangers.contains(&loose("name"));
        assert_eq!(is_found, option != "--from", "{option}: {read:?}");
        assert!(!read.dangers.contains(&loose(value)), "{option}");
    }
    for option in TOOL.switches.concat() {
        let read = Try::new(&format!("uvx {option} name arg")).read();
        assert!(read.dangers == [loose("name")], "{option}: {read:?}");
    }
    for option in RUN.valued.concat() {
        let read = with_python(&format!("uv run {option} /dev/null /absent/x.py"), "3.12").read();
        assert!(!read.needs_folder, "{option}: {read:?}");
        assert!(!changed(&read) || option.starts_with("--pro") || option.starts_with("--dir"));
    }
}

#[test]
fn uvx_is_the_same_in_any_folder_and_builds_nothing() {
    for words in [
        "uvx name==1.2.3",
        "uvx name@1.2.3 --port 1",
        "uvx --from name[x]==1.2.3 program",
        "uvx --python 3.12 --with a==1.0,b==2.0 name==1.2.3",
        "uv tool run name==1.2.3",
        "uv --offline tool run --from name==1.2.3 program",
    ] {
        let read = Try::new(words).file("name==1.2.3").read();
        assert!(!read.needs_folder && read.is_known, "{words}: {read:?}");
        assert_eq!(read.dangers, [], "{words}");
        assert_eq!(read.set, [("UV_NO_BUILD", "1".into())], "{words}");
        assert!(
            read.put_in.is_empty() && read.starts_in.is_none(),
            "{words}"
        );
    }
    assert!(
        Try::new("uvx name==1")
            .with_install_scripts()
            .read()
            .set
            .is_empty()
    );
}

#[test]
fn packages_that_are_not_pinned_are_named() {
    for (words, expected) in [
        ("uvx name", vec![loose("name")]),
        ("uvx --from name>=1 program", vec![loose("name>=1")]),
        ("uvx --with a==1,b name==1", vec![loose("b")]),
        ("uv run --with a program", vec![loose("a")]),
        (
            "uvx --from git+https://example.org/r name",
            vec![Danger::ForeignSource("git+https://example.org/r".into())],
        ),
        (
            "uvx --index x=https://example.org name==1",
            vec![Danger::ForeignSource("x=https://example.org".into())],
        ),
    ] {
        let read = with_python(words, "3.12").read();
        assert_eq!(read.dangers, expected, "{words}");
        assert!(!read.needs_folder, "{words}");
    }
}

#[test]
fn what_uvx_takes_from_the_folder_makes_it_count() {
    for (words, what) in [
        ("uvx ./x", "./x"),
        ("uvx --from . x", "."),
        ("uvx --with ./x name==1", "./x"),
        ("uvx --with-editable x name==1", "x"),
        ("uvx --with-requirements x.txt name==1", "x.txt"),
        ("uvx --env-file .env name==1", ".env"),
        ("uvx -c x name==1", "x"),
        ("uvx --find-links x name==1", "x"),
        ("uvx --config-file uv.toml name==1", "uv.toml"),
        ("uvx --directory x name==1", "x"),
        ("uvx --python ./x name==1", "./x"),
        ("uvx python -m x", "a module"),
        ("uvx python@3.12 x.py", "x.py"),
    ] {
        let read = Try::new(words).read();
        assert!(read.needs_folder, "{words}");
        assert_eq!(read.dangers, [local(what)], "{words}");
    }
    for words in [
        "uvx --unknown x name==1",
        "uvx",
        "uv sync",
        "uv",
        "uv tool install x",
    ] {
        let read = Try::new(words).read();
        assert!(read.needs_folder && changed(&read), "{words}");
    }
}

#[test]
fn uv_run_is_told_of_another_project_interpreter_and_settings() {
    for (words, at) in [
        ("uv run --with name==1.2.3 program arg", 1),
        ("uv --quiet run --with name==1.2.3 program", 2),
        ("uv run /absent/x.py", 1),
        ("uv run --script /absent/x", 1),
    ] {
        let trial = with_python(words, "3.12");
        let read = trial.read();
        assert!(
            !read.needs_folder && read.dangers.is_empty(),
            "{words}: {read:?}"
        );
        assert_eq!(put_in(&read), [(at, "--no-project")], "{words}");
        let python = trial.outside().join("python3").into_os_string();
        assert_eq!(variable(&read, "UV_PYTHON"), Some(&python), "{words}");
        assert_eq!(variable(&read, "UV_CONFIG_FILE"), Some(&"/dev/null".into()));
        assert_eq!(variable(&read, "UV_NO_BUILD"), Some(&"1".into()));
        assert_eq!(read.starts_in, None, "{words}");
        assert_eq!(read.lookups[0], "python3");
    }
    let read = with_python("uv run --no-project --with a==1 b", "3.12").read();
    assert!(read.put_in.is_empty() && !read.needs_folder);
}

#[test]
fn without_an_interpreter_to_name_uv_run_starts_in_the_empty_folder() {
    for words in ["uv run --with a==1 b", "uv run --python 3.12 --with a==1 b"] {
        let trial = match words.contains("3.12") {
            true => with_python(words, "3.12"),
            false => Try::new(words),
        };
        let read = trial.read();
        assert_eq!(
            read.starts_in,
            Some(trial.paths.neutral_folder()),
            "{words}"
        );
        assert_eq!(variable(&read, "UV_PYTHON"), None);
        assert!(!read.needs_folder);
        assert_eq!(Try::new(words).with_bound_folder().read().starts_in, None);
    }
    let read = Try::new("uv run --python /usr/bin/python3 --with a==1 b").read();
    assert!(read.starts_in.is_none() && !read.needs_folder);
}

#[test]
fn modules_that_uv_run_runs_are_not_looked_up_in_the_folder() {
    let read = with_python("uv run --with a==1 python -u -m a", "3.12").read();
    assert_eq!(put_in(&read), [(1, "--no-project"), (4, "-P")]);
    assert_eq!(variable(&read, "PYTHONSAFEPATH"), None);
    let read = with_python("uv run --with a==1 -m a", "3.12").read();
    assert_eq!(variable(&read, "PYTHONSAFEPATH"), Some(&"1".into()));
    for words in ["uv run --with a==1 python -m a", "uv run --with a==1 -m a"] {
        let read = with_python(words, "3.10").read();
        assert!(read.starts_in.is_some() && !read.needs_folder, "{words}");
        assert_eq!(variable(&read, "PYTHONSAFEPATH"), None);
    }
    // Of the interpreter that is named, not of the one in PATH.
    let old = Try::new("x").program("python3.9", "");
    let old = old.outside().join("python3.9");
    for end in ["python -m a", "-m a"] {
        let words = format!("uv run --python {} --with a==1 {end}", old.display());
        let read = with_python(&words, "3.12").read();
        assert!(read.starts_in.is_some(), "{words}");
    }
    let read = with_python("uv run --no-project python -c pass", "3.12").read();
    assert_eq!(read.dangers, [Danger::CodeInArguments(5)]);
}

#[test]
fn what_only_a_project_has_makes_the_folder_count() {
    for (words, what) in [
        ("uv run server", "server"),
        ("uv run --frozen server", "server"),
        ("uv run server.py", "server.py"),
        ("uv run python -m server", "python"),
        ("uv run -m server", "server"),
        ("uv --directory x run server", "x"),
        ("uv run --project . server", "."),
    ] {
        let read = with_python(words, "3.12").read();
        assert!(read.needs_folder, "{words}");
        assert!(read.dangers.contains(&local(what)), "{words}: {read:?}");
    }
}

#[test]
fn a_project_that_was_named_is_bound_by_its_own_settings() {
    let top = tempfile::tempdir().expect("a folder");
    let project = top.path().join("server");
    fs::create_dir_all(project.join("src")).expect("made");
    for file in ["pyproject.toml", "src/main.py"] {
        crate::paths::write_file(&project.join(file), b"").expect("written");
    }
    let shown = project.display().to_string();
    let settings = project.join("pyproject.toml");
    let script = project.join("src/main.py");
    for (words, code, at) in [
        (
            format!("uv --directory {shown} run server"),
            vec![&settings],
            None,
        ),
        (
            format!("uv run --directory {shown} src/main.py"),
            vec![&script, &settings],
            None,
        ),
        (
            format!("uv run --directory {shown} python -u src/main.py"),
            vec![&settings, &script],
            None,
        ),
        (
            format!("uv run --project {shown} server"),
            vec![&settings],
            None,
        ),
        (
            format!("uv run {shown}/src/main.py"),
            vec![&script, &settings],
            Some(1),
        ),
    ] {
        let read = Try::new(&words).read();
        assert!(!read.needs_folder && changed(&read), "{words}: {read:?}");
        assert_eq!(read.code.iter().collect::<Vec<_>>(), code, "{words}");
        assert_eq!(read.set, [], "the project may be built");
        let expected: Vec<_> = at
            .iter()
            .flat_map(|at| [(*at, "--project"), (*at, shown.as_str())])
            .collect();
        assert_eq!(put_in(&read), expected, "{words}");
    }
}
