//! Backups: what is in one, who opens it, and that a home gets back from it exactly what it had.

mod asked;
mod damaged;
mod documents;
mod interop;
mod keychains;
mod merging;
mod permissions;
mod places;
mod thousand;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use broker::catalog::{Catalog, Home as Opened};
use broker::clock::Clock;
use broker::paths::HomePaths;
use broker::secret::SecretValue;
use broker::store::vault::{Access, Unlocker};
use broker::store::{Store, StoreError, StoreKind, Vault};
use serde_json::Value;

use crate::support::home::{Answer, Home};

/// An age key pair in a folder of its own, where backups are put, too.
struct Key {
    folder: tempfile::TempDir,
    recipient: String,
}

impl Key {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("age-keygen").output().expect("age-keygen");
        let text = String::from_utf8(made.stdout).expect("text");
        let recipient = text
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "))
            .expect("a recipient")
            .to_owned();
        let key = Self { folder, recipient };
        put(&key.path("key.txt"), text.as_bytes());
        key
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a backup of a home that only this key opens.
    fn create(&self, home: &Home, name: &str) -> Answer {
        let words = ["--json", "backup", "create"];
        let run = home.broker(words).arg(self.path(name));
        run.arg("--recipient").arg(&self.recipient).run()
    }

    fn restore(&self, home: &Home, name: &str) -> Answer {
        self.restoring(home, name).run()
    }

    fn restoring<'a>(&self, home: &'a Home, name: &str) -> crate::support::home::Run<'a> {
        let words = ["--json", "backup", "restore"];
        let run = home.broker(words).arg(self.path(name));
        run.arg("--identity").arg(self.path("key.txt"))
    }

    /// Opens a backup with the age program.
    fn opened(&self, name: &str) -> Value {
        let mut age = Command::new("age");
        age.arg("-d").arg("-i").arg(self.path("key.txt"));
        let output = age.arg(self.path(name)).output().expect("age");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Makes a file of this document with the age program.
    fn seal(&self, document: &Value, name: &str) {
        use std::io::Write;
        let mut age = Command::new("age")
            .args(["-r", &self.recipient, "-o"])
            .arg(self.path(name))
            .stdin(Stdio::piped())
            .spawn()
            .expect("age");
        let mut input = age.stdin.take().expect("its stdin");
        input
            .write_all(document.to_string().as_bytes())
            .expect("written");
        drop(input);
        assert!(age.wait().expect("it ends").success());
    }
}

/// A home below its own folder that is not made yet.
fn folder() -> Home {
    let home = Home::empty();
    let root = home.path("b");
    home.with("BROKER_HOME", root)
}

fn made(home: Home, words: &[&str]) -> Home {
    let _ = home.broker(["init"].iter().chain(words)).run().ok();
    home
}

/// A home with a vault in which nobody is asked.
fn unattended() -> Home {
    made(
        folder(),
        &["--store", "vault", "--key-file", "--unattended"],
    )
}

/// The same, but a person is asked.
fn attended() -> Home {
    made(folder(), &["--store", "vault", "--key-file"])
}

/// Writes a file that nobody else can read.
fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("changed");
}

/// Every file below the folder of a home, with its mode and its bytes.
fn tree(home: &Home) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    fn look(folder: &Path, all: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let (path, found) = (entry.path(), entry.metadata().expect("there"));
            let mode = found.permissions().mode();
            if found.is_dir() {
                look(&path, all);
                all.insert(path, (mode, Vec::new()));
            } else {
                let bytes = fs::read(&path).expect("read");
                all.insert(path, (mode, bytes));
            }
        }
    }
    let mut all = BTreeMap::new();
    look(&home.path(""), &mut all);
    all
}

/// A vault with a key file asks nobody.
struct Nobody;

impl Unlocker for Nobody {
    fn passphrase(&self) -> Result<SecretValue, StoreError> {
        Err(StoreError::Locked(StoreKind::Vault))
    }

    fn keychain(&self) -> Result<Box<dyn Store>, StoreError> {
        Err(StoreError::NoBus)
    }
}

/// Opens a home and its vault.
fn opened(home: &Home) -> (Opened, Vault) {
    let paths = HomePaths::under(&home.path("b"));
    let opened = Opened::open(paths.clone()).expect("sound").expect("a home");
    let access = Access {
        key_file: None,
        unlocker: Box::new(Nobody),
        clock: Clock::System,
    };
    let vault = Vault::open(&paths, &opened.record.id, access).expect("a vault");
    (opened, vault)
}

/// What a home has of each secret: its record, and the value of each living version.
type Whole = BTreeMap<String, (Value, BTreeMap<u32, Vec<u8>>)>;

/// Reads all of a home with a vault.
fn whole(home: &Home) -> Whole {
    let (opened, mut vault) = opened(home);
    let catalog = opened.catalog().expect("a catalog");
    assert!(catalog.pending().is_empty(), "{:?}", catalog.pending());
    all_of(&catalog, &mut vault)
}

fn all_of(catalog: &Catalog, store: &mut dyn Store) -> Whole {
    let all = catalog.secrets().iter().map(|record| {
        let versions: Vec<_> = record.live().collect();
        let items: Vec<_> = versions.iter().map(|v| catalog.item(record, *v)).collect();
        let values = store.read(&items).expect("read");
        let values = values.iter().map(|value| value.expose().to_vec());
        let values = versions.iter().map(|v| v.0).zip(values).collect();
        let json = serde_json::to_value(record).expect("JSON");
        (record.name.to_string(), (json, values))
    });
    all.collect()
}

/// Returns the current value of a secret in a vault.
fn current(home: &Home, name: &str) -> String {
    let all = whole(home);
    let (record, values) = all.get(name).expect(name);
    let version = record["current"].as_u64().expect("a number");
    let value = &values[&u32::try_from(version).expect("small")];
    String::from_utf8(value.clone()).expect("text")
}

fn rotate(home: &Home, name: &str, value: &str) {
    let run = home.broker(["rotate", name, "--raw"]);
    let _ = run.stdin(value).run().ok();
}

/// Returns what the log tells of backups: outcome, detail and secrets.
fn told(home: &Home) -> Vec<(String, String, Vec<String>)> {
    let words = ["--json", "log", "--action", "backup"];
    let entries = home.broker(words).run().ok().json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = entries.as_array().expect("entries").iter().map(|entry| {
        let secrets = entry["secrets"].as_array().expect("a list");
        (
            text(&entry["outcome"]),
            text(&entry["detail"]),
            secrets.iter().map(text).collect(),
        )
    });
    entries.collect()
}
