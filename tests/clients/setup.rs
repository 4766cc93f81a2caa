//! `broker setup`: a project that was cloned works, once a person has typed the values and allowed each of its servers.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::home::{BROKER, Home, PATH};
use crate::support::pty::{Ended, On, Session};

const KEY: &str = "canary-setup-key-81d0";
const OTHER: &str = "canary-setup-other-3c";

const CURSOR: &str = r#"{
  "mcpServers": {
    "shop": {
      "command": "broker",
      "args": ["exec", "shop", "--pass", "REGION", "--", "printenv"],
      "env": { "SHOP_KEY": "broker://shop/key", "REGION": "eu" }
    },
    "plain": { "command": "printenv", "args": [] }
  }
}
"#;

const VSCODE: &str = r#"{
  "servers": {
    // by a flag
    "db": { "command": "broker", "args": ["exec", "db", "--env", "DB=broker://db", "--", "printenv"] },
  },
}
"#;

struct Project {
    home: Home,
    folder: PathBuf,
}

impl Project {
    fn new(home: Home) -> Self {
        let folder = home.path("src/shop");
        fs::create_dir_all(folder.join(".git")).expect("made");
        let project = Self { home, folder };
        project.put(".cursor/mcp.json", CURSOR);
        project.put(".vscode/mcp.json", VSCODE);
        project
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn session(&self, words: &[&str], talk: impl FnOnce(&mut Session)) -> Ended {
        let run = self.home.broker(words).folder(&self.folder);
        let mut session = Session::start(run.command(), On::default());
        talk(&mut session);
        session.end()
    }

    fn grants(&self) -> usize {
        let grants = self.home.broker(["--json", "grants"]).run().ok().json();
        grants.as_array().expect("a list").len()
    }

    fn names(&self) -> Vec<String> {
        let list = self.home.broker(["--json", "list"]).run().ok().json();
        let all = list.as_array().expect("a list").iter();
        all.map(|one| one["name"].as_str().expect("a name").to_owned())
            .collect()
    }

    /// Starts a server as its client does: in the project, with broker in PATH.
    fn started(&self, words: &[&str], variables: &[(&str, &str)]) -> String {
        let bin = self.home.path("bin");
        if !bin.exists() {
            fs::create_dir(&bin).expect("made");
            symlink(BROKER, bin.join("broker")).expect("linked");
        }
        let output = Command::new(bin.join("broker"))
            .args(words)
            .env_clear()
            .envs(self.home.environment().iter().map(|(n, v)| (n, v)))
            .env("PATH", format!("{}:{PATH}", bin.display()))
            .envs(variables.iter().copied())
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).expect("text")
    }
}

#[test]
fn a_project_works_once_its_values_are_typed_and_its_servers_allowed() {
    let project = Project::new(Home::attended());
    let ended = project.session(&["setup"], |session| {
        session
            .wait_for("db  for db")
            .wait_for("shop/key  for shop")
            .wait_for("value of db:")
            .wait_hidden()
            .types(&format!("{OTHER}\n"))
            .wait_for("value of shop/key:")
            .wait_hidden()
            .types(&format!("{KEY}\n"))
            .wait_for("shop in ")
            .wait_for("/usr/bin/printenv")
            .wait_for("allow it? [y/N]")
            .types("y\n")
            .wait_for("db in ")
            .wait_for("allow it? [y/N]")
            .types("y\n");
    });
    let ended = ended.code(0);
    assert!(!ended.screen.contains(KEY) && !ended.stderr.contains(KEY));
    assert_eq!(project.names(), ["db", "shop/key"]);
    assert_eq!(project.grants(), 2);
    let shop = project.started(
        &["exec", "shop", "--pass", "REGION", "--", "printenv"],
        &[("SHOP_KEY", "broker://shop/key"), ("REGION", "eu")],
    );
    assert!(shop.contains(&format!("SHOP_KEY={KEY}\n")), "{shop}");
    let db = project.started(
        &["exec", "db", "--env", "DB=broker://db", "--", "printenv"],
        &[],
    );
    assert!(db.contains(&format!("DB={OTHER}\n")), "{db}");
    for (name, text) in [(".cursor/mcp.json", CURSOR), (".vscode/mcp.json", VSCODE)] {
        let now = fs::read_to_string(project.folder.join(name)).expect("there");
        assert_eq!(now, text);
    }
    // Once more, and nothing is asked.
    let answer = project
        .home
        .broker(["setup"])
        .folder(&project.folder)
        .run()
        .ok();
    assert!(
        answer.stderr.contains("is stored and allowed"),
        "{}",
        answer.stderr
    );
    let rows = project
        .home
        .broker(["--json", "setup"])
        .folder(&project.folder)
        .run()
        .ok()
        .json();
    let outcomes = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| &row["outcome"]);
    assert!(
        outcomes
            .into_iter()
            .all(|outcome| outcome == "already-allowed")
    );
}

#[test]
fn what_is_left_out_or_declined_is_said_and_not_allowed() {
    let project = Project::new(Home::attended());
    let ended = project.session(&["setup"], |session| {
        session.wait_for("value of db:").wait_hidden().types("\n");
        session
            .wait_for("value of shop/key:")
            .wait_hidden()
            .types(&format!("{KEY}\n"));
        session.wait_for("allow it? [y/N]").types("n\n");
    });
    let ended = ended.code(3);
    assert!(ended.stdout.contains("shop in ") && ended.stdout.contains("as you answered"));
    assert!(ended.stdout.contains("db in ") && ended.stdout.contains("it lacks a secret (db)"));
    assert_eq!(project.names(), ["shop/key"]);
    assert_eq!(project.grants(), 0);
}

#[test]
fn where_nobody_looks_nothing_that_a_project_says_is_allowed() {
    let project = Project::new(Home::new());
    let words = ["--json", "setup"];
    let answer = project
        .home
        .broker(words)
        .folder(&project.folder)
        .run()
        .code(1);
    assert_eq!(answer.error_code(), "secret-not-found");
    for said in ["db", "shop/key", "broker set db"] {
        assert!(answer.stderr.contains(said), "{}", answer.stderr);
    }
    project.home.set("db", OTHER.as_bytes());
    project.home.set("shop/key", KEY.as_bytes());
    let answer = project
        .home
        .broker(words)
        .folder(&project.folder)
        .run()
        .code(3);
    let rows = answer.json();
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["outcome"] == "left"));
    assert_eq!(project.grants(), 0);
    // Nor without a terminal where a person is asked.
    let project = Project::new(Home::attended().secret("db", OTHER).secret("shop/key", KEY));
    let answer = project
        .home
        .broker(words)
        .folder(&project.folder)
        .run()
        .code(1);
    assert_eq!(answer.error_code(), "no-terminal");
    assert_eq!(project.grants(), 0);
}

#[test]
fn what_setup_cannot_do_anything_about_is_said() {
    let home = Home::new().secret("a", KEY).secret("b", OTHER);
    let project = Project::new(home);
    project.put(
        ".cursor/mcp.json",
        r#"{"mcpServers": {"raw": {"command": "printenv", "env": {"A": "broker://a"}}}}"#,
    );
    project.put(".vscode/mcp.json", "{ not JSON");
    project.put(
        "broker.toml",
        "[servers.own]\ncommand = [\"printenv\"]\nenv = { B = \"broker://b\" }\n",
    );
    let answer = project.home.broker(["setup", "src/shop"]).run().code(3);
    for said in [
        "raw in ",
        "the text of the reference",
        "own in ",
        "your own broker.toml",
    ] {
        assert!(answer.stdout.contains(said), "{said}: {}", answer.stdout);
    }
    assert!(
        answer.stderr.contains(".vscode/mcp.json"),
        "{}",
        answer.stderr
    );
    assert_eq!(project.grants(), 0);
    let empty = Home::new();
    fs::create_dir(empty.path("p")).expect("made");
    let answer = empty.broker(["setup", "p"]).run().ok();
    assert!(
        answer.stderr.contains("refers to a secret"),
        "{}",
        answer.stderr
    );
}
