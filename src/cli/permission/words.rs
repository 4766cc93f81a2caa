//! A command and what is wrong with it, in words a person can judge.

use crate::policy::{Argument, Binding, Command, Danger, Difference, Part};
use crate::text::escaped;

/// Says what would be allowed: what is dangerous first, then everything that a grant binds. One line each.
pub(in crate::cli) fn describe(command: &Command, dangers: &[Danger]) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(
        dangers
            .iter()
            .map(|danger| format!("  ! {}", danger_words(danger))),
    );
    let mut line = |word: &str, text: String| lines.push(format!("  {word:<11}{text}"));
    if let Some(server) = &command.server {
        line("server", server.clone());
    }
    line("program", program(command));
    if !command.arguments.is_empty() {
        let words: Vec<String> = command.arguments.iter().map(argument).collect();
        line("arguments", words.join(" "));
    }
    for file in &command.files {
        line("code", format!("{}, as it is now", quoted(&file.path)));
    }
    line(
        "folder",
        match &command.folder {
            Some(folder) => format!("{} only", quoted(folder)),
            None => "any".to_owned(),
        },
    );
    for (variable, secret) in &command.variables {
        line("secret", format!("{variable} = {}", secret.name));
    }
    for (variable, text) in &command.literals {
        line("set", format!("{variable} = {}", quoted(text)));
    }
    for (variable, text) in &command.passed {
        line(
            "passed on",
            match text {
                Some(text) => format!("{variable} = {}", quoted(text)),
                None => format!("{variable}, whatever it is"),
            },
        );
    }
    line("PATH", quoted(&command.path));
    line("HOME", quoted(&command.home));
    lines
}

fn program(command: &Command) -> String {
    let program = &command.program;
    let mut text = quoted(&program.path);
    if program.real != program.path {
        text.push_str(&format!(", which is {}", quoted(&program.real)));
    }
    match program.binding {
        Binding::Path => text.push_str(" (may be upgraded)"),
        Binding::Content => text.push_str(" (as it is now)"),
    }
    text
}

fn argument(argument: &Argument) -> String {
    match argument {
        Argument::Text(text) => quoted(text),
        Argument::Secret(secret) => format!("(the value of {})", secret.name),
    }
}

/// Writes a word as a shell takes it, so that it is seen where one ends.
pub(in crate::cli) fn quoted(text: impl ToString) -> String {
    let shown = text.to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,^~".contains(c);
    if !shown.is_empty() && shown.chars().all(is_plain) {
        shown
    } else {
        format!("'{}'", escaped(&shown.replace('\'', "'\\''")))
    }
}

pub(super) fn danger_words(danger: &Danger) -> String {
    match danger {
        Danger::Shell(name) => format!("{name} is a shell: it runs whatever its arguments say"),
        Danger::CodeInArguments(place) => format!("argument {place} is code"),
        Danger::WritableByOthers(path) => format!("other users can change {path}"),
        Danger::InProject(path) => {
            format!("{path} lies in a project: whoever changes the project changes it")
        }
        Danger::Unpinned(spec) => format!(
            "the version of {spec} is not fixed: whatever is published next gets these secrets"
        ),
        Danger::ForeignSource(spec) => format!("{spec} comes from no package registry"),
        Danger::CurrentFolder(what) => format!("{what} is looked up in the current folder"),
        Danger::InstallScripts => {
            "packages may run their install scripts with these secrets in reach".to_owned()
        }
        Danger::Container(what) => what.clone(),
        Danger::Variable(name) => format!("{name} can inject code or redirect trust"),
        Danger::SecretInArguments => {
            "a secret stands in an argument, where every user of this machine can see it".to_owned()
        }
        Danger::PassedAny(name) => format!("{name} is passed on whatever its value is"),
        Danger::PassedSecret(name) => format!(
            "{name} looks like a secret and is passed on in the clear: store it, and refer to it"
        ),
        Danger::LiteralSecret(name) => format!(
            "{name} looks like a secret and is written out in the clear: store it, and refer to it"
        ),
        Danger::Settings(what) => what.clone(),
        Danger::NotAscii(word) => format!("{word} has letters that may look like others"),
    }
}

/// Says what differs from what was allowed, one line each. What is asked for now is not repeated, and of
/// texts that are set only the names.
pub(in crate::cli) fn differences(found: &[Difference]) -> Vec<String> {
    found.iter().map(difference).collect()
}

fn difference(found: &Difference) -> String {
    match found {
        Difference::Server(Some(was)) => format!("it was allowed as the server \"{was}\""),
        Difference::Server(None) => "it was allowed without a server's label".to_owned(),
        Difference::Name(was) => format!("the program was allowed by the name {}", quoted(was)),
        Difference::Program(was) => format!("the program was allowed as {}", quoted(was)),
        Difference::Link(was) => format!("the program is a link, which led to {}", quoted(was)),
        Difference::Content(was) => format!("the content of {} has changed", quoted(was)),
        Difference::Writable(was) => format!(
            "{} can be written by more than could, or belongs to a project now",
            quoted(was)
        ),
        Difference::ArgumentCount(1) => "there was one argument".to_owned(),
        Difference::ArgumentCount(was) => format!("there were {was} arguments"),
        Difference::Argument(place, Some(was)) => format!("argument {place} was {}", quoted(was)),
        Difference::Argument(place, None) => format!("argument {place} was another secret"),
        Difference::Files => "other files among the arguments are code".to_owned(),
        Difference::Folder(Some(was)) => format!("it was allowed in the folder {}", quoted(was)),
        Difference::Folder(None) => "it matters now in which folder it starts".to_owned(),
        Difference::Path(names) => {
            format!("PATH finds another {} now", names.join(", "))
        }
        Difference::Home(was) => format!("HOME was {}", quoted(was)),
        Difference::Secret(part, name) => variable(*part, name, "holds another secret", "a secret"),
        Difference::Literal(part, name) => variable(*part, name, "is set to another text", "set"),
        Difference::Passed(part, name) => variable(*part, name, "has another value", "passed on"),
        Difference::InstallScripts => "install scripts of packages were not decided so".to_owned(),
    }
}

fn variable(part: Part, name: &str, other: &str, what: &str) -> String {
    match part {
        Part::Other => format!("{name} {other} now"),
        Part::Added if what == "a secret" => format!("{name} had no secret"),
        Part::Missing if what == "a secret" => format!("{name} held a secret"),
        Part::Added => format!("{name} was not {what}"),
        Part::Missing => format!("{name} was {what}"),
    }
}
