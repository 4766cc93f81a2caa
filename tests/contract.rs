//! The contract of `broker::store::Store`, which every store is held to by the same function.

use broker::secret::SecretValue;
use broker::store::{HomeId, ItemId, Removal, Store, StoreError, Version};
use zeroize::Zeroizing;

/// Checks every clause of the contract on `store`, which is open and holds nothing of `home`.
/// Leaves nothing there.
pub fn holds(store: &mut dyn Store, home: &HomeId) {
    store.check().expect("the store is open");
    assert_eq!(store.items(home).expect("a list"), [], "not a fresh home");
    bytes_come_back_exactly(store, home);
    a_write_replaces_one_item_only(store, home);
    removing_tells_what_was_there(store, home);
    a_batch_keeps_its_order(store, home);
    a_batch_is_all_or_nothing(store, home);
    the_list_is_exact(store, home);
    homes_do_not_see_each_other(store, home);
    assert_eq!(store.items(home).expect("a list"), [], "something is left");
}

fn bytes_come_back_exactly(store: &mut dyn Store, home: &HomeId) {
    let every: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = (0..100 * 1024_u32).map(|i| (i * 7 % 251) as u8).collect();
    let cases: [&[u8]; 9] = [
        b"",
        b"a",
        b"\0",
        b"a\0b\0",
        b"line\nline\r\n\n",
        b"\xff\xfe\x80 not UTF-8",
        b"sixteen bytes...",
        &every,
        &large,
    ];
    let item = item(home, "exact", 1);
    for case in cases {
        store.write(&item, &value(case)).expect("written");
        let read = one(store, &item);
        assert!(read.same_as(&value(case)), "{} bytes differ", case.len());
    }
    assert_eq!(store.remove(&item).expect("removed"), Removal::Removed);
}

fn a_write_replaces_one_item_only(store: &mut dyn Store, home: &HomeId) {
    // The same name in another version, and names that begin alike.
    let items = [
        item(home, "a", 1),
        item(home, "a", 2),
        item(home, "a", 11),
        item(home, "a/a", 1),
        item(home, "a.a", 1),
        ItemId::vault_identity(home),
    ];
    for (number, item) in items.iter().enumerate() {
        store.write(item, &value(&[number as u8])).expect("written");
    }
    store.write(&items[0], &value(b"new")).expect("replaced");
    assert!(one(store, &items[0]).same_as(&value(b"new")));
    for (number, item) in items.iter().enumerate().skip(1) {
        assert!(one(store, item).same_as(&value(&[number as u8])), "{item}");
    }
    for item in &items {
        assert_eq!(store.remove(item).expect("removed"), Removal::Removed);
    }
}

fn removing_tells_what_was_there(store: &mut dyn Store, home: &HomeId) {
    let (item, other) = (item(home, "gone", 1), item(home, "gone", 2));
    assert_eq!(store.remove(&item).expect("no error"), Removal::Absent);
    store.write(&item, &value(b"x")).expect("written");
    store.write(&other, &value(b"y")).expect("written");
    assert_eq!(store.remove(&item).expect("no error"), Removal::Removed);
    assert_eq!(store.remove(&item).expect("no error"), Removal::Absent);
    assert_not_found(&store.read(std::slice::from_ref(&item)), &item);
    assert!(one(store, &other).same_as(&value(b"y")), "another went too");
    assert_eq!(store.remove(&other).expect("no error"), Removal::Removed);
}

fn a_batch_keeps_its_order(store: &mut dyn Store, home: &HomeId) {
    let items: Vec<_> = (1..=20).map(|n| item(home, "batch", n)).collect();
    for item in &items {
        let text = item.local();
        store.write(item, &value(text.as_bytes())).expect("written");
    }
    let mut order: Vec<_> = items.iter().rev().cloned().collect();
    order.swap(3, 11);
    order.push(items[4].clone());
    let values = store.read(&order).expect("read");
    assert_eq!(values.len(), order.len());
    for (item, read) in order.iter().zip(&values) {
        assert!(read.same_as(&value(item.local().as_bytes())), "{item}");
    }
    assert!(store.read(&[]).expect("nothing to read").is_empty());
    for item in &items {
        assert_eq!(store.remove(item).expect("removed"), Removal::Removed);
    }
}

fn a_batch_is_all_or_nothing(store: &mut dyn Store, home: &HomeId) {
    let here = item(home, "here", 1);
    let (first, second) = (item(home, "absent", 1), item(home, "absent", 2));
    store.write(&here, &value(b"x")).expect("written");
    let read = store.read(&[here.clone(), first.clone(), second]);
    assert_not_found(&read, &first);
    assert_eq!(store.remove(&here).expect("removed"), Removal::Removed);
}

fn the_list_is_exact(store: &mut dyn Store, home: &HomeId) {
    let mut items = vec![
        item(home, "one", 1),
        item(home, "one", 2),
        item(home, "work/one", 1),
        ItemId::vault_identity(home),
    ];
    for item in &items {
        store.write(item, &value(b"x")).expect("written");
        store.write(item, &value(b"y")).expect("written again");
    }
    let mut listed = store.items(home).expect("a list");
    listed.sort();
    items.sort();
    assert_eq!(listed, items);
    for item in &items {
        assert_eq!(store.remove(item).expect("removed"), Removal::Removed);
    }
}

fn homes_do_not_see_each_other(store: &mut dyn Store, home: &HomeId) {
    let other = HomeId::from_random([0xee; 16]);
    assert_ne!(home, &other);
    let (ours, theirs) = (item(home, "shared", 1), item(&other, "shared", 1));
    store.write(&ours, &value(b"ours")).expect("written");
    assert_eq!(store.items(&other).expect("a list"), []);
    assert_not_found(&store.read(std::slice::from_ref(&theirs)), &theirs);
    assert_eq!(store.remove(&theirs).expect("no error"), Removal::Absent);
    assert!(one(store, &ours).same_as(&value(b"ours")));
    assert_eq!(store.remove(&ours).expect("removed"), Removal::Removed);
}

/// Wraps `bytes`.
pub fn value(bytes: &[u8]) -> SecretValue {
    SecretValue::new(Zeroizing::new(bytes.to_vec()))
}

/// Names version `version` of the secret `name` of `home`.
pub fn item(home: &HomeId, name: &str, version: u32) -> ItemId {
    ItemId::secret(home, &name.parse().expect("a name"), Version(version))
}

fn one(store: &mut dyn Store, item: &ItemId) -> SecretValue {
    let mut values = store.read(std::slice::from_ref(item)).expect("read");
    assert_eq!(values.len(), 1);
    values.remove(0)
}

fn assert_not_found(read: &Result<Vec<SecretValue>, StoreError>, absent: &ItemId) {
    match read {
        Err(StoreError::NotFound { item, .. }) => assert_eq!(item, absent),
        other => panic!("{other:?} is not about {absent}"),
    }
}
