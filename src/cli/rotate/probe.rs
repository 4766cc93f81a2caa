//! `--probe`: a server is tried out with the new value before anything points to it.
//!
//! The server is started by what was allowed, not by what is typed: the flag only says which grant is meant. What can be
//! refused is refused before the new value is asked for; then everything is looked at again, on the way that any value
//! takes to a server.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use super::super::context::{Context, nearest};
use super::super::failure::Failure;
use super::super::permission::{Permissions, Trial};
use super::super::revoke::FEWEST_DIGITS;
use crate::audit::Outcome;
use crate::catalog::change::Stores;
use crate::catalog::{Catalog, Home, Record};
use crate::config::is_label;
use crate::guard::{ProbeError, Probed, Tried, Why, probe};
use crate::launch::{Caller, Input, Plan, Values, check_values, supervise};
use crate::paths::user_home;
use crate::policy::{Command, Grant, Secret};
use crate::redact::{Needles, Unmaskable};
use crate::store::Version;

/// How long a server has, from its start to its last answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest name of a tool (MCP, revision 2025-11-25, tools).
const TOOL_BYTES: usize = 128;

/// What `--probe` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProbeWord {
    /// The label of a server, or the beginning of a grant's id.
    server: String,
    tool: Option<String>,
}

/// Why a word names nothing. Does not hold it: it may be a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is the label of a server or the id of a grant, and a tool behind a colon if one is to be called"
)]
pub(super) struct ProbeWordError;

impl FromStr for ProbeWord {
    type Err = ProbeWordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (server, tool) = match text.split_once(':') {
            Some((server, tool)) => (server, Some(tool)),
            None => (text, None),
        };
        let is_tool = |tool: &str| {
            (1..=TOOL_BYTES).contains(&tool.len())
                && !tool.chars().any(|c| c.is_control() || c.is_whitespace())
        };
        if !is_label(server) || tool.is_some_and(|tool| !is_tool(tool)) {
            return Err(ProbeWordError);
        }
        Ok(Self {
            server: server.to_owned(),
            tool: tool.map(ToOwned::to_owned),
        })
    }
}

/// A server that is to be tried out.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    word: &'a ProbeWord,
    /// How the server is called in messages: by its label, else by the id of its grant.
    called: String,
    plan: Plan,
    trial: Trial,
}

impl<'a> Probe<'a> {
    /// Finds the server, and refuses what can be refused before there is a new value.
    ///
    /// # Errors
    /// `grant-not-found`, `grant-ambiguous`; all that a start with these secrets may be refused for.
    pub(super) fn of(
        word: &'a ProbeWord,
        record: &Record,
        home: &Home,
        stores: &mut dyn Stores,
        context: &Context,
    ) -> Result<Self, Failure> {
        let permissions = Permissions::load(home, &context.output);
        let grant = find(word, record, &permissions.all())?;
        let catalog = home.catalog()?;
        let plan = plan(&grant.command, &catalog, context)?;
        let trial = Trial {
            secret: record.name.clone(),
            version: record.next_version()?,
        };
        trial
            .ensure_possible(&plan, home, stores, context)
            .map_err(|failure| failure.exiting(1))?;
        Ok(Self {
            word,
            called: grant.command.server.clone().unwrap_or(grant.id.clone()),
            plan,
            trial,
        })
    }

    /// Tries the server out with that version of the secret. The caller holds the home's lock.
    ///
    /// # Errors
    /// `probe-failed`; all that the start may be refused for.
    pub(super) fn prove(
        &self,
        version: Version,
        home: &Home,
        stores: &mut dyn Stores,
        context: &Context,
    ) -> Result<Probed, Failure> {
        let trial = Trial {
            version,
            ..self.trial.clone()
        };
        let mut plan = self.plan.clone();
        let released = trial
            .released(&mut plan, home, stores, context)
            .map_err(|failure| failure.exiting(1))?;
        let failed = |failure: Failure| released.event.withheld(failure.exiting(1), home, context);
        check_values(&plan, &released.values).map_err(|error| failed(error.into()))?;
        let needles = self
            .needles(&released.values, home, stores)
            .map_err(failed)?;
        let message = format!("trying \"{}\" out", plan.program.display());
        context.output.detail(&message);
        let signals = context.held_signals().map_err(failed)?;
        let started = supervise(&plan, &released.values, &[], Input::Pipe, signals);
        let server =
            started.map_err(|error| failed(self.failure(&format!("it did not start: {error}"))))?;
        drop(released.values);
        let tool = self.word.tool.as_deref();
        let tried = probe(server, tool, PATIENCE, needles.as_ref().ok());
        let probed = match tried.result {
            Ok(probed) => probed,
            Err(ref error) => {
                let failure = self.failure(&error.to_string());
                return Err(failed(tell_said(failure, &tried, needles.err(), context)));
            }
        };
        released.event.write(Outcome::Done, home, context)?;
        Ok(probed)
    }

    /// Returns what is masked in what the server says: the values that it is given, and the one before, which it may know.
    fn needles(
        &self,
        given: &Values,
        home: &Home,
        stores: &mut dyn Stores,
    ) -> Result<Result<Needles, Unmaskable>, Failure> {
        let catalog = home.catalog()?;
        let record = catalog.get(&self.trial.secret)?;
        let current = catalog.item(record, record.current);
        let current = stores.store(record.store)?.read(&[current])?;
        let given = given.iter().map(|(_, value)| value);
        Ok(Needles::of(given.chain(&current)))
    }

    /// Tells what was found out.
    pub(super) fn tell(&self, probed: &Probed, context: &Context) {
        let Self { word, called, .. } = self;
        let tools = match probed.tools.len() {
            1 => "1 tool".to_owned(),
            count => format!("{count} tools"),
        };
        let message = match &word.tool {
            Some(tool) => format!(
                "\"{called}\" works with the new value: it listed {tools}, and {tool} answered without an error"
            ),
            None => format!(
                "\"{called}\" starts with the new value: it listed {tools}; the value itself was not tested, \
                 for that name a tool: --probe {}:TOOL",
                word.server
            ),
        };
        context.output.notice(&message);
    }

    fn failure(&self, why: &str) -> Failure {
        let message = format!(
            "\"{}\" keeps the value it has: \"{}\" was tried out with the new one, and {why}",
            self.trial.secret, self.called
        );
        Failure::new("probe-failed", message)
            .hint("see whether the new value is right, and the server works by itself; without --probe nothing is tried out")
    }
}

/// Adds to a failure what the server answered, and shows what it complained about; or says why neither is shown.
fn tell_said(
    failure: Failure,
    tried: &Tried,
    hidden: Option<Unmaskable>,
    context: &Context,
) -> Failure {
    if let Some(why) = hidden {
        context.output.notice(&format!(
            "what the server said is not shown, since it cannot be masked: {why}"
        ));
    }
    for line in &tried.complaints {
        context.output.notice(&format!("server: {line}"));
    }
    let said = match &tried.result {
        Err(ProbeError::Failed {
            why: Why::NoSuchTool(_),
            ..
        }) => "it has",
        Ok(_) | Err(_) => "it said",
    };
    let lines = tried.excuse.iter();
    failure.more(lines.map(|line| format!("  {said}: {line}")).collect())
}

/// Finds the grant that is meant, among those that are given the secret.
fn find<'g>(word: &ProbeWord, record: &Record, grants: &[&'g Grant]) -> Result<&'g Grant, Failure> {
    let is_given = |grant: &Grant| grant.command.secrets().iter().any(|s| s.id == record.id);
    let given: Vec<&Grant> = grants.iter().copied().filter(|g| is_given(g)).collect();
    let label = |grant: &&Grant| grant.command.server.as_deref() == Some(word.server.as_str());
    let id = |grant: &&Grant| {
        word.server.len() >= FEWEST_DIGITS && grant.id.starts_with(word.server.as_str())
    };
    let mut found: Vec<&Grant> = given.iter().copied().filter(label).collect();
    if found.is_empty() {
        found = given.iter().copied().filter(id).collect();
    }
    match found.as_slice() {
        [grant] => Ok(grant),
        [] => Err(not_found(word, record, grants, &given)),
        several => {
            let ids: Vec<&str> = several.iter().map(|grant| grant.id.as_str()).collect();
            let message = format!(
                "more than one command of that label or id is given \"{}\": {}",
                record.name,
                ids.join(", ")
            );
            Err(Failure::new("grant-ambiguous", message)
                .hint("name one by its id, see: broker grants"))
        }
    }
}

fn not_found(word: &ProbeWord, record: &Record, all: &[&Grant], given: &[&Grant]) -> Failure {
    let name = &record.name;
    let is_named = |grant: &&Grant| grant.command.server.as_deref() == Some(word.server.as_str());
    let message = if all.iter().any(is_named) {
        format!("\"{}\" is not given \"{name}\"", word.server)
    } else {
        format!("nothing of that label or id is allowed and given \"{name}\"")
    };
    let labels = given
        .iter()
        .filter_map(|grant| grant.command.server.as_deref());
    Failure::new("grant-not-found", message).hint(match nearest(&word.server, labels) {
        Some(near) => format!("did you mean \"{near}\"? see what is allowed with: broker grants"),
        None => "see what is allowed with: broker grants; allow a server with: broker allow".into(),
    })
}

/// Works out how the server is started: as it was allowed, and where no folder is part of that, in the home folder that
/// was, where no project has a say.
fn plan(command: &Command, catalog: &Catalog, context: &Context) -> Result<Plan, Failure> {
    let named = |secret: &Secret| {
        let record = catalog
            .secrets()
            .iter()
            .find(|record| record.id == secret.id);
        record.map_or(&secret.name, |record| &record.name).clone()
    };
    let recorded = Path::new(command.home.as_str());
    let is_usable = recorded.is_absolute() && recorded.is_dir();
    let caller = Caller {
        variables: std::env::vars_os().collect(),
        folder: if is_usable { recorded } else { Path::new("/") }.into(),
        home: user_home(),
    };
    let mut plan = Plan::of_allowed(command, &named, &caller)
        .map_err(|error| Failure::from(error).exiting(1))?;
    let servers = context.config()?.servers;
    let settings = command.server.as_ref().and_then(|label| servers.get(label));
    plan.when_overdue = settings.and_then(|settings| settings.when_overdue);
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_a_label_or_an_id_and_a_tool_behind_a_colon() {
        let read = |text: &str| text.parse::<ProbeWord>();
        let word = |server: &str, tool: Option<&str>| ProbeWord {
            server: server.to_owned(),
            tool: tool.map(ToOwned::to_owned),
        };
        assert_eq!(read("github"), Ok(word("github", None)));
        assert_eq!(read("3f1c"), Ok(word("3f1c", None)));
        assert_eq!(
            read("work/github:get_me"),
            Ok(word("work/github", Some("get_me")))
        );
        assert_eq!(read("a:b:c/d"), Ok(word("a", Some("b:c/d"))));
        let longest = "x".repeat(TOOL_BYTES);
        assert_eq!(read(&format!("a:{longest}")), Ok(word("a", Some(&longest))));
        for wrong in [
            "",
            ":",
            "a:",
            ":b",
            "a b",
            "-a",
            "a:b c",
            "a:b\n",
            "a:\u{1b}[2J",
            &format!("a:{longest}x"),
        ] {
            assert_eq!(read(wrong), Err(ProbeWordError), "{wrong:?}");
        }
    }
}
