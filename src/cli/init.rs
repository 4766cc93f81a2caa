//! `broker init`: makes the home and chooses the store.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::Done;
use super::audited::Event;
use super::clients;
use super::context::{Context, asking};
use super::failure::Failure;
use super::input::bounded;
use super::permission::seals;
use super::person::Person;
use super::set::StoreWord;
use super::stores::{OpenStores, access, own_access};
use super::terminal::{self, Terminal};
use crate::audit::{Action, Log};
use crate::catalog::change::Stores as _;
use crate::catalog::{CatalogError, Home, create_home};
use crate::clients::table::Surroundings;
use crate::paths::HomePaths;
use crate::policy;
use crate::secret::SecretValue;
use crate::store::keychain::Keychain;
use crate::store::vault::{Protection, Unlock, Vault};
use crate::store::{HomeId, Store as _, StoreKind};
use crate::sys;

/// Make the home, and choose where secrets are kept
///
/// In a terminal and without flags it looks what this system has, explains the choices and asks. In a
/// home that is there already it adds the other store and makes it the default.
///
/// In an unattended home what needs a person elsewhere is done without one where there is no terminal, and the log says so.
/// What is started with secrets is allowed there, too, with broker allow. Only a home without secrets can become one.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker init                                   look, explain and ask
  broker init --store keychain
  broker init --store vault --passphrase        for a headless box
  broker init --store vault --key-file --unattended
                                                for CI and containers")]
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
    /// Nobody is asked in this home: for CI and containers
    #[arg(long)]
    unattended: bool,
}

/// What a home is to be made with.
enum Plan {
    Keychain,
    Vault(Protection),
}

impl Plan {
    const fn kind(&self) -> StoreKind {
        match self {
            Self::Keychain => StoreKind::Keychain,
            Self::Vault(_) => StoreKind::Vault,
        }
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let paths = context.paths()?;
    let (home, kind) = match Home::open(paths.clone())? {
        Some(home) if args.unattended => become_unattended(home, args, context)?,
        Some(home) => add_store(home, args, context)?,
        None => {
            let plan = plan(args)?;
            let kind = plan.kind();
            let around = clients::surroundings(None);
            let made = create(
                paths,
                kind,
                args.unattended,
                around,
                context,
                |paths, id| prepare_new(paths, id, plan),
            )?;
            (made, kind)
        }
    };
    if home.record.unattended {
        context
            .output
            .warning("nobody is asked in this home; the log says what was done without asking");
    }
    context
        .output
        .notice(&format!("new secrets are kept in the {kind}"));
    if kind == StoreKind::Vault {
        let vault = Vault::open(&home.paths, &home.record.id, access())?;
        if let Some(path) = vault.status().key_file {
            warn_of_key_file(&path, context);
        }
    }
    Ok(Done::Ok)
}

/// Says what a key file means.
pub(super) fn warn_of_key_file(path: &std::path::Path, context: &Context) {
    context.output.warning(&format!(
        "whoever can read \"{}\" can read every secret of this vault: keep it out of backups and repositories",
        path.display()
    ));
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

/// Reads a new passphrase of the vault: typed twice, or from stdin.
pub(super) fn new_passphrase() -> Result<SecretValue, Failure> {
    new_passphrase_of("vault")
}

/// Reads a new passphrase of what `of` says: typed twice, or from stdin.
pub(super) fn new_passphrase_of(of: &str) -> Result<SecretValue, Failure> {
    if !io::stdin().is_terminal() {
        return passphrase_from_stdin();
    }
    let prompt = format!("new passphrase of the {of}:");
    let first = terminal::hidden(&prompt, "choosing a passphrase")?;
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

/// Sets the store up for a home that is being made. What an earlier attempt left is taken away first.
fn prepare_new(paths: &HomePaths, id: &HomeId, plan: Plan) -> Result<(), Failure> {
    if plan.kind() == StoreKind::Vault && Vault::is_there(paths)? {
        Vault::discard_empty(paths, id)?;
    }
    prepare(paths, id, plan)
}

/// Adds a store to a home that is there, or makes the one it has the default. Everything that can be
/// refused is, before anything is typed.
fn add_store(mut home: Home, args: &Args, context: &Context) -> Result<(Home, StoreKind), Failure> {
    let asked = if args.store.is_none() {
        Some(plan(args)?)
    } else {
        None
    };
    let kind = match (&asked, args.store) {
        (Some(plan), _) => plan.kind(),
        (None, Some(word)) => word.into(),
        (None, None) => home.record.store,
    };
    if home.record.store == kind {
        return Err(CatalogError::HomeExists.into());
    }
    let there = kind == StoreKind::Vault && Vault::is_there(&home.paths)?;
    if there {
        opens_as_it_does(&home, args, asked.as_ref())?;
    }
    let mut stores = OpenStores::new(&home);
    let mut unattended = false;
    if !home.catalog()?.secrets().is_empty() {
        let what = "adding a store to a home with secrets";
        let mut person = Person::require(what, &home, &mut stores)?;
        person.agree(&format!("keep new secrets in the {kind} from now on?"))?;
        unattended = person.is_unattended();
    }
    let new = match (there, asked) {
        (true, _) => None,
        (false, Some(plan)) => Some(plan),
        (false, None) => Some(plan(args)?),
    };
    let event = Event::new(Action::Init)
        .detail(format!("new secrets are kept in the {kind}"))
        .unattended(unattended);
    event.around(&home.clone(), context, || {
        let lock = home.lock()?;
        if let Some(plan) = new {
            prepare(&home.paths, &home.record.id, plan)?;
        }
        home.set_default_store(kind)?;
        drop(lock);
        seals::ensure(&home, &mut OpenStores::new(&home), kind, &context.output)
    })?;
    Ok((home, kind))
}

/// Makes a home without secrets one where nobody is asked.
fn become_unattended(
    mut home: Home,
    args: &Args,
    context: &Context,
) -> Result<(Home, StoreKind), Failure> {
    let opens = args.key_file.is_some() || args.passphrase || args.keychain;
    if args.store.is_some() || opens {
        return Err(CatalogError::HomeExists.into());
    }
    let kind = home.record.store;
    if home.record.unattended && seals::is_unattended(&home, &mut OpenStores::new(&home))? {
        return Err(CatalogError::HomeExists.into());
    }
    let empty = |home: &Home| {
        let catalog = home.catalog()?;
        if catalog.secrets().is_empty() && catalog.pending().is_empty() {
            return Ok(());
        }
        let message = "this home has secrets, so it stays one where a person is asked";
        Err(Failure::new("home-has-secrets", message)
            .hint("make another home for this: broker --home DIR init --unattended"))
    };
    empty(&home)?;
    let event = Event::new(Action::Init).detail("nobody is asked from now on");
    event.around(&home.clone(), context, || {
        let mut stores = OpenStores::new(&home);
        // Looked at again under the lock: the first secret may have come in between.
        let check = || empty(&home);
        let update = policy::Seal::set_unattended;
        seals::update_if(&home, &mut stores, &context.output, check, update)?;
        let _lock = home.lock()?;
        Ok(home.set_unattended()?)
    })?;
    Ok((home, kind))
}

/// Refuses to change how a vault that is there opens, which is not what `init` is for.
fn opens_as_it_does(home: &Home, args: &Args, asked: Option<&Plan>) -> Result<(), Failure> {
    let opens = Vault::open(&home.paths, &home.record.id, access())?
        .status()
        .unlock;
    let chosen_otherwise =
        matches!(asked, Some(Plan::Vault(protection)) if protection.unlock() != opens);
    let asked_otherwise = [
        (args.key_file.is_some(), Unlock::KeyFile),
        (args.passphrase, Unlock::Passphrase),
        (args.keychain, Unlock::Keychain),
    ]
    .into_iter()
    .any(|(asked, unlock)| asked && unlock != opens);
    if asked_otherwise || chosen_otherwise {
        let message = format!(
            "this home has a vault already, and it opens with {}",
            opens.word()
        );
        return Err(Failure::new("store-exists", message)
            .hint("change how it opens with: broker vault rekey"));
    }
    Ok(())
}

fn create(
    paths: HomePaths,
    kind: StoreKind,
    unattended: bool,
    around: Option<Surroundings>,
    context: &Context,
    prepare: impl FnOnce(&HomePaths, &HomeId) -> Result<(), Failure>,
) -> Result<Home, Failure> {
    let (id, now) = (new_id()?, context.now());
    create_home(paths.clone(), kind, unattended, id, now, |id| {
        prepare(&paths, id)?;
        let event = Event::new(Action::Init)
            .detail(format!("a home with the {kind}"))
            .unattended(unattended);
        let anchor = event.first(&Log::of(&paths, id), now)?;
        let mut stores = OpenStores::at(&paths, id);
        let store = stores.store(kind)?;
        seals::create(&paths, id, store, unattended, anchor, around.as_ref())
    })
}

/// Makes an id of 128 random bits.
pub(super) fn new_id() -> Result<HomeId, Failure> {
    let mut bytes = [0_u8; 16];
    sys::random(&mut bytes).map_err(|e| {
        Failure::new(
            "input-failed",
            format!("the system gave no random bytes: {e}"),
        )
    })?;
    Ok(HomeId::from_random(bytes))
}

/// Makes a home with a vault that opens with a key file of its own, for `tour`.
pub(super) fn throwaway(paths: HomePaths, context: &Context) -> Result<Home, Failure> {
    create(paths, StoreKind::Vault, true, None, context, |paths, id| {
        Vault::create(paths, id, &Protection::KeyFile(None), own_access())?;
        Ok(())
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
        false,
        clients::surroundings(None),
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
        Err(failure) if is_store_failure(&failure) => Err(no_home_possible(&failure)),
        Err(failure) => Err(failure),
    }
}

/// Finds out whether a first `set` could make its home, without making it.
pub(super) fn check_possible() -> Result<(), Failure> {
    let answers = Keychain::new(asking()).check().map_err(Failure::from);
    answers.map_err(|failure| no_home_possible(&failure))
}

fn no_home_possible(failure: &Failure) -> Failure {
    let message = format!(
        "there is no broker home yet, and the keychain cannot be used: {}",
        failure.message
    );
    Failure::new("no-home", message)
        .hint("make a home with a vault: broker init --store vault --passphrase (or --key-file)")
}

fn is_store_failure(failure: &Failure) -> bool {
    failure.code.starts_with("store-")
}
