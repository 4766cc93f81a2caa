//! Tests of settling: what the surroundings that were allowed make of a plan.

#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use super::*;
use crate::launch::{Assignment, Caller, Request};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A folder with programs, and a plan that is made there.
struct World {
    top: tempfile::TempDir,
    paths: HomePaths,
}

impl World {
    fn new() -> Self {
        let top = tempfile::tempdir().expect("a folder");
        for name in ["programs", "work"] {
            fs::create_dir(top.path().join(name)).expect("made");
        }
        for name in ["npx", "bunx", "deno", "uv", "python3"] {
            let path = top.path().join("programs").join(name);
            crate::paths::write_file(&path, b"").expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("changed");
        }
        let paths = HomePaths::under(&top.path().join("home"));
        Self { top, paths }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.top.path().join(below)
    }

    fn plan(&self, words: &str, set: &[(&str, &str)]) -> Plan {
        let request = Request {
            command: words.split(' ').map(OsString::from).collect(),
            set: set
                .iter()
                .map(|(variable, text)| Assignment {
                    variable: (*variable).to_owned(),
                    text: Some((*text).into()),
                })
                .collect(),
            allow_dangerous: set.iter().map(|(name, _)| (*name).to_owned()).collect(),
            ..Request::default()
        };
        let caller = Caller {
            variables: vec![
                ("PATH".into(), self.path("programs").into()),
                ("HOME".into(), "/home-of-a-test".into()),
                ("TERM".into(), "dumb".into()),
            ],
            folder: self.path("work"),
            home: None,
        };
        Plan::make(request, &caller).expect("a plan")
    }

    fn command(&self, plan: &Plan) -> Command {
        let none = |_: &Text, _: &FileStamp| None;
        let known = KnownContents {
            granted: &none,
            seen: &none,
        };
        let reading = reading(plan, &self.paths);
        bind(plan, &reading, &|_| None, &known).expect("bound")
    }
}

fn variable<'a>(plan: &'a Plan, name: &str) -> Vec<&'a OsStr> {
    let all = plan.base.iter().filter(|(n, _)| n == name);
    all.map(|(_, text)| text.as_os_str()).collect()
}

fn words(plan: &Plan) -> Vec<&str> {
    let text = |argument: &'_ Argument| match argument {
        Argument::Text(text) => text.to_str().expect("text").to_owned(),
        Argument::Secret(name) => name.to_string(),
    };
    let leaked = plan.arguments.iter().map(|a| text(a).leak() as &str);
    leaked.collect()
}

#[test]
fn a_plan_gets_path_and_home_as_they_were_allowed() {
    let world = World::new();
    let mut plan = world.plan("npx name@1.2.3", &[]);
    let mut granted = world.command(&plan);
    granted.path = Text::of("/elsewhere");
    granted.home = Text::of("/other");
    let _ = plan.settle(&granted, &world.paths).expect("settled");
    assert_eq!(variable(&plan, "PATH"), ["/elsewhere"]);
    assert_eq!(variable(&plan, "HOME"), ["/other"]);
    assert_eq!(variable(&plan, "TERM"), ["dumb"]);
}

#[test]
fn a_launcher_is_kept_from_the_folder_and_told_where_the_server_belongs() {
    let world = World::new();
    let mut plan = world.plan("npx name@1.2.3", &[]);
    let granted = world.command(&plan);
    assert_eq!(granted.folder, None, "the same in any folder");
    let read = plan.settle(&granted, &world.paths).expect("settled");
    assert_eq!(plan.folder, Some(world.paths.neutral_folder()));
    assert_eq!(variable(&plan, "BROKER_FOLDER"), [world.path("work")]);
    prepare(&read).expect("made");
    assert!(world.paths.neutral_folder().is_dir());
    let shell = world.paths.npm_shell_file();
    assert_eq!(
        variable(&plan, "npm_config_script_shell"),
        [shell.as_os_str()]
    );
    let mode = shell.metadata().expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o700);
}

#[test]
fn a_variable_that_was_named_is_left_alone_in_any_case_of_letters() {
    let world = World::new();
    for name in ["npm_config_ignore_scripts", "NPM_CONFIG_IGNORE_SCRIPTS"] {
        let mut plan = world.plan("npx name@1.2.3", &[(name, "false")]);
        let granted = world.command(&plan);
        let _ = plan.settle(&granted, &world.paths).expect("settled");
        assert!(variable(&plan, "npm_config_ignore_scripts").is_empty());
        assert_eq!(variable(&plan, "npm_config_script_shell").len(), 1);
        assert_eq!(plan.variables[name], Source::Literal("false".into()));
    }
}

#[test]
fn words_are_put_in_front_of_the_argument_they_belong_to() {
    let world = World::new();
    let mut plan = world.plan("deno run -A npm:name@1.2.3 arg", &[]);
    let granted = world.command(&plan);
    let _ = plan.settle(&granted, &world.paths).expect("settled");
    assert_eq!(
        words(&plan),
        ["run", "-A", "--no-config", "npm:name@1.2.3", "arg"]
    );
    let project = world.path("server");
    fs::create_dir(&project).expect("made");
    for name in ["pyproject.toml", "x.py"] {
        crate::paths::write_file(&project.join(name), b"").expect("written");
    }
    let (project, script) = (
        project.display().to_string(),
        project.join("x.py").display().to_string(),
    );
    let mut plan = world.plan(&format!("uv run {script}"), &[]);
    let granted = world.command(&plan);
    assert_eq!(
        granted.files.len(),
        2,
        "the script, and what its project is"
    );
    let _ = plan.settle(&granted, &world.paths).expect("settled");
    assert_eq!(words(&plan), ["run", "--project", &project, &script]);
}

#[test]
fn what_is_looked_up_is_looked_up_in_the_path_that_was_allowed() {
    let world = World::new();
    let mut plan = world.plan("uv run --with name==1 name", &[]);
    let mut granted = world.command(&plan);
    let mut same = plan.clone();
    let _ = same.settle(&granted, &world.paths).expect("settled");
    let python = world.path("programs/python3");
    assert_eq!(variable(&same, "UV_PYTHON"), [python.as_os_str()]);
    assert_eq!(same.folder, None);
    granted.path = Text::of(world.path("work"));
    let _ = plan.settle(&granted, &world.paths).expect("settled");
    assert!(variable(&plan, "UV_PYTHON").is_empty());
    assert_eq!(plan.folder, Some(world.paths.neutral_folder()));
}

#[test]
fn a_start_that_needs_its_folder_is_not_made_where_that_was_not_allowed() {
    let world = World::new();
    let mut plan = world.plan("npx ./name", &[]);
    let mut granted = world.command(&plan);
    let real = world.path("work").canonicalize().expect("a path");
    assert_eq!(granted.folder, Some(Text::of(real)));
    granted.folder = None;
    let refused = plan.settle(&granted, &world.paths);
    assert!(matches!(refused, Err(BindError::NeedsFolder(_))));
}

#[test]
fn a_folder_that_was_allowed_is_the_one_a_server_starts_in() {
    let world = World::new();
    let mut plan = world.plan("bunx name@1.2.3", &[]);
    let mut granted = world.command(&plan);
    let mut elsewhere = plan.clone();
    let _ = elsewhere.settle(&granted, &world.paths).expect("settled");
    assert_eq!(elsewhere.folder, Some(world.paths.neutral_folder()));
    granted.folder = Some(Text::of(world.path("work")));
    let _ = plan.settle(&granted, &world.paths).expect("settled");
    assert_eq!(plan.folder, None);
}
