//! What every command starts from: the home, its catalog, the settings, the clock.

use std::cell::OnceCell;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::Cli;
use super::failure::Failure;
use super::output::Output;
use super::permission::quoted;
use super::terminal::Terminal;
use crate::catalog::{Catalog, CatalogError, Home, Record};
use crate::clock::Clock;
use crate::config::Config;
use crate::launch::HeldSignals;
use crate::paths::{HOME_VARIABLE, HomePaths};
use crate::secret::SecretName;
use crate::store::Asking;
use crate::sys::{self, Guard, Hardening};

/// The global flags, resolved.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) output: Output,
    pub(super) hardening: Hardening,
    chosen_home: Option<std::path::PathBuf>,
    clock: Clock,
    signals: OnceCell<HeldSignals>,
}

impl Context {
    pub(super) fn new(cli: &Cli, hardening: Hardening) -> Self {
        Self {
            output: Output::new(cli.global.json, cli.global.verbose, cli.global.color),
            hardening,
            chosen_home: cli.global.home.clone(),
            clock: Clock::System,
            signals: OnceCell::new(),
        }
    }

    /// Holds the signals back that would end broker, until it has said how it ended: they end it then.
    pub(super) fn held_signals(&self) -> Result<&HeldSignals, Failure> {
        if let Some(held) = self.signals.get() {
            return Ok(held);
        }
        let held = HeldSignals::hold().map_err(|e| {
            let message = format!("the signals that end broker could not be held back: {e}");
            Failure::new("system-unsupported", message)
        })?;
        Ok(self.signals.get_or_init(|| held))
    }

    /// Where the home's files are.
    pub(super) fn paths(&self) -> Result<HomePaths, Failure> {
        Ok(HomePaths::locate(self.chosen_home.as_deref())?)
    }

    /// The home's folder, where it was chosen by a flag.
    pub(super) fn other_home(&self) -> Option<&std::path::Path> {
        self.chosen_home.as_deref()
    }

    /// How this broker is called in advice, with the flag that chose the home.
    pub(super) fn command(&self) -> String {
        match self.chosen_home() {
            Some(home) => format!("broker --home {}", quoted(home.display())),
            None => "broker".to_owned(),
        }
    }

    /// The home's folder, absolute, where it was chosen by a flag or a variable.
    pub(super) fn chosen_home(&self) -> Option<std::path::PathBuf> {
        let variable = || std::env::var_os(HOME_VARIABLE).filter(|v| !v.is_empty());
        let chosen = self
            .chosen_home
            .clone()
            .or_else(|| variable().map(Into::into))?;
        Some(std::path::absolute(&chosen).unwrap_or(chosen))
    }

    /// The home, which must be there.
    pub(super) fn home(&self) -> Result<Home, Failure> {
        Ok(self.home_if_any()?.ok_or(CatalogError::NoHome)?)
    }

    /// The home, if there is one.
    pub(super) fn home_if_any(&self) -> Result<Option<Home>, Failure> {
        Ok(Home::open(self.paths()?)?)
    }

    /// The user's settings.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.paths()?)?)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The user's time zone.
    #[expect(
        clippy::unused_self,
        reason = "the zone is part of what a command starts from"
    )]
    pub(super) fn zone(&self) -> TimeZone {
        TimeZone::system()
    }

    /// Refuses to touch values in a process whose memory others can look into.
    pub(super) fn require_hardened(&self) -> Result<(), Failure> {
        if self.hardening.process == Guard::Failed {
            let message = "the system did not let broker protect its memory, so no value is read";
            return Err(Failure::new("not-hardened", message));
        }
        if self.hardening.core_dumps == Guard::Failed {
            self.output
                .warning("core dumps could not be switched off; they may hold values");
        }
        Ok(())
    }
}

/// Whether somebody may be there to answer a prompt of the keychain: at a terminal, or at a desktop.
pub(super) fn asking() -> Asking {
    if sys::has_desktop() || Terminal::open().is_some() {
        Asking::Allowed
    } else {
        Asking::Never
    }
}

/// Finds the record of a name that was typed, or suggests the nearest.
pub(super) fn find<'a>(catalog: &'a Catalog, name: &SecretName) -> Result<&'a Record, Failure> {
    catalog.find(name).ok_or_else(|| {
        let names = catalog.secrets().iter().map(|r| r.name.as_str());
        Failure::no_such_secret(nearest(name.as_str(), names))
    })
}

/// Returns the candidate nearest to `word`, if any is near.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::jaro_winkler(&word, &c.to_ascii_lowercase()), c))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, c)| c)
}
