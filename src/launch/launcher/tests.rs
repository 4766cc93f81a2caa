//! What the tests of the launchers share, and the tests of what is the same for all.

#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use super::*;
use crate::paths::write_file;
use std::fs;

/// A start that is tried: words, and a folder with files.
pub(super) struct Try {
    words: Vec<OsString>,
    top: tempfile::TempDir,
    pub(super) paths: HomePaths,
    search: OsString,
    program: Option<PathBuf>,
    bound: bool,
    install_scripts: bool,
}

impl Try {
    pub(super) fn new(words: &str) -> Self {
        let top = tempfile::tempdir().expect("a folder");
        let folder = top.path().join("project/deep");
        fs::create_dir_all(&folder).expect("made");
        Self {
            words: words.split_whitespace().map(OsString::from).collect(),
            top,
            // Not below /tmp, where others can put something.
            paths: HomePaths::under(Path::new("/broker-of-a-test")),
            search: OsString::new(),
            program: None,
            bound: false,
            install_scripts: false,
        }
    }

    /// The folder the start is made in.
    pub(super) fn folder(&self) -> PathBuf {
        self.top.path().join("project/deep")
    }

    /// Puts an empty file into that folder.
    pub(super) fn file(self, name: &str) -> Self {
        write_file(&self.folder().join(name), b"").expect("written");
        self
    }

    /// A folder outside of the project.
    pub(super) fn outside(&self) -> PathBuf {
        self.top.path().join("outside")
    }

    /// Makes a program in a folder of `PATH`, or a link to one.
    pub(super) fn program(mut self, name: &str, text: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let bin = self.outside();
        fs::create_dir_all(&bin).expect("made");
        let path = bin.join(name);
        write_file(&path, text.as_bytes()).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("changed");
        self.search = bin.into_os_string();
        self
    }

    /// Calls this program by the first word.
    pub(super) fn found_at(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    pub(super) fn with_install_scripts(mut self) -> Self {
        self.install_scripts = true;
        self
    }

    pub(super) fn with_bound_folder(mut self) -> Self {
        self.bound = true;
        self
    }

    pub(super) fn read(&self) -> Reading {
        let (name, arguments) = self.words.split_first().expect("a word");
        let arguments: Vec<_> = arguments.iter().map(|w| Some(w.as_os_str())).collect();
        self.read_words(name, &arguments)
    }

    fn read_words(&self, name: &OsStr, arguments: &[Option<&OsStr>]) -> Reading {
        let usual = Path::new("/nowhere").join(name);
        read(&Start {
            name,
            program: self.program.as_deref().unwrap_or(&usual),
            arguments,
            folder: &self.folder(),
            folder_is_bound: self.bound,
            search: &self.search,
            home: Path::new("/home-of-a-test"),
            paths: &self.paths,
            install_scripts: self.install_scripts,
        })
    }
}

pub(super) fn loose(spec: &str) -> Danger {
    Danger::Unpinned(spec.into())
}

pub(super) fn local(what: &str) -> Danger {
    Danger::CurrentFolder(what.into())
}

/// Tells whether something could not be taken away.
pub(super) fn changed(reading: &Reading) -> bool {
    let is_it = |danger: &Danger| matches!(danger, Danger::Settings(_));
    reading.dangers.iter().any(is_it)
}

#[test]
fn an_unknown_program_is_bound_to_the_folder_by_what_means_something_there() {
    for (words, needs) in [
        ("tool", false),
        ("tool absent /abs --x=/abs https://example.org/data", false),
        ("tool data", true),
        ("tool --config=data", true),
        ("tool .", true),
        ("tool ../absent", true),
        ("tool --config=./absent", true),
        ("./tool", true),
        ("bin/tool", true),
        ("/opt/tool", false),
    ] {
        let read = Try::new(words).file("data").read();
        assert_eq!(read.needs_folder, needs, "{words}");
        assert!(!read.is_known && read.dangers.is_empty(), "{words}");
    }
}

#[test]
fn a_launcher_is_known_by_any_name_it_is_called_by() {
    for words in [
        "/opt/bin/npx name",
        "NPX name",
        "npx.cmd name",
        "npx.exe name",
    ] {
        let read = Try::new(words).read();
        assert!(read.is_known && read.dangers == [loose("name")], "{words}");
    }
    let trial = Try::new("tool name").program("npx", "");
    let link = trial.outside().join("tool");
    std::os::unix::fs::symlink("npx", &link).expect("linked");
    let read = trial.found_at(link).read();
    assert_eq!(read.dangers, [loose("name")]);
    assert!(
        !read.is_known,
        "a link of another name is bound by its content"
    );
}

#[test]
fn what_a_script_is_interpreted_by_is_looked_up() {
    for (text, expected) in [
        ("#!/usr/bin/env node\n", vec!["node"]),
        ("#! /usr/bin/env -S node --flag\n", vec!["node"]),
        ("#!/usr/bin/env A=b python3\n", vec!["python3"]),
        ("#!/usr/bin/python3 -I\n", vec![]),
        ("no script\n", vec![]),
        ("#!/usr/bin/env\n", vec![]),
        ("", vec![]),
    ] {
        let trial = Try::new("tool").program("tool", text);
        let path = trial.outside().join("tool");
        assert_eq!(trial.found_at(path).read().lookups, expected, "{text}");
    }
}

#[test]
fn what_env_starts_is_read_too() {
    let trial = Try::new("env npx -y name@1.2.3");
    let read = trial.read();
    assert_eq!(read.lookups, ["npx", "node"]);
    assert!(!read.needs_folder, "{read:?}");
    assert_eq!(read.starts_in, Some(trial.paths.neutral_folder()));
    let read = Try::new("env node server.js").read();
    assert!(read.needs_folder && read.dangers == [local("server.js")]);
    for words in [
        "env -S npx",
        "env",
        "env -i npx name@1.2.3",
        "env A=b npx name@1.2.3",
        "env env npx name@1.2.3",
    ] {
        let read = Try::new(words).read();
        assert!(read.needs_folder && changed(&read), "{words}");
    }
    assert!(Try::new("env ./npx name@1.2.3").read().needs_folder);
    assert!(!Try::new("env tool").read().needs_folder);
}

#[test]
fn an_interpreter_that_a_launcher_starts_is_read_on() {
    let trial = Try::new("x").program("server", "");
    let file = trial.outside().join("server");
    let shown = file.display();
    for words in [
        format!("npx -y node@1.2.3 {shown}"),
        format!("npx -y -p a@1.2.3 sh {shown}"),
        format!("bunx @s/node@1.2.3 {shown}"),
        format!("uvx --from a==1 python {shown}"),
        format!("uvx python@3.12 {shown}"),
        format!("pipx run --spec a==1 ruby {shown}"),
        format!("uv run --with a==1 node {shown}"),
        format!("uv run --project /absent python {shown}"),
    ] {
        let read = Try::new(&words).read();
        assert_eq!(read.code, std::slice::from_ref(&file), "{words}: {read:?}");
        assert!(!read.needs_folder, "{words}: {read:?}");
    }
    for words in [
        "npx -y tsx@1.2.3 /absent",
        "npx -y -p a@1.2.3 node server.js",
        "npx -y -p a@1.2.3 sh -c code",
        "npx -y pnpm@1.2.3 dlx x",
        "npx -y bun@1.2.3 x name",
        "bunx npx@1.2.3 name",
        "uvx --from a==1 sh -c code",
        "uvx --from a==1 uv run x",
        "pipx run --spec a==1 python -m x",
        "uv run --with a==1 npx name",
        "uv run --project /absent python -m x",
        "uv run --project /absent -m x",
    ] {
        assert!(Try::new(words).read().needs_folder, "{words}");
    }
}

#[test]
fn programs_that_start_others_in_ways_of_their_own_make_the_folder_count() {
    for name in [
        "sudo", "xargs", "timeout", "nohup", "pnpm", "yarn", "poetry", "make", "mise",
    ] {
        let read = Try::new(&format!("{name} npx name@1.2.3")).read();
        assert!(read.needs_folder && changed(&read), "{name}");
    }
}

#[test]
fn a_home_of_brokers_in_the_project_or_below_where_others_write_is_shown() {
    let mut inside = Try::new("npx name@1.2.3");
    inside.paths = HomePaths::under(&inside.folder().join("home"));
    let read = inside.read();
    assert!(read.needs_folder && changed(&read), "{read:?}");
    let mut below = Try::new("npx name@1.2.3");
    below.paths = HomePaths::under(&below.outside());
    let read = below.read();
    assert!(
        !read.needs_folder && changed(&read),
        "/tmp is everybody's: {read:?}"
    );
}

#[test]
fn a_secret_is_never_taken_for_a_word() {
    let trial = Try::new("npx");
    let words = [OsStr::new("-y"), OsStr::new("name@1.2.3")].map(Some);
    assert!(!trial.read_words(OsStr::new("npx"), &words).needs_folder);
    for words in [
        &[None, words[1]][..],
        &[words[0], None],
        &[Some(OsStr::new("-p")), None, words[1]],
    ] {
        let read = trial.read_words(OsStr::new("npx"), words);
        assert!(read.needs_folder && changed(&read), "{words:?}");
    }
    let read = trial.read_words(OsStr::new("npx"), &[words[1], None]);
    assert!(!read.needs_folder, "an argument of the server");
}
