//! Every fault at every step of what changes versions: the pointer moves with one replacement of the catalog and with
//! nothing else, what it points to can be read, and what is left over is known and goes with the next command.

use super::faults::{How, Plan, Ran, Step, run};
use super::*;
use crate::catalog::Catalog;
use crate::catalog::change::{Keep, Rotated};

/// A change of versions.
#[derive(Clone, Copy, Debug)]
enum Work {
    Rotate(Keep),
    RollBack,
    EndKept,
}

/// What a change comes to: that it was made, with what could not be cleaned up.
type Made = Result<Leftover, CatalogError>;

/// The end of the time for which a version is kept.
const UNTIL: Timestamp = Timestamp::constant(1000, 0);
const LATER: Timestamp = Timestamp::constant(2000, 0);

fn work(world: &mut World, work: Work) -> Made {
    let mut change = Change::begin(&world.home)?;
    match work {
        Work::Rotate(keep) => change
            .rotate(
                &mut world.stores,
                &name("a"),
                &value("new"),
                keep,
                Timestamp::UNIX_EPOCH,
                |_, _| Ok(()),
            )
            .map(|rotated: Rotated| rotated.leftover),
        Work::RollBack => change
            .roll_back(&mut world.stores, &name("a"), Timestamp::UNIX_EPOCH, LATER)
            .map(|_| Leftover::default()),
        Work::EndKept => change.end_kept(&mut world.stores, LATER),
    }
}

/// A world in which `a` was rotated so often; one version is kept but for the first.
fn rotated(times: usize) -> World {
    let mut world = World::with(&["a", "other"]);
    for time in 0..times {
        let mut change = Change::begin(&world.home).expect("begun");
        let made: Result<Rotated, CatalogError> = change.rotate(
            &mut world.stores,
            &name("a"),
            &value(&format!("rotated {time}")),
            Keep::Until(UNTIL),
            Timestamp::UNIX_EPOCH,
            |_, _| Ok(()),
        );
        let _ = made.expect("rotated").leftover;
    }
    world
}

/// The values of the versions in the order of their numbers, as they are made by [`rotated`] and then [`work`].
fn values(times: usize) -> Vec<String> {
    let rotated = (0..times).map(|time| format!("rotated {time}"));
    let mut values = vec!["a".to_owned()];
    values.extend(rotated);
    values.push("new".to_owned());
    values
}

fn loaded(world: &World) -> Catalog {
    world.home.catalog().expect("a catalog")
}

fn record(world: &World) -> Record {
    loaded(world).get(&name("a")).expect("there").clone()
}

/// Demands that every version that the catalog names can be read, and is what it was.
fn all_readable(world: &mut World, times: usize, at: &str) {
    let catalog = loaded(world);
    let record = record(world);
    assert_eq!(record.name, name("a"));
    for version in record.live() {
        let item = catalog.item(&record, version);
        let read = world.stores.keychain.read(&[item]).expect(at);
        let number = usize::try_from(version.0).expect("small");
        assert_eq!(
            read[0].expose(),
            values(times)[number - 1].as_bytes(),
            "{at}"
        );
    }
}

/// Returns the items that the catalog names as living, and those that it names as pending.
fn named(world: &World) -> (Vec<String>, Vec<String>) {
    let catalog = loaded(world);
    let records = catalog.secrets().iter();
    let living = records.flat_map(|r| r.live().map(|v| catalog.item(r, v).local()));
    let pending = catalog.pending().iter();
    let pending = pending.map(|p| format!("{}@v{}", p.name, p.version));
    let (mut living, mut pending): (Vec<_>, Vec<_>) = (living.collect(), pending.collect());
    living.sort();
    pending.sort();
    (living, pending)
}

/// One change, disturbed.
fn disturbed(what: Work, times: usize, plan: Plan, undisturbed: &[Step], after: &Record) {
    let at = format!("{what:?} after {times} rotations, {plan:?} of {undisturbed:?}");
    // The pointer moves with the last replacement but the one that notes what was removed.
    let cleans = undisturbed.contains(&Step::Remove);
    let saves = undisturbed.iter().enumerate();
    let mut saves = saves.filter(|(_, step)| **step == Step::Save).rev();
    let (pointer, _) = saves.nth(usize::from(cleans)).expect("it is replaced");

    let mut world = rotated(times);
    let before = record(&world);
    let Ran { answer, .. } = run(Some(plan), || work(&mut world, what));

    let first = plan.first(undisturbed);
    let is_made =
        first.is_none_or(|first| first > pointer || first == pointer && plan.how.is_done());
    let found = record(&world);
    assert_eq!(&found, if is_made { after } else { &before }, "{at}");
    match &answer {
        None => assert!(matches!(plan.how, How::Dies | How::DiesAfter), "{at}"),
        // What is told to be made is made; and what is not cleaned up is told.
        Some(Ok(leftover)) => {
            assert!(is_made && first.is_none_or(|first| first > pointer), "{at}");
            let is_told = !leftover.errors.is_empty() || leftover.unrecorded.is_some();
            assert_eq!(is_told, first.is_some(), "{at}");
        }
        Some(Err(_)) => assert!(first.is_some_and(|first| first <= pointer), "{at}"),
    }
    all_readable(&mut world, times, &at);
    let (living, pending) = named(&world);
    for item in world.held() {
        let item = item.to_owned();
        assert!(
            living.contains(&item) || pending.contains(&item),
            "{item} is forgotten: {at}"
        );
    }
    // Nothing is undone where the catalog could not be replaced: it may have been.
    let is_stores = first.is_some_and(|first| undisturbed[first] != Step::Save);
    if is_stores && matches!(plan.how, How::Fails | How::FailsAfter) && !is_made {
        assert_eq!(
            (world.held(), pending.len()),
            (living.iter().map(String::as_str).collect(), 0),
            "{at}"
        );
    }

    // The next command that is not disturbed cleans up,
    let swept = Change::begin(&world.home)
        .expect("begun")
        .sweep(&mut world.stores);
    assert!(
        swept.errors.is_empty() && swept.kept.is_empty() && swept.unrecorded.is_none(),
        "{at}"
    );
    let (living, pending) = named(&world);
    assert_eq!(
        (world.held(), pending.len()),
        (living.iter().map(String::as_str).collect(), 0),
        "{at}"
    );
    all_readable(&mut world, times, &at);
    // or finishes it.
    if !is_made {
        let _ = work(&mut world, what).expect("made then");
        assert_eq!(&record(&world), after, "{at}");
    }
    all_readable(&mut world, times, &at);
}

#[test]
fn whatever_fails_at_whatever_step_the_pointer_is_on_a_value_that_can_be_read() {
    let works = [
        (Work::Rotate(Keep::Until(UNTIL)), 0),
        (Work::Rotate(Keep::Until(UNTIL)), 1),
        (Work::Rotate(Keep::Until(UNTIL)), 3),
        (Work::Rotate(Keep::Nothing), 0),
        (Work::Rotate(Keep::Nothing), 2),
        (Work::RollBack, 1),
        (Work::EndKept, 1),
    ];
    let mut tried = 0;
    for (what, times) in works {
        let mut world = rotated(times);
        let undisturbed = run(None, || work(&mut world, what));
        let leftover = undisturbed.answer.expect("alive").expect("made");
        assert!(leftover.errors.is_empty() && leftover.unrecorded.is_none());
        let after = record(&world);
        assert!(undisturbed.steps.contains(&Step::Save));
        for from in 0..undisturbed.steps.len() {
            for how in How::ALL {
                let plan = Plan { from, how };
                disturbed(what, times, plan, &undisturbed.steps, &after);
                tried += 1;
            }
        }
    }
    assert!(tried > 250, "{tried}");
}

#[test]
fn a_rotation_whose_proof_fails_is_taken_back_whatever_else_fails() {
    for how in How::ALL {
        for from in 0..12 {
            let at = format!("{how:?} {from}");
            let mut world = rotated(1);
            let before = record(&world);
            let _ = run(Some(Plan { from, how }), || {
                let mut change = Change::begin(&world.home).expect("begun");
                let proven: Result<Rotated, CatalogError> = change.rotate(
                    &mut world.stores,
                    &name("a"),
                    &value("new"),
                    Keep::Nothing,
                    Timestamp::UNIX_EPOCH,
                    |_, _| Err(CatalogError::NoHome),
                );
                assert!(proven.is_err(), "{at}");
            });
            assert_eq!(record(&world), before, "{at}");
            all_readable(&mut world, 1, &at);
            let swept = Change::begin(&world.home)
                .expect("begun")
                .sweep(&mut world.stores);
            assert!(swept.errors.is_empty(), "{at}");
            assert_eq!(world.held(), ["a@v1", "a@v2", "other@v1"], "{at}");
            assert_eq!(world.pending(), 0, "{at}");
        }
    }
}
