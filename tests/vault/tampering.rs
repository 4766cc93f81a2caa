//! Files that were cut, extended or altered: never a wrong or partial value, always the right error.

use std::path::Path;

use broker::store::vault::Protection;
use broker::store::{Removal, Store, StoreError};

use super::{Place, put, value};

/// Where the X25519 stanza (its type, share and sealed file key) is in a file of ours: after
/// `age-encryption.org/v1\n`.
const STANZA: std::ops::Range<usize> = 22..119;

#[test]
fn a_file_cut_anywhere_is_damaged() {
    let (place, _vault) = Place::with_one_secret();
    let path = place.file("secrets/a@v1.age");
    let whole = std::fs::read(&path).unwrap();
    for end in 0..whole.len() {
        put(&path, &whole[..end]);
        assert_damaged(place.read("a").map(drop), "a@v1", &format!("cut at {end}"));
    }
    put(&path, &whole);
    assert!(place.read("a").unwrap().same_as(&value(b"value of a")));
}

#[test]
fn a_file_with_any_bit_flipped_or_anything_added_is_never_read() {
    let (place, _vault) = Place::with_one_secret();
    let path = place.file("secrets/a@v1.age");
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(&whole[22..32], b"-> X25519 ");
    assert_eq!(whole[STANZA.end], b'\n', "a stanza of chance may follow");
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut altered = whole.clone();
            altered[at] ^= 1 << bit;
            put(&path, &altered);
            let case = format!("bit {bit} of byte {at}");
            match place.read("a") {
                // A stanza that does not open is one for another key, as far as anybody can tell.
                Err(StoreError::WrongKey) if STANZA.contains(&at) => {}
                result => assert_damaged(result.map(drop), "a@v1", &case),
            }
        }
    }
    for added in [&b"\0"[..], b"\n", &whole] {
        put(&path, &[&whole[..], added].concat());
        assert_damaged(place.read("a").map(drop), "a@v1", "something added");
    }
}

#[test]
fn a_file_for_another_key_is_told_from_a_damaged_one() {
    let (place, _vault) = Place::with_one_secret();
    let (other, _) = Place::with_one_secret();
    let path = "secrets/a@v1.age";
    std::fs::copy(other.file(path), place.file(path)).unwrap();
    assert!(matches!(place.read("a"), Err(StoreError::WrongKey)));
}

#[test]
fn one_damaged_file_gives_nothing_of_a_batch_and_can_be_replaced() {
    let (place, mut vault) = Place::with_one_secret();
    let b = place.item("b");
    vault.write(&b, &value(b"value of b")).unwrap();
    put(&place.file("secrets/b@v1.age"), b"age-encryption.org/v1\n");
    assert_damaged(
        vault.read(&[place.item("a"), b.clone()]).map(drop),
        "b@v1",
        "the second of two",
    );
    vault.write(&b, &value(b"again")).unwrap();
    assert!(place.read("b").unwrap().same_as(&value(b"again")));
}

#[test]
fn a_lost_record_or_folder_does_not_make_the_items_look_absent() {
    let (place, mut vault) = Place::with_one_secret();
    std::fs::rename(place.file("secrets"), place.file("elsewhere")).unwrap();
    let a = place.item("a");
    assert_damaged(
        vault.read(std::slice::from_ref(&a)).map(drop),
        "secrets",
        "read",
    );
    assert_damaged(vault.write(&a, &value(b"x")), "secrets", "write");
    assert_damaged(vault.remove(&a).map(drop), "secrets", "remove");
    assert_damaged(vault.items(&place.home).map(drop), "secrets", "items");
    assert_damaged(vault.check(), "secrets", "check");
    std::fs::rename(place.file("elsewhere"), place.file("secrets")).unwrap();
    assert_eq!(vault.remove(&place.item("b")).unwrap(), Removal::Absent);

    std::fs::remove_file(place.file("vault.json")).unwrap();
    assert!(matches!(place.open(), Err(StoreError::NotSetUp(_))));
    let again = broker::store::Vault::create(
        &place.paths,
        &place.home,
        &Protection::KeyFile(None),
        place.access(),
    );
    assert_damaged(again.map(drop), "vault.json", "made over secrets");
}

#[test]
fn a_record_cut_or_altered_anywhere_gives_no_wrong_vault() {
    let (place, _vault) = Place::with_one_secret();
    let path = place.file("vault.json");
    let whole = std::fs::read(&path).unwrap();
    // The last two bytes are the brace and the newline; without the newline alone it is the same JSON.
    for end in 0..whole.len() - 1 {
        put(&path, &whole[..end]);
        assert_damaged(
            place.read("a").map(drop),
            "vault.json",
            &format!("cut at {end}"),
        );
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut altered = whole.clone();
            altered[at] ^= 1 << bit;
            put(&path, &altered);
            match place.read("a") {
                Ok(read) => assert!(read.same_as(&value(b"value of a")), "byte {at}"),
                Err(StoreError::Damaged { .. } | StoreError::TooNew { .. }) => {}
                Err(other) => panic!("bit {bit} of byte {at}: {other:?}"),
            }
        }
    }
}

#[test]
fn an_encrypted_identity_that_was_altered_is_refused_before_or_after_the_passphrase() {
    let place = Place::new();
    let passphrase = b"pass";
    drop(place.create(&Protection::Passphrase(value(passphrase))));
    place.person.knows.replace(Some(passphrase.to_vec()));
    let path = place.file("identity.age");
    let whole = std::fs::read(&path).unwrap();
    let header = whole.windows(5).position(|w| w == b"\n--- ").unwrap();
    let stanza_end = whole.iter().skip(22).position(|b| *b == b'\n').unwrap() + 22;
    assert!(header > stanza_end);
    let read = || {
        place
            .open()
            .unwrap()
            .unlock(std::time::Duration::from_secs(1))
            .map(drop)
    };
    // Cuts within the header, found without computing; then cuts and flips behind it, a second each, so
    // only a few.
    let cuts = (0..=header + 1).chain([header + 20, whole.len() - 20, whole.len() - 1]);
    for end in cuts {
        put(&path, &whole[..end]);
        assert_damaged(read(), "identity.age", &format!("cut at {end}"));
    }
    let flips = [
        3,
        24,
        stanza_end - 1,
        header + 3,
        header + 10,
        whole.len() - 1,
    ];
    for at in flips {
        let mut altered = whole.clone();
        altered[at] ^= 0x10;
        put(&path, &altered);
        assert_damaged(read(), "identity.age", &format!("flipped at {at}"));
    }
    // What was sealed with the passphrase does not open: indistinguishable from another passphrase.
    let mut altered = whole.clone();
    // Another digit of base64, whatever stands there.
    let digit = &mut altered[stanza_end + 5];
    *digit = if *digit == b'A' { b'B' } else { b'A' };
    put(&path, &altered);
    assert!(matches!(read(), Err(StoreError::WrongPassphrase)));
    put(&path, &whole);
    read().unwrap();
    assert!(place.open().unwrap().lock().unwrap());
}

#[test]
fn a_passphrase_header_that_asks_for_more_work_is_refused_at_once() {
    let place = Place::new();
    drop(place.create(&Protection::Passphrase(value(b"pass"))));
    place.person.knows.replace(Some(b"pass".to_vec()));
    let path = place.file("identity.age");
    let whole = std::fs::read(&path).unwrap();
    let at = whole.windows(4).position(|w| w == b" 18\n").unwrap();
    for factor in ["19", "22", "63", "64", "99", "018", "+18", "0", "-1"] {
        let altered = [&whole[..=at], factor.as_bytes(), &whole[at + 3..]].concat();
        put(&path, &altered);
        let started = std::time::Instant::now();
        let result = place.open().unwrap().read(&[place.item("a")]);
        // Absent comes before anything is asked; so ask for one that is there.
        assert!(matches!(result, Err(StoreError::NotFound { .. })));
        let result = place
            .open()
            .unwrap()
            .unlock(std::time::Duration::from_secs(1));
        assert_damaged(result.map(drop), "identity.age", factor);
        assert!(started.elapsed().as_millis() < 500, "{factor} was computed");
    }
}

#[test]
fn a_file_or_value_over_the_limit_is_refused() {
    let (place, mut vault) = Place::with_one_secret();
    let most = vec![7; broker::secret::MAX_VALUE_BYTES];
    vault.write(&place.item("a"), &value(&most)).unwrap();
    assert!(place.read("a").unwrap().same_as(&value(&most)));
    let more = [&most[..], b"7"].concat();
    assert!(matches!(
        vault.write(&place.item("a"), &value(&more)),
        Err(StoreError::TooLarge(_))
    ));
    assert!(place.read("a").unwrap().same_as(&value(&most)), "kept");
    put(&place.file("secrets/a@v1.age"), &vec![0; (2 << 20) + 1]);
    assert!(matches!(place.read("a"), Err(StoreError::TooLarge(_))));
    use broker::store::vault::age_file::{Lid, seal};
    let recipient = vault.status().recipient;
    let file = seal(&value(&more), Lid::Recipient(&recipient)).unwrap();
    put(&place.file("secrets/a@v1.age"), &file);
    assert!(matches!(place.read("a"), Err(StoreError::TooLarge(_))));
}

fn assert_damaged(result: Result<(), StoreError>, what: &str, case: &str) {
    match result {
        Err(StoreError::Damaged { what: found, .. }) => assert_eq!(found, what, "{case}"),
        other => panic!("{case}: {other:?}"),
    }
}

#[test]
fn nothing_is_read_through_a_link_or_from_a_folder_others_can_write() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (place, mut vault) = Place::with_one_secret();
    vault.write(&place.item("b"), &value(b"b")).unwrap();
    let link = place.file("secrets/c@v1.age");
    symlink(Path::new("b@v1.age"), &link).unwrap();
    assert!(matches!(place.read("c"), Err(StoreError::File(_))));
    let folder = place.file("secrets");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(place.read("b"), Err(StoreError::File(_))));
}
