//! Tests of `bunx` and `bun`: which word is the package, and when the folder counts.

use super::super::tests::{Try, changed, local, loose};
use super::*;

#[test]
fn the_package_is_found_past_every_option_that_takes_a_value() {
    for option in BUNX.valued.concat() {
        let read = Try::new(&format!("bunx {option} value name arg")).read();
        let is_found = read.dangers.contains(&loose("name"));
        assert_eq!(is_found, !matches!(option, "-p" | "--package"), "{option}");
    }
    for option in BUNX.switches.concat() {
        let read = Try::new(&format!("bunx {option} name arg")).read();
        assert!(read.dangers.contains(&loose("name")), "{option}");
    }
    for option in BUN.valued.concat() {
        let read = Try::new(&format!("bun {option} value /usr")).read();
        let is_code = matches!(option, "-e" | "--eval" | "-p" | "--print");
        let is_found = read.dangers.iter().any(|danger| {
            matches!(danger, Danger::Settings(text) if text.starts_with("/usr is a folder"))
        });
        assert_eq!(is_found, !is_code, "{option}: {read:?}");
    }
}

#[test]
fn a_server_of_bunx_starts_in_the_empty_folder_unless_a_folder_was_chosen() {
    for words in [
        "bunx name@1.2.3 arg",
        "bun x @s/n@1.2.3",
        "bunx -p name@1.2.3 program",
    ] {
        let trial = Try::new(words);
        let read = trial.read();
        assert!(!read.needs_folder, "{words}: {read:?}");
        assert_eq!(
            read.starts_in,
            Some(trial.paths.neutral_folder()),
            "{words}"
        );
        let told = read.dangers.len();
        assert_eq!(
            told, 2,
            "{words}: that it does, and the shared temporary folder"
        );
        assert_eq!(read.lookups, ["node"]);
        let bound = Try::new(words).with_bound_folder().read();
        assert_eq!(bound.starts_in, None, "{words}");
    }
    let read = Try::new("bunx --bun name@1.2.3").read();
    assert!(read.starts_in.is_none() && !read.needs_folder && read.dangers.len() == 1);
    assert_eq!(read.set, [("BUN_OPTIONS", CLOSED_BUNX.into())]);
    // Without a version the package is looked up in the folder.
    assert!(Try::new("bunx --bun name").read().starts_in.is_some());
    let trust = Try::new("bunx --trust name@1.2.3").read();
    assert!(trust.dangers.contains(&Danger::InstallScripts));
}

#[test]
fn what_bunx_takes_from_the_folder_makes_it_count() {
    for words in ["bunx ./x", "bunx n@file:x", "bunx ."] {
        let read = Try::new(words).read();
        assert!(read.needs_folder && read.starts_in.is_none(), "{words}");
    }
    for words in [
        "bunx",
        "bunx --cwd x name@1.2.3",
        "bunx --unknown x name@1.2.3",
        "bun -y x a@1.2.3",
    ] {
        let read = Try::new(words).read();
        assert!(read.needs_folder && changed(&read), "{words}");
    }
}

#[test]
fn a_file_of_buns_is_run_without_settings_of_the_folder() {
    let trial = Try::new("x").program("server.js", "");
    let file = trial.outside().join("server.js");
    let shown = file.display();
    for (words, at) in [
        (format!("bun {shown} ./arg"), 0),
        (format!("bun run {shown}"), 1),
        (format!("bun --smol --port 1 {shown}"), 0),
        (format!("bun -r {shown} {shown}"), 0),
    ] {
        let read = Try::new(&words).read();
        assert_eq!(read.code, std::slice::from_ref(&file), "{words}");
        let expected: Vec<_> = CLOSED.map(|word| (at, word.into())).into();
        assert_eq!(read.put_in, expected, "{words}");
        assert_eq!(read.needs_folder, words.contains("./arg"), "{words}");
    }
}

#[test]
fn what_bun_takes_from_the_folder_makes_it_count() {
    for words in [
        "bun run server",
        "bun server.js",
        "bun ./server.js",
        "bun install",
    ] {
        let read = Try::new(words).read();
        assert!(read.needs_folder && read.put_in.is_empty(), "{words}");
        let word = words.split_whitespace().last().expect("a word");
        assert!(read.dangers.contains(&local(word)), "{words}");
    }
    for words in [
        "bun --preload x /s.js",
        "bun -r ./x /s.js",
        "bun -e code",
        "bun -p code",
    ] {
        assert!(Try::new(words).read().needs_folder, "{words}");
    }
    for words in [
        "bun",
        "bun --config x /s.js",
        "bun --cwd /x /s.js",
        "bun --watch /s.js",
        "bun --env-file x /s.js",
        "bun --unknown /s.js",
    ] {
        let read = Try::new(words).read();
        assert!(read.needs_folder && changed(&read), "{words}");
        assert_eq!(read.put_in, [], "{words}");
    }
}
