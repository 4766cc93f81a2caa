//! A real server has exactly the base list and the variables that are named for it.
//!
//! `server-everything` is asked over MCP for its environment, and the whole of it is compared. node
//! adds nothing to it: were that to change, every test here would fail.

use std::collections::BTreeMap;

use serde_json::json;

use super::client::Client;
use super::{everything, time};
use crate::support::bus::Bus;
use crate::support::home::{Home, PATH, Run};

type Variables = BTreeMap<String, String>;

/// Allows and starts `server-everything` with what `run` says, and asks it for its environment.
fn seen(run: Run<'_>) -> Variables {
    asked(of_everything(run).granting())
}

fn of_everything(run: Run<'_>) -> Run<'_> {
    everything().iter().fold(run.arg("--"), Run::arg)
}

/// Asks the server of a run for its environment.
fn asked(run: Run<'_>) -> Variables {
    let mut client = Client::start(run.command());
    assert!(client.tools().contains(&"get-env".to_owned()));
    let text = client.call("get-env", &json!({}));
    let (status, stderr) = client.end();
    assert!(status.success(), "{status}");
    assert!(!stderr.contains("canary-"), "{stderr}");
    serde_json::from_str(&text).expect("a map of texts")
}

/// What every server gets in `home`, and `named` besides.
fn exactly(home: &Home, named: &[(&str, &str)]) -> Variables {
    let folder = home.path("");
    let folder = folder.to_str().expect("UTF-8").trim_end_matches('/');
    [("HOME", folder), ("PATH", PATH)]
        .iter()
        .chain(named)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Stores what [`every_way_to_name`] names, all in one store.
fn store_all(home: &Home, store: &str) {
    for (name, value) in [
        ("OWN_NAME", "canary-own-name-51aa"),
        ("github-token", "canary-github-77b0"),
        ("work/api-key", "canary-work-0c4e"),
    ] {
        set(home, store, name, value);
    }
}

fn set(home: &Home, store: &str, name: &str, value: &str) {
    home.broker(["set", name, "--raw", "--store", store])
        .stdin(value)
        .run()
        .ok();
}

/// Starts the server with a variable named in each way there is, and compares all it sees.
fn every_way_to_name(home: &Home) {
    let run = home
        .broker(["exec", "everything", "--env", "OWN_NAME"])
        .arg("--env")
        .arg("GITHUB_TOKEN=broker://github-token")
        .arg("--env=MODE=read only")
        .arg("--pass=EDITOR_NAME")
        .env("API_KEY", "broker://work/api-key")
        .env("EDITOR_NAME", "ed")
        .env("UNNAMED", "x");
    assert_eq!(
        seen(run),
        exactly(
            home,
            &[
                ("OWN_NAME", "canary-own-name-51aa"),
                ("GITHUB_TOKEN", "canary-github-77b0"),
                ("API_KEY", "canary-work-0c4e"),
                ("MODE", "read only"),
                ("EDITOR_NAME", "ed"),
            ]
        )
    );
}

#[test]
fn a_server_sees_every_variable_named_from_the_vault_and_no_other() {
    let home = Home::new();
    store_all(&home, "vault");
    every_way_to_name(&home);
}

#[test]
fn a_server_sees_every_variable_named_from_the_keychain_and_no_other() {
    let bus = Bus::start();
    let home = Home::on(&bus);
    store_all(&home, "keychain");
    every_way_to_name(&home);
}

#[test]
fn a_server_sees_secrets_of_both_stores_at_once_and_nothing_else() {
    let bus = Bus::start();
    let home = Home::on(&bus);
    let vault = ["init", "--store", "vault", "--key-file"];
    home.broker(vault).run().ok();
    set(&home, "vault", "a", "canary-in-the-vault-e1");
    set(&home, "keychain", "b", "canary-in-the-keychain-f2");
    set(&home, "vault", "c", "canary-in-the-vault-g3");
    let run = home
        .broker(["exec", "--env", "A=broker://a", "--env", "B=broker://b"])
        .env("C", "broker://c")
        .env("D", "not named");
    let wanted = [
        ("A", "canary-in-the-vault-e1"),
        ("B", "canary-in-the-keychain-f2"),
        ("C", "canary-in-the-vault-g3"),
    ];
    assert_eq!(seen(run), exactly(&home, &wanted));
}

/// Thirty variables such as callers have: credentials, agents, loaders, proxies, odd names and values.
const OTHERS: [(&str, &str); 30] = [
    ("ANTHROPIC_API_KEY", "x"),
    ("AWS_ACCESS_KEY_ID", "x"),
    ("AWS_SECRET_ACCESS_KEY", "x"),
    ("AZURE_CLIENT_SECRET", "x"),
    ("BASH_ENV", "/nonexistent"),
    ("BROKER_NOTE", "x"),
    ("COLORTERM", "truecolor"),
    ("DATABASE_URL", "postgres://u:p@h/d"),
    ("DISPLAYED", ":0"),
    ("EMPTY", ""),
    ("GH_TOKEN", "x"),
    ("GITHUB_TOKEN", "x"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent"),
    ("HTTPS_PROXY", "http://127.0.0.1:1"),
    ("KUBECONFIG", "/nonexistent"),
    ("LANGUAGE", "en"),
    ("LD_LIBRARY_PATH", "/nonexistent"),
    ("LINES", "25\n26"),
    ("NODE_EXTRA_CA_CERTS", "/nonexistent"),
    ("NODE_OPTIONS", "--no-warnings"),
    ("NPM_TOKEN", "x"),
    ("OLDPWD", "/"),
    ("PWD", "/"),
    ("PYTHONPATH", "/nonexistent"),
    ("SHLVL", "1"),
    ("SSH_AUTH_SOCK", "/nonexistent"),
    ("VAULT_TOKEN", "x"),
    ("XDG_RUNTIME_DIR", "/nonexistent"),
    ("_", "/usr/bin/env"),
    ("odd.name", "x"),
];

#[test]
fn thirty_other_variables_of_the_caller_do_not_reach_the_server() {
    let home = Home::new().secret("token", "canary-one-of-thirty-9d");
    let mut run = home.broker(["exec", "--env", "TOKEN=broker://token"]);
    for (name, value) in OTHERS {
        run = run.env(name, value);
    }
    let wanted = [("TOKEN", "canary-one-of-thirty-9d")];
    assert_eq!(seen(run), exactly(&home, &wanted));
}

#[test]
fn the_whole_base_list_reaches_the_server() {
    let home = Home::empty();
    let base = [
        ("USER", "ann"),
        ("LOGNAME", "ann"),
        ("SHELL", "/bin/sh"),
        ("LANG", "C.UTF-8"),
        ("LC_ALL", "C.UTF-8"),
        ("LC_TIME", "C"),
        ("TZ", "UTC"),
        ("TERM", "dumb"),
        ("TMPDIR", "/tmp"),
    ];
    let mut run = home.broker(["exec"]);
    for (name, value) in base.into_iter().chain(OTHERS) {
        run = run.env(name, value);
    }
    // There is neither a home nor a secret, so there is nothing to allow.
    assert_eq!(asked(of_everything(run)), exactly(&home, &base));
}

#[test]
fn a_caller_with_home_and_path_alone_is_enough() {
    let home = Home::new().secret("token", "canary-scrubbed-caller-3b");
    let run = home.broker(["exec", "--env", "TOKEN=broker://token"]);
    let names: Vec<_> = home.environment().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["HOME", "PATH"], "the caller is scrubbed");
    let wanted = [("TOKEN", "canary-scrubbed-caller-3b")];
    assert_eq!(seen(run), exactly(&home, &wanted));
}

#[test]
fn a_server_of_broker_toml_sees_what_is_named_there() {
    let words: Vec<String> = everything()
        .iter()
        .map(|word| format!("{:?}", word.to_str().expect("UTF-8")))
        .collect();
    let home = Home::new()
        .secret("token", "canary-defined-server-2f")
        .config(&format!(
            "[servers.everything]\ncommand = [{}]\npass = [\"REGION\"]\n\
             env = {{ TOKEN = \"broker://token\", MODE = \"quiet\" }}\n",
            words.join(", ")
        ));
    let run = home
        .broker(["exec", "everything"])
        .env("REGION", "eu")
        .env("UNNAMED", "x");
    let wanted = [
        ("TOKEN", "canary-defined-server-2f"),
        ("MODE", "quiet"),
        ("REGION", "eu"),
    ];
    assert_eq!(asked(run.granting()), exactly(&home, &wanted));
}

#[test]
fn a_python_server_answers_through_broker() {
    let home = Home::new().secret("token", "canary-python-server-aa");
    let run = home
        .broker(["exec", "time", "--env", "TOKEN=broker://token", "--"])
        .arg(time())
        .granting();
    let mut client = Client::start(run.command());
    assert!(client.tools().contains(&"convert_time".to_owned()));
    let question = json!({
        "source_timezone": "UTC", "target_timezone": "Asia/Tokyo", "time": "12:30",
    });
    let answer = client.call("convert_time", &question);
    assert!(answer.contains("T21:30:00+09:00"), "{answer}");
    // A process of its own environment, read where the kernel keeps it.
    let environment = std::fs::read(format!("/proc/{}/environ", client.pid())).expect("readable");
    let found: Variables = environment
        .split(|b| *b == 0)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let entry = std::str::from_utf8(entry).expect("UTF-8");
            let (name, value) = entry.split_once('=').expect("a variable");
            (name.to_owned(), value.to_owned())
        })
        .collect();
    let wanted = [("TOKEN", "canary-python-server-aa")];
    assert_eq!(found, exactly(&home, &wanted));
}
