//! What broker prints: answers on stdout, everything else on stderr, each line there begun with
//! `broker:` because clients mix it with what servers say.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum as _;
use serde::Serialize;

use super::args::{Color, says};
use super::failure::Failure;
use crate::secret::SecretValue;
use crate::sys;
use crate::text::{escaped, escaped_json};

/// Where and how to print.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    /// Answers are JSON.
    pub(super) json: bool,
    /// Notices that help to see what is done are shown.
    pub(super) verbose: bool,
    color: bool,
}

impl Output {
    /// The output that the flags ask for.
    pub(super) fn new(json: bool, verbose: bool, color: Color) -> Self {
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let says_no = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
                let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
                io::stderr().is_terminal() && !says_no("NO_COLOR") && !dumb
            }
        };
        Self {
            json,
            verbose,
            color,
        }
    }

    /// The output for texts that come before flags are known.
    pub(super) fn plain() -> Self {
        Self {
            json: false,
            verbose: false,
            color: false,
        }
    }

    /// The output for arguments that could not be parsed.
    pub(super) fn guess(words: &[OsString]) -> Self {
        Self {
            json: says(words, "--json"),
            ..Self::new(false, false, color_in(words))
        }
    }

    /// Prints the answer.
    ///
    /// # Errors
    /// When stdout cannot be written; a reader that has gone away is no error.
    pub(super) fn answer(&self, text: &str) -> Result<(), Failure> {
        self.stream(text).map(|_| ())
    }

    /// Prints a piece of an answer that goes on. Says whether anybody still reads it.
    ///
    /// # Errors
    /// As [`Output::answer`].
    pub(super) fn stream(&self, text: &str) -> Result<bool, Failure> {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match written {
            Ok(()) => Ok(!sys::is_closed(&io::stdout())),
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(e) => Err(Failure::new(
                "output-failed",
                format!("could not write to stdout: {e}"),
            )),
        }
    }

    /// Prints a value as it is, for `reveal` where nobody is at a terminal and nobody is asked.
    ///
    /// # Errors
    /// When stdout cannot be written.
    #[expect(
        clippy::disallowed_methods,
        reason = "the exit of design D17, in a home where nobody is asked"
    )]
    pub(super) fn value(&self, value: &SecretValue) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let written = out.write_all(value.expose()).and_then(|()| out.flush());
        written
            .map_err(|e| Failure::new("output-failed", format!("could not write to stdout: {e}")))
    }

    /// Prints the answer as one JSON document.
    ///
    /// # Errors
    /// As [`Output::answer`].
    pub(super) fn document(&self, answer: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(answer).map_err(|_| {
            Failure::new("output-failed", "the answer could not be written as JSON")
        })?;
        text.push('\n');
        self.answer(&escaped_json(&text))
    }

    /// Tells something on stderr.
    pub(super) fn notice(&self, text: &str) {
        self.line("", Style::new(), text);
    }

    /// Tells something on stderr that only matters with `-v`.
    pub(super) fn detail(&self, text: &str) {
        if self.verbose {
            self.notice(text);
        }
    }

    /// Tells something on stderr that needs attention.
    pub(super) fn warning(&self, text: &str) {
        self.line("warning: ", AnsiColor::Yellow.on_default().bold(), text);
    }

    /// Tells a failure on stderr, in words or as JSON.
    pub(super) fn failure(&self, failure: &Failure) {
        let lines = || std::iter::once(&failure.message).chain(&failure.more);
        if self.json {
            let message: Vec<&str> = lines().map(String::as_str).collect();
            let whole = Failure {
                message: message.join("\n"),
                ..failure.clone()
            };
            let document = serde_json::json!({ "error": whole });
            let _ = writeln!(
                io::stderr().lock(),
                "{}",
                escaped_json(&document.to_string())
            );
            return;
        }
        for line in lines() {
            self.line("error: ", AnsiColor::Red.on_default().bold(), line);
        }
        if let Some(hint) = &failure.hint {
            self.line("hint: ", AnsiColor::Cyan.on_default(), hint);
        }
    }

    /// Writes one line, whatever the names in it hold: a second one could say anything in broker's name.
    fn line(&self, word: &str, style: Style, text: &str) {
        let mut err = io::stderr().lock();
        let (on, off) = if self.color && !word.is_empty() {
            (style.render().to_string(), style.render_reset().to_string())
        } else {
            (String::new(), String::new())
        };
        // In one write, so that what a server says at the same moment does not come in between.
        let line = format!("broker: {on}{word}{off}{}\n", escaped(text));
        let _ = err.write_all(line.as_bytes());
    }
}

/// Finds what `--color` says among arguments that could not be parsed.
fn color_in(words: &[OsString]) -> Color {
    let ours = words.iter().take_while(|word| *word != "--");
    let (mut color, mut is_next) = (Color::Auto, false);
    for word in ours.filter_map(|word| word.to_str()) {
        let said = if is_next {
            Some(word)
        } else {
            word.strip_prefix("--color=")
        };
        if let Some(found) = said.and_then(|said| Color::from_str(said, false).ok()) {
            color = found;
        }
        is_next = word == "--color";
    }
    color
}
