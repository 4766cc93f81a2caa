//! What a person should know about a package that a launcher fetches.

use super::Reading;
use crate::policy::Danger;

pub(super) use crate::policy::package::{Spec, is_digest, npm, python};

impl Reading {
    /// Notes what a person should know about the package `word`.
    pub(super) fn package(&mut self, word: &str, spec: Spec) {
        match spec {
            Spec::Exact => {}
            Spec::Loose => self.dangers.push(Danger::Unpinned(word.into())),
            Spec::Foreign => self.dangers.push(Danger::ForeignSource(word.into())),
            Spec::Local => self.looks_here(word),
        }
    }
}
