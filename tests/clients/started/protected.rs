//! Files that are protected: nothing of what was moved is left anywhere, every server sees what it saw before, and all of it
//! can be undone.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::reading::Entry;
use super::stage::Stage;
use super::starting::{Seen, command, given};
use super::vectors::Fate;
use super::ways::{Format, WAYS, Way};
use crate::support::home::{Answer, Home, Run};

/// The variables that broker hands down by itself.
const BASE: [&str; 9] = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TERM", "TMPDIR",
];

/// What only the client knows is put into these, so that nothing can be allowed before they were started once.
const LATER: [(&str, &str); 1] = [("cursor-many.json", "own")];

fn is_later(stage: &Stage, server: &str) -> bool {
    LATER.contains(&(stage.way.vector, server))
}

fn server_of(entry: &Entry) -> &str {
    entry.name.rsplit('.').next().expect("a name")
}

pub fn way(vector: &str) -> &'static Way {
    let found = WAYS.iter().find(|way| way.vector == vector);
    found.expect("a vector")
}

impl Stage {
    /// A run of broker by the person whose client this is.
    pub fn broker(&self, words: &[&str]) -> Run<'_> {
        let folder = if self.way.is_shared { "work" } else { "" };
        let run = self.home.broker(words).folder(self.home.path(folder));
        let own = self.own().into_iter().filter(|(name, _)| name != "PATH");
        own.fold(run, |run, (name, value)| run.env(name, value))
    }

    /// Protects the file without asking, and returns what is said of each secret.
    #[track_caller]
    pub fn protect(&self) -> Vec<Value> {
        let file = self.file();
        let file = file.to_str().expect("text");
        let answer = self
            .broker(&["--json", "protect", file, "--yes"])
            .run()
            .ok();
        self.says_nothing(&(answer.stdout.clone() + &answer.stderr));
        answer.json().as_array().expect("rows").clone()
    }

    /// Allows what could not be allowed beforehand, as the refused start says.
    #[track_caller]
    pub fn allow_later(&self) {
        for entry in self
            .servers()
            .iter()
            .filter(|entry| is_later(self, server_of(entry)))
        {
            let mut command = command(self.way, entry, &self.own(), &self.home.path(""));
            let refused = command.output().expect("broker starts");
            assert_eq!(refused.status.code(), Some(125), "{}", entry.name);
            let said = String::from_utf8(refused.stderr).expect("text");
            let id = said
                .split("broker allow ")
                .nth(1)
                .expect("what to say")
                .trim();
            self.broker(&["allow", id]).run().ok();
        }
    }

    #[track_caller]
    pub fn restore(&self) -> Answer {
        let file = self.file();
        let answer = self
            .broker(&["restore", file.to_str().expect("text"), "--yes"])
            .run();
        self.says_nothing(&(answer.stdout.clone() + &answer.stderr));
        answer
    }

    /// The names of all secrets that are stored.
    fn secrets(&self) -> BTreeSet<String> {
        let list = self.broker(&["--json", "list"]).run().ok().json();
        let names = list.as_array().expect("secrets").iter();
        names
            .map(|one| one["name"].as_str().expect("a name").to_owned())
            .collect()
    }
}

/// Demands that a server sees after the change what it saw before, and nothing it should not.
#[track_caller]
pub fn compare(stage: &Stage, entry: &Entry, now: &Entry, before: &Seen, after: &Seen) {
    let who = format!("{} in {}", entry.name, stage.way.vector);
    let program = |seen: &Seen| -> PathBuf { Path::new(&seen.program).components().collect() };
    assert_eq!(program(after), program(before), "{who}: another program");
    let own = stage.own();
    let (old, new) = (given(before), given(after));
    // What the client was started with counts only where the entry names it.
    let is_named = |name: &String| {
        entry.variables.contains_key(name)
            || entry.by_name.contains(name)
            || !(own.contains_key(name)
                || matches!(name.as_str(), "_" | "SHLVL" | "PWD" | "OLDPWD"))
    };
    for (name, value) in old.variables.iter().filter(|(name, _)| is_named(name)) {
        assert_eq!(new.variables.get(name), Some(value), "{who}: {name}");
    }
    let is_wrapped = now.line != entry.line;
    for name in own
        .keys()
        .filter(|name| !BASE.contains(&name.as_str()) && !is_named(name))
    {
        assert!(
            !is_wrapped || !new.variables.contains_key(name),
            "{who}: {name} of the client came through"
        );
    }
    // Launchers are told more, in between.
    let mut all = new.arguments.iter();
    for word in &old.arguments {
        let is_there = all.any(|other| other == word);
        assert!(
            is_there,
            "{who}: {word} of {:?} is not in {:?}",
            old.arguments, new.arguments
        );
    }
    let is_launcher = ["npx", "uvx", "docker", "python3"]
        .iter()
        .any(|name| before.program.ends_with(name));
    if !is_launcher {
        assert_eq!(new.arguments, old.arguments, "{who}");
        assert_eq!(after.folder, before.folder, "{who}");
    }
    if !is_wrapped {
        return;
    }
    for made in &stage.made {
        let is_shown = after
            .arguments
            .iter()
            .any(|word| made.is_in(word.as_bytes()));
        assert!(
            !is_shown || made.fate != Fate::Moves,
            "{who}: {} is an argument",
            made.value
        );
    }
}

/// The whole way of a file: protected, started, protected again, restored.
fn whole_way(vector: &str) {
    let stage = Stage::new(Home::new(), way(vector));
    let before = stage.start_all();
    let rows = stage.protect();
    if stage.way.format == Format::Yaml {
        assert_eq!(stage.now(), stage.before, "YAML is left alone");
    } else {
        assert_ne!(stage.now(), stage.before);
    }
    stage.is_clean();
    told(&stage, &rows);
    stage.allow_later();

    let after = stage.start_all();
    stage.is_clean();
    assert_eq!(after.len(), before.len(), "an entry is gone");
    for ((entry, old), (now, new)) in before.iter().zip(&after) {
        assert_eq!(entry.name, now.name, "the order");
        compare(&stage, entry, now, old, new);
    }

    let (text, file, secrets) = (
        stage.now(),
        std::fs::metadata(stage.file()).unwrap(),
        stage.secrets(),
    );
    let again = stage.protect();
    assert!(
        again.iter().all(|row| row["outcome"] == "left"),
        "{again:?}"
    );
    let same = std::fs::metadata(stage.file()).unwrap();
    assert_eq!(stage.now(), text, "a second run changes something");
    assert_eq!(
        (same.ino(), same.mtime_nsec()),
        (file.ino(), file.mtime_nsec()),
        "it was written again"
    );
    assert_eq!(stage.secrets(), secrets, "a second run stores something");

    if stage.way.format != Format::Yaml {
        stage.restore().ok();
        assert_eq!(stage.now(), stage.before, "restored");
        stage.is_clean_but_for_its_file();
    }
}

/// Demands that what was left where it is was named, and that what was moved has a name.
#[track_caller]
fn told(stage: &Stage, rows: &[Value]) {
    let text = stage.now();
    let entries = super::reading::entries(stage.way, &text);
    for made in &stage.made {
        let whose = entries
            .iter()
            .filter(|entry| made.is_in(entry.whole.to_string().as_bytes()));
        for entry in whose {
            let server = server_of(entry);
            let is_it = |row: &&Value| row["outcome"] == "left" && row["server"] == server;
            let row = rows.iter().find(is_it);
            let row = row.unwrap_or_else(|| {
                panic!("{server} keeps {}, which is not said: {rows:?}", made.value)
            });
            assert!(
                row["message"].as_str().is_some_and(|why| !why.is_empty()),
                "{row}"
            );
        }
    }
    for row in rows {
        assert_eq!(row["client"], stage.way.client, "{row}");
        assert_eq!(row["file"], stage.file().to_str().expect("text"), "{row}");
    }
    for row in rows.iter().filter(|row| row["outcome"] != "left") {
        assert_eq!(row["outcome"], "moved", "{row}");
        assert!(row["secret"].is_string(), "{row}");
        let server = row["server"].as_str().expect("a name");
        let says = row["message"].as_str().expect("a message");
        assert_eq!(
            says.starts_with("allow it when it was started once"),
            is_later(stage, server),
            "{row}"
        );
    }
}

/// A test for each client.
macro_rules! each {
    ($($name:ident: $vector:literal,)*) => {
        mod a_protected_file_starts_what_it_started_before {
            $(#[test] fn $name() { super::whole_way($vector); })*
        }
    };
}

each! {
    kiro: "kiro-many.json",
    kiro_agent: "kiro-agent-many.json",
    claude_desktop: "claude-desktop-many.json",
    claude_code: "claude-code-many.json",
    claude_project: "claude-project-many.json",
    cursor: "cursor-many.json",
    vscode: "vscode-many.jsonc",
    windsurf: "windsurf-many.json",
    zed: "zed-many.jsonc",
    codex: "codex-many.toml",
    gemini: "gemini-many.jsonc",
    opencode: "opencode-many.jsonc",
    goose: "goose-many.yaml",
    cline: "cline-many.json",
    roo: "roo-many.json",
    kilo: "kilo-many.json",
    junie: "junie-many.json",
    amazon_q: "amazon-q-many.json",
    lm_studio: "lm-studio-many.json",
    continue_dev: "continue-many.yaml",
}
