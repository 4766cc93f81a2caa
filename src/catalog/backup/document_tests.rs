//! The document of a backup: what is written reads back, and what contradicts itself is refused.

use proptest::prelude::*;

use super::*;
use crate::store::StoreKind;

fn value(bytes: &[u8]) -> SecretValue {
    SecretValue::new(Zeroizing::new(bytes.to_vec()))
}

/// A backup of secrets with these values, version by version.
fn backup(values: &[&[&[u8]]]) -> Backup {
    let secrets = values.iter().enumerate().map(|(number, values)| {
        let name = format!("s{number:04}").parse().expect("a name");
        let mut record = Record::first(
            format!("{number:032x}"),
            name,
            StoreKind::Vault,
            Timestamp::UNIX_EPOCH,
        );
        let first = record.versions.remove(0);
        for (number, _) in (1_u32..).zip(values.iter()) {
            let mut version = first.clone();
            version.version = Version(number);
            record.versions.push(version);
            record.current = Version(number);
        }
        Held {
            values: (1_u32..)
                .zip(values.iter())
                .map(|(number, bytes)| (Version(number), value(bytes)))
                .collect(),
            record,
        }
    });
    Backup {
        made: Timestamp::UNIX_EPOCH,
        home: HomeId::from_random([7; 16]),
        secrets: secrets.collect(),
        config: Some(b"[defaults]\n".to_vec()),
        grants: Some(serde_json::json!({"grants": []})),
    }
}

/// The document of `backup` as text, changed, and read again.
fn changed(
    backup: &Backup,
    change: impl FnOnce(&mut serde_json::Value),
) -> Result<Backup, BackupError> {
    let document = write(backup).expect("written");
    #[expect(clippy::disallowed_methods, reason = "a value of the test")]
    let mut json = serde_json::from_slice(document.expose()).expect("JSON");
    change(&mut json);
    read(&value(json.to_string().as_bytes()))
}

fn damage(backup: &Backup, change: impl FnOnce(&mut serde_json::Value)) -> &'static str {
    match changed(backup, change) {
        Err(BackupError::Damaged(why)) => why,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn every_value_reads_back_whatever_its_bytes(
        values in proptest::collection::vec(
            proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 1..4),
            0..6,
        ),
    ) {
        let values: Vec<Vec<&[u8]>> =
            values.iter().map(|all| all.iter().map(Vec::as_slice).collect()).collect();
        let values: Vec<&[&[u8]]> = values.iter().map(Vec::as_slice).collect();
        let backup = backup(&values);
        let read = read(&write(&backup).expect("written")).expect("read");
        prop_assert!(read.same_as(&backup));
    }
}

#[test]
fn two_backups_that_differ_anywhere_are_not_the_same() {
    let original = backup(&[&[b"a", b"b"], &[b"c"]]);
    let values = "/secrets/0/values";
    let changes: [(&str, serde_json::Value); 7] = [
        (&format!("{values}/1"), "eA==".into()),
        (&format!("{values}/2"), "".into()),
        ("/secrets/1/record/note", "x".into()),
        ("/made", "1970-01-01T00:00:01Z".into()),
        ("/home", "a".repeat(32).into()),
        ("/config", serde_json::Value::Null),
        ("/grants", serde_json::Value::Null),
    ];
    for (place, new) in changes {
        let other = changed(&original, |json| {
            let (parent, last) = place.rsplit_once('/').expect("a place");
            let parent = json.pointer_mut(parent).expect(place);
            parent[last] = new;
        });
        assert!(!other.expect(place).same_as(&original), "{place}");
    }
    let fewer = changed(&original, |json| {
        json["secrets"].as_array_mut().expect("a list").truncate(1);
    });
    assert!(!fewer.expect("read").same_as(&original));
}

#[test]
fn a_document_that_contradicts_itself_is_refused() {
    let original = backup(&[&[b"a", b"b"], &[b"c"]]);
    let record = |json: &mut serde_json::Value, field: &str, new: serde_json::Value| {
        json["secrets"][1]["record"][field] = new;
    };
    let wrong_versions = "a secret's versions are not those with a value";
    assert_eq!(
        damage(&original, |json| record(json, "current", 9.into())),
        wrong_versions
    );
    for values in [
        serde_json::json!({}),
        serde_json::json!({"1": "YQ==", "2": "YQ=="}),
        serde_json::json!({"2": "YQ=="}),
    ] {
        let found = damage(&original, |json| {
            json["secrets"][1]["values"] = values.clone()
        });
        assert_eq!(found, wrong_versions, "{values}");
    }
    let version = serde_json::json!([{"version": 0, "created": "1970-01-01T00:00:00Z"}]);
    assert_eq!(
        damage(&original, |json| {
            record(json, "versions", version);
            record(json, "current", 0.into());
            json["secrets"][1]["values"] = serde_json::json!({"0": "YQ=="});
        }),
        wrong_versions
    );
    let wrong_names = "two secrets have the same name, or their order is wrong";
    for name in ["s0000", "S0000", "a"] {
        assert_eq!(
            damage(&original, |json| record(json, "name", name.into())),
            wrong_names
        );
    }
    for id in ["", "a\nb", "../x", &"a".repeat(65), &format!("{:032x}", 0)] {
        let found = damage(&original, |json| record(json, "id", id.into()));
        assert_eq!(found, "the id of a secret is wrong", "{id:?}");
    }
    for text in ["YQ", "YQ==\n", "Y Q=", "Y\u{e9}==", "YR==", "_w=="] {
        let found = damage(&original, |json| {
            json["secrets"][1]["values"]["1"] = text.into();
        });
        assert!(
            found.ends_with("base64") || found.starts_with("what it holds"),
            "{text:?}"
        );
    }
    let unknown = damage(&original, |json| json["more"] = 1.into());
    assert!(unknown.starts_with("what it holds"), "{unknown}");
}

#[test]
fn a_value_longer_than_any_is_refused_and_the_longest_is_not() {
    let longest = vec![b'x'; MAX_VALUE_BYTES];
    let backup = backup(&[&[&longest]]);
    let read_again = read(&write(&backup).expect("written")).expect("read");
    assert!(read_again.same_as(&backup));
    let longer = STANDARD.encode(vec![b'x'; MAX_VALUE_BYTES + 1]);
    assert_eq!(
        damage(&backup, |json| json["secrets"][0]["values"]["1"] =
            longer.into()),
        "a value is longer than any can be"
    );
}

#[test]
fn a_backup_that_would_be_too_long_is_not_written() {
    let backup = backup(&[&[&[b'x'; 1000]]]);
    let length = write(&backup).expect("written").len();
    assert!(write_within(&backup, length).is_ok());
    let too_long = write_within(&backup, length - 1).map(drop);
    assert_eq!(too_long, Err(BackupError::TooLarge));
}

#[test]
fn a_newer_document_is_told_apart_from_damage_whatever_is_in_it() {
    let original = backup(&[&[b"a"]]);
    let newer = changed(&original, |json| json["format"] = 2.into());
    assert_eq!(newer.map(drop), Err(BackupError::Newer(2)));
    let other = read(&value(br#"{"format":3,"all":[]}"#));
    assert_eq!(other.map(drop), Err(BackupError::Newer(3)));
    assert!(matches!(
        changed(&original, |json| json["format"] = 0.into()),
        Err(BackupError::Damaged(_))
    ));
}

#[test]
fn what_it_says_of_itself_holds_no_value() {
    let backup = backup(&[&[b"canary-of-a-backup"]]);
    let said = format!("{:?}", backup.secrets);
    assert!(
        !said.contains("canary") && said.contains("hidden"),
        "{said}"
    );
}
