//! The catalog has no seal: what it says of ids and names gives nothing away.

use serde_json::Value;

use crate::support::home::{Home, Run};

fn server<'a>(home: &'a Home, name: &str) -> Run<'a> {
    let secret = format!("A=broker://{name}");
    home.broker([
        "--json",
        "exec",
        "s",
        "--env",
        &secret,
        "--",
        "/usr/bin/env",
    ])
}

/// Changes the catalog as somebody could who can write it and read no store.
fn edit(home: &Home, edit: impl FnOnce(&mut Vec<Value>)) {
    let file = home.path(".local/state/broker/catalog.json");
    let mut catalog: Value =
        serde_json::from_slice(&std::fs::read(&file).expect("a catalog")).expect("JSON");
    edit(catalog["secrets"].as_array_mut().expect("secrets"));
    std::fs::write(file, catalog.to_string()).expect("written");
}

#[test]
fn two_secrets_whose_ids_were_swapped_are_not_given_for_each_other() {
    let home = Home::new()
        .secret("a", "canary-catalog-a")
        .secret("b", "canary-catalog-b");
    let _ = server(&home, "a").granting().run().ok();
    edit(&home, |secrets| {
        let (a, b) = (secrets[0]["id"].clone(), secrets[1]["id"].clone());
        secrets[0]["id"] = b;
        secrets[1]["id"] = a;
    });
    for name in ["a", "b"] {
        let refused = server(&home, name).run().code(125);
        assert_eq!(refused.error_code(), "grant-changed", "{name}");
    }
    // Nor do the grants follow a name that was not theirs.
    let _ = home.broker(["rename", "b", "c"]).run().ok();
    let _ = server(&home, "c").run().code(125);
}

#[test]
fn a_secret_that_is_filed_elsewhere_by_the_catalog_alone_is_not_given() {
    let home = Home::new()
        .secret("a", "canary-catalog-a")
        .secret("b", "canary-catalog-b");
    let _ = server(&home, "a").granting().run().ok();
    let _ = home.broker(["remove", "b", "--yes"]).run().ok();
    let home = home.secret("z", "canary-catalog-z");
    edit(&home, |secrets| {
        secrets[0]["filed_as"] = "z".into();
        secrets.truncate(1);
    });
    let refused = server(&home, "a").run().code(125);
    assert_eq!(refused.error_code(), "grant-changed");
}

#[test]
fn grants_follow_a_secret_that_broker_itself_renames_or_moves() {
    let bus = crate::support::bus::Bus::start();
    let home = Home::on(&bus).secret("a", "canary-catalog-a");
    let _ = server(&home, "a").granting().run().ok();
    let _ = home.broker(["rename", "a", "work/a"]).run().ok();
    let seen = server(&home, "work/a").run().ok().stdout;
    assert!(seen.contains("A=canary-catalog-a"), "{seen}");
    let _ = home.broker(["rename", "work/a", "WORK/a"]).run().ok();
    let _ = server(&home, "WORK/a").run().ok();
    let _ = home
        .broker(["init", "--store", "vault", "--key-file"])
        .run()
        .ok();
    let _ = home.broker(["migrate", "--to", "vault"]).run().ok();
    let seen = server(&home, "WORK/a").run().ok().stdout;
    assert!(seen.contains("A=canary-catalog-a"), "{seen}");
    let listed = home.broker(["--json", "grants"]).run().ok().json();
    assert_eq!(listed[0]["secrets"][0], "WORK/a");
}

#[test]
fn where_nobody_looks_a_request_is_allowed_by_its_id_alone() {
    let home = Home::new().secret("a", "canary-catalog-a");
    let _ = server(&home, "a").run().code(125);
    for words in [&["--json", "allow"][..], &["--json", "allow", "s"]] {
        let refused = home.broker(words).run().code(2);
        assert_eq!(refused.error_code(), "usage", "{words:?}");
    }
    let asked = home.broker(["--json", "requests"]).run().ok().json();
    let id = asked[0]["id"].as_str().expect("an id");
    let _ = home.broker(["allow", &id[..6]]).run().ok();
    let _ = server(&home, "a").run().ok();
}

#[test]
fn a_start_that_was_announced_and_refused_is_no_use() {
    let home = Home::new().secret("a", "canary-catalog-a");
    let _ = server(&home, "a").granting().run().ok();
    let _ = home.broker(["freeze", "--reason", "test"]).run().ok();
    std::fs::remove_file(home.path(".local/state/broker/frozen.json")).expect("removed");
    let _ = server(&home, "a").run().code(125);
    let row = &home.broker(["--json", "servers"]).run().ok().json()[0];
    assert_eq!(
        (&row["releases"], &row["refused"]),
        (&1.into(), &1.into()),
        "{row}"
    );
}
