//! What every store promises (the docs of `Store`), asked of any one of them.

use broker::secret::SecretValue;
use broker::store::{HomeId, ItemId, Removal, Store, StoreError, Version};

/// Wraps bytes as a value.
pub(crate) fn value(bytes: &[u8]) -> SecretValue {
    SecretValue::new(bytes.to_vec().into())
}

/// Names a version of a secret.
pub(crate) fn item(home: &HomeId, name: &str, version: u32) -> ItemId {
    ItemId::secret(home, &name.parse().unwrap(), Version(version))
}

/// Holds an empty, open `store` to the contract. Leaves it empty.
pub(crate) fn holds(store: &mut dyn Store, home: &HomeId) {
    bytes_come_back_exactly(store, home);
    a_batch_is_in_order_and_all_or_nothing(store, home);
    writing_replaces_one_item_only(store, home);
    removing_tells_what_was_there(store, home);
    homes_are_apart(store, home);
    store.check().unwrap();
    assert_eq!(store.items(home).unwrap(), []);
}

fn read_one(store: &mut dyn Store, item: &ItemId) -> SecretValue {
    let mut values = store.read(std::slice::from_ref(item)).unwrap();
    assert_eq!(values.len(), 1);
    values.remove(0)
}

fn clear(store: &mut dyn Store, items: &[ItemId]) {
    for item in items {
        assert_eq!(store.remove(item).unwrap(), Removal::Removed);
    }
}

fn bytes_come_back_exactly(store: &mut dyn Store, home: &HomeId) {
    let all: Vec<u8> = (0..=255).collect();
    let long = vec![b'x'; 2048];
    let id = item(home, "contract/bytes", 1);
    for bytes in [&b""[..], b"a", b"line\n", b"\0\xff", &all, &long] {
        store.write(&id, &value(bytes)).unwrap();
        assert!(read_one(store, &id).same_as(&value(bytes)), "{bytes:?}");
    }
    clear(store, &[id]);
}

fn a_batch_is_in_order_and_all_or_nothing(store: &mut dyn Store, home: &HomeId) {
    let ids = ["c", "a", "b"].map(|name| item(home, name, 1));
    for id in &ids {
        store.write(id, &value(id.name().as_bytes())).unwrap();
    }
    let twice = [&ids[0], &ids[1], &ids[2], &ids[0]].map(Clone::clone);
    let read = store.read(&twice).unwrap();
    for (id, read) in twice.iter().zip(&read) {
        assert!(read.same_as(&value(id.name().as_bytes())), "{id}");
    }
    assert_eq!(store.read(&[]).unwrap().len(), 0);
    let absent = item(home, "a", 2);
    let with_absent = [ids[0].clone(), absent.clone(), ids[1].clone()];
    match store.read(&with_absent) {
        Err(StoreError::NotFound { kind, item }) => {
            assert_eq!((kind, item), (store.kind(), absent));
        }
        other => panic!("{other:?}"),
    }
    clear(store, &ids);
}

fn writing_replaces_one_item_only(store: &mut dyn Store, home: &HomeId) {
    let ids = [
        item(home, "a", 1),
        item(home, "a", 2),
        item(home, "a/b", 1),
        ItemId::vault_identity(home),
    ];
    for id in &ids {
        store.write(id, &value(id.local().as_bytes())).unwrap();
    }
    store.write(&ids[1], &value(b"new")).unwrap();
    assert!(read_one(store, &ids[1]).same_as(&value(b"new")));
    for id in [&ids[0], &ids[2], &ids[3]] {
        assert!(read_one(store, id).same_as(&value(id.local().as_bytes())));
    }
    let mut listed = store.items(home).unwrap();
    listed.sort();
    let mut expected = ids.to_vec();
    expected.sort();
    assert_eq!(listed, expected);
    clear(store, &ids);
}

fn removing_tells_what_was_there(store: &mut dyn Store, home: &HomeId) {
    let id = item(home, "gone", 1);
    assert_eq!(store.remove(&id).unwrap(), Removal::Absent);
    store.write(&id, &value(b"x")).unwrap();
    assert_eq!(store.remove(&id).unwrap(), Removal::Removed);
    assert_eq!(store.remove(&id).unwrap(), Removal::Absent);
    assert!(matches!(
        store.read(&[id]),
        Err(StoreError::NotFound { .. })
    ));
}

fn homes_are_apart(store: &mut dyn Store, home: &HomeId) {
    let other = HomeId::from_random([0x5a; 16]);
    let id = item(home, "apart", 1);
    store.write(&id, &value(b"x")).unwrap();
    assert_eq!(store.items(&other).unwrap(), []);
    assert!(matches!(
        store.read(&[item(&other, "apart", 1)]),
        Err(StoreError::NotFound { .. })
    ));
    assert_eq!(
        store.remove(&item(&other, "apart", 1)).unwrap(),
        Removal::Absent
    );
    assert!(read_one(store, &id).same_as(&value(b"x")));
    clear(store, &[id]);
}
