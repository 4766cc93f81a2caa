//! The flags of a program and the words between them.

use super::arguments::{CONTAINERS, FOLLOWED, NO_WORD, SHELLS, Walk, Word, base};
use super::name::Meaning;
use super::piece::Piece;
use super::random::is_random;
use super::search::{Search, Under};
use super::wanted;
use super::words::lists;

impl<'t> Walk<'_, 't> {
    /// The arguments of a program that is no shell.
    pub(super) fn row(&mut self, program: &str, first: Word<'t>, words: &[Word<'t>]) {
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
        let server = wanted::server(words.iter().map(|word| word.piece.unquoted().text));
        let mut at = 0;
        // The flag that stands right before a word and may want it.
        let mut flag_before = false;
        while let Some(word) = words.get(at).copied() {
            let next = words.get(at.saturating_add(1)).copied();
            let after = words.get(at.saturating_add(2)).copied();
            let text = word.piece.unquoted().text;
            let mut taken = 1;
            if let Some(flag) = Flag::of(word) {
                let reaches = self.is_here && !is_container;
                let wanted = wanted::variable(server.filter(|_| reaches), flag.name.text);
                taken = self.flag(program, is_container, &flag, (next, after), wanted);
                flag_before = flag.value.is_none() && taken == 1;
            } else {
                let name = base(text);
                let is_program = lists(FOLLOWED, name.as_str())
                    || SHELLS.contains(&name.as_str())
                    || CONTAINERS.contains(&name.as_str());
                if is_program && !flag_before {
                    return self.command_elsewhere(words.get(at..).unwrap_or_default());
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
                // docker takes one that is named alone from its own variables.
                self.assignment(value, is_container);
                taken
            }
            // `-k KEY`, `-t TOKEN`: too short a name to say much.
            _ if is_short_flag_of_secret(&lower, value.piece.text) => {
                self.value(
                    value,
                    Under {
                        meaning: Meaning::Near,
                        ..under
                    },
                );
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
            _ if wanted.is_some() => {
                self.value(value, under);
                taken
            }
            _ if flag.value.is_some() => {
                self.positional(value, true);
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
        if self.line(word) {
            return;
        }
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

    /// A whole command line as one word: `supergateway --stdio "npx -y x --key k"`. Tells whether it is one.
    fn line(&mut self, word: Word<'t>) -> bool {
        let piece = word.piece.trimmed().unquoted();
        let is_line = !piece.text.starts_with(['{', '[', '-'])
            && piece.text.contains(char::is_whitespace)
            && (piece.text.contains(" -")
                || (self.is_assignment(&word) && !piece.text.contains(';')));
        let Some(search) = self.searches.get(word.at).filter(|_| is_line) else {
            return false;
        };
        for words in search.commands(piece) {
            let at = word.at;
            let words: Vec<Word<'t>> = words.into_iter().map(|piece| Word { at, piece }).collect();
            self.command_elsewhere(&words);
        }
        true
    }

    pub(super) fn is_assignment(&self, word: &Word<'t>) -> bool {
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
    pub(super) fn assignment(&mut self, word: Word<'t>, is_variable: bool) {
        let piece = word.piece.unquoted();
        let Some((name, value)) = piece.split_once('=') else {
            return;
        };
        let wanted = (is_variable && self.is_here).then_some(name.text);
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

    pub(super) fn value(&mut self, word: Word<'t>, under: Under<'_>) {
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

/// Tells whether a flag of one letter, which says little, has a value that says enough.
fn is_short_flag_of_secret(name: &str, value: &str) -> bool {
    let least = match name {
        "k" | "t" | "s" => 20,
        _ if name.len() == 1 => 32,
        _ => return false,
    };
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=+.".contains(&byte);
    let is_one = value.len() >= least && !value.starts_with('-') && value.bytes().all(is_bare);
    is_one && name != "y" && is_random(value)
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
