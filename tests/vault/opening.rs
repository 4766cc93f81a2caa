//! Where the key comes from, and what is refused as one.

use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use broker::paths::FileError;
use broker::store::vault::{Access, Protection, State};
use broker::store::{HomeId, ItemId, Store, StoreError, StoreKind, Vault};

use super::{Place, put, value};

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The problem an untrusted file was refused for.
fn problem<T: std::fmt::Debug>(result: Result<T, StoreError>) -> &'static str {
    match result {
        Err(StoreError::File(FileError::Unsafe { problem, .. })) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_file_others_can_reach_is_refused() {
    let (place, _vault) = Place::with_one_secret();
    let key = place.file("key.txt");
    for mode in [0o640, 0o604, 0o660, 0o610, 0o601] {
        chmod(&key, mode);
        let problem = problem(place.read("a"));
        assert!(problem.ends_with("by other users"), "{mode:o}: {problem}");
        assert!(place.open().unwrap().check().is_err());
    }
    chmod(&key, 0o400);
    assert!(place.read("a").unwrap().same_as(&value(b"value of a")));
}

#[test]
fn a_key_file_that_is_a_link_or_no_file_is_refused() {
    let (place, _vault) = Place::with_one_secret();
    let key = place.file("key.txt");
    let real = place.top.path().join("real");
    std::fs::rename(&key, &real).unwrap();
    symlink(&real, &key).unwrap();
    assert_eq!(problem(place.read("a")), "is a link");
    std::fs::remove_file(&key).unwrap();
    std::fs::create_dir(&key).unwrap();
    assert_eq!(problem(place.read("a")), "is not a plain file");
}

#[test]
fn a_key_file_of_another_user_is_refused() {
    assert!(
        is_root(),
        "this test changes a file's owner and so runs as root"
    );
    let (place, _vault) = Place::with_one_secret();
    let key = place.file("key.txt");
    chown(&key, Some(65_534), None).unwrap();
    assert_eq!(problem(place.read("a")), "belongs to another user");
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self").metadata().unwrap().uid() == 0
}

#[test]
fn a_missing_key_file_is_named_and_looks_like_no_absent_item() {
    let (place, _vault) = Place::with_one_secret();
    std::fs::remove_file(place.file("key.txt")).unwrap();
    match place.read("a") {
        Err(StoreError::File(FileError::Io { path, source, .. })) => {
            assert_eq!(path, place.file("key.txt"));
            assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_of_another_vault_is_the_wrong_key_and_nonsense_is_damaged() {
    let (place, _vault) = Place::with_one_secret();
    let (other, _) = Place::with_one_secret();
    let key = place.file("key.txt");
    let own = std::fs::read(&key).unwrap();
    let others = std::fs::read(other.file("key.txt")).unwrap();
    put(&key, &others);
    assert!(matches!(place.read("a"), Err(StoreError::WrongKey)));
    put(&key, &[&others[..], &own[..]].concat());
    assert!(place.read("a").is_ok(), "the one that fits is found");
    for nonsense in [
        &b""[..],
        b"# only a comment\n",
        b"\xff\xfe",
        b"AGE-SECRET-KEY-1\n",
        &own[..own.len() - 3],
    ] {
        put(&key, nonsense);
        match place.read("a") {
            Err(StoreError::Damaged { what, .. }) => assert_eq!(what, "key.txt"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_key_file_of_the_caller_goes_before_what_the_record_says() {
    let place = Place::new();
    let mut vault = place.create(&Protection::Keychain);
    vault.write(&place.item("a"), &value(b"x")).unwrap();
    let kept = place
        .person
        .keychain
        .clone()
        .read(&[ItemId::vault_identity(&place.home)])
        .unwrap();
    let key = place.top.path().join("ci.key");
    put(&key, kept[0].expose());
    place.person.keychain.locked.set(true);
    assert!(matches!(
        place.read("a"),
        Err(StoreError::Locked(StoreKind::Keychain))
    ));
    let open = |key: &Path| {
        let access = Access {
            key_file: Some(key.to_path_buf()),
            ..place.access()
        };
        Vault::open(&place.paths, &place.home, access).unwrap()
    };
    let read = open(&key).read(&[place.item("a")]).unwrap();
    assert!(read[0].same_as(&value(b"x")));
    let status = open(&key).status();
    assert_eq!(status.key_file.as_deref(), Some(key.as_path()));
    assert!(matches!(status.state, State::Open));
    // It is the only one tried, too.
    place.person.keychain.locked.set(false);
    chmod(&key, 0o644);
    let result = open(&key).read(&[place.item("a")]);
    assert_eq!(problem(result), "can be read by other users");
}

#[test]
fn a_keychain_that_is_locked_or_has_no_key_is_told_apart() {
    let place = Place::new();
    let mut vault = place.create(&Protection::Keychain);
    vault.write(&place.item("a"), &value(b"x")).unwrap();
    assert!(matches!(place.open().unwrap().status().state, State::Open));
    place.person.keychain.locked.set(true);
    assert!(matches!(
        place.open().unwrap().status().state,
        State::Locked
    ));
    place.person.keychain.locked.set(false);
    place.person.keychain.items.borrow_mut().clear();
    assert!(matches!(place.read("a"), Err(StoreError::NoKey)));
}

#[test]
fn writing_listing_and_removing_need_no_key_and_ask_nobody() {
    let place = Place::new();
    drop(place.create(&Protection::Passphrase(value(b"pass"))));
    let mut vault = place.open().unwrap();
    vault.write(&place.item("a"), &value(b"x")).unwrap();
    assert_eq!(vault.items(&place.home).unwrap(), [place.item("a")]);
    assert!(matches!(vault.check(), Err(StoreError::Locked(_))));
    assert!(matches!(
        vault.read(&[place.item("b")]),
        Err(StoreError::NotFound { .. })
    ));
    assert_eq!(place.person.asked.get(), 0);
    assert!(matches!(place.read("a"), Err(StoreError::Locked(_))));
    assert_eq!(place.person.asked.get(), 1);
    place.person.knows.replace(Some(b"wrong".to_vec()));
    assert!(matches!(place.read("a"), Err(StoreError::WrongPassphrase)));
    place.person.knows.replace(Some(b"\xff".to_vec()));
    assert!(matches!(place.read("a"), Err(StoreError::WrongPassphrase)));
    place.person.knows.replace(Some(b"pass".to_vec()));
    let batch = [place.item("a"), place.item("a")];
    let mut vault = place.open().unwrap();
    let before = place.person.asked.get();
    assert_eq!(vault.read(&batch).unwrap().len(), 2);
    assert_eq!(vault.read(&batch).unwrap().len(), 2);
    assert_eq!(place.person.asked.get(), before + 1, "once for a process");
}

#[test]
fn a_vault_is_not_made_twice_nor_with_a_useless_passphrase() {
    let place = Place::new();
    let create = |protection: &Protection| {
        Vault::create(&place.paths, &place.home, protection, place.access())
    };
    for useless in [&b""[..], b"\xff\xfe"] {
        let result = create(&Protection::Passphrase(value(useless)));
        assert!(matches!(result, Err(StoreError::BadPassphrase(_))));
    }
    assert!(!place.file("vault.json").exists());
    assert!(!Vault::is_there(&place.paths).unwrap());
    create(&Protection::KeyFile(None)).unwrap();
    assert!(Vault::is_there(&place.paths).unwrap());
    let key = std::fs::read(place.file("key.txt")).unwrap();
    for again in [Protection::KeyFile(None), Protection::Keychain] {
        assert!(matches!(create(&again), Err(StoreError::Exists(_))));
    }
    put(&place.file("vault.json"), b"nonsense");
    let again = create(&Protection::KeyFile(None));
    assert!(
        matches!(again, Err(StoreError::Exists(_))),
        "damaged is there too"
    );
    assert_eq!(std::fs::read(place.file("key.txt")).unwrap(), key);
}

#[test]
fn a_key_left_by_a_crash_is_taken_up_and_no_file_is_written_over() {
    for protection in [Protection::KeyFile(None), Protection::Keychain] {
        let place = Place::new();
        let first = place.create(&protection).status().recipient;
        // As after a crash right before the last step.
        std::fs::remove_file(place.file("vault.json")).unwrap();
        let second = place.create(&protection).status().recipient;
        assert_eq!(first, second, "{protection:?}");
    }
    let place = Place::new();
    let passphrase = Protection::Passphrase(value(b"pass"));
    let first = place.create(&passphrase).status().recipient;
    let left = std::fs::read(place.file("identity.age")).unwrap();
    std::fs::remove_file(place.file("vault.json")).unwrap();
    let mut vault = place.create(&passphrase);
    assert_ne!(vault.status().recipient, first);
    assert_eq!(std::fs::read(place.file("identity.age")).unwrap(), left);
    assert_eq!(
        vault.leftovers().unwrap().len(),
        2,
        "identity.age and secrets"
    );
    assert_eq!(vault.clean().unwrap().len(), 2);
    assert!(vault.leftovers().unwrap().is_empty());
    crate::contract::holds(&mut vault, &place.home);
}

#[test]
fn what_is_not_an_item_is_not_listed_and_another_homes_items_are_not_written() {
    let (place, mut vault) = Place::with_one_secret();
    for name in [
        "notes.txt",
        "b.age",
        "b@v0.age",
        "B@v1.AGE",
        ".broker-x.tmp",
    ] {
        put(&place.file("secrets").join(name), b"x");
    }
    assert_eq!(vault.items(&place.home).unwrap(), [place.item("a")]);
    let left = vault.leftovers().unwrap();
    assert_eq!(left, [place.file("secrets/.broker-x.tmp")]);
    let other = super::item(&HomeId::from_random([1; 16]), "a", 1);
    assert!(matches!(
        vault.write(&other, &value(b"planted")),
        Err(StoreError::NotSetUp(_))
    ));
    assert!(place.read("a").unwrap().same_as(&value(b"value of a")));
}
