//! Finding the word that is a package, a script or an image among the options of a launcher.
//!
//! What a launcher does with an option that is not in its table cannot be known: the next word may be its value or
//! the package. So the scan ends there and says so, and nothing is guessed.

/// The options of one launcher, in front of the word that is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Options that take the next word, unless their value stands behind `=`.
    pub(super) valued: &'static [&'static [&'static str]],
    /// Options that stand alone.
    pub(super) switches: &'static [&'static [&'static str]],
    /// Options that may have a value, but only behind `=`.
    pub(super) glued: &'static [&'static str],
    /// Whether options of one letter may be written as one word, `-itv VALUE` or `-vVALUE`.
    pub(super) bundles: bool,
}

/// An option as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given<'a> {
    /// Its name, with its dashes.
    pub(super) name: &'a str,
    /// Its value.
    pub(super) value: Option<&'a str>,
    /// The place of the word that holds its value, or of its own where it has none.
    pub(super) at: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan<'a> {
    /// The options, in their order.
    pub(super) options: Vec<Given<'a>>,
    /// The place of the first word that is no option.
    pub(super) word: Option<usize>,
    /// Whether `--` stands in front of it.
    pub(super) dashes: bool,
    /// What was not understood. Nothing behind it was looked at.
    pub(super) odd: Option<String>,
}

impl Scan<'_> {
    /// Tells whether one of these options was given.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|given| names.contains(&given.name))
    }
}

/// Scans `words` from the place `from` on. A word that is `None` is a secret or no text, so it is understood as nothing.
pub(super) fn scan<'a>(words: &[Option<&'a str>], from: usize, table: &Table) -> Scan<'a> {
    let mut scan = Scan::default();
    let mut at = from;
    while let Some(word) = words.get(at) {
        let Some(word) = *word else {
            scan.odd = Some("a secret or bytes that are no text in the place of an option".into());
            break;
        };
        if word == "--" {
            scan.dashes = true;
            let next = at.saturating_add(1);
            scan.word = (next < words.len()).then_some(next);
            break;
        }
        if !word.starts_with('-') || word == "-" {
            scan.word = Some(at);
            break;
        }
        match option(word, table) {
            Read::Whole(all) => {
                let given = |(name, value)| Given { name, value, at };
                scan.options.extend(all.into_iter().map(given));
            }
            Read::TakesNext(before, name) => {
                let alone = |name| Given {
                    name,
                    value: None,
                    at,
                };
                scan.options.extend(before.into_iter().map(alone));
                at = at.saturating_add(1);
                let Some(Some(value)) = words.get(at) else {
                    scan.odd = Some(format!("the option {name} without a value that is text"));
                    break;
                };
                let value = Some(*value);
                scan.options.push(Given { name, value, at });
            }
            Read::Unknown => {
                scan.odd = Some(format!("the option {word}"));
                break;
            }
        }
        at = at.saturating_add(1);
    }
    scan
}

enum Read<'a> {
    /// Options that need no other word.
    Whole(Vec<(&'a str, Option<&'a str>)>),
    /// Switches of a bundle, and an option whose value is the next word.
    TakesNext(Vec<&'a str>, &'a str),
    Unknown,
}

fn option<'a>(word: &'a str, table: &Table) -> Read<'a> {
    let within = |rows: &[&[&str]], name: &str| rows.iter().any(|row| row.contains(&name));
    if within(table.valued, word) {
        return Read::TakesNext(Vec::new(), word);
    }
    if within(table.switches, word) || table.glued.contains(&word) {
        return Read::Whole(vec![(word, None)]);
    }
    if let Some((name, value)) = word.split_once('=')
        && (within(table.valued, name) || table.glued.contains(&name))
    {
        return Read::Whole(vec![(name, Some(value))]);
    }
    if table.bundles && !word.starts_with("--") {
        return bundle(word, table);
    }
    Read::Unknown
}

/// Reads `-itv` and `-vVALUE`: switches, and at the end one option that takes what is left, or the next word.
fn bundle<'a>(word: &'a str, table: &Table) -> Read<'a> {
    let find = |rows: &[&'static [&'static str]], letter: char| {
        let is_it = |name: &&&'static str| {
            let mut letters = name.chars().skip(1);
            letters.next() == Some(letter) && letters.next().is_none()
        };
        rows.iter().flat_map(|row| row.iter()).find(is_it).copied()
    };
    let mut switches = Vec::new();
    for (at, letter) in word.char_indices().skip(1) {
        if let Some(name) = find(table.switches, letter) {
            switches.push(name);
        } else if let Some(name) = find(table.valued, letter) {
            let rest = word.get(at.saturating_add(letter.len_utf8())..);
            let rest = rest.filter(|rest| !rest.is_empty());
            return match rest {
                None => Read::TakesNext(switches, name),
                Some(rest) => {
                    let value = rest.strip_prefix('=').unwrap_or(rest);
                    let mut all: Vec<_> = switches.into_iter().map(|s| (s, None)).collect();
                    all.push((name, Some(value)));
                    Read::Whole(all)
                }
            };
        } else {
            return Read::Unknown;
        }
    }
    Read::Whole(switches.into_iter().map(|s| (s, None)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Table = Table {
        valued: &[&["--with", "-w"]],
        switches: &[&["--yes", "-y"]],
        glued: &["--allow"],
        bundles: false,
    };
    const BUNDLES: Table = Table {
        bundles: true,
        ..PLAIN
    };

    fn scanned<'a>(line: &'a str, table: &Table) -> Scan<'a> {
        let words: Vec<_> = line.split_whitespace().map(Some).collect();
        scan(&words, 0, table)
    }

    #[test]
    fn the_word_is_found_past_every_kind_of_option() {
        for (line, word, dashes) in [
            ("word -y", Some(0), false),
            ("-y --yes word", Some(2), false),
            ("--with a -w b word", Some(4), false),
            ("--with=a --allow=b --allow word", Some(3), false),
            ("--with -- word", Some(2), false),
            ("-y -- -w", Some(2), true),
            ("- word", Some(0), false),
            ("-y", None, false),
            ("-y --", None, true),
        ] {
            let scan = scanned(line, &PLAIN);
            assert_eq!((scan.word, scan.dashes), (word, dashes), "{line}");
            assert_eq!(scan.odd, None, "{line}");
        }
        let scan = scanned("-w a --with=b -y word", &PLAIN);
        let given = |name, value, at| Given { name, value, at };
        let expected = [
            given("-w", Some("a"), 1),
            given("--with", Some("b"), 2),
            given("-y", None, 3),
        ];
        assert_eq!(scan.options, expected);
        assert!(scan.has(&["--yes", "-y"]) && !scan.has(&["--allow"]));
    }

    #[test]
    fn what_is_not_in_the_table_ends_the_scan() {
        for line in [
            "--no word",
            "--yes=1 word",
            "-yw a word",
            "-wa word",
            "--wit a word",
            "--with",
            "-Y word",
            "--- word",
        ] {
            let scan = scanned(line, &PLAIN);
            assert!(scan.odd.is_some(), "{line}: {scan:?}");
            assert_eq!(scan.word, None, "{line}");
        }
        for words in [
            &[Some("--with"), None, Some("word")][..],
            &[None, Some("word")],
        ] {
            let scan = scan(words, 0, &PLAIN);
            assert!(scan.odd.is_some() && scan.word.is_none(), "{words:?}");
        }
    }

    #[test]
    fn bundles_are_read_where_the_launcher_reads_them() {
        for (line, word, value) in [
            ("-yw a word", Some(2), Some("a")),
            ("-ywa word", Some(1), Some("a")),
            ("-w=a word", Some(1), Some("a")),
            ("-yy word", Some(1), None),
        ] {
            let scan = scanned(line, &BUNDLES);
            assert_eq!(scan.word, word, "{line}");
            let given = scan.options.iter().find(|given| given.name == "-w");
            assert_eq!(given.and_then(|given| given.value), value, "{line}");
        }
        for line in ["-yx word", "--yw a word", "-y\u{e9} word"] {
            assert!(scanned(line, &BUNDLES).odd.is_some(), "{line}");
        }
    }
}
