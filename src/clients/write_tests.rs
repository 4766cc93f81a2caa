//! When a client's file is written, and when it is left alone.
#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use super::*;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use crate::paths::write_file;

struct Setting {
    top: tempfile::TempDir,
}

impl Setting {
    fn new() -> Self {
        let top = tempfile::tempdir().expect("a folder");
        fs::create_dir(top.path().join("dotfiles")).expect("made");
        write_file(&top.path().join("dotfiles/mcp.json"), b"old").expect("written");
        symlink("dotfiles/mcp.json", top.path().join("mcp.json")).expect("linked");
        Self { top }
    }

    fn link(&self) -> PathBuf {
        self.top.path().join("mcp.json")
    }

    fn real(&self) -> PathBuf {
        self.top.path().join("dotfiles/mcp.json")
    }

    fn lock(&self, path: &Path) -> Result<EditLock, WriteError> {
        EditLock::take(&self.top.path().join("locks"), path, Duration::ZERO)
    }

    fn read(&self) -> Identity {
        read_text(&self.link()).expect("read").1
    }

    fn left_aside(&self) -> usize {
        let all = [
            self.top.path().to_path_buf(),
            self.top.path().join("dotfiles"),
        ];
        let names = all
            .iter()
            .flat_map(|folder| fs::read_dir(folder).expect("listed"));
        let names = names.flatten().map(|entry| entry.file_name());
        names
            .filter(|name| crate::paths::is_temporary(name))
            .count()
    }
}

#[test]
fn a_file_is_written_where_its_link_leads_and_can_be_written_again() {
    let setting = Setting::new();
    fs::set_permissions(setting.real(), fs::Permissions::from_mode(0o644)).expect("changed");
    let lock = setting.lock(&setting.link()).expect("free");
    let now = write(&lock, &setting.read(), "new").expect("written");
    assert!(
        setting
            .link()
            .symlink_metadata()
            .expect("there")
            .is_symlink()
    );
    assert_eq!(fs::read(setting.real()).expect("read"), b"new");
    assert_eq!(
        setting.real().metadata().expect("there").mode() & 0o777,
        0o644
    );
    let now = write(&lock, &now, "newer").expect("written");
    assert!(now.is_same(&setting.read()));
    assert_eq!(setting.left_aside(), 0);
}

#[test]
fn a_file_that_changed_meanwhile_is_left_alone() {
    type Change = fn(&Setting);
    let changes: [(&str, Change); 6] = [
        ("written", |s| {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .open(s.real())
                .expect("opened");
            std::io::Write::write_all(&mut file, b"odd").expect("written");
        }),
        ("replaced", |s| {
            write_file(&s.real(), b"old").expect("written")
        }),
        ("removed", |s| fs::remove_file(s.link()).expect("removed")),
        ("emptied", |s| {
            fs::OpenOptions::new()
                .write(true)
                .truncate(true)
                .open(s.real())
                .map(drop)
                .expect("emptied")
        }),
        ("led elsewhere", |s| {
            write_file(&s.top.path().join("other"), b"old").expect("written");
            fs::remove_file(s.link()).expect("removed");
            symlink("other", s.link()).expect("linked");
        }),
        ("mode", |s| {
            fs::set_permissions(s.real(), fs::Permissions::from_mode(0o640)).expect("changed")
        }),
    ];
    for (what, change) in changes {
        let setting = Setting::new();
        let lock = setting.lock(&setting.link()).expect("free");
        let identity = setting.read();
        change(&setting);
        let before = fs::read(setting.real()).ok();
        let refusal = write(&lock, &identity, "new").expect_err(what);
        assert!(
            matches!(refusal, WriteError::Changed(_)),
            "{what}: {refusal}"
        );
        assert_eq!(fs::read(setting.real()).ok(), before, "{what}");
        assert_eq!(setting.left_aside(), 0, "{what}");
    }
}

#[test]
fn one_broker_at_a_time_changes_a_file_by_whatever_link() {
    let setting = Setting::new();
    let held = setting.lock(&setting.link()).expect("free");
    let refusal = setting.lock(&setting.real()).expect_err("held");
    assert!(matches!(refusal, WriteError::Busy(_)), "{refusal}");
    let other = setting.top.path().join("other");
    write_file(&other, b"old").expect("written");
    assert!(setting.lock(&other).is_ok(), "another file");
    drop(held);
    let lock = setting.lock(&setting.real()).expect("free again");
    // The right is to one file.
    let identity = read_text(&other).expect("read").1;
    assert!(matches!(
        write(&lock, &identity, "new"),
        Err(WriteError::Changed(_))
    ));
    assert_eq!(fs::read(&other).expect("read"), b"old");
}

#[test]
fn a_file_with_two_names_is_left_alone() {
    let setting = Setting::new();
    let lock = setting.lock(&setting.link()).expect("free");
    fs::hard_link(setting.real(), setting.top.path().join("second")).expect("linked");
    let refusal = write(&lock, &setting.read(), "new")
        .expect_err("refused")
        .to_string();
    assert!(refusal.contains("hard links"), "{refusal}");
    assert_eq!(fs::read(setting.real()).expect("read"), b"old");
}
