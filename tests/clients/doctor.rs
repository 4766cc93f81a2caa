//! What `doctor` says of the files of clients.

use serde_json::{Value, json};

use crate::support::home::{BROKER, Home};
use crate::support::put;

/// The state and message of a finding, if there is one of that code.
fn found(home: &Home, code: &str) -> Option<(String, String)> {
    let answer = home.broker(["doctor", "--json"]).run();
    let all = answer.json();
    let all = all.as_array().expect("a list").clone();
    let one = all.into_iter().find(|one| one["code"] == code)?;
    let text = |key: &str| one[key].as_str().expect("a text").to_owned();
    Some((text("state"), text("message")))
}

fn cursor(home: &Home, entry: &Value) {
    let text = json!({ "mcpServers": { "shop": entry } }).to_string();
    put(&home.path(".cursor/mcp.json"), text, 0o600);
    home.input(".cursor/mcp.json");
}

#[test]
fn doctor_counts_secrets_in_plain_text_and_shows_none() {
    let home = Home::new();
    let (state, _) = found(&home, "client-secrets").expect("said");
    assert_eq!(state, "ok");
    let value = "canary-h8Kq2ZpX9vLm3Rt7";
    cursor(
        &home,
        &json!({ "command": "x", "env": { "SHOP_PASSWORD": value } }),
    );
    let (state, message) = found(&home, "client-secrets").expect("said");
    assert_eq!(state, "warning");
    assert!(message.contains(": 1, in "), "{message}");
    assert!(!message.contains("canary"), "{message}");
    let _ = home.broker(["doctor"]).run().code(3);
    let _ = home.broker(["protect", "--yes"]).run().ok();
    let (state, _) = found(&home, "client-secrets").expect("said");
    assert_eq!(state, "ok");
}

#[test]
fn doctor_tells_of_references_that_a_client_hands_on_as_they_stand() {
    let home = Home::new();
    let entry = json!({ "command": "x", "env": { "REGION": "${REGION_NAME}" } });
    cursor(&home, &entry);
    assert!(
        found(&home, "client-references").is_some(),
        "Cursor knows ${{env:X}}"
    );
    cursor(
        &home,
        &json!({ "command": "x", "env": { "REGION": "${env:REGION_NAME}" } }),
    );
    assert_eq!(found(&home, "client-references"), None);
}

#[test]
fn doctor_tells_of_a_broker_that_clients_will_not_find() {
    let home = Home::new();
    let starts = |broker: &str| json!({ "command": broker, "args": ["exec", "shop", "--", "x"] });
    cursor(&home, &starts(BROKER));
    assert_eq!(found(&home, "client-broker"), None);
    for broker in ["broker", "/opt/broker-0.1/bin/broker"] {
        cursor(&home, &starts(broker));
        let (state, message) = found(&home, "client-broker").expect(broker);
        assert_eq!(state, "warning");
        assert!(message.contains("shop"), "{message}");
    }
    // A project's file is read on other machines.
    put(&home.path(".cursor/mcp.json"), "{}", 0o600);
    let text = json!({ "mcpServers": { "shop": starts("broker") } }).to_string();
    put(&home.path("work/.cursor/mcp.json"), text, 0o600);
    let doctor = home.broker(["doctor", "--json"]);
    let answer = doctor.folder(home.path("work")).run();
    assert!(
        !answer.stdout.contains("client-broker"),
        "{}",
        answer.stdout
    );
}
