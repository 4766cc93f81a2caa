//! `uvx`, `uv tool run` and `uv run`.
//!
//! `uvx` takes nothing from the current folder. `uv run` takes a project, an interpreter and settings from it and every
//! folder above; it is told of others instead, so that the server keeps its folder. What only a project has, runs as
//! that project says.

mod run;

use std::path::Path;

use super::Reading;
use super::line::{Line, is_path_of_folder};
use super::options::{Scan, Table};
use super::spec::{self, Spec};
use super::{bare, python, started};

/// Options that may stand in front of `run` and `tool`, too.
const GLOBAL_VALUED: &[&str] = &[
    "--directory",
    "--project",
    "--config-file",
    "--cache-dir",
    "--color",
    "--allow-insecure-host",
];
const GLOBAL_SWITCHES: &[&str] = &[
    "--no-config",
    "-q",
    "--quiet",
    "-v",
    "--verbose",
    "--offline",
    "-n",
    "--no-cache",
    "--native-tls",
    "--system-certs",
    "--no-progress",
    "--managed-python",
    "--no-managed-python",
    "--no-python-downloads",
];

/// Options that `uvx` and `uv run` both have.
const VALUED: &[&str] = &[
    "-w",
    "--with",
    "--with-editable",
    "--with-requirements",
    "--env-file",
    "-p",
    "--python",
    "--python-platform",
    "--index",
    "--default-index",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--index-strategy",
    "--keyring-provider",
    "--resolution",
    "--prerelease",
    "--prerelease-package",
    "--fork-strategy",
    "--exclude-newer",
    "--exclude-newer-package",
    "-P",
    "--upgrade-package",
    "--upgrade-group",
    "--reinstall-package",
    "--refresh-package",
    "-C",
    "--config-setting",
    "--config-settings",
    "--config-settings-package",
    "--no-build-package",
    "--no-binary-package",
    "--no-build-isolation-package",
    "--no-sources-package",
    "--link-mode",
];
const SWITCHES: &[&str] = &[
    "--isolated",
    "--no-env-file",
    "--no-build",
    "--no-binary",
    "--no-build-isolation",
    "--no-sources",
    "--no-index",
    "--refresh",
    "--reinstall",
    "-U",
    "--upgrade",
    "--lfs",
    "--require-build-hashes",
    "--no-require-build-hashes",
    "--compile-bytecode",
];

const GLOBAL: Table = Table {
    valued: &[GLOBAL_VALUED],
    switches: &[GLOBAL_SWITCHES],
    glued: &[],
    bundles: false,
};

const TOOL: Table = Table {
    valued: &[
        GLOBAL_VALUED,
        VALUED,
        &[
            "--from",
            "-c",
            "--constraints",
            "-b",
            "--build-constraints",
            "--overrides",
            "--torch-backend",
        ],
    ],
    switches: &[GLOBAL_SWITCHES, SWITCHES],
    glued: &[],
    bundles: false,
};

/// `uv [OPTION...] run ...` and `uv [OPTION...] tool run ...`
pub(super) fn uv(line: &Line<'_>, reading: &mut Reading) {
    let global = line.scan(line.from, &GLOBAL, reading);
    let word = |at: Option<usize>| at.and_then(|at| line.text(at));
    let behind = global.word.map(|at| at.saturating_add(1));
    match (word(global.word), behind) {
        (Some("run"), Some(at)) => run::run(line, &global, at, reading),
        (Some("tool"), Some(at)) => {
            let tool = line.scan(at, &GLOBAL, reading);
            options(line, &global, reading);
            options(line, &tool, reading);
            match (word(tool.word), tool.word) {
                (Some("run"), Some(at)) => self::tool(line, at.saturating_add(1), reading),
                _ => reading.not_understood("what uv tool does"),
            }
        }
        _ => {
            reading.not_understood("what uv does");
            line.server(line.from, reading);
        }
    }
}

/// `uvx [OPTION...] [--from PACKAGE] PROGRAM [ARG...]`
pub(super) fn tool(line: &Line<'_>, from: usize, reading: &mut Reading) {
    let scan = line.scan(from, &TOOL, reading);
    options(line, &scan, reading);
    no_builds(line, reading);
    let Some(at) = scan.word else {
        return reading.not_understood("uvx without a package");
    };
    let Some(word) = line.text(at) else {
        return reading.not_understood("a secret in the place of the package");
    };
    // Python itself is no package.
    if !scan.has(&["--from"]) && !python::is_name(bare(word)) {
        reading.package(word, spec::python(word));
    }
    started(line, at, reading);
}

/// Keeps packages from being built, which runs code of theirs.
fn no_builds(line: &Line<'_>, reading: &mut Reading) {
    if !line.start.install_scripts {
        reading.set.push(("UV_NO_BUILD", "1".into()));
    }
}

/// Notes the packages and files that options name.
fn options(line: &Line<'_>, scan: &Scan<'_>, reading: &mut Reading) {
    for given in &scan.options {
        let Some(value) = given.value else { continue };
        match given.name {
            "--from" => reading.package(value, spec::python(value)),
            "-w" | "--with" => {
                for word in value.split(',') {
                    reading.package(word, spec::python(word));
                }
            }
            "--with-editable" => {
                let is_absolute = Path::new(value).is_absolute();
                let spec = if is_absolute {
                    Spec::Foreign
                } else {
                    Spec::Local
                };
                reading.package(value, spec);
            }
            "--with-requirements"
            | "--env-file"
            | "-c"
            | "--constraints"
            | "-b"
            | "--build-constraints"
            | "--overrides"
            | "--config-file" => {
                line.code(value, reading);
            }
            "--directory" | "--project" if Path::new(value).is_relative() => {
                reading.looks_here(value);
            }
            "--index" | "--default-index" | "-i" | "--index-url" | "--extra-index-url" | "-f"
            | "--find-links" => {
                // Of `NAME=ADDRESS` the address counts.
                let place = value.rsplit_once('=').map_or(value, |(_, place)| place);
                let is_local = !place.contains("://") && Path::new(place).is_relative();
                let spec = if is_local { Spec::Local } else { Spec::Foreign };
                reading.package(value, spec);
            }
            "-p" | "--python" if is_path_of_folder(value) => reading.looks_here(value),
            _ => {}
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
