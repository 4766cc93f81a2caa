//! Holds the code to its shape: which module may use which, which outside crate has which home, where
//! platforms are told apart, and how large everything may grow.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules, top to bottom. Each may use those below it; those of one row use nothing of each other.
const LAYERS: [&[&str]; 14] = [
    &["main"],
    &["cli"],
    &["guard"],
    &["launch"],
    &["clients"],
    &["audit"],
    &["redact"],
    &["policy"],
    &["catalog"],
    &["store"],
    &["config"],
    &["secret"],
    &["paths"],
    &["clock", "sys", "text"],
];

type Places = &'static [&'static str];

/// Outside crates that may be used in few places, and where.
const HOMES: [(Places, Places); 14] = [
    (
        &["clap", "clap_complete", "comfy_table", "anstyle", "strsim"],
        &["cli/"],
    ),
    (
        &["tokio", "zbus", "futures_core", "keyring", "keyring_core"],
        &["store/keychain/"],
    ),
    (
        &["aes", "cbc", "hkdf", "crypto_bigint"],
        &["store/keychain/"],
    ),
    (&["base64"], &["catalog/backup/"]),
    (&["hmac"], &["policy/"]),
    (
        &["sha2"],
        &[
            "audit/",
            "store/keychain/",
            "policy/",
            "launch/identity.rs",
            "clients/read.rs",
        ],
    ),
    (&["age"], &["store/vault/"]),
    (
        &[
            "linux_keyutils",
            "libc",
            "rustix",
            "windows_sys",
            "getrandom",
        ],
        &["sys/"],
    ),
    (&["rpassword"], &["sys/other.rs"]),
    (&["toml_edit"], &["config/", "clients/document/toml.rs"]),
    (&["jsonc_parser"], &["clients/document/json.rs"]),
    (&["saphyr_parser"], &["clients/document/yaml.rs"]),
    (&["tempfile"], &["paths/", "cli/tour.rs"]),
    (&["secrecy", "subtle"], &["secret/value.rs", "store/vault/"]),
];

/// What every module may use: plain data, dates, errors, wiping.
const FREE: [&str; 5] = ["jiff", "serde", "serde_json", "thiserror", "zeroize"];

/// Where platforms may be told apart.
const PLATFORMS: [&str; 5] = ["store/keychain/", "launch/", "sys/", "paths/", "paths.rs"];

/// How many packages `Cargo.lock` may name, those of other systems and of the tests included.
const PACKAGES: usize = 326;

/// The longest file, in lines.
const LINES: usize = 500;

/// A file of `src`.
struct Source {
    /// Below `src`.
    path: String,
    text: String,
    /// What is built into the binary, line by line.
    code: Vec<String>,
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, all);
        } else if path.extension().is_some_and(|end| end == "rs") {
            all.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let (src, mut all) = (top().join("src"), Vec::new());
    files(&src, &mut all);
    assert!(all.len() > 50, "only {} files were found", all.len());
    let source = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("text");
        let path = file.strip_prefix(&src).expect("below").display();
        Source {
            path: path.to_string(),
            // Unit tests in a file of their own are not built in either.
            code: if file.to_string_lossy().ends_with("tests.rs") {
                Vec::new()
            } else {
                code(&text)
            },
            text,
        }
    };
    all.into_iter().map(source).collect()
}

/// Takes away comments, and the unit tests, which stand last in their files.
fn code(text: &str) -> Vec<String> {
    let is_test =
        |line: &str| line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test");
    text.lines()
        .take_while(|line| !is_test(line))
        .map(|line| line.split("//").next().unwrap_or_default().to_owned())
        .collect()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

fn module_of(path: &str) -> &str {
    path.split('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs")
}

/// Finds the words that stand behind `before`.
fn words_behind<'a>(line: &'a str, before: &str) -> Vec<&'a str> {
    let word = |at: usize| {
        let rest = &line[at + before.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    };
    line.match_indices(before).map(|(at, _)| word(at)).collect()
}

/// Tells whether a line uses an outside crate: its name as the first part of a path.
fn uses(line: &str, name: &str) -> bool {
    let begins = |at: usize| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    };
    let path = format!("{name}::");
    line.match_indices(&path).any(|(at, _)| begins(at)) || line.trim() == format!("use {name};")
}

#[test]
fn a_module_uses_only_what_stands_below_it() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for source in sources().iter().filter(|source| source.path != "lib.rs") {
        let from = module_of(&source.path);
        let place = layer(from).unwrap_or_else(|| panic!("{from} is in no layer"));
        for (number, line) in source.code.iter().enumerate() {
            let mut used = words_behind(line, "crate::");
            used.extend(words_behind(line, "broker::"));
            for to in used.into_iter().filter(|to| *to != from) {
                let Some(below) = layer(to) else {
                    continue;
                };
                seen += 1;
                if below <= place {
                    wrong.push(format!("{}:{}: {from} uses {to}", source.path, number + 1));
                }
            }
        }
    }
    assert!(seen > 100, "only {seen} uses were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_path_is_hidden_from_the_check_of_layers() {
    let hidden = [
        "use crate::{",
        "use crate::*",
        "use crate as",
        "use broker::{",
    ];
    for source in sources() {
        for line in source.code.iter().map(|line| line.trim()) {
            let hides = hidden.iter().any(|begin| line.contains(begin));
            assert!(!hides, "{}: {line}", source.path);
        }
    }
}

#[test]
fn each_outside_crate_has_its_home() {
    let all = sources();
    let users = |name: &str| -> Vec<&str> {
        let using = all.iter().filter(|source| {
            // A module of that name beside it is what is meant, as in `sys`.
            let beside = top().join("src").join(&source.path);
            let beside = beside.with_file_name(format!("{name}.rs")).exists();
            !beside && source.code.iter().any(|line| uses(line, name))
        });
        using.map(|source| source.path.as_str()).collect()
    };
    for (names, homes) in HOMES {
        for name in names {
            for path in users(name) {
                let at_home = homes.iter().any(|home| path.starts_with(home));
                assert!(at_home, "{path} uses {name}");
            }
        }
    }
    for name in ["clap", "age", "libc", "zbus", "tempfile", "toml_edit"] {
        assert!(
            !users(name).is_empty(),
            "{name}: the check would find nothing"
        );
    }
}

#[test]
fn every_direct_dependency_has_a_home_or_is_free() {
    let manifest = fs::read_to_string(top().join("Cargo.toml")).expect("text");
    let (mut section, mut seen) = ("", 0);
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let counts = section.ends_with("dependencies]") && section != "[dev-dependencies]";
        let Some((name, _)) = line
            .split_once(" = ")
            .filter(|_| counts && !line.starts_with('['))
        else {
            continue;
        };
        let name = name.replace('-', "_");
        let has_home = HOMES
            .iter()
            .any(|(names, _)| names.contains(&name.as_str()));
        assert!(
            has_home || FREE.contains(&name.as_str()),
            "{name} has no home"
        );
        seen += 1;
    }
    assert!(seen > 20, "only {seen} were found");
}

#[test]
fn platforms_are_told_apart_in_few_places() {
    let conditions = ["cfg(", "cfg!(", "cfg_attr("];
    let mut found = 0;
    for source in sources() {
        let allowed = PLATFORMS.iter().any(|place| source.path.starts_with(place));
        for (number, line) in source.code.iter().enumerate() {
            let platform = ["unix", "windows", "target_"]
                .iter()
                .any(|word| line.contains(word));
            let tells = platform && conditions.iter().any(|word| line.contains(word));
            found += usize::from(tells);
            let ok = allowed || !(tells || line.contains("std::os::"));
            assert!(ok, "{}:{}: {line}", source.path, number + 1);
        }
    }
    assert!(found > 10, "only {found} conditions were found");
}

#[test]
fn unsafe_stands_in_sys_alone() {
    let mut found = 0;
    for source in sources() {
        for line in &source.code {
            let is_unsafe = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"]
                .iter()
                .any(|word| line.contains(word));
            found += usize::from(is_unsafe);
            let allowed = source.path.starts_with("sys/");
            assert!(allowed || !is_unsafe, "{}: {line}", source.path);
        }
    }
    assert!(found > 5, "only {found} were found");
}

#[test]
fn every_file_says_what_it_is_for_and_none_is_too_long() {
    for source in sources() {
        let says = source.text.starts_with("//! ");
        assert!(says, "{} does not say what it is for", source.path);
        let lines = source.text.lines().count();
        assert!(lines <= LINES, "{} has {lines} lines", source.path);
    }
}

#[test]
fn the_map_names_every_module_in_the_order_of_the_layers() {
    let map = fs::read_to_string(top().join("src/lib.rs")).expect("text");
    let declared = |line| str::strip_suffix(str::strip_prefix(line, "pub mod ")?, ";");
    let declared: BTreeSet<&str> = map.lines().filter_map(declared).collect();
    let row = |line| str::strip_prefix(line, "//! | [`")?.split('`').next();
    let named: Vec<&str> = map.lines().filter_map(row).collect();
    assert_eq!(named.iter().copied().collect::<BTreeSet<_>>(), declared);
    let places: Vec<_> = named
        .iter()
        .map(|name| layer(name).expect("a layer"))
        .collect();
    assert!(places.is_sorted(), "{named:?}");
    let layers = LAYERS.concat().into_iter().filter(|name| *name != "main");
    assert_eq!(layers.collect::<BTreeSet<_>>(), declared);
}

/// Gathers `file` and the files of the modules it declares.
fn declared(file: &Path, folder: &Path, all: &mut BTreeSet<PathBuf>) {
    all.insert(file.to_owned());
    let text = fs::read_to_string(file).expect("text");
    for line in text.lines().map(str::trim) {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        let name = line
            .strip_prefix("mod ")
            .and_then(|rest| rest.strip_suffix(';'));
        let Some(name) = name else {
            continue;
        };
        let below = folder.join(name);
        let (flat, deep) = (below.with_extension("rs"), below.join("mod.rs"));
        declared(if flat.exists() { &flat } else { &deep }, &below, all);
    }
}

#[test]
fn every_file_of_the_tests_is_part_of_the_suite() {
    let tests = top().join("tests");
    let (mut there, mut wanted) = (Vec::new(), BTreeSet::new());
    files(&tests, &mut there);
    declared(&tests.join("main.rs"), &tests, &mut wanted);
    // Programs of their own beside the suite.
    there.retain(|file| {
        !["fuzz", "bench"]
            .iter()
            .any(|name| file.starts_with(tests.join(name)))
    });
    for file in &there {
        assert!(wanted.contains(file), "{} is not declared", file.display());
        let text = fs::read_to_string(file).expect("text");
        let says = text.starts_with("//! ");
        assert!(says, "{} does not say what it is for", file.display());
    }
    assert!(there.len() > 20, "only {} were found", there.len());
}

#[test]
fn there_are_no_more_packages_than_were_argued_for() {
    let lock = fs::read_to_string(top().join("Cargo.lock")).expect("text");
    let count = lock.lines().filter(|line| *line == "[[package]]").count();
    assert!(
        count <= PACKAGES,
        "{count} packages, {PACKAGES} were argued for"
    );
    assert!(count > 50, "only {count} were found");
}
