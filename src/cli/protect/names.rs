//! What the secrets that are found are called: the same value once, however many files it stands in.

use super::super::failure::Failure;
use super::super::init;
use super::super::stores::OpenStores;
use crate::catalog::change::Stores as _;
use crate::catalog::{Catalog, Home, Record};
use crate::clients::Literal;
use crate::clients::protect::suggest;
use crate::secret::{SecretName, SecretValue};
use zeroize::Zeroizing;

/// A secret that references are made to.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) value: SecretValue,
    text: Literal,
    pub(super) record: Record,
    /// Whether it is still to be stored.
    pub(super) is_new: bool,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Names<'a> {
    home: &'a Home,
    catalog: &'a Catalog,
    chosen: Vec<std::rc::Rc<Chosen>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(home: &'a Home, catalog: &'a Catalog) -> Self {
        Self {
            home,
            catalog,
            chosen: Vec::new(),
        }
    }

    /// Returns the catalog with all that was chosen in it.
    pub(super) fn catalog(&self) -> Catalog {
        let new = self.chosen.iter().filter(|chosen| chosen.is_new);
        self.catalog.with(new.map(|chosen| chosen.record.clone()))
    }

    /// Finds the secret for a value, or makes a new one up. One that is there already under the name that suggests itself is
    /// taken where it has that very value, which `stores` tells; without, a new one is made up.
    ///
    /// # Errors
    /// A store's error.
    pub(super) fn choose(
        &mut self,
        server: &str,
        what: &str,
        text: &Literal,
        now: jiff::Timestamp,
        stores: Option<&mut OpenStores>,
    ) -> Result<std::rc::Rc<Chosen>, Failure> {
        let same = self.chosen.iter().find(|chosen| chosen.text == *text);
        if let Some(same) = same {
            return Ok(std::rc::Rc::clone(same));
        }
        let value = SecretValue::new(Zeroizing::new(text.text().as_bytes().to_vec()));
        let first = suggest(server, what, &|_| false);
        let there = self.catalog.find_in_any_case(&first);
        if let (Some(record), Some(stores)) = (there, stores)
            && self.is_value_of(record, &value, stores)?
        {
            return Ok(self.keep(value, text, record.clone(), false));
        }
        let taken = |name: &SecretName| {
            let is_it = |chosen: &std::rc::Rc<Chosen>| chosen.record.name.folded() == name.folded();
            self.catalog.find_in_any_case(name).is_some() || self.chosen.iter().any(is_it)
        };
        let name = suggest(server, what, &taken);
        let id = init::new_id().map(String::from)?;
        let record = Record::first(id, name, self.home.record.store, now);
        Ok(self.keep(value, text, record, true))
    }

    fn is_value_of(
        &self,
        record: &Record,
        value: &SecretValue,
        stores: &mut OpenStores,
    ) -> Result<bool, Failure> {
        let item = self.catalog.item(record, record.current);
        let read = stores.store(record.store)?.read(&[item])?;
        Ok(read.first().is_some_and(|known| known.same_as(value)))
    }

    fn keep(
        &mut self,
        value: SecretValue,
        text: &Literal,
        record: Record,
        is_new: bool,
    ) -> std::rc::Rc<Chosen> {
        let chosen = std::rc::Rc::new(Chosen {
            value,
            text: text.clone(),
            record,
            is_new,
        });
        self.chosen.push(std::rc::Rc::clone(&chosen));
        chosen
    }
}
