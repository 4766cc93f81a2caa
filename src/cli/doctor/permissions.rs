//! The permissions of a home and its log: whether the seals know them, and beginning a lost log anew.

use super::super::audited::{Event, log as log_of};
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::permission::{Permissions, anchors, ensure_thawed, seals};
use super::super::person::Person;
use super::super::stores::OpenStores;
use super::findings::Findings;
use crate::audit::{Action, Verified};
use crate::catalog::Home;

/// Checks the log, and begins it anew where it was lost.
pub(super) fn log(
    home: &Home,
    fix: bool,
    stores: &mut OpenStores,
    context: &Context,
    findings: &mut Findings,
) {
    let log = log_of(home);
    let mut anchors = anchors::anchors(home, stores, &context.output);
    if let Err(error) = log.check() {
        if !fix {
            let failure = Failure::from(error);
            findings
                .failed(failure.hint("begin it anew, if it was lost, with: broker doctor --fix"));
            return;
        }
        let begun = begun_anew(home, &anchors, stores, context);
        if findings.take(begun).is_none() {
            return;
        }
        findings.ok("log", "the log was begun anew, as you agreed");
        anchors = anchors::anchors(home, stores, &context.output);
    }
    match findings.take(log.verify(&anchors, context.now()).map_err(Failure::from)) {
        Some(Verified::Intact { entries, .. }) => {
            findings.ok(
                "log",
                format!("entries in the log: {entries}, and none was changed"),
            );
        }
        Some(Verified::Tampered { file, line, what }) => {
            let message = format!("\"{}\", line {line}: {what}", file.display());
            findings.failed(
                Failure::new("log-tampered", message)
                    .hint("see the whole answer of: broker log verify"),
            );
        }
        None => {}
    }
}

fn begun_anew(
    home: &Home,
    anchors: &[(String, crate::audit::Position)],
    stores: &mut OpenStores,
    context: &Context,
) -> Result<(), Failure> {
    let mut person = Person::require("beginning the log anew", home, stores)?;
    person.agree("the log is lost or damaged; what is there is set aside. begin it anew?")?;
    let event = Event::new(Action::Log).unattended(person.is_unattended());
    let last = anchors
        .iter()
        .map(|(_, position)| position)
        .max_by_key(|p| p.seq);
    let first = event.restart(home, last, context)?;
    seals::update(home, stores, &context.output, |seal| {
        anchors::anchor_at(seal, first)
    })
}

/// Checks the file of grants against the seals, and ends a change that a crash interrupted.
pub(super) fn permissions(
    home: &Home,
    fix: bool,
    stores: &mut OpenStores,
    context: &Context,
    findings: &mut Findings,
) {
    match seals::is_unattended(home, stores) {
        Ok(true) if home.record.unattended => {
            findings.ok("unattended", "where there is no terminal, nobody is asked in this home");
        }
        Ok(false) if home.record.unattended => findings.warning(
            "unattended",
            "home.json says that nobody is asked in this home, and the stores do not: a person is asked",
            "",
        ),
        // What is wrong with a store is told where it is looked at.
        _ => {}
    }
    let mut seal = || seals::ensure_thawed(home, stores, home.record.store);
    match ensure_thawed(home).and_then(|()| seal()) {
        Err(failure) if failure.code == "frozen" => findings.failed(failure),
        // Whatever else is wrong is told below.
        _ => {}
    }
    let state = findings.take(seals::state(home, stores, &context.output));
    let Some(state) = state else {
        return;
    };
    let grants = Permissions::load(home, &context.output);
    match state {
        seals::State::Known => {
            let count = grants.files().first().map_or(0, |file| file.all().len());
            findings.ok("grants", format!("commands that are allowed: {count}"));
        }
        seals::State::Interrupted | seals::State::Missing if fix => {
            let changed = seals::change(home, stores, &context.output, |_, _| {});
            if findings.take(changed).is_some() {
                findings.ok("grants", "the seals and the file of grants agree again");
            }
        }
        seals::State::Interrupted => findings.warning(
            "grants-interrupted",
            "a change of what is allowed was interrupted",
            "end it with: broker doctor --fix",
        ),
        seals::State::Missing => findings.warning(
            "seal-missing",
            "a store has no seal of this home's permissions, so nothing is started with its secrets",
            "make it with: broker doctor --fix, or by allowing something",
        ),
        seals::State::Unknown => findings.failed(
            Failure::new(
                "grants-invalid",
                "the file of grants is missing, or is not the one that broker wrote last: nothing is allowed",
            )
            .hint("allow again what is to be started: broker allow"),
        ),
    }
}
