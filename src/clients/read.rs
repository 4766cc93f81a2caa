//! Reads a client's file, and notes what it was, so that a change of it is noticed before anything is written.
//!
//! The file may be anything that stands in its place: what is no plain file, too large, or no text is refused before
//! more than the first look at it.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::document::{BYTE_ORDER_MARK, Document, Format, SyntaxError};
use crate::paths::{FileError, FileStamp, read_foreign_file};

/// The longest file of a client that is read, in bytes.
pub const MOST_BYTES: usize = 10 << 20;

/// Why a client's file was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such file.
    #[error("there is no file \"{}\"", .0.display())]
    Absent(PathBuf),
    /// It is no plain file, too large, or the system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is in an encoding that clients do not read.
    #[error("\"{}\" is written in UTF-16, and clients read UTF-8", .0.display())]
    Utf16(PathBuf),
    /// It is no text.
    #[error("\"{}\" is no text: {}", path.display(), what)]
    NoText {
        /// The file.
        path: PathBuf,
        /// What is in it instead.
        what: &'static str,
    },
    /// It is not written as its format has it.
    #[error("\"{}\" cannot be read: {}", path.display(), problem)]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: SyntaxError,
    },
}

/// What a file was when it was read. Says nothing about what is in it.
#[derive(Clone)]
pub struct Identity {
    given: PathBuf,
    real: PathBuf,
    stamp: FileStamp,
    digest: [u8; 32],
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.real.display())
    }
}

impl Identity {
    /// Returns the path it was read by.
    #[must_use]
    pub fn given(&self) -> &Path {
        &self.given
    }

    /// Returns where it is, without any link.
    #[must_use]
    pub fn real(&self) -> &Path {
        &self.real
    }

    /// Returns what the system said about it.
    #[must_use]
    pub fn stamp(&self) -> &FileStamp {
        &self.stamp
    }

    /// Tells whether another look found the same: the same place behind all links, the same file, unchanged.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.real == other.real && self.stamp == other.stamp && self.digest == other.digest
    }
}

/// A client's file that was read.
#[derive(Debug)]
pub struct ClientText {
    /// What is in it.
    pub document: Document,
    /// What it was.
    pub identity: Identity,
}

/// Reads a client's file.
///
/// # Errors
/// See [`ReadError`]; nothing in it repeats what stands in the file.
pub fn read(path: &Path, format: Format) -> Result<ClientText, ReadError> {
    let (text, identity) = read_text(path)?;
    match Document::parse(format, &text) {
        Ok(document) => Ok(ClientText { document, identity }),
        Err(problem) => Err(ReadError::Syntax {
            path: path.to_path_buf(),
            problem,
        }),
    }
}

/// Reads a file as text, whatever its format.
///
/// # Errors
/// As [`read`], but for [`ReadError::Syntax`].
pub fn read_text(path: &Path) -> Result<(Zeroizing<String>, Identity), ReadError> {
    let file = read_foreign_file(path, MOST_BYTES)?;
    let mut file = file.ok_or_else(|| ReadError::Absent(path.to_path_buf()))?;
    let identity = Identity {
        given: path.to_path_buf(),
        real: file.real,
        stamp: file.stamp,
        digest: Sha256::digest(file.bytes.as_slice()).into(),
    };
    check_text(path, &file.bytes)?;
    // Checked to be text above; so the bytes are taken over and no copy of them is left behind.
    let text = String::from_utf8(std::mem::take(&mut *file.bytes)).unwrap_or_default();
    Ok((Zeroizing::new(text), identity))
}

/// Returns what tells a text from every other, in hexadecimal.
pub(super) fn fingerprint(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_text(path: &Path, bytes: &[u8]) -> Result<(), ReadError> {
    let marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    // Without a mark: every second byte of the first letters is zero.
    let halves = matches!(bytes, [0, a, 0, b, ..] | [a, 0, b, 0, ..] if *a != 0 && *b != 0);
    if marked || halves {
        return Err(ReadError::Utf16(path.to_path_buf()));
    }
    let no_text = |what| {
        Err(ReadError::NoText {
            path: path.to_path_buf(),
            what,
        })
    };
    if bytes.contains(&0) {
        return no_text("it holds zero bytes");
    }
    match std::str::from_utf8(bytes) {
        Err(_) => no_text("it is not UTF-8"),
        Ok(text)
            if text
                .strip_prefix(BYTE_ORDER_MARK)
                .is_some_and(|rest| rest.starts_with(BYTE_ORDER_MARK)) =>
        {
            no_text("it begins with two byte order marks")
        }
        Ok(_) => Ok(()),
    }
}

#[cfg(all(test, unix))]
#[path = "read_tests.rs"]
mod tests;
