//! What is kept of a file that is replaced, and when it is not.
#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use super::*;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use crate::paths::write_file;

struct Setting {
    top: tempfile::TempDir,
}

impl Setting {
    fn new() -> Self {
        let top = tempfile::tempdir().expect("a folder");
        write_file(&top.path().join("real"), b"old").expect("written");
        Self { top }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.top.path().join(name)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<Replaced, FileError> {
        let read = read_foreign_file(&self.path(name), 1000)?.expect("there");
        Replacement::write(&read.real, &read.stamp, bytes)?.put()
    }

    /// The names in the folder.
    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.top.path()).expect("listed").flatten();
        let mut names: Vec<_> = names
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_file_is_replaced_behind_its_links_and_keeps_mode_owner_and_attributes() {
    let setting = Setting::new();
    let real = setting.path("real");
    symlink("real", setting.path("near")).expect("linked");
    symlink(setting.path("near"), setting.path("far")).expect("linked");
    std::os::unix::fs::chown(&real, Some(12345), Some(54321)).expect("the tests run as root");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o664)).expect("changed");
    rustix::fs::setxattr(&real, "user.note", b"kept", rustix::fs::XattrFlags::empty())
        .expect("set");
    let acl: Vec<u8> = [
        &[2_u8, 0, 0, 0][..],
        &[1, 0, 6, 0, 0xff, 0xff, 0xff, 0xff],
        &[2, 0, 6, 0, 0x39, 0x30, 0, 0],
        &[4, 0, 4, 0, 0xff, 0xff, 0xff, 0xff],
        &[0x10, 0, 6, 0, 0xff, 0xff, 0xff, 0xff],
        &[0x20, 0, 4, 0, 0xff, 0xff, 0xff, 0xff],
    ]
    .concat();
    let name = "system.posix_acl_access";
    let has_lists =
        rustix::fs::setxattr(&real, name, &acl, rustix::fs::XattrFlags::empty()).is_ok();
    assert_eq!(
        setting.replace("far", b"new").expect("replaced"),
        Replaced::Done
    );
    let found = fs::symlink_metadata(&real).expect("there");
    assert_eq!(fs::read(&real).expect("read"), b"new");
    assert_eq!((found.uid(), found.gid()), (12345, 54321));
    assert_eq!(found.mode() & 0o7777, 0o664);
    let mut buffer = [0_u8; 100];
    let length = rustix::fs::getxattr(&real, "user.note", &mut buffer).expect("kept");
    assert_eq!(&buffer[..length], b"kept");
    if has_lists {
        let length = rustix::fs::getxattr(&real, name, &mut buffer).expect("kept");
        assert_eq!(&buffer[..length], acl);
    }
    assert!(
        fs::symlink_metadata(setting.path("far"))
            .expect("there")
            .is_symlink()
    );
    assert_eq!(
        setting.names(),
        ["far", "near", "real"],
        "nothing left aside"
    );
}

#[test]
fn a_file_with_two_names_is_left_alone() {
    let setting = Setting::new();
    fs::hard_link(setting.path("real"), setting.path("other")).expect("linked");
    let refusal = setting.replace("real", b"new").expect_err("refused");
    assert!(refusal.to_string().contains("hard links"), "{refusal}");
    assert_eq!(fs::read(setting.path("real")).expect("read"), b"old");
    assert_eq!(setting.names(), ["other", "real"]);
}

#[test]
fn a_file_that_changed_since_it_was_read_is_left_alone() {
    type Change = fn(&Path);
    let changes: [Change; 5] = [
        |path| write_file(path, b"old").expect("written"),
        |path| {
            let mut file = OpenOptions::new().append(true).open(path).expect("opened");
            io::Write::write_all(&mut file, b"er").expect("written");
        },
        |path| fs::set_permissions(path, fs::Permissions::from_mode(0o640)).expect("changed"),
        |path| fs::remove_file(path).expect("removed"),
        |path| {
            fs::rename(path, path.with_extension("moved")).expect("moved");
            symlink(path.with_extension("moved"), path).expect("linked");
        },
    ];
    for change in changes {
        let setting = Setting::new();
        let real = setting.path("real");
        let read = read_foreign_file(&real, 1000)
            .expect("read")
            .expect("there");
        let ready = Replacement::write(&read.real, &read.stamp, b"new").expect("written");
        let aside = setting
            .names()
            .into_iter()
            .find(|name| name.starts_with(".broker-"));
        let aside = setting.path(&aside.expect("aside"));
        assert_eq!(aside.metadata().expect("there").mode() & 0o777, 0o600);
        change(&real);
        assert_eq!(ready.put().expect("no error"), Replaced::Changed);
        assert!(!aside.exists());
        assert_ne!(fs::read(&real).ok().as_deref(), Some(&b"new"[..]));
    }
}

#[test]
fn the_new_content_is_private_until_it_is_whole() {
    let setting = Setting::new();
    let (aside, _) =
        crate::paths::files::written_aside(&setting.path("real"), b"new").expect("written");
    let mode = aside.as_file().metadata().expect("there").mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_cannot_be_written_beside_a_file_leaves_it_alone() {
    // Nobody, root neither, makes files in that folder.
    let path = Path::new("/proc/self/attr/current");
    let stamp = FileStamp::of(&path.metadata().expect("there"));
    let refusal = Replacement::write(path, &stamp, b"new").expect_err("refused");
    assert!(
        refusal.to_string().contains("could not create a file in"),
        "{refusal}"
    );
}

#[test]
fn what_a_killed_replacement_left_is_removed_and_nothing_else() {
    let setting = Setting::new();
    let real = setting.path("real");
    let read = read_foreign_file(&real, 1000)
        .expect("read")
        .expect("there");
    let killed = Replacement::write(&real, &read.stamp, b"new").expect("written");
    let left = killed.aside.into_temp_path().keep().expect("kept");
    let others = [
        ".broker-abcdef.tmp",
        ".broker-real-abcde.tmp",
        ".broker-real-abcdefg.tmp",
        ".broker-real-b-abcdef.tmp",
        ".broker-reap-abcdef.tmp",
        "real",
        "real-abcdef.tmp",
    ];
    for other in others.iter().filter(|name| **name != "real") {
        write_file(&setting.path(other), b"").expect("written");
    }
    remove_leftovers(&real);
    assert!(!left.exists());
    assert_eq!(setting.names(), others);
    assert_eq!(fs::read(&real).expect("read"), b"old");
    remove_leftovers(&setting.path(&"x".repeat(200)));
}
