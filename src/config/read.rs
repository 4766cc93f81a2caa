//! Walks the syntax tree of `broker.toml` and keeps the place of everything it refuses.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use toml_edit::{Document, Item, TableLike, Value};

use super::{Config, Server};
use crate::secret::{Reference, WhenOverdue};

/// Something that was refused, and where it stands.
#[derive(Debug)]
pub(super) struct Fault {
    span: Option<Range<usize>>,
    pub(super) problem: String,
}

impl Fault {
    fn at(span: Option<Range<usize>>, problem: impl Into<String>) -> Self {
        Self {
            span,
            problem: problem.into(),
        }
    }

    /// Returns line and column, counted from 1, the column in characters.
    pub(super) fn position(&self, text: &str) -> (usize, usize) {
        let start = self.span.as_ref().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or(text);
        let line = before.matches('\n').count().saturating_add(1);
        let last = before.rsplit('\n').next().unwrap_or_default();
        (line, last.chars().count().saturating_add(1))
    }
}

type Read<T> = Result<T, Fault>;

/// Reads a whole document.
pub(super) fn config(text: &str) -> Read<Config> {
    let document: Document<&str> = Document::parse(text).map_err(|e| {
        // The parser's message may quote the text, which may hold a value.
        Fault::at(e.span(), "this is not valid TOML")
    })?;
    let mut config = Config::default();
    for (key, item) in document.as_table().iter() {
        let place = key_span(document.as_table(), key);
        match key {
            "defaults" => defaults(table(item, place)?, &mut config)?,
            "servers" => config.servers = servers(table(item, place)?)?,
            _ => return Err(unknown(place, "defaults, servers")),
        }
    }
    Ok(config)
}

fn defaults(table: &dyn TableLike, config: &mut Config) -> Read<()> {
    for (key, item) in table.iter() {
        let place = key_span(table, key);
        match key {
            "pass" => config.pass = variables(item, place)?,
            "allow-dangerous-env" => config.allow_dangerous_env = variables(item, place)?,
            _ => return Err(unknown(place, "pass, allow-dangerous-env")),
        }
    }
    Ok(())
}

fn servers(table_of: &dyn TableLike) -> Read<BTreeMap<String, Server>> {
    let mut servers = BTreeMap::new();
    for (label, item) in table_of.iter() {
        let place = key_span(table_of, label);
        if !is_label(label) {
            return Err(Fault::at(
                place,
                "a server's label has 1 to 64 letters, digits, '.', '_', '-' or '/', and begins with a letter or digit",
            ));
        }
        let server = server(table(item, place.clone())?, place)?;
        servers.insert(label.to_owned(), server);
    }
    Ok(servers)
}

/// Tells whether a text can be the label of a server.
pub(super) fn is_label(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b))
}

fn server(table_of: &dyn TableLike, place: Option<Range<usize>>) -> Read<Server> {
    let mut server = Server::default();
    for (key, item) in table_of.iter() {
        let at = key_span(table_of, key);
        match key {
            "command" => server.command = command(item, at)?,
            "env" => server.env = environment(table(item, at)?)?,
            "pass" => server.pass = variables(item, at)?,
            "allow-dangerous-env" => server.allow_dangerous_env = variables(item, at)?,
            "allow-install-scripts" => server.allow_install_scripts = boolean(item, at)?,
            "when-overdue" => server.when_overdue = Some(when_overdue(item, at)?),
            "cwd" => server.cwd = Some(folder(item, at)?),
            _ => {
                let known = "command, env, pass, allow-dangerous-env, allow-install-scripts, when-overdue, cwd";
                return Err(unknown(at, known));
            }
        }
    }
    if server.command.is_empty() {
        return Err(Fault::at(
            place,
            "a server needs command = [\"PROGRAM\", \"ARGUMENT\", ...]",
        ));
    }
    Ok(server)
}

fn command(item: &Item, place: Option<Range<usize>>) -> Read<Vec<String>> {
    let words = strings(item, place.clone())?;
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err(Fault::at(
            place,
            "the first word of a command is the program",
        )),
    }
}

fn environment(table_of: &dyn TableLike) -> Read<BTreeMap<String, String>> {
    let mut variables = BTreeMap::new();
    for (name, item) in table_of.iter() {
        let place = key_span(table_of, name);
        if !is_variable(name) {
            return Err(variable_fault(place));
        }
        let value = item.as_value();
        let text = value.and_then(Value::as_str).ok_or_else(|| {
            Fault::at(
                item.span().or(place.clone()),
                "a variable is a text in quotes",
            )
        })?;
        if let Err(error) = Reference::find(text) {
            return Err(Fault::at(item.span().or(place), error.to_string()));
        }
        if text.contains('\0') {
            return Err(Fault::at(
                item.span().or(place),
                "a variable cannot hold a NUL",
            ));
        }
        variables.insert(name.to_owned(), text.to_owned());
    }
    Ok(variables)
}

fn variables(item: &Item, place: Option<Range<usize>>) -> Read<Vec<String>> {
    let names = strings(item, place.clone())?;
    if names.iter().all(|name| is_variable(name)) {
        Ok(names)
    } else {
        Err(variable_fault(place))
    }
}

/// Tells whether a text can be the name of a variable (POSIX.1-2024, XBD 8.1, in either case).
pub(super) fn is_variable(text: &str) -> bool {
    text.len() <= 255
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn when_overdue(item: &Item, place: Option<Range<usize>>) -> Read<WhenOverdue> {
    let read = item.as_str().and_then(|text| text.parse().ok());
    read.ok_or_else(|| Fault::at(item.span().or(place), "this is \"warn\" or \"refuse\""))
}

fn boolean(item: &Item, place: Option<Range<usize>>) -> Read<bool> {
    let found = item.as_bool();
    found.ok_or_else(|| Fault::at(item.span().or(place), "this is true or false"))
}

fn folder(item: &Item, place: Option<Range<usize>>) -> Read<PathBuf> {
    let path = item.as_str().map(PathBuf::from);
    path.filter(|path| path.is_absolute())
        .ok_or_else(|| Fault::at(place, "cwd is an absolute path"))
}

fn strings(item: &Item, place: Option<Range<usize>>) -> Read<Vec<String>> {
    let fault = |span: Option<Range<usize>>| Fault::at(span, "this is a list of texts in quotes");
    let array = item
        .as_array()
        .ok_or_else(|| fault(item.span().or(place.clone())))?;
    array
        .iter()
        .map(|value| match value.as_str() {
            Some(text) if !text.contains('\0') => Ok(text.to_owned()),
            _ => Err(fault(value.span().or(place.clone()))),
        })
        .collect()
}

fn table(item: &Item, place: Option<Range<usize>>) -> Read<&dyn TableLike> {
    item.as_table_like()
        .ok_or_else(|| Fault::at(place, "this is a table"))
}

fn unknown(place: Option<Range<usize>>, known: &str) -> Fault {
    Fault::at(
        place,
        format!("this key is not known; here there can be: {known}"),
    )
}

fn variable_fault(place: Option<Range<usize>>) -> Fault {
    Fault::at(
        place,
        "the name of a variable has letters, digits and '_' and begins with no digit",
    )
}

fn key_span(table: &dyn TableLike, key: &str) -> Option<Range<usize>> {
    table.get_key_value(key).and_then(|(key, _)| key.span())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (usize, usize, String) {
        let fault = config(text).expect_err(text);
        let (line, column) = fault.position(text);
        (line, column, fault.problem)
    }

    #[test]
    fn a_whole_file_is_read() {
        let text = r#"
            [defaults]
            pass = ["HTTPS_PROXY"]
            [servers.github]
            command = ["npx", "-y", "pkg@1"]
            env = { TOKEN = "broker://github-token", MODE = "ro" }
            cwd = "/srv"
            [servers."work/git"]
            command = ["git-server"]
            pass = ["A", "B"]
        "#;
        let read = config(text).expect("valid");
        assert_eq!(read.pass, ["HTTPS_PROXY"]);
        let github = &read.servers["github"];
        assert_eq!(github.command, ["npx", "-y", "pkg@1"]);
        assert_eq!(github.env["TOKEN"], "broker://github-token");
        assert_eq!(github.cwd, Some(PathBuf::from("/srv")));
        assert_eq!(read.servers["work/git"].pass, ["A", "B"]);
    }

    #[test]
    fn what_is_not_understood_is_refused_at_its_place() {
        let place = |text| {
            let (line, column, _) = refused(text);
            (line, column)
        };
        assert_eq!(
            place("[servers.a]\ncommand = [\"x\"]\n  sandbox = \"on\"\n"),
            (3, 3)
        );
        assert_eq!(place("[servers.a]\ncommand = \"x\"\n"), (2, 11));
        assert_eq!(place("[servers.a]\npass = []\n"), (1, 10));
        assert_eq!(place("[servers.a]\ncommand = []\n"), (2, 1));
        assert_eq!(place("[server.a]\n"), (1, 2));
        assert_eq!(place("[defaults]\npass = [\"A\", 1]\n"), (2, 14));
        assert_eq!(
            place("[servers.a]\ncommand=[\"x\"]\nenv = { A = \"é\", 1x = \"b\" }\n"),
            (3, 18)
        );
        assert_eq!(place("[servers.\"a b\"]\ncommand = [\"x\"]\n"), (1, 10));
        assert_eq!(place("a = \n"), (1, 5));
    }

    #[test]
    fn no_text_of_the_file_is_repeated() {
        for text in [
            "[servers.a]\ncommand=[\"x\"]\nenv = { T = \"x broker://canary\" }",
            "[servers.a]\ncommand=[\"x\"]\nenv = { T = 'canary }",
            "canary = 1",
            "[servers.canary]\n",
            "[defaults]\npass = [\"canary-x\"]",
        ] {
            assert!(!refused(text).2.contains("canary"), "{text}");
        }
    }
}
