//! The manual: generated from the grammar, so that it cannot say something else than the program.
//!
//! `BROKER_UPDATE=1 cargo test manual` writes the pages that are stale. The pages `broker.toml(5)`,
//! `broker-rotation(7)` and `broker-security(7)` are written by hand, as are the sections of `broker(1)` in `manual/sections.roff`.

#[cfg(target_os = "linux")]
mod examples;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap_mangen::Man;

/// Every stable error code, and what it means.
const ERRORS: &[(&str, &str)] = &include!("manual/errors.in");

/// The pages that refer to `broker-rotation(7)`.
const ROTATING: [&str; 4] = [
    "broker-due",
    "broker-edit",
    "broker-rollback",
    "broker-rotate",
];

#[test]
fn the_pages_are_those_the_grammar_gives() {
    let folder = folder("man");
    let update = std::env::var_os("BROKER_UPDATE").is_some_and(|value| value == "1");
    let pages = pages();
    let mut stale = Vec::new();
    for (name, text) in &pages {
        let file = folder.join(name);
        if fs::read_to_string(&file).ok().as_ref() != Some(text) {
            stale.push(name.clone());
            if update {
                fs::write(&file, text).expect("written");
            }
        }
    }
    for name in names(&folder).into_iter().filter(|n| n.ends_with(".1")) {
        if !pages.iter().any(|(page, _)| *page == name) {
            stale.push(name.clone());
            if update {
                fs::remove_file(folder.join(&name)).expect("removed");
            }
        }
    }
    assert!(
        stale.is_empty() || update,
        "stale pages: {stale:?}; write them with: BROKER_UPDATE=1 cargo test manual"
    );
}

#[test]
fn every_error_code_is_in_the_manual_and_none_besides() {
    let listed: BTreeSet<String> = ERRORS.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(listed.len(), ERRORS.len(), "a code is listed twice");
    let mut used = BTreeSet::new();
    sources(&folder("src"), &mut |path, text| {
        for opening in ["Failure::new(\"", "Self::new(\"", "Self::advised(\""] {
            used.extend(after(text, opening));
        }
        if path.ends_with("cli/failure.rs") {
            used.extend(after(text, "=>(\""));
        }
        for (opening, end) in [
            ("fncode(&self)->&'staticstr{", "}}"),
            ("letcode=matcherror{", "};"),
        ] {
            for body in text.split(opening).skip(1) {
                let body = body.split(end).next().expect("a body");
                used.extend(after(body, "=>\""));
            }
        }
    });
    let of = |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> {
        a.difference(b).cloned().collect()
    };
    assert_eq!(
        of(&used, &listed),
        [""; 0],
        "used in src, not in the manual"
    );
    assert_eq!(
        of(&listed, &used),
        [""; 0],
        "in the manual, not used in src"
    );
}

#[test]
fn there_is_advice_only_for_codes_that_exist() {
    let text = compact(&fs::read_to_string(folder("src/cli/failure.rs")).expect("read"));
    let advice = text.split("fnadvice(").nth(1).expect("advice");
    let advice = advice.split("_=>returnNone").next().expect("its end");
    let known: BTreeSet<&str> = ERRORS.iter().map(|(code, _)| *code).collect();
    let advised = ERRORS
        .iter()
        .filter(|(code, _)| advice.contains(&format!("\"{code}\"=>")))
        .count();
    assert_eq!(advice.matches("\"=>").count(), advised, "of {known:?}");
}

#[test]
fn groff_has_nothing_to_say_about_any_page() {
    let mut said = String::new();
    for name in names(&folder("man")) {
        let macros = if name.ends_with(".1") {
            "-man"
        } else {
            "-mdoc"
        };
        let output = Command::new("groff")
            .args(["-ww", "-z", "-Tutf8", macros])
            .arg(folder("man").join(&name))
            .output()
            .expect("groff is needed to check the manual: install the package groff");
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "groff failed on {name}: {said}");
    }
    assert_eq!(said, "");
}

#[test]
#[ignore = "needs mandoc, which few systems have: cargo test mandoc -- --ignored"]
fn mandoc_finds_no_fault_in_any_page() {
    // It also warns about what clap_mangen writes, so of those pages only errors count.
    for name in names(&folder("man")) {
        let level = if name.ends_with(".1") {
            "error"
        } else {
            "warning"
        };
        let output = Command::new("mandoc")
            .args(["-T", "lint", "-W", level])
            .arg(folder("man").join(&name))
            .output()
            .expect("mandoc is needed to check the manual: install the package mandoc");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{name}");
    }
}

#[test]
fn every_page_that_is_referred_to_exists() {
    let man = folder("man");
    let there = names(&man);
    for name in &there {
        let text = fs::read_to_string(man.join(name)).expect("read");
        let text = text
            .replace("\\fB", "")
            .replace("\\fR", "")
            .replace("\\-", "-");
        for word in text.split(|c: char| c.is_whitespace() || c == ',') {
            let Some((page, rest)) = word.split_once('(') else {
                continue;
            };
            if let (true, Some(section)) = (page.starts_with("broker"), rest.chars().next()) {
                let file = format!("{page}.{section}");
                assert!(
                    !section.is_ascii_digit() || there.contains(&file),
                    "{name} refers to {page}({section})"
                );
            }
        }
        // mdoc: .Xr broker-exec 1
        for line in text
            .lines()
            .filter_map(|line| line.strip_prefix(".Xr broker"))
        {
            let mut words = line.split_whitespace();
            let (page, section) = match line.starts_with(' ') {
                true => ("", words.next()),
                false => (words.next().expect("a page"), words.next()),
            };
            let file = format!("broker{page}.{}", section.expect("a section"));
            assert!(there.contains(&file), "{name} refers to {file}");
        }
    }
}

/// Makes every page of section 1: name of the file, and text.
fn pages() -> Vec<(String, String)> {
    let mut grammar = broker::cli::grammar().disable_help_subcommand(true);
    grammar.build();
    let mut pages = Vec::new();
    collect(&grammar, &mut pages);
    pages
}

fn collect(command: &clap::Command, pages: &mut Vec<(String, String)>) {
    for below in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        collect(below, pages);
    }
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    let whole = name == "broker";
    let man = Man::new(command.clone())
        .source(format!("broker {}", env!("CARGO_PKG_VERSION")))
        .manual("broker manual");
    let mut page = Vec::new();
    man.render_title(&mut page).expect("rendered");
    man.render_name_section(&mut page).expect("rendered");
    man.render_synopsis_section(&mut page).expect("rendered");
    man.render_description_section(&mut page).expect("rendered");
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page).expect("rendered");
    }
    man.render_options_section(&mut page).expect("rendered");
    let mut page = String::from_utf8(page).expect("UTF-8");
    let help = command
        .get_after_long_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    page.push_str(&after_help(&help, whole));
    if whole {
        page.push_str(&include_str!("manual/sections.roff").replace(".\\\" ERRORS\n", &errors()));
    } else {
        page.push_str(".SH \"SEE ALSO\"\n");
        if let Some((above, _)) = name
            .rsplit_once('-')
            .filter(|(above, _)| *above != "broker")
        {
            page.push_str(&format!(".BR {} (1),\n", escaped(above)));
        }
        page.push_str(".BR broker (1),\n.BR broker.toml (5),\n");
        if ROTATING.contains(&name) {
            page.push_str(".BR broker\\-rotation (7),\n");
        }
        page.push_str(".BR broker\\-security (7)\n");
    }
    pages.push((format!("{name}.1"), page));
}

/// Makes sections of the text that the help ends with. `broker(1)` says more about exit codes by hand.
fn after_help(help: &str, whole: bool) -> String {
    let (mut examples, mut exit) = (String::new(), String::new());
    for part in help.split("\n\n").filter(|part| !part.is_empty()) {
        let (head, rest) = part.split_once(':').expect("a head");
        match head {
            "Example" | "Examples" => {
                examples.push_str(".SH EXAMPLES\n.nf\n");
                for line in rest.trim_matches('\n').lines() {
                    examples.push_str(&format!(
                        "{}\n",
                        escaped(line.strip_prefix("  ").unwrap_or(line))
                    ));
                }
                examples.push_str(".fi\n");
            }
            "Exit code" | "Exit codes" if whole => {}
            "Exit code" => {
                let mut text = rest.split_whitespace().collect::<Vec<_>>().join(" ");
                if let Some(first) = text.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                exit.push_str(&format!(".SH \"EXIT STATUS\"\n{}\n", escaped(&text)));
            }
            other => panic!("no section for \"{other}\""),
        }
    }
    exit + &examples
}

fn errors() -> String {
    let one =
        |(code, text): &(&str, &str)| format!(".TP\n.B {}\n{}\n", escaped(code), escaped(text));
    ERRORS.iter().map(one).collect()
}

/// Writes a text so that roff prints it as it is.
fn escaped(text: &str) -> String {
    let text = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq");
    match text.chars().next() {
        Some('.' | '\'') => format!("\\&{text}"),
        _ => text,
    }
}

fn folder(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    names
}

/// Shows every source file, without its tests and without white space.
fn sources(folder: &Path, look: &mut dyn FnMut(&Path, &str)) {
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            sources(&path, look);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("read");
            let end = ["#[cfg(test)]", "#[cfg(all(test"];
            let end = end.iter().filter_map(|mark| text.find(mark)).min();
            look(&path, &compact(&text[..end.unwrap_or(text.len())]));
        }
    }
}

fn compact(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Returns the words in quotes that follow `opening`, where they look like codes.
fn after(text: &str, opening: &str) -> Vec<String> {
    let rest = text.split(opening).skip(1);
    rest.filter_map(|rest| rest.split('"').next())
        .filter(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        })
        .map(str::to_owned)
        .collect()
}
