//! `broker doctor`: what is wrong with the home, its stores and this system, and mending what is safe.

use serde::Serialize;

use super::Done;
use super::context::Context;
use super::failure::Failure;
use super::set::random_id;
use super::stores::OpenStores;
use crate::catalog::change::{Change, Stores as _};
use crate::catalog::{Catalog, CatalogError, Home, rebuild};
use crate::config::Config;
use crate::paths;
use crate::store::keychain::Keychain;
use crate::store::vault::Vault;
use crate::store::{Asking, ItemId, Store as _, StoreError, StoreKind};
use crate::sys::Guard;

/// Look for what is wrong, and mend what is safe
///
/// Looks at the files of the home, the stores, the values the catalog names, and this system. No value is
/// read and nobody is asked. With --fix it takes away rights others have on broker's files, removes
/// what crashes left behind, and rebuilds a lost catalog from the stores.
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

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Failed,
}

/// One line of the answer. The fields are part of the command contract.
#[derive(Debug, Serialize)]
struct Finding {
    code: &'static str,
    state: State,
    message: String,
    hint: Option<String>,
}

/// What was found, in order.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, code: &'static str, message: impl Into<String>) {
        self.0.push(Finding {
            code,
            state: State::Ok,
            message: message.into(),
            hint: None,
        });
    }

    fn warning(&mut self, code: &'static str, message: impl Into<String>, hint: &str) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.0.push(Finding {
            code,
            state: State::Warning,
            message: message.into(),
            hint,
        });
    }

    fn failed(&mut self, failure: Failure) {
        let Failure {
            code,
            message,
            hint,
            ..
        } = failure;
        self.0.push(Finding {
            code,
            state: State::Failed,
            message,
            hint,
        });
    }

    /// Adds the failure of a step, and goes on with the next.
    fn take<T>(&mut self, result: Result<T, Failure>) -> Option<T> {
        result.map_err(|failure| self.failed(failure)).ok()
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let mut findings = Findings::default();
    system(context, &mut findings);
    if let Some(Some(home)) = findings.take(context.home_if_any()) {
        // Under the lock: the temporary file of a command that is running is no leftover.
        if let Some(lock) = findings.take(home.lock().map_err(Failure::from)) {
            files(&home, args.fix, &mut findings);
            drop(lock);
        }
        home_and_stores(&home, args.fix, context, &mut findings);
    } else if findings.0.iter().all(|f| f.state != State::Failed) {
        findings.warning(
            "no-home",
            "there is no broker home yet",
            "make one with: broker init",
        );
        keychain(&mut findings, true);
    }
    let all_well = findings.0.iter().all(|finding| finding.state == State::Ok);
    if context.output.json {
        context.output.document(&findings.0)?;
    } else {
        context.output.answer(&text(&findings.0))?;
    }
    Ok(if all_well { Done::Ok } else { Done::Report })
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let word = match finding.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Failed => "failed",
        };
        let message = super::output::escaped(&finding.message);
        text.push_str(&format!("{word:<8} {:<18} {message}\n", finding.code));
        if let Some(hint) = &finding.hint {
            text.push_str(&format!("{:<8} {:<18} hint: {hint}\n", "", ""));
        }
    }
    text
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

/// Checks modes and leftovers of the home's folders.
fn files(home: &Home, fix: bool, findings: &mut Findings) {
    for folder in [home.paths.state_folder(), home.paths.vault_folder()] {
        let Some(open) = findings.take(paths::open_to_others(folder).map_err(Failure::from)) else {
            continue;
        };
        for path in open {
            let shown = path.display().to_string();
            if !fix {
                findings.warning(
                    "file-open",
                    format!("\"{shown}\" can be read or written by others"),
                    "take that away with: broker doctor --fix",
                );
            } else if findings
                .take(paths::close_to_others(&path).map_err(Failure::from))
                .is_some()
            {
                findings.ok("file-open", format!("\"{shown}\" is the user's alone now"));
            }
        }
        leftovers(folder, fix, findings);
    }
}

/// Looks for temporary files of commands that were killed.
fn leftovers(folder: &std::path::Path, fix: bool, findings: &mut Findings) {
    let names = paths::list_all(folder).map_err(Failure::from);
    let Some(Some(names)) = findings.take(names) else {
        return;
    };
    for name in names.into_iter().filter(|name| paths::is_temporary(name)) {
        let path = folder.join(name);
        let shown = path.display().to_string();
        if !fix {
            findings.warning(
                "leftover",
                format!("\"{shown}\" was left behind by a command that was killed"),
                "remove it with: broker doctor --fix",
            );
        } else if findings
            .take(paths::remove_file(&path).map_err(Failure::from))
            .is_some()
        {
            findings.ok("leftover", format!("\"{shown}\" was removed"));
        }
    }
}

fn home_and_stores(home: &Home, fix: bool, context: &Context, findings: &mut Findings) {
    if findings
        .take(Config::load(&home.paths).map_err(Failure::from))
        .is_some()
    {
        findings.ok("config", "broker.toml is understood, or not there");
    }
    let mut stores = OpenStores::new(home);
    let catalog = match home.catalog() {
        Err(CatalogError::Missing) if fix => {
            rebuilt(home, &mut stores, context, findings);
            findings.take(home.catalog().map_err(Failure::from))
        }
        result => findings.take(result.map_err(Failure::from)),
    };
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
    if keychain(findings, used(StoreKind::Keychain)) && used(StoreKind::Keychain) {
        values(home, &catalog, StoreKind::Keychain, &mut stores, findings);
    }
    if used(StoreKind::Vault) && vault(home, fix, &mut stores, findings) {
        values(home, &catalog, StoreKind::Vault, &mut stores, findings);
    }
    pending(home, &catalog, fix, &mut stores, findings);
}

/// Makes a lost catalog again.
fn rebuilt(home: &Home, stores: &mut OpenStores, context: &Context, findings: &mut Findings) {
    let mut items: Vec<(StoreKind, ItemId)> = Vec::new();
    for kind in [StoreKind::Keychain, StoreKind::Vault] {
        let needed = home.record.store == kind
            || (kind == StoreKind::Vault && Vault::is_there(&home.paths).unwrap_or(true));
        let found = stores
            .store(kind)
            .and_then(|store| store.items(&home.record.id));
        match found {
            Ok(found) => items.extend(found.into_iter().map(|item| (kind, item))),
            // A store that cannot be asked might hold secrets that a new catalog would not name. Only one that
            // is not there at all is passed over, and that is told.
            Err(error) if needed || !is_absent(&error) => return findings.failed(error.into()),
            Err(StoreError::NotSetUp(_)) => {}
            Err(error) => findings.warning(
                "catalog-missing",
                format!("the {kind} could not be asked for secrets of this home: {error}"),
                "if it holds any, they are not in the new catalog",
            ),
        }
    }
    let id = || random_id().map_err(|_| CatalogError::Missing);
    match rebuild(home, &items, id, context.now()) {
        Ok((count, left)) => {
            findings.ok(
                "catalog-missing",
                format!("a new catalog names {count} secrets"),
            );
            if left > 0 {
                findings.warning(
                    "catalog-missing",
                    format!("{left} items could not be taken in"),
                    "",
                );
            }
        }
        Err(error) => findings.failed(error.into()),
    }
}

/// Tells whether an error means that there is no such store here, rather than one that does not answer.
const fn is_absent(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::NotSetUp(_)
            | StoreError::Unsupported(_)
            | StoreError::NoBus
            | StoreError::NoProvider
            | StoreError::NoCollection
    )
}

/// Checks the keychain; `false` if it cannot be used.
fn keychain(findings: &mut Findings, used: bool) -> bool {
    let mut keychain = Keychain::new(Asking::Never);
    match keychain.check() {
        Ok(()) => {
            let where_from = match keychain.bus_source() {
                Some(source) => format!(" ({})", source.words()),
                None => String::new(),
            };
            findings.ok(
                "keychain",
                format!("the keychain answers and is unlocked{where_from}"),
            );
            true
        }
        Err(error) if used => {
            findings.failed(error.into());
            false
        }
        Err(error) => {
            findings.ok(
                "keychain",
                format!("the keychain is not used here, and could not be: {error}"),
            );
            false
        }
    }
}

/// Checks the vault; `false` if its folder cannot be used.
fn vault(home: &Home, fix: bool, stores: &mut OpenStores, findings: &mut Findings) -> bool {
    let opened = stores.vault().map_err(Failure::from);
    let Some(vault) = findings.take(opened) else {
        return false;
    };
    match vault.check() {
        Ok(()) => findings.ok("vault", "the vault is there and can be opened"),
        Err(StoreError::Locked(_)) => {
            findings.ok(
                "vault",
                "the vault is there and locked, as a vault with a passphrase is",
            );
        }
        Err(error) => findings.failed(error.into()),
    }
    let lock = fix.then(|| home.lock()).transpose().map_err(Failure::from);
    let Some(lock) = findings.take(lock) else {
        return true;
    };
    let left = if fix {
        vault.clean()
    } else {
        vault.leftovers()
    };
    for path in findings
        .take(left.map_err(Failure::from))
        .unwrap_or_default()
    {
        let shown = path.display();
        if fix {
            findings.ok("leftover", format!("\"{shown}\" was removed"));
        } else {
            let message = format!("\"{shown}\" was left behind by a change of the vault's key");
            findings.warning("leftover", message, "remove it with: broker doctor --fix");
        }
    }
    drop(lock);
    true
}

/// Compares what the catalog names with what a store holds.
fn values(
    home: &Home,
    catalog: &Catalog,
    kind: StoreKind,
    stores: &mut OpenStores,
    findings: &mut Findings,
) {
    let items = stores
        .store(kind)
        .and_then(|store| store.items(&home.record.id));
    let Some(items) = findings.take(items.map_err(Failure::from)) else {
        return;
    };
    let mut missing = 0_usize;
    for record in catalog
        .secrets()
        .iter()
        .filter(|record| record.store == kind)
    {
        if !items.contains(&catalog.item(record, record.current)) {
            missing = missing.saturating_add(1);
            findings.failed(
                Failure::new(
                    "value-not-found",
                    format!("the value of \"{}\" is not in the {kind}", record.name),
                )
                .hint(format!(
                    "remove it and store it again: broker remove {}",
                    record.name
                )),
            );
        }
    }
    let known = |item: &ItemId| {
        let live = catalog.secrets().iter().any(|record| {
            record.store == kind && record.live().any(|v| catalog.item(record, v) == *item)
        });
        live || catalog.pending().iter().any(|p| {
            p.store == kind && Some(&p.name) == item.secret_name() && p.version == item.version()
        })
    };
    let strange = items
        .iter()
        .filter(|i| i.secret_name().is_some() && !known(i))
        .count();
    if strange > 0 {
        let message =
            format!("the {kind} holds {strange} items of this home that the catalog does not name");
        findings.warning(
            "value-unknown",
            message,
            "they were left alone; see: broker show, or your keychain program",
        );
    }
    if missing == 0 && strange == 0 {
        findings.ok(
            "values",
            format!("the {kind} holds every value the catalog names"),
        );
    }
}

/// Removes what earlier commands could not.
fn pending(
    home: &Home,
    catalog: &Catalog,
    fix: bool,
    stores: &mut OpenStores,
    findings: &mut Findings,
) {
    if catalog.pending().is_empty() {
        return;
    }
    if !fix {
        let message = format!(
            "{} old copies may still be in a store",
            catalog.pending().len()
        );
        return findings.warning("pending", message, "remove them with: broker doctor --fix");
    }
    let Some(mut change) = findings.take(Change::begin(home).map_err(Failure::from)) else {
        return;
    };
    let leftover = change.sweep(stores);
    if leftover.errors.is_empty() && leftover.kept.is_empty() && leftover.unrecorded.is_none() {
        findings.ok("pending", "old copies were removed from the stores");
    }
    for item in leftover.kept {
        let message = format!(
            "an old copy, \"{}\" in the {}, was left alone: a secret has the same name but for case",
            item.name, item.store
        );
        findings.warning("pending", message, "");
    }
    for (_, error) in leftover.errors {
        findings.failed(error.into());
    }
    if let Some(error) = leftover.unrecorded {
        findings.failed(error.into());
    }
}
