//! What a person does to a file that broker does not change.

use super::super::context::Context;
use super::super::entry;
use super::super::failure::Failure;
use super::super::permission::quoted;
use super::super::scan::{place_words, shown_name};
use super::target::{Planned, Target};
use crate::clients::Place;
use crate::clients::protect::suggest;
use crate::text::escaped;

/// The steps for one entry: what to store, what to write, what to allow.
///
/// # Errors
/// `path-unusable`.
pub(super) fn steps(
    target: &Target,
    one: &Planned,
    context: &Context,
) -> Result<Vec<String>, Failure> {
    let found = &one.found.entry;
    let mut lines = vec![format!(
        "  the entry of {}:",
        escaped(shown_name(&found.server))
    )];
    let mut flags = Vec::new();
    for item in &found.items {
        if let Place::Variable(name) = &item.place {
            let is_moved =
                |known: &crate::clients::protect::Move| known.variable.as_ref() == Some(name);
            if !one.plan.moves.iter().any(is_moved) {
                flags.extend(["--pass".to_owned(), name.clone()]);
            }
        }
    }
    for known in &one.plan.moves {
        let what = known.variable.as_deref().unwrap_or("secret");
        let name = suggest(shown_name(&found.server), shown_name(what), &|_| false);
        lines.push(format!(
            "    store what stands in its {}: broker set {name}",
            escaped(&place_words(&known.place))
        ));
        match &known.variable {
            Some(variable) => lines.push(format!(
                "    and write there instead, as the variable {}: broker://{name}",
                escaped(shown_name(variable))
            )),
            None => lines.push(format!("    and write there instead: broker://{name}")),
        }
    }
    let label = entry::label_of(&found.server);
    let words = entry::words(&label, &flags, target.file.scope.is_shared(), context)?;
    let shown: Vec<String> = words.iter().map(quoted).collect();
    lines.push(format!(
        "    put these words in front of its command: {}",
        shown.join(" ")
    ));
    lines.push("    start it once, then allow it: broker allow".to_owned());
    Ok(lines)
}
