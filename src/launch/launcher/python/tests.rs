//! Tests of Python: modules are kept from the folder, scripts are code.

#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use super::super::tests::{Try, changed, local};
use crate::policy::Danger;

/// Python of a version, called as such.
fn of_version(words: &str, version: &str) -> Try {
    let name = words.split_whitespace().next().expect("a word");
    let trial = Try::new(words).program(&format!("python{version}"), "");
    let link = trial.outside().join(name);
    if !link.exists() {
        std::os::unix::fs::symlink(format!("python{version}"), &link).expect("linked");
    }
    trial.found_at(link)
}

#[test]
fn modules_are_not_looked_up_in_the_folder() {
    for words in [
        "python -m server",
        "python3 -m server --port 1",
        "python3.12 -mserver",
        "python -u -W ignore -X dev -m server",
        "python -uBm server",
        "python3 -Wignore -m x",
    ] {
        for version in ["3.11", "3.12", "3.13t", "3.20", "4.0"] {
            let read = of_version(words, version).read();
            assert_eq!(read.put_in, [(0, "-P".into())], "{words} {version}");
            assert!(!read.needs_folder && read.is_known, "{words}");
            assert_eq!(read.dangers, []);
            assert_eq!(read.set, [], "the server inherits nothing");
        }
    }
    for words in [
        "python -I -m server",
        "python -P -m server",
        "python -IBm server",
    ] {
        let read = of_version(words, "3.9").read();
        assert!(read.put_in.is_empty() && !read.needs_folder, "{words}");
    }
}

#[test]
fn a_python_that_cannot_be_told_makes_the_folder_count() {
    for version in ["3.10", "3.6", "2.7", "3", ""] {
        let read = of_version("mypython -m server", version).read();
        assert!(read.put_in.is_empty() && read.needs_folder, "{version}");
        assert_eq!(read.dangers, [local("a module")], "{version}");
    }
    for name in ["pypy3", "pypy3.11", "python3"] {
        let read = Try::new(&format!("{name} -m server")).read();
        assert!(read.needs_folder && read.put_in.is_empty(), "{name}");
    }
}

#[test]
fn code_in_an_argument_is_named_by_its_place() {
    for (words, place) in [
        ("python -c pass", 2),
        ("python -Ic pass", 2),
        ("python -cpass", 1),
        ("python -u -c pass ./arg", 3),
    ] {
        let read = of_version(words, "3.11").read();
        assert_eq!(read.dangers, [Danger::CodeInArguments(place)], "{words}");
        assert_eq!(read.needs_folder, words.contains("./"), "{words}");
    }
}

#[test]
fn a_script_is_code_and_finds_its_own_modules() {
    let trial = Try::new("python -u server.py").file("server.py");
    let read = trial.read();
    assert_eq!(read.code, [trial.folder().join("server.py")]);
    assert!(read.needs_folder && read.dangers == [local("server.py")]);
    let trial = Try::new("x").program("server.py", "");
    let path = trial.outside().join("server.py");
    let read = Try::new(&format!("python3 -X dev {} --port 1", path.display())).read();
    assert_eq!(read.code, [path]);
    assert!(!read.needs_folder && read.put_in.is_empty() && read.set.is_empty());
    let read = Try::new("python /absent.py").read();
    assert!(!read.needs_folder && read.code.is_empty());
    let read = Try::new("python3 /usr").read();
    assert!(changed(&read), "a folder is not bound by its content");
}

#[test]
fn what_is_not_understood_makes_the_folder_count() {
    for words in [
        "python",
        "python -",
        "python -i x.py",
        "python --unknown x.py",
        "python -Z -m x",
        "python -W",
        "python -uz -m x",
    ] {
        let read = of_version(words, "3.12").read();
        assert!(read.needs_folder && changed(&read), "{words}: {read:?}");
    }
}

#[test]
fn every_name_of_python_is_known() {
    for name in [
        "python",
        "python3",
        "python3.12",
        "python3.13t",
        "pypy",
        "pypy3.10",
        "pythonw",
    ] {
        assert!(super::is_name(name), "{name}");
    }
    for name in [
        "python-config",
        "pythonx",
        "ipython",
        "py",
        "python3.12-config",
    ] {
        assert!(!super::is_name(name), "{name}");
    }
}
