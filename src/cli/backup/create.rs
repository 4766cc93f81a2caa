//! `broker backup create`: writes everything into one age file.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::super::audited::Event;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::init::new_passphrase_of;
use super::super::permission::{ensure_thawed, ensure_thawed_by_seals, seals};
use super::super::progress::Progress;
use super::super::stores::OpenStores;
use super::{Done, absolute, identities, logged, unnamed};
use crate::audit::Action;
use crate::catalog::backup::{Backup, BackupError, Held};
use crate::catalog::change::Stores as _;
use crate::catalog::{Catalog, Home};
use crate::config::Config;
use crate::paths::{self, FileError, Lock};
use crate::secret::{SecretName, SecretValue};
use crate::store::vault::age_file::{Identity, Keys, Lid, is_recipient};
use crate::store::vault::{Vault, check_passphrase};
use crate::store::{StoreKind, Version};

/// How many values are read at once.
const BATCH: usize = 100;

/// Write everything of this home into one age file
///
/// Needs a person, since every value goes into it. FILE is made, never replaced; it is read back and compared before it
/// has its name. With a passphrase that includes opening it. For recipients, who alone can open it, nothing is
/// opened unless --identity names a file with the identity of one. Keep that identity somewhere else than in this home.
///
/// The passphrase is typed twice, or read from stdin where that is no terminal. The last example gets the value of
/// NAME out of a backup without broker; broker-security(7) says what else is in it.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("lid").required(true))]
#[command(after_long_help = "Examples:
  broker backup create broker-2027-01.age --passphrase
  broker backup create broker-2027-01.age --recipient age1... --recipient age1...
  broker backup create broker-2027-01.age --recipient age1... --identity key.txt
  age -d FILE | jq -r '.secrets[] | select(.record.name == \"NAME\")
    | .values[.record.current | tostring]' | base64 -d")]
pub(super) struct Args {
    /// The file to make
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Who can open it: an age recipient (age1...); may be repeated
    #[arg(long, value_name = "R", group = "lid")]
    recipient: Vec<Recipient>,
    /// More recipients, behind the first
    #[arg(hide = true, requires = "recipient", conflicts_with = "passphrase")]
    more: Vec<Recipient>,
    /// It opens with a passphrase
    #[arg(long, group = "lid")]
    passphrase: bool,
    /// Try whether the identity in this file opens it
    #[arg(long, value_name = "PATH", conflicts_with = "passphrase")]
    identity: Option<PathBuf>,
}

/// An age recipient.
#[derive(Clone, Debug)]
struct Recipient(String);

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_recipient(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a recipient is like age1..., as age-keygen prints it")
        }
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    // What can be refused is, before anybody is asked.
    let file = absolute(&args.file)?;
    ensure_free(&file)?;
    let tried = args.identity.as_deref().map(identities).transpose()?;
    let mut recipients: Vec<String> = Vec::new();
    for Recipient(one) in args.recipient.iter().chain(&args.more) {
        if !recipients.contains(one) {
            recipients.push(one.clone());
        }
    }
    let count = home.catalog()?.secrets().len();
    let opens = if args.passphrase {
        "a passphrase".to_owned()
    } else {
        format!("the identity of {}", recipients.join(" or "))
    };
    let question =
        format!("write all {count} secret(s) of this home to a backup that opens with {opens}?");
    let mut stores = OpenStores::new(&home);
    let event = Event::new(Action::Backup).detail("created");
    let (_, event) = event.agreed("making a backup", &question, &home, &mut stores, context)?;
    let passphrase = args.passphrase.then(|| new_passphrase_of("backup"));
    let passphrase = passphrase.transpose()?;
    if let Some(passphrase) = &passphrase {
        check_passphrase(passphrase)?;
    }
    let sealing = match &passphrase {
        Some(passphrase) => Sealing::Passphrase(passphrase),
        None => Sealing::Recipients(&recipients, tried.as_deref()),
    };
    // Nobody changes the home until all of it was read.
    let lock = home.lock()?;
    let catalog = home.catalog()?;
    let named: Vec<(SecretName, Version)> = catalog
        .secrets()
        .iter()
        .flat_map(|record| record.live().map(|version| (record.name.clone(), version)))
        .collect();
    let backup = logged(&event, &named, &home, context, || {
        let backup = gather(&home, &catalog, &lock, &mut stores, context)?;
        write(&backup, sealing, &file, &home)?;
        Ok(backup)
    })?;
    drop(lock);
    tell(&backup, sealing, &home, context)?;
    Ok(Done::Ok)
}

/// What the file opens with, and what is tried.
#[derive(Clone, Copy)]
enum Sealing<'a> {
    Passphrase(&'a SecretValue),
    Recipients(&'a [String], Option<&'a [Identity]>),
}

/// Refuses what is there already, whatever it is.
fn ensure_free(file: &Path) -> Result<(), Failure> {
    match file.symlink_metadata() {
        Ok(_) => Err(exists()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => {
            let message = format!("the place of the backup cannot be looked at: {e}");
            Err(Failure::new("file-io", message))
        }
    }
}

fn exists() -> Failure {
    Failure::new(
        "file-exists",
        "there is a file of that name already, and it was left alone",
    )
    .hint("give the backup another name")
}

/// Reads everything that goes into a backup.
fn gather(
    home: &Home,
    catalog: &Catalog,
    lock: &Lock,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<Backup, Failure> {
    let (sealed, grants) = seals::confirmed(home, stores, &context.output, lock)?;
    let used = |kind: StoreKind| catalog.secrets().iter().any(|record| record.store == kind);
    let kinds = [StoreKind::Keychain, StoreKind::Vault];
    if kinds
        .into_iter()
        .any(|kind| used(kind) && !sealed.contains_key(&kind))
    {
        return Err(seals::missing());
    }
    ensure_thawed_by_seals(home, &sealed)?;
    let records = || catalog.secrets().iter();
    let mut values: Vec<Vec<(Version, SecretValue)>> = records().map(|_| Vec::new()).collect();
    let all = records().map(|record| record.live().count()).sum();
    let mut progress = Progress::new("values read", all, &context.output);
    for kind in kinds {
        let of_kind = records().enumerate().filter(|(_, r)| r.store == kind);
        let wanted = of_kind.flat_map(|(at, record)| {
            let item = move |version| (at, version, catalog.item(record, version));
            record.live().map(item)
        });
        let wanted: Vec<_> = wanted.collect();
        for batch in wanted.chunks(BATCH) {
            let items: Vec<_> = batch.iter().map(|(_, _, item)| item.clone()).collect();
            let read = stores.store(kind)?.read(&items)?;
            for ((at, version, _), value) in batch.iter().zip(read) {
                if let Some(values) = values.get_mut(*at) {
                    values.push((*version, value));
                }
            }
            progress.add(batch.len());
        }
    }
    let held = records().zip(values).map(|(record, values)| Held {
        record: record.clone(),
        values,
    });
    Ok(Backup {
        made: context.now(),
        home: home.record.id.clone(),
        secrets: held.collect(),
        config: Config::bytes(&home.paths)?,
        grants: grants.and_then(|grants| grants.for_backup()),
    })
}

/// Writes the file, and proves what can be proven before it has its name.
fn write(backup: &Backup, sealing: Sealing<'_>, file: &Path, home: &Home) -> Result<(), Failure> {
    let sealed = match sealing {
        Sealing::Passphrase(passphrase) => backup.seal(Lid::Passphrase(passphrase))?,
        Sealing::Recipients(recipients, _) => backup.seal(Lid::Recipients(recipients))?,
    };
    let made = paths::write_new_file_checked(file, &sealed, |read| {
        if read != sealed {
            return Err(Unwritten::Backup(BackupError::NotKept.into()));
        }
        let proven = match sealing {
            Sealing::Passphrase(passphrase) => backup.proves(read, Keys::Passphrase(passphrase)),
            Sealing::Recipients(_, Some(tried)) => backup.proves(read, Keys::Identities(tried)),
            Sealing::Recipients(_, None) => Ok(()),
        };
        proven.map_err(|error| Unwritten::Backup(error.into()))?;
        // Frozen meanwhile.
        ensure_thawed(home).map_err(Unwritten::Backup)
    });
    match made {
        Ok(true) => Ok(()),
        Ok(false) => Err(exists()),
        Err(Unwritten::Backup(failure)) => Err(failure),
        Err(Unwritten::File(error)) => Err(unnamed(&error, "the backup")),
    }
}

/// Why the file was not made.
enum Unwritten {
    Backup(Failure),
    File(FileError),
}

impl From<FileError> for Unwritten {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

fn tell(
    backup: &Backup,
    sealing: Sealing<'_>,
    home: &Home,
    context: &Context,
) -> Result<(), Failure> {
    let allowed = crate::policy::BackedUp::read(backup.grants.as_ref());
    let config = if backup.config.is_some() {
        " and broker.toml"
    } else {
        ""
    };
    context.output.notice(&format!(
        "the backup was written: {} secret(s) with {} value(s), {} command(s) that are allowed{config}",
        backup.secrets.len(),
        backup.values(),
        allowed.grants.len(),
    ));
    match sealing {
        Sealing::Passphrase(_) | Sealing::Recipients(_, Some(_)) => context
            .output
            .notice("it was read back and opened, and every value compared"),
        Sealing::Recipients(_, None) => context.output.notice(
            "it was read back, but not opened: only the identity of a recipient does that (--identity tries it)",
        ),
    }
    if let Sealing::Recipients(recipients, _) = sealing {
        warn_of_own_key(recipients, home, context)?;
    }
    Ok(())
}

/// Says that a backup which only this home's own vault key opens is lost with the home.
fn warn_of_own_key(recipients: &[String], home: &Home, context: &Context) -> Result<(), Failure> {
    if !Vault::is_there(&home.paths)? {
        return Ok(());
    }
    let access = super::super::stores::access();
    let own = Vault::open(&home.paths, &home.record.id, access)?
        .status()
        .recipient;
    if recipients.iter().all(|recipient| *recipient == own) {
        context.output.warning(
            "only the key of this home's own vault opens it: keep a copy of that key elsewhere, or the backup is lost with the home",
        );
    }
    Ok(())
}
