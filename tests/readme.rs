//! The README: every `console` block of it is run, in a sealed home, and has to say what stands there.

use std::fs;

use crate::support::home::{BROKER, PATH};

#[test]
fn the_readme_shows_what_broker_says() {
    // trycmd hands its own environment on, and lets no command of a block change what is set for all.
    for name in ["BROKER_HOME", "BROKER_KEY_FILE"] {
        let set = std::env::var_os(name).is_some();
        assert!(!set, "unset {name} before running the tests");
    }
    let folder = tempfile::tempdir().expect("a folder");
    // A copy, beside which the folder is that the commands run in.
    let readme = folder.path().join("README.md");
    let here = folder.path().join("README.in");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"), &readme).expect("copied");
    fs::create_dir(&here).expect("a folder");
    fs::write(here.join("token.txt"), "ghp_exampleexampleexample\n").expect("written");
    fs::write(
        here.join(".env"),
        "API_KEY=example-example\nDB_URL='postgres://u:p@h/db'\n",
    )
    .expect("written");
    let home = folder.path().join("home");
    fs::create_dir_all(home.join(".config/broker")).expect("a folder");
    fs::write(home.join(".config/broker/broker.toml"), broker_toml()).expect("written");
    let home = home.to_str().expect("UTF-8").to_owned();
    let cases = trycmd::TestCases::new();
    cases
        .register_bin("broker", trycmd::schema::Bin::Path(BROKER.into()))
        .register_bin("env", trycmd::schema::Bin::Path("/usr/bin/env".into()))
        .env("HOME", home.clone())
        .env("PATH", PATH)
        .env("TZ", "UTC")
        .env("NO_COLOR", "1")
        .case(&readme);
    cases.insert_var("[HOME]", home).expect("a variable");
    cases.run();
}

/// Returns the `broker.toml` that the README shows: its first `toml` block.
fn broker_toml() -> String {
    let readme = include_str!("../README.md");
    let block = readme.split("```toml\n").nth(1).expect("a block");
    block.split("```").next().expect("its end").to_owned()
}
