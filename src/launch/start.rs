//! The last step: putting the values into the server's environment and becoming the server.

use std::io;

use super::Plan;
use crate::secret::{SecretName, SecretValue};

/// The longest variable the kernel takes, in bytes: name, `=`, value and the closing NUL
/// (`MAX_ARG_STRLEN` of Linux, 32 pages of 4 KiB; execve(2)).
const MAX_VARIABLE_BYTES: usize = 131_072;

/// The values of a plan's secrets, by name.
pub type Values = Vec<(SecretName, SecretValue)>;

/// Why the server was not started. Never holds a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A value is missing from what was read: a mistake of the caller.
    #[error("the value of \"{0}\" was not read")]
    NotRead(SecretName),
    /// No variable and no argument can hold a NUL.
    #[error("the value of \"{0}\" holds a NUL byte, which a variable cannot hold")]
    Nul(SecretName),
    /// The system takes no variable as long as this one.
    #[error("{} would be longer than the {MAX_VARIABLE_BYTES} bytes the system takes", super::called(.0))]
    TooLong(String),
    /// Arguments and environment together, or one argument, are longer than the system takes.
    #[error("the arguments and the environment are longer than the system takes")]
    TooMuch,
    /// An argument or a text of the caller holds a NUL.
    #[error("an argument or a variable holds a NUL byte")]
    NulInText,
    /// The folder could not be entered.
    #[error("the folder \"{}\" could not be entered: {}", .0.display(), .1)]
    Folder(std::path::PathBuf, #[source] io::Error),
    /// The program or its interpreter is not there.
    #[error("\"{}\" could not be started: the file or its interpreter was not found", .0.display())]
    NotFound(std::path::PathBuf),
    /// The system refused to execute it.
    #[error("\"{}\" could not be started: {}", .0.display(), .1)]
    NotExecutable(std::path::PathBuf, #[source] io::Error),
    /// This system has no way to start servers yet.
    #[error("starting servers is not supported on this system yet")]
    Unsupported,
}

#[cfg(unix)]
impl StartError {
    /// Says what it means that the program of `plan` could not be executed.
    pub(super) fn of(plan: &Plan, error: io::Error) -> Self {
        let program = plan.program.clone();
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the kinds of errors are non-exhaustive"
        )]
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound(program),
            // What is too long is ours: there is nothing wrong with the program.
            io::ErrorKind::ArgumentListTooLong => Self::TooMuch,
            _ => Self::NotExecutable(program, error),
        }
    }
}

/// Checks that every value can be put where the plan wants it.
///
/// # Errors
/// [`StartError::NotRead`], [`StartError::Nul`], [`StartError::TooLong`].
pub fn check_values(plan: &Plan, values: &Values) -> Result<(), StartError> {
    for name in plan.secrets() {
        if value(values, &name)?.has_nul() {
            return Err(StartError::Nul(name));
        }
    }
    for (variable, source) in &plan.variables {
        let length = match source {
            super::Source::Secret(name) => value(values, name)?.len(),
            super::Source::Literal(text)
            | super::Source::Passed(text)
            | super::Source::PassedAny(text) => text.len(),
        };
        let whole = length.saturating_add(variable.len()).saturating_add(2);
        if cfg!(unix) && whole > MAX_VARIABLE_BYTES {
            return Err(StartError::TooLong(variable.clone()));
        }
    }
    Ok(())
}

fn value<'a>(values: &'a Values, name: &SecretName) -> Result<&'a SecretValue, StartError> {
    let found = values.iter().find(|(n, _)| n == name);
    found
        .map(|(_, value)| value)
        .ok_or_else(|| StartError::NotRead(name.clone()))
}

/// Becomes the server. Returns only if that failed.
#[cfg(unix)]
#[must_use]
pub fn start(plan: &Plan, values: Values) -> StartError {
    match try_start(plan, &values) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

/// Becomes the server. Returns only if that failed.
#[cfg(not(unix))]
#[must_use]
pub fn start(_plan: &Plan, _values: Values) -> StartError {
    StartError::Unsupported
}

#[cfg(unix)]
fn try_start(plan: &Plan, values: &Values) -> Result<std::convert::Infallible, StartError> {
    use crate::sys;
    use std::os::unix::ffi::OsStrExt;

    check_values(plan, values)?;
    let blocks = Blocks::of(plan, values)?;
    let program = sys::c_string(plan.program.as_os_str().as_bytes());
    let program = program.map_err(|_| StartError::NulInText)?;
    if let Some(folder) = &plan.folder {
        std::env::set_current_dir(folder).map_err(|e| StartError::Folder(folder.clone(), e))?;
    }
    let error = sys::replace(&program, &blocks.arguments, &blocks.environment);
    Err(StartError::of(plan, error))
}

/// The arguments and the environment of a plan, values in their places.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) arguments: crate::sys::Block,
    pub(super) environment: crate::sys::Block,
}

#[cfg(unix)]
impl Blocks {
    pub(super) fn of(plan: &Plan, values: &Values) -> Result<Self, StartError> {
        use crate::sys::Block;
        use std::os::unix::ffi::OsStrExt;

        let nul = |_| StartError::NulInText;
        let mut arguments = Block::default();
        arguments.push(&[plan.name.as_bytes()]).map_err(nul)?;
        for argument in &plan.arguments {
            match argument {
                super::Argument::Text(text) => arguments.push(&[text.as_bytes()]).map_err(nul)?,
                super::Argument::Secret(name) => {
                    arguments.push(&[exposed(values, name)?]).map_err(nul)?;
                }
            }
        }
        let mut environment = Block::default();
        for (name, text) in &plan.base {
            let parts = [name.as_bytes(), b"=", text.as_bytes()];
            environment.push(&parts).map_err(nul)?;
        }
        for (variable, source) in &plan.variables {
            let bytes = match source {
                super::Source::Secret(name) => exposed(values, name)?,
                super::Source::Literal(text)
                | super::Source::Passed(text)
                | super::Source::PassedAny(text) => text.as_bytes(),
            };
            let parts = [variable.as_bytes(), b"=", bytes];
            environment.push(&parts).map_err(nul)?;
        }
        Ok(Self {
            arguments,
            environment,
        })
    }
}

#[cfg(unix)]
#[expect(
    clippy::disallowed_methods,
    reason = "the exit of design D17: into the server"
)]
fn exposed<'a>(values: &'a Values, name: &SecretName) -> Result<&'a [u8], StartError> {
    value(values, name).map(SecretValue::expose)
}
