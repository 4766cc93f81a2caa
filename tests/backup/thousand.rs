//! A thousand secrets there and back: the same values, versions and dates.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use broker::catalog::{Record, VersionRecord};
use broker::store::{ItemId, Store, StoreKind, Version};
use jiff::{SignedDuration, Timestamp};

use super::{Key, Whole, opened, told, tree, unattended, whole};
use crate::support::home::Home;

/// How many secrets there are.
const ALL: usize = 1000;

/// A key, with a backup of a thousand secrets in its folder, and what it was made of.
pub(super) struct Made {
    pub(super) key: Key,
    pub(super) file: Vec<u8>,
    whole: Whole,
}

/// Made once: several tests look at it.
pub(super) static MADE: LazyLock<Made> = LazyLock::new(|| {
    let (home, key) = (unattended(), Key::new());
    fill(&home, ALL);
    let began = Instant::now();
    let _ = key.create(&home, "all.age").ok();
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    Made {
        file: std::fs::read(key.path("all.age")).expect("a backup"),
        whole: whole(&home),
        key,
    }
});

/// Puts secrets into the vault of a home: of one to three versions, with dates and notes, and values of any bytes
/// and of many lengths. Their catalog is written at once, since a thousand commands would take minutes.
pub(super) fn fill(home: &Home, count: usize) {
    let (opened, mut vault) = opened(home);
    let at = |hours: usize| {
        let hours = SignedDuration::from_hours(i64::try_from(hours).expect("small"));
        Timestamp::UNIX_EPOCH + hours + SignedDuration::from_nanos(123_456_789)
    };
    let mut secrets = Vec::new();
    for number in 0..count {
        let name = format!("group{}/s{number:04}", number % 3)
            .parse()
            .expect("a name");
        let id = format!("{number:032x}");
        let mut record = Record::first(id, name, StoreKind::Vault, at(number));
        let versions = 1 + number % 3;
        record.versions = (1..=versions)
            .map(|version| VersionRecord {
                version: Version(u32::try_from(version).expect("small")),
                created: at(number + version),
                kept_until: (version + 1 == versions).then_some(Timestamp::MAX),
                removed: (version + 1 < versions).then(|| at(number + 10)),
            })
            .collect();
        record.current = Version(u32::try_from(versions).expect("small"));
        record.rotated = at(number + versions);
        record.note = (number % 2 == 0).then(|| format!("note \u{1f511} \"{number}\"\n"));
        record.url = (number % 5 == 0).then(|| "https://example.org/?a=b&c".to_owned());
        record.rotate_every = (number % 4 == 0).then(|| "90d".parse().expect("a length"));
        record.expires = (number % 7 == 0).then(|| "2031-02-28".parse().expect("a date"));
        for version in record.live() {
            let item = ItemId::secret(&opened.record.id, &record.name, version);
            let value = crate::contract::value(&bytes(number, version.0));
            vault.write(&item, &value).expect("written");
        }
        secrets.push(record);
    }
    secrets.sort_by(|a, b| a.name.cmp(&b.name));
    let catalog = serde_json::json!({
        "format": 1, "home": opened.record.id, "secrets": secrets,
    });
    let catalog = serde_json::to_vec(&catalog).expect("JSON");
    std::fs::write(opened.paths.catalog_file(), catalog).expect("written");
}

/// The value of a version: some are text, some empty, some of any bytes, one is longer than two pieces of age.
fn bytes(number: usize, version: u32) -> Vec<u8> {
    let text = format!("canary-{number}-{version}-value").into_bytes();
    match number {
        3 => Vec::new(),
        500 => text.repeat(8000),
        n if n % 11 == 0 => (0..n % 300).map(|i| (i * 7 + n) as u8).collect(),
        n if n % 13 == 0 => [text, b"\0\xff\r\n\"\\".to_vec()].concat(),
        _ => text,
    }
}

#[test]
fn a_thousand_secrets_come_back_with_their_values_versions_and_dates() {
    let made = &*MADE;
    let home = unattended();
    assert!(whole(&home).is_empty());
    let began = Instant::now();
    let answer = made.key.restore(&home, "all.age").ok();
    assert_eq!(answer.stdout, "");
    assert!(
        answer.stderr.contains("restored 1000 secret(s)"),
        "{}",
        answer.stderr
    );
    // Seconds, not minutes; the machine has other things to do, too.
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    let restored = whole(&home);
    assert_eq!(restored.len(), ALL);
    for (name, was) in &made.whole {
        assert!(
            restored.get(name) == Some(was),
            "{name}: {:?}",
            restored.get(name).map(|r| &r.0)
        );
    }
    let living: usize = made.whole.values().map(|(_, values)| values.len()).sum();
    assert!(living > 1600, "only {living} values were compared");
    let log = told(&home);
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(
        log.iter()
            .all(|(_, detail, names)| detail == "restored" && names.len() == ALL)
    );
    let _ = home.broker(["doctor"]).run().ok();
    // Once more there is nothing to do.
    let before = tree(&home);
    let again = made.key.restore(&home, "all.age").ok();
    assert_eq!(again.stderr, "broker: there is nothing to restore\n");
    assert!(tree(&home) == before);
}

#[test]
fn a_restore_that_fails_in_the_middle_is_finished_by_another() {
    let made = &*MADE;
    let home = unattended();
    // A folder in the place of one value's file: it cannot be written.
    let secrets = home.path("b/vault/secrets");
    let blocked = "group1/s0472";
    let place = secrets.join("group1+s0472@v2.age");
    std::fs::create_dir(&place).expect("a folder");
    let answer = made.key.restore(&home, "all.age").code(1);
    assert_eq!(answer.error_code(), "file-io");
    assert!(
        answer
            .stderr
            .contains("(400 of 1000 secrets were restored before it"),
        "{}",
        answer.stderr
    );
    std::fs::remove_dir(&place).expect("removed");
    let half = whole_without_pending(&home);
    assert_eq!(half.len(), 400);
    assert!(!half.contains_key(blocked));
    for (name, is) in &half {
        assert!(made.whole.get(name) == Some(is), "{name}");
    }
    let log = told(&home);
    let outcomes: Vec<(&str, usize)> = log
        .iter()
        .map(|(outcome, _, names)| (outcome.as_str(), names.len()))
        .collect();
    assert_eq!(
        outcomes,
        [("intent", 1000), ("failed", 1000), ("done", 400)]
    );
    let answer = made.key.restore(&home, "all.age").ok();
    assert!(
        answer.stderr.contains("restored 600 secret(s)"),
        "{}",
        answer.stderr
    );
    assert!(whole_without_pending(&home) == made.whole);
    let _ = home.broker(["doctor", "--fix"]).run().ok();
    assert!(whole(&home) == made.whole);
    let files = std::fs::read_dir(&secrets).expect("a folder").count();
    let living: usize = made.whole.values().map(|(_, values)| values.len()).sum();
    assert_eq!(files, living + 1, "the values and the seal");
}

/// Reads a home in which something may wait to be cleaned up.
fn whole_without_pending(home: &Home) -> Whole {
    let (opened, mut vault) = opened(home);
    super::all_of(&opened.catalog().expect("a catalog"), &mut vault)
}
