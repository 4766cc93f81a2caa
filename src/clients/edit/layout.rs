//! Pairs that a map gets: laid out as what stands there already, so that the file looks as if its owner had written them.

use super::quote::Style;
use super::verify::Expected;
use super::work::Work;
use super::{EditError, Piece};
use crate::clients::document::{Form, Format, Kind, Node, Pair};

/// How much a line goes in where nothing in the file says it.
const USUAL: &str = "  ";

/// How values are written beside others.
pub(super) struct Layout {
    pub(super) format: Format,
    pub(super) style: Style,
    /// What stands between a key and its value.
    pub(super) colon: String,
    /// What stands between values on one line.
    pub(super) comma: &'static str,
    /// How pairs have a line each, where they do.
    pub(super) lines: Option<Lines>,
}

/// How lines are set.
pub(super) struct Lines {
    pub(super) new_line: &'static str,
    /// What the lines of the pairs begin with.
    pub(super) indent: String,
    /// What is put in front for what is inside.
    pub(super) unit: String,
    /// Whether the last pair has a comma too.
    pub(super) is_comma_last: bool,
}

impl Layout {
    /// Writes a value, `depth` maps below the one that it is put in.
    pub(super) fn value(&self, value: &Expected, depth: usize) -> String {
        match value {
            Expected::Text(text) => self.style.write_or_near(text.text()),
            Expected::List(all) => {
                let all: Vec<_> = all
                    .iter()
                    .map(|text| self.style.write_or_near(text.text()))
                    .collect();
                format!("[{}]", all.join(self.comma))
            }
            Expected::Map(pairs) => {
                let below = depth.saturating_add(1);
                let pairs = pairs
                    .iter()
                    .map(|(key, value)| self.pair(key, value, below));
                self.braces(&pairs.collect::<Vec<_>>(), depth)
            }
        }
    }

    fn pair(&self, key: &str, value: &Expected, depth: usize) -> String {
        let value = self.value(value, depth);
        format!("{}{}{value}", self.key(key), self.colon)
    }

    pub(super) fn key(&self, key: &str) -> String {
        let is_bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let is_bare = !key.is_empty() && key.bytes().all(is_bare);
        match self.format {
            Format::Toml if is_bare => key.to_owned(),
            Format::Toml => Style::TomlBasic.write_or_near(key),
            Format::Json | Format::Jsonc | Format::Yaml => self.style.write_or_near(key),
        }
    }

    fn braces(&self, pairs: &[String], depth: usize) -> String {
        match &self.lines {
            _ if pairs.is_empty() => "{}".to_owned(),
            Some(lines) if self.format != Format::Toml => {
                let Lines {
                    new_line,
                    indent,
                    unit,
                    is_comma_last,
                } = lines;
                let outer = format!("{new_line}{indent}{}", unit.repeat(depth));
                let inner = format!("{outer}{unit}");
                let pairs = pairs.join(&format!(",{inner}"));
                let last = if *is_comma_last { "," } else { "" };
                format!("{{{inner}{pairs}{last}{outer}}}")
            }
            _ if self.format == Format::Toml => format!("{{ {} }}", pairs.join(self.comma)),
            _ => format!("{{{}}}", pairs.join(self.comma)),
        }
    }
}

impl Work<'_> {
    /// Puts pairs into the map at `path`: behind the pair of that number, else behind all.
    pub(super) fn add_pairs(
        &mut self,
        path: &[usize],
        behind: Option<usize>,
        pairs: &[(String, Expected)],
    ) -> Result<(), EditError> {
        let map = self.node(path)?;
        let Kind::Map(all, form) = &map.kind else {
            return Err(EditError::Spelling("something else stands in its place"));
        };
        let number = behind.or_else(|| all.len().checked_sub(1));
        match (
            number.and_then(|number| Some((number, all.get(number)?))),
            form,
        ) {
            (Some((number, pair)), Form::Braces) => self.add_behind(map, number, pair, pairs),
            (Some((_, pair)), Form::Lines) => self.add_lines(pair, pairs),
            (None, Form::Braces) => self.add_first(path, map, pairs),
            (None, Form::Lines) => self.add_below_header(map, pairs),
        }
    }

    /// Between braces in which nothing is.
    fn add_first(
        &mut self,
        path: &[usize],
        map: &Node,
        pairs: &[(String, Expected)],
    ) -> Result<(), EditError> {
        let open = map.span.start.saturating_add(1);
        let close = map.span.end.saturating_sub(1);
        let holder = path.split_last().map(|(last, holder)| {
            let pairs = self.node(holder).map_or(&[][..], |node| node.pairs());
            pairs.get(*last)
        });
        let holder = holder.flatten();
        let format = self.document.format();
        let begin = holder.map_or(map.span.start, |pair| pair.key_span.start);
        let inner = self.gaps.slice(open..close);
        let indent = self.indent(begin).filter(|_| format != Format::Toml);
        let lines = indent.map(|outer| {
            let unit = self.unit();
            Lines {
                new_line: self.gaps.new_line(begin),
                indent: format!("{outer}{unit}"),
                unit,
                is_comma_last: false,
            }
        });
        let layout = self.layout(holder, lines);
        let is_space = self.gaps.is_space(open..close);
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| layout.pair(key, value, 0))
            .collect();
        match &layout.lines {
            Some(lines) => {
                let start = format!("{}{}", lines.new_line, lines.indent);
                let text = format!("{start}{}", pairs.join(&format!(",{start}")));
                if is_space && !inner.contains('\n') {
                    let outer = lines.indent.strip_suffix(&lines.unit).unwrap_or_default();
                    let old = Piece::Text(inner.to_owned());
                    self.cut(
                        open..close,
                        format!("{text}{}{outer}", lines.new_line),
                        vec![old],
                    );
                } else {
                    self.cut(open..open, text, Vec::new());
                }
            }
            None => {
                let text = pairs.join(layout.comma);
                let pad = if format == Format::Toml && inner.is_empty() {
                    (" ", " ")
                } else if inner.starts_with([' ', '\t']) {
                    (" ", "")
                } else {
                    ("", "")
                };
                self.cut(open..open, format!("{}{text}{}", pad.0, pad.1), Vec::new());
            }
        }
        Ok(())
    }

    /// Between braces, behind another pair.
    fn add_behind(
        &mut self,
        map: &Node,
        number: usize,
        pair: &Pair,
        pairs: &[(String, Expected)],
    ) -> Result<(), EditError> {
        let end = pair.value.span.end;
        let comma = self.gaps.comma(end);
        let is_last = map.pairs().len() == number.saturating_add(1);
        let is_inside = self.gaps.line_begin(pair.key_span.start) > map.span.start;
        let indent = self.indent(pair.key_span.start).filter(|_| is_inside);
        let lines = indent.map(|indent| {
            let close = self.indent(map.span.end.saturating_sub(1));
            let unit = close.and_then(|outer| Some(indent.strip_prefix(&outer)?.to_owned()));
            Lines {
                new_line: self.gaps.new_line(pair.key_span.start),
                unit: unit
                    .filter(|unit| !unit.is_empty())
                    .unwrap_or_else(|| self.unit()),
                indent,
                is_comma_last: self.has_comma_last(map),
            }
        });
        let layout = self.layout(Some(pair), lines);
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| layout.pair(key, value, 0))
            .collect();
        let Some(lines) = &layout.lines else {
            let before = self.before(map, number);
            let gap = self.gaps.slice(before.clone());
            let gap = if !self.gaps.is_space(before) || gap.is_empty() && layout.comma != "," {
                " "
            } else {
                gap
            };
            let gap = if gap.contains('\n') { " " } else { gap };
            let text: String = pairs.iter().map(|pair| format!(",{gap}{pair}")).collect();
            self.cut(end..end, text, Vec::new());
            return Ok(());
        };
        let start = format!("{}{}", lines.new_line, lines.indent);
        let text = pairs.join(&format!(",{start}"));
        // What is said beside a pair stays beside it.
        let behind = comma.map_or(end, |at| at.saturating_add(1));
        let line_end = self.gaps.line_end(end);
        let beside = self.gaps.slice(behind.min(line_end)..line_end);
        if beside.trim_start().starts_with("//") {
            match comma {
                None => {
                    self.cut(end..end, ",".to_owned(), Vec::new());
                    self.cut(line_end..line_end, format!("{start}{text}"), Vec::new());
                }
                Some(_) => {
                    let last = if is_last && !lines.is_comma_last {
                        ""
                    } else {
                        ","
                    };
                    let text = format!("{start}{text}{last}");
                    self.cut(line_end..line_end, text, Vec::new());
                }
            }
        } else {
            self.cut(end..end, format!(",{start}{text}"), Vec::new());
        }
        Ok(())
    }

    /// On lines of their own, behind that of another pair.
    fn add_lines(&mut self, pair: &Pair, pairs: &[(String, Expected)]) -> Result<(), EditError> {
        let prefix = self.line_prefix(pair)?.to_owned();
        let layout = self.layout(Some(pair), None);
        let end = pair.value.span.end;
        let at = self.gaps.line_end(end);
        let new_line = self.gaps.new_line(end);
        let line = |(key, value): &(String, Expected)| {
            format!("{new_line}{prefix}{}", layout.pair(key, value, 0))
        };
        self.cut(at..at, pairs.iter().map(line).collect(), Vec::new());
        Ok(())
    }

    /// On lines of their own, below a header of TOML.
    fn add_below_header(
        &mut self,
        map: &Node,
        pairs: &[(String, Expected)],
    ) -> Result<(), EditError> {
        if !self.gaps.slice(map.span.clone()).starts_with('[') {
            return Err(EditError::Spelling("there is no place for it"));
        }
        let indent = self.indent(map.span.start).unwrap_or_default();
        let layout = self.layout(None, None);
        let header_end = map.span.start.saturating_add(
            self.gaps
                .slice(map.span.clone())
                .find('\n')
                .unwrap_or(map.span.len()),
        );
        let at = self.gaps.line_end(header_end.saturating_sub(1));
        let new_line = self.gaps.new_line(map.span.start);
        let line = |(key, value): &(String, Expected)| {
            format!("{new_line}{indent}{}", layout.pair(key, value, 0))
        };
        self.cut(at..at, pairs.iter().map(line).collect(), Vec::new());
        Ok(())
    }

    /// How values are written beside this pair.
    fn layout(&self, beside: Option<&Pair>, lines: Option<Lines>) -> Layout {
        let format = self.document.format();
        let (sign, usual) = if format == Format::Toml {
            ("=", " = ")
        } else {
            (":", ": ")
        };
        let colon = beside.map_or(usual, |pair| {
            self.gaps.slice(pair.key_span.end..pair.value.span.start)
        });
        let is_plain = colon.trim_matches([' ', '\t']) == sign;
        let colon = if is_plain { colon } else { usual };
        let style = beside.map_or(Style::like(format, ""), |pair| match pair.value.kind {
            Kind::Text(_) => self.style(&pair.value),
            Kind::Word(_) | Kind::List(_) | Kind::Map(..) => Style::like(format, ""),
        });
        Layout {
            format,
            style,
            comma: if colon == sign && lines.is_none() {
                ","
            } else {
                ", "
            },
            colon: colon.to_owned(),
            lines,
        }
    }

    /// Returns what the line begins with that `at` is in, if nothing but space is before it.
    fn indent(&self, at: usize) -> Option<String> {
        let begin = self.gaps.line_begin(at);
        let before = self.gaps.slice(begin..at);
        let is_space = before.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
        is_space.then(|| before.to_owned())
    }

    /// Returns how much lines go in, as the first does that goes in at all.
    fn unit(&self) -> String {
        let lines = self.gaps.text.lines();
        let space = |line: &str| {
            let rest = line.trim_start_matches([' ', '\t']);
            let length = line.len().saturating_sub(rest.len());
            let is_line = length > 0 && rest.starts_with(['"', '[', '{']);
            is_line.then(|| line.get(..length).unwrap_or_default().to_owned())
        };
        let unit = lines.map(space).find_map(|space| space);
        let unit = unit.filter(|unit| unit.len() <= 8);
        unit.unwrap_or_else(|| USUAL.to_owned())
    }

    /// Tells whether the last pair of a map, whose pairs have lines of their own, has a comma behind it.
    fn has_comma_last(&self, map: &Node) -> bool {
        let last = map.pairs().last();
        last.is_some_and(|pair| self.gaps.comma(pair.value.span.end).is_some())
    }
}
