//! Files that cannot be read or written as they should be: refused in words, at once, and nothing of them is changed, by
//! `protect` as by `restore`.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::protected::{compare, way};
use super::stage::Stage;
use crate::support::home::{Answer, Home};

/// How soon it is refused.
const SOON: Duration = Duration::from_secs(1);

fn stage() -> Stage {
    Stage::new(Home::new(), way("kiro-many.json"))
}

fn run(stage: &Stage, command: &str) -> Answer {
    let file = stage.file();
    stage
        .broker(&["--json", command, file.to_str().unwrap(), "--yes"])
        .run()
}

/// What a place in the file system is, without following links or reading pipes.
fn look(path: &Path) -> (u64, u32, u64, i64, i64) {
    let it = std::fs::symlink_metadata(path).expect("it is there");
    (it.ino(), it.mode(), it.size(), it.mtime(), it.mtime_nsec())
}

/// Demands that both commands refuse what is in the place of a file, at once, and change nothing.
#[track_caller]
fn refused(what: &str, put: impl Fn(&Path)) {
    let stage = stage();
    let file = stage.file();
    stage.protect();
    let good = std::fs::read(&file).expect("read");
    std::fs::remove_file(&file).expect("removed");
    put(&file);
    let before = look(&file);
    for command in ["protect", "restore"] {
        // One of a few: other tests want the processor, too.
        let mut best = Duration::MAX;
        for _ in 0..4 {
            let begin = Instant::now();
            // A folder that is named is a project; here it stands where a client's file is looked for.
            let is_found = command == "protect" && file.is_dir();
            let answer = match is_found {
                true => stage
                    .broker(&["--json", "protect", "--client", "kiro", "--yes"])
                    .run(),
                false => run(&stage, command),
            };
            best = best.min(begin.elapsed());
            let said = answer.stdout.clone() + &answer.stderr;
            assert_eq!(answer.code, 1, "{what}: {command}: {said}");
            // A word that leads to no file may be a value in a wrong place, and is not repeated.
            assert!(
                said.contains("mcp.json") || !file.exists(),
                "{what}: {command} names no file: {said}"
            );
            assert!(said.len() < 2000, "{what}: {command}: {said}");
            stage.says_nothing(&said);
            if best < SOON {
                break;
            }
        }
        assert!(best < SOON, "{what}: {command} took {best:?}");
        assert_eq!(look(&file), before, "{what}: {command} changed it");
    }
    // What was there to be undone still is.
    if file.is_dir() {
        std::fs::remove_dir(&file).expect("removed");
    } else {
        std::fs::remove_file(&file).expect("removed");
    }
    std::fs::write(&file, good).expect("written");
    run(&stage, "restore").ok();
    assert_eq!(stage.now(), stage.before, "{what}: restored");
}

fn write(bytes: impl AsRef<[u8]>) -> impl Fn(&Path) {
    move |path| std::fs::write(path, bytes.as_ref()).expect("written")
}

/// The text of a file with one server, and `more` in its place.
fn with(more: &str) -> String {
    format!(
        "{{\"mcpServers\": {{\"a\": {{\"command\": \"npx\", \"env\": {{\"A_TOKEN\": {more}}}}}}}}}"
    )
}

#[test]
fn a_hundred_megabytes_are_refused() {
    refused("text", write(with("\"x\"") + &" ".repeat(100 << 20)));
    refused("nothing", |path| {
        let file = std::fs::File::create(path).expect("made");
        file.set_len(100 << 20).expect("made long");
    });
}

#[test]
fn a_hundred_thousand_levels_are_refused() {
    let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
    refused("lists", write(with(&deep("[", "]"))));
    refused("maps", write(with(&deep("{\"a\":", "}"))));
    refused("no end", write("[".repeat(100_000)));
}

#[test]
fn what_is_no_utf_8_is_refused() {
    let halves = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        with("\"x\"").encode_utf16().flat_map(bytes).collect()
    };
    refused(
        "little",
        write([&[0xff, 0xfe][..], &halves(u16::to_le_bytes)].concat()),
    );
    refused(
        "big",
        write([&[0xfe, 0xff][..], &halves(u16::to_be_bytes)].concat()),
    );
    refused("without a mark", write(halves(u16::to_le_bytes)));
    refused(
        "latin 1",
        write([with("\"").into_bytes(), vec![0xe9, b'"']].concat()),
    );
    refused(
        "cut short",
        write([with("\"x\"").into_bytes(), vec![0xc3]].concat()),
    );
    refused(
        "zero bytes",
        write(
            with("\"x\\u0000\"")
                .into_bytes()
                .into_iter()
                .chain([0])
                .collect::<Vec<u8>>(),
        ),
    );
}

#[test]
fn what_is_no_json_is_refused() {
    refused("half", write("{\"mcpServers\": {\"a\": {\"command\""));
    refused("two", write("{}{}"));
}

#[test]
fn what_is_no_file_is_refused() {
    refused("a folder", |path| std::fs::create_dir(path).expect("made"));
    refused("a pipe", |path| {
        let made = Command::new("/usr/bin/mkfifo").arg(path).status();
        assert!(made.expect("mkfifo runs").success());
    });
    refused("a device", |path| {
        std::os::unix::fs::symlink("/dev/zero", path).expect("linked")
    });
    refused("a link to nothing", |path| {
        std::os::unix::fs::symlink("nowhere", path).expect("linked")
    });
    refused("a link to itself", |path| {
        std::os::unix::fs::symlink(path, path).expect("linked")
    });
}

/// Runs a command of broker's as somebody to whom the whole home belongs.
fn as_nobody(stage: &Stage, words: &[&str]) -> Answer {
    let run = stage.broker(words).command();
    let mut command = Command::new("/usr/bin/setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(run.get_program())
        .args(run.get_args())
        .env_clear()
        .envs(
            run.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(run.get_current_dir().expect("a folder"))
        .stdin(Stdio::null());
    let output = command.output().expect("setpriv is installed");
    Answer {
        code: output.status.code().expect("a code"),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        bytes: Vec::new(),
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
}

#[test]
fn a_file_that_may_not_be_read_or_a_folder_that_may_not_be_written_is_refused() {
    let stage = stage();
    let file = stage.file();
    let path = file.to_str().unwrap();
    let all = Command::new("/bin/chown")
        .args(["-R", "65534:65534"])
        .arg(stage.home.path(""))
        .status();
    assert!(all.expect("chown runs").success());
    let folder = file.parent().expect("a folder");
    let refuse = |command: &str| {
        let before = look(&file);
        let answer = as_nobody(&stage, &["--json", command, path, "--yes"]);
        let said = answer.stdout + &answer.stderr;
        assert_eq!(answer.code, 1, "{command}: {said}");
        assert!(said.contains("mcp.json"), "{command}: {said}");
        stage.says_nothing(&said);
        assert_eq!(look(&file), before, "{command} changed it");
        let names: Vec<_> = std::fs::read_dir(folder).expect("read").collect();
        assert_eq!(names.len(), 1, "{command} left something beside it");
    };
    mode(&file, 0o000);
    refuse("protect");
    mode(&file, 0o600);
    mode(folder, 0o500);
    refuse("protect");
    assert_eq!(stage.now(), stage.before);
    mode(folder, 0o700);
    let answer = as_nobody(&stage, &["protect", path, "--yes"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    stage.is_clean();
    let protected = stage.now();
    mode(&file, 0o000);
    refuse("restore");
    mode(&file, 0o600);
    mode(folder, 0o500);
    refuse("restore");
    assert_eq!(stage.now(), protected);
    mode(folder, 0o700);
    let answer = as_nobody(&stage, &["restore", path, "--yes"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(stage.now(), stage.before);
}

#[test]
fn a_file_of_several_names_is_left_alone() {
    let stage = stage();
    let other = stage.home.path("backup.json");
    std::fs::hard_link(stage.file(), &other).expect("linked");
    let before = look(&other);
    let answer = run(&stage, "protect").code(1);
    stage.says_nothing(&(answer.stdout.clone() + &answer.stderr));
    assert!(answer.stdout.contains("mcp.json"), "{}", answer.stdout);
    assert_eq!(stage.now(), stage.before);
    assert_eq!(look(&other), before);
    assert_eq!(look(&stage.file()), before);
}

#[test]
fn a_link_stays_one_and_what_it_leads_to_is_changed() {
    let stage = stage();
    let (file, real) = (stage.file(), stage.home.path("dotfiles/kiro.json"));
    std::fs::create_dir(stage.home.path("dotfiles")).expect("made");
    std::fs::rename(&file, &real).expect("moved");
    mode(&real, 0o640);
    std::os::unix::fs::symlink("../../dotfiles/kiro.json", &file).expect("linked");
    let before = stage.start_all();
    stage.protect();
    assert!(
        std::fs::symlink_metadata(&file)
            .expect("there")
            .is_symlink()
    );
    assert_eq!(
        std::fs::metadata(&real).expect("there").mode() & 0o777,
        0o640
    );
    let text = std::fs::read(&real).expect("read");
    for made in &stage.made {
        assert!(
            made.fate != super::vectors::Fate::Moves || !made.is_in(&text),
            "{}",
            made.value
        );
    }
    for ((entry, old), (now, new)) in before.iter().zip(&stage.start_all()) {
        compare(&stage, entry, now, old, new);
    }
    run(&stage, "restore").ok();
    assert!(
        std::fs::symlink_metadata(&file)
            .expect("there")
            .is_symlink()
    );
    assert_eq!(stage.now(), stage.before);
}

#[test]
fn keys_that_stand_there_twice_start_what_they_started() {
    let (first, last) = ("canary-5hRk0qZ71vUe93MdTtGs", "canary-Wq81LmZ04xYp62KcBnHa");
    for text in [
        // A variable.
        format!(
            "{{\"mcpServers\": {{\"a\": {{\"command\": \"bare-mcp\", \"env\": {{\"A_TOKEN\": \"{first}\", \"A_TOKEN\": \"{last}\"}}}}}}}}"
        ),
        // All variables.
        format!(
            "{{\"mcpServers\": {{\"a\": {{\"command\": \"bare-mcp\", \"env\": {{\"A_TOKEN\": \"{first}\"}}, \"env\": {{\"A_TOKEN\": \"{last}\"}}}}}}}}"
        ),
        // A server.
        format!(
            "{{\"mcpServers\": {{\"a\": {{\"command\": \"bare-mcp\", \"env\": {{\"A_TOKEN\": \"{first}\"}}}}, \"a\": {{\"command\": \"bare-mcp\", \"env\": {{\"A_TOKEN\": \"{last}\"}}}}}}}}"
        ),
        // All servers.
        format!(
            "{{\"mcpServers\": {{\"a\": {{\"command\": \"bare-mcp\", \"env\": {{\"A_TOKEN\": \"{first}\"}}}}}}, \"mcpServers\": {{\"a\": {{\"command\": \"bare-mcp\", \"env\": {{\"A_TOKEN\": \"{last}\"}}}}}}}}"
        ),
        // A program.
        format!(
            "{{\"mcpServers\": {{\"a\": {{\"command\": \"npx\", \"command\": \"bare-mcp\", \"env\": {{\"A_TOKEN\": \"{last}\"}}}}}}}}"
        ),
    ] {
        let stage = stage();
        std::fs::write(stage.file(), &text).expect("written");
        let before = stage.start_all();
        assert_eq!(before[0].1.variables["A_TOKEN"], last);
        let answer = run(&stage, "protect");
        let said = answer.stdout.clone() + &answer.stderr;
        assert!(!said.contains("canary"), "{said}");
        let now = stage.now();
        for value in [first, last] {
            let is_told = said.contains("\"left\"") || answer.code == 1;
            assert!(!now.contains(value) || is_told, "{text}\n{said}");
        }
        for ((entry, old), (after, new)) in before.iter().zip(&stage.start_all()) {
            compare(&stage, entry, after, old, new);
        }
        if now != text {
            run(&stage, "restore").ok();
            assert_eq!(stage.now(), text);
        }
    }
}
