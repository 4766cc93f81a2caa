//! `broker scan` where something else than a client's file stands in its place: it is told, nothing is waited for, and
//! the other files are looked through all the same.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::home::{BROKER, Home, PATH};

/// What ends a run that waits for something. Far more than any needs: this finds what never ends, and measures nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// A home with one good file of a client, and a place for a bad one.
struct Place {
    home: Home,
    good: PathBuf,
    bad: PathBuf,
}

impl Place {
    fn new() -> Self {
        let home = Home::empty();
        let good = home.path(".cursor/mcp.json");
        let text = r#"{"mcpServers": {"a": {"command": "a", "env": {"A_TOKEN": "canary-hostile-x7Rk2Xv9b"}}}}"#;
        crate::support::put(&good, text, 0o600);
        home.input(".cursor/mcp.json");
        let bad = home.path(".gemini/settings.json");
        std::fs::create_dir_all(bad.parent().expect("a folder")).expect("made");
        Self { home, good, bad }
    }

    /// Looks that the good file is told of, the bad one refused with these words, and nothing changed.
    #[track_caller]
    fn refused(&self, why: &str) {
        let before = (self.state(&self.good), self.state(&self.bad));
        let (code, stdout, stderr) = self.run(self.home.broker(["scan"]).command());
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stdout.contains("variable A_TOKEN"), "{why}: {stdout}");
        assert!(stderr.contains(why), "{why}: {stderr}");
        assert!(stderr.contains("1 file could not be looked at"), "{stderr}");
        let one = self
            .home
            .broker(["--json", "scan"])
            .arg(&self.bad)
            .command();
        let (code, stdout, stderr) = self.run(one);
        assert_eq!((code, stdout.as_str()), (Some(1), "[]\n"), "{stderr}");
        assert!(stderr.contains("client-file-unreadable"), "{stderr}");
        let after = (self.state(&self.good), self.state(&self.bad));
        assert_eq!(after, before);
    }

    /// Runs to the end, or fails when it takes too long.
    #[track_caller]
    fn run(&self, mut command: Command) -> (Option<i32>, String, String) {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("broker starts");
        let begun = Instant::now();
        while child.try_wait().expect("waited").is_none() {
            if begun.elapsed() > PATIENCE {
                let _ = child.kill();
                let _ = child.wait();
                panic!("it did not end");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let output = child.wait_with_output().expect("its output");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(
            !stdout.contains("canary") && !stderr.contains("canary"),
            "{stdout}{stderr}"
        );
        (output.status.code(), stdout, stderr)
    }

    fn state(&self, path: &std::path::Path) -> (u64, std::time::SystemTime) {
        let found = path.symlink_metadata().expect("there");
        (found.len(), found.modified().expect("a time"))
    }

    fn write(&self, bytes: impl AsRef<[u8]>) {
        crate::support::put(&self.bad, bytes, 0o600);
        self.home.input(".gemini/settings.json");
    }
}

#[test]
fn text_in_utf_16_is_refused() {
    let place = Place::new();
    let text = "\u{feff}{\"mcpServers\": {\"a\": {\"command\": \"canary-16\"}}}";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    place.write(bytes);
    place.refused("UTF-16");
}

#[test]
fn bytes_that_are_no_utf_8_are_refused() {
    let place = Place::new();
    place.write(b"{\"mcpServers\": {\"a\": {\"command\": \"canary-\xff\"}}}");
    place.refused("not UTF-8");
}

#[test]
fn a_fifo_is_not_waited_for() {
    let place = Place::new();
    let made = Command::new("mkfifo").arg(&place.bad).status();
    assert!(made.expect("mkfifo runs").success());
    place.refused("not a plain file");
}

#[test]
fn a_folder_in_the_place_of_a_file_is_refused() {
    let place = Place::new();
    std::fs::create_dir(&place.bad).expect("made");
    let (code, stdout, stderr) = place.run(place.home.broker(["scan"]).command());
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stdout.contains("variable A_TOKEN"), "{stdout}");
    assert!(stderr.contains("is a folder"), "{stderr}");
}

#[test]
fn a_link_to_nothing_is_refused() {
    let place = Place::new();
    std::os::unix::fs::symlink("nowhere", &place.bad).expect("made");
    place.refused("is a link to nothing");
}

#[test]
fn a_hundred_megabytes_are_refused() {
    let place = Place::new();
    let file = std::fs::File::create(&place.bad).expect("made");
    file.set_len(100 << 20).expect("as long");
    place.refused("too large");
}

#[test]
fn nesting_of_a_hundred_thousand_is_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let place = Place::new();
        let deep = [&open.repeat(100_000), "1", &close.repeat(100_000)].concat();
        place.write(format!("{{\"mcpServers\": {deep}}}"));
        place.refused("deep");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_told_and_the_others_are_looked_through() {
    let place = Place::new();
    place.write("{}");
    let path = |mode: &str, of: &std::path::Path| {
        let status = Command::new("chmod").arg(mode).arg(of).status();
        assert!(status.expect("chmod runs").success());
    };
    let top = place.home.path("");
    let owner = Command::new("chown")
        .args(["-R", "65534:65534"])
        .arg(&top)
        .status();
    assert!(owner.expect("chown runs").success());
    let scan = || {
        let mut command = Command::new("/usr/bin/setpriv");
        command
            .args([
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "--",
                BROKER,
                "scan",
            ])
            .env_clear()
            .env("HOME", &top)
            .env("PATH", PATH)
            .current_dir(&top);
        let (code, stdout, stderr) = place.run(command);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stdout.contains("variable A_TOKEN"), "{stdout}");
        assert!(stderr.contains("settings.json"), "{stderr}");
        assert!(
            stderr.to_lowercase().contains("permission denied"),
            "{stderr}"
        );
    };
    path("000", &place.bad);
    scan();
    // In a folder that may not be entered, there may be anything.
    path("000", place.bad.parent().expect("a folder"));
    scan();
    path("700", place.bad.parent().expect("a folder"));
}
