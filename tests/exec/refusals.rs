//! What `exec` refuses: with 125 and a code, and before the server has started.

use super::{touch, variable};
use crate::support::home::{Home, Run};

/// Runs a server that would leave a mark, and demands that it was refused.
#[track_caller]
fn refused(home: &Home, flags: &[&str], caller: &[(&str, &str)], code: &str) {
    refused_as(home, flags, caller, code, |run| run);
}

/// The same of a server that was allowed: what is wrong is seen only when its values are there.
#[track_caller]
fn refused_although_allowed(home: &Home, flags: &[&str], caller: &[(&str, &str)], code: &str) {
    refused_as(home, flags, caller, code, |run| run.granting());
}

#[track_caller]
fn refused_as(
    home: &Home,
    flags: &[&str],
    caller: &[(&str, &str)],
    code: &str,
    before: fn(Run<'_>) -> Run<'_>,
) {
    let mark = home.path("started");
    let mut run = touch(home, flags, &mark);
    for (name, value) in caller {
        run = run.env(name, value);
    }
    let answer = before(run).run();
    assert_eq!(answer.code, 125, "{flags:?} {caller:?}: {}", answer.stderr);
    assert_eq!(answer.error_code(), code, "{flags:?} {caller:?}");
    assert!(answer.stdout.is_empty(), "{flags:?}");
    assert!(
        !mark.exists(),
        "{flags:?} {caller:?}: the server was started"
    );
}

#[test]
fn the_mark_is_there_when_nothing_is_refused() {
    let home = Home::new().secret("a", "canary-a-value");
    let mark = home.path("started");
    let run = touch(&home, &["--env", "A=broker://a"], &mark);
    let _ = run.granting().run().ok();
    assert!(mark.exists());
}

#[test]
fn a_nul_cannot_be_put_into_a_variable() {
    let home = Home::new();
    home.set("with-nul", b"canary-be\0hind");
    let (flags, caller) = (
        ["--env", "A=broker://with-nul"],
        [("A", "broker://with-nul")],
    );
    refused_although_allowed(&home, &flags, &[], "value-has-nul");
    refused_although_allowed(&home, &[], &caller, "value-has-nul");
}

#[test]
fn names_of_variables_outside_the_grammar_are_refused() {
    let home = Home::empty();
    let long = format!("{}=x", "A".repeat(256));
    for name in [
        "1A=x", "A-B=x", "=x", "", "A B=x", "A.B=x", "\u{c9}=x", " A=x", &long,
    ] {
        refused(&home, &["--env", name], &[], "variable-invalid");
    }
    for name in ["1A", "A-B", "", "A=x", "A B"] {
        for flag in ["--pass", "--pass-any", "--allow-dangerous-env"] {
            refused(&home, &[flag, name], &[], "variable-invalid");
        }
    }
    // What the caller has is not broker's business, unless it holds a reference.
    let mark = home.path("started");
    let _ = touch(&home, &[], &mark).env("A-B", "x").run().ok();
    std::fs::remove_file(mark).expect("started");
    refused(&home, &[], &[("A-B", "broker://a")], "variable-invalid");
}

#[test]
fn a_missing_secret_is_refused_and_the_nearest_suggested() {
    let home = Home::new().secret("github-token", "canary-github");
    let code = "secret-not-found";
    refused(&home, &["--env", "A=broker://githubtoken"], &[], code);
    refused(&home, &["--env", "NOWHERE"], &[], code);
    refused(&home, &[], &[("A", "broker://nowhere")], code);
    refused(&home, &["--env", "A=broker://GITHUB-TOKEN"], &[], code);
    let answer = home
        .broker(["exec", "--env", "A=broker://githubtoken", "--", "/bin/true"])
        .run()
        .code(125);
    assert!(answer.stderr.contains("did you mean \"github-token\"?"));
    let empty = Home::empty();
    refused(&empty, &["--env", "A=broker://a"], &[], "no-home");
}

#[test]
fn a_variable_named_twice_is_refused_in_every_combination() {
    let home = Home::new().secret("V", "canary-of-v");
    let ways: [&[&str]; 5] = [
        &["--env", "V"],
        &["--env", "V=broker://V"],
        &["--env", "V=text"],
        &["--pass", "V"],
        &["--pass-any", "V"],
    ];
    for first in ways {
        for second in ways {
            let flags = [first, second].concat();
            refused(&home, &flags, &[("V", "plain")], "variable-twice");
        }
        // A reference of the caller's counts as naming it.
        refused(&home, first, &[("V", "broker://V")], "variable-twice");
    }
    let home = home.config("[servers.s]\ncommand = [\"/bin/false\"]\nenv = { V = \"x\" }\n");
    let twice = home.broker(["--json", "exec", "s", "--env", "V=y"]).run();
    assert_eq!(twice.code(125).error_code(), "variable-twice");
}

#[test]
fn a_variable_of_the_base_list_that_is_named_is_there_once() {
    let home = Home::empty();
    let answer = home
        .broker([
            "exec",
            "--env",
            "LANG=xx",
            "--pass",
            "TERM",
            "--",
            "/usr/bin/env",
        ])
        .env("LANG", "yy")
        .env("TERM", "vt")
        .run()
        .ok();
    let count = |what: &str| {
        answer
            .stdout
            .lines()
            .filter(|l| l.starts_with(what))
            .count()
    };
    assert_eq!((count("LANG="), count("TERM=")), (1, 1));
    assert!(answer.stdout.contains("LANG=xx\n"));
}

#[test]
fn a_reference_inside_a_longer_text_is_refused() {
    let home = Home::new().secret("a", "canary-a-value");
    for text in [
        "Bearer broker://a",
        "broker://a y",
        "broker://a\n",
        " broker://a",
        "BROKER://a",
        "broker://",
        "broker:///a",
        "broker://a/",
        "broker://abroker://a",
        "broker://a?x=y",
    ] {
        let assignment = format!("A={text}");
        refused(&home, &["--env", &assignment], &[], "reference-invalid");
        refused(&home, &[], &[("A", text)], "reference-invalid");
    }
}

#[test]
fn what_is_to_be_passed_on_must_be_set() {
    let home = Home::empty();
    refused(&home, &["--pass", "GONE"], &[], "variable-unset");
    refused(&home, &["--pass-any", "GONE"], &[], "variable-unset");
    let answer = home
        .broker(["exec", "--pass", "EMPTY", "--", "/usr/bin/env"])
        .env("EMPTY", "")
        .run()
        .ok();
    assert!(answer.stdout.contains("EMPTY=\n"));
}

#[test]
fn a_dangerous_variable_needs_to_be_allowed_by_name() {
    let home = Home::new().secret("a", "canary-a-value");
    for name in [
        "LD_PRELOAD",
        "PATH",
        "HOME",
        "NODE_OPTIONS",
        "https_proxy",
        "BROKER_HOME",
    ] {
        let code = "variable-dangerous";
        let literal = format!("{name}=x");
        refused(&home, &["--env", &literal], &[], code);
        let reference = format!("{name}=broker://a");
        refused(&home, &["--env", &reference], &[], code);
        if !["PATH", "HOME", "BROKER_HOME", "LD_PRELOAD"].contains(&name) {
            refused(&home, &["--pass", name], &[(name, "x")], code);
            refused(&home, &[], &[(name, "broker://a")], code);
        }
        refused(
            &home,
            &["--env", &literal, "--allow-dangerous-env", "OTHER"],
            &[],
            code,
        );
    }
    let flags = [
        "--env",
        "NODE_OPTIONS=broker://a",
        "--allow-dangerous-env",
        "NODE_OPTIONS",
    ];
    let seen = variable(&home, "NODE_OPTIONS", &flags);
    assert_eq!(seen.as_deref(), Some(&b"canary-a-value"[..]));
}

#[test]
fn a_reference_in_an_argument_needs_a_flag_of_its_own() {
    let home = Home::new().secret("a", "canary-a-value");
    for argument in [
        "broker://a",
        "--token=broker://a",
        "broker://",
        "BROKER://a",
    ] {
        let answer = home
            .broker(["--json", "exec", "--", "/bin/echo", argument])
            .run();
        assert!(answer.stdout.is_empty(), "{argument}");
        assert_eq!(answer.code(125).error_code(), "reference-in-argument");
    }
    let flag = "--allow-argv-secret";
    let answer = home
        .broker(["exec", flag, "--", "/bin/echo", "x", "broker://a"])
        .granting()
        .run();
    assert_eq!(answer.ok().stdout, "x canary-a-value\n");
    let embedded = home.broker(["--json", "exec", flag, "--", "/bin/echo", "--t=broker://a"]);
    assert_eq!(embedded.run().code(125).error_code(), "reference-invalid");
    let missing = home.broker(["--json", "exec", flag, "--", "/bin/echo", "broker://b"]);
    assert_eq!(missing.run().code(125).error_code(), "secret-not-found");
}

#[test]
fn the_folder_to_start_in_must_be_there() {
    let home = Home::empty();
    std::fs::create_dir(home.path("sub")).expect("a folder");
    std::fs::write(home.path("file"), "").expect("a file");
    for folder in ["nowhere", "file", "/nowhere"] {
        refused(&home, &["--cwd", folder], &[], "folder-unusable");
    }
    let answer = home
        .broker(["exec", "--cwd", "sub", "--", "/bin/pwd"])
        .run()
        .ok();
    let sub = home.path("sub").canonicalize().expect("there");
    assert_eq!(answer.stdout.trim_end(), sub.display().to_string());
}

#[test]
fn a_server_of_broker_toml_brings_its_command_and_takes_more_variables() {
    let home = Home::new().secret("a", "canary-a-value").config(
        "[servers.github]\ncommand = [\"/usr/bin/env\"]\nenv = { A = \"broker://a\" }\npass = [\"P\"]\n",
    );
    let answer = home
        .broker(["exec", "github", "--env", "B=b"])
        .env("P", "p")
        .granting()
        .run()
        .ok();
    for line in ["A=canary-a-value", "B=b", "P=p"] {
        assert!(answer.stdout.lines().any(|l| l == line), "{line}");
    }
    let mark = home.path("started");
    let second = home
        .broker(["--json", "exec", "github", "--", "/usr/bin/touch"])
        .arg(&mark)
        .env("P", "p")
        .run()
        .code(125);
    assert_eq!(second.error_code(), "usage");
    assert!(!mark.exists());
    let unknown = home.broker(["--json", "exec", "gihub"]).run().code(125);
    assert_eq!(unknown.error_code(), "server-not-found");
    assert!(
        unknown.stderr.contains("did you mean \\\"github\\\"?"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn an_empty_command_and_a_bad_label_are_refused() {
    let home = Home::empty();
    for words in [
        &["exec"][..],
        &["exec", "--"],
        &["exec", "label", "--"],
        &["exec", "--env", "A=b", "--"],
    ] {
        let answer = home.broker(["--json"].iter().chain(words)).run().code(125);
        assert_eq!(answer.error_code(), "usage", "{words:?}");
    }
    for label in ["bad label", "-", ".x", "\u{e9}", &"x".repeat(65)] {
        let answer = home
            .broker(["--json", "exec", label, "--", "/bin/true"])
            .run();
        assert_eq!(answer.code(125).error_code(), "name-invalid", "{label}");
    }
}
