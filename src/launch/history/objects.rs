//! Objects of a repository, asked of git by their ids (git-cat-file(1), "Batch output").
//!
//! A path is followed here, folder by folder, rather than put into a question: a path may hold any byte, and a question
//! is a line. An object that cannot be read is told from one that is not there, and ends nothing: git ends itself over
//! some, and is started again.

use std::time::Instant;

use zeroize::Zeroizing;

use super::git::Git;
use super::process::Fault;
use super::talk::Talk;

/// The largest list of a folder that is read.
const FOLDER_BYTES: usize = 32 << 20;

/// How often git is started again before the repository counts as unreadable.
const MOST_STARTS: usize = 100;

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content {
    /// Its bytes.
    Bytes(Zeroizing<Vec<u8>>),
    /// It is longer than what is looked at.
    TooLarge,
    /// It is damaged, or was not fetched.
    Unreadable,
}

/// What stands at a path in a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// A file, with the id of what it holds.
    File(String),
    /// No file.
    Nothing,
    /// A folder on the way is damaged, or was not fetched.
    Unreadable,
}

/// The objects of one repository.
#[derive(Debug)]
pub(super) struct Objects<'a> {
    git: &'a Git<'a>,
    until: Instant,
    reader: Option<Talk>,
    /// Tells the size of an object before it is read: git reads most objects whole, whatever their size.
    checker: Option<Talk>,
    starts: usize,
}

/// What is known of an object before it is read.
struct Header {
    id: String,
    kind: String,
    size: usize,
}

impl<'a> Objects<'a> {
    /// Opens the objects of the repository that git finds, until then.
    pub(super) fn new(git: &'a Git<'a>, until: Instant) -> Self {
        Self {
            git,
            until,
            reader: None,
            checker: None,
            starts: 0,
        }
    }

    /// Returns until when they can be asked for.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Finds the file at `path`, from the top of the repository, in a commit.
    ///
    /// # Errors
    /// See [`Fault`].
    pub(super) fn find(&mut self, commit: &str, path: &[u8]) -> Result<At, Fault> {
        let mut folder = format!("{commit}^{{tree}}");
        let mut parts = path.split(|b| *b == b'/').peekable();
        while let Some(part) = parts.next() {
            let Some((id, list)) = self.read(&folder, "tree", FOLDER_BYTES)? else {
                return Ok(At::Unreadable);
            };
            // An id is as long in a list as half its digits (gitformat-pack(5) calls it the hash's own length).
            let Some((mode, id)) = entry(&list, part, id.len() / 2) else {
                return Ok(At::Nothing);
            };
            match (parts.peek(), mode) {
                (Some(_), FOLDER) => folder = id,
                (None, mode) if mode.starts_with(FILE) => return Ok(At::File(id)),
                (Some(_) | None, _) => return Ok(At::Nothing),
            }
        }
        Ok(At::Nothing)
    }

    /// Reads what a file holds, `limit` bytes at most.
    ///
    /// # Errors
    /// See [`Fault`].
    pub(super) fn content(&mut self, id: &str, limit: usize) -> Result<Content, Fault> {
        match self.header(id, Kind::Checker)? {
            Some(header) if header.kind == "blob" && header.size > limit => {
                return Ok(Content::TooLarge);
            }
            Some(header) if header.kind == "blob" => {}
            Some(_) | None => return Ok(Content::Unreadable),
        }
        let read = self.read(id, "blob", limit)?;
        Ok(read.map_or(Content::Unreadable, |(_, bytes)| Content::Bytes(bytes)))
    }

    /// Reads an object of a kind, and returns its id and its bytes; `None` where that cannot be done.
    fn read(
        &mut self,
        name: &str,
        kind: &str,
        limit: usize,
    ) -> Result<Option<(String, Zeroizing<Vec<u8>>)>, Fault> {
        let Some(header) = self.header(name, Kind::Reader)? else {
            return Ok(None);
        };
        if header.kind != kind || header.size > limit {
            // What follows is not read, so nothing more can be asked.
            self.reader = None;
            return Ok(None);
        }
        let deadline = self.git.deadline(self.until);
        let reader = self.reader.as_mut().ok_or(Fault::Failed)?;
        match reader.read(header.size, &deadline) {
            Ok(bytes) => Ok(Some((header.id, bytes))),
            Err(Fault::Failed) => {
                self.reader = None;
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Asks for an object; `None` where there is none that can be read.
    fn header(&mut self, name: &str, kind: Kind) -> Result<Option<Header>, Fault> {
        let (talk, option) = match kind {
            Kind::Reader => (&mut self.reader, "--batch"),
            Kind::Checker => (&mut self.checker, "--batch-check"),
        };
        let talking = match talk {
            Some(talking) => talking,
            None => {
                self.starts = self.starts.saturating_add(1);
                if self.starts > MOST_STARTS {
                    return Err(Fault::Failed);
                }
                talk.insert(self.git.talk(&["cat-file", option])?)
            }
        };
        match talking.ask(name, &self.git.deadline(self.until)) {
            Ok(line) => Ok(header(&line)),
            Err(Fault::Failed) => {
                *talk = None;
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }
}

/// Which of the two is asked.
#[derive(Clone, Copy)]
enum Kind {
    Reader,
    Checker,
}

/// The mode of a folder in a list.
const FOLDER: &str = "40000";

/// How the modes of files begin, as opposed to those of links and submodules.
pub(super) const FILE: &str = "100";

/// Reads `ID KIND SIZE`. Everything else means that there is no such object.
fn header(line: &str) -> Option<Header> {
    let mut words = line.split(' ');
    let (id, kind, size) = (words.next()?, words.next()?, words.next()?);
    let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id || words.next().is_some() {
        return None;
    }
    Some(Header {
        id: id.to_owned(),
        kind: kind.to_owned(),
        size: size.parse().ok()?,
    })
}

/// Finds a name in the list of a folder, `MODE NAME NUL ID` one after the other, and returns its mode and id.
fn entry<'a>(mut list: &'a [u8], wanted: &[u8], id_bytes: usize) -> Option<(&'a str, String)> {
    while !list.is_empty() {
        let mode_ends = list.iter().position(|b| *b == b' ')?;
        let (mode, rest) = list.split_at_checked(mode_ends)?;
        let rest = rest.get(1..)?;
        let name_ends = rest.iter().position(|b| *b == 0)?;
        let (name, rest) = rest.split_at_checked(name_ends)?;
        let (id, rest) = rest.get(1..)?.split_at_checked(id_bytes)?;
        if name == wanted {
            let mode = std::str::from_utf8(mode).ok()?;
            return Some((mode, hex(id)));
        }
        list = rest;
    }
    None
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_list_is_found_by_its_bytes_alone() {
        let mut list = Vec::new();
        for (mode, name, id) in [
            ("100644", b"a b".as_slice(), 1_u8),
            ("40000", b"a", 2),
            ("100644", b"\xff\n*", 3),
            ("120000", b"100644 x", 4),
        ] {
            list.extend_from_slice(mode.as_bytes());
            list.push(b' ');
            list.extend_from_slice(name);
            list.push(0);
            list.extend_from_slice(&[id; 20]);
        }
        let found = |name: &[u8]| entry(&list, name, 20);
        let id = |byte: u8| hex(&[byte; 20]);
        assert_eq!(found(b"a b"), Some(("100644", id(1))));
        assert_eq!(found(b"a"), Some(("40000", id(2))));
        assert_eq!(found(b"\xff\n*"), Some(("100644", id(3))));
        assert_eq!(found(b"100644 x"), Some(("120000", id(4))));
        for none in [b"b".as_slice(), b"", b"a ", b"x", b"*"] {
            assert_eq!(found(none), None);
        }
        for end in 0..list.len() {
            // A list that is cut gives what is whole, and nothing else.
            let cut = entry(list.get(..end).unwrap_or_default(), b"100644 x", 20);
            assert_eq!(cut, None, "{end}");
        }
    }

    #[test]
    fn only_a_whole_answer_is_an_object() {
        let id = hex(&[10; 20]);
        assert_eq!(id.len(), 40);
        let object = header(&format!("{id} blob 12")).map(|header| (header.kind, header.size));
        assert_eq!(object, Some(("blob".to_owned(), 12)));
        for line in [
            format!("{id} missing"),
            format!("{id} blob 12 x"),
            format!("{id} blob -1"),
            "HEAD ambiguous".to_owned(),
            "HEAD blob 1".to_owned(),
            String::new(),
        ] {
            assert!(header(&line).is_none(), "{line}");
        }
    }
}
