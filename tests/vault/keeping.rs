//! Keeping a vault open: seen from other processes, logins and users.
//!
//! The other processes are this test program again, told by variables what to do; see [`elsewhere`].

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use broker::clock::Clock;
use broker::paths::HomePaths;
use broker::secret::SecretValue;
use broker::store::vault::{Access, Protection, State, Unlock, Unlocker};
use broker::store::{HomeId, Store, StoreError, StoreKind, Vault};

use super::{Place, item, value};

const ROOT: u32 = 0;
/// Users without an entry anywhere, so that nobody else's keys are touched.
const SOMEBODY: u32 = 61_234;
const SOMEBODY_ELSE: u32 = 61_235;

/// The folder, the id and what to do, for [`elsewhere`].
const VARIABLES: [&str; 3] = ["VAULT_TEST_HOME", "VAULT_TEST_ID", "VAULT_TEST_DO"];

/// A person at a terminal only while the vault is being unlocked.
struct Script {
    present: bool,
}

impl Unlocker for Script {
    fn passphrase(&self) -> Result<SecretValue, StoreError> {
        if self.present {
            Ok(value(b"pass"))
        } else {
            Err(StoreError::Locked(StoreKind::Vault))
        }
    }

    fn keychain(&self) -> Result<Box<dyn Store>, StoreError> {
        Err(StoreError::NoBus)
    }
}

/// What the other processes do; says `[answer]` on its stdout.
#[test]
#[ignore = "run by the other tests of this file, as another process"]
fn elsewhere() {
    let [home, id, task] = VARIABLES.map(|name| std::env::var(name).unwrap());
    let paths = HomePaths::under(Path::new(&home));
    let home = HomeId::try_from(id).unwrap();
    let (task, seconds) = task.split_once(' ').unwrap_or((&task, "0"));
    let access = Access {
        key_file: None,
        unlocker: Box::new(Script {
            present: task == "unlock",
        }),
        clock: Clock::System,
    };
    let a = item(&home, "a", 1);
    if task == "create" {
        let pass = Protection::Passphrase(value(b"pass"));
        let mut vault = Vault::create(&paths, &home, &pass, access).unwrap();
        vault.write(&a, &value(b"value of a")).unwrap();
        return;
    }
    let mut vault = Vault::open(&paths, &home, access).unwrap();
    let answer = match task {
        "unlock" => {
            let time = Duration::from_secs(seconds.parse().unwrap());
            vault.unlock(time).map(|_| "unlocked")
        }
        "lock" => vault
            .lock()
            .map(|was_open| if was_open { "locked" } else { "was locked" }),
        "read" => vault.read(&[a]).map(|read| {
            assert!(read[0].same_as(&value(b"value of a")));
            "read"
        }),
        other => panic!("{other}"),
    };
    match answer {
        Ok(word) => println!("[{word}]"),
        Err(error) => println!("[{}]", error.code()),
    }
}

/// A home of `uid`, and this program where that user may run it.
struct Elsewhere {
    top: tempfile::TempDir,
    program: PathBuf,
    home: HomeId,
    uid: u32,
}

impl Elsewhere {
    fn new(uid: u32) -> Self {
        let top = tempfile::tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(top.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = top.path().join("program");
        crate::support::copy(std::env::current_exe().unwrap(), &program, 0o755);
        let folder = top.path().join("home");
        std::fs::create_dir(&folder).unwrap();
        chown(&folder, Some(uid), Some(uid)).expect("these tests run as root");
        let place = Self {
            program,
            home: Place::new().home,
            uid,
            top,
        };
        place.run(&[], "create");
        place
    }

    /// Runs `task` as the user, below `wrapper`, and returns the answer.
    fn run(&self, wrapper: &[&str], task: &str) -> String {
        let folder = self.top.path().join("home");
        let values = [folder.to_str().unwrap(), self.home.as_str(), task];
        let mut command = as_user(self.uid, wrapper);
        command
            .arg(&self.program)
            .args(["--exact", "vault::keeping::elsewhere"])
            .args(["--ignored", "--nocapture"]);
        for (name, text) in VARIABLES.iter().zip(values) {
            command.env(name, text);
        }
        let out = command.output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        let complained = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{task}: {said}{complained}");
        let answer = said
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'))
            .map(|(answer, _)| answer);
        answer.unwrap_or_default().to_owned()
    }
}

fn as_user(uid: u32, wrapper: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={uid}"))
        .arg(format!("--regid={uid}"))
        .arg("--clear-groups")
        .args(wrapper)
        .current_dir("/");
    command
}

/// Ways to come from somewhere else: no session keyring, one of its own (as each login has), another
/// session of the terminal, both, and one that leads to the user keyring (as pam_keyinit makes it).
const WAYS: [&[&str]; 5] = [
    &[],
    &["keyctl", "session", "-"],
    &["setsid", "--wait"],
    &["keyctl", "session", "-", "setsid", "--wait"],
    &[
        "keyctl",
        "session",
        "-",
        "sh",
        "-c",
        "keyctl link @u @s && exec \"$@\"",
        "sh",
    ],
];

fn seen_from_everywhere(uid: u32) {
    let place = Elsewhere::new(uid);
    assert_eq!(place.run(&[], "read"), "store-locked");
    for from in [WAYS[0], WAYS[1], WAYS[4]] {
        assert_eq!(place.run(from, "unlock 60"), "unlocked", "{from:?}");
        for way in WAYS {
            assert_eq!(place.run(way, "read"), "read", "{from:?} to {way:?}");
        }
        // In another place than it was unlocked in.
        let way = WAYS[1];
        assert_eq!(place.run(way, "lock"), "locked", "{from:?}");
        assert_eq!(place.run(way, "lock"), "was locked");
        for way in WAYS {
            assert_eq!(
                place.run(way, "read"),
                "store-locked",
                "{from:?} to {way:?}"
            );
        }
    }
}

#[test]
fn an_open_vault_is_open_for_all_logins_of_root() {
    seen_from_everywhere(ROOT);
}

#[test]
fn an_open_vault_is_open_for_all_logins_of_an_ordinary_user() {
    seen_from_everywhere(SOMEBODY);
}

#[test]
fn an_open_vault_closes_when_its_time_is_over() {
    let place = Elsewhere::new(SOMEBODY);
    assert_eq!(place.run(&[], "unlock 2"), "unlocked");
    let started = Instant::now();
    assert_eq!(place.run(WAYS[1], "read"), "read");
    while place.run(WAYS[1], "read") != "store-locked" {
        assert!(started.elapsed() < Duration::from_secs(20), "still open");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs the rest of its arguments where the kernel answers the calls for keys (248 to 250) with error
/// number ERRNO, as the filters of containers do. A program for the kernel's packet filter (seccomp(2)): load the call's
/// number; below 248 or above 250: allow; else: the error.
const FILTER: &str = "
import ctypes, os, struct, sys
step = lambda code, yes, no, k: struct.pack('HBBI', code, yes, no, k)
steps = (step(0x20, 0, 0, 0) + step(0x35, 0, 2, 248) + step(0x25, 1, 0, 250)
    + step(0x06, 0, 0, 0x50000 | int(sys.argv[1])) + step(0x06, 0, 0, 0x7fff0000))
text = ctypes.create_string_buffer(steps, len(steps))
program = struct.pack('HxxxxxxP', 5, ctypes.addressof(text))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, program, 0, 0) == 0
os.execvp(sys.argv[2], sys.argv[2:])
";

#[cfg(target_arch = "x86_64")]
#[test]
fn where_the_kernel_keeps_no_keys_unlocking_says_so_and_reading_asks() {
    const EPERM: &str = "1";
    const ENOSYS: &str = "38";
    let place = Elsewhere::new(ROOT);
    for answer in [EPERM, ENOSYS] {
        let filtered = ["python3", "-c", FILTER, answer];
        assert_eq!(place.run(&filtered, "unlock 60"), "vault-no-keyring");
        assert_eq!(place.run(&filtered, "lock"), "was locked");
        assert_eq!(place.run(&filtered, "read"), "store-locked");
    }
    assert_eq!(place.run(&[], "unlock 60"), "unlocked");
    assert_eq!(place.run(&[], "lock"), "locked");
}

#[test]
fn another_user_cannot_read_what_the_kernel_keeps() {
    let place = Elsewhere::new(SOMEBODY);
    assert_eq!(place.run(&[], "unlock 60"), "unlocked");
    let name = format!("broker:vault:{}", place.home.as_str());
    let keyctl = |uid: u32, arguments: &[&str]| {
        let out = as_user(uid, WAYS[1]).arg("keyctl").args(arguments).output();
        let out = out.unwrap();
        let said = String::from_utf8_lossy(&out.stdout).trim().to_owned();
        (out.status.success(), said)
    };
    let search = ["search", "@u", "user", &name];
    let (found, serial) = keyctl(SOMEBODY, &search);
    assert!(found);
    // keyctl says its session's number first.
    let serial = serial.lines().last().unwrap();
    assert!(keyctl(SOMEBODY, &["print", serial]).0);
    assert!(!keyctl(SOMEBODY_ELSE, &search).0);
    assert!(!keyctl(SOMEBODY_ELSE, &["print", serial]).0);
    assert!(!keyctl(SOMEBODY_ELSE, &["describe", serial]).0);
    let (_, rights) = keyctl(SOMEBODY, &["rdescribe", serial]);
    let rights = rights.lines().last().unwrap();
    assert!(
        rights.starts_with(&format!("user;{SOMEBODY};{SOMEBODY};3f0b0000;")),
        "{rights}"
    );
    assert_eq!(place.run(&[], "lock"), "locked");
}

#[test]
fn the_status_tells_how_long_and_only_a_passphrase_can_be_kept() {
    let place = Place::new();
    let mut vault = place.create(&Protection::Passphrase(value(b"pass")));
    assert!(matches!(vault.status().state, State::Locked));
    let eight_hours = Duration::from_secs(8 * 3600);
    assert!(matches!(
        vault.unlock(eight_hours),
        Err(StoreError::Locked(StoreKind::Vault))
    ));
    place.person.knows.replace(Some(b"wrong".to_vec()));
    assert!(matches!(
        vault.unlock(eight_hours),
        Err(StoreError::WrongPassphrase)
    ));
    assert!(matches!(vault.status().state, State::Locked));
    place.person.knows.replace(Some(b"pass".to_vec()));
    let until = vault.unlock(eight_hours).unwrap();
    let left = until.as_second() - Clock::System.now().as_second();
    assert!((8 * 3600 - 5..=8 * 3600).contains(&left), "{left}");
    let status = place.open().unwrap().status();
    assert!(matches!(status.state, State::OpenUntil(end) if end == until));
    assert_eq!((status.unlock, status.key_file), (Unlock::Passphrase, None));
    assert!(place.open().unwrap().check().is_ok());
    assert!(vault.lock().unwrap());
    assert!(
        matches!(vault.check(), Err(StoreError::Locked(_))),
        "forgotten here too"
    );

    let (_place, mut by_file) = Place::with_one_secret();
    assert!(matches!(
        by_file.unlock(eight_hours),
        Err(StoreError::NoPassphrase)
    ));
}

#[test]
fn what_was_kept_for_another_key_opens_nothing() {
    let place = Place::new();
    let mut vault = place.create(&Protection::Passphrase(value(b"pass")));
    vault.write(&place.item("a"), &value(b"x")).unwrap();
    place.person.knows.replace(Some(b"pass".to_vec()));
    vault.unlock(Duration::from_secs(60)).unwrap();
    assert!(place.read("a").is_ok());
    // The same home with another vault, as after putting back a copy.
    std::fs::remove_dir_all(place.paths.vault_folder()).unwrap();
    let mut vault = place.create(&Protection::Passphrase(value(b"other")));
    vault.write(&place.item("a"), &value(b"x")).unwrap();
    place.person.knows.replace(None);
    assert!(matches!(place.read("a"), Err(StoreError::Locked(_))));
    assert!(vault.lock().unwrap());
}
