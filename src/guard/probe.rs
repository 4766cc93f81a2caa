//! Trying a server out: whether it starts, speaks MCP, lists its tools, and whether a tool answers.
//!
//! The server is stopped in any case, the way the specification has it for stdio (revision 2025-11-25, lifecycle): its
//! input is closed, then it is asked to end by a signal, and then it is ended with all that came of it; in between it is
//! waited for. The signal is what a container is stopped by: its client alone can be ended.

use std::io;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::client::{Client, Step, Watch, Why};
use super::lines::Lines;
use crate::launch::{Collected, Exit, Supervised, Waited, collect};
use crate::redact::Needles;

/// How long a server may take to end once its input is closed, and once it was asked to. Clients wait as long.
const GRACE: Duration = Duration::from_secs(2);

/// How much of what a server says is kept, in bytes: of its answer, and of its complaints.
const MOST_SAID: usize = 16 << 10;

/// How long the end of its complaints is waited for, once all that had them open was ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// How it went.
#[derive(Debug)]
pub struct Tried {
    /// Whether the server works.
    pub result: Result<Probed, ProbeError>,
    /// What it answered where it failed, or the names of its tools where the one that was named is none of them.
    pub excuse: Vec<String>,
    /// What it wrote on stderr.
    pub complaints: Vec<String>,
}

/// What a server showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The names of its tools, as it said them.
    pub tools: Vec<String>,
}

/// Why a server does not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// It did not do what it was asked.
    #[error("{}", words(*.step, *.why, *.patience))]
    Failed {
        /// What it was asked.
        step: Step,
        /// What it did instead.
        why: Why,
        /// How long it had for all.
        patience: Duration,
    },
    /// The system did not let it be spoken to.
    #[error("it could not be spoken to: {0}")]
    Unspoken(#[source] io::Error),
    /// It could not be ended.
    #[error("it could not be ended: {0}")]
    NotEnded(#[source] io::Error),
}

/// Tries `server` out, which was started with a pipe to read from. All of it takes no longer than `patience`, but for
/// the end of the server. `tool`, if one is named, is called without arguments. What the server said is returned with
/// `values` masked; without any to be masked by, it is not.
pub fn probe(
    mut server: Supervised<'_>,
    tool: Option<&str>,
    patience: Duration,
    values: Option<&Needles>,
) -> Tried {
    let complaints = server.errors.take().map(|pipe| collect(pipe, MOST_SAID));
    let mut excuse = Zeroizing::default();
    let asked = ask(&mut server, tool, patience, &mut excuse);
    // Its input is closed by now.
    let _ = server.wait(soon(GRACE));
    server.ask_to_end(GRACE);
    let ended = server.end().map_err(ProbeError::NotEnded);
    let complaints = complaints.and_then(Result::ok);
    let complaints = complaints.and_then(|reading| reading.finish(PATIENCE).ok().flatten());
    let is_cut = excuse.len() > MOST_SAID;
    excuse.truncate(MOST_SAID);
    let shown = |said: &Collected| {
        let masked = values.map(|values| values.mask(&said.bytes, said.is_cut));
        lines_of(&masked.unwrap_or_default())
    };
    Tried {
        result: asked.and_then(|probed| ended.map(|_| probed)),
        excuse: shown(&Collected {
            bytes: excuse,
            is_cut,
        }),
        complaints: complaints.as_ref().map(shown).unwrap_or_default(),
    }
}

fn ask(
    server: &mut Supervised<'_>,
    tool: Option<&str>,
    patience: Duration,
    excuse: &mut Zeroizing<Vec<u8>>,
) -> Result<Probed, ProbeError> {
    let (Some(input), Some(output)) = (server.input.take(), server.output.take()) else {
        return Err(ProbeError::Unspoken(io::Error::other("it has no pipes")));
    };
    let lines = Lines::between(input, output).map_err(ProbeError::Unspoken)?;
    let mut watch = |wait| match server.wait(soon(wait)) {
        Waited::TimeOver => Watch::Runs,
        Waited::Exited(exit) => Watch::Exited(exit),
        Waited::Interrupted => Watch::Interrupted,
    };
    let mut client = Client::new(lines, soon(patience), &mut watch);
    let asked = ask_client(&mut client, tool, excuse);
    if excuse.is_empty() {
        *excuse = client.excuse();
    }
    asked.map_err(|(step, why)| ProbeError::Failed {
        step,
        why,
        patience,
    })
}

fn ask_client(
    client: &mut Client<'_>,
    tool: Option<&str>,
    excuse: &mut Zeroizing<Vec<u8>>,
) -> Result<Probed, (Step, Why)> {
    let at = |step| move |why| (step, why);
    client.shake_hands().map_err(at(Step::Handshake))?;
    let tools = client.tools().map_err(at(Step::Tools))?;
    if let Some(tool) = tool {
        if !tools.iter().any(|name| name == tool) {
            *excuse = Zeroizing::new(tools.join(", ").into_bytes());
            return Err((Step::Call, Why::NoSuchTool(tools.len())));
        }
        let _ = client.call(tool).map_err(at(Step::Call))?;
    }
    Ok(Probed { tools })
}

fn lines_of(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(ToOwned::to_owned).collect()
}

fn soon(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now)
}

/// Says what a server did instead of what it was asked.
fn words(step: Step, why: Why, patience: Duration) -> String {
    let what = match step {
        Step::Handshake => "the handshake",
        Step::Tools => "the request for its tools",
        Step::Call => "the call of the tool",
    };
    match why {
        Why::Exited(Exit::Code(code)) => {
            format!("it ended with code {code} before it answered {what}")
        }
        Why::Exited(Exit::Signal(signal)) => {
            format!("signal {signal} ended it before it answered {what}")
        }
        Why::Exited(Exit::Unknown) => format!("it ended before it answered {what}"),
        Why::Closed => format!("it closed its output before it answered {what}"),
        Why::TimeOver => format!("it did not answer {what} within {} s", patience.as_secs()),
        Why::Interrupted => format!("broker was told to end before it answered {what}"),
        Why::TooMuch => format!("it wrote more than is read before it answered {what}"),
        Why::TooManyQuestions => {
            format!("it asked more than is answered before it answered {what}")
        }
        Why::Error(Some(code)) => format!("it answered {what} with the error {code}"),
        Why::Error(None) => format!("it answered {what} with an error"),
        Why::NotUnderstood => format!("its answer to {what} was not understood"),
        Why::Revision => "it speaks no revision of MCP that is known".to_owned(),
        Why::NoSuchTool(0) => "it has no tools".to_owned(),
        Why::NoSuchTool(others) => {
            format!("it has no tool of that name, but {others} of other names")
        }
        Why::ToolFailed => "the tool answered with an error".to_owned(),
        Why::ToolAsks => "the tool asked for more than it was called with".to_owned(),
    }
}
