//! A private session bus, with a real `gnome-keyring-daemon` on it where asked for.
//!
//! Everything lives in a temporary home; nothing of the person who runs the tests is reached. The
//! processes are started in the foreground, so that their process ids are ours, and are ended by
//! them. Needs the programs `dbus-daemon` and `gnome-keyring-daemon`.

use std::fs;
use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tempfile::TempDir;
use zbus::{Connection, OwnedObjectPath};

use super::artifacts;

/// The default collection that `gnome-keyring-daemon --unlock` makes.
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

/// A bus of its own and its home.
pub struct Bus {
    home: TempDir,
    address: String,
    bus: Child,
    keyring: Option<Child>,
    monitor: Option<Child>,
}

impl Bus {
    /// Starts a bus with an unlocked keyring.
    pub fn start() -> Self {
        let mut bus = Self::without_provider();
        bus.start_keyring("pw");
        bus
    }

    /// Starts a bus on which nothing is and nothing can be activated.
    pub fn without_provider() -> Self {
        Self::with_services("")
    }

    /// Starts a bus that activates what is installed on this system.
    pub fn with_activation() -> Self {
        Self::with_services("<standard_session_servicedirs/>")
    }

    fn with_services(services: &str) -> Self {
        // broker prefers the bus at its fixed place: with one there, the tests would reach the keychain
        // of the person who runs them. `tests/run` hides it.
        let uid = rustix::process::getuid().as_raw();
        let fixed = format!("/run/user/{uid}/bus");
        assert!(
            !Path::new(&fixed).exists(),
            "a session bus is at its fixed place: use tests/run"
        );
        let home = tempfile::tempdir().expect("a home");
        for folder in ["run", "data", "config", "cache"] {
            use std::os::unix::fs::DirBuilderExt;
            fs::DirBuilder::new()
                .mode(0o700)
                .create(home.path().join(folder))
                .expect("a folder");
        }
        let config = home.path().join("bus.conf");
        fs::write(
            &config,
            format!(
                "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n\
                 \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
                 <busconfig><type>session</type><listen>unix:path={}</listen>\
                 <auth>EXTERNAL</auth>{services}<policy context=\"default\">\
                 <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
                 <allow own=\"*\"/></policy></busconfig>",
                home.path().join("run/bus").display()
            ),
        )
        .expect("a configuration");
        let mut bus = sealed(home.path(), "dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon");
        let mut address = String::new();
        BufReader::new(bus.stdout.as_mut().expect("its output"))
            .read_line(&mut address)
            .expect("its address");
        let address = address.trim().to_owned();
        let monitor = artifacts::fresh("bus").map(|file| monitor(home.path(), &address, &file));
        Self {
            home,
            address,
            bus,
            keyring: None,
            monitor,
        }
    }

    /// Starts the keyring, and unlocks its login collection with `password`; the first password
    /// ever given makes the collection. Waits until the service is there.
    pub fn start_keyring(&mut self, password: &str) {
        let mut keyring = self
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring-daemon");
        let mut input = keyring.stdin.take().expect("its input");
        input.write_all(password.as_bytes()).expect("a password");
        drop(input);
        self.keyring = Some(keyring);
        self.wait_for("org.freedesktop.secrets");
    }

    /// Waits until somebody owns `name` on the bus.
    pub fn wait_for(&self, name: &str) {
        let until = Instant::now() + Duration::from_secs(10);
        self.with(async |bus| {
            loop {
                let call = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
                let owned: bool = bus
                    .call_method(Some(call.0), call.1, Some(call.0), "NameHasOwner", &name)
                    .await
                    .expect("the bus answers")
                    .body()
                    .deserialize()
                    .expect("a boolean");
                if owned {
                    return;
                }
                assert!(Instant::now() < until, "nobody took the name {name}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }

    /// Returns the address of the bus.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the variables a program needs to use this bus and home.
    pub fn env(&self) -> Vec<(&'static str, PathBuf)> {
        let mut env = homes(self.home.path());
        env.push(("DBUS_SESSION_BUS_ADDRESS", PathBuf::from(&self.address)));
        env
    }

    /// Returns a command that runs `program` in this home and on this bus, and nothing else.
    pub fn command(&self, program: &str) -> Command {
        let mut command = sealed(self.home.path(), program);
        command.envs(self.env());
        command
    }

    /// Locks the keyring's default collection.
    pub fn lock(&self) {
        self.with(async |bus| {
            let paths = vec![OwnedObjectPath::try_from(LOGIN).expect("a path")];
            bus.call_method(
                Some("org.freedesktop.secrets"),
                "/org/freedesktop/secrets",
                Some("org.freedesktop.Secret.Service"),
                "Lock",
                &paths,
            )
            .await
            .expect("locked");
        });
    }

    /// Stops the keyring without ending it, so that it answers nothing.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a stopped keyring go on.
    pub fn cont(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let keyring = self.keyring.as_ref().expect("a keyring");
        kill_process(pid(keyring), signal).expect("signalled");
    }

    /// Returns what kills the keyring, and returns when it is dead.
    pub fn killer(&self) -> impl FnOnce() + Send + 'static {
        let keyring = pid(self.keyring.as_ref().expect("a keyring"));
        move || {
            kill_process(keyring, Signal::KILL).expect("killed");
            // It is waited for, but not taken away: its number has to stay its own.
            let wait = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            waitid(WaitId::Pid(keyring), wait).expect("it ends");
        }
    }

    /// Tells whether the keyring has ended by itself.
    pub fn has_lost_keyring(&mut self) -> bool {
        let ended = |child: &mut Child| matches!(child.try_wait(), Ok(Some(_)));
        self.keyring.as_mut().is_some_and(ended)
    }

    /// Ends the keyring.
    pub fn kill_keyring(&mut self) {
        if let Some(keyring) = self.keyring.take() {
            end(keyring);
        }
    }

    /// Stops the bus itself without ending it.
    pub fn stop_bus(&self) {
        kill_process(pid(&self.bus), Signal::STOP).expect("signalled");
    }

    /// Runs `work` with a connection of its own to the bus.
    fn with<T>(&self, work: impl AsyncFnOnce(Connection) -> T) -> T {
        block_on(async {
            let bus = connect(&self.address).await;
            work(bus).await
        })
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.kill_keyring();
        if let Some(monitor) = self.monitor.take() {
            end(monitor);
        }
        drop(self.bus.kill());
        drop(self.bus.wait());
    }
}

/// Connects to the bus at `address`.
pub async fn connect(address: &str) -> Connection {
    zbus::connection::Builder::address(address)
        .build()
        .await
        .expect("a connection")
}

/// Runs `work` on a runtime of its own.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

fn homes(home: &Path) -> Vec<(&'static str, PathBuf)> {
    vec![
        ("HOME", home.to_owned()),
        ("XDG_RUNTIME_DIR", home.join("run")),
        ("XDG_DATA_HOME", home.join("data")),
        ("XDG_CONFIG_HOME", home.join("config")),
        ("XDG_CACHE_HOME", home.join("cache")),
    ]
}

fn sealed(home: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .envs(homes(home))
        .stdin(Stdio::null());
    command
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// Starts writing every message of the bus into `file`, for the sweep. Returns when it does: the first
/// thing a monitor is sent is its own name.
fn monitor(home: &Path, address: &str, file: &Path) -> Child {
    let messages = fs::File::create(file).expect("an artifact");
    let monitor = sealed(home, "dbus-monitor")
        .args(["--address", address, "--binary"])
        .stdout(messages)
        .stderr(Stdio::null())
        .spawn()
        .expect("dbus-monitor");
    let until = Instant::now() + Duration::from_secs(10);
    while fs::metadata(file).expect("there").len() == 0 {
        assert!(Instant::now() < until, "the monitor saw nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
    monitor
}

/// Ends `child`, a stopped one too, and waits for it.
fn end(mut child: Child) {
    drop(child.kill());
    drop(child.wait());
}
