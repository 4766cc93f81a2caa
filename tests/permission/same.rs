//! What a grant does not bind may change: order, white space, comments, and what leads to the same.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::{Value, json};

use super::{Start, first_in_path, mark, put, refused, server, started, state, unattended};
use crate::support::home::{BROKER, Home, PATH};

/// A home with two secrets and a server.
fn home() -> Home {
    let home = unattended()
        .secret("a", "canary-a-value")
        .secret("b", "canary-b-value");
    server(&home, "bin/server");
    home
}

fn plain(home: &Home) -> Start {
    Start::of([home.path("bin/server")])
        .label("s")
        .flags(&["--env", "A=broker://a", "--env", "B=broker://b"])
        .flags(&["--env", "ONE=1", "--env", "TWO=2"])
}

/// Returns a variable of a server that printed its own.
fn variable<'a>(printed: &'a str, name: &str) -> Option<&'a str> {
    let start = format!("{name}=");
    printed.lines().find_map(|line| line.strip_prefix(&start))
}

#[test]
fn the_order_of_flags_is_no_change() {
    let home = home();
    let _ = plain(&home).allow(&home);
    let reordered = Start::of([home.path("bin/server")])
        .label("s")
        .flags(&["--env", "TWO=2", "-e", "B=broker://b", "--env=ONE=1"])
        .caller("A", "broker://a");
    let printed = started(&home, &reordered);
    assert_eq!(variable(&printed, "A"), Some("canary-a-value"));
    assert_eq!(variable(&printed, "B"), Some("canary-b-value"));
}

#[test]
fn order_comments_and_white_space_of_broker_toml_are_no_change() {
    let home = home();
    let program = home.path("bin/server");
    let program = program.display();
    let file = home.path("b/broker.toml");
    let before = format!(
        "[servers.s]\ncommand = [\"{program}\", \"x\"]\npass = [\"P\", \"Q\"]\n[servers.s.env]\nA = \"broker://a\"\nB = \"broker://b\"\nL = \"l\"\n"
    );
    put(&file, before, 0o600);
    let start = Start::of::<&str>([])
        .label("s")
        .caller("P", "p")
        .caller("Q", "q");
    let _ = start.allow(&home);
    started(&home, &start);
    let after = format!(
        "# the servers\n\n[servers.other]\ncommand = [\"/bin/true\"]\n\n[servers.s]   # this one\nenv = {{ L = 'l',B = \"broker://b\",  A = \"broker://a\" }}\n  pass = [\n  \"Q\", # first\n  \"P\" ]\ncommand=['{program}',\n\n'x'] # so\n"
    );
    put(&file, after, 0o600);
    started(&home, &start);
}

#[test]
fn the_order_of_a_clients_variables_is_no_change() {
    let home = home();
    let client = home.path("client.py");
    // Starts a server as clients do: the variables in the order of the file.
    let text = "import json, os, sys\n\
                server = json.load(open(sys.argv[1]))['mcpServers']['s']\n\
                os.execve(server['command'], [server['command'], *server['args']], server['env'])\n";
    put(&client, text, 0o600);
    let program = home.path("bin/server").display().to_string();
    let surroundings = |order: &[&str]| -> String {
        let value = |name: &str| -> String {
            match name {
                "HOME" => home.path("").display().to_string(),
                "BROKER_HOME" => home.path("b").display().to_string(),
                "PATH" => PATH.to_owned(),
                "A" => "broker://a".to_owned(),
                "B" => "broker://b".to_owned(),
                other => other.to_lowercase(),
            }
        };
        let pairs = order
            .iter()
            .map(|name| format!("\"{name}\":\"{}\"", value(name)));
        pairs.collect::<Vec<_>>().join(", \n\t")
    };
    let run = |word: &str, order: &[&str]| {
        let file = home.path("client.json");
        let text = format!(
            "{{\"mcpServers\" : {{ \"s\":{{\"env\":{{{}}},\"args\":[\"{word}\",\"s\",\"--pass\",\"P\",\"--\",\"{program}\"],\n\"command\":\"{BROKER}\"}}}}}}",
            surroundings(order)
        );
        put(&file, text, 0o600);
        let mut command = Command::new("python3");
        command.arg(&client).arg(&file).current_dir(home.path(""));
        crate::support::without_terminal(&mut command);
        let output = command.output().expect("python3 is installed");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{word} {order:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let order = ["HOME", "BROKER_HOME", "PATH", "A", "B", "P"];
    run("allow", &order);
    let mut orders = vec![order, order, order];
    orders[1].reverse();
    orders[2].swap(3, 4);
    orders[2].rotate_left(2);
    for order in orders {
        let printed = run("exec", &order);
        assert_eq!(variable(&printed, "A"), Some("canary-a-value"));
        assert_eq!(variable(&printed, "P"), Some("p"));
        fs::remove_file(mark(&home)).expect("started");
    }
}

#[test]
fn another_spelling_of_the_file_of_grants_is_no_change() {
    let home = home();
    let start = plain(&home);
    let _ = start.allow(&home);
    let file = state(&home, "grants.json");
    let text = fs::read_to_string(&file).expect("grants");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    // Keys in the order of their letters, on one line.
    fs::write(&file, document.to_string()).expect("written");
    started(&home, &start);
    let spaced = text.replace('\n', "\n\n\t").replace(':', " :  ");
    // Times hold colons too.
    let spaced = spaced.replace(" :  ", ":").replace("\":", "\" : ");
    fs::write(&file, spaced).expect("written");
    started(&home, &start);
    let text = fs::read_to_string(&file).expect("grants");
    fs::write(&file, text.replace("\"s\"", "\"\\u0073\"")).expect("written");
    started(&home, &start);
}

#[test]
fn a_path_that_finds_the_same_is_no_change_and_the_server_gets_the_one_that_was_allowed() {
    let home = home();
    let allowed = first_in_path(&home, "bin");
    let start = Start::of(["server"])
        .flags(&["--env", "A=broker://a"])
        .caller("PATH", &allowed);
    let _ = start.allow(&home);
    // A folder with a program that this server has nothing to do with.
    put(&home.path("planted/other"), "#!/bin/sh\n", 0o700);
    for path in [
        format!("{allowed}:{}", home.path("planted").display()),
        format!("/usr/sbin:{allowed}"),
        home.path("bin").display().to_string(),
        format!(
            "{}:{}",
            home.path("planted").display(),
            home.path("bin").display()
        ),
    ] {
        let printed = started(&home, &start.clone().caller("PATH", &path));
        assert_eq!(variable(&printed, "PATH"), Some(allowed.as_str()), "{path}");
    }
}

#[test]
fn a_path_in_which_the_interpreter_of_a_script_is_another_is_refused() {
    let home = home();
    let script = home.path("bin/tool");
    put(&script, "#!/usr/bin/env interpreter\n", 0o700);
    let interpreter = format!("#!/bin/sh\n: > '{}'\necho allowed\n", mark(&home).display());
    put(&home.path("bin/interpreter"), interpreter, 0o700);
    put(
        &home.path("planted/interpreter"),
        "#!/bin/sh\necho planted $A\n",
        0o700,
    );
    let start = Start::of(["tool"])
        .flags(&["--env", "A=broker://a"])
        .caller("PATH", first_in_path(&home, "bin"));
    let _ = start.allow(&home);
    let [planted, empty] = ["planted", "empty"].map(|folder| {
        format!(
            "{}:{}",
            home.path(folder).display(),
            first_in_path(&home, "bin")
        )
    });
    let changed = start.clone().caller("PATH", planted);
    refused(
        &home,
        &changed,
        "grant-changed",
        "PATH finds another interpreter now",
    );
    let printed = started(&home, &start.caller("PATH", empty));
    assert_eq!(printed, "allowed\n");
}

/// Clients have another PATH than the shell in which something was allowed, and what they are told to start is written out.
#[test]
fn a_script_that_is_named_by_its_whole_path_gets_the_interpreter_that_was_allowed() {
    let home = home();
    let script = home.path("bin/tool");
    put(&script, "#!/usr/bin/env interpreter\n", 0o700);
    for (folder, says) in [("bin", "allowed"), ("planted", "planted")] {
        let interpreter = home.path(folder).join("interpreter");
        let text = format!("#!/bin/sh\n: > '{}'\necho {says}\n", mark(&home).display());
        put(&interpreter, text, 0o700);
    }
    let start = Start::of([&script])
        .flags(&["--env", "A=broker://a"])
        .caller("PATH", first_in_path(&home, "bin"));
    let _ = start.allow(&home);
    let elsewhere = start.caller("PATH", first_in_path(&home, "planted"));
    assert_eq!(started(&home, &elsewhere), "allowed\n");
}

#[test]
fn what_the_base_list_takes_from_the_caller_is_no_change() {
    let home = home();
    let start = plain(&home);
    let _ = start.allow(&home);
    let changed = start
        .caller("TERM", "dumb")
        .caller("LC_ALL", "C")
        .caller("TZ", "UTC")
        .caller("UNNAMED", "x");
    let printed = started(&home, &changed);
    assert_eq!(variable(&printed, "TERM"), Some("dumb"));
    assert_eq!(variable(&printed, "UNNAMED"), None);
}

#[test]
fn a_value_that_was_allowed_whatever_it_is_may_be_another() {
    let home = home();
    let start = plain(&home).flags(&["--pass-any", "P"]).caller("P", "one");
    let _ = start.allow(&home);
    let printed = started(&home, &start.caller("P", "two"));
    assert_eq!(variable(&printed, "P"), Some("two"));
}

#[test]
fn a_command_without_relative_paths_is_the_same_in_every_folder() {
    let home = home();
    fs::create_dir(home.path("work")).expect("created");
    let start = plain(&home).words([home.path("bin/server").as_os_str(), "word".as_ref()]);
    let _ = start.allow(&home);
    started(&home, &start.clone().within(home.path("work")));
    started(&home, &start.within("/"));
}

#[test]
fn another_way_to_the_same_folder_is_no_change() {
    let home = home();
    fs::create_dir(home.path("work")).expect("created");
    symlink(home.path("work"), home.path("link")).expect("linked");
    let start = plain(&home);
    let _ = start.clone().flags(&["--cwd", "work"]).allow(&home);
    let link = home.path("link").display().to_string();
    for folder in ["./work/../work", "link", &link] {
        started(&home, &start.clone().flags(&["--cwd", folder]));
    }
}

#[test]
fn a_program_with_the_same_content_again_is_no_change() {
    let home = home();
    let start = plain(&home);
    let _ = start.allow(&home);
    let before = edit_times(&home);
    server(&home, "bin/server");
    assert_ne!(edit_times(&home), before, "it is another file");
    started(&home, &start);
}

fn edit_times(home: &Home) -> (u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    let found = home.path("bin/server").metadata().expect("there");
    (found.ino(), found.ctime(), found.ctime_nsec())
}

#[test]
fn starts_that_differ_in_their_order_alone_are_one_request() {
    let home = home();
    for flags in [
        ["--env", "A=broker://a", "--env", "B=broker://b"],
        ["--env", "B=broker://b", "--env", "A=broker://a"],
    ] {
        let start = Start::of([home.path("bin/server")]).flags(&flags);
        assert_eq!(start.exec(&home).run().code, 125);
    }
    let rows = home.broker(["--json", "requests"]).run().ok().json();
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    assert_eq!(rows[0]["count"], json!(2));
}
