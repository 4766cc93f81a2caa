//! Running a rotation command: what it prints is the new value, if everything about it is as it should be.
//!
//! Whatever comes of the command ends with it. What it says on stderr is shown with the old value, and whatever it
//! printed, masked.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::super::failure::Failure;
use super::super::output::Output;
use super::super::permission::rotation::NAME_VARIABLE;
use crate::launch::{
    Collected, Exit, HeldSignals, Input, Plan, StartError, Values, Waited, collect, supervise,
};
use crate::redact::Needles;
use crate::secret::{MAX_VALUE_BYTES, SecretName, SecretValue};

/// How long a rotation command may take.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// How much of what it says is shown, in bytes.
const MOST_SAID: usize = 64 << 10;

/// How long the ends of its pipes are waited for, once all that had them open was ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a command is run for.
pub(super) struct Asked<'a> {
    /// What is run.
    pub(super) plan: &'a Plan,
    /// The current value.
    pub(super) values: &'a Values,
    /// What the secret is called.
    pub(super) name: &'a SecretName,
    /// How long it may take.
    pub(super) limit: Duration,
}

/// Runs it, shows what it said, and returns what it printed as `stripped` makes it.
///
/// # Errors
/// `rotation-command-failed`, `value-empty`, `value-too-large`, `value-has-nul`, `value-unchanged`; those of a program
/// that could not be started.
pub(super) fn new_value(
    asked: &Asked<'_>,
    signals: &HeldSignals,
    output: &Output,
    stripped: impl FnOnce(Zeroizing<Vec<u8>>) -> SecretValue,
) -> Result<SecretValue, Failure> {
    let name = OsStr::new(asked.name.as_str());
    let extra = [(NAME_VARIABLE, name)];
    let started = supervise(asked.plan, asked.values, &extra, Input::Nothing, signals);
    let mut child = started.map_err(not_started)?;
    let (Some(prints), Some(says)) = (child.output.take(), child.errors.take()) else {
        return Err(failed("has no pipes", asked.name));
    };
    // A newline that is stripped, in its longer spelling, does not count.
    let prints = collect(prints, MAX_VALUE_BYTES.saturating_add(2));
    let says = collect(says, MOST_SAID);
    let until = Instant::now().checked_add(asked.limit);
    let waited = child.wait(until.unwrap_or_else(Instant::now));
    let left = child.end();
    let printed = prints.and_then(|prints| prints.finish(PATIENCE));
    let said = says.and_then(|says| says.finish(PATIENCE));
    let bytes = printed.as_ref().ok().and_then(Option::as_ref);
    let bytes = bytes.map_or_else(Zeroizing::default, |printed| printed.bytes.clone());
    let seen = SecretValue::new(bytes);
    let current = asked.values.iter().map(|(_, value)| value);
    tell(said.ok().flatten(), current.chain([&seen]), output);
    let wrong = |what: &str| failed(what, asked.name);
    match waited {
        Waited::Exited(Exit::Code(0)) => {}
        Waited::Exited(Exit::Code(code)) => {
            return Err(wrong(&format!("failed with exit code {code}")));
        }
        Waited::Exited(Exit::Signal(signal)) => {
            return Err(wrong(&format!("was ended by signal {signal}")));
        }
        Waited::Exited(Exit::Unknown) => return Err(wrong("ended in a way that is not known")),
        Waited::TimeOver => {
            let limit = asked.limit.as_secs_f32();
            return Err(wrong(&format!(
                "did not end within {limit} seconds, and was ended"
            )));
        }
        Waited::Interrupted => return Err(wrong("was interrupted, and was ended")),
    }
    match left {
        Ok(false) => {}
        Ok(true) => return Err(wrong("left a process running, which was ended")),
        Err(error) => return Err(wrong(&format!("could not be ended whole ({error})"))),
    }
    let printed = match printed {
        Ok(Some(printed)) => printed,
        Ok(None) => return Err(wrong("left a process that still prints")),
        Err(error) => return Err(wrong(&format!("could not be read from ({error})"))),
    };
    judged(printed, asked, stripped)
}

/// Demands that what was printed can be the next value.
fn judged(
    printed: Collected,
    asked: &Asked<'_>,
    stripped: impl FnOnce(Zeroizing<Vec<u8>>) -> SecretValue,
) -> Result<SecretValue, Failure> {
    let wrong = |code: &'static str, what: &str| Failure {
        code,
        ..failed(what, asked.name)
    };
    if printed.is_cut {
        return Err(wrong("value-too-large", "printed more than 1 MiB"));
    }
    let value = stripped(printed.bytes);
    if value.len() > MAX_VALUE_BYTES {
        return Err(wrong("value-too-large", "printed more than 1 MiB"));
    }
    if value.is_empty() {
        return Err(wrong("value-empty", "printed nothing"));
    }
    if value.has_nul() {
        let what = "printed a NUL byte, which no variable can hold";
        return Err(wrong("value-has-nul", what));
    }
    if asked
        .values
        .iter()
        .any(|(_, current)| current.same_as(&value))
    {
        return Err(wrong("value-unchanged", "printed the value that there is"));
    }
    Ok(value)
}

/// Shows what the command said, a line each, with these values masked; nothing of it, if they cannot be.
fn tell<'a>(
    said: Option<Collected>,
    values: impl Iterator<Item = &'a SecretValue>,
    output: &Output,
) {
    let Some(said) = said.filter(|said| !said.bytes.is_empty()) else {
        return;
    };
    let needles = match Needles::of(values) {
        Ok(needles) => needles,
        Err(why) => {
            output.notice(&format!(
                "what the command wrote on stderr is not shown, since it cannot be masked: {why}"
            ));
            return;
        }
    };
    let masked = needles.mask(&said.bytes, said.is_cut);
    for line in String::from_utf8_lossy(&masked).lines() {
        output.notice(&format!("command: {line}"));
    }
    if said.is_cut {
        output.notice("what the command wrote behind that is left out");
    }
}

/// Nothing was run, so nothing can have changed.
fn not_started(error: StartError) -> Failure {
    let failure = Failure::from(error).exiting(1);
    Failure {
        message: format!("the rotation command was not started: {}", failure.message),
        ..failure
    }
}

/// What a command did wrong that was run, and may have changed the value where it is issued.
fn failed(what: &str, name: &SecretName) -> Failure {
    let message = format!("the rotation command {what}; \"{name}\" keeps its old value");
    Failure::new("rotation-command-failed", message).hint(format!(
        "if the issuer has another value by now, store that with: broker rotate {name}"
    ))
}

#[cfg(all(test, unix))]
#[path = "command_tests.rs"]
mod tests;
