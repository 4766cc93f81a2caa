//! The dates of the secrets as a calendar (RFC 5545): an event of a whole day for each.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::summary::Summary;

/// The longest line, in bytes, without its end (RFC 5545, 3.1).
const LINE_BYTES: usize = 75;

/// Writes the calendar.
pub(super) fn text(rows: &[Summary<'_>], now: Timestamp, zone: &TimeZone) -> String {
    let mut calendar = Calendar::default();
    calendar.line("BEGIN:VCALENDAR");
    calendar.line("VERSION:2.0");
    calendar.line("PRODID:-//broker//secrets//EN");
    for row in rows {
        if let Some(due) = row.due {
            let date = due.to_zoned(zone.clone()).date();
            calendar.event(row, "rotate", "is to be rotated", date, now);
        }
        if let Some(date) = row.expires {
            calendar.event(row, "expires", "expires", date, now);
        }
    }
    calendar.line("END:VCALENDAR");
    calendar.0
}

#[derive(Default)]
struct Calendar(String);

impl Calendar {
    fn event(&mut self, row: &Summary<'_>, kind: &str, what: &str, date: Date, now: Timestamp) {
        let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        self.line("BEGIN:VEVENT");
        // The same event each time, so that a calendar that reads it again moves it instead of adding another.
        self.line(&format!("UID:{}-{kind}@broker", escaped(row.name.as_str())));
        self.line(&format!("DTSTAMP:{stamp}"));
        self.line(&format!("DTSTART;VALUE=DATE:{}", date.strftime("%Y%m%d")));
        self.line(&format!("SUMMARY:{} {what}", escaped(row.name.as_str())));
        self.line("TRANSP:TRANSPARENT");
        let mut about = Vec::new();
        about.push(format!("broker rotate {}", row.name));
        if !row.servers.is_empty() {
            about.push(format!("used by {}", row.servers.join(", ")));
        }
        about.extend(row.note.map(str::to_owned));
        about.extend(row.url.map(str::to_owned));
        self.line(&format!("DESCRIPTION:{}", escaped(&about.join("\n"))));
        self.line("END:VEVENT");
    }

    /// Adds a line, folded where it is longer than lines may be; never within a character.
    fn line(&mut self, text: &str) {
        let mut room = LINE_BYTES;
        for c in text.chars() {
            if c.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = LINE_BYTES.saturating_sub(1);
            }
            room = room.saturating_sub(c.len_utf8());
            self.0.push(c);
        }
        self.0.push_str("\r\n");
    }
}

/// Writes a text as the value of a property (RFC 5545, 3.3.11). Other control characters cannot stand there.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\\' | ';' | ',' => safe.extend(['\\', c]),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_characters() {
        let mut calendar = Calendar::default();
        calendar.line(&"é".repeat(100));
        let lines: Vec<&str> = calendar.0.split("\r\n").collect();
        assert!(lines.iter().all(|line| line.len() <= LINE_BYTES));
        let whole: String = lines
            .iter()
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        assert_eq!(whole, "é".repeat(100));
    }

    #[test]
    fn what_has_a_meaning_in_a_calendar_is_escaped() {
        assert_eq!(escaped("a;b,c\\d\ne\rf"), "a\\;b\\,c\\\\d\\ne f");
    }
}
