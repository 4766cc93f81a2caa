//! `restore` under every fault: the client's file is the old one or the new one, and as long as it is the protected one
//! its record and the values are there; another `restore` finishes what was begun, and leaves nothing behind.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use broker::audit::Action;
use broker::clients::undo_record::load_all;
use broker::paths::HomePaths;

use super::OLD;
use super::permission::{run, subject};
use super::sealed::Sealed;
use super::vault::{ERRORS, KILLS, open, root};
use crate::faults::{Fault, Outcome, Sweep, World};
use crate::support::protected::Protected;

/// The file as it is before it is protected, and after it was restored.
fn restored() -> String {
    format!(
        "// mine\n{{\"mcpServers\": {{\"a\": {{\"command\": \"printenv\", \"env\": {{\"A\": \"{OLD}\"}}}}}}}}\n"
    )
}

fn file(world: &World) -> PathBuf {
    world.path("client/mcp.json")
}

/// A home with the secret of the file, and what is allowed for its server.
fn template() -> World {
    let world = super::permission::template(false);
    let words = [
        "allow",
        "a",
        "--env",
        "A=broker://old",
        "--",
        "/usr/bin/printenv",
    ];
    let allowed = run(&world, &words, Stdio::null());
    assert!(allowed.status.success());
    fs::create_dir(world.path("client")).unwrap();
    fs::write(file(&world), restored()).unwrap();
    world
}

/// A copy in which the file is protected: a record holds the path.
fn protected(template: &World) -> (World, String) {
    let world = World::copy_of(template);
    let paths = HomePaths::under(&root(&world));
    let listed = fs::read(paths.grants_file()).unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&listed).unwrap();
    let grants = [listed["grants"][0]["id"].as_str().unwrap().to_owned()];
    let path = file(&world);
    let secrets = [(OLD, "old")];
    let made = Protected::new(("cursor", 0), &path, &secrets);
    let _ = Protected {
        grants: &grants,
        ..made
    }
    .make(&paths);
    let text = fs::read_to_string(&path).unwrap();
    (world, text)
}

fn sweep(faults: &[Fault]) {
    let template = template();
    let report = Sweep::new("restore").only(faults).run(
        || {
            let (world, text) = protected(&template);
            let words = ["restore", "client/mcp.json"];
            let words = [words[0], world.path(words[1]).to_str().unwrap()].map(str::to_owned);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            (subject(&world, &words), (world, text))
        },
        |(world, text), outcome| {
            let said = [outcome.stdout.as_slice(), &outcome.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            let judged = if said.contains(OLD) {
                Err("it said a value".to_owned())
            } else {
                judge(world, text, outcome)
            };
            judged.map_err(|what| format!("{what}; it said: {said}"))
        },
    );
    report.assert_clean();
    for fault in faults {
        assert!(report.points_of(*fault) > 0, "{fault:?} was never tried");
    }
}

fn judge(world: &World, protected: &str, outcome: &Outcome) -> Result<(), String> {
    let path = file(world);
    let now = fs::read_to_string(&path).map_err(|e| format!("the file: {e}"))?;
    let is_new = now == restored();
    if !is_new && now != protected {
        return Err(format!("neither the old nor the new file: {now}"));
    }
    let (home, mut stores) = open(world)?;
    let kept = load_all(&home.paths).map_err(|e| format!("the records: {e}"))?;
    if !kept.damaged.is_empty() || (!is_new && kept.records.len() != 1) {
        return Err(format!("the records: {kept:?}"));
    }
    let sealed = Sealed::of(&home, &mut stores, outcome)?;
    if !is_new && sealed.grants.all().is_empty() {
        return Err("what starts the server is not allowed any more".to_owned());
    }
    if outcome.succeeded() && !(is_new && kept.records.is_empty() && sealed.grants.all().is_empty())
    {
        return Err("it said that it succeeded, and it is not done".to_owned());
    }
    if outcome.injected.is_none() && !outcome.succeeded() {
        return Err("undisturbed, it failed".to_owned());
    }
    if is_new && sealed.intents(Action::Restore, "old") == 0 {
        return Err("the log tells nothing of a value that left".to_owned());
    }
    // Another one finishes it.
    if !kept.records.is_empty() {
        let again = run(world, &["restore", path.to_str().unwrap()], Stdio::null());
        if !again.status.success() {
            let said = String::from_utf8_lossy(&again.stderr);
            return Err(format!("another restore: {said}"));
        }
    }
    let (home, mut stores) = open(world)?;
    let now = fs::read_to_string(&path).map_err(|e| format!("the file: {e}"))?;
    let kept = load_all(&home.paths).map_err(|e| format!("the records: {e}"))?;
    let sealed = Sealed::of(&home, &mut stores, outcome)?;
    if now != restored() || !kept.records.is_empty() || !sealed.grants.all().is_empty() {
        return Err("another restore did not finish it".to_owned());
    }
    let beside = fs::read_dir(world.path("client")).map_err(|e| format!("the folder: {e}"))?;
    match beside.count() {
        1 => Ok(()),
        _ => Err("something is left beside the file".to_owned()),
    }
}

#[test]
fn a_killed_restore_leaves_the_old_file_with_its_record_or_the_new_one() {
    sweep(KILLS);
}

#[test]
fn a_restore_with_failing_calls_leaves_the_old_file_with_its_record_or_the_new_one() {
    sweep(ERRORS);
}
