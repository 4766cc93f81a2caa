//! The person whose word is needed; in an unattended home, nobody (design D18).

use super::failure::Failure;
use super::permission::seals;
use super::stores::OpenStores;
use super::terminal::Terminal;
use crate::catalog::Home;

/// Who answers.
#[derive(Debug)]
pub(super) enum Person {
    /// Somebody at the controlling terminal.
    Present(Terminal),
    /// Nobody: the home was made for that, and its seal confirms it.
    Unattended,
}

impl Person {
    /// Finds the person for something that `what` describes ("revealing a value").
    ///
    /// # Errors
    /// `no-terminal`, unless the home is unattended.
    pub(super) fn require(
        what: &str,
        home: &Home,
        stores: &mut OpenStores,
    ) -> Result<Self, Failure> {
        if let Some(terminal) = Terminal::open() {
            return Ok(Self::Present(terminal));
        }
        // The file alone would be easily written by who wants to be asked nothing.
        if home.record.unattended && seals::is_unattended(home, stores)? {
            return Ok(Self::Unattended);
        }
        Err(Failure::no_terminal(what))
    }

    /// Asks a question that is answered with yes or no; where nobody is, the answer is yes.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub(super) fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        match self {
            Self::Present(terminal) => terminal.confirm(question),
            Self::Unattended => Ok(true),
        }
    }

    /// Asks, and fails where the answer is no.
    ///
    /// # Errors
    /// `declined`; when the terminal has gone.
    pub(super) fn agree(&mut self, question: &str) -> Result<(), Failure> {
        if self.confirm(question)? {
            Ok(())
        } else {
            Err(Failure::declined())
        }
    }

    /// Shows a line, if somebody is there.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Present(terminal) => terminal.say(text),
            Self::Unattended => Ok(()),
        }
    }

    /// Tells whether nobody was asked, which the log says.
    pub(super) fn is_unattended(&self) -> bool {
        matches!(self, Self::Unattended)
    }
}
