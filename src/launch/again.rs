//! From what was allowed back to a plan, for a start that no client asked for.
//!
//! The plan is as it would be if the same words were said again in the surroundings that were allowed. It is judged as any
//! other: what comes from a file of grants is not taken for allowed here.

use std::ffi::OsString;

use super::{Assignment, Caller, Plan, PlanError, Request, base_list};
use crate::policy::{self, Command, Secret, Text};
use crate::secret::SecretName;

impl Plan {
    /// Works out what a command that was allowed means now. `named` says what a secret is called by now. What the command
    /// takes of any caller comes from `caller`: the base list, variables that are passed on whatever their value, and the
    /// folder where none is bound.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn of_allowed(
        command: &Command,
        named: &dyn Fn(&Secret) -> SecretName,
        caller: &Caller,
    ) -> Result<Self, PlanError> {
        let reference = |secret: &Secret| OsString::from(format!("broker://{}", named(secret)));
        let word = |argument: &policy::Argument| match argument {
            policy::Argument::Text(text) => system_text(text),
            policy::Argument::Secret(secret) => Ok(reference(secret)),
        };
        let mut words = vec![system_text(&command.program.name)?];
        for argument in &command.arguments {
            words.push(word(argument)?);
        }
        let mut set = Vec::new();
        for (variable, secret) in &command.variables {
            set.push(assignment(variable, reference(secret)));
        }
        for (variable, text) in &command.literals {
            set.push(assignment(variable, system_text(text)?));
        }
        let (mut pass, mut pass_any) = (Vec::new(), Vec::new());
        let mut surroundings = surroundings(command, caller)?;
        for (variable, text) in &command.passed {
            let value = match text {
                Some(text) => {
                    pass.push(variable.clone());
                    Some(system_text(text)?)
                }
                None => {
                    pass_any.push(variable.clone());
                    caller.value(variable).map(ToOwned::to_owned)
                }
            };
            surroundings.retain(|(name, _)| name != variable.as_str());
            surroundings.extend(value.map(|value| (variable.into(), value)));
        }
        let is_secret =
            |argument: &policy::Argument| matches!(argument, policy::Argument::Secret(_));
        let names = command.variables.keys().chain(command.literals.keys());
        let folder = command.folder.as_ref().map(system_text).transpose()?;
        let request = Request {
            label: command.server.clone(),
            command: words,
            set,
            pass,
            pass_any,
            pass_if_set: Vec::new(),
            allow_dangerous: names.chain(command.passed.keys()).cloned().collect(),
            allow_argv_secret: command.arguments.iter().any(is_secret),
            install_scripts: command.install_scripts,
            when_overdue: None,
            folder: folder.map(Into::into),
        };
        let caller = Caller {
            variables: surroundings,
            folder: caller.folder.clone(),
            home: caller.home.clone(),
        };
        Self::make(request, &caller)
    }
}

/// The caller's base list, with the `PATH` and the `HOME` that were allowed.
fn surroundings(
    command: &Command,
    caller: &Caller,
) -> Result<Vec<(OsString, OsString)>, PlanError> {
    let mut variables = base_list(&caller.variables);
    for (name, text) in [("PATH", &command.path), ("HOME", &command.home)] {
        variables.retain(|(known, _)| known != name);
        variables.push((name.into(), system_text(text)?));
    }
    Ok(variables)
}

fn assignment(variable: &str, text: OsString) -> Assignment {
    Assignment {
        variable: variable.to_owned(),
        text: Some(text),
    }
}

/// Returns a text that was kept as the system has it.
fn system_text(text: &Text) -> Result<OsString, PlanError> {
    text.bytes()
        .and_then(from_bytes)
        .ok_or(PlanError::NotOfThisSystem)
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "on other systems not every sequence of bytes is a text"
)]
fn from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

#[cfg(all(test, unix))]
mod tests;
