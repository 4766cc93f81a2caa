//! A whole new entry, in the client's own spelling.
//!
//! Puts one in and replaces none. Nothing is kept to undo it: what was not there before is taken out by hand.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::layout::{Layout, Lines};
use super::quote::Style;
use super::verify::Expected;
use super::work::Work;
use super::{EditError, Edited, Piece};
use crate::clients::document::{BYTE_ORDER_MARK, Document, Form, Format, Kind};
use crate::clients::entry::Literal;
use crate::clients::table::{ClientFile, Keys, Shape};

/// A server that is to be started.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The program.
    pub command: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its variables.
    pub variables: Vec<(String, Literal)>,
}

/// Puts a new entry into a document, which is empty where the file is not there yet. [`Edited::undo`] is empty.
///
/// # Errors
/// [`EditError::Present`] if there is one of that name; see [`EditError`].
pub fn insert_entry(
    document: &Document,
    file: &ClientFile,
    server: &str,
    entry: &NewEntry,
) -> Result<Edited, EditError> {
    if !document.format().is_edited() {
        return Err(EditError::Format);
    }
    let keys = file.servers.first().ok_or(EditError::Absent)?;
    let value = spelled(file.shape, entry)?;
    let work = Work::new(document);
    // As far down as there is something already.
    let (mut path, mut rest) = (Vec::new(), *keys);
    while let Some((key, below)) = rest.split_first() {
        let there = work.node(&path)?.pairs().iter().enumerate();
        let mut there = there.filter(|(_, pair)| pair.key == *key);
        match (there.next(), there.next()) {
            (None, _) => break,
            (Some(_), Some(_)) => return Err(EditError::Repeated),
            (Some((number, _)), None) => path.push(number),
        }
        rest = below;
    }
    let (map, form) = match &work.node(&path)?.kind {
        Kind::Map(pairs, form) => (pairs, *form),
        Kind::List(_) => return Err(EditError::Spelling("the servers stand in a list")),
        Kind::Text(_) | Kind::Word(_) => {
            return Err(EditError::Spelling("something else stands in its place"));
        }
    };
    if rest.is_empty() && map.iter().any(|pair| pair.key == server) {
        return Err(EditError::Present);
    }
    let (key, value) = nested(rest, server, value);
    if document.format() == Format::Toml && form == Form::Lines {
        let header = below_header(Work::new(document), keys, &path, server, (&key, &value));
        // Tables that are made by keys with dots get no header.
        return header.or_else(|_| add(work, path, key, value));
    }
    let is_nothing = document.root().span.is_empty() && path.is_empty();
    if is_nothing {
        whole(work, key, value)
    } else {
        add(work, path, key, value)
    }
}

/// Returns what an entry says in the client's spelling.
fn spelled(shape: &Shape, entry: &NewEntry) -> Result<Expected, EditError> {
    let text = |text: &str| Expected::Text(Literal::new(text.to_owned()));
    let list = |words: &mut dyn Iterator<Item = &String>| {
        Expected::List(words.cloned().map(Literal::new).collect())
    };
    let key = |keys: &[Keys]| match keys.first() {
        Some([key]) => Some((*key).to_owned()),
        _ => None,
    };
    let command = key(shape.command).ok_or(EditError::Command("the client starts no programs"))?;
    let mut pairs: Vec<_> = shape
        .fixed
        .iter()
        .map(|(key, word)| ((*key).to_owned(), text(word)))
        .collect();
    match key(shape.arguments) {
        Some(arguments) => {
            pairs.push((command, text(&entry.command)));
            pairs.push((arguments, list(&mut entry.arguments.iter())));
        }
        None => {
            let mut words = std::iter::once(&entry.command).chain(&entry.arguments);
            pairs.push((command, list(&mut words)));
        }
    }
    if !entry.variables.is_empty() {
        let block = key(shape.variables);
        let block = block.ok_or(EditError::Command("the client has no variables"))?;
        let variables = entry
            .variables
            .iter()
            .map(|(name, text)| (name.clone(), Expected::Text(text.clone())));
        pairs.push((block, Expected::Map(variables.collect())));
    }
    Ok(Expected::Map(pairs))
}

/// Returns the pair that is put in where only `rest` of the keys is not there yet.
fn nested(rest: &[&str], server: &str, value: Expected) -> (String, Expected) {
    let mut pair = (server.to_owned(), value);
    for key in rest.iter().rev() {
        pair = ((*key).to_owned(), Expected::Map(vec![pair]));
    }
    pair
}

fn add(
    mut work: Work<'_>,
    path: Vec<usize>,
    key: String,
    value: Expected,
) -> Result<Edited, EditError> {
    work.add_pairs(&path, None, &[(key.clone(), value.clone())])?;
    work.append(path, key, value)?;
    finished(work)
}

/// A table with a header of its own, at the end of the document.
fn below_header(
    mut work: Work<'_>,
    keys: Keys,
    path: &[usize],
    server: &str,
    (key, value): (&str, &Expected),
) -> Result<Edited, EditError> {
    let text = work.document.text();
    let new_line = work.gaps.new_line(text.len());
    let layout = plain(Format::Toml, None);
    let names = keys.iter().copied().chain([server]);
    let header = names.map(|name| layout.key(name)).collect::<Vec<_>>();
    let header = header.join(".");
    let mut lines = vec![format!("[{header}]")];
    let line = |key: &str, value: &Expected| {
        format!(
            "{}{}{}",
            layout.key(key),
            layout.colon,
            layout.value(value, 0)
        )
    };
    let own = nested_value(value, path.len(), keys.len()).unwrap_or(&[]);
    for (key, value) in own {
        if let Expected::Map(pairs) = value {
            lines.push(String::new());
            lines.push(format!("[{header}.{}]", layout.key(key)));
            lines.extend(pairs.iter().map(|(key, value)| line(key, value)));
        } else {
            lines.push(line(key, value));
        }
    }
    let is_empty = text.trim_start_matches(BYTE_ORDER_MARK).is_empty();
    let before = match text {
        _ if is_empty => String::new(),
        text if text.ends_with('\n') => new_line.to_owned(),
        _ => new_line.repeat(2),
    };
    let end = text.len();
    let mut new = before;
    for line in lines {
        new.push_str(&line);
        new.push_str(new_line);
    }
    work.cut(end..end, new, Vec::new());
    work.append(path.to_vec(), key.to_owned(), value.clone())?;
    finished(work)
}

/// Returns the pairs of the entry itself.
fn nested_value(value: &Expected, there: usize, keys: usize) -> Option<&[(String, Expected)]> {
    let mut value = value;
    for _ in there..keys {
        let Expected::Map(pairs) = value else {
            return None;
        };
        value = &pairs.first()?.1;
    }
    match value {
        Expected::Map(pairs) => Some(pairs),
        Expected::List(_) | Expected::Text(_) => None,
    }
}

/// A whole document of JSON, where nothing stands but space and comments.
fn whole(mut work: Work<'_>, key: String, value: Expected) -> Result<Edited, EditError> {
    let text = work.document.text();
    let new_line = work.gaps.new_line(text.len());
    let lines = Lines {
        new_line,
        indent: String::new(),
        unit: "  ".to_owned(),
        is_comma_last: false,
    };
    let layout = plain(work.document.format(), Some(lines));
    let root = Expected::Map(vec![(key.clone(), value.clone())]);
    let new = format!("{}{new_line}", layout.value(&root, 0));
    let begin = text
        .len()
        .saturating_sub(text.trim_start_matches(BYTE_ORDER_MARK).len());
    let end = text.len();
    if work.gaps.is_space(begin..end) {
        let old = Piece::Text(work.gaps.slice(begin..end).to_owned());
        work.cut(begin..end, new, vec![old]);
    } else {
        let before = if text.ends_with('\n') { "" } else { new_line };
        work.cut(end..end, format!("{before}{new}"), Vec::new());
    }
    work.append(Vec::new(), key, value)?;
    finished(work)
}

/// How something is written where nothing stands beside it.
fn plain(format: Format, lines: Option<Lines>) -> Layout {
    Layout {
        format,
        style: Style::like(format, ""),
        colon: if format == Format::Toml { " = " } else { ": " }.to_owned(),
        comma: ", ",
        lines,
    }
}

fn finished(work: Work<'_>) -> Result<Edited, EditError> {
    let (text, _): (Zeroizing<String>, BTreeMap<usize, _>) = work.finish()?;
    Ok(Edited {
        text,
        undo: Vec::new(),
    })
}
