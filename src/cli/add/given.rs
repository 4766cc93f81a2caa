//! What was given on the command line: the server's command and its variables.

use std::ffi::OsString;

use super::super::failure::Failure;
use super::super::started::{self, Starter};
use super::reference;
use crate::clients::detect::{Confidence, Finding, detect};
use crate::clients::{Entry, Item, Literal, Place};
use crate::config::is_variable;
use crate::launch::{Assignment, PlanError, called, is_dangerous};
use crate::secret::{Reference, SecretName};

/// The longest name of a server, in bytes.
const MOST_SERVER: usize = 128;

/// A variable, and what the server is given in it.
#[derive(Debug)]
enum Value {
    Secret(SecretName),
    Text(String),
}

/// All of it.
#[derive(Debug)]
pub(super) struct Given {
    variables: Vec<(String, Value)>,
    dangerous: Vec<String>,
    program: String,
    arguments: Vec<String>,
}

/// Refuses what no client can call a server. What was typed is not repeated.
pub(super) fn check_server(server: &str) -> Result<(), Failure> {
    let is_name =
        (1..=MOST_SERVER).contains(&server.len()) && !server.chars().any(char::is_control);
    if is_name {
        return Ok(());
    }
    Err(Failure::new(
        "name-invalid",
        format!("the name of a server has 1 to {MOST_SERVER} bytes and no control characters"),
    ))
}

impl Given {
    /// Reads it.
    ///
    /// # Errors
    /// `usage`, `variable-invalid`, `name-invalid`, `variable-twice`, `variable-dangerous`, `reference-invalid`.
    pub(super) fn read(
        env: &[OsString],
        dangerous: &[String],
        command: &[OsString],
    ) -> Result<Self, Failure> {
        let mut words = command.iter().map(|word| {
            let no_text = "an argument is no text, so it cannot stand in a client's file";
            let word = word.to_str().map(ToOwned::to_owned);
            word.ok_or_else(|| Failure::usage(no_text))
        });
        let program = words
            .next()
            .unwrap_or_else(|| Err(Failure::usage("no command stands behind --")))?;
        let arguments = words.collect::<Result<_, _>>()?;
        if !dangerous.iter().all(|name| is_variable(name)) {
            return Err(PlanError::VariableName.into());
        }
        let mut variables: Vec<(String, Value)> = Vec::new();
        for text in env {
            let Assignment { variable, text } = Assignment::read(text)?;
            if !is_variable(&variable) {
                return Err(PlanError::VariableName.into());
            }
            if variables.iter().any(|(other, _)| *other == variable) {
                return Err(PlanError::Twice(variable).into());
            }
            let value = match text {
                None => Value::Secret(
                    variable
                        .parse()
                        .map_err(|e| PlanError::NoSecretOfThatName(variable.clone(), e))?,
                ),
                Some(text) => {
                    let text = text.into_string().map_err(|_| {
                        Failure::usage("the text of a variable is no text that a file can hold")
                    })?;
                    match Reference::find(&text) {
                        Ok(Some(found)) => Value::Secret(found.name),
                        Ok(None) => Value::Text(text),
                        Err(why) => return Err(PlanError::Reference(variable, why).into()),
                    }
                }
            };
            variables.push((variable, value));
        }
        Ok(Self {
            variables,
            dangerous: dangerous.to_vec(),
            program,
            arguments,
        })
    }

    /// Refuses a secret in plain text, which would stand in the file, and stood in the history of the shell. A
    /// text is never repeated.
    ///
    /// # Errors
    /// `secret-in-plain-text`.
    pub(super) fn refuse_secrets(&self) -> Result<(), Failure> {
        let command = std::iter::once(&self.program).chain(&self.arguments);
        let place = |at: usize| at.checked_sub(1).map_or(Place::Command, Place::Argument);
        let words = command.enumerate().map(|(at, word)| (place(at), word));
        let texts = self
            .variables
            .iter()
            .filter_map(|(name, value)| match value {
                Value::Text(text) => Some((Place::Variable(name.clone()), text)),
                Value::Secret(_) => None,
            });
        let items = words.chain(texts).map(|(place, text)| Item {
            place,
            text: Literal::new(text.clone()),
        });
        let entry = Entry {
            server: String::new(),
            is_disabled: false,
            items: items.collect(),
        };
        let findings = detect(&entry);
        let is_it = |finding: &&Finding| finding.confidence > Confidence::Low;
        let Some(finding) = findings.iter().find(is_it) else {
            return Ok(());
        };
        let (what, hint) = match &finding.place {
            Place::Variable(name) => (
                format!("the text of {}", called(name)),
                "leave =VALUE out, and broker asks for it".to_owned(),
            ),
            Place::Command
            | Place::Argument(_)
            | Place::Header(_)
            | Place::Url
            | Place::EnvFile
            | Place::Other(_) => {
                let variable = finding.wanted.as_deref();
                let give = match variable {
                    Some(name) => format!("the server takes it by a variable: --env {name}"),
                    None => "give it in a variable if the server takes one: --env VAR".to_owned(),
                };
                ("an argument of the server".to_owned(), give)
            }
        };
        let message = format!("{what} looks like a secret, and would stand in the file");
        Err(Failure::new("secret-in-plain-text", message)
            .hint(format!("{hint}; it was on the command line, so rotate it")))
    }

    /// The flags of `exec` that let it have its plain variables.
    pub(super) fn flags(&self, starter: &Starter) -> Vec<String> {
        let mut flags = Vec::new();
        for (name, value) in &self.variables {
            if is_dangerous(name) && self.dangerous.contains(name) {
                flags.extend(["--allow-dangerous-env".to_owned(), name.clone()]);
            }
            // What a grant holds of the surroundings is passed on in any case.
            if let Value::Text(text) = value
                && !matches!(name.as_str(), "PATH" | "HOME")
            {
                let place = Place::Variable(name.clone());
                let is_known = started::given(text, &place, starter).as_deref() == Some(text);
                let flag = if is_known { "--pass" } else { "--pass-any" };
                flags.extend([flag.to_owned(), name.clone()]);
            }
        }
        flags
    }

    /// The program and its arguments.
    pub(super) fn command(&self) -> (&str, &[String]) {
        (&self.program, &self.arguments)
    }

    /// The variables as the entry has them.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, String)> {
        self.variables.iter().map(|(name, value)| {
            let text = match value {
                Value::Secret(secret) => reference(secret),
                Value::Text(text) => text.clone(),
            };
            (name.as_str(), text)
        })
    }

    /// The secrets, in the order in which they were named.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &SecretName> {
        self.variables.iter().filter_map(|(_, value)| match value {
            Value::Secret(name) => Some(name),
            Value::Text(_) => None,
        })
    }
}
