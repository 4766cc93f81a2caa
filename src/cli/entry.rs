//! The words by which a client starts a server through broker, and how they are understood when it does.
//!
//! The user's own files are read by clients that were started from anywhere, so they name broker, the home and the program
//! by absolute paths. A project's files are shared with others, so they name nothing of this machine.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::args::{self, Command, Parsed};
use super::context::Context;
use super::failure::Failure;
use super::start::StartArgs;
use crate::config::is_label;
use crate::launch::{Caller, ProgramError, find_program, safe_search_path};
use crate::paths::{default_search_path, user_home};

/// The longest label, in letters.
const LABEL_LETTERS: usize = 64;

/// What a client hands to a server of its own environment (`HandsDown::Few`): the six of the SDKs.
const HANDED_DOWN: [&str; 6] = ["HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"];

/// A server that is to be started through broker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrapped<'a> {
    /// Its label.
    pub(super) label: &'a str,
    /// Plain variables of the entry that are passed on.
    pub(super) pass: &'a [String],
    /// Those of them whose value the client puts in.
    pub(super) pass_any: &'a [String],
    /// Those that can inject code, and are let through.
    pub(super) dangerous: &'a [String],
    /// The program as the entry names it.
    pub(super) program: &'a str,
    /// Its arguments.
    pub(super) arguments: &'a [String],
}

/// Puts together what stands in the entry: broker first, the server's own command last. In a user's file `program`
/// becomes the absolute path of what `PATH` has by that name, looked up from `folder`.
///
/// # Errors
/// `program-not-found`, `program-not-executable`; `path-not-text` for a path that a file of a client cannot hold.
pub(super) fn words_for(
    server: &Wrapped<'_>,
    is_shared: bool,
    folder: &Path,
    context: &Context,
) -> Result<Vec<String>, Failure> {
    let mut words = begin(is_shared, context)?;
    words.extend(["exec".to_owned(), server.label.to_owned()]);
    let lists = [
        ("--pass", server.pass),
        ("--pass-any", server.pass_any),
        ("--allow-dangerous-env", server.dangerous),
    ];
    for (flag, names) in lists {
        for name in names {
            words.extend([flag.to_owned(), name.clone()]);
        }
    }
    words.push("--".to_owned());
    words.push(if is_shared {
        server.program.to_owned()
    } else {
        text_of(found(server.program, folder)?)?
    });
    words.extend(server.arguments.iter().cloned());
    Ok(words)
}

/// Returns broker itself and the flag for the home, where a client needs it.
fn begin(is_shared: bool, context: &Context) -> Result<Vec<String>, Failure> {
    if is_shared {
        return Ok(vec!["broker".to_owned()]);
    }
    let mut words = vec![text_of(stable_path()?)?];
    if let Some(folder) = context.chosen_folder()
        && !context.is_default_home()
    {
        words.extend(["--home".to_owned(), text_of(folder)?]);
    }
    Ok(words)
}

/// Returns the path of this broker that stays when it is upgraded: the name in `PATH` that leads to the program that runs,
/// rather than the folder of one version that it leads to.
fn stable_path() -> Result<PathBuf, Failure> {
    let running = std::env::current_exe().and_then(|path| path.canonicalize());
    let running = running.map_err(|e| {
        let message = format!("the path of broker itself could not be found: {e}");
        Failure::new("system-unsupported", message)
    })?;
    let path = std::env::var_os("PATH").unwrap_or_else(default_search_path);
    let (search, _) = safe_search_path(&path, None);
    let name = running.file_name().unwrap_or(OsStr::new("broker"));
    let named = std::env::split_paths(&search).map(|entry| entry.join(name));
    let is_running = |path: &PathBuf| path.canonicalize().is_ok_and(|real| real == running);
    Ok(named.into_iter().find(is_running).unwrap_or(running))
}

/// Finds the program of a server as this process would.
fn found(program: &str, folder: &Path) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_else(default_search_path);
    let (search, _) = safe_search_path(&path, None);
    find_program(OsStr::new(program), &search, folder).map_err(|error| {
        let message = error.to_string();
        match error {
            ProgramError::NotFound => Failure::new("program-not-found", message)
                .hint("install it first, or name it by its whole path"),
            ProgramError::NotExecutable(_) => Failure::new("program-not-executable", message),
        }
    })
}

fn text_of(path: PathBuf) -> Result<String, Failure> {
    path.into_os_string().into_string().map_err(|path| {
        let message = format!(
            "\"{}\" is no text, so it cannot stand in a client's file",
            path.display()
        );
        Failure::new("path-not-text", message)
    })
}

/// Returns the label of a server that a client calls so: its name, or what is left of it where that can be none.
pub(super) fn label_of(server: &str) -> String {
    if is_label(server) {
        return server.to_owned();
    }
    let letter = |c: char| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') => c,
        _ => '-',
    };
    let label: String = server.chars().map(letter).collect();
    let label = label.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let label: String = label.chars().take(LABEL_LETTERS).collect();
    let label = label.trim_end_matches(['-', '.']);
    if is_label(label) {
        label.to_owned()
    } else {
        "server".to_owned()
    }
}

/// Returns the surroundings in which a client starts the server of an entry with these variables: the poor ones that all
/// clients give at least. `project` is the folder of the project whose file the entry stands in.
pub(super) fn client_caller<'v>(
    variables: impl IntoIterator<Item = (&'v str, &'v str)>,
    project: Option<&Path>,
) -> Caller {
    let home = user_home();
    let mut all: Vec<(OsString, OsString)> = HANDED_DOWN
        .iter()
        .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
        .collect();
    for (name, text) in variables {
        all.retain(|(other, _)| other != name);
        all.push((name.into(), text.into()));
    }
    let folder = project.or(home.as_deref()).unwrap_or(Path::new("/"));
    Caller {
        variables: all,
        folder: folder.to_path_buf(),
        home,
    }
}

/// Understands the words of an entry as the `broker exec` that they start; `None` if they start something else.
pub(super) fn understood(words: &[String]) -> Option<StartArgs> {
    let (program, _) = words.split_first()?;
    let name = Path::new(program).file_stem()?;
    if name != "broker" {
        return None;
    }
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    if let Ok(Parsed::Run(cli)) = args::parse(&words)
        && let Command::Exec(args) = cli.command
    {
        return Some(args.start);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_name_is_its_label_or_becomes_one() {
        for (name, label) in [
            ("github", "github"),
            ("work/github", "work/github"),
            ("My Server", "My-Server"),
            ("@scope/name", "scope-name"),
            ("grün", "gr-n"),
            ("--", "server"),
            ("漢字", "server"),
            ("", "server"),
            ("a\u{1b}[2J", "a--2J"),
        ] {
            assert_eq!(label_of(name), label);
            assert!(is_label(&label_of(name)));
        }
        assert_eq!(label_of(&"a ".repeat(64)).len(), 63);
    }

    #[test]
    fn a_client_hands_down_six_variables_and_those_of_the_entry() {
        let caller = client_caller([("PATH", "/entry"), ("TOKEN", "broker://a")], None);
        let names: Vec<_> = caller
            .variables
            .iter()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect();
        let is_known = |name: &String| HANDED_DOWN.contains(&name.as_str()) || name == "TOKEN";
        assert!(names.iter().all(is_known), "{names:?}");
        let of = |name: &str| {
            let mut found = caller.variables.iter().filter(|(other, _)| other == name);
            (found.next().map(|(_, text)| text.clone()), found.count())
        };
        assert_eq!(of("PATH"), (Some("/entry".into()), 0));
        assert_eq!(of("TOKEN"), (Some("broker://a".into()), 0));
        let shared = client_caller([], Some(Path::new("/project")));
        assert_eq!(shared.folder, Path::new("/project"));
    }

    #[test]
    fn only_words_that_start_broker_exec_are_understood_as_that() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let label = |line: &str| understood(&words(line)).map(|start| start.server);
        let named = Some(Some("a".to_owned()));
        assert_eq!(label("broker exec a -- npx -y x"), named);
        assert_eq!(label("/opt/broker --home /h exec a --pass K -- x"), named);
        for other in [
            "npx -y x",
            "broker list",
            "broker",
            "broker exec --none -- x",
            "broker2 exec a -- x",
        ] {
            assert_eq!(label(other), None, "{other}");
        }
    }
}
