//! The commands of a home and its secrets, held to the command contract.

mod damage;
mod formats;
mod generating;
mod help;
mod hidden;
mod homes;
mod importing;
mod listing;
mod log;
mod output;
mod parallel;
mod places;
mod records;
mod states;
mod terminal;
mod unattended;
mod values;

use std::path::PathBuf;

use serde_json::Value;

use crate::support::home::Home;

/// Where the catalog of a test's home is.
fn catalog_file(home: &Home) -> PathBuf {
    home.path(".local/state/broker/catalog.json")
}

/// Changes the catalog on the disk.
fn edit_catalog(home: &Home, edit: impl FnOnce(&mut Value)) {
    let file = catalog_file(home);
    let bytes = std::fs::read(&file).expect("a catalog");
    let mut catalog = serde_json::from_slice(&bytes).expect("JSON");
    edit(&mut catalog);
    std::fs::write(file, serde_json::to_vec_pretty(&catalog).expect("JSON")).expect("written");
}

/// Returns the names of the secrets there are.
fn names(home: &Home) -> Vec<String> {
    let listed = home.broker(["--json", "list"]).run().ok().json();
    let rows = listed.as_array().expect("an array");
    rows.iter()
        .map(|row| row["name"].as_str().expect("a name").to_owned())
        .collect()
}

/// Returns the value of a secret, as a server gets it that was allowed to.
fn value(home: &Home, name: &str) -> Vec<u8> {
    let env = format!("V=broker://{name}");
    let words = [
        "exec",
        "--env",
        &env,
        "--",
        "/bin/cat",
        "/proc/self/environ",
    ];
    let answer = home.broker(words).granting().run().ok();
    let found = answer
        .bytes
        .split(|b| *b == 0)
        .find_map(|v| v.strip_prefix(b"V="));
    found.expect("the variable").to_vec()
}

/// Returns the names of an object's fields, sorted.
fn fields(object: &Value) -> Vec<&str> {
    let object = object.as_object().expect("an object");
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Sorts, so that two lists can be compared.
fn sorted<const N: usize>(mut names: [&str; N]) -> [&str; N] {
    names.sort_unstable();
    names
}

#[test]
fn a_home_without_secrets_is_listed_as_an_empty_array() {
    let home = Home::new();
    assert_eq!(home.broker(["--json", "list"]).run().ok().stdout, "[]\n");
    let words = home.broker(["list"]).run().ok();
    assert_eq!(words.stdout, "");
    assert_eq!(words.stderr, "broker: there are no secrets to list\n");
}
