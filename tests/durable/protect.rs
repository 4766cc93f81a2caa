//! `protect` under every fault: the client's file is the old one or the new one, to the byte, and a new one has all that it
//! needs: the values in the store, what starts its servers allowed, and the record by which it becomes the old one again.
//! Another `protect` finishes what was begun, with one secret for each value, and nothing is left behind.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use broker::catalog::Home;
use broker::clients::document::{Document, Format};
use broker::clients::table::client;
use broker::clients::undo_record::load_all;
use broker::clients::{Entry, Place};
use broker::store::ItemId;

use super::permission::{run as bare, subject};
use super::sealed::Sealed;
use super::vault::{open, root};
use super::{NEW, OLD, One, name, value};
use crate::faults::{Errno, Fault, Outcome, Sweep, World};
use crate::support::home::BROKER;

/// What the secrets of the file are called, and their values.
const SECRETS: [(&str, &str); 2] = [("a-api-key", NEW), ("a-github-token", OLD)];

/// The servers of the file, and what each is given.
const GIVEN: [(&str, &[(&str, &str)]); 2] = [
    ("a", &[("GITHUB_TOKEN", OLD), ("API_KEY", NEW)]),
    ("b", &[("GITHUB_TOKEN", OLD), ("REGION", "eu")]),
];

/// What it says of a server that it did not allow.
const LATER: &str = "allow it when it was started once: broker allow";

/// What there is before.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    /// No secret.
    Nothing,
    /// The secrets, since the file was protected and restored once.
    Secrets,
}

fn file(world: &World) -> PathBuf {
    world.path("user/.cursor/mcp.json")
}

fn unprotected() -> String {
    format!(
        "// mine
{{\"mcpServers\": {{
  \"a\": {{\"command\": \"/usr/bin/printenv\", \"env\": {{\"GITHUB_TOKEN\": \"{OLD}\", \"API_KEY\": \"{NEW}\"}}}},
  \"b\": {{\"command\": \"/usr/bin/printenv\", \"env\": {{\"GITHUB_TOKEN\": \"{OLD}\", \"REGION\": \"eu\"}}}}
}}}}
"
    )
}

fn protected(world: &World) -> String {
    let home = root(world);
    let exec = |server: &str, flags: &str| {
        format!(
            "\"command\": \"{BROKER}\", \"args\": [\"--home\", \"{}\", \"exec\", \"{server}\"{flags}, \"--\", \"/usr/bin/printenv\"]",
            home.display()
        )
    };
    let text = unprotected();
    let (first, second) = text.split_once("  \"b\"").expect("two entries");
    let plain = "\"command\": \"/usr/bin/printenv\"";
    let first = first.replace(plain, &exec("a", ""));
    let second = second.replace(plain, &exec("b", ", \"--pass\", \"REGION\""));
    format!("{first}  \"b\"{second}")
        .replace(OLD, "broker://a-github-token")
        .replace(NEW, "broker://a-api-key")
}

fn command(world: &World, program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command.env("HOME", world.path("user")).current_dir("/");
    crate::support::without_terminal(&mut command);
    command.stdin(Stdio::null());
    command
}

/// Runs a command on the file, and demands that it succeeds.
fn again(world: &World, word: &str) -> Result<(), String> {
    let mut again = command(world, BROKER);
    again.arg("--home").arg(root(world));
    again.arg(word).arg(file(world)).arg("--yes");
    let output = again.output().expect("it starts");
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if SECRETS.iter().any(|(_, value)| said.contains(value)) {
        return Err(format!("another {word} said a value: {said}"));
    }
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("another {word}: {said}")),
    }
}

fn template(before: Before) -> World {
    let world = World::empty();
    let words = ["init", "--store", "vault", "--key-file", "--unattended"];
    assert!(bare(&world, &words, Stdio::null()).status.success());
    for (name, value) in SECRETS.iter().filter(|_| before == Before::Secrets) {
        fs::write(world.path("value"), value).unwrap();
        let value = fs::File::open(world.path("value")).unwrap();
        assert!(bare(&world, &["set", name], value.into()).status.success());
        fs::remove_file(world.path("value")).unwrap();
    }
    fs::create_dir_all(file(&world).parent().unwrap()).unwrap();
    fs::write(file(&world), unprotected()).unwrap();
    world
}

fn sweep(before: Before, faults: &[Fault]) {
    let template = template(before);
    let label = format!("protect, before: {before:?}");
    let mut gone_on = HashSet::new();
    let (mut old, mut new) = (0, 0);
    let report = Sweep::new(&label).only(faults).run(
        || {
            let world = World::copy_of(&template);
            let path = file(&world);
            let words = ["protect", path.to_str().unwrap(), "--yes"];
            let subject = subject(&world, &words).env("HOME", world.path("user"));
            (subject, world)
        },
        |world, outcome| {
            let said = [outcome.stdout.as_slice(), &outcome.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            let checked = left(world, &said, outcome).and_then(|is_new| {
                *(if is_new { &mut new } else { &mut old }) += 1;
                // What could not be looked at was not allowed, and a person was told to do so.
                if said.contains(LATER) {
                    let is_error = outcome.injected.as_ref().map(|one| one.fault);
                    return match is_error == Some(Fault::Fails(Errno::Io)) {
                        true => Ok(()),
                        false => Err("it allowed nothing".to_owned()),
                    };
                }
                // Commands are slow, so they go on once from what is the same but for what is random.
                match gone_on.insert(shape(world)) {
                    true => goes_on(world, is_new, outcome),
                    false => Ok(()),
                }
            });
            checked.map_err(|what| format!("{what}; it said: {said}"))
        },
    );
    report.assert_clean();
    for fault in faults {
        assert!(report.points_of(*fault) > 0, "{fault:?} was never tried");
    }
    assert!(old > 1 && new > 10, "{old} old files, {new} new ones");
}

/// Judges what a run left, and returns whether the file is the new one.
fn left(world: &World, said: &str, outcome: &Outcome) -> Result<bool, String> {
    if SECRETS.iter().any(|(_, value)| said.contains(value)) {
        return Err("it said a value".to_owned());
    }
    let now = fs::read_to_string(file(world)).map_err(|e| format!("the file: {e}"))?;
    let is_new = now == protected(world);
    if !is_new && now != unprotected() {
        return Err(format!("neither the old nor the new file: {now}"));
    }
    if outcome.succeeded() && !is_new {
        return Err("it said that it succeeded, and the file is the old one".to_owned());
    }
    if outcome.injected.is_none() && !outcome.succeeded() {
        return Err("undisturbed, it failed".to_owned());
    }
    values_are_nowhere_else(world)?;
    let (home, mut stores) = open(world)?;
    let sealed = Sealed::of(&home, &mut stores, outcome)?;
    if is_new {
        secrets_are_stored(&home, &mut stores)?;
        is_undoable(&home, &now)?;
        if sealed.grants.all().len() != GIVEN.len() && !said.contains(LATER) {
            return Err(format!("what is allowed: {:?}", sealed.grants));
        }
    }
    Ok(is_new)
}

/// Demands that there is no other file with a value in plain text: no copy, no file aside, no record, no log.
fn values_are_nowhere_else(world: &World) -> Result<(), String> {
    for path in files(&world.path("")) {
        let bytes = fs::read(&path).map_err(|e| format!("\"{}\": {e}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        if path != file(world) && SECRETS.iter().any(|(_, value)| text.contains(value)) {
            return Err(format!("a value is in \"{}\"", path.display()));
        }
    }
    Ok(())
}

fn secrets_are_stored(home: &Home, stores: &mut One) -> Result<(), String> {
    let catalog = home.catalog().map_err(|e| format!("the catalog: {e}"))?;
    for (secret, wanted) in SECRETS {
        let record = catalog.get(&name(secret)).map_err(|e| format!("{e}"))?;
        let read = stores.0.read(&[catalog.item(record, record.current)]);
        let read = read.map_err(|e| format!("\"{secret}\": {e}"))?;
        if !read[0].same_as(&value(wanted)) {
            return Err(format!("\"{secret}\" has another value"));
        }
    }
    Ok(())
}

fn is_undoable(home: &Home, text: &str) -> Result<(), String> {
    let kept = load_all(&home.paths).map_err(|e| format!("the records: {e}"))?;
    match kept.damaged.is_empty() && kept.records.iter().any(|one| one.is_after(text)) {
        true => Ok(()),
        false => Err(format!("the records: {kept:?}")),
    }
}

/// Demands that a new file is undone and an old one done, that it goes on from there, and that what is done stays so.
fn goes_on(world: &World, is_new: bool, outcome: &Outcome) -> Result<(), String> {
    if is_new {
        servers_are_given(world)?;
        again(world, "restore")?;
        is_restored(world, outcome)?;
    }
    again(world, "protect")?;
    is_protected(world, outcome)?;
    if is_new {
        again(world, "protect")?;
        return is_protected(world, outcome);
    }
    again(world, "restore")?;
    is_restored(world, outcome)
}

fn is_protected(world: &World, outcome: &Outcome) -> Result<(), String> {
    let now = fs::read_to_string(file(world)).map_err(|e| format!("the file: {e}"))?;
    if now != protected(world) {
        return Err(format!("another protect did not finish it: {now}"));
    }
    values_are_nowhere_else(world)?;
    is_clean(world, outcome, GIVEN.len())?;
    let (home, _) = open(world)?;
    is_undoable(&home, &now)?;
    servers_are_given(world)
}

fn is_restored(world: &World, outcome: &Outcome) -> Result<(), String> {
    let now = fs::read_to_string(file(world)).map_err(|e| format!("the file: {e}"))?;
    if now != unprotected() {
        return Err(format!("it is not restored: {now}"));
    }
    let (home, _) = open(world)?;
    let kept = load_all(&home.paths).map_err(|e| format!("the records: {e}"))?;
    if !kept.records.is_empty() || !kept.damaged.is_empty() {
        return Err(format!("the records stay: {kept:?}"));
    }
    is_clean(world, outcome, 0)
}

/// Demands one secret for each value, all of them readable, nothing else in the store, and nothing beside the file.
fn is_clean(world: &World, outcome: &Outcome, grants: usize) -> Result<(), String> {
    let (home, mut stores) = open(world)?;
    let catalog = home.catalog().map_err(|e| format!("the catalog: {e}"))?;
    let records = catalog.secrets().iter();
    let names: Vec<_> = records.map(|record| record.name.as_str()).collect();
    if names != SECRETS.map(|(name, _)| name) || !catalog.pending().is_empty() {
        return Err(format!("one secret for each value is wanted: {catalog:?}"));
    }
    secrets_are_stored(&home, &mut stores)?;
    let records = catalog.secrets().iter();
    let living = records.map(|record| catalog.item(record, record.current));
    let wanted: BTreeSet<_> = living.chain([ItemId::seal(&home.record.id)]).collect();
    let held = stores.0.items(&home.record.id);
    let held: BTreeSet<_> = held
        .map_err(|e| format!("listing: {e}"))?
        .into_iter()
        .collect();
    if wanted != held {
        return Err(format!(
            "the catalog names {wanted:?}, the store holds {held:?}"
        ));
    }
    let sealed = Sealed::of(&home, &mut stores, outcome)?;
    if sealed.grants.all().len() != grants {
        return Err(format!("{grants} grants are wanted: {:?}", sealed.grants));
    }
    let beside = files(file(world).parent().expect("a folder"));
    match beside.len() {
        1 => Ok(()),
        _ => Err(format!("something is left beside the file: {beside:?}")),
    }
}

/// Starts each server as its client would, and demands that it is given what it was given before.
fn servers_are_given(world: &World) -> Result<(), String> {
    let text = fs::read_to_string(file(world)).map_err(|e| format!("the file: {e}"))?;
    let document = Document::parse(Format::Jsonc, &text).map_err(|e| format!("{e}"))?;
    let found = document.entries(&client("cursor").expect("a client").files[0]);
    for (server, wanted) in GIVEN {
        let mut entries = found.iter().map(|found| &found.entry);
        let entry = entries.find(|entry| entry.server == server);
        let seen = started(world, entry.ok_or("an entry is gone")?)?;
        for (name, value) in wanted {
            if !seen.contains(&format!("{name}={value}")) {
                return Err(format!("\"{server}\" was not given {name}"));
            }
        }
    }
    Ok(())
}

fn started(world: &World, entry: &Entry) -> Result<BTreeSet<String>, String> {
    let (program, arguments) = entry.command().ok_or("it has no program")?;
    let mut server = command(world, program);
    server.args(arguments);
    for item in &entry.items {
        if let Place::Variable(name) = &item.place {
            server.env(name, item.text.text());
        }
    }
    let output = server.output().map_err(|e| format!("{program}: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(str::to_owned)
            .collect()),
        false => Err(format!("\"{}\" does not start: {said}", entry.server)),
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        match entry.file_type().expect("a type").is_dir() {
            true => all.extend(files(&entry.path())),
            false => all.push(entry.path()),
        }
    }
    all.sort();
    all
}

/// Which files there are and how much is in them, without what is random or a number of the process.
fn shape(world: &World) -> Vec<(String, usize, Option<u8>)> {
    let within = world.path("");
    let files = files(&within).into_iter().map(|path| {
        let name = path.strip_prefix(&within).expect("it is below");
        let name = name.to_string_lossy();
        // A lock is named for the place of its file.
        let random = ["/undo/", "/clients/", ".broker-"];
        let is_random = random.iter().any(|part| name.contains(part));
        let name = match is_random {
            true => format!("{}/random", name.rsplit_once('/').unwrap_or_default().0),
            false => name.into_owned(),
        };
        let bytes = fs::read(&path).expect("a file");
        match std::str::from_utf8(&bytes) {
            Ok(text) => (name, text.lines().count(), bytes.last().copied()),
            // What is encrypted has a random length.
            Err(_) => (name, 0, None),
        }
    });
    let mut shape: Vec<_> = files.collect();
    shape.sort();
    shape
}

/// A kill after a call is one before the next.
const KILLS: &[Fault] = &[Fault::KillAfter];

const ERRORS: &[Fault] = &[Fault::Fails(Errno::NoSpace), Fault::Fails(Errno::Io)];
const PARTS: &[Fault] = &[Fault::Fails(Errno::Interrupted), Fault::Short];

macro_rules! faults {
    ($($(#[$slow:meta])? $test:ident: $before:ident, $faults:expr;)*) => {
        $(#[test]
        $(#[$slow])?
        fn $test() {
            sweep(Before::$before, $faults);
        })*
    };
}

faults! {
    a_killed_protect_leaves_the_old_file_or_a_new_one_with_all_that_it_needs: Nothing, KILLS;
    a_protect_with_failing_calls_leaves_the_old_file_or_a_new_one_with_all_that_it_needs: Nothing, ERRORS;
    a_protect_with_interrupted_calls_leaves_the_old_file_or_a_new_one_with_all_that_it_needs: Nothing, PARTS;
    #[ignore = "slow, and much like the one before"]
    a_killed_protect_of_known_secrets_leaves_the_old_file_or_a_new_one: Secrets, KILLS;
    #[ignore = "slow, and much like the one before"]
    a_protect_of_known_secrets_with_failing_calls_leaves_the_old_file_or_a_new_one: Secrets, ERRORS;
}
