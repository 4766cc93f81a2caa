//! What a person should see first about a command.

use std::ffi::OsStr;
use std::path::Path;

use super::is_dangerous;
use super::launcher::{self, Start};
use super::project::{is_inside, project};
use crate::paths::{Writable, writable};
use crate::policy::{Argument, Command, Danger, Text};

/// Words in the names of variables that hold secrets.
const SECRETIVE: [&str; 11] = [
    "TOKEN",
    "SECRET",
    "PASSW",
    "PASSPHRASE",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
    "AUTH",
    "DSN",
];

/// Returns what is dangerous about `command`, asked for in the folder `cwd`; the worst first.
#[must_use]
pub fn review(command: &Command, cwd: &Path, home: Option<&Path>, neutral: &Path) -> Vec<Danger> {
    let words: Vec<Option<&OsStr>> = command
        .arguments
        .iter()
        .map(|argument| match argument {
            Argument::Text(text) => Some(OsStr::new(text.as_str())),
            Argument::Secret(_) => None,
        })
        .collect();
    let program = Path::new(command.program.path.as_str());
    let reading = launcher::read(&Start {
        name: OsStr::new(command.program.name.as_str()),
        program,
        arguments: &words,
        folder: cwd,
        neutral,
        install_scripts: command.install_scripts,
    });
    let mut dangers = reading.dangers;
    let project = project(cwd, home);
    let code = reading.code.iter().map(|path| path.as_path());
    for path in std::iter::once(program).chain(code) {
        let shown = path.display().to_string();
        if writable(path) >= Writable::ByGroup {
            dangers.push(Danger::WritableByOthers(shown.clone()));
        }
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if [path, &real]
            .iter()
            .any(|path| is_inside(path, project.as_deref()))
        {
            dangers.push(Danger::InProject(shown));
        }
    }
    if words.iter().any(Option::is_none) {
        dangers.push(Danger::SecretInArguments);
    }
    if command.install_scripts {
        dangers.push(Danger::InstallScripts);
    }
    let names = command.variables.keys().chain(command.literals.keys());
    let named = names.chain(command.passed.keys());
    dangers.extend(
        named
            .filter(|n| is_dangerous(n))
            .cloned()
            .map(Danger::Variable),
    );
    dangers.extend(variables(command));
    dangers.sort();
    dangers.dedup();
    dangers
}

fn variables(command: &Command) -> Vec<Danger> {
    let secretive = |name: &str| {
        let name = name.to_ascii_uppercase();
        SECRETIVE.iter().any(|word| name.contains(word))
    };
    let passed = command
        .passed
        .iter()
        .filter_map(|(name, value)| match value {
            None => Some(Danger::PassedAny(name.clone())),
            Some(_) if secretive(name) => Some(Danger::PassedSecret(name.clone())),
            Some(_) => None,
        });
    let is_text = |text: &Text| !text.as_str().is_empty();
    let literals = command
        .literals
        .iter()
        .filter(|(name, text)| secretive(name) && is_text(text))
        .map(|(name, _)| Danger::LiteralSecret(name.clone()));
    passed.chain(literals).collect()
}
