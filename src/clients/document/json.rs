//! JSON, with or without comments, into the tree.

use std::rc::Rc;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::depth;
use super::tree::{Form, Kind, Node, Pair, Problem, Source};
use crate::clients::entry::Literal;

/// Of what the parser knows beyond JSON, comments and commas at the end are let through.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads it; a text of nothing but space and comments is an empty map.
pub(super) fn parse(source: Source<'_>) -> Result<Rc<Node>, Problem> {
    depth::check_json(source.text)?;
    let parsed = parse_to_ast(source.text, &CollectOptions::default(), &OPTIONS);
    let value = parsed.map_err(|e| problem(&e))?.value;
    Ok(match value {
        Some(value) => node(value, source),
        None => Rc::new(Node::new(
            source.span(0..0),
            Kind::Map(Vec::new(), Form::Braces),
        )),
    })
}

/// The parser's own words, but where they repeat what stands there.
fn problem(error: &ParseError) -> Problem {
    use ParseErrorKind as K;
    let what = match error.kind() {
        K::String(_) => "a string is not written as JSON has it",
        K::ExpectedColonAfterObjectKey => "a colon is missing behind a key",
        K::ExpectedObjectValue => "a value is missing behind a colon",
        K::ExpectedStringObjectProperty => "a key is not in quotes",
        K::ExpectedComma => "a comma is missing",
        K::MultipleRootJsonValues => "something stands behind the end of the document",
        K::SingleQuotedStringsNotAllowed => "a string is in single quotes",
        K::UnterminatedArray => "a list is not closed",
        K::UnterminatedObject => "an object is not closed",
        K::UnterminatedCommentBlock => "a comment is not closed",
        K::BareDecimalPointNumbersNotAllowed
        | K::ExpectedDigit
        | K::ExpectedDigitFollowingNegativeSign
        | K::ExpectedPlusMinusOrDigitInNumberLiteral
        | K::HexadecimalNumbersNotAllowed
        | K::NonFiniteNumbersNotAllowed
        | K::UnaryPlusNumbersNotAllowed => "a number is not written as JSON has it",
        K::NestingDepthExceeded => "it is nested too deeply",
        K::CommentsNotAllowed
        | K::TrailingCommasNotAllowed
        | K::UnexpectedCloseBrace
        | K::UnexpectedCloseBracket
        | K::UnexpectedColon
        | K::UnexpectedComma
        | K::UnexpectedToken
        | K::UnexpectedTokenInObject
        | K::UnexpectedWord => "something stands there that does not belong there",
    };
    (error.range().start, what)
}

/// Goes as deep as was checked before.
fn node(value: Value<'_>, source: Source<'_>) -> Rc<Node> {
    let text = |text: String| Literal::new(text);
    let (range, kind) = match value {
        Value::StringLit(string) => (string.range, Kind::Text(text(string.value.into_owned()))),
        Value::NumberLit(number) => (number.range, Kind::Word(text(number.value.to_owned()))),
        Value::BooleanLit(truth) => (truth.range, Kind::Word(text(truth.value.to_string()))),
        Value::NullKeyword(null) => (null.range, Kind::Word(text("null".to_owned()))),
        Value::Array(list) => {
            let all = list.elements.into_iter().map(|value| node(value, source));
            (list.range, Kind::List(all.collect()))
        }
        Value::Object(object) => {
            let pair = |pair: jsonc_parser::ast::ObjectProp<'_>| {
                let key = match &pair.name {
                    ObjectPropName::String(name) => name.range,
                    ObjectPropName::Word(name) => name.range,
                };
                Pair {
                    key: pair.name.into_string(),
                    key_span: source.span(key.start..key.end),
                    value: node(pair.value, source),
                }
            };
            let all = object.properties.into_iter().map(pair);
            (object.range, Kind::Map(all.collect(), Form::Braces))
        }
    };
    Rc::new(Node::new(source.span(range.start..range.end), kind))
}
