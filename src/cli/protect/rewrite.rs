//! One file as it will be: its new text, how that is undone, and what is to be allowed for it.

use std::collections::BTreeSet;
use std::rc::Rc;

use zeroize::Zeroizing;

use super::super::context::Context;
use super::super::entry;
use super::super::failure::Failure;
use super::super::permission::{bound, find_all};
use super::super::scan;
use super::super::started::{self, Starter, Unclear};
use super::super::stores::OpenStores;
use super::names::{Chosen, Names};
use super::row::{Outcome, Row};
use super::target::{Planned, Target};
use crate::catalog::{Catalog, Home};
use crate::clients::detect::Confidence;
use crate::clients::document::{Document, Found};
use crate::clients::edit::{Edit, EditError, Undo, Wrap, edit};
use crate::clients::protect::{Left, Move};
use crate::clients::table::HandsDown;
use crate::clients::undo_record::is_keepable;
use crate::clients::{Entry, Place, Wrapped};
use crate::launch::{Plan, is_dangerous, reading};
use crate::policy::Command;
use crate::secret::Reference;

/// A file that is about to be rewritten.
#[derive(Debug)]
pub(super) struct Rewrite {
    pub(super) target: Target,
    pub(super) text: Zeroizing<String>,
    pub(super) undo: Vec<Undo>,
    pub(super) changed: Vec<Changed>,
    /// Entries that were to be changed, and cannot be.
    pub(super) left: Vec<Row>,
}

/// An entry that is changed.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) under: Vec<String>,
    pub(super) server: String,
    pub(super) moved: Vec<Moved>,
    /// The entry as it will be.
    pub(super) after: Entry,
    /// What is to be allowed; none where that is not known before the client starts it, and why.
    pub(super) grant: Result<Grant, String>,
}

/// What is to be allowed.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) command: Command,
    pub(super) plan: Plan,
    /// What there is to know about it.
    pub(super) note: Option<String>,
}

/// A secret that is taken out.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) what: Move,
    pub(super) chosen: Rc<Chosen>,
}

impl Rewrite {
    /// Works out what becomes of a file.
    pub(super) fn of(
        target: Target,
        names: &mut Names<'_>,
        stores: Option<&mut OpenStores>,
        home: &Home,
        context: &Context,
    ) -> Result<Self, Box<Row>> {
        match Self::parts(&target, names, stores, home, context) {
            Ok((text, undo, changed, left)) => Ok(Self {
                target,
                text,
                undo,
                changed,
                left,
            }),
            Err(failure) => Err(Row::failed(&target.wanted, &failure)),
        }
    }

    #[expect(clippy::type_complexity, reason = "the parts of what is made of it")]
    fn parts(
        target: &Target,
        names: &mut Names<'_>,
        mut stores: Option<&mut OpenStores>,
        home: &Home,
        context: &Context,
    ) -> Result<(Zeroizing<String>, Vec<Undo>, Vec<Changed>, Vec<Row>), Failure> {
        let starter = Starter {
            client: target.client,
            scope: target.file.scope,
            wanted: target.wanted.clone(),
        };
        let (mut edits, mut changed, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for one in &target.entries {
            if one.plan.moves.is_empty() {
                continue;
            }
            let name = &one.found.entry.server;
            let mut leave = |why: &str| {
                for known in &one.plan.moves {
                    left.push(target.row(name, &known.place, Outcome::Left, why));
                }
            };
            if has_secret_in_program(one) {
                leave("a secret stands in the name of its program, which broker would keep");
                continue;
            }
            let wrap = match wrapping(target, one, &starter, context) {
                Ok(wrap) => wrap,
                Err(Unwrapped::Left(why)) => {
                    leave(&why);
                    continue;
                }
                Err(Unwrapped::Failed(failure)) => return Err(failure),
            };
            let mut moved = Vec::new();
            let mut of_entry = wrap;
            for known in &one.plan.moves {
                let what = known.variable.as_deref().unwrap_or("secret");
                let stores = stores.as_deref_mut();
                let chosen = names.choose(
                    scan::shown_name(name),
                    scan::shown_name(what),
                    &known.value,
                    context.now(),
                    stores,
                )?;
                let reference = Reference {
                    name: chosen.record.name.clone(),
                };
                of_entry.extend(known.edits(&reference.to_string()));
                moved.push(Moved {
                    what: known.clone(),
                    chosen,
                });
            }
            // Tried alone first: what cannot be changed is left, and the others are done.
            let alone: Vec<(&Found, Edit)> = of_entry
                .iter()
                .map(|edit| (&one.found, edit.clone()))
                .collect();
            let tried = edit(&target.text.document, target.file.shape, &alone);
            let kept = tried.map_err(|why| words(&why)).and_then(|edited| {
                is_keepable(target.file, &edited.undo).map_err(|why| why.to_string())
            });
            if let Err(why) = kept {
                leave(&why);
                continue;
            }
            edits.extend(alone);
            changed.push((one, moved));
        }
        if edits.is_empty() {
            let text = Zeroizing::new(target.text.document.text().to_owned());
            return Ok((text, Vec::new(), Vec::new(), left));
        }
        let edited = edit(&target.text.document, target.file.shape, &edits).map_err(|why| {
            let message = format!(
                "\"{}\" is not changed: {}",
                target.wanted.path.display(),
                words(&why)
            );
            Failure::new("client-file-not-edited", message)
        })?;
        let after = Document::parse(target.text.document.format(), &edited.text);
        let after = after.map(|document| document.entries(target.file));
        let after = after.unwrap_or_default();
        let catalog = names.catalog();
        let changed = changed
            .into_iter()
            .map(|(one, moved)| {
                let is_it = |found: &&Found| {
                    found.entry.server == one.found.entry.server
                        && found.under == one.found.under
                        && !found.is_shadowed
                };
                let entry = after.iter().find(is_it).map(|found| found.entry.clone());
                let entry = entry.ok_or_else(|| {
                    Failure::new("client-file-not-edited", "an entry was not found again")
                })?;
                Ok(Changed {
                    grant: grant(
                        (&entry, &one.found.under),
                        &moved,
                        &starter,
                        &catalog,
                        home,
                        context,
                    )?,
                    under: one.found.under.clone(),
                    server: one.found.entry.server.clone(),
                    moved,
                    after: entry,
                })
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        Ok((edited.text, edited.undo, changed, left))
    }

    /// Returns an entry as it stands in the file.
    pub(super) fn before(&self, changed: &Changed) -> Option<&Entry> {
        let entries = self.target.entries.iter().map(|one| &one.found);
        let mut entries = entries.filter(|found| !found.is_shadowed);
        let is_it =
            |found: &&Found| found.entry.server == changed.server && found.under == changed.under;
        entries.find(is_it).map(|found| &found.entry)
    }

    /// Rows for what is moved.
    pub(super) fn rows(&self, outcome: Outcome, message: Option<&str>) -> Vec<Row> {
        let mut rows = Vec::new();
        for changed in &self.changed {
            for moved in &changed.moved {
                let why = match (message, &changed.grant) {
                    (Some(message), _) => message,
                    (None, Err(why)) => why.as_str(),
                    (None, Ok(grant)) => grant.note.as_deref().unwrap_or_default(),
                };
                let row = self
                    .target
                    .row(&changed.server, &moved.what.place, outcome, why);
                rows.push(Row {
                    secret: Some(moved.chosen.record.name.to_string()),
                    ..row
                });
            }
        }
        rows
    }

    /// The secrets that are moved, each once.
    pub(super) fn secrets(&self) -> Vec<&Rc<Chosen>> {
        let mut all: Vec<&Rc<Chosen>> = Vec::new();
        for moved in self.changed.iter().flat_map(|changed| &changed.moved) {
            if !all.iter().any(|known| Rc::ptr_eq(known, &moved.chosen)) {
                all.push(&moved.chosen);
            }
        }
        all
    }
}

fn words(why: &EditError) -> String {
    format!("it cannot be changed safely: {why}")
}

/// Why an entry is not wrapped.
enum Unwrapped {
    /// It is left as it is.
    Left(String),
    /// The system refused to tell, and may do so another time: nothing is known of the entry.
    Failed(Failure),
}

impl<T: Into<String>> From<T> for Unwrapped {
    fn from(why: T) -> Self {
        Self::Left(why.into())
    }
}

/// Tells whether something that may well be a secret stands in the name of the program, which is kept with what is allowed
/// and with how it is undone.
fn has_secret_in_program(one: &Planned) -> bool {
    let is_kept = |left: &Left| left.place == Place::Command && left.confidence > Confidence::Low;
    one.plan.left.iter().any(is_kept)
}

/// The changes by which an entry starts its server through broker, or by which an `exec` that is there fits.
fn wrapping(
    target: &Target,
    one: &Planned,
    starter: &Starter,
    context: &Context,
) -> Result<Vec<Edit>, Unwrapped> {
    let entry = &one.found.entry;
    let moved: BTreeSet<&str> = one
        .plan
        .moves
        .iter()
        .filter_map(|m| m.variable.as_deref())
        .collect();
    let in_arguments = one.plan.moves.iter().any(Move::is_in_arguments);
    if let Some(wrapped) = Wrapped::of(entry) {
        if in_arguments {
            return Err(
                "the command of broker that is there does not allow secrets in arguments".into(),
            );
        }
        if started::has_other_home(entry, context) {
            return Err("it starts a broker that looks into another home".into());
        }
        return Ok(unpassed(entry, wrapped, &moved));
    }
    let (command, _) = entry.command().ok_or("it has no program")?;
    let mut flags = Vec::new();
    let mut add = |name: &str, is_known: bool| {
        if is_dangerous(name) {
            flags.extend(["--allow-dangerous-env".to_owned(), name.to_owned()]);
        }
        // What a grant holds of the surroundings is passed on in any case.
        if !matches!(name, "PATH" | "HOME") {
            let flag = if is_known { "--pass" } else { "--pass-any" };
            flags.extend([flag.to_owned(), name.to_owned()]);
        }
    };
    let mut seen = BTreeSet::new();
    for item in &entry.items {
        let Place::Variable(name) = &item.place else {
            continue;
        };
        if moved.contains(name.as_str()) || !seen.insert(name.clone()) {
            continue;
        }
        if !crate::config::is_variable(name) {
            return Err("one of its variables has a name that no program can be given".into());
        }
        let text = entry.get(&item.place).unwrap_or_default();
        if matches!(Reference::find(text), Ok(Some(_))) {
            continue;
        }
        // What the client itself was started with may take its place.
        let is_sure = target.client.hands_down != HandsDown::EverythingFirst
            // What may be a secret is left, and is not to stand in what is allowed.
            && !one.plan.left.iter().any(|left| left.place == item.place);
        let is_known =
            is_sure && started::given(text, &item.place, starter).as_deref() == Some(text);
        add(name, is_known);
    }
    let of_file = scan::of_entry(entry, &target.wanted).ok_or(
        "the file of variables that it names could not be read, and the server would not get them",
    )?;
    for (name, reference) in of_file {
        if reference.is_none() && !moved.contains(name.as_str()) && seen.insert(name.clone()) {
            add(&name, false);
        }
    }
    for name in started::handed_on(entry) {
        if !moved.contains(name) && seen.insert(name.to_owned()) {
            add(name, false);
        }
    }
    for name in moved.iter().filter(|name| is_dangerous(name)) {
        flags.extend(["--allow-dangerous-env".to_owned(), (*name).to_owned()]);
    }
    if in_arguments {
        flags.push("--allow-argv-secret".to_owned());
    }
    let is_shared = target.file.scope.is_shared();
    let label = entry::label_of(&entry.server);
    if context
        .config()
        .is_ok_and(|config| config.servers.contains_key(&label))
    {
        return Err(
            "broker.toml defines a server of that label, and exec takes its command from there"
                .into(),
        );
    }
    let words =
        entry::words(&label, &flags, is_shared, context).map_err(|failure| match failure.code {
            "file-io" => Unwrapped::Failed(failure),
            _ => Unwrapped::Left(failure.message),
        })?;
    let under = one.found.under.as_slice();
    let program = program(command, (entry, under), &words, starter, is_shared, context)?;
    Ok(vec![Edit::WrapCommand(Wrap { words, program })])
}

/// What stands in the place of the program behind the words of broker; `None` if it is what it was.
fn program(
    command: &str,
    (entry, under): (&Entry, &[String]),
    words: &[String],
    starter: &Starter,
    is_shared: bool,
    context: &Context,
) -> Result<Option<String>, String> {
    let expansion = &starter.client.expansion;
    let was = started::given(command, &Place::Command, starter);
    if !expansion.applies_to(&Place::Argument(0)) && was.as_deref() != Some(command) {
        // It becomes an argument, in which the client puts nothing in.
        return match was {
            Some(becomes) if !is_shared => Ok(Some(becomes)),
            Some(_) | None => {
                Err("its program holds what the client puts in only there".to_owned())
            }
        };
    }
    if is_shared || was.as_deref() != Some(command) {
        return Ok(None);
    }
    // The entry as it will be, to find what it starts; what cannot be found stays as it is.
    let wrapped = entry::wrapped(entry, words);
    match started::plan(&wrapped, under, starter, context) {
        Ok(plan) if plan.program != std::path::Path::new(command) => {
            Ok(plan.program.to_str().map(ToOwned::to_owned))
        }
        Ok(_) | Err(_) => Ok(None),
    }
}

/// Takes away what passes variables on that hold references now.
fn unpassed(entry: &Entry, wrapped: Wrapped, moved: &BTreeSet<&str>) -> Vec<Edit> {
    let Some((_, arguments)) = entry.command() else {
        return Vec::new();
    };
    let mut edits = Vec::new();
    let remove = |at: usize| Edit::Remove(Place::Argument(at));
    let ours = arguments.iter().enumerate().take(wrapped.program);
    let mut behind = None;
    for (at, word) in ours.skip(wrapped.exec) {
        if let Some(flag) = behind.take() {
            if moved.contains(word) {
                edits.extend([remove(flag), remove(at)]);
            }
            continue;
        }
        match word.split_once('=') {
            Some(("--pass" | "--pass-any", name)) if moved.contains(name) => edits.push(remove(at)),
            _ if matches!(*word, "--pass" | "--pass-any") => behind = Some(at),
            _ => {}
        }
    }
    edits
}

/// Works out what is to be allowed so that the entry works: only where all of its secrets are those that were moved out of
/// it. A reference that was there before may be anybody's wish.
fn grant(
    (entry, under): (&Entry, &[String]),
    moved: &[Moved],
    starter: &Starter,
    catalog: &Catalog,
    home: &Home,
    context: &Context,
) -> Result<Result<Grant, String>, Failure> {
    let later = |why: String| {
        Ok(Err(format!(
            "allow it when it was started once: broker allow; {why}"
        )))
    };
    let plan = match started::plan(entry, under, starter, context) {
        Ok(plan) => plan,
        Err(Unclear::NotWrapped) => return later("it does not start broker".to_owned()),
        Err(Unclear::OnlyClientKnows(place)) => {
            let place = scan::place_words(&place);
            return later(format!(
                "what {} is put in for its {place} only the client knows",
                starter.client.name
            ));
        }
        // The system refused to tell, and may not do so another time.
        Err(Unclear::Refused(failure)) if failure.code == "file-io" => return Err(failure),
        Err(Unclear::Refused(failure)) => return later(failure.message),
    };
    if find_all(&plan, catalog).is_err() {
        return later("it refers to a secret that is not there".to_owned());
    }
    let command = command_of(&plan, catalog, home)?;
    let is_ours = |id: &str| moved.iter().any(|one| one.chosen.record.id == id);
    let mut secrets = command.secrets().into_iter();
    if let Some(other) = secrets.find(|secret| !is_ours(&secret.id)) {
        let name = &other.name;
        return later(format!(
            "it refers to \"{name}\", which was not moved out of it"
        ));
    }
    let is_anywhere = started::folder_of(entry, under, starter).is_none();
    let folder = command.folder.as_ref().filter(|_| is_anywhere);
    let note = folder.map(|folder| {
        format!(
            "it is allowed in the folder \"{folder}\" alone, in which its program looks for code; where {} starts it elsewhere, allow it \
             once more when it was refused: broker allow",
            starter.client.name
        )
    });
    Ok(Ok(Grant {
        command,
        plan,
        note,
    }))
}

fn command_of(plan: &Plan, catalog: &Catalog, home: &Home) -> Result<Command, Failure> {
    let wanted = find_all(plan, catalog)?;
    let meaning = reading(plan, &home.paths);
    bound(plan, &meaning, &wanted, None, home)
}
