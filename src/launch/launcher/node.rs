//! `node FILE`: the file is bound by its content. Node takes nothing from the current folder then.

use std::path::Path;

use super::Reading;
use super::line::Line;
use super::options::Table;

/// Options that bring code.
const CODE: &[&str] = &[
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
];

/// Options that take a value and bring files, which may hold settings or code.
const FILES: &[&str] = &[
    "--env-file",
    "--env-file-if-exists",
    "--experimental-policy",
    "--experimental-sea-config",
    "--build-snapshot-config",
    "--snapshot-blob",
    "--openssl-config",
    "--icu-data-dir",
    "--experimental-config-file",
];

const EVALUATED: &[&str] = &["-e", "--eval", "-p", "--print", "-pe"];

const PLAIN: &[&str] = &[
    "-C",
    "--conditions",
    "--input-type",
    "--experimental-default-type",
    "--policy-integrity",
    "--allow-fs-read",
    "--allow-fs-write",
    "--cpu-prof-dir",
    "--cpu-prof-interval",
    "--cpu-prof-name",
    "--heap-prof-dir",
    "--heap-prof-interval",
    "--heap-prof-name",
    "--heapsnapshot-near-heap-limit",
    "--heapsnapshot-signal",
    "--diagnostic-dir",
    "--disable-proto",
    "--disable-warning",
    "--dns-result-order",
    "--inspect-publish-uid",
    "--max-http-header-size",
    "--network-family-autoselection-attempt-timeout",
    "--redirect-warnings",
    "--report-directory",
    "--report-dir",
    "--report-filename",
    "--report-signal",
    "--secure-heap",
    "--secure-heap-min",
    "--test-concurrency",
    "--test-name-pattern",
    "--test-reporter",
    "--test-reporter-destination",
    "--test-shard",
    "--test-timeout",
    "--title",
    "--tls-cipher-list",
    "--tls-keylog",
    "--trace-event-categories",
    "--trace-event-file-pattern",
    "--trace-require-module",
    "--unhandled-rejections",
    "--use-largepages",
    "--v8-pool-size",
    "--watch-path",
];

const TABLE: Table = Table {
    valued: &[CODE, FILES, EVALUATED, PLAIN],
    switches: &[&[
        "--no-warnings",
        "--no-deprecation",
        "--trace-warnings",
        "--trace-deprecation",
        "--throw-deprecation",
        "--trace-uncaught",
        "--trace-exit",
        "--enable-source-maps",
        "--experimental-modules",
        "--experimental-vm-modules",
        "--experimental-fetch",
        "--experimental-global-webcrypto",
        "--experimental-import-meta-resolve",
        "--experimental-json-modules",
        "--experimental-network-inspection",
        "--experimental-permission",
        "--permission",
        "--experimental-repl-await",
        "--experimental-require-module",
        "--experimental-sqlite",
        "--experimental-strip-types",
        "--experimental-transform-types",
        "--experimental-wasm-modules",
        "--experimental-websocket",
        "--experimental-webstorage",
        "--experimental-worker",
        "--expose-gc",
        "--force-context-aware",
        "--frozen-intrinsics",
        "--insecure-http-parser",
        "--jitless",
        "--no-addons",
        "--no-experimental-fetch",
        "--no-experimental-require-module",
        "--no-experimental-strip-types",
        "--no-global-search-paths",
        "--node-snapshot",
        "--pending-deprecation",
        "--preserve-symlinks",
        "--preserve-symlinks-main",
        "--allow-addons",
        "--allow-child-process",
        "--allow-wasi",
        "--allow-worker",
        "--tls-max-v1.2",
        "--tls-max-v1.3",
        "--tls-min-v1.2",
        "--tls-min-v1.3",
        "--use-bundled-ca",
        "--use-openssl-ca",
        "--use-system-ca",
        "--zero-fill-buffers",
        "--abort-on-uncaught-exception",
        "--verify-base-objects",
    ]],
    glued: &[
        "--max-old-space-size",
        "--max-semi-space-size",
        "--stack-size",
        "--stack-trace-limit",
        "--inspect",
        "--inspect-brk",
        "--inspect-port",
        "--inspect-wait",
        "--harmony",
    ],
    bundles: false,
};

/// `node [OPTION...] FILE [ARG...]`
pub(super) fn node(line: &Line<'_>, reading: &mut Reading) {
    let scan = line.scan(line.from, &TABLE, reading);
    for given in &scan.options {
        let value = given.value.unwrap_or_default();
        if EVALUATED.contains(&given.name) {
            reading.code_in_argument(given.at);
            reading.looks_here("a module");
        } else if CODE.contains(&given.name) || FILES.contains(&given.name) {
            line.code(value, reading);
        }
    }
    if scan.has(EVALUATED) {
        let from = scan.word.unwrap_or(line.words.len());
        return line.server(from, reading);
    }
    match scan.word.and_then(|at| Some((at, line.text(at)?))) {
        Some((at, "-" | "inspect" | "debug")) => {
            reading.not_understood("what node reads from its input");
            line.server(at, reading);
        }
        Some((at, word)) => {
            script(line, word, reading);
            line.server(at.saturating_add(1), reading);
        }
        None => reading.not_understood("what node reads from its input"),
    }
}

/// A file is found without its ending, too.
fn script(line: &Line<'_>, word: &str, reading: &mut Reading) {
    let endings = ["", ".js", ".json", ".node"];
    let named = endings.iter().map(|end| format!("{word}{end}"));
    let found = named
        .into_iter()
        .find(|name| line.start.folder.join(name).is_file());
    match found {
        Some(found) if Path::new(word).is_absolute() => line.code(&found, reading),
        Some(_) | None => line.code(word, reading),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::tests::{Try, changed, local};
    use crate::policy::Danger;

    #[test]
    fn the_script_is_found_past_every_option_that_takes_a_value() {
        let trial = Try::new("x").program("server.js", "");
        let file = trial.outside().join("server.js");
        let shown = file.display();
        for option in super::TABLE.valued.concat() {
            let read = Try::new(&format!("node {option} /absent {shown} arg")).read();
            let is_code = super::EVALUATED.contains(&option);
            assert_eq!(read.code == [file.clone()], !is_code, "{option}: {read:?}");
            assert_eq!(read.needs_folder, is_code, "{option}");
        }
        for option in [super::TABLE.switches.concat(), super::TABLE.glued.to_vec()].concat() {
            let read = Try::new(&format!("node {option} {shown}")).read();
            assert!(
                !read.needs_folder && read.code == [file.clone()],
                "{option}"
            );
        }
    }

    #[test]
    fn a_script_is_code_under_every_name_node_finds_it_by() {
        let trial = Try::new("x").program("server.js", "");
        let file = trial.outside().join("server.js");
        for word in [file.clone(), trial.outside().join("server")] {
            let words = format!("node --max-old-space-size=100 {} ./arg", word.display());
            let read = Try::new(&words).read();
            assert_eq!(read.code, std::slice::from_ref(&file), "{words}");
            assert!(read.put_in.is_empty() && read.set.is_empty() && read.dangers.is_empty());
        }
        let read = Try::new(&format!("node {}", trial.outside().display())).read();
        assert!(changed(&read), "what is in a folder is not bound: {read:?}");
        let read = Try::new(&format!("node --import {0} {0}", file.display())).read();
        assert_eq!(read.code, [file], "once");
    }

    #[test]
    fn what_node_takes_from_the_folder_makes_it_count() {
        for (words, what) in [
            ("node server.js", "server.js"),
            ("node .", "."),
            ("node server", "server"),
            ("node --require x /s.js", "x"),
            ("node --import ./x /s.js", "./x"),
            ("node --loader=x /s.js", "x"),
            ("node --env-file .env /s.js", ".env"),
            ("node --env-file-if-exists=.env /s.js", ".env"),
        ] {
            let read = Try::new(words).read();
            assert!(
                read.needs_folder && read.dangers.contains(&local(what)),
                "{words}"
            );
        }
        for words in [
            "node -e code",
            "node --eval code",
            "node -p code",
            "node --print=code",
        ] {
            let read = Try::new(words).read();
            assert!(read.needs_folder, "{words}");
            let is_code = |danger: &Danger| matches!(danger, Danger::CodeInArguments(_));
            assert!(read.dangers.iter().any(is_code), "{words}");
        }
        for words in [
            "node",
            "node -",
            "node --run x",
            "node --test",
            "node --watch /s.js",
            "node -pi /s.js",
            "node --unknown /s.js",
            "node inspect /s.js",
            "node --no-such=1 /s.js",
        ] {
            let read = Try::new(words).read();
            assert!(read.needs_folder && changed(&read), "{words}");
        }
    }
}
