//! What a document says about servers.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::Document;
use super::tree::{Kind, Node};
use crate::clients::entry::{Entry, Item, Literal, Place};
use crate::clients::table::{ClientFile, Keys, Shape, Switch};

/// What a document says about one server, and where.
#[derive(Clone, Debug)]
pub struct Found {
    /// Every text of it.
    pub entry: Entry,
    /// Where in the file each of these texts stands, quotes included: as many as the entry has items.
    pub spans: Vec<Range<usize>>,
    /// The keys under which the servers stand.
    pub under: Vec<String>,
    /// Where in the file the whole entry stands; behind a header of TOML, where that is.
    pub span: Range<usize>,
    /// Whether a later one of the same name takes its place: the client does not see it, but whoever reads the
    /// file does.
    pub is_shadowed: bool,
    /// Which values lead to the entry, each by its number in the one before.
    pub(crate) path: Vec<usize>,
    /// Which values lead from the entry to each item.
    pub(crate) paths: Vec<Vec<usize>>,
}

/// A key or a number below an entry.
#[derive(Clone)]
enum Step<'a> {
    Key(&'a str),
    Number(usize),
}

impl Document {
    /// Returns every entry that a client finds in its file, and every text of it.
    #[must_use]
    pub fn entries(&self, file: &ClientFile) -> Vec<Found> {
        let mut all = Vec::new();
        for keys in file.servers {
            let walk = Walk {
                path: Vec::new(),
                under: Vec::new(),
                is_shadowed: false,
            };
            containers(self.root(), keys, walk, &mut |node, walk| {
                servers(node, walk, file.shape, &mut all);
            });
        }
        all
    }
}

#[derive(Clone)]
struct Walk {
    path: Vec<usize>,
    under: Vec<String>,
    is_shadowed: bool,
}

/// Finds the values that stand under `keys`.
fn containers(node: &Rc<Node>, keys: Keys, walk: Walk, found: &mut impl FnMut(&Rc<Node>, Walk)) {
    let Some((key, rest)) = keys.split_first() else {
        found(node, walk);
        return;
    };
    let last = last_of(node);
    for (number, pair) in node.pairs().iter().enumerate() {
        if *key == "*" || *key == pair.key {
            let mut below = walk.clone();
            below.path.push(number);
            below.under.push(pair.key.clone());
            below.is_shadowed |= last.get(pair.key.as_str()) != Some(&number);
            containers(&pair.value, rest, below, found);
        }
    }
}

/// Returns under which number each key of a map stands last.
fn last_of(node: &Node) -> HashMap<&str, usize> {
    let pairs = node.pairs().iter().enumerate();
    pairs
        .map(|(number, pair)| (pair.key.as_str(), number))
        .collect()
}

/// Finds the entries in a map or list of servers.
fn servers(node: &Rc<Node>, walk: Walk, shape: &Shape, all: &mut Vec<Found>) {
    let mut add = |server: String, number: usize, entry: &Rc<Node>, is_shadowed: bool| {
        if !matches!(entry.kind, Kind::Map(..)) {
            return;
        }
        let mut walk = walk.clone();
        walk.path.push(number);
        walk.is_shadowed |= is_shadowed;
        let found = read(server, entry, walk, shape);
        let is_one = |item: &Item| matches!(item.place, Place::Command | Place::Url);
        if !shape.is_guess || found.entry.items.iter().any(is_one) {
            all.push(found);
        }
    };
    match &node.kind {
        Kind::Map(pairs, _) => {
            let last = last_of(node);
            for (number, pair) in pairs.iter().enumerate() {
                let again = last.get(pair.key.as_str()) != Some(&number);
                add(pair.key.clone(), number, &pair.value, again);
            }
        }
        Kind::List(list) => {
            for (number, entry) in list.iter().enumerate() {
                let name = shape.name.and_then(|key| entry.get(key)?.text());
                let name = name.map_or_else(
                    || format!("#{}", number.saturating_add(1)),
                    ToOwned::to_owned,
                );
                add(name, number, entry, false);
            }
        }
        Kind::Text(_) | Kind::Word(_) => {}
    }
}

/// Reads one entry.
fn read(server: String, node: &Rc<Node>, walk: Walk, shape: &Shape) -> Found {
    let mut reader = Reader {
        shape,
        in_command: arguments_in_command(node, shape),
        items: Vec::new(),
    };
    reader.visit(node, &mut Vec::new(), &mut Vec::new());
    reader.items.sort_by_key(|(_, span, _)| span.start);
    let mut found = Found {
        entry: Entry {
            server,
            is_disabled: is_disabled(node, shape.switch),
            items: Vec::new(),
        },
        spans: Vec::new(),
        under: walk.under,
        span: node.span.clone(),
        is_shadowed: walk.is_shadowed,
        path: walk.path,
        paths: Vec::new(),
    };
    for (item, span, path) in reader.items {
        found.entry.items.push(item);
        found.spans.push(span);
        found.paths.push(path);
    }
    found
}

fn is_disabled(node: &Node, switch: Switch) -> bool {
    let is = |key: &str, word: &str| match node.get(key).map(|value| &value.kind) {
        Some(Kind::Word(found)) => found.text().eq_ignore_ascii_case(word),
        _ => false,
    };
    match switch {
        Switch::None => false,
        Switch::Disabled(key) => is(key, "true"),
        Switch::Enabled(key) => is(key, "false"),
        Switch::Either => is("disabled", "true") || is("enabled", "false"),
    }
}

/// Returns how many arguments stand in the same list as the program.
fn arguments_in_command(node: &Rc<Node>, shape: &Shape) -> usize {
    let list = |keys: &&Keys| match below(node, keys).map(|node| &node.kind) {
        Some(Kind::List(all)) => Some(all.len()),
        _ => None,
    };
    let longest = shape.command.iter().filter_map(|keys| list(&keys)).max();
    longest.unwrap_or(0).saturating_sub(1)
}

fn below(node: &Rc<Node>, keys: Keys) -> Option<&Rc<Node>> {
    keys.iter().try_fold(node, |node, key| node.get(key))
}

struct Reader<'a> {
    shape: &'a Shape,
    in_command: usize,
    items: Vec<(Item, Range<usize>, Vec<usize>)>,
}

impl Reader<'_> {
    fn visit<'n>(&mut self, node: &'n Rc<Node>, steps: &mut Vec<Step<'n>>, path: &mut Vec<usize>) {
        match &node.kind {
            Kind::Text(text) => self.add(text, self.place(steps), node, path),
            Kind::Word(word) => match self.place(steps) {
                // What is switched on, how long to wait: no texts.
                Place::Other(_) => {}
                place @ (Place::Command
                | Place::Argument(_)
                | Place::Variable(_)
                | Place::Header(_)
                | Place::Url
                | Place::EnvFile) => {
                    // Nothing is nothing wherever it stands.
                    if !matches!(word.text(), "null" | "~" | "") {
                        self.add(word, place, node, path);
                    }
                }
            },
            Kind::List(all) => {
                for (number, node) in all.iter().enumerate() {
                    self.go(Step::Number(number), number, node, steps, path);
                }
            }
            Kind::Map(pairs, _) => {
                for (number, pair) in pairs.iter().enumerate() {
                    self.go(Step::Key(&pair.key), number, &pair.value, steps, path);
                }
            }
        }
    }

    fn go<'n>(
        &mut self,
        step: Step<'n>,
        number: usize,
        node: &'n Rc<Node>,
        steps: &mut Vec<Step<'n>>,
        path: &mut Vec<usize>,
    ) {
        steps.push(step);
        path.push(number);
        self.visit(node, steps, path);
        path.pop();
        steps.pop();
    }

    fn add(&mut self, text: &Literal, place: Place, node: &Node, path: &[usize]) {
        let text = text.clone();
        self.items
            .push((Item { place, text }, node.span.clone(), path.to_vec()));
    }

    /// Tells which part of the entry a text is.
    fn place(&self, steps: &[Step<'_>]) -> Place {
        let shape = self.shape;
        if let Some(rest) = behind(shape.command, steps) {
            match rest {
                [] | [Step::Number(0)] => return Place::Command,
                [Step::Number(number)] => return Place::Argument(number.saturating_sub(1)),
                _ => {}
            }
        }
        if let Some([Step::Number(number)]) = behind(shape.arguments, steps) {
            return Place::Argument(number.saturating_add(self.in_command));
        }
        if let Some([Step::Key(name)]) = behind(shape.variables, steps) {
            return Place::Variable((*name).to_owned());
        }
        if let Some([Step::Key(name)]) = behind(shape.headers, steps) {
            return Place::Header((*name).to_owned());
        }
        if let Some([]) = behind(shape.url, steps) {
            return Place::Url;
        }
        if let Some([] | [Step::Number(_)]) = behind(shape.env_file, steps) {
            return Place::EnvFile;
        }
        let word = |step: &Step<'_>| match step {
            Step::Key(key) => (*key).to_owned(),
            Step::Number(number) => number.to_string(),
        };
        Place::Other(steps.iter().map(word).collect())
    }
}

/// Returns the steps behind the longest of `all` that they begin with.
fn behind<'s, 'n>(all: &[Keys], steps: &'s [Step<'n>]) -> Option<&'s [Step<'n>]> {
    let fits = |keys: &&Keys| {
        let begin = steps.get(..keys.len());
        begin.is_some_and(|begin| {
            begin
                .iter()
                .zip(keys.iter())
                .all(|(step, key)| matches!(step, Step::Key(found) if found == key))
        })
    };
    let longest = all.iter().filter(fits).map(|keys| keys.len()).max()?;
    steps.get(longest..)
}
