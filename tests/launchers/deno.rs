//! `deno run`.

use super::{Plant, Project, Starts, World, write};

#[test]
fn deno_runs_nothing_that_a_project_planted() {
    let map = |p: &Project, folder: &std::path::Path| {
        p.script(&folder.join("evil.cjs"));
        write(
            &folder.join("deno.json"),
            r#"{ "imports": { "npm:@acme/server@1.2.3": "./evil.cjs" } }"#,
        );
    };
    let plants: [Plant<'_>; 4] = [
        ("a map of imports", &|p: &Project| map(p, &p.deep)),
        ("a map of imports, above", &|p| map(p, &p.top)),
        ("the package", &|p| {
            let package = p.deep.join("node_modules/@acme/server");
            write(
                &package.join("package.json"),
                r#"{ "name": "@acme/server", "version": "1.2.3", "bin": "cli.js" }"#,
            );
            p.script(&package.join("cli.js"));
            write(
                &p.deep.join("package.json"),
                r#"{ "dependencies": { "@acme/server": "1.2.3" } }"#,
            );
        }),
        ("a registry", &|p| {
            write(&p.deep.join("package.json"), "{}");
            write(&p.deep.join(".npmrc"), &format!("registry={}\n", p.evil));
        }),
    ];
    let world = World::new();
    let words = ["deno", "run", "-A", "npm:@acme/server@1.2.3", "arg"];
    world.withstands(&words, Starts::There, &plants);
    let words = ["deno", "-A", "npm:@acme/server@1.2.3"];
    world.withstands(&words, Starts::There, &plants[..1]);
}
