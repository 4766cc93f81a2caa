//! Shells, and programs that start others in ways of their own, which are not followed.

use std::path::Path;

use super::Reading;
use super::line::Line;
use crate::policy::Danger;

const SHELLS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "fish",
    "ksh",
    "mksh",
    "ash",
    "tcsh",
    "csh",
    "elvish",
    "nu",
    "pwsh",
    "powershell",
    "cmd",
    "busybox",
    "toybox",
    "rbash",
];

/// Tells whether a program is called as a shell is.
pub(super) fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}

/// Tells whether a program starts others in a way that is not followed.
pub(super) fn is_opaque(name: &str) -> bool {
    [
        "git",
        "hg",
        "swift",
        "dart",
        "mix",
        "bundle",
        "rake",
        "pnpm",
        "pnpx",
        "yarn",
        "corepack",
        "volta",
        "fnm",
        "mise",
        "asdf",
        "poetry",
        "pdm",
        "hatch",
        "pipenv",
        "rye",
        "pixi",
        "conda",
        "mamba",
        "micromamba",
        "cargo",
        "go",
        "dotnet",
        "gradle",
        "mvn",
        "make",
        "just",
        "task",
        "nix",
        "nix-shell",
        "direnv",
        "dotenv",
        "dotenvx",
        "doppler",
        "op",
        "sudo",
        "doas",
        "su",
        "runuser",
        "setpriv",
        "xargs",
        "parallel",
        "nohup",
        "timeout",
        "nice",
        "ionice",
        "stdbuf",
        "setsid",
        "script",
        "unbuffer",
        "watch",
        "time",
        "chroot",
        "unshare",
        "nsenter",
        "bwrap",
        "firejail",
        "systemd-run",
        "flatpak",
        "snap",
        "wine",
        "wsl",
        "ssh",
        "nodemon",
        "ts-node-dev",
        "concurrently",
        "bundle",
        "rake",
        "gem",
        "composer",
        "docker-compose",
        "kubectl",
        "supergateway",
        "mcp-proxy",
    ]
    .contains(&name)
}

/// `sh [OPTION...] [-c CODE | FILE] [ARG...]`
pub(super) fn shell(name: &str, line: &Line<'_>, reading: &mut Reading) {
    reading.dangers.push(Danger::Shell(name.to_owned()));
    if matches!(name, "busybox" | "toybox") {
        let applet = line.text(line.from).filter(|applet| is_shell(applet));
        return match applet {
            Some(applet) => shell(applet, &line.behind(line.from, Path::new(applet)), reading),
            None => {
                reading.not_understood(&format!("what {name} does"));
                line.server(line.from, reading);
            }
        };
    }
    if matches!(name, "cmd" | "powershell" | "pwsh" | "nu" | "elvish") {
        reading.not_understood(&format!("what {name} does"));
        return line.server(line.from, reading);
    }
    let mut at = line.from;
    loop {
        let Some(word) = line.text(at) else {
            reading.not_understood(&format!("what {name} reads from its input"));
            return;
        };
        let next = at.saturating_add(1);
        match word {
            "--" | "-" => return file(name, line, next, reading),
            "-o" | "+o" | "-O" | "+O" => at = next.saturating_add(1),
            "--login" | "--norc" | "--noprofile" | "--posix" | "--no-config" => at = next,
            "--command" => return code(line, next, reading),
            _ if word.starts_with("--") => {
                reading.not_understood(&format!("the option {word} of {name}"));
                return line.server(at, reading);
            }
            _ if word.starts_with(['-', '+']) => {
                let letters = word.get(1..).unwrap_or_default();
                if letters.contains('c') {
                    return code(line, next, reading);
                }
                let is_plain = |c: char| "abefhklmnpuvxBCEHPTr".contains(c);
                if !letters.chars().all(is_plain) {
                    reading.not_understood(&format!("the option {word} of {name}"));
                    return line.server(at, reading);
                }
                at = next;
            }
            _ => return file(name, line, at, reading),
        }
    }
}

/// What code in an argument does with the folder cannot be told.
fn code(line: &Line<'_>, from: usize, reading: &mut Reading) {
    let words = line.words.iter().enumerate().skip(from);
    let mut words = words.skip_while(|(_, word)| word.is_some_and(|w| w.starts_with('-')));
    let at = words.next().map_or(from, |(at, _)| at);
    reading.code_in_argument(at);
    reading.looks_here("whatever that code names");
}

fn file(name: &str, line: &Line<'_>, at: usize, reading: &mut Reading) {
    match line.text(at) {
        Some(word) => {
            line.code(word, reading);
            line.server(at.saturating_add(1), reading);
        }
        None => reading.not_understood(&format!("what {name} reads from its input")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::tests::{Try, changed, local};
    use super::*;

    #[test]
    fn a_shell_is_shown_and_its_script_is_code() {
        let trial = Try::new("x").program("run.sh", "");
        let file = trial.outside().join("run.sh");
        let shown = file.display();
        for words in [
            format!("sh {shown}"),
            format!("bash -e -o pipefail {shown} arg"),
            format!("bash --norc -- {shown}"),
            format!("busybox sh {shown}"),
            format!("zsh -eu {shown}"),
        ] {
            let read = Try::new(&words).read();
            assert_eq!(read.code, std::slice::from_ref(&file), "{words}");
            assert!(!read.needs_folder && read.is_known, "{words}: {read:?}");
            assert!(matches!(read.dangers[0], Danger::Shell(_)), "{words}");
        }
        let read = Try::new("sh run.sh").file("run.sh").read();
        assert!(read.needs_folder && read.dangers.contains(&local("run.sh")));
        assert_eq!(read.code.len(), 1);
    }

    #[test]
    fn code_for_a_shell_makes_the_folder_count() {
        for (words, place) in [
            ("sh -c code", 2),
            ("bash -lc code x", 2),
            ("bash -e -c code", 3),
            ("fish --command code", 2),
            ("dash -c -e code", 3),
            ("busybox sh -c code", 3),
        ] {
            let read = Try::new(words).read();
            assert!(read.needs_folder, "{words}");
            assert!(
                read.dangers.contains(&Danger::CodeInArguments(place)),
                "{words}: {read:?}"
            );
        }
        for words in [
            "sh",
            "bash -s",
            "bash --rcfile x y",
            "bash -i",
            "sh -",
            "cmd /c x",
            "busybox ls",
            "pwsh -File x",
            "bash -o",
        ] {
            let read = Try::new(words).read();
            assert!(read.needs_folder && changed(&read), "{words}");
        }
    }
}
