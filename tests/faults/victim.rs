//! Programs with known faults, for the harness to find.
//!
//! They are modes of the test binary itself: it is started again for the one test in this file,
//! with a variable that names the victim. Each hides its memory first, as broker does, which is
//! also where counting starts. All but the last few replace the file `kept` and print `ok`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::process::Command;
use std::{env, process, thread};

use super::{Ended, Outcome, Start, Subject, Sweep, World};

/// What the file holds before, and after.
pub(super) const OLD: &[u8] = &[b'o'; 3000];
pub(super) const NEW: &[u8] = &[b'n'; 3500];

const VICTIM: &str = "FAULTS_VICTIM";

type Act = fn() -> io::Result<()>;

const VICTIMS: &[(&str, Act)] = &[
    ("atomic_writer", atomic_writer),
    ("atomic_many_times", atomic_many_times),
    ("torn_writer", torn_writer),
    ("torn_in_a_thread", torn_in_a_thread),
    ("torn_in_a_child", torn_in_a_child),
    ("torn_in_a_thread_of_a_child", torn_in_a_thread_of_a_child),
    ("liar", liar),
    ("believes_every_count", believes_every_count),
    ("counts_on_its_registers", counts_on_its_registers),
    ("locks_twice", locks_twice),
    ("sticks_when_interrupted", sticks_when_interrupted),
    ("starts_another_program", starts_another_program),
    ("leaves_a_child", leaves_a_child),
    ("echo", echo),
];

/// Returns the command that runs a victim in a world.
fn victim(name: &str, world: &World) -> Subject {
    let module = module_path!().split_once("::").expect("below the crate").1;
    Subject::new(env::current_exe().expect("the test binary has a path"))
        .arg("--exact")
        .arg(format!(
            "{module}::every_victim_does_its_work_when_left_alone"
        ))
        .arg("--nocapture")
        .arg("--test-threads=1")
        .env(VICTIM, name)
        .cwd(world.path(""))
}

/// Returns a victim in a world of its own.
pub(super) fn prepare(name: &str) -> (Subject, World) {
    let world = World::empty();
    fs::write(world.path("kept"), OLD).unwrap();
    (victim(name, &world), world)
}

/// Says what is wrong after a run: something is left behind, the file is neither old nor new, or a
/// lie was told.
pub(super) fn check(world: &World, outcome: &Outcome) -> Result<(), String> {
    if outcome.left_behind > 0 {
        return Err(format!("{} processes left behind", outcome.left_behind));
    }
    let kept = fs::read(world.path("kept")).map_err(|error| format!("the file: {error}"))?;
    if kept != OLD && kept != NEW {
        return Err(format!("torn: {} bytes", kept.len()));
    }
    if outcome.succeeded() && kept != NEW {
        return Err("said ok, but the file is the old one".to_owned());
    }
    Ok(())
}

#[test]
fn every_victim_does_its_work_when_left_alone() {
    if let Ok(name) = env::var(VICTIM) {
        act(&name);
    }
    for (name, _) in VICTIMS {
        let mut outcomes = Vec::new();
        Sweep::new(name).only(&[]).from(Start::Exec).run(
            || prepare(name),
            |world, outcome| {
                outcomes.push((outcome.ended, fs::read(world.path("kept")).unwrap()));
                Ok(())
            },
        );
        let idle = ["starts_another_program", "leaves_a_child", "echo"].contains(name);
        let kept = if idle { OLD } else { NEW };
        assert_eq!(outcomes, [(Ended::Exit(0), kept.to_vec())], "{name}");
    }
}

fn act(name: &str) -> ! {
    let (_, act) = VICTIMS
        .iter()
        .find(|victim| victim.0 == name)
        .expect("a victim of that name");
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .expect("a process may hide its memory");
    let code = match act() {
        Ok(()) => 0,
        Err(error) => {
            let _unseen = writeln!(io::stderr(), "victim: {error}");
            1
        }
    };
    process::exit(code)
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Does everything right.
fn atomic_writer() -> io::Result<()> {
    let mut aside = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open("aside")?;
    aside.write_all(NEW)?;
    aside.sync_all()?;
    fs::rename("aside", "kept")?;
    File::open(".")?.sync_all()?;
    say("ok")
}

/// Has twenty times the points of the one above.
fn atomic_many_times() -> io::Result<()> {
    (0..20).try_for_each(|_| atomic_writer())
}

/// Overwrites in place.
fn torn_writer() -> io::Result<()> {
    fs::write("kept", NEW)?;
    say("ok")
}

fn torn_in_a_thread() -> io::Result<()> {
    thread::spawn(torn_writer)
        .join()
        .expect("the thread does not panic")
}

/// The child replaces itself by the same program before it does harm.
fn torn_in_a_child() -> io::Result<()> {
    same_program("torn_writer")
}

fn torn_in_a_thread_of_a_child() -> io::Result<()> {
    same_program("torn_in_a_thread")
}

fn same_program(victim: &str) -> io::Result<()> {
    let status = Command::new(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(VICTIM, victim)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other("the child did not succeed"))
    }
}

/// Writes aside, but takes no notice of errors.
fn liar() -> io::Result<()> {
    let _ignored = fs::write("aside", NEW);
    let _ignored = fs::rename("aside", "kept");
    say("ok")
}

/// Takes for granted that a write writes all.
fn believes_every_count() -> io::Result<()> {
    let mut aside = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open("aside")?;
    let _believed = aside.write(NEW)?;
    fs::rename("aside", "kept")?;
    say("ok")
}

/// Does right, but not if the kernel changes an argument's register.
fn counts_on_its_registers() -> io::Result<()> {
    let mut aside = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open("aside")?;
    let written: usize;
    let count: usize;
    // SAFETY: a write from a constant; the registers that the kernel changes are named.
    #[expect(unsafe_code, reason = "the C library does not show the registers")]
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") libc::SYS_write as usize => written,
            in("rdi") aside.as_raw_fd(),
            in("rsi") NEW.as_ptr(),
            inlateout("rdx") NEW.len() => count,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    if count != NEW.len() {
        return Err(io::Error::other("the register of the count was changed"));
    }
    // An error is a huge number here, and refused.
    aside.write_all(NEW.get(written..).ok_or(io::ErrorKind::WriteZero)?)?;
    fs::rename("aside", "kept")?;
    say("ok")
}

/// Needs the lock that it gave up by closing the file, whatever the close said.
fn locks_twice() -> io::Result<()> {
    File::open(".")?.try_lock()?;
    let again = File::open(".")?;
    again.try_lock()?;
    atomic_writer()
}

/// Tries a sync for ever, in the belief that the interruption lasts.
fn sticks_when_interrupted() -> io::Result<()> {
    atomic_writer()?;
    match rustix::fs::fsync(File::open("kept")?) {
        Err(rustix::io::Errno::INTR) => loop {
            thread::park();
        },
        answer => Ok(answer?),
    }
}

/// Starts a program whose calls are not the command's own.
fn starts_another_program() -> io::Result<()> {
    let status = Command::new("sh")
        .args(["-c", "cd / && cd /"])
        .env_clear()
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other("the shell did not succeed"))
    }
}

/// Ends before its child does, and tells the child's number.
fn leaves_a_child() -> io::Result<()> {
    let child = Command::new("sh")
        .args(["-c", "exec sleep 1000"])
        .stdin(process::Stdio::null())
        .stdout(process::Stdio::null())
        .stderr(process::Stdio::null())
        .spawn()?;
    say(&format!("child {}", child.id()))
}

/// Copies its input to both outputs.
fn echo() -> io::Result<()> {
    let mut all = Vec::new();
    io::stdin().read_to_end(&mut all)?;
    io::stdout().write_all(&all)?;
    io::stderr().write_all(&all)
}
