//! Moving the baseline: all of it by a person's word, or the entries that broker itself wrote.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use super::super::Done;
use super::super::audited::Event;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::permission::seals;
use super::super::person::Person;
use super::super::stores::OpenStores;
use super::kept::{self, Kept};
use super::survey::{Surveyed, here, known_of, survey};
use super::{ChangeRow, lines};
use crate::audit::Action;
use crate::catalog::Home;
use crate::clients::baseline::{
    Baseline, KnownEntry, KnownFile, Sought, differences, look, sought,
};
use crate::clients::table::{Surroundings, recognise};
use crate::clients::undo_record::EntryName;
use crate::launch::project;
use crate::paths::{self, Lock};
use crate::policy::Seal;
use crate::store::{HomeId, StoreKind};

/// Shows what changed, and accepts it if the person agrees.
pub(super) fn run(context: &Context) -> Result<Done, Failure> {
    context.require_hardened()?;
    let home = context.home()?;
    let mut stores = OpenStores::new(&home);
    let kept = Kept::load(&home, &mut stores)?;
    if let Kept::Ignored(why) = &kept {
        kept::warn(&home, why, context);
    }
    let (old, kind, seal) = match kept {
        Kept::Counts { baseline, seal } => (Some(baseline.clone()), baseline.store(), seal),
        Kept::Nothing | Kept::Ignored(_) | Kept::Unconfirmed(_) => {
            let kind = home.record.store;
            let seal = seals::read(&home, &mut stores, kind)?.ok_or_else(seals::missing)?;
            (None, kind, seal)
        }
    };
    let surveyed = survey(old.as_ref(), Some(&seal), true);
    let rows: Vec<ChangeRow> = surveyed.iter().flat_map(Surveyed::rows).collect();
    let files = files_of(surveyed, old.as_ref());
    let next = Next { kind, files, seal };
    if rows.is_empty()
        && let Some(old) = &old
    {
        // The same entries in files that were written meanwhile: nothing to be asked about, and no other number.
        if old.files() != next.files {
            let lock = home.lock()?;
            next.ensure_unmoved(&home, Some(old))?;
            next.write(&home, old.number(), &lock)?;
        }
        context
            .output
            .notice("nothing changed in the files of clients");
        return Ok(Done::Ok);
    }
    let event =
        Event::new(Action::Accept).detail(format!("changes in files of clients: {}", rows.len()));
    let agreed = Person::require("accepting changes in files of clients", &home, &mut stores);
    let agreed = agreed.and_then(|mut person| {
        show(&rows, &mut person, context)?;
        person.agree("accept that all of this is meant to be so?")?;
        Ok(person)
    });
    let person = agreed.map_err(|failure| event.withheld(failure, &home, context))?;
    let event = event.unattended(person.is_unattended());
    event.around(&home, context, || {
        let lock = home.lock()?;
        next.ensure_unmoved(&home, old.as_ref())?;
        next.save(&home, &mut stores, old.as_ref(), &lock, context)
    })?;
    context
        .output
        .notice("what the files of clients say is accepted");
    Ok(Done::Ok)
}

/// Shows what is to be accepted: on the terminal where the person is, and in the answer where it goes elsewhere.
fn show(rows: &[ChangeRow], person: &mut Person, context: &Context) -> Result<(), Failure> {
    if context.output.json {
        context.output.document(&rows)?;
    } else if person.is_unattended() || !std::io::stdout().is_terminal() {
        context.output.answer(&lines(rows))?;
    }
    for row in rows {
        person.say(&row.line())?;
    }
    Ok(())
}

/// What is kept of the files that were looked at, and of those that this broker knows no client of.
fn files_of(surveyed: Vec<Surveyed>, old: Option<&Baseline>) -> Vec<KnownFile> {
    let paths: Vec<String> = surveyed
        .iter()
        .map(|one| one.sought.path.display().to_string())
        .collect();
    let known = old.map_or(&[][..], Baseline::files).iter();
    let others = known.filter(|file| !paths.contains(&file.file)).cloned();
    let looked = surveyed.into_iter().filter_map(|one| one.looked);
    looked.map(|looked| looked.file).chain(others).collect()
}

/// A baseline that is about to be written.
struct Next {
    kind: StoreKind,
    files: Vec<KnownFile>,
    seal: Seal,
}

impl Next {
    /// Refuses to go on where another command moved the baseline since it was looked at.
    fn ensure_unmoved(&self, home: &Home, old: Option<&Baseline>) -> Result<(), Failure> {
        let Some(old) = old else {
            return Ok(());
        };
        match kept::read(&home.paths)? {
            Some(now) if now == *old => Ok(()),
            _ => {
                let message = "another broker command accepted changes meanwhile; nothing was done";
                Err(Failure::new("home-busy", message).hint("look again"))
            }
        }
    }

    /// Writes it with a number of its own, then moves the seals on to it.
    fn save(
        self,
        home: &Home,
        stores: &mut OpenStores,
        old: Option<&Baseline>,
        lock: &Lock,
        context: &Context,
    ) -> Result<(), Failure> {
        let before = old.map_or(0, Baseline::number).max(self.seal.baseline());
        let number = before.saturating_add(u64::from(seals::step()?.get()));
        self.write(home, number, lock)?;
        seals::update_held(home, stores, &context.output, lock, |seal| {
            seal.set_baseline(number);
        })
    }

    fn write(&self, home: &Home, number: u64, _lock: &Lock) -> Result<(), Failure> {
        let (id, files) = (home.record.id.clone(), self.files.clone());
        let made = Baseline::new(id, self.kind, number, files, &self.seal);
        Ok(paths::write_file(
            &home.paths.baseline_file(),
            &made.to_json(),
        )?)
    }
}

/// Returns the baseline of a home that is being made: what the user's own files say now. What a project's say is somebody
/// else's word.
pub(in crate::cli) fn first(
    id: &HomeId,
    kind: StoreKind,
    seal: &Seal,
    around: &Surroundings,
) -> Baseline {
    let files = users_own(around, seal);
    Baseline::new(id.clone(), kind, seal.baseline(), files, seal)
}

fn users_own(around: &Surroundings, seal: &Seal) -> Vec<KnownFile> {
    let own = Surroundings {
        project: None,
        ..around.clone()
    };
    let looked = sought(&own, &[], false).into_iter();
    let looked = looked.filter_map(|one| look(&one, Some(seal)));
    looked.map(|looked| looked.file).collect()
}

/// Takes entries that broker itself has just written, or taken away, for accepted, as [`accept_entries`] does. What was written
/// is written, so that it could not be done is only told. The caller must not hold the home's lock.
pub(in crate::cli) fn accept_written(
    path: &Path,
    entries: Vec<EntryName>,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) {
    let written = [(path.to_path_buf(), entries)];
    if let Err(failure) = accept_entries(home, stores, context, &written) {
        let why = failure.message;
        context.output.warning(&format!(
            "what was written will be told of as a change that nobody accepted: {why}"
        ));
    }
}

/// Takes entries that broker itself has just written, or taken away, for accepted: these and no others of their files.
/// Makes the baseline where there is none. What else changed in the files stays a change. Takes the home's lock, which the
/// caller must not hold.
///
/// Where the baseline does not count, that is told, and it stays so: only a person can say what is to.
///
/// # Errors
/// A store's error; `seal-missing`, `file-io`, `home-busy`.
fn accept_entries(
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
    written: &[(PathBuf, Vec<EntryName>)],
) -> Result<(), Failure> {
    let lock = home.lock()?;
    let (old, kind, seal) = match Kept::load(home, stores)? {
        Kept::Counts { baseline, seal } => (Some(baseline.clone()), baseline.store(), seal),
        Kept::Ignored(why) => {
            kept::warn(home, &why, context);
            return Ok(());
        }
        Kept::Nothing | Kept::Unconfirmed(_) => {
            let kind = home.record.store;
            let seal = seals::read(home, stores, kind)?.ok_or_else(seals::missing)?;
            (None, kind, seal)
        }
    };
    let Some(around) = here() else {
        return Ok(());
    };
    let mut files = match &old {
        Some(old) => old.files().to_vec(),
        None => users_own(&around, &seal),
    };
    for (path, entries) in written {
        let Some(sought) = sought_at(path, &around, old.as_ref()) else {
            continue;
        };
        let now = look(&sought, Some(&seal)).map(|looked| looked.file);
        let name = path.display().to_string();
        let at = files.iter().position(|file| file.file == name);
        let known = at.map(|at| files.swap_remove(at));
        files.extend(with_entries(known, now, entries));
    }
    let next = Next { kind, files, seal };
    next.save(home, stores, old.as_ref(), &lock, context)
}

/// Finds how a file is read that broker wrote: one of the user's, of the current project or of another.
fn sought_at(path: &Path, around: &Surroundings, old: Option<&Baseline>) -> Option<Sought> {
    let known = known_of(old, path).cloned();
    let known = known.as_slice();
    let mut all = sought(around, known, true).into_iter();
    all.find(|one| one.path == path).or_else(|| {
        let (client, file) = recognise(path, around)?;
        let folder = path.parent()?;
        Some(Sought {
            client,
            file,
            path: path.to_path_buf(),
            project: project(folder, Some(&around.home)).filter(|_| file.scope.is_shared()),
        })
    })
}

/// Takes these entries as they are `now`, and all others as they were known: those of the same name elsewhere in the file, too.
fn with_entries(
    known: Option<KnownFile>,
    now: Option<KnownFile>,
    names: &[EntryName],
) -> Option<KnownFile> {
    let is_written = |entry: &KnownEntry| {
        let is_it = |name: &EntryName| name.server == entry.server && name.under == entry.under;
        names.iter().any(is_it)
    };
    let mut entries = known
        .as_ref()
        .map_or_else(Vec::new, |file| file.entries.clone());
    entries.retain(|entry| !is_written(entry));
    let written = now.iter().flat_map(|file| &file.entries);
    entries.extend(written.filter(|entry| is_written(entry)).cloned());
    let mut file = match (&now, known) {
        (Some(now), _) => now.clone(),
        (None, Some(known)) => known,
        (None, None) => return None,
    };
    file.entries = entries;
    file.stamp = None;
    // Where nothing is left to be told, the stamp says so; else the file is read each time.
    if differences(Some(&file), now.as_ref()).is_empty() {
        file.stamp = now?.stamp;
    }
    Some(file)
}

#[cfg(all(test, unix))]
#[expect(clippy::expect_used, reason = "helpers of tests may abort")]
mod tests {
    use super::*;
    use crate::paths::FileStamp;

    fn name(server: &str) -> EntryName {
        EntryName {
            under: Vec::new(),
            server: server.to_owned(),
        }
    }

    fn file(stamped: bool, entries: &[(&str, bool)]) -> KnownFile {
        let found = Path::new("/").metadata().expect("there");
        let entry = |(server, disabled): &(&str, bool)| KnownEntry {
            under: Vec::new(),
            server: (*server).to_owned(),
            nth: 0,
            disabled: *disabled,
            texts: Vec::new(),
        };
        KnownFile {
            client: "cursor".to_owned(),
            kind: String::new(),
            file: "/f".to_owned(),
            project: None,
            stamp: stamped.then(|| FileStamp::of(&found)),
            readable: true,
            entries: entries.iter().map(entry).collect(),
        }
    }

    #[test]
    fn only_the_entries_that_were_written_are_accepted() {
        let known = || Some(file(true, &[("one", false), ("two", false)]));
        let now = || Some(file(true, &[("one", true), ("two", true)]));
        let written = |servers: &[&str]| {
            let names: Vec<EntryName> = servers.iter().map(|s| name(s)).collect();
            with_entries(known(), now(), &names).expect("a file")
        };
        let left = written(&["one"]);
        let told = differences(Some(&left), now().as_ref());
        let told: Vec<_> = told.iter().map(|one| one.server.as_deref()).collect();
        assert_eq!(told, [Some("two")]);
        assert_eq!(
            left.stamp, None,
            "so the file is read until all is accepted"
        );
        assert!(written(&["one", "two"]).stamp.is_some());
        // A file that is gone takes its entries along, but not those that nobody took away.
        let one = [name("one")];
        let left = with_entries(known(), None, &one).expect("a file");
        assert_eq!(left.entries.len(), 1);
        assert!(with_entries(Some(file(true, &[("one", false)])), None, &one).is_none());
        assert!(with_entries(None, None, &one).is_none());
        let new = with_entries(None, now(), &one).expect("a file");
        assert_eq!((new.entries.len(), new.stamp), (1, None));
    }

    #[test]
    fn an_entry_of_the_same_name_elsewhere_in_the_file_is_not_accepted_along() {
        let both = |disabled: bool| {
            let mut both = file(true, &[("one", disabled), ("one", disabled)]);
            if let Some(other) = both.entries.last_mut() {
                other.under = vec!["projects".to_owned(), "/p".to_owned()];
            }
            Some(both)
        };
        let left = with_entries(both(false), both(true), &[name("one")]).expect("a file");
        let told = differences(Some(&left), both(true).as_ref());
        assert_eq!(told.len(), 1);
        assert!(
            left.entries
                .iter()
                .any(|one| one.under.is_empty() && one.disabled)
        );
    }
}
