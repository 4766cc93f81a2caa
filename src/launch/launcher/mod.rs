//! Interpreters and launchers: which of their arguments are code, what they look up and where, and how
//! they are kept from what a project may have planted (design D8).
//!
//! A launcher such as `npx` looks into the folder it is started in for packages and settings. A planted one would
//! run under an unchanged command. Where a launcher can be told to look elsewhere, it is; where it cannot, the folder
//! is part of what is allowed. What is not understood counts as what cannot be taken away.
//!
//! Reading a start looks at a few files and starts no process: it is on the way of every start with secrets.

mod bun;
mod deno;
mod docker;
mod line;
mod node;
mod npm;
mod options;
mod pipx;
mod python;
mod script;
mod shell;
mod spec;
mod uv;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::paths::HomePaths;
use crate::policy::Danger;
use line::Line;

/// A start, as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The word the program was called by.
    pub name: &'a OsStr,
    /// Where it was found.
    pub program: &'a Path,
    /// Its arguments; `None` for one that is a secret.
    pub arguments: &'a [Option<&'a OsStr>],
    /// The folder it is started in, absolute.
    pub folder: &'a Path,
    /// Whether that folder is part of what is allowed, whatever the reading says.
    pub folder_is_bound: bool,
    /// `PATH`.
    pub search: &'a OsStr,
    /// `HOME`.
    pub home: &'a Path,
    /// Where broker's own files are.
    pub paths: &'a HomePaths,
    /// Whether packages may run their install scripts.
    pub install_scripts: bool,
}

/// What a start means. All but `put_in`, `set` and `starts_in` is the same whatever `PATH` is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Whether the program is an interpreter or a launcher: it is bound by its path, what it runs otherwise.
    pub is_known: bool,
    /// Arguments that are put in, each in front of the argument of that index.
    pub put_in: Vec<(usize, OsString)>,
    /// Variables that are set besides.
    pub set: Vec<(&'static str, OsString)>,
    /// Files that are code, absolute.
    pub code: Vec<PathBuf>,
    /// Whether the folder matters.
    pub needs_folder: bool,
    /// The empty folder, where the launcher is started there and not in the folder that was asked for.
    pub starts_in: Option<PathBuf>,
    /// A program of broker's own that the launcher runs, and its text.
    pub program_file: Option<(PathBuf, String)>,
    /// Programs that are looked up in `PATH` on the way.
    pub lookups: Vec<String>,
    /// What a person should see first.
    pub dangers: Vec<Danger>,
}

/// Reads a start.
#[must_use]
pub fn read(start: &Start<'_>) -> Reading {
    let mut reading = Reading::default();
    let line = Line::of(start);
    let called = file_name(Path::new(start.name));
    let real = start.program.canonicalize().unwrap_or_default();
    match Family::of(&called) {
        Some(family) => {
            reading.is_known = family != Family::Opaque;
            family.read(&called, &line, &mut reading);
        }
        // A link of another name: what it leads to is read, but it is bound as any other program.
        None => match Family::of(&file_name(&real)) {
            Some(family) => family.read(&file_name(&real), &line, &mut reading),
            None => line.server(0, &mut reading),
        },
    }
    reading.lookups.extend(line::interpreter(start.program));
    let mut seen = Vec::new();
    reading.lookups.retain(|name| {
        let is_new = !seen.contains(name);
        seen.push(name.clone());
        is_new
    });
    reading.needs_folder |= is_relative(start.name);
    reading
}

/// Tells whether the program was named by a path that means another file in each folder.
fn is_relative(name: &OsStr) -> bool {
    let path = Path::new(name);
    path.is_relative() && path.components().count() > 1
}

/// The last part of a path, in lower case and without what Windows puts behind the names of programs.
fn file_name(path: &Path) -> String {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let endings = [".exe", ".cmd", ".bat", ".ps1"];
    let bare = endings.iter().find_map(|end| name.strip_suffix(end));
    bare.unwrap_or(&name).to_owned()
}

/// Launchers that are read in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Npx,
    Npm,
    Bunx,
    Bun,
    Uvx,
    Uv,
    Pipx,
    Python,
    Node,
    Deno,
    Container,
    Shell,
    Script,
    Env,
    Opaque,
}

impl Family {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "npx" => Self::Npx,
            "npm" => Self::Npm,
            "bunx" => Self::Bunx,
            "bun" => Self::Bun,
            "uvx" => Self::Uvx,
            "uv" => Self::Uv,
            "pipx" => Self::Pipx,
            "node" | "nodejs" => Self::Node,
            "deno" => Self::Deno,
            "docker" | "podman" | "nerdctl" => Self::Container,
            "env" => Self::Env,
            _ if python::is_name(name) => Self::Python,
            _ if shell::is_shell(name) => Self::Shell,
            _ if script::is_runner(name) => Self::Script,
            _ if shell::is_opaque(name) => Self::Opaque,
            _ => return None,
        })
    }

    fn read(self, name: &str, line: &Line<'_>, reading: &mut Reading) {
        match self {
            Self::Npx => npm::npx(line, reading),
            Self::Npm => npm::npm(line, reading),
            Self::Bunx => bun::bunx(line, line.from, reading),
            Self::Bun => bun::bun(line, reading),
            Self::Uvx => uv::tool(line, line.from, reading),
            Self::Uv => uv::uv(line, reading),
            Self::Pipx => pipx::pipx(line, reading),
            Self::Python => python::python(line, python::version(line.program), reading),
            Self::Node => node::node(line, reading),
            Self::Deno => deno::deno(line, reading),
            Self::Container => docker::docker(line, reading),
            Self::Shell => shell::shell(name, line, reading),
            Self::Script => script::script(name, line, reading),
            Self::Env => env(line, reading),
            Self::Opaque => {
                reading.not_understood(&format!("what {name} starts"));
                line.server(line.from, reading);
            }
        }
    }
}

/// `env NAME ARG...`, one level deep: what it starts is looked up in `PATH`.
fn env(line: &Line<'_>, reading: &mut Reading) {
    let is_setting =
        |word: &&Option<&str>| word.is_some_and(|w| w.contains('=') && !w.starts_with('-'));
    let behind = line.words.get(line.from..).unwrap_or_default();
    let settings = behind.iter().take_while(is_setting).count();
    let at = line.from.saturating_add(settings);
    let Some(name) = line.text(at).filter(|word| !word.starts_with('-')) else {
        reading.not_understood("what env starts");
        return line.server(line.from, reading);
    };
    if settings > 0 {
        reading.not_understood("a variable that env sets");
    }
    reading.lookups.push(name.to_owned());
    reading.needs_folder |= is_relative(OsStr::new(name));
    let program = Path::new(name);
    let line = line.behind(at, program);
    let name = file_name(program);
    match Family::of(&name) {
        Some(Family::Env) => reading.not_understood("what env starts"),
        Some(family) => family.read(&name, &line, reading),
        None => line.server(line.from, reading),
    }
}

/// Reads on where a launcher starts, by the word at `at`, what another family is called: it is followed where no more than
/// words and the folder count.
fn started(line: &Line<'_>, at: usize, reading: &mut Reading) {
    let word = line.text(at).unwrap_or_default();
    let name = bare(word);
    match Family::of(name) {
        None => line.server(at.saturating_add(1), reading),
        Some(
            family
            @ (Family::Node | Family::Python | Family::Deno | Family::Script | Family::Shell),
        ) => family.read(name, &line.behind(at, Path::new(word)), reading),
        Some(_) => {
            reading.not_understood(&format!("what {word} starts"));
            line.server(at.saturating_add(1), reading);
        }
    }
}

/// The name of a package or program without a scope, folders and a version.
fn bare(word: &str) -> &str {
    let name = word.strip_prefix('@').unwrap_or(word);
    let name = name
        .split(['@', '=', '<', '>', '~', '!', '[', ' '])
        .next()
        .unwrap_or_default();
    name.rsplit('/').next().unwrap_or_default()
}

impl Reading {
    /// Notes that `what` is looked up in the current folder.
    fn looks_here(&mut self, what: &str) {
        self.needs_folder = true;
        self.dangers.push(Danger::CurrentFolder(what.into()));
    }

    /// Notes that it is not known what `what` does, so that nothing can be said about the folder.
    fn not_understood(&mut self, what: &str) {
        self.needs_folder = true;
        self.dangers.push(Danger::Settings(format!(
            "{what} is not understood: code and settings in the current folder may count"
        )));
    }

    /// Notes that the argument at this place is code.
    fn code_in_argument(&mut self, at: usize) {
        self.dangers
            .push(Danger::CodeInArguments(at.saturating_add(1)));
    }
}

#[cfg(all(test, unix))]
mod tests;
