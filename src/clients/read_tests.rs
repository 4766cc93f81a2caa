//! What stands in the place of a client's file and is refused.
#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use super::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use crate::paths::write_file;

/// Reads a path that must be refused, in no long time and without changing anything.
fn refused(path: &Path) -> String {
    let before = path
        .symlink_metadata()
        .ok()
        .map(|m| (m.len(), m.modified().ok()));
    let started = Instant::now();
    let refusal = read(path, Format::Json).expect_err("refused").to_string();
    assert!(started.elapsed() < Duration::from_secs(10), "{refusal}");
    let after = path
        .symlink_metadata()
        .ok()
        .map(|m| (m.len(), m.modified().ok()));
    assert_eq!(before, after);
    refusal
}

#[test]
fn what_is_no_file_of_a_client_is_refused_at_once() {
    let top = tempfile::tempdir().expect("a folder");
    let path = |name: &str| top.path().join(name);
    let large = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path("large"));
    large.expect("made").set_len(100 << 20).expect("100 MB");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .expect("a FIFO");
    fs::create_dir(path("folder")).expect("made");
    symlink("nothing", path("link")).expect("linked");
    symlink("round", path("round")).expect("linked");
    let cases: [(&str, &[u8], &str); 12] = [
        ("large", b"", "too large"),
        ("fifo", b"", "not a plain file"),
        ("folder", b"", "is a folder"),
        ("link", b"", "link to nothing"),
        ("round", b"", "could not look at"),
        ("absent", b"", "there is no file"),
        ("utf16le", b"\xff\xfe{\0}\0", "UTF-16"),
        ("utf16be", b"\xfe\xff\0{\0}", "UTF-16"),
        ("unmarked", b"{\0\"\0a\0", "UTF-16"),
        ("nul", b"{\"a\": \"\0\"}", "zero bytes"),
        ("latin", b"{\"a\": \"sk-\xfc\"}", "not UTF-8"),
        (
            "marks",
            b"\xef\xbb\xbf\xef\xbb\xbf{}",
            "two byte order marks",
        ),
    ];
    for (name, bytes, message) in cases {
        if !bytes.is_empty() {
            write_file(&path(name), bytes).expect("written");
        }
        let refusal = refused(&path(name));
        assert!(refusal.contains(message), "{name}: {refusal}");
        assert!(refusal.contains(name), "{refusal}");
    }
    assert!(refused(Path::new("/dev/zero")).contains("not a plain file"));
    let deep = format!("{{\"a\": {}}}", "[".repeat(100_000));
    write_file(&path("deep"), deep.as_bytes()).expect("written");
    assert!(refused(&path("deep")).contains("too deeply (line 1, column 134)"));
}

#[test]
fn a_file_is_read_to_its_greatest_length_and_no_further() {
    let top = tempfile::tempdir().expect("a folder");
    let path = top.path().join("a");
    let mut text = format!("\"{}\"", " ".repeat(MOST_BYTES - 2)).into_bytes();
    write_file(&path, &text).expect("written");
    assert!(read(&path, Format::Json).is_ok());
    text.push(b' ');
    write_file(&path, &text).expect("written");
    assert!(refused(&path).contains("too large"));
}

#[test]
fn a_file_is_known_again_behind_its_links_until_it_is_written_to() {
    let top = tempfile::tempdir().expect("a folder");
    let path = |name: &str| top.path().join(name);
    write_file(&path("real"), b"{}").expect("written");
    symlink("real", path("near")).expect("linked");
    symlink(path("near"), path("far")).expect("linked");
    let identity = |name: &str| read(&path(name), Format::Json).expect("read").identity;
    let (real, far) = (identity("real"), identity("far"));
    assert!(real.is_same(&far));
    assert_eq!(far.real(), real.real());
    assert_eq!(far.given(), path("far"));
    // Another file with the same content, and other content in the same file.
    write_file(&path("real"), b"{}").expect("written");
    let again = identity("far");
    assert!(!again.is_same(&far));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(path("real"))
        .expect("opened");
    std::io::Write::write_all(&mut file, b"[]").expect("written");
    assert!(!identity("far").is_same(&again));
}
