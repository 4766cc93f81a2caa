//! Rotation commands: working one out to be recorded, and the way of the current value into the one that was.
//!
//! As with a start, the match is made before any store is asked, the log is told before the value is read, and the seal
//! that comes with the value has to confirm the match.

use std::ffi::OsString;
use std::path::PathBuf;

use super::super::audited::Event;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::start::tell_skipped;
use super::super::stores::OpenStores;
use super::release::{Stamps, bound, dangers, words_with};
use super::wanted::{find_all, read};
use super::{Permissions, differences, ensure_thawed, ensure_thawed_by_seals, seals};
use crate::audit::{Action, Outcome};
use crate::catalog::{Catalog, Home, Record};
use crate::launch::{
    Assignment, Caller, Plan, PlanError, Request, Values, base_list, finds_elsewhere, prepare,
    reading,
};
use crate::paths;
use crate::policy::{
    Argument, Asked, CURRENT_VARIABLE, Command, Danger, Difference, Grants, Rotation, Text,
};
use crate::secret::{SCHEME, SecretName};
use crate::store::{StoreError, Version};

/// The variable that a rotation command gets the name of the secret in.
pub(in crate::cli) const NAME_VARIABLE: &str = "BROKER_SECRET_NAME";

/// How often the home may change under the reading before that is given up.
const TRIES: usize = 20;

/// What a rotation command is worked out in.
struct Surroundings {
    /// The folder it runs in.
    folder: PathBuf,
    /// Whether it means something else in another folder.
    is_bound: bool,
    /// `PATH` and `HOME`, where they are not the caller's.
    recorded: Option<[OsString; 2]>,
}

/// A rotation command that was worked out.
struct WorkedOut {
    plan: Plan,
    command: Command,
    elsewhere: Box<dyn Fn(&Text) -> Vec<String>>,
}

/// A rotation command as a person is to see it before it is recorded.
pub(in crate::cli) struct Proposed {
    /// What is recorded.
    pub(in crate::cli) command: Command,
    /// What it is, in words, a line each.
    pub(in crate::cli) lines: Vec<String>,
}

/// What is handed on to the rotation command.
pub(in crate::cli) struct Handed {
    /// What is to be run.
    pub(in crate::cli) plan: Plan,
    /// The current value, by its name.
    pub(in crate::cli) values: Values,
    /// What the log is told of how it ended.
    pub(in crate::cli) event: Event,
    /// The secret, by what does not change when it is renamed.
    pub(in crate::cli) id: String,
    /// The version whose value that is.
    pub(in crate::cli) version: Version,
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
    let folder = super::quoted(plan.starts_in.display());
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

/// Releases the current value of the secret `name` to its rotation command, which is worked out again from what was
/// recorded.
///
/// # Errors
/// `frozen`, `secret-not-found`, `rotation-command-missing`, `grant-changed`, `audit-unwritable`, in all of which no store
/// was asked; a store's error; `grants-invalid`, `seal-missing`.
pub(in crate::cli) fn handed(
    name: &SecretName,
    detail: &str,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<Handed, Failure> {
    let mut ignored: Vec<Grants> = Vec::new();
    let mut told = None;
    for _ in 0..TRIES {
        let stamps = Stamps::of(home);
        let catalog = home.catalog()?;
        let record = super::super::context::find(&catalog, name)?;
        let event = Event::new(Action::Rotate)
            .secret(name, Some(record.current))
            .detail(detail);
        let withheld = |failure| event.withheld(failure, home, context);
        ensure_thawed(home).map_err(withheld)?;
        let permissions = Permissions::load(home, &context.output).without(&ignored);
        let matched = judge(record, &catalog, &permissions, home, context).map_err(withheld)?;
        let Some((_, first)) = matched.first() else {
            return Err(withheld(missing(name)));
        };
        let wanted = find_all(&first.plan, &catalog).map_err(withheld)?;
        let event = event.clone().command(&first.command);
        let failed = |failure| event.withheld(failure, home, context);
        if told != Some(record.current) {
            event.write(Outcome::Intent, home, context)?;
            told = Some(record.current);
        }
        let batch = read(home, &wanted, stores);
        if stamps != Stamps::of(home) {
            continue;
        }
        let batch = batch.map_err(|error| match error {
            StoreError::NotFound { item, .. } if item.secret_name().is_none() => {
                failed(seals::missing())
            }
            error => failed(error.into()),
        })?;
        ensure_thawed_by_seals(home, &batch.seals).map_err(failed)?;
        let unknown = permissions.unknown_to(&batch.seals);
        let known = matched
            .into_iter()
            .find(|(file, _)| !unknown.contains(file));
        let Some((file, found)) = known else {
            let mut why = permissions.files().iter();
            let why = why.find_map(|file| file.check(&batch.seals).err());
            let failure = why.map_or_else(seals::missing, Failure::from);
            if unknown.len() == permissions.files().len() {
                return Err(failed(failure));
            }
            // As with a start: judged again by the file that counts.
            context.output.warning(&format!(
                "a file of grants is ignored, nothing in it counts: {}",
                failure.message
            ));
            ignored.extend(unknown);
            told = None;
            continue;
        };
        let mut plan = found.plan;
        let granted = file.rotation(&record.id).map(|rotation| &rotation.command);
        let granted = granted.unwrap_or(&found.command);
        let settled = plan.settle(granted, &home.paths);
        let settled = settled.map_err(|error| failed(error.into()))?;
        prepare(&settled).map_err(|error| failed(error.into()))?;
        return Ok(Handed {
            plan,
            values: batch.values,
            event,
            id: record.id.clone(),
            version: record.current,
        });
    }
    Err(Failure::new(
        "home-busy",
        "the home was changed all the time while the value was read",
    ))
}

/// Judges the rotation command of a secret by each file of grants. Returns those that match, with the file each; none
/// where none is recorded.
fn judge<'a>(
    record: &Record,
    catalog: &Catalog,
    permissions: &'a Permissions,
    home: &Home,
    context: &Context,
) -> Result<Vec<(&'a Grants, WorkedOut)>, Failure> {
    let (mut matched, mut nearest) = (Vec::new(), None);
    for file in permissions.files() {
        let Some(rotation) = file.rotation(&record.id) else {
            continue;
        };
        let recorded = &rotation.command;
        let folder = recorded.folder.as_ref().unwrap_or(&recorded.home);
        let surroundings = Surroundings {
            folder: PathBuf::from(folder.as_str()),
            is_bound: recorded.folder.is_some(),
            recorded: Some([&recorded.path, &recorded.home].map(|text| text.as_str().into())),
        };
        let words = words_of(rotation);
        let name = &record.name;
        let found = work_out(
            &words,
            name,
            &surroundings,
            catalog,
            Some(file),
            home,
            context,
        )?;
        let differs = rotation.differences(&Asked {
            command: &found.command,
            found_elsewhere: &found.elsewhere,
        });
        if differs.is_empty() {
            matched.push((file, found));
        } else {
            nearest = Some(differs);
        }
    }
    match nearest {
        Some(differs) if matched.is_empty() => Err(changed(&record.name, &differs)),
        _ => Ok(matched),
    }
}

/// Works out what a rotation command means: with the variables it is promised, the base list, and those of the caller that
/// every server is passed.
fn work_out(
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
    let looked = plan.clone();
    Ok(WorkedOut {
        plan,
        command,
        elsewhere: Box::new(move |path| finds_elsewhere(&looked, &meaning, path)),
    })
}

/// Words an error of the plan: nothing was started, and there are no flags of `exec` that would help.
fn failed(error: PlanError) -> Failure {
    let in_argument = match &error {
        PlanError::ArgumentReference(place) => Some(*place),
        _ => None,
    };
    let failure = Failure::from(error).exiting(1);
    match in_argument {
        Some(place) => Failure {
            message: format!("argument {place} of the rotation command holds a reference"),
            ..failure
        }
        .hint(format!("it gets the current value in {CURRENT_VARIABLE}")),
        None => Failure {
            message: format!("the rotation command: {}", failure.message),
            hint: None,
            ..failure
        },
    }
}

fn missing(name: &SecretName) -> Failure {
    let message = format!("no rotation command is recorded for \"{name}\"");
    Failure::new("rotation-command-missing", message).hint(format!(
        "record one with: broker edit {name} --rotate-command '[\"PROGRAM\", \"ARGUMENT\"]'"
    ))
}

fn changed(name: &SecretName, found: &[Difference]) -> Failure {
    let message =
        format!("the rotation command of \"{name}\" was not run: it is not what was recorded");
    let lines = differences(found).into_iter();
    Failure::new("grant-changed", message)
        .more(lines.map(|line| format!("  {line}")).collect())
        .hint(format!(
            "look at what changed, and record it again with: broker edit {name} --rotate-command"
        ))
}
