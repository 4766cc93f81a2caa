//! What will be done, worked out before any value is read.
//!
//! A plan names everything: the program, the arguments, and for each variable where it comes from.
//! What is not in the plan does not reach the server.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::program::{ProgramError, Skipped, find_program, is_path, safe_search_path};
use super::project::project;
use super::{base_list, is_dangerous};
use crate::config::is_variable;
use crate::paths::default_search_path;
use crate::secret::{NameError, Reference, ReferenceError, SecretName, WhenOverdue};

/// What was asked for, by flags and by `broker.toml`.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The label of the server.
    pub label: Option<String>,
    /// The program as it was named, and its arguments.
    pub command: Vec<OsString>,
    /// Variables that are set.
    pub set: Vec<Assignment>,
    /// Variables of the caller that are passed on; unset is an error.
    pub pass: Vec<String>,
    /// Variables of the caller that are passed on whatever their value; unset is an error.
    pub pass_any: Vec<String>,
    /// Variables of the caller that are passed on where they are set.
    pub pass_if_set: Vec<String>,
    /// Dangerous variables that are allowed.
    pub allow_dangerous: Vec<String>,
    /// Whether a reference may stand as an argument.
    pub allow_argv_secret: bool,
    /// Whether packages that a launcher fetches may run their install scripts.
    pub install_scripts: bool,
    /// What is done about secrets whose time is over.
    pub when_overdue: Option<WhenOverdue>,
    /// The folder to start in, where it is not the caller's.
    pub folder: Option<PathBuf>,
}

/// A variable that is to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub variable: String,
    /// The text it was given: a reference or a literal. `None` stands for the secret of the
    /// variable's own name.
    pub text: Option<OsString>,
}

/// What the plan takes from the caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its environment.
    pub variables: Vec<(OsString, OsString)>,
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// The user's home folder, for a caller that has no `HOME`.
    pub home: Option<PathBuf>,
}

/// Where the value of a variable comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A secret.
    Secret(SecretName),
    /// A text that was given.
    Literal(OsString),
    /// The caller's own variable, with the value it had.
    Passed(OsString),
    /// The caller's own variable, whatever its value.
    PassedAny(OsString),
}

/// An argument of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A text.
    Text(OsString),
    /// A secret, visible to all users of the machine: only where it was asked for.
    Secret(SecretName),
}

/// What will be executed, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The label of the server.
    pub label: Option<String>,
    /// The absolute path that is executed.
    pub program: PathBuf,
    /// The program's own name for itself: the word as it was given.
    pub name: OsString,
    /// The arguments behind it.
    pub arguments: Vec<Argument>,
    /// The folder to start in, where it is not the caller's.
    pub folder: Option<PathBuf>,
    /// The folder it starts in, absolute.
    pub starts_in: PathBuf,
    /// The project that folder lies in.
    pub project: Option<PathBuf>,
    /// The caller's `PATH`, less the entries in which somebody else may have put a program.
    pub search: OsString,
    /// Those entries.
    pub skipped: Vec<Skipped>,
    /// The caller's `HOME`.
    pub home: OsString,
    /// Whether packages that a launcher fetches may run their install scripts.
    pub install_scripts: bool,
    /// What is done about secrets whose time is over.
    pub when_overdue: Option<WhenOverdue>,
    /// The base list, less what is named.
    pub base: Vec<(OsString, OsString)>,
    /// The named variables.
    pub variables: BTreeMap<String, Source>,
}

/// Why there is no plan. Never holds a text that might be a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No program was named.
    #[error("no command was given")]
    NoCommand,
    /// The program cannot be executed, and in these entries of `PATH` it was not looked for.
    #[error("{error}")]
    Program {
        /// What is wrong.
        error: ProgramError,
        /// Where it was not looked for.
        skipped: Vec<Skipped>,
    },
    /// The folder to start in is not there.
    #[error("the folder \"{}\" cannot be entered", .0.display())]
    Folder(PathBuf),
    /// What was named is not the name of a variable. Not repeated: it may be a value.
    #[error("the name of a variable has letters, digits and '_' and begins with no digit")]
    VariableName,
    /// A variable is named for which there can be no secret of the same name.
    #[error("no secret can have the name of {}: {}", called(.0), .1)]
    NoSecretOfThatName(String, NameError),
    /// Two things were asked for one variable.
    #[error("{} is named twice", called(.0))]
    Twice(String),
    /// A reference is malformed or stands inside a longer text.
    #[error("{}: {}", called(.0), .1)]
    Reference(String, ReferenceError),
    /// A variable that is to be passed on is not set.
    #[error("{} is to be passed on, but it is not set", called(.0))]
    Unset(String),
    /// A variable that is to be passed on holds a reference.
    #[error("{} holds a reference, which is injected without being passed on", called(.0))]
    PassedReference(String),
    /// The variable can inject code or redirect trust.
    #[error("{} can inject code or redirect trust", called(.0))]
    Dangerous(String),
    /// An argument holds a reference.
    #[error("argument {0} of the server holds a reference")]
    ArgumentReference(usize),
    /// An argument holds a malformed reference, or one inside a longer text.
    #[error("argument {0} of the server: {1}")]
    BadArgumentReference(usize, ReferenceError),
    /// What was allowed holds bytes that cannot be a text of this system.
    #[error("what was allowed holds bytes that are no text on this system")]
    NotOfThisSystem,
}

/// How a variable is called in messages: by its name, where that has the form that variables have. What was
/// typed in its place by mistake may be a value, and few values have that form.
#[must_use]
pub fn called(variable: &str) -> String {
    if is_conventional(variable) || is_dangerous(variable) {
        format!("the variable {variable}")
    } else {
        "a variable that was named".to_owned()
    }
}

/// Tells whether a name has the form of the variables of POSIX utilities: upper-case letters, digits and
/// underscores (POSIX.1-2024, XBD 8.1).
#[must_use]
pub fn is_conventional(variable: &str) -> bool {
    is_variable(variable) && !variable.bytes().any(|b| b.is_ascii_lowercase())
}

impl Plan {
    /// Works out what `request` means for `caller`.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn make(request: Request, caller: &Caller) -> Result<Self, PlanError> {
        let mut command = request.command.iter();
        let name = command.next().ok_or(PlanError::NoCommand)?.clone();
        let arguments = arguments(command, request.allow_argv_secret)?;
        let folder = request.folder.as_ref().map(|f| caller.folder.join(f));
        if let Some(folder) = folder.as_ref().filter(|f| !f.is_dir()) {
            return Err(PlanError::Folder(folder.clone()));
        }
        let starts_in = folder.as_ref().unwrap_or(&caller.folder).clone();
        let path = caller
            .get("PATH")
            .map_or_else(default_search_path, OsStr::to_owned);
        let project = project(&starts_in, caller.home.as_deref());
        // Looking at each entry takes time, so it is done only where something is looked up, or a secret given out.
        let by_name = !is_path(&name);
        let (mut search, mut skipped) = (path.clone(), Vec::new());
        if by_name {
            (search, skipped) = safe_search_path(&path, project.as_deref());
        }
        let program = match find_program(&name, &search, &starts_in) {
            Ok(program) => program,
            Err(error) => return Err(PlanError::Program { error, skipped }),
        };
        let variables = variables(&request, caller)?;
        let is_secret = |source: &Source| matches!(source, Source::Secret(_));
        let in_arguments = arguments.iter().any(|a| matches!(a, Argument::Secret(_)));
        if !by_name && (in_arguments || variables.values().any(is_secret)) {
            (search, skipped) = safe_search_path(&path, project.as_deref());
        }
        let mut base = base_list(&caller.variables);
        let mut supply = |name: &str, value: Option<OsString>| {
            if let (None, Some(value)) = (caller.get(name), value) {
                base.retain(|(n, _)| n != name);
                base.push((name.into(), value));
            }
        };
        supply("PATH", Some(path));
        supply("HOME", caller.home.as_ref().map(OsString::from));
        let home = caller.get("HOME").map(OsStr::to_owned);
        base.retain(|(name, _)| {
            name.to_str()
                .is_none_or(|name| !variables.contains_key(name))
        });
        Ok(Self {
            label: request.label,
            program,
            name,
            arguments,
            folder,
            starts_in,
            project,
            search,
            skipped,
            home: home
                .or(caller.home.clone().map(OsString::from))
                .unwrap_or_default(),
            install_scripts: request.install_scripts,
            when_overdue: request.when_overdue,
            base,
            variables,
        })
    }

    /// Returns the names of the secrets that are needed, each once.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretName> {
        let of_variables = self.variables.values().filter_map(|source| match source {
            Source::Secret(name) => Some(name),
            Source::Literal(_) | Source::Passed(_) | Source::PassedAny(_) => None,
        });
        let of_arguments = self.arguments.iter().filter_map(|argument| match argument {
            Argument::Secret(name) => Some(name),
            Argument::Text(_) => None,
        });
        let mut names: Vec<_> = of_variables.chain(of_arguments).cloned().collect();
        names.sort();
        names.dedup();
        names
    }
}

impl Caller {
    /// Looks a variable up. An empty one counts as not set where a path is meant.
    fn get(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(n, _)| n == name);
        found
            .map(|(_, value)| value.as_os_str())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn value(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_os_str())
    }
}

fn arguments<'a>(
    words: impl Iterator<Item = &'a OsString>,
    allow_secret: bool,
) -> Result<Vec<Argument>, PlanError> {
    let one = |(index, word): (usize, &OsString)| {
        let place = index.saturating_add(1);
        match find(word) {
            Ok(None) => Ok(Argument::Text(word.clone())),
            Ok(Some(reference)) if allow_secret => Ok(Argument::Secret(reference.name)),
            Err(error) if allow_secret => Err(PlanError::BadArgumentReference(place, error)),
            Ok(Some(_)) | Err(_) => Err(PlanError::ArgumentReference(place)),
        }
    };
    words.enumerate().map(one).collect()
}

/// Gathers every named variable, refusing any that is named twice.
fn variables(request: &Request, caller: &Caller) -> Result<BTreeMap<String, Source>, PlanError> {
    if !request.allow_dangerous.iter().all(|name| is_variable(name)) {
        return Err(PlanError::VariableName);
    }
    let mut named = BTreeMap::new();
    let mut add = |variable: &str, source: Source| -> Result<(), PlanError> {
        if !is_variable(variable) {
            return Err(PlanError::VariableName);
        }
        let allowed = request.allow_dangerous.iter().any(|name| name == variable);
        if is_dangerous(variable) && !allowed {
            return Err(PlanError::Dangerous(variable.to_owned()));
        }
        match named.insert(variable.to_owned(), source) {
            None => Ok(()),
            Some(_) => Err(PlanError::Twice(variable.to_owned())),
        }
    };
    for Assignment { variable, text } in &request.set {
        if !is_variable(variable) {
            return Err(PlanError::VariableName);
        }
        let source = match text {
            None => Source::Secret(
                variable
                    .parse()
                    .map_err(|error| PlanError::NoSecretOfThatName(variable.clone(), error))?,
            ),
            Some(text) => match found(variable, text)? {
                Some(reference) => Source::Secret(reference.name),
                None => Source::Literal(text.clone()),
            },
        };
        add(variable, source)?;
    }
    for (variable, value) in &caller.variables {
        let Some(name) = variable.to_str().filter(|name| is_variable(name)) else {
            // No variable that broker would inject; but a reference in it was meant for something.
            match find(value) {
                Ok(None) => continue,
                Ok(Some(_)) | Err(_) => return Err(PlanError::VariableName),
            }
        };
        if let Some(reference) = found(name, value)? {
            let mut passed = request.pass.iter().chain(&request.pass_any);
            if passed.any(|passed| passed == name) {
                return Err(PlanError::PassedReference(name.to_owned()));
            }
            add(name, Source::Secret(reference.name))?;
        }
    }
    let passed = |variable: &String| {
        if !is_variable(variable) {
            return Err(PlanError::VariableName);
        }
        let value = caller.value(variable).map(OsStr::to_owned);
        value.ok_or_else(|| PlanError::Unset(variable.clone()))
    };
    for variable in &request.pass {
        add(variable, Source::Passed(passed(variable)?))?;
    }
    for variable in &request.pass_any {
        add(variable, Source::PassedAny(passed(variable)?))?;
    }
    for variable in &request.pass_if_set {
        // A default gives way to what is named for this server.
        let named = request.pass.contains(variable)
            || request.pass_any.contains(variable)
            || request
                .set
                .iter()
                .any(|assignment| assignment.variable == *variable);
        let Some(value) = caller.value(variable).filter(|_| !named) else {
            continue;
        };
        if found(variable, value)?.is_none() {
            add(variable, Source::Passed(value.to_owned()))?;
        }
    }
    Ok(named)
}

fn found(variable: &str, text: &OsStr) -> Result<Option<Reference>, PlanError> {
    find(text).map_err(|error| PlanError::Reference(variable.to_owned(), error))
}

/// Looks for a reference. Bytes that are not UTF-8 are compared too: they may stand around one.
fn find(text: &OsStr) -> Result<Option<Reference>, ReferenceError> {
    Reference::find(&text.to_string_lossy())
}

#[cfg(all(test, unix))]
mod tests;
