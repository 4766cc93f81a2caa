//! `npx` and `npm exec`.

use std::fs;

use super::{Plant, Project, Starts, TOKEN, World, served, write};

const NPX: [&str; 4] = ["npx", "-y", "@acme/server@1.2.3", "an arg"];

fn plants() -> Vec<Plant<'static>> {
    vec![
        ("the package", &|p: &Project| p.package(&p.deep)),
        ("the package, above", &|p| {
            write(&p.top.join("package.json"), "{}");
            p.package(&p.top);
        }),
        ("a program called as the package", &|p| {
            // npm finds the one, and its shell takes the name for a path.
            p.program(&p.deep.join("node_modules/.bin/@acme/server@1.2.3"));
            p.program(&p.deep.join("@acme/server@1.2.3"));
        }),
        ("an interpreter", &|p| {
            p.program(&p.deep.join("node_modules/.bin/node"));
        }),
        ("an interpreter, above", &|p| {
            p.program(&p.top.join("node_modules/.bin/node"));
        }),
        ("a shell", &|p| {
            p.program(&p.deep.join("node_modules/.bin/sh"));
        }),
        ("a registry", &|p| {
            write(&p.deep.join("package.json"), "{}");
            write(&p.deep.join(".npmrc"), &format!("registry={}\n", p.evil));
        }),
        (
            "a registry of the scope, with the secret in its address",
            &|p| {
                write(&p.deep.join("package.json"), "{}");
                let line = format!("@acme:registry={}${{TOKEN}}/\n", p.evil);
                write(&p.deep.join(".npmrc"), &line);
            },
        ),
        ("a script-shell", &|p| {
            write(&p.deep.join("package.json"), "{}");
            let shell = p.deep.join("shell");
            p.program(&shell);
            let line = format!("script-shell={}\n", shell.display());
            write(&p.deep.join(".npmrc"), &line);
        }),
        ("options of node", &|p| {
            write(&p.deep.join("package.json"), "{}");
            let script = p.deep.join("evil.js");
            p.script(&script);
            let line = format!("node-options=--require {}\n", script.display());
            write(&p.deep.join(".npmrc"), &line);
        }),
    ]
}

#[test]
fn npx_runs_nothing_that_a_project_planted() {
    World::new().withstands(&NPX, Starts::There, &plants());
}

#[test]
fn npm_exec_runs_nothing_that_a_project_planted() {
    let words = ["npm", "exec", "-y", "--", "@acme/server@1.2.3"];
    let plants = plants();
    World::new().withstands(&words, Starts::There, &plants[..4]);
}

#[test]
fn a_server_of_npx_has_the_folder_arguments_and_variables_it_would_have() {
    let world = World::new();
    let words = [
        "npx",
        "-y",
        "@acme/server@1.2.3",
        "a b",
        "'\"",
        "$HOME `x` \\",
        "*",
        "",
        "-y",
    ];
    world.allow(&[], &words);
    let project = world.project();
    let said = served(
        &world.exec(&project.deep, &[], &words).run().ok(),
        &project.deep,
    );
    let arguments: Vec<_> = words[3..].to_vec();
    assert_eq!(said["args"], serde_json::json!(arguments));
    assert_eq!(said["init"], project.deep.to_str().expect("text"));
    let variables: Vec<_> = said["variables"]
        .as_array()
        .expect("names")
        .iter()
        .collect();
    for name in [
        "BROKER_FOLDER",
        "npm_config_script_shell",
        "npm_config_ignore_scripts",
    ] {
        assert!(
            !variables.iter().any(|variable| *variable == name),
            "{name}"
        );
    }
    // A folder that was chosen counts, too.
    let chosen = world.project();
    let flags = ["--cwd", chosen.deep.to_str().expect("text")];
    world.allow(&flags, &words);
    served(
        &world.exec(&project.deep, &flags, &words).run().ok(),
        &chosen.deep,
    );
    assert_eq!(fs::read_dir(world.neutral()).expect("a folder").count(), 0);
}

#[test]
fn an_install_script_of_npm_runs_only_if_that_was_allowed() {
    let world = World::new();
    let project = world.project();
    world.allow(&[], &NPX);
    world.allow(&["--allow-install-scripts"], &NPX);
    let installed = world.home.path("installed");
    served(
        &world.exec(&project.deep, &[], &NPX).run().ok(),
        &project.deep,
    );
    assert!(!installed.exists());
    world.forget();
    let flags = ["--allow-install-scripts"];
    served(
        &world.exec(&project.deep, &flags, &NPX).run().ok(),
        &project.deep,
    );
    let said = fs::read_to_string(installed).expect("it ran");
    let folder = said.strip_prefix(TOKEN).expect("with the token");
    assert!(
        folder.trim_end().ends_with("node_modules/@acme/server"),
        "{folder}"
    );
}

#[test]
fn what_is_in_the_empty_folder_stops_the_start() {
    let world = World::new();
    let project = world.project();
    world.allow(&[], &NPX);
    write(&world.neutral().join(".npmrc"), "");
    let answer = world.exec(&project.deep, &[], &NPX).run().code(125);
    assert!(
        answer.stderr.contains("is to be empty"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_package_of_the_folder_is_allowed_in_that_folder_alone() {
    let world = World::new();
    let project = world.project();
    let words = ["npx", "-y", "./package"];
    let package = project.deep.join("package");
    write(
        &package.join("package.json"),
        r#"{ "name": "package", "version": "1.0.0", "bin": "cli.js" }"#,
    );
    project.program(&package.join("cli.js"));
    world.exec(&project.deep, &[], &words).granting().run().ok();
    assert_eq!(
        project.stolen().as_deref(),
        Some(TOKEN),
        "it is what was allowed"
    );
    let other = world.project();
    world.exec(&other.deep, &[], &words).run().code(125);
}
