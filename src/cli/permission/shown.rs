//! A command as the listings show it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::release::dangers;
use super::words::{danger_words, quoted};
use crate::catalog::{Catalog, Home};
use crate::policy::{Argument, Command, Secret, Text};
use crate::text::escaped;

/// What is allowed or asked for. The fields are part of the command contract.
#[derive(Clone, Debug, Serialize)]
pub(in crate::cli) struct Shown {
    pub(in crate::cli) server: Option<String>,
    pub(in crate::cli) program: String,
    pub(in crate::cli) args: Vec<String>,
    /// The variables that hold secrets, each with the secret's name.
    variables: BTreeMap<String, String>,
    /// The variables with a text of their own.
    literals: BTreeMap<String, String>,
    /// The variables of the caller; null for one that is passed on whatever its value.
    passed: BTreeMap<String, Option<String>>,
    pub(in crate::cli) secrets: Vec<String>,
    /// What limits the server. There are no limits yet.
    pub(in crate::cli) limits: Vec<String>,
    /// What a person should see first.
    pub(in crate::cli) dangers: Vec<String>,
}

impl Shown {
    /// Shows a command that was or would be started in `cwd`, with the names its secrets have by now.
    pub(in crate::cli) fn of(
        command: &Command,
        cwd: &Text,
        catalog: &Catalog,
        home: &Home,
    ) -> Self {
        let name = |secret: &Secret| {
            let record = catalog.secrets().iter().find(|r| r.id == secret.id);
            match record {
                Some(record) => record.name.to_string(),
                None => format!("{} (gone)", secret.name),
            }
        };
        let word = |argument: &Argument| match argument {
            Argument::Text(text) => text.to_string(),
            Argument::Secret(secret) => format!("broker://{}", name(secret)),
        };
        let variables = command.variables.iter();
        let literals = command.literals.iter();
        let passed = command.passed.iter();
        let mut secrets: Vec<String> = command.secrets().into_iter().map(name).collect();
        secrets.sort();
        let cwd = command.folder.as_ref().unwrap_or(cwd);
        let dangers = dangers(command, Path::new(cwd.as_str()), home);
        Self {
            server: command.server.clone(),
            program: command.program.path.to_string(),
            args: command.arguments.iter().map(word).collect(),
            variables: variables.map(|(v, s)| (v.clone(), name(s))).collect(),
            literals: literals.map(|(v, t)| (v.clone(), t.to_string())).collect(),
            passed: passed
                .map(|(v, t)| (v.clone(), t.as_ref().map(ToString::to_string)))
                .collect(),
            secrets,
            limits: Vec::new(),
            dangers: dangers.iter().map(danger_words).collect(),
        }
    }

    /// Shows it: server, command and secrets on the first line, then what else the server is given, then what is
    /// dangerous, a line each. Of a text that is set only the variable is named: the JSON has all of it.
    pub(in crate::cli) fn lines(&self) -> String {
        let server = self.server.as_deref().unwrap_or("-");
        let words = std::iter::once(&self.program).chain(&self.args);
        let words: Vec<String> = words.map(quoted).collect();
        let secrets: Vec<String> = self
            .variables
            .iter()
            .map(|(v, n)| format!("{v}={n}"))
            .collect();
        let first = format!("{server}: {}  [{}]", words.join(" "), secrets.join(" "));
        let named = |what: &str, names: Vec<&str>| {
            let is_any = !names.is_empty();
            is_any.then(|| format!("\n  {what} {}", escaped(&names.join(", "))))
        };
        let literals = self.literals.keys().map(String::as_str).collect();
        let passed = self.passed.keys().map(String::as_str).collect();
        let others = [named("set:", literals), named("passed on:", passed)];
        let dangers = self.dangers.iter();
        let dangers = dangers.map(|danger| format!("\n  ! {}", escaped(danger)));
        std::iter::once(escaped(&first))
            .chain(others.into_iter().flatten())
            .chain(dangers)
            .collect()
    }
}
