//! `broker backup restore`: merges a backup into this home.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::super::audited::Event;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::init::passphrase_from_stdin;
use super::super::permission::{requests, seals, write_requests};
use super::super::person::Person;
use super::super::progress::Progress;
use super::super::set::StoreWord;
use super::super::stores::OpenStores;
use super::super::terminal::{self, Terminal};
use super::super::{kept, remove};
use super::plan::{Plan, is_understood, name, rebind};
use super::{Done, absolute, identities, logged, unnamed};
use crate::audit::{Action, Outcome};
use crate::catalog::backup::{self, Backup, Fate, MAX_FILE_BYTES, Restored, Step};
use crate::catalog::change::Change;
use crate::catalog::{Catalog, Home};
use crate::paths;
use crate::policy::{Command, Text};
use crate::secret::{Length, SecretName};
use crate::store::vault::age_file::{Keys, Opening};
use crate::store::{StoreKind, Version};

/// How many secrets are restored in one step.
const BATCH: usize = 100;

/// How long a version that is replaced is kept, as in `rotate`.
const KEEP: &str = "7d";

/// Who asks for what was allowed. Not a name that a program can have as its own.
const BY: &str = "broker backup restore";

/// Merge a backup into this home
///
/// The file is opened and checked whole before anything is changed; one that was cut or altered restores nothing. What
/// would change is shown, and a person agrees. Secrets that are not here are added with their versions and dates; older
/// ones are replaced, and the value from here is kept for a week (broker rollback); ones that may be newer here are
/// kept, unless you say otherwise to a question of its own. What was allowed comes back as requests.
///
/// Where there is no home yet, make one first: broker init. A secret that was removed here comes back. broker.toml is
/// written where there is none. A restore that was interrupted is finished by another one.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  broker backup restore broker-2027-01.age
  broker backup restore broker-2027-01.age --identity key.txt --store vault")]
pub(super) struct Args {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where secrets that are not here go (without: where they were, or the home's default)
    #[arg(long, value_name = "STORE")]
    store: Option<StoreWord>,
    /// The file with the identity that opens it
    #[arg(long, value_name = "PATH")]
    identity: Option<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    let backup = open(&args.file, args.identity.as_deref())?;
    let mut stores = OpenStores::new(&home);
    let event = Event::new(Action::Backup).detail("restored");
    let person = Person::require("restoring a backup", &home, &mut stores);
    let mut person = person.map_err(|failure| event.withheld(failure, &home, context))?;
    let event = event.unattended(person.is_unattended());
    let catalog = home.catalog()?;
    let forced = args.store.map(StoreKind::from);
    let mut plan = Plan::of(&backup, forced, &catalog, &home, &mut stores, context)?;
    if plan.config.is_some_and(|config| !is_understood(config)) {
        context.output.warning(
            "the broker.toml of the backup is not understood by this broker and stays in it",
        );
        plan.config = None;
    }
    if plan.is_empty() {
        tell_kept(&plan, &BTreeSet::new(), context);
        context.output.notice("there is nothing to restore");
        return Ok(Done::Ok);
    }
    let agreed = ask(&plan, &backup, &mut person);
    let overwritten = agreed.map_err(|failure| event.withheld(failure, &home, context))?;
    let writing = Writing::of(&plan, overwritten, context)?;
    let named = writing.named();
    let mut done = Vec::new();
    let result = logged(&event, &named, &home, context, || {
        let mut merge = Merge {
            home: &home,
            stores: &mut stores,
            context,
            done: &mut done,
        };
        merge.secrets(&writing, &catalog)?;
        merge.config(&plan)?;
        merge.requests(&plan)
    });
    if result.is_err() && !done.is_empty() {
        // The log is to tell of those that were restored before it failed.
        let versions = done.iter().map(|(name, version)| (name, *version));
        let told = event
            .versions(versions)
            .write(Outcome::Done, &home, context);
        if let Err(failure) = told {
            context.output.warning(&failure.message);
        }
    }
    result?;
    tell(&plan, &writing, &home, context)?;
    Ok(Done::Ok)
}

/// Reads the file and opens it with what its header says.
fn open(file: &Path, identity: Option<&Path>) -> Result<Backup, Failure> {
    let what = "the backup";
    let read = paths::read_file(&absolute(file)?, MAX_FILE_BYTES);
    let bytes = read.map_err(|error| unnamed(&error, what))?;
    let bytes = bytes.ok_or_else(|| Failure::new("input-failed", "there is no such file"))?;
    match (backup::opening(&bytes)?, identity) {
        (Opening::Identity, Some(path)) => {
            let known = identities(path)?;
            Ok(Backup::open(&bytes, Keys::Identities(&known))?)
        }
        (Opening::Identity, None) => {
            let message = "the backup opens with an identity, and none was named";
            Err(Failure::new("backup-wrong-key", message)
                .hint("name the file that holds it: --identity PATH"))
        }
        (Opening::Passphrase, Some(_)) => {
            let message = "the backup opens with a passphrase, not with an identity";
            Err(Failure::new("backup-wrong-key", message).hint("leave out --identity"))
        }
        (Opening::Passphrase, None) => {
            let passphrase = if io::stdin().is_terminal() || Terminal::open().is_some() {
                terminal::hidden("passphrase of the backup:", "opening the backup")?
            } else {
                passphrase_from_stdin()?
            };
            Ok(Backup::open(&bytes, Keys::Passphrase(&passphrase))?)
        }
    }
}

/// Shows what would change and asks. Returns whether secrets that may be newer here are replaced, too.
fn ask(plan: &Plan<'_>, backup: &Backup, person: &mut Person) -> Result<bool, Failure> {
    person.say(&format!(
        "this backup was made at {}. Restoring it would:",
        backup.made
    ))?;
    for line in plan.lines() {
        person.say(&line)?;
    }
    let newer = plan.of_fate(&Fate::Newer).count();
    let others = plan
        .steps
        .iter()
        .any(|step| matches!(step.fate, Fate::Add | Fate::Replace | Fate::PutBack));
    if others || !plan.asked.is_empty() || plan.config.is_some() {
        person.agree("restore it so?")?;
    }
    // Where nobody is, nobody says that.
    if newer == 0 || person.is_unattended() {
        return Ok(false);
    }
    let question =
        format!("replace the {newer} that may be newer here by those of the backup, too?");
    person.confirm(&question)
}

/// What is to be written.
struct Writing<'a> {
    restored: Vec<Restored<'a>>,
    put_back: Vec<&'a Step<'a>>,
    /// Until when what is replaced is kept.
    until: jiff::Timestamp,
}

impl<'a> Writing<'a> {
    fn of(plan: &'a Plan<'a>, overwritten: bool, context: &Context) -> Result<Self, Failure> {
        let now = context.now();
        let keep = KEEP.parse().ok();
        let keep = keep.and_then(|keep: Length| keep.after(now, &context.zone()));
        let until = keep.unwrap_or(now);
        let mut restored = Vec::new();
        for step in &plan.steps {
            match &step.fate {
                Fate::Add => {
                    if let Some(store) = plan.stores.get(&step.held.record.id) {
                        restored.push(step.added(*store));
                    }
                }
                Fate::Replace => restored.push(step.replaced(until, now)?),
                Fate::Newer if overwritten => restored.push(step.replaced(until, now)?),
                Fate::Newer | Fate::Same | Fate::PutBack | Fate::Taken(_) => {}
            }
        }
        Ok(Self {
            restored,
            put_back: plan.of_fate(&Fate::PutBack).collect(),
            until,
        })
    }

    /// The secrets that are written, as they are called here, with their versions.
    fn named(&self) -> Vec<(SecretName, Version)> {
        let restored = self.restored.iter().map(|r| &r.record);
        let put_back = self.put_back.iter().filter_map(|step| step.here.as_ref());
        let all = restored.chain(put_back);
        all.map(|record| (record.name.clone(), record.current))
            .collect()
    }
}

/// The steps of a restore that change the home.
struct Merge<'m> {
    home: &'m Home,
    stores: &'m mut OpenStores,
    context: &'m Context,
    /// What was restored.
    done: &'m mut Vec<(SecretName, Version)>,
}

impl Merge<'_> {
    fn secrets(&mut self, writing: &Writing<'_>, shown: &Catalog) -> Result<(), Failure> {
        let all = writing.named().len();
        if all == 0 {
            return Ok(());
        }
        let kinds = writing
            .restored
            .iter()
            .map(|restored| restored.record.store);
        for kind in kinds.collect::<BTreeSet<_>>() {
            seals::ensure(self.home, self.stores, kind, &self.context.output)?;
        }
        let mut progress = Progress::new("secrets restored", all, &self.context.output);
        let mut change = Change::begin(self.home)?;
        if change.catalog().secrets() != shown.secrets() {
            let message =
                "the secrets of this home changed while you were asked; nothing was restored";
            return Err(Failure::new("home-changed", message).hint("restore again"));
        }
        for step in &writing.put_back {
            if let Some((record, version, value)) = step.put_back() {
                let put = change.put_back(self.stores, record, version, value);
                put.map_err(|error| partly(error.into(), self.done.len(), all))?;
                self.done.push((record.name.clone(), version));
                progress.add(1);
            }
        }
        for batch in writing.restored.chunks(BATCH) {
            let taken = change.restore(self.stores, batch, self.context.now());
            let leftover = taken.map_err(|error| partly(error.into(), self.done.len(), all))?;
            remove::tell_leftover(&leftover, self.context);
            let names = batch
                .iter()
                .map(|r| (r.record.name.clone(), r.record.current));
            self.done.extend(names);
            progress.add(batch.len());
        }
        Ok(())
    }

    /// Writes `broker.toml`, unless there is one by now.
    fn config(&mut self, plan: &Plan<'_>) -> Result<(), Failure> {
        let Some(config) = plan.config else {
            return Ok(());
        };
        let path = self.home.paths.config_file();
        if let Some(folder) = path.parent() {
            paths::create_folder(folder)?;
        }
        if paths::write_new_file(path, config)? {
            self.context.output.notice("broker.toml was restored");
        }
        Ok(())
    }

    /// Asks again for what was allowed.
    fn requests(&mut self, plan: &Plan<'_>) -> Result<(), Failure> {
        if plan.asked.is_empty() {
            return Ok(());
        }
        let _lock = self.home.lock()?;
        let catalog = self.home.catalog()?;
        let now = self.context.now();
        let mut pending = requests(self.home, now);
        let (mut asked, mut no_room) = (0_usize, Vec::new());
        for command in &plan.asked {
            let mut command = command.clone();
            let folder = command.folder.clone();
            let folder = folder.unwrap_or_else(|| Text::of("/"));
            if rebind(&mut command, &catalog) && pending.ask_again(&command, folder, BY, now) {
                asked = asked.saturating_add(1);
            } else {
                no_room.push(label(&command));
            }
        }
        write_requests(self.home, &pending)?;
        let output = &self.context.output;
        if asked > 0 {
            output.notice(&format!(
                "{asked} command(s) that were allowed are asked for again, for a day: look at them with: broker allow"
            ));
        }
        if !no_room.is_empty() {
            output.warning(&format!(
                "not asked for again, because there are too many requests: {}; allow some, and restore again",
                no_room.join(", ")
            ));
        }
        Ok(())
    }
}

/// What a command is called in a list.
fn label(command: &Command) -> String {
    let server = command.server.clone();
    server.unwrap_or_else(|| command.program.path.to_string())
}

/// Says how far it came.
fn partly(failure: Failure, done: usize, all: usize) -> Failure {
    let message = format!(
        "{} ({done} of {all} secrets were restored before it; restoring again goes on)",
        failure.message
    );
    Failure { message, ..failure }
}

/// Says what was done, and what was not.
fn tell(
    plan: &Plan<'_>,
    writing: &Writing<'_>,
    home: &Home,
    context: &Context,
) -> Result<(), Failure> {
    let output = &context.output;
    let all = writing.named().len();
    if all > 0 {
        output.notice(&format!("restored {all} secret(s)"));
    }
    let mut replaced = BTreeSet::new();
    for restored in &writing.restored {
        let Some(before) = &restored.before else {
            continue;
        };
        let name = &restored.record.name;
        let until = writing.until.to_zoned(context.zone()).date();
        let kept = if restored.ended.contains(&before.current) {
            format!("version {} was lost", before.current)
        } else {
            format!(
                "version {} is kept until {until}; back to it with: broker rollback {name}",
                before.current
            )
        };
        let version = restored.record.current;
        output.notice(&format!("\"{name}\" has version {version} now; {kept}"));
        kept::tell_servers(name, home, context);
        replaced.insert(name.as_str());
    }
    tell_kept(plan, &replaced, context);
    Ok(())
}

/// Says what of the backup was left alone.
fn tell_kept(plan: &Plan<'_>, replaced: &BTreeSet<&str>, context: &Context) {
    let output = &context.output;
    for step in plan.of_fate(&Fate::Newer) {
        let name = name(step);
        if !replaced.contains(name.as_str()) {
            output.notice(&format!(
                "\"{name}\" has another value here, which may be newer, and was kept"
            ));
        }
    }
    for step in &plan.steps {
        if let Fate::Taken(here) = &step.fate {
            let held = &step.held.record.name;
            output.warning(&format!(
                "\"{held}\" was not restored: another secret is called \"{here}\" here; give that one another name (broker rename), and restore again"
            ));
        }
    }
    if !plan.allowed.rotations.is_empty() {
        let secrets = plan.allowed.rotations.iter().flat_map(Command::secrets);
        let names: BTreeSet<String> = secrets.map(|secret| secret.name.to_string()).collect();
        let names: Vec<String> = names.into_iter().collect();
        output.warning(&format!(
            "rotation commands are not restored; record them again with broker edit --rotate-command: {}",
            names.join(", ")
        ));
    }
    if !plan.without.is_empty() {
        let labels: Vec<String> = plan.without.iter().map(label).collect();
        output.warning(&format!(
            "not asked for again, because a secret of theirs is not here: {}",
            labels.join(", ")
        ));
    }
    if plan.allowed.unknown > 0 {
        output.warning(&format!(
            "{} command(s) that were allowed are not understood by this broker",
            plan.allowed.unknown
        ));
    }
}
