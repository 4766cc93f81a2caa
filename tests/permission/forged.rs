//! The files of grants and of requests, written by somebody else: nothing in them counts.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Start, answered, attended, edit, grants, mark, put, refused, requests, server, started, state,
    told, unattended, withheld,
};
use crate::support::home::{Home, Run};

fn filled(home: Home) -> Home {
    server(&home, "bin/server");
    server(&home, "bin/other");
    home.secret("a", "canary-a-value")
        .secret("b", "canary-b-value")
}

fn home() -> Home {
    filled(unattended())
}

fn plain(home: &Home) -> Start {
    Start::of([home.path("bin/server").as_os_str(), "word".as_ref()])
        .label("s")
        .flags(&["--env", "A=broker://a"])
}

/// A start with the file of grants as it is now, which the seal does not know.
#[track_caller]
fn unsealed(home: &Home, start: &Start) {
    let answer = start.exec(home).run();
    withheld(home, answer, "grants-invalid", "the file of grants");
    let entry = told(home, "exec", "refused").pop().expect("an entry");
    assert_eq!(entry["detail"], "grants-invalid");
}

#[test]
fn a_file_of_grants_from_before_a_revocation_does_not_count() {
    let home = home();
    let start = plain(&home);
    let id = start.allow(&home);
    started(&home, &start);
    let before = fs::read(state(&home, "grants.json")).expect("grants");
    let _ = home.broker(["revoke", &id]).run().ok();
    refused(&home, &start, "not-granted", "nobody allowed it yet");
    put(&state(&home, "grants.json"), &before, 0o600);
    unsealed(&home, &start);
    // Nor beside the one that counts, nor after something else was allowed.
    let _ = plain(&home).label("t").allow(&home);
    put(&state(&home, "grants.next.json"), &before, 0o600);
    let answer = start.exec(&home).run();
    let answer = withheld(
        &home,
        answer,
        "grant-changed",
        "it was allowed as the server",
    );
    assert!(
        answer.stderr.contains("is ignored, nothing in it counts"),
        "{}",
        answer.stderr
    );
    put(&state(&home, "grants.json"), &before, 0o600);
    unsealed(&home, &start);
}

#[test]
fn a_file_of_grants_from_before_another_grant_does_not_count_either() {
    let home = home();
    let start = plain(&home);
    let _ = start.allow(&home);
    let before = fs::read(state(&home, "grants.json")).expect("grants");
    let _ = plain(&home).label("t").allow(&home);
    put(&state(&home, "grants.json"), &before, 0o600);
    unsealed(&home, &start);
}

/// One thing that somebody does to the file of grants.
type Edit = fn(&mut Value);

#[test]
fn an_edit_of_anything_in_the_file_of_grants_is_found() {
    let home = home();
    let start = plain(&home);
    let _ = start.allow(&home);
    let file = state(&home, "grants.json");
    let genuine = fs::read(&file).expect("grants");
    let other = start
        .clone()
        .words([home.path("bin/server").as_os_str(), "evil".as_ref()]);
    // What is edited, and which start the edit would serve.
    let edits: [(&str, bool, Edit); 11] = [
        ("an argument", true, |d| {
            d["grants"][0]["command"]["arguments"][0]["text"] = json!("evil");
        }),
        ("an argument and its id", true, |d| {
            d["grants"][0]["command"]["arguments"][0]["text"] = json!("evil");
            d["grants"][0]["id"] = json!("0123456789abcdef");
        }),
        ("a second grant", true, |d| {
            let mut grant = d["grants"][0].clone();
            grant["command"]["arguments"][0]["text"] = json!("evil");
            d["grants"].as_array_mut().expect("grants").push(grant);
        }),
        ("the id", false, |d| {
            d["grants"][0]["id"] = json!("0123456789abcdef")
        }),
        ("the time", false, |d| {
            d["grants"][0]["granted"] = json!("2020-01-01T00:00:00Z")
        }),
        ("the name of the secret", false, |d| {
            d["grants"][0]["command"]["variables"]["A"]["name"] = json!("harmless");
        }),
        ("the generation", false, |d| d["generation"] = json!(2)),
        ("no marks", false, |d| d["seals"] = json!({})),
        ("the mark of another store", false, |d| {
            let mark = d["seals"]["vault"].take();
            d["seals"] = json!({ "keychain": mark });
        }),
        ("a mark of zeroes", false, |d| {
            d["seals"]["vault"] = json!("0".repeat(64))
        }),
        ("a mark cut short", false, |d| {
            let mark = d["seals"]["vault"].as_str().expect("a mark")[..62].to_owned();
            d["seals"]["vault"] = json!(mark);
        }),
    ];
    for (what, serves_other, change) in edits {
        edit(&file, change);
        println!("{what}");
        unsealed(&home, if serves_other { &other } else { &start });
        fs::write(&file, &genuine).expect("put back");
    }
    started(&home, &start);
    refused(&home, &other, "grant-changed", "argument 1 was word");
}

#[test]
fn the_grants_of_another_home_do_not_count() {
    let home = home();
    let start = plain(&home);
    let _ = start.allow(&home);
    // The very same command, allowed in another home of the same user.
    let other = home.path("c");
    let there = |run: Run<'_>| run.env("BROKER_HOME", &other).run().ok();
    let init = ["init", "--store", "vault", "--key-file", "--unattended"];
    there(home.broker(init));
    there(home.broker(["set", "a", "--raw"]).stdin("canary-other"));
    there(start.run(&home, "allow"));
    let file = state(&home, "grants.json");
    let genuine: Value = serde_json::from_slice(&fs::read(&file).expect("grants")).expect("JSON");
    fs::copy(other.join("state/grants.json"), &file).expect("copied");
    let answer = refused(&home, &start, "not-granted", "nobody allowed it yet");
    assert!(
        answer.stderr.contains("belongs to another home"),
        "{}",
        answer.stderr
    );
    edit(&file, |document| document["home"] = genuine["home"].clone());
    refused(&home, &start, "grant-changed", "A holds another secret now");
    edit(&file, |document| {
        let variables = &genuine["grants"][0]["command"]["variables"];
        document["grants"][0]["command"]["variables"] = variables.clone();
    });
    unsealed(&home, &start);
    edit(&file, |document| {
        document["generation"] = genuine["generation"].clone()
    });
    unsealed(&home, &start);
}

type Damage = (&'static str, fn(&Path));

#[test]
fn a_file_of_grants_that_is_damaged_or_not_ours_allows_nothing_and_is_told() {
    let home = home();
    let start = plain(&home);
    let _ = start.allow(&home);
    let file = state(&home, "grants.json");
    let genuine = fs::read(&file).expect("grants");
    let damages: [Damage; 12] = [
        ("empty", |file| put(file, "", 0o600)),
        ("cut in half", |file| {
            let bytes = fs::read(file).expect("there");
            put(file, &bytes[..bytes.len() / 2], 0o600);
        }),
        ("one byte short", |file| {
            let bytes = fs::read(file).expect("there");
            let end = bytes.iter().rposition(|b| *b == b'}').expect("an end");
            put(file, &bytes[..end], 0o600);
        }),
        ("no JSON", |file| put(file, "grants", 0o600)),
        ("something more", |file| {
            edit(file, |document| document["more"] = json!(1));
        }),
        ("a newer format", |file| {
            edit(file, |document| document["format"] = json!(2))
        }),
        ("NULs", |file| put(file, [0; 4096], 0o600)),
        ("a link", |file| {
            let moved = file.with_extension("moved");
            fs::rename(file, &moved).expect("moved");
            symlink(&moved, file).expect("linked");
        }),
        ("a fifo", |file| {
            fs::remove_file(file).expect("removed");
            assert!(
                Command::new("mkfifo")
                    .arg(file)
                    .status()
                    .expect("mkfifo")
                    .success()
            );
        }),
        ("a folder", |file| {
            fs::remove_file(file).expect("removed");
            fs::create_dir(file).expect("made");
        }),
        ("somebody else's", |file| {
            chown(file, Some(65_534), None).expect("given away")
        }),
        ("others can write it", |file| {
            put(file, fs::read(file).expect("there"), 0o622)
        }),
    ];
    for (what, damage) in damages {
        println!("{what}");
        damage(&file);
        let answer = refused(&home, &start, "not-granted", "nobody allowed it yet");
        assert!(
            answer.stderr.contains("nothing in it counts"),
            "{what}: {}",
            answer.stderr
        );
        let _ = fs::remove_file(&file);
        let _ = fs::remove_dir(&file);
        put(&file, &genuine, 0o600);
        started(&home, &start);
    }
    fs::remove_file(&file).expect("removed");
    refused(&home, &start, "not-granted", "nobody allowed it yet");
    // What is allowed after that counts, and nothing of what was.
    let _ = start.clone().label("t").allow(&home);
    started(&home, &start.clone().label("t"));
    assert_eq!(grants(&home).len(), 1);
}

#[test]
fn a_file_of_grants_of_somebodys_making_does_not_count() {
    let home = home();
    let start = plain(&home);
    // The command as broker itself describes it, in the file of requests.
    refused(&home, &start, "not-granted", "nobody allowed it yet");
    let bytes = fs::read(state(&home, "requests.json")).expect("requests");
    let asked: Value = serde_json::from_slice(&bytes).expect("JSON");
    let file = state(&home, "grants.json");
    for marks in [json!({}), json!({ "vault": "ab".repeat(32) })] {
        edit(&file, |document| {
            document["grants"] = json!([{
                "id": asked["requests"][0]["id"],
                "granted": "2026-01-01T00:00:00Z",
                "command": asked["requests"][0]["command"],
            }]);
            document["seals"] = marks.clone();
        });
        unsealed(&home, &start);
    }
}

#[test]
fn a_forged_file_beside_the_genuine_one_does_not_vouch_for_a_program() {
    let home = home();
    let start = plain(&home);
    let _ = start.allow(&home);
    started(&home, &start);
    let program = home.path("bin/server");
    let evil = format!("#!/bin/sh\n: > '{}'\necho evil $A\n", mark(&home).display());
    put(&program, evil, 0o700);
    // Old enough for a stamp to be believed.
    std::thread::sleep(Duration::from_secs(4));
    refused(&home, &start, "grant-changed", "bin/server has changed");
    let bytes = fs::read(state(&home, "requests.json")).expect("requests");
    let asked: Value = serde_json::from_slice(&bytes).expect("JSON");
    let stamp = &asked["requests"][0]["command"]["program"]["content"]["stamp"];
    let genuine = fs::read(state(&home, "grants.json")).expect("grants");
    // The digest that was allowed, with the stamp of what is there now.
    let next = state(&home, "grants.next.json");
    put(&next, &genuine, 0o600);
    edit(&next, |document| {
        let grant = &mut document["grants"][0];
        grant["command"]["program"]["content"]["stamp"] = stamp.clone();
        grant["granted"] = json!("2036-01-01T00:00:00Z");
    });
    let answer = start.exec(&home).run();
    assert_eq!(answer.code, 125, "{}{}", answer.stdout, answer.stderr);
    assert!(!mark(&home).exists(), "another program was started");
    // The same forgery in the place of the file itself.
    fs::copy(&next, state(&home, "grants.json")).expect("copied");
    fs::remove_file(&next).expect("removed");
    unsealed(&home, &start);
}

#[test]
fn what_was_met_before_does_not_vouch_for_a_program_either() {
    let home = home();
    let start = plain(&home);
    let _ = start.allow(&home);
    let program = home.path("bin/server");
    let allowed = fs::read(state(&home, "grants.json")).expect("grants");
    let allowed: Value = serde_json::from_slice(&allowed).expect("JSON");
    let digest = &allowed["grants"][0]["command"]["program"]["content"]["sha256"];
    put(&program, "#!/bin/sh\necho evil $A\n", 0o700);
    refused(&home, &start, "grant-changed", "bin/server has changed");
    let bytes = fs::read(state(&home, "requests.json")).expect("requests");
    let asked: Value = serde_json::from_slice(&bytes).expect("JSON");
    let stamp = &asked["requests"][0]["command"]["program"]["content"]["stamp"];
    let seen = json!({
        "format": 1,
        "seen": [{ "path": program, "content": { "sha256": digest, "stamp": stamp } }],
    });
    put(&state(&home, "seen.json"), seen.to_string(), 0o600);
    edit(&state(&home, "requests.json"), |document| {
        let program = &mut document["requests"][0]["command"]["program"];
        program["content"]["sha256"] = digest.clone();
    });
    refused(&home, &start, "grant-changed", "bin/server has changed");
}

/// A home in which a person is asked, and a request for a start of the server.
fn asked() -> (Home, Start, String) {
    let home = filled(attended());
    let start = plain(&home);
    refused(&home, &start, "not-granted", "nobody allowed it yet");
    let id = requests(&home).pop().expect("a request");
    (home, start, id)
}

#[test]
fn a_request_whose_id_is_that_of_another_is_not_shown_and_not_allowed() {
    let (home, start, id) = asked();
    let file = state(&home, "requests.json");
    let genuine = fs::read(&file).expect("requests");
    for change in [
        (|c: &mut Value| c["arguments"][0]["text"] = json!("evil")) as fn(&mut Value),
        |c| c["variables"]["B"] = c["variables"]["A"].clone(),
        |c| c["program"]["content"]["sha256"] = json!("0".repeat(64)),
        |c| c["server"] = json!("t"),
        |c| c["folder"] = json!("/tmp"),
        |c| c["home"] = json!("/tmp"),
        |c| c["path"] = json!("/tmp"),
        |c| c["literals"]["L"] = json!("l"),
        |c| c["passed"]["P"] = json!(null),
        |c| c["install_scripts"] = json!(true),
    ] {
        edit(&file, |document| {
            change(&mut document["requests"][0]["command"])
        });
        assert!(requests(&home).is_empty(), "it is listed");
        let answer = home.broker(["--json", "allow", &id]).run().code(1);
        assert_eq!(answer.error_code(), "request-not-found");
        fs::write(&file, &genuine).expect("put back");
    }
    let ended = answered(home.broker(["allow", &id]), "allow it? [y/N]", "y\n");
    let _ = ended.code(0);
    started(&home, &start);
}

#[test]
fn a_request_that_lies_about_what_is_not_in_its_id_is_shown_as_it_is() {
    // The names of secrets, the way a program is bound and what it leads to are not in the id.
    let (home, start, id) = asked();
    edit(&state(&home, "requests.json"), |document| {
        let command = &mut document["requests"][0]["command"];
        command["variables"]["A"]["name"] = json!("harmless");
        command["program"]["content"]["stamp"]["inode"] = json!(1);
    });
    let rows = home.broker(["--json", "requests"]).run().ok().json();
    assert_eq!(rows[0]["secrets"], json!(["a"]));
    let ended = answered(home.broker(["allow", &id]), "allow it? [y/N]", "y\n").code(0);
    assert!(ended.screen.contains("A = a\r\n"), "{}", ended.screen);
    assert!(!ended.screen.contains("harmless"), "{}", ended.screen);
    started(&home, &start);
}

#[test]
fn a_request_that_binds_less_than_a_start_would_allows_nothing() {
    // A whole request of somebody's making: its id is right, and it says that the program is the administrator's.
    let (home, start, _) = asked();
    let other = filled(unattended());
    let mut command = Value::Null;
    edit(&state(&home, "requests.json"), |document| {
        let asked = &mut document["requests"][0]["command"];
        asked["program"]["binding"] = json!("path");
        command = asked.clone();
    });
    drop(other);
    let id = id_of(&command);
    edit(&state(&home, "requests.json"), |document| {
        document["requests"][0]["id"] = json!(id);
    });
    let ended = answered(home.broker(["allow", &id]), "allow it? [y/N]", "y\n").code(0);
    assert!(
        ended.screen.contains("(may be upgraded)"),
        "{}",
        ended.screen
    );
    refused(
        &home,
        &start,
        "grant-changed",
        "can be written by more than could",
    );
}

/// Works the id of a command out, as the policy does.
fn id_of(command: &Value) -> String {
    let command: broker::policy::Command =
        serde_json::from_value(command.clone()).expect("a command");
    command.id()
}

#[test]
fn a_request_for_something_that_has_changed_since_is_not_allowed() {
    let (home, start, id) = asked();
    put(&home.path("bin/server"), "#!/bin/sh\necho evil\n", 0o700);
    let answer = home.broker(["--json", "allow", &id]);
    let ended = super::Session::start(answer.command(), super::ASIDE)
        .end()
        .code(1);
    assert!(ended.stderr.contains("grant-changed"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("has changed since"),
        "{}",
        ended.stderr
    );
    assert!(grants(&home).is_empty());
    refused(&home, &start, "not-granted", "nobody allowed it yet");
}

#[test]
fn requests_that_are_damaged_are_none_and_stop_nothing() {
    let home = home();
    let start = plain(&home);
    let _ = start.allow(&home);
    let other = plain(&home).label("t");
    let file = state(&home, "requests.json");
    for text in ["", "{}", "[]", "\0\0\0", "{\"format\":9,\"requests\":[]}"] {
        put(&file, text, 0o600);
        assert!(requests(&home).is_empty());
        started(&home, &start);
        refused(&home, &other, "grant-changed", "it was allowed as");
        assert_eq!(requests(&home).len(), 1, "{text:?}");
    }
}

#[test]
fn a_forged_file_beside_the_genuine_one_says_nothing_of_the_servers_surroundings() {
    let home = home();
    // What a program looks up on its own, broker cannot know: it is found in the PATH that was allowed.
    let script = home.path("bin/tool");
    put(&script, "#!/bin/sh\nhelper\n", 0o700);
    for (folder, says) in [("bin", "allowed"), ("evil", "evil $A")] {
        let helper = home.path(folder).join("helper");
        put(&helper, format!("#!/bin/sh\necho {says}\n"), 0o700);
    }
    let start = Start::of([&script])
        .flags(&["--env", "A=broker://a"])
        .caller("PATH", super::first_in_path(&home, "bin"));
    let _ = start.allow(&home);
    let run = || start.exec(&home).run().ok().stdout;
    assert_eq!(run(), "allowed\n");
    let (file, next) = (
        state(&home, "grants.json"),
        state(&home, "grants.next.json"),
    );
    let evil = super::first_in_path(&home, "evil");
    let forge = |file: &Path| {
        edit(file, |document| {
            document["grants"][0]["command"]["path"] = json!(evil)
        });
    };
    // The seals know one of two files, wherever that stands.
    fs::copy(&file, &next).expect("copied");
    forge(&next);
    assert_eq!(run(), "allowed\n");
    fs::rename(&file, state(&home, "genuine")).expect("moved");
    fs::rename(&next, &file).expect("moved");
    fs::rename(state(&home, "genuine"), &next).expect("moved");
    assert_eq!(run(), "allowed\n");
}

#[test]
fn what_is_allowed_is_looked_at_afresh_whatever_a_file_says_of_it() {
    let home = home();
    let program = home.path("bin/server");
    let start = plain(&home);
    let _ = start.allow(&home);
    std::thread::sleep(Duration::from_secs(4));
    // A file that says: what is at this path now has the digest of something else, which comes later.
    let evil = format!("#!/bin/sh\n: > '{}'\necho evil $A\n", mark(&home).display());
    put(&home.path("evil"), &evil, 0o700);
    let sum = Command::new("sha256sum")
        .arg(home.path("evil"))
        .output()
        .expect("sha256sum");
    let sum = String::from_utf8_lossy(&sum.stdout)[..64].to_owned();
    let next = state(&home, "grants.next.json");
    fs::copy(state(&home, "grants.json"), &next).expect("copied");
    edit(&next, |document| {
        document["grants"][0]["command"]["program"]["content"]["sha256"] = json!(sum);
        document["grants"][0]["granted"] = json!("2036-01-01T00:00:00Z");
    });
    let forged = fs::read(&next).expect("read");
    let _ = home.broker(["revoke", "--all"]).run().ok();
    put(&next, forged, 0o600);
    let _ = start.allow(&home);
    started(&home, &start);
    put(&program, &evil, 0o700);
    refused(&home, &start, "grant-changed", "bin/server has changed");
}
