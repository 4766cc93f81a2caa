//! The commands on a real keyring, under kills, full and broken disks.
//!
//! One keyring serves all runs; each has a home of its own in it, which is emptied afterwards, so
//! that the keyring does not grow.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use broker::catalog::Home;
use broker::paths::HomePaths;
use broker::store::keychain::Keychain;
use broker::store::{Asking, StoreKind};

use super::{Case, One, REMOVE, RENAME, SET, home, judge, subject};
use crate::faults::{Errno, Fault, Sweep, World};
use crate::support::bus::Bus;

/// How often a sweep is begun on another keyring. GNOME's ends itself now and then when a client is killed in the middle
/// of a call (an assertion of its own), and nothing can be said of broker without a keyring.
const TRIES: usize = 4;

fn run(case: Case) {
    for left in (0..TRIES).rev() {
        let mut bus = Bus::start();
        let swept = catch_unwind(AssertUnwindSafe(|| sweep(case, &bus)));
        match swept {
            Ok(()) => return,
            Err(_) if left > 0 && bus.has_lost_keyring() => {}
            Err(panic) => resume_unwind(panic),
        }
    }
}

fn sweep(case: Case, bus: &Bus) {
    let open = || One(Box::new(Keychain::at(bus.address(), Asking::Never)));
    let faults = [
        Fault::KillBefore,
        Fault::Fails(Errno::NoSpace),
        Fault::Fails(Errno::Io),
    ];
    let report = Sweep::new(&format!("keychain {:?}", case.words))
        .only(&faults)
        .run(
            || {
                let world = World::empty();
                let paths = HomePaths::under(&world.path("home"));
                let home = home(case, paths, StoreKind::Keychain, |_, _| open());
                let subject = subject(case, world.path("home"))
                    .env("DBUS_SESSION_BUS_ADDRESS", bus.address());
                (subject, (world, home))
            },
            |(_, home), outcome| {
                let mut stores = open();
                let judged = judge(case, home, &mut stores, outcome);
                empty(home, &mut stores);
                judged
            },
        );
    report.assert_clean();
    for fault in faults {
        assert!(report.points_of(fault) > 0, "{fault:?} was never tried");
    }
}

fn empty(home: &Home, stores: &mut One) {
    for item in stores.0.items(&home.record.id).unwrap() {
        let _ = stores.0.remove(&item).unwrap();
    }
}

#[test]
fn a_disturbed_set_stores_all_or_nothing() {
    run(SET);
}

#[test]
fn a_disturbed_remove_removes_all_or_nothing() {
    run(REMOVE);
}

#[test]
fn a_disturbed_rename_has_one_name_and_the_value() {
    run(RENAME);
}
