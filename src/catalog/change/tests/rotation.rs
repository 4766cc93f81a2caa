//! Tests of rotation: whatever fails, the old value is the current one and can be read, or the new one is.

use super::*;
use crate::catalog::change::Keep;

const KEPT: Keep = Keep::Until(Timestamp::MAX);

impl World {
    fn rotate(&mut self, text: &str, keep: Keep) -> Result<Rotated, CatalogError> {
        let now = Timestamp::UNIX_EPOCH;
        let mut change = Change::begin(&self.home)?;
        change.rotate(
            &mut self.stores,
            &name("a"),
            &value(text),
            keep,
            now,
            |_, _| Ok(()),
        )
    }

    /// The value that a server would be given.
    fn current(&mut self) -> Vec<u8> {
        let catalog = self.home.catalog().expect("a catalog");
        let record = catalog.get(&name("a")).expect("there");
        let item = catalog.item(record, record.current);
        self.stores.keychain.fault = Fault::None;
        let values = self.stores.keychain.read(&[item]).expect("readable");
        values[0].expose().to_vec()
    }
}

#[test]
fn a_rotation_keeps_one_version_beside_the_new_one() {
    let mut world = World::with(&["a"]);
    let first = world.rotate("second", KEPT).expect("rotated");
    assert_eq!(
        (first.version, first.before, first.dropped),
        (Version(2), Version(1), None)
    );
    assert_eq!(world.held(), ["a@v1", "a@v2"]);
    let second = world.rotate("third", KEPT).expect("rotated");
    assert_eq!(second.dropped, Some(Version(1)));
    assert_eq!(world.held(), ["a@v2", "a@v3"]);
    assert_eq!(world.current(), b"third");
    let third = world.rotate("fourth", Keep::Nothing).expect("rotated");
    assert_eq!(third.version, Version(4));
    assert_eq!(world.held(), ["a@v4"]);
    assert_eq!(world.pending(), 0);
}

#[test]
fn a_store_that_fails_while_rotating_leaves_the_old_value() {
    for fault in [Fault::Write, Fault::WriteAfter, Fault::Read, Fault::Alters] {
        let mut world = World::with(&["a"]);
        world.stores.keychain.fault = fault;
        assert!(world.rotate("second", KEPT).is_err(), "{fault:?}");
        assert_eq!(world.current(), b"a", "{fault:?}");
        assert_eq!(world.held(), ["a@v1"], "{fault:?}");
        assert_eq!(world.pending(), 0, "{fault:?}");
        world.rotate("second", KEPT).expect("rotated then");
        assert_eq!(world.current(), b"second", "{fault:?}");
    }
}

#[test]
fn a_version_that_cannot_be_removed_is_remembered_and_removed_later() {
    let mut world = World::with(&["a"]);
    world.stores.keychain.fault = Fault::Remove;
    let rotated = world
        .rotate("second", Keep::Nothing)
        .expect("rotated all the same");
    assert_eq!(rotated.leftover.errors.len(), 1);
    assert_eq!((world.current(), world.pending()), (b"second".to_vec(), 1));
    let swept = Change::begin(&world.home)
        .expect("begun")
        .sweep(&mut world.stores);
    assert!(swept.errors.is_empty());
    assert_eq!(world.held(), ["a@v2"]);
}

#[test]
fn a_value_that_does_not_prove_itself_is_taken_away_again() {
    let mut world = World::with(&["a"]);
    let mut change = Change::begin(&world.home).expect("begun");
    let now = Timestamp::UNIX_EPOCH;
    let proven = change.rotate(
        &mut world.stores,
        &name("a"),
        &value("bad"),
        KEPT,
        now,
        |stores, version| {
            let item = ItemId::secret(&HomeId::from_random([7; 16]), &name("a"), version);
            let read = stores.store(StoreKind::Keychain)?.read(&[item])?;
            assert_eq!(read[0].expose(), b"bad", "it can be tried");
            Err(CatalogError::NoHome)
        },
    );
    assert!(matches!(proven, Err(CatalogError::NoHome)));
    drop(change);
    assert_eq!(world.current(), b"a");
    assert_eq!(world.held(), ["a@v1"]);
}

#[test]
fn the_value_it_has_is_no_rotation() {
    let mut world = World::with(&["a"]);
    assert!(matches!(
        world.rotate("a", KEPT),
        Err(CatalogError::Unchanged(_))
    ));
    assert_eq!(world.held(), ["a@v1"]);
}

#[test]
fn a_rollback_swaps_the_two_and_a_second_one_swaps_them_back() {
    let mut world = World::with(&["a"]);
    let back = |world: &mut World| {
        let mut change = Change::begin(&world.home).expect("begun");
        let (now, until) = (Timestamp::UNIX_EPOCH, Timestamp::MIN);
        change
            .roll_back(&mut world.stores, &name("a"), now, until)
            .map(|back| (back.version, back.before))
    };
    assert!(matches!(
        back(&mut world),
        Err(CatalogError::NothingKept(_))
    ));
    world.rotate("second", KEPT).expect("rotated");
    assert_eq!(back(&mut world).expect("back"), (Version(1), Version(2)));
    assert_eq!(world.current(), b"a");
    assert_eq!(back(&mut world).expect("forth"), (Version(2), Version(1)));
    assert_eq!(world.current(), b"second");
    // A version number is never used twice.
    back(&mut world).expect("back");
    assert_eq!(
        world.rotate("third", KEPT).expect("rotated").version,
        Version(3)
    );
    // What the store has lost is not gone back to.
    world.stores.keychain.held.remove("a@v1");
    assert!(back(&mut world).is_err());
    assert_eq!(world.current(), b"third");
}

#[test]
fn what_is_kept_ends_when_its_time_is_over_and_not_before() {
    let mut world = World::with(&["a"]);
    let until = Timestamp::from_second(100).expect("a time");
    world.rotate("second", Keep::Until(until)).expect("rotated");
    let mut end = |second| {
        let now = Timestamp::from_second(second).expect("a time");
        let mut change = Change::begin(&world.home).expect("begun");
        let _ = change.end_kept(&mut world.stores, now).expect("ended");
        world.stores.keychain.held.len()
    };
    assert_eq!((end(99), end(100)), (2, 1));
    assert_eq!(world.current(), b"second");
}

#[test]
fn what_is_gone_back_to_after_its_time_keeps_the_other_for_a_while() {
    let at = |second| Timestamp::from_second(second).expect("a time");
    for (now, until) in [(99, 100), (100, 700)] {
        let mut world = World::with(&["a"]);
        world
            .rotate("second", Keep::Until(at(100)))
            .expect("rotated");
        let mut change = Change::begin(&world.home).expect("begun");
        let back = change.roll_back(&mut world.stores, &name("a"), at(now), at(700));
        assert_eq!(back.expect("back").until, Some(at(until)));
        let _ = change.end_kept(&mut world.stores, at(now)).expect("ended");
        drop(change);
        assert_eq!(world.current(), b"a");
        assert_eq!(world.held(), ["a@v1", "a@v2"], "it can be gone forth to");
    }
}

#[test]
fn what_was_to_be_removed_and_is_there_still_is_told_apart() {
    for (keep, left) in [(KEPT, vec![1]), (Keep::Nothing, vec![1, 2])] {
        let mut world = World::with(&["a"]);
        world.rotate("second", KEPT).expect("rotated");
        world.stores.keychain.fault = Fault::Remove;
        let rotated = world.rotate("third", keep).expect("rotated");
        assert_eq!(
            rotated.left,
            left.into_iter().map(Version).collect::<Vec<_>>()
        );
    }
}
