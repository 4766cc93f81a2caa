//! `deno run`: told not to look for settings in the current folder and above, which could map a package to another.

use super::Reading;
use super::line::Line;
use super::options::{Scan, Table};
use super::spec::{self, Spec};
use crate::policy::Danger;

/// Options that name a file which is code or says what code is.
const FILES: &[&str] = &["-c", "--config", "--import-map", "--preload", "--require"];

/// Options that may bring what is in the current folder, or that run code of packages.
const CHANGING: &[&str] = &[
    "--env-file",
    "--lock",
    "--node-modules-dir",
    "--vendor",
    "--watch",
    "--watch-hmr",
    "--coverage",
    "-P",
    "--permission-set",
    "--cert",
    "--location",
    "--node-modules-linker",
];

const TABLE: Table = Table {
    valued: &[
        FILES,
        &[
            "--cert",
            "--conditions",
            "--ext",
            "--location",
            "--min-dep-age",
            "--node-modules-linker",
            "--seed",
            "--inspect-publish-uid",
            "-L",
            "--log-level",
        ],
    ],
    switches: &[&[
        "-A",
        "--allow-all",
        "-q",
        "--quiet",
        "--no-prompt",
        "--no-config",
        "--no-lock",
        "--no-npm",
        "--no-remote",
        "--no-check",
        "--cached-only",
        "--allow-hrtime",
        "--unstable-node-globals",
        "--unstable-sloppy-imports",
        "--unstable-kv",
        "--unstable-net",
        "--unstable-cron",
        "--unstable-ffi",
        "--unstable-fs",
        "--unstable-worker-options",
        "--unstable-bare-node-builtins",
        "--unstable-detect-cjs",
        "--enable-testing-features-do-not-use",
        "--no-clear-screen",
    ]],
    // An option without a value stands alone: what is behind it is the script.
    glued: &[
        "--allow-read",
        "--allow-write",
        "--allow-net",
        "--allow-env",
        "--allow-sys",
        "--allow-run",
        "--allow-ffi",
        "--allow-import",
        "--deny-read",
        "--deny-write",
        "--deny-net",
        "--deny-env",
        "--deny-sys",
        "--deny-run",
        "--deny-ffi",
        "--deny-import",
        "--ignore-read",
        "--ignore-env",
        "-R",
        "-W",
        "-N",
        "-E",
        "-S",
        "-I",
        "--reload",
        "-r",
        "--v8-flags",
        "--check",
        "--inspect",
        "--inspect-brk",
        "--inspect-wait",
        "--frozen",
        "--env-file",
        "--lock",
        "--node-modules-dir",
        "--vendor",
        "--watch",
        "--watch-hmr",
        "--coverage",
        "-P",
        "--permission-set",
        "--allow-scripts",
    ],
    bundles: false,
};

/// `deno [run] [OPTION...] SCRIPT [ARG...]`
pub(super) fn deno(line: &Line<'_>, reading: &mut Reading) {
    let is_run = line.text(line.from) == Some("run");
    let from = line.from.saturating_add(usize::from(is_run));
    let scan = line.scan(from, &TABLE, reading);
    let Some((at, word)) = scan.word.and_then(|at| Some((at, line.text(at)?))) else {
        if scan.odd.is_none() {
            reading.not_understood("deno without a script");
        }
        return;
    };
    let is_own = options(line, &scan, reading);
    line.server(at.saturating_add(1), reading);
    if let Some(spec) = remote(word) {
        reading.package(word, spec);
        if scan.dashes || is_own {
            reading.not_understood("where deno's settings are");
        } else if !scan.has(&["--no-config"]) {
            reading.put_in.push((at, "--no-config".into()));
        }
    } else {
        // Its settings are looked for where it lies.
        line.code(word, reading);
    }
}

/// Reads what deno fetches; `None` for what it looks up on this machine.
fn remote(word: &str) -> Option<Spec> {
    let package = word
        .strip_prefix("npm:")
        .or_else(|| word.strip_prefix("jsr:"));
    if let Some(package) = package {
        let package = package.trim_start_matches('/');
        // Behind the version the package may be followed by a part of it.
        let version = package.char_indices().skip(1).find(|(_, c)| *c == '@');
        let end = version.and_then(|(at, _)| {
            let behind = package.get(at..)?;
            behind.find('/').map(|part| at.saturating_add(part))
        });
        let package = end.and_then(|end| package.get(..end)).unwrap_or(package);
        return Some(match spec::npm(package) {
            Spec::Exact => Spec::Exact,
            Spec::Loose | Spec::Foreign | Spec::Local => Spec::Loose,
        });
    }
    let is_address = ["https://", "http://", "data:"]
        .iter()
        .any(|s| word.starts_with(s));
    is_address.then_some(Spec::Foreign)
}

/// Notes the options that bring code. Tells whether settings were named.
fn options(line: &Line<'_>, scan: &Scan<'_>, reading: &mut Reading) -> bool {
    for given in &scan.options {
        let value = given.value.unwrap_or_default();
        if FILES.contains(&given.name) {
            line.code(value, reading);
        } else if given.name == "--allow-scripts" {
            reading.dangers.push(Danger::InstallScripts);
        } else if CHANGING.contains(&given.name) {
            reading.not_understood(&format!("what {} changes", given.name));
        }
    }
    scan.has(&["-c", "--config"])
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::tests::{Try, changed, local, loose};
    use super::*;

    #[test]
    fn the_script_is_found_past_every_option() {
        for option in TABLE.valued.concat() {
            let read = Try::new(&format!("deno run {option} /absent npm:name arg")).read();
            assert!(
                read.dangers.contains(&loose("npm:name")),
                "{option}: {read:?}"
            );
        }
        for option in [TABLE.switches.concat(), TABLE.glued.to_vec()].concat() {
            let read = Try::new(&format!("deno run {option} npm:name arg")).read();
            assert!(read.dangers.contains(&loose("npm:name")), "{option}");
        }
        for option in TABLE.glued {
            let read = Try::new(&format!("deno run {option}=value npm:name")).read();
            assert!(read.dangers.contains(&loose("npm:name")), "{option}");
        }
    }

    #[test]
    fn settings_of_the_folder_are_taken_away_from_what_is_fetched() {
        for (words, at) in [
            ("deno run -A npm:@s/n@1.2.3 arg", 2),
            (
                "deno run --allow-net=example.org --allow-env jsr:@s/n@1.2.3/x",
                3,
            ),
            ("deno -A npm:name@1.2.3/bin", 1),
            ("deno run npm:/name@1.2.3", 1),
        ] {
            let read = Try::new(words).read();
            assert!(
                !read.needs_folder && read.dangers.is_empty(),
                "{words}: {read:?}"
            );
            assert_eq!(read.put_in, [(at, "--no-config".into())], "{words}");
        }
        assert_eq!(
            Try::new("deno run --no-config npm:n@1.2.3").read().put_in,
            []
        );
        for (words, expected) in [
            ("deno run npm:name", loose("npm:name")),
            ("deno run npm:name@1", loose("npm:name@1")),
            ("deno run jsr:@s/n", loose("jsr:@s/n")),
            (
                "deno run https://example.org/x.ts",
                Danger::ForeignSource("https://example.org/x.ts".into()),
            ),
            (
                "deno run --allow-scripts npm:n@1.2.3",
                Danger::InstallScripts,
            ),
        ] {
            let read = Try::new(words).read();
            assert!(!read.needs_folder && read.dangers == [expected], "{words}");
        }
    }

    #[test]
    fn a_script_is_code_and_keeps_its_own_settings() {
        let trial = Try::new("x").program("server.ts", "");
        let file = trial.outside().join("server.ts");
        let read = Try::new(&format!("deno run -A {}", file.display())).read();
        assert!(read.put_in.is_empty() && !read.needs_folder);
        assert_eq!(read.code, [file]);
    }

    #[test]
    fn what_deno_takes_from_the_folder_makes_it_count() {
        for (words, what) in [
            ("deno run server.ts", "server.ts"),
            ("deno run ./server.ts", "./server.ts"),
            ("deno run file:server.ts", "file:server.ts"),
            ("deno run --import-map x.json npm:n@1.2.3", "x.json"),
            ("deno run --preload ./x npm:n@1.2.3", "./x"),
            ("deno task server", "task"),
            ("deno serve x.ts", "serve"),
            ("deno x npm:n@1.2.3", "x"),
        ] {
            let read = Try::new(words).read();
            assert!(
                read.needs_folder && read.dangers.contains(&local(what)),
                "{words}"
            );
        }
        for words in [
            "deno",
            "deno run",
            "deno run --env-file npm:n@1.2.3",
            "deno run --unknown npm:n@1.2.3",
            "deno run --lock=x npm:n@1.2.3",
            "deno run -- npm:n@1.2.3",
            "deno run --config /x npm:n@1.2.3",
        ] {
            let read = Try::new(words).read();
            assert!(read.needs_folder && changed(&read), "{words}");
        }
    }
}
