//! Entries that broker could not start as they would be written: they are left as they are.

use std::fs;

use serde_json::{Value, json};

use crate::support::home::{BROKER, Home};
use crate::support::put;

const VALUE: &str = "canary-h8Kq2ZpX9vLm3Rt7";

/// What `protect` says of the only secret of an entry, and whether the file is what it was.
fn protected(home: &Home, entry: &Value) -> (String, bool) {
    let text = json!({ "mcpServers": { "shop": entry } }).to_string();
    put(&home.path(".cursor/mcp.json"), &text, 0o600);
    home.input(".cursor/mcp.json");
    let answer = home.broker(["--json", "protect", "--yes"]).run().ok();
    let outcome = answer.json()[0]["outcome"]
        .as_str()
        .expect("one")
        .to_owned();
    let now = fs::read_to_string(home.path(".cursor/mcp.json")).expect("there");
    (outcome, now == text)
}

#[test]
fn a_server_of_a_label_that_broker_toml_defines_is_left() {
    let entry = json!({ "command": "printenv", "env": { "SHOP_PASSWORD": VALUE } });
    let home = Home::new().config("[servers.shop]\ncommand = [\"/bin/true\"]\n");
    assert_eq!(protected(&home, &entry), ("left".to_owned(), true));
    let home = Home::new().config("[servers.other]\ncommand = [\"/bin/true\"]\n");
    assert_eq!(protected(&home, &entry), ("moved".to_owned(), false));
}

#[test]
fn a_server_that_is_started_with_another_home_is_left() {
    let entry = |home: &[&str]| {
        let words = [home, &["exec", "shop", "--", "printenv"]].concat();
        json!({ "command": BROKER, "args": words, "env": { "SHOP_PASSWORD": VALUE } })
    };
    let home = Home::new();
    for other in [&["--home", "/nowhere/else"][..], &["--home=/nowhere/else"]] {
        assert_eq!(protected(&home, &entry(other)), ("left".to_owned(), true));
    }
    assert_eq!(protected(&home, &entry(&[])), ("moved".to_owned(), false));
}
