//! Long ways through a home, with faults on them: whatever is done in whatever order, and whatever goes wrong, the catalog,
//! the stores and a simple model agree.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::faults::{How, Plan, run};
use super::model::{AGAIN, Model, NAMES, Op};
use super::*;
use crate::catalog::Catalog;
use crate::catalog::change::{Keep, Rotated};
use StoreKind::{Keychain, Vault};

/// What goes wrong with one thing that is done.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    Nothing,
    At(usize, How),
    /// The stores give back something else than they were given.
    Alters,
}

type Act = (Op, Wrong);

/// A home, and what it is to be.
struct Scene {
    world: World,
    model: Model,
    /// How many values there have been.
    values: usize,
}

impl Scene {
    /// An empty home. Its keychain does not tell the case of names, its vault does.
    fn new() -> Self {
        let mut world = World::with(&[]);
        world.stores.keychain.folds = true;
        Self {
            world,
            model: Model::default(),
            values: 0,
        }
    }

    fn catalog(&self) -> Catalog {
        self.world.home.catalog().expect("a catalog")
    }

    /// Does something, and demands that what is found afterwards is what it may be.
    fn act(&mut self, (op, wrong): &Act) -> TestCaseResult {
        self.values += 1;
        let fresh = format!("value {}", self.values);
        let expected = self.model.after(op, &fresh);
        if let Op::Clock(_) = op {
            self.model = expected.expect("time is never refused");
            return Ok(());
        }
        let stores = &mut self.world.stores;
        let fault = match wrong {
            Wrong::Alters => Fault::Alters,
            Wrong::Nothing | Wrong::At(..) => Fault::None,
        };
        (stores.keychain.fault, stores.vault.fault) = (fault, fault);
        let plan = match *wrong {
            Wrong::At(from, how) => Some(Plan { from, how }),
            Wrong::Nothing | Wrong::Alters => None,
        };
        let model = self.model.clone();
        let ran = run(plan, || done(&mut self.world, &model, op, &fresh));
        let stores = &mut self.world.stores;
        (stores.keychain.fault, stores.vault.fault) = (Fault::None, Fault::None);

        let is_disturbed = ran.is_disturbed || matches!(wrong, Wrong::Alters);
        let (may_be_old, may_be_new) = match &ran.answer {
            // What is told to be done is.
            Some(Ok(leftover)) => {
                let is_clean = leftover.errors.is_empty() && leftover.unrecorded.is_none();
                prop_assert!(is_clean || is_disturbed, "{leftover:?}");
                (false, true)
            }
            // A catalog that could not be replaced may have been.
            Some(Err(CatalogError::File(_))) => (true, plan.is_some_and(|p| p.how.is_done())),
            Some(Err(error)) => {
                prop_assert!(is_disturbed || expected.is_none(), "{error}");
                (true, false)
            }
            None => (true, true),
        };
        let found = self.catalog();
        let old = (self.model == self.model.of(&found)).then_some(&self.model);
        let new = expected.as_ref().filter(|new| **new == new.of(&found));
        let state = old.filter(|_| may_be_old).or(new.filter(|_| may_be_new));
        prop_assert!(
            state.is_some(),
            "{:?}: {found:#?} is not what it may be",
            ran.answer
        );
        self.model = state.cloned().unwrap_or_default();
        self.agrees()
    }

    /// Demands that every value of the model can be read, and that nothing in a store is forgotten.
    fn agrees(&mut self) -> TestCaseResult {
        let catalog = self.catalog();
        for secret in self.model.secrets.values() {
            let record = catalog.get(&name(&secret.name));
            let record = record.expect("the catalog is what the model is");
            prop_assert!(secret.values.contains_key(&secret.current));
            for (number, kept) in &secret.values {
                let item = catalog.item(record, Version(*number));
                let store = self.world.stores.store(secret.store);
                let read = store.expect("always").read(&[item]);
                let read = read.map_err(|e| TestCaseError::fail(format!("{kept:?}: {e}")))?;
                prop_assert_eq!(read[0].expose(), kept.text.as_bytes());
            }
        }
        let (living, pending) = named(&catalog);
        for item in held(&self.world.stores) {
            let is_known = living.contains(&item) || pending.contains(&item);
            prop_assert!(is_known, "{item:?} is forgotten: {catalog:#?}");
        }
        Ok(())
    }

    /// Demands that a command that is not disturbed leaves nothing over, and that everything can be removed.
    fn ends(&mut self) -> TestCaseResult {
        self.act(&(Op::Sweep, Wrong::Nothing))?;
        self.is_clean()?;
        self.act(&(Op::Clock(i64::from(u32::MAX)), Wrong::Nothing))?;
        self.act(&(Op::EndKept, Wrong::Nothing))?;
        self.is_clean()?;
        let secrets = self.model.secrets.values();
        prop_assert!(secrets.clone().all(|secret| secret.values.len() == 1));
        let place = |secret: &model::Secret| NAMES.iter().position(|n| *n == secret.name);
        let all = secrets.filter_map(place).collect();
        self.act(&(Op::Remove(all), Wrong::Nothing))?;
        self.is_clean()?;
        prop_assert!(held(&self.world.stores).is_empty());
        prop_assert!(self.catalog().pending().is_empty());
        Ok(())
    }

    /// Demands that nothing is pending, and that the stores hold what the catalog names and nothing else.
    fn is_clean(&self) -> TestCaseResult {
        let catalog = self.catalog();
        let (living, pending) = named(&catalog);
        // In a store that does not tell case it may be the secret's own item.
        let is_left = |item: &&Told| !(item.0 == Keychain && living.contains(item));
        let left: Vec<_> = pending.iter().filter(is_left).collect();
        prop_assert!(left.is_empty(), "{left:?} is pending still");
        prop_assert_eq!(held(&self.world.stores), living);
        Ok(())
    }
}

/// Does something to a home.
fn done(world: &mut World, model: &Model, op: &Op, fresh: &str) -> Result<Leftover, CatalogError> {
    let second = |second| Timestamp::from_second(second).expect("a time");
    let now = second(model.now);
    let names = |at: &usize| name(NAMES[*at]);
    let mut change = Change::begin(&world.home)?;
    let stores = &mut world.stores;
    match op {
        Op::Set(at, store) => {
            let record = Record::first(fresh.to_owned(), names(at), *store, now);
            change.add(stores, record, &value(fresh))?;
        }
        Op::Rotate {
            name: at,
            keep,
            unchanged,
            proven,
        } => {
            let same = model.current(*at).filter(|_| *unchanged);
            let new = value(same.as_deref().unwrap_or(fresh));
            let keep = keep.map_or(Keep::Nothing, |time| Keep::Until(second(model.now + time)));
            let prove = |_: &mut dyn Stores, _| match proven {
                true => Ok(()),
                false => Err(CatalogError::NoHome),
            };
            let rotated: Rotated = change.rotate(stores, &names(at), &new, keep, now, prove)?;
            return Ok(rotated.leftover);
        }
        Op::RollBack(at) => {
            let _ = change.roll_back(stores, &names(at), now, second(model.now + AGAIN))?;
        }
        Op::Rename(old, new) => return change.rename(stores, &names(old), &names(new)),
        Op::Remove(all) => {
            let all: Vec<_> = all.iter().map(names).collect();
            return change.remove(stores, &all);
        }
        Op::Migrate(at, store) => return change.migrate(stores, &names(at), *store),
        Op::Edit(at) => change.edit(&names(at), |record| record.note = Some(fresh.to_owned()))?,
        Op::EndKept => return change.end_kept(stores, now),
        Op::Sweep => return Ok(change.sweep(stores)),
        Op::Clock(_) => {}
    }
    Ok(Leftover::default())
}

/// An item, as its store tells it from others.
type Told = (StoreKind, String);

fn told(store: StoreKind, local: &str) -> Told {
    let local = match store {
        Keychain => local.to_ascii_lowercase(),
        Vault => local.to_owned(),
    };
    (store, local)
}

/// Returns the items that a catalog names as living, and those that it names as pending.
fn named(catalog: &Catalog) -> (Vec<Told>, Vec<Told>) {
    let item =
        |record: &Record, version| told(record.store, &catalog.item(record, version).local());
    let records = catalog.secrets().iter();
    let living = records.flat_map(|record| record.live().map(move |version| item(record, version)));
    let pending = catalog.pending().iter();
    let pending = pending.map(|p| told(p.store, &format!("{}@v{}", p.name, p.version)));
    let mut living: Vec<_> = living.collect();
    living.sort();
    (living, pending.collect())
}

/// Returns what the stores hold, in order.
fn held(stores: &Both) -> Vec<Told> {
    let flaky = [&stores.keychain, &stores.vault];
    let items = |store: &&Flaky| {
        let kind = store.kind;
        let items = store.held.keys().map(move |local| told(kind, local));
        items.collect::<Vec<_>>()
    };
    let mut all: Vec<_> = flaky.iter().flat_map(items).collect();
    all.sort();
    all
}

/// A name, the first ones more often, so that ways meet.
fn at() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0_usize), 2 => Just(1_usize), 2 => Just(2_usize), 1 => 3..NAMES.len()]
}

fn store() -> impl Strategy<Value = StoreKind> {
    prop_oneof![Just(Keychain), Just(Vault)]
}

fn op() -> impl Strategy<Value = Op> {
    let keep = prop_oneof![3 => (1_i64..6).prop_map(Some), 1 => Just(None)];
    let rotate = (
        at(),
        keep,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.9),
    );
    let rotate = rotate.prop_map(|(name, keep, unchanged, proven)| Op::Rotate {
        name,
        keep,
        unchanged,
        proven,
    });
    prop_oneof![
        4 => (at(), store()).prop_map(|(name, store)| Op::Set(name, store)),
        5 => rotate,
        3 => at().prop_map(Op::RollBack),
        4 => (at(), at()).prop_map(|(old, new)| Op::Rename(old, new)),
        2 => prop::collection::vec(at(), 1..3).prop_map(Op::Remove),
        3 => (at(), store()).prop_map(|(name, store)| Op::Migrate(name, store)),
        1 => at().prop_map(Op::Edit),
        2 => Just(Op::EndKept),
        1 => Just(Op::Sweep),
        2 => (-4_i64..8).prop_map(Op::Clock),
    ]
}

fn wrong() -> impl Strategy<Value = Wrong> {
    let at = (0_usize..14, prop::sample::select(&How::ALL[..]));
    prop_oneof![
        4 => Just(Wrong::Nothing),
        5 => at.prop_map(|(from, how)| Wrong::At(from, how)),
        1 => Just(Wrong::Alters),
    ]
}

fn all_the_way(acts: &[Act]) -> TestCaseResult {
    let mut scene = Scene::new();
    for act in acts {
        scene.act(act)?;
    }
    scene.ends()
}

/// So many ways, or as many as `PROPTEST_CASES` says where that is more.
fn ways(count: u32) -> ProptestConfig {
    let given = ProptestConfig::default();
    ProptestConfig {
        cases: given.cases.max(count),
        failure_persistence: None,
        ..given
    }
}

proptest! {
    #![proptest_config(ways(3000))]

    #[test]
    fn the_catalog_the_stores_and_the_model_agree_whatever_goes_wrong(
        acts in prop::collection::vec((op(), wrong()), 1..20)
    ) {
        all_the_way(&acts)?;
    }
}

/// Ways that once went wrong, in the code as it was or in one with a mistake put in.
#[test]
fn ways_that_went_wrong_go_right() {
    use Wrong::{At, Nothing};
    let rotate = |name, keep| Op::Rotate {
        name,
        keep,
        unchanged: false,
        proven: true,
    };
    let unproven = Op::Rotate {
        name: 0,
        keep: None,
        unchanged: false,
        proven: false,
    };
    // What was removed although the store said that it was not stayed pending beside the same name in another case.
    let removed_all_the_same = vec![
        (Op::Set(5, Vault), Nothing),
        (Op::Rename(5, 0), At(6, How::FailsAfter)),
        (Op::Set(4, Vault), Nothing),
    ];
    // What is left over has the name of a secret, in a store that does not tell them apart.
    let left_in_other_case = vec![
        (Op::Set(0, Keychain), Nothing),
        (Op::Remove(vec![0]), At(1, How::StoresGone)),
        (Op::Set(1, Keychain), Nothing),
        (Op::Sweep, Nothing),
        (Op::Rename(1, 2), Nothing),
    ];
    // A number is not used again after a rollback.
    let numbered = vec![
        (Op::Set(0, Vault), Nothing),
        (rotate(0, Some(3)), Nothing),
        (Op::RollBack(0), Nothing),
        (rotate(0, Some(3)), Nothing),
        (Op::RollBack(0), Nothing),
    ];
    // Filed under a name in another case, and moved.
    let filed = vec![
        (Op::Set(0, Vault), Nothing),
        (Op::Rename(0, 1), Nothing),
        (rotate(1, Some(3)), At(5, How::DiesAfter)),
        (Op::Migrate(1, Keychain), At(6, How::FailsAfter)),
        (Op::Migrate(1, Vault), Nothing),
        (Op::RollBack(1), Nothing),
    ];
    // What cannot be taken back is remembered, and is not in the way of the next value.
    let taken_back_later = vec![
        (Op::Set(0, Keychain), Nothing),
        (unproven, At(5, How::StoresGone)),
        (rotate(0, Some(3)), At(4, How::Dies)),
        (rotate(0, None), Nothing),
    ];
    // Gone back to after its time: what is in its place has a time of its own.
    let late = vec![
        (Op::Set(0, Vault), Nothing),
        (rotate(0, Some(1)), Nothing),
        (Op::Clock(1), Nothing),
        (Op::RollBack(0), Nothing),
        (Op::EndKept, Nothing),
        (Op::RollBack(0), Nothing),
    ];
    let ways = [
        removed_all_the_same,
        left_in_other_case,
        numbered,
        filed,
        taken_back_later,
        late,
    ];
    for acts in ways {
        let ended = all_the_way(&acts);
        assert!(ended.is_ok(), "{acts:?}: {ended:?}");
    }
}
