//! From when on entries are shown.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::secret::{Length, parse_date};

/// A moment, as it is typed.
#[derive(Clone, Debug)]
pub(super) enum Since {
    /// So long ago.
    Back(Length),
    /// The beginning of a civil day.
    Day(Date),
    /// This one.
    Moment(Timestamp),
}

/// A text was no moment.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a time is like 7d or 12h back, 2027-01-31, or 2027-01-31T08:00:00Z")]
pub(super) struct SinceError;

impl FromStr for Since {
    type Err = SinceError;

    fn from_str(text: &str) -> Result<Self, SinceError> {
        if let Ok(length) = text.parse() {
            return Ok(Self::Back(length));
        }
        if let Ok(day) = parse_date(text) {
            return Ok(Self::Day(day));
        }
        text.parse().map(Self::Moment).map_err(|_| SinceError)
    }
}

impl Since {
    /// Returns the moment that is meant at `now` in `zone`; `None` before the beginning of the calendar.
    pub(super) fn moment(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Back(length) => length.before(now, zone),
            Self::Day(day) => day.to_zoned(zone.clone()).ok().map(|z| z.timestamp()),
            Self::Moment(moment) => Some(*moment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_length_back_a_day_or_a_time() {
        let now: Timestamp = "2027-03-29T10:00:00Z".parse().expect("a time");
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        for (text, moment) in [
            ("12h", "2027-03-28T22:00:00Z"),
            // The day before has 23 hours there.
            ("2d", "2027-03-27T11:00:00Z"),
            ("2027-03-29", "2027-03-28T22:00:00Z"),
            ("2027-03-01T08:00:00Z", "2027-03-01T08:00:00Z"),
            ("2027-03-01T08:00:00+02:00", "2027-03-01T06:00:00Z"),
        ] {
            let since: Since = text.parse().expect(text);
            let found = since.moment(now, &berlin).expect("a moment");
            assert_eq!(found.to_string(), moment, "{text}");
        }
        for text in [
            "",
            "yesterday",
            "7",
            "-7d",
            "2027-02-30",
            "2027-03-01T08:00:00",
        ] {
            assert!(text.parse::<Since>().is_err(), "{text}");
        }
    }
}
