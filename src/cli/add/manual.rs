//! What a person writes into a file that broker does not change.

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::permission::quoted;
use super::given::Given;
use super::target::Target;
use crate::clients::{Entry, Place};

/// Says what to do by hand; nothing was done.
pub(super) fn instead(
    entry: &Entry,
    given: &Given,
    target: &Target,
    label: &str,
    context: &Context,
) -> Failure {
    let broker = context.command();
    let mut steps = Vec::new();
    for name in given.secrets() {
        steps.push(format!("store it if it is not yet: {broker} set {name}"));
    }
    steps.push("write there:".to_owned());
    steps.extend(
        yaml(entry, target)
            .into_iter()
            .map(|line| format!("    {line}")),
    );
    if given.secrets().next().is_some() {
        steps.push(format!(
            "start it once with {}, then allow it: {broker} allow {}",
            target.client.name,
            quoted(label)
        ));
    }
    let message = format!(
        "\"{}\" is YAML, which broker does not change; nothing was done",
        target.path.display()
    );
    Failure::new("client-file-not-edited", message).more(
        std::iter::once("by hand:".to_owned())
            .chain(steps.into_iter().map(|step| format!("  {step}")))
            .collect(),
    )
}

/// The entry in YAML. Texts stand in it as JSON has them, which YAML reads the same.
fn yaml(entry: &Entry, target: &Target) -> Vec<String> {
    let shape = target.file.shape;
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let key = |keys: &'static [&'static [&'static str]]| {
        keys.first()
            .and_then(|keys| keys.last())
            .copied()
            .unwrap_or_default()
    };
    let (command, arguments) = entry.command().unwrap_or_default();
    let arguments: Vec<String> = arguments.into_iter().map(text).collect();
    let under = target.file.servers.first().copied().unwrap_or_default();
    let mut lines: Vec<String> = under
        .iter()
        .enumerate()
        .map(|(depth, key)| format!("{}{key}:", "  ".repeat(depth)))
        .collect();
    let mut pairs = vec![format!("name: {}", text(&entry.server))];
    // Goose wants to be told the kind of an entry, and that it is switched on.
    if shape.name.is_none() {
        pairs.extend(["type: stdio".to_owned(), "enabled: true".to_owned()]);
    }
    pairs.push(format!("{}: {}", key(shape.command), text(command)));
    pairs.push(format!(
        "{}: [{}]",
        key(shape.arguments),
        arguments.join(", ")
    ));
    let mut variables = entry.items.iter().filter_map(|item| match &item.place {
        Place::Variable(name) => Some(format!("  {}: {}", text(name), text(item.text.text()))),
        Place::Command
        | Place::Argument(_)
        | Place::Header(_)
        | Place::Url
        | Place::EnvFile
        | Place::Other(_) => None,
    });
    if let Some(first) = variables.next() {
        pairs.push(format!("{}:", key(shape.variables)));
        pairs.push(first);
        pairs.extend(variables);
    }
    let indent = "  ".repeat(under.len());
    if shape.name.is_some() {
        let pairs = pairs.into_iter().enumerate();
        lines.extend(pairs.map(|(at, pair)| {
            let mark = if at == 0 { "- " } else { "  " };
            format!("{indent}{mark}{pair}")
        }));
    } else {
        lines.push(format!("{indent}{}:", text(&entry.server)));
        lines.extend(pairs.into_iter().map(|pair| format!("{indent}  {pair}")));
    }
    lines
}
