//! Rotation commands: what one means, when it is to be recorded and whenever it is run.
//!
//! Both are worked out in the same way, so that the one can be compared with the other. Nothing is released here.

use std::ffi::OsString;
use std::path::PathBuf;

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::start::tell_skipped;
use super::quoted;
use super::release::{bound, dangers, words_with};
use super::wanted::find_all;
use crate::catalog::{Catalog, Home, Record};
use crate::launch::launcher::Reading;
use crate::launch::{Assignment, Caller, Plan, PlanError, Request, base_list, reading};
use crate::paths;
use crate::policy::{Argument, CURRENT_VARIABLE, Command, Danger, Grants, Rotation, Text};
use crate::secret::{SCHEME, SecretName};

/// The variable that a rotation command gets the name of the secret in.
pub(in crate::cli) const NAME_VARIABLE: &str = "BROKER_SECRET_NAME";

/// What a rotation command is worked out in.
pub(super) struct Surroundings {
    /// The folder it runs in.
    pub(super) folder: PathBuf,
    /// Whether it means something else in another folder.
    pub(super) is_bound: bool,
    /// `PATH` and `HOME`, where they are not the caller's.
    pub(super) recorded: Option<[OsString; 2]>,
}

/// A rotation command that was worked out.
pub(super) struct WorkedOut {
    pub(super) plan: Plan,
    pub(super) meaning: Reading,
    pub(super) command: Command,
}

/// A rotation command as a person is to see it before it is recorded.
pub(in crate::cli) struct Proposed {
    /// What is recorded.
    pub(in crate::cli) command: Command,
    /// What it is, in words, a line each.
    pub(in crate::cli) lines: Vec<String>,
}

/// Works out what a person is to allow as the rotation command of a secret: it runs in the current folder where that
/// matters, else in the home folder, as it will whenever it is run.
///
/// # Errors
/// What the words have wrong; `program-not-found`, `program-unreadable`.
pub(in crate::cli) fn proposed(
    words_of_command: &[String],
    record: &Record,
    catalog: &Catalog,
    home: &Home,
    context: &Context,
) -> Result<Proposed, Failure> {
    let here = std::env::current_dir().map_err(|e| {
        let message = format!("the current folder cannot be used: {e}");
        Failure::new("folder-unusable", message)
    })?;
    let user = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let user = user.map(PathBuf::from).or_else(paths::user_home);
    let user = user.ok_or_else(|| {
        Failure::new(
            "home-not-found",
            "a rotation command needs a HOME, and there is none",
        )
    })?;
    let wanted = |folder: &PathBuf, is_bound| {
        let surroundings = Surroundings {
            folder: folder.clone(),
            is_bound,
            recorded: None,
        };
        let name = &record.name;
        work_out(
            words_of_command,
            name,
            &surroundings,
            catalog,
            None,
            home,
            context,
        )
    };
    let mut found = wanted(&here, false)?;
    if found.command.folder.is_none() {
        found = wanted(&user, false)?;
    }
    if let Some(folder) = &found.command.folder {
        found = wanted(&PathBuf::from(folder.as_str()), true)?;
    }
    let WorkedOut { plan, command, .. } = found;
    let is_recordable = |text: &Text| !text.as_str().contains('\0');
    if ![&command.path, &command.home]
        .into_iter()
        .all(is_recordable)
        || !command.folder.iter().all(is_recordable)
    {
        let message = "PATH, HOME or the folder is not UTF-8, and cannot be recorded";
        return Err(Failure::new("variable-invalid", message));
    }
    tell_skipped(&plan.skipped, context);
    // No program but broker and what it runs so looks at the variable.
    let mut dangers = dangers(&command, &here, home);
    dangers.retain(|danger| *danger != Danger::Variable(CURRENT_VARIABLE.to_owned()));
    let mut lines = words_with(&command, &dangers, context);
    let folder = quoted(plan.starts_in.display());
    lines.push(format!("  runs in    {folder}"));
    Ok(Proposed { command, lines })
}

/// Returns the words of a rotation command, the program first.
pub(in crate::cli) fn words_of(rotation: &Rotation) -> Vec<String> {
    let command = &rotation.command;
    let arguments = command.arguments.iter().map(|argument| match argument {
        Argument::Text(text) => text.to_string(),
        Argument::Secret(secret) => format!("{SCHEME}{}", secret.name),
    });
    std::iter::once(command.program.name.to_string())
        .chain(arguments)
        .collect()
}

/// Works out what a rotation command means: with the variables it is promised, the base list, and those of the caller that
/// every server is passed.
pub(super) fn work_out(
    words: &[String],
    name: &SecretName,
    surroundings: &Surroundings,
    catalog: &Catalog,
    known: Option<&Grants>,
    home: &Home,
    context: &Context,
) -> Result<WorkedOut, Failure> {
    let config = context.config()?;
    let (mut pass, mut allow_dangerous) = (config.pass, config.allow_dangerous_env);
    allow_dangerous.push(CURRENT_VARIABLE.to_owned());
    pass.retain(|variable| ![NAME_VARIABLE, CURRENT_VARIABLE].contains(&variable.as_str()));
    let all: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let mut variables = base_list(&all);
    if let Some([path, user]) = &surroundings.recorded {
        variables.retain(|(name, _)| name != "PATH" && name != "HOME");
        variables.push(("PATH".into(), path.clone()));
        variables.push(("HOME".into(), user.clone()));
    }
    let is_passed = |name: &OsString| pass.iter().any(|passed| name.to_str() == Some(passed));
    let is_new = |name: &OsString| variables.iter().all(|(known, _)| known != name);
    let passed: Vec<_> = all
        .iter()
        .filter(|(name, _)| is_passed(name) && is_new(name))
        .cloned()
        .collect();
    variables.extend(passed);
    let caller = Caller {
        variables,
        folder: surroundings.folder.clone(),
        home: paths::user_home(),
    };
    let request = Request {
        command: words.iter().map(OsString::from).collect(),
        set: vec![Assignment {
            variable: CURRENT_VARIABLE.to_owned(),
            text: Some(format!("{SCHEME}{name}").into()),
        }],
        pass_if_set: pass,
        allow_dangerous,
        folder: surroundings.is_bound.then(|| surroundings.folder.clone()),
        ..Request::default()
    };
    let plan = Plan::make(request, &caller).map_err(failed)?;
    if plan.secrets() != [name.clone()] {
        let message = "a variable that the rotation command would be passed holds a reference";
        let hint = "it is given no secret but the one it rotates";
        return Err(Failure::new("reference-invalid", message).hint(hint));
    }
    let meaning = reading(&plan, &home.paths);
    let wanted = find_all(&plan, catalog)?;
    let command = bound(&plan, &meaning, &wanted, known, home)?;
    Ok(WorkedOut {
        plan,
        meaning,
        command,
    })
}

/// Words an error of the plan: nothing was started, and there are no flags of `exec` that would help.
fn failed(error: PlanError) -> Failure {
    let (message, hint) = if let PlanError::ArgumentReference(place) = &error {
        let message = format!("argument {place} of the rotation command holds a reference");
        let hint = format!("it gets the current value in {CURRENT_VARIABLE}");
        (message, Some(hint))
    } else {
        (format!("the rotation command: {error}"), None)
    };
    Failure {
        message,
        hint,
        ..Failure::from(error).exiting(1)
    }
}
