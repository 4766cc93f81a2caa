//! Trying the next version of a secret out: the server's own grant, and this one version in the place of the current.
//!
//! The way of the values is that of any start. What is different is said in [`Purpose`]: nobody is asked, nothing is
//! noted as a request, and the log is not anchored, since the home's lock is taken by who tries.

use super::super::context::Context;
use super::super::failure::Failure;
use super::release::{
    Allowed, Purpose, Released, check_dates, confirmed, event_of, judge, release, wanted,
};
use super::wanted::Wanted;
use super::{Permissions, asking, ensure_thawed, seals};
use crate::catalog::change::Stores;
use crate::catalog::{Catalog, Home};
use crate::launch::{Plan, reading};
use crate::secret::SecretName;
use crate::store::Version;

/// A version that is tried out.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Trial {
    /// The secret.
    pub(in crate::cli) secret: SecretName,
    /// Its next version.
    pub(in crate::cli) version: Version,
}

impl Trial {
    /// Puts the version into the place of the current one.
    pub(super) fn put_into(&self, wanted: &mut [Wanted], catalog: &Catalog) {
        for wanted in wanted.iter_mut().filter(|w| w.name == self.secret) {
            wanted.take_version(self.version, catalog);
        }
    }

    /// Refuses what can be refused before there is such a version: as [`Trial::released`] would, but for what only
    /// reading values shows.
    ///
    /// # Errors
    /// As [`Trial::released`].
    pub(in crate::cli) fn ensure_possible(
        &self,
        plan: &Plan,
        home: &Home,
        stores: &mut dyn Stores,
        context: &Context,
    ) -> Result<(), Failure> {
        let purpose = Purpose::Trial(self);
        let catalog = home.catalog()?;
        let wanted = wanted(plan, purpose, &catalog)?;
        let permissions = Permissions::load(home, &context.output);
        let meaning = reading(plan, &home.paths);
        let (command, judgement) = judge(plan, &meaning, &wanted, &permissions, home)?;
        let possible = || {
            ensure_thawed(home)?;
            let granted = judgement.map_err(|found| asking::not_allowed(&command, &found))?;
            check_dates(plan, purpose, &catalog, context)?;
            let kinds = wanted.iter().map(Wanted::store).collect();
            let seals = seals::read_all(home, stores, &kinds)?;
            if seals.len() < kinds.len() {
                return Err(seals::missing());
            }
            confirmed(&Allowed::Granted(granted), &command, &seals, home).map(drop)
        };
        let event = event_of(purpose, &command, &wanted);
        possible().map_err(|failure| event.withheld(failure, home, context))
    }

    /// Releases the values of the secrets of `plan`, this version among them, and puts the plan into the surroundings that
    /// were allowed. The caller holds the home's lock.
    ///
    /// # Errors
    /// As `released` of a start.
    pub(in crate::cli) fn released(
        &self,
        plan: &mut Plan,
        home: &Home,
        stores: &mut dyn Stores,
        context: &Context,
    ) -> Result<Released, Failure> {
        release(plan, Purpose::Trial(self), home, stores, context)
    }
}
