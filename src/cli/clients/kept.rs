//! The baseline of a home, as far as the seal knows it.

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::permission::seals;
use super::super::stores::OpenStores;
use crate::catalog::Home;
use crate::clients::baseline::Baseline;
use crate::paths::{self, HomePaths};
use crate::policy::Seal;

/// The longest baseline that is read, in bytes.
const MOST_BYTES: u64 = 32 << 20;

/// What there is of a baseline.
#[derive(Debug)]
pub(super) enum Kept {
    /// There never was one.
    Nothing,
    /// What is there does not count, and why.
    Ignored(String),
    /// The seal of its store could not be asked. Good for hints alone: anybody who can write the file may have made it.
    Unconfirmed(Baseline),
    /// It is the one broker wrote last.
    Counts {
        /// What it says.
        baseline: Baseline,
        /// The seal of its store.
        seal: Seal,
    },
}

impl Kept {
    /// Reads the baseline and the seal of its store.
    ///
    /// # Errors
    /// A store's error; `seal-damaged`; `file-io`.
    pub(super) fn load(home: &Home, stores: &mut OpenStores) -> Result<Self, Failure> {
        let default = home.record.store;
        let baseline = match read(&home.paths) {
            Ok(Some(baseline)) => baseline,
            Ok(None) => {
                let seal = seals::read(home, stores, default)?;
                return Ok(match seal {
                    Some(seal) if seal.baseline() > 0 => Self::Ignored("it is gone".to_owned()),
                    _ => Self::Nothing,
                });
            }
            Err(failure) if failure.code == "file-io" => return Err(failure),
            Err(failure) => return Ok(Self::Ignored(failure.message)),
        };
        let seal = match seals::read(home, stores, baseline.store()) {
            Ok(Some(seal)) => seal,
            Ok(None) => return Ok(Self::Ignored("its store has no seal".to_owned())),
            // A store that is used no more has no say in what can be accepted.
            Err(failure) if baseline.store() != default => {
                return Ok(Self::Ignored(failure.message));
            }
            Err(failure) => return Err(failure),
        };
        Ok(match baseline.check(&home.record.id, &seal) {
            Ok(()) => Self::Counts { baseline, seal },
            Err(error) => Self::Ignored(error.to_string()),
        })
    }

    /// Reads it without asking anybody to unlock a store, and tells of what does not count.
    pub(super) fn load_quietly(home: &Home, context: &Context) -> Self {
        let kept = match Self::load(home, &mut OpenStores::quiet(home)) {
            Ok(kept) => kept,
            Err(_) => match read(&home.paths) {
                Ok(Some(baseline)) => Self::Unconfirmed(baseline),
                Ok(None) => Self::Nothing,
                Err(failure) => Self::Ignored(failure.message),
            },
        };
        if let Self::Ignored(why) = &kept {
            warn(home, why, context);
        }
        kept
    }

    /// Returns what is known, and the key it is known by.
    pub(super) fn parts(&self) -> (Option<&Baseline>, Option<&Seal>) {
        match self {
            Self::Nothing | Self::Ignored(_) => (None, None),
            Self::Unconfirmed(baseline) => (Some(baseline), None),
            Self::Counts { baseline, seal } => (Some(baseline), Some(seal)),
        }
    }
}

/// Reads the file as it is, whoever wrote it.
///
/// # Errors
/// `file-io`, `file-unsafe`; what is wrong with the document.
pub(super) fn read(paths: &HomePaths) -> Result<Option<Baseline>, Failure> {
    let path = paths.baseline_file();
    let Some(bytes) = paths::read_file(&path, MOST_BYTES)? else {
        return Ok(None);
    };
    Ok(Some(Baseline::parse(&path.display().to_string(), &bytes)?))
}

/// Warns of a baseline that does not count.
pub(super) fn warn(home: &Home, why: &str, context: &Context) {
    context.output.warning(&ignored(&home.paths, why));
}

/// What is said of one.
pub(super) fn ignored(paths: &HomePaths, why: &str) -> String {
    format!(
        "\"{}\" is ignored, so what changed in the files of clients cannot be told: {why}",
        paths.baseline_file().display()
    )
}
