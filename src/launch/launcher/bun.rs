//! `bunx` and `bun`.
//!
//! `bunx` puts `node_modules/.bin` of the current folder and of all above in front of `PATH`, so it is started in the empty
//! folder, and the server stays there. `bun FILE` takes settings and variables from the current folder, and can be
//! told not to.

use std::path::Path;

use super::line::Line;
use super::options::{Scan, Table};
use super::spec::{self, Spec};
use super::{Reading, started};
use crate::policy::Danger;

const BUNX: Table = Table {
    valued: &[&[
        "-p",
        "--package",
        "--cwd",
        "--env-file",
        "--minimum-release-age",
        "--registry",
        "--ca",
        "--cafile",
    ]],
    switches: &[&[
        "--bun",
        "-b",
        "--no-install",
        "--trust",
        "--ignore-scripts",
        "--verbose",
        "--silent",
    ]],
    glued: &[],
    bundles: false,
};

const VALUED: &[&str] = &[
    "-F",
    "--filter",
    "--elide-lines",
    "--shell",
    "--watch-kill-signal",
    "-r",
    "--preload",
    "--require",
    "--import",
    "--cpu-prof-name",
    "--cpu-prof-dir",
    "--cpu-prof-interval",
    "--heap-prof-name",
    "--heap-prof-dir",
    "--heap-prof-interval",
    "--install",
    "-e",
    "--eval",
    "-p",
    "--print",
    "--port",
    "--conditions",
    "--fetch-preconnect",
    "--max-http-header-size",
    "--dns-result-order",
    "--redirect-warnings",
    "--disable-warning",
    "--title",
    "--unhandled-rejections",
    "--console-depth",
    "--user-agent",
    "--cron-title",
    "--cron-period",
    "--main-fields",
    "--extension-order",
    "--tsconfig-override",
    "-d",
    "--define",
    "--drop",
    "--feature",
    "-l",
    "--loader",
    "--jsx-factory",
    "--jsx-fragment",
    "--jsx-import-source",
    "--jsx-runtime",
    "--env-file",
    "--cwd",
    "-c",
    "--config",
];

/// Options that change nothing about where code, settings and variables come from.
const PLAIN: &[&str] = &[
    "--port",
    "--title",
    "--console-depth",
    "--max-http-header-size",
    "--dns-result-order",
    "--unhandled-rejections",
    "--disable-warning",
    "--conditions",
    "--user-agent",
    "--smol",
    "--no-install",
    "--no-deprecation",
    "--silent",
    "--no-addons",
    "--bun",
    "-b",
    "--prefer-offline",
];

const BUN: Table = Table {
    valued: &[VALUED],
    switches: &[&[
        "--bun",
        "-b",
        "--smol",
        "--no-install",
        "--no-deprecation",
        "--silent",
        "--watch",
        "--hot",
        "--no-clear-screen",
        "--no-addons",
        "-i",
        "--prefer-offline",
        "--prefer-latest",
        "--no-macros",
        "--if-present",
        "--throw-deprecation",
    ]],
    glued: &["--inspect", "--inspect-wait", "--inspect-brk"],
    bundles: false,
};

/// What keeps bun from the settings and variables of the current folder, and from fetching what a script names.
const CLOSED: [&str; 3] = ["--config=/dev/null", "--env-file=/dev/null", "--no-install"];

/// The same for `bunx`, which has to install.
const CLOSED_BUNX: &str = "--config=/dev/null --env-file=/dev/null";

/// `bunx [OPTION...] PACKAGE [ARG...]`
pub(super) fn bunx(line: &Line<'_>, from: usize, reading: &mut Reading) {
    let scan = line.scan(from, &BUNX, reading);
    let named: Vec<(&str, Spec)> = scan
        .options
        .iter()
        .filter(|given| matches!(given.name, "-p" | "--package"))
        .filter_map(|given| given.value)
        .map(|word| (word, spec::npm(word)))
        .collect();
    for given in &scan.options {
        match given.name {
            "--trust" => reading.dangers.push(Danger::InstallScripts),
            "--registry" => reading.package(given.value.unwrap_or_default(), Spec::Foreign),
            "--cwd" | "--env-file" | "--ca" | "--cafile" => {
                reading.not_understood(&format!("what {} changes", given.name));
            }
            _ => {}
        }
    }
    let Some(at) = scan.word else {
        return reading.not_understood("bunx without a package");
    };
    let Some(word) = line.text(at) else {
        return reading.not_understood("a secret in the place of the package");
    };
    let own = [(word, spec::npm(word))];
    let packages = if named.is_empty() { &own[..] } else { &named };
    for (word, spec) in packages {
        reading.package(word, *spec);
    }
    reading.lookups.push("node".into());
    // Its temporary folder is fixed there: no variable moves it.
    reading.dangers.push(Danger::Settings(
        "bunx before version 1.4 runs what it finds in the shared temporary folder, whoever put it there".into(),
    ));
    started(line, at, reading);
    // With bun itself as the interpreter and one version of a package, nothing is looked up here but settings.
    let is_pinned = packages.iter().all(|(_, spec)| *spec == Spec::Exact);
    if is_pinned && scan.has(&["--bun", "-b"]) && scan.odd.is_none() {
        reading.set.push(("BUN_OPTIONS", CLOSED_BUNX.into()));
    } else {
        line.start_elsewhere("bunx", reading);
    }
}

/// `bun [run] [OPTION...] FILE [ARG...]`, and `bun x` as `bunx`.
pub(super) fn bun(line: &Line<'_>, reading: &mut Reading) {
    let behind = line.from.saturating_add(1);
    let from = match line.text(line.from) {
        Some("x") => return bunx(line, behind, reading),
        Some("run") => behind,
        _ => line.from,
    };
    let scan = line.scan(from, &BUN, reading);
    let is_plain = options(line, &scan, reading);
    let Some(at) = scan.word else {
        if !scan.has(&["-e", "--eval", "-p", "--print"]) {
            reading.not_understood("what bun reads from its input");
        }
        return;
    };
    line.server(at.saturating_add(1), reading);
    let word = line.text(at).unwrap_or_default();
    let is_file = Path::new(word).is_absolute();
    if scan.has(&["-e", "--eval", "-p", "--print"]) {
        return;
    }
    line.code(word, reading);
    if is_file && is_plain && scan.odd.is_none() {
        reading
            .put_in
            .extend(CLOSED.map(|word| (from, word.into())));
    } else {
        reading.looks_here("bunfig.toml");
    }
}

/// Notes the options that bring code. Tells whether there is nothing but such as change nothing.
fn options(line: &Line<'_>, scan: &Scan<'_>, reading: &mut Reading) -> bool {
    let mut is_plain = true;
    for given in &scan.options {
        let value = given.value.unwrap_or_default();
        match given.name {
            "-e" | "--eval" | "-p" | "--print" => {
                reading.code_in_argument(given.at);
                reading.looks_here("a module");
            }
            "-r" | "--preload" | "--require" | "--import" => line.code(value, reading),
            name if PLAIN.contains(&name) => {}
            name => {
                is_plain = false;
                reading.not_understood(&format!("what {name} changes"));
            }
        }
    }
    is_plain
}

#[cfg(all(test, unix))]
mod tests;
