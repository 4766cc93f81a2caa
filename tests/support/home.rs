//! A sealed home, and broker run in it.
//!
//! Every run is of the real binary, with a cleared environment. What it answered and the files it
//! wrote are kept below the artifacts folder, where the last test of all looks for canaries.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use super::artifacts;
use super::pty::{On, Session};

/// The binary under test.
pub const BROKER: &str = env!("CARGO_BIN_EXE_broker");

/// Where programs are looked up in tests.
pub const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A fresh home folder that is removed at the end; what is left in it is looked through first.
pub struct Home {
    folder: Option<tempfile::TempDir>,
    environment: Vec<(OsString, OsString)>,
    inputs: Mutex<Vec<PathBuf>>,
    /// Whether what needs a person needs one here.
    attended: bool,
}

/// What a run ended with.
pub struct Answer {
    /// The exit code, or 128+n for a signal.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// The bytes of stdout, where they are no text.
    pub bytes: Vec<u8>,
}

/// A run that is being put together.
#[derive(Clone)]
pub struct Run<'a> {
    home: &'a Home,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    stdin: Option<Vec<u8>>,
    folder: Option<PathBuf>,
}

impl Home {
    /// An empty home: no broker home in it. One that a test makes in it counts as attended.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("broker-test-")
            .tempdir()
            .expect("a folder");
        let environment = vec![
            ("HOME".into(), folder.path().into()),
            ("PATH".into(), PATH.into()),
        ];
        Self {
            folder: Some(folder),
            environment,
            inputs: Mutex::default(),
            attended: true,
        }
    }

    /// An unattended broker home with a vault that opens with a key file.
    pub fn new() -> Self {
        Self::empty().unattended(&["--store", "vault", "--key-file"])
    }

    /// The same, but attended: what needs a person needs one.
    pub fn attended() -> Self {
        let home = Self::empty();
        home.broker(["init", "--store", "vault", "--key-file"])
            .run()
            .ok();
        home
    }

    /// An unattended broker home that keeps secrets in the keychain of a private bus.
    pub fn on(bus: &super::bus::Bus) -> Self {
        let mut home = Self::empty();
        home.environment.extend(bus_variable(bus));
        home.unattended(&["--store", "keychain"])
    }

    fn unattended(mut self, store: &[&str]) -> Self {
        let init = self.broker(["init", "--unattended"].iter().chain(store));
        init.run().ok();
        self.attended = false;
        self
    }

    /// Stores a secret.
    pub fn secret(self, name: &str, value: &str) -> Self {
        self.set(name, value.as_bytes());
        self
    }

    /// Stores a secret of any bytes.
    pub fn set(&self, name: &str, value: &[u8]) {
        self.broker(["set", name, "--raw"]).stdin(value).run().ok();
    }

    /// Writes `broker.toml`.
    pub fn config(self, text: &str) -> Self {
        let file = self.path(".config/broker/broker.toml");
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("created");
        std::fs::write(file, text).expect("written");
        self.input(".config/broker/broker.toml");
        self
    }

    /// Notes that the test itself wrote this file, so that what stands in it is not held against broker.
    pub fn input(&self, below: &str) {
        self.inputs.lock().expect("ours").push(self.path(below));
    }

    /// Returns a path in the home folder.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.as_ref().expect("there").path().join(below)
    }

    /// Returns the variables every run gets.
    pub fn environment(&self) -> &[(OsString, OsString)] {
        &self.environment
    }

    /// Adds a variable to every run.
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts putting a run of broker together.
    pub fn broker<I, S>(&self, arguments: I) -> Run<'_>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        Run {
            home: self,
            arguments: arguments
                .into_iter()
                .map(|a| a.as_ref().to_owned())
                .collect(),
            environment: Vec::new(),
            stdin: None,
            folder: None,
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take() {
            artifacts::keep_home(folder.path(), &self.inputs.lock().expect("ours"));
        }
    }
}

/// Returns the variable by which broker finds a private bus.
pub fn bus_variable(bus: &super::bus::Bus) -> [(OsString, OsString); 1] {
    [("DBUS_SESSION_BUS_ADDRESS".into(), bus.address().into())]
}

impl Run<'_> {
    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds a variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Gives it something to read.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = Some(bytes.as_ref().to_vec());
        self
    }

    /// Runs it in another folder.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Lets a person allow, before it is run, what is to be run: the same words behind `allow`, in the same
    /// folder and environment. Comes last, when the run has all its words.
    #[track_caller]
    pub fn granting(self) -> Self {
        let allow = self.allowing();
        if self.home.attended {
            let mut session = Session::start(allow.command(), On::default());
            session.wait_for("allow it? [y/N]").types("y\n");
            let _ = session.end().code(0);
        } else {
            let _ = allow.run().ok();
        }
        self
    }

    /// Returns the `allow` of this `exec`, as a run of its own.
    pub fn allowing(&self) -> Self {
        let mut allow = self.clone();
        let word = allow.arguments.iter_mut().find(|word| *word == "exec");
        *word.expect("an exec") = "allow".into();
        allow.stdin = None;
        allow
    }

    /// Returns the command, for tests that start it themselves. It has no controlling terminal.
    pub fn command(&self) -> Command {
        let mut command = Command::new(BROKER);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.home.environment.iter().map(|(n, v)| (n, v)))
            .envs(self.environment.iter().map(|(n, v)| (n, v)))
            .current_dir(self.folder.clone().unwrap_or_else(|| self.home.path("")));
        super::without_terminal(&mut command);
        command
    }

    /// Runs it to its end.
    pub fn run(self) -> Answer {
        let mut command = self.command();
        let stdin = if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("broker starts");
        let input = child.stdin.take();
        let bytes = self.stdin.clone().unwrap_or_default();
        // A writer of its own: broker may answer before it has read everything.
        let writer = std::thread::spawn(move || {
            if let Some(mut input) = input {
                let _ = input.write_all(&bytes);
            }
        });
        let output = child.wait_with_output().expect("broker ends");
        writer.join().expect("the writer ends");
        artifacts::keep_run(&self.arguments, &output);
        Answer::of(output)
    }
}

impl Answer {
    fn of(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let code = output.status.code();
        Self {
            code: code.unwrap_or_else(|| 128 + output.status.signal().expect("a signal")),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            bytes: output.stdout,
        }
    }

    /// Demands exit code 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.code(0)
    }

    /// Demands an exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.stdout, self.stderr
        );
        self
    }

    /// Reads stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("JSON on stdout")
    }

    /// Returns the code of the error that `--json` put on stderr.
    #[track_caller]
    pub fn error_code(&self) -> String {
        let line = self
            .stderr
            .lines()
            .find(|line| line.starts_with('{'))
            .expect("a JSON error");
        let error: serde_json::Value = serde_json::from_str(line).expect("JSON on stderr");
        error["error"]["code"].as_str().expect("a code").to_owned()
    }
}
