//! `bunx` and `bun`.

use super::{Plant, Project, Starts, World, served, write};

const BUNX: [&str; 3] = ["bunx", "@acme/server@1.2.3", "arg"];

#[test]
fn bunx_runs_nothing_that_a_project_planted() {
    let plants: [Plant<'_>; 2] = [
        ("an interpreter", &|p: &Project| {
            p.program(&p.deep.join("node_modules/.bin/node"));
        }),
        ("an interpreter, above", &|p| {
            p.program(&p.top.join("node_modules/.bin/node"));
        }),
    ];
    World::new().withstands(&BUNX, Starts::Elsewhere, &plants);
}

#[test]
fn bunx_without_a_version_runs_no_package_of_the_project() {
    let plants: [Plant<'_>; 2] = [
        ("the package", &|p: &Project| p.package(&p.deep)),
        ("the package, above", &|p| {
            write(&p.top.join("package.json"), "{}");
            p.package(&p.top);
        }),
    ];
    World::new().withstands(&["bunx", "@acme/server"], Starts::Elsewhere, &plants);
}

fn preload(p: &Project) {
    p.script(&p.deep.join("evil.js"));
    write(&p.deep.join("bunfig.toml"), "preload = [\"./evil.js\"]\n");
}

#[test]
fn bunx_with_bun_itself_takes_no_settings_of_the_project_and_stays_in_its_folder() {
    let words = ["bunx", "--bun", "@acme/server@1.2.3"];
    World::new().withstands(&words, Starts::There, &[("a preload", &preload)]);
}

#[test]
fn a_server_of_bunx_starts_in_a_folder_that_was_chosen() {
    let world = World::new();
    let project = world.project();
    let flags = ["--cwd", project.deep.to_str().expect("text")];
    world.allow(&flags, &BUNX);
    let answer = world.exec(&world.project().deep, &flags, &BUNX).run().ok();
    served(&answer, &project.deep);
}

/// A script of the user's, outside of every project.
fn script(world: &World) -> String {
    let file = world.home.path("servers/server.js");
    let text = "console.log(JSON.stringify({ who: 'legit', cwd: process.cwd(),
        token: process.env.TOKEN, planted: process.env.PLANTED ?? null }));\n";
    write(&file, text);
    file.display().to_string()
}

#[test]
fn a_file_of_buns_takes_no_settings_of_the_project() {
    let world = World::new();
    let file = script(&world);
    for words in [&["bun", &file][..], &["bun", "run", &file]] {
        world.withstands(words, Starts::There, &[("a preload", &preload)]);
    }
}

#[test]
fn a_file_of_buns_takes_no_variables_of_the_project() {
    let world = World::new();
    let file = script(&world);
    let words = ["bun", &file];
    world.allow(&[], &words);
    let project = world.project();
    for name in [".env", ".env.local"] {
        write(&project.deep.join(name), "PLANTED=x\n");
    }
    let said = world.plainly(&project, &words);
    assert!(
        said.contains("\"planted\":\"x\""),
        "it does nothing by itself: {said}"
    );
    let answer = world.exec(&project.deep, &[], &words).run().ok();
    let said = served(&answer, &project.deep);
    assert!(said["planted"].is_null(), "{said}");
}
