//! Python, and scripts of interpreters.

use std::path::Path;

use super::{Plant, Project, Starts, TOKEN, World, served, write};

const CODE: &str = "import json, os; print(json.dumps(dict(who='legit', cwd=os.getcwd(), \
                    token=os.environ['TOKEN'])))";

/// Puts the server where Python finds modules of the user's own.
fn install(world: &World, home: &Path) {
    let python = world.program("python3").canonicalize().expect("a path");
    let version = python.file_name().and_then(|name| name.to_str());
    let below = format!(".local/lib/{}/site-packages", version.expect("text"));
    write(&home.join(below).join("pyserver.py"), CODE);
}

#[test]
fn python_takes_no_module_from_the_folder() {
    let world = World::new();
    install(&world, &world.home.path(""));
    let plants: [Plant<'_>; 2] = [
        ("a module of the library", &|p: &Project| {
            install(&world, &p.top.with_file_name("home"));
            p.module(&p.deep.join("json.py"));
        }),
        ("the module itself", &|p| {
            p.module(&p.deep.join("pyserver.py"))
        }),
    ];
    world.withstands(&["python3", "-m", "pyserver"], Starts::There, &plants);
    world.withstands(&["python3", "-E", "-m", "pyserver"], Starts::There, &plants);
    world.withstands(&["python3", "-c", CODE], Starts::There, &plants[..1]);
}

#[test]
fn a_script_of_pythons_finds_its_modules_and_is_refused_when_it_was_changed() {
    let world = World::new();
    let file = world.home.path("servers/server.py");
    write(&file.with_file_name("beside.py"), CODE);
    write(&file, "import beside\n");
    let words = ["python3", file.to_str().expect("text")];
    world.allow(&[], &words);
    let project = world.project();
    let exec = || world.exec(&project.deep, &[], &words).run();
    served(&exec().ok(), &project.deep);
    write(&file, "import beside \n");
    let answer = exec().code(125);
    assert!(answer.stderr.contains("has changed"), "{}", answer.stderr);
}

#[test]
fn a_script_of_the_folder_is_allowed_in_that_folder_alone() {
    let world = World::new();
    for words in [
        ["python3", "server.py"],
        ["node", "server.js"],
        ["bun", "./server.js"],
    ] {
        let project = world.project();
        project.module(&project.deep.join("server.py"));
        project.script(&project.deep.join("server.js"));
        world.exec(&project.deep, &[], &words).granting().run().ok();
        assert_eq!(
            project.stolen().as_deref(),
            Some(TOKEN),
            "it is what was allowed"
        );
        let other = world.project();
        other.module(&other.deep.join("server.py"));
        other.script(&other.deep.join("server.js"));
        world.exec(&other.deep, &[], &words).run().code(125);
        assert_eq!(other.stolen(), None, "{words:?}");
    }
}
