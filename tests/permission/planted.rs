//! A home of somebody else's making that says it is the user's own: the stores know better.
//!
//! It comes with a cloned project, is named with `--home` by a client's configuration, and has files that only broker
//! writes elsewhere: its record with the id of the user's home, a catalog with the user's secrets, grants for them.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Start, attended_on, edit, mark, put, server, state};
use crate::support::bus::Bus;
use crate::support::home::{Answer, Home};

const VALUE: &str = "canary-of-the-user";

/// The user's home on a keychain, and a planted one.
struct Scene {
    home: Home,
    _bus: Bus,
}

fn read(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).expect("there")).expect("JSON")
}

impl Scene {
    /// Plants a home as broker makes it with these words, and lets it pretend to be the user's.
    fn new(words: &[&str]) -> Self {
        let bus = Bus::start();
        let home = attended_on(&bus).secret("token", VALUE);
        server(&home, "bin/server");
        let scene = Self { home, _bus: bus };
        let _ = scene.planted(&["init"], words).ok();
        let _ = scene
            .home
            .broker(["set", "token", "--raw"])
            .env("BROKER_HOME", scene.root())
            .stdin("canary-of-the-planted-home")
            .run()
            .ok();
        scene
    }

    fn root(&self) -> PathBuf {
        self.home.path("project/planted")
    }

    /// Runs broker in the planted home.
    fn planted(&self, first: &[&str], more: &[&str]) -> Answer {
        let home = self.root().display().to_string();
        let words = ["--json", "--home", &home].into_iter();
        let words = words.chain(first.iter().chain(more).copied());
        self.home.broker(words).run()
    }

    /// Lets the planted files pretend: the id of the user's home, and its secret in the keychain.
    fn pretend(&self) {
        let id = read(state(&self.home, "home.json"))["id"].clone();
        let catalog = read(state(&self.home, "catalog.json"));
        let planted = |name: &str| self.root().join("state").join(name);
        edit(&planted("home.json"), |home| home["id"] = id.clone());
        put(&planted("catalog.json"), catalog.to_string(), 0o600);
        edit(&planted("grants.json"), |grants| grants["home"] = id);
    }

    fn start(&self) -> Start {
        Start::of([self.home.path("bin/server")])
            .label("s")
            .flags(&["--env", "A=broker://token"])
    }

    fn exec(&self) -> Answer {
        let root = self.root();
        self.start().exec(&self.home).env("BROKER_HOME", root).run()
    }

    /// Demands that nothing of the user's came out.
    #[track_caller]
    fn nothing(&self, answer: &Answer) {
        assert_ne!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
        assert!(!answer.stdout.contains(VALUE), "{}", answer.stdout);
        assert!(!answer.stderr.contains(VALUE), "{}", answer.stderr);
        assert!(!mark(&self.home).exists(), "the server was started");
    }

    /// Tries everything by which a value could leave through the planted home.
    fn nothing_leaves(&self) {
        for words in [
            &["reveal", "token"][..],
            &["migrate", "--to", "vault"],
            &["migrate", "--to", "vault", "token"],
            &["migrate", "--to", "keychain"],
            &["thaw"],
            &["vault", "rekey", "--passphrase"],
        ] {
            // Where there is nothing to move, nothing moves.
            let answer = self.planted(words, &[]);
            assert!(!answer.stdout.contains(VALUE), "{words:?}");
            if answer.code == 0 {
                assert!(
                    answer.stderr.contains("already"),
                    "{words:?}: {}",
                    answer.stderr
                );
            }
        }
        let allowed = self
            .start()
            .run(&self.home, "allow")
            .env("BROKER_HOME", self.root());
        self.nothing(&allowed.run());
        self.nothing(&self.exec());
        // The planted home's own file of grants, for this very command.
        let secret = read(state(&self.home, "catalog.json"))["secrets"][0]["id"].clone();
        let asked = read(self.root().join("state/requests.json"));
        edit(&self.root().join("state/grants.json"), |grants| {
            let mut command = asked["requests"][0]["command"].clone();
            assert_eq!(command["variables"]["A"]["id"], secret);
            command["variables"]["A"]["id"] = secret.clone();
            grants["grants"] = json!([{
                "id": asked["requests"][0]["id"],
                "granted": "2026-01-01T00:00:00Z",
                "command": command,
            }]);
        });
        let answer = self.exec();
        self.nothing(&answer);
        assert_eq!(answer.error_code(), "grants-invalid", "{}", answer.stderr);
        for file in fs::read_dir(self.root().join("state/log"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let text = fs::read(file.path()).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&text).contains(VALUE));
        }
    }

    /// The user's own home is as it was: what the user allows works, and the seal was not moved on.
    fn the_users_home_works(&self) {
        let run = self.start().run(&self.home, "allow");
        let _ = super::answered(run, "allow it? [y/N]", "y\n").code(0);
        let printed = super::started(&self.home, &self.start());
        assert!(printed.contains(&format!("A={VALUE}\n")), "{printed}");
    }
}

#[test]
fn a_planted_home_on_the_users_keychain_is_given_nothing() {
    let scene = Scene::new(&["--store", "keychain", "--unattended"]);
    scene.pretend();
    scene.nothing_leaves();
    scene.the_users_home_works();
}

#[test]
fn a_planted_home_with_a_vault_of_its_own_is_given_nothing_of_the_users_keychain() {
    // Its default store is its own, and the seal there says what its maker likes: that nobody is asked.
    let scene = Scene::new(&["--store", "vault", "--key-file", "--unattended"]);
    scene.pretend();
    scene.vault_of_its_own();
    scene.nothing_leaves();
    scene.the_users_home_works();
}

impl Scene {
    /// Lets the planted vault belong to the pretended home: the items in it are made for that home's id.
    fn vault_of_its_own(&self) {
        let id = read(self.root().join("state/home.json"))["id"].clone();
        let vault = self.root().join("vault/vault.json");
        edit(&vault, |vault| {
            if vault.get("home").is_some() {
                vault["home"] = id.clone();
            }
        });
    }
}

#[test]
fn a_planted_home_whose_vault_is_the_users_is_given_nothing() {
    let home = super::attended().secret("token", VALUE);
    server(&home, "bin/server");
    let planted = home.path("project/planted");
    fs::create_dir_all(planted.join("state/log")).expect("created");
    for file in [
        "home.json",
        "catalog.json",
        "grants.json",
        "log/000001.jsonl",
    ] {
        let text = fs::read(state(&home, file)).expect("there");
        put(&planted.join("state").join(file), text, 0o600);
    }
    for folder in ["state", "state/log", ""] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(planted.join(folder), mode).expect("closed");
    }
    std::os::unix::fs::symlink(home.path("b/vault"), planted.join("vault")).expect("linked");
    edit(&planted.join("state/home.json"), |home| {
        home["unattended"] = json!(true)
    });
    let start = Start::of([home.path("bin/server")])
        .label("s")
        .flags(&["--env", "A=broker://token"]);
    let run = |word: &str| start.run(&home, word).env("BROKER_HOME", &planted).run();
    assert_eq!(run("exec").code(125).error_code(), "not-granted");
    assert_eq!(run("allow").code(1).error_code(), "no-terminal");
    let reveal = home
        .broker(["--json", "reveal", "token"])
        .env("BROKER_HOME", &planted)
        .run();
    assert_eq!(reveal.code(1).error_code(), "no-terminal");
    assert!(!mark(&home).exists());
}
