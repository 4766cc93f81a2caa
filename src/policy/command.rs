//! Everything about a start that a grant binds.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Text, hex};
use crate::paths::FileStamp;
use crate::secret::SecretName;

/// How much of the digest of a command is its id.
const ID_BYTES: usize = 8;

/// A start: what is executed, with which secrets, in which surroundings. The order and the white space of
/// the file it was written in do not show here, so they bind nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The label it runs under.
    pub server: Option<String>,
    /// What is executed.
    pub program: Program,
    /// Its arguments, as they were given.
    pub arguments: Vec<Argument>,
    /// Files among the arguments that are code.
    pub files: Vec<File>,
    /// The folder, where it matters; `None` where the command is the same in any.
    pub folder: Option<Text>,
    /// `PATH`, which the server gets as it is here.
    pub path: Text,
    /// `HOME`.
    pub home: Text,
    /// Variables that hold secrets.
    pub variables: BTreeMap<String, Secret>,
    /// Variables with a text of their own.
    pub literals: BTreeMap<String, Text>,
    /// Variables of the caller that are passed on; `None` for any value.
    pub passed: BTreeMap<String, Option<Text>>,
    /// Whether packages may run their install scripts.
    pub install_scripts: bool,
}

/// The program of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The word it was called by, which some programs look at.
    pub name: Text,
    /// Where it was found: the name that stays when what is behind it is upgraded.
    pub path: Text,
    /// Where that leads.
    pub real: Text,
    /// Its content when it was looked at.
    pub content: Content,
    /// What of it counts.
    pub binding: Binding,
}

/// What of a program a grant holds on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binding {
    /// Where it was found. Its content is noted.
    Path,
    /// Where it was found, where that leads, and its content.
    Content,
}

/// The content of a file, and by what a change is noticed without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// What the system says about it.
    pub stamp: FileStamp,
}

/// A file among the arguments that is code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where it is, links resolved.
    pub path: Text,
    /// What is in it.
    pub content: Content,
}

/// A secret, by what does not change when it is renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The internal id: what counts.
    pub id: String,
    /// What it was called then, for people.
    pub name: SecretName,
    /// Where its value was kept then: the store and the name it is filed under. It counts too, because the catalog, which
    /// has no seal, says which id has which name.
    pub item: String,
}

/// An argument of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Argument {
    /// A text.
    Text(Text),
    /// A secret, visible to every user of the machine.
    Secret(Secret),
}

impl Command {
    /// Returns the id of the command: 16 hexadecimal digits of a digest of all that is bound. The names
    /// of secrets and the stamps of files, which may change under the same command, are left out.
    #[must_use]
    pub fn id(&self) -> String {
        let mut digest = Feed(Sha256::new());
        digest.text("broker command 1");
        digest.optional(self.server.as_deref());
        let Program {
            name,
            path,
            real,
            content,
            binding,
        } = &self.program;
        digest.text(name.as_str());
        digest.text(path.as_str());
        match binding {
            Binding::Path => digest.text("path"),
            Binding::Content => {
                digest.text("content");
                digest.text(real.as_str());
                digest.text(&content.sha256);
            }
        }
        digest.count(self.arguments.len());
        for argument in &self.arguments {
            match argument {
                Argument::Text(text) => {
                    digest.text("text");
                    digest.text(text.as_str());
                }
                Argument::Secret(secret) => {
                    digest.text("secret");
                    digest.text(&secret.id);
                }
            }
        }
        digest.count(self.files.len());
        for file in &self.files {
            digest.text(file.path.as_str());
            digest.text(&file.content.sha256);
        }
        digest.optional(self.folder.as_ref().map(Text::as_str));
        digest.text(self.path.as_str());
        digest.text(self.home.as_str());
        digest.count(self.variables.len());
        for (variable, secret) in &self.variables {
            digest.text(variable);
            digest.text(&secret.id);
        }
        digest.count(self.literals.len());
        for (variable, text) in &self.literals {
            digest.text(variable);
            digest.text(text.as_str());
        }
        digest.count(self.passed.len());
        for (variable, text) in &self.passed {
            digest.text(variable);
            digest.optional(text.as_ref().map(Text::as_str));
        }
        digest.text(if self.install_scripts { "scripts" } else { "" });
        let whole = digest.0.finalize();
        hex::encode(whole.get(..ID_BYTES).unwrap_or_default())
    }

    /// Returns every secret it is given, each once, in the order of their names.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        let of_arguments = self.arguments.iter().filter_map(|argument| match argument {
            Argument::Secret(secret) => Some(secret),
            Argument::Text(_) => None,
        });
        let mut all: Vec<&Secret> = self.variables.values().chain(of_arguments).collect();
        all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        all.dedup_by(|a, b| a.id == b.id);
        all
    }
}

impl Command {
    /// Notes that the value of the secret `id` moved from one place to another, if it was at the first.
    pub fn follow(&mut self, id: &str, name: &SecretName, from: &str, to: &str) {
        for secret in self.secrets_mut().filter(|s| s.id == id && s.item == from) {
            name.clone_into(&mut secret.name);
            to.clone_into(&mut secret.item);
        }
    }

    /// Returns every secret it is given, to be changed.
    pub fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        let of_arguments = self
            .arguments
            .iter_mut()
            .filter_map(|argument| match argument {
                Argument::Secret(secret) => Some(secret),
                Argument::Text(_) => None,
            });
        self.variables.values_mut().chain(of_arguments)
    }

    /// Tells whether what is executed, a program or a file that is code, is found at `path`.
    #[must_use]
    pub fn runs(&self, path: &Path) -> bool {
        let path = Text::of(path);
        let program = &self.program;
        [&program.path, &program.real].contains(&&path) || self.files.iter().any(|f| f.path == path)
    }

    /// Tells whether both are the same, whatever the program and the files that are code hold.
    #[must_use]
    pub fn is_same_but_for_content(&self, other: &Self) -> bool {
        let plain = |command: &Self| {
            let mut plain = command.clone();
            plain.program = Program {
                name: command.program.name.clone(),
                path: command.program.path.clone(),
                ..self.program.clone()
            };
            plain.files.clear();
            plain.id()
        };
        plain(self) == plain(other)
    }
}

/// Feeds texts into a digest so that no two sequences of them look the same.
struct Feed(Sha256);

impl Feed {
    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0
            .update(u64::try_from(count).unwrap_or(u64::MAX).to_be_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => {
                self.count(1);
                self.text(text);
            }
            None => self.count(0),
        }
    }
}
