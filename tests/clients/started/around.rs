//! Protected files in other surroundings: a poor `PATH`, several files with the same value, one server after the other, a
//! client that writes its file anew.

use serde_json::{Value, json};

use super::protected::{compare, way};
use super::reading::{bare, entries};
use super::stage::{Stage, write};
use super::starting::{command, start};
use super::vectors::{Fate, Made};
use super::ways::{Format, WAYS};
use crate::support::home::Home;
use crate::support::put;

/// A client that was started from a dock has next to nothing in its PATH; what is protected starts all the same.
#[test]
fn a_client_that_finds_nothing_starts_what_is_protected() {
    for way in WAYS
        .iter()
        .filter(|way| !way.is_shared && way.format != Format::Yaml)
    {
        let stage = Stage::new(Home::new(), way);
        let before = stage.start_all();
        stage.protect();
        stage.allow_later();
        let mut own = stage.own();
        // The folders of the system, but without what is installed in them where the tests run.
        own.insert(
            "PATH".to_owned(),
            "/nowhere/usr/bin:/nowhere/bin".to_owned(),
        );
        let mut count = 0;
        for (now, (entry, old)) in stage.servers().iter().zip(&before) {
            // Of what is not protected nothing is promised.
            if now.line != entry.line {
                let home = stage.home.path("");
                let new = start(way, now, &own, &home);
                compare(&stage, entry, now, old, &new);
                count += 1;
            }
        }
        assert!(count >= 2, "{}: {count}", way.vector);
    }
}

/// Many have a node of the system's and another of their own, which only their shell finds.
#[test]
fn a_client_that_finds_other_programs_starts_what_is_protected() {
    let stage = Stage::new(Home::new(), way("kiro-many.json"));
    let before = stage.start_all();
    stage.protect();
    let others = stage.home.path("others");
    for name in ["node", "npx", "uvx", "python3", "docker"] {
        put(&others.join(name), "#!/bin/sh\nexit 9\n", 0o755);
    }
    let mut own = stage.own();
    let path = format!("{}:/usr/bin:/bin", others.display());
    own.insert("PATH".to_owned(), path);
    for ((entry, old), (now, new)) in before.iter().zip(&stage.start_all_with(&own)) {
        compare(&stage, entry, now, old, new);
    }
}

#[test]
fn servers_are_protected_and_restored_one_by_one() {
    let stage = Stage::new(Home::new(), way("kiro-many.json"));
    let before = stage.start_all();
    let file = stage.file();
    let file = file.to_str().expect("text");
    let wrapped = |stage: &Stage| -> Vec<String> {
        let all = stage.servers().into_iter();
        let all = all.filter(|entry| entry.line.contains(&"exec".to_owned()));
        all.map(|entry| entry.name).collect()
    };
    let same = |stage: &Stage| {
        for ((entry, old), (now, new)) in before.iter().zip(&stage.start_all()) {
            compare(stage, entry, now, old, new);
        }
    };
    for server in ["weather", "github"] {
        let words = ["protect", file, "--yes", "--server", server];
        stage.broker(&words).run().ok();
        same(&stage);
    }
    assert_eq!(wrapped(&stage), ["mcpServers.github", "mcpServers.weather"]);
    stage.broker(&["protect", file, "--yes"]).run().ok();
    stage.is_clean();
    let all = wrapped(&stage);
    stage
        .broker(&["restore", file, "--yes", "--server", "github"])
        .run()
        .ok();
    let rest: Vec<_> = all
        .into_iter()
        .filter(|name| !name.ends_with("github"))
        .collect();
    assert_eq!(wrapped(&stage), rest);
    same(&stage);
    stage.broker(&["restore", file, "--yes"]).run().ok();
    assert_eq!(stage.now(), stage.before, "restored");
    stage.is_clean_but_for_its_file();
}

/// Clients write their files themselves, in an order and with spaces of their own.
#[test]
fn a_file_that_its_client_wrote_anew_starts_the_same_and_is_restored_entry_by_entry() {
    for vector in [
        "cline-many.json",
        "claude-code-many.json",
        "gemini-many.jsonc",
    ] {
        let stage = Stage::new(Home::new(), way(vector));
        let before = stage.start_all();
        let was = entries(stage.way, &stage.before);
        stage.protect();
        let bare = bare(&stage.now());
        let mut whole: Value = serde_json::from_str(&bare).expect("JSON");
        whole["lastOpened"] = "another key".into();
        let anew = serde_json::to_string_pretty(&whole).expect("JSON");
        std::fs::write(stage.file(), anew).expect("written");
        let after = stage.start_all();
        for (entry, old) in &before {
            let (now, new) = after
                .iter()
                .find(|(now, _)| now.name == entry.name)
                .expect("there");
            compare(&stage, entry, now, old, new);
        }
        stage.restore().ok();
        let now = entries(stage.way, &stage.now());
        for entry in was {
            let again = now
                .iter()
                .find(|now| now.name == entry.name)
                .expect("there");
            assert_eq!(again, &entry, "{vector}");
        }
        assert!(stage.now().contains("lastOpened"));
        stage.is_clean_but_for_its_file();
    }
}

#[test]
fn a_value_that_stands_in_several_files_is_stored_once() {
    let stage = Stage::new(Home::new(), way("claude-code-many.json"));
    let other = stage.home.path(".codeium/windsurf/mcp_config.json");
    let shared = stage.made[0].value.clone();
    write(
        &other,
        &format!(
            "{{\"mcpServers\": {{\"git\": {{\"command\": \"bare-mcp\", \"env\": {{\"OTHER_TOKEN\": \"{shared}\"}}}}}}}}"
        ),
    );
    let answer = stage.broker(&["--json", "protect", "--yes"]).run().ok();
    stage.says_nothing(&(answer.stdout.clone() + &answer.stderr));
    stage.is_clean();
    let rows = answer.json();
    let rows = rows.as_array().expect("rows").iter();
    let of_it = rows.filter(|row| {
        row["place"].as_str().is_some_and(|place| {
            place.contains("GITHUB_PERSONAL_ACCESS_TOKEN") || place.contains("OTHER_TOKEN")
        })
    });
    let names: Vec<_> = of_it
        .map(|row| row["secret"].as_str().expect("a name"))
        .collect();
    assert_eq!(names.len(), 3, "{}", answer.stdout);
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    let windsurf = Stage {
        way: way("windsurf-many.json"),
        ..stage
    };
    let (_, seen) = &windsurf.start_all()[0];
    assert_eq!(seen.variables["OTHER_TOKEN"], shared);
}

/// A shell looks around where it stands, so that it is allowed in one folder; where that is only its client knows.
#[test]
fn a_server_that_is_allowed_in_one_folder_starts_or_is_said_to_be() {
    let mut stage = Stage::new(Home::new(), way("claude-code-many.json"));
    let program = stage.home.path("bin/shell-mcp").display().to_string();
    let value = "canary-Zk81LmT04xYp62KcBnHa";
    stage.made = vec![Made {
        value: value.to_owned(),
        fate: Fate::Moves,
    }];
    let entry =
        json!({ "command": "bash", "args": ["-c", program], "env": { "SHELL_TOKEN": value } });
    let text = json!({ "mcpServers": { "shell": entry } }).to_string();
    write(&stage.file(), &text);
    let rows = stage.protect();
    let entry = &stage.servers()[0];
    let mut command = command(stage.way, entry, &stage.own(), &stage.home.path(""));
    let code = command.output().expect("it starts").status.code();
    let said = rows[0]["message"].as_str().expect("a message");
    assert!(
        code == Some(0) || said.contains("folder"),
        "{code:?}: {rows:?}"
    );
}

#[test]
fn a_secret_that_a_client_puts_into_an_argument_is_not_kept_with_what_is_allowed() {
    let stage = Stage::new(Home::new(), way("windsurf-many.json"));
    let moved = stage.made[0].value.clone();
    let entry = |argument: &str| {
        format!(
            "{{\"mcpServers\": {{\"git\": {{\"command\": \"bare-mcp\", \"args\": [\"{argument}\"],
              \"env\": {{\"OTHER_TOKEN\": \"{moved}\"}}}}}}}}"
        )
    };
    let value = "canary-v8Kq2ZrT5wYp9LxD3mNb7HcJ";
    let file = stage.file();
    for (argument, allowed) in [("${env:PLAIN}", 1), ("${env:GIT_API_TOKEN}", 0)] {
        write(&file, &entry(argument));
        let words = ["--json", "protect", "--yes", file.to_str().expect("text")];
        let run = stage.broker(&words).env("GIT_API_TOKEN", value);
        let answer = run.env("PLAIN", "plain").run().ok();
        assert_eq!(answer.json()[0]["outcome"], "moved", "{}", answer.stdout);
        let grants = stage.broker(&["--json", "grants"]).run().ok();
        assert!(!grants.stdout.contains(value), "{}", grants.stdout);
        let grants = grants.json();
        assert_eq!(grants.as_array().map(Vec::len), Some(allowed), "{grants}");
        let _ = stage.broker(&["revoke", "--all"]).run();
    }
}
