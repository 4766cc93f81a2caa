//! Against a provider that does what real ones have been seen to do.

use std::thread;
use std::time::Duration;

use broker::store::keychain::Keychain;
use broker::store::{Asking, ItemId, Removal, Store};

use super::{code, home, seconds, within};
use crate::contract::{self, item, value};
use crate::support::bus::Bus;
use crate::support::provider::{Manner, Prompting, Provider};

/// A bus with a provider of some manner that holds one item, and a keychain on it.
struct Scene {
    keychain: Keychain,
    provider: Provider,
    bus: Bus,
    item: ItemId,
}

fn scene(asking: Asking, manner: Manner) -> Scene {
    let bus = Bus::without_provider();
    let item = item(&home(), "there", 1);
    let provider = Provider::start(bus.address(), manner, &[(&item.account(), b"canary-value")]);
    Scene {
        keychain: Keychain::at(bus.address(), asking),
        provider,
        bus,
        item,
    }
}

impl Scene {
    fn read(&mut self) -> Result<Vec<broker::secret::SecretValue>, broker::store::StoreError> {
        self.keychain.read(std::slice::from_ref(&self.item))
    }
}

#[test]
fn a_provider_that_behaves_keeps_the_contract() {
    let bus = Bus::without_provider();
    let _provider = Provider::start(bus.address(), Manner::default(), &[]);
    contract::holds(&mut Keychain::at(bus.address(), Asking::Never), &home());
}

#[test]
fn a_read_is_one_exchange_one_search_an_item_and_one_batch() {
    let mut scene = scene(Asking::Never, Manner::default());
    drop(scene.read().expect("read"));
    assert_eq!(
        scene.provider.calls(),
        ["OpenSession", "SearchItems", "GetSecrets"]
    );
    drop(scene.read().expect("read again"));
    let calls = scene.provider.calls();
    let sessions = calls.iter().filter(|call| *call == "OpenSession").count();
    assert_eq!(sessions, 1, "the session is kept between calls");
}

#[test]
fn a_locked_collection_that_searches_as_empty_is_locked() {
    let manner = Manner {
        locked: true,
        ..Manner::default()
    };
    let mut scene = scene(Asking::Never, manner);
    within(seconds(2), || {
        assert_eq!(code(scene.read()), "store-locked");
        assert_eq!(code(scene.keychain.remove(&scene.item)), "store-locked");
        assert_eq!(code(scene.keychain.items(&home())), "store-locked");
        assert_eq!(code(scene.keychain.check()), "store-locked");
        assert_eq!(
            code(scene.keychain.write(&scene.item, &value(b"x"))),
            "store-locked"
        );
    });
    let calls = scene.provider.calls();
    assert!(
        !calls.iter().any(|c| c == "Unlock" || c == "Prompt"),
        "{calls:?}"
    );
}

#[test]
fn a_prompt_that_is_answered_opens_the_keychain() {
    for lists_locked in [false, true] {
        let manner = Manner {
            locked: true,
            lists_locked,
            ..Manner::default()
        };
        let mut scene = scene(Asking::Allowed, manner);
        let read = scene.read().expect("read");
        assert!(read[0].same_as(&value(b"canary-value")));
    }
    let manner = Manner {
        locked: true,
        ..Manner::default()
    };
    let mut writing = scene(Asking::Allowed, manner.clone());
    writing
        .keychain
        .write(&writing.item, &value(b"x"))
        .expect("written");
    let mut removing = scene(Asking::Allowed, manner.clone());
    let removed = removing.keychain.remove(&removing.item);
    assert_eq!(removed.expect("removed"), Removal::Removed);
    let mut listing = scene(Asking::Allowed, manner.clone());
    assert_eq!(
        listing.keychain.items(&home()).expect("a list"),
        [listing.item]
    );
    let mut unlocking = scene(Asking::Allowed, manner);
    unlocking.keychain.unlock().expect("unlocked");
    unlocking.keychain.check().expect("open");
}

#[test]
fn a_prompt_that_is_dismissed_says_so() {
    let manner = Manner {
        locked: true,
        prompt: Prompting::Dismisses,
        ..Manner::default()
    };
    let mut scene = scene(Asking::Allowed, manner);
    assert_eq!(code(scene.read()), "store-dismissed");
    assert_eq!(code(scene.keychain.unlock()), "store-dismissed");
}

#[test]
#[ignore = "waits the 30 s a person has"]
fn a_prompt_nobody_answers_is_a_timeout() {
    let manner = Manner {
        locked: true,
        prompt: Prompting::Unanswered,
        ..Manner::default()
    };
    let mut scene = scene(Asking::Allowed, manner);
    within(seconds(33), || {
        assert_eq!(code(scene.read()), "store-timeout");
    });
    let calls = scene.provider.calls();
    assert_eq!(calls.last().map(String::as_str), Some("Dismiss"));
}

#[test]
fn a_prompt_to_write_or_to_remove_is_honoured() {
    for method in ["CreateItem", "Delete"] {
        let manner = Manner {
            asks_on: Some(method),
            ..Manner::default()
        };
        let mut allowed = scene(Asking::Allowed, manner.clone());
        let account = allowed.item.account();
        let written = allowed.keychain.write(&allowed.item, &value(b"new"));
        written.expect("written");
        assert_eq!(allowed.provider.held(&account), [b"new"]);
        let removed = allowed.keychain.remove(&allowed.item).expect("removed");
        assert_eq!(removed, Removal::Removed);
        assert!(allowed.provider.held(&account).is_empty());

        let mut never = scene(Asking::Never, manner);
        let done = match method {
            "CreateItem" => never.keychain.write(&never.item, &value(b"new")),
            _ => never.keychain.remove(&never.item).map(drop),
        };
        assert_eq!(code(done), "store-locked");
        assert_eq!(never.provider.held(&account), [b"canary-value"]);
    }
}

#[test]
fn a_prompt_that_unlocks_nothing_leaves_the_keychain_locked() {
    for lists_locked in [false, true] {
        let manner = Manner {
            locked: true,
            lists_locked,
            prompt: Prompting::Lies,
            ..Manner::default()
        };
        let mut scene = scene(Asking::Allowed, manner);
        assert_eq!(code(scene.read()), "store-locked");
        assert_eq!(code(scene.keychain.unlock()), "store-locked");
        assert_eq!(code(scene.keychain.items(&home())), "store-locked");
    }
}

#[test]
fn a_provider_that_never_answers_is_a_timeout() {
    for (method, limit) in [("OpenSession", 4), ("SearchItems", 9), ("GetSecrets", 9)] {
        let manner = Manner {
            silent_on: Some(method),
            ..Manner::default()
        };
        let mut scene = scene(Asking::Never, manner);
        within(seconds(limit), || {
            assert_eq!(code(scene.read()), "store-timeout")
        });
    }
}

#[test]
fn a_provider_that_answers_late_is_waited_for() {
    let manner = Manner {
        late: Duration::from_millis(500),
        ..Manner::default()
    };
    let mut scene = scene(Asking::Never, manner);
    scene.read().expect("read");
}

#[test]
fn a_value_that_is_withheld_is_denied_and_not_missing() {
    let manner = Manner {
        withholds: true,
        ..Manner::default()
    };
    assert_eq!(code(scene(Asking::Never, manner).read()), "store-denied");
}

#[test]
fn two_items_for_one_key_are_ambiguous_until_it_is_written() {
    let bus = Bus::without_provider();
    let item = item(&home(), "twice", 1);
    let account = item.account();
    let items: [(&str, &[u8]); 2] = [(&account, b"one"), (&account, b"two")];
    let provider = Provider::start(bus.address(), Manner::default(), &items);
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    assert_eq!(
        code(keychain.read(std::slice::from_ref(&item))),
        "store-ambiguous"
    );
    let listed = keychain.items(&home()).expect("a list");
    assert_eq!(listed, std::slice::from_ref(&item));
    keychain.write(&item, &value(b"new")).expect("written");
    assert_eq!(provider.held(&account), [b"new"]);
    assert!(keychain.read(&[item]).expect("read")[0].same_as(&value(b"new")));
}

#[test]
fn removing_an_ambiguous_item_removes_all_of_it() {
    let bus = Bus::without_provider();
    let item = item(&home(), "twice", 1);
    let account = item.account();
    let items: [(&str, &[u8]); 2] = [(&account, b"one"), (&account, b"two")];
    let provider = Provider::start(bus.address(), Manner::default(), &items);
    let mut keychain = Keychain::at(bus.address(), Asking::Never);
    assert_eq!(keychain.remove(&item).expect("removed"), Removal::Removed);
    assert!(provider.held(&account).is_empty());
}

#[test]
fn a_provider_that_leaves_in_a_call_is_an_error_at_once() {
    for method in ["OpenSession", "SearchItems", "GetSecrets"] {
        let manner = Manner {
            leaves_on: Some(method),
            ..Manner::default()
        };
        let mut scene = scene(Asking::Never, manner);
        within(seconds(2), || {
            let code = code(scene.read());
            assert!(
                ["store-failed", "store-no-provider"].contains(&code),
                "{code}"
            );
        });
    }
}

#[test]
fn a_bus_that_ends_in_a_call_is_an_error_at_once() {
    let manner = Manner {
        silent_on: Some("GetSecrets"),
        ..Manner::default()
    };
    let Scene {
        mut keychain,
        provider,
        bus,
        item,
    } = scene(Asking::Never, manner);
    let ending = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        drop(bus);
    });
    within(seconds(2), || {
        assert_eq!(code(keychain.read(&[item])), "store-failed")
    });
    ending.join().expect("ended");
    drop(provider);
}

#[test]
fn a_provider_without_encryption_is_refused() {
    let manner = Manner {
        plain_only: true,
        ..Manner::default()
    };
    let mut scene = scene(Asking::Never, manner);
    assert_eq!(code(scene.read()), "store-failed");
    assert_eq!(code(scene.keychain.check()), "store-failed");
    assert_eq!(
        code(scene.keychain.write(&scene.item, &value(b"x"))),
        "store-failed"
    );
    let calls = scene.provider.calls();
    assert!(
        !calls.iter().any(|c| c == "GetSecrets" || c == "CreateItem"),
        "{calls:?}"
    );
}

#[test]
fn a_public_number_that_gives_the_key_away_is_refused() {
    for public in [vec![], vec![0], vec![1], vec![0xff; 128], vec![2; 129]] {
        let manner = Manner {
            public: Some(public),
            ..Manner::default()
        };
        let mut scene = scene(Asking::Never, manner);
        assert_eq!(code(scene.read()), "store-failed");
    }
}

#[test]
fn a_value_that_does_not_decrypt_is_damaged() {
    let manner = Manner {
        damages: true,
        ..Manner::default()
    };
    assert_eq!(code(scene(Asking::Never, manner).read()), "store-damaged");
}

#[test]
fn errors_of_the_provider_are_told_by_name_and_without_their_text() {
    let cases = [
        (
            "SearchItems",
            "org.freedesktop.DBus.Error.AccessDenied",
            "store-denied",
        ),
        (
            "GetSecrets",
            "org.freedesktop.Secret.Error.IsLocked",
            "store-locked",
        ),
        ("GetSecrets", "org.example.Error.Odd", "store-failed"),
    ];
    for (method, name, expected) in cases {
        let manner = Manner {
            refuses: Some((method, name)),
            ..Manner::default()
        };
        assert_eq!(code(scene(Asking::Never, manner).read()), expected);
    }
}

#[test]
fn a_provider_without_a_default_collection_says_so() {
    let manner = Manner {
        no_default: true,
        ..Manner::default()
    };
    let mut scene = scene(Asking::Never, manner);
    assert_eq!(code(scene.keychain.check()), "store-no-collection");
    assert_eq!(
        code(scene.keychain.write(&scene.item, &value(b"x"))),
        "store-no-collection"
    );
}
