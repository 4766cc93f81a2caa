//! What `exec` and `allow` are given: which server, with which variables, in which surroundings.

use std::ffi::OsString;
use std::path::PathBuf;

use super::context::{Context, nearest};
use super::failure::Failure;
use crate::config::{Config, is_label};
use crate::launch::{Assignment, Caller, Plan, PlanError, Request, SkipReason, Skipped};
use crate::paths;

/// A start, as it is written on the command line.
#[derive(Debug, clap::Args)]
pub(super) struct StartArgs {
    /// A label for the server; one that broker.toml defines brings its command
    #[arg(add = super::completions::servers())]
    pub(super) server: Option<String>,
    /// Inject the secret VAR, the secret NAME (VAR=broker://NAME), or a plain text
    #[arg(short, long, value_name = "VAR[=VALUE]")]
    env: Vec<OsString>,
    /// Pass the caller's variable VAR on; what is allowed holds for the value it has
    #[arg(long, value_name = "VAR")]
    pass: Vec<String>,
    /// Pass the caller's variable VAR on, whatever its value
    #[arg(long, value_name = "VAR")]
    pass_any: Vec<String>,
    /// Start in DIR, which is then part of what is allowed
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// Allow VAR although it can inject code or redirect trust
    #[arg(long, value_name = "VAR")]
    allow_dangerous_env: Vec<String>,
    /// Allow a reference as an argument, where every user of the machine can see the value
    #[arg(long)]
    allow_argv_secret: bool,
    /// Let the packages that a launcher fetches run their install scripts, with the secrets in reach
    #[arg(long)]
    allow_install_scripts: bool,
    /// The program and its arguments
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

/// The commands whose line ends with a command of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Starter {
    Exec,
    Allow,
    Add,
}

/// Splits the process's words at the `--` of an `exec` or `allow`: ours, and the command behind it. Only the
/// part before it is for clap, which would not tell `exec -- a b` from `exec a b`.
pub(super) fn split(words: &[OsString]) -> (&[OsString], Option<&[OsString]>) {
    if meant(words).is_none() {
        return (words, None);
    }
    let Some(at) = words.iter().position(|word| word == "--") else {
        return (words, None);
    };
    let (ours, rest) = words.split_at(at);
    (ours, rest.get(1..))
}

/// Tells which of these commands is meant, however the rest is to be understood. Works on bytes: a folder's
/// name need not be text.
pub(super) fn meant(words: &[OsString]) -> Option<Starter> {
    let mut words = words.iter().skip(1).map(|word| word.as_encoded_bytes());
    while let Some(word) = words.next() {
        match word {
            b"exec" => return Some(Starter::Exec),
            b"allow" => return Some(Starter::Allow),
            b"add" => return Some(Starter::Add),
            b"--home" | b"--color" => {
                words.next();
            }
            b"--json" | b"--verbose" => {}
            _ if word.starts_with(b"--home=") || word.starts_with(b"--color=") => {}
            [b'-', flags @ ..] if !flags.is_empty() && flags.iter().all(|flag| *flag == b'v') => {}
            _ => return None,
        }
    }
    None
}

impl StartArgs {
    /// Takes the words behind `--`, out of the `whole` command line.
    ///
    /// # Errors
    /// A usage failure when there are none, or when the line was not split where it should have been.
    pub(super) fn take_command(
        &mut self,
        words: Option<&[OsString]>,
        whole: &[OsString],
    ) -> Result<(), Failure> {
        let Some(words) = words else {
            return match whole.iter().any(|word| word == "--") {
                true => Err(Failure::usage("the arguments were not understood")),
                false => Ok(()),
            };
        };
        if words.is_empty() {
            return Err(Failure::usage("no command stands behind --"));
        }
        if !self.command.is_empty() {
            // `exec github npx -- x`: the dashes are the command's own.
            self.command.push("--".into());
        }
        self.command.extend_from_slice(words);
        Ok(())
    }

    /// Tells whether nothing but a word or nothing at all was given.
    pub(super) fn is_bare(&self) -> bool {
        self.command.is_empty()
            && [&self.pass, &self.pass_any, &self.allow_dangerous_env]
                .iter()
                .all(|list| list.is_empty())
            && self.env.is_empty()
            && self.cwd.is_none()
            && !self.allow_argv_secret
            && !self.allow_install_scripts
    }

    /// Works out the plan, and says which entries of `PATH` nothing is looked up in.
    ///
    /// # Errors
    /// What the arguments, `broker.toml` or the plan have wrong.
    pub(super) fn plan(self, context: &Context) -> Result<Plan, Failure> {
        self.plan_for(&caller()?, context)
    }

    /// Works out the plan for another caller.
    ///
    /// # Errors
    /// As [`StartArgs::plan`].
    pub(super) fn plan_for(self, caller: &Caller, context: &Context) -> Result<Plan, Failure> {
        let plan = Plan::make(request(self, context.config()?)?, caller);
        let skipped = match &plan {
            Ok(plan) => plan.skipped.as_slice(),
            Err(PlanError::Program { skipped, .. }) => skipped,
            Err(_) => &[],
        };
        tell_skipped(skipped, context);
        Ok(plan?)
    }
}

/// Says which entries of `PATH` nothing is looked up in.
pub(super) fn tell_skipped(skipped: &[Skipped], context: &Context) {
    for skipped in skipped {
        let why = match skipped.why {
            SkipReason::Relative => "it is not an absolute path",
            SkipReason::WritableByOthers => "other users can write there",
            SkipReason::InProject => "it lies in the project",
        };
        context.output.notice(&format!(
            "programs are not looked up in \"{}\" of PATH: {why}",
            skipped.entry.display()
        ));
    }
}

/// Merges flags and `broker.toml` into one request.
fn request(args: StartArgs, config: Config) -> Result<Request, Failure> {
    if args.server.as_ref().is_some_and(|label| !is_label(label)) {
        let message = "a server's label has 1 to 64 letters, digits, '.', '_', '-' or '/', and begins with a letter or digit";
        return Err(Failure::new("name-invalid", message));
    }
    let mut request = Request {
        label: args.server,
        command: args.command,
        set: args
            .env
            .iter()
            .map(|text| Assignment::read(text))
            .collect::<Result<_, _>>()?,
        pass: args.pass,
        pass_any: args.pass_any,
        pass_if_set: config.pass,
        install_scripts: args.allow_install_scripts,
        when_overdue: None,
        allow_dangerous: args.allow_dangerous_env,
        allow_argv_secret: args.allow_argv_secret,
        folder: args.cwd,
    };
    request.allow_dangerous.extend(config.allow_dangerous_env);
    let known: Vec<String> = config.servers.keys().cloned().collect();
    let defined = request
        .label
        .as_ref()
        .and_then(|l| config.servers.into_iter().find(|(n, _)| n == l));
    let Some((label, server)) = defined else {
        if let (true, Some(label)) = (request.command.is_empty(), &request.label) {
            let near = nearest(label, known.iter().map(String::as_str));
            let failure = Failure::new(
                "server-not-found",
                "broker.toml defines no server of that label, and no command was given",
            );
            return Err(match near {
                Some(near) => failure.hint(format!("did you mean \"{near}\"?")),
                None => {
                    failure.hint("write the command behind --, or define the server in broker.toml")
                }
            });
        }
        return Ok(request);
    };
    if !request.command.is_empty() {
        let message = format!(
            "the server \"{label}\" has its command from broker.toml, and a second one was given"
        );
        return Err(
            Failure::new("usage", message).hint("leave the command out, or use another label")
        );
    }
    request.command = server.command.into_iter().map(OsString::from).collect();
    let of_server = server.env.into_iter().map(|(variable, text)| Assignment {
        variable,
        text: Some(text.into()),
    });
    request.set.extend(of_server);
    request.pass.extend(server.pass);
    request.allow_dangerous.extend(server.allow_dangerous_env);
    request.install_scripts |= server.allow_install_scripts;
    request.when_overdue = server.when_overdue;
    if request.folder.is_none() {
        request.folder = server.cwd;
    }
    Ok(request)
}

fn caller() -> Result<Caller, Failure> {
    let folder = std::env::current_dir().map_err(|e| {
        Failure::new(
            "folder-unusable",
            format!("the current folder cannot be used: {e}"),
        )
    })?;
    Ok(Caller {
        variables: std::env::vars_os().collect(),
        folder,
        home: paths::user_home(),
    })
}
