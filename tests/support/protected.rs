//! Client files whose secrets were moved to the store, made by the library alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use broker::catalog::{Catalog, Home};
use broker::clients::edit::{Edit, Undo, Wrap, edit};
use broker::clients::read::read;
use broker::clients::table::client;
use broker::clients::undo_record::{Part, SecretRef, UndoRecord, save};
use broker::clients::write::{EditLock, write};
use broker::clients::{Literal, Place};
use broker::paths::HomePaths;
use jiff::Timestamp;

/// A file of a client, and what is secret in it.
pub struct Protected<'a> {
    /// Which client, and which of its files.
    pub client: (&'a str, usize),
    /// The file.
    pub path: &'a Path,
    /// The values that are moved, and the names of the secrets that have them already.
    pub secrets: &'a [(&'a str, &'a str)],
    /// Words in front of each program; `LABEL` stands for the server.
    pub words: &'a [&'a str],
    /// What is allowed for it.
    pub grants: &'a [String],
    /// When it was done.
    pub made: Timestamp,
}

impl<'a> Protected<'a> {
    pub fn new(
        client: (&'a str, usize),
        path: &'a Path,
        secrets: &'a [(&'a str, &'a str)],
    ) -> Self {
        Self {
            client,
            path,
            secrets,
            words: &["/opt/broker", "exec", "LABEL", "--"],
            grants: &[],
            made: Timestamp::now(),
        }
    }

    /// Puts references in the place of every text that is one of the values, wraps the programs that are not, and keeps
    /// how to undo it; in the order in which `protect` does. Returns the id of the record.
    pub fn make(&self, paths: &HomePaths) -> String {
        let home = Home::open(paths.clone()).unwrap().expect("a home");
        let catalog = home.catalog().unwrap();
        let client = client(self.client.0).expect("a client");
        let file = &client.files[self.client.1];
        let lock = EditLock::take(
            &paths.client_locks_folder(),
            self.path,
            Duration::from_secs(10),
        );
        let lock = lock.unwrap();
        let text = read(self.path, file.format).unwrap();
        let found = text.document.entries(file);
        let mut edits = Vec::new();
        for one in found.iter().filter(|one| !one.is_shadowed) {
            for item in &one.entry.items {
                if let Some(name) = self.named(item.text.text()) {
                    let reference = Literal::new(format!("broker://{name}"));
                    edits.push((one, Edit::SetText(item.place.clone(), reference)));
                }
            }
            let program = one.entry.command().map(|(program, _)| program);
            if program.is_some_and(|program| program != self.words[0]) {
                let server = one.entry.server.as_str();
                let words = self.words.iter();
                let words = words.map(|word| if *word == "LABEL" { server } else { *word });
                let wrap = Wrap {
                    words: words.map(str::to_owned).collect(),
                    program: None,
                };
                edits.push((one, Edit::WrapCommand(wrap)));
            }
        }
        let edited = edit(&text.document, file.shape, &edits).unwrap();
        let parts = |_: &Undo, _: &Place, text: &str| match self.named(text) {
            Some(name) => vec![Part::Secret(reference(&catalog, name))],
            None => vec![Part::Text(text.to_owned())],
        };
        let record = UndoRecord::new(
            self.made,
            client,
            file,
            self.path,
            text.identity.real(),
            &edited.text,
            &edited.undo,
            self.grants.to_vec(),
            &parts,
        );
        let record = record.unwrap();
        save(paths, &record).unwrap();
        write(&lock, &text.identity, &edited.text).unwrap();
        record.id().to_owned()
    }

    fn named(&self, text: &str) -> Option<&'a str> {
        let mut secrets = self.secrets.iter();
        secrets
            .find(|(value, _)| *value == text)
            .map(|(_, name)| *name)
    }
}

fn reference(catalog: &Catalog, name: &str) -> SecretRef {
    let name = name.parse().unwrap();
    let record = catalog.get(&name).unwrap();
    SecretRef {
        id: record.id.clone(),
        name,
        version: record.current,
    }
}

/// Returns the files of the records of a home.
pub fn records(paths: &HomePaths) -> Vec<PathBuf> {
    let all = std::fs::read_dir(paths.undo_folder());
    let all = all.map(|all| all.map(|one| one.unwrap().path()).collect());
    let mut all: Vec<PathBuf> = all.unwrap_or_default();
    all.sort();
    all
}
