//! `broker completions`: shell completion, with the names of secrets and servers found at run time.

use std::ffi::OsString;
use std::path::PathBuf;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use super::context::Context;
use super::failure::Failure;
use super::{Done, args};
use crate::catalog::Home;
use crate::config::Config;
use crate::paths::HomePaths;

/// The variable by which the shell's script asks for candidates. Not the library's default: a `COMPLETE` that
/// somebody happens to have set must not change what broker does.
const VARIABLE: &str = "BROKER_COMPLETE";

/// Print the script that teaches a shell to complete broker's commands
///
/// Names of secrets and servers are completed as they are at that moment. No store is asked for them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  source <(broker completions bash)             in ~/.bashrc
  source <(broker completions zsh)              in ~/.zshrc
  broker completions fish | source              in ~/.config/fish/config.fish")]
pub(super) struct Args {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    shell: String,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let shells = Shells::builtins();
    let shell = shells
        .completer(&args.shell)
        .ok_or_else(|| Failure::usage("there are no completions for that shell"))?;
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "broker", "broker", "broker", &mut script)
        .map_err(|e| Failure::new("output-failed", format!("could not make the script: {e}")))?;
    context.output.answer(&String::from_utf8_lossy(&script))?;
    Ok(Done::Ok)
}

/// Answers a shell's script, if this run is one: the variable is set and the words begin with `--`, as no
/// command does.
pub(super) fn answer(words: &[OsString]) -> bool {
    if words.get(1).is_none_or(|word| word != "--") {
        return false;
    }
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(args::grammar)
        .var(VARIABLE)
        .try_complete(words.iter().cloned(), here.as_deref())
        .unwrap_or(true)
}

/// Finds the home of the line that is being completed: the one of its `--home`, else as every command does.
fn paths() -> Option<HomePaths> {
    let words: Vec<OsString> = std::env::args_os().skip(2).collect();
    let joined = words.iter().find_map(|word| {
        let folder = word.to_str()?.strip_prefix("--home=")?;
        Some(PathBuf::from(folder))
    });
    // Bash takes the line apart at `=` as well.
    let apart = words
        .iter()
        .skip_while(|word| *word != "--home")
        .skip(1)
        .find(|word| *word != "=")
        .map(PathBuf::from);
    HomePaths::locate(joined.or(apart).as_deref()).ok()
}

/// Completes the names of secrets.
pub(super) fn names() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let names = || -> Option<Vec<CompletionCandidate>> {
            let home = Home::open(paths()?).ok()??;
            let catalog = home.catalog().ok()?;
            let names = catalog
                .secrets()
                .iter()
                .map(|record| record.name.as_str().to_owned());
            Some(names.map(CompletionCandidate::new).collect())
        };
        names().unwrap_or_default()
    })
}

/// Completes the labels of servers.
pub(super) fn servers() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let labels = || -> Option<Vec<CompletionCandidate>> {
            let config = Config::load(&paths()?).ok()?;
            Some(
                config
                    .servers
                    .into_keys()
                    .map(CompletionCandidate::new)
                    .collect(),
            )
        };
        labels().unwrap_or_default()
    })
}
