//! The commands on a vault, under every fault.

use std::path::PathBuf;

use broker::catalog::Home;
use broker::clock::Clock;
use broker::paths::HomePaths;
use broker::secret::SecretValue;
use broker::store::vault::{Access, Protection, Unlocker, Vault};
use broker::store::{HomeId, Store, StoreError, StoreKind};

use super::{Case, One, REMOVE, RENAME, SET, home, judge, subject};
use crate::faults::{Fault, Sweep, World};

/// A vault with a key file asks nobody.
struct Nobody;

impl Unlocker for Nobody {
    fn passphrase(&self) -> Result<SecretValue, StoreError> {
        Err(StoreError::Locked(StoreKind::Vault))
    }

    fn keychain(&self) -> Result<Box<dyn Store>, StoreError> {
        Err(StoreError::NoBus)
    }
}

fn access() -> Access {
    Access {
        key_file: None,
        unlocker: Box::new(Nobody),
        clock: Clock::System,
    }
}

pub(super) fn create(paths: &HomePaths, id: &HomeId) -> One {
    One(Box::new(
        Vault::create(paths, id, &Protection::KeyFile(None), access()).unwrap(),
    ))
}

pub(super) fn root(world: &World) -> PathBuf {
    world.path("home")
}

/// Opens the home of a world, and its vault.
pub(super) fn open(world: &World) -> Result<(Home, One), String> {
    let paths = HomePaths::under(&root(world));
    let home = Home::open(paths.clone())
        .map_err(|e| format!("the home: {e}"))?
        .ok_or("the home is gone")?;
    let vault =
        Vault::open(&paths, &home.record.id, access()).map_err(|e| format!("the vault: {e}"))?;
    Ok((home, One(Box::new(vault))))
}

fn run(case: Case, faults: &[Fault]) {
    let template = World::empty();
    home(
        case,
        HomePaths::under(&root(&template)),
        StoreKind::Vault,
        create,
    );
    let report = Sweep::new(&format!("{:?}", case.words)).only(faults).run(
        || {
            let world = World::copy_of(&template);
            (subject(case, root(&world)), world)
        },
        |world, outcome| {
            let (home, mut stores) = open(world)?;
            judge(case, &home, &mut stores, outcome)
        },
    );
    report.assert_clean();
    for fault in faults {
        assert!(report.points_of(*fault) > 0, "{fault:?} was never tried");
    }
}

macro_rules! faults {
    ($($test:ident: $case:ident, $faults:expr;)*) => {
        $(#[test]
        fn $test() {
            run($case, $faults);
        })*
    };
}

pub(super) const KILLS: &[Fault] = &[Fault::KillBefore, Fault::KillAfter];
pub(super) const ERRORS: &[Fault] = &[
    Fault::Fails(crate::faults::Errno::NoSpace),
    Fault::Fails(crate::faults::Errno::Io),
    Fault::Fails(crate::faults::Errno::Interrupted),
    Fault::Short,
];

faults! {
    a_killed_set_stores_all_or_nothing: SET, KILLS;
    a_set_with_failing_calls_stores_all_or_nothing: SET, ERRORS;
    a_killed_remove_removes_all_or_nothing: REMOVE, KILLS;
    a_remove_with_failing_calls_removes_all_or_nothing: REMOVE, ERRORS;
    a_killed_rename_has_one_name_and_the_value: RENAME, KILLS;
    a_rename_with_failing_calls_has_one_name_and_the_value: RENAME, ERRORS;
}
