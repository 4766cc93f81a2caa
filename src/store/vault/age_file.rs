//! Age files, opened whole or not at all, and sealed.
//!
//! The format is age v1 (C2SP `age`, <https://c2sp.org/age>): binary when written, binary or armored when
//! read. The only place that knows the `age` crate. Its error texts never leave here: they are
//! translated, and hold invisible marks.
//!
//! Limit: while it seals, the `age` crate keeps up to 64 KiB of the plaintext in a buffer that it does not
//! wipe. What is opened goes through wiped buffers only.

use std::borrow::Cow;
use std::fmt;
use std::io::{Read, Write};
use std::iter;

use age::armor::ArmoredReader;
use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};
use zeroize::Zeroizing;

use crate::secret::SecretValue;

/// The work factor of a passphrase: scrypt with N = 2^18 and 256 MiB of memory, about a second. What the `age`
/// program uses.
///
/// Also the most that is accepted when reading: each step more doubles time and memory, so a header that asks
/// for 30 would take the machine's memory before it could be found out to be a fake.
pub const WORK_FACTOR: u8 = 18;

const ARMOR_START: &[u8] = b"-----BEGIN AGE";

/// The private half of an X25519 key pair. Wiped when dropped.
#[derive(Clone)]
pub struct Identity(x25519::Identity);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(hidden)")
    }
}

/// What is wrong with an identity file. Holds none of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotIdentities;

impl Identity {
    /// Makes a new random identity.
    #[must_use]
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// Returns the recipient files are sealed to (`age1...`).
    #[must_use]
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// Reads an identity file as `age-keygen` writes it: one identity per line, empty lines and lines that
    /// begin with `#` left out. There is at least one in the answer.
    ///
    /// # Errors
    /// [`NotIdentities`] for text that is anything else, identities of other kinds included.
    pub fn read_all(text: &[u8]) -> Result<Vec<Self>, NotIdentities> {
        let text = std::str::from_utf8(text).map_err(|_| NotIdentities)?;
        let found = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| line.parse().map(Self).map_err(|_| NotIdentities))
            .collect::<Result<Vec<_>, _>>()?;
        if found.is_empty() {
            return Err(NotIdentities);
        }
        Ok(found)
    }

    /// Returns the identity as the text of an identity file: the lines of `age-keygen`.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the copy is wrapped at once")]
    pub fn to_file(&self, created: &str) -> SecretValue {
        let recipient = self.recipient();
        let key = self.0.to_string();
        let key = key.expose_secret();
        // Sized beforehand, so that no smaller copy is left behind unwiped.
        let size = [created.len(), recipient.len(), key.len(), 64];
        let mut text = Vec::with_capacity(size.iter().sum());
        for part in [
            "# created: ",
            created,
            "\n# public key: ",
            &recipient,
            "\n",
            key,
            "\n",
        ] {
            text.extend_from_slice(part.as_bytes());
        }
        SecretValue::new(Zeroizing::new(text))
    }
}

/// What a file is opened with.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'a> {
    /// Any one of these.
    Identities(&'a [Identity]),
    /// The passphrase the file was sealed with.
    Passphrase(&'a SecretValue),
}

/// Why a file was not opened. Which part was found wrong is for tests; to a person it is all one: damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The file is whole, as far as can be told, and is for another key or passphrase.
    NoMatch,
    /// The armor is wrong.
    Armor,
    /// The header is not one of age v1, is cut, or asks for too much work.
    Header,
    /// The header was altered.
    Mac,
    /// The payload was cut, extended or altered.
    Payload,
    /// The plaintext is longer than the limit.
    TooLarge,
}

/// Opens an age file: everything or nothing.
///
/// The last piece has been authenticated before the first byte is given out.
///
/// # Errors
/// See [`OpenError`].
pub fn open(file: &[u8], keys: Keys<'_>, limit: usize) -> Result<SecretValue, OpenError> {
    let file = without_armor(file)?;
    if !has_whole_stanzas(&file) {
        return Err(OpenError::Header);
    }
    let decryptor = Decryptor::new_buffered(file.as_ref()).map_err(|e| header_error(&e))?;
    let reader = match keys {
        Keys::Identities(identities) => {
            decryptor.decrypt(identities.iter().map(|i| &i.0 as &dyn age::Identity))
        }
        Keys::Passphrase(_) if !has_fair_work(&file) => return Err(OpenError::Header),
        Keys::Passphrase(passphrase) => {
            let mut identity = scrypt::Identity::new(text(passphrase).ok_or(OpenError::NoMatch)?);
            identity.set_max_work_factor(WORK_FACTOR);
            decryptor.decrypt(iter::once(&identity as &dyn age::Identity))
        }
    };
    read_whole(reader.map_err(|e| header_error(&e))?, file.len(), limit)
}

/// Returns the binary form of `file`.
fn without_armor(file: &[u8]) -> Result<Cow<'_, [u8]>, OpenError> {
    // The age program allows white space around the armor; the crate only behind it.
    let bare = file.trim_ascii_start();
    if !bare.starts_with(ARMOR_START) {
        return Ok(Cow::Borrowed(file));
    }
    let mut binary = Vec::with_capacity(bare.len());
    ArmoredReader::new(bare)
        .read_to_end(&mut binary)
        .map_err(|_| OpenError::Armor)?;
    Ok(Cow::Owned(binary))
}

/// Tells whether each stanza of the header ends in a line of fewer than 64 characters, as the specification
/// has it. The crate still reads files of before there was one, where that line could be missing.
fn has_whole_stanzas(file: &[u8]) -> bool {
    // The last line seen, where it is one of a stanza.
    let mut last: Option<&[u8]> = None;
    for line in file.split(|b| *b == b'\n') {
        let ends = line.starts_with(b"---");
        if ends || line.starts_with(b"->") {
            let whole = last.is_none_or(|last| !last.starts_with(b"->") && last.len() < 64);
            if ends || !whole {
                return whole;
            }
        }
        last = (last.is_some() || line.starts_with(b"->")).then_some(line);
    }
    // No end: the crate says what is wrong.
    true
}

/// Tells whether the first stanza is a passphrase's and asks for no more work than [`WORK_FACTOR`]. The crate
/// overlooks what follows the digits.
fn has_fair_work(file: &[u8]) -> bool {
    let stanza = file.split(|b| *b == b'\n').nth(1).unwrap_or_default();
    let factor = std::str::from_utf8(stanza)
        .ok()
        .and_then(|line| line.strip_prefix("-> scrypt "))
        .and_then(|arguments| arguments.split_once(' '))
        .map(|(_salt, factor)| factor);
    // One spelling only: no sign, no leading zero.
    factor.is_some_and(|text| (1..=WORK_FACTOR).any(|n| n.to_string() == text))
}

/// Reads all of `reader` into one buffer that never moves and is wiped.
fn read_whole(mut reader: impl Read, file: usize, limit: usize) -> Result<SecretValue, OpenError> {
    // A plaintext is shorter than its file, so one byte of room is always left to see the end.
    let mut buffer = Zeroizing::new(vec![0_u8; file.min(limit.saturating_add(1))]);
    let mut filled = 0_usize;
    loop {
        let room = buffer.get_mut(filled..).unwrap_or_default();
        if room.is_empty() {
            return Err(OpenError::TooLarge);
        }
        match reader.read(room) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(_) => return Err(OpenError::Payload),
        }
    }
    buffer.truncate(filled);
    Ok(SecretValue::new(buffer))
}

fn header_error(error: &DecryptError) -> OpenError {
    // A wrong passphrase is the first, a wrong identity the last of these.
    let no_match = matches!(
        error,
        DecryptError::DecryptionFailed
            | DecryptError::KeyDecryptionFailed
            | DecryptError::NoMatchingKeys
    );
    if no_match {
        OpenError::NoMatch
    } else if matches!(error, DecryptError::InvalidMac) {
        OpenError::Mac
    } else {
        OpenError::Header
    }
}

/// What a file says that it is opened with.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A passphrase.
    Passphrase,
    /// The identity of a recipient.
    Identity,
}

/// Finds out what `file` is opened with, by its header, of which nothing is proven yet.
///
/// # Errors
/// [`OpenError::Armor`], and [`OpenError::Header`] for what has no header of age v1 that is whole.
pub fn opening(file: &[u8]) -> Result<Opening, OpenError> {
    let file = without_armor(file)?;
    let mut lines = file.split_inclusive(|b| *b == b'\n');
    let is_age = lines.next() == Some(b"age-encryption.org/v1\n");
    let first = lines.next().unwrap_or_default();
    let is_stanza = |line: &[u8]| line.starts_with(b"-> ") && line.ends_with(b"\n");
    let mut has_end = || lines.any(|line| line.starts_with(b"--- ") && line.ends_with(b"\n"));
    if !is_age || !is_stanza(first) || !has_end() {
        Err(OpenError::Header)
    } else if first.starts_with(b"-> scrypt ") {
        Ok(Opening::Passphrase)
    } else {
        Ok(Opening::Identity)
    }
}

/// What a file is sealed to.
#[derive(Clone, Copy, Debug)]
pub enum Lid<'a> {
    /// A recipient (`age1...`).
    Recipient(&'a str),
    /// Several, each of whom can open it alone. At least one.
    Recipients(&'a [String]),
    /// A passphrase, with scrypt of [`WORK_FACTOR`].
    Passphrase(&'a SecretValue),
}

/// The lid cannot be used: no X25519 recipient, or a passphrase that is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnusableLid;

/// Seals `value` into a binary age file.
///
/// # Errors
/// See [`UnusableLid`].
#[expect(clippy::disallowed_methods, reason = "written out encrypted")]
pub fn seal(value: &SecretValue, lid: Lid<'_>) -> Result<Vec<u8>, UnusableLid> {
    let encryptor = match lid {
        Lid::Recipient(recipient) => to_recipients(iter::once(recipient))?,
        Lid::Recipients(recipients) => to_recipients(recipients.iter().map(String::as_str))?,
        Lid::Passphrase(passphrase) => {
            let mut recipient = scrypt::Recipient::new(text(passphrase).ok_or(UnusableLid)?);
            recipient.set_work_factor(WORK_FACTOR);
            let recipient = iter::once(&recipient as &dyn age::Recipient);
            Encryptor::with_recipients(recipient).map_err(|_| UnusableLid)?
        }
    };
    let mut file = Vec::with_capacity(value.len().saturating_add(512));
    // Writing into memory has no errors of its own.
    let mut writer = encryptor.wrap_output(&mut file).map_err(|_| UnusableLid)?;
    writer.write_all(value.expose()).map_err(|_| UnusableLid)?;
    writer.finish().map_err(|_| UnusableLid)?;
    Ok(file)
}

fn to_recipients<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Encryptor, UnusableLid> {
    let parsed: Result<Vec<x25519::Recipient>, _> = texts.map(str::parse).collect();
    let recipients = parsed.map_err(|_| UnusableLid)?;
    let all = recipients.iter().map(|one| one as &dyn age::Recipient);
    Encryptor::with_recipients(all).map_err(|_| UnusableLid)
}

/// Tells whether `text` is a recipient in its one spelling.
#[must_use]
pub fn is_recipient(text: &str) -> bool {
    text.parse::<x25519::Recipient>()
        .is_ok_and(|recipient| recipient.to_string() == text)
}

/// A passphrase as the crate wants it, `None` if it is not UTF-8.
#[expect(clippy::disallowed_methods, reason = "the copy is wrapped at once")]
fn text(passphrase: &SecretValue) -> Option<SecretString> {
    let text = std::str::from_utf8(passphrase.expose()).ok()?;
    Some(SecretString::from(text.to_owned()))
}
