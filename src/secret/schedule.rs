//! When a secret is to be rotated, and how it stands today.
//!
//! A length of time is a calendar span (`90d`, `1y`): it is added in the user's zone, so that a day is a
//! civil day even where the clocks change, and 31 January plus a month is the end of February. An
//! expiry is a civil date that is good through its last second.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Unit};
use serde::{Deserialize, Serialize};

/// How long before its date a secret counts as due soon.
const SOON_DAYS: i64 = 7;

/// A positive length of calendar time, such as how often a secret is rotated.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Length(Span);

/// A text was no length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a length of time is like 12h, 90d, 2w, 1y or ISO 8601 like P90D, more than nothing and at most 100 years"
)]
pub struct LengthError;

/// A text was no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a date is like 2027-01-31")]
pub struct DateError;

/// What is done when a secret is to be given out whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenOverdue {
    /// It is given out, and that is said.
    Warn,
    /// It is not given out.
    Refuse,
}

impl FromStr for WhenOverdue {
    type Err = WhenOverdueError;

    fn from_str(text: &str) -> Result<Self, WhenOverdueError> {
        match text {
            "warn" => Ok(Self::Warn),
            "refuse" => Ok(Self::Refuse),
            _ => Err(WhenOverdueError),
        }
    }
}

/// A text was neither `warn` nor `refuse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is warn or refuse")]
pub struct WhenOverdueError;

/// How a secret stands with its schedule, the most urgent first.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its expiry date is over.
    Expired,
    /// It was to be rotated by now.
    Overdue,
    /// It is to be rotated, or expires, within a week.
    DueSoon,
    /// It has a schedule and time left.
    Ok,
    /// It has no schedule.
    None,
}

impl State {
    /// Returns the word used in listings and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Overdue => "overdue",
            Self::DueSoon => "due-soon",
            Self::Ok => "ok",
            Self::None => "none",
        }
    }
}

impl Length {
    /// Returns the moment this length after `start`, reckoned in `zone`.
    ///
    /// # Errors
    /// `None` past the end of the calendar.
    #[must_use]
    pub fn after(&self, start: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        start
            .to_zoned(zone.clone())
            .checked_add(self.0)
            .ok()
            .map(|z| z.timestamp())
    }

    /// Returns the moment this length before `end`, reckoned in `zone`; `None` before the beginning of the
    /// calendar.
    #[must_use]
    pub fn before(&self, end: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        end.to_zoned(zone.clone())
            .checked_sub(self.0)
            .ok()
            .map(|z| z.timestamp())
    }
}

impl FromStr for Length {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, LengthError> {
        let span = if text.starts_with('P') {
            text.parse::<Span>().map_err(|_| LengthError)?
        } else {
            short(text).ok_or(LengthError)?
        };
        let too_long = 100.years();
        let anchor = Date::constant(2000, 1, 1);
        let hours = span.total((Unit::Hour, anchor)).map_err(|_| LengthError)?;
        let most = too_long
            .total((Unit::Hour, anchor))
            .map_err(|_| LengthError)?;
        if hours > 0.0 && hours <= most {
            Ok(Self(span))
        } else {
            Err(LengthError)
        }
    }
}

/// Reads a whole number and one unit of `h d w y`.
fn short(text: &str) -> Option<Span> {
    let digits = text.len().checked_sub(1)?;
    let (number, unit) = text.split_at_checked(digits)?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = number.parse().ok()?;
    let span = Span::new();
    match unit {
        "h" => span.try_hours(number),
        "d" => span.try_days(number),
        "w" => span.try_weeks(number),
        "y" => span.try_years(number),
        _ => return None,
    }
    .ok()
}

impl TryFrom<String> for Length {
    type Error = LengthError;

    fn try_from(text: String) -> Result<Self, LengthError> {
        text.parse()
    }
}

impl From<Length> for String {
    fn from(length: Length) -> Self {
        length.to_string()
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl PartialEq for Length {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

/// Reads a civil date.
///
/// # Errors
/// Anything but `YYYY-MM-DD` of a day that exists.
pub fn parse_date(text: &str) -> Result<Date, DateError> {
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if !plain {
        return Err(DateError);
    }
    text.parse().map_err(|_| DateError)
}

/// Returns the first moment after the civil day `date` in `zone`.
#[must_use]
pub fn end_of(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let next = date.tomorrow().ok()?;
    next.to_zoned(zone.clone()).ok().map(|z| z.timestamp())
}

/// Judges a schedule at the moment `now`: rotation `due` at a moment, expiry at the end of a day.
pub fn judge(
    due: Option<Timestamp>,
    expires: Option<Date>,
    now: Timestamp,
    zone: &TimeZone,
) -> State {
    let over = expires.and_then(|date| end_of(date, zone));
    if over.is_some_and(|over| now >= over) {
        return State::Expired;
    }
    if due.is_some_and(|due| now >= due) {
        return State::Overdue;
    }
    let Some(first) = [over, due].into_iter().flatten().min() else {
        return State::None;
    };
    let soon = now.to_zoned(zone.clone()).checked_add(SOON_DAYS.days());
    match soon {
        Ok(soon) if first <= soon.timestamp() => State::DueSoon,
        _ => State::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect(text)
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect(name)
    }

    #[test]
    fn lengths_are_read_and_kept_as_they_were_meant() {
        for (text, kept) in [
            ("90d", "P90D"),
            ("12h", "PT12H"),
            ("2w", "P2W"),
            ("1y", "P1Y"),
            ("P1M10D", "P1M10D"),
        ] {
            let length: Length = text.parse().expect(text);
            assert_eq!(length.to_string(), kept);
            assert_eq!(kept.parse::<Length>().expect(kept), length);
        }
        for text in [
            "",
            "0d",
            "-1d",
            "90",
            "d",
            "1.5d",
            "1 d",
            "90D",
            "P0D",
            "-P1D",
            "101y",
            "9999999999y",
            "é",
        ] {
            assert_eq!(text.parse::<Length>(), Err(LengthError), "{text}");
        }
    }

    #[test]
    fn a_length_follows_the_calendar_of_the_zone() {
        let berlin = zone("Europe/Berlin");
        let day: Length = "1d".parse().expect("a day");
        // The night the clocks go forward has 23 hours.
        let after = day
            .after(at("2027-03-27T12:00:00Z"), &berlin)
            .expect("a moment");
        assert_eq!(after, at("2027-03-28T11:00:00Z"));
        let year: Length = "1y".parse().expect("a year");
        let after = year
            .after(at("2028-02-29T00:00:00Z"), &TimeZone::UTC)
            .expect("a moment");
        assert_eq!(after, at("2029-02-28T00:00:00Z"));
        let month: Length = "P1M".parse().expect("a month");
        let after = month
            .after(at("2027-01-31T00:00:00Z"), &TimeZone::UTC)
            .expect("a moment");
        assert_eq!(after, at("2027-02-28T00:00:00Z"));
    }

    #[test]
    fn an_expiry_is_good_through_its_last_second() {
        let expires = Some(parse_date("2027-01-31").expect("a date"));
        let berlin = zone("Europe/Berlin");
        let judged = |now| judge(None, expires, at(now), &berlin);
        assert_eq!(judged("2027-01-31T22:59:59Z"), State::DueSoon);
        assert_eq!(judged("2027-01-31T23:00:00Z"), State::Expired);
        assert_eq!(judged("2027-01-24T22:59:59Z"), State::Ok);
        assert_eq!(judged("2027-01-24T23:00:00Z"), State::DueSoon);
    }

    #[test]
    fn the_most_urgent_state_wins() {
        let utc = TimeZone::UTC;
        let expires = Some(parse_date("2027-02-01").expect("a date"));
        let due = Some(at("2027-01-10T00:00:00Z"));
        let judged = |now| judge(due, expires, at(now), &utc);
        assert_eq!(judged("2027-01-01T00:00:00Z"), State::Ok);
        assert_eq!(judged("2027-01-03T00:00:00Z"), State::DueSoon);
        assert_eq!(judged("2027-01-09T23:59:59Z"), State::DueSoon);
        assert_eq!(judged("2027-01-10T00:00:00Z"), State::Overdue);
        assert_eq!(judged("2027-02-02T00:00:00Z"), State::Expired);
        assert_eq!(
            judge(None, None, at("2027-01-01T00:00:00Z"), &utc),
            State::None
        );
    }

    #[test]
    fn dates_are_read_strictly() {
        for text in [
            "",
            "2027-1-1",
            "2027-02-29",
            "20270131",
            "2027-01-31T00:00:00",
            "tomorrow",
        ] {
            assert_eq!(parse_date(text), Err(DateError), "{text}");
        }
    }
}
