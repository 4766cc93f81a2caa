//! A terminal of its own for a run, which is then its controlling terminal whatever stdin, stdout and
//! stderr are.
//!
//! What the terminal shows is read as it comes, and waited for before anything is typed.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

const PATIENCE: Duration = Duration::from_secs(60);

/// Which of the run's descriptors are the terminal; the others are pipes, or nothing for stdin.
#[derive(Clone, Copy, Default)]
pub struct On {
    pub stdin: bool,
    pub stderr: bool,
}

/// A run at a terminal.
pub struct Session {
    master: File,
    shown: Arc<(Mutex<Vec<u8>>, Condvar)>,
    reader: JoinHandle<()>,
    child: Child,
    /// Held open: a terminal that nobody has open hangs up, and the run may open it late.
    slave: OwnedFd,
    seen: usize,
}

/// How a run at a terminal ended.
pub struct Ended {
    /// The exit code, or 128+n for a signal.
    pub code: i32,
    /// All that the terminal showed.
    pub screen: String,
    pub stdout: String,
    pub stderr: String,
    /// Whether the terminal still shows what is typed.
    pub echoes: bool,
}

impl Session {
    /// Starts `command` at a terminal of its own.
    #[expect(unsafe_code, reason = "the terminal has to be taken in the child")]
    pub fn start(mut command: Command, on: On) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("its name");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave: OwnedFd = rustix::fs::open(name, flags, Mode::empty()).expect("its end");
        let end = |wanted: bool| wanted.then(|| Stdio::from(slave.try_clone().expect("a copy")));
        command
            .stdin(end(on.stdin).unwrap_or_else(Stdio::null))
            .stdout(Stdio::piped())
            .stderr(end(on.stderr).unwrap_or_else(Stdio::piped));
        let taken = slave.try_clone().expect("a copy");
        // SAFETY: ioctl(2) is async-signal-safe, and nothing is allocated.
        unsafe {
            command.pre_exec(move || {
                rustix::process::ioctl_tiocsctty(&taken)?;
                Ok(())
            });
        }
        let child = command.spawn().expect("broker starts");
        // The command holds our copies of the terminal's end.
        drop(command);
        let master = File::from(master);
        let shown = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let reader = {
            let mut from = master.try_clone().expect("a copy");
            let to = Arc::clone(&shown);
            std::thread::spawn(move || {
                let mut buffer = [0_u8; 4096];
                // Linux ends with EIO when the last one has closed the terminal.
                while let Ok(count @ 1..) = from.read(&mut buffer) {
                    to.0.lock()
                        .expect("the screen")
                        .extend_from_slice(&buffer[..count]);
                    to.1.notify_all();
                }
            })
        };
        Self {
            master,
            shown,
            reader,
            child,
            slave,
            seen: 0,
        }
    }

    /// Waits until `text` is shown behind what was waited for before.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        let until = Instant::now() + PATIENCE;
        let mut screen = self.shown.0.lock().expect("the screen");
        loop {
            let rest = &screen[self.seen..];
            let found = rest.windows(text.len()).position(|w| w == text.as_bytes());
            if let Some(at) = found {
                self.seen += at + text.len();
                drop(screen);
                return self;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "{text:?} was not shown, but: {}",
                String::from_utf8_lossy(&screen)
            );
            screen = self.shown.1.wait_timeout(screen, left).expect("woken").0;
        }
    }

    /// Waits until the terminal does not show what is typed.
    #[track_caller]
    pub fn wait_hidden(&mut self) -> &mut Self {
        let until = Instant::now() + PATIENCE;
        while self.echoes() {
            assert!(Instant::now() < until, "the terminal still echoes");
            std::thread::sleep(Duration::from_millis(1));
        }
        self
    }

    fn echoes(&self) -> bool {
        let settings = tcgetattr(&self.master).expect("its settings");
        settings.local_modes.contains(LocalModes::ECHO)
    }

    /// Types.
    pub fn types(&mut self, text: &str) -> &mut Self {
        self.master.write_all(text.as_bytes()).expect("typed");
        self
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("/bin/kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for the end.
    pub fn end(self) -> Ended {
        let output = self.child.wait_with_output().expect("it ends");
        let echoes = tcgetattr(&self.master)
            .map(|settings| settings.local_modes.contains(LocalModes::ECHO))
            .unwrap_or(true);
        drop(self.slave);
        self.reader.join().expect("the reader ends");
        let screen = self.shown.0.lock().expect("the screen").clone();
        let code = output.status.code();
        Ended {
            code: code.unwrap_or_else(|| 128 + output.status.signal().expect("a signal")),
            screen: String::from_utf8_lossy(&screen).into_owned(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            echoes,
        }
    }
}

impl Ended {
    /// Demands an exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "screen: {}\nstdout: {}\nstderr: {}",
            self.screen, self.stdout, self.stderr
        );
        self
    }
}
