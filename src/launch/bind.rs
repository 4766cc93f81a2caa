//! From a plan to the command that a grant binds, and from a grant back into the plan.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::identity::{Known, content, place};
use super::launcher::{self, Reading, Start};
use super::program::find_program;
use super::project::{is_inside, project};
use super::{Argument, Plan, Source};
use crate::paths::{
    FileError, FileStamp, HomePaths, Writable, ensure_empty_folder, ensure_program, writable,
    writable_above,
};
use crate::policy::{self, Binding, Command, Content, File, Program, Text};
use crate::secret::SecretName;

/// Contents of files that were looked at before.
pub struct KnownContents<'a> {
    /// Those that grants hold, which count for what is bound by its content.
    pub granted: &'a Known<'a>,
    /// Those that were seen besides, which serve what is bound by its path and is only noted.
    pub seen: &'a Known<'a>,
}

impl std::fmt::Debug for KnownContents<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownContents").finish_non_exhaustive()
    }
}

/// Why a plan cannot be bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// What is to be executed cannot be read, so it could not be told from another.
    #[error("\"{}\" cannot be looked at: {}", .0.display(), .1)]
    Unreadable(PathBuf, #[source] io::Error),
    /// The catalog has no secret of that name any more.
    #[error("there is no secret named \"{0}\"")]
    NoSecret(SecretName),
    /// In the surroundings that were allowed the folder would count, and it was not allowed.
    #[error("\"{}\" would start in a way that depends on the folder", .0.display())]
    NeedsFolder(PathBuf),
}

/// Reads what the plan's program and arguments mean.
#[must_use]
pub fn reading(plan: &Plan, paths: &HomePaths) -> Reading {
    read_in(plan, &plan.search, &plan.home, plan.folder.is_some(), paths)
}

/// Reads them in other surroundings.
fn read_in(
    plan: &Plan,
    search: &OsStr,
    home: &OsStr,
    folder_is_bound: bool,
    paths: &HomePaths,
) -> Reading {
    let arguments: Vec<Option<&OsStr>> = plan
        .arguments
        .iter()
        .map(|argument| match argument {
            Argument::Text(text) => Some(text.as_os_str()),
            Argument::Secret(_) => None,
        })
        .collect();
    launcher::read(&Start {
        name: &plan.name,
        program: &plan.program,
        arguments: &arguments,
        folder: &plan.starts_in,
        folder_is_bound,
        search,
        home: Path::new(home),
        paths,
        install_scripts: plan.install_scripts,
    })
}

/// Works out everything about a plan that a grant binds. `find` gives a secret as the catalog has it.
///
/// # Errors
/// See [`BindError`].
pub fn bind(
    plan: &Plan,
    reading: &Reading,
    find: &dyn Fn(&SecretName) -> Option<policy::Secret>,
    known: &KnownContents<'_>,
) -> Result<Command, BindError> {
    let secret = |name: &SecretName| find(name).ok_or_else(|| BindError::NoSecret(name.clone()));
    let (mut variables, mut literals, mut passed) =
        (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (variable, source) in &plan.variables {
        let variable = variable.clone();
        match source {
            Source::Secret(name) => drop(variables.insert(variable, secret(name)?)),
            Source::Literal(text) => drop(literals.insert(variable, Text::of(text))),
            Source::Passed(text) => drop(passed.insert(variable, Some(Text::of(text)))),
            Source::PassedAny(_) => drop(passed.insert(variable, None)),
        }
    }
    let argument = |argument: &Argument| match argument {
        Argument::Text(text) => Ok(policy::Argument::Text(Text::of(text))),
        Argument::Secret(name) => secret(name).map(policy::Argument::Secret),
    };
    let needs_folder = reading.needs_folder || plan.folder.is_some();
    Ok(Command {
        server: plan.label.clone(),
        program: program(plan, reading, known)?,
        arguments: plan
            .arguments
            .iter()
            .map(argument)
            .collect::<Result<_, _>>()?,
        files: files(reading, known)?,
        folder: needs_folder.then(|| {
            let real = plan.starts_in.canonicalize();
            Text::of(real.unwrap_or_else(|_| plan.starts_in.clone()))
        }),
        path: Text::of(&plan.search),
        home: Text::of(&plan.home),
        variables,
        literals,
        passed,
        install_scripts: plan.install_scripts,
    })
}

/// Binds a program by its path where only the system's administrator can change it, or where it is an interpreter or a
/// launcher of the user's own; else by its content. One that a project brought is always bound by its content.
fn program(
    plan: &Plan,
    reading: &Reading,
    known: &KnownContents<'_>,
) -> Result<Program, BindError> {
    let unreadable = |e| BindError::Unreadable(plan.program.clone(), e);
    let place = place(&plan.program).map_err(unreadable)?;
    let project = plan.project.as_deref();
    let planted = is_inside(&plan.program, project) || is_inside(&place.real, project);
    let by_path = match place.writable {
        Writable::BySystem => true,
        Writable::ByUser | Writable::ByGroup => reading.is_known && !planted,
        Writable::ByOthers => false,
    };
    let granted = known.granted;
    let seen = |path: &Text, stamp: &FileStamp| -> Option<Content> {
        granted(path, stamp).or_else(|| (known.seen)(path, stamp))
    };
    let content = if by_path {
        content(&place.real, &seen)
    } else {
        content(&place.real, granted)
    };
    Ok(Program {
        name: Text::of(&plan.name),
        path: Text::of(&plan.program),
        content: content.map_err(unreadable)?,
        real: Text::of(place.real),
        binding: if by_path {
            Binding::Path
        } else {
            Binding::Content
        },
    })
}

/// Looks at the files among the arguments that are code. What only the system's administrator can change is bound by its
/// path, which is among the arguments.
fn files(reading: &Reading, known: &KnownContents<'_>) -> Result<Vec<File>, BindError> {
    let mut files = Vec::new();
    for path in &reading.code {
        let unreadable = |e| BindError::Unreadable(path.clone(), e);
        let place = place(path).map_err(unreadable)?;
        if place.writable > Writable::BySystem {
            files.push(File {
                content: content(&place.real, known.granted).map_err(unreadable)?,
                path: Text::of(place.real),
            });
        }
    }
    Ok(files)
}

/// Tells whether the program and the files of a command are what they were when it was worked out.
#[must_use]
pub fn content_now(command: &Command) -> bool {
    let mut now = command.clone();
    renew(&mut now).is_ok_and(|()| now.id() == command.id())
}

/// Looks again at the program and the files of a command, which may have been upgraded since.
///
/// # Errors
/// [`BindError::Unreadable`].
pub fn renew(command: &mut Command) -> Result<(), BindError> {
    let look = |path: &Text| {
        let shown = PathBuf::from(path.as_str());
        let found = as_os(path).ok_or_else(|| io::Error::other("its name is no text"));
        let looked = found.and_then(|path| {
            let place = place(Path::new(path))?;
            Ok((content(&place.real, &|_, _| None)?, Text::of(place.real)))
        });
        looked.map_err(|error| BindError::Unreadable(shown, error))
    };
    let (content, real) = look(&command.program.path)?;
    command.program.content = content;
    command.program.real = real;
    for file in &mut command.files {
        file.content = look(&file.path)?.0;
    }
    Ok(())
}

/// Names the programs that a plan looks up, and that its own `PATH` finds in another place than `path` does.
/// What it does not find at all is no danger: the server gets `path`. Nor is it asked of a program that was named by its whole
/// path: whoever wrote that did not mean what a client's `PATH` happens to find, which is seldom that of a shell.
#[must_use]
pub fn finds_elsewhere(plan: &Plan, reading: &Reading, path: &Text) -> Vec<String> {
    if Path::new(&plan.name).is_absolute() {
        return Vec::new();
    }
    let Some(path) = as_os(path) else {
        // Bytes that are no text are compared whole.
        return vec!["PATH".to_owned()];
    };
    let find = |name: &str, path: &OsStr| find_program(OsStr::new(name), path, Path::new("/")).ok();
    let differs = |name: &&String| {
        let found = find(name, &plan.search);
        found.is_some() && found != find(name, path)
    };
    reading.lookups.iter().filter(differs).cloned().collect()
}

fn as_os(text: &Text) -> Option<&OsStr> {
    (!text.as_str().contains('\0')).then(|| OsStr::new(text.as_str()))
}

impl Plan {
    /// Puts the plan into the surroundings that were allowed: `PATH` and `HOME` of `granted`, and what keeps the
    /// launcher from what a project may have planted. A variable that was named is left alone. Returns what the start
    /// means there.
    ///
    /// # Errors
    /// [`BindError::NeedsFolder`].
    pub fn settle(&mut self, granted: &Command, paths: &HomePaths) -> Result<Reading, BindError> {
        let ours = |text: &Text, own: &OsString| as_os(text).unwrap_or(own).to_owned();
        let search = ours(&granted.path, &self.search);
        let home = ours(&granted.home, &self.home);
        let reading = read_in(self, &search, &home, granted.folder.is_some(), paths);
        if reading.needs_folder && granted.folder.is_none() {
            return Err(BindError::NeedsFolder(self.program.clone()));
        }
        let here = std::env::current_dir().ok();
        let here = here.and_then(|here| project(&here, Some(Path::new(&home))));
        let ours = [
            self.project.as_deref(),
            here.as_deref(),
            Some(Path::new(&home)),
        ];
        self.base.retain(|(name, text)| match name.to_str() {
            Some("TMPDIR") => is_private(Path::new(text), &ours),
            Some("SHELL") => is_shell_of_system(text),
            Some(_) | None => true,
        });
        let surroundings = [("PATH", search), ("HOME", home)];
        let set = reading.set.iter().map(|(name, text)| (*name, text.clone()));
        for (name, text) in surroundings.into_iter().chain(set) {
            // npm and others take their variables in any case of letters.
            let mut named = self.variables.keys();
            if !named.any(|variable| variable.eq_ignore_ascii_case(name)) {
                self.base.retain(|(n, _)| n != name);
                self.base.push((name.into(), text));
            }
        }
        if let Some(folder) = &reading.starts_in {
            self.folder = Some(folder.clone());
        }
        let mut put_in = reading.put_in.iter().peekable();
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for (index, argument) in std::mem::take(&mut self.arguments).into_iter().enumerate() {
            while let Some((_, word)) = put_in.next_if(|(at, _)| *at <= index) {
                arguments.push(Argument::Text(word.clone()));
            }
            arguments.push(argument);
        }
        arguments.extend(put_in.map(|(_, word)| Argument::Text(word.clone())));
        self.arguments = arguments;
        Ok(reading)
    }
}

/// Tells whether the system made the folder `place` for the user: nobody else can put something there, and it lies in none
/// of these folders, in which a project may have brought something. Programs run what they find there. `/tmp` is what
/// they take without the variable.
fn is_private(place: &Path, folders: &[Option<&Path>]) -> bool {
    let real = place.canonicalize().unwrap_or_default();
    let lies_in = |folder: &Option<&Path>| is_inside(place, *folder) || is_inside(&real, *folder);
    let is_users_own = place.is_absolute()
        && !folders.iter().any(lies_in)
        && writable(place) <= Writable::ByUser
        && writable_above(place) <= Writable::ByUser;
    is_users_own || place == Path::new("/tmp")
}

/// Tells whether the system's administrator lists a shell as one (shells(5)): programs run what the variable names.
fn is_shell_of_system(shell: &OsStr) -> bool {
    let listed = std::fs::read_to_string("/etc/shells").unwrap_or_default();
    shell == "/bin/sh" || listed.lines().any(|line| OsStr::new(line.trim()) == shell)
}

/// Makes what the launcher is pointed to: the empty folder, a program of broker's own.
///
/// # Errors
/// [`FileError`].
pub fn prepare(reading: &Reading) -> Result<(), FileError> {
    if let Some(folder) = &reading.starts_in {
        ensure_empty_folder(folder)?;
    }
    if let Some((path, text)) = &reading.program_file {
        ensure_program(path, text)?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests;
