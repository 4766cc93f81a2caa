//! What a person should see first about a command.

use std::ffi::OsStr;
use std::path::Path;

use super::is_dangerous;
use super::launcher::{self, Start};
use super::project::{is_inside, project};
use crate::paths::{HomePaths, Writable, writable};
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
pub fn review(
    command: &Command,
    cwd: &Path,
    home: Option<&Path>,
    paths: &HomePaths,
) -> Vec<Danger> {
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
        folder_is_bound: command.folder.is_some(),
        search: OsStr::new(command.path.as_str()),
        home: Path::new(command.home.as_str()),
        paths,
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
    let named = std::iter::once(command.program.name.as_str());
    let words_of_text = words.iter().flatten().filter_map(|word| word.to_str());
    let odd = named.chain(words_of_text).filter(|word| !word.is_ascii());
    dangers.extend(odd.map(|word| Danger::NotAscii(word.to_owned())));
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::policy::{Binding, Content, Program};
    use std::collections::BTreeMap;

    #[test]
    fn words_with_letters_that_may_look_like_others_are_shown() {
        let top = tempfile::tempdir().expect("a folder");
        let file = top.path().join("file");
        crate::paths::write_file(&file, b"").expect("written");
        let stamp = crate::paths::FileStamp::of(&file.metadata().expect("there"));
        // The third letter is Cyrillic.
        let words = ["-y", "se\u{440}ver@1.2.3", "plain"];
        let command = Command {
            server: None,
            program: Program {
                name: Text::of("n\u{440}x"),
                path: Text::of("/usr/bin/env"),
                real: Text::of("/usr/bin/env"),
                content: Content {
                    sha256: String::new(),
                    stamp,
                },
                binding: Binding::Path,
            },
            arguments: words.map(|word| Argument::Text(Text::of(word))).into(),
            files: Vec::new(),
            folder: None,
            path: Text::of("/usr/bin"),
            home: Text::of("/home-of-a-test"),
            variables: BTreeMap::new(),
            literals: BTreeMap::new(),
            passed: BTreeMap::new(),
            install_scripts: false,
        };
        let paths = HomePaths::under(Path::new("/broker-of-a-test"));
        let dangers = review(&command, top.path(), None, &paths);
        for word in ["n\u{440}x", words[1]] {
            let shown = Danger::NotAscii(word.to_owned());
            assert!(dangers.contains(&shown), "{word}: {dangers:?}");
        }
        let count = dangers.iter().filter(|d| matches!(d, Danger::NotAscii(_)));
        assert_eq!(count.count(), 2);
    }
}
