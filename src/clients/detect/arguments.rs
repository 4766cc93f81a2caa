//! A program and its arguments: the values of flags, `-e NAME=value`, `--header "Name: value"`, and the commands in a script
//! that a shell is given.

use super::super::{Item, Place};
use super::piece::Piece;
use super::search::{Search, Under};
use super::words::List;

/// A word of a command line.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    /// Which text it is in.
    pub(super) at: usize,
    pub(super) piece: Piece<'t>,
}

/// Searches the command lines of an entry, in which that many arguments are broker's own and come before the server's program.
pub(super) fn search<'t>(items: &'t [Item], own: usize, searches: &mut [Search<'t>]) {
    for row in rows(items, own) {
        let mut words = Vec::new();
        for at in row {
            let Some(search) = searches.get(at) else {
                continue;
            };
            let piece = search.whole();
            // A whole command line in the place of the program.
            let is_line = piece.text.contains(" -") || piece.text.contains(" http");
            if is_line && words.is_empty() {
                for commands in search.commands(piece) {
                    words.extend(commands.into_iter().map(|piece| Word { at, piece }));
                }
            } else {
                words.push(Word { at, piece });
            }
        }
        walk(searches, &words);
    }
}

/// Returns which texts are command lines: the program, then the arguments.
fn rows(items: &[Item], of_broker: usize) -> Vec<Vec<usize>> {
    let mut before: Vec<(usize, usize)> = Vec::new();
    let mut broker = None;
    let mut own: Vec<(usize, usize)> = Vec::new();
    let mut others: std::collections::BTreeMap<&[String], Vec<(usize, usize)>> =
        std::collections::BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        match &item.place {
            Place::Command if of_broker > 0 => broker = Some((0, at)),
            Place::Argument(number) if *number < of_broker => before.push((*number, at)),
            Place::Command => own.push((0, at)),
            Place::Argument(number) => own.push((number.saturating_add(1), at)),
            Place::Other(keys) => match keys.as_slice() {
                [above @ .., last] if last == "command" && !above.is_empty() => {
                    others.entry(above).or_default().push((0, at));
                }
                [above @ .., list, number] if list == "args" => {
                    let number = number.parse().unwrap_or(usize::MAX);
                    others
                        .entry(above)
                        .or_default()
                        .push((usize::saturating_add(number, 1), at));
                }
                _ => {}
            },
            Place::Variable(_) | Place::Header(_) | Place::Url | Place::EnvFile => {}
        }
    }
    let mut rows: Vec<Vec<(usize, usize)>> = others.into_values().collect();
    rows.push(own);
    for row in &mut rows {
        row.sort_unstable();
    }
    before.sort_unstable();
    let mut row: Vec<(usize, usize)> = broker.into_iter().collect();
    row.extend(texts_of_variables(&before, items));
    rows.push(row);
    let texts = |row: Vec<(usize, usize)>| row.into_iter().map(|(_, at)| at).collect();
    rows.into_iter().map(texts).collect()
}

/// Of the words of broker, the variables that it is told to set: the only place for a text of the server's among them.
fn texts_of_variables(words: &[(usize, usize)], items: &[Item]) -> Vec<(usize, usize)> {
    let text = |at: usize| items.get(at).map_or("", |item| item.text.text());
    let is_flag = |at: usize| matches!(text(at), "--env" | "-e");
    let mut row = Vec::new();
    for pair in words.windows(2) {
        if let [flag, value] = pair
            && is_flag(flag.1)
        {
            row.extend([*flag, *value]);
        }
    }
    row.extend(
        words
            .iter()
            .filter(|word| text(word.1).starts_with("--env=")),
    );
    row
}

/// Searches one command line.
pub(super) fn walk<'t>(searches: &mut [Search<'t>], words: &[Word<'t>]) {
    let mut walk = Walk {
        searches,
        depth: 0,
        is_here: true,
    };
    walk.command(words);
}

/// How deep commands in commands are followed.
const DEEPEST: usize = 4;

/// The search along a command line.
pub(super) struct Walk<'s, 't> {
    pub(super) searches: &'s mut [Search<'t>],
    depth: usize,
    /// Whether a variable of the program is one of what is being read, too: no other program stands between.
    pub(super) is_here: bool,
}

pub(super) const SHELLS: [&str; 9] = [
    "sh", "bash", "zsh", "dash", "ksh", "fish", "ash", "busybox", "rbash",
];
pub(super) const CONTAINERS: [&str; 4] = ["docker", "podman", "nerdctl", "finch"];
/// Programs that are looked for behind others, as behind `sudo`, `wsl`, `npx -c`.
pub(super) static FOLLOWED: List = List::new(
    "env cmd powershell pwsh curl wget mysql mysqldump mariadb redis-cli sshpass psql http",
);

impl<'t> Walk<'_, 't> {
    /// A program and its arguments.
    pub(super) fn command(&mut self, words: &[Word<'t>]) {
        if self.depth >= DEEPEST {
            return;
        }
        self.depth = self.depth.saturating_add(1);
        let assigned = words
            .iter()
            .take_while(|word| self.is_assignment(word))
            .count();
        let (before, words) = words.split_at_checked(assigned).unwrap_or_default();
        for word in before {
            self.assignment(*word, true);
        }
        if let Some((first, rest)) = words.split_first() {
            self.program(*first, rest);
        }
        self.depth = self.depth.saturating_sub(1);
    }

    /// A command that another program starts.
    pub(super) fn command_elsewhere(&mut self, words: &[Word<'t>]) {
        let was_here = std::mem::replace(&mut self.is_here, false);
        self.command(words);
        self.is_here = was_here;
    }

    fn program(&mut self, first: Word<'t>, rest: &[Word<'t>]) {
        let name = base(first.piece.unquoted().text);
        if let Some(assigned) = first.piece.behind_in_any_case("$env:") {
            return self.powershell(first.at, assigned, rest);
        }
        match name.as_str() {
            "env" => {
                let options = rest
                    .iter()
                    .take_while(|word| word.piece.text.starts_with('-'))
                    .count();
                self.command(rest.get(options..).unwrap_or_default());
            }
            // A server that is wrapped already: what it is started with stands behind the dashes.
            "broker" => {
                let end = rest.iter().position(|word| word.piece.text == "--");
                let (own, command) = rest
                    .split_at_checked(end.unwrap_or(rest.len()))
                    .unwrap_or_default();
                self.broker(own);
                self.command(command.get(1..).unwrap_or_default());
            }
            "export" | "set" | "setx" | "declare" | "local" | "readonly" => {
                self.set(rest, name != "setx");
            }
            "cmd" => {
                let is_run = |word: &Word<'_>| matches!(word.piece.text, "/c" | "/C" | "/k" | "/K");
                self.script_behind(rest, is_run);
            }
            "powershell" | "pwsh" => {
                let is_run = |word: &Word<'_>| {
                    let text = word.piece.text.to_ascii_lowercase();
                    matches!(text.as_str(), "-command" | "-c" | "/command" | "/c")
                };
                self.script_behind(rest, is_run);
            }
            _ if SHELLS.contains(&name.as_str()) => {
                let is_run = |word: &Word<'_>| {
                    let text = word.piece.text;
                    text.starts_with('-') && !text.starts_with("--") && text.ends_with('c')
                };
                self.script_behind(rest, is_run);
            }
            _ => self.row(&name, first, rest),
        }
    }

    /// broker's own options, of which `--env NAME=value` alone has a value: those that pass a variable on name it.
    fn broker(&mut self, words: &[Word<'t>]) {
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let assigned = match word.piece.text {
                "--env" => rest.next().copied(),
                _ => word
                    .piece
                    .behind("--env=")
                    .map(|piece| Word { at: word.at, piece }),
            };
            if let Some(assigned) = assigned {
                self.assignment(assigned, true);
            }
        }
    }

    /// `export NAME=value`, or `set -x NAME value` as fish has it; what `setx` sets, only later programs get.
    fn set(&mut self, words: &[Word<'t>], reaches: bool) {
        let words: Vec<Word<'t>> = words
            .iter()
            .filter(|word| !word.piece.text.starts_with('-'))
            .copied()
            .collect();
        match words.as_slice() {
            [name, value] if !name.piece.text.contains('=') => {
                let name = name.piece.text;
                let wanted = (reaches && self.is_here).then_some(name);
                let under = Under {
                    wanted,
                    ..Under::of(name)
                };
                self.value(*value, under);
            }
            words => {
                for word in words {
                    self.assignment(*word, reaches);
                }
            }
        }
    }

    /// `$env:NAME = 'value'`
    fn powershell(&mut self, at: usize, piece: Piece<'t>, rest: &[Word<'t>]) {
        match (piece.split_once('='), rest) {
            (Some(_), _) => self.assignment(Word { at, piece }, true),
            (None, [sign, value, ..]) if sign.piece.text == "=" => {
                let under = Under {
                    wanted: self.is_here.then_some(piece.text),
                    ..Under::of(piece.text)
                };
                self.value(*value, under);
            }
            _ => {}
        }
    }

    /// A shell: what stands behind the option that says so is a script, one word or all of them.
    fn script_behind(&mut self, words: &[Word<'t>], is_run: impl Fn(&Word<'_>) -> bool) {
        let Some(at) = words.iter().position(is_run) else {
            return self.row("", NO_WORD, words);
        };
        let script = words.get(at.saturating_add(1)..).unwrap_or_default();
        let mut command: Vec<Word<'t>> = Vec::new();
        for word in script {
            let Some(search) = self.searches.get(word.at) else {
                continue;
            };
            let piece = word.piece.unquoted();
            // A word among several that has no operator in it is one word.
            let is_one = script.len() > 1 && !piece.text.contains("&&") && command_is_row(script);
            let commands = if is_one {
                vec![vec![piece]]
            } else {
                search.commands(piece)
            };
            for (number, pieces) in commands.into_iter().enumerate() {
                if number > 0 {
                    self.command(&std::mem::take(&mut command));
                }
                command.extend(pieces.into_iter().map(|piece| Word { at: word.at, piece }));
            }
            if piece.text.trim_end().ends_with("&&") {
                self.command(&std::mem::take(&mut command));
            }
        }
        self.command(&command);
    }
}

/// The program of a command line that has none.
pub(super) const NO_WORD: Word<'static> = Word {
    at: usize::MAX,
    piece: Piece { text: "", start: 0 },
};

/// Tells whether words behind `/c` are a command and its arguments, and not pieces of a script.
fn command_is_row(words: &[Word<'_>]) -> bool {
    words
        .first()
        .is_some_and(|word| !word.piece.text.contains(char::is_whitespace))
}

/// The last part of a path, in lower case and without what Windows puts behind the names of programs.
pub(super) fn base(text: &str) -> String {
    let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
    if name.len() > 64 {
        return String::new();
    }
    let name = name.to_ascii_lowercase();
    let bare = [".exe", ".cmd", ".bat"]
        .iter()
        .find_map(|end| name.strip_suffix(end));
    bare.unwrap_or(&name).to_owned()
}
