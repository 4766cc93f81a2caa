//! The person: questions on the controlling terminal, whatever stdin and stdout are.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};

use zeroize::Zeroizing;

use super::failure::Failure;
use super::output::escaped;
use crate::secret::SecretValue;
use crate::sys;

/// The controlling terminal, open for asking.
#[derive(Debug)]
pub(super) struct Terminal {
    screen: File,
    answers: BufReader<File>,
}

impl Terminal {
    /// Opens the terminal. `None` where the process has none.
    pub(super) fn open() -> Option<Self> {
        let (screen, answers) = sys::open_terminal()?;
        Some(Self {
            screen,
            answers: BufReader::new(answers),
        })
    }

    /// Opens the terminal for something that `what` describes ("revealing a value").
    ///
    /// # Errors
    /// `no-terminal`.
    pub(super) fn require(what: &str) -> Result<Self, Failure> {
        Self::open().ok_or_else(|| Failure::no_terminal(what))
    }

    /// Shows a line.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.screen, "{text}")
            .and_then(|()| self.screen.flush())
            .map_err(|_| gone())
    }

    /// Asks a question that is answered with yes or no; anything but yes is no.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub(super) fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        let answer = self.ask(&format!("{question} [y/N]"))?;
        Ok(matches!(
            answer.trim().to_ascii_lowercase().as_str(),
            "y" | "yes"
        ))
    }

    /// Asks for a line of text, which is shown as it is typed.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub(super) fn ask(&mut self, question: &str) -> Result<String, Failure> {
        let asked =
            write!(self.screen, "{} ", escaped(question)).and_then(|()| self.screen.flush());
        asked.map_err(|_| gone())?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(|_| gone())?;
        Ok(answer)
    }

    /// Shows the bytes of a value, for `reveal` alone. What is no text, or would act on the terminal, is
    /// shown escaped.
    ///
    /// # Errors
    /// When the terminal has gone.
    #[expect(
        clippy::disallowed_methods,
        reason = "the exit of design D17: to the person's eyes"
    )]
    pub(super) fn show(&mut self, value: &SecretValue) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(value.expose());
        let shown: Zeroizing<String> =
            Zeroizing::new(text.split('\n').map(escaped).collect::<Vec<_>>().join("\n"));
        if let std::borrow::Cow::Owned(copy) = text {
            drop(Zeroizing::new(copy));
        }
        writeln!(self.screen, "{}", *shown)
            .and_then(|()| self.screen.flush())
            .map_err(|_| gone())
    }
}

/// Asks for a value that is not shown as it is typed.
///
/// # Errors
/// `no-terminal`, or when nothing could be read.
pub(super) fn hidden(prompt: &str, what: &str) -> Result<SecretValue, Failure> {
    if Terminal::open().is_none() {
        return Err(Failure::no_terminal(what));
    }
    let typed = rpassword::prompt_password(format!("{} ", escaped(prompt)))
        .map_err(|_| Failure::new("input-failed", "nothing could be read from the terminal"))?;
    Ok(SecretValue::new(Zeroizing::new(typed.into_bytes())))
}

fn gone() -> Failure {
    Failure::new("no-terminal", "the terminal has gone")
}
