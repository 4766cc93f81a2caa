//! `uvx` and `uv run`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Plant, Project, Starts, TOKEN, World, served, write};

const RUN: [&str; 6] = ["uv", "run", "--with", "pyserver==1.0.0", "pyserver", "arg"];

impl Project {
    /// Plants an interpreter that works, so that uv does not notice.
    fn interpreter(&self, path: &Path) {
        self.program(path);
        let script = fs::read_to_string(path).expect("text");
        write(path, &format!("{script}exec python3 \"$@\"\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("changed");
    }

    fn environment(&self, folder: &Path) {
        let environment = folder.join(".venv");
        write(
            &environment.join("pyvenv.cfg"),
            "home = /usr/bin\nversion_info = 3.11.7\n",
        );
        self.interpreter(&environment.join("bin/python"));
        self.interpreter(&environment.join("bin/python3"));
    }
}

fn plants() -> Vec<Plant<'static>> {
    vec![
        ("an index", &|p: &Project| {
            let line = format!("index-url = \"{}simple\"\n", p.evil);
            write(&p.deep.join("uv.toml"), &line);
        }),
        ("an environment", &|p| p.environment(&p.deep)),
        ("an environment, above", &|p| p.environment(&p.top)),
        ("an interpreter", &|p| {
            let python = p.deep.join("python");
            p.interpreter(&python);
            write(
                &p.deep.join(".python-version"),
                &python.display().to_string(),
            );
        }),
        ("a project that is built", &|p| {
            let project = "[project]\nname = \"x\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n\
                 [build-system]\nrequires = []\nbuild-backend = \"evil\"\nbackend-path = [\".\"]\n";
            write(&p.deep.join("pyproject.toml"), project);
            p.module(&p.deep.join("evil.py"));
        }),
    ]
}

#[test]
fn uv_run_takes_no_project_interpreter_or_settings_from_the_folder() {
    World::new().withstands(&RUN, Starts::There, &plants());
}

#[test]
fn uv_run_with_a_module_takes_none_from_the_folder() {
    let plants: [Plant<'_>; 1] = [("a module", &|p: &Project| {
        p.module(&p.deep.join("json.py"));
    })];
    let world = World::new();
    for words in [
        &[
            "uv",
            "run",
            "--with",
            "pyserver==1.0.0",
            "python",
            "-m",
            "pyserver",
        ][..],
        &["uv", "run", "--with", "pyserver==1.0.0", "-m", "pyserver"],
    ] {
        world.withstands(words, Starts::There, &plants);
    }
}

/// The number of the version of the Python that is there.
fn version(world: &World) -> String {
    let python = world.program("python3").canonicalize().expect("a path");
    let name = python.file_name().and_then(|name| name.to_str());
    let version = name.and_then(|name| name.strip_prefix("python"));
    version.expect("a number").to_owned()
}

#[test]
fn uv_run_of_a_number_of_python_starts_in_the_empty_folder() {
    let world = World::new();
    let version = version(&world);
    let words = [
        "uv",
        "run",
        "--python",
        &version,
        "--with",
        "pyserver==1.0.0",
        "pyserver",
    ];
    world.withstands(&words, Starts::Elsewhere, &plants()[1..2]);
}

#[test]
fn a_script_of_uvs_runs_as_its_own_project_says() {
    let world = World::new();
    let project = world.home.path("servers/uv");
    let settings = "[project]\nname = \"server\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n";
    write(&project.join("pyproject.toml"), settings);
    let file = project.join("src/server.py");
    let text = "import json, os; print(json.dumps(dict(who='legit', cwd=os.getcwd(), token=os.environ['TOKEN'])))\n";
    write(&file, text);
    let words = ["uv", "run", file.to_str().expect("text")];
    world.allow(&[], &words);
    unmoved(&world, &words);
    let environment = project.join(".venv/pyvenv.cfg");
    assert!(environment.is_file(), "it ran in its own environment");
}

/// Starts the words in a folder with each plant. Those of a launcher that takes nothing from its folder do nothing
/// plainly either.
fn unmoved(world: &World, words: &[&str]) {
    for (name, plant) in plants() {
        let project = world.project();
        plant(&project);
        world.forget();
        let answer = world.exec(&project.deep, &[], words).run().ok();
        served(&answer, &project.deep);
        assert_eq!(project.stolen(), None, "{name}");
        assert!(world.evil.asked().is_empty(), "{name}");
    }
}

#[test]
fn a_server_of_uvx_stays_in_its_folder_and_takes_nothing_from_it() {
    let world = World::new();
    let words = ["uvx", "pyserver==1.0.0", "a b"];
    world.allow(&[], &words);
    unmoved(&world, &words);
    let numbered = ["uvx", "--python", &version(&world), "pyserver==1.0.0"];
    world.allow(&[], &numbered);
    unmoved(&world, &numbered);
    let project = world.project();
    let answer = world.exec(&project.deep, &[], &words).run().ok();
    let said = served(&answer, &project.deep);
    assert_eq!(said["args"], serde_json::json!(["a b"]));
}

#[test]
fn a_package_of_python_is_built_only_if_that_was_allowed() {
    let world = World::new();
    let project = world.project();
    let installed = world.home.path("installed");
    for words in [
        ["uvx", "pysource==1.0.0"].as_slice(),
        &["pipx", "run", "pysource==1.0.0"],
    ] {
        let flags = ["--allow-install-scripts"];
        world.allow(&[], words);
        world.allow(&flags, words);
        world.forget();
        let answer = world.exec(&project.deep, &[], words).run();
        assert_ne!(answer.code, 0, "{words:?}");
        assert!(!installed.exists(), "{words:?}");
        let answer = world.exec(&project.deep, &flags, words).run().ok();
        let folder = if words[0] == "uvx" {
            project.deep.clone()
        } else {
            world.neutral()
        };
        served(&answer, &folder);
        let found = fs::read_to_string(&installed).expect("it ran");
        assert_eq!(found, TOKEN, "{words:?}");
    }
}
