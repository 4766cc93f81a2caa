//! A program and its arguments: the values of flags, `-e NAME=value`, `--header "Name: value"`, and the commands in a script
//! that a shell is given.

use super::super::{Item, Place};
use super::name::Meaning;
use super::piece::Piece;
use super::random::is_random;
use super::search::{Search, Under};
use super::wanted;
use super::words::lists;

/// A word of a command line.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    /// Which text it is in.
    pub(super) at: usize,
    pub(super) piece: Piece<'t>,
}

/// Searches the command lines of an entry.
pub(super) fn search<'t>(items: &'t [Item], searches: &mut [Search<'t>]) {
    for row in rows(items) {
        let mut words = Vec::new();
        for at in row {
            let Some(search) = searches.get(at) else {
                continue;
            };
            let piece = search.whole();
            // A whole command line in the place of the program.
            let is_line =
                words.is_empty() && piece.text.contains(" -") || piece.text.contains(" http");
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
fn rows(items: &[Item]) -> Vec<Vec<usize>> {
    let mut own: Vec<(usize, usize)> = Vec::new();
    let mut others: std::collections::BTreeMap<&[String], Vec<(usize, usize)>> =
        std::collections::BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        match &item.place {
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
    let texts = |row: Vec<(usize, usize)>| row.into_iter().map(|(_, at)| at).collect();
    rows.into_iter().map(texts).collect()
}

/// Searches one command line.
pub(super) fn walk<'t>(searches: &mut [Search<'t>], words: &[Word<'t>]) {
    Walk { searches, depth: 0 }.command(words);
}

/// How deep commands in commands are followed.
const DEEPEST: usize = 4;

struct Walk<'s, 't> {
    searches: &'s mut [Search<'t>],
    depth: usize,
}

const SHELLS: [&str; 9] = [
    "sh", "bash", "zsh", "dash", "ksh", "fish", "ash", "busybox", "rbash",
];
const CONTAINERS: [&str; 4] = ["docker", "podman", "nerdctl", "finch"];
/// Programs that are looked for behind others, as behind `sudo`, `wsl`, `npx -c`.
const FOLLOWED: &str =
    "env cmd powershell pwsh curl wget mysql mysqldump mariadb redis-cli sshpass psql http";

impl<'t> Walk<'_, 't> {
    /// A program and its arguments.
    fn command(&mut self, words: &[Word<'t>]) {
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
            "export" | "set" | "setx" | "declare" | "local" | "readonly" => {
                for word in rest {
                    self.assignment(*word, true);
                }
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

    /// `$env:NAME = 'value'`
    fn powershell(&mut self, at: usize, piece: Piece<'t>, rest: &[Word<'t>]) {
        match (piece.split_once('='), rest) {
            (Some(_), _) => self.assignment(Word { at, piece }, true),
            (None, [sign, value, ..]) if sign.piece.text == "=" => {
                let under = Under {
                    wanted: Some(piece.text),
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

    /// The arguments of a program that is no shell.
    fn row(&mut self, program: &str, first: Word<'t>, words: &[Word<'t>]) {
        if first.at != NO_WORD.at {
            self.value(
                first,
                Under {
                    meaning: Meaning::Else,
                    ..Under::NOTHING
                },
            );
        }
        let is_container = CONTAINERS.contains(&program);
        let mut at = 0;
        // The flag that stands right before a word and may want it.
        let mut flag_before = false;
        while let Some(word) = words.get(at).copied() {
            let next = words.get(at.saturating_add(1)).copied();
            let after = words.get(at.saturating_add(2)).copied();
            let text = word.piece.unquoted().text;
            let mut taken = 1;
            if let Some(flag) = Flag::of(word) {
                let wanted =
                    wanted::variable(words.iter().map(|word| word.piece.text), flag.name.text);
                taken = self.flag(program, is_container, &flag, (next, after), wanted);
                flag_before = flag.value.is_none() && taken == 1;
            } else {
                let name = base(text);
                let is_program = lists(FOLLOWED, name.as_str())
                    || SHELLS.contains(&name.as_str())
                    || CONTAINERS.contains(&name.as_str());
                if is_program && !flag_before {
                    return self.command(words.get(at..).unwrap_or_default());
                }
                self.positional(word, flag_before);
                flag_before = false;
            }
            at = at.saturating_add(taken);
        }
    }

    /// A flag. Returns how many words it takes, itself among them.
    fn flag(
        &mut self,
        program: &str,
        is_container: bool,
        flag: &Flag<'t>,
        (next, after): (Option<Word<'t>>, Option<Word<'t>>),
        wanted: Option<&str>,
    ) -> usize {
        let (value, taken) = match (flag.value, next) {
            (Some(value), _) => (Some(value), 1),
            (None, Some(next)) => (Some(next), 2),
            (None, None) => (None, 1),
        };
        let Some(value) = value else { return 1 };
        let name = flag.name.text;
        let lower = name.to_ascii_lowercase();
        let meaning = Meaning::of(name);
        let under = Under {
            wanted,
            ..Under::of(name)
        };
        match lower.as_str() {
            _ if name == "H" || is_header(&lower) => {
                if self.header(lower.ends_with('s'), value) {
                    return taken;
                }
                // `--headers NAME VALUE`, as mcp-proxy has it.
                if let (None, Some(after)) = (flag.value, after) {
                    self.in_text(after, |search, piece| {
                        search.header_value(piece, value.piece.text, None)
                    });
                    return 3;
                }
                taken
            }
            "e" | "env" | "environment" | "build-arg" => {
                self.assignment(value, true);
                taken
            }
            "u" | "user" | "auth" | "basic-auth" | "basic" | "creds" | "userpass" | "login"
                if !is_container =>
            {
                let is_pair = self.in_text(value, |search, piece| {
                    !piece.text.contains("://") && search.user_and_password(piece, under)
                });
                if !is_pair {
                    self.value(value, under);
                }
                taken
            }
            "p" if program == "sshpass" => self.certain(value, taken),
            "a" if program == "redis-cli" => self.certain(value, taken),
            _ if meaning.is_strong() || matches!(meaning, Meaning::Key | Meaning::Near) => {
                let is_flag = flag.value.is_none()
                    && value.piece.text.starts_with('-')
                    && !is_random(value.piece.text);
                if is_flag {
                    return 1;
                }
                self.value(value, under);
                taken
            }
            _ if flag.value.is_some() => {
                self.positional(value, true);
                taken
            }
            // `-k KEY`, `-t TOKEN`: too short a name to say much.
            "k" | "t" | "a" if value.piece.text.len() >= 20 && is_random(value.piece.text) => {
                self.value(
                    value,
                    Under {
                        meaning: Meaning::Near,
                        ..under
                    },
                );
                taken
            }
            _ => {
                if program.starts_with("mysql") || program == "mariadb" {
                    self.glued_password(flag);
                }
                1
            }
        }
    }

    /// A value that can be nothing but a password.
    fn certain(&mut self, value: Word<'t>, taken: usize) -> usize {
        self.in_text(value, |search, piece| {
            search.password(piece, Under::of("password"))
        });
        taken
    }

    /// `-pPASSWORD` of MySQL.
    fn glued_password(&mut self, flag: &Flag<'t>) {
        if let Some(password) = flag.name.behind("p").filter(|rest| !rest.is_empty()) {
            let word = Word {
                at: flag.at,
                piece: password,
            };
            self.certain(word, 1);
        }
    }

    /// One header, or several. Tells whether it was one.
    fn header(&mut self, is_several: bool, value: Word<'t>) -> bool {
        self.in_text(value, |search, piece| {
            let text = piece.text.trim_start();
            if is_several || text.starts_with(['{', '"']) {
                let is_one = text.contains([':', '=']);
                if is_one {
                    search.value(
                        piece,
                        Under {
                            meaning: Meaning::Else,
                            ..Under::of("headers")
                        },
                    );
                }
                return is_one;
            }
            search.header_line(piece, None)
        })
    }

    /// A word that is no flag.
    fn positional(&mut self, word: Word<'t>, is_behind_flag: bool) {
        if self.is_assignment(&word) {
            let name = word.piece.text.split('=').next().unwrap_or_default();
            let meaning = Meaning::of(name);
            if meaning.is_strong() || matches!(meaning, Meaning::Key | Meaning::Near) {
                return self.assignment(word, false);
            }
        }
        let is_header = word.piece.split_once(':').is_some_and(|(name, _)| {
            name.text.len() <= 40
                && name.text.bytes().all(is_name_of_header)
                && Meaning::of(name.text.trim_start_matches('/')).is_strong()
        });
        if is_header && !word.piece.text.contains("://") {
            let name = word.piece.text.split(':').next().unwrap_or_default();
            let name = name.trim_start_matches('/');
            self.in_text(word, |search, piece| {
                if let Some((_, value)) = piece.split_once(':') {
                    search.value(value, Under::of(name));
                }
            });
            return;
        }
        let is_bare =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=' | b'+');
        let text = word.piece.unquoted().text;
        let may_be =
            !is_behind_flag && text.len() >= 24 && text.len() < 4096 && text.bytes().all(is_bare);
        let under = if may_be {
            Under {
                meaning: Meaning::Near,
                ..Under::NOTHING
            }
        } else {
            Under::NOTHING
        };
        self.value(word, under);
    }

    fn is_assignment(&self, word: &Word<'t>) -> bool {
        let Some((name, _)) = word.piece.unquoted().split_once('=') else {
            return false;
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        name.text.len() <= 64
            && name.text.bytes().next().is_some_and(begins)
            && name.text.bytes().all(is_name)
    }

    /// `NAME=value`
    fn assignment(&mut self, word: Word<'t>, is_variable: bool) {
        let piece = word.piece.unquoted();
        let Some((name, value)) = piece.split_once('=') else {
            return;
        };
        let wanted = is_variable.then_some(name.text);
        self.value(
            Word {
                at: word.at,
                piece: value,
            },
            Under {
                wanted,
                ..Under::of(name.text)
            },
        );
    }

    fn value(&mut self, word: Word<'t>, under: Under<'_>) {
        self.in_text(word, |search, piece| search.value(piece, under));
    }

    fn in_text<T: Default>(
        &mut self,
        word: Word<'t>,
        act: impl FnOnce(&mut Search<'t>, Piece<'t>) -> T,
    ) -> T {
        match self.searches.get_mut(word.at) {
            Some(search) => act(search, word.piece.trimmed().unquoted()),
            None => T::default(),
        }
    }
}

/// The program of a command line that has none.
const NO_WORD: Word<'static> = Word {
    at: usize::MAX,
    piece: Piece { text: "", start: 0 },
};

/// Tells whether words behind `/c` are a command and its arguments, and not pieces of a script.
fn command_is_row(words: &[Word<'_>]) -> bool {
    words
        .first()
        .is_some_and(|word| !word.piece.text.contains(char::is_whitespace))
}

/// A flag, as `--name`, `--name=value` or `-name`.
struct Flag<'t> {
    at: usize,
    name: Piece<'t>,
    value: Option<Word<'t>>,
}

impl<'t> Flag<'t> {
    fn of(word: Word<'t>) -> Option<Self> {
        let piece = word.piece.unquoted();
        let bare = piece.text.trim_start_matches('-');
        let dashes = piece.text.len().saturating_sub(bare.len());
        let is_one = (1..=2).contains(&dashes)
            && bare
                .bytes()
                .next()
                .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if !is_one {
            return None;
        }
        let bare = piece.from(dashes);
        // `-eNAME=value`, as docker takes it.
        let glued = bare.behind("e").filter(|rest| {
            dashes == 1
                && rest.text.contains('=')
                && rest
                    .text
                    .bytes()
                    .next()
                    .is_some_and(|b| b.is_ascii_uppercase())
        });
        let at = word.at;
        let (name, value) = match (glued, bare.split_once('=')) {
            (Some(rest), _) => (bare.until(1), Some(rest)),
            (None, Some((name, value))) => (name, Some(value)),
            (None, None) => (bare, None),
        };
        let value = value.map(|piece| Word { at, piece });
        Some(Self { at, name, value })
    }
}

fn is_name_of_header(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)
}

fn is_header(lower: &str) -> bool {
    [
        "header",
        "headers",
        "custom-header",
        "http-header",
        "extra-header",
        "extra-headers",
        "add-header",
        "request-header",
    ]
    .contains(&lower)
}

/// The last part of a path, in lower case and without what Windows puts behind the names of programs.
fn base(text: &str) -> String {
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
