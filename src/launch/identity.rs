//! What a program or a script is, so that another in its place is noticed.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::paths::{FileStamp, Writable, writable};
use crate::policy::{Content, Text};

/// A buffer to read programs through.
const PIECE: usize = 64 << 10;

/// Contents that were looked at before: asked for by path, links resolved, and stamp.
pub type Known<'a> = dyn Fn(&Text, &FileStamp) -> Option<Content> + 'a;

/// Where a file is, and who can put something else in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Links resolved.
    pub(super) real: PathBuf,
    /// Who can change what is found there.
    pub(super) writable: Writable,
}

/// Finds out where the absolute `path` leads.
///
/// # Errors
/// The system's reason.
pub(super) fn place(path: &Path) -> io::Result<Place> {
    Ok(Place {
        real: path.canonicalize()?,
        writable: writable(path),
    })
}

/// Returns the content of the plain file at `real`. What is `known` is not read again.
///
/// # Errors
/// The system's reason: an executable file need not be readable.
pub(super) fn content(real: &Path, known: &Known<'_>) -> io::Result<Content> {
    // Opening anything else could wait for ever.
    if !real.metadata()?.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let mut file = File::open(real)?;
    let stamp = FileStamp::of(&file.metadata()?);
    if let Some(content) = known(&Text::of(real), &stamp) {
        return Ok(content);
    }
    Ok(Content {
        sha256: digest(&mut file)?,
        stamp,
    })
}

/// Returns the SHA-256 of all that can be read.
fn digest(file: &mut File) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut piece = vec![0_u8; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => digest.update(piece.get(..count).unwrap_or_default()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let bytes = digest.finalize();
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
