//! What an interpreter is given to run is bound as a program is, and so is what a launcher looks up.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;

use super::{Start, first_in_path, mark, put, refused, started, unattended};
use crate::support::home::{Home, PATH};

fn home() -> Home {
    unattended().secret("a", "canary-a-value")
}

fn of<S: AsRef<OsStr>>(command: impl IntoIterator<Item = S>) -> Start {
    Start::of(command)
        .label("s")
        .flags(&["--env", "A=broker://a"])
        .caller("PATH", PATH)
}

/// A script for each interpreter: leaves the mark, and says what it was given.
fn scripts(home: &Home) -> [(&'static str, String); 4] {
    let mark = mark(home).display().to_string();
    let sh = format!(": > '{mark}'\necho given $A\n");
    [
        ("sh", sh.clone()),
        ("bash", sh),
        (
            "python3",
            format!("import os\nopen('{mark}', 'w')\nprint('given', os.environ['A'])\n"),
        ),
        (
            "node",
            format!(
                "require('fs').writeFileSync('{mark}', '')\nconsole.log('given', process.env.A)\n"
            ),
        ),
    ]
}

#[test]
fn another_content_of_a_script_is_refused_whatever_runs_it() {
    let home = home();
    for (interpreter, text) in scripts(&home) {
        let script = home.path(&format!("scripts/{interpreter}.js"));
        put(&script, &text, 0o600);
        let start = of([OsStr::new(interpreter), script.as_os_str()]);
        let _ = start.allow(&home);
        assert_eq!(
            started(&home, &start),
            "given canary-a-value\n",
            "{interpreter}"
        );
        put(&script, format!("{text}\n"), 0o600);
        let says = format!("{interpreter}.js has changed");
        refused(&home, &start, "grant-changed", &says);
        // The same again, in another file of the same name.
        put(&script, &text, 0o600);
        started(&home, &start);
        fs::remove_file(&script).expect("removed");
        put(&home.path("elsewhere"), &text, 0o600);
        symlink(home.path("elsewhere"), &script).expect("linked");
        let answer = refused(&home, &start, "grant-changed", "");
        assert!(
            answer
                .stderr
                .contains("other files among the arguments are code"),
            "{}",
            answer.stderr
        );
    }
}

#[test]
fn a_relative_script_is_allowed_in_its_folder_alone() {
    let home = home();
    for (interpreter, text) in scripts(&home) {
        for folder in ["one", "two"] {
            put(&home.path(folder).join("server.js"), &text, 0o600);
        }
        let start = of([interpreter, "server.js"]).within(home.path("one"));
        let _ = start.allow(&home);
        started(&home, &start);
        let elsewhere = start.clone().within(home.path("two"));
        refused(
            &home,
            &elsewhere,
            "grant-changed",
            "it was allowed in the folder",
        );
        let _ = home.broker(["revoke", "--all"]).run().ok();
    }
}

#[test]
fn a_path_that_finds_another_of_what_a_launcher_looks_up_is_refused() {
    let home = home();
    // A launcher of the user's own, found first; node is looked up by it.
    put(
        &home.path("bin/npx"),
        format!("#!/bin/sh\n: > '{}'\n", mark(&home).display()),
        0o700,
    );
    put(
        &home.path("planted/node"),
        "#!/bin/sh\necho planted $A\n",
        0o700,
    );
    let start = of(["npx", "-y", "server@1.2.3"]).caller("PATH", first_in_path(&home, "bin"));
    let _ = start.allow(&home);
    started(&home, &start);
    let planted = format!(
        "{}:{}",
        home.path("planted").display(),
        first_in_path(&home, "bin")
    );
    let planted = start.clone().caller("PATH", planted);
    refused(
        &home,
        &planted,
        "grant-changed",
        "PATH finds another node now",
    );
    // One more folder that holds nothing of that is no change.
    fs::create_dir(home.path("empty")).expect("created");
    let more = format!(
        "{}:{}",
        home.path("empty").display(),
        first_in_path(&home, "bin")
    );
    started(&home, &start.caller("PATH", more));
}

#[test]
fn settings_that_a_home_folder_brings_are_refused_with_it() {
    let home = home();
    put(
        &home.path("bin/npx"),
        format!("#!/bin/sh\n: > '{}'\n", mark(&home).display()),
        0o700,
    );
    let start = of(["npx", "-y", "server@1.2.3"]).caller("PATH", first_in_path(&home, "bin"));
    let _ = start.allow(&home);
    started(&home, &start);
    put(
        &home.path("other/.npmrc"),
        "registry=http://127.0.0.1:1/\n",
        0o600,
    );
    refused(
        &home,
        &start.caller("HOME", home.path("other")),
        "grant-changed",
        "HOME was",
    );
}

#[test]
fn an_interpreter_of_the_users_own_may_be_upgraded_where_it_is() {
    let home = home();
    let node = home.path("versions/v1/bin/node");
    let text = "#!/bin/sh\n: > \"$HOME/started\"\necho v1\n";
    put(&node, text, 0o700);
    let alias = home.path("node/bin");
    fs::create_dir_all(alias.parent().expect("a folder")).expect("created");
    symlink(home.path("versions/v1/bin"), &alias).expect("linked");
    let script = home.path("server.js");
    put(&script, "", 0o600);
    let start = of([OsStr::new("node"), script.as_os_str()])
        .caller("PATH", first_in_path(&home, "node/bin"));
    let _ = start.allow(&home);
    assert_eq!(started(&home, &start), "v1\n");
    // The alias leads to the next version, as nvm does it: the name is what stays.
    put(
        &home.path("versions/v2/bin/node"),
        text.replace("v1", "v2"),
        0o700,
    );
    fs::remove_file(&alias).expect("removed");
    symlink(home.path("versions/v2/bin"), &alias).expect("linked");
    assert_eq!(started(&home, &start), "v2\n");
    let entry = super::told(&home, "exec", "intent")
        .pop()
        .expect("an entry");
    let detail = entry["detail"].as_str().expect("a note of the upgrade");
    assert!(detail.contains("versions/v2/bin/node"), "{detail}");
    // What it runs is bound as before.
    put(&script, "// other\n", 0o600);
    refused(&home, &start, "grant-changed", "server.js has changed");
}
