//! What somebody else changed in a client's file is told at the next start, whichever client it is.

use std::ops::Range;

use broker::clients::table::{Surroundings, locate};
use broker::clients::{Document, Format, Found, Place};

use crate::support::home::{Answer, Home};
use crate::support::put;

/// The files under `tests/vectors/clients`, and where each lies below the home folder.
const FILES: [(&str, &str); 22] = [
    ("kiro.json", ".kiro/settings/mcp.json"),
    ("kiro-agent.json", ".kiro/agents/reviewer.json"),
    (
        "claude-desktop.json",
        ".config/Claude/claude_desktop_config.json",
    ),
    ("claude-code.json", ".claude.json"),
    ("claude-project.json", "code/shop/.mcp.json"),
    ("cursor.json", ".cursor/mcp.json"),
    ("vscode.jsonc", ".config/Code/User/mcp.json"),
    ("vscode-settings.jsonc", ".config/Code/User/settings.json"),
    ("windsurf.json", ".codeium/windsurf/mcp_config.json"),
    ("zed.jsonc", ".config/zed/settings.json"),
    ("codex.toml", ".codex/config.toml"),
    ("codex-dotted.toml", ".codex/config.toml"),
    ("gemini.jsonc", ".gemini/settings.json"),
    ("opencode.jsonc", ".config/opencode/opencode.json"),
    ("goose.yaml", ".config/goose/config.yaml"),
    ("continue.yaml", ".continue/config.yaml"),
    ("cline.json", ".cline/data/settings/cline_mcp_settings.json"),
    (
        "roo.json",
        ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
    ),
    (
        "kilo.json",
        ".kilocode/cli/global/settings/mcp_settings.json",
    ),
    ("junie.json", ".junie/mcp/mcp.json"),
    ("amazon-q.json", ".aws/amazonq/mcp.json"),
    ("lm-studio.json", ".lmstudio/mcp.json"),
];

/// The project in which the tests start servers.
const PROJECT: &str = "code/shop";

/// A home with one client's file in it.
struct Case {
    home: Home,
    below: &'static str,
    text: String,
}

/// A change: what the file says then, which server, which word, and what is said of it.
struct Change {
    text: String,
    server: String,
    word: &'static str,
    message: String,
}

impl Case {
    fn new(vector: &str, below: &'static str) -> Self {
        let home = Home::new().secret("a", "canary-a-value");
        std::fs::create_dir_all(home.path(PROJECT).join(".git")).expect("made");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/clients");
        let text = std::fs::read_to_string(format!("{folder}/{vector}")).expect("a vector");
        let case = Self {
            home,
            below,
            text: filled(&text, 'a'),
        };
        case.put(&case.text);
        let _ = case.start().granting();
        let _ = case.run(&["clients", "--accept"]).ok();
        case
    }

    /// Writes the file as an editor does that knows nothing of broker.
    fn put(&self, text: &str) {
        put(&self.home.path(self.below), text, 0o600);
    }

    fn start(&self) -> crate::support::home::Run<'_> {
        let words = ["exec", "--env", "T=broker://a", "--", "/bin/true"];
        self.home.broker(words).folder(self.home.path(PROJECT))
    }

    fn run(&self, words: &[&str]) -> Answer {
        let run = self.home.broker(words).folder(self.home.path(PROJECT));
        let answer = run.run();
        for said in [&answer.stdout, &answer.stderr] {
            assert!(!said.contains("canary"), "{words:?}: {said}");
        }
        answer
    }

    /// Demands that nothing is told, by a start or by the command that is asked.
    fn is_silent(&self, when: &str) {
        let answer = self.start().run().ok();
        assert_eq!(answer.stderr, "", "{} {when}", self.below);
        assert_eq!(self.run(&["clients", "--changes"]).ok().stdout, "");
    }

    /// Demands that a change is told by both, and that it is over when it is undone.
    fn tells(&self, change: &Change) {
        self.put(&change.text);
        let told = self.start().run().ok().stderr;
        assert!(!told.contains("canary"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        let path = self.home.path(self.below).display().to_string();
        let named = format!("broker: warning: \"{}\" of ", change.server);
        let parts = [
            named.as_str(),
            &path,
            &change.message,
            "; see: broker clients --changes",
        ];
        for part in parts {
            assert!(told.contains(part), "{part} in {told}");
        }
        let rows = self.run(&["--json", "clients", "--changes"]).code(3).json();
        let is_it = |row: &serde_json::Value| {
            row["server"] == change.server.as_str()
                && row["change"] == change.word
                && row["message"]
                    .as_str()
                    .is_some_and(|m| m.starts_with(&change.message))
                && row["file"] == path.as_str()
        };
        let rows = rows.as_array().expect("rows");
        assert!(rows.len() == 1 && rows.iter().any(is_it), "{rows:?}");
        self.put(&self.text);
        self.is_silent("when it is undone");
    }

    /// The entries of the file.
    fn entries(&self) -> Vec<Found> {
        let home = self.home.path("");
        let home = std::path::PathBuf::from(home.to_str().expect("text").trim_end_matches('/'));
        let around = Surroundings {
            os: broker::paths::Os::Linux,
            project: Some(home.join(PROJECT)),
            home,
            variables: std::collections::BTreeMap::new(),
        };
        let located = locate(&around);
        let path = self.home.path(self.below);
        let file = located
            .iter()
            .find(|one| one.path == path)
            .expect("found")
            .file;
        let document = Document::parse(file.format, &self.text).expect("parsed");
        document.entries(file)
    }

    fn with(&self, span: &Range<usize>, new: &str) -> String {
        let mut text = self.text.clone();
        text.replace_range(span.clone(), new);
        text
    }

    /// The changes that are tried: a command, an argument, a variable, and an entry that was not there.
    fn changes(&self) -> Vec<Change> {
        let entries = self.entries();
        let find = |is: &dyn Fn(&Place, &str) -> bool| {
            entries.iter().find_map(|found| {
                let items = found.entry.items.iter().zip(&found.spans);
                let mut items = items.filter(|(item, _)| is(&item.place, item.text.text()));
                items
                    .next()
                    .map(|(item, span)| (found.entry.server.clone(), item.clone(), span.clone()))
            })
        };
        let mut all = Vec::new();
        let (server, item, span) = find(&|place, _| *place == Place::Command).expect("a command");
        all.push(Change {
            text: self.with(&span, "\"swapped\""),
            server,
            word: "command",
            message: format!("the command was changed: {} -> swapped", item.text.text()),
        });
        let argument = |place: &Place, text: &str| {
            matches!(place, Place::Argument(_)) && !text.contains("canary")
        };
        if let Some((server, item, span)) = find(&argument) {
            let Place::Argument(at) = item.place else {
                unreachable!()
            };
            let old = item.text.text();
            all.push(Change {
                text: self.with(&span, "\"swapped\""),
                server,
                word: "argument",
                message: format!("argument {} was changed: {old} -> swapped", at + 1),
            });
        }
        let secret = |place: &Place, text: &str| {
            matches!(place, Place::Variable(_)) && text.contains("canary")
        };
        if let Some((server, item, span)) = find(&secret) {
            let Place::Variable(name) = item.place else {
                unreachable!()
            };
            let new = filled("\"{{canary-9}}\"", 'b');
            all.push(Change {
                text: self.with(&span, &new),
                server,
                word: "variable",
                message: format!("variable {name} was changed"),
            });
        }
        let message = "appeared, which starts: planted".to_owned();
        all.push(Change {
            text: self.planted(&entries),
            server: "planted".to_owned(),
            word: "appeared",
            message,
        });
        all
    }

    /// The file with one entry more.
    fn planted(&self, entries: &[Found]) -> String {
        let last = entries.last().expect("an entry").span.end;
        match Format::of(&self.home.path(self.below)).expect("a format") {
            Format::Toml => format!(
                "{}\n[mcp_servers.planted]\ncommand = \"planted\"\n",
                self.text
            ),
            Format::Yaml if self.text.contains("\nextensions:\n") => self.text.replace(
                "\nextensions:\n",
                "\nextensions:\n  planted:\n    cmd: planted\n",
            ),
            Format::Yaml => self.text.replace(
                "\nmcpServers:\n",
                "\nmcpServers:\n  - name: planted\n    command: planted\n",
            ),
            Format::Json | Format::Jsonc => {
                let command = if self.below.contains("opencode") {
                    "[\"planted\"]"
                } else {
                    "\"planted\""
                };
                self.with(
                    &(last..last),
                    &format!(", \"planted\": {{\"command\": {command}}}"),
                )
            }
        }
    }
}

/// Fills the values in, in a shape that is known by itself wherever it stands.
fn filled(text: &str, which: char) -> String {
    (1..10).fold(text.to_owned(), |text, number| {
        let value = format!("glpat-canary{which}{number}B3dE5gH7jK9z");
        text.replace(&format!("{{{{canary-{number}}}}}"), &value)
    })
}

#[test]
fn a_change_behind_brokers_back_is_told_at_the_next_start_for_each_clients_file() {
    let mut tried = std::collections::BTreeMap::<_, usize>::new();
    for (vector, below) in FILES {
        let case = Case::new(vector, below);
        case.is_silent("when it was accepted");
        let changes = case.changes();
        for change in &changes {
            case.tells(change);
            *tried.entry(change.word).or_default() += 1;
        }
        // Accepted, it is told no more.
        let change = changes.last().expect("a change");
        case.put(&change.text);
        let _ = case.run(&["clients", "--accept"]).ok();
        case.is_silent("when the change was accepted");
        // And its undoing is a change.
        case.put(&case.text);
        let told = case.start().run().ok().stderr;
        assert!(
            told.contains("\"planted\"") && told.contains("is gone"),
            "{told}"
        );
    }
    // Two files have no plain argument, and two no variable with a secret in it, at the most.
    let at_least = [
        ("command", 22),
        ("appeared", 22),
        ("argument", 20),
        ("variable", 20),
    ];
    for (word, count) in at_least {
        assert!(tried.get(word).is_some_and(|n| *n >= count), "{tried:?}");
    }
}

#[test]
fn a_baseline_holds_no_value_and_no_digest_that_could_be_tried() {
    use sha2::{Digest, Sha256};
    for (vector, below) in FILES {
        let case = Case::new(vector, below);
        let kept = case.home.path(".local/state/broker/clients.json");
        let kept = std::fs::read_to_string(kept).expect("a baseline");
        assert!(
            !kept.contains("canary") && !kept.contains("glpat"),
            "{vector}"
        );
        assert!(kept.contains("\"mark\""), "{vector}");
        let mut digests = 0;
        for found in case.entries() {
            for item in &found.entry.items {
                let digest = Sha256::digest(item.text.text());
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                assert!(!kept.contains(&hex[..16]), "{vector}");
                digests += 1;
            }
        }
        assert!(digests > 3, "{vector}: {digests}");
    }
}
