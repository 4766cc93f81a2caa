//! `npx` and `npm exec`: started in the empty folder.
//!
//! npm looks through the folder it is started in and every one above for the package itself, settings and programs, and
//! puts their `node_modules/.bin` in front of `PATH`. No option closes all of that, so it is started where there is
//! nothing. What it runs is started through a shell of npm's choice; that is a program of broker's own, which first goes
//! to the folder that was asked for.

use super::line::Line;
use super::options::{Scan, Table};
use super::spec::{self, Spec};
use super::{Reading, started};
use crate::policy::Danger;

/// The variable that tells [`SHELL`] the folder.
const FOLDER: &str = "BROKER_FOLDER";

/// What npm starts a package's program through. npm calls it as `SHELL -c "'PROGRAM' ARG..."`, with the name of the script
/// in `npm_lifecycle_event`: `npx` for what `npx` runs, others for install scripts, which stay where npm starts them.
const SHELL: &str = "\
#!/bin/sh
# Made by broker: npm starts programs through this. It goes to the folder that the server
# was to start in, and takes away the variables by which npm was told of this file.
case $npm_lifecycle_event in
npx)
    cd \"$BROKER_FOLDER\" || exit 125
    INIT_CWD=$BROKER_FOLDER
    ;;
esac
unset BROKER_FOLDER npm_config_script_shell npm_config_ignore_scripts OLDPWD
exec /bin/sh \"$@\"
";

/// Options that change nothing about where packages, settings and programs come from.
const PLAIN: &[&str] = &[
    "--yes",
    "-y",
    "--quiet",
    "-q",
    "--silent",
    "-s",
    "--verbose",
    "-d",
    "--dd",
    "--ddd",
    "--package",
    "-p",
    "--call",
    "-c",
    "--loglevel",
    "--offline",
    "--prefer-offline",
    "--prefer-online",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--no-progress",
    "--ignore-scripts",
    "--registry",
];

/// Options of npm that take a value, but for the settings of one registry. Those that may have a value and need not are
/// in no list.
const VALUED: &[&str] = &[
    "--access",
    "--allow-directory",
    "--allow-file",
    "--allow-git",
    "--allow-remote",
    "--allow-scripts",
    "--also",
    "--audit-level",
    "--auth-type",
    "--before",
    "--ca",
    "--cache",
    "--cache-max",
    "--cache-min",
    "--cafile",
    "--call",
    "--cert",
    "--cidr",
    "--cpu",
    "--depth",
    "--diff",
    "--diff-dst-prefix",
    "--diff-src-prefix",
    "--diff-unified",
    "--editor",
    "--expect-result-count",
    "--fetch-retries",
    "--fetch-retry-factor",
    "--fetch-retry-maxtimeout",
    "--fetch-retry-mintimeout",
    "--fetch-timeout",
    "--git",
    "--globalconfig",
    "--heading",
    "--https-proxy",
    "--include",
    "--init-author-email",
    "--init-author-name",
    "--init-author-url",
    "--init-license",
    "--init-module",
    "--init-type",
    "--init-version",
    "--install-strategy",
    "--key",
    "--libc",
    "--local-address",
    "--location",
    "--lockfile-version",
    "--loglevel",
    "--logs-dir",
    "--logs-max",
    "--maxsockets",
    "--message",
    "--min-release-age",
    "--node-options",
    "--noproxy",
    "--omit",
    "--only",
    "--os",
    "--otp",
    "--pack-destination",
    "--package",
    "--prefix",
    "--preid",
    "--provenance-file",
    "--proxy",
    "--registry",
    "--save-prefix",
    "--sbom-format",
    "--sbom-type",
    "--scope",
    "--script-shell",
    "--searchexclude",
    "--searchlimit",
    "--searchopts",
    "--searchstaleness",
    "--tag",
    "--tag-version-prefix",
    "--umask",
    "--user-agent",
    "--userconfig",
    "--viewer",
    "--which",
    "--workspace",
    "-c",
    "-C",
    "-w",
    "-L",
    "-m",
    "--reg",
];

const SWITCHES: &[&str] = &[
    "--yes",
    "-y",
    "--no-yes",
    "--no",
    "--quiet",
    "-q",
    "--silent",
    "-s",
    "--verbose",
    "-d",
    "--dd",
    "--ddd",
    "--offline",
    "--prefer-offline",
    "--prefer-online",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--no-progress",
    "--ignore-scripts",
    "--no-ignore-scripts",
    "--foreground-scripts",
    "--force",
    "-f",
    "--global",
    "-g",
    "--workspaces",
    "--include-workspace-root",
    "--install-links",
    "--legacy-peer-deps",
    "--strict-peer-deps",
    "--engine-strict",
    "--json",
    "--long",
    "-l",
    "--dry-run",
    "--no-package-lock",
    "--strict-ssl",
    "--no-strict-ssl",
    "--timing",
    "--production",
    "--dangerously-allow-all-scripts",
];

/// `npx` reads its options itself, and means others by some.
const NPX: Table = Table {
    valued: &[VALUED, &["-p", "--shell"]],
    switches: &[SWITCHES, &["--no-install"]],
    glued: &[],
    bundles: false,
};

const NPM: Table = Table {
    valued: &[VALUED],
    switches: &[SWITCHES],
    glued: &[],
    bundles: false,
};

/// `npx [OPTION...] PACKAGE [ARG...]`, `npx -p PACKAGE... PROGRAM [ARG...]`, `npx -p PACKAGE -c COMMAND`.
pub(super) fn npx(line: &Line<'_>, reading: &mut Reading) {
    let scan = line.scan(line.from, &NPX, reading);
    launch(line, &scan, reading);
}

/// `npm exec` and `npm x`; everything else of npm's begins with what the current folder brings.
pub(super) fn npm(line: &Line<'_>, reading: &mut Reading) {
    let first = line.scan(line.from, &NPM, reading);
    let command = first.word.and_then(|at| Some((at, line.text(at)?)));
    let Some((at, "exec" | "x")) = command else {
        reading.lookups.push("node".into());
        reading.looks_here("package.json");
        return line.server(line.from, reading);
    };
    options(&first, reading);
    let scan = line.scan(at.saturating_add(1), &NPM, reading);
    // npm takes options from behind the package too, up to a `--`.
    let behind = scan
        .word
        .map_or(line.words.len(), |at| at.saturating_add(1));
    let is_option = |word: &Option<&str>| word.is_none_or(|word| word.starts_with('-'));
    let mut rest = line.words.iter().skip(behind);
    if !scan.dashes && rest.any(is_option) {
        reading.not_understood("an option behind the package, with no -- in between,");
    }
    launch(line, &scan, reading);
}

fn launch(line: &Line<'_>, scan: &Scan<'_>, reading: &mut Reading) {
    reading.lookups.push("node".into());
    options(scan, reading);
    let named = scan
        .options
        .iter()
        .filter(|given| matches!(given.name, "-p" | "--package"));
    let mut packages: Vec<&str> = named.filter_map(|given| given.value).collect();
    match scan.word {
        Some(at) => {
            started(line, at, reading);
            match line.text(at) {
                Some(word) if packages.is_empty() => packages.push(word),
                Some(_) => {}
                None => reading.not_understood("a secret in the place of the package"),
            }
        }
        None if scan.has(&["-c", "--call"]) => {}
        // A shell of the package's surroundings, which reads what the client says.
        None => reading.not_understood("npx without a package"),
    }
    let specs: Vec<Spec> = packages.iter().map(|word| spec::npm(word)).collect();
    for (word, spec) in packages.iter().zip(&specs) {
        reading.package(word, *spec);
    }
    // A package of the folder is found nowhere else; then the folder is allowed as it is.
    if !specs.contains(&Spec::Local) {
        line.start_in_neutral(reading);
    }
    let shell = line.start.paths.npm_shell_file();
    reading.set.push((FOLDER, line.start.folder.into()));
    reading
        .set
        .push(("npm_config_script_shell", shell.clone().into()));
    if !line.start.install_scripts {
        reading
            .set
            .push(("npm_config_ignore_scripts", "true".into()));
    }
    reading.program_file = Some((shell, SHELL.to_owned()));
}

/// Notes the options that say where packages, settings or programs come from: they go before the variables.
fn options(scan: &Scan<'_>, reading: &mut Reading) {
    for given in &scan.options {
        match (given.name, given.value) {
            ("-c" | "--call", _) => reading.code_in_argument(given.at),
            ("--registry", Some(address)) => {
                reading.dangers.push(Danger::ForeignSource(address.into()));
            }
            (name, _) if PLAIN.contains(&name) => {}
            (name, _) => reading.not_understood(&format!("what {name} changes")),
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
