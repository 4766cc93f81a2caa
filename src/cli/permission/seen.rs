//! The contents of programs that are bound by their path, so that an upgraded interpreter is read once, not at each
//! start.
//!
//! Only what the log is told comes from here, never a decision: the file has no seal.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use crate::catalog::Home;
use crate::catalog::document::{parse, to_json};
use crate::paths::{self, FileStamp};
use crate::policy::{Content, File, Text};

const FORMAT: u32 = 1;

/// The most contents that are kept.
const MOST: usize = 64;

/// What was met before. Read from the disk when it is first asked.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    home: &'a Home,
    document: RefCell<Option<Document>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    seen: Vec<File>,
}

impl<'a> Seen<'a> {
    pub(super) fn of(home: &'a Home) -> Self {
        Self {
            home,
            document: RefCell::new(None),
        }
    }

    /// Finds the content of the file at `path`, if it was met with that stamp.
    pub(super) fn content(&self, path: &Text, stamp: &FileStamp) -> Option<Content> {
        let mut document = self.document.borrow_mut();
        let document = document.get_or_insert_with(|| self.load());
        let mut found = document.seen.iter().filter(|file| file.path == *path);
        found
            .find(|file| file.content.stamp == *stamp)
            .map(|file| file.content.clone())
    }

    /// Keeps a content, if this run had to read it. That it could not be kept is no failure: it is read again.
    pub(super) fn remember(&self, path: &Text, content: &Content) {
        let Some(mut document) = self.document.borrow().clone() else {
            return;
        };
        if document
            .seen
            .iter()
            .any(|f| f.path == *path && f.content == *content)
        {
            return;
        }
        document.seen.retain(|file| file.path != *path);
        let excess = document.seen.len().saturating_sub(MOST.saturating_sub(1));
        document.seen.drain(..excess);
        document.seen.push(File {
            path: path.clone(),
            content: content.clone(),
        });
        let _ = paths::write_file(&self.home.paths.seen_file(), &to_json(&document));
    }

    fn load(&self) -> Document {
        let path = self.home.paths.seen_file();
        let bytes = paths::read_file(&path, paths::MAX_FILE_BYTES)
            .ok()
            .flatten();
        let read = bytes.and_then(|bytes| parse(&path.display().to_string(), &bytes, FORMAT).ok());
        read.unwrap_or(Document {
            format: FORMAT,
            seen: Vec::new(),
        })
    }
}
