//! `VAR` and `VAR=VALUE`, as they are typed behind `--env`.

use std::ffi::{OsStr, OsString};

use super::{Assignment, PlanError};

impl Assignment {
    /// Reads `VAR` or `VAR=VALUE`. Whether VAR can be a variable is decided by the plan.
    ///
    /// # Errors
    /// [`PlanError::VariableName`] for a name that is not even text.
    pub fn read(text: &OsStr) -> Result<Self, PlanError> {
        let bytes = text.as_encoded_bytes();
        let end = bytes.iter().position(|b| *b == b'=').unwrap_or(bytes.len());
        let (variable, rest) = bytes.split_at(end);
        let variable = std::str::from_utf8(variable).map_err(|_| PlanError::VariableName)?;
        let value = rest
            .first()
            .map(|_| tail(text, variable.len().saturating_add(1)));
        Ok(Self {
            variable: variable.to_owned(),
            text: value,
        })
    }
}

/// Returns what is behind the first `skip` bytes, which are UTF-8.
#[cfg(unix)]
fn tail(text: &OsStr, skip: usize) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(text.as_bytes().get(skip..).unwrap_or_default()).to_owned()
}

#[cfg(not(unix))]
fn tail(text: &OsStr, skip: usize) -> OsString {
    text.to_string_lossy()
        .get(skip..)
        .unwrap_or_default()
        .into()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn everything_behind_the_first_equals_sign_is_the_value() {
        for (text, variable, value) in [
            (&b"A"[..], "A", None),
            (b"A=", "A", Some(&b""[..])),
            (b"A=b=c", "A", Some(b"b=c")),
            (b"A=\xff\n", "A", Some(b"\xff\n")),
            (b"=x", "", Some(b"x")),
            (b"", "", None),
        ] {
            let read = Assignment::read(OsStr::from_bytes(text)).expect("text");
            assert_eq!(read.variable, variable);
            assert_eq!(read.text.as_deref().map(OsStrExt::as_bytes), value);
        }
        assert_eq!(
            Assignment::read(OsStr::from_bytes(b"\xff=x")),
            Err(PlanError::VariableName)
        );
    }
}
