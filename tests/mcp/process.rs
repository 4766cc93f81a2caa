//! What kind of process a server is: broker's own, with nothing of the caller's but the three standard
//! descriptors, and closed to others while broker was in it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::io::ioctl_fionread;

use super::client::Client;
use super::everything;
use crate::support::home::{BROKER, Home, PATH, Run};

/// Starts `cat` as a server, from a caller whose state `disturb` has changed, and waits until it
/// answers, which broker does not.
#[expect(unsafe_code, reason = "the caller's state is changed in the child")]
fn cat(home: &Home, disturb: fn() -> std::io::Result<()>) -> Client {
    let mut command = home
        .broker(["exec", "--env", "TOKEN=broker://token", "--", "/bin/cat"])
        .granting()
        .command();
    // SAFETY: the functions given here make system calls and nothing else.
    unsafe { command.pre_exec(disturb) };
    let mut client = Client::spawn(command);
    client.send_line("there?");
    assert_eq!(client.line(), "there?");
    client
}

fn with_secret() -> Home {
    Home::new().secret("token", "canary-of-a-process-6d")
}

/// Returns a field of `/proc/PID/status`.
fn status(pid: u32, field: &str) -> String {
    let all = fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    all.lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
        .expect("the field")
        .trim()
        .to_owned()
}

fn mask(pid: u32, field: &str) -> u64 {
    u64::from_str_radix(&status(pid, field), 16).expect("a mask")
}

#[expect(unsafe_code, reason = "dup2 on numbers that nobody owns")]
fn open_3_to_50() -> std::io::Result<()> {
    for number in 3..=50 {
        // SAFETY: takes two integers; descriptor 0 is open and the others are this child's own.
        if unsafe { libc::dup2(0, number) } < 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

#[test]
fn descriptors_of_the_caller_are_closed_in_the_server() {
    let client = cat(&with_secret(), open_3_to_50);
    let mut open: Vec<String> = fs::read_dir(format!("/proc/{}/fd", client.pid()))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().unwrap())
        .collect();
    open.sort();
    assert_eq!(open, ["0", "1", "2"]);
}

#[test]
fn the_caller_of_these_tests_does_leave_descriptors_open() {
    // Without this, the test above could pass because nothing was open to begin with.
    let mut command = Command::new("/bin/cat");
    #[expect(unsafe_code, reason = "as above")]
    // SAFETY: as above.
    unsafe {
        command.pre_exec(open_3_to_50)
    };
    let mut client = Client::spawn(command);
    client.send_line("there?");
    client.line();
    for number in 3..=50 {
        let descriptor = format!("/proc/{}/fd/{number}", client.pid());
        assert!(fs::read_link(descriptor).is_ok(), "{number}");
    }
}

#[expect(unsafe_code, reason = "signals are changed in the child")]
fn block_all_and_ignore_sigpipe() -> std::io::Result<()> {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: fills the local set.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: the set was filled above.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut()) };
    // SAFETY: sets a disposition.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    Ok(())
}

#[test]
fn a_server_starts_with_no_signal_blocked_and_the_plain_answer_to_those_broker_ignores() {
    let client = cat(&with_secret(), block_all_and_ignore_sigpipe);
    assert_eq!(mask(client.pid(), "SigBlk"), 0);
    let ignored = (1 << (libc::SIGPIPE - 1)) | (1 << (libc::SIGXFSZ - 1));
    assert_eq!(mask(client.pid(), "SigIgn") & ignored, 0);
    assert_eq!(mask(client.pid(), "SigCgt"), 0);
}

#[test]
fn a_server_leaves_no_core_dump() {
    let client = cat(&with_secret(), || Ok(()));
    let limits = fs::read_to_string(format!("/proc/{}/limits", client.pid())).expect("limits");
    let core = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))
        .expect("a limit");
    let core: Vec<_> = core.split_whitespace().collect();
    assert_eq!(core, ["0", "0", "bytes"]);
    let filter = fs::read_to_string(format!("/proc/{}/coredump_filter", client.pid()));
    assert_eq!(filter.expect("a filter"), "00000000\n");
}

#[test]
fn broker_becomes_the_server_and_nothing_stays_in_between() {
    let home = with_secret();
    let run = home.broker(["exec", "--env", "TOKEN=broker://token", "--"]);
    let run = everything().iter().fold(run, Run::arg);
    let client = Client::start(run.granting().command());
    let pid = client.pid();
    let program = fs::read_link(format!("/proc/{pid}/exe")).expect("a program");
    assert_eq!(program, fs::canonicalize(&everything()[0]).expect("node"));
    // Its parent is the caller: no supervisor. Its children are its own, and none is broker.
    assert_eq!(status(pid, "PPid"), std::process::id().to_string());
    for entry in fs::read_dir("/proc").expect("processes").flatten() {
        let path = entry.path();
        let parent = fs::read_to_string(path.join("status")).unwrap_or_default();
        if parent
            .lines()
            .any(|line| line == format!("PPid:\t{pid}").as_str())
        {
            let program = fs::read_link(path.join("exe")).expect("a program");
            assert_ne!(program, Path::new(BROKER));
        }
    }
    let (status, _) = client.end();
    assert!(status.success(), "{status}");
}

#[test]
fn a_server_starts_in_the_folder_of_its_caller_or_the_one_that_was_named() {
    let home = Home::empty();
    for below in ["caller's", "caller's/named"] {
        fs::create_dir(home.path(below)).expect("a folder");
    }
    let start = |arguments: &[&str]| {
        let pwd = ["--", "/bin/pwd", "-P"];
        let run = home.broker(["exec"].iter().chain(arguments).chain(&pwd));
        let answer = run.folder(home.path("caller's")).run().ok();
        answer.stdout.trim_end().to_owned()
    };
    let real = |below| fs::canonicalize(home.path(below)).expect("a path");
    assert_eq!(Path::new(&start(&[])), real("caller's"));
    let named = start(&["--cwd", "named"]);
    assert_eq!(Path::new(&named), real("caller's/named"));
}

/// A folder, a copy of broker and a user who has no rights, who may be the one who runs the tests.
struct Unprivileged {
    folder: tempfile::TempDir,
    id: u32,
}

impl Unprivileged {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = rustix::process::geteuid().is_root();
        let id = if root {
            65_534
        } else {
            rustix::process::geteuid().as_raw()
        };
        let home = folder.path().join("home");
        fs::create_dir(&home).expect("a home");
        if root {
            chown(&home, Some(id), Some(id)).expect("given away");
        }
        // The build folder may be below a home that is closed to others.
        crate::support::copy(BROKER, &folder.path().join("broker"), 0o755);
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("opened");
        Self { folder, id }
    }

    /// Returns a command that this user runs.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", self.folder.path().join("home"))
            .env("SHOWN", "x")
            .current_dir("/");
        if rustix::process::geteuid().is_root() {
            command.uid(self.id).gid(self.id);
        }
        command
    }

    fn broker(&self) -> Command {
        self.command(self.folder.path().join("broker"))
    }

    /// Tells whether this user can read a file of a process.
    fn can_read(&self, pid: u32, file: &str) -> bool {
        let mut cat = self.command("/usr/bin/head");
        cat.args(["-c1", &format!("/proc/{pid}/{file}")]);
        let output = cat.output().expect("head");
        output.status.success() && !output.stdout.is_empty()
    }
}

/// Starts a command that reads its input to the end, and returns when it is at it.
fn at_its_input(command: Command) -> Client {
    let mut client = Client::spawn(command);
    client.send_line("canary-that-is-being-read-8a");
    let until = Instant::now() + Duration::from_secs(20);
    while ioctl_fionread(client.input()).expect("a pipe") > 0 {
        assert!(Instant::now() < until, "nobody reads");
        std::thread::yield_now();
    }
    client
}

#[test]
fn a_broker_that_reads_a_value_cannot_be_looked_into_by_the_same_user() {
    let user = Unprivileged::new();
    let mut init = user.broker();
    init.args(["init", "--store", "vault", "--key-file"]);
    assert!(init.output().expect("broker").status.success());

    let mut set = user.broker();
    set.args(["set", "token", "--raw"]);
    let broker = at_its_input(set);
    let open = at_its_input(user.command("/bin/cat"));
    for file in ["environ", "auxv", "maps"] {
        assert!(user.can_read(open.pid(), file), "{file} of a plain process");
        assert!(!user.can_read(broker.pid(), file), "{file} of broker");
    }
    let (status, stderr) = broker.end();
    assert!(status.success(), "{status}: {stderr}");
}
