//! Entries that start broker already.

use super::entry::Entry;

/// An entry whose command is an `exec` of broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// Which argument is `exec`.
    pub exec: usize,
    /// Which argument is the server's program: the first behind `--`, or behind the last where broker.toml defines it.
    pub program: usize,
}

impl Wrapped {
    /// Finds out whether an entry starts broker.
    #[must_use]
    pub fn of(entry: &Entry) -> Option<Self> {
        let (command, arguments) = entry.command()?;
        if file_name(command) != "broker" {
            return None;
        }
        let mut at = 0_usize;
        loop {
            let word = *arguments.get(at)?;
            let step = match word {
                "exec" => break,
                "--home" | "--color" => 2,
                _ if word.starts_with('-') && word != "--" => 1,
                _ => return None,
            };
            at = at.saturating_add(step);
        }
        let dashes = arguments.iter().position(|word| *word == "--");
        let program = dashes.map_or(arguments.len(), |dashes| dashes.saturating_add(1));
        (program > at).then_some(Self { exec: at, program })
    }
}

/// The name of a program, without its folder and what Windows puts behind it.
pub(super) fn file_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let end = name.len().saturating_sub(".exe".len());
    match name.get(end..) {
        Some(ending) if ending.eq_ignore_ascii_case(".exe") => name.get(..end).unwrap_or(name),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::entry::{Item, Literal, Place};

    fn entry(words: &[&str]) -> Entry {
        let place = |at: usize| match at.checked_sub(1) {
            None => Place::Command,
            Some(at) => Place::Argument(at),
        };
        let item = |(at, word): (usize, &&str)| Item {
            place: place(at),
            text: Literal::new((*word).to_owned()),
        };
        Entry {
            server: "s".to_owned(),
            is_disabled: false,
            items: words.iter().enumerate().map(item).collect(),
        }
    }

    #[test]
    fn an_entry_that_starts_broker_is_known() {
        let of = |words: &[&str]| Wrapped::of(&entry(words)).map(|w| (w.exec, w.program));
        assert_eq!(of(&["broker", "exec", "s", "--", "npx"]), Some((0, 3)));
        assert_eq!(
            of(&["/x/broker", "--home", "/h", "exec", "s"]),
            Some((2, 4))
        );
        assert_eq!(
            of(&["C:\\b\\Broker.EXE", "exec"]),
            None,
            "another program by its name"
        );
        assert_eq!(
            of(&["C:\\b\\broker.exe", "-v", "exec", "--", "a", "--"]),
            Some((1, 3))
        );
        assert_eq!(of(&["broker", "list"]), None);
        assert_eq!(of(&["broker", "--", "exec"]), None);
        assert_eq!(of(&["npx", "exec", "--"]), None);
    }
}
