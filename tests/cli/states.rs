//! How a secret stands at a date: `ok`, `due-soon`, `overdue`, `expired`, `none`.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

use super::edit_catalog;
use crate::support::home::Home;

fn days(count: i64) -> Timestamp {
    Timestamp::now() + (24 * count).hours()
}

fn day(count: i64) -> String {
    days(count).to_zoned(TimeZone::UTC).date().to_string()
}

/// Stores one secret and lets it have these dates.
fn dated(home: &Home, rotated: i64, every: Value, expires: Value) -> Value {
    edit_catalog(home, |catalog| {
        let record = &mut catalog["secrets"][0];
        let at = Timestamp::from_second(days(rotated).as_second()).expect("a time");
        record["rotated"] = json!(at);
        record["rotate_every"] = every;
        record["expires"] = expires;
        let record = record.as_object_mut().expect("an object");
        record.retain(|_, value| !value.is_null());
    });
    let listed = home
        .broker(["--json", "list"])
        .env("TZ", "UTC")
        .run()
        .ok()
        .json();
    listed[0].clone()
}

#[test]
fn the_state_follows_from_the_dates() {
    let home = Home::new().secret("a", "canary-a-value");
    let none = Value::Null;
    let cases = [
        (-500, none.clone(), none.clone(), "none"),
        (-10, json!("P90D"), none.clone(), "ok"),
        (-85, json!("P90D"), none.clone(), "due-soon"),
        (-91, json!("P90D"), none.clone(), "overdue"),
        (0, none.clone(), json!(day(30)), "ok"),
        (0, none.clone(), json!(day(3)), "due-soon"),
        (0, none.clone(), json!(day(0)), "due-soon"),
        (0, none.clone(), json!(day(-2)), "expired"),
        (-10, json!("P90D"), json!(day(3)), "due-soon"),
        (-91, json!("P90D"), json!(day(3)), "overdue"),
        (-91, json!("P90D"), json!(day(-2)), "expired"),
    ];
    for (rotated, every, expires, state) in cases {
        let row = dated(&home, rotated, every.clone(), expires.clone());
        assert_eq!(row["state"], state, "{rotated} {every} {expires}");
        assert_eq!(row["rotate_every"], every);
        assert_eq!(row["expires"], expires);
        assert_eq!(row["due"].is_null(), every.is_null());
        let text = home.broker(["list"]).env("TZ", "UTC").run().ok().stdout;
        assert!(
            text.lines().nth(1).expect("a row").contains(state),
            "{text}"
        );
    }
}

#[test]
fn due_is_the_last_rotation_and_its_length_on() {
    let home = Home::new().secret("a", "canary-a-value");
    let row = dated(&home, -10, json!("P90D"), Value::Null);
    let moment = |field: &str| -> Timestamp {
        row[field]
            .as_str()
            .expect("a time")
            .parse()
            .expect("a time")
    };
    assert_eq!(moment("due"), moment("rotated") + (90 * 24).hours());
}
