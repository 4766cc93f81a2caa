//! TOML into the tree.

use std::ops::Range;
use std::rc::Rc;

use toml_edit::{Document, InlineTable, Item, Key, Table, Value};

use super::depth;
use super::tree::{Form, Kind, Node, Pair, Problem, Source};
use crate::clients::entry::Literal;

pub(super) fn parse(source: Source<'_>) -> Result<Rc<Node>, Problem> {
    depth::check_toml(source.text)?;
    let document = Document::parse(source.text).map_err(|e| {
        let at = e.span().map_or(0, |span| span.start);
        // The parser's own words may repeat a key.
        if e.message().starts_with("duplicate key") {
            (at, "a key stands there twice")
        } else {
            (at, "it is not written as TOML has it")
        }
    })?;
    table(document.as_table(), 0..source.text.len(), source, 0)
}

/// Reads a table; `own` is where it is if it does not say so itself.
fn table(
    table: &Table,
    own: Range<usize>,
    source: Source<'_>,
    depth: usize,
) -> Result<Rc<Node>, Problem> {
    let span = table.span().unwrap_or(own);
    depth::check_height(depth, span.start)?;
    let mut pairs = Vec::new();
    for (name, item) in table {
        if let Some(key) = table.key(name) {
            pairs.extend(pair(key, item, source, depth)?);
        }
    }
    // In the order of the file: parts of a table may stand between those of others.
    pairs.sort_by_key(|pair| pair.key_span.start);
    let kind = Kind::Map(pairs, Form::Lines);
    Ok(Rc::new(Node::new(source.span(span), kind)))
}

fn pair(key: &Key, item: &Item, source: Source<'_>, depth: usize) -> Result<Option<Pair>, Problem> {
    let at = key.span().unwrap_or_default();
    let below = depth.saturating_add(1);
    let value = match item {
        Item::None => return Ok(None),
        Item::Value(value) => node(value, at.clone(), source, below)?,
        Item::Table(inner) => table(inner, at.clone(), source, below)?,
        Item::ArrayOfTables(all) => {
            let tables = all.iter().map(|one| table(one, at.clone(), source, below));
            let list = tables.collect::<Result<_, _>>()?;
            let span = all.span().unwrap_or_else(|| at.clone());
            Rc::new(Node::new(source.span(span), Kind::List(list)))
        }
    };
    Ok(Some(Pair {
        key: key.get().to_owned(),
        key_span: source.span(at),
        value,
    }))
}

fn node(
    value: &Value,
    own: Range<usize>,
    source: Source<'_>,
    depth: usize,
) -> Result<Rc<Node>, Problem> {
    let span = value.span().unwrap_or(own);
    depth::check_height(depth, span.start)?;
    let below = depth.saturating_add(1);
    let kind = match value {
        Value::String(text) => Kind::Text(Literal::new(text.value().clone())),
        Value::Array(list) => {
            let all = list
                .iter()
                .map(|one| node(one, span.clone(), source, below));
            Kind::List(all.collect::<Result<_, _>>()?)
        }
        Value::InlineTable(inner) => inline(inner, source, below)?,
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            let word = source.text.get(span.clone()).unwrap_or_default();
            Kind::Word(Literal::new(word.to_owned()))
        }
    };
    Ok(Rc::new(Node::new(source.span(span), kind)))
}

fn inline(table: &InlineTable, source: Source<'_>, depth: usize) -> Result<Kind, Problem> {
    let mut pairs = Vec::new();
    for (name, value) in table {
        let at = table.key(name).and_then(Key::span).unwrap_or_default();
        pairs.push(Pair {
            key: name.to_owned(),
            key_span: source.span(at.clone()),
            value: node(value, at, source, depth)?,
        });
    }
    // A table that only a key with dots made has no braces of its own.
    let form = if table.is_dotted() {
        Form::Lines
    } else {
        Form::Braces
    };
    Ok(Kind::Map(pairs, form))
}
