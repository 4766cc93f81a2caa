//! The clock, injected so that tests can set it.

use jiff::Timestamp;

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// A time that does not move.
    Fixed(Timestamp),
}

impl Clock {
    /// Returns the time, cut to whole seconds: what files and answers hold.
    #[must_use]
    pub fn now(self) -> Timestamp {
        let now = match self {
            Self::System => Timestamp::now(),
            Self::Fixed(time) => time,
        };
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }
}
