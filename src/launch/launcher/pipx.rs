//! `pipx run`: started in the empty folder, where the server stays.
//!
//! pipx takes a file of the current folder for the program if it has the program's name, and what is in
//! `__pypackages__`; no option stops both.

use super::line::{Line, is_path_of_folder};
use super::options::Table;
use super::spec;
use super::{Reading, started};

const RUN: Table = Table {
    valued: &[&[
        "--spec",
        "--with",
        "--python",
        "--python-args",
        "--fetch-python",
        "--index-url",
        "-i",
        "--pip-args",
        "--cooldown",
        "--backend",
    ]],
    switches: &[&[
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "--skip-maintenance",
        "--global",
        "--no-cache",
        "--refresh",
        "--no-path-check",
        "--path",
        "--pypackages",
        "--fetch-missing-python",
        "--system-site-packages",
        "-e",
        "--editable",
    ]],
    glued: &[],
    bundles: false,
};

/// `pipx run [OPTION...] [--spec PACKAGE] PROGRAM [ARG...]`
pub(super) fn pipx(line: &Line<'_>, reading: &mut Reading) {
    if line.text(line.from) != Some("run") {
        reading.not_understood("what pipx does");
        return line.server(line.from, reading);
    }
    let scan = line.scan(line.from.saturating_add(1), &RUN, reading);
    for given in &scan.options {
        match (given.name, given.value) {
            ("--spec" | "--with", Some(word)) => reading.package(word, spec::python(word)),
            ("--index-url" | "-i", Some(address)) => {
                reading.package(address, spec::Spec::Foreign);
            }
            ("--python", Some(python)) if is_path_of_folder(python) => reading.looks_here(python),
            (
                "--pip-args" | "--python-args" | "--path" | "--pypackages" | "-e" | "--editable",
                _,
            ) => {
                reading.not_understood(&format!("what {} changes", given.name));
            }
            _ => {}
        }
    }
    let Some(at) = scan.word else {
        return reading.not_understood("pipx run without a program");
    };
    match line.text(at) {
        Some(_) if scan.has(&["--spec"]) => {}
        Some(word) => reading.package(word, spec::python(word)),
        None => reading.not_understood("a secret in the place of the program"),
    }
    started(line, at, reading);
    line.start_elsewhere("pipx", reading);
    if !line.start.install_scripts {
        // pipx has two ways to install, and each reads its own.
        reading.set.push(("PIP_ONLY_BINARY", ":all:".into()));
        reading.set.push(("UV_NO_BUILD", "1".into()));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::tests::{Try, changed, local, loose};
    use super::*;

    #[test]
    fn the_program_is_found_past_every_option_that_takes_a_value() {
        for option in RUN.valued.concat() {
            let read = Try::new(&format!("pipx run {option} value name arg")).read();
            let is_found = read.dangers.contains(&loose("name"));
            assert_eq!(is_found, option != "--spec", "{option}: {read:?}");
        }
        for option in RUN.switches.concat() {
            let read = Try::new(&format!("pipx run {option} name arg")).read();
            assert!(read.dangers.contains(&loose("name")), "{option}");
        }
    }

    #[test]
    fn a_server_of_pipx_starts_in_the_empty_folder_unless_a_folder_was_chosen() {
        for words in [
            "pipx run name==1.2.3 arg",
            "pipx run --spec name==1.2.3 program",
        ] {
            let trial = Try::new(words).file("name==1.2.3");
            let read = trial.read();
            assert!(
                !read.needs_folder && read.dangers.len() == 1 && changed(&read),
                "{words}"
            );
            assert_eq!(read.starts_in, Some(trial.paths.neutral_folder()));
            let expected = [
                ("PIP_ONLY_BINARY", ":all:".into()),
                ("UV_NO_BUILD", "1".into()),
            ];
            assert_eq!(read.set, expected);
            assert_eq!(Try::new(words).with_bound_folder().read().starts_in, None);
            assert!(Try::new(words).with_install_scripts().read().set.is_empty());
        }
    }

    #[test]
    fn what_pipx_takes_from_the_folder_makes_it_count() {
        for (words, what) in [
            ("pipx run ./x", "./x"),
            ("pipx run --spec . x", "."),
            ("pipx run --python ./p name==1", "./p"),
        ] {
            let read = Try::new(words).read();
            assert!(
                read.needs_folder && read.dangers[0] == local(what),
                "{words}"
            );
            assert_eq!(read.starts_in, None, "{words}");
        }
        for words in [
            "pipx",
            "pipx install x",
            "pipx run",
            "pipx run --path x",
            "pipx run -e x",
            "pipx run --unknown x name==1",
            "pipx run --pypackages name==1",
        ] {
            let read = Try::new(words).read();
            assert!(read.needs_folder && changed(&read), "{words}");
        }
    }
}
