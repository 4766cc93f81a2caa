//! What is restored, and how exactly.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use jiff::{SignedDuration, Timestamp};

use super::{
    FILE, ONE, SECRETS, TWO, answered, attended, file, paths, protected, replace, restore, text,
    told, unattended,
};
use crate::support::home::Home;
use crate::support::protected::{Protected, records};
use crate::support::pty::{On, Session};

/// The files under `tests/vectors/clients` that are edited: name, client, and which of its files it is.
const VECTORS: [(&str, &str, usize); 20] = [
    ("kiro.json", "kiro", 0),
    ("kiro-agent.json", "kiro", 2),
    ("claude-desktop.json", "claude-desktop", 0),
    ("claude-code.json", "claude-code", 0),
    ("claude-project.json", "claude-code", 1),
    ("cursor.json", "cursor", 0),
    ("vscode.jsonc", "vscode", 0),
    ("vscode-settings.jsonc", "vscode", 1),
    ("windsurf.json", "windsurf", 0),
    ("zed.jsonc", "zed", 0),
    ("codex.toml", "codex", 0),
    ("codex-dotted.toml", "codex", 0),
    ("gemini.jsonc", "gemini", 0),
    ("opencode.jsonc", "opencode", 0),
    ("cline.json", "cline", 0),
    ("roo.json", "roo", 0),
    ("kilo.json", "kilo", 0),
    ("junie.json", "junie", 0),
    ("amazon-q.json", "amazon-q", 0),
    ("lm-studio.json", "lm-studio", 0),
];

#[test]
fn the_file_of_every_client_is_byte_for_byte_as_it_was() {
    let mut home = unattended();
    let values: Vec<String> = (1..10).map(|n| format!("canary{n}-vector-71d0")).collect();
    let names: Vec<String> = (1..10).map(|n| format!("value-{n}")).collect();
    for (name, value) in names.iter().zip(&values) {
        home = home.secret(name, value);
    }
    let secrets: Vec<(&str, &str)> = values
        .iter()
        .zip(&names)
        .map(|(value, name)| (value.as_str(), name.as_str()))
        .collect();
    for (name, client, number) in VECTORS {
        let vector = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/clients");
        let mut before = fs::read_to_string(format!("{vector}/{name}")).unwrap();
        for (number, value) in values.iter().enumerate() {
            before = before.replace(&format!("{{{{canary-{}}}}}", number + 1), value);
        }
        let path = file(&home, name, &before);
        let _ = Protected::new((client, number), &path, &secrets).make(&paths(&home));
        assert_ne!(text(&path), before, "{name}");
        let answer = restore(&home, &[], &path).ok();
        assert_eq!(text(&path), before, "{name}");
        assert!(answer.stderr.contains("byte for byte"), "{}", answer.stderr);
        assert_eq!(records(&paths(&home)), [] as [std::path::PathBuf; 0]);
    }
}

#[test]
fn a_person_is_shown_what_comes_back_in_plain_text_and_decides() {
    let (home, path) = protected(attended());
    let after = text(&path);
    let no = answered(&home, &path, "n\n").code(1);
    assert!(
        no.screen
            .contains("a, variable TOKEN: the value of \"one\" in plain text")
    );
    assert_eq!(text(&path), after);
    assert_eq!(records(&paths(&home)).len(), 1);
    let yes = answered(&home, &path, "y\n").code(0);
    assert!(!yes.screen.contains("canary"));
    assert_eq!(text(&path), FILE);
    let outcomes: Vec<String> = told(&home, "restore").into_iter().map(|(o, _)| o).collect();
    assert_eq!(outcomes, ["refused", "intent", "done"]);
    let secrets = told(&home, "restore").pop().unwrap().1;
    assert_eq!(secrets, ["one", "two"]);
}

#[test]
fn with_yes_nothing_is_asked_of_the_person_at_the_terminal() {
    let (home, path) = protected(attended());
    let run = home.broker(["restore", "--yes"]).arg(&path);
    let mut session = Session::start(run.command(), On::default());
    session.wait_for("a, variable TOKEN: the value of \"one\" in plain text");
    let ended = session.end().code(0);
    assert!(!ended.screen.contains("[y/N]"), "{}", ended.screen);
    assert_eq!(text(&path), FILE);
}

#[test]
fn a_file_keeps_its_mode_and_the_link_that_leads_to_it() {
    let (home, path) = protected(unattended());
    let link = home.path("link.json");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let _ = restore(&home, &[], &link).ok();
    assert!(link.is_symlink());
    assert_eq!(text(&path), FILE);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn where_something_else_changed_the_entries_are_restored_and_the_rest_stays() {
    let (home, path) = protected(unattended());
    replace(&path, "// mine", "// mine, and more of it");
    replace(&path, "\"dark\"", "\"light\"");
    let answer = restore(&home, &[], &path).ok();
    assert!(answer.stderr.contains("and stays so"), "{}", answer.stderr);
    let wanted = FILE.replace("// mine", "// mine, and more of it");
    assert_eq!(text(&path), wanted.replace("\"dark\"", "\"light\""));
}

#[test]
fn an_entry_that_changed_stays_whole_and_the_others_are_restored() {
    let (home, path) = protected(unattended());
    replace(&path, "broker://one", "mine");
    let answer = restore(&home, &[], &path).code(1);
    assert!(
        answer.stderr.contains("\"a\" stays as it is"),
        "{}",
        answer.stderr
    );
    let after = text(&path);
    assert!(after.contains(TWO) && !after.contains(ONE), "{after}");
    // Not by half: its program is wrapped still.
    assert!(after.contains("\"command\": \"/opt/broker\""), "{after}");
    assert!(after.contains("\"b\": { \"command\": \"/bin/true\", \"args\": [], "));
    assert_eq!(records(&paths(&home)).len(), 1);
    // Once it is as it was left, it is restored too.
    replace(&path, "\"mine\"", "\"broker://one\"");
    let _ = restore(&home, &[], &path).ok();
    assert_eq!(text(&path), FILE);
    assert!(records(&paths(&home)).is_empty());
}

#[test]
fn one_server_is_restored_alone_and_then_the_other_to_the_byte() {
    let (home, path) = protected(unattended());
    let _ = restore(&home, &["--server", "a"], &path).ok();
    let between = text(&path);
    assert!(between.contains(ONE) && !between.contains(TWO));
    assert_eq!(records(&paths(&home)).len(), 1);
    let answer = restore(&home, &["--server", "b"], &path).ok();
    assert!(answer.stderr.contains("byte for byte"), "{}", answer.stderr);
    assert_eq!(text(&path), FILE);
    assert!(records(&paths(&home)).is_empty());
}

#[test]
fn a_file_that_was_protected_twice_goes_back_to_the_first() {
    let home = unattended().secret("one", ONE).secret("two", TWO);
    let path = file(&home, ".cursor/mcp.json", FILE);
    let mut first = Protected::new(("cursor", 0), &path, &SECRETS[..1]);
    first.made = Timestamp::now() - SignedDuration::from_hours(1);
    let _ = first.make(&paths(&home));
    let between = text(&path);
    let _ = Protected::new(("cursor", 0), &path, SECRETS).make(&paths(&home));
    assert_ne!(text(&path), between);
    assert_eq!(records(&paths(&home)).len(), 2);
    let answer = restore(&home, &[], &path).ok();
    assert!(answer.stderr.contains("byte for byte"), "{}", answer.stderr);
    assert_eq!(text(&path), FILE);
    assert!(records(&paths(&home)).is_empty());
}

#[test]
fn of_two_changes_in_one_moment_the_last_is_undone_first() {
    let (home, made) = (
        unattended().secret("one", ONE).secret("two", TWO),
        Timestamp::now(),
    );
    for number in 0..4 {
        let path = file(&home, &format!("{number}.json"), FILE);
        for secrets in [&SECRETS[..1], SECRETS] {
            let mut protected = Protected::new(("cursor", 0), &path, secrets);
            protected.made = made;
            let _ = protected.make(&paths(&home));
        }
        let answer = restore(&home, &[], &path).ok();
        assert!(answer.stderr.contains("byte for byte"), "{}", answer.stderr);
        assert_eq!(text(&path), FILE);
    }
}

#[test]
fn a_renamed_secret_comes_back_and_of_a_rotated_one_the_value_that_is_kept() {
    let (home, path) = protected(unattended());
    let _ = home.broker(["rename", "one", "other/name"]).run().ok();
    let _ = home
        .broker(["rotate", "two"])
        .stdin("canary-two-new")
        .run()
        .ok();
    let _ = restore(&home, &[], &path).ok();
    assert_eq!(text(&path), FILE);
}

#[test]
fn where_the_old_value_is_gone_the_current_one_is_written_and_that_is_said() {
    let (home, path) = protected(attended());
    let rotate = home.broker(["rotate", "two", "--keep", "0"]);
    let _ = rotate.stdin("canary-two-new").run().ok();
    let ended = answered(&home, &path, "y\n").code(0);
    let said = "b, variable KEY: the value of \"two\" in plain text, in its version 2";
    assert!(ended.screen.contains(said), "{}", ended.screen);
    assert_eq!(text(&path), FILE.replace(TWO, "canary-two-new"));
}

#[test]
fn what_is_as_it_was_already_is_said_and_its_record_ends() {
    let (home, path) = protected(unattended());
    fs::write(&path, FILE).unwrap();
    let answer = restore(&home, &[], &path).ok();
    assert!(
        answer.stderr.contains("\"a\" is as it was already"),
        "{}",
        answer.stderr
    );
    assert!(!answer.stderr.contains("restored"), "{}", answer.stderr);
    assert_eq!(text(&path), FILE);
    assert!(records(&paths(&home)).is_empty());
}

#[test]
fn the_answer_is_one_json_document() {
    let (home, path) = protected(unattended());
    replace(&path, "broker://one", "mine");
    let answer = home.broker(["--json", "restore"]).arg(&path).run().code(1);
    assert_eq!(answer.error_code(), "restore-incomplete");
    let shown = path.to_str().unwrap();
    assert_eq!(
        answer.json(),
        serde_json::json!([
            {"client": "cursor", "file": shown, "server": "a", "state": "left",
             "message": "it is not there any more, or not what it was changed to"},
            {"client": "cursor", "file": shown, "server": "b", "state": "restored", "message": null},
        ])
    );
}

/// What is allowed: the servers with their ids.
fn allowed(home: &Home) -> Vec<(String, String)> {
    let grants = home.broker(["--json", "grants"]).run().ok().json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let all = grants.as_array().unwrap().iter();
    all.map(|grant| (text(&grant["server"]), text(&grant["id"])))
        .collect()
}

/// A home in which the servers of [`FILE`] are allowed, and another one with the same secret.
fn allowing() -> (Home, Vec<(String, String)>, Vec<String>) {
    let home = unattended().secret("one", ONE).secret("two", TWO);
    for (label, secret) in [("a", "one"), ("b", "two"), ("mine", "one")] {
        let variable = format!("KEY=broker://{secret}");
        let words = ["allow", label, "--env", &variable, "--", "/bin/true"];
        let _ = home.broker(words).run().ok();
    }
    let all = allowed(&home);
    let moved = all[..2].iter().map(|(_, id)| id.clone()).collect();
    (home, all, moved)
}

#[test]
fn what_protect_allowed_is_taken_back_server_by_server_and_nothing_else() {
    let (home, all, moved) = allowing();
    let path = file(&home, ".cursor/mcp.json", FILE);
    let protected = Protected::new(("cursor", 0), &path, SECRETS);
    let _ = Protected {
        grants: &moved,
        ..protected
    }
    .make(&paths(&home));
    let _ = restore(&home, &["--server", "a"], &path).ok();
    assert_eq!(allowed(&home), all[1..]);
    let _ = restore(&home, &[], &path).ok();
    assert_eq!(allowed(&home), all[2..]);
    assert_eq!(text(&path), FILE);
}

#[test]
fn what_another_file_needs_stays_allowed() {
    let (home, all, moved) = allowing();
    let path = file(&home, ".cursor/mcp.json", FILE);
    let protected = Protected::new(("cursor", 0), &path, SECRETS);
    let _ = Protected {
        grants: &moved,
        ..protected
    }
    .make(&paths(&home));
    let other = file(&home, "other.json", FILE);
    let protected = Protected::new(("cursor", 0), &other, SECRETS);
    let _ = Protected {
        grants: &moved[..1],
        ..protected
    }
    .make(&paths(&home));
    let _ = restore(&home, &[], &path).ok();
    assert_eq!(allowed(&home), [all[0].clone(), all[2].clone()]);
    let _ = restore(&home, &[], &other).ok();
    assert_eq!(allowed(&home), all[2..]);
}
