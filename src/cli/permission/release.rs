//! The way of values into a server: matched, logged, read, confirmed by the seal, in this order.
//!
//! The match is made before any store is asked, so what was never allowed costs no call to one. The log is told
//! before the values are read. The seal comes in the same batch as the values, and only if it
//! confirms the grant are they handed on.

use std::path::Path;

use super::super::audited::Event;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::stores::OpenStores;
use super::anchors::anchor_if_far;
use super::asking::{not_allowed, refused};
use super::seals::{self, Seals};
use super::seen::Seen;
use super::trial::Trial;
use super::wanted::{Wanted, find_all, read};
use super::{Answer, Permissions, describe, ensure_thawed};
use crate::audit::{Action, Outcome};
use crate::catalog::change::Stores;
use crate::catalog::{Catalog, Home};
use crate::launch::launcher::Reading;
use crate::launch::{KnownContents, Plan, Values, bind, finds_elsewhere, prepare, reading, review};
use crate::paths::FileStamp;
use crate::policy::{Asked, Binding, Command, Danger, Difference, Grants, Text, Verdict};
use crate::secret::{SecretName, State, WhenOverdue};
use crate::store::StoreError;

/// How often the home may change under the reading before that is given up.
pub(super) const TRIES: usize = 20;

/// What is handed on: the values, and what the log is told if the start fails.
#[derive(Debug)]
pub(in crate::cli) struct Released {
    pub(in crate::cli) values: Values,
    /// The seals that confirmed it.
    pub(in crate::cli) seals: Seals,
    pub(in crate::cli) event: Event,
}

/// What values are released for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose<'a> {
    /// A start that somebody asked for.
    Start,
    /// Trying the next version of a secret out. Whoever does that has the home's lock and the value, and nobody is asked.
    Trial(&'a Trial),
}

/// By what a command is allowed.
pub(super) enum Allowed<'a> {
    /// By a grant in each of these files, of which the seals know one at most.
    Granted(Vec<Granted<'a>>),
    /// By the person, this once.
    Once,
}

/// A grant, and the file it stands in.
pub(super) struct Granted<'a> {
    file: &'a Grants,
    command: &'a Command,
}

/// Releases the values of the secrets of `plan`, and puts the plan into the surroundings that were allowed.
///
/// # Errors
/// `frozen`, `secret-not-found`, `not-granted`, `grant-changed`, `audit-unwritable`, in all of which no store was asked; a
/// store's error; `grants-invalid`, `seal-missing`.
pub(in crate::cli) fn released(
    plan: &mut Plan,
    home: &Home,
    context: &Context,
) -> Result<Released, Failure> {
    release(
        plan,
        Purpose::Start,
        home,
        &mut OpenStores::new(home),
        context,
    )
}

/// Releases them for that purpose.
pub(super) fn release(
    plan: &mut Plan,
    purpose: Purpose<'_>,
    home: &Home,
    stores: &mut dyn Stores,
    context: &Context,
) -> Result<Released, Failure> {
    let meaning = reading(plan, &home.paths);
    let (mut missed, mut told, mut once) = (None, None, None);
    let mut ignored = Vec::new();
    for _ in 0..TRIES {
        let stamps = Stamps::of(home);
        let catalog = home.catalog()?;
        let wanted = wanted(plan, purpose, &catalog)?;
        let permissions = Permissions::load(home, &context.output).without(&ignored);
        let (command, judgement) = judge(plan, &meaning, &wanted, &permissions, home)?;
        let event = event_of(purpose, &command, &wanted);
        ensure_thawed(home).map_err(|failure| event.withheld(failure, home, context))?;
        let allowed = match judgement {
            Ok(granted) => Allowed::Granted(granted),
            Err(_) if once.as_ref().is_some_and(|shown| is_shown(shown, &command)) => Allowed::Once,
            Err(found) => {
                if let Purpose::Trial(_) = purpose {
                    return Err(event.withheld(not_allowed(&command, &found), home, context));
                }
                // Looked at again in either case: what was shown is what was allowed, and it may have changed while
                // the person looked.
                match refused(plan, &command, found, &event, home, stores, context)? {
                    Answer::Once => once = Some(command),
                    Answer::Always | Answer::No => {}
                }
                continue;
            }
        };
        // Told once, or again where the versions are others by now.
        let position = match &told {
            Some((versions, position)) if *versions == wanted => *position,
            _ => {
                check_dates(plan, purpose, &catalog, context)
                    .map_err(|failure| event.withheld(failure, home, context))?;
                let event = event.clone().detail_if(notes(&allowed, &command));
                let position = event.write(Outcome::Intent, home, context)?;
                told = Some((wanted.clone(), position));
                position
            }
        };
        let batch = match read(home, &wanted, stores) {
            Ok(batch) => batch,
            Err(StoreError::NotFound { item, .. }) if item.secret_name().is_none() => {
                return Err(event.withheld(seals::missing(), home, context));
            }
            // Moved away, perhaps. Missed twice in a catalog that did not change, it is lost.
            Err(error @ StoreError::NotFound { .. }) => {
                if stamps == Stamps::of(home) && missed.as_ref() == Some(&wanted) {
                    return Err(event.withheld(error.into(), home, context));
                }
                missed = Some(wanted);
                continue;
            }
            Err(error) => return Err(event.withheld(error.into(), home, context)),
        };
        if stamps != Stamps::of(home) {
            continue;
        }
        let granted = match confirmed(&allowed, &command, &batch.seals, home) {
            Ok(granted) => granted,
            Err(failure) => {
                let failure = event.withheld(failure, home, context);
                let unknown = permissions.unknown_to(&batch.seals);
                if failure.code == "frozen" || unknown.len() == permissions.files().len() {
                    return Err(failure);
                }
                // What a change left that did not come to its end, or somebody put there: judged again by the file that
                // counts.
                let message = failure.message;
                let what = "a file of grants is ignored, nothing in it counts";
                context.output.warning(&format!("{what}: {message}"));
                ignored.extend(unknown);
                told = None;
                continue;
            }
        };
        let failed = |failure| event.withheld(failure, home, context);
        let settled = plan.settle(granted, &home.paths);
        let settled = settled.map_err(|error| failed(error.into()))?;
        prepare(&settled).map_err(|error| failed(error.into()))?;
        // Whoever tries a value out has the lock, which that needs. The next start does it.
        if let Purpose::Start = purpose {
            anchor_if_far(home, stores, &batch.seals, position, context);
        }
        return Ok(Released {
            values: batch.values,
            seals: batch.seals,
            event,
        });
    }
    Err(Failure::new(
        "home-busy",
        "the home was changed all the time while values were read",
    ))
}

/// Finds what the plan needs: the current version of each secret, and of one that is tried out the next.
pub(super) fn wanted(
    plan: &Plan,
    purpose: Purpose<'_>,
    catalog: &Catalog,
) -> Result<Vec<Wanted>, Failure> {
    let mut wanted = find_all(plan, catalog).map_err(|failure| Failure {
        message: format!("{}; the server was not started", failure.message),
        ..failure
    })?;
    if let Purpose::Trial(trial) = purpose {
        trial.put_into(&mut wanted, catalog);
    }
    Ok(wanted)
}

/// What the log is told of it.
pub(super) fn event_of(purpose: Purpose<'_>, command: &Command, wanted: &[Wanted]) -> Event {
    let action = match purpose {
        Purpose::Start => Action::Exec,
        Purpose::Trial(_) => Action::Probe,
    };
    let versions = wanted.iter().map(|w| (&w.name, w.version));
    Event::new(action).command(command).versions(versions)
}

/// Tells of every secret whose time is over, or refuses to give it out, as was decided for the secret or the server. One
/// that is being given another value is not meant.
pub(super) fn check_dates(
    plan: &Plan,
    purpose: Purpose<'_>,
    catalog: &Catalog,
    context: &Context,
) -> Result<(), Failure> {
    let is_tried =
        |name: &SecretName| matches!(purpose, Purpose::Trial(trial) if trial.secret == *name);
    for name in plan.secrets().into_iter().filter(|name| !is_tried(name)) {
        let Some(record) = catalog.find(&name) else {
            continue;
        };
        // Without dates there is no reason to look for the zone, which reads many files.
        if record.rotate_every.is_none() && record.expires.is_none() {
            continue;
        }
        let what = match record.state(context.now(), &context.zone()) {
            State::Expired => "has expired",
            State::Overdue => "is overdue",
            State::DueSoon | State::Ok | State::None => continue,
        };
        if [record.when_overdue, plan.when_overdue].contains(&Some(WhenOverdue::Refuse)) {
            let message = format!("the server was not started: \"{name}\" {what}");
            return Err(Failure::new("secret-overdue", message)
                .hint(format!("give it another value with: broker rotate {name}")));
        }
        context.output.warning(&format!(
            "\"{name}\" {what}; give it another value with: broker rotate {name}"
        ));
    }
    Ok(())
}

/// Tells whether a command is still the one that the person was shown, down to where its secrets are kept.
fn is_shown(shown: &Command, command: &Command) -> bool {
    shown.id() == command.id() && shown.secrets() == command.secrets()
}

/// What changes when the catalog or the grants do.
#[derive(PartialEq, Eq)]
pub(super) struct Stamps([Option<crate::paths::Stamp>; 3]);

impl Stamps {
    pub(super) fn of(home: &Home) -> Self {
        let paths = &home.paths;
        let files = [
            paths.catalog_file(),
            paths.grants_file(),
            paths.next_grants_file(),
        ];
        Self(files.map(|file| crate::paths::stamp(&file)))
    }
}

/// Works out what a grant would have to bind. Contents of programs are taken from the grants of `known` where their
/// stamps are the same, so it is good for a judgement by that very file and nothing else: another, which the seals may
/// not know, would vouch for any program.
pub(in crate::cli) fn bound(
    plan: &Plan,
    meaning: &Reading,
    wanted: &[Wanted],
    known: Option<&Grants>,
    home: &Home,
) -> Result<Command, Failure> {
    let secret = |name: &SecretName| {
        let found = wanted.iter().find(|wanted| wanted.name == *name);
        found.map(Wanted::secret)
    };
    let granted = |path: &Text, stamp: &FileStamp| {
        let content = known.and_then(|file| file.content(path, stamp));
        content.cloned()
    };
    let before = Seen::of(home);
    let seen = |path: &Text, stamp: &FileStamp| before.content(path, stamp);
    let known = KnownContents {
        granted: &granted,
        seen: &seen,
    };
    let command = bind(plan, meaning, &secret, &known)?;
    before.remember(&command.program.real, &command.program.content);
    Ok(command)
}

/// The grants that were found, or else what the nearest one differs in.
pub(super) type Judgement<'a> = Result<Vec<Granted<'a>>, Vec<Difference>>;

/// Judges a plan by each file of grants. Returns what the plan binds, too.
pub(super) fn judge<'a>(
    plan: &Plan,
    meaning: &Reading,
    wanted: &[Wanted],
    permissions: &'a Permissions,
    home: &Home,
) -> Result<(Command, Judgement<'a>), Failure> {
    let elsewhere = |path: &Text| finds_elsewhere(plan, meaning, path);
    let verdict = |file: &'a Grants, command: &Command| {
        file.judge(&Asked {
            command,
            found_elsewhere: &elsewhere,
        })
    };
    let (mut found, mut granted) = (None, Vec::new());
    for file in permissions.files() {
        let command = bound(plan, meaning, wanted, Some(file), home)?;
        if let Verdict::Granted(grant) = verdict(file, &command) {
            granted.push(Granted {
                file,
                command: &grant.command,
            });
            found = Some(command);
        }
    }
    if let Some(command) = found {
        return Ok((command, Ok(granted)));
    }
    // What is shown to a person, and perhaps allowed, is looked at afresh.
    let command = bound(plan, meaning, wanted, None, home)?;
    let nearest = permissions
        .files()
        .iter()
        .find_map(|file| match verdict(file, &command) {
            Verdict::Changed(_, differences) => Some(differences),
            Verdict::Granted(_) | Verdict::Unknown => None,
        });
    Ok((command, Err(nearest.unwrap_or_default())))
}

/// Finds out what is dangerous about a command that is started in `cwd`.
pub(super) fn dangers(command: &Command, cwd: &Path, home: &Home) -> Vec<Danger> {
    let user = crate::paths::user_home();
    review(command, cwd, user.as_deref(), &home.paths)
}

/// Says what a command is, what is dangerous about it first.
pub(in crate::cli) fn words(
    command: &Command,
    cwd: &Path,
    home: &Home,
    context: &Context,
) -> Vec<String> {
    words_with(command, &dangers(command, cwd, home), context)
}

/// Says what a command is, with these dangers first.
pub(super) fn words_with(command: &Command, dangers: &[Danger], context: &Context) -> Vec<String> {
    let mut lines = describe(command, dangers);
    if let Some(chosen) = context.other_home() {
        lines.push(format!(
            "  home       {}",
            super::words::quoted(chosen.display())
        ));
    }
    lines
}

/// What the log is told besides: that the person allowed it this once, or that an upgraded program was
/// started.
fn notes(allowed: &Allowed<'_>, command: &Command) -> Option<String> {
    let Allowed::Granted(granted) = allowed else {
        return Some("allowed once".to_owned());
    };
    let is = &command.program;
    let is_upgraded = |granted: &Granted<'_>| {
        let was = &granted.command.program;
        was.binding == Binding::Path && was.content.sha256 != is.content.sha256
    };
    granted.iter().any(is_upgraded).then(|| {
        format!(
            "the program is another than when it was allowed: {}, sha256 {}",
            is.real, is.content.sha256
        )
    })
}

/// Demands that every seal knows the grant, and that none is frozen. Returns what was allowed.
pub(super) fn confirmed<'a>(
    allowed: &Allowed<'a>,
    asked: &'a Command,
    seals: &Seals,
    home: &Home,
) -> Result<&'a Command, Failure> {
    super::ensure_thawed_by_seals(home, seals)?;
    let Allowed::Granted(granted) = allowed else {
        return Ok(asked);
    };
    let mut why = None;
    for Granted { file, command } in granted {
        match file.check(seals) {
            Ok(()) => return Ok(command),
            Err(error) => why = Some(error),
        }
    }
    Err(why.map_or_else(seals::missing, Failure::from))
}
