//! Tests of `npx` and `npm exec`: which word is the package, and when the folder counts.

use super::super::tests::{Try, changed, local, loose};
use super::*;

#[test]
fn the_package_is_found_past_every_option_that_takes_a_value() {
    for option in NPX.valued.concat() {
        if matches!(option, "-p" | "--package" | "-c" | "--call") {
            continue;
        }
        let read = Try::new(&format!("npx {option} value name arg")).read();
        assert!(read.dangers.contains(&loose("name")), "{option}: {read:?}");
        assert!(!read.dangers.contains(&loose("value")), "{option}");
    }
    for option in NPX.switches.concat() {
        let read = Try::new(&format!("npx {option} name arg")).read();
        assert!(read.dangers.contains(&loose("name")), "{option}: {read:?}");
    }
}

#[test]
fn a_plain_start_of_one_version_is_the_same_in_any_folder() {
    for words in [
        "npx name@1.2.3",
        "npx -y @s/n@1.2.3 --port 1",
        "npx --yes --quiet -- @s/n@1.2.3 stdio",
        "npx -y -p name@1.2.3 program",
        "npx -y --package=name@1.2.3 --package other@1.0.0 program",
        "npm exec -y -- name@1.2.3 --port",
        "npm -q x name@1.2.3 stdio",
    ] {
        let trial = Try::new(words);
        let read = trial.read();
        assert!(!read.needs_folder && read.is_known, "{words}: {read:?}");
        assert_eq!(read.dangers, [], "{words}");
        assert_eq!(read.starts_in, Some(trial.paths.neutral_folder()));
        assert_eq!(read.put_in, [], "{words}");
        assert_eq!(read.lookups, ["node"], "{words}");
        let (file, text) = read.program_file.expect("the shell");
        assert_eq!(file, trial.paths.npm_shell_file());
        assert!(text.starts_with("#!/bin/sh\n"));
        let expected = [
            (FOLDER, trial.folder().into()),
            ("npm_config_script_shell", file.into_os_string()),
            ("npm_config_ignore_scripts", "true".into()),
        ];
        assert_eq!(read.set, expected, "{words}");
    }
    let read = Try::new("npx name@1.2.3").with_install_scripts().read();
    assert!(
        !read
            .set
            .iter()
            .any(|(n, _)| *n == "npm_config_ignore_scripts")
    );
}

#[test]
fn packages_that_are_not_pinned_are_named() {
    for (words, expected) in [
        ("npx name", vec![loose("name")]),
        ("npx -y @s/n@latest", vec![loose("@s/n@latest")]),
        ("npx -p a@1.0.0 -p b program", vec![loose("b")]),
        ("npx u/r", vec![Danger::ForeignSource("u/r".into())]),
        ("npx -p a@1.0.0 -c a", vec![Danger::CodeInArguments(4)]),
    ] {
        let read = Try::new(words).read();
        assert_eq!(read.dangers, expected, "{words}");
        assert!(!read.needs_folder, "{words}");
    }
}

#[test]
fn a_package_of_the_folder_is_started_in_the_folder() {
    for word in [".", "./x", "file:x", "n@./x", "x.tgz"] {
        let read = Try::new(&format!("npx {word}")).read();
        assert!(read.needs_folder, "{word}");
        assert_eq!(read.starts_in, None, "{word}");
        assert_eq!(read.dangers, [local(word)]);
    }
    // A name of the registry stays one, whatever lies in the folder.
    let read = Try::new("npx name@1.2.3").file("name@1.2.3").read();
    assert!(!read.needs_folder);
}

#[test]
fn an_option_that_may_bring_code_makes_the_folder_count() {
    for words in [
        "npx --shell sh name@1.2.3",
        "npx --script-shell=./sh name@1.2.3",
        "npx --node-options x name@1.2.3",
        "npx --prefix / name@1.2.3",
        "npx --userconfig x name@1.2.3",
        "npx -w a name@1.2.3",
        "npx --unknown value name@1.2.3",
        "npx -yp value name@1.2.3",
        "npx --yes=true name@1.2.3",
        "npx --no-ignore-scripts name@1.2.3",
        "npx --pack value name@1.2.3",
        "npx",
        "npm exec -y name@1.2.3 --script-shell=./sh",
        "npm exec -p name@1.2.3 program",
        "npm --prefix . exec name@1.2.3",
    ] {
        let read = Try::new(words).read();
        assert!(read.needs_folder && changed(&read), "{words}: {read:?}");
        assert!(read.starts_in.is_some(), "{words}");
    }
    for words in [
        "npm start",
        "npm run server",
        "npm --prefix /x start",
        "npm",
    ] {
        let read = Try::new(words).read();
        assert!(read.needs_folder, "{words}");
        assert!(read.dangers.contains(&local("package.json")), "{words}");
    }
}

#[test]
fn what_the_server_is_given_makes_the_folder_count_where_it_means_something_there() {
    for (words, needs) in [
        ("npx name@1.2.3 .", true),
        ("npx name@1.2.3 data", true),
        ("npx name@1.2.3 --root=data", true),
        ("npx name@1.2.3 --root=../x", true),
        ("npx name@1.2.3 absent /abs --root=/abs -x", false),
    ] {
        let read = Try::new(words).file("data").read();
        assert_eq!(read.needs_folder, needs, "{words}");
        assert!(read.starts_in.is_some(), "{words}");
    }
}
