//! The README: every `console` block of it is run, in a sealed home, and has to say what stands there.

use std::fs;

use crate::support::home::{BROKER, Home, PATH};

/// A client's file with a secret in plain text.
const PLAIN: &str = r#"{ "mcpServers": { "shop": {
    "command": "printenv", "args": ["DATABASE_URL"],
    "env": { "DATABASE_URL": "postgres://shop:vT7wq2Lx9r@db.example.org/shop" } } } }
"#;

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
    fs::create_dir_all(here.join("shop/.cursor")).expect("a folder");
    fs::write(here.join("shop/.cursor/mcp.json"), PLAIN).expect("written");
    change_modes("go-rwx", &here.join("shop/.cursor"));
    let script = here.join("bin/deploy");
    fs::create_dir(here.join("bin")).expect("a folder");
    fs::write(&script, "#!/bin/sh\necho deployed\n").expect("written");
    change_modes("+x", &script);
    let script = here.join("bin/new-token");
    let text = "#!/bin/sh\necho \"the old one was $BROKER_CURRENT\" >&2\nhead -c 20 /dev/urandom | base64\n";
    fs::write(&script, text).expect("written");
    change_modes("+x", &script);
    let home = folder.path().join("home");
    fs::create_dir_all(home.join(".config/broker")).expect("a folder");
    fs::write(home.join(".config/broker/broker.toml"), broker_toml()).expect("written");
    let home = home.to_str().expect("UTF-8").to_owned();
    let cases = trycmd::TestCases::new();
    cases
        .register_bin("broker", trycmd::schema::Bin::Path(BROKER.into()))
        .register_bin("env", trycmd::schema::Bin::Path("/usr/bin/env".into()))
        .register_bin("sh", trycmd::schema::Bin::Path("/bin/sh".into()))
        .env("HOME", home.clone())
        .env("PATH", PATH)
        .env("TZ", "UTC")
        .env("NO_COLOR", "1")
        .case(&readme);
    cases.insert_var("[HOME]", home).expect("a variable");
    cases.run();
}

#[test]
fn a_home_that_was_checked_out_opens_with_the_key_file_alone() {
    let home = Home::empty();
    let init = ["--home", "ci", "init", "--unattended", "--store", "vault"];
    let init = home.broker(init).arg("--key-file").arg("ci-key.txt");
    let _ = init.run().ok();
    let set = home.broker(["--home", "ci", "set", "deploy-token"]);
    let _ = set.stdin("value-of-deploy").run().ok();
    // Another place, another place of the key file, and the modes git gives files.
    fs::create_dir(home.path("work")).expect("a folder");
    fs::rename(home.path("ci"), home.path("work/ci")).expect("moved");
    fs::rename(home.path("ci-key.txt"), home.path("elsewhere.txt")).expect("moved");
    let exec = || {
        home.broker([
            "--json",
            "--home",
            "ci",
            "exec",
            "--env",
            "T=broker://deploy-token",
        ])
        .arg("--")
        .arg("printenv")
        .arg("T")
        .env("BROKER_KEY_FILE", "../elsewhere.txt")
        .folder(home.path("work"))
    };
    change_modes("go+rX", &home.path("work/ci"));
    let _ = exec().allowing().run().ok();
    assert_eq!(exec().run().ok().bytes, b"value-of-deploy\n");
    change_modes("g+w", &home.path("work/ci"));
    assert_eq!(exec().run().code(125).error_code(), "file-unsafe");
}

#[test]
fn what_the_readme_says_answers_in_json_does() {
    let home = Home::new().secret("a", "value-of-the-secret");
    for words in [
        &["list", "--json"][..],
        &["show", "a", "--json"],
        &["due", "--json"],
        &["requests", "--json"],
        &["grants", "--json"],
        &["servers", "--json"],
        &["log", "--json"],
        &["log", "verify", "--json"],
        &["doctor", "--json"],
        &["vault", "status", "--json"],
        &["scan", "--json"],
    ] {
        let answer = home.broker(words).run().ok().json();
        assert!(answer.is_array() || answer.is_object(), "{words:?}");
    }
}

fn change_modes(change: &str, below: &std::path::Path) {
    let mut chmod = std::process::Command::new("chmod");
    let status = chmod.args(["-R", change]).arg(below).status();
    assert!(status.expect("chmod runs").success());
}

/// Returns the `broker.toml` that the README shows: its first `toml` block.
fn broker_toml() -> String {
    let readme = include_str!("../README.md");
    let block = readme.split("```toml\n").nth(1).expect("a block");
    block.split("```").next().expect("its end").to_owned()
}
