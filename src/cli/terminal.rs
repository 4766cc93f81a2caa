//! The person: questions on the controlling terminal, whatever stdin and stdout are.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};

use zeroize::Zeroizing;

use super::failure::Failure;
use crate::secret::SecretValue;
use crate::sys::{self, HiddenError};
use crate::text::{acts_on_terminal, escaped};

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

    /// Shows a line.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.screen, "{}", escaped(text))
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

    /// Asks for a line of text, which is shown as it is typed. What was typed before the question is no answer to it.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub(super) fn ask(&mut self, question: &str) -> Result<String, Failure> {
        sys::forget_typed(self.answers.get_ref());
        let asked =
            write!(self.screen, "{} ", escaped(question)).and_then(|()| self.screen.flush());
        asked.map_err(|_| gone())?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(|_| gone())?;
        Ok(answer)
    }

    /// Shows the bytes of a value, for `reveal` alone. What is no text, or would act on the terminal, is
    /// shown escaped. Written piece by piece, so that no copy of the whole is made.
    ///
    /// # Errors
    /// When the terminal has gone.
    #[expect(
        clippy::disallowed_methods,
        reason = "the exit of design D17: to the person's eyes"
    )]
    pub(super) fn show(&mut self, value: &SecretValue) -> Result<(), Failure> {
        for chunk in value.expose().utf8_chunks() {
            for c in chunk.valid().chars() {
                let mut buffer = Zeroizing::new([0_u8; 4]);
                let text: &str = c.encode_utf8(buffer.as_mut());
                let shown = if c == '\n' || !acts_on_terminal(c) {
                    self.screen.write_all(text.as_bytes())
                } else {
                    write!(self.screen, "{}", c.escape_unicode())
                };
                shown.map_err(|_| gone())?;
            }
            for byte in chunk.invalid() {
                write!(self.screen, "\\x{byte:02x}").map_err(|_| gone())?;
            }
        }
        writeln!(self.screen)
            .and_then(|()| self.screen.flush())
            .map_err(|_| gone())
    }
}

/// Asks for a value that is not shown as it is typed.
///
/// # Errors
/// `no-terminal`, or when nothing could be read.
pub(super) fn hidden(prompt: &str, what: &str) -> Result<SecretValue, Failure> {
    let Some((mut screen, mut answers)) = sys::open_terminal() else {
        return Err(Failure::no_terminal(what));
    };
    match sys::read_hidden(&mut screen, &mut answers, &escaped(prompt)) {
        Ok(typed) => Ok(SecretValue::new(typed)),
        Err(HiddenError::SeveralLines) => Err(Failure::new(
            "value-multiline",
            "more than one line came at once; none of it was used",
        )
        .hint("give a value of several lines on stdin or with --from-file")),
        Err(HiddenError::Control) => Err(Failure::new(
            "value-not-text",
            "something was typed that is no text; none of it was used",
        )
        .hint("give such a value on stdin or with --from-file")),
        Err(HiddenError::Ended) => Err(Failure::declined()),
        Err(HiddenError::Io(e)) => Err(Failure::new(
            "input-failed",
            format!("could not read from the terminal: {e}"),
        )),
    }
}

fn gone() -> Failure {
    Failure::new("no-terminal", "the terminal has gone")
}
