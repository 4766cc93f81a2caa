//! Files of ours and of the `age` programs, each read by the other (Debian package `age`).

use std::path::Path;
use std::process::{Command, Output, Stdio};

use broker::secret::SecretValue;
use broker::store::Store;
use broker::store::vault::Protection;

use super::{Place, put, value};

fn run(program: &str, arguments: &[&Path], input: &[u8]) -> Output {
    use std::io::Write;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    child.stdin.take().unwrap().write_all(input).unwrap();
    let out = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{program} {arguments:?}: {said}");
    out
}

fn paths<'a>(all: &'a [&'a str]) -> Vec<&'a Path> {
    all.iter().map(Path::new).collect()
}

/// Runs `age -d FILE` on a terminal of its own, on which `passphrase` is typed, and returns the plaintext.
fn age_with_passphrase(place: &Place, file: &Path, passphrase: &str) -> Vec<u8> {
    let out = place.top.path().join("plain");
    let script = "log_user 0; set timeout 60; spawn -noecho age -d -o $env(OUT) $env(FILE); \
                  expect assphrase; send -- \"$env(PASS)\\r\"; expect eof; exit [lindex [wait] 3]";
    let status = Command::new("expect")
        .args(["-c", script])
        .env("OUT", &out)
        .env("FILE", file)
        .env("PASS", passphrase)
        .status()
        .expect("expect");
    assert!(status.success());
    std::fs::read(out).unwrap()
}

/// Values of every size that matters to the format: none, short, a whole piece (64 KiB), two and a bit.
fn values() -> Vec<Vec<u8>> {
    let bytes = |length: usize| (0..length).map(|i| (i % 251) as u8).collect();
    [0, 1, 300, 65_535, 65_536, 65_537, 150_000]
        .map(bytes)
        .to_vec()
}

#[test]
fn age_reads_what_the_vault_wrote_with_the_key_file() {
    let (place, mut vault) = Place::with_one_secret();
    let key = place.file("key.txt");
    for bytes in values() {
        vault.write(&place.item("work/b"), &value(&bytes)).unwrap();
        let file = place.file("secrets/work+b@v1.age");
        let options = paths(&["-d", "-i"]);
        let out = run("age", &[&options[..], &[&key, &file]].concat(), b"");
        assert_eq!(out.stdout, bytes);
    }
}

#[test]
fn age_keygen_derives_our_recipient_from_our_key_file() {
    let (place, vault) = Place::with_one_secret();
    let key = place.file("key.txt");
    let out = run("age-keygen", &[Path::new("-y"), &key], b"");
    let recipient = vault.status().recipient;
    assert_eq!(String::from_utf8(out.stdout).unwrap().trim(), recipient);
    let text = std::fs::read_to_string(&key).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("# created: 20"), "{}", lines[0]);
    assert_eq!(lines[1], format!("# public key: {recipient}"));
}

#[test]
fn age_reads_a_vault_that_is_opened_by_a_passphrase() {
    let place = Place::new();
    let mut vault = place.create(&Protection::Passphrase(value(b"correct horse")));
    vault.write(&place.item("a"), &value(b"secret\n")).unwrap();
    let identity = place.file("identity.age");
    let file = std::fs::read(&identity).unwrap();
    let header = String::from_utf8_lossy(&file[..70]).into_owned();
    let stanza = header.lines().nth(1).unwrap();
    assert!(
        stanza.starts_with("-> scrypt ") && stanza.ends_with(" 18"),
        "{stanza}"
    );

    let plain = age_with_passphrase(&place, &identity, "correct horse");
    let key = place.top.path().join("key");
    put(&key, &plain);
    let options = paths(&["-d", "-i"]);
    let secret = place.file("secrets/a@v1.age");
    let out = run("age", &[&options[..], &[&key, &secret]].concat(), b"");
    assert_eq!(out.stdout, b"secret\n");
}

#[test]
fn age_reads_a_vault_that_is_opened_by_the_keychain() {
    let place = Place::new();
    let mut vault = place.create(&Protection::Keychain);
    vault.write(&place.item("a"), &value(b"secret")).unwrap();
    let item = broker::store::ItemId::vault_identity(&place.home);
    let kept = place.person.keychain.clone().read(&[item]).unwrap();
    let key = place.top.path().join("key");
    put(&key, kept[0].expose());
    let options = paths(&["-d", "-i"]);
    let secret = place.file("secrets/a@v1.age");
    let out = run("age", &[&options[..], &[&key, &secret]].concat(), b"");
    assert_eq!(out.stdout, b"secret");
}

#[test]
fn the_vault_reads_what_age_wrote_binary_and_armored_and_to_several() {
    let (place, vault) = Place::with_one_secret();
    let recipient = vault.status().recipient;
    let other = run("age-keygen", &[], b"");
    let other = String::from_utf8(other.stdout).unwrap();
    let other = other
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap();
    let file = place.file("secrets/from-age@v1.age");
    for bytes in values() {
        for options in [
            vec!["-r", &recipient],
            vec!["-a", "-r", &recipient],
            vec!["-r", other, "-r", &recipient],
        ] {
            let out = run("age", &paths(&options), &bytes);
            put(&file, &out.stdout);
            let read: SecretValue = place.read("from-age").unwrap();
            assert!(read.same_as(&value(&bytes)), "{options:?}, {}", bytes.len());
        }
    }
}

#[test]
fn a_key_made_by_age_keygen_makes_and_opens_a_vault() {
    let place = Place::new();
    let key = place.top.path().join("ci.key");
    run("age-keygen", &[Path::new("-o"), &key], b"");
    let mut vault = place.create(&Protection::KeyFile(Some(key.clone())));
    vault.write(&place.item("a"), &value(b"x")).unwrap();
    assert_eq!(vault.status().key_file, Some(key.clone()));
    assert!(!place.file("key.txt").exists());
    assert!(place.read("a").unwrap().same_as(&value(b"x")));
    let text = std::fs::read_to_string(&key).unwrap();
    assert!(
        text.contains("# public key: "),
        "left as age-keygen wrote it"
    );
}
