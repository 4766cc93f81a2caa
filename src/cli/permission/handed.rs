//! The way of a current value into the rotation command of its secret: matched, logged, read, confirmed by the seal.
//!
//! As with a start, the match is made before any store is asked, the log is told before the value is read, and only if
//! the seal that comes with the value confirms the match is it handed on.

use std::path::PathBuf;

use super::super::audited::Event;
use super::super::context::{Context, find};
use super::super::failure::Failure;
use super::super::stores::OpenStores;
use super::release::Stamps;
use super::rotation::{Surroundings, WorkedOut, words_of, work_out};
use super::wanted::{find_all, read};
use super::{Permissions, differences, ensure_thawed, ensure_thawed_by_seals, seals};
use crate::audit::{Action, Outcome};
use crate::catalog::{Catalog, Home, Record};
use crate::launch::{Plan, Values, finds_elsewhere, prepare};
use crate::policy::{Asked, Difference, Grants, Text};
use crate::secret::SecretName;
use crate::store::{StoreError, Version};

/// How often the home may change under the reading before that is given up.
const TRIES: usize = 20;

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
        let record = find(&catalog, name)?;
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
        let is_seal = |error: &StoreError| matches!(error, StoreError::NotFound { item, .. } if item.secret_name().is_none());
        let batch = batch.map_err(|error| match is_seal(&error) {
            true => failed(seals::missing()),
            false => failed(error.into()),
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
/// where none is recorded. What is wrong with one file is no matter where another one matches.
fn judge<'a>(
    record: &Record,
    catalog: &Catalog,
    permissions: &'a Permissions,
    home: &Home,
    context: &Context,
) -> Result<Vec<(&'a Grants, WorkedOut)>, Failure> {
    let (mut matched, mut wrong) = (Vec::new(), None);
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
        );
        let found = match found {
            Ok(found) => found,
            Err(failure) => {
                wrong = Some(failure);
                continue;
            }
        };
        let differs = rotation.differences(&Asked {
            command: &found.command,
            found_elsewhere: &|path: &Text| finds_elsewhere(&found.plan, &found.meaning, path),
        });
        if differs.is_empty() {
            matched.push((file, found));
        } else {
            wrong = Some(changed(name, &differs));
        }
    }
    match wrong {
        Some(failure) if matched.is_empty() => Err(failure),
        _ => Ok(matched),
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
