//! `broker restore`: puts entries of a client's file back as they were before `protect`.

mod end;
mod unwind;
mod values;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::Done;
use super::audited::Event;
use super::clients;
use super::context::{Context, nearest};
use super::failure::Failure;
use super::permission::ensure_thawed;
use super::person::Person;
use super::scan::place_words as words;
use super::stores::OpenStores;
use super::undo;
use crate::audit::Action;
use crate::catalog::Home;
use crate::clients::read::read;
use crate::clients::running::{Running, is_running};
use crate::clients::table::{Client, ClientFile};
use crate::clients::undo_record::{EntryName, UndoRecord, load_all};
use crate::clients::write::{EditLock, WriteError, write};
use crate::policy::Text;
use unwind::{Fate, Unwound};
use values::Sources;

/// Put entries of a client's file back as they were before broker protect
///
/// Needs a person: the values stand in plain text in the file again, for every program of yours to read. Where nothing
/// else in the file has changed since, it is byte for byte what it was; where something has, the entries are put back one
/// by one, and the rest stays. What protect allowed for them is taken back.
///
/// What was changed is kept for 30 days, without the values: these come from the store. Where the value that stood in
/// the file is no longer kept, the current one is written, and that is said. An entry of which a secret was removed
/// stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Exit code: 0 if every entry is as it was, 1 if not.

Examples:
  broker restore ~/.cursor/mcp.json
  broker restore .mcp.json --server github")]
pub(super) struct Args {
    /// The file
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Only the entry of SERVER; may be repeated
    #[arg(long, value_name = "SERVER")]
    server: Vec<String>,
    /// Do not ask; somebody has to be at the terminal all the same
    #[arg(long)]
    yes: bool,
}

/// How long another broker that changes the file is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A record that is undone, and whose file it is about.
struct Meant {
    record: UndoRecord,
    client: &'static Client,
    file: &'static ClientFile,
}

/// What became of an entry. The fields are part of the command contract.
#[derive(Debug, Serialize)]
struct Row {
    client: &'static str,
    file: String,
    server: String,
    state: &'static str,
    message: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    let path =
        std::path::absolute(&args.path).map_err(|_| Failure::usage("a path cannot be used"))?;
    let place = Place::of(&path)?;
    // Before anything is made or locked for it.
    let kept = load_all(&home.paths)?;
    if kept.damaged.is_empty() && !kept.records.iter().any(|record| place.is_of(record)) {
        return Err(nothing_kept());
    }
    let lock = EditLock::take(&home.paths.client_locks_folder(), &path, PATIENCE)?;
    let (mut meant, others) = meant(&place, &home, context)?;
    let Some(newest) = meant.first() else {
        return Err(nothing_kept());
    };
    let (client, file) = (newest.client, newest.file);
    let entries = wanted(args, &meant)?;
    ensure_at_rest(client, context)?;
    let read = read(&path, file.format)?;
    let catalog = home.catalog()?;
    let records = meant.iter().map(|one| &one.record);
    let secrets = records.flat_map(|one| entries.iter().flat_map(|entry| one.secrets_of(entry)));
    let sources = Sources::of(secrets.map(|kept| kept.secret), &catalog);
    let shown = described(&meant, &entries, &sources);
    let versions = sources.versions();
    let event = Event::new(Action::Restore)
        .versions(versions.iter().map(|(name, version)| (name, *version)))
        .detail(format!("\"{}\"", path.display()));
    let mut stores = OpenStores::new(&home);
    let event = agreed(event, args, &path, &shown, &home, &mut stores, context)?;
    let mut undone = Vec::new();
    let is_wanted = |entry: &EntryName| entries.contains(entry);
    let unwound = event.around(&home, context, || {
        let values = sources.read(&home, &mut stores)?;
        let mut unwound = Unwound::of(read.document.text());
        while let Some(one) = last_of(&mut meant, &unwound, &mut undone) {
            unwound
                .undo(&mut one.record, one.file, &is_wanted, &values)
                .map_err(|problem| unreadable(&path, &problem.to_string()))?;
        }
        if *unwound.text != *read.document.text() {
            // Frozen while the values were read.
            ensure_thawed(&home)?;
            write(&lock, &read.identity, &unwound.text)?;
        }
        Ok(unwound)
    })?;
    let told = tell(&unwound, client, &path, context);
    end::end(&meant, &others, &home, &mut stores, context)?;
    clients::accept_written(&path, entries, &home, &mut stores, context);
    drop(lock);
    told
}

/// By what the records of a file are found.
struct Place {
    /// Where it is.
    real: Text,
    /// What it is asked for by: a link that was replaced by a copy of its file is still asked for by the same path.
    given: Text,
}

impl Place {
    fn of(path: &Path) -> Result<Self, Failure> {
        match path.canonicalize() {
            Ok(real) => Ok(Self {
                real: Text::of(real),
                given: Text::of(path),
            }),
            Err(e) => {
                let message = match e.kind() {
                    io::ErrorKind::NotFound => format!("there is no file \"{}\"", path.display()),
                    _ => format!("\"{}\" cannot be looked at: {e}", path.display()),
                };
                Err(Failure::new("file-io", message))
            }
        }
    }

    fn is_of(&self, record: &UndoRecord) -> bool {
        *record.real() == self.real || *record.given() == self.given
    }
}

/// Finds the records of a file, the newest first, and those of all others.
fn meant(
    place: &Place,
    home: &Home,
    context: &Context,
) -> Result<(Vec<Meant>, Vec<UndoRecord>), Failure> {
    let loaded = undo::load(home, context.now(), &context.output)?;
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for record in loaded.records.into_iter().rev() {
        match record.client().filter(|_| place.is_of(&record)) {
            Some((client, file)) => own.push(Meant {
                record,
                client,
                file,
            }),
            None => others.push(record),
        }
    }
    if own.is_empty() {
        return Err(nothing_kept());
    }
    Ok((own, others))
}

/// Returns the record of the last change that is not among the `undone` yet: the one that left the text as it is, else the
/// newest.
fn last_of<'a>(
    meant: &'a mut [Meant],
    unwound: &Unwound,
    undone: &mut Vec<String>,
) -> Option<&'a mut Meant> {
    let is_open = |one: &&mut Meant| !undone.iter().any(|id| id == one.record.id());
    let mut open: Vec<&mut Meant> = meant.iter_mut().filter(is_open).collect();
    let is_last = |one: &&mut Meant| one.record.is_after(&unwound.text);
    let at = open.iter().position(is_last).unwrap_or(0);
    let one = (at < open.len()).then(|| open.swap_remove(at))?;
    undone.push(one.record.id().to_owned());
    Some(one)
}

fn nothing_kept() -> Failure {
    let message = "nothing is kept by which this file could be restored";
    Failure::new("undo-not-found", message)
        .hint("what protect changed is kept for 30 days, or until its secrets are removed")
}

/// Finds the entries that are asked for.
fn wanted(args: &Args, meant: &[Meant]) -> Result<Vec<EntryName>, Failure> {
    let mut entries: Vec<EntryName> = Vec::new();
    for entry in meant.iter().flat_map(|one| one.record.entries()) {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    for server in &args.server {
        if !entries.iter().any(|entry| entry.server == *server) {
            let message = "nothing is kept of an entry of that name in this file";
            let failure = Failure::new("undo-not-found", message);
            let known = entries.iter().map(|entry| entry.server.as_str());
            return Err(match nearest(server, known) {
                Some(near) => failure.hint(format!("did you mean \"{near}\"?")),
                None => failure,
            });
        }
    }
    if !args.server.is_empty() {
        entries.retain(|entry| args.server.contains(&entry.server));
    }
    Ok(entries)
}

/// Refuses while a client runs that would write its own file over what is restored.
fn ensure_at_rest(client: &Client, context: &Context) -> Result<(), Failure> {
    if !client.rewrites {
        return Ok(());
    }
    match is_running(client) {
        Running::No => Ok(()),
        Running::Unknown => {
            context.output.warning(&format!(
                "{} writes this file itself, and whether it runs is not known: quit it first",
                client.name
            ));
            Ok(())
        }
        Running::Yes => {
            let message = format!(
                "{} is running, and writes this file itself: it would undo the change",
                client.name
            );
            Err(Failure::new("client-running", message).hint("quit it, and try again"))
        }
    }
}

/// Says what would stand in the file again, a line each.
fn described(meant: &[Meant], entries: &[EntryName], sources: &Sources) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in entries {
        let server = &entry.server;
        let records = meant.iter().map(|one| &one.record);
        let mut has_secret = false;
        for kept in records.flat_map(|record| record.secrets_of(entry)) {
            has_secret = true;
            let place = words(&kept.place);
            let line = match sources.get(kept.secret) {
                None => format!(
                    "{server}, {place}: stays, since the secret \"{}\" was removed",
                    kept.secret.name
                ),
                Some(source) => {
                    let (name, version) = (&source.name, source.version);
                    let other = if version != kept.secret.version {
                        format!(
                            ", in its version {version}: the one that stood there is not kept any more"
                        )
                    } else if version != source.current {
                        format!(", in its version {version}, which was rotated since")
                    } else {
                        String::new()
                    };
                    format!("{server}, {place}: the value of \"{name}\" in plain text{other}")
                }
            };
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        if !has_secret {
            lines.push(format!("{server}: its command, without broker"));
        }
    }
    lines
}

/// Shows what would come back, and demands the person who agrees.
fn agreed(
    event: Event,
    args: &Args,
    path: &Path,
    shown: &[String],
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<Event, Failure> {
    let agreed = ensure_thawed(home).and_then(|()| {
        let mut person = Person::require("restoring a file", home, stores)?;
        person.say(&format!("In \"{}\" would stand again:", path.display()))?;
        for line in shown {
            person.say(&format!("  {line}"))?;
        }
        if !args.yes {
            person.agree("every program of yours could read it there; restore it?")?;
        }
        Ok(person)
    });
    let person = agreed.map_err(|failure| event.withheld(failure, home, context))?;
    Ok(event.unattended(person.is_unattended()))
}

fn unreadable(path: &Path, problem: &str) -> Failure {
    let message = format!("\"{}\" cannot be read: {problem}", path.display());
    Failure::new("client-file-unreadable", message)
}

/// Says what became of each entry.
fn tell(
    unwound: &Unwound,
    client: &'static Client,
    path: &Path,
    context: &Context,
) -> Result<Done, Failure> {
    let file = path.display().to_string();
    let row = |(entry, fate): (&EntryName, &Fate)| {
        let (state, message) = match fate {
            Fate::Already => ("already", None),
            Fate::Restored => ("restored", None),
            Fate::Left(why) => ("left", Some(why.clone())),
        };
        Row {
            client: client.id,
            file: file.clone(),
            server: entry.server.clone(),
            state,
            message,
        }
    };
    let rows: Vec<Row> = unwound.fates.iter().map(row).collect();
    if context.output.json {
        context.output.document(&rows)?;
    }
    let output = &context.output;
    for row in &rows {
        let server = &row.server;
        match &row.message {
            None if row.state == "already" => {
                output.notice(&format!("\"{server}\" is as it was already"));
            }
            None => output.notice(&format!("restored \"{server}\"")),
            Some(why) => output.warning(&format!("\"{server}\" stays as it is: {why}")),
        }
    }
    let count = |state: &str| rows.iter().filter(|row| row.state == state).count();
    let (restored, left) = (count("restored"), count("left"));
    if restored > 0 {
        output.notice(if unwound.is_exact {
            "nothing else in the file had changed: what was restored is byte for byte as it was"
        } else {
            "something else in the file had changed, and stays so"
        });
        output.notice(&format!(
            "values stand in plain text in it now; {}",
            client.reload
        ));
    }
    if left > 0 {
        let message = format!("{left} of {} entries stay as they are", rows.len());
        return Err(Failure::new("restore-incomplete", message)
            .hint("change them by hand; values are shown by: broker reveal NAME"));
    }
    Ok(Done::Ok)
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        let message = error.to_string();
        match error {
            WriteError::Changed(_) | WriteError::Overwritten(_) => {
                Self::new("client-file-changed", message).hint("see who writes it, and try again")
            }
            WriteError::Busy(_) => {
                Self::new("client-file-busy", message).hint("wait for it to end, and try again")
            }
            WriteError::Read(error) => error.into(),
            WriteError::File(error) => error.into(),
        }
    }
}
