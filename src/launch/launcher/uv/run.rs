//! `uv run`: told of another project, interpreter and settings than those of the current folder; or run as the project it
//! belongs to says.

use std::path::{Path, PathBuf};

use super::super::line::Line;
use super::super::options::{Given, Scan, Table};
use super::super::{Reading, bare, python, started};
use super::{GLOBAL_SWITCHES, GLOBAL_VALUED, SWITCHES, VALUED, no_builds, options};
use crate::policy::Danger;

/// The user's own settings, below `HOME`.
const SETTINGS: &str = ".config/uv/uv.toml";

/// Options of `uv run` by which a project is meant.
const PROJECT_VALUED: &[&str] = &[
    "--extra",
    "--no-extra",
    "--group",
    "--no-group",
    "--only-group",
    "--package",
    "--no-editable-package",
];
const PROJECT_SWITCHES: &[&str] = &[
    "--active",
    "--exact",
    "--frozen",
    "--locked",
    "--no-sync",
    "--no-editable",
    "--all-extras",
    "--all-groups",
    "--all-packages",
    "--no-dev",
    "--only-dev",
    "--no-default-groups",
];

pub(super) const RUN: Table = Table {
    valued: &[GLOBAL_VALUED, VALUED, PROJECT_VALUED],
    switches: &[
        GLOBAL_SWITCHES,
        SWITCHES,
        PROJECT_SWITCHES,
        &[
            "--no-project",
            "-m",
            "--module",
            "-s",
            "--script",
            "--gui-script",
        ],
    ],
    glued: &[],
    bundles: false,
};

/// `uv run [OPTION...] [-m MODULE | FILE | PROGRAM] [ARG...]`; `from` is the place behind `run`.
pub(super) fn run(line: &Line<'_>, global: &Scan<'_>, from: usize, reading: &mut Reading) {
    let scan = line.scan(from, &RUN, reading);
    options(line, global, reading);
    options(line, &scan, reading);
    let target = scan.word.and_then(|at| Some((at, line.text(at)?)));
    let Some((at, word)) = target else {
        return reading.not_understood("uv run without a program");
    };
    let given: Vec<&Given<'_>> = global.options.iter().chain(&scan.options).collect();
    let value = |name: &str| {
        let found = given.iter().rev().find(|given| given.name == name);
        found.and_then(|given| given.value)
    };
    let is_module = scan.has(&["-m", "--module"]);
    let folder = value("--directory").map_or(line.start.folder.to_path_buf(), |directory| {
        line.start.folder.join(directory)
    });
    let script = is_script(word, &scan, &folder).then(|| folder.join(word));
    let of_options = given.iter().any(|given| {
        PROJECT_VALUED.contains(&given.name) || PROJECT_SWITCHES.contains(&given.name)
    });
    let chosen = value("--project").or(value("--directory"));
    let is_alone = scan.has(&["--no-project", "-w", "--with"]);
    if let Some(script) = &script {
        if value("--directory").is_none() && Path::new(word).is_relative() {
            reading.looks_here(word);
        }
        line.code_at(script.clone(), reading);
    }
    let project = if let Some(chosen) = chosen {
        Some(line.start.folder.join(chosen))
    } else if scan.has(&["--no-project"]) {
        None
    } else {
        script.as_deref().and_then(project_of)
    };
    if let Some(project) = &project {
        reading.dangers.push(Danger::Settings(format!(
            "the project in {} runs as it is: what it installs and imports may change",
            project.display()
        )));
        line.code_at(project.join("pyproject.toml"), reading);
        if chosen.is_none() {
            let place = [("--project".into()), project.clone().into_os_string()];
            reading.put_in.extend(place.map(|word| (from, word)));
        }
        if value("--directory").is_some() {
            // What it is given lies where uv goes first.
            of_folder(line, at, &folder, reading);
        } else if is_module {
            reading.looks_here("a module");
        } else if script.is_none() {
            started(line, at, reading);
        }
    } else if word.contains("://") {
        reading.dangers.push(Danger::ForeignSource(word.into()));
        no_project(line, &scan, from, reading);
    } else if script.is_some() || (is_alone && !of_options) {
        let python = no_project(line, &scan, from, reading);
        if script.is_none() {
            modules(line, at, is_module, python.as_deref(), reading);
        }
    } else {
        reading.looks_here(word);
    }
    line.server(at.saturating_add(1), reading);
}

/// Binds the first file in `folder` that a program there is given.
fn of_folder(line: &Line<'_>, at: usize, folder: &Path, reading: &mut Reading) {
    let behind = line.words.iter().skip(at.saturating_add(1)).flatten();
    let mut files = behind
        .map(|word| folder.join(word))
        .filter(|path| path.is_file());
    if let Some(file) = files.next() {
        line.code_at(file, reading);
    }
}

/// Tells whether uv takes the word for a script: by its ending or an option. A folder is run as one, too.
fn is_script(word: &str, scan: &Scan<'_>, folder: &Path) -> bool {
    let is_address = word.contains("://");
    let is_named = [".py", ".pyw", ".pyc", ".pyz"]
        .iter()
        .any(|end| word.ends_with(end));
    let is_path = word.contains('/') && folder.join(word).exists();
    let is_module = scan.has(&["-m", "--module"]);
    let is_asked = scan.has(&["-s", "--script", "--gui-script"]);
    !is_address && !is_module && (is_named || is_path || is_asked)
}

/// Finds the project that a script lies in, as uv does.
fn project_of(script: &Path) -> Option<PathBuf> {
    let above = script.ancestors().skip(1);
    let mut projects = above.filter(|at| at.join("pyproject.toml").is_file());
    projects.next().map(Path::to_path_buf)
}

/// Takes project, interpreter and settings of the current folder away. Where there is no other interpreter to name, uv is
/// started in the empty folder. Returns the interpreter.
fn no_project(
    line: &Line<'_>,
    scan: &Scan<'_>,
    from: usize,
    reading: &mut Reading,
) -> Option<PathBuf> {
    if !scan.has(&["--no-project"]) {
        reading.put_in.push((from, "--no-project".into()));
    }
    no_builds(line, reading);
    let settings = line.start.home.join(SETTINGS);
    let settings = if settings.is_file() {
        settings
    } else {
        PathBuf::from("/dev/null")
    };
    reading.set.push(("UV_CONFIG_FILE", settings.into()));
    reading.lookups.push("python3".into());
    let is_python = |given: &&Given<'_>| matches!(given.name, "-p" | "--python");
    let chosen = scan.options.iter().rev().find(is_python);
    let python = match chosen.and_then(|given| given.value) {
        Some(python) => Some(PathBuf::from(python)).filter(|python| python.is_absolute()),
        None => {
            let found = line.find(&["python3"]);
            let named = found.iter().map(|python| ("UV_PYTHON", python.into()));
            reading.set.extend(named);
            found
        }
    };
    if python.is_none() {
        // What has only a number is looked for in the current folder too.
        line.start_elsewhere("uv", reading);
    }
    python
}

/// Keeps modules from being looked up in the current folder, where `python -m` or the like is run.
fn modules(
    line: &Line<'_>,
    at: usize,
    is_module: bool,
    python: Option<&Path>,
    reading: &mut Reading,
) {
    let word = line.text(at).unwrap_or_default();
    let has_safe_path = python.and_then(python::version) >= Some(python::HAS_SAFE_PATH);
    let place = if is_module {
        None
    } else if python::is_name(bare(word)) {
        let Some(place) = python::run(&line.behind(at, Path::new(word)), reading) else {
            return;
        };
        Some(place)
    } else {
        reading.lookups.push(word.to_owned());
        return started(line, at, reading);
    };
    match place {
        _ if !has_safe_path || reading.starts_in.is_some() => {
            line.start_elsewhere("Python", reading);
        }
        Some(place) => reading.put_in.push((place, "-P".into())),
        None => reading.set.push(("PYTHONSAFEPATH", "1".into())),
    }
}
