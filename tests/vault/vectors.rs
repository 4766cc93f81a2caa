//! The shared age test vectors (C2SP CCTV), through our reader.
//!
//! They are in the source package of the `age` crate, which the lock file pins; cargo tells where that is.

use std::path::PathBuf;
use std::process::Command;

use broker::secret::SecretValue;
use broker::store::vault::age_file::{Identity, Keys, OpenError, open};
use sha2::{Digest, Sha256};

use super::value;

/// More than the largest plaintext among the vectors (16 MiB and a bit).
const LIMIT: usize = 32 << 20;

fn folder() -> PathBuf {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .output()
        .unwrap();
    assert!(out.status.success());
    let all: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let packages = all["packages"].as_array().unwrap();
    let age = packages.iter().find(|p| p["name"] == "age").unwrap();
    let manifest = PathBuf::from(age["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().join("tests/testdata/testkit")
}

struct Vector {
    expect: String,
    payload: Option<String>,
    identities: Vec<Identity>,
    passphrases: Vec<SecretValue>,
    file: Vec<u8>,
}

fn parse(bytes: &[u8]) -> Vector {
    let end = bytes.windows(2).position(|w| w == b"\n\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut vector = Vector {
        expect: String::new(),
        payload: None,
        identities: Vec::new(),
        passphrases: Vec::new(),
        file: bytes[end + 2..].to_vec(),
    };
    for line in head.lines() {
        let (key, text) = line.split_once(": ").unwrap();
        match key {
            "expect" => text.clone_into(&mut vector.expect),
            "payload" => vector.payload = Some(text.to_owned()),
            "identity" => vector
                .identities
                .extend(Identity::read_all(text.as_bytes()).unwrap()),
            "passphrase" => vector.passphrases.push(value(text.as_bytes())),
            "compressed" => {
                assert_eq!(text, "zlib");
                vector.file = miniz_oxide::inflate::decompress_to_vec_zlib(&vector.file).unwrap();
            }
            "armored" | "comment" | "file key" => {}
            other => panic!("{other}"),
        }
    }
    vector
}

/// Opens with each key there is, as far as the first that fits.
fn outcome(vector: &Vector) -> Result<SecretValue, OpenError> {
    let Some(first) = vector.passphrases.first() else {
        return open(&vector.file, Keys::Identities(&vector.identities), LIMIT);
    };
    let rest = &vector.passphrases[1..];
    rest.iter().fold(
        open(&vector.file, Keys::Passphrase(first), LIMIT),
        |result, next| match result {
            Err(OpenError::NoMatch) => open(&vector.file, Keys::Passphrase(next), LIMIT),
            done => done,
        },
    )
}

fn hash(value: &SecretValue) -> String {
    Sha256::digest(value.expose())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

#[test]
fn every_shared_vector_gives_what_it_says() {
    let mut names: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert_eq!(names.len(), 123, "the set of age 0.12.1");
    let mut wrong = Vec::new();
    for path in names {
        let vector = parse(&std::fs::read(&path).unwrap());
        let result = outcome(&vector);
        let right = match (vector.expect.as_str(), &result) {
            ("success", Ok(value)) => Some(hash(value)) == vector.payload,
            ("no match", Err(OpenError::NoMatch))
            | ("HMAC failure", Err(OpenError::Mac))
            | ("header failure", Err(OpenError::Header))
            | ("payload failure", Err(OpenError::Payload))
            | ("armor failure", Err(OpenError::Armor)) => true,
            // Armor is known by its first line: what begins otherwise is a file without a header.
            ("armor failure", Err(OpenError::Header)) => !vector
                .file
                .trim_ascii_start()
                .starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n"),
            // A file without a passphrase's stanza is damage where a passphrase is expected.
            ("no match", Err(OpenError::Header)) => path.ends_with("scrypt_uppercase"),
            _ => false,
        };
        if !right {
            let name = path.file_name().unwrap().to_owned();
            wrong.push((name, vector.expect, result.map(|_| "opened")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
