//! What becomes of a secret of a backup, for every way in which two histories can stand to each other.

use zeroize::Zeroizing;

use super::*;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(hour.saturating_mul(3600)).expect("a time")
}

fn value(text: &str) -> SecretValue {
    SecretValue::new(Zeroizing::new(text.as_bytes().to_vec()))
}

/// One version: its number, the hour it was made, whether it is in the store.
type V = (u32, i64, bool);

fn record(id: &str, name: &str, versions: &[V], current: u32) -> Record {
    let name = name.parse().expect("a name");
    let mut record = Record::first(id.to_owned(), name, StoreKind::Vault, at(1));
    record.versions = versions
        .iter()
        .map(|(number, hour, is_live)| VersionRecord {
            version: Version(*number),
            created: at(*hour),
            kept_until: None,
            removed: (!is_live).then(|| at(99)),
        })
        .collect();
    record.current = Version(current);
    record.rotated = version_of(&record, Version(current))
        .expect("there")
        .created;
    record
}

/// What a backup has of it: the value of version N made at hour H is "vN-H".
fn held(record: &Record) -> Held {
    let value = |version: Version| {
        let created = version_of(record, version).expect("there").created;
        let hour = created.as_second() / 3600;
        (version, value(&format!("v{version}-{hour}")))
    };
    Held {
        values: record.live().map(value).collect(),
        record: record.clone(),
    }
}

/// The current value as the home has it.
fn here(record: &Record) -> Here {
    let held = held(record);
    Here::Value(held.current().expect("a value").duplicate())
}

fn fate(there: &Record, home: &Record) -> Fate {
    Step::judge(&held(there), Some(home), Some(&here(home))).fate
}

fn lost(there: &Record, home: &Record) -> Fate {
    Step::judge(&held(there), Some(home), Some(&Here::Lost)).fate
}

const ONE: &[V] = &[(1, 1, true)];
const TWO: &[V] = &[(1, 1, true), (2, 2, true)];
const THREE: &[V] = &[(1, 1, false), (2, 2, true), (3, 3, true)];

#[test]
fn what_is_not_here_is_added_with_all_its_versions_under_its_own_name() {
    let mut there = record("1", "a", THREE, 3);
    there.filed_as = Some("A".parse().expect("a name"));
    let held = held(&there);
    let step = Step::judge(&held, None, None);
    assert_eq!(step.fate, Fate::Add);
    let added = step.added(StoreKind::Keychain);
    let wanted = Record {
        store: StoreKind::Keychain,
        filed_as: None,
        ..there
    };
    assert_eq!(added.record, wanted);
    let put: Vec<Version> = added.values.iter().map(|(version, _)| *version).collect();
    assert_eq!(put, [Version(2), Version(3)]);
    assert!(added.before.is_none() && added.ended.is_empty());
}

#[test]
fn the_same_value_is_left_alone_whatever_else_differs() {
    let home = record("1", "a", TWO, 2);
    let mut there = record("1", "other", TWO, 2);
    there.note = Some("another".to_owned());
    assert_eq!(fate(&there, &home), Fate::Same);
    // Stored anew here, by hand: another secret, the same value.
    let anew = record("2", "a", &[(1, 5, true)], 1);
    let mut same = held(&home);
    same.record.name = "A".parse().expect("a name");
    let value = Here::Value(same.current().expect("a value").duplicate());
    assert_eq!(
        Step::judge(&same, Some(&anew), Some(&value)).fate,
        Fate::Same
    );
}

#[test]
fn a_name_that_another_secret_has_here_is_left_to_it() {
    let there = record("1", "a", ONE, 1);
    let home = record("2", "A", &[(1, 5, true)], 1);
    let taken = Fate::Taken("A".parse().expect("a name"));
    assert_eq!(fate(&there, &home), taken);
    assert_eq!(lost(&there, &home), taken);
}

#[test]
fn what_the_backup_went_on_from_is_older() {
    for (there, home) in [
        (record("1", "a", TWO, 2), record("1", "a", ONE, 1)),
        (record("1", "a", THREE, 3), record("1", "a", ONE, 1)),
        (record("1", "a", THREE, 3), record("1", "b", TWO, 2)),
        (record("1", "a", THREE, 3), record("1", "a", TWO, 1)),
        (record("1", "a", THREE, 2), record("1", "a", ONE, 1)),
    ] {
        assert_eq!(fate(&there, &home), Fate::Replace, "{there:?} {home:?}");
        assert_eq!(fate(&home, &there), Fate::Newer, "{home:?} {there:?}");
    }
}

#[test]
fn what_may_be_newer_here_is_never_taken_for_older() {
    let other_two: &[V] = &[(1, 1, true), (2, 7, true)];
    let other_one: &[V] = &[(1, 9, true)];
    for (why, there, home) in [
        (
            "it was rolled back here",
            record("1", "a", TWO, 2),
            record("1", "a", TWO, 1),
        ),
        (
            "it was rolled back there",
            record("1", "a", TWO, 1),
            record("1", "a", TWO, 2),
        ),
        (
            "both went on",
            record("1", "a", TWO, 2),
            record("1", "a", other_two, 2),
        ),
        (
            "both went on, one further",
            record("1", "a", THREE, 3),
            record("1", "a", other_two, 2),
        ),
        (
            "it began anew",
            record("1", "a", TWO, 2),
            record("1", "a", other_one, 1),
        ),
    ] {
        assert_eq!(fate(&there, &home), Fate::Newer, "{why}");
    }
}

#[test]
fn a_lost_value_is_put_back_if_the_backup_has_exactly_that_version() {
    let two = record("1", "a", TWO, 2);
    assert_eq!(lost(&two, &two), Fate::PutBack);
    let held_two = held(&two);
    let step = Step::judge(&held_two, Some(&two), Some(&Here::Lost));
    let (record_of, version, back) = step.put_back().expect("a value");
    assert_eq!((record_of, version), (&two, Version(2)));
    assert!(back.same_as(&value("v2-2")));
    // Kept there beside a later one.
    assert_eq!(lost(&record("1", "a", THREE, 3), &two), Fate::PutBack);
    assert_eq!(
        lost(&record("1", "a", THREE, 3), &record("1", "a", ONE, 1)),
        Fate::Replace
    );
    assert_eq!(lost(&record("1", "a", ONE, 1), &two), Fate::Newer);
    let other_two: &[V] = &[(1, 1, true), (2, 7, true)];
    assert_eq!(lost(&two, &record("1", "a", other_two, 2)), Fate::Newer);
}

/// What replacing leads to.
fn replaced(there: &Record, home: &Record, here: &Here) -> (Record, Vec<Version>) {
    let held = held(there);
    let step = Step::judge(&held, Some(home), Some(here));
    let restored = step.replaced(at(200), at(100)).expect("restored");
    assert_eq!(restored.before.as_ref(), Some(home));
    let current = held.current().expect("a value");
    assert_eq!(restored.values.len(), 1);
    assert_eq!(restored.values[0].0, restored.record.current);
    assert!(restored.values[0].1.same_as(current));
    // No number that another value had, or may have.
    assert!(
        home.versions
            .iter()
            .all(|v| v.version != restored.record.current)
    );
    let mut after = restored.record.clone();
    for version in &mut after.versions {
        if restored.ended.contains(&version.version) {
            version.removed = Some(at(100));
        }
    }
    assert!(after.is_consistent(), "{after:?}");
    assert_eq!(after.id, home.id);
    assert_eq!(
        (&after.name, after.store, &after.filed_as),
        (&home.name, home.store, &home.filed_as)
    );
    assert_eq!(after.rotated, there.rotated);
    (after, restored.ended)
}

#[test]
fn an_older_secret_takes_number_dates_and_notes_of_the_backup_and_keeps_its_value_a_while() {
    let mut there = record("1", "a", THREE, 3);
    there.note = Some("from the backup".to_owned());
    let mut home = record("1", "b", ONE, 1);
    home.store = StoreKind::Keychain;
    let (after, ended) = replaced(&there, &home, &here(&home));
    assert!(ended.is_empty());
    assert_eq!(after.current, Version(3));
    assert_eq!(after.note.as_deref(), Some("from the backup"));
    assert_eq!(after.live().collect::<Vec<_>>(), [Version(1), Version(3)]);
    let kept = after.previous().expect("kept");
    assert_eq!((kept.version, kept.kept_until), (Version(1), Some(at(200))));
    // Version 2, which was kept there, never was here.
    let two = version_of(&after, Version(2)).expect("known");
    assert_eq!((two.removed, two.created), (Some(at(100)), at(2)));
}

#[test]
fn what_was_kept_here_beside_the_replaced_value_is_ended() {
    let there = record("1", "a", THREE, 3);
    let home = record("1", "a", TWO, 2);
    let (after, ended) = replaced(&there, &home, &here(&home));
    assert_eq!(ended, [Version(1)]);
    assert_eq!(after.live().collect::<Vec<_>>(), [Version(2), Version(3)]);
}

#[test]
fn a_newer_secret_that_is_replaced_gets_a_number_of_its_own() {
    let there = record("1", "a", ONE, 1);
    let home = record("1", "a", TWO, 2);
    let (after, ended) = replaced(&there, &home, &here(&home));
    assert_eq!((after.current, ended), (Version(3), vec![Version(1)]));
    assert_eq!(after.live().collect::<Vec<_>>(), [Version(2), Version(3)]);
    let new = version_of(&after, Version(3)).expect("there");
    assert_eq!(new.created, at(1));
    // Above those of the backup, too: a later restore must not take one for the other.
    let further = record("1", "a", &[(1, 1, false), (2, 3, false), (7, 7, true)], 7);
    let (after, _) = replaced(&further, &home, &here(&home));
    assert_eq!(after.current, Version(8));
    let full = record("1", "a", &[(u32::MAX, 5, true)], u32::MAX);
    let held = held(&there);
    let step = Step::judge(&held, Some(&full), Some(&here(&full)));
    assert!(matches!(
        step.replaced(at(2), at(1)),
        Err(CatalogError::Exhausted(_))
    ));
}

#[test]
fn a_lost_value_is_not_kept() {
    let there = record("1", "a", THREE, 3);
    let home = record("1", "a", ONE, 1);
    let (after, ended) = replaced(&there, &home, &Here::Lost);
    assert_eq!(ended, [Version(1)]);
    assert_eq!(after.live().collect::<Vec<_>>(), [Version(3)]);
}
