//! The document of a backup: written into and read from wiped memory, and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{Backup, BackupError, Held, MAX_DOCUMENT_BYTES};
use crate::catalog::document::parse;
use crate::catalog::{CatalogError, Record};
use crate::secret::{MAX_VALUE_BYTES, SecretValue};
use crate::store::{HomeId, Version};

/// The format written here. A higher number is refused.
const FORMAT: u32 = 1;

/// The longest id of a secret.
const MAX_ID_BYTES: usize = 64;

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    made: Timestamp,
    home: &'a HomeId,
    secrets: Vec<WrittenSecret<'a>>,
    config: Option<Base64<'a>>,
    grants: Option<&'a serde_json::Value>,
}

#[derive(Serialize)]
struct WrittenSecret<'a> {
    record: &'a Record,
    values: Values<'a>,
}

struct Values<'a>(&'a [(Version, SecretValue)]);

struct Base64<'a>(&'a [u8]);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read<'a> {
    #[serde(rename = "format")]
    _format: u32,
    made: Timestamp,
    home: HomeId,
    // Borrowed, so that no copy of a value is made that is not wiped.
    #[serde(borrow)]
    secrets: Vec<ReadSecret<'a>>,
    config: Option<&'a str>,
    grants: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadSecret<'a> {
    record: Record,
    #[serde(borrow)]
    values: BTreeMap<Version, &'a str>,
}

/// Writes the document of a backup.
///
/// # Errors
/// [`BackupError::TooLarge`].
pub(super) fn write(backup: &Backup) -> Result<SecretValue, BackupError> {
    write_within(backup, MAX_DOCUMENT_BYTES)
}

fn write_within(backup: &Backup, most: usize) -> Result<SecretValue, BackupError> {
    let secrets = backup.secrets.iter().map(|held| WrittenSecret {
        record: &held.record,
        values: Values(&held.values),
    });
    let document = Written {
        format: FORMAT,
        made: backup.made,
        home: &backup.home,
        secrets: secrets.collect(),
        config: backup.config.as_deref().map(Base64),
        grants: backup.grants.as_ref(),
    };
    // Twice: to know its length, and into a buffer of that length, which never moves.
    let mut length = Length { is: 0, most };
    serde_json::to_writer(&mut length, &document).map_err(|_| BackupError::TooLarge)?;
    let mut buffer = Zeroizing::new(vec![0_u8; length.is]);
    let mut room = buffer.as_mut_slice();
    serde_json::to_writer(&mut room, &document).map_err(|_| BackupError::NotKept)?;
    if !room.is_empty() {
        return Err(BackupError::NotKept);
    }
    Ok(SecretValue::new(buffer))
}

/// Reads a document and finds contradictions in it.
///
/// # Errors
/// [`BackupError::Damaged`], [`BackupError::Newer`].
#[expect(clippy::disallowed_methods, reason = "each value is wrapped at once")]
pub(super) fn read(document: &SecretValue) -> Result<Backup, BackupError> {
    let read = parse("the backup", document.expose(), FORMAT);
    let read: Read<'_> = read.map_err(|error| {
        if let CatalogError::Newer { format, .. } = error {
            BackupError::Newer(format)
        } else {
            BackupError::Damaged("what it holds is not what a backup holds")
        }
    })?;
    let (mut ids, mut last) = (BTreeSet::new(), None);
    let mut secrets = Vec::with_capacity(read.secrets.len());
    for secret in read.secrets {
        let record = &secret.record;
        let id_fits = (1..=MAX_ID_BYTES).contains(&record.id.len())
            && record.id.bytes().all(|b| b.is_ascii_alphanumeric());
        if !id_fits || !ids.insert(record.id.clone()) {
            return Err(BackupError::Damaged("the id of a secret is wrong"));
        }
        let name = Some(record.name.folded());
        if last >= name {
            return Err(BackupError::Damaged(
                "two secrets have the same name, or their order is wrong",
            ));
        }
        last = name;
        let versions_fit = record.is_consistent()
            && record.versions.iter().all(|v| v.version >= Version::FIRST)
            && record.live().eq(secret.values.keys().copied());
        if !versions_fit {
            return Err(BackupError::Damaged(
                "a secret's versions are not those with a value",
            ));
        }
        let values = secret.values.iter();
        let values = values.map(|(version, text)| Ok((*version, decoded(text)?)));
        secrets.push(Held {
            values: values.collect::<Result<_, BackupError>>()?,
            record: secret.record,
        });
    }
    let config = read.config.map(|text| STANDARD.decode(text)).transpose();
    Ok(Backup {
        made: read.made,
        home: read.home,
        secrets,
        config: config.map_err(|_| NO_BASE64)?,
        grants: read.grants,
    })
}

const NO_BASE64: BackupError = BackupError::Damaged("a value is no base64");

fn decoded(text: &str) -> Result<SecretValue, BackupError> {
    // Never too small, and not moved.
    let mut bytes = Zeroizing::new(vec![0_u8; base64::decoded_len_estimate(text.len())]);
    let length = STANDARD
        .decode_slice(text, bytes.as_mut_slice())
        .map_err(|_| NO_BASE64)?;
    if length > MAX_VALUE_BYTES {
        return Err(BackupError::Damaged("a value is longer than any can be"));
    }
    bytes.truncate(length);
    Ok(SecretValue::new(bytes))
}

impl Serialize for Values<'_> {
    #[expect(
        clippy::disallowed_methods,
        reason = "into the document, which is sealed"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (version, value) in self.0 {
            map.serialize_entry(version, &Base64(value.expose()))?;
        }
        map.end()
    }
}

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wrong = |_| serde::ser::Error::custom("too long");
        let length = base64::encoded_len(self.0.len(), true);
        let length = length.ok_or_else(|| serde::ser::Error::custom("too long"))?;
        let mut text = Zeroizing::new(vec![0_u8; length]);
        let written = STANDARD.encode_slice(self.0, text.as_mut_slice());
        let written = text.get(..written.map_err(wrong)?).unwrap_or_default();
        serializer.serialize_str(std::str::from_utf8(written).unwrap_or_default())
    }
}

/// Counts what is written, up to the most that may be.
struct Length {
    is: usize,
    most: usize,
}

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is = self.is.saturating_add(bytes.len());
        if self.is > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
