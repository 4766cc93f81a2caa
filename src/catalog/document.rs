//! The JSON documents broker keeps for itself: how each is read and written (design D14).
//!
//! Each begins with the number of its format. A higher one than this broker knows was written by a newer
//! broker, and the file is refused untouched. Errors say where, never what stands there.

use serde::{Deserialize, Serialize};

use super::CatalogError;

/// Parses a JSON document of ours that is called `file` in errors, after a look at its format number.
///
/// # Errors
/// [`CatalogError::Newer`] for a format above `newest`, [`CatalogError::Damaged`],
/// [`CatalogError::Inconsistent`].
pub fn parse<'a, T: Deserialize<'a>>(
    file: &str,
    bytes: &'a [u8],
    newest: u32,
) -> Result<T, CatalogError> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let damaged = |e: serde_json::Error| CatalogError::Damaged {
        file: file.to_owned(),
        line: e.line(),
        column: e.column(),
    };
    match serde_json::from_slice(bytes) {
        Ok(document) => {
            let head: Head = serde_json::from_slice(bytes).map_err(damaged)?;
            if head.format > newest {
                return Err(CatalogError::Newer {
                    file: file.to_owned(),
                    format: head.format,
                });
            }
            if head.format == 0 {
                return Err(CatalogError::Inconsistent {
                    file: file.to_owned(),
                    problem: "there is no format 0",
                });
            }
            Ok(document)
        }
        Err(e) => match serde_json::from_slice::<Head>(bytes) {
            Ok(head) if head.format > newest => Err(CatalogError::Newer {
                file: file.to_owned(),
                format: head.format,
            }),
            _ => Err(damaged(e)),
        },
    }
}

/// Renders a document of ours: indented, so that a person can read and compare it.
#[must_use]
pub fn to_json<T: Serialize>(document: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
