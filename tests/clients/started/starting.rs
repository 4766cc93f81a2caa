//! Starts a server as its client does, and says what it was started with.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::expanding::{Variables, expanded};
use super::reading::Entry;
use super::ways::{HandsDown, Way};

/// What a program saw when it was started.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub program: String,
    pub arguments: Vec<String>,
    pub variables: Variables,
    pub folder: String,
}

/// What a program of the tests does: it writes down what it was started with, each text behind the other with a NUL.
pub const PROGRAM: &str = "#!/bin/sh
printf '%s\\0' \"$0\" \"$@\"
printf '=\\0'
/bin/readlink -n /proc/$$/cwd
printf '\\0'
/bin/cat /proc/$$/environ
";

/// Builds the command that the client would start; `home` is the folder of the user.
pub fn command(way: &Way, entry: &Entry, own: &Variables, home: &Path) -> Command {
    let entry = expanded(way, entry, own);
    let (program, arguments) = entry.line.split_first().expect("a program");
    let folder = match &entry.folder {
        Some(folder) => home.join(folder),
        None => home.join(way.folder),
    };
    let mut command = Command::new(look_up(program, &own["PATH"], &folder));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment(way, &entry, own));
    command
}

/// Starts one of the tests' programs and returns what it saw.
pub fn start(way: &Way, entry: &Entry, own: &Variables, home: &Path) -> Seen {
    let output = command(way, entry, own, home)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let who = format!("{} in {}", entry.name, way.vector);
    assert!(
        output.status.success(),
        "{who}: {}: {stderr}",
        output.status
    );
    let all = String::from_utf8(output.stdout).expect("text");
    let mut all = all.split_terminator('\0').map(str::to_owned);
    let program = all
        .next()
        .unwrap_or_else(|| panic!("{who} said nothing: {stderr}"));
    let arguments = all.by_ref().take_while(|word| word != "=").collect();
    let folder = all.next().expect("a folder");
    let pair = |entry: String| {
        let (name, value) = entry.split_once('=').expect("a variable");
        (name.to_owned(), value.to_owned())
    };
    Seen {
        program,
        arguments,
        variables: all.map(pair).collect(),
        folder,
    }
}

/// Finds a program as execvp(3) does.
fn look_up(program: &str, search: &str, folder: &Path) -> PathBuf {
    if program.contains('/') {
        return folder.join(program);
    }
    let is_one = |file: &PathBuf| {
        std::fs::metadata(file).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    let mut files = search
        .split(':')
        .map(|folder| Path::new(folder).join(program));
    let found = files.find(is_one);
    found.unwrap_or_else(|| panic!("{program}: not found in {search}"))
}

/// What the client's server is started with.
fn environment(way: &Way, entry: &Entry, own: &Variables) -> Variables {
    const SIX: [&str; 6] = ["HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"];
    const CODEX: [&str; 4] = ["LANG", "LC_ALL", "TMPDIR", "TZ"];
    const SECRET: [&str; 8] = [
        "TOKEN", "SECRET", "PASSWORD", "KEY", "AUTH", "CRED", "PRIVATE", "CERT",
    ];
    let of = |is_one: &dyn Fn(&str) -> bool| -> Variables {
        let all = own.iter().filter(|(name, _)| is_one(name));
        all.map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let mut base = match way.hands_down {
        HandsDown::Six => of(&|name| SIX.contains(&name)),
        HandsDown::Codex => of(&|name| SIX.contains(&name) || CODEX.contains(&name)),
        HandsDown::All | HandsDown::AllFirst => own.clone(),
        HandsDown::AllButSecrets => of(&|name| !SECRET.iter().any(|word| name.contains(word))),
    };
    base.extend(of(&|name| {
        entry.by_name.iter().any(|wanted| wanted == name)
    }));
    base.extend(env_file(entry));
    base.extend(entry.variables.clone());
    if way.hands_down == HandsDown::AllFirst {
        base.extend(own.clone());
    }
    base
}

/// What the file of variables that an entry names holds.
fn env_file(entry: &Entry) -> Variables {
    let text = entry.env_file.as_ref().map(std::fs::read_to_string);
    let text = text
        .map(|text| text.expect("the file is there"))
        .unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// What the server itself was given, whoever stands in between: variables that reach it, and the arguments without
/// those that say the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub variables: BTreeMap<String, String>,
    pub arguments: Vec<String>,
}

/// Servers that take a variable for a flag: package, flag, variable, as their own documentation has it.
const FLAGS: [(&str, &str, &str); 5] = [
    ("@stripe/mcp", "--api-key", "STRIPE_SECRET_KEY"),
    ("figma-developer-mcp", "--figma-api-key", "FIGMA_API_KEY"),
    (
        "@supabase/mcp-server-supabase",
        "--access-token",
        "SUPABASE_ACCESS_TOKEN",
    ),
    ("@upstash/context7-mcp", "--api-key", "CONTEXT7_API_KEY"),
    (
        "mongodb-mcp-server",
        "--connectionString",
        "MDB_MCP_CONNECTION_STRING",
    ),
];

/// Works out what the server behind a launcher has.
pub fn given(seen: &Seen) -> Given {
    let mut given = Given {
        variables: seen.variables.clone(),
        arguments: Vec::new(),
    };
    let is_docker = seen.program.ends_with("/docker");
    let names = |package: &str| {
        let is_it = |word: &String| {
            word.split_once(package).is_some_and(|(before, after)| {
                before.is_empty() && (after.is_empty() || after.starts_with('@'))
            })
        };
        seen.arguments.iter().any(is_it)
    };
    let flags: Vec<_> = FLAGS
        .iter()
        .filter(|(package, _, _)| names(package))
        .collect();
    let mut words = seen.arguments.iter();
    while let Some(word) = words.next() {
        if is_docker && matches!(word.as_str(), "-e" | "--env") {
            let what = words.next().expect("a variable");
            let name = match what.split_once('=') {
                Some((name, value)) => {
                    given.variables.insert(name.to_owned(), value.to_owned());
                    name
                }
                // It takes the value from its own environment.
                None => {
                    assert!(
                        seen.variables.contains_key(what),
                        "{what} does not reach the container"
                    );
                    what
                }
            };
            given.arguments.extend([word.clone(), name.to_owned()]);
            continue;
        }
        let (flag, value) = word.split_once('=').unwrap_or((word, ""));
        match flags.iter().find(|(_, known, _)| *known == flag) {
            Some((_, _, variable)) if word.contains('=') => {
                given
                    .variables
                    .insert((*variable).to_owned(), value.to_owned());
            }
            Some((_, _, variable)) => {
                let value = words.next().expect("a value");
                given
                    .variables
                    .insert((*variable).to_owned(), value.clone());
            }
            None => given.arguments.push(word.clone()),
        }
    }
    given
}
