//! `broker init`: makes the home and chooses the store.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::Done;
use super::context::{Context, asking};
use super::failure::Failure;
use super::input::bounded;
use super::set::StoreWord;
use super::stores::access;
use super::terminal::{self, Terminal};
use crate::catalog::{CatalogError, Home, create_home};
use crate::paths::HomePaths;
use crate::secret::SecretValue;
use crate::store::keychain::Keychain;
use crate::store::vault::{Protection, Vault};
use crate::store::{HomeId, Store as _, StoreKind};
use crate::sys;

/// Make the home, and choose where secrets are kept
///
/// In a terminal and without flags it looks what this system has, explains the choices and asks. In a
/// home that is there already it adds the other store and makes it the default.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker init                                   look, explain and ask
  broker init --store keychain
  broker init --store vault --passphrase        for a headless box
  broker init --store vault --key-file          for CI and containers")]
pub(super) struct Args {
    /// Where new secrets are kept
    #[arg(long, value_name = "STORE")]
    store: Option<StoreWord>,
    /// The vault opens with a key file: PATH, or one of its own
    #[arg(long, value_name = "PATH", group = "opens")]
    key_file: Option<Option<PathBuf>>,
    /// The vault opens with a passphrase, typed or read from stdin
    #[arg(long, group = "opens")]
    passphrase: bool,
    /// The vault opens with a key that the keychain holds
    #[arg(long, group = "opens")]
    keychain: bool,
}

/// What a home is to be made with.
enum Plan {
    Keychain,
    Vault(Protection),
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let paths = context.paths()?;
    let existing = Home::open(paths.clone())?;
    let plan = plan(args)?;
    let kind = match &plan {
        Plan::Keychain => StoreKind::Keychain,
        Plan::Vault(_) => StoreKind::Vault,
    };
    let has_key_file = matches!(plan, Plan::Vault(Protection::KeyFile(_)));
    let home = match existing {
        Some(home) => add_store(home, kind, plan)?,
        None => create(paths, kind, context, |paths, id| prepare(paths, id, plan))?,
    };
    context
        .output
        .notice(&format!("new secrets are kept in the {kind}"));
    if has_key_file {
        let mut vault = Vault::open(&home.paths, &home.record.id, access())?;
        if let Some(path) = vault.status().key_file {
            context.output.warning(&format!(
                "whoever can read \"{}\" can read every secret of this vault: keep it out of backups and repositories",
                path.display()
            ));
        }
    }
    Ok(Done::Ok)
}

/// Works out what the flags mean, asking where they say nothing.
fn plan(args: &Args) -> Result<Plan, Failure> {
    let opens = args.key_file.is_some() || args.passphrase || args.keychain;
    match args.store {
        Some(StoreWord::Keychain) if opens => Err(Failure::usage(
            "--key-file, --passphrase and --keychain say how a vault opens, so they need --store vault",
        )),
        Some(StoreWord::Keychain) => Ok(Plan::Keychain),
        Some(StoreWord::Vault) if !opens => Err(Failure::usage("a vault has to be opened somehow")
            .hint("add one of: --passphrase, --keychain, --key-file")),
        None if opens => Err(Failure::usage(
            "how a vault opens was given, but no --store vault",
        )),
        Some(StoreWord::Vault) => protection(args).map(Plan::Vault),
        None => ask(),
    }
}

fn protection(args: &Args) -> Result<Protection, Failure> {
    if args.passphrase {
        return Ok(Protection::Passphrase(new_passphrase()?));
    }
    Ok(match &args.key_file {
        Some(Some(path)) => Protection::KeyFile(Some(absolute(path)?)),
        Some(None) => Protection::KeyFile(None),
        None => Protection::Keychain,
    })
}

pub(super) fn absolute(path: &std::path::Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|_| Failure::usage("the path of the key file cannot be used"))
}

/// Reads a new passphrase: typed twice, or from stdin.
pub(super) fn new_passphrase() -> Result<SecretValue, Failure> {
    if !io::stdin().is_terminal() {
        return passphrase_from_stdin();
    }
    let first = terminal::hidden("new passphrase of the vault:", "choosing a passphrase")?;
    let second = terminal::hidden("again:", "choosing a passphrase")?;
    if first.same_as(&second) {
        Ok(first)
    } else {
        Err(Failure::new(
            "passphrase-invalid",
            "the two passphrases differ",
        ))
    }
}

/// Reads a passphrase from stdin, without its trailing newline.
pub(super) fn passphrase_from_stdin() -> Result<SecretValue, Failure> {
    let mut bytes = bounded(&mut io::stdin().lock(), "stdin")?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(SecretValue::new(bytes))
}

/// Explains the choices to the person and asks.
fn ask() -> Result<Plan, Failure> {
    let Some(mut terminal) = Terminal::open() else {
        return Err(Failure::no_terminal("choosing a store")
            .hint("or say it: broker init --store keychain, or --store vault with --passphrase, --keychain or --key-file"));
    };
    let keychain = Keychain::new(asking()).check();
    let state = match &keychain {
        Ok(()) => "it answers".to_owned(),
        Err(error) => error.to_string(),
    };
    for line in [
        "Where are secrets to be kept?".to_owned(),
        format!("  1  the keychain of this system, opened by your login ({state})"),
        "  2  a vault of age files, opened by a passphrase".to_owned(),
        "  3  a vault of age files, opened by a key in the keychain (one prompt on macOS)".to_owned(),
        "  4  a vault of age files, opened by a key file: for CI, no protection from who reads your files".to_owned(),
    ] {
        terminal.say(&line)?;
    }
    let answer = terminal.ask(if keychain.is_ok() {
        "1 to 4, or Enter for 1:"
    } else {
        "1 to 4:"
    })?;
    match answer.trim() {
        "" if keychain.is_ok() => Ok(Plan::Keychain),
        "1" => Ok(Plan::Keychain),
        "2" => Ok(Plan::Vault(Protection::Passphrase(new_passphrase()?))),
        "3" => Ok(Plan::Vault(Protection::Keychain)),
        "4" => Ok(Plan::Vault(Protection::KeyFile(None))),
        _ => Err(Failure::declined()),
    }
}

/// Sets the store up, so that the home that is about to be made has one that works.
fn prepare(paths: &HomePaths, id: &HomeId, plan: Plan) -> Result<(), Failure> {
    match plan {
        Plan::Keychain => Ok(Keychain::new(asking()).check()?),
        Plan::Vault(protection) => {
            Vault::create(paths, id, &protection, access())?;
            Ok(())
        }
    }
}

/// Adds a store to a home that is there, or makes the one it has the default.
fn add_store(mut home: Home, kind: StoreKind, plan: Plan) -> Result<Home, Failure> {
    let has_vault = Vault::is_there(&home.paths)?;
    if home.record.store == kind || (kind == StoreKind::Vault && has_vault && opens_anew(&plan)) {
        return Err(CatalogError::HomeExists.into());
    }
    if !home.catalog()?.secrets().is_empty() {
        let mut terminal = Terminal::require("adding a store to a home with secrets")?;
        if !terminal.confirm(&format!("keep new secrets in the {kind} from now on?"))? {
            return Err(Failure::declined());
        }
    }
    let lock = home.lock()?;
    let id = home.record.id.clone();
    prepare(&home.paths.clone(), &id, plan)?;
    home.set_default_store(kind)?;
    drop(lock);
    Ok(home)
}

fn opens_anew(plan: &Plan) -> bool {
    matches!(plan, Plan::Vault(_))
}

fn create(
    paths: HomePaths,
    kind: StoreKind,
    context: &Context,
    prepare: impl FnOnce(&HomePaths, &HomeId) -> Result<(), Failure>,
) -> Result<Home, Failure> {
    let mut bytes = [0_u8; 16];
    sys::random(&mut bytes).map_err(|e| {
        Failure::new(
            "input-failed",
            format!("the system gave no random bytes: {e}"),
        )
    })?;
    let id = HomeId::from_random(bytes);
    create_home(paths.clone(), kind, id, context.now(), |id| {
        prepare(&paths, id)
    })
}

/// Makes a home with a vault that opens with a key file of its own, for `tour`.
pub(super) fn throwaway(paths: HomePaths, context: &Context) -> Result<Home, Failure> {
    let plan = Plan::Vault(Protection::KeyFile(None));
    create(paths, StoreKind::Vault, context, |paths, id| {
        prepare(paths, id, plan)
    })
}

/// Returns the home; where there is none yet, makes one with the keychain, if one answers, and says so.
pub(super) fn home_or_new(context: &Context) -> Result<Home, Failure> {
    if let Some(home) = context.home_if_any()? {
        return Ok(home);
    }
    let made = create(
        context.paths()?,
        StoreKind::Keychain,
        context,
        |paths, id| prepare(paths, id, Plan::Keychain),
    );
    match made {
        Ok(home) => {
            context
                .output
                .notice("made a home that keeps secrets in the keychain of this system");
            Ok(home)
        }
        // Another command was faster.
        Err(failure) if failure.code == CatalogError::HomeExists.code() => context.home(),
        Err(failure) if is_store_failure(&failure) => {
            let message = format!(
                "there is no broker home yet, and the keychain cannot be used: {}",
                failure.message
            );
            Err(Failure::new("no-home", message).hint(
                "make a home with a vault: broker init --store vault --passphrase (or --key-file)",
            ))
        }
        Err(failure) => Err(failure),
    }
}

fn is_store_failure(failure: &Failure) -> bool {
    failure.code.starts_with("store-")
}
