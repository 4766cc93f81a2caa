//! `broker doctor`: what is wrong with the home, its stores and this system, and mending what is safe.

mod clients;
mod files;
mod findings;
mod permissions;
mod rebuilt;
mod stores;
mod undo;

use findings::{Findings, State, text};

use super::Done;
use super::context::Context;
use super::failure::Failure;
use super::stores::OpenStores;
use crate::catalog::{CatalogError, Home};
use crate::config::Config;
use crate::store::StoreKind;
use crate::sys::Guard;

/// Look for what is wrong, and mend what is safe
///
/// Looks at the files of the home, the stores, the values the catalog names, and this system. No value is
/// read and nobody is asked. With --fix it takes away rights others have on broker's files, removes
/// what crashes left behind, and rebuilds a lost catalog from the stores. A log that was lost is begun anew only if a
/// person agrees.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Exit code: 0 if all is well, 3 if not.

Examples:
  broker doctor
  broker doctor --fix")]
pub(super) struct Args {
    /// Mend what is safe
    #[arg(long)]
    fix: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let mut findings = Findings::default();
    system(context, &mut findings);
    if let Some(Some(home)) = findings.take(context.home_if_any()) {
        // Under the lock: the temporary file of a command that is running is no leftover.
        if let Some(lock) = findings.take(home.lock().map_err(Failure::from)) {
            files::files(&home, args.fix, &mut findings);
            undo::records(&home, args.fix, context.now(), &mut findings);
            drop(lock);
        }
        home_and_stores(&home, args.fix, context, &mut findings);
        clients::changed(&home, context, &mut findings);
    } else if findings.0.iter().all(|f| f.state != State::Failed) {
        findings.warning(
            "no-home",
            "there is no broker home yet",
            "make one with: broker init",
        );
        stores::keychain(&mut findings, true);
    }
    clients::look(context, &mut findings);
    let all_well = findings.0.iter().all(|finding| finding.state == State::Ok);
    if context.output.json {
        context.output.document(&findings.0)?;
    } else {
        context.output.answer(&text(&findings.0))?;
    }
    Ok(if all_well { Done::Ok } else { Done::Report })
}

fn system(context: &Context, findings: &mut Findings) {
    let guards = [context.hardening.process, context.hardening.core_dumps];
    if guards == [Guard::Done; 2] {
        findings.ok("hardening", "memory is protected, core dumps are off");
    } else if guards.contains(&Guard::Failed) {
        let message = "the system did not let broker protect its memory fully";
        findings.warning("hardening", message, "");
    } else {
        let message = "broker does not protect its memory from your other programs on this system";
        findings.warning("hardening", message, "");
    }
    if !crate::sys::IS_TESTED {
        findings.warning(
            "platform",
            "broker was type-checked for this system, but its tests were not run on it",
            "see the README, section Limits",
        );
    }
}

/// Tells whether entries of clients appeared or changed behind broker's back.
fn home_and_stores(home: &Home, fix: bool, context: &Context, findings: &mut Findings) {
    if findings
        .take(Config::load(&home.paths).map_err(Failure::from))
        .is_some()
    {
        findings.ok("config", "broker.toml is understood, or not there");
    }
    let mut open = OpenStores::quiet(home);
    let catalog = match home.catalog() {
        Err(CatalogError::Missing) if fix => {
            rebuilt::rebuilt(home, &mut open, context, findings);
            findings.take(home.catalog().map_err(Failure::from))
        }
        result => findings.take(result.map_err(Failure::from)),
    };
    permissions::log(home, fix, &mut open, context, findings);
    let Some(catalog) = catalog else {
        return;
    };
    findings.ok(
        "catalog",
        format!("secrets in the catalog: {}", catalog.secrets().len()),
    );
    let used = |kind| {
        home.record.store == kind || catalog.secrets().iter().any(|record| record.store == kind)
    };
    if stores::keychain(findings, used(StoreKind::Keychain)) && used(StoreKind::Keychain) {
        stores::values(home, &catalog, StoreKind::Keychain, &mut open, findings);
    }
    if used(StoreKind::Vault) && stores::vault(home, fix, &mut open, findings) {
        stores::values(home, &catalog, StoreKind::Vault, &mut open, findings);
    }
    stores::pending(home, &catalog, fix, &mut open, context.now(), findings);
    permissions::permissions(home, fix, &mut open, context, findings);
}
