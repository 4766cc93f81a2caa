//! Reading the value of a secret: from the terminal, stdin, a file or the generator.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::failure::Failure;
use super::terminal;
use crate::secret::{MAX_VALUE_BYTES, Recipe, SecretName, SecretValue};
use crate::sys;

/// Where a new value comes from.
#[derive(Debug, clap::Args)]
pub(super) struct ValueArgs {
    /// Read the value from PATH
    #[arg(long, value_name = "PATH", conflicts_with = "generate")]
    from_file: Option<PathBuf>,
    /// Make up a value: hex:N, base64:N or alnum:N (without SPEC: alnum:40)
    #[arg(long, value_name = "SPEC", num_args = 0..=1, default_missing_value = "alnum:40")]
    generate: Option<Recipe>,
    /// Keep a trailing newline, where one would be stripped
    #[arg(long)]
    raw: bool,
    /// Take an empty value
    #[arg(long)]
    allow_empty: bool,
}

impl ValueArgs {
    /// Reads the value that `name` is to have.
    ///
    /// # Errors
    /// `value-empty`, `value-too-large`, or what reading gives.
    pub(super) fn read(&self, name: &SecretName) -> Result<SecretValue, Failure> {
        if let Some(recipe) = self.generate {
            return recipe.make(sys::random).map_err(|e| {
                Failure::new(
                    "input-failed",
                    format!("the system gave no random bytes: {e}"),
                )
            });
        }
        let value = match &self.from_file {
            Some(path) => self.stripped(file(path)?),
            None if io::stdin().is_terminal() => {
                terminal::hidden(&format!("value of {name}:"), "typing a value")?
            }
            None => self.stripped(bounded(&mut io::stdin().lock(), "stdin")?),
        };
        if value.len() > MAX_VALUE_BYTES {
            return Err(too_large("the value"));
        }
        if value.is_empty() && !self.allow_empty {
            return Err(Failure::new("value-empty", "the value is empty")
                .hint("if it is meant to be, add: --allow-empty"));
        }
        Ok(value)
    }

    /// Takes one trailing newline off, in either of its spellings, unless it is to be kept.
    pub(super) fn stripped(&self, mut bytes: Zeroizing<Vec<u8>>) -> SecretValue {
        if !self.raw && bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        SecretValue::new(bytes)
    }
}

fn file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed =
        |e: io::Error| Failure::new("input-failed", format!("could not read the file: {e}"));
    let mut file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(Failure::new(
            "input-failed",
            "what --from-file names is a folder",
        ));
    }
    bounded(&mut file, "the file")
}

/// Reads everything, into a buffer that is never moved, so that no copy stays behind.
pub(super) fn bounded(from: &mut dyn Read, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // Two more for a newline that is stripped, one to notice what is too much.
    let most = MAX_VALUE_BYTES.saturating_add(3);
    let mut bytes = Zeroizing::new(vec![0_u8; most]);
    let mut length = 0_usize;
    while let Some(free) = bytes.get_mut(length..).filter(|free| !free.is_empty()) {
        match from.read(free) {
            Ok(0) => break,
            Ok(count) => length = length.saturating_add(count),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => {
                return Err(Failure::new(
                    "input-failed",
                    format!("could not read {what}: {e}"),
                ));
            }
        }
    }
    let kept = bytes.get(..length).unwrap_or_default();
    if length == most {
        return Err(too_large(what));
    }
    Ok(Zeroizing::new(kept.to_vec()))
}

fn too_large(what: &str) -> Failure {
    Failure::new("value-too-large", format!("{what} has more than 1 MiB"))
}
