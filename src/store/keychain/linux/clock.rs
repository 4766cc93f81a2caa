//! How long one call of the store may take.
//!
//! A service that does not answer at all is given up soon, one that answers has the time of a whole
//! call. The time a person is waited for does not count.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::super::{CALL, timed_out};
use crate::store::StoreError;

/// How long the service may take until it is reached.
const REACH: Duration = Duration::from_secs(3);

/// The time one call of the store may take.
#[derive(Debug)]
pub(super) struct Clock {
    begun: Instant,
    until: Cell<Instant>,
    limit: Cell<Duration>,
}

impl Clock {
    /// Starts the time: [`REACH`] until anything answers.
    pub(super) fn start() -> Self {
        let begun = Instant::now();
        Self {
            begun,
            until: Cell::new(later(begun, REACH)),
            limit: Cell::new(REACH),
        }
    }

    /// Notes that the service answered: from now on the whole call has [`CALL`].
    pub(super) fn reached(&self) {
        if self.limit.get() == REACH {
            self.until.set(later(self.begun, CALL));
            self.limit.set(CALL);
        }
    }

    /// Gives back `spent`, the time a person was waited for.
    pub(super) fn forgive(&self, spent: Duration) {
        self.until.set(later(self.until.get(), spent));
    }

    /// Waits for `work`, which is part of reaching the service however quick other answers are.
    pub(super) async fn to_reach<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        timeout_at(later(self.begun, REACH), work)
            .await
            .map_err(|_| timed_out(REACH))?
    }

    /// Waits for `work` until the time is over.
    pub(super) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut work = pin!(work);
        loop {
            // The end may move while we wait: answers to other calls move it.
            let (until, limit) = (self.until.get(), self.limit.get());
            match timeout_at(until, work.as_mut()).await {
                Ok(done) => return done,
                Err(_) if self.until.get() > until => {}
                Err(_) => return Err(timed_out(limit)),
            }
        }
    }
}

fn later(time: Instant, by: Duration) -> Instant {
    time.checked_add(by).unwrap_or(time)
}
