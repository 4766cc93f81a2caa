//! `broker exec`: starts a server with the variables named for it, by becoming the server.
//!
//! Read from top to bottom, [`run`] is the security argument: what is asked is worked out and every
//! name is found before a value is read; the values are read in one batch and checked; then nothing is
//! left but to become the server.

mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use super::Done;
use super::context::{Context, nearest};
use super::failure::Failure;
use crate::config::{Config, is_label};
use crate::launch::{Assignment, Caller, Plan, Request, Values, check_values, start};
use crate::paths;

/// Start a server with the variables named for it, and nothing else
///
/// The server starts with a base list (PATH HOME USER LOGNAME SHELL LANG LC_* TZ TERM TMPDIR) and the
/// variables that are named here, in broker.toml, or by the caller: a variable of the caller whose whole value
/// is a reference (broker://NAME) is injected with the value of that secret. Everything else is
/// dropped. broker becomes the server: no process stays in between.
///
/// There are no grants yet: any command that runs as you is given the secrets it asks for. See
/// broker-security(7).
#[derive(Debug, clap::Args)]
#[command(override_usage = "broker exec [OPTIONS] [SERVER] [-- COMMAND [ARG]...]")]
#[command(after_long_help = "Examples:
  broker exec --env GITHUB_TOKEN=broker://github-token -- npx -y SERVER
  broker exec github --pass NO_COLOR -- github-mcp-server stdio
  broker exec github                            a server that broker.toml defines

Exit code: the server's own, 128+N where signal N ended it; 127 if it was not found, 126 if it
cannot be executed, 125 for everything of broker's.")]
pub(super) struct Args {
    /// A label for the server; one that broker.toml defines brings its command
    #[arg(add = super::completions::servers())]
    server: Option<String>,
    /// Inject the secret VAR, the secret NAME (VAR=broker://NAME), or a plain text
    #[arg(short, long, value_name = "VAR[=VALUE]")]
    env: Vec<OsString>,
    /// Pass the caller's variable VAR on
    #[arg(long, value_name = "VAR")]
    pass: Vec<String>,
    /// Pass the caller's variable VAR on, whatever its value
    #[arg(long, value_name = "VAR")]
    pass_any: Vec<String>,
    /// Start in DIR
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
    command: Vec<OsString>,
}

/// Splits the process's words at the `--` of an `exec`: ours, and the command behind it. Only the part
/// before it is for clap, which would not tell `exec -- a b` from `exec a b`.
pub(super) fn split(words: &[OsString]) -> (&[OsString], Option<&[OsString]>) {
    if !is_meant(words) {
        return (words, None);
    }
    let Some(at) = words.iter().position(|word| word == "--") else {
        return (words, None);
    };
    let (ours, rest) = words.split_at(at);
    (ours, rest.get(1..))
}

/// Tells whether the command is `exec`, however the rest is to be understood. Works on bytes: a folder's
/// name need not be text.
pub(super) fn is_meant(words: &[OsString]) -> bool {
    let mut words = words.iter().skip(1).map(|word| word.as_encoded_bytes());
    while let Some(word) = words.next() {
        match word {
            b"exec" => return true,
            b"--home" | b"--color" => {
                words.next();
            }
            b"--json" | b"--verbose" => {}
            _ if word.starts_with(b"--home=") || word.starts_with(b"--color=") => {}
            [b'-', flags @ ..] if !flags.is_empty() && flags.iter().all(|flag| *flag == b'v') => {}
            _ => return false,
        }
    }
    false
}

impl Args {
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
                true => Err(Failure::usage("the arguments were not understood").exiting(125)),
                false => Ok(()),
            };
        };
        if words.is_empty() {
            return Err(Failure::usage("no command stands behind --").exiting(125));
        }
        if !self.command.is_empty() {
            // `exec github npx -- x`: the dashes are the command's own.
            self.command.push("--".into());
        }
        self.command.extend_from_slice(words);
        Ok(())
    }
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    // Everything of broker's is 125; only the look-up of the program has its own codes.
    replace(args, context).map_err(|failure| match failure.exit {
        126 | 127 => failure,
        _ => failure.exiting(125),
    })
}

fn replace(args: Args, context: &Context) -> Result<Done, Failure> {
    let config = context.config()?;
    let request = request(args, config)?;
    let plan = Plan::make(request, &caller()?)?;
    let names = plan.secrets();
    let mut values = Values::new();
    if !names.is_empty() {
        context.require_hardened()?;
        values = values::current(&plan, &context.home()?)?;
    }
    check_values(&plan, &values)?;
    context
        .output
        .detail(&format!("starting \"{}\"", plan.program.display()));
    Err(start(&plan, values).into())
}

/// Merges flags and `broker.toml` into one request.
fn request(args: Args, config: Config) -> Result<Request, Failure> {
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
