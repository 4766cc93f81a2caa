//! Python: a script is bound by its content; modules are kept from being looked up in the current folder.
//!
//! With `-m`, `-c` and a program read from its input Python looks for modules in the current folder first. `-P` stops that,
//! from 3.11 on; the variable for it would be inherited and is undone by `-E`. A script finds its own modules beside
//! itself, wherever it is started.

use std::path::Path;

use super::Reading;
use super::line::Line;

/// The first version that has `-P`.
pub(super) const HAS_SAFE_PATH: (u32, u32) = (3, 11);

/// Options of one letter that stand alone.
const SWITCHES: &str = "bBdEhOPqsSuvVxI";

/// What Python runs.
enum Runs {
    /// A module, or code in an argument.
    Module,
    /// The script at this place.
    Script(usize),
}

/// Tells whether a program is called as Python is, of any version.
pub(super) fn is_name(name: &str) -> bool {
    let tail = ["python", "pypy"].iter().find_map(|p| name.strip_prefix(p));
    tail.is_some_and(|tail| {
        let tail = tail.trim_end_matches(['t', 'w']);
        tail.chars().all(|c| c.is_ascii_digit() || c == '.')
    })
}

/// Reads which version of CPython a program is, from the name of the file it leads to.
pub(super) fn version(program: &Path) -> Option<(u32, u32)> {
    // One that is only a name is looked up by somebody else.
    let absolute = Some(program).filter(|program| program.is_absolute());
    let real = absolute?.canonicalize().ok()?;
    let name = real.file_name()?.to_str()?.strip_prefix("python")?;
    let (major, minor) = name.trim_end_matches('t').split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `python [OPTION...] [-m MODULE | -c CODE | FILE] [ARG...]`
pub(super) fn python(line: &Line<'_>, version: Option<(u32, u32)>, reading: &mut Reading) {
    if let Some(at) = run(line, reading) {
        if version.is_some_and(|version| version >= HAS_SAFE_PATH) {
            reading.put_in.push((at, "-P".into()));
        } else {
            reading.looks_here("a module");
        }
    }
}

/// Reads what Python is to run. Returns where `-P` is to be put in, if it has to be.
pub(super) fn run(line: &Line<'_>, reading: &mut Reading) -> Option<usize> {
    let mut is_safe = false;
    let mut at = line.from;
    loop {
        let word = match line.words.get(at) {
            Some(Some(word)) => *word,
            Some(None) => {
                reading.not_understood("a secret in the place of an option of Python's");
                return None;
            }
            None => {
                reading.not_understood("what Python reads from its input");
                return None;
            }
        };
        let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            return match word {
                "-" => {
                    reading.not_understood("what Python reads from its input");
                    None
                }
                _ => end(line, Runs::Script(at), at, is_safe, reading),
            };
        };
        let mut takes_next = false;
        for (index, letter) in letters.char_indices() {
            let is_last = index.saturating_add(1) == letters.len();
            match letter {
                'c' | 'm' => {
                    let value = if is_last { at.saturating_add(1) } else { at };
                    if letter == 'c' {
                        reading.code_in_argument(value);
                    }
                    return end(line, Runs::Module, value, is_safe, reading);
                }
                'W' | 'X' => {
                    takes_next = is_last;
                    break;
                }
                letter if SWITCHES.contains(letter) => is_safe |= matches!(letter, 'I' | 'P'),
                _ => {
                    reading.not_understood(&format!("the option {word} of Python's"));
                    line.server(at, reading);
                    return None;
                }
            }
        }
        at = at.saturating_add(if takes_next { 2 } else { 1 });
    }
}

fn end(
    line: &Line<'_>,
    runs: Runs,
    last: usize,
    is_safe: bool,
    reading: &mut Reading,
) -> Option<usize> {
    line.server(last.saturating_add(1), reading);
    match runs {
        Runs::Script(at) => {
            line.code(line.text(at).unwrap_or_default(), reading);
            None
        }
        Runs::Module => (!is_safe).then_some(line.from),
    }
}

#[cfg(all(test, unix))]
mod tests;
